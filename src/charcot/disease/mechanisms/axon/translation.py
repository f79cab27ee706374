"""Local translation, mitochondrial protein and energy of the ending (row 1 and the energy half of row 7)."""

from charcot.model.algebra import hill, log, repression, weighted
from charcot.model.mechanism import mechanism


@mechanism(row="7 mitochondria")
def energy(
    axon_mitochondrial_protein,
    axon_harm,
    axon_harm_factor,
    pool_resistance,
    pool_alive,
    pool_innervating,
    pool_least_weight,
    energy_floor,
    energy_half_saturation,
    energy_exponent,
    energy_harm_limit,
    energy_failure_threshold,
    energy_failure_exponent,
):
    """Energy of an ending rests on mitochondrial protein made on the spot, above a glycolytic floor; harm adds up,
    saturates, and is felt the more the less a class resists.

    Equation, for each class: E = [E0 + (1 - E0) (1 + K^2) P^2 / (K^2 + P^2)] / (1 + h / (1 + h / m)), h = harm
    times what shields from it / resistance; failure = 1 / (1 + (E / Ef)^n). With the limit m energy falls to
    1 / (1 + m) by harm alone.
    Without the floor E0 the loop E -> P -> E would make collapse absorbing, against the reversal seen in experiment.

    Sources: altman2021, irvin2015, lemasson2014
    """
    oxidative = (1 + energy_half_saturation**energy_exponent) * hill(
        axon_mitochondrial_protein, energy_half_saturation, energy_exponent
    )
    felt = axon_harm * axon_harm_factor / pool_resistance
    losses = 1 + felt / (1 + felt / energy_harm_limit)
    atp = (energy_floor + (1 - energy_floor) * oxidative) / losses
    failure = repression(atp, energy_failure_threshold, energy_failure_exponent)
    return {
        "axon.atp": atp,
        "axon.failure": failure,
        "axon.atp_terminal": weighted(atp, pool_alive, pool_least_weight),
        "axon.atp_innervating": weighted(atp, pool_innervating, pool_least_weight),
    }


@mechanism(row="1 local protein synthesis")
def local_translation(
    axon_atp,
    axon_supply,
    axon_mitochondrial_protein,
    axon_translation_factor,
    translation_half_saturation_atp,
    translation_ribosome_competence,
    translation_protein_half_life,
    pool_alive,
    pool_least_weight,
):
    """Axons make part of their proteins locally, with energy, ribosomes and delivered mRNA; several things stop it.

    Equation, for each class: v = E (1 + K_A) / (K_A + E) * ribosomes * product of what stops it;
    dP/dt = k_P (supply * v - P).

    Sources: altman2021, dorrbaum2018
    """
    powered = axon_atp * (1 + translation_half_saturation_atp) / (translation_half_saturation_atp + axon_atp)
    rate = powered * translation_ribosome_competence * axon_translation_factor
    turnover = log(2) / translation_protein_half_life
    return {
        "axon.translation_terminal": weighted(rate, pool_alive, pool_least_weight),
        "d/dt axon.mitochondrial_protein": turnover * (axon_supply * rate - axon_mitochondrial_protein),
    }


@mechanism(row="1 local protein synthesis")
def block_by_condensate(
    axon_condensate,
    translation_condensate_half_inhibition,
    translation_condensate_exponent,
    translation_restoration,
):
    """TDP-43 condensates trap mRNA and stop local translation; a restorer lets more condensate pass.

    Equation: factor = 1 / (1 + (C / (K (1 + restoration)))^2)

    Sources: altman2021
    """
    half = translation_condensate_half_inhibition * (1 + translation_restoration)
    return {"axon.translation_factor": repression(axon_condensate, half, translation_condensate_exponent)}


@mechanism(row="1 local protein synthesis")
def block_by_stress(soma_er_stress, pool_resistance, translation_stress_half_inhibition, translation_restoration):
    """The integrated stress response stops translation, in the classes that resist less more than in others.

    Equation: factor = 1 / (1 + U / resistance / (K (1 + restoration)))

    Sources: altman2021
    """
    half = translation_stress_half_inhibition * (1 + translation_restoration)
    return {"axon.translation_factor": 1 / (1 + soma_er_stress / pool_resistance / half)}
