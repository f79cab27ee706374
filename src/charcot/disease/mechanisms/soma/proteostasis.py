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
def clearance_capacity(proteostasis_capacity, proteostasis_margin, proteostasis_clearance_factor):
    """Clearance keeps a margin over the growth of aggregates.

    Equation: clearance = margin * Q * product of what others add

    Sources: scotter2014
    """
    return {"proteostasis.clearance": proteostasis_margin * proteostasis_capacity * proteostasis_clearance_factor}


@mechanism(row="8 NMJ and motor units")
def vulnerability_by_age(proteostasis_capacity, pool_ageing_exponent, pool_ageing_reference):
    """Neurons that have lost proteostasis with age die sooner.

    Equation: factor = (Q_ref / Q)^n

    Sources: parals2002
    """
    return {"pool.vulnerability_factor": (pool_ageing_reference / proteostasis_capacity) ** pool_ageing_exponent}


@mechanism(row="6 proteostasis")
def unfolded_protein_response(soma_er_stress, soma_burden, soma_er_stress_drive, er_stress_by_burden, er_stress_time):
    """Misfolded protein and what mutations add switch on ER stress and the integrated stress response.

    Equation: dU/dt = ln2 / t_half (a B + sum of drives - U)

    Sources: saxena2009, lopezerauskin2018
    Against: dzhashiashvili2019
    """
    drive = er_stress_by_burden * soma_burden + soma_er_stress_drive
    return {"d/dt soma.er_stress": log(2) / er_stress_time * (drive - soma_er_stress)}
