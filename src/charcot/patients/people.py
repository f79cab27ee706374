"""Simulated patients of a population as many readings meet them: with and without riluzole, on a monthly grid.

One population is simulated twice, untreated and with riluzole from diagnosis. Who of them takes it is a draw against a
share, so that cohorts with different shares (a trial of today, one before riluzole) are made of the same persons.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from charcot.clinic.criteria import LOWER, UPPER
from charcot.clinic.measurements import measurements
from charcot.clinic.observation import ITEM_MAXIMUM, ITEMS, observe_all_items
from charcot.clinic.stages import KINGS_STAGES, kings_stage, mitos_stage
from charcot.core.program import Program
from charcot.core.random import uniforms
from charcot.core.units import DAYS_PER_MONTH
from charcot.patients.assemble import program
from charcot.patients.assumptions import Assumed
from charcot.patients.cohort import Cohort, Population, draw_cohort
from charcot.patients.courses import DOMAINS, ITEM_READOUTS, Courses
from charcot.treatments import Regimen

RILUZOLE = "riluzole"
TOTAL, CAPACITY, NFL, AGE = "clinic.alsfrs_r.total", "clinic.vital_capacity", "biomarker.nfl_serum", "person.age"
READOUTS = (
    *ITEM_READOUTS, TOTAL, *(one.readout for one in measurements().values()), AGE, *UPPER, *LOWER,
)  # fmt: skip
DOMAIN_NAMES = tuple(DOMAINS)
UNTREATED, TREATED = 0, 1


@dataclass(frozen=True)
class Store:
    """Courses of one population in two layers, untreated and on riluzole from diagnosis, or in the first alone.

    Attributes:
        values: (2, read-outs, patients, months) on the monthly grid from the seed on, NaN after the end.
        death, end: (2, patients) days from the seed; ``end`` is the last day that was simulated.
        onset, diagnosis: (patients,) of the untreated course, infinite where it never comes.
        domain_onsets: (patients, 4) in the order of ``DOMAINS``.
        failed: (patients,) bool: one of the two simulations failed.
    """

    cohort: Cohort
    values: np.ndarray
    death: np.ndarray
    end: np.ndarray
    onset: np.ndarray
    diagnosis: np.ndarray
    domain_onsets: np.ndarray
    failed: np.ndarray

    @cached_property
    def stages(self) -> dict[str, np.ndarray]:
        """When stages and milestones are reached, (2, patients) months from onset by true scores; infinite where never.

        ``kings_2`` to ``kings_4``, ``mitos_1``, ``mitos_2``, ``feeding`` (swallowing at 1 or less) and ``breathing``
        (King's 4B).
        """
        layers = [self._stages(layer) for layer in range(len(self.values))]
        return {name: np.stack([layer[name] for layer in layers]) for name in layers[0]}

    def _stages(self, layer: int) -> dict[str, np.ndarray]:
        items = np.moveaxis(self.values[layer, : len(ITEMS)], 0, 2)
        items = np.clip(np.round(items), 0, ITEM_MAXIMUM)
        named, lost = kings_stage(items), mitos_stage(items)
        months = np.arange(items.shape[1]) - (self.onset / DAYS_PER_MONTH)[:, None]

        def first(reached: np.ndarray) -> np.ndarray:
            day = np.take_along_axis(months, reached.argmax(axis=1)[:, None], axis=1)[:, 0]
            return np.where(reached.any(axis=1), np.maximum(day, 0.0), np.inf)

        at_least = {stage: np.isin(named, [s for s in KINGS_STAGES if int(s[0]) >= stage]) for stage in (2, 3, 4)}
        with np.errstate(invalid="ignore"):
            return {
                **{f"kings_{stage}": first(reached) for stage, reached in at_least.items()},
                **{f"mitos_{stage}": first(lost >= stage) for stage in (1, 2)},
                "feeding": first(items[:, :, ITEMS.index("swallowing")] <= 1),
                "breathing": first(named == "4B"),
            }

    def on(self, share: float) -> People:
        """Those who fall ill, of whom ``share`` (0 to 1) take riluzole from diagnosis."""
        takes = uniforms(self.cohort.seed, self.cohort.columns["id"], f"background {RILUZOLE}") < share
        return People(self, np.arange(len(self.onset)), np.where(takes, TREATED, UNTREATED)).where(
            np.isfinite(self.onset) & ~self.failed
        )


def simulate_people(
    population: Population,
    n: int,
    seed: int,
    under: Assumed | None = None,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Store:
    """Draw and simulate ``n`` patients untreated and with riluzole; ``progress`` is called with numbers of patients."""
    under = under or Assumed()
    model = program_under(under)
    cohort = under.people(draw_cohort(population, n, seed))
    untreated = under.simulate(cohort, readouts=READOUTS, workers=workers, progress=progress, model=model)
    known = np.flatnonzero(np.isfinite(untreated.diagnosis))
    regimens = [[Regimen.parse(product=RILUZOLE)] for _ in known]
    treated = under.simulate(
        cohort.take(known),
        regimens,
        untreated.diagnosis[known],
        readouts=READOUTS,
        workers=workers,
        progress=progress,
        model=model,
    )
    values = np.repeat(_grid(untreated)[None], 2, axis=0)
    values[TREATED][:, known] = _grid(treated)
    death = np.repeat(untreated.death[None], 2, axis=0)
    death[TREATED, known] = treated.death
    end = np.repeat(untreated.result.end_time[None], 2, axis=0)
    end[TREATED, known] = treated.result.end_time
    failed = untreated.failed.copy()
    failed[known] |= treated.failed
    return Store(cohort, values, death, end, untreated.onset, untreated.diagnosis, untreated.domain_onsets, failed)


def simulate_untreated(cohort: Cohort, under: Assumed, workers: int = 1) -> People:
    """Those of some patients who fall ill, untreated."""
    courses = under.simulate(under.people(cohort), readouts=READOUTS, workers=workers, model=program_under(under))
    store = Store(
        under.people(cohort), _grid(courses)[None], courses.death[None], courses.result.end_time[None], courses.onset,
        courses.diagnosis, courses.domain_onsets, courses.failed,
    )  # fmt: skip
    return People(store, np.arange(len(cohort)), np.full(len(cohort), UNTREATED)).where(
        np.isfinite(store.onset) & ~store.failed
    )


def program_under(under: Assumed) -> Program:
    """The smallest program for both simulations."""
    if under.off:
        return under.program((RILUZOLE,))
    return program((RILUZOLE,), constants_free=under.constants_of(program((RILUZOLE,)), (RILUZOLE,)))


def _grid(courses: Courses) -> np.ndarray:
    """(read-outs, patients, months); single precision, of which readings need a part."""
    return np.stack([courses.on_grid(name).astype(np.float32) for name in READOUTS])


@dataclass(frozen=True)
class People:
    """Some patients of a store, each in one of its layers; days count from the seed.

    Attributes:
        rows: (n,) their rows in the store; ``layer``: (n,) which course is theirs.
    """

    store: Store
    rows: np.ndarray
    layer: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, index: np.ndarray) -> People:
        return replace(self, rows=self.rows[index], layer=self.layer[index])

    def where(self, keep: np.ndarray) -> People:
        return self.take(np.flatnonzero(keep))

    def column(self, name: str) -> np.ndarray:
        """(n,) a column of the cohort."""
        return np.asarray(np.asarray(self.store.cohort.columns[name])[self.rows])

    @property
    def ids(self) -> np.ndarray:
        return self.column("id")

    @property
    def onset(self) -> np.ndarray:
        return np.asarray(self.store.onset[self.rows])

    @property
    def diagnosis(self) -> np.ndarray:
        return np.asarray(self.store.diagnosis[self.rows])

    @property
    def domain_onsets(self) -> np.ndarray:
        return np.asarray(self.store.domain_onsets[self.rows])

    @property
    def onset_domain(self) -> np.ndarray:
        """(n,) the domain of the first symptom."""
        return np.asarray(np.array(DOMAIN_NAMES)[self.domain_onsets.argmin(axis=1)])

    @property
    def death(self) -> np.ndarray:
        return np.asarray(self.store.death[self.layer, self.rows])

    @property
    def end(self) -> np.ndarray:
        return np.asarray(self.store.end[self.layer, self.rows])

    @property
    def failed(self) -> np.ndarray:
        return np.asarray(self.store.failed[self.rows])

    @cached_property
    def onset_age(self) -> np.ndarray:
        """(n,) years."""
        return self.at(AGE, self.onset)

    def course(self, readout: str) -> np.ndarray:
        """(n, months) a read-out on the monthly grid."""
        return np.asarray(self.store.values[self.layer, READOUTS.index(readout), self.rows])

    def at(self, readout: str, days: np.ndarray) -> np.ndarray:
        """A read-out on ``days``, (n,) or (n, k), on the line between two months; NaN after the end. Between the last
        value and the end the last one holds."""
        wanted = np.asarray(days, dtype=float)
        many = wanted if wanted.ndim == 2 else wanted[:, None]
        known = np.isfinite(many) & (many >= 0) & (many <= self.end[:, None])
        place = np.where(known, many, 0.0) / DAYS_PER_MONTH
        before = np.floor(place).astype(np.int64)
        after = np.minimum(before + 1, self.store.values.shape[-1] - 1)
        column, layer, rows = READOUTS.index(readout), self.layer[:, None], self.rows[:, None]
        left = self.store.values[layer, column, rows, before].astype(float)
        right = self.store.values[layer, column, rows, after].astype(float)
        between = np.where(np.isfinite(right), left + (place - before) * (right - left), left)
        out = np.where(known, between, np.nan)
        return np.asarray(out if wanted.ndim == 2 else out[:, 0])

    def recorded_items(self, days: np.ndarray, purpose: str) -> np.ndarray:
        """(n, k, 12) item scores as visits on ``days`` (n, k) record them."""
        latent = np.stack([self.at(readout, days) for readout in ITEM_READOUTS], axis=2)
        return observe_all_items(latent, self.store.cohort.seed, self.ids, purpose)

    def recorded_capacity(self, days: np.ndarray, purpose: str) -> np.ndarray:
        """(n, k) vital capacity, % predicted, as visits record it."""
        latent, seed = self.at(CAPACITY, days), self.store.cohort.seed
        observe = measurements()["vital_capacity"].observe
        recorded = [observe(one, seed, who, purpose) for one, who in zip(latent, self.ids, strict=True)]
        return np.asarray(np.array(recorded).reshape(latent.shape))

    def recorded_nfl(self, days: np.ndarray, purpose: str) -> np.ndarray:
        """(n,) serum NfL, pg/mL, as one visit on ``days`` (n,) records it."""
        latent, seed = self.at(NFL, days), self.store.cohort.seed
        observe = measurements()["nfl"].observe
        recorded = [observe(one[None], seed, who, purpose)[0] for one, who in zip(latent, self.ids, strict=True)]
        return np.array(recorded)

    @property
    def result(self) -> People:
        """As courses have it, for those who ask them for the status of each simulation."""
        return self

    @property
    def status(self) -> np.ndarray:
        return np.zeros(len(self), dtype=np.int64)
