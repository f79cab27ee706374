"""What is seen of a person (function, breathing, death, weight, markers), and what runs through a whole person."""

from __future__ import annotations

import math

import numpy as np

from charcot.clinic.mechanisms import function, hazards, nutrition
from charcot.disease.mechanisms.biomarker import fluids
from charcot.disease.mechanisms.system import lesion, person, spread
from equations import between_regions, falling, held, rising, second, steep

REGION_OF = {
    "speech": "bulbar", "salivation": "bulbar", "swallowing": "bulbar", "handwriting": "cervical",
    "cutting_food": "cervical", "dressing": "cervical", "walking": "lumbar", "climbing_stairs": "lumbar",
}  # fmt: skip


def sigmoid(x, half, exponent):
    """(1 + K^n) x^n / (K^n + x^n): one at one, and no more above it."""
    x = min(x, 1.0)
    return (1 + half**exponent) * steep(x, half, exponent)


@second(function.motor_drive)
def _(v):
    drive = {r: i * (1 - v.function_upper_weight * (1 - v.upper_neurons[r])) for r, i in v.nmj_innervation.items()}
    felt = {r: rising(1 - d / (1 - v.function_reserve), v.function_reserve_width) for r, d in drive.items()}
    return {
        "function.drive": drive,
        "function.used": {r: 1 - (1 - v.function_training) * loss for r, loss in felt.items()},
    }


@second(function.vital_capacity)
def _(v):
    w, lost = v.respiration_phrenic_weight, 1 - v.upper_neurons["cervical"]
    x = w * v.phrenic_innervation * (1 - v.function_upper_weight * lost) + (1 - w) * v.function_drive["thoracic"]
    whole = sigmoid(x, v.respiration_half, v.respiration_exponent)
    return {"clinic.vital_capacity": v.respiration_normal * whole}


@second(function.alsfrs_r)
def _(v):
    used = {item: v.function_used[region] for item, region in REGION_OF.items()}
    used["turning_in_bed"] = (v.function_used["thoracic"] + v.function_used["lumbar"]) / 2
    points, n = v.function_item_points, v.function_item_exponent
    found = {item: points * sigmoid(x, getattr(v, f"function_half_{item}"), n) for item, x in used.items()}
    capacity = v.clinic_vital_capacity / v.respiration_normal
    for item in ("dyspnoea", "orthopnoea", "respiratory_insufficiency"):
        half = getattr(v, f"function_half_{item}")
        found[item] = points * sigmoid(capacity, half, v.function_respiratory_exponent)
    return {**{f"clinic.alsfrs_r.{k}": x for k, x in found.items()}, "clinic.alsfrs_r.total": sum(found.values())}


@second(function.survival)
def _(v):
    return {"d/dt clinic.survival.cumulative_hazard": v.survival_at_risk * v.clinic_survival_hazard}


@second(function.communication)
def _(v):
    speech = sigmoid(v.function_used["bulbar"], v.function_half_speech, v.function_item_exponent)
    return {"clinic.communication": speech + (1 - speech) * v.function_communication_aid}


@second(hazards.respiratory_failure)
def _(v):
    support = v.survival_ventilation_support * v.clinic_alsfrs_r_swallowing / v.function_item_points
    relative = v.clinic_vital_capacity / v.respiration_normal * v.survival_reference_capacity
    half = v.survival_respiratory_half * (1 - support)
    hazard = v.survival_respiratory_hazard * held(relative, half, v.survival_respiratory_exponent)
    return {"survival.of_breathing": hazard, "clinic.survival.hazard": hazard}


@second(hazards.bulbar_failure)
def _(v):
    ratio = v.function_drive["bulbar"] / v.survival_bulbar_half
    hazard = v.survival_bulbar_hazard / (1 + ratio**v.survival_bulbar_exponent)
    return {"survival.of_swallowing": hazard, "clinic.survival.hazard": hazard}


@second(hazards.infection)
def _(v):
    return {"clinic.survival.hazard": v.survival_infection_hazard}


@second(hazards.toxicity)
def _(v):
    return {"clinic.survival.hazard": v.survival_toxicity_hazard}


@second(nutrition.body_mass)
def _(v):
    s = v.clinic_alsfrs_r_swallowing / v.function_item_points
    muscle, innervation = (np.mean([*x.values()]) for x in (v.muscle_mass, v.nmj_innervation))

    def lost(swallowed, metabolism):
        wasted = v.nutrition_loss_by_swallowing * (1 - swallowed) + v.nutrition_loss_by_muscle * (1 - muscle)
        return min(1.0, wasted + v.nutrition_loss_by_metabolism * metabolism * (1 - innervation))

    own = lost(s + (1 - s) * v.nutrition_tube_feeding, v.nutrition_hypermetabolism)
    normal = v.nutrition_normal_body_mass
    aim = normal * v.nutrition_own_body_mass * (1 - own + v.nutrition_added_calories)
    expected = normal * (1 - lost(s, 1.0))
    return {
        "d/dt nutrition.body_mass": (aim - v.nutrition_body_mass) / v.nutrition_time,
        "d/dt nutrition.expected_body_mass": (expected - v.nutrition_expected_body_mass) / v.nutrition_time,
    }


