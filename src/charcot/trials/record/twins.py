"""Shared simulated twins: the same person with and without a treatment from a day on, simulated once for all trials.

Trials that meet a person on the same day share that person's courses; so do the counterfactuals of a trial, and the
draws of a product's numbers. Both twins are read on the same monthly grid from randomisation on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from charcot.clinic.measurements import measurements
from charcot.clinic.observation import ITEMS
from charcot.core.units import DAYS_PER_MONTH
from charcot.patients.assumptions import Assumed
from charcot.patients.courses import ITEM_READOUTS
from charcot.patients.people import RILUZOLE, TREATED, People, Store
from charcot.treatments import Regimen

MONTHS = 33  # of the grid: 0 to 32 months from randomisation
READOUTS = (*ITEM_READOUTS, *(one.readout for one in measurements().values()))
SHIPPED: tuple[tuple[str, float], ...] = ()

# Changes of numbers, and treatments as (product, dose, schedule): what tells one course of a person from another.
Overrides = tuple[tuple[str, float], ...]
Dosing = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Chosen:
    """People of a store on the day on which a trial meets them.

    Attributes:
        cohort: the population; ``rows``, ``layer``: (n,) of its store; ``origin``: (n,) day of the person's clock.
    """

    cohort: str
    rows: np.ndarray
    layer: np.ndarray
    origin: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, index: np.ndarray) -> Chosen:
        return Chosen(self.cohort, self.rows[index], self.layer[index], self.origin[index])


@dataclass(frozen=True)
class Seen:
    """Courses from randomisation on.

    Attributes:
        values: (read-outs, n, months) true values, NaN after the end; ``death``, ``onset``: (n,) months.
        failed: (n,) bool.
    """

    values: np.ndarray
    death: np.ndarray
    onset: np.ndarray
    failed: np.ndarray

    def at(self, readout: str, months: np.ndarray) -> np.ndarray:
        """(n, k) on the line between two months; the last value holds until death."""
        return _interpolated(self.values[READOUTS.index(readout)], months, self.death)

    def items(self, months: np.ndarray) -> np.ndarray:
        """(n, k, 12) true item scores."""
        return np.stack([_interpolated(self.values[k], months, self.death) for k in range(len(ITEMS))], axis=2)

    def total(self, months: np.ndarray) -> np.ndarray:
        return np.asarray(self.items(months).sum(axis=2))

    def take(self, index: np.ndarray) -> Seen:
        return Seen(self.values[:, index], self.death[index], self.onset[index], self.failed[index])


def _interpolated(course: np.ndarray, months: np.ndarray, death: np.ndarray) -> np.ndarray:
    before = np.floor(months).astype(np.int64)
    after = np.minimum(before + 1, course.shape[1] - 1)
    left, right = course[:, before], course[:, after]
    line = np.where(np.isfinite(right), left + (months - before) * (right - left), left)
    return np.asarray(np.where(months[None, :] <= death[:, None], line, np.nan))


class Twins:
    """Courses of people of some stores; each is simulated when it is first asked for, and kept."""

    def __init__(
        self, stores: Mapping[str, Store], workers: int = 1, progress: Callable[[int], None] | None = None
    ) -> None:
        self.stores, self.workers, self.progress = stores, workers, progress
        self.simulated = 0
        self._kept: dict[tuple[object, ...], tuple[np.ndarray, float, float, bool]] = {}

    def untreated(self, people: Chosen) -> Seen:
        """The courses that the stores hold already."""
        store = self.stores[people.cohort]
        them = People(store, people.rows, people.layer)
        days = people.origin[:, None] + np.arange(MONTHS) * DAYS_PER_MONTH
        values = np.stack([them.at(name, days) for name in READOUTS])
        return Seen(
            values, (them.death - people.origin) / DAYS_PER_MONTH, (them.onset - people.origin) / DAYS_PER_MONTH,
            them.failed,
        )  # fmt: skip

    def treated(self, people: Chosen, dosing: Dosing, overrides: Overrides = SHIPPED) -> Seen:
        """The courses of the same people with treatments from their origin on."""
        keys = [
            (people.cohort, int(row), int(layer), round(float(day), 3), dosing, overrides)
            for row, layer, day in zip(people.rows, people.layer, people.origin, strict=True)
        ]
        missing = np.array([k for k, key in enumerate(keys) if key not in self._kept], dtype=np.int64)
        if len(missing):
            some = people.take(missing)
            for k, found in zip(missing, self._simulate(some, dosing, overrides), strict=True):
                self._kept[keys[k]] = found
        parts = [self._kept[key] for key in keys]
        return Seen(
            np.stack([part[0] for part in parts], axis=1),
            np.array([part[1] for part in parts]),
            np.array([part[2] for part in parts]),
            np.array([part[3] for part in parts]),
        )

    def _simulate(
        self, people: Chosen, dosing: Dosing, overrides: Overrides
    ) -> Sequence[tuple[np.ndarray, float, float, bool]]:
        store = self.stores[people.cohort]
        given = [
            Regimen.parse(product=product, dose=dose, start="0 days", schedule=schedule)
            for product, dose, schedule in dosing
        ]
        regimens = []
        for row, layer, day in zip(people.rows, people.layer, people.origin, strict=True):
            start = float(store.diagnosis[row] - day)
            background = [Regimen.parse(product=RILUZOLE, start=f"{start!r} days")] if layer == TREATED else []
            regimens.append([*background, *(one for one in given if not background or one.product != RILUZOLE)])
        courses = Assumed(overrides=dict(overrides)).simulate(
            store.cohort.take(people.rows), regimens, people.origin, READOUTS, self.workers, progress=self.progress
        )
        self.simulated += len(people)
        days = people.origin[:, None] + np.arange(MONTHS) * DAYS_PER_MONTH
        values = np.stack([np.asarray(courses.at(name, days), dtype=np.float32) for name in READOUTS])
        death = (np.asarray(courses.death, dtype=float) - people.origin) / DAYS_PER_MONTH
        onset = (np.asarray(courses.onset, dtype=float) - people.origin) / DAYS_PER_MONTH
        failed = np.asarray(courses.failed, dtype=bool)
        return [(values[:, k], float(death[k]), float(onset[k]), bool(failed[k])) for k in range(len(people))]
