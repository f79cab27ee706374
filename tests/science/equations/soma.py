"""The cell body: TDP-43, the mutations, oxidative stress, proteostasis, splicing, granules."""

from __future__ import annotations

import numpy as np

from charcot.disease.mechanisms.soma import (
    apoptosis,
    genetic,
    oxidative,
    oxidative_damage,
    proteostasis,
    splicing,
    stress_granules,
    tdp43,
)
from equations import falling, held, imported, second, seeded, share, steep


@second(apoptosis.bax)
def _(v):
    less = 1 - v.bax_activity
    return {
        "pool.death_factor": 1 - v.bax_share_of_death * less,
        "pool.detachment_factor": 1 - v.bax_share_of_detachment * less,
    }


@second(genetic.sod1_turnover)
def _(v):
    return {
        "d/dt sod1.protein": falling(v.sod1_half_life) * (v.sod1_synthesis - v.sod1_protein),
        "sod1.mutant": v.genotype_sod1_mutant * v.sod1_protein,
    }


@second(genetic.sod1_misfolding)
def _(v):
    z, s, caught = v.soma_sod1_misfolded, v.sod1_mutant, v.sod1_antibody
    kg, kt = v.sod1_growth_saturation, v.sod1_toxic_saturation
    amount = (1 + kg) * s / (kg + s) * (1 - v.sod1_passed_between_cells * caught)
    change = seeded(
        z, v.soma_growth_tempo * v.sod1_growth_rate, amount, v.proteostasis_clearance, v.sod1_clearance_half
    )
    toxic = z * (1 + kt) * s / (kt + s) * (1 - v.soma_sod1_relief)
    arriving = imported(z, v.spread_sod1_influx * (1 - caught))
    return {
        "soma.sod1_toxic": toxic,
        "soma.burden": toxic,
        "d/dt soma.sod1_misfolded": change + arriving + v.sod1_nucleation_rate * s**2 * (1 - z),
    }


@second(genetic.sod1_harm)
def _(v):
    return {
        "axon.harm": v.energy_sod1_loss * v.soma_sod1_toxic,
        "axon.transport_factor": 1 / (1 + v.transport_inhibition_by_sod1 * v.soma_sod1_toxic),
    }


@second(genetic.sod1_breakdown)
def _(v):
    m = share(v.soma_sod1_misfolded, v.sod1_breakdown_half)
    trimers = (v.sod1_mutant / v.sod1_trimer_half) ** v.sod1_trimer_order
    left = 1 - m * (1 - 2 * trimers / (1 + trimers))
    return {"pool.breakdown": left, "pool.death_factor": left}


@second(genetic.sod1_schwann_cells)
def _(v):
    part = share(v.soma_sod1_misfolded, v.sod1_breakdown_half) * v.sod1_excised_from_schwann_cells
    failing = part * max(0.0, 1 - v.nmj_innervation)
    return {
        "pool.vulnerability_factor": 1 + v.sod1_schwann_support * failing,
        "axon.harm": v.energy_schwann_loss * failing,
    }


@second(genetic.fus_condensation)
def _(v):
    f, d = v.soma_fus_condensate, v.genotype_fus_mutant * v.fus_synthesis
    change = seeded(f, v.soma_growth_tempo * v.fus_growth_rate, d, v.proteostasis_clearance, v.fus_clearance_half)
    return {
        "d/dt soma.fus_condensate": change + imported(f, v.spread_fus_influx),
        "soma.fus_inhibition": d * (v.fus_direct_inhibition + v.fus_condensate_inhibition * f),
        "soma.burden": f * d,
    }


@second(genetic.fus_under_stress)
def _(v):
    soluble = v.genotype_fus_mutant * v.fus_synthesis * (1 - v.soma_fus_condensate)
    return {"soma.fus_stress_block": v.fus_stress_inhibition * soluble * v.soma_er_stress}


