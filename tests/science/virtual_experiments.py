"""Virtual experiments that several tests of this folder share: each is simulated once in a run of the tests."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from charcot import patients
from charcot.core.units import DAYS_PER_MONTH as MONTH
from charcot.patients import Cohort, Courses
from charcot.patients.cohort import START_AGE
from charcot.patients.readings import READOUTS, Course, read_courses
from charcot.treatments import Regimen

REGIONS = ("bulbar", "cervical", "thoracic", "lumbar")
BY_LENGTH = ("bulbar", "thoracic", "cervical", "lumbar")
SEED_AGE = 58.0
EVERYTHING = patients.program().readout_names

Options = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Person:
    """One simulated person; days are on the patient's clock, which starts with the seed."""

    courses: Courses
    row: int = 0

    @property
    def onset(self) -> float:
        return float(self.courses.onset[self.row])

    @property
    def diagnosis(self) -> float:
        return float(self.courses.diagnosis[self.row])

    @property
    def death(self) -> float:
        return float(self.courses.death[self.row])

    @property
    def survival(self) -> float:
        """Months from onset to death or permanent ventilation."""
        return (self.death - self.onset) / MONTH

    def at(self, readout: str, day: float) -> float:
        return float(self.courses.at(readout, np.full(len(self.courses.cohort), float(day)))[self.row])

    def course(self, readout: str) -> tuple[np.ndarray, np.ndarray]:
        """Days and values up to the person's end."""
        values = self.courses.result[readout][self.row]
        known = np.isfinite(values)
        return self.courses.result.times[self.row][known], values[known]

    def first_below(self, readout: str, level: float) -> float:
        """The first day on which a read-out is at or below a level; infinite when it never is."""
        return _first(*self.course(readout), lambda values: values <= level)

    def first_above(self, readout: str, level: float) -> float:
        """The first day on which a read-out is at or above a level; infinite when it never is."""
        return _first(*self.course(readout), lambda values: values >= level)


def _first(days: np.ndarray, values: np.ndarray, holds) -> float:
    found = holds(values)
    return float(days[found.argmax()]) if found.any() else float("inf")


@functools.cache
def person(
    region: str = "lumbar",
    age: float = SEED_AGE,
    genotype: str = "sporadic",
    *,
    off: tuple[str, ...] = (),
    overrides: Options = (),
    seeded: bool = True,
    seed_amount: float | None = None,
    horizon_years: float = 30.0,
    step_days: float = 10.0,
    classes: int = 0,
    tolerance: float = 1e-4,
) -> Person:
    """The typical person: every number at its shared value, a tempo that does not drift."""
    cohort = patients.typical_cohort([region], age, genotype)
    if seed_amount is not None:
        cohort.columns["seed_amount"][:] = seed_amount
    courses = patients.simulate(
        cohort,
        readouts=EVERYTHING,
        off=frozenset(off),
        overrides=dict(overrides),
        seeded=seeded,
        horizon_years=horizon_years,
        step_days=step_days,
        classes=classes,
        tolerance=tolerance,
    )
    assert not courses.failed.any()
    return Person(courses)


def block(share: float) -> Options:
    """Muscle that secretes less miR-126."""
    return (("mir126.secretion_block", share),)


# Products are compared in the program that has them all: it is that of experiments and trials, and compiled once.
TYPICAL_ARMS: dict[str, tuple[str, str | None, str]] = {
    "restorer early": ("translation_restorer", None, "-9 months"),
    "restorer late": ("translation_restorer", None, "12 months"),
    "vector early": ("aav_mir126", None, "-9 months"),
    "vector at onset": ("aav_mir126", None, "0 days"),
    "vector late": ("aav_mir126", None, "12 months"),
}
BLOCKED_ARMS: dict[str, tuple[str, str | None, str] | None] = {
    "untreated": None,
    "vector at once": ("aav_mir126", None, "1 day"),
    "vector after the loss": ("aav_mir126", None, "24 months"),
    "dissolver after the loss": ("condensate_dissolver", "2000 mg", "15 months"),
}