@second(nutrition.malnutrition)
def _(v):
    missing = v.nutrition_expected_body_mass - v.nutrition_body_mass
    more = math.expm1(v.nutrition_hazard_by_body_mass * missing)
    return {"clinic.survival.hazard": (v.survival_of_breathing + v.survival_of_swallowing) * more}


@second(fluids.neurofilament)
def _(v):
    a = v.biomarker_nfl_age_share
    healthy = v.biomarker_nfl_normal * (1 - a + a * v.person_age / v.biomarker_nfl_age_reference)
    level = healthy + v.biomarker_nfl_per_loss * sum(v.pool_loss_flux.values())
    return {
        "d/dt biomarker.nfl_csf": falling(v.biomarker_nfl_half_life) * (level - v.biomarker_nfl_csf),
        "biomarker.nfl_serum": v.biomarker_nfl_serum_to_csf * v.biomarker_nfl_csf,
    }


@second(fluids.other_markers)
def _(v):
    muscle, mass = (np.mean([*x.values()]) for x in (v.muscle_mir126, v.muscle_mass))
    w = v.biomarker_mir126_muscle_share
    return {
        "biomarker.sod1_csf": v.sod1_protein,
        "biomarker.mir126_muscle_vesicles": muscle,
        "biomarker.mir126_serum": 1 - w + w * muscle,
        "biomarker.creatinine": mass,
    }


@second(lesion.primary_lesion)
def _(v):
    grown = v.person_tempo * v.lesion_growth_rate * v.lesion_load + v.spread_lesion_influx
    return {"d/dt lesion.load": grown * (1 - v.lesion_load)}


@second(lesion.lesion_harm)
def _(v):
    return {
        "axon.translation_factor": 1 - v.lesion_loss_of_translation * v.lesion_load,
        "axon.harm": v.lesion_loss_of_energy * v.lesion_load,
    }


@second(person.ageing)
def _(v):
    return {"d/dt person.age": v.person_years_per_day}


@second(person.tempo)
def _(v):
    w, late = v.person_tempo_drift, v.tempo_by_age * (v.person_age - v.tempo_reference_age)
    return {
        "person.tempo": v.person_base_tempo * math.exp(w + late),
        "person.silent_tempo": v.person_silent_pace * math.exp(w),
        "d/dt person.tempo_drift": (v.person_tempo_target - w) / v.person_tempo_memory,
    }


@second(person.growth_tempos)
def _(v):
    half, n, silent = v.tempo_load_half, v.tempo_load_exponent, v.person_silent_tempo
    w, upper = steep(v.soma_burden, half, n), steep(v.upper_aggregate, half, n)
    clinical = v.person_tempo * v.pool_regional_susceptibility**v.tempo_region_in_growth
    return {
        "soma.growth_tempo": silent ** (1 - w) * clinical**w,
        "upper.growth_tempo": silent ** (1 - upper) * v.person_tempo**upper,
    }


@second(spread.spread)
def _(v):
    k = v.spread_saturation

    def arriving(load):
        return between_regions(v.spread_weight, {r: (1 + k) * x**2 / (k + x) for r, x in load.items()})

    def phi(x):
        return (1 + k) * x**2 / (k + x)

    cord, cortex = arriving(v.soma_aggregate), arriving(v.upper_aggregate)
    sod1, fus, lesion_ = (arriving(x) for x in (v.soma_sod1_misfolded, v.soma_fus_condensate, v.lesion_load))
    regions, receptive = v.soma_aggregate, v.spread_regional_receptivity
    tempo, mutant = v.person_tempo, v.genotype_fus_mutant * v.fus_synthesis
    down = {r: v.spread_descending * phi(v.upper_aggregate[r]) for r in regions}
    up = {r: v.spread_ascending * phi(v.soma_aggregate[r]) for r in regions}
    return {
        "spread.influx": {r: v.spread_rate * tempo * receptive[r] * (cord[r] + down[r]) for r in regions},
        "spread.upper_influx": {r: v.spread_rate * tempo * (v.spread_upper_share * cortex[r] + up[r]) for r in regions},
        "spread.sod1_influx": {r: v.spread_sod1_rate * tempo * receptive[r] * sod1[r] for r in regions},
        "spread.fus_influx": {r: v.spread_fus_rate * tempo * receptive[r] * fus[r] * mutant**2 for r in regions},
        "spread.lesion_influx": {r: v.spread_lesion_rate * tempo * receptive[r] * lesion_[r] for r in regions},
    }
