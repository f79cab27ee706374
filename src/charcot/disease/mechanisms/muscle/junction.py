"""Sprouting with a ceiling, endplates that lose competence, muscle mass (row 8)."""

from charcot.model.algebra import log, maximum
from charcot.model.mechanism import mechanism


@mechanism(row="8 NMJ and motor units")
def innervation(pool_motor_units, nmj_unit_size):
    """Innervated fibres are the surviving units times the size to which they have grown.

    Equation: I = u s

    Sources: hegedus2007, unit_ceiling
    """
    return {"nmj.innervation": pool_motor_units * nmj_unit_size}


@mechanism(row="8 NMJ and motor units")
def sprouting(
    nmj_unit_size,
    nmj_endplate_competence,
    nmj_innervation,
    pool_motor_units,
    axon_atp_innervating,
    soma_stathmin2,
    sprouting_ceiling,
    sprouting_time,
    sprouting_without_energy,
    endplate_loss_rate,
    endplate_recovery_rate,
):
    """Surviving units sprout up to a ceiling and hide the loss of most units; long denervated endplates are lost.

    Equation: ds/dt = k STMN2 (b + (1 - b) E) [1 + (f / (1 + (f - 1) u) - 1) q - s];
    dq/dt = k_q (1 - q) - k_l (1 - I) q

    Sources: unit_ceiling, piasecki2016, williams2009, melamed2019
    """
    wanted = sprouting_ceiling / (1 + (sprouting_ceiling - 1) * pool_motor_units)
    target = 1 + (wanted - 1) * nmj_endplate_competence
    vigour = soma_stathmin2 * (sprouting_without_energy + (1 - sprouting_without_energy) * axon_atp_innervating)
    return {
        "d/dt nmj.unit_size": vigour / sprouting_time * (target - nmj_unit_size),
        "d/dt nmj.endplate_competence": endplate_recovery_rate * (1 - nmj_endplate_competence)
        - endplate_loss_rate * (1 - nmj_innervation) * nmj_endplate_competence,
    }


@mechanism(row="13 biomarkers")
def muscle_mass(muscle_mass, nmj_innervation, proteostasis_capacity, muscle_atrophy_half_life, muscle_regrowth_half):
    """Denervated muscle wastes in weeks at any age; reinnervated muscle grows back the slower the more proteostasis is
    lost.

    Equation: dm/dt = ln2 / t_half [min(I - m, 0) + a max(I - m, 0)], a = K / (K + 1 - Q): one in the young.

    Sources: atassi2014, spiller2016b
    """
    regrowth = muscle_regrowth_half / (muscle_regrowth_half + 1 - proteostasis_capacity)
    gap = nmj_innervation - muscle_mass
    return {
        "d/dt muscle.mass": log(2) / muscle_atrophy_half_life * (gap - (1 - regrowth) * maximum(gap, 0)),
    }
