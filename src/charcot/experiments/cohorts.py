"""Statistics of drawn patients: the same persons with the same draws in every arm."""

from __future__ import annotations

import contextvars
import functools
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from charcot import disease, patients
from charcot.core.estimates import cox
from charcot.core.identifiers import did_you_mean
from charcot.core.incidence import power_of_age
from charcot.core.result import failures_among
from charcot.core.units import DAYS_PER_MONTH
from charcot.experiments.arms import SHIPPED
from charcot.experiments.definition import Cohort, Criteria, Given, Measure
from charcot.experiments.forms import OF_PAIRS, OF_THE_LAW, OF_VALUES, OWN_MONTHS
from charcot.experiments.persons import clock_of, each, entries_into, time_to, visit_months, zero_day
from charcot.experiments.summaries import SUMMARIES, at_risk, hazard_ratio
from charcot.patients import Assumed, Courses
from charcot.patients.cohort import onset_process
from charcot.patients.courses import NEEDED
from charcot.patients.readings import READOUTS, Course, read_courses, statistics
from charcot.treatments import Regimen

COHORT_READOUTS = (
    *READOUTS,
    "biomarker.nfl_csf",
    "biomarker.mir126_serum",
    "biomarker.mir126_muscle_vesicles",
    "biomarker.sod1_csf",
    "immune.treg",
    "immune.th2",
    "immune.cd8",
    "immune.natural_killer",
)
UNTREATED = "untreated"
MOST: contextvars.ContextVar[int] = contextvars.ContextVar("most", default=0)  # patients drawn; 0: as the file says
COARSE = 1e-3  # the tolerance where fewer are drawn: it errs far less than they do
MOST_FAILED = 0.05  # share of an arm's simulations that may fail before a statistic of it is refused
WORKERS = contextvars.ContextVar("workers", default=1)  # threads; no result depends on it


Followed = Mapping[str, float]  # arm -> months after diagnosis
NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Group:
    """The people of an experiment, in a model that may be changed.

    ``followed``: how many months after diagnosis a treated arm is simulated (:func:`follow_up`); where an arm is not
    named, to everybody's end. ``measures``: all that the experiment measures, by name.
    """

    cohort: Cohort
    under: Assumed = SHIPPED
    followed: Followed = field(default_factory=dict)
    measures: Mapping[str, Measure] = field(default_factory=dict)

    @classmethod
    def of(cls, cohort: Cohort, measures: Mapping[str, Measure], under: Assumed = SHIPPED) -> Group:
        """The people of an experiment with these measures."""
        return cls(cohort, under, follow_up(measures.values(), cohort.groups), measures)

    def criteria(self, name: str | None) -> Criteria | None:
        """Who is in a group; an unknown one raises :class:`KeyError`."""
        if name is not None and name not in self.cohort.groups:
            raise KeyError(f"the cohort has no group called {name!r}. {did_you_mean(name, self.cohort.groups)}")
        return self.cohort.groups[name] if name is not None else None

    def courses(self, arm: str) -> Courses:
        """The courses of one arm, simulated once in a process; an unknown one raises :class:`KeyError`."""
        return _courses(self._key(arm), self.under)

    def read(self, arm: str) -> tuple[Course, np.ndarray]:
        """What a clinic reads off the courses of one arm, and who fell ill."""
        return _read(self._key(arm), self.under)

    def _key(self, arm: str) -> str:
        known = arm_names(self.cohort)
        if arm not in known:
            raise KeyError(f"the cohort has no arm called {arm!r}. {did_you_mean(arm, known)}")
        given = [g.model_dump() for g in self.cohort.arms.get(arm, ())]
        extra = [self.cohort.set.get(arm, {}), list(self.cohort.off.get(arm, ()))]
        count = min(self.cohort.patients, MOST.get() or self.cohort.patients)
        months = self.followed.get(arm, math.inf)
        end = months if given and math.isfinite(months) else None
        return json.dumps([self.cohort.population, count, self.cohort.seed, given, *extra, end, self._reads()])

    def _reads(self) -> list[str]:
        """What its measures and groups read beyond what is reported of every cohort."""
        asked = {read for measure in self.measures.values() if measure.statistic for read in measure.reads}
        asked |= {name for group in self.cohort.groups.values() for name in group.where}
        return sorted(asked.intersection(patients.program().readout_names).difference(COHORT_READOUTS, NEEDED))


class FailedArm(ValueError):
    """So many simulations of an arm failed that a statistic of the rest would mislead."""


