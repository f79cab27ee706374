"""What kills: each cause contributes its own hazard of death or permanent ventilation."""

from charcot.model.algebra import repression
from charcot.model.mechanism import mechanism


@mechanism(scope="person", row="clinic")
def respiratory_failure(
    clinic_vital_capacity,
    clinic_alsfrs_r_swallowing,
    function_item_points,
    survival_respiratory_hazard,
    survival_respiratory_half,
    survival_respiratory_exponent,
    survival_ventilation_support,
    respiration_normal,
    survival_reference_capacity,
):
    """Respiratory failure kills; non-invasive ventilation helps while bulbar function lasts.

    Equation: h = h_r / (1 + (VC / K_eff)^n), K_eff = K (1 - support * swallowing / 4), VC relative to the person's own
    in health

    Sources: bourke2006, pupillo2014, parals2002
    """
    support = survival_ventilation_support * clinic_alsfrs_r_swallowing / function_item_points
    half = survival_respiratory_half * (1 - support)
    own = half * respiration_normal / survival_reference_capacity
    hazard = survival_respiratory_hazard * repression(clinic_vital_capacity, own, survival_respiratory_exponent)
    return {"survival.of_breathing": hazard, "clinic.survival.hazard": hazard}


@mechanism(scope="person", row="clinic")
def bulbar_failure(function_drive, survival_bulbar_hazard, survival_bulbar_half, survival_bulbar_exponent):
    """Bulbar failure kills: what is swallowed wrongly reaches the lungs.

    Equation: h = h_b / (1 + (drive_bulbar / K_b)^m)

    Sources: pupillo2014, parals2002
    """
    hazard = survival_bulbar_hazard * repression(
        function_drive["bulbar"], survival_bulbar_half, survival_bulbar_exponent
    )
    return {"survival.of_swallowing": hazard, "clinic.survival.hazard": hazard}


@mechanism(scope="person", row="clinic")
def infection(survival_infection_hazard):
    """Who is immunosuppressed may die of an infection.

    Equation: h = infection, which products add to

    Sources: tocilizumab_infection
    """
    return {"clinic.survival.hazard": survival_infection_hazard}


@mechanism(scope="person", row="clinic")
def toxicity(survival_toxicity_hazard):
    """A treatment may kill by itself: a vector in the liver, an operation on a weak person.

    Equation: h = toxicity, which products add to

    Sources: aspiro2023, progas
    """
    return {"clinic.survival.hazard": survival_toxicity_hazard}
