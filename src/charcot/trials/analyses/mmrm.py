"""Change from baseline at the last visit by a model of repeated measures (MMRM)."""

from __future__ import annotations

import numpy as np

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
from charcot.trials.statistics import covariances
from charcot.trials.statistics.repeated_measures import NotFitted, first_that_fits
from charcot.trials.trial_data import TrialData

# In this order until one converges; a note says which, and why those before did not.
FALL_BACK = (
    covariances.UNSTRUCTURED,
    covariances.TOEPLITZ_BY_VISIT,
    covariances.AUTOREGRESSIVE_BY_VISIT,
    covariances.COMPOUND_BY_VISIT,
    covariances.AUTOREGRESSIVE,
    covariances.COMPOUND,
)


def columns(values: np.ndarray, extra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Change after baseline (patients, T), and visit, visit x baseline and visit x each column of ``extra``
    (patients, k) as (patients, T, T (2 + k))."""
    change = (values - values[:, :1])[:, 1:]
    baseline = values[:, 0]
    known = np.isfinite(baseline)
    centred = np.where(known, baseline - baseline[known].mean(), 0.0) if known.any() else baseline * 0.0
    each = np.column_stack([np.ones(len(values)), centred, extra])
    if not known.any() or np.ptp(baseline[known]) == 0:
        each = np.delete(each, 1, axis=1)  # all baselines alike: nothing to adjust for
    visits = change.shape[1]
    blocks = np.einsum("ik,tu->itku", each, np.eye(visits))
    return change, blocks.reshape(len(values), visits, -1)


def rows(data: TrialData, design: Design, endpoint: str) -> list[Row]:
    """change = visit + visit x baseline + visit x arm, errors of one patient correlated, by REML.

    Arm rows are means at the last visit and the average baseline.
    """
    extra = dummies(data, design)
    change, fixed = columns(data.values[measure_of(endpoint)], extra)
    try:
        found, note = first_that_fits(change, fixed, FALL_BACK)
    except NotFitted as error:
        return missing(design, f"the MMRM failed: {error}")
    visits, size = change.shape[1], fixed.shape[2]
    common = np.zeros(size)
    common[visits - 1] = 1.0
    places = [size - 1 - visits * k for k in reversed(range(extra.shape[1]))]
    covariance = found.adjusted if design.freedom == "kenward_roger" else found.covariance
    return linear_rows(design, contrasts(design, common, places), found.effects, covariance, found.freedom, note)


def scores(data: TrialData, design: Design, endpoint: str) -> np.ndarray:
    """e_T' (sum W)^-1 W_i (y_i - X_i beta) by the model without arms: one Newton step of an arm's effect at the last
    visit."""
    change, fixed = columns(data.values[measure_of(endpoint)], np.zeros((len(data), 0)))
    try:
        found, _ = first_that_fits(change, fixed, FALL_BACK)
    except NotFitted as error:
        raise NoScores(f"the MMRM without arms failed: {error}") from error
    return np.asarray(found.scores @ np.linalg.inv(found.information)[:, -1])


ANALYSIS = Analysis(
    name="mmrm",
    title="change from baseline at the last visit by a model of repeated measures (MMRM), all visits",
    interval="the MMRM",
    of="visits",
    strategies=Strategies(
        death="hypothetical: as if nobody had died, by those alike until then (missing at random); nothing is imputed",
        withdrawal="hypothetical: missing at random given the visits before",
        summary="difference in mean change at the last visit",
    ),
    rows=rows,
    scores=scores,
    twin="one Newton step of an effect at the last visit, by the MMRM without arms",
)