def statistic(cohort: Cohort, measure: Measure, under: Assumed = SHIPPED, followed: Followed = NONE) -> float:
    """The value of a cohort measure; ``under``: what is changed in the model; ``followed``: as in :class:`Group`."""
    return statistic_of(Group(cohort, under, followed, {"": measure}), measure)


def statistic_of(group: Group, measure: Measure) -> float:
    """The value of a measure of a cohort.

    Patients whose simulation failed are in no statistic, nor are their pairs in another arm; with more than
    ``MOST_FAILED`` of an arm this is a :class:`FailedArm`.
    """
    group.criteria(measure.among), group.criteria(measure.versus)
    for name in arms_of(measure, group.measures):
        _refuse_failures(group, name)
    if measure.statistic in SUMMARIES:
        return SUMMARIES[measure.statistic](group.courses(measure.arm or UNTREATED), measure, group.cohort.groups)
    known = STATISTICS.get(measure.statistic or "")
    if known is not None:
        return known(group, measure)
    course, _ = group.read(measure.arm or UNTREATED)
    return statistics(course)[measure.statistic or ""](np.arange(len(course.survival)))


def why_no_number(group: Group, measure: Measure) -> str:
    """Why a measure of a cohort has no value, where that is known: nobody is in its group, or has what it reads."""
    if measure.pair:
        return next((why for name in measure.pair if (why := why_no_number(group, group.measures[name]))), "")
    if measure.statistic in OF_THE_LAW:
        return ""
    courses = group.courses(measure.arm or UNTREATED)
    for name in (measure.among, measure.versus):
        if name and not np.isfinite(entries_into(courses, group.criteria(name))).any():
            return f"nobody is in group {name!r}"
    if measure.statistic not in OF_VALUES:
        return ""
    entry = entries_into(courses, group.criteria(measure.among))
    known = int(np.isfinite(each(courses, measure, entry)).sum())
    where = f" in group {measure.among!r}" if measure.among else ""
    return f"only one person{where} has a value" if known == 1 else "" if known else f"nobody{where} has a value"


def arms_of(measure: Measure, measures: Mapping[str, Measure] = NONE) -> tuple[str, ...]:
    """The arms whose courses a cohort measure reads, with those of the ``measures`` that it pairs."""
    if measure.pair:
        paired = [measures[name] for name in measure.pair if name in measures]
        return tuple(dict.fromkeys(arm for one in paired for arm in arms_of(one)))
    if measure.statistic in OF_THE_LAW:
        return ()
    own = measure.arm or UNTREATED
    if measure.statistic not in OF_PAIRS:
        return (own,)
    return tuple(dict.fromkeys((own, measure.against or UNTREATED, UNTREATED)))


def follow_up(measures: Iterable[Measure], groups: Mapping[str, Criteria] = NONE) -> dict[str, float]:
    """Months after diagnosis that these measures of one cohort see of each arm; infinite where one sees its end.

    Who is treated every day costs many steps a day: nobody needs to be simulated for longer than is looked.
    """
    out: dict[str, float] = {}
    for measure in measures:
        months = _after_diagnosis(measure, groups)
        for arm in arms_of(measure) if measure.statistic and not measure.pair else ():
            out[arm] = max(out.get(arm, 0.0), months)
    return out


def _after_diagnosis(measure: Measure, groups: Mapping[str, Criteria]) -> float:
    """Months after diagnosis until which a measure looks; infinite where that is not known, or to the end."""
    name = measure.statistic or ""
    if name in OF_PAIRS:
        months = _months(measure)
    elif name in OF_VALUES:
        months = float(visit_months(measure)[-1])
    elif name in ("share with event", "hazard ratio of groups"):
        months = math.inf if measure.months is None else measure.months
    else:
        months = math.inf
    group = groups.get(measure.among or "")
    if clock_of(measure) == "entry" and group is not None and group.clock == "diagnosis":
        return months + group.months
    return months if clock_of(measure) == "diagnosis" else math.inf


def _months(measure: Measure) -> float:
    return OWN_MONTHS[measure.statistic or ""] if measure.months is None else measure.months


def failures(
    cohort: Cohort, measures: Iterable[Measure], under: Assumed = SHIPPED, followed: Followed = NONE
) -> dict[str, dict[str, int]]:
    """As :func:`failures_of`, of a cohort alone."""
    return failures_of(Group(cohort, under, followed), measures)


def failures_of(group: Group, measures: Iterable[Measure]) -> dict[str, dict[str, int]]:
    """How the simulations failed that measures of a cohort read: arm -> way -> patients; empty where none did."""
    names = dict.fromkeys(name for measure in measures for name in arms_of(measure, group.measures))
    found = {name: failures_among(group.courses(name).result.status_counts()) for name in names}
    return {name: ways for name, ways in found.items() if ways}


