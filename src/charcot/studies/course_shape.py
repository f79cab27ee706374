"""The shape of the untreated course: how it bends, whom it spares, who lives long, and health without disease.

A bench for the design of the disease core. It reads public ports only (``clinic.*``, ``pool.*``, ``person.age``), so
that it judges any core. Beside what :mod:`charcot.studies.natural_history` computes, whose targets are the
published ranges or a fifth either way where that is wider, it has targets of its own (``course_shape.csv``).
"""

from __future__ import annotations

import csv
import itertools
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from charcot import disease, patients
from charcot.clinic.observation import ITEM_MAXIMUM, ITEMS, TOTAL_MAXIMUM
from charcot.clinic.stages import KINGS_STAGES, kings_stage
from charcot.core.errors import Problem, Where, raise_if_any
from charcot.core.estimates import ROUNDING, cox, kaplan_meier
from charcot.core.identifiers import did_you_mean
from charcot.core.program import Program
from charcot.core.random import uniforms
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from charcot.patients import Assumed, Courses, assumptions
from charcot.patients.assemble import numbers
from charcot.patients.cohort import DRAWN, START_AGE
from charcot.patients.courses import DOMAINS, ITEM_READOUTS
from charcot.patients.readings import READOUTS, SCORE, Course, read_courses, recorded_scores, statistics
from charcot.studies import natural_history
from charcot.treatments import Regimen

TARGETS = Path(__file__).parent / "course_shape.csv"
CAPACITY = "clinic.vital_capacity"
# What is given from diagnosis on, in words, and the product. The first is known to act in people, the others not to act
# better.
DRUGS = {
    "Riluzole": "riluzole",
    "Masitinib-like": "microglia_reprogramming",
    "Blocker of interleukin-1": "anti_interleukin1",
    "Blocker of three cytokines": "triple_cytokine_blockade",
}
PRODUCTS = tuple(sorted(DRUGS.values()))
DRUG_MONTHS = 18.0
LEVELS = (46.0, 42.0, 36.0, 30.0, 24.0, 18.0)
AGE_GROUPS = {
    "at 50 years or under": (0.0, 51.0),
    "at 51 to 60 years": (51.0, 61.0),
    "at 61 to 70 years": (61.0, 71.0),
    "over 70 years": (71.0, np.inf),
}
TYPICAL_SEED_AGE = 58.0
OLD_AGE = 85.0  # years to which unseeded lives are followed


@dataclass(frozen=True)
class Bench:
    """What is simulated once and read many times: those who fall ill, lives without a seed, typical patients (one for
    each region of onset), and those diagnosed, on each of :data:`DRUGS` from diagnosis. ``size``: patients drawn;
    ``failed``: those whose simulation failed."""

    ill: Courses
    course: Course
    unseeded: Courses
    typical: Courses
    treated: dict[str, Courses]
    size: int
    failed: int

    @cached_property
    def last(self) -> np.ndarray:
        """(patients,) the last reported day, at most a month before death."""
        known = np.isfinite(self.ill.result[SCORE])
        return np.asarray(np.max(np.where(known, self.ill.result.times, -np.inf), axis=1))


def assumed(values: dict[str, float]) -> Assumed:
    """The model with numbers changed. Names: local (``pool.ageing_rate``: every region), full
    (``lumbar.axon.length``), or ``SYSTEM:NAME`` for what a mouse or a culture has of its own.

    Raises :class:`charcot.core.errors.Problems` for what no mechanism reads and nobody is drawn with.
    """
    overrides: dict[str, float] = {}
    systems: dict[str, dict[str, float]] = {}
    problems = []
    for name, number in values.items():
        system, _, own = name.rpartition(":")
        if system:
            systems.setdefault(system, {})[own] = number
            continue
        places = assumptions.places_of(name)
        readable = [full for full in places if full in DRAWN or full in _parameters()]
        overrides.update(dict.fromkeys(readable, number))
        if not readable:
            known = {number.name for number in numbers().values()}
            reason = "is not read by any mechanism" if places else "is no number of the model"
            problems.append(Problem("unknown-number", f"{name} {reason}", Where(name), did_you_mean(name, known)))
    raise_if_any(problems, "these numbers cannot be changed")
    return Assumed(overrides=overrides, systems=systems)


def _parameters() -> tuple[str, ...]:
    return patients.program(PRODUCTS, constants_free=True).parameter_names


