"""Double programming: every equation of the disease and the clinic, written a second time in plain arithmetic.

A cohort's median moves little when one term of one equation is wrong, so the tests of published observations do not
see it. Here each mechanism is called with numbers and compared with its own docstring's equation, written by hand in
``equations`` from the text and not from the code. Some properties that an equation must have stand below.
"""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from equations import SECOND, axon, clinic_and_system, glia_and_immune, muscle_and_pool, soma

from charcot import patients
from charcot.clinic.mechanisms import function
from charcot.core.expression import constant, is_constant
from charcot.disease.mechanisms.biomarker import fluids
from charcot.disease.mechanisms.immune import tcells
from charcot.disease.mechanisms.pool import cranial, lower
from charcot.disease.mechanisms.system import spread
from charcot.model.algebra import Indexed
from charcot.model.definition import STRUCTURE, number_scope
from charcot.model.mechanism import Mechanism

FILES = (axon, soma, glia_and_immune, muscle_and_pool, clinic_and_system)
DEFINITION = patients.definition()
MECHANISMS = {m.name: m for m in DEFINITION.mechanisms}
CLASSES = range(1, 5)
SHARES = ("axon_failure",)  # an equation has one minus these under a power


def drawn(mechanism: Mechanism, seed: int = 3, most: float = 0.9, **given):
    """A value for each argument that is not given, by its scope: numbers below 0.9, what ports hold up to ``most``."""
    random = np.random.default_rng(seed)
    values = {name: _drawn(name, mechanism.scope, random, most) for name in mechanism.arguments}
    return values | ({"function_item_points": 4.0} if "function_item_points" in values else {}) | given


def _drawn(argument, scope, random, most):
    if argument in STRUCTURE:
        return {k: (k - 0.5) / len(CLASSES) for k in CLASSES}
    name = DEFINITION.identifiers[argument]
    port = DEFINITION.port.get(name)
    reach = port.scope if port else number_scope(DEFINITION.number_rows[name])
    regions = DEFINITION.regions
    labels = {
        "pair": [(a, b) for a in regions for b in regions if a != b],
        "region": regions if scope == "person" else None,
        "class": CLASSES,
    }.get(reach)
    most = most if port and argument not in SHARES else 0.9
    if reach == "class" and scope == "person":
        return {r: dict(zip(CLASSES, random.uniform(0.2, most, 4), strict=True)) for r in regions}
    return {label: random.uniform(0.2, most) for label in labels} if labels else random.uniform(0.2, most)


def evaluate(mechanism: Mechanism, values) -> dict[str, float | dict]:
    """What the mechanism writes, in numbers; a family of values goes in and comes out as a dictionary."""
    made = mechanism.function(**{name: _symbolic(value) for name, value in values.items()})
    return {name: _number(value) for name, value in made.items()}


def _symbolic(value):
    return Indexed({k: _symbolic(v) for k, v in value.items()}) if isinstance(value, dict) else constant(float(value))


def _number(value):
    if isinstance(value, Indexed | dict):
        entries = value.entries if isinstance(value, Indexed) else value
        return {k: _number(v) for k, v in entries.items()}
    assert is_constant(value), value
    return value.value


def _plain(value):
    """A family over classes as an array, one by region as a dictionary."""
    if not isinstance(value, dict):
        return value
    return np.array([*value.values()]) if 1 in value else {k: _plain(v) for k, v in value.items()}


@pytest.mark.parametrize("name", sorted(MECHANISMS))
@pytest.mark.parametrize(("seed", "most"), [(3, 0.9), (4, 1.8), (5, 1.8)])
def test_an_equation_is_what_its_text_says(name, seed, most):
    mechanism = MECHANISMS[name]
    v = drawn(mechanism, seed, most)
    found = evaluate(mechanism, v)
    expected = SECOND[name](SimpleNamespace(**{k: _plain(x) for k, x in v.items()}))
    assert {*found} == {*expected}
    for port, value in expected.items():
        own = _plain(found[port])
        if isinstance(value, dict):
            assert own == pytest.approx(value, rel=1e-11), port
        else:
            assert own == pytest.approx(np.broadcast_to(value, np.shape(own)), rel=1e-11, abs=1e-14), port


def test_every_mechanism_is_written_twice():
    assert {*SECOND} == {*MECHANISMS}
    assert all(file.__doc__ for file in FILES)


def test_regulatory_cells_hold_effector_cells_back():
    v = drawn(tcells.t_cells)
    more = evaluate(tcells.t_cells, {**v, "immune_treg": v["immune_treg"] + 1})
    assert more["d/dt immune.cd8"] < evaluate(tcells.t_cells, v)["d/dt immune.cd8"]