@second(genetic.fus_harm)
def _(v):
    restored, d = 1 + v.translation_restoration, v.genotype_fus_mutant * v.fus_synthesis
    return {
        "axon.translation_factor": restored / (restored + v.soma_fus_inhibition + v.soma_fus_stress_block),
        "axon.transport_factor": 1 / (1 + v.transport_inhibition_by_fus * d),
        "soma.er_stress_drive": v.er_stress_by_fus * v.soma_fus_inhibition,
        "pool.vulnerability_factor": 1 + v.pool_vulnerability_by_fus * v.soma_fus_inhibition,
    }


@second(genetic.dipeptide_repeats)
def _(v):
    wanted = v.genotype_c9orf72_expansion * v.c9orf72_translation
    rate = falling(v.c9orf72_repeat_half_life)
    return {"d/dt c9orf72.dipeptide_repeat": rate * (wanted - v.c9orf72_dipeptide_repeat)}


@second(genetic.dipeptide_harm)
def _(v):
    d = v.c9orf72_dipeptide_repeat
    return {
        "axon.transport_factor": 1 / (1 + v.transport_inhibition_by_dipeptide_repeat * d),
        "soma.er_stress_drive": v.er_stress_by_dipeptide_repeat * d,
        "soma.oxygen_production": v.oxidative_by_dipeptide_repeat * d,
        "pool.vulnerability_factor": 1 + v.pool_vulnerability_by_dipeptide_repeat * d,
    }


@second(genetic.dipeptide_antigen)
def _(v):
    return {"immune.activation": v.immune_activation_by_dipeptide_repeat * v.c9orf72_dipeptide_repeat}


@second(oxidative.oxidative_stress)
def _(v):
    scavenged = 1 + v.oxidative_scavenging + v.nrf2_scavenging * v.nrf2_astrocytes
    level = 1 + v.soma_oxygen_production / scavenged
    return {"d/dt soma.reactive_oxygen": falling(v.oxidative_half_life) * (level - v.soma_reactive_oxygen)}


@second(oxidative.oxygen_from_mitochondria)
def _(v):
    return {"soma.oxygen_production": v.oxidative_by_energy_failure * (1 - v.axon_atp_terminal) ** 2}


@second(oxidative.oxygen_from_burden)
def _(v):
    return {"soma.oxygen_production": v.oxidative_by_burden * share(v.soma_burden, v.oxidative_burden_half)}


@second(oxidative.oxidative_harm)
def _(v):
    beyond = v.soma_reactive_oxygen - 1
    return {"axon.harm": v.energy_oxidative_loss * beyond, "pool.harm": v.pool_harm_by_oxygen * beyond}


@second(oxidative.excitotoxicity)
def _(v):
    uptake = 1 / (1 + (v.soma_reactive_oxygen - 1) / v.glutamate_oxidative_half)
    w = v.glutamate_astrocyte_weight
    glial = 1 - w + w * share(v.astrocyte_reactive, v.glutamate_astrocyte_half)
    drive = v.glutamate_release * (1 - uptake) / (1 + v.glutamate_uptake_added) * glial
    return {
        "glutamate.uptake": uptake,
        "glutamate.excitotoxic_drive": drive * (1 + v.glutamate_hyperexcitability * (1 - v.upper_neurons)),
    }


@second(oxidative.excitotoxic_harm)
def _(v):
    drive = v.glutamate_excitotoxic_drive
    return {"axon.harm": v.energy_excitotoxic_loss * drive, "pool.harm": v.pool_harm_by_excitotoxicity * drive}


@second(oxidative_damage.oxidative_damage)
def _(v):
    level = 1 + v.damage_per_oxygen * (np.mean([*v.soma_reactive_oxygen.values()]) - 1)
    return {
        "d/dt damage.dna": falling(v.damage_dna_half_life) * (level - v.damage_dna),
        "d/dt damage.lipid": falling(v.damage_lipid_half_life) * (level - v.damage_lipid),
        "d/dt damage.protein": falling(v.damage_protein_half_life) * (level - v.damage_protein),
    }


@second(proteostasis.ageing_proteostasis)
def _(v):
    return {"proteostasis.capacity": held(v.person_age, v.proteostasis_age_half, v.proteostasis_age_exponent)}