def program_under(under: Assumed, classes: int = 0) -> Program:
    """The smallest program on which everything here runs. ``classes`` of neurons in a pool; 0: as shipped."""
    if under.off:
        return under.program(PRODUCTS)
    free = under.constants_of(patients.program(PRODUCTS, classes=classes), PRODUCTS)
    return patients.program(PRODUCTS, classes=classes, constants_free=free)


def simulate_bench(n: int, seed: int, under: Assumed | None = None, workers: int = 1, classes: int = 0) -> Bench:
    """Simulate ``n`` sporadic patients over 30 years, as many unseeded lives to 85, four typical patients, and each
    drug in those who are diagnosed."""
    under = under or Assumed()
    model = program_under(under, classes)
    cohort = under.people(patients.draw_cohort(patients.load_population("sporadic"), n, seed))
    courses = under.simulate(cohort, readouts=READOUTS, workers=workers, model=model)
    course, ill = read_courses(courses)
    sick = courses.take(np.flatnonzero(ill))
    typical = under.simulate(
        patients.typical_cohort(list(disease.REGIONS), TYPICAL_SEED_AGE), workers=workers, model=model
    )
    treated = {drug: _treated(sick, product, under, model, workers) for drug, product in DRUGS.items()}
    unseeded = _unseeded(n, seed, under, model, workers)
    return Bench(sick, course, unseeded, typical, treated, n, int(courses.failed.sum()))


def diagnosed(c: Courses) -> Courses:
    """The courses of those who get a diagnosis."""
    return c.take(np.flatnonzero(np.isfinite(c.diagnosis)))


def _treated(sick: Courses, product: str, under: Assumed, model: Program, workers: int) -> Courses:
    known = diagnosed(sick)
    regimens = [[Regimen.parse(product=product)] for _ in known.onset]
    until = known.diagnosis + DRUG_MONTHS * DAYS_PER_MONTH
    return under.simulate(known.cohort, regimens, known.diagnosis, workers=workers, model=model, until=until)


def _unseeded(n: int, seed: int, under: Assumed, model: Program, workers: int) -> Courses:
    cohort = under.people(patients.draw_cohort(patients.load_population("sporadic"), n, seed))
    cohort = replace(cohort, columns={**cohort.columns, "seed_age_years": np.full(n, START_AGE)})
    return under.simulate(
        cohort, workers=workers, model=model, seeded=False, horizon_years=OLD_AGE - START_AGE, step_days=91.0
    )


def quantities(bench: Bench) -> dict[str, float]:
    """Every quantity of the table by name, those of ``natural_history`` first."""
    everybody = np.arange(len(bench.course.survival))
    out = {name: value(everybody) for name, value in statistics(bench.course).items()}
    for part in (health, bends, arms, survival, plateaus, stages, drugs, others):
        out |= part(bench)
    return out


def health(b: Bench) -> dict[str, float]:
    """Lives without a seed: the score of those alive, deaths of the clinical hazards, and weakness."""
    lives = b.unseeded

    def score(age: float) -> np.ndarray:
        return lives.at(SCORE, np.full(len(lives.onset), (age - START_AGE) * DAYS_PER_YEAR))

    old = np.full(len(lives.onset), (75 - START_AGE) * DAYS_PER_YEAR)
    items = np.stack([lives.at(readout, old) for readout in ITEM_READOUTS], axis=1)
    whole = np.round(items).sum(axis=1)[np.isfinite(items).all(axis=1)] == TOTAL_MAXIMUM
    return {
        **{f"Score at {age} years without a seed": float(np.nanmean(score(age))) for age in (60, 75, 80)},
        "Recorded as 48 at 75 years without a seed": 100 * float(whole.mean()),
        "Dead of the hazards by 85 years without a seed": 100 * float(np.isfinite(lives.death).mean()),
        "Onset by 85 years without a seed": 100 * float(np.isfinite(lives.onset).mean()),
    }


def quarter_slopes(b: Bench) -> tuple[np.ndarray, np.ndarray]:
    """Points a month by quarter of the course from onset to death: mean of patients (4,), and loss over time (4,)."""
    seen = np.isfinite(b.ill.death) & (b.last > b.ill.onset + DAYS_PER_MONTH)
    c, last = b.ill.take(np.flatnonzero(seen)), b.last[seen]
    length = last - c.onset
    score = c.at(SCORE, c.onset[:, None] + length[:, None] * np.linspace(0, 1, 5))
    loss, months = score[:, :-1] - score[:, 1:], length / 4 / DAYS_PER_MONTH
    return np.mean(loss / months[:, None], axis=0), loss.sum(axis=0) / months.sum()


