"""TDP-43 of the cell body: shuttling, autoregulation, aggregates, stathmin-2 (row 4)."""

from charcot.disease.mechanisms.soma.seeding import arriving_seeds, seeded_growth
from charcot.model.algebra import hill
from charcot.model.mechanism import mechanism


@mechanism(row="4 TDP-43")
def shuttling(
    soma_tdp43_nuclear,
    soma_tdp43_cytoplasmic,
    soma_aggregate,
    c9orf72_dipeptide_repeat,
    tdp43_nuclear_share,
    tdp43_cytoplasmic_share,
    tdp43_export_rate,
    tdp43_degradation_rate,
    tdp43_degradation_by_transport,
    axon_transport_velocity,
    transport_granule_velocity,
    tdp43_import_half_inhibition,
    tdp43_import_block_by_dipeptide_repeat,
    tdp43_stathmin2_half,
    tdp43_stathmin2_exponent,
    tdp43_autoregulation_exponent,
    tdp43_rna_retention,
    tdp43_transgene,
    stathmin2_gene_dose,
):
    """Aggregates capture importin, so TDP-43 leaves the nucleus; lost autoregulation then makes more of it.

    Equation: dN/dt = k_in Cy - (k_ex + k_deg) N; dCy/dt = 2 k_deg (N0 + Cy0) / (1 + (N / N0)^2) + k_ex N
    - (k_in + d k_deg) Cy; k_in = (k_ex + k_deg) N0 / Cy0 / (1 + A / K + b DPR). Nuclear RNA holds TDP-43 back: the
    export rate is divided by what is left of that retention. Part of cytoplasmic TDP-43 rides to its degradation:
    d = 1 + w (v / v0 - 1) with the velocity v of transport. A transgene whose TDP-43 stays in the cytoplasm (dNLS) adds
    to the excess and not to the nucleus, over the same d. Stathmin-2 follows nuclear TDP-43 and the dose of its gene.

    Sources: pinarbasi2018, duan2022, gassetrosa2019, ayala2011, sugai2018, melamed2019, klim2019, walker2015, krus2022,
    fazal2021, scotter2014, millecamps2013
    """
    hindrance = (
        1 + soma_aggregate / tdp43_import_half_inhibition
    ) + tdp43_import_block_by_dipeptide_repeat * c9orf72_dipeptide_repeat
    healthy_import = (tdp43_export_rate + tdp43_degradation_rate) * tdp43_nuclear_share / tdp43_cytoplasmic_share
    nuclear_import = healthy_import / hindrance
    export = tdp43_export_rate / tdp43_rna_retention
    relative = soma_tdp43_nuclear / tdp43_nuclear_share
    synthesis = (
        2
        * tdp43_degradation_rate
        * (tdp43_nuclear_share + tdp43_cytoplasmic_share)
        / (1 + relative**tdp43_autoregulation_exponent)
    )
    half = tdp43_stathmin2_half
    carried = 1 + tdp43_degradation_by_transport * (axon_transport_velocity / transport_granule_velocity - 1)
    return {
        "soma.cytoplasmic_excess": (soma_tdp43_cytoplasmic + tdp43_transgene / carried) / tdp43_cytoplasmic_share,
        "soma.stathmin2": stathmin2_gene_dose
        * (1 + half**tdp43_stathmin2_exponent)
        * hill(relative, half, tdp43_stathmin2_exponent),
        "d/dt soma.tdp43_nuclear": nuclear_import * soma_tdp43_cytoplasmic
        - (export + tdp43_degradation_rate) * soma_tdp43_nuclear,
        "d/dt soma.tdp43_cytoplasmic": synthesis
        + export * soma_tdp43_nuclear
        - (nuclear_import + carried * tdp43_degradation_rate) * soma_tdp43_cytoplasmic,
    }


@mechanism(row="4 TDP-43")
def aggregation(
    soma_aggregate,
    soma_cytoplasmic_excess,
    axon_condensate_terminal,
    soma_growth_tempo,
    proteostasis_clearance,
    spread_influx,
    aggregation_growth_rate,
    aggregation_clearance_half,
    aggregation_nucleation_rate,
    aggregation_return_rate,
):
    """TDP-43 aggregates grow on themselves against a clearance that saturates: below a threshold they vanish.

    Equation: dA/dt = g k_p a A (1 - A) + [influx (1 - A)^3 + k_ret C + k_n c^2] (1 - A) - V A / (K + A), a = 2 c /
    (1 + c),
    V = g clearance k_p K, g the tempo of growth: with a = 1 the healthy state is stable while clearance (margin * Q)
    > 1.

    Sources: scotter2014, porta2018, meisl2020
    """
    availability = 2 * soma_cytoplasmic_excess / (1 + soma_cytoplasmic_excess)
    growth, clearance = seeded_growth(
        soma_aggregate,
        soma_growth_tempo * aggregation_growth_rate,
        availability,
        proteostasis_clearance,
        aggregation_clearance_half,
    )
    returned = aggregation_return_rate * axon_condensate_terminal
    within = returned + aggregation_nucleation_rate * soma_cytoplasmic_excess**2
    return {
        "d/dt soma.aggregate": growth
        + arriving_seeds(soma_aggregate, spread_influx)
        + within * (1 - soma_aggregate)
        - clearance,
        "soma.burden": soma_aggregate,
    }
