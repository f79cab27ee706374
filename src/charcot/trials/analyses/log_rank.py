"""Log-rank test of death or permanent ventilation, with the hazard ratio that belongs to it."""

from __future__ import annotations

import numpy as np

from charcot.trials.analysis_form import Analysis, Design, Row, Strategies, ratio_row, row
from charcot.trials.statistics import time_to_event
from charcot.trials.trial_data import TrialData


def rows(data: TrialData, design: Design, endpoint: str) -> list[Row]:
    """exp(excess / variance), one step from a ratio of one (Peto; Berry, Kitchin and Mock, Stat. Med. 10:749, 1991)."""
    found = []
    for number, arm in enumerate(design.arms[1:], start=1):
        two = data.take((data.arms == 0) | (data.arms == number))
        test = time_to_event.log_rank(two.times, two.died, two.arms == number)
        note = f"{two.died.sum()} events; {test.excess:+.2f} in {arm} beyond those expected"
        if test.variance > 0:
            found.append(ratio_row(design, arm, test.excess / test.variance, test.variance**-0.5, note=note))
        else:
            found.append(row(arm, design.reference, note=f"{note}: no test without events", converged=False))
    return found


def scores(data: TrialData, design: Design, endpoint: str) -> np.ndarray:
    """Deaths less those expected of each patient (martingale residuals)."""
    return time_to_event.martingale_residuals(data.times, data.died)


ANALYSIS = Analysis(
    name="log_rank",
    title="log-rank test, with the hazard ratio one step from equality (Peto)",
    interval="the log-rank test",
    of="survival",
    strategies=Strategies(
        death="the event itself",
        withdrawal="censored: nobody leaves because death is near",
        summary="ratio of hazards near one",
    ),
    rows=rows,
    scores=scores,
    twin="deaths less those expected (martingale residuals)",
    null=1.0,
)
