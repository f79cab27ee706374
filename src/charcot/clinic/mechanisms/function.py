"""From innervation to ALSFRS-R items, vital capacity, and the sum of hazards that ends a course."""

from charcot.model.algebra import hill, minimum, softplus
from charcot.model.mechanism import mechanism


def _function(drive, half, exponent):
    """Performance from 0 to 1: sigmoid in the drive, one at a drive of one and above."""
    return (1 + half**exponent) * hill(minimum(drive, 1), half, exponent)


@mechanism(scope="person", row="clinic")
def motor_drive(
    nmj_innervation,
    upper_neurons,
    function_upper_weight,
    function_reserve,
    function_reserve_width,
    function_training,
):
    """Movement needs innervated muscle and upper motor neurons that command it; a reserve goes unnoticed, and what is
    lost beyond it is felt at once.

    Equation: drive = I [1 - w (1 - UMN)]; used = 1 - (1 - t) d softplus(1 - drive / (1 - reserve)), smooth over a
    width d; training makes up for a share t of what is lost

    Sources: strength1988, exercise_meta2020

    Against: rehabilitation_meta2021
    """
    drive = nmj_innervation * (1 - function_upper_weight * (1 - upper_neurons))
    return {
        "function.drive": drive,
        "function.used": 1
        - (1 - function_training) * softplus(1 - drive / (1 - function_reserve), function_reserve_width),
    }


@mechanism(scope="person", row="clinic")
def vital_capacity(
    phrenic_innervation,
    upper_neurons,
    function_drive,
    function_upper_weight,
    respiration_phrenic_weight,
    respiration_half,
    respiration_exponent,
    respiration_normal,
):
    """Vital capacity falls with the diaphragm and the intercostal (thoracic) drive.

    Equation: VC = 100 (1 + K^n) x^n / (K^n + x^n), x = w I [1 - w_u (1 - UMN of the cervical cord)] + (1 - w)
    drive_thoracic, I the innervated share of the diaphragm, without the reserve of movement: forced breathing takes
    the whole muscle

    Sources: empower2013, centaur2020
    """
    diaphragm = phrenic_innervation * (1 - function_upper_weight * (1 - upper_neurons["cervical"]))
    breathing = respiration_phrenic_weight * diaphragm + (1 - respiration_phrenic_weight) * function_drive["thoracic"]
    return {"clinic.vital_capacity": respiration_normal * _function(breathing, respiration_half, respiration_exponent)}


ITEMS = {
    "speech": ("bulbar",),
    "salivation": ("bulbar",),
    "swallowing": ("bulbar",),
    "handwriting": ("cervical",),
    "cutting_food": ("cervical",),
    "dressing": ("cervical",),
    "turning_in_bed": ("thoracic", "lumbar"),
    "walking": ("lumbar",),
    "climbing_stairs": ("lumbar",),
}
RESPIRATORY_ITEMS = ("dyspnoea", "orthopnoea", "respiratory_insufficiency")


@mechanism(scope="person", row="clinic")
def alsfrs_r(
    function_used,
    clinic_vital_capacity,
    respiration_normal,
    function_item_points,
    function_item_exponent,
    function_respiratory_exponent,
    function_half_speech,
    function_half_salivation,
    function_half_swallowing,
    function_half_handwriting,
    function_half_cutting_food,
    function_half_dressing,
    function_half_turning_in_bed,
    function_half_walking,
    function_half_climbing_stairs,
    function_half_dyspnoea,
    function_half_orthopnoea,
    function_half_respiratory_insufficiency,
):
    """Each of the twelve items falls along a sigmoid of its region's drive; the three respiratory ones follow capacity.

    Equation: item = 4 (1 + K^n) x^n / (K^n + x^n), x = used drive of the region (mean of two for turning in bed)

    Sources: dossier_clinical
    """
    half = {name.removeprefix("function_half_"): value for name, value in locals().items() if "function_half_" in name}
    scores = {}
    for item, regions in ITEMS.items():
        drive = sum(function_used[region] for region in regions) / len(regions)
        scores[item] = function_item_points * _function(drive, half[item], function_item_exponent)
    capacity = clinic_vital_capacity / respiration_normal
    for item in RESPIRATORY_ITEMS:
        scores[item] = function_item_points * _function(capacity, half[item], function_respiratory_exponent)
    out = {f"clinic.alsfrs_r.{item}": score for item, score in scores.items()}
    return {**out, "clinic.alsfrs_r.total": sum(scores.values())}


@mechanism(scope="person", row="clinic")
def survival(clinic_survival_hazard, survival_at_risk):
    """What can kill adds up; death or permanent ventilation comes when it has added up to the person's own draw.

    Equation: dH/dt = hazard from the seed on, so that nobody dies of ALS before it; hazard = the sum of what
    mechanisms contribute

    Sources: definition
    """
    return {"d/dt clinic.survival.cumulative_hazard": survival_at_risk * clinic_survival_hazard}


@mechanism(scope="person", row="clinic")
def communication(function_used, function_half_speech, function_item_exponent, function_communication_aid):
    """A device lets people be understood whose speech fails; the ALSFRS-R asks for speech and does not see it.

    Equation: understood = speech + (1 - speech) aid, speech = (1 + K^n) x^n / (K^n + x^n). A read-out: no item of the
    scale and no hazard reads it.

    Sources: linse2018, eye_tracking2013
    """
    speech = minimum(_function(function_used["bulbar"], function_half_speech, function_item_exponent), 1)
    return {"clinic.communication": speech + (1 - speech) * function_communication_aid}