def _refuse_failures(group: Group, arm: str) -> None:
    courses = group.courses(arm)
    ways = failures_among(courses.result.status_counts())
    if sum(ways.values()) > MOST_FAILED * len(courses.failed):
        how = ", ".join(f"{name} {count}" for name, count in ways.items())
        raise FailedArm(f"arm {arm!r}: {sum(ways.values())} of {len(courses.failed)} simulations failed ({how})")


def readouts() -> tuple[str, ...]:
    """What a statistic may read of a cohort."""
    return patients.program().readout_names


def arm_names(cohort: Cohort) -> tuple[str, ...]:
    """The arms of a cohort: untreated, and all that have products, numbers or mechanisms of their own."""
    return tuple(dict.fromkeys((UNTREATED, *cohort.arms, *cohort.set, *cohort.off)))


@functools.lru_cache(maxsize=64)
def _courses(key: str, under: Assumed) -> Courses:
    population, n, seed, given, overrides, off, months, more = json.loads(key)
    drawn = under.people(patients.draw_cohort(patients.load_population(population), n, seed))
    options: dict[str, Any] = {
        "readouts": (*COHORT_READOUTS, *more),
        "overrides": overrides,
        "off": frozenset(off),
        "workers": WORKERS.get(),
    }
    if MOST.get():
        options["tolerance"] = COARSE
    if not given:
        return under.simulate(drawn, **options)
    plain = _courses(json.dumps([population, n, seed, [], {}, [], None, more]), under)
    diagnosed = np.flatnonzero(np.isfinite(plain.diagnosis))
    regimens = [_regimen(Given(**g)) for g in given]
    day = plain.diagnosis[diagnosed]
    if months is not None:
        options["until"] = day + months * DAYS_PER_MONTH
    treated = under.simulate(drawn.take(diagnosed), [regimens] * len(diagnosed), day, **options)
    # Who cannot be given a vector is in no statistic of its arm, nor is the pair in another arm.
    return treated.take(np.flatnonzero(~treated.not_eligible))


@functools.lru_cache(maxsize=8)
def _read(key: str, under: Assumed) -> tuple[Course, np.ndarray]:
    return read_courses(_courses(key, under))


def forget_courses() -> None:
    """Let go of the courses that are kept."""
    _courses.cache_clear()
    _read.cache_clear()


def _regimen(given: Given) -> Regimen:
    return Regimen.parse(product=given.product, dose=given.dose, schedule=given.schedule, start=start_text(given))


def start_text(given: Given) -> str:
    """When a product is first given, with its unit; a bare number is days."""
    return given.start if isinstance(given.start, str) else f"{given.start} days"


@dataclass(frozen=True)
class _Pair:
    """The persons who are diagnosed without treatment, enter the group that is meant, and whose simulations succeeded
    in both arms, row by row the same: their courses in ``against`` and in ``arm``, and the day from which months
    count, which is read without treatment."""

    against: Courses
    arm: Courses
    start: np.ndarray


def _pair(group: Group, measure: Measure) -> _Pair:
    reference = group.courses(UNTREATED)
    both = [group.courses(name) for name in (measure.against or UNTREATED, measure.arm)]
    ids = reference.cohort.columns["id"]
    entry = entries_into(reference, group.criteria(measure.among))
    start = zero_day(reference, clock_of(measure), entry)
    keep = np.isfinite(reference.diagnosis) & np.isfinite(start)
    for courses in both:
        keep &= np.isin(ids, courses.cohort.columns["id"][~courses.failed])
    if not keep.any():
        where = f", in the group {measure.among!r}" if measure.among else ""
        raise ValueError(f"nobody is diagnosed and in both arms{where}")
    rows = [np.flatnonzero(np.isin(courses.cohort.columns["id"], ids[keep])) for courses in both]
    return _Pair(both[0].take(rows[0]), both[1].take(rows[1]), start[keep])


def _hazard_ratio(group: Group, measure: Measure) -> float:
    """Cox hazard ratio of death or permanent ventilation in the months after diagnosis (or entry into a group).

    With a ``read``-out: among patients whose value then lies between the quantiles ``since`` and ``until``.
    """
    pair = _pair(group, measure)
    keep = np.ones(len(pair.start), dtype=bool)
    if measure.read:
        x = _sum_at(pair.against, measure, pair.start)
        low, high = np.quantile(x, [float(measure.since or 0), float(measure.until or 1)])
        keep = (x >= low) & (x <= high)
    rows = []
    for arm, courses in enumerate((pair.against, pair.arm)):
        months, observed, _ = time_to(courses, "death", pair.start)
        rows.append(at_risk(months[keep], observed[keep], _months(measure), arm))
    return hazard_ratio(rows)


