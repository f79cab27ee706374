"""Kaplan-Meier curves for drawing: one trial with its own band, or many trials with the band between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from charcot.core.estimates import survival_curve
from charcot.core.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    import pandas as pd

_GRID = 60
_RISK_COLUMNS = 7
_BAND = (0.025, 0.975)


def kaplan_meier(time: np.ndarray, event: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The Kaplan-Meier estimate and Greenwood's standard error at the times ``at``."""
    curve = survival_curve(time, event)
    steps, none_left = np.concatenate([[1.0], curve.survival]), ~np.isfinite(curve.greenwood)
    variance = np.concatenate([[0.0], np.where(none_left, 0.0, curve.greenwood)])  # of a share of 0 it is 0
    index = np.searchsorted(curve.times, at, side="right")
    return steps[index], steps[index] * np.sqrt(variance[index])


def survival_table(events: pd.DataFrame, series: list[str]) -> pd.DataFrame:
    """``events``: replicate, time (days), event, series. Returns x (months), y, lower, upper, series."""
    import pandas as pd

    if events.empty:
        return pd.DataFrame(columns=["x", "y", "lower", "upper", "series"])
    grid = np.linspace(0.0, float(events["time"].max()), _GRID + 1)
    parts = []
    for name in series:
        mine = events[events["series"] == name]
        curves = [
            kaplan_meier(one["time"].to_numpy(float), one["event"].to_numpy(bool), grid)
            for _, one in mine.groupby("replicate")
        ]
        if not curves:
            continue
        values = np.array([curve for curve, _ in curves])
        mean = values.mean(axis=0)
        if len(curves) > 1:
            lower, upper = np.quantile(values, _BAND, axis=0)
        else:
            width = 1.96 * curves[0][1]
            lower, upper = np.clip(mean - width, 0, 1), np.clip(mean + width, 0, 1)
        frame = {"x": grid / DAYS_PER_MONTH, "y": mean, "lower": lower, "upper": upper, "series": name}
        parts.append(pd.DataFrame(frame))
    return pd.concat(parts, ignore_index=True)


def at_risk_table(events: pd.DataFrame, series: list[str]) -> pd.DataFrame:
    """How many are still followed, averaged over replicates: x (months), count, series."""
    import pandas as pd

    if events.empty:
        return pd.DataFrame(columns=["x", "count", "series"])
    replicates = events["replicate"].nunique()
    grid = np.linspace(0.0, float(events["time"].max()), _RISK_COLUMNS)
    rows = []
    for name in series:
        time = events.loc[events["series"] == name, "time"].to_numpy(float)
        rows += [(t / DAYS_PER_MONTH, round(float((time >= t - 1e-9).sum()) / replicates), name) for t in grid]
    return pd.DataFrame(rows, columns=["x", "count", "series"])
