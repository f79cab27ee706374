"""One value of each person of a cohort: on a day of a clock, between two days, or a slope; and who is in a group.

Months count on one clock of a person: the seed of disease, onset, diagnosis, or the entry into a group.
"""

from __future__ import annotations

import math

import numpy as np

from charcot.clinic.measurements import measurements
from charcot.clinic.observation import TOTAL_MAXIMUM, observe_all_items
from charcot.core.estimates import least_squares
from charcot.core.identifiers import did_you_mean
from charcot.core.units import DAYS_PER_MONTH
from charcot.experiments.definition import Bound, Criteria, Measure
from charcot.experiments.forms import MIXED
from charcot.patients import Courses
from charcot.patients.courses import ITEM_READOUTS
from charcot.patients.readings import SCORE

AGE, SINCE_ONSET, DECLINE = "age", "months since onset", "decline since onset"
OWN_QUANTITIES = (AGE, SINCE_ONSET, DECLINE)  # of groups, beside read-outs and numbers
MEASURED = {one.readout: one for one in measurements().values()}
RECORDED = (SCORE, *MEASURED)  # what a visit records with noise


def clock_of(measure: Measure) -> str:
    """The clock on which the months of a measure count."""
    return measure.clock or ("entry" if measure.among else "diagnosis")


def zero_day(courses: Courses, clock: str, entry: np.ndarray) -> np.ndarray:
    """(patients,) the day on which a clock starts; NaN for whom it never does, and for those who enter no group.

    ``entry``: the day on which each enters the group, 0 for all where there is none.
    """
    days = {
        "seed": np.zeros(len(entry)), "onset": courses.onset, "diagnosis": courses.diagnosis, "entry": entry,
    }[clock]  # fmt: skip
    return np.where(np.isfinite(days) & np.isfinite(entry) & ~courses.failed, days, np.nan)


def entries_into(courses: Courses, group: Criteria | None) -> np.ndarray:
    """(patients,) the day on which each enters a group; NaN for those who are not in it, 0 where no group is meant."""
    if group is None:
        return np.zeros(len(courses.cohort))
    start = courses.onset if group.clock == "onset" else courses.diagnosis
    day = np.where(np.isfinite(start), start, np.nan) + group.months * DAYS_PER_MONTH
    with np.errstate(invalid="ignore"):
        member = (day <= courses.result.end_time) & (day < courses.death) & ~courses.failed
    seen = member.copy()
    columns = courses.cohort.columns
    if group.sex:
        member &= columns["sex"] == group.sex
    for name, allowed in (("genotype", group.genotype), ("onset_region", group.onset_region)):
        if allowed:
            member &= np.isin(columns[name], allowed)
    for name, bound in group.where.items():
        member &= within(bound, quantity_of(courses, name, day), seen)
    return np.where(member, day, np.nan)


def quantity_of(courses: Courses, name: str, day: np.ndarray) -> np.ndarray:
    """(patients,) what a group may ask for by name, on each person's ``day``.

    Of a number that differs between patients it is the logarithm of the own over the shared value.
    """
    if name in courses.cohort.deviations:
        return courses.cohort.deviations[name]
    if name == AGE:
        return courses.at("person.age", day)
    if name in (SINCE_ONSET, DECLINE):
        with np.errstate(invalid="ignore", divide="ignore"):
            months = (day - courses.onset) / DAYS_PER_MONTH
            lost = TOTAL_MAXIMUM - courses.at(SCORE, day)
            return np.asarray(months if name == SINCE_ONSET else lost / months)
    if name not in courses.result.readout_names:
        known = (*OWN_QUANTITIES, *courses.cohort.deviations, *courses.result.readout_names)
        raise KeyError(f"a group cannot ask for {name!r}. {did_you_mean(name, known)}")
    return courses.at(name, day)


