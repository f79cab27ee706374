"""Stress granules that persist (row 4), and ataxin-2, which belongs to them."""

from charcot.model.algebra import log, saturating
from charcot.model.mechanism import mechanism


@mechanism(row="4 TDP-43")
def stress_granules(
    soma_stress_granules,
    soma_er_stress,
    axon_atp_terminal,
    autophagy_capacity,
    ataxin2_level,
    stress_granules_formation_rate,
    stress_granules_stress_half,
    stress_granules_half_life,
):
    """Stress makes granules of RNA and protein; they dissolve within hours in health, and persist where energy and
    autophagy fail.

    Equation: dG/dt = k_f ataxin-2 U / (K + U) (1 - G) - ln2 / t_half E c G, with the energy E of the endings and the
    capacity c of autophagy. G is 0 without stress. What is meant are the granules that outlast an acute stress.

    Sources: altman2021, becker2017
    """
    formed = stress_granules_formation_rate * ataxin2_level * saturating(soma_er_stress, stress_granules_stress_half)
    cleared = log(2) / stress_granules_half_life * axon_atp_terminal * autophagy_capacity
    return {
        "d/dt soma.stress_granules": formed * (1 - soma_stress_granules) - cleared * soma_stress_granules,
    }


@mechanism(row="4 TDP-43")
def threshold_by_granules(soma_stress_granules, condensate_threshold_by_granules):
    """Granules that persist gather TDP-43, which condenses at less of it.

    Equation: threshold factor = 1 / (1 + s G)

    Sources: altman2021
    """
    return {"condensate.threshold_factor": 1 / (1 + condensate_threshold_by_granules * soma_stress_granules)}


@mechanism(row="4 TDP-43")
def threshold_by_ataxin2(ataxin2_level, condensate_threshold_by_ataxin2):
    """Ataxin-2 helps TDP-43 to condense: with less of it more TDP-43 stays dissolved, with intermediate repeats less.

    Equation: threshold factor = 1 / (1 - a + a level)

    Sources: becker2017
    """
    share = condensate_threshold_by_ataxin2
    return {"condensate.threshold_factor": 1 / (1 - share + share * ataxin2_level)}
