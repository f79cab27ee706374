"""Summaries of one arm of a cohort: means, spreads, shares, slopes and survival, of all its persons or of a group."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from charcot.core.estimates import cox, median_time, mixed_slopes, share_without
from charcot.experiments.definition import Criteria, Measure
from charcot.experiments.persons import clock_of, each, entries_into, seen_values, time_to, visit_months, zero_day
from charcot.patients import Courses

Groups = Mapping[str, Criteria]
SHORTEST = 1e-3  # months: who dies on the first day is at risk in it


def _known(courses: Courses, measure: Measure, groups: Groups) -> np.ndarray:
    values = each(courses, measure, entries_into(courses, groups.get(measure.among or "")))
    return np.asarray(values[np.isfinite(values)])


def _mean(courses: Courses, measure: Measure, groups: Groups) -> float:
    known = _known(courses, measure, groups)
    return float(known.mean()) if len(known) else math.nan


def _standard_deviation(courses: Courses, measure: Measure, groups: Groups) -> float:
    known = _known(courses, measure, groups)
    return float(known.std(ddof=1)) if len(known) > 1 else math.nan


def _quantile(courses: Courses, measure: Measure, groups: Groups) -> float:
    known = _known(courses, measure, groups)
    share = 0.5 if measure.quantile is None else measure.quantile
    return float(np.quantile(known, share)) if len(known) else math.nan


def _share(courses: Courses, measure: Measure, groups: Groups) -> float:
    """Share of those with a value who lie above ``above`` and below ``below``."""
    known = _known(courses, measure, groups)
    low = -math.inf if measure.above is None else float(measure.above)
    high = math.inf if measure.below is None else float(measure.below)
    return float(np.mean((known >= low) & (known <= high))) if len(known) else math.nan


def _mixed(courses: Courses, measure: Measure, groups: Groups) -> tuple[float, float]:
    entry = entries_into(courses, groups.get(measure.among or ""))
    months = visit_months(measure)
    return mixed_slopes(months, seen_values(courses, measure, zero_day(courses, clock_of(measure), entry), months))


def _slope_of_mixed_model(courses: Courses, measure: Measure, groups: Groups) -> float:
    return _mixed(courses, measure, groups)[0]


def _spread_of_mixed_model(courses: Courses, measure: Measure, groups: Groups) -> float:
    return _mixed(courses, measure, groups)[1]


def _times(courses: Courses, measure: Measure, group: Criteria | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(patients,) months to the event, whether it was seen, and of whom that is known."""
    return time_to(courses, measure.event, zero_day(courses, clock_of(measure), entries_into(courses, group)))


def _with_event(courses: Courses, measure: Measure, groups: Groups) -> float:
    """Share that comes to the event within ``months``, by Kaplan and Meier."""
    months, observed, known = _times(courses, measure, groups.get(measure.among or ""))
    return 1.0 - share_without(months[known], observed[known], measure.months or 0.0)


def _alive(courses: Courses, measure: Measure, groups: Groups) -> float:
    """Share alive and not ventilated so many ``months`` after diagnosis (or entry), by Kaplan and Meier."""
    return 1.0 - _with_event(courses, measure.model_copy(update={"event": "death"}), groups)


def _median_time(courses: Courses, measure: Measure, groups: Groups) -> float:
    """Months to the event by Kaplan and Meier; infinite where fewer than half come to it."""
    months, observed, known = _times(courses, measure, groups.get(measure.among or ""))
    return median_time(months[known], observed[known])


def _between_groups(courses: Courses, measure: Measure, groups: Groups) -> float:
    """Cox hazard ratio of an event in the group ``among`` over ``versus``, each from its own clock, to ``months``."""
    rows, members = [], []
    for of, name in enumerate((measure.versus or "", measure.among or "")):
        months, observed, known = _times(courses, measure, groups[name])
        rows.append(at_risk(months[known], observed[known], measure.months, of))
        members.append(known)
    if both := int(np.sum(members[0] & members[1])):
        raise ValueError(f"{both} persons are in both groups, {measure.among!r} and {measure.versus!r}")
    return hazard_ratio(rows)


def at_risk(months: np.ndarray, observed: np.ndarray, horizon: float | None, of: float) -> pd.DataFrame:
    """Rows for a Cox model: ``time`` at risk up to a ``horizon`` in months, ``event``, and ``group``: ``of``."""
    end = math.inf if horizon is None else horizon
    time = np.clip(months, SHORTEST, max(end, SHORTEST))
    return pd.DataFrame({"time": time, "event": observed & (months <= end), "group": of})


def hazard_ratio(rows: list[pd.DataFrame]) -> float:
    """Cox hazard ratio of the last of two groups over the first; a ValueError where one of them has no events."""
    events = [int(one["event"].sum()) for one in rows]
    if min(events) == 0:
        raise ValueError(
            f"no hazard ratio: {events[-1]} events among {len(rows[-1])} over {events[0]} among {len(rows[0])}"
        )
    return cox(pd.concat(rows, ignore_index=True), "group")[0]


SUMMARIES: dict[str, Callable[[Courses, Measure, Groups], float]] = {
    "mean": _mean,
    "standard deviation": _standard_deviation,
    "median": _quantile,
    "quantile": _quantile,
    "share of patients": _share,
    "slope of a mixed model": _slope_of_mixed_model,
    "standard deviation of slopes of a mixed model": _spread_of_mixed_model,
    "share with event": _with_event,
    "median time": _median_time,
    "hazard ratio of groups": _between_groups,
    "alive after diagnosis": _alive,
}
