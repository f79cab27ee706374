"""People who could come to a trial: drawn, simulated, in batches, always the same person at the same address.

A person is addressed by (seed, replicate, number); with ``pool: shared`` by (seed, number), and every replicate meets
the same people at other times. Batch sizes never change a result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from charcot.clinic.criteria import LOWER, UPPER
from charcot.clinic.measurements import measurements
from charcot.clinic.observation import ITEMS
from charcot.core.random import stream
from charcot.core.result import Status
from charcot.trials.protocol import Protocol
from charcot.trials.world import Cohort, Courses, World

ITEM_READOUTS = tuple(f"clinic.alsfrs_r.{item}" for item in ITEMS)
READOUTS = (*ITEM_READOUTS, *(one.readout for one in measurements().values()))
TIMING_READOUT = "clinic.alsfrs_r.total"  # the one read-out that a run made only for its clocks still asks for
SIGNS = (*UPPER, *LOWER)  # read only where a protocol asks for a diagnostic category
LARGEST_SEED = 2**31


@dataclass(frozen=True)
class Failure:
    """One patient whose simulation failed."""

    replicate: int
    patient: int
    stage: str
    reason: str


@dataclass(frozen=True)
class Latent:
    """True values on the days asked for; NaN after death.

    Attributes:
        items: (patients, days, 12) points.
        measured: by the name of the measurement (``clinic/measurements.csv``), (patients, days) in its unit.
        death: (patients,) day of death or permanent ventilation on the patient's clock; inf when never, NaN if failed.
        failed: (patients,) bool.
    """

    items: np.ndarray
    measured: Mapping[str, np.ndarray]
    death: np.ndarray
    failed: np.ndarray

    def take(self, rows: np.ndarray) -> Latent:
        measured = {name: array[rows] for name, array in self.measured.items()}
        return Latent(self.items[rows], measured, self.death[rows], self.failed[rows])

    def put(self, rows: np.ndarray, other: Latent) -> None:
        """Replace some patients' values."""
        for mine, theirs in zip(self._arrays(), other._arrays(), strict=True):
            mine[rows] = theirs

    def keep(self, other: Latent, days: np.ndarray) -> None:
        """Take the values of ``other`` on some of the days, (days,) bool."""
        for mine, theirs in zip(self._by_day(), other._by_day(), strict=True):
            mine[:, days] = theirs[:, days]

    def _by_day(self) -> tuple[np.ndarray, ...]:
        return self.items, *self.measured.values()

    def _arrays(self) -> tuple[np.ndarray, ...]:
        return *self._by_day(), self.death, self.failed

    @staticmethod
    def join(parts: list[Latent]) -> Latent:
        items, *measured, death, failed = (
            np.concatenate(column) for column in zip(*(part._arrays() for part in parts), strict=True)
        )
        return Latent(items, dict(zip(parts[0].measured, measured, strict=True)), death, failed)


def latent_at(courses: Courses, days: np.ndarray) -> Latent:
    """True values of every patient of ``courses`` on ``days``, (patients, k), of each patient's clock."""
    return Latent(
        np.stack([courses.at(name, days) for name in ITEM_READOUTS], axis=-1),
        {name: np.array(courses.at(one.readout, days), dtype=float) for name, one in measurements().items()},
        np.array(courses.death, dtype=float),
        np.array(courses.failed, dtype=bool),
    )


def asks_for_signs(protocol: Protocol) -> bool:
    """Whether a rule needs upper and lower signs of the regions."""
    rules = protocol.eligibility
    return rules.el_escorial.min is not None or rules.gold_coast is not None


def readouts_of(protocol: Protocol) -> tuple[str, ...]:
    """What is read of people who are screened."""
    return (*READOUTS, *SIGNS) if asks_for_signs(protocol) else READOUTS


