"""Body mass: what a person weighs by swallowing, muscle and metabolism, and what that does to survival."""

from charcot.model.algebra import exp, mean, minimum
from charcot.model.mechanism import mechanism


def _lost(swallowing, muscle, innervation, by_swallowing, by_muscle, by_metabolism):
    """The share of body mass that goes in the long run: at most all of it."""
    lost = by_swallowing * (1 - swallowing) + by_muscle * (1 - muscle) + by_metabolism * (1 - innervation)
    return minimum(lost, 1)


@mechanism(scope="person", row="clinic")
def body_mass(
    nutrition_body_mass,
    nutrition_expected_body_mass,
    clinic_alsfrs_r_swallowing,
    function_item_points,
    muscle_mass,
    nmj_innervation,
    nutrition_normal_body_mass,
    nutrition_own_body_mass,
    nutrition_loss_by_swallowing,
    nutrition_loss_by_muscle,
    nutrition_loss_by_metabolism,
    nutrition_hypermetabolism,
    nutrition_tube_feeding,
    nutrition_added_calories,
    nutrition_time,
):
    """Body mass falls as swallowing fails, muscle wastes and denervated muscle burns more; a tube brings past the
    throat what cannot be swallowed, and calories can be added.

    Equation: dB/dt = (B0 o [1 - l (1 - c) + a] - B) / tau, l = w_s (1 - s') + w_m (1 - m) + w_h g (1 - I), at most 1,
    s' = s + (1 - s) tube, s = swallowing / 4; o and g are the person's own constitution and metabolism. Beside it the
    body mass B' that a typical person in the same state would have without tube and added calories: o = g = 1.

    Sources: bmi_meta, chio2019_weight, weight_umc, steyn2018, peg_comparison
    """
    swallowing = clinic_alsfrs_r_swallowing / function_item_points
    muscle, innervation = mean(muscle_mass), mean(nmj_innervation)
    weights = (nutrition_loss_by_swallowing, nutrition_loss_by_muscle)
    fed = swallowing + (1 - swallowing) * nutrition_tube_feeding
    own = _lost(fed, muscle, innervation, *weights, nutrition_loss_by_metabolism * nutrition_hypermetabolism)
    typical = _lost(swallowing, muscle, innervation, *weights, nutrition_loss_by_metabolism)
    aim = nutrition_normal_body_mass * nutrition_own_body_mass * (1 - own + nutrition_added_calories)
    expected = nutrition_normal_body_mass * (1 - typical)
    return {
        "d/dt nutrition.body_mass": (aim - nutrition_body_mass) / nutrition_time,
        "d/dt nutrition.expected_body_mass": (expected - nutrition_expected_body_mass) / nutrition_time,
    }


@mechanism(scope="person", row="clinic")
def malnutrition(
    nutrition_body_mass,
    nutrition_expected_body_mass,
    survival_of_breathing,
    survival_of_swallowing,
    nutrition_hazard_by_body_mass,
):
    """Who weighs less than a typical person in the same state dies sooner of failing breath and bulbar muscle, and who
    weighs more later.

    Equation: h = (h_r + h_b) [exp(b (B' - B)) - 1]; zero in the typical course, whose weight the two hazards have in
    them already

    Sources: bmi_meta, weight_umc, cosmos_bmi

    Against: lipcal2020
    """
    factor = exp(nutrition_hazard_by_body_mass * (nutrition_expected_body_mass - nutrition_body_mass))
    return {"clinic.survival.hazard": (survival_of_breathing + survival_of_swallowing) * (factor - 1)}
