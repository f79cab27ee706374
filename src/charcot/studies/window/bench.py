"""The patients of a sweep: the same people in every cell, in one program with all products compiled in."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from charcot import patients
from charcot.core import pieces
from charcot.core.errors import Problem, raise_if_any
from charcot.core.program import Program
from charcot.core.result import failures_among
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from charcot.disease import REGIONS
from charcot.patients import Assumed, Cohort, Courses, draw_cohort, load_population, typical_cohort
from charcot.patients.cohort import start_days
from charcot.patients.courses import HORIZON_YEARS, TOLERANCE
from charcot.studies import rescue
from charcot.studies.window.plan import ENDPOINTS, Plan, rescue_starts
from charcot.treatments import Regimen

TYPICAL_SEED_AGE = 58.0  # years
INNERVATION = tuple(f"{region}.nmj.innervation" for region in REGIONS)
CHUNK = 1024  # patients simulated in one call: a bound on memory
GROUPS = 4  # cohorts are simulated in groups of like onset, so that slow courses do not lengthen all others


def people(
    plan: Plan, workers: int, progress: Callable[[int], None] | None, assumed: Assumed | None = None
) -> tuple[Cohort, np.ndarray, pd.DataFrame, list[str]]:
    """Who is swept, sorted by when they fall ill; those who never do are left out and counted. ``assumed``: under a
    changed model."""
    cohort, horizon = _cohort(plan, workers, assumed)
    if plan.while_alive:
        cohort = patients.without_end(cohort)
    simulate = patients.simulate if assumed is None else assumed.simulate
    courses = simulate(cohort, workers=workers, progress=progress, horizon_years=horizon)
    order = np.argsort(courses.onset, kind="stable")
    ill = order[np.isfinite(courses.onset[order]) & ~courses.failed[order]]
    notes = []
    failed = int(courses.failed.sum())
    healthy = len(cohort) - len(ill) - failed
    if healthy:
        notes.append(f"{healthy} of {len(cohort)} people drawn never fall ill and are left out.")
    if failed:
        how = ", ".join(failures_among(courses.result.status_counts()))
        notes.append(f"The simulation of {failed} of {len(cohort)} people drawn failed ({how}); they are left out.")
    if not len(ill):
        hint = "Draw more people (-n)." if plan.traits is None else "Choose another person, or another age at onset."
        raise_if_any([Problem("nobody-ill", "none of the people drawn falls ill", None, hint)])
    c = courses.take(ill)
    people = pd.DataFrame(
        {
            "id": c.cohort.columns["id"],
            "genotype": c.cohort.columns["genotype"].astype(str),
            "onset_region": c.cohort.columns["onset_region"].astype(str),
            "onset_years_after_seed": c.onset / DAYS_PER_YEAR,
            "diagnosis_months_after_onset": (c.diagnosis - c.onset) / DAYS_PER_MONTH,
            "death_months_after_onset": (c.death - c.onset) / DAYS_PER_MONTH,
        }
    )
    return c.cohort, c.onset, people, notes


def _cohort(plan: Plan, workers: int, assumed: Assumed | None) -> tuple[Cohort, float]:
    """Who is asked about, as they are under the changed model, and how many years from the seed they are followed."""
    if plan.age is not None and plan.traits is not None:
        cohort = patients.at_age(plan.traits, workers=workers, under=assumed)
        # Silence may be as long as a whole course is elsewhere.
        return cohort, HORIZON_YEARS + plan.age - float(cohort.columns["seed_age_years"].min())
    if plan.patient:
        cohort = typical_cohort([plan.patient], TYPICAL_SEED_AGE, plan.population)
    else:
        cohort = draw_cohort(load_population(plan.population), plan.n, plan.seed)
    return cohort if assumed is None else assumed.people(cohort), HORIZON_YEARS


Values = dict[str, np.ndarray]  # endpoint -> (patients,)


def gained(treated: np.ndarray, untreated: np.ndarray) -> np.ndarray:
    """What each person gains; a difference that is within the solver's tolerance is none."""
    difference = treated - untreated
    return np.where(np.abs(difference) <= TOLERANCE * np.abs(untreated), 0.0, difference)


