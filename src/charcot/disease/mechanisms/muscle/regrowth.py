"""What calls endings back to denervated muscle (row 8): the muscle itself, growth factors, and EphA4 against them."""

from charcot.model.algebra import repression
from charcot.model.mechanism import mechanism


@mechanism(row="8 NMJ and motor units")
def call_of_muscle(nmj_innervation, mir206_competence, regrowth_by_muscle):
    """Denervated muscle makes miR-206 and calls endings back, so that regrowth does not only wait for energy.

    Equation: regrowth factor = 1 + m c (1 - I), c the competence of miR-206 (0 = knock-out)

    Sources: williams2009
    """
    return {"nmj.regrowth_factor": 1 + regrowth_by_muscle * mir206_competence * (1 - nmj_innervation)}


@mechanism(row="8 NMJ and motor units")
def growth_factors(
    growth_factor_supply,
    axon_retrograde,
    regrowth_by_growth_factor,
    pool_protection_by_growth_factor,
    energy_protection_by_growth_factor,
):
    """Growth factors such as GDNF, IGF-1 and VEGF call endings back, shield those that are there, and protect the
    neurons that can carry them home.

    Equation: regrowth factor = 1 + a g; vulnerability factor = 1 / (1 + b g retrograde); factor of the harm to energy
    = 1 / (1 + c g), g = 1 a full dose that reaches muscle and neuron

    Sources: kaspar2003, azzouz2004
    Against: gdnf_aav9_rat, sorenson2008
    """
    carried = growth_factor_supply * axon_retrograde
    return {
        "nmj.regrowth_factor": 1 + regrowth_by_growth_factor * growth_factor_supply,
        "pool.vulnerability_factor": 1 / (1 + pool_protection_by_growth_factor * carried),
        "axon.harm_factor": 1 / (1 + energy_protection_by_growth_factor * growth_factor_supply),
    }


@mechanism(scope="person", row="8 NMJ and motor units")
def epha4_in_development(
    epha4_imprint, epha4_level, person_age, epha4_imprint_rate, epha4_window, epha4_window_exponent
):
    """How well a neuron regrows, and how large it becomes, is set by the EphA4 that it has while it develops.

    Equation: dx/dt = k (level - x) / (1 + (age / window)^n): lowered from birth it counts, in adults no more.

    Sources: vanhoecke2012, rue2019, dominguez2020
    """
    open_ = repression(person_age, epha4_window, epha4_window_exponent)
    return {"d/dt epha4.imprint": epha4_imprint_rate * open_ * (epha4_level - epha4_imprint)}


@mechanism(row="8 NMJ and motor units")
def effects_of_epha4(epha4_imprint, regrowth_by_epha4, pool_vulnerability_by_epha4):
    """EphA4 hinders regrowth, and the neurons that have most of it are the most vulnerable.

    Equation: regrowth factor = 1 + a (1 - x); vulnerability factor = 1 - b (1 - x), x the EphA4 of development

    Sources: vanhoecke2012
    Against: dominguez2020
    """
    less = 1 - epha4_imprint
    return {
        "nmj.regrowth_factor": 1 + regrowth_by_epha4 * less,
        "pool.vulnerability_factor": 1 - pool_vulnerability_by_epha4 * less,
    }
