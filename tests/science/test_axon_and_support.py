"""Axon death, transport back, oligodendrocytes, regrowth, stress granules, Bax, UNC13A and oxidative damage.

Each equation a second time, written by hand from its docstring, and each direction in a mouse or a patient.
"""

from __future__ import annotations

import functools
import json
import math

import pytest
from test_equations import drawn, evaluate

from charcot.disease.mechanisms.axon import axon_death, retrograde
from charcot.disease.mechanisms.glia import microglia, oligodendrocytes
from charcot.disease.mechanisms.muscle import regrowth, release
from charcot.disease.mechanisms.soma import (
    apoptosis,
    genetic,
    oxidative,
    oxidative_damage,
    splicing,
    stress_granules,
)
from charcot.experiments.arms import Trace, trace
from charcot.experiments.definition import Arm

# --- equations -------------------------------------------------------------------------------------------------------


def active(nmnat2: float, half: float, exponent: float) -> float:
    """SARM1 by the rule of the docstring: none at a healthy amount of NMNAT2, all without it."""
    healthy = half**exponent / (half**exponent + 1)
    return (half**exponent / (half**exponent + nmnat2**exponent) - healthy) / (1 - healthy)


def test_sarm1_wakes_as_nmnat2_is_lost() -> None:
    v = drawn(axon_death.axon_death)
    found = evaluate(axon_death.axon_death, v)
    expected = v["sarm1_activity"] * active(v["nmnat2_delivered"], v["sarm1_half_nmnat2"], v["sarm1_exponent"])
    assert found["sarm1.active"] == pytest.approx(expected, rel=1e-12)
    assert found["axon.harm"] == pytest.approx(v["energy_sarm1_loss"] * expected, rel=1e-12)
    for amount, share in ((1.0, 0.0), (0.0, 1.0)):
        at = evaluate(axon_death.axon_death, {**v, "nmnat2_delivered": amount, "sarm1_activity": 1.0})
        assert at["sarm1.active"] == pytest.approx(share, abs=1e-12)


def test_nmnat2_is_delivered_by_transport() -> None:
    v = drawn(axon_death.nmnat2_delivery)
    found = evaluate(axon_death.nmnat2_delivery, v)["nmnat2.delivered"]
    assert found == pytest.approx(v["nmnat2_level"] * v["transport_competence"] * v["axon_transport_factor"])


def test_failing_endings_break_down_by_sarm1() -> None:
    v = drawn(axon_death.breakdown_by_sarm1, axon_failure={1: 0.9, 2: 0.1}, pool_alive={1: 0.2, 2: 0.8})
    v |= {"pool_least_weight": 0.0}
    found = evaluate(axon_death.breakdown_by_sarm1, v)["pool.detachment_factor"]
    mean = (0.2 * 0.9 + 0.8 * 0.1) / (0.2 + 0.8)
    woken = active(v["nmnat2_delivered"] * (1 - mean), v["sarm1_half_nmnat2"], v["sarm1_exponent"])
    assert found == pytest.approx(1 + v["sarm1_detachment"] * v["sarm1_activity"] * woken, rel=1e-12)


def test_what_is_carried_back() -> None:
    v = drawn(retrograde.retrograde_transport)
    found = evaluate(retrograde.retrograde_transport, v)["axon.retrograde"]
    assert found == pytest.approx(v["dynein_competence"] * v["axon_transport_factor"])
    v = drawn(retrograde.autophagy)
    a, w = v["autophagy_share_of_clearance"], v["autophagy_by_retrograde"]
    found = evaluate(retrograde.autophagy, v)["proteostasis.clearance_factor"]
    assert found == pytest.approx(1 - a * (1 - v["autophagy_capacity"] * (1 - w * (1 - v["axon_retrograde"]))))
    v = drawn(retrograde.trophic_signal)
    found = evaluate(retrograde.trophic_signal, v)["pool.vulnerability_factor"]
    assert found == pytest.approx(1 + v["pool_vulnerability_by_lost_signal"] * (1 - v["axon_retrograde"]))