def test_regulatory_cells_keep_effector_cells_out():
    v = drawn(tcells.infiltration)
    held_out = evaluate(tcells.infiltration, {**v, "immune_treg": 3.0})
    assert held_out["immune.infiltration"] < evaluate(tcells.infiltration, v)["immune.infiltration"]


def test_neurofilament_decays_with_its_half_life():
    v = drawn(fluids.neurofilament, pool_loss_flux={"bulbar": 0.0, "lumbar": 0.0})
    v |= {"person_age": v["biomarker_nfl_age_reference"], "biomarker_nfl_normal": 0.0}
    found = evaluate(fluids.neurofilament, v)
    # nothing is released: after one half-life half is left
    after = v["biomarker_nfl_csf"] * math.exp(
        found["d/dt biomarker.nfl_csf"] / v["biomarker_nfl_csf"] * v["biomarker_nfl_half_life"]
    )
    assert after == pytest.approx(v["biomarker_nfl_csf"] / 2, rel=1e-12)


def of_all(value: float) -> dict[int, float]:
    return dict.fromkeys(CLASSES, value)


def test_each_state_of_a_motor_neuron_ages():
    """Without disease living neurons and those that hold muscle are lost at the rate of ageing and at no other."""
    quiet = dict.fromkeys(("pool_death_rate", "nmj_denervation_rate", "nmj_reinnervation_rate"), of_all(0.0))
    v = drawn(lower.pools, **quiet, nmj_overload_rate=0.0)
    found = evaluate(lower.pools, v)
    for state in ("alive", "innervating"):
        for k in CLASSES:
            rate = found[f"d/dt pool.{state}"][k] / v[f"pool_{state}"][k]
            assert rate == pytest.approx(-v["pool_ageing_rate"], rel=1e-12), (state, k)
    v = drawn(cranial.resistant_nuclei, pool_death_rate={"bulbar": of_all(0.0)})
    found = evaluate(cranial.resistant_nuclei, v)
    assert found["d/dt cranial.neurons"] / v["cranial_neurons"] == pytest.approx(-v["pool_ageing_rate"])


def test_who_holds_muscle_is_alive():
    """Where all living neurons of a class hold muscle, those that hold it fall at least as fast as the living."""
    v = drawn(lower.pools)
    v["pool_innervating"] = v["pool_alive"]
    found = evaluate(lower.pools, v)
    assert all(found["d/dt pool.innervating"][k] < found["d/dt pool.alive"][k] for k in CLASSES)


def test_fast_and_slow_units_are_all_units():
    v = drawn(lower.pools)
    found = evaluate(lower.pools, v)
    fast = v["pool_fast_share"]
    both = fast * found["pool.fast_units"] + (1 - fast) * found["pool.slow_units"]
    assert both == pytest.approx(found["pool.motor_units"], rel=1e-12)


def test_the_classes_of_a_pool_stand_around_its_median():
    """Half of the classes resist less than the median neuron; without a spread all are alike."""
    v = drawn(lower.resistance)
    found = [*evaluate(lower.resistance, v)["pool.resistance"].values()]
    assert found == sorted(found)
    assert found[1] < 1 < found[2]
    median = {1: 0.5}
    assert evaluate(lower.resistance, {**v, "class_quantile": median})["pool.resistance"][1] == pytest.approx(1)
    alike = evaluate(lower.resistance, {**v, "pool_class_spread": 0.0})["pool.resistance"]
    assert {*alike.values()} == {1.0}


def test_seeds_go_from_donor_to_receiver():
    """influx_r = k tempo sigma_r sum_j W_rj phi_j: the weights are not symmetric, and the first index receives."""
    loads = ("soma_aggregate", "soma_sod1_misfolded", "soma_fus_condensate", "lesion_load", "upper_aggregate")
    empty = dict.fromkeys(DEFINITION.regions, 0.0)
    v = drawn(spread.spread) | dict.fromkeys(loads, empty)
    v |= {"soma_aggregate": {**empty, "bulbar": 0.5}, "spread_descending": 0.0}
    v["spread_weight"] = dict.fromkeys(v["spread_weight"], 0.0) | {("lumbar", "bulbar"): 1.0}
    found = evaluate(spread.spread, v)["spread.influx"]
    assert found["lumbar"] > 0
    assert found["bulbar"] == found["cervical"] == found["thoracic"] == 0


def test_nobody_dies_of_the_disease_before_it():
    v = drawn(function.survival, clinic_survival_hazard=0.01)
    at_risk = evaluate(function.survival, {**v, "survival_at_risk": 1.0})
    before = evaluate(function.survival, {**v, "survival_at_risk": 0.0})
    assert at_risk["d/dt clinic.survival.cumulative_hazard"] == pytest.approx(0.01)
    assert before["d/dt clinic.survival.cumulative_hazard"] == 0
