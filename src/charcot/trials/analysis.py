"""The analysis of one replicate, from its ADaM tables to one row per estimand and arm or contrast.

Arm rows have an empty ``reference``; contrast rows compare ``arm`` with ``reference`` (difference, or ratio for
ratios). A model that fails or does not converge gives a row all the same, with missing numbers or ``converged`` false
and the reason in ``note``: nothing is left out.

lifelines and scipy are imported where they are used: they take seconds to load, which reading a
protocol should not cost.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from charcot.core.units import DAYS_PER_MONTH
from charcot.trials import adam
from charcot.trials.estimands import ESTIMANDS, interval_words

COLUMNS = (
    "replicate",
    "estimand",
    "arm",
    "reference",
    "estimate",
    "standard_error",
    "lower",
    "upper",
    "interval",
    "p_value",
    "unit",
    "converged",
    "note",
)


@dataclass(frozen=True)
class Design:
    """What the analysis must know of the trial: its arms (the reference first), alpha, and its last visit: number, and
    months since randomisation."""

    arms: tuple[str, ...]
    alpha: float
    last_visit: int
    months: float

    @property
    def reference(self) -> str:
        return self.arms[0]


Tables = Mapping[str, pd.DataFrame]
Row = dict[str, Any]


def row(
    estimand: str,
    arm: str,
    reference: str,
    estimate: float = np.nan,
    standard_error: float = np.nan,
    half_width: float = np.nan,
    p_value: float = np.nan,
    note: str = "",
    converged: bool = True,
) -> Row:
    """One line of the estimates table with a symmetric interval."""
    unit = ESTIMANDS[estimand].unit if estimand in ESTIMANDS else "fraction"
    lower, upper = estimate - half_width, estimate + half_width
    # What the interval is follows from the estimand: :func:`analyse` names it.
    values = (estimand, arm, reference, estimate, standard_error, lower, upper, "", p_value, unit, converged, note)
    return dict(zip(COLUMNS[1:], values, strict=True))


def missing(estimand: str, design: Design, note: str) -> list[Row]:
    """Rows that say why there is no estimate."""
    pairs = [(arm, "") for arm in design.arms] + [(arm, design.reference) for arm in design.arms[1:]]
    return [row(estimand, arm, reference, note=note, converged=False) for arm, reference in pairs]


def _dummies(arm: pd.Series[str], design: Design) -> np.ndarray:
    """(rows, arms - 1): 1 where the row belongs to that arm; the reference arm has none."""
    others = [(arm == name).to_numpy(dtype=float) for name in design.arms[1:]]
    return np.column_stack(others) if others else np.zeros((len(arm), 0))


def _linear_rows(
    estimand: str,
    design: Design,
    weights: Sequence[tuple[str, str, np.ndarray]],
    estimates: np.ndarray,
    covariance: np.ndarray,
    quantile: Callable[[float], float],
    tail: Callable[[float], float],
    note: str,
    converged: bool = True,
) -> list[Row]:
    """Rows for linear combinations of coefficients: ``weights`` holds (arm, reference, weight vector)."""
    rows = []
    for arm, reference, weight in weights:
        value = float(weight @ estimates)
        error = float(np.sqrt(weight @ covariance @ weight))
        width = quantile(1 - design.alpha / 2) * error
        p_value = 2 * tail(abs(value / error)) if error > 0 else np.nan
        rows.append(row(estimand, arm, reference, value, error, width, p_value, note, converged))
    return rows


def _weights(design: Design, common: np.ndarray, first: int) -> list[tuple[str, str, np.ndarray]]:
    """Arm rows (``common`` plus the arm's own coefficient) and contrast rows; arm k's coefficient is first + k - 1."""
    found = []
    for reference in ("", design.reference):
        for k, arm in enumerate(design.arms):
            if reference and k == 0:
                continue
            weight = common.copy() if not reference else np.zeros_like(common)
            if k:
                weight[first + k - 1] += 1.0
            found.append((arm, reference, weight))
    return found


# --- slopes ------------------------------------------------------------------------------------------------------


def slopes(data: pd.DataFrame, design: Design, estimand: str) -> list[Row]:
    """Change per month by arm: score = a + (b + b_arm) * month + patient's own intercept and slope + error.

    REML; the arms share the intercept because they are randomised. ``data`` holds one parameter in ADaM shape.
    """
    if len(data) == 0 or data.groupby("USUBJID").size().max() < 2:
        return missing(estimand, design, "no patient has two visits")
    months = data["VISITDAY"].to_numpy(dtype=float) / DAYS_PER_MONTH
    random = np.column_stack([np.ones(len(data)), months])
    fixed = np.column_stack([random, _dummies(data["ARMCD"], design) * months[:, None]])
    fit, note, converged = fit_mixed_model(data["AVAL"].to_numpy(dtype=float), fixed, data["USUBJID"], random)
    if fit is None:
        return missing(estimand, design, note)
    estimates, covariance = fit
    common = np.zeros(fixed.shape[1])
    common[1] = 1.0
    weights = _weights(design, common, first=2)
    from scipy.stats import norm as normal

    return _linear_rows(estimand, design, weights, estimates, covariance, normal.ppf, normal.sf, note, converged)


def fit_mixed_model(
    values: np.ndarray, fixed: np.ndarray, groups: pd.Series[str], random: np.ndarray
) -> tuple[tuple[np.ndarray, np.ndarray] | None, str, bool]:
    """REML estimates and covariance of the fixed effects, a note, and whether the search converged."""
    from charcot.core import mixed_model

    try:
        found = mixed_model.fit(values, fixed, pd.factorize(groups)[0], random)
    except np.linalg.LinAlgError as error:
        return None, f"the mixed model failed: {error}", False
    if not np.all(np.isfinite(found.covariance)) or np.any(np.diag(found.covariance) <= 0):
        return None, "the mixed model gave no usable standard errors", False
    notes = [] if found.converged else ["the mixed model did not converge"]
    notes += ["the variance between patients is estimated at the edge of zero"] * found.singular
    return (found.effects, found.covariance), "; ".join(notes), found.converged


# --- change at the last visit ------------------------------------------------------------------------------------


def change_observed(data: pd.DataFrame, design: Design, estimand: str) -> list[Row]:
    """ANCOVA of the change at the last visit, by those who attended it (patients who died are not in it)."""
    last = data[data["AVISITN"] == design.last_visit]
    return ancova(last, design, estimand, f"{len(last)} patients at the last visit")


def change_carried(data: pd.DataFrame, design: Design, estimand: str) -> list[Row]:
    """ANCOVA of the change at each patient's last visit after baseline, carried forward."""
    after = data[data["AVISITN"] > 0]
    last = after.loc[after.groupby("USUBJID")["AVISITN"].idxmax()] if len(after) else after
    carried = int((last["AVISITN"] < design.last_visit).sum())
    return ancova(last, design, estimand, f"{len(last)} patients, {carried} carried forward")


def rate_carried(data: pd.DataFrame, design: Design, estimand: str) -> list[Row]:
    """The change of :func:`change_carried` over the months to the last visit, as publications derive a rate from it."""
    rows = change_carried(data, design, estimand)
    for entry in rows:
        for key in ("estimate", "standard_error", "lower", "upper"):
            entry[key] /= design.months
    return rows


def ancova(data: pd.DataFrame, design: Design, estimand: str, note: str) -> list[Row]:
    """Change = arm + baseline by least squares; arm rows are means at the average baseline."""
    size, count = len(data), len(design.arms) + 1
    if size <= count or not set(design.arms) <= set(data["ARMCD"]):
        return missing(estimand, design, f"too few patients for a comparison: {note}")
    baseline = data["BASE"].to_numpy(dtype=float)
    covariates = np.column_stack([np.ones(size), baseline - baseline.mean()])
    if np.ptp(baseline) == 0:
        covariates = covariates[:, :1]  # all baselines equal: nothing to adjust for
    fixed = np.column_stack([covariates, _dummies(data["ARMCD"], design)])
    change = data["CHG"].to_numpy(dtype=float)
    inverse = np.linalg.pinv(fixed.T @ fixed)
    estimates = inverse @ fixed.T @ change
    freedom = size - fixed.shape[1]
    variance = float(np.sum((change - fixed @ estimates) ** 2)) / freedom
    common = np.zeros(fixed.shape[1])
    common[0] = 1.0
    weights = _weights(design, common, first=covariates.shape[1])
    from scipy.stats import t

    student = t(freedom)
    return _linear_rows(estimand, design, weights, estimates, variance * inverse, student.ppf, student.sf, note)


def nfl_ratio(data: pd.DataFrame, design: Design, estimand: str) -> list[Row]:
    """Ratio to baseline at the last visit: ANCOVA of the logarithms; standard errors stay on the log scale."""
    logs = data.assign(BASE=np.log(data["BASE"]), CHG=np.log(data["AVAL"] / data["BASE"]))
    rows = change_observed(logs, design, estimand)
    for entry in rows:
        for key in ("estimate", "lower", "upper"):
            entry[key] = float(np.exp(entry[key]))
        entry["note"] = f"{entry['note']}; standard error of the logarithm"
    return rows


# --- survival ----------------------------------------------------------------------------------------------------


def survival(data: pd.DataFrame, design: Design, estimand: str) -> list[Row]:
    """Event-free share at the end of follow-up by arm, and hazard ratios (Cox) with the log-rank p value."""
    arms = {arm: data[data["ARMCD"] == arm] for arm in design.arms}
    rows = [_event_free(arms[arm], arm, design) for arm in design.arms]
    return rows + [_hazard_ratio(arms[arm], arms[design.reference], arm, design, estimand) for arm in design.arms[1:]]


def _event_free(data: pd.DataFrame, arm: str, design: Design) -> Row:
    events = int((data["CNSR"] == 0).sum())
    note = f"{events} events in {len(data)} patients"
    if len(data) == 0:
        return row("event_free_share", arm, "", note=note, converged=False)
    from lifelines import KaplanMeierFitter

    curve = KaplanMeierFitter(alpha=design.alpha).fit(data["AVAL"], data["CNSR"] == 0)
    interval = curve.confidence_interval_.iloc[-1]
    entry = row("event_free_share", arm, "", float(curve.survival_function_.iloc[-1, 0]), note=note)
    entry["lower"], entry["upper"] = float(interval.iloc[0]), float(interval.iloc[1])
    return entry


def _hazard_ratio(active: pd.DataFrame, reference: pd.DataFrame, arm: str, design: Design, estimand: str) -> Row:
    from lifelines import CoxPHFitter
    from lifelines.statistics import logrank_test

    counts = [int((data["CNSR"] == 0).sum()) for data in (active, reference)]
    note = f"events: {counts[0]} in {arm}, {counts[1]} in {design.reference}; p by log-rank"
    if sum(counts) == 0:
        return row(estimand, arm, design.reference, note="no events: the hazard ratio is not defined", converged=False)
    p_value = float(
        logrank_test(active["AVAL"], reference["AVAL"], active["CNSR"] == 0, reference["CNSR"] == 0).p_value
    )
    if min(counts) == 0:
        note = f"events in one arm only: the hazard ratio cannot be estimated; {note}"
        return row(estimand, arm, design.reference, p_value=p_value, note=note, converged=False)
    both = pd.concat([active.assign(active=1.0), reference.assign(active=0.0)])
    frame = both.assign(event=both["CNSR"] == 0)[["AVAL", "event", "active"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            line = CoxPHFitter(alpha=design.alpha).fit(frame, "AVAL", "event").summary.iloc[0]
        except Exception as error:  # lifelines raises several kinds; every one means that there is no estimate
            note = f"the Cox model failed: {error}; {note}"
            return row(estimand, arm, design.reference, p_value=p_value, note=note, converged=False)
    entry = row(estimand, arm, design.reference, float(line["exp(coef)"]), float(line["se(coef)"]), note=note)
    bounds = [float(line[name]) for name in line.index if str(name).startswith("exp(coef) ")]
    entry["lower"], entry["upper"], entry["p_value"] = bounds[0], bounds[1], p_value
    return entry


# --- all of them -------------------------------------------------------------------------------------------------

_ANALYSES: dict[str, tuple[str, str, Callable[[pd.DataFrame, Design, str], list[Row]]]] = {
    "alsfrs_r_slope": ("ADQS", adam.TOTAL, slopes),
    "alsfrs_r_change_observed": ("ADQS", adam.TOTAL, change_observed),
    "alsfrs_r_change_locf": ("ADQS", adam.TOTAL, change_carried),
    "alsfrs_r_rate_locf": ("ADQS", adam.TOTAL, rate_carried),
    "vital_capacity_slope": ("ADLB", adam.VITAL_CAPACITY, slopes),
    "nfl_ratio": ("ADLB", adam.NFL, nfl_ratio),
    "survival": ("ADTTE", adam.DEATH, survival),
}


def analyse(tables: Tables, design: Design, endpoints: Sequence[str], replicate: int) -> pd.DataFrame:
    """Every endpoint of one replicate; columns as :data:`COLUMNS`."""
    rows: list[Row] = []
    for endpoint in endpoints:
        table, parameter, function = _ANALYSES[endpoint]
        data = tables[table]
        rows += function(data[data["PARAMCD"] == parameter], design, endpoint)
    for entry in rows:
        bounded = np.isfinite(entry["lower"]) or np.isfinite(entry["upper"])
        entry["interval"] = interval_words(entry["estimand"], design.alpha) if bounded else ""
    return pd.DataFrame([{"replicate": replicate, **entry} for entry in rows], columns=list(COLUMNS))
