"""Pools of lower motor neurons: classes that differ in what they resist, denervated in weeks, dead in about a year
(row 8).

Each class has an ending of its own, which fails as a whole; a pool of several is lost in parts, stably, and by dose.
"""

from charcot.model.algebra import hill, log, mean, overlap
from charcot.model.mechanism import mechanism


@mechanism(row="8 NMJ and motor units")
def resistance(pool_class_spread, class_quantile):
    """Motor neurons of one pool differ in what they resist: many are alike, a few resist much.

    Equation: resistance(q) = 1 + sigma [ln(1 / (1 - q)) - ln 2], the quantile q of a class in an exponential tail;
    one at
    the median. Thresholds of condensation go with it, and harm is felt by its inverse. The order FF, FR, S stands
    behind it.

    Sources: hegedus2007, pun2006, saxena2009
    """
    return {"pool.resistance": 1 + pool_class_spread * (-1 * log(1 - class_quantile) - log(2))}


@mechanism(row="8 NMJ and motor units")
def vulnerability(pool_harm, pool_harm_limit, pool_vulnerability_scale, pool_vulnerability_factor):
    """What surrounds sick neurons hastens their loss: harms add up and saturate, what shields or exposes them
    multiplies.

    Equation: around = 1 + H / (1 + H / m); V = s around * product of factors

    Sources: boillee2006, coque2019, cochrane2012_riluzole
    """
    around = 1 + pool_harm / (1 + pool_harm / pool_harm_limit)
    return {
        "pool.surroundings": around,
        "pool.vulnerability": pool_vulnerability_scale * around * pool_vulnerability_factor,
    }


@mechanism(row="8 NMJ and motor units")
def rates(
    axon_failure,
    axon_atp,
    soma_burden,
    pool_vulnerability,
    pool_death_factor,
    pool_detachment_factor,
    nmj_regrowth_factor,
    person_tempo,
    pool_regional_susceptibility,
    pool_death_constant,
    pool_death_by_burden,
    pool_burden_half,
    pool_burden_exponent,
    pool_forward_death,
    pool_harm_by_attack,
    immune_attack,
    nmj_denervation_constant,
    nmj_reinnervation_constant,
):
    """Energy failure of an ending detaches it and kills its neuron, the sooner with protein burden; with energy it
    regrows.

    Equation, for each class: pace = tempo r_region V; kill = pace k_d [f D (1 - w + w B^2 / (K^2 + B^2)) + forward +
    attack];
    detach = pace k_de (f S + attack); regrow = k_re E (1 - f) R; forward = g B^2 / (K^2 + B^2): a pool that dies
    forward is killed by its own burden, before its endings fail. D, S and R are the products of what others do to
    death, detachment and regrowth.

    Sources: walker2015, spiller2016b, neuwirth2015, fogarty2024
    """
    pace = person_tempo * pool_regional_susceptibility * pool_vulnerability
    attack = pool_harm_by_attack * immune_attack
    burdened = hill(soma_burden, pool_burden_half, pool_burden_exponent)
    killing = axon_failure * pool_death_factor * (1 - pool_death_by_burden + pool_death_by_burden * burdened)
    return {
        "pool.death_rate": pace * pool_death_constant * (killing + pool_forward_death * burdened + attack),
        "nmj.denervation_rate": pace * nmj_denervation_constant * (axon_failure * pool_detachment_factor + attack),
        "nmj.reinnervation_rate": nmj_reinnervation_constant * nmj_regrowth_factor * axon_atp * (1 - axon_failure),
    }


@mechanism(row="8 NMJ and motor units")
def regrowth_by_stathmin(soma_stathmin2):
    """Endings regrow by stathmin-2.

    Equation: factor = STMN2

    Sources: melamed2019, klim2019
    """
    return {"nmj.regrowth_factor": soma_stathmin2}


@mechanism(row="8 NMJ and motor units")
def calibre(axon_calibre, soma_stathmin2, calibre_half_life):
    """Axons keep their calibre by stathmin-2; without it they collapse over months, and endings go with them.

    Equation: dc/dt = ln2 / t_half (STMN2 - c), c = 1 in health and 0 when collapsed. One calibre stands for all
    axons of a region.

    Sources: lopezerauskin2024, krus2022
    """
    return {"d/dt axon.calibre": log(2) / calibre_half_life * (soma_stathmin2 - axon_calibre)}


@mechanism(row="8 NMJ and motor units")
def pools(
    pool_alive,
    pool_innervating,
    pool_death_rate,
    nmj_denervation_rate,
    nmj_reinnervation_rate,
    nmj_unit_size,
    sprouting_ceiling,
    pool_ageing_rate,
    pool_resting_innervation,
    pool_fast_share,
    pool_breakdown,
    nmj_overload_rate,
    nmj_overload_by_size,
    biomarker_nfl_share_of_denervation,
    axon_calibre,
    class_quantile,
):
    """A neuron loses its endings, then dies; endings regrow while it lives; the most vulnerable classes are the fast
    units.

    Equation, for each class: dn/dt = -(kill + k_age) n;
    dJ/dt = regrow (n - J) - (overload + detach + kill + k_age) J, overload = k_0 (1 + c (s / f_max)^2).
    Working units = mean of J times what calibre leaves, r / (r + (1 - r) / calibre), r with a whole calibre over its
    own value; flux of loss = mean of kill n + w b detach J, b the share of detached endings that break down.

    Sources: hegedus2007, pun2006, saxena2009, piasecki2016, krus2022, lopezerauskin2024, valor2022
    """
    overload = nmj_overload_rate * (1 + nmj_overload_by_size * (nmj_unit_size / sprouting_ceiling) ** 2)
    lost = (1 - pool_resting_innervation) / axon_calibre
    whole = 1 / (pool_resting_innervation + lost)
    dying = pool_death_rate + pool_ageing_rate
    working = pool_innervating * whole
    degenerating = biomarker_nfl_share_of_denervation * pool_breakdown * nmj_denervation_rate * pool_innervating
    fast = overlap(class_quantile, pool_fast_share)
    return {
        "d/dt pool.alive": -1 * dying * pool_alive,
        "d/dt pool.innervating": nmj_reinnervation_rate * (pool_alive - pool_innervating)
        - (overload + nmj_denervation_rate + dying) * pool_innervating,
        "pool.neurons": mean(pool_alive),
        "pool.motor_units": mean(working),
        "pool.fast_units": mean(fast * working) / pool_fast_share,
        "pool.slow_units": mean((1 - fast) * working) / (1 - pool_fast_share),
        "pool.loss_flux": mean(pool_death_rate * pool_alive + degenerating),
    }
