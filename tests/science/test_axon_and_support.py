"""Axon death, transport back, oligodendrocytes, regrowth, stress granules, Bax, UNC13A and oxidative damage.

The equations stand a second time in ``equations``; here is what they must have, and each direction in a mouse.
"""

from __future__ import annotations

import functools
import json

import pytest
from test_equations import drawn, evaluate

from charcot.disease.mechanisms.axon import axon_death
from charcot.disease.mechanisms.glia import oligodendrocytes
from charcot.disease.mechanisms.muscle import regrowth, release
from charcot.disease.mechanisms.soma import oxidative, splicing
from charcot.experiments.arms import Trace, trace
from charcot.experiments.definition import Arm

# --- what each equation must have -------------------------------------------------------------------------------------


def test_sarm1_sleeps_with_healthy_nmnat2_and_is_whole_without() -> None:
    v = drawn(axon_death.axon_death, sarm1_activity=1.0)
    for amount, share in ((1.0, 0.0), (0.0, 1.0)):
        found = evaluate(axon_death.axon_death, {**v, "nmnat2_delivered": amount})
        assert found["sarm1.active"] == pytest.approx(share, abs=1e-12)


def test_more_lactate_than_in_health_harms_nobody() -> None:
    v = drawn(oligodendrocytes.harm_by_lost_lactate, oligodendrocyte_supply=1.5)
    assert evaluate(oligodendrocytes.harm_by_lost_lactate, v)["axon.harm"] == 0


def test_no_growth_factor_changes_nothing() -> None:
    found = evaluate(regrowth.growth_factors, drawn(regrowth.growth_factors, growth_factor_supply=0.0))
    assert found == {"nmj.regrowth_factor": 1, "pool.vulnerability_factor": 1, "axon.harm_factor": 1}


def test_mice_keep_unc13a_and_half_of_it_releases_half() -> None:
    mouse = drawn(splicing.unc13a, unc13a_cryptic_exon=0.0, unc13a_gene_dose=1.0)
    assert evaluate(splicing.unc13a, mouse)["soma.unc13a"] == 1
    v = drawn(release.release)
    full, half = (evaluate(release.release, {**v, "soma_unc13a": x})["nmj.quantal_content"] for x in (1.0, 0.5))
    assert half == pytest.approx(full / 2, rel=1e-12)


def test_added_uptake_halves_the_drive() -> None:
    v = drawn(oxidative.excitotoxicity, soma_reactive_oxygen=1.7)
    none, one = (
        evaluate(oxidative.excitotoxicity, {**v, "glutamate_uptake_added": added})["glutamate.excitotoxic_drive"]
        for added in (0.0, 1.0)
    )
    assert one == pytest.approx(none / 2, rel=1e-12)


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


def test_sarm1_does_not_matter_to_sod1_mice() -> None:
    whole, without = run("sod1-g93a"), run("sod1-g93a", sarm1__activity=0)
    assert without.landmark("end") == pytest.approx(whole.landmark("end"), rel=0.02)


def test_sarm1_matters_to_tdp43_mice() -> None:
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
        ({"oligodendrocyte__support": 0.5}, False),
        ({"dynein__competence": 0.5}, False),
        ({"autophagy__capacity": 0.8}, False),
        ({"sarm1__activity": 3, "nmnat2__level": 0.6}, False),
    ],
)
def test_the_sign_of_each_in_a_sod1_mouse(change: dict[str, float], longer: bool) -> None:
    untreated, changed = run("sod1-g93a").landmark("end"), run("sod1-g93a", **change).landmark("end")
    assert (changed > untreated + 0.05) if longer else (changed < untreated - 0.05)


HARMS = (
    "energy.oxidative_loss", "energy.microglial_loss", "energy.tcell_loss", "energy.excitotoxic_loss",
    "energy.sod1_loss", "energy.macrophage_loss", "energy.oligodendrocyte_loss", "energy.sarm1_loss",
    "pool.harm_by_microglia", "pool.harm_by_tcells", "pool.harm_by_excitotoxicity", "pool.harm_by_oxygen",
    "pool.harm_by_unc13a",
)  # fmt: skip


@pytest.mark.parametrize("harm", HARMS)
def test_no_harm_lengthens_the_life_of_a_sod1_mouse(harm: str) -> None:
    """Harm calls microglia that clear protein, and must not be worth it."""
    untreated = run("sod1-g93a").landmark("end")
    doubled = _run("sod1-g93a", json.dumps({"multiply": {harm: 2}})).landmark("end")
    none = _run("sod1-g93a", json.dumps({"multiply": {harm: 0}})).landmark("end")
    assert doubled <= untreated + 0.01
    assert none >= untreated - 0.01


def test_less_ataxin2_lengthens_the_life_of_tdp43_mice() -> None:
    ends = [run("tdp43-dose", tdp43__transgene=1.2, ataxin2__level=x).landmark("end") for x in (1.3, 1, 0.5)]
    assert ends[0] < ends[1] < ends[2]


def test_a_transport_defect_and_lost_support_show_before_neurons_are_lost() -> None:
    course = run("sod1-g93a")
    day = course.crossing(course.values["lumbar.pool.neurons"], 0.95, falling=True)
    assert 40 < day < course.landmark("signs")
    for name in ("lumbar.axon.retrograde", "lumbar.oligodendrocyte.supply"):
        assert course.at(name, day) < 0.95, f"{name} has lost less than the pool"


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="measured 0.003 on day 49, when 5 % of neurons are lost; wanted above 0.02",
)
def test_stress_granules_persist_before_neurons_are_lost() -> None:
    course = run("sod1-g93a")
    day = course.crossing(course.values["lumbar.pool.neurons"], 0.95, falling=True)
    assert course.at("lumbar.soma.stress_granules", day) > 0.02


def test_markers_of_oxidation_rise_each_at_its_pace() -> None:
    course = run("sod1-g93a")
    oxygen, dna, lipid, protein = (
        course.at(name, 80) for name in ("lumbar.soma.reactive_oxygen", "damage.dna", "damage.lipid", "damage.protein")
    )
    assert oxygen > dna > lipid > protein > 1.02


def test_health_knows_nothing_of_all_this() -> None:
    """A healthy mouse of a year: every factor at one, every sum at zero."""
    course = trace(Arm.model_validate({}), "mouse", READS, {})
    for name in ("lumbar.axon.retrograde", "lumbar.oligodendrocyte.supply", "damage.dna"):
        assert course.at(name, 365) == pytest.approx(1, abs=0.01), name
    assert course.at("lumbar.soma.stress_granules", 365) < 0.002
    assert course.at("lumbar.pool.neurons", 365) > 0.98
