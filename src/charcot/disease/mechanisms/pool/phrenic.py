"""Phrenic motor neurons, which carry the diaphragm: a pool of their own that shares the disease of its neighbours
(row 8).

They stand in the cervical cord (C3 to C5) beside, not among, the neurons of the arm. If breathing were read from the
pool of the arm, patients of arm onset would lose it first and others late; patients lose it about alike from every
onset, and a diaphragm whose motor units sprout fails later and then faster.
"""

from collections.abc import Mapping

from charcot.core.expression import Expression
from charcot.model.algebra import Indexed, mean
from charcot.model.mechanism import mechanism

NEIGHBOURS = ("bulbar", "cervical", "thoracic")


def _shared(rates: Mapping[str, Indexed]) -> Expression:
    """The mean over the classes of each neighbouring pool, then over these pools."""
    return mean(Indexed({region: mean(rates[region]) for region in NEIGHBOURS}))


@mechanism(scope="person", row="8 NMJ and motor units")
def phrenic_pool(
    phrenic_alive,
    phrenic_innervating,
    phrenic_vulnerability,
    pool_death_rate,
    pool_ageing_rate,
    nmj_denervation_rate,
    nmj_reinnervation_rate,
    nmj_overload_rate,
):
    """Phrenic neurons lose endings and die at rates that they share with the pools around them, each person at an own
    ratio to them.

    Equation: dn/dt = -(r kill + k_age) n; dJ/dt = regrow (n - J) - (k_0 + r detach + r kill + k_age) J, with kill,
    detach and regrow the means of the bulbar, cervical and thoracic pools and r the vulnerability of phrenic neurons.
    One class: how many sprout and which resist is in the mean.

    Sources: free
    """
    killing = phrenic_vulnerability * _shared(pool_death_rate)
    detaching = phrenic_vulnerability * _shared(nmj_denervation_rate)
    regrowing = _shared(nmj_reinnervation_rate)
    dying = killing + pool_ageing_rate
    return {
        "d/dt phrenic.alive": -1 * dying * phrenic_alive,
        "d/dt phrenic.innervating": regrowing * (phrenic_alive - phrenic_innervating)
        - (nmj_overload_rate + detaching + dying) * phrenic_innervating,
    }


@mechanism(scope="person", row="8 NMJ and motor units")
def diaphragm(phrenic_innervating, pool_resting_innervation, phrenic_ceiling):
    """Surviving phrenic units take over what the lost ones held, up to the ceiling of a unit.

    Equation: I = f u / (1 + (f - 1) u), u = J / resting share: sprouting at its balance, since it takes weeks and the
    loss of the diaphragm years. The ceiling f is lower than in limbs: a muscle that never rests has small units that
    resist fatigue, and capacity falls from the first points of the score on.

    Sources: unit_ceiling
    """
    units = phrenic_innervating / pool_resting_innervation
    return {"phrenic.innervation": phrenic_ceiling * units / (1 + (phrenic_ceiling - 1) * units)}
