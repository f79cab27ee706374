"""ENCALS and TRICALS against printed values, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from charcot.clinic.scores import Predictors, encals, encals_median, encals_survival, tricals
from charcot.core.errors import Problems, Severity

PRINTED = [
    (-8, 114.31, 0.9932, 0.8624),
    (-6, 56.89, 0.9521, 0.4589),
    (-5, 41.83, 0.8796, 0.2378),
    (-4, 31.49, 0.7289, 0.1030),
    (-3, 23.93, 0.4973, 0.0405),
    (-2, 18.04, 0.2668, 0.0153),
]


def patient(**changed: float) -> Predictors:
    plain = {"slope": 0.7, "delay": 10.0, "age": 60.0, "vital_capacity": 90.0}
    plain |= dict.fromkeys(("bulbar", "definite", "dementia", "c9orf72"), 0.0)
    return Predictors(**{name: np.atleast_1d(value) for name, value in {**plain, **changed}.items()})


@pytest.mark.parametrize(("score", "median", "two_years", "five_years"), PRINTED)
def test_survival_meets_the_printed_values_to_their_digits(score, median, two_years, five_years):
    assert round(float(encals_median(np.array([score]))[0]), 2) == median
    assert round(float(encals_survival(score, 24.0)), 4) == two_years
    assert round(float(encals_survival(score, 60.0)), 4) == five_years


@pytest.mark.parametrize("score", [encals, tricals])
def test_the_linear_predictor_where_the_delay_turns_meets_the_printed_value(score):
    assert round(float(score(patient(delay=2.5)).linear_predictor[0]), 2) == -3.22


def test_a_delay_below_the_turn_is_held_and_warned_by_name():
    held, at = encals(patient(delay=1.0)), encals(patient(delay=2.5))
    assert held.linear_predictor == pytest.approx(at.linear_predictor)  # -3.80 if it were extrapolated
    assert [(p.code, p.severity) for p in held.doubts] == [("unusual-value", Severity.WARNING)]
    assert "delay" in held.doubts[0].message
    assert "2.5" in held.doubts[0].hint
    assert not at.doubts


def test_each_sign_is_that_of_the_published_hazard_ratio():
    base = float(encals(patient()).linear_predictor[0])
    for worse in ({"slope": 1.4}, {"delay": 5.0}, {"age": 70.0}, {"vital_capacity": 60.0}, {"bulbar": 1.0},
                  {"definite": 1.0}, {"dementia": 1.0}, {"c9orf72": 1.0}):  # fmt: skip
        assert float(encals(patient(**worse)).linear_predictor[0]) > base, worse


def test_flags_add_their_coefficients_and_tricals_knows_no_c9orf72():
    def added(score, flag):
        return float(score(patient(**{flag: 1.0})).linear_predictor[0] - score(patient()).linear_predictor[0])

    flags = ("bulbar", "definite", "dementia", "c9orf72")
    assert [round(added(encals, flag), 3) for flag in flags] == [0.269, 0.233, 0.388, 0.256]
    assert [round(added(tricals, flag), 3) for flag in flags] == [0.271, 0.238, 0.415, 0.0]


def test_everything_impossible_is_refused_by_name_at_once():
    with pytest.raises(Problems) as raised:
        encals(patient(slope=-0.1, delay=0.0, age=np.nan, vital_capacity=0.0, bulbar=2.0))
    messages = " ".join(problem.message for problem in raised.value.problems)
    assert len(raised.value.problems) == 5
    assert all(name in messages for name in ("slope", "delay", "age", "vital_capacity", "bulbar"))


def test_unusual_predictors_are_warned_by_name():
    doubts = encals(patient(age=14.0, vital_capacity=170.0)).doubts
    assert {doubt.message.split()[0] for doubt in doubts} == {"age", "vital_capacity"}


def test_survival_falls_from_one():
    months = np.array([0.0, 1.0, 12.0, 60.0, 300.0])
    curve = encals_survival(-4.0, months)
    assert curve[0] == 1
    assert (np.diff(curve) < 0).all()
    assert np.isinf(encals_median(np.array([-60.0]))).all()
