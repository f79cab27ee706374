"""Slopes of a linear mixed model with random intercept and slope."""

from __future__ import annotations

import numpy as np

from charcot.core import mixed_model
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
from charcot.trials.trial_data import TrialData


class NotFitted(ValueError):
    """The mixed model has no fit; the message says why."""


def rows(data: TrialData, design: Design, endpoint: str) -> list[Row]:
    """score = a + (b + b_arm) month + patient's own intercept and slope + error, by REML.

    The arms share the intercept because they are randomised.
    """
    values = data.values[measure_of(endpoint)]
    months = data.days / DAYS_PER_MONTH
    each = np.concatenate([np.ones((len(data), 1)), dummies(data, design)], axis=1)[:, None, :] * months[:, None]
    try:
        found = _fit(values, np.concatenate([np.ones((*values.shape, 1)), each], axis=2), months)
    except NotFitted as error:
        return missing(design, str(error))
    common = np.zeros(len(found.effects))
    common[1] = 1.0
    note = "the variance between patients is estimated at the edge of zero" if found.singular else ""
    weights = contrasts(design, common, range(2, len(common)))
    return linear_rows(design, weights, found.effects, found.covariance, lambda _: np.inf, note)


def _fit(values: np.ndarray, fixed: np.ndarray, months: np.ndarray) -> mixed_model.MixedFit:
    """``values`` (patients, visits), ``fixed`` (patients, visits, columns)."""
    seen = np.isfinite(values)
    if seen.sum(axis=1).max(initial=0) < 2:
        raise NotFitted("no patient has two visits")
    who, visit = np.nonzero(seen)
    random = np.column_stack([np.ones(len(who)), months[visit]])
    try:
        found = mixed_model.fit(values[seen], fixed[seen], np.unique(who, return_inverse=True)[1], random)
    except np.linalg.LinAlgError as error:
        raise NotFitted(f"the mixed model failed: {error}") from error
    if not found.converged:
        raise NotFitted("the mixed model did not converge")
    if not np.all(np.isfinite(found.covariance)) or np.any(np.diag(found.covariance) <= 0):
        raise NotFitted("the mixed model gave no usable standard errors")
    return found


def scores(data: TrialData, design: Design, endpoint: str) -> np.ndarray:
    """months' V^-1 (y - X beta) of each patient, by the model without arms: how the likelihood pulls at a slope."""
    values = data.values[measure_of(endpoint)]
    months = data.days / DAYS_PER_MONTH
    columns = np.column_stack([np.ones(len(months)), months])
    try:
        found = _fit(values, np.broadcast_to(columns, (*values.shape, 2)), months)
    except NotFitted as error:
        raise NoScores(str(error)) from error
    covariance = columns @ found.random @ columns.T + found.residual * np.eye(len(months))
    seen = np.isfinite(values)
    rest = np.where(seen, values - columns @ found.effects, 0.0)
    out = np.zeros(len(values))
    patterns, which = np.unique(seen, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        if pattern.any():
            weight = np.linalg.solve(covariance[np.ix_(pattern, pattern)], months[pattern])
            mine = which.ravel() == number
            out[mine] = rest[np.ix_(mine, pattern)] @ weight
    return out


ANALYSIS = Analysis(
    name="mixed_model_slope",
    title="slope of a mixed model with random intercept and slope, all visits",
    interval="the mixed model",
    of="visits",
    strategies=Strategies(
        death="hypothetical: the patient's own line goes on, by the visits before death (missing at random); nothing "
        "is imputed",
        withdrawal="hypothetical: missing at random given the visits before",
        summary="difference in mean change per month",
    ),
    rows=rows,
    scores=scores,
    twin="pull of each patient's visits on a slope, by the mixed model without arms",
)
