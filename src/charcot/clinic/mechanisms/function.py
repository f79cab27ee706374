"""From innervation to ALSFRS-R items, vital capacity and the hazard of death or permanent ventilation."""

from charcot.model.algebra import hill, minimum, repression, softplus
from charcot.model.mechanism import mechanism


def _function(drive, half, exponent):
    """Performance from 0 to 1: sigmoid in the drive, one at a drive of one and above."""
    return (1 + half**exponent) * hill(minimum(drive, 1), half, exponent)


@mechanism(scope="person", row="clinic")
def motor_drive(nmj_innervation, upper_neurons, function_upper_weight, function_reserve, function_reserve_width):
    """Movement needs innervated muscle and upper motor neurons that command it; a reserve goes unnoticed, and what is
    lost beyond it is felt at once.

    Equation: drive = I [1 - w (1 - UMN)]; used = 1 - d softplus(1 - drive / (1 - reserve)), smooth over a width d

    Sources: strength1988
    """
    drive = nmj_innervation * (1 - function_upper_weight * (1 - upper_neurons))
    return {
        "function.drive": drive,
        "function.used": 1 - softplus(1 - drive / (1 - function_reserve), function_reserve_width),
    }


@mechanism(scope="person", row="clinic")
def vital_capacity(
    function_drive,
    respiration_cervical_weight,
    respiration_half,
    respiration_exponent,
    respiration_normal,
):
    """Vital capacity falls with the phrenic (cervical) and intercostal (thoracic) drive.

    Equation: VC = 100 (1 + K^n) x^n / (K^n + x^n), x = w drive_cervical + (1 - w) drive_thoracic, without
    the reserve of movement: forced breathing takes the whole muscle

    Sources: empower2013, centaur2020
    """
    breathing = (
        respiration_cervical_weight * function_drive["cervical"]
        + (1 - respiration_cervical_weight) * function_drive["thoracic"]
    )
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
def survival(
    function_drive,
    clinic_vital_capacity,
    clinic_alsfrs_r_swallowing,
    function_item_points,
    survival_respiratory_hazard,
    survival_respiratory_half,
    survival_respiratory_exponent,
    survival_bulbar_hazard,
    survival_bulbar_half,
    survival_bulbar_exponent,
    survival_ventilation_support,
    survival_infection_hazard,
    survival_at_risk,
    respiration_normal,
    survival_reference_capacity,
):
    """Respiratory failure and bulbar failure kill; non-invasive ventilation helps while bulbar function lasts.

    Equation: hazard = h_r / (1 + (VC / K_eff)^n) + h_b / (1 + (drive_bulbar / K_b)^m) + infection,
    K_eff = K (1 - support * swallowing / 4), VC relative to
    the person's own in health; dH/dt = hazard from the seed on, so that nobody dies of ALS before it

    Sources: bourke2006, pupillo2014, parals2002
    """
    support = survival_ventilation_support * clinic_alsfrs_r_swallowing / function_item_points
    half = survival_respiratory_half * (1 - support)
    own = half * respiration_normal / survival_reference_capacity
    respiratory = survival_respiratory_hazard * repression(clinic_vital_capacity, own, survival_respiratory_exponent)
    bulbar = survival_bulbar_hazard * repression(
        function_drive["bulbar"], survival_bulbar_half, survival_bulbar_exponent
    )
    hazard = respiratory + bulbar + survival_infection_hazard
    return {"clinic.survival.hazard": hazard, "d/dt clinic.survival.cumulative_hazard": survival_at_risk * hazard}
