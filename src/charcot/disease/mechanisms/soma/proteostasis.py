"""Chaperones, autophagy, the unfolded protein response, and how age wears them down (row 6)."""

from charcot.model.algebra import log, repression
from charcot.model.mechanism import mechanism


@mechanism(scope="person", row="6 proteostasis")
def ageing_proteostasis(person_age, proteostasis_age_half, proteostasis_age_exponent):
    """Proteostasis falls with age, so the threshold that a seed must pass falls too.

    Equation: Q = 1 / (1 + (age / age_half)^4)

    Sources: ageing_proteome
    """
    return {"proteostasis.capacity": repression(person_age, proteostasis_age_half, proteostasis_age_exponent)}


@mechanism(row="6 proteostasis")
def clearance_capacity(proteostasis_capacity, microglia_help, proteostasis_margin, proteostasis_microglial_help):
    """Clearance keeps a margin over the growth of aggregates; protective microglia add to it.

    Equation: clearance = margin * Q * (1 + b help)

    Sources: scotter2014, spiller2018
    """
    return {
        "proteostasis.clearance": proteostasis_margin
        * proteostasis_capacity
        * (1 + proteostasis_microglial_help * microglia_help)
    }


@mechanism(row="6 proteostasis")
def unfolded_protein_response(
    soma_er_stress,
    soma_burden,
    soma_fus_inhibition,
    c9orf72_dipeptide_repeat,
    er_stress_by_burden,
    er_stress_by_fus,
    er_stress_by_dipeptide_repeat,
    er_stress_time,
):
    """Misfolded protein and mutant FUS switch on ER stress and the integrated stress response.

    Equation: dU/dt = ln2 / t_half (a B + b FUS + c DPR - U), B the burden of misfolded protein

    Sources: saxena2009, lopezerauskin2018
    Against: dzhashiashvili2019
    """
    drive = (
        er_stress_by_burden * soma_burden
        + er_stress_by_fus * soma_fus_inhibition
        + er_stress_by_dipeptide_repeat * c9orf72_dipeptide_repeat
    )
    return {"d/dt soma.er_stress": log(2) / er_stress_time * (drive - soma_er_stress)}
