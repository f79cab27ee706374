"""Axonal TDP-43: local synthesis under miR-126, and reversible condensates (rows 3 and 4)."""

from charcot.model.algebra import log, softplus, weighted
from charcot.model.mechanism import mechanism


@mechanism(row="4 TDP-43")
def axonal_tdp43(
    axon_tdp43,
    axon_supply,
    axon_atp,
    soma_cytoplasmic_excess,
    mir126_tdp43_synthesis,
    axonal_tdp43_half_life,
    axonal_tdp43_share_from_soma,
    axonal_tdp43_synthesis_without_delivery,
    axonal_tdp43_clearance_without_energy,
    pool_alive,
    pool_least_weight,
):
    """TDP-43 of the nerve ending comes from the soma and from local synthesis that miR-126 holds down.

    Equation, for each class: dT/dt = a [f Cy/Cy0 + (1 - f) local (b + (1 - b) supply)] - a (c + (1 - c) E) T. Less
    miR-126 gives more local synthesis; low energy slows clearance.

    Sources: ionescu2025, scotter2014
    """
    turnover = log(2) / axonal_tdp43_half_life
    delivered = axonal_tdp43_synthesis_without_delivery + (1 - axonal_tdp43_synthesis_without_delivery) * axon_supply
    local = (1 - axonal_tdp43_share_from_soma) * mir126_tdp43_synthesis * delivered
    from_soma = axonal_tdp43_share_from_soma * soma_cytoplasmic_excess
    clearance = axonal_tdp43_clearance_without_energy + (1 - axonal_tdp43_clearance_without_energy) * axon_atp
    return {
        "d/dt axon.tdp43": turnover * (from_soma + local) - turnover * clearance * axon_tdp43,
        "axon.tdp43_terminal": weighted(axon_tdp43, pool_alive, pool_least_weight),
    }


@mechanism(row="4 TDP-43")
def threshold(pool_resistance, condensate_threshold, condensate_regional_threshold, condensate_threshold_factor):
    """Neurons differ in how much TDP-43 they hold before it condenses, and harm from around lowers it in all.

    Equation: theta_k = theta rho_region resistance_k * product of what moves it

    Sources: free
    """
    return {
        "condensate.threshold_of_class": condensate_threshold
        * condensate_regional_threshold
        * pool_resistance
        * condensate_threshold_factor
    }


@mechanism(row="4 TDP-43")
def threshold_under_harm(pool_surroundings, condensate_threshold_by_harm):
    """Neurons under harm from around condense TDP-43 at less of it.

    Equation: factor = around^(-a), one where nothing harms

    Sources: free
    """
    return {"condensate.threshold_factor": 1 / pool_surroundings**condensate_threshold_by_harm}


@mechanism(row="4 TDP-43")
def condensate(
    axon_condensate,
    axon_tdp43,
    axon_atp,
    proteostasis_capacity,
    microglia_help,
    condensate_formation_rate,
    condensate_threshold_of_class,
    condensate_threshold_width,
    condensate_ceiling,
    condensate_dissolution_rate,
    condensate_dissolver,
    condensate_clearance_rate,
    condensate_microglial_help,
    pool_alive,
    pool_least_weight,
):
    """Above a threshold TDP-43 condenses with G3BP1 in the ending; without its cause it dissolves slowly, and
    protective microglia clear it too.

    Equation, for each class: dC/dt = k_on softplus(T - theta_k) (1 - C / C_max) - [k_off (1 + g) + k_auto (E Q + b
    help)] C.

    Sources: altman2021, gassetrosa2019, scotter2014, spiller2018
    """
    excess = softplus(axon_tdp43 - condensate_threshold_of_class, condensate_threshold_width)
    removal = condensate_dissolution_rate * (1 + condensate_dissolver) + condensate_clearance_rate * (
        axon_atp * proteostasis_capacity + condensate_microglial_help * microglia_help
    )
    mean = weighted(axon_condensate, pool_alive, pool_least_weight)
    return {
        "d/dt axon.condensate": condensate_formation_rate * excess * (1 - axon_condensate / condensate_ceiling)
        - removal * axon_condensate,
        "axon.condensate_terminal": mean,
    }