def test_lactate_of_oligodendrocytes() -> None:
    v = drawn(oligodendrocytes.lactate_supply)
    found = evaluate(oligodendrocytes.lactate_supply, v)["oligodendrocyte.supply"]
    b = v["soma_burden"] / (v["soma_burden"] + v["oligodendrocyte_burden_half"])
    kept = v["oligodendrocyte_support"] * (1 - v["oligodendrocyte_loss_by_burden"] * b)
    assert found == pytest.approx(kept / (1 + v["oligodendrocyte_loss_by_pro"] * v["cytokine_pro"]), rel=1e-12)
    v = drawn(oligodendrocytes.harm_by_lost_lactate)
    harm = functools.partial(evaluate, oligodendrocytes.harm_by_lost_lactate)
    expected = v["energy_oligodendrocyte_loss"] * (1 - v["oligodendrocyte_supply"]) / v["proteostasis_capacity"] ** 2
    assert harm(v)["axon.harm"] == pytest.approx(expected, rel=1e-12)
    assert harm({**v, "oligodendrocyte_supply": 1.5})["axon.harm"] == 0


def test_what_calls_endings_back() -> None:
    v = drawn(regrowth.call_of_muscle)
    call = v["regrowth_by_muscle"] * v["mir206_competence"] * (1 - v["nmj_innervation"])
    assert evaluate(regrowth.call_of_muscle, v)["nmj.regrowth_factor"] == pytest.approx(1 + call, rel=1e-12)
    v = drawn(regrowth.growth_factors)
    found = evaluate(regrowth.growth_factors, v)
    g = v["growth_factor_supply"]
    assert found["nmj.regrowth_factor"] == pytest.approx(1 + v["regrowth_by_growth_factor"] * g, rel=1e-12)
    shield = 1 + v["pool_protection_by_growth_factor"] * g * v["axon_retrograde"]
    assert found["pool.vulnerability_factor"] == pytest.approx(1 / shield, rel=1e-12)
    assert evaluate(regrowth.growth_factors, {**v, "growth_factor_supply": 0.0})["pool.vulnerability_factor"] == 1


def test_epha4_counts_while_neurons_develop() -> None:
    v = drawn(regrowth.epha4_in_development)
    found = evaluate(regrowth.epha4_in_development, v)["d/dt epha4.imprint"]
    window = 1 / (1 + (v["person_age"] / v["epha4_window"]) ** v["epha4_window_exponent"])
    assert found == pytest.approx(v["epha4_imprint_rate"] * window * (v["epha4_level"] - v["epha4_imprint"]), rel=1e-12)
    v = drawn(regrowth.effects_of_epha4)
    found = evaluate(regrowth.effects_of_epha4, v)
    less = 1 - v["epha4_imprint"]
    assert found["nmj.regrowth_factor"] == pytest.approx(1 + v["regrowth_by_epha4"] * less, rel=1e-12)
    assert found["pool.vulnerability_factor"] == pytest.approx(1 - v["pool_vulnerability_by_epha4"] * less, rel=1e-12)


def test_stress_granules_persist_without_energy_or_autophagy() -> None:
    v = drawn(stress_granules.stress_granules)
    found = evaluate(stress_granules.stress_granules, v)["d/dt soma.stress_granules"]
    u, g = v["soma_er_stress"], v["soma_stress_granules"]
    formed = v["stress_granules_formation_rate"] * v["ataxin2_level"] * u / (v["stress_granules_stress_half"] + u)
    cleared = math.log(2) / v["stress_granules_half_life"] * v["axon_atp_terminal"] * v["autophagy_capacity"]
    assert found == pytest.approx(formed * (1 - g) - cleared * g, rel=1e-12)
    v = drawn(stress_granules.threshold_by_granules)
    found = evaluate(stress_granules.threshold_by_granules, v)["condensate.threshold_factor"]
    assert 1 / found == pytest.approx(1 + v["condensate_threshold_by_granules"] * v["soma_stress_granules"], rel=1e-12)
    v = drawn(stress_granules.threshold_by_ataxin2)
    found = evaluate(stress_granules.threshold_by_ataxin2, v)["condensate.threshold_factor"]
    assert 1 / found == pytest.approx(1 + v["condensate_threshold_by_ataxin2"] * (v["ataxin2_level"] - 1), rel=1e-12)


def test_bax_is_needed_for_death_and_little_for_detachment() -> None:
    v = drawn(apoptosis.bax)
    found = evaluate(apoptosis.bax, v)
    left = 1 - v["bax_activity"]
    assert found["pool.death_factor"] == pytest.approx(1 - v["bax_share_of_death"] * left, rel=1e-12)
    assert found["pool.detachment_factor"] == pytest.approx(1 - v["bax_share_of_detachment"] * left, rel=1e-12)