def _sum_at(courses: Courses, measure: Measure, days: np.ndarray) -> np.ndarray:
    return np.asarray(np.sum([courses.at(read, days) for read in measure.reads], axis=0))


def _declines(group: Group, measure: Measure) -> tuple[float, float]:
    """Mean decline in points a month after diagnosis in both arms, over a span in which both are alive."""
    pair = _pair(group, measure)
    first, second, start = pair.against, pair.arm, pair.start
    last = start + _months(measure) * DAYS_PER_MONTH
    end = np.minimum.reduce([last, first.result.end_time, second.result.end_time])
    span = (end - start) / DAYS_PER_MONTH
    out = []
    for courses in (first, second):
        fall = courses.at("clinic.alsfrs_r.total", start) - courses.at("clinic.alsfrs_r.total", end)
        out.append(float(np.nanmean((fall / span)[span > 2])))
    return out[0], out[1]


def _decline_ratio(group: Group, measure: Measure) -> float:
    first, second = _declines(group, measure)
    return second / first


def _change_ratio(group: Group, measure: Measure) -> float:
    """Median of ``read`` in ``arm`` over ``against``, the given months after diagnosis."""
    pair = _pair(group, measure)
    day = pair.start + _months(measure) * DAYS_PER_MONTH
    first, second = (_sum_at(c, measure, day) for c in (pair.against, pair.arm))
    both = np.isfinite(first) & np.isfinite(second)
    return float(np.median(second[both] / first[both]))


def _hazard_per_sd(group: Group, measure: Measure) -> float:
    """Cox hazard ratio of death after diagnosis per standard deviation of ``read`` at diagnosis."""
    courses = group.courses(measure.arm or UNTREATED)
    courses = courses.take(np.flatnonzero(np.isfinite(courses.diagnosis)))
    x = _sum_at(courses, measure, courses.diagnosis)
    time = np.minimum(courses.death, courses.result.end_time) - courses.diagnosis
    known = np.isfinite(x) & (time > 0)
    x = x[known]
    frame = pd.DataFrame(
        {"time": time[known], "event": np.isfinite(courses.death[known]), "x": (x - x.mean()) / x.std()}
    )
    return cox(frame, "x")[0]


def _fast_over_slow(group: Group, measure: Measure) -> float:
    """Mean ``read`` at diagnosis of the fast third over that of the slow third, by decline after diagnosis."""
    courses = group.courses(measure.arm or UNTREATED)
    course, ill = group.read(measure.arm or UNTREATED)
    known = np.isfinite(course.decline)
    sick = courses.take(np.flatnonzero(ill))
    x = _sum_at(sick, measure, sick.diagnosis)
    low, high = np.nanpercentile(course.decline, [100 / 3, 200 / 3])
    return float(np.nanmean(x[known & (course.decline > high)]) / np.nanmean(x[known & (course.decline < low)]))


def _median_at_diagnosis(group: Group, measure: Measure) -> float:
    """Median of ``read`` at diagnosis (``months`` after it) over its value at the seed."""
    courses = group.courses(measure.arm or UNTREATED)
    courses = courses.take(np.flatnonzero(np.isfinite(courses.diagnosis)))
    now = _sum_at(courses, measure, courses.diagnosis + (measure.months or 0.0) * DAYS_PER_MONTH)
    return float(np.nanmedian(now / _at_the_seed(courses, measure)))


def _before_onset(group: Group, measure: Measure) -> float:
    """Median of ``read`` the given months before onset over its value at the seed."""
    courses = group.courses(measure.arm or UNTREATED)
    courses = courses.take(np.flatnonzero(np.isfinite(courses.onset)))
    day = np.maximum(courses.onset - (measure.months or 0.0) * DAYS_PER_MONTH, 0.0)
    return float(np.nanmedian(_sum_at(courses, measure, day) / _at_the_seed(courses, measure)))


def _at_the_seed(courses: Courses, measure: Measure) -> np.ndarray:
    return np.asarray(np.sum([courses.result[read][:, 0] for read in measure.reads], axis=0))


