"""The ENCALS survival score and the TRICALS risk profile, from eight predictors at diagnosis.

    LP = b1 (s + 0.1)^-1/2 + b2 [(d/10)^-1/2 + ln(d/10)] + b3 (a/100)^-2 + b4 [(f/100)^-1 + (f/100)^-1/2]
         + b5 bulbar + b6 definite + b7 dementia + b8 C9orf72

The ENCALS model is of Royston and Parmar on the scale of log odds: with x = ln(months from onset),

    S(t) = 1 / (1 + exp(g0 + g1 x + g2 v2(x) + g3 v3(x) + LP)),
    v_j(x) = (x - k_j)+^3 - l_j (x - k_1)+^3 - (1 - l_j) (x - k_4)+^3,      l_j = (k_4 - k_j) / (k_4 - k_1).

Coefficients and knots are transcribed from public code (Westeneng 2018); they give its printed values. The term of the
delay is least at 2.5 months and rises again below, which no patient can mean: a shorter delay counts as 2.5 months, and
that is said.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

import numpy as np

from charcot.core.errors import Problem, Severity, raise_if_any

SPLINE = (-6.409, 2.643, -0.546, 0.585)  # g0 to g3
KNOTS = (0.081, 3.108, 3.638, 5.917)  # of the natural logarithm of months
TURN = 2.5  # months: the delay at which its term is least, (d/10)^1/2 = 1/2
# What a predictor can be at all, and what patients of the model's cohorts are: outside of the second it is warned.
_POSSIBLE = {"slope": (0.0, 48.0), "delay": (0.0, 600.0), "age": (0.0, 120.0), "vital_capacity": (1.0, 200.0)}
_USUAL = {"slope": (0.0, 10.0), "delay": (TURN, 240.0), "age": (18.0, 100.0), "vital_capacity": (15.0, 150.0)}
_UNITS = {"slope": "points/month", "delay": "months", "age": "years", "vital_capacity": "% predicted"}
_FLAGS = ("bulbar", "definite", "dementia", "c9orf72")
_LONGEST = 1e5  # months: the search for a median ends there


@dataclass(frozen=True)
class Predictors:
    """What is known at diagnosis, (patients,) each.

    Attributes:
        slope: points lost a month since onset, (48 - score) / delay, not negative.
        delay: months from onset to diagnosis.
        age: years at onset; ``vital_capacity``: forced or slow, % predicted.
        bulbar, definite, dementia, c9orf72: 1 or 0 (or true and false).
    """

    slope: np.ndarray
    delay: np.ndarray
    age: np.ndarray
    vital_capacity: np.ndarray
    bulbar: np.ndarray
    definite: np.ndarray
    dementia: np.ndarray
    c9orf72: np.ndarray


@dataclass(frozen=True)
class Score:
    """``linear_predictor``: (patients,), higher is shorter survival; ``doubts``: warnings about predictors, by name."""

    linear_predictor: np.ndarray
    doubts: tuple[Problem, ...]


@cache
def coefficients(score: str) -> dict[str, float]:
    """The coefficients of ``encals`` or ``tricals`` by term."""
    with (files("charcot.clinic") / "scores.csv").open(encoding="utf-8") as file:
        return {row["term"]: float(row["value"]) for row in csv.DictReader(file) if row["score"] == score}


def encals(predictors: Predictors) -> Score:
    """The ENCALS linear predictor; raises :class:`charcot.core.errors.Problems` for what no patient can be."""
    return _score("encals", predictors)


def tricals(predictors: Predictors) -> Score:
    """The TRICALS risk profile, which knows no C9orf72; raises as :func:`encals` does."""
    return _score("tricals", predictors)


def _score(name: str, predictors: Predictors) -> Score:
    p = Predictors(*(np.atleast_1d(np.asarray(getattr(predictors, f.name), dtype=float)) for f in fields(predictors)))
    raise_if_any(list(_impossible(p)), f"the {name.upper()} score cannot be computed")
    b = coefficients(name)
    delay = np.maximum(p.delay, TURN) / 10
    value = (
        b["slope"] * (p.slope + 0.1) ** -0.5
        + b["delay"] * (delay**-0.5 + np.log(delay))
        + b["age"] * (p.age / 100) ** -2
        + b["vital_capacity"] * ((p.vital_capacity / 100) ** -1 + (p.vital_capacity / 100) ** -0.5)
    )
    value = value + sum(b[flag] * getattr(p, flag) for flag in _FLAGS)
    return Score(np.asarray(value), tuple(_unusual(p)))


def _impossible(p: Predictors) -> Iterator[Problem]:
    for name, (low, high) in _POSSIBLE.items():
        values = getattr(p, name)
        # A delay or an age of 0 makes a term infinite.
        wrong = ~((values >= low) & (values <= high)) | ((values == 0) & (name != "slope"))
        if wrong.any():
            yield _named("impossible-value", name, values, wrong, f"It must lie from {low:g} to {high:g}.")
    for name in _FLAGS:
        values = getattr(p, name)
        wrong = ~np.isin(values, (0.0, 1.0))
        if wrong.any():
            yield _named("impossible-value", name, values, wrong, "It is 1 for yes or 0 for no.")


def _unusual(p: Predictors) -> Iterator[Problem]:
    for name, (low, high) in _USUAL.items():
        values = getattr(p, name)
        wrong = (values < low) | (values > high)
        if not wrong.any():
            continue
        hint = f"The model was made of patients from {low:g} to {high:g}: take the score with care."
        if name == "delay" and (values < TURN).any():
            hint = f"Below {TURN:g} months the term of the delay turns round; it is held at {TURN:g}, not extrapolated."
        yield _named("unusual-value", name, values, wrong, hint, Severity.WARNING)


def _named(
    code: str, name: str, values: np.ndarray, wrong: np.ndarray, hint: str, severity: Severity = Severity.ERROR
) -> Problem:
    first = int(np.flatnonzero(wrong)[0])
    many = f" (and {wrong.sum() - 1} more)" if wrong.sum() > 1 else ""
    unit = f" {_UNITS[name]}" if name in _UNITS else ""
    return Problem(code, f"{name} of patient {first + 1} is {values[first]:g}{unit}{many}", None, hint, severity)


def encals_survival(linear_predictor: np.ndarray, months: np.ndarray | float) -> np.ndarray:
    """Predicted share alive without tracheostomy or ventilation for 23 hours a day, so many months after onset; the two
    arrays are broadcast. 1 at 0 months."""
    t = np.asarray(months, dtype=float)
    with np.errstate(divide="ignore", over="ignore"):
        odds = np.exp(_log_odds(np.log(t)) + np.asarray(linear_predictor, dtype=float))
    return np.asarray(np.where(t > 0, 1 / (1 + odds), 1.0))


def encals_median(linear_predictor: np.ndarray) -> np.ndarray:
    """Predicted median months from onset, by bisection on the logarithm; infinite beyond 100,000 months."""
    lp = np.atleast_1d(np.asarray(linear_predictor, dtype=float))
    low, high = np.full(lp.shape, -10.0), np.full(lp.shape, np.log(_LONGEST))
    for _ in range(60):
        middle = (low + high) / 2
        before = _log_odds(middle) + lp < 0
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    return np.where(_log_odds(np.log(_LONGEST)) + lp < 0, np.inf, np.exp((low + high) / 2))


def _log_odds(x: np.ndarray | float) -> np.ndarray:
    """The baseline log odds of the event by ln(months)."""
    x = np.asarray(x, dtype=float)

    def cubed(knot: float) -> np.ndarray:
        return np.asarray(np.maximum(x - knot, 0.0) ** 3)

    total = SPLINE[0] + SPLINE[1] * x
    for coefficient, knot in zip(SPLINE[2:], KNOTS[1:3], strict=True):
        share = (KNOTS[3] - knot) / (KNOTS[3] - KNOTS[0])
        total = total + coefficient * (cubed(knot) - share * cubed(KNOTS[0]) - (1 - share) * cubed(KNOTS[3]))
    return np.asarray(total)