class Bench:
    """Simulates cells of the grid in groups of people with like onset, and reads the endpoints.

    ``assumed``: a changed model, whose people ``cohort`` are.
    """

    def __init__(
        self,
        plan: Plan,
        cohort: Cohort,
        onset: np.ndarray,
        workers: int,
        progress: Callable[[int], None] | None,
        assumed: Assumed | None = None,
    ) -> None:
        self.assumed = assumed
        self.plan, self.cohort, self.onset = plan, cohort, onset
        self.workers, self.progress = workers, progress
        self.groups = [g for g in np.array_split(np.arange(len(onset)), min(GROUPS, len(onset))) if len(g)]
        self.failures: dict[str, int] = {}
        self.early = 0
        self.refused = 0  # treatments with a vector that antibodies of the person forbid

    def treated(self, cells: Sequence[Any] | None = None) -> dict[Any, Values]:
        """Endpoints of each cell of the grid, or of some; the key None is untreated."""
        keys = [None, *(self.plan.cells() if cells is None else cells)]
        model = self.assumed.program(self._products) if self.assumed else patients.program(self._products)
        return self._all(keys, model, self._dosed)

    def rescued(self) -> dict[Any, Values]:
        """Endpoints of each ideal rescue by (layer, start); the key None is untreated."""
        keys = [None, *itertools.product(rescue.NAMES, rescue_starts(self.plan))]
        return self._all(keys, rescue.program(), self._rescued)

    @property
    def _products(self) -> tuple[str, ...]:
        return tuple(sorted(self.plan.products))

    def _all(self, keys: Sequence[Any], model: Program, arrange: Callable[..., dict[str, Any]]) -> dict[Any, Values]:
        out: dict[Any, Values] = {key: {name: np.full(len(self.onset), np.nan) for name in ENDPOINTS} for key in keys}
        for group in self.groups:
            at_once = max(1, CHUNK // len(group))
            for first in range(0, len(keys), at_once):
                some = keys[first : first + at_once]
                rows = np.tile(group, len(some))
                found = self._chunk(rows, some, model, arrange)
                for k, key in enumerate(some):
                    for name in ENDPOINTS:
                        out[key][name][group] = found[name][k * len(group) : (k + 1) * len(group)]
        return out

    def _chunk(
        self, rows: np.ndarray, keys: Sequence[Any], model: Program, arrange: Callable[..., dict[str, Any]]
    ) -> Values:
        """Endpoints of some people, (rows,), with what was counted on the way: a piece of the sweep."""

        def compute() -> tuple[Values, dict[str, int], int, int]:
            before = self.failures, self.early, self.refused
            self.failures, self.early, self.refused = {}, 0, 0
            values = self._read(self._simulate(rows, keys, model, arrange), rows)
            counted = self.failures, self.early, self.refused
            self.failures, self.early, self.refused = before
            return values, *counted

        def found() -> None:
            if self.progress is not None:
                self.progress(len(rows))

        inputs = [self.plan.resolved(), model.hash, rows.tolist(), list(keys)]
        inputs += [self.assumed.key] if self.assumed else []
        values, failures, early, refused = pieces.piece("blocks of cells", inputs, compute, found)
        for name, count in failures.items():
            self.failures[name] = self.failures.get(name, 0) + count
        self.early += early
        self.refused += refused
        return values

    def _simulate(
        self, rows: np.ndarray, keys: Sequence[Any], model: Program, arrange: Callable[..., dict[str, Any]]
    ) -> Courses:
        cohort, onset = self.cohort.take(rows), self.onset[rows]
        each = np.repeat(np.arange(len(keys)), len(rows) // len(keys))
        simulate = patients.simulate if self.assumed is None else self.assumed.simulate
        courses = simulate(
            cohort,
            readouts=INNERVATION,
            workers=self.workers,
            progress=self.progress,
            horizon_years=float(onset.max() / DAYS_PER_YEAR + self.plan.follow_up_years + 0.25),
            model=model,
            **arrange([keys[int(k)] for k in each], cohort, onset),
        )
        for name, count in failures_among(courses.result.status_counts()).items():
            self.failures[name] = self.failures.get(name, 0) + count
        self.refused += int(courses.not_eligible.sum())
        return courses

    def _dosed(self, keys: Sequence[Any], cohort: Cohort, onset: np.ndarray) -> dict[str, Any]:
        first = start_days(cohort)
        regimens = []
        for row, key in enumerate(keys):
            mine = []
            if key is not None:
                arm, level, start = key
                day = self._not_before(start, onset[row], first[row])
                for name in arm:
                    dose = self.plan.levels(name)[level][1]
                    mine.append(Regimen.parse(product=name, dose=dose, start=f"{day!r} days"))
            regimens.append(mine)
        return {"regimens": regimens, "origins": onset, "products": self._products}

    def _rescued(self, keys: Sequence[Any], cohort: Cohort, onset: np.ndarray) -> dict[str, Any]:
        first = start_days(cohort)
        given = [
            rescue.events(key[0], onset[row] + self._not_before(key[1], onset[row], first[row])) if key else []
            for row, key in enumerate(keys)
        ]
        return {"events": given}

    def _not_before(self, start: float, onset: float, first: float) -> float:
        """Days from onset at which a treatment starts; counted when it cannot be as early as asked."""
        day = start * DAYS_PER_YEAR
        if onset + day < first + 1:
            self.early += 1
            day = float(first + 1 - onset)
        return float(day)

    def _read(self, courses: Courses, rows: np.ndarray) -> Values:
        onset = self.onset[rows]
        limit = self.plan.follow_up_years * DAYS_PER_YEAR
        lived = np.clip(courses.death - onset, 0.0, limit)
        when = onset + self.plan.at_months * DAYS_PER_MONTH
        alive = courses.death > when
        score = courses.at("clinic.alsfrs_r.total", when)
        innervation = np.mean([courses.at(name, when) for name in INNERVATION], axis=0)
        out = {
            "survival": lived / DAYS_PER_MONTH,
            "alsfrs": np.where(alive, score, 0.0),
            "alive": alive.astype(float),
            "innervation": np.where(alive, innervation, 0.0),
        }
        unknown = courses.failed | courses.not_eligible  # nobody's gain from what was not given
        return {name: np.where(unknown, np.nan, values) for name, values in out.items()}
