"""A biomarker at the last visit as a ratio to baseline."""

from __future__ import annotations

import numpy as np

from charcot.trials import change
from charcot.trials.analysis_form import Analysis, Design, Row, Strategies
from charcot.trials.endpoints import measure_of
from charcot.trials.trial_data import TrialData


def rows(data: TrialData, design: Design, endpoint: str) -> list[Row]:
    """ANCOVA of the logarithm of the ratio on that of the baseline; standard errors are those of the logarithm."""
    logs = np.log(data.values[measure_of(endpoint)])
    last = logs[:, -1] - logs[:, 0]
    found = change.rows(data, design, last, logs[:, 0], f"{np.isfinite(last).sum()} patients at the last visit")
    for entry in found:
        for key in ("estimate", "lower", "upper"):
            entry[key] = float(np.exp(entry[key]))
        entry["note"] = f"{entry['note']}; standard error of the logarithm"
    return found


def scores(data: TrialData, design: Design, endpoint: str) -> np.ndarray:
    """What the baseline does not explain of the logarithm of the ratio."""
    logs = np.log(data.values[measure_of(endpoint)])
    return change.scores(logs[:, -1] - logs[:, 0], logs[:, 0])


ANALYSIS = Analysis(
    name="ancova_log_ratio",
    title="ratio to baseline at the last visit, ANCOVA of logarithms",
    interval="the ANCOVA of logarithms",
    of="visits",
    strategies=Strategies(
        death="those who died before the last visit are left out: the arms are compared in survivors",
        withdrawal="those who left before the last visit are left out",
        summary="ratio of geometric means at the last visit, in those who attended it",
    ),
    rows=rows,
    scores=scores,
    twin="logarithm of the ratio that the baseline does not explain",
    null=1.0,
)
