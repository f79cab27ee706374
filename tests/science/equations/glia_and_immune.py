"""Microglia, astrocytes, oligodendrocytes, cytokines, macrophages and T cells."""

from __future__ import annotations

import math

import numpy as np

from charcot.disease.mechanisms.glia import cytokines, microglia, oligodendrocytes, sod1_neighbours
from charcot.disease.mechanisms.immune import macrophages, tcells
from equations import falling, rising, second, share, steep


@second(cytokines.pro_inflammatory)
def _(v):
    cells = share(v.microglia_toxic, v.microglia_toxic_half) + v.cytokine_pro_by_th1 * v.immune_infiltration_th1
    restraint = (1 + v.cytokine_anti_half) / (v.cytokine_anti_half + v.cytokine_anti)
    rate = falling(v.cytokine_pro_response_time)
    return {"d/dt cytokine.pro": rate * (v.cytokine_arm * cells * restraint - v.cytokine_pro)}


@second(cytokines.anti_inflammatory)
def _(v):
    w = v.cytokine_anti_share_of_th2
    cells = w * v.immune_th2 + (1 - w) * v.immune_treg
    cells += v.cytokine_anti_by_microglia * share(v.microglia_protective, v.cytokine_protective_half)
    return {"d/dt cytokine.anti": falling(v.cytokine_anti_response_time) * (cells - v.cytokine_anti)}


@second(cytokines.switch_by_cytokines)
def _(v):
    c, k = v.microglia_gate_without_th1, v.microglia_gate_tcell_half
    i = c + (1 - c) * v.immune_th1
    called = (1 + k * k) * i * i / (k * k * v.cytokine_anti**2 + i * i)
    return {"microglia.gate_factor": called * (1 + v.microglia_gate_by_pro * v.cytokine_pro)}


@second(microglia.microglial_signals)
def _(v):
    debris = share(v.pool_loss_flux, v.microglia_debris_half)
    protein = v.microglia_burden_weight * share(v.soma_burden, v.microglia_burden_half)
    gate = steep(v.soma_reactive_oxygen, v.microglia_gate_oxygen_half, v.microglia_gate_exponent)
    return {
        "microglia.danger": debris + protein,
        "microglia.switch_rate": v.microglia_switch_constant * gate * v.microglia_gate_factor,
    }


@second(microglia.sod1_of_glia)
def _(v):
    m = share(v.soma_sod1_misfolded, v.sod1_breakdown_half)
    own = 1 - v.sod1_share_of_microglia * v.sod1_excised_from_microglia * m
    theirs = 1 - v.sod1_share_of_astrocytes_in_switch * v.sod1_excised_from_astrocytes * m
    return {"microglia.gate_factor": own * theirs}


@second(sod1_neighbours.relief_by_microglia)
def _(v):
    return {"soma.sod1_relief": v.sod1_harm_share_of_microglia * v.sod1_excised_from_microglia}


@second(sod1_neighbours.relief_by_astrocytes)
def _(v):
    return {"soma.sod1_relief": v.sod1_harm_share_of_astrocytes * v.sod1_excised_from_astrocytes}


@second(sod1_neighbours.relief_by_oligodendrocytes)
def _(v):
    return {"soma.sod1_relief": v.sod1_harm_share_of_oligodendrocytes * v.sod1_excised_from_oligodendrocytes}


@second(microglia.microglia)
def _(v):
    turned = v.microglia_switch_rate * v.microglia_protective
    back = v.microglia_return_share * v.microglia_switch_constant * v.cytokine_anti * v.microglia_toxic
    called = v.microglia_proliferation_left * v.microglia_activation_rate * v.microglia_danger
    leaving = v.microglia_removal_rate
    return {
        "d/dt microglia.protective": called + back - turned - leaving * v.microglia_protective,
        "d/dt microglia.toxic": turned - back - leaving * v.microglia_toxic,
    }


@second(microglia.microglial_help)
def _(v):
    return {"microglia.help": v.microglia_protective * (1 - v.microglia_harm_of_help)}


@second(microglia.effects_of_help)
def _(v):
    return {
        "proteostasis.clearance_factor": 1 + v.proteostasis_microglial_help * v.microglia_help,
        "pool.vulnerability_factor": 1 / (1 + v.pool_trophic_help * v.microglia_help),
    }


@second(microglia.cytokines)
def _(v):
    return {
        "cytokine.tnf": v.cytokine_tnf_strength,
        "cytokine.interleukin1": v.cytokine_interleukin1_strength,
        "cytokine.complement": v.cytokine_complement_strength,
    }


@second(microglia.redundancy)
def _(v):
    failing = (1 - v.cytokine_tnf) * (1 - v.cytokine_interleukin1) * (1 - v.cytokine_complement)
    return {"cytokine.arm": 1 - failing}


@second(microglia.microglial_toxicity)
def _(v):
    return {"microglia.toxicity": v.cytokine_pro}


@second(microglia.microglial_harm)
def _(v):
    return {
        "axon.harm": v.energy_microglial_loss * v.microglia_toxicity,
        "pool.harm": v.pool_harm_by_microglia * v.microglia_toxicity,
    }


