"""Estimates from the courses of many: slopes, survival, hazards, each as the publications of this field compute it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from charcot.core import mixed_model

ROUNDING = 1e-12  # of a share alive: what is exactly a half by counting is a half


@dataclass(frozen=True)
class Curve:
    """Kaplan-Meier at the distinct times of events, each (k,): ``survival`` after it, ``greenwood`` the sum of
    d / (Y (Y - d)) so far, ``events`` d and ``at_risk`` Y. Kaplan and Meier 1958, with Greenwood's variance."""

    times: np.ndarray
    survival: np.ndarray
    greenwood: np.ndarray
    events: np.ndarray
    at_risk: np.ndarray


def survival_curve(time: np.ndarray, observed: np.ndarray) -> Curve:
    """The curve of (n,) times to an event or to the last sight, in any unit; ``observed`` (n,) bool: which of the two.
    Who is last seen at the time of an event is at risk then."""
    times, events = np.unique(time[observed], return_counts=True)
    at_risk = len(time) - np.searchsorted(np.sort(time), times, side="left")
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = events / (at_risk * (at_risk - events))
    survival = np.cumprod(1.0 - events / at_risk)
    return Curve(times, survival, np.cumsum(terms), events.astype(float), at_risk.astype(float))


def kaplan_meier(time: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The times of :func:`survival_curve`, ascending, and the share alive from each on."""
    curve = survival_curve(time, observed)
    return curve.times, curve.survival


def share_without(time: np.ndarray, observed: np.ndarray, at: float) -> float:
    """The Kaplan-Meier share without the event at the time ``at``; NaN where nobody is followed for so long."""
    if not len(time) or (at > time.max() and not observed[time == time.max()].any()):
        return float("nan")
    times, alive = kaplan_meier(time, observed)
    return float(np.concatenate([[1.0], alive])[np.searchsorted(times, at, side="right")])


def median_time(time: np.ndarray, observed: np.ndarray) -> float:
    """The Kaplan-Meier median; infinite where fewer than half come to the event, NaN of nobody."""
    if not len(time):
        return float("nan")
    times, alive = kaplan_meier(time, observed)
    reached = alive <= 0.5 + ROUNDING
    return float(times[reached.argmax()]) if reached.any() else float("inf")


def cox(frame: pd.DataFrame, name: str) -> tuple[float, float]:
    """Hazard ratio of the column ``name``, beside ``time`` and ``event``, and the standard error of its logarithm."""
    from lifelines import CoxPHFitter  # a second of import, for those who fit

    fit = CoxPHFitter().fit(frame, "time", "event")
    return float(np.exp(fit.params_[name])), float(fit.standard_errors_[name])


def least_squares(x: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(patients,) the slope of each patient's ``values`` (patients, visits) on ``x`` (visits,) by least squares.

    Visits that did not take place are NaN and left out; NaN with fewer than two.
    """
    seen = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        own = np.where(seen, x, 0.0)
        own -= own.sum(axis=1, keepdims=True) / seen.sum(axis=1, keepdims=True)
        own, y = np.where(seen, own, 0.0), np.where(seen, values, 0.0)
        slope = (own * y).sum(axis=1) / (own * own).sum(axis=1)
        return np.asarray(np.where(seen.sum(axis=1) >= 2, slope, np.nan))


def mixed_fit(x: np.ndarray, values: np.ndarray) -> mixed_model.MixedFit | None:
    """A linear mixed model of ``values`` (patients, visits) on ``x`` (visits,), with an intercept and a slope of each
    patient's own. Visits that did not take place are NaN. None where no such model can be fitted."""
    who, visit = np.nonzero(np.isfinite(values))
    if not len(who):
        return None
    design = np.column_stack([np.ones(len(who)), x[visit]])
    try:
        return mixed_model.fit(values[who, visit], design, np.unique(who, return_inverse=True)[1], design)
    except np.linalg.LinAlgError:
        return None


def mixed_slopes(x: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """The mean slope of ``values`` (patients, visits) on ``x`` (visits,), and the standard deviation of true slopes, by
    :func:`mixed_fit`. NaN where no such model can be fitted."""
    fit = mixed_fit(x, values)
    return (float("nan"), float("nan")) if fit is None else (float(fit.effects[1]), float(np.sqrt(fit.random[1, 1])))
