"""Muscle, its signal and its endings; pools of lower and upper motor neurons."""

from __future__ import annotations

import numpy as np

from charcot.disease.mechanisms.muscle import junction, mir126, pathology, regrowth, release
from charcot.disease.mechanisms.pool import cranial, lower, phrenic, upper
from equations import falling, held, imported, second, seeded, share, steep


@second(junction.innervation)
def _(v):
    return {"nmj.innervation": v.pool_motor_units * v.nmj_unit_size}


@second(junction.sprouting)
def _(v):
    f, u, q = v.sprouting_ceiling, v.pool_motor_units, v.nmj_endplate_competence
    target = 1 + (f / (1 + (f - 1) * u) - 1) * q
    b = v.sprouting_without_energy
    vigour = v.soma_stathmin2 * (b + (1 - b) * v.axon_atp_innervating) / v.sprouting_time
    gain, loss = v.endplate_recovery_rate, v.endplate_loss_rate
    return {
        "d/dt nmj.unit_size": vigour * (target - v.nmj_unit_size),
        "d/dt nmj.endplate_competence": gain * (1 - q) - loss * (1 - v.nmj_innervation) * q,
    }


@second(junction.muscle_mass)
def _(v):
    a = v.muscle_regrowth_half / (v.muscle_regrowth_half + 1 - v.proteostasis_capacity)
    gap = v.nmj_innervation - v.muscle_mass
    return {"d/dt muscle.mass": falling(v.muscle_atrophy_half_life) * (min(gap, 0) + a * max(gap, 0))}


@second(mir126.mir126_loop)
def _(v):
    h, n = v.mir126_innervation_half, v.mir126_innervation_exponent
    drive = (1 + h**n) * steep(v.nmj_innervation, h, n)
    left = (1 - v.mir126_secretion_block) * (1 - v.lesion_loss_of_mir126 * v.lesion_load)
    secretion = drive * left / (1 + v.muscle_pathology / v.mir126_burden_half_inhibition)
    taken = v.muscle_mir126 + v.mir126_added
    return {
        "d/dt muscle.mir126": falling(v.mir126_muscle_half_life) * (secretion - v.muscle_mir126),
        "d/dt terminal.mir126": falling(v.mir126_terminal_half_life) * (taken - v.terminal_mir126),
    }


@second(mir126.mir126_from_outside)
def _(v):
    return {"mir126.added": v.mir126_vector_supply}


@second(mir126.mir126_arm_a)
def _(v):
    k, n = v.mir126_repression_half, v.mir126_repression_exponent
    return {"mir126.tdp43_synthesis": (1 + (1 / k) ** n) / (1 + (v.terminal_mir126 / k) ** n)}


@second(mir126.mir126_arm_b)
def _(v):
    k, w = v.mir126_semaphorin_half, v.mir126_semaphorin_weight
    relative = (1 + 1 / k) / (1 + v.terminal_mir126 / k)
    return {"mir126.semaphorin": 1 - w + w * (1 - v.mir126_neuropilin_block) * relative}


@second(mir126.detachment_by_semaphorin)
def _(v):
    return {"pool.detachment_factor": v.mir126_semaphorin}


@second(pathology.pathology)
def _(v):
    level = v.muscle_pathology_by_denervation * (1 - v.nmj_innervation)
    level += v.muscle_pathology_by_burden * v.soma_burden
    level += v.muscle_pathology_by_mutation * share(v.sod1_mutant, v.muscle_mutation_half)
    level += v.muscle_pathology_primary
    return {"d/dt muscle.pathology": falling(v.muscle_pathology_half_life) * (level - v.muscle_pathology)}


@second(regrowth.call_of_muscle)
def _(v):
    return {"nmj.regrowth_factor": 1 + v.regrowth_by_muscle * v.mir206_competence * (1 - v.nmj_innervation)}


@second(regrowth.growth_factors)
def _(v):
    g = v.growth_factor_supply
    return {
        "nmj.regrowth_factor": 1 + v.regrowth_by_growth_factor * g,
        "pool.vulnerability_factor": 1 / (1 + v.pool_protection_by_growth_factor * g * v.axon_retrograde),
        "axon.harm_factor": 1 / (1 + v.energy_protection_by_growth_factor * g),
    }


@second(regrowth.epha4_in_development)
def _(v):
    young = held(v.person_age, v.epha4_window, v.epha4_window_exponent)
    return {"d/dt epha4.imprint": v.epha4_imprint_rate * (v.epha4_level - v.epha4_imprint) * young}


@second(regrowth.effects_of_epha4)
def _(v):
    lost = 1 - v.epha4_imprint
    return {
        "nmj.regrowth_factor": 1 + v.regrowth_by_epha4 * lost,
        "pool.vulnerability_factor": 1 - v.pool_vulnerability_by_epha4 * lost,
    }


@second(release.release)
def _(v):
    k, p, d, r = v.nmj_spared_endings, v.nmj_release_probability, v.nmj_train_depletion, v.nmj_plasticity_reserve
    e = (v.axon_atp_innervating + k) / (1 + k)
    pool = (1 + v.nmj_pool_half_energy) * share(e, v.nmj_pool_half_energy)
    m = p * pool * v.soma_unc13a
    return {
        "nmj.vesicle_pool": pool,
        "nmj.quantal_content": m,
        "nmj.endplate_potential": m * v.nmj_endplate_competence,
        "nmj.train_held": (1 + d) / (1 + d * p / e),
        "d/dt nmj.release_probability": (1 - m) * (1 + r - p) / (r * v.nmj_plasticity_time),
    }