@dataclass(frozen=True)
class Batch:
    """Some people and the clocks of their untreated course; arrays are (people,), days on the person's clock."""

    numbers: np.ndarray
    cohort: Cohort
    onset: np.ndarray
    diagnosis: np.ndarray
    death: np.ndarray
    failed: np.ndarray
    reasons: list[str]
    background: list[tuple[str, ...]]  # products taken from the day of diagnosis
    too_old: np.ndarray  # bool: above the age limit before disease even began, and therefore not simulated

    @property
    def size(self) -> int:
        return len(self.numbers)


class Pool:
    """Draws and simulates the people of one replicate."""

    def __init__(self, protocol: Protocol, world: World, address: str, workers: int) -> None:
        self.protocol, self.world, self.address, self.workers = protocol, world, address, workers
        self.population = world.population(protocol.population.cohort, protocol.population.overrides)
        seed = stream(protocol.simulate.seed, address, "cohort seed")
        self.cohort_seed = int(seed.integers(LARGEST_SEED))

    def batch(self, first: int, size: int) -> Batch:
        """People ``first`` to ``first + size - 1`` with the clocks of their untreated course."""
        cohort = self.world.draw(self.population, size, self.cohort_seed, first)
        oldest = self.protocol.eligibility.age.max
        age = np.asarray(cohort.columns["seed_age_years"], dtype=float)
        too_old = np.zeros(size, dtype=bool) if oldest is None else age > oldest
        rows = np.flatnonzero(~too_old)
        courses = self._untreated(cohort, rows)
        numbers = np.arange(first, first + size)
        texts = np.full(size, "", dtype=object)
        texts[rows] = reasons(courses)
        return Batch(
            numbers,
            cohort,
            _spread(courses.onset, rows, size, np.inf),
            _spread(courses.diagnosis, rows, size, np.inf),
            _spread(courses.death, rows, size, np.inf),
            _spread(courses.failed, rows, size, False).astype(bool),
            list(texts),
            [self._background(int(number)) for number in numbers],
            too_old,
        )

    def _untreated(self, cohort: Cohort, rows: np.ndarray) -> Courses:
        if not len(rows):
            return NoCourses()
        return self.world.simulate(cohort.take(rows), None, None, (TIMING_READOUT,), self.workers)

    def _background(self, number: int) -> tuple[str, ...]:
        """Which background products this person takes."""
        shares, seed = self.protocol.population.background, self.protocol.simulate.seed
        person = f"{self.address}, patient {number}"
        return tuple(
            product
            for product, share in shares.items()
            if stream(seed, person, f"background {product}").random() < share / 100  # shares are in percent
        )

    def with_background(self, batch: Batch, rows: np.ndarray, days: np.ndarray | None = None) -> Courses:
        """The courses of some people of a batch with their background treatments, taken from diagnosis.

        ``days``: (rows, k) those on which they will be seen.
        """
        if not len(rows):
            return NoCourses()
        regimens = [[self._from_diagnosis(p, 0.0) for p in batch.background[row]] for row in rows]
        cohort = batch.cohort.take(rows)
        return self.world.simulate(
            cohort, regimens, batch.diagnosis[rows], readouts_of(self.protocol), self.workers, days
        )

    def _from_diagnosis(self, product: str, start: float) -> object:
        return self.world.regimen(product, None, f"{start!r} days", None, "label")

    def in_arm(self, batch: Batch, rows: np.ndarray, arm: int, randomisation: np.ndarray) -> Courses:
        """The courses of some people with background and the arm's treatments; ``randomisation`` (rows,) in days."""
        treatments = [
            self.world.regimen(t.product, t.dose, f"{t.start!r} days", _days(t.stop), t.schedule)
            for t in self.protocol.arms[arm].treatments
        ]
        regimens = [
            [self._from_diagnosis(p, float(batch.diagnosis[row] - day)) for p in batch.background[row]] + treatments
            for row, day in zip(rows, randomisation, strict=True)
        ]
        days = self.visit_days(randomisation)
        return self.world.simulate(batch.cohort.take(rows), regimens, randomisation, READOUTS, self.workers, days)

    def visit_days(self, randomisation: np.ndarray) -> np.ndarray | None:
        """(people, visits) the days of the visits, on which courses are then exact."""
        return np.asarray(randomisation[:, None] + np.array(self.protocol.visits))


