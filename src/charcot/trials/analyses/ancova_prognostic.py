"""Change from baseline at the last visit, adjusted for what the model foretells of each patient."""

from __future__ import annotations

import numpy as np

from charcot.trials.analysis_form import Analysis, Design, NoScores, Row, Strategies, dummies, linear_rows, missing
from charcot.trials.endpoints import measure_of
from charcot.trials.statistics import ancova
from charcot.trials.trial_data import TrialData


def _known(data: TrialData, measure: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Changes at the last visit, covariates (patients, 2), and who has all of them."""
    change = data.change(measure)[:, -1]
    foretold = np.full(len(data), np.nan) if data.forecast is None else data.forecast
    covariates = np.column_stack([data.values[measure][:, 0], foretold])
    return change, covariates, np.isfinite(change) & np.isfinite(covariates).all(axis=1)


def rows(data: TrialData, design: Design, endpoint: str) -> list[Row]:
    """Means at everybody's baseline score and forecast, and differences; errors from influence functions."""
    change, covariates, used = _known(data, measure_of(endpoint))
    note = f"{used.sum()} patients at the last visit with a forecast"
    if used.sum() <= len(design.arms) + 3 or len(np.unique(data.arms[used])) < len(design.arms):
        return missing(design, f"too few patients for a comparison: {note}")
    found = ancova.adjusted(change[used], covariates[used], dummies(data, design)[used])
    units = np.eye(len(design.arms))
    weights = [(arm, "", unit) for arm, unit in zip(design.arms, units, strict=True)]
    weights += [(arm, design.reference, unit - units[0]) for arm, unit in zip(design.arms[1:], units[1:], strict=True)]
    covariance = found.influence.T @ found.influence
    return linear_rows(design, weights, found.means, covariance, lambda _: float(found.freedom), note)


def scores(data: TrialData, design: Design, endpoint: str) -> np.ndarray:
    """What baseline and forecast do not explain of the change; 0 for those who are left out."""
    change, covariates, used = _known(data, measure_of(endpoint))
    if used.sum() < 5:
        raise NoScores("too few patients have a change and a forecast")
    columns = np.column_stack([np.ones(int(used.sum())), covariates[used]])
    out = np.zeros(len(data))
    out[used] = change[used] - columns @ np.linalg.lstsq(columns, change[used], rcond=None)[0]
    return out


ANALYSIS = Analysis(
    name="ancova_prognostic",
    title="change from baseline at the last visit, adjusted for the model's forecast of each patient (twin-adjusted)",
    interval="influence functions of the adjusted means",
    of="visits",
    strategies=Strategies(
        death="those who died before the last visit are left out: the arms are compared in survivors, who differ "
        "where a treatment changes survival",
        withdrawal="those who left before the last visit are left out",
        summary="difference in mean change at the last visit, in those who attended it, at equal baseline and forecast",
    ),
    rows=rows,
    scores=scores,
    twin="change that baseline and forecast do not explain, in those who attended the last visit",
)
