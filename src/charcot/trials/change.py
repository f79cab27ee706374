"""Changes from baseline that are compared by analysis of covariance: what the analyses of a last visit share."""

from __future__ import annotations

import numpy as np

from charcot.trials.analysis_form import Design, NoScores, Row, contrasts, dummies, linear_rows, missing
from charcot.trials.statistics import ancova
from charcot.trials.trial_data import TrialData


def last_observed(change: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(patients,) the last change after baseline, NaN without one, and the number of its visit, 0 without one."""
    seen = np.isfinite(change)
    visit = np.where(seen.any(axis=1), change.shape[1] - 1 - np.argmax(seen[:, ::-1], axis=1), 0)
    last = change[np.arange(len(change)), visit]
    return np.where(visit > 0, last, np.nan), visit


def rows(data: TrialData, design: Design, change: np.ndarray, baseline: np.ndarray, note: str) -> list[Row]:
    """change (patients,) = arm + baseline by those who have a change; arm rows are means at the average baseline."""
    used = np.isfinite(change)
    size = int(used.sum())
    if size <= len(design.arms) + 1 or len(np.unique(data.arms[used])) < len(design.arms):
        return missing(design, f"too few patients for a comparison: {note}")
    found = ancova.fit(change[used], baseline[used], dummies(data, design)[used])
    common = np.zeros(len(found.estimates))
    common[0] = 1.0
    weights = contrasts(design, common, range(found.covariates, len(common)))
    return linear_rows(design, weights, found.estimates, found.covariance, lambda _: float(found.freedom), note)


def scores(change: np.ndarray, baseline: np.ndarray) -> np.ndarray:
    """(patients,) what the baseline does not explain of the change; 0 for those who have no change."""
    used = np.isfinite(change)
    if used.sum() < 3:
        raise NoScores("too few patients have a change")
    out = np.zeros(len(change))
    out[used] = ancova.residuals(change[used], baseline[used])
    return out
