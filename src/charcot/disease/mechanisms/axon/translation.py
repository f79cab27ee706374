"""Local translation, mitochondrial protein and energy of the axon (row 1 and the energy half of row 7)."""

from charcot.model.algebra import hill, last, log, mean_along, repression
from charcot.model.mechanism import mechanism


@mechanism(row="7 mitochondria")
def energy(
    axon_mitochondrial_protein,
    soma_reactive_oxygen,
    soma_sod1_toxic,
    lesion_load,
    lesion_loss_of_energy,
    energy_floor,
    energy_half_saturation,
    energy_exponent,
    energy_oxidative_loss,
    energy_sod1_loss,
    energy_failure_threshold,
    energy_failure_exponent,
):
    """Energy of the axon rests on mitochondrial protein made on the spot, above a glycolytic floor.

    Equation: E = [E0 + (1 - E0) (1 + K^2) P^2 / (K^2 + P^2)] / (1 + rho (R - 1) + b Z + l L);
    failure = 1 / (1 + (E / Ef)^5); L is the primary lesion of a rival hypothesis.
    Without the floor E0 the loop E -> P -> E would make collapse absorbing, against the reversal seen in experiment.

    Sources: altman2021, irvin2015, lemasson2014
    """
    oxidative = (1 + energy_half_saturation**energy_exponent) * hill(
        axon_mitochondrial_protein, energy_half_saturation, energy_exponent
    )
    losses = (
        1
        + energy_oxidative_loss * (soma_reactive_oxygen - 1)
        + energy_sod1_loss * soma_sod1_toxic
        + lesion_loss_of_energy * lesion_load
    )
    atp = (energy_floor + (1 - energy_floor) * oxidative) / losses
    failure = repression(atp, energy_failure_threshold, energy_failure_exponent)
    return {
        "axon.atp": atp,
        "axon.atp_terminal": last(atp),
        "axon.atp_mean": mean_along(atp),
        "axon.failure_terminal": last(failure),
        "axon.failure_mean": mean_along(failure),
    }


@mechanism(row="1 local protein synthesis")
def local_translation(
    axon_atp,
    axon_supply,
    axon_condensate,
    axon_mitochondrial_protein,
    soma_er_stress,
    soma_fus_inhibition,
    lesion_load,
    lesion_loss_of_translation,
    soma_fus_stress_block,
    translation_half_saturation_atp,
    translation_ribosome_competence,
    translation_condensate_half_inhibition,
    translation_condensate_exponent,
    translation_stress_half_inhibition,
    translation_protein_half_life,
    translation_restoration,
):
    """Axons make part of their proteins locally; condensates, stress and mutant FUS stop it by separate terms.

    Equation: v = E (1 + K_A) / (K_A + E) * ribosomes (1 - l L) / [(1 + (C / K_C)^2) (1 + U / K_U) (1 + FUS)];
    dP/dt = k_P (supply * v - P); FUS = the block by mutant FUS at rest and under stress. A restorer
    (translation_restoration) raises K_C and K_U and lowers FUS. L is the primary lesion of a rival hypothesis.

    Sources: altman2021, lopezerauskin2018, birsa2021, murakami2015, dorrbaum2018
    """
    relief = 1 + translation_restoration
    blocks = (
        (1 + (axon_condensate / (translation_condensate_half_inhibition * relief)) ** translation_condensate_exponent)
        * (1 + soma_er_stress / (translation_stress_half_inhibition * relief))
        * (1 + (soma_fus_inhibition + soma_fus_stress_block) / relief)
    )
    powered = axon_atp * (1 + translation_half_saturation_atp) / (translation_half_saturation_atp + axon_atp)
    ribosomes = translation_ribosome_competence * (1 - lesion_loss_of_translation * lesion_load)
    rate = powered * ribosomes / blocks
    turnover = log(2) / translation_protein_half_life
    return {
        "axon.translation_terminal": last(rate),
        "d/dt axon.mitochondrial_protein": turnover * (axon_supply * rate - axon_mitochondrial_protein),
    }
