"""Hazard ratio of death or permanent ventilation by Cox's model."""

from __future__ import annotations

import numpy as np

from charcot.core.estimates import survival_curve
from charcot.trials.analysis_form import Analysis, Design, Row, Strategies, ratio_row, row
from charcot.trials.statistics import time_to_event
from charcot.trials.trial_data import TrialData


def rows(data: TrialData, design: Design, endpoint: str) -> list[Row]:
    """Event-free share at the end of follow-up by arm, and hazard ratios with the log-rank p value."""
    found = [_event_free(data.take(data.arms == number), arm, design) for number, arm in enumerate(design.arms)]
    return found + [
        _hazard_ratio(data.take((data.arms == 0) | (data.arms == number)), number, arm, design)
        for number, arm in enumerate(design.arms[1:], start=1)
    ]


def _event_free(data: TrialData, arm: str, design: Design) -> Row:
    from scipy.special import ndtri

    note = f"{data.died.sum()} events in {len(data)} patients"
    if len(data) == 0:
        return row(arm, "", note=note, converged=False)
    curve = survival_curve(data.times, data.died)
    share, *limits = time_to_event.share_alive(curve, float(ndtri(1 - design.alpha / 2)))
    return row(arm, "", share, limits=(limits[0], limits[1]), note=note)


def _hazard_ratio(data: TrialData, number: int, arm: str, design: Design) -> Row:
    from scipy.special import chdtrc

    active = data.arms == number
    counts = [int(data.died[active].sum()), int(data.died[~active].sum())]
    note = f"events: {counts[0]} in {arm}, {counts[1]} in {design.reference}; p by log-rank"
    if sum(counts) == 0:
        note = "no events: the hazard ratio is not defined"
        return row(arm, design.reference, note=note, converged=False)
    p_value = float(chdtrc(1, time_to_event.log_rank(data.times, data.died, active).statistic))
    if min(counts) == 0:
        note = f"events in one arm only: the hazard ratio cannot be estimated; {note}"
        return row(arm, design.reference, p_value=p_value, note=note, converged=False)
    fit = time_to_event.cox(data.times, data.died, active, design.ties)
    if not fit.converged:
        note = f"the Cox model did not converge; {note}"
        return row(arm, design.reference, p_value=p_value, note=note, converged=False)
    return ratio_row(design, arm, fit.log_ratio, fit.error, p_value, note)


def scores(data: TrialData, design: Design, endpoint: str) -> np.ndarray:
    """Deaths less those expected of each patient (martingale residuals), Cox's score where the arms do not differ."""
    return time_to_event.martingale_residuals(data.times, data.died)


ANALYSIS = Analysis(
    name="cox",
    title="hazard ratio by a Cox model",
    interval="the Cox model",
    of="survival",
    strategies=Strategies(
        death="the event itself",
        withdrawal="censored: nobody leaves because death is near",
        summary="ratio of hazards, which is taken as constant over the trial",
    ),
    rows=rows,
    scores=scores,
    twin="deaths less those expected (martingale residuals)",
    null=1.0,
    arms="event_free_share",
)