def test_unc13a_falls_with_nuclear_tdp43_where_the_exon_exists() -> None:
    v = drawn(splicing.unc13a)
    found = evaluate(splicing.unc13a, v)["soma.unc13a"]
    n, k, e = v["soma_tdp43_nuclear"] / v["tdp43_nuclear_share"], v["tdp43_unc13a_half"], v["tdp43_unc13a_exponent"]
    spliced = (1 + k**e) * n**e / (k**e + n**e)
    x = v["unc13a_cryptic_exon"]
    assert found == pytest.approx(v["unc13a_gene_dose"] * (1 - x + x * spliced), rel=1e-12)
    mouse = {**v, "unc13a_cryptic_exon": 0.0, "unc13a_gene_dose": 1.0}
    assert evaluate(splicing.unc13a, mouse)["soma.unc13a"] == 1
    v = drawn(splicing.harm_by_lost_unc13a)
    found = evaluate(splicing.harm_by_lost_unc13a, v)["pool.harm"]
    assert found == pytest.approx(v["pool_harm_by_unc13a"] * (1 - v["soma_unc13a"]), rel=1e-12)
    v = drawn(release.release)
    full, half = (evaluate(release.release, {**v, "soma_unc13a": dose})["nmj.quantal_content"] for dose in (1.0, 0.5))
    assert half == pytest.approx(full / 2, rel=1e-12)


def test_oxidative_damage_follows_reactive_oxygen_at_its_own_pace() -> None:
    v = drawn(oxidative_damage.oxidative_damage, soma_reactive_oxygen={"bulbar": 1.0, "lumbar": 3.0})
    found = evaluate(oxidative_damage.oxidative_damage, v)
    made = 1 + v["damage_per_oxygen"] * (2 - 1)
    for kind in ("dna", "lipid", "protein"):
        rate = math.log(2) / v[f"damage_{kind}_half_life"] * (made - v[f"damage_{kind}"])
        assert found[f"d/dt damage.{kind}"] == pytest.approx(rate, rel=1e-12), kind


def test_nrf2_scavenges_nox2_makes_and_added_uptake_takes_up() -> None:
    v = drawn(oxidative.oxidative_stress)
    found = evaluate(oxidative.oxidative_stress, v)["d/dt soma.reactive_oxygen"]
    scavenged = 1 + v["oxidative_scavenging"] + v["nrf2_scavenging"] * v["nrf2_astrocytes"]
    level = 1 + v["soma_oxygen_production"] / scavenged
    rate = math.log(2) / v["oxidative_half_life"]
    assert found == pytest.approx(rate * (level - v["soma_reactive_oxygen"]), rel=1e-12)
    v = drawn(microglia.oxygen_from_microglia)
    found = evaluate(microglia.oxygen_from_microglia, v)["soma.oxygen_production"]
    m = v["microglia_toxic"] / (v["microglia_toxic_half"] + v["microglia_toxic"]) * v["oxidative_by_microglia"]
    assert found == pytest.approx(m * (1 - v["nox2_share_of_microglial_oxygen"] * (1 - v["nox2_activity"])), rel=1e-12)
    v = drawn(oxidative.excitotoxicity, soma_reactive_oxygen=1.7)
    none, one = (
        evaluate(oxidative.excitotoxicity, {**v, "glutamate_uptake_added": added})["glutamate.excitotoxic_drive"]
        for added in (0.0, 1.0)
    )
    assert one == pytest.approx(none / 2, rel=1e-12)


def test_an_antibody_catches_what_passes_between_cells() -> None:
    v = drawn(genetic.sod1_misfolding, sod1_nucleation_rate=0.0)
    rate = functools.partial(evaluate, genetic.sod1_misfolding)
    none, all_ = (rate({**v, "sod1_antibody": caught})["d/dt soma.sod1_misfolded"] for caught in (0.0, 1.0))
    z, s, k = v["soma_sod1_misfolded"], v["sod1_mutant"], v["sod1_growth_saturation"]
    growth = v["soma_growth_tempo"] * v["sod1_growth_rate"] * (1 + k) * s / (k + s) * z * (1 - z)
    arriving = v["spread_sod1_influx"] * (1 - z) ** 4
    assert none - all_ == pytest.approx(v["sod1_passed_between_cells"] * growth + arriving, rel=1e-9)


# --- directions ------------------------------------------------------------------------------------------------------

READS = (
    "lumbar.nmj.innervation", "lumbar.pool.neurons", "lumbar.axon.retrograde", "lumbar.oligodendrocyte.supply",
    "lumbar.soma.stress_granules", "damage.dna", "damage.lipid", "damage.protein", "lumbar.soma.reactive_oxygen",
)  # fmt: skip


@functools.cache
def _run(system: str, key: str) -> Trace:
    return trace(Arm.model_validate({"end": 300, **json.loads(key)}), system, READS, {})


