"""What a trial needs from the rooms below, in one place: products, cohorts, patients and their courses.

A trial only sees this interface, so that it can be tested with patients whose truth is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

Progress = Callable[[int], None]


class Cohort(Protocol):
    """Drawn patients: one array per attribute, each (n,)."""

    @property
    def columns(self) -> Mapping[str, np.ndarray]: ...

    def take(self, index: np.ndarray) -> Any: ...


class Courses(Protocol):
    """Simulated patients; days count on each patient's clock, ``inf`` when something never happens, NaN when the
    simulation failed.
    """

    @property
    def onset(self) -> np.ndarray: ...

    @property
    def diagnosis(self) -> np.ndarray: ...

    @property
    def death(self) -> np.ndarray: ...

    @property
    def failed(self) -> np.ndarray: ...

    @property
    def result(self) -> Any: ...

    def at(self, readout: str, days: np.ndarray) -> np.ndarray: ...


class World(Protocol):
    """Products, cohorts and the simulator."""

    @property
    def key(self) -> str:
        """A text that tells this world's results from another's."""
        ...

    def products(self) -> Mapping[str, Any]: ...

    def cohorts(self) -> Sequence[str]: ...

    def regimen(self, product: str, dose: str | None, start: str, stop: str | None, schedule: str | None) -> Any: ...

    def population(self, cohort: str, overrides: Mapping[str, Any]) -> Any: ...

    def draw(self, population: Any, n: int, seed: int, first: int) -> Cohort: ...

    def not_eligible(self, cohort: Any, products: Sequence[str], days: np.ndarray) -> np.ndarray:
        """(people,) bool: whom antibodies keep from one of the products on ``days`` (people,) of their clocks."""
        ...

    def simulate(
        self,
        cohort: Cohort,
        regimens: Sequence[Sequence[Any]] | None,
        origins: np.ndarray | None,
        readouts: Sequence[str],
        workers: int,
        days: np.ndarray | None = None,
    ) -> Courses: ...


def real_world() -> World:
    """Charcot's own products, cohorts and courses."""
    # Imported here because it brings in the compiled engine, which reading a protocol does not need.
    from charcot.trials.real_world import RealWorld

    return RealWorld()