@second(cranial.resistant_nuclei)
def _(v):
    dying = v.cranial_vulnerability * np.mean(v.pool_death_rate["bulbar"]) + v.pool_ageing_rate
    return {"d/dt cranial.neurons": -dying * v.cranial_neurons}


@second(phrenic.phrenic_pool)
def _(v):
    def around(rate):
        return np.mean([np.mean(list(rate[region])) for region in ("bulbar", "cervical", "thoracic")])

    n, held, r = v.phrenic_alive, v.phrenic_innervating, v.phrenic_vulnerability
    gone = r * around(v.pool_death_rate) + v.pool_ageing_rate
    let_go = r * around(v.nmj_denervation_rate) + v.nmj_overload_rate + gone
    return {
        "d/dt phrenic.alive": -gone * n,
        "d/dt phrenic.innervating": around(v.nmj_reinnervation_rate) * (n - held) - let_go * held,
    }


@second(phrenic.diaphragm)
def _(v):
    u, f = v.phrenic_innervating / v.pool_resting_innervation, v.phrenic_ceiling
    return {"phrenic.innervation": 1 / (1 / f * (f - 1) + 1 / (f * u))}


@second(lower.resistance)
def _(v):
    return {"pool.resistance": 1 + v.pool_class_spread * np.log(1 / (2 * (1 - v.class_quantile)))}


@second(lower.vulnerability)
def _(v):
    h, m = v.pool_harm, v.pool_harm_limit
    around = 1 + h * m / (m + h)
    return {
        "pool.surroundings": around,
        "pool.vulnerability": v.pool_vulnerability_scale * around * v.pool_vulnerability_factor,
    }


@second(lower.rates)
def _(v):
    pace = v.person_tempo * v.pool_regional_susceptibility * v.pool_vulnerability
    attack = v.pool_harm_by_attack * v.immune_attack
    load, w, f = (
        steep(v.soma_burden, v.pool_burden_half, v.pool_burden_exponent),
        v.pool_death_by_burden,
        v.axon_failure,
    )
    kill = f * v.pool_death_factor * (1 - w + w * load) + v.pool_forward_death * load + attack
    return {
        "pool.death_rate": pace * v.pool_death_constant * kill,
        "nmj.denervation_rate": pace * v.nmj_denervation_constant * (f * v.pool_detachment_factor + attack),
        "nmj.reinnervation_rate": v.nmj_reinnervation_constant * v.axon_atp * (1 - f) * v.nmj_regrowth_factor,
    }


@second(lower.regrowth_by_stathmin)
def _(v):
    return {"nmj.regrowth_factor": v.soma_stathmin2}


@second(lower.calibre)
def _(v):
    return {"d/dt axon.calibre": falling(v.calibre_half_life) * (v.soma_stathmin2 - v.axon_calibre)}


@second(lower.pools)
def _(v):
    n, j, r = v.pool_alive, v.pool_innervating, v.pool_resting_innervation
    stretched = (v.nmj_unit_size / v.sprouting_ceiling) ** 2
    overload = v.nmj_overload_rate * (1 + v.nmj_overload_by_size * stretched)
    leaving = overload + v.nmj_denervation_rate + v.pool_death_rate + v.pool_ageing_rate
    # r with a whole calibre, and over its own value, so that a healthy unit works whole
    calibre = 1 / (r + (1 - r) / v.axon_calibre)
    # the first, most vulnerable 60 % of four classes (say) are two whole ones and four tenths of the third
    quarter = np.arange(len(n)) / len(n)
    fast = np.clip((v.pool_fast_share - quarter) * len(n), 0, 1)
    broken = v.biomarker_nfl_share_of_denervation * v.pool_breakdown * v.nmj_denervation_rate * j
    return {
        "d/dt pool.alive": -(v.pool_death_rate + v.pool_ageing_rate) * n,
        "d/dt pool.innervating": v.nmj_reinnervation_rate * (n - j) - leaving * j,
        "pool.neurons": n.mean(),
        "pool.motor_units": calibre * j.mean(),
        "pool.fast_units": calibre * np.dot(fast, j) / (len(n) * v.pool_fast_share),
        "pool.slow_units": calibre * np.dot(1 - fast, j) / (len(n) * (1 - v.pool_fast_share)),
        "pool.loss_flux": (v.pool_death_rate * n + broken).mean(),
    }


@second(upper.upper_motor_neurons)
def _(v):
    a = v.upper_aggregate
    change = seeded(
        a,
        v.upper_growth_tempo * v.aggregation_growth_rate,
        1.0,
        v.proteostasis_clearance,
        v.aggregation_clearance_half,
    )
    burden = a + v.upper_share_of_cord_burden * v.soma_burden
    dying = v.person_tempo * v.upper_death_constant * v.pool_vulnerability
    dying *= steep(burden, v.upper_death_half, v.upper_death_exponent)
    return {
        "d/dt upper.aggregate": change + imported(a, v.spread_upper_influx) + v.aggregation_nucleation_rate * (1 - a),
        "d/dt upper.neurons": -(v.upper_ageing_rate + dying) * v.upper_neurons,
    }