def stage_slopes(b: Bench) -> dict[str, float]:
    """Points a month between two levels of the score, from onset on: points lost over time, of all who pass both."""
    score, onset = b.ill.result[SCORE], b.ill.onset
    days = {level: np.maximum(b.ill.first_below(score, np.full((len(onset), 1), level)), onset) for level in LEVELS}
    out = {}
    for high, low in itertools.pairwise(LEVELS):
        both = np.isfinite(days[low])
        months = (days[low][both] - days[high][both]).sum() / DAYS_PER_MONTH
        out[f"Slope from {high:g} to {low:g} points"] = float((high - low) * both.sum() / months)
    return out


def bends(b: Bench) -> dict[str, float]:
    """How the course bends: by quarter, by year, by stage, before and after diagnosis, and in the own domain."""
    means, pooled = quarter_slopes(b)
    years = b.ill.at(SCORE, b.ill.diagnosis[:, None] + np.array([0.0, 1.0, 2.0]) * DAYS_PER_YEAR)
    first, second = -np.diff(years[np.isfinite(years[:, 2])], axis=1).sum(axis=0)
    before, after = b.course.decline_before, b.course.decline
    return {
        **{f"Slope in quarter {k} of the course": float(means[k - 1]) for k in (1, 2, 3, 4)},
        **{f"Slope in quarter {k}, loss over time": float(pooled[k - 1]) for k in (1, 2, 3, 4)},
        "Largest over smallest slope of the quarters": float(means.max() / means.min()),
        "Second year after diagnosis over the first": float(second / first),
        **stage_slopes(b),
        "Slope before diagnosis": float(np.nanmean(before)),
        "SD of the slope before diagnosis": float(np.nanstd(before)),
        "Slope before over slope after diagnosis": float(np.nanmean(before) / np.nanmean(after)),
        "Least 6 months of the own domain over its mean, typical patient": own_domain(b.typical),
    }  # fmt: skip


def own_domain(c: Courses, months: float = 6.0, left: float = 3.0) -> float:
    """The slowest ``months`` of the domain of onset over its mean slope, from onset until ``left`` points are left (or
    death): the least of the patients."""
    found = []
    for row, domain in enumerate(c.onset_domain):
        one = c.take(np.array([row]))
        score, times = one.domain_scores[domain], one.result.times[0]
        until = min(float(one.first_below(score, np.full((1, 1), left))[0]), float(times[np.isfinite(score[0])][-1]))
        days = np.arange(float(one.onset[0]), until - months * DAYS_PER_MONTH + 1e-6, 10.0)
        if len(days) < 2:
            continue
        line = np.interp([days, days + months * DAYS_PER_MONTH], times, score[0])
        whole = np.interp([days[0], until], times, score[0])
        mean = (whole[0] - whole[1]) / (until - days[0]) * months * DAYS_PER_MONTH
        found.append(float(np.min(line[0] - line[1]) / mean))
    return min(found, default=float("nan"))


def enrolment(c: Courses) -> np.ndarray:
    """(patients,) a day on which a trial would meet the patient: any between diagnosis and 24 months after onset with
    equal chance, the same in every model; NaN for those diagnosed later."""
    share = uniforms(c.cohort.seed, c.cohort.columns["id"], "course shape: enrolment")
    room = c.onset + 24 * DAYS_PER_MONTH - c.diagnosis
    with np.errstate(invalid="ignore"):
        return np.where(room > 0, c.diagnosis + share * room, np.nan)


def arm_slopes(b: Bench, months: float, score: float, capacity: float) -> np.ndarray:
    """Points a month over ``months`` from enrolment, or to the end of those who die earlier.

    Of patients under 24 months ill who then have at least this ``score`` and vital ``capacity``; who is seen for less
    than two months has no slope.
    """
    day = enrolment(b.ill)
    with np.errstate(invalid="ignore"):
        fit = (b.ill.at(SCORE, day) >= score) & (b.ill.at(CAPACITY, day) >= capacity)
    rows = np.flatnonzero(fit)
    c, day = b.ill.take(rows), day[rows]
    end = np.minimum(day + months * DAYS_PER_MONTH, b.last[rows])
    span = (end - day) / DAYS_PER_MONTH
    fall = c.at(SCORE, day) - c.at(SCORE, end)
    return np.asarray(fall[span >= 2] / span[span >= 2])


