"""Two programs for every question: switches and products that are not given change nothing."""

from __future__ import annotations

import numpy as np
import pytest

from charcot import patients
from charcot.core.expression import to_python
from charcot.core.program import Program
from charcot.model.compose import switch_name
from charcot.patients import Assumed, assemble, draw_cohort, load_population
from charcot.patients.courses import parameters_of
from charcot.treatments import Regimen

MECHANISMS = patients.definition().mechanisms[::9]


def rates(program: Program, parameters: dict[str, float], states: dict[str, float]) -> dict[str, float]:
    """The rates and read-outs of ``program``, by name, from plain Python."""
    roots = [s.rate for s in program.states] + [r.expression for r in program.readouts]
    arguments = {"x": program.state_names, "p": program.parameter_names, "u": program.input_names}
    values = to_python(roots, arguments)(
        [states[name] for name in program.state_names],
        [parameters[p.name] for p in program.parameters],
        [entry.value for entry in program.inputs],
    )
    names = [f"d/dt {name}" for name in program.state_names] + list(program.readout_names)
    return dict(zip(names, map(float, values), strict=True))


@pytest.fixture(scope="module")
def numbers():
    """Parameters of the laboratory, and states that are like no healthy person's."""
    whole = patients.laboratory(treated=True)
    rng = np.random.default_rng(4)
    healthy = whole.initial_states(whole.parameter_table(1))[0]
    given = healthy * rng.uniform(0.6, 0.95, len(healthy))
    given = [0.0 if name.startswith("drug.") else float(v) for name, v in zip(whole.state_names, given, strict=True)]
    return {p.name: p.value for p in whole.parameters}, dict(zip(whole.state_names, given, strict=True))


def test_a_switch_for_each_mechanism_and_all_of_them_on():
    switches = {p.name: p.value for p in patients.laboratory(treated=True).parameters if p.name.startswith("switch.")}
    known = {m.name for m in patients.definition(assemble.all_products()).mechanisms}
    # Of the mechanisms that nothing reads there is none: they would switch nothing.
    assert set(switches) <= {switch_name(name) for name in known}
    assert {switch_name(m.name) for m in patients.definition().mechanisms} <= set(switches)
    assert set(switches.values()) == {1.0}


@pytest.mark.parametrize("name", ["", *(m.name for m in MECHANISMS)])
def test_a_switched_mechanism_is_one_that_was_left_out_when_composed(name: str, numbers):
    parameters, states = numbers
    off = frozenset({name}) - {""}
    alone = rates(assemble.program(off=off), parameters, states)
    switched = rates(patients.laboratory(treated=True), parameters | {switch_name(m): 0.0 for m in off}, states)
    for key, value in alone.items():
        assert switched[key] == pytest.approx(value, rel=1e-12, abs=1e-300), key


def test_a_treated_course_is_the_same_in_the_company_of_all_products():
    cohort = draw_cohort(load_population("sporadic"), 8, 5)
    regimens, day = [[Regimen.parse(product="riluzole")]] * 8, np.full(8, 200.0)
    options = {"horizon_years": 4.0, "step_days": 100.0}
    alone = patients.simulate(cohort, regimens, day, **options)
    together = Assumed().simulate(cohort, regimens, day, **options)
    assert Assumed().program(("riluzole",)) is Assumed().program(()) is patients.laboratory(treated=True)
    assert Assumed().program() is patients.laboratory() is not patients.laboratory(treated=True)
    np.testing.assert_allclose(together.result.values, alone.result.values, rtol=1e-6, atol=1e-9)


def test_mechanisms_of_the_assumption_and_of_the_call_are_both_off():
    cohort = draw_cohort(load_population("sporadic"), 2, 5)
    found = Assumed(off=frozenset({"junction.sprouting"}))
    table = parameters_of(cohort, found.program(), off=found.off | {"spread.spread"})
    names = found.program().parameter_names
    off = {n for n, column in zip(names, table.T, strict=True) if n.startswith("switch.") and (column == 0).all()}
    assert off == {"switch.junction.sprouting", "switch.spread.spread"}


def test_a_mechanism_without_a_switch_is_named_with_the_nearest():
    cohort = draw_cohort(load_population("sporadic"), 1, 5)
    with pytest.raises(KeyError, match=r"'junction\.sproutin'.*Did you mean junction\.sprouting"):
        patients.simulate(cohort, off=frozenset({"junction.sproutin"}))