@second(proteostasis.clearance_capacity)
def _(v):
    return {"proteostasis.clearance": v.proteostasis_margin * v.proteostasis_capacity * v.proteostasis_clearance_factor}


@second(proteostasis.vulnerability_by_age)
def _(v):
    return {"pool.vulnerability_factor": (v.pool_ageing_reference / v.proteostasis_capacity) ** v.pool_ageing_exponent}


@second(proteostasis.unfolded_protein_response)
def _(v):
    level = v.er_stress_by_burden * v.soma_burden + v.soma_er_stress_drive
    return {"d/dt soma.er_stress": falling(v.er_stress_time) * (level - v.soma_er_stress)}


@second(splicing.unc13a)
def _(v):
    n, k, x = v.tdp43_unc13a_exponent, v.tdp43_unc13a_half, v.unc13a_cryptic_exon
    spliced = (1 + k**n) * steep(v.soma_tdp43_nuclear / v.tdp43_nuclear_share, k, n)
    return {"soma.unc13a": v.unc13a_gene_dose * (1 - x * (1 - spliced))}


@second(splicing.harm_by_lost_unc13a)
def _(v):
    return {"pool.harm": v.pool_harm_by_unc13a * max(0.0, 1 - v.soma_unc13a)}


@second(stress_granules.stress_granules)
def _(v):
    g, u = v.soma_stress_granules, v.soma_er_stress
    made = v.stress_granules_formation_rate * v.ataxin2_level * share(u, v.stress_granules_stress_half) * (1 - g)
    gone = falling(v.stress_granules_half_life) * v.axon_atp_terminal * v.autophagy_capacity * g
    return {"d/dt soma.stress_granules": made - gone}


@second(stress_granules.threshold_by_granules)
def _(v):
    return {"condensate.threshold_factor": 1 / (1 + v.condensate_threshold_by_granules * v.soma_stress_granules)}


@second(stress_granules.threshold_by_ataxin2)
def _(v):
    return {"condensate.threshold_factor": 1 / (1 - v.condensate_threshold_by_ataxin2 * (1 - v.ataxin2_level))}


@second(tdp43.shuttling)
def _(v):
    nucleus, cytoplasm = v.soma_tdp43_nuclear, v.soma_tdp43_cytoplasmic
    n0, c0, out, gone = v.tdp43_nuclear_share, v.tdp43_cytoplasmic_share, v.tdp43_export_rate, v.tdp43_degradation_rate
    repeats = v.tdp43_import_block_by_dipeptide_repeat * v.c9orf72_dipeptide_repeat
    entering = (out + gone) * n0 / c0 / (1 + v.soma_aggregate / v.tdp43_import_half_inhibition + repeats)
    out = out / v.tdp43_rna_retention
    made = 2 * gone * (n0 + c0) / (1 + (nucleus / n0) ** v.tdp43_autoregulation_exponent)
    d = 1 + v.tdp43_degradation_by_transport * (v.axon_transport_velocity / v.transport_granule_velocity - 1)
    k, n = v.tdp43_stathmin2_half, v.tdp43_stathmin2_exponent
    return {
        "soma.cytoplasmic_excess": cytoplasm / c0 + v.tdp43_transgene / d / c0,
        "soma.stathmin2": v.stathmin2_gene_dose * (1 + k**n) * steep(nucleus / n0, k, n),
        "d/dt soma.tdp43_nuclear": entering * cytoplasm - (out + gone) * nucleus,
        "d/dt soma.tdp43_cytoplasmic": made + out * nucleus - (entering + d * gone) * cytoplasm,
    }


@second(tdp43.aggregation)
def _(v):
    a, c = v.soma_aggregate, v.soma_cytoplasmic_excess
    change = seeded(
        a,
        v.soma_growth_tempo * v.aggregation_growth_rate,
        2 * c / (1 + c),
        v.proteostasis_clearance,
        v.aggregation_clearance_half,
    )
    own = v.aggregation_return_rate * v.axon_condensate_terminal + v.aggregation_nucleation_rate * c**2
    return {"d/dt soma.aggregate": change + imported(a, v.spread_influx) + own * (1 - a), "soma.burden": a}
