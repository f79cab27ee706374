"""Change from baseline at each patient's last visit, carried forward, as many publications have it."""

from __future__ import annotations

import numpy as np

from charcot.core.units import DAYS_PER_MONTH
from charcot.trials import change
from charcot.trials.analysis_form import Analysis, Design, Row, Strategies
from charcot.trials.endpoints import is_rate, measure_of
from charcot.trials.trial_data import TrialData


def rows(data: TrialData, design: Design, endpoint: str) -> list[Row]:
    """ANCOVA of the change at each patient's last visit after baseline; as a rate, over the months of the trial."""
    measure = measure_of(endpoint)
    last, visit = change.last_observed(data.change(measure))
    carried = int(np.sum((visit > 0) & (visit < len(data.days) - 1)))
    note = f"{np.isfinite(last).sum()} patients, {carried} carried forward"
    months = data.days[-1] / DAYS_PER_MONTH if is_rate(endpoint) else 1.0
    return change.rows(data, design, last / months, data.values[measure][:, 0], note)


def scores(data: TrialData, design: Design, endpoint: str) -> np.ndarray:
    """What the baseline does not explain of the change."""
    measure = measure_of(endpoint)
    return change.scores(change.last_observed(data.change(measure))[0], data.values[measure][:, 0])


ANALYSIS = Analysis(
    name="ancova_locf",
    title="change from baseline, last observation carried forward, ANCOVA",
    interval="the ANCOVA",
    of="visits",
    strategies=Strategies(
        death="while alive: the last value before death stands for the last visit",
        withdrawal="the last value before leaving stands for the last visit",
        summary="difference in mean change at the last value",
    ),
    rows=rows,
    scores=scores,
    twin="change at the last value that the baseline does not explain",
)
