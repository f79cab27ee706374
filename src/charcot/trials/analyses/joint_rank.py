"""Joint rank of function and survival (combined assessment, CAFS)."""

from __future__ import annotations

import numpy as np

from charcot.trials.analysis_form import (
    Analysis,
    Design,
    Row,
    Strategies,
    contrasts,
    dummies,
    linear_rows,
    missing,
)
from charcot.trials.statistics import pairs
from charcot.trials.trial_data import TrialData


def compare(data: TrialData) -> np.ndarray:
    """(n, n) who did better: by survival where one outlived the other, else by ALSFRS-R at the last common visit."""
    return pairs.better_by_death_then_function(data.times, data.died, data.change("alsfrs_r")[:, 1:])


def ranks(data: TrialData) -> np.ndarray:
    """(n,) rank of each patient's wins less losses, the best highest; equal ones share the mean of their ranks."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(pairs.net_scores(compare(data))))


def rows(data: TrialData, design: Design, endpoint: str) -> list[Row]:
    """Mean ranks and their differences, by analysis of variance of the ranks (Conover and Iman, Am. Stat. 35:124)."""
    own = ranks(data) if len(data) else np.zeros(0)
    fixed = np.concatenate([np.ones((len(data), 1)), dummies(data, design)], axis=1)
    freedom = len(data) - fixed.shape[1]
    if freedom < 1 or len(np.unique(data.arms)) < len(design.arms):
        return missing(design, f"too few patients for a comparison: {len(data)}")
    if np.ptp(own) == 0:
        return missing(design, "all patients tie: the ranks do not differ")
    inverse = np.linalg.inv(fixed.T @ fixed)
    estimates = inverse @ fixed.T @ own
    variance = float(np.sum((own - fixed @ estimates) ** 2)) / freedom
    common = np.zeros(len(estimates))
    common[0] = 1.0
    weights = contrasts(design, common, range(1, len(common)))
    note = f"{data.died.sum()} of {len(data)} patients died"
    return linear_rows(design, weights, estimates, variance * inverse, lambda _: float(freedom), note)


def scores(data: TrialData, design: Design, endpoint: str) -> np.ndarray:
    """The ranks."""
    return ranks(data)


ANALYSIS = Analysis(
    name="joint_rank",
    title="joint rank of function and survival (CAFS): every patient against every other",
    interval="the analysis of variance of ranks",
    of="function_and_survival",
    strategies=Strategies(
        death="composite: who died ranks below all who are known to have lived longer",
        withdrawal="compared with others at the last visit that both attended",
        summary="difference in mean rank; a rank depends on all patients of the trial",
    ),
    rows=rows,
    scores=scores,
    twin="ranks",
    grows_with_patients=True,
)