@second(microglia.oxygen_from_microglia)
def _(v):
    made = v.oxidative_by_microglia * share(v.microglia_toxic, v.microglia_toxic_half)
    return {"soma.oxygen_production": made * (1 - v.nox2_share_of_microglial_oxygen * (1 - v.nox2_activity))}


@second(microglia.astrocytes)
def _(v):
    m = share(v.soma_sod1_misfolded, v.sod1_breakdown_half)
    drive = v.microglia_toxic + v.astrocyte_by_burden * v.soma_burden
    drive *= 1 - v.sod1_share_of_astrocytes * v.sod1_excised_from_astrocytes * m
    return {"d/dt astrocyte.reactive": falling(v.astrocyte_time) * (drive - v.astrocyte_reactive)}


@second(oligodendrocytes.lactate_supply)
def _(v):
    left = 1 - v.oligodendrocyte_loss_by_burden * share(v.soma_burden, v.oligodendrocyte_burden_half)
    inflamed = 1 + v.oligodendrocyte_loss_by_pro * v.cytokine_pro
    return {"oligodendrocyte.supply": v.oligodendrocyte_support * left / inflamed}


@second(oligodendrocytes.harm_by_lost_lactate)
def _(v):
    lost = max(0.0, 1 - v.oligodendrocyte_supply)
    return {"axon.harm": v.energy_oligodendrocyte_loss * lost / v.proteostasis_capacity**2}


@second(macrophages.peripheral_macrophages)
def _(v):
    gain = v.macrophage_supply * v.macrophage_recruitment
    rate = falling(v.macrophage_half_life)
    return {
        "d/dt macrophage.presence": rate * (gain - v.macrophage_loss * v.macrophage_presence),
        "macrophage.damage": 1 - v.macrophage_share_of_damage * (1 - v.macrophage_presence),
    }


@second(macrophages.macrophage_harm)
def _(v):
    return {"pool.death_factor": v.macrophage_damage, "pool.detachment_factor": v.macrophage_damage}


@second(macrophages.macrophages_of_denervated_muscle)
def _(v):
    return {"axon.harm": v.energy_macrophage_loss * v.macrophage_presence * max(0.0, 1 - v.nmj_innervation)}


@second(tcells.activation)
def _(v):
    toxic = np.mean([*v.microglia_toxic.values()])
    lesion = np.mean([*v.lesion_load.values()])
    own = v.immune_autoreactivity + v.lesion_autoreactivity * lesion
    return {"immune.inflammation": toxic, "immune.activation": toxic + own}


@second(tcells.t_cells)
def _(v):
    driven = v.immune_costimulation * share(v.immune_activation, v.immune_activation_half) * 2 / (1 + v.immune_treg)
    regulatory, memory = falling(v.immune_treg_doubling_time), falling(v.immune_memory_doubling_time)
    cd4, cd8 = (v.immune_lymphocytes * s for s in (v.immune_cd4_supply, v.immune_cd8_supply))
    x = v.immune_inflammation
    treg = cd4 * v.immune_treg_base * v.immune_treg_supply / (1 + v.immune_treg_loss * x)
    return {
        "d/dt immune.treg": regulatory * (treg - v.immune_treg),
        "d/dt immune.th2": memory * (cd4 / (1 + v.immune_th2_loss * x) - v.immune_th2),
        "d/dt immune.th1": memory * (cd4 * (1 + v.immune_th1_gain * driven) - v.immune_th1),
        "d/dt immune.cd8": memory * (cd8 * (1 + v.immune_cd8_gain * driven) - v.immune_cd8),
    }


@second(tcells.natural_killer_cells)
def _(v):
    wanted = v.immune_natural_killer_base * v.immune_natural_killer_supply
    rate = falling(v.immune_memory_doubling_time)
    return {"d/dt immune.natural_killer": rate * (wanted - v.immune_natural_killer)}


@second(tcells.infiltration)
def _(v):
    auto = v.immune_autoreactivity + v.lesion_autoreactivity * v.lesion_load
    entry = share(v.microglia_toxic, v.immune_entry_half) + auto
    e1 = entry * rising(v.immune_th1 - v.immune_treg, v.immune_restraint_width) / 2
    e8 = entry * rising(v.immune_cd8 - v.immune_treg, v.immune_restraint_width) / 2
    room = v.immune_infiltration_half + e1 + e8
    return {
        "immune.infiltration_th1": e1 / room,
        "immune.infiltration_cd8": e8 / room,
        "immune.infiltration": e1 / room + e8 / room,
        "immune.attack": auto * (e1 + e8) / room,
    }


@second(tcells.effects_of_natural_killer_cells)
def _(v):
    power = v.pool_vulnerability_by_natural_killer * (v.immune_natural_killer - 1)
    return {"pool.vulnerability_factor": math.exp(power)}


@second(tcells.harm_by_th1)
def _(v):
    entered = v.immune_infiltration_th1
    return {"axon.harm": v.energy_tcell_loss * entered, "pool.harm": v.pool_harm_by_tcells * entered}


@second(tcells.harm_by_cd8)
def _(v):
    entered = v.immune_cd8_killing * v.immune_infiltration_cd8
    return {"axon.harm": v.energy_tcell_loss * entered, "pool.harm": v.pool_harm_by_tcells * entered}
