"""How far the patients of a simulated trial differ from each other in what an estimand measures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from charcot.core import mixed_model
from charcot.core.units import DAYS_PER_MONTH
from charcot.trials.change import last_observed
from charcot.trials.endpoints import is_rate
from charcot.trials.estimands import ESTIMANDS, title_of
from charcot.trials.protocol import Protocol
from charcot.trials.trial_data import TrialData, read_tables

COLUMNS = ("estimand", "sd", "unit", "what")
SLOPE = "mixed_model_slope"
FEWEST = 3  # patients of whom a spread is told


def between_patients(protocol: Protocol, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per endpoint: the SD between the patients of the reference arm (of a ratio that of its logarithm), and of
    what; NaN where no patient has such a value (a hazard ratio belongs to groups).

    ``tables``: ADaM tables of one simulated trial.
    """
    reference = protocol.reference_arm
    arms = [reference, *(arm.id for arm in protocol.arms if arm.id != reference)]
    data = read_tables(tables, arms)
    data = data.take(data.arms == 0)
    rows = [(endpoint, *_differ(data, endpoint)) for endpoint in protocol.endpoints]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _differ(data: TrialData, endpoint: str) -> tuple[float, str, str]:
    estimand = ESTIMANDS[endpoint]
    measure = estimand.endpoint.measure
    if measure not in data.values:
        return np.nan, "", f"{title_of(endpoint)}: compares groups; no patient has a value of it"
    if len(data) < FEWEST:
        return np.nan, "", f"fewer than {FEWEST} patients in the reference arm"
    if estimand.analysis == SLOPE:
        return (
            _slopes(data, measure),
            estimand.unit,
            "slopes of patients by the mixed model, drift of their ratings included",
        )
    change = data.change(measure) if estimand.null == 0 else _log_change(data.values[measure])
    last = last_observed(change)[0]
    last = last[np.isfinite(last)]
    spread = float(last.std(ddof=1)) if len(last) >= FEWEST else np.nan
    if estimand.null == 1:
        return spread, estimand.unit, "logarithms of patients' last ratios to baseline, noise of visits included"
    if is_rate(endpoint):
        months = float(data.days[-1]) / DAYS_PER_MONTH
        return spread / months, estimand.unit, "patients' last changes over the months of the trial, noise included"
    return spread, estimand.unit, "patients' last changes from baseline, noise of visits included"


def _log_change(values: np.ndarray) -> np.ndarray:
    logs = np.log(np.where(values > 0, values, np.nan))
    return np.asarray(logs - logs[:, :1])


def _slopes(data: TrialData, measure: str) -> float:
    """SD of the random slopes of a mixed model, in the measure's unit per month; NaN where it has no fit."""
    values, months = data.values[measure], data.days / DAYS_PER_MONTH
    seen = np.isfinite(values)
    who, visit = np.nonzero(seen)
    columns = np.column_stack([np.ones(len(who)), months[visit]])
    try:
        found = mixed_model.fit(values[seen], columns, np.unique(who, return_inverse=True)[1], columns)
    except (np.linalg.LinAlgError, ValueError):
        return float("nan")
    return float(np.sqrt(found.random[1, 1])) if found.converged else float("nan")