def _correlation(group: Group, measure: Measure) -> float:
    """Correlation, over the persons who have both, of what two measures take of each; of ranks where asked."""
    found: list[dict[int, float]] = []
    for name in measure.pair or ():
        one = group.measures[name]
        courses = group.courses(one.arm or UNTREATED)
        values = each(courses, one, entries_into(courses, group.criteria(one.among)))
        found.append(dict(zip(courses.cohort.columns["id"].tolist(), values.tolist(), strict=True)))
    first, second = found
    both = np.array([(first[i], second[i]) for i in first.keys() & second.keys()]).reshape(-1, 2)
    both = both[np.isfinite(both).all(axis=1)]
    if len(both) < 3:
        return math.nan
    if measure.statistic == "rank correlation":
        both = both.argsort(axis=0).argsort(axis=0)
    return float(np.corrcoef(both.T)[0, 1])


def _responders(group: Group, measure: Measure) -> float:
    """Share of pairs whose score under ``arm`` is higher than under ``against`` by half a point or more."""
    pair = _pair(group, measure)
    day = pair.start + _months(measure) * DAYS_PER_MONTH
    first, second = (c.at("clinic.alsfrs_r.total", day) for c in (pair.against, pair.arm))
    both = np.isfinite(first) & np.isfinite(second)
    return float(np.mean(second[both] - first[both] > 0.5))


def _stopped(group: Group, measure: Measure) -> float:
    """Share of patients whose score under ``arm`` does not fall in the year after diagnosis."""
    pair = _pair(group, measure)
    treated, start = pair.arm, pair.start
    end = start + OWN_MONTHS["no decline in a year"] * DAYS_PER_MONTH
    fall = treated.at("clinic.alsfrs_r.total", start) - treated.at("clinic.alsfrs_r.total", end)
    return float(np.mean(np.nan_to_num(fall, nan=48.0) <= 0))


def _lifetime_risk(_group: Group, measure: Measure) -> float:
    """Share of people with the genotype ``arm`` who fall ill before another death takes them, mean of both sexes."""
    genotype, process = disease.genotypes()[measure.arm], onset_process()
    return float(np.mean([disease.lifetime_risk(genotype, process, male) for male in (True, False)]))


def _odds_ratio(_group: Group, measure: Measure) -> float:
    """Odds of the exposure ``arm`` among patients without a mutation over those among people at risk."""
    return disease.odds_ratio(disease.exposures()[measure.arm], disease.genotypes()["sporadic"], onset_process())


def _slope_at_onset(group: Group, measure: Measure) -> float:
    """Power of age with which incidence among the living rises, by simulated age at onset from ``since`` to
    ``until``."""
    arm = measure.arm or UNTREATED
    course, ill = group.read(arm)
    # A patient stands for the people seeded at one age, of whom the weight's share lives to fall ill and is counted.
    weights = 1 / onset_process().weight(group.courses(arm).cohort.columns["seed_age_years"][ill])
    ages = (float(measure.since or 0), float(measure.until or 0))
    return power_of_age(course.onset_age, *ages, np.ones_like, weights)


def _carriers(group: Group, measure: Measure) -> tuple[np.ndarray, np.ndarray]:
    """Of those who fall ill, (ill,) each: whether they carry a mutation, and their age at onset in years."""
    arm = measure.arm or UNTREATED
    course, ill = group.read(arm)
    return group.courses(arm).cohort.columns["genotype"][ill] != "sporadic", course.onset_age


def _carrier_share(group: Group, measure: Measure) -> float:
    """Share of those who fall ill that carry a mutation."""
    return float(np.mean(_carriers(group, measure)[0]))


def _carriers_earlier(group: Group, measure: Measure) -> float:
    """Median age at onset of those without a mutation minus that of carriers, years."""
    carriers, age = _carriers(group, measure)
    return float(np.median(age[~carriers]) - np.median(age[carriers]))


STATISTICS: dict[str, Callable[[Group, Measure], float]] = {
    "hazard ratio": _hazard_ratio,
    "decline ratio": _decline_ratio,
    "ratio to the other arm": _change_ratio,
    "hazard ratio per standard deviation": _hazard_per_sd,
    "fast third over slow third": _fast_over_slow,
    "change by diagnosis": _median_at_diagnosis,
    "change before onset": _before_onset,
    "correlation": _correlation,
    "rank correlation": _correlation,
    "responders": _responders,
    "no decline in a year": _stopped,
    "slope of incidence at onset": _slope_at_onset,
    "carriers among the ill": _carrier_share,
    "years that carriers fall ill earlier": _carriers_earlier,
    "lifetime risk": _lifetime_risk,
    "odds ratio of an exposure": _odds_ratio,
}
