"""Numbers that cannot be: refused where they are set, held where they are drawn, and named where a state falls below
zero all the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from charcot import patients
from charcot.core.bounds import read_bounds
from charcot.core.errors import Problems
from charcot.core.expression import constant, symbol
from charcot.core.program import Parameter, Program, Readout, State
from charcot.core.result import Status
from charcot.engine import simulate as run_engine
from charcot.fitting.numbers import changed, free_numbers
from charcot.model.compose import check
from charcot.model.definition import number_symbols
from charcot.patients import Assumed
from charcot.patients.cohort import DRAWN
from charcot.patients.courses import parameters_of

PARTS = ("tdp43.nuclear_share", "tdp43.cytoplasmic_share")


@pytest.mark.parametrize(
    ("text", "unit", "words", "inside", "outside"),
    [
        ("", "1", "0 or more", [0.0, 5.0], [-1e-9, np.nan, np.inf]),
        ("", "day", "above 0", [0.1], [0.0, -1.0]),
        ("", "mm", "above 0", [0.1], [0.0]),
        ("share", "1", "0 to 1", [0.0, 1.0], [-0.1, 1.1]),
        ("any", "1", "any number", [-5.0], [np.nan, -np.inf]),
        ("above 0 to 1", "1", "above 0 to 1", [1.0], [0.0, 1.1]),
        ("1 or more", "fold", "1 or more", [1.0, 9.0], [0.9]),
    ],
)
def test_a_range_says_what_it_holds(text, unit, words, inside, outside):
    bounds = read_bounds(text, unit)
    assert str(bounds) == words
    assert bounds.hold(np.array(inside)).all()
    assert not bounds.hold(np.array(outside)).any()


@pytest.mark.parametrize("text", ["shares", "0 until 1", "one to two", "1 to 0", "above"])
def test_a_range_that_is_none_is_refused(text):
    with pytest.raises(ValueError):
        read_bounds(text)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"autophagy.share_of_clearance": -3.0}, "autophagy.share_of_clearance is -3, but must be 0 to 1"),
        ({"energy.floor": 1.5}, "energy.floor is 1.5, but must be 0 to 1"),
        ({"sod1.half_life": 0.0}, "sod1.half_life is 0, but must be above 0"),
        ({"condensate.threshold": np.nan}, "condensate.threshold is nan, but must be 0 or more"),
        ({"tempo.drift_spread": np.inf}, "tempo.drift_spread is inf, but must be 0 or more"),
        (dict.fromkeys(PARTS, 0.6), " + ".join(PARTS) + " is 1.2, above 1"),
        ({"tdp43.cytoplasmic_share": 0.3}, "tdp43.nuclear_share + tdp43.cytoplasmic_share is 1.085, above 1"),
    ],
)
def test_impossible_values_are_refused_wherever_a_model_is_changed(values, text):
    with pytest.raises(Problems) as found:
        Assumed(overrides=values)
    assert text in str(found.value)
    if set(values) & set(DRAWN):
        return
    person = patients.typical_cohort(["lumbar"], 58.0, copies=2)
    for way in (
        {"overrides": values},
        {"shared": values},
        {"overrides": {k: np.array([1e-6, v]) for k, v in values.items()}},
    ):
        with pytest.raises(Problems, match="cannot be simulated") as found:
            patients.simulate(person, **way)
        assert "must be" in str(found.value) or "above 1" in str(found.value)


def test_one_value_for_each_patient_must_be_as_many_as_patients():
    person = patients.typical_cohort(["lumbar"], 58.0, copies=2)
    with pytest.raises(Problems, match=r"energy.floor has the shape \(3,\)"):
        patients.simulate(person, overrides={"energy.floor": np.full(3, 0.1)})


def _drawn(spread: float) -> patients.Cohort:
    cohort = patients.draw_cohort(patients.load_population("incident"), 400, 3)
    rng = np.random.default_rng(1)
    moved = {name: spread * rng.standard_normal(400) for name in (*PARTS, "energy.floor", "cytokine.tnf_strength")}
    return replace(cohort, deviations={**cohort.deviations, **moved})


def test_drawn_shares_stay_between_zero_and_one_together():
    model = patients.program()
    cohort = _drawn(2.0)
    table = parameters_of(cohort, model)
    columns = [model.index("parameter", name) for name in PARTS]
    total = table[:, columns].sum(axis=1)
    assert total.max() <= 1 + 1e-12
    assert 0.2 < np.mean(total > 1 - 1e-9) < 0.9  # many would exceed one
    wanted = model.parameter_table(400)[:, columns] * np.exp(np.array([cohort.deviations[n] for n in PARTS]).T)
    over = (wanted.sum(axis=1) > 1) & (wanted.max(axis=1) < 1)
    np.testing.assert_allclose(table[over][:, columns], wanted[over] / wanted[over].sum(axis=1, keepdims=True))
    known = number_symbols(patients.definition())
    for i, name in enumerate(model.parameter_names):
        assert known[name].bounds.hold(table[:, i]).all(), name
    few = parameters_of(cohort.take([7, 3]), model)
    np.testing.assert_array_equal(few, table[[7, 3]])  # nobody depends on the company


def test_a_share_that_is_set_is_kept_and_a_drawn_one_has_the_rest():
    from charcot.patients.courses import _overridden

    model = patients.program()
    table = _overridden(parameters_of(_drawn(2.0), model), model, (), {PARTS[0]: 0.7})
    columns = [model.index("parameter", name) for name in PARTS]
    assert (table[:, columns[0]] == 0.7).all()
    assert table[:, columns[1]].max() == pytest.approx(0.3)


def test_a_search_that_proposes_too_much_is_held_and_a_share_never_leaves_its_bounds():
    under = changed(dict.fromkeys(PARTS, 0.9))
    assert sum(under.overrides[name] for name in PARTS) == pytest.approx(1.0)
    assert under.overrides[PARTS[0]] == under.overrides[PARTS[1]]
    for number in free_numbers(PARTS):
        assert number.value(50.0) == 1.0
        assert 0 < number.value(-5.0) < number.value(0.0)


def test_the_tables_are_checked_against_their_own_bounds_and_sums():
    whole = patients.definition()
    wrong = {"tdp43.cytoplasmic_share": 0.9, "energy.floor": 2.0}
    numbers = tuple(replace(n, value=wrong.get(n.name, n.value)) for n in whole.numbers)
    found = {problem.code: problem for problem in check(replace(whole, numbers=numbers))}
    assert found["out-of-range"].message == "energy.floor is 2, but must be 0 to 1"
    assert str(found["out-of-range"].where).startswith("axon.csv:")
    assert found["sum-exceeded"].message.endswith("is 1.685, above 1")
    assert str(found["sum-exceeded"].where).startswith("sums.csv:")


def test_every_state_is_an_amount_or_a_share_but_the_drift_of_the_tempo():
    signed = [state.name for state in patients.program().states if state.lower != 0]
    assert signed == ["person.tempo_drift"]


@pytest.mark.parametrize("reported", [True, False])
def test_a_negative_state_is_a_failure_with_a_name(reported):
    """dx/dt = -rate, dy/dt = x: x falls below zero in those who lose more than they have, y tells of it or not."""
    rate = Parameter("rate", "1/day", 0.0)
    x = State("x", "1", constant(1), constant(0) - symbol("rate"), 1.0, 0.0)
    signed = State("y", "1", constant(0), constant(0) - symbol("x"), 1.0)
    seen = Readout("seen", "1", symbol("x") if reported else symbol("y"))
    model = Program((x, signed), (rate,), (), (seen,))
    result = run_engine(model, np.array([[0.5], [1.5], [0.99999999]]), np.linspace(0.0, 1.0, 3))
    assert list(result.status) == [Status.COMPLETED, Status.NEGATIVE_STATE, Status.COMPLETED]
    assert result.failed.tolist() == [False, True, False]
    assert "look for shares that sum above one" in Status.NEGATIVE_STATE.sentence