def run(system: str, **numbers: float) -> Trace:
    """A system with numbers set from the start, names with two underscores for a dot."""
    return _run(system, json.dumps({"set": {name.replace("__", "."): value for name, value in numbers.items()}}))


def test_axons_without_nmnat2_die_unless_sarm1_is_gone() -> None:
    assert run("mouse", nmnat2__level=0).landmark("signs") < 200
    assert run("mouse", nmnat2__level=0, sarm1__activity=0).at(READS[0], 300) > 0.95
    assert run("mouse", nmnat2__level=0.5).at(READS[0], 300) > 0.95


def test_sarm1_matters_to_tdp43_mice_and_not_to_sod1_mice() -> None:
    whole, without = run("sod1-g93a"), run("sod1-g93a", sarm1__activity=0)
    assert without.landmark("end") == pytest.approx(whole.landmark("end"), rel=0.02)
    ill = {"tdp43__transgene": 1.2}
    assert run("tdp43-dose", **ill, sarm1__activity=0).landmark("signs") > run("tdp43-dose", **ill).landmark("signs")


def test_without_bax_neurons_live_and_junctions_are_lost() -> None:
    whole, without = run("sod1-g93a"), run("sod1-g93a", bax__activity=0)
    end = whole.landmark("end")
    assert without.at(READS[1], end) > 0.9
    assert whole.at(READS[1], end) < 0.5
    assert 1.03 < without.landmark("signs") / whole.landmark("signs") < 1.5


def test_epha4_counts_from_birth_and_not_from_day_60() -> None:
    whole, early = run("sod1-g93a"), run("sod1-g93a", epha4__level=0.5)
    late = _run("sod1-g93a", json.dumps({"changes": [{"day": 60, "set": {"epha4.level": 0.25}}]}))
    assert early.landmark("end") > 1.03 * whole.landmark("end")
    assert late.landmark("end") == pytest.approx(whole.landmark("end"), rel=0.005)


@pytest.mark.parametrize(
    ("change", "longer"),
    [
        ({"nrf2__astrocytes": 1}, True),
        ({"nox2__activity": 0}, True),
        ({"growth_factor__supply": 1}, True),
        ({"sod1__antibody": 1}, True),
        ({"glutamate__uptake_added": 1}, True),
        ({"mir206__competence": 0}, False),
        ({"dynein__competence": 0.5}, False),
        ({"autophagy__capacity": 0.8}, False),
        ({"sarm1__activity": 3, "nmnat2__level": 0.6}, False),
    ],
)
def test_the_sign_of_each_in_a_sod1_mouse(change: dict[str, float], longer: bool) -> None:
    untreated, changed = run("sod1-g93a").landmark("end"), run("sod1-g93a", **change).landmark("end")
    assert (changed > untreated + 0.05) if longer else (changed < untreated - 0.05)


def test_less_ataxin2_lengthens_the_life_of_tdp43_mice() -> None:
    ends = [run("tdp43-dose", tdp43__transgene=1.2, ataxin2__level=x).landmark("end") for x in (1.3, 1, 0.5)]
    assert ends[0] < ends[1] < ends[2]


def test_a_transport_defect_and_lost_support_show_before_neurons_are_lost() -> None:
    course = run("sod1-g93a")
    day = course.crossing(course.values["lumbar.pool.neurons"], 0.95, falling=True)
    assert 40 < day < course.landmark("signs")
    assert course.at("lumbar.axon.retrograde", day) < 0.9
    assert course.at("lumbar.oligodendrocyte.supply", day) < 0.9
    assert course.at("lumbar.soma.stress_granules", day) > 0.02


def test_markers_of_oxidation_rise_each_at_its_pace() -> None:
    course = run("sod1-g93a")
    oxygen, dna, lipid, protein = (
        course.at(name, 90) for name in ("lumbar.soma.reactive_oxygen", "damage.dna", "damage.lipid", "damage.protein")
    )
    assert oxygen > dna > lipid > protein > 1.02


def test_health_knows_nothing_of_all_this() -> None:
    """A healthy mouse of a year: every factor at one, every sum at zero."""
    course = trace(Arm.model_validate({}), "mouse", READS, {})
    for name in ("lumbar.axon.retrograde", "lumbar.oligodendrocyte.supply", "damage.dna"):
        assert course.at(name, 365) == pytest.approx(1, abs=0.01), name
    assert course.at("lumbar.soma.stress_granules", 365) < 0.002
    assert course.at("lumbar.pool.neurons", 365) > 0.98
