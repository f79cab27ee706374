"""Restricted mean survival time without permanent ventilation."""

from __future__ import annotations

import numpy as np

from charcot.core.units import DAYS_PER_MONTH
from charcot.trials.analysis_form import Analysis, Design, NoScores, Row, Strategies, missing, row
from charcot.trials.statistics import time_to_event
from charcot.trials.trial_data import TrialData


def _followed(data: TrialData) -> float:
    """Days over which the curve of some patients is known: to the end where the longest follow-up ends in a death."""
    last = float(data.times.max())
    return np.inf if bool(data.died[data.times == last].all()) else last


def _horizon(data: TrialData, design: Design) -> tuple[float, str]:
    """Days up to which the mean runs, and a note."""
    wanted = float(data.days[-1]) if design.restricted_to is None else design.restricted_to
    known = min(_followed(data.take(data.arms == number)) for number in range(len(design.arms)))
    horizon = min(wanted, known)
    note = f"over {horizon / DAYS_PER_MONTH:.1f} months"
    return horizon, note if horizon == wanted else f"{note}, as far as both arms were followed"


def rows(data: TrialData, design: Design, endpoint: str) -> list[Row]:
    """Area under Kaplan-Meier by arm, and differences, in months."""
    from scipy.special import ndtr, ndtri

    if len(np.unique(data.arms)) < len(design.arms):
        return missing(design, "an arm has no patients")
    horizon, note = _horizon(data, design)
    months = data.times / DAYS_PER_MONTH
    means = []
    for number in range(len(design.arms)):
        mine = data.arms == number
        means.append(time_to_event.restricted_mean(months[mine], data.died[mine], horizon / DAYS_PER_MONTH))
    z = float(ndtri(1 - design.alpha / 2))
    found = []
    for mean, arm in zip(means, design.arms, strict=True):
        width = z * mean.variance**0.5
        limits = (mean.mean - width, mean.mean + width) if width else (np.nan, np.nan)
        found.append(row(arm, "", mean.mean, mean.variance**0.5, limits, note=note))
    for mean, arm in zip(means[1:], design.arms[1:], strict=True):
        difference, error = mean.mean - means[0].mean, (mean.variance + means[0].variance) ** 0.5
        if not error > 0:
            found.append(row(arm, design.reference, note=f"{note}: no test without events", converged=False))
            continue
        limits = (difference - z * error, difference + z * error)
        p_value = 2 * float(ndtr(-abs(difference / error)))
        found.append(row(arm, design.reference, difference, error, limits, p_value, note))
    return found


def scores(data: TrialData, design: Design, endpoint: str) -> np.ndarray:
    """Influence of each patient on the restricted mean of all."""
    horizon = float(data.days[-1]) if design.restricted_to is None else design.restricted_to
    horizon = min(horizon, _followed(data))
    if not np.any(data.died & (data.times < horizon)):
        raise NoScores("no events")
    return time_to_event.restricted_mean_scores(data.times, data.died, horizon)


ANALYSIS = Analysis(
    name="rmst",
    title="restricted mean survival time: area under Kaplan-Meier up to a horizon",
    interval="the areas under Kaplan and Meier",
    of="survival",
    strategies=Strategies(
        death="the event itself",
        withdrawal="censored: nobody leaves because death is near",
        summary="difference in mean time without the event, up to the horizon",
    ),
    rows=rows,
    scores=scores,
    twin="influence of each patient on the restricted mean of all",
)
