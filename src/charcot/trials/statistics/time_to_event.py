"""Times to an event in one or two arms: share alive, restricted mean, log-rank, and Cox's model of two arms.

lifelines has all of these but the variance of the restricted mean as published; here they are written again because
each simulated trial needs them, and lifelines takes tens of milliseconds for each. The tests hold the two to each
other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from charcot.core.estimates import Curve, survival_curve

Ties = Literal["efron", "breslow"]


def share_alive(curve: Curve, z: float) -> tuple[float, float, float]:
    """Share without an event at the end, and its interval on the scale of log(-log S), which stays within 0 and 1.

    Without events the share is one and has no interval; with none left at risk it is zero and has none either.
    """
    if not len(curve.times):
        return 1.0, np.nan, np.nan
    share = float(curve.survival[-1])
    if not 0 < share < 1:
        return share, np.nan, np.nan
    log = np.log(share)
    width = z * np.sqrt(curve.greenwood[-1]) / abs(log)
    return share, float(np.exp(log * np.exp(width))), float(np.exp(log * np.exp(-width)))


@dataclass(frozen=True)
class Restricted:
    """Restricted mean survival time up to a horizon, in the unit of the times."""

    mean: float
    variance: float


def restricted_mean(times: np.ndarray, died: np.ndarray, horizon: float) -> Restricted:
    """Area A(0) under the curve up to the horizon, with variance sum A(t)^2 d / (Y (Y - d)) over deaths before it.

    A(t) is the area from t on (Klein and Moeschberger 2003, equation 4.5.2; as the R package survRM2 computes it).
    """
    curve = survival_curve(times, died)
    inside = curve.times < horizon
    when, survival = curve.times[inside], curve.survival[inside]
    events, at_risk = curve.events[inside], curve.at_risk[inside]
    heights = np.concatenate([[1.0], survival])
    areas = heights * np.diff(np.concatenate([[0.0], when, [horizon]]))
    after = np.cumsum(areas[::-1])[::-1][1:]
    left = at_risk > events
    terms = after[left] ** 2 * events[left] / (at_risk[left] * (at_risk[left] - events[left]))
    return Restricted(float(areas.sum()), float(terms.sum()))


def restricted_mean_scores(times: np.ndarray, died: np.ndarray, horizon: float) -> np.ndarray:
    """(n,) influence of each patient on the restricted mean of all, from the martingale of the Kaplan-Meier curve."""
    curve = survival_curve(times, died)
    inside = curve.times < horizon
    when, survival = curve.times[inside], curve.survival[inside]
    if not len(when):
        return np.zeros(len(times))
    areas = survival * np.diff(np.concatenate([when, [horizon]]))
    after = np.cumsum(areas[::-1])[::-1]
    share = curve.at_risk[inside] / len(times)
    hazard = np.concatenate([[0.0], np.cumsum(after * curve.events[inside] / (curve.at_risk[inside] * share))])
    place = np.searchsorted(when, times, side="right")
    jump = np.where(died & (times < horizon), (after / share)[np.minimum(np.maximum(place - 1, 0), len(when) - 1)], 0.0)
    return np.asarray(hazard[place] - jump)


def martingale_residuals(times: np.ndarray, died: np.ndarray) -> np.ndarray:
    """(n,) deaths less the cumulative hazard (Nelson and Aalen) of all: the scores of the log-rank test."""
    curve = survival_curve(times, died)
    hazard = np.concatenate([[0.0], np.cumsum(curve.events / curve.at_risk)])
    return np.asarray(died - hazard[np.searchsorted(curve.times, times, side="right")])


@dataclass(frozen=True)
class _AtRisk:
    """At each time of a death, in both arms together: deaths and numbers at risk, of all and of the active arm."""

    events: np.ndarray
    active_events: np.ndarray
    at_risk: np.ndarray
    active_at_risk: np.ndarray


def _at_risk(times: np.ndarray, died: np.ndarray, active: np.ndarray) -> _AtRisk:
    both = survival_curve(times, died)
    own = died & active
    events = np.bincount(np.searchsorted(both.times, times[own]), minlength=len(both.times)).astype(float)
    mine = np.sort(times[active])
    at_risk = (len(mine) - np.searchsorted(mine, both.times, side="left")).astype(float)
    return _AtRisk(both.events, events, both.at_risk, at_risk)


@dataclass(frozen=True)
class LogRank:
    """Deaths in the active arm less those expected under one hazard, and the hypergeometric variance of that."""

    excess: float
    variance: float

    @property
    def statistic(self) -> float:
        """Chi-squared with one degree of freedom."""
        return self.excess**2 / self.variance if self.variance > 0 else np.nan


def log_rank(times: np.ndarray, died: np.ndarray, active: np.ndarray) -> LogRank:
    """The log-rank test of the active arm against the rest."""
    n = _at_risk(times, died, active)
    share = n.active_at_risk / n.at_risk
    spare = np.maximum(n.at_risk - 1, 1)
    variance = n.events * share * (1 - share) * (n.at_risk - n.events) / spare
    return LogRank(float(np.sum(n.active_events - n.events * share)), float(np.sum(variance)))


@dataclass(frozen=True)
class Cox:
    """Log hazard ratio of the active arm, its standard error, and whether Newton's search converged."""

    log_ratio: float
    error: float
    converged: bool


def cox(times: np.ndarray, died: np.ndarray, active: np.ndarray, ties: Ties = "efron") -> Cox:
    """Cox's model of the active arm against the rest; tied deaths by Efron (each leaves the others' risk set in part)
    or by Breslow.

    Returns an unconverged fit where deaths are in one arm only: the partial likelihood then has no maximum.
    """
    n = _at_risk(times, died, active)
    total = float(n.active_events.sum())
    if not 0 < total < n.events.sum():
        return Cox(np.nan, np.nan, False)
    counts = n.events.astype(int)
    place = np.repeat(np.arange(len(counts)), counts)
    order = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
    gone = order / n.events[place] if ties == "efron" else np.zeros(len(place))
    mine = n.active_at_risk[place] - gone * n.active_events[place]
    rest = (n.at_risk - n.active_at_risk)[place] - gone * (n.events - n.active_events)[place]
    beta = 0.0
    for _ in range(50):
        share = mine * np.exp(beta) / (mine * np.exp(beta) + rest)
        score, information = total - float(share.sum()), float(np.sum(share * (1 - share)))
        if not information > 0:
            break
        if score**2 / information < 1e-16:
            return Cox(beta, float(information**-0.5), True)
        beta += float(np.clip(score / information, -2.0, 2.0))
    return Cox(np.nan, np.nan, False)
