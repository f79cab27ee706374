"""Change from baseline at the last visit, by those who attended it."""

from __future__ import annotations

import numpy as np

from charcot.trials import change
from charcot.trials.analysis_form import Analysis, Design, Row, Strategies
from charcot.trials.endpoints import measure_of
from charcot.trials.trial_data import TrialData


def rows(data: TrialData, design: Design, endpoint: str) -> list[Row]:
    """ANCOVA of the change at the last visit (patients who died are not in it)."""
    measure = measure_of(endpoint)
    last = data.change(measure)[:, -1]
    note = f"{np.isfinite(last).sum()} patients at the last visit"
    return change.rows(data, design, last, data.values[measure][:, 0], note)


def scores(data: TrialData, design: Design, endpoint: str) -> np.ndarray:
    """What the baseline does not explain of the change."""
    measure = measure_of(endpoint)
    return change.scores(data.change(measure)[:, -1], data.values[measure][:, 0])


ANALYSIS = Analysis(
    name="ancova_observed",
    title="change from baseline at the last visit, those who attended it, ANCOVA",
    interval="the ANCOVA",
    of="visits",
    strategies=Strategies(
        death="those who died before the last visit are left out: the arms are compared in survivors, who differ "
        "where a treatment changes survival",
        withdrawal="those who left before the last visit are left out",
        summary="difference in mean change at the last visit, in those who attended it",
    ),
    rows=rows,
    scores=scores,
    twin="change that the baseline does not explain, in those who attended the last visit",
)