class NoCourses:
    """The courses of nobody, so that a batch in which nobody is left asks nothing of the simulator."""

    def __init__(self) -> None:
        self.onset = self.diagnosis = self.death = np.zeros(0)
        self.failed = np.zeros(0, dtype=bool)
        self.status = np.zeros(0, dtype=np.int64)

    @property
    def result(self) -> NoCourses:
        return self

    def at(self, readout: str, days: np.ndarray) -> np.ndarray:
        return np.zeros((0, *np.shape(days)[1:]))


class CourseRows:
    """Some rows of courses, with the interface of courses."""

    def __init__(self, courses: Courses, rows: np.ndarray) -> None:
        self.courses, self.rows = courses, rows
        self.onset, self.diagnosis, self.death = (
            np.asarray(array, dtype=float)[rows] for array in (courses.onset, courses.diagnosis, courses.death)
        )
        self.failed = np.asarray(courses.failed, dtype=bool)[rows]
        self.status = np.asarray(courses.result.status)[rows]

    @property
    def result(self) -> CourseRows:
        return self

    def at(self, readout: str, days: np.ndarray) -> np.ndarray:
        """As ``Courses.at``; ``days`` has a row for each of these people."""
        everyone = np.zeros((len(self.courses.death), *np.shape(days)[1:]))
        everyone[self.rows] = days
        return np.asarray(self.courses.at(readout, everyone), dtype=float)[self.rows]  # type: ignore[no-any-return]


class SharedPool(Pool):
    """One pool of people, simulated once; every replicate meets them in its own order."""

    def __init__(self, protocol: Protocol, world: World, workers: int) -> None:
        super().__init__(protocol, world, "shared pool", workers)
        everyone = super().batch(0, protocol.simulate.screened_per_replicate)
        came = np.flatnonzero(np.isfinite(everyone.diagnosis) & ~everyone.failed)
        self.everyone = everyone
        self.course_row = np.full(everyone.size, -1)
        self.course_row[came] = np.arange(len(came))
        self.treated = super().with_background(everyone, came)
        self.order = np.arange(everyone.size)

    def visit_days(self, randomisation: np.ndarray) -> np.ndarray | None:
        """None: the courses without treatment are shared by replicates that see them on other days, and all arms are to
        be seen alike, on the line between monthly values."""
        return None

    def reordered(self, replicate: int) -> SharedPool:
        """This pool in the order of one replicate."""
        draws = stream(self.protocol.simulate.seed, f"replicate {replicate}", "order of the shared pool")
        self.order = draws.permutation(self.everyone.size)
        return self

    def batch(self, first: int, size: int) -> Batch:
        rows, all_ = self.order[first : first + size], self.everyone
        return Batch(
            rows,
            all_.cohort.take(rows),
            all_.onset[rows],
            all_.diagnosis[rows],
            all_.death[rows],
            all_.failed[rows],
            [all_.reasons[row] for row in rows],
            [all_.background[row] for row in rows],
            all_.too_old[rows],
        )

    def with_background(self, batch: Batch, rows: np.ndarray, days: np.ndarray | None = None) -> Courses:
        return CourseRows(self.treated, self.course_row[batch.numbers[rows]])


def _spread(values: np.ndarray, rows: np.ndarray, size: int, elsewhere: float) -> np.ndarray:
    """``values`` put at ``rows`` of an array of ``size``, with ``elsewhere`` at the other places."""
    out = np.full(size, elsewhere, dtype=float)
    out[rows] = values
    return out


def _days(value: float | None) -> str | None:
    return None if value is None else f"{value!r} days"


def reasons(courses: Courses) -> list[str]:
    """Why each patient's simulation failed; empty text where it did not."""
    sentences = [Status(int(status)).sentence for status in courses.result.status]
    return [sentence if failed else "" for sentence, failed in zip(sentences, courses.failed, strict=True)]