def arms(b: Bench) -> dict[str, float]:
    """Slopes of patients such as placebo arms have."""
    half, year = (arm_slopes(b, months, 0, 65) for months in (6, 12))
    return {
        "Placebo-like arm over 6 months": _mean(half),
        "Placebo-like arm over 12 months": _mean(year),
        "Placebo-like arm: 12 months over 6": _mean(year) / _mean(half),
        "SD of the placebo-like arm over 12 months": float(np.std(year)) if len(year) else float("nan"),
        "Very early arm over 6 months": _mean(arm_slopes(b, 6, 40, 80)),
    }


def from_diagnosis(c: Courses) -> tuple[np.ndarray, np.ndarray]:
    """Days from diagnosis to death or the end of what was simulated, and whether death was seen, of the diagnosed."""
    known = np.isfinite(c.diagnosis)
    end = np.minimum(c.death, c.result.end_time)
    return (end - c.diagnosis)[known], np.isfinite(c.death)[known]


def median(time: np.ndarray, observed: np.ndarray) -> float:
    """Kaplan-Meier median."""
    times, alive = kaplan_meier(time, observed)
    reached = alive <= 0.5 + ROUNDING
    return float(times[reached.argmax()]) if reached.any() else float("inf")


def alive_at(time: np.ndarray, observed: np.ndarray, day: float) -> float:
    """Kaplan-Meier share alive after ``day``."""
    times, alive = kaplan_meier(time, observed)
    return float(np.concatenate([[1.0], alive])[np.searchsorted(times, day, side="right")])


def age_hazard(b: Bench) -> tuple[float, float]:
    """Cox hazard ratio of death after onset per decade of age at onset, and the standard error of its logarithm."""
    k = b.course
    frame = pd.DataFrame({"time": np.maximum(k.survival, 1e-3), "event": k.observed, "decades": k.onset_age / 10})
    return cox(frame, "decades")


def survival(b: Bench) -> dict[str, float]:
    """The tail of survival, and age."""
    time, observed = from_diagnosis(b.ill)
    ages = b.course.onset_age[np.isfinite(b.ill.diagnosis)]
    ratio, error = age_hazard(b)
    out = {
        "Alive five years after diagnosis": 100 * alive_at(time, observed, 5 * DAYS_PER_YEAR),
        "Alive ten years after diagnosis": 100 * alive_at(time, observed, 10 * DAYS_PER_YEAR),
        "Hazard ratio per decade of age at onset": ratio,
        "Standard error of its logarithm": error,
        "SD of age at onset": float(np.std(b.course.onset_age)),
    }
    for name, (low, high) in AGE_GROUPS.items():
        rows = (ages >= low) & (ages < high)
        out[f"Median survival from diagnosis {name}"] = median(time[rows], observed[rows]) if rows.any() else np.nan
    return out


