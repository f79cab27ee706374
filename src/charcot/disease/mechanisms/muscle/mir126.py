"""The muscle's signal to the nerve ending (row 3), with its two arms kept separable."""

from charcot.model.algebra import hill, log, repression
from charcot.model.mechanism import mechanism


@mechanism(row="3 miR-126")
def mir126_loop(
    muscle_mir126,
    terminal_mir126,
    nmj_innervation,
    muscle_pathology,
    lesion_load,
    lesion_loss_of_mir126,
    mir126_innervation_half,
    mir126_innervation_exponent,
    mir126_burden_half_inhibition,
    mir126_secretion_block,
    mir126_muscle_half_life,
    mir126_terminal_half_life,
    mir126_added,
):
    """Healthy, innervated muscle secretes miR-126 that keeps nerve endings low in TDP-43; disease takes it away.

    Equation: dMm/dt = k_M [(1 + h^2) I^2 / (h^2 + I^2) (1 - block) (1 - l L) / (1 + p / K) - Mm];
    dMa/dt = k_A (Mm + added - Ma). p is the pathology of the muscle, L the primary lesion of a rival hypothesis.

    Sources: ionescu2025, maimon2018
    """
    drive = (1 + mir126_innervation_half**mir126_innervation_exponent) * hill(
        nmj_innervation, mir126_innervation_half, mir126_innervation_exponent
    )
    left = (1 - mir126_secretion_block) * (1 - lesion_loss_of_mir126 * lesion_load)
    secretion = drive * left / (1 + muscle_pathology / mir126_burden_half_inhibition)
    return {
        "d/dt muscle.mir126": log(2) / mir126_muscle_half_life * (secretion - muscle_mir126),
        "d/dt terminal.mir126": log(2) / mir126_terminal_half_life * (muscle_mir126 + mir126_added - terminal_mir126),
    }


@mechanism(row="3 miR-126")
def mir126_from_outside(mir126_vector_supply):
    """What does not come from the muscle's own vesicles: a vector's miR-126, or what a culture is given.

    Equation: added = supply; a product adds what its vector makes in each region.

    Sources: ionescu2025
    """
    return {"mir126.added": mir126_vector_supply}


@mechanism(row="3 miR-126")
def mir126_arm_a(terminal_mir126, mir126_repression_half, mir126_repression_exponent):
    """miR-126 in the nerve ending represses the local synthesis of TDP-43 (arm A).

    Equation: local = (1 + (1 / K)^n) / (1 + (Ma / K)^n)

    Sources: ionescu2025
    """
    normal = repression(1, mir126_repression_half, mir126_repression_exponent)
    return {
        "mir126.tdp43_synthesis": repression(terminal_mir126, mir126_repression_half, mir126_repression_exponent)
        / normal
    }


@mechanism(row="3 miR-126")
def mir126_arm_b(terminal_mir126, mir126_semaphorin_half, mir126_semaphorin_weight, mir126_neuropilin_block):
    """miR-126 also holds back semaphorin-3A and neuropilin-1, which make nerve endings retract (arm B).

    Equation: drive = 1 + w [(1 - block) (1 + 1 / K) / (1 + Ma / K) - 1], bounded below by 1 - w; an antibody against
    neuropilin-1 is a block.

    Sources: maimon2018
    """
    relative = (1 + 1 / mir126_semaphorin_half) / (1 + terminal_mir126 / mir126_semaphorin_half)
    return {"mir126.semaphorin": 1 + mir126_semaphorin_weight * ((1 - mir126_neuropilin_block) * relative - 1)}


@mechanism(row="3 miR-126")
def detachment_by_semaphorin(mir126_semaphorin):
    """Semaphorin pulls failing endings off the muscle.

    Equation: detachment factor = drive

    Sources: maimon2018
    """
    return {"pool.detachment_factor": mir126_semaphorin}
