"""The axon: transport, axon death, TDP-43 and condensate, translation and energy of the ending."""

from __future__ import annotations

import numpy as np

from charcot.disease.mechanisms.axon import axon_death, delivery, retrograde, tdp43, translation
from equations import falling, held, of_the_living, rising, second, share, steep


@second(delivery.transport)
def _(v):
    return {"axon.transport_velocity": v.transport_granule_velocity * v.transport_competence * v.axon_transport_factor}


@second(delivery.slowing_by_condensate)
def _(v):
    return {"axon.transport_factor": 1 / (1 + v.transport_inhibition_by_condensate * v.axon_condensate_terminal)}


@second(delivery.delivery)
def _(v):
    length = v.axon_length * (1 - v.axon_length_lost_by_resistance * v.class_quantile)
    arriving = 2.0 ** (-length / (v.transport_mrna_half_life * v.axon_transport_velocity))
    half = v.translation_half_saturation_mrna
    return {
        "axon.supply": (1 + half) * arriving / (half + arriving),
        "axon.mrna_terminal": of_the_living(arriving, v.pool_alive, v.pool_least_weight),
    }


def sarm1(nmnat2, v):
    """A = [h(N) - h(1)] / [1 - h(1)], h(N) = 1 / (1 + (min(N, 1) / K)^n)."""
    half, exponent = v.sarm1_half_nmnat2, v.sarm1_exponent
    rest = held(1.0, half, exponent)
    return v.sarm1_activity * (held(min(nmnat2, 1.0), half, exponent) - rest) / (1 - rest)


@second(axon_death.nmnat2_delivery)
def _(v):
    return {"nmnat2.delivered": v.nmnat2_level * v.transport_competence * v.axon_transport_factor}


@second(axon_death.axon_death)
def _(v):
    active = sarm1(v.nmnat2_delivered, v)
    return {"sarm1.active": active, "axon.harm": v.energy_sarm1_loss * active}


@second(axon_death.breakdown_by_sarm1)
def _(v):
    failed = of_the_living(v.axon_failure, v.pool_alive, v.pool_least_weight)
    return {"pool.detachment_factor": 1 + v.sarm1_detachment * sarm1(v.nmnat2_delivered * (1 - failed), v)}


@second(retrograde.retrograde_transport)
def _(v):
    return {"axon.retrograde": v.dynein_competence * v.axon_transport_factor}


@second(retrograde.autophagy)
def _(v):
    a, w = v.autophagy_share_of_clearance, v.autophagy_by_retrograde
    return {"proteostasis.clearance_factor": 1 - a + a * v.autophagy_capacity * (1 - w + w * v.axon_retrograde)}


@second(retrograde.trophic_signal)
def _(v):
    return {"pool.vulnerability_factor": 1 + v.pool_vulnerability_by_lost_signal * (1 - v.axon_retrograde)}


@second(tdp43.axonal_tdp43)
def _(v):
    a = falling(v.axonal_tdp43_half_life)
    f, b, c = (getattr(v, f"axonal_tdp43_{name}") for name in (
        "share_from_soma", "synthesis_without_delivery", "clearance_without_energy"
    ))  # fmt: skip
    made = f * v.soma_cytoplasmic_excess + (1 - f) * v.mir126_tdp43_synthesis * (b + (1 - b) * v.axon_supply)
    return {
        "d/dt axon.tdp43": a * made - a * (c + (1 - c) * v.axon_atp) * v.axon_tdp43,
        "axon.tdp43_terminal": of_the_living(v.axon_tdp43, v.pool_alive, v.pool_least_weight),
    }


@second(tdp43.threshold)
def _(v):
    moved = v.condensate_threshold * v.condensate_regional_threshold * v.condensate_threshold_factor
    return {"condensate.threshold_of_class": moved * v.pool_resistance}


@second(tdp43.threshold_under_harm)
def _(v):
    return {"condensate.threshold_factor": v.pool_surroundings ** (-v.condensate_threshold_by_harm)}


@second(tdp43.condensate)
def _(v):
    c, energy = v.axon_condensate, v.axon_atp
    excess = rising(v.axon_tdp43 - v.condensate_threshold_of_class, v.condensate_threshold_width)
    dissolving = v.condensate_dissolution_rate * (1 + v.condensate_dissolver)
    eaten = energy * v.proteostasis_capacity + v.condensate_microglial_help * v.microglia_help
    growth = v.condensate_formation_rate * excess * (1 - c / v.condensate_ceiling)
    mean = of_the_living(c, v.pool_alive, v.pool_least_weight)
    return {
        "d/dt axon.condensate": growth - (dissolving + v.condensate_clearance_rate * eaten) * c,
        "axon.condensate_terminal": mean,
    }


@second(translation.energy)
def _(v):
    k, n = v.energy_half_saturation, v.energy_exponent
    whole = v.energy_floor + (1 - v.energy_floor) * (1 + k**n) * steep(v.axon_mitochondrial_protein, k, n)
    h = v.axon_harm * v.axon_harm_factor / v.pool_resistance
    atp = whole / (1 + h / (1 + h / v.energy_harm_limit))
    return {
        "axon.atp": atp,
        "axon.failure": held(atp, v.energy_failure_threshold, v.energy_failure_exponent),
        "axon.atp_terminal": of_the_living(atp, v.pool_alive, v.pool_least_weight),
        "axon.atp_innervating": of_the_living(atp, v.pool_innervating, v.pool_least_weight),
    }


@second(translation.local_translation)
def _(v):
    half = v.translation_half_saturation_atp
    made = v.axon_atp * (1 + half) / (half + v.axon_atp) * v.translation_ribosome_competence
    made = made * v.axon_translation_factor
    turnover = falling(v.translation_protein_half_life)
    return {
        "axon.translation_terminal": of_the_living(made, v.pool_alive, v.pool_least_weight),
        "d/dt axon.mitochondrial_protein": turnover * (v.axon_supply * made - v.axon_mitochondrial_protein),
    }


@second(translation.block_by_condensate)
def _(v):
    half = v.translation_condensate_half_inhibition * (1 + v.translation_restoration)
    return {"axon.translation_factor": held(v.axon_condensate, half, v.translation_condensate_exponent)}


@second(translation.block_by_stress)
def _(v):
    half = v.translation_stress_half_inhibition * (1 + v.translation_restoration)
    felt = np.divide(v.soma_er_stress, v.pool_resistance)
    return {"axon.translation_factor": share(half, felt)}