def plateaus(b: Bench) -> dict[str, float]:
    """Share of the diagnosed, alive then, whose recorded score has not fallen; and who gain 4 points in a year."""
    scores = recorded_scores(b.ill, b.ill.diagnosis[:, None] + np.arange(0, 19, 3) * DAYS_PER_MONTH)
    gains = {months: (scores[:, months // 3] - scores[:, 0]) for months in (6, 12, 18)}
    gains = {months: gain[np.isfinite(gain)] for months, gain in gains.items()}
    out = {f"No decline over {m} months from diagnosis": 100 * _mean(gain >= 0) for m, gain in gains.items()}
    return {**out, "Gain of 4 points or more over 12 months": 100 * _mean(gains[12] >= 4)}


def stages(b: Bench) -> dict[str, float]:
    """King's stages as shares of the course from onset to death, the median of those who reach them; vital capacity at
    36 to 39 points."""
    seen = np.flatnonzero(np.isfinite(b.ill.death))
    c = b.ill.take(seen)
    items = np.stack([c.result[f"clinic.alsfrs_r.{item}"] for item in ITEMS], axis=2)
    named = kings_stage(np.clip(np.round(items), 0, ITEM_MAXIMUM))
    rank = np.vectorize({"": -1, **{s: min(i, 4) for i, s in enumerate(KINGS_STAGES)}}.get)(named)
    out = {}
    for stage in (2, 3, 4):
        reached = (rank >= stage).any(axis=1)
        day = np.take_along_axis(c.result.times, (rank >= stage).argmax(axis=1)[:, None], axis=1)[:, 0]
        share = ((day - c.onset) / (c.death - c.onset))[reached]
        middle = float(np.median(np.clip(share, 0, 1))) if len(share) else np.nan
        out[f"King's stage {stage} as share of the course"] = middle
    score = b.ill.result[SCORE]
    with np.errstate(invalid="ignore"):
        there = (score >= 36) & (score <= 39) & (b.ill.result.times >= b.ill.onset[:, None])
    capacity = np.where(there, b.ill.result[CAPACITY], 0.0).sum(axis=1)[there.any(axis=1)]
    out["Vital capacity at 36 to 39 points"] = _mean(capacity / there.sum(axis=1)[there.any(axis=1)])
    return out  # fmt: skip


def drugs(b: Bench) -> dict[str, float]:
    """Hazard ratio over 18 months from diagnosis, each patient being the own control."""
    control = diagnosed(b.ill)
    when = f"hazard ratio over {DRUG_MONTHS:g} months from diagnosis"
    return {f"{drug}: {when}": hazard_ratio(control, treated) for drug, treated in b.treated.items()}


def hazard_ratio(control: Courses, treated: Courses, months: float = DRUG_MONTHS) -> float:
    """Cox hazard ratio of death in the months after the controls' diagnosis, of the same patients treated and not."""
    rows = []
    for arm, courses in enumerate((control, treated)):
        time = (courses.death - control.diagnosis) / DAYS_PER_MONTH
        rows.append(pd.DataFrame({"time": np.clip(time, 1e-3, months), "event": time <= months, "treated": arm}))
    return cox(pd.concat(rows, ignore_index=True).dropna(), "treated")[0]


def restricted(c: Courses, years: float = 3.0, lost: float = 4.0) -> np.ndarray:
    """(patients,) bool: alive ``years`` after onset, one domain at ``lost`` points or less, and the others whole."""
    day = c.onset + years * DAYS_PER_YEAR
    items = {name: [f"clinic.alsfrs_r.{item}" for item in own] for name, own in DOMAINS.items()}
    scores = np.stack([np.sum([c.at(readout, day) for readout in own], axis=0) for own in items.values()], axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(((scores <= lost).sum(axis=1) == 1) & ((c.domain_onsets > day[:, None]).sum(axis=1) == 3))


def others(b: Bench) -> dict[str, float]:
    """What stands alone."""
    k = b.course
    seen = np.isfinite(b.ill.death)
    waiting = spearmanr(b.ill.onset[seen], k.survival[seen]).statistic
    second = k.second_region[np.isfinite(k.second_region) & (k.second_region < 48)]
    return {
        "SD of onset to second region": float(np.std(second)),
        "Score at death": _mean(b.ill.at(SCORE, b.last)[seen]),
        "Seed to onset against onset to death": float(waiting),
        "Restricted to one domain at 3 years": 100 * _mean(restricted(b.ill)),
    }


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


@dataclass(frozen=True)
class Target:
    """A published value in words and the range in which the model is to lie; NaN where nothing is asked."""

    unit: str
    lower: float
    upper: float
    published: str


def targets() -> dict[str, Target]:
    """The targets of every quantity, in the order of the table; those of the design win over those of the clinic."""
    out: dict[str, Target] = {}
    with natural_history.PUBLISHED.open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            value = float(row["published"])
            lower, upper = float(row["lower"] or value), float(row["upper"] or value)
            ends = (min(lower, 0.8 * value), max(upper, 1.2 * value))
            text = f"{value:g}" + (f" ({row['lower']}-{row['upper']})" if row["lower"] else "")
            out[row["quantity"]] = Target(row["unit"], *ends, text)
    with TARGETS.open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            ends = (float(row["lower"] or "nan"), float(row["upper"] or "nan"))
            out[row["quantity"]] = Target(row["unit"], *ends, row["published"])
    return out


def table(found: dict[str, float]) -> pd.DataFrame:
    """quantity, unit, simulated, lower, upper, published, ``verdict`` (in, OUT, or nothing where nothing is asked)."""
    rows = []
    for name, target in targets().items():
        value = found[name]
        asked = np.isfinite(target.lower)
        verdict = ("in" if target.lower <= value <= target.upper else "OUT") if asked else ""
        rows.append((name, target.unit, value, target.lower, target.upper, target.published, verdict))
    return pd.DataFrame(rows, columns=["quantity", "unit", "simulated", "lower", "upper", "published", "verdict"])