def _regimens(arms: Sequence[tuple[str, str | None, str] | None]) -> list[list[Regimen]]:
    return [[Regimen.parse(product=arm[0], dose=arm[1], start=arm[2])] if arm is not None else [] for arm in arms]


@functools.cache
def treated_patients() -> dict[str, Person]:
    """The typical lumbar patient in several arms; starts are relative to onset."""
    cohort = patients.typical_cohort(["lumbar"], SEED_AGE, copies=len(TYPICAL_ARMS))
    regimens = _regimens(list(TYPICAL_ARMS.values()))
    origins = np.full(len(cohort), person().onset)
    model = patients.laboratory(treated=True)
    courses = patients.simulate(cohort, regimens, origins, readouts=EVERYTHING, step_days=10.0, model=model)
    return {label: Person(courses, row) for row, label in enumerate(TYPICAL_ARMS)}


BLOCKED_MONTHS = 60


@functools.cache
def blocked_people(share: float) -> dict[str, Person]:
    """Healthy young people whose muscle secretes less miR-126 from day 0 on, in several arms."""
    cohort = patients.typical_cohort(["lumbar"], START_AGE, copies=len(BLOCKED_ARMS))
    regimens = _regimens(list(BLOCKED_ARMS.values()))
    courses = patients.simulate(
        cohort,
        regimens,
        np.zeros(len(cohort)),
        readouts=EVERYTHING,
        seeded=False,
        horizon_years=BLOCKED_MONTHS / 12,
        step_days=10.0,
        overrides=dict(block(share)),
        model=patients.laboratory(treated=True),
    )
    return {label: Person(courses, row) for row, label in enumerate(BLOCKED_ARMS)}


COHORT_READOUTS = (
    *READOUTS,
    "biomarker.nfl_csf",
    "biomarker.mir126_serum",
    "biomarker.mir126_muscle_vesicles",
    "immune.treg",
    *(f"{region}.nmj.innervation" for region in REGIONS),
)


@functools.cache
def drawn_cohort(n: int = 400, seed: int = 77) -> Cohort:
    return patients.draw_cohort(patients.load_population("sporadic"), n, seed)


@functools.cache
def drawn_courses(off: frozenset[str] = frozenset()) -> Courses:
    """Untreated courses of the drawn sporadic patients, with mechanisms off."""
    return patients.simulate(drawn_cohort(), readouts=COHORT_READOUTS, off=off)


@functools.cache
def drawn_summaries(off: frozenset[str] = frozenset()) -> Course:
    return read_courses(drawn_courses(off))[0]


@functools.cache
def diagnosed() -> Courses:
    """The untreated courses of those who get a diagnosis."""
    courses = drawn_courses()
    return courses.take(np.flatnonzero(np.isfinite(courses.onset) & np.isfinite(courses.diagnosis)))


TRIAL_PRODUCTS = ("riluzole", "minocycline", "anti_interleukin1", "triple_cytokine_blockade")


@functools.cache
def treated_from_diagnosis() -> dict[str, Courses]:
    """The same persons with the same draws, each product from the day of diagnosis on."""
    untreated = diagnosed()
    n = len(untreated.cohort)
    regimens = [[Regimen.parse(product=product)] for product in TRIAL_PRODUCTS for _ in range(n)]
    rows = np.tile(np.arange(n), len(TRIAL_PRODUCTS))
    origins = np.tile(untreated.diagnosis, len(TRIAL_PRODUCTS))
    model = patients.laboratory(treated=True)
    courses = patients.simulate(untreated.cohort.take(rows), regimens, origins, model=model)
    return {name: courses.take(np.arange(i * n, (i + 1) * n)) for i, name in enumerate(TRIAL_PRODUCTS)}
