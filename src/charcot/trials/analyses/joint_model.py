"""Slope of the ALSFRS-R by a model of function and survival together (shared parameters)."""

from __future__ import annotations

import numpy as np

from charcot.core.units import DAYS_PER_MONTH
from charcot.trials.analysis_form import (
    Analysis,
    Design,
    NoScores,
    Row,
    Strategies,
    contrasts,
    dummies,
    linear_rows,
    missing,
)
from charcot.trials.endpoints import measure_of
from charcot.trials.statistics import joint_model
from charcot.trials.trial_data import TrialData


def rows(data: TrialData, design: Design, endpoint: str) -> list[Row]:
    """Change per month by arm, beside a ratio of the times to death of the arms, by maximum likelihood."""
    months = data.days / DAYS_PER_MONTH
    values = data.values[measure_of(endpoint)]
    try:
        found = joint_model.fit(values, months, data.times, data.died, dummies(data, design))
    except joint_model.NotFitted as error:
        return missing(design, f"the joint model failed: {error}")
    common = np.zeros(len(found.parameters))
    common[1] = 1.0
    weights = contrasts(design, common, range(2, 1 + found.arms))
    note = f"{data.died.sum()} of {len(data)} patients died"
    return linear_rows(design, weights, found.parameters, found.covariance, lambda _: np.inf, note)


def scores(data: TrialData, design: Design, endpoint: str) -> np.ndarray:
    """Pull of each patient on a slope, by the model without arms."""
    months = data.days / DAYS_PER_MONTH
    try:
        return joint_model.slope_scores(data.values[measure_of(endpoint)], months, data.times, data.died)
    except joint_model.NotFitted as error:
        raise NoScores(str(error)) from error


ANALYSIS = Analysis(
    name="joint_model",
    title="slope of a model of function and survival together (shared random line, log-normal times)",
    interval="the joint model",
    of="visits",
    strategies=Strategies(
        death="hypothetical: the patient's own line goes on, by the visits before death and by how early death came; "
        "nothing is imputed",
        withdrawal="hypothetical: missing at random given the visits before",
        summary="difference in mean change per month",
    ),
    rows=rows,
    scores=scores,
    twin="pull of each patient's visits and death on a slope, by the joint model without arms",
)