def within(bound: Bound, values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(patients,) bool; quantiles are those of everybody who is seen at that time.

    Who has the very value of a quantile is below it and not above, so that nobody is in both of two halves.
    """
    known = values[seen & np.isfinite(values)]
    low = bound.above if bound.above is not None else -math.inf
    high = bound.below if bound.below is not None else math.inf
    over = np.ones(len(values), dtype=bool)
    with np.errstate(invalid="ignore"):
        if len(known) and bound.above_quantile:
            over = values > np.quantile(known, bound.above_quantile)
        if len(known) and bound.below_quantile is not None:
            high = min(high, float(np.quantile(known, bound.below_quantile)))
        return np.asarray(over & (values >= low) & (values <= high))


def each(courses: Courses, measure: Measure, entry: np.ndarray) -> np.ndarray:
    """(patients,) the quantity of a measure, NaN for those of whom it is not known, such as the dead."""
    zero = zero_day(courses, clock_of(measure), entry)
    values = seen_values(courses, measure, zero, visit_months(measure))
    if measure.of == "value":
        return values[:, 0]
    if measure.of == "change":
        return np.asarray(values[:, 1] - values[:, 0])
    if measure.of == "ratio":
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(values[:, 1] / values[:, 0])
    return least_squares(visit_months(measure), values)


def taken_of_each(measure: Measure) -> str:
    """What a measure takes of each person: a ``value``, ``change``, ``ratio`` or ``slope``."""
    return "slope" if measure.statistic in MIXED else measure.of


def visit_months(measure: Measure) -> np.ndarray:
    """(visits,) the months of its clock on which a measure looks."""
    of = taken_of_each(measure)
    if of == "value":
        return np.array([measure.months or 0.0])
    since, until = float(measure.since or 0.0), float(measure.until or 0.0)
    if of in ("change", "ratio"):
        return np.array([since, until])
    return since + measure.every * np.arange(math.floor((until - since) / measure.every + 1e-9) + 1)


def seen_values(courses: Courses, measure: Measure, zero: np.ndarray, months: np.ndarray) -> np.ndarray:
    """(patients, visits) the sum of what a measure reads, so many ``months`` after the ``zero`` day of each."""
    days = zero[:, None] + months * DAYS_PER_MONTH
    if measure.carried:
        days = np.minimum(days, courses.result.end_time[:, None])
    found = []
    for read in measure.reads:
        if measure.recorded:
            visits = [f"month {month:g} from {clock_of(measure)}" for month in months]
            found.append(np.stack([_recorded(courses, read, days[:, k], v) for k, v in enumerate(visits)], axis=1))
        else:
            found.append(courses.at(read, days))
    return np.asarray(np.sum(found, axis=0))


def _recorded(courses: Courses, read: str, days: np.ndarray, visit: str) -> np.ndarray:
    """(patients,) what one visit records; its noise is that of the person and the visit, whoever else looks at it."""
    ids, seed = courses.cohort.columns["id"], courses.cohort.seed
    if read == SCORE:
        items = np.stack([courses.at(item, days) for item in ITEM_READOUTS], axis=1)
        return np.asarray(observe_all_items(items[:, None], seed, ids, visit)[:, 0].sum(axis=1))
    observe = MEASURED[read].observe
    latent = courses.at(read, days)
    return np.array([observe(latent[i : i + 1], seed, ids[i], visit)[0] for i in range(len(ids))])


def time_to(courses: Courses, event: str, zero: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(patients,) months from the ``zero`` day to an event or to the last sight, whether it came, and of whom it is
    known: those whose clock starts, and for whom the event does not lie before.

    Who dies, or comes to the end of what was simulated, without the event, is censored then.
    """
    day = {"onset": courses.onset, "diagnosis": courses.diagnosis, "death": courses.death}[event]
    observed = np.isfinite(day) & (day <= courses.result.end_time)
    last = np.where(observed, day, np.minimum(courses.death, courses.result.end_time))
    months = (last - zero) / DAYS_PER_MONTH
    with np.errstate(invalid="ignore"):
        return months, observed, np.isfinite(zero) & (months >= 0)
