"""Axonal TDP-43: local synthesis under miR-126, and reversible condensates (rows 3 and 4)."""

from charcot.model.algebra import exp, last, log, mean_along, softplus
from charcot.model.mechanism import mechanism


@mechanism(row="4 TDP-43")
def axonal_tdp43(
    axon_tdp43,
    axon_supply,
    axon_atp,
    axon_length,
    soma_cytoplasmic_excess,
    mir126_tdp43_synthesis,
    axonal_tdp43_half_life,
    axonal_tdp43_share_from_soma,
    axonal_tdp43_reach_of_terminal,
    axonal_tdp43_synthesis_without_delivery,
    axonal_tdp43_clearance_without_energy,
    segment_position,
):
    """Axonal TDP-43 comes from the soma and, near the nerve ending, from local synthesis that miR-126 holds down.

    Equation: dT/dt = k [f_som Cy/Cy0 + (1 - f_som) w(x) local (b + (1 - b) supply)] - k (c + (1 - c) E) T,
    w = exp(-(distance to the ending) / ell). Less miR-126 gives more local synthesis; low energy slows clearance.

    Sources: ionescu2025, scotter2014
    """
    turnover = log(2) / axonal_tdp43_half_life
    near_terminal = exp((segment_position - 1) * (axon_length / axonal_tdp43_reach_of_terminal))
    delivered = axonal_tdp43_synthesis_without_delivery + (1 - axonal_tdp43_synthesis_without_delivery) * axon_supply
    local = (1 - axonal_tdp43_share_from_soma) * near_terminal * mir126_tdp43_synthesis * delivered
    from_soma = axonal_tdp43_share_from_soma * soma_cytoplasmic_excess
    clearance = axonal_tdp43_clearance_without_energy + (1 - axonal_tdp43_clearance_without_energy) * axon_atp
    return {
        "d/dt axon.tdp43": turnover * (from_soma + local) - turnover * clearance * axon_tdp43,
        "axon.tdp43_terminal": last(axon_tdp43),
    }


@mechanism(row="4 TDP-43")
def condensate(
    axon_condensate,
    axon_tdp43,
    axon_atp,
    proteostasis_capacity,
    microglia_help,
    condensate_formation_rate,
    condensate_threshold,
    condensate_threshold_width,
    condensate_ceiling,
    condensate_dissolution_rate,
    condensate_dissolver,
    condensate_clearance_rate,
    condensate_microglial_help,
    transport_inhibition_by_condensate,
):
    """Above a threshold TDP-43 condenses with G3BP1 in the axon and slows transport; without its cause it dissolves
    slowly, and protective microglia clear it too.

    Equation: dC/dt = k_on softplus(T - T_sat) (1 - C / C_max) - [k_off (1 + g) + k_auto (E Q + b help)] C;
    factor on transport 1 / (1 + a mean C).
    Two terms of the feasibility study are left out: autocatalysis, which had no visible effect, since energy-dependent
    clearance already makes the switch; and diffusion along the axon, which did little but make the course depend on
    the number of segments.

    Sources: altman2021, gassetrosa2019, scotter2014, spiller2018, alami2014, ye2025
    """
    formation = condensate_formation_rate * softplus(axon_tdp43 - condensate_threshold, condensate_threshold_width)
    removal = condensate_dissolution_rate * (1 + condensate_dissolver) + condensate_clearance_rate * (
        axon_atp * proteostasis_capacity + condensate_microglial_help * microglia_help
    )
    mean = mean_along(axon_condensate)
    return {
        "d/dt axon.condensate": formation * (1 - axon_condensate / condensate_ceiling) - removal * axon_condensate,
        "axon.condensate_terminal": last(axon_condensate),
        "axon.condensate_mean": mean,
        "axon.transport_factor": 1 / (1 + transport_inhibition_by_condensate * mean),
    }
