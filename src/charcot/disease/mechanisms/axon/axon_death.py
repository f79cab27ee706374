"""The axon's own death programme (row 2): SARM1 breaks an axon down once NMNAT2 no longer holds it back."""

from charcot.model.algebra import minimum, repression, weighted
from charcot.model.mechanism import mechanism


def _active(nmnat2, half, exponent):
    """SARM1 that is active at an amount of NMNAT2: none at one and above, all without it.

    Equation: A = [h(N) - h(1)] / [1 - h(1)], h(N) = 1 / (1 + (min(N, 1) / K)^n)
    """
    healthy = repression(1, half, exponent)
    return (repression(minimum(nmnat2, 1), half, exponent) - healthy) / (1 - healthy)


@mechanism(row="2 axonal transport")
def nmnat2_delivery(transport_competence, axon_transport_factor, nmnat2_level):
    """NMNAT2 lives for hours and is carried from the cell body, so that slow transport starves the ending of it.

    Equation: delivered = level competence * product of what slows transport, relative to a healthy axon of the same
    length

    Sources: gilley2017
    """
    return {"nmnat2.delivered": nmnat2_level * transport_competence * axon_transport_factor}


@mechanism(row="2 axonal transport")
def axon_death(nmnat2_delivered, sarm1_activity, sarm1_half_nmnat2, sarm1_exponent, energy_sarm1_loss):
    """Where NMNAT2 is not delivered SARM1 burns the axon's NAD and with it its energy, in a healthy axon too; without
    SARM1 such an axon lives.

    Equation: A = s [h(N) - h(1)] / [1 - h(1)], h(N) = 1 / (1 + (min(N, 1) / K)^n); harm to energy = e A

    Sources: gilley2017, gilley2021
    """
    active = sarm1_activity * _active(nmnat2_delivered, sarm1_half_nmnat2, sarm1_exponent)
    return {"sarm1.active": active, "axon.harm": energy_sarm1_loss * active}


@mechanism(row="2 axonal transport")
def breakdown_by_sarm1(
    axon_failure,
    pool_alive,
    pool_least_weight,
    nmnat2_delivered,
    sarm1_activity,
    sarm1_half_nmnat2,
    sarm1_exponent,
    sarm1_detachment,
):
    """An ending that fails runs out of NMNAT2 as well, and SARM1 breaks it down faster than it would go by itself.

    Equation: detachment factor = 1 + d A, with A of N = delivered NMNAT2 times the energy that is left, 1 - mean
    failure. In SOD1-G93A mice the loss of SARM1 saves no motor neuron and no day, in TDP-43 mice it saves some axons:
    the factor is small.

    Sources: white2019, collins2022
    """
    left = nmnat2_delivered * (1 - weighted(axon_failure, pool_alive, pool_least_weight))
    active = sarm1_activity * _active(left, sarm1_half_nmnat2, sarm1_exponent)
    return {"pool.detachment_factor": 1 + sarm1_detachment * active}
