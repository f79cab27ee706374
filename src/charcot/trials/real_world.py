"""Charcot's own rooms behind the interface that a trial sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from charcot import patients, treatments
from charcot.patients.assumptions import Assumed


class RealWorld:
    """Products from ``treatments``, people and courses from ``patients``, under assumptions if there are any."""

    def __init__(self, assumed: Assumed | None = None) -> None:
        self.assumed = assumed or Assumed()

    @property
    def key(self) -> str:
        return self.assumed.key

    def products(self) -> Mapping[str, Any]:
        return treatments.products()

    def cohorts(self) -> Sequence[str]:
        return patients.population_names()

    def regimen(
        self, product: str, dose: str | None, start: str, stop: str | None, schedule: str | None
    ) -> treatments.Regimen:
        """One regimen; without a dose the product's own is taken."""
        chosen = dose if dose is not None else treatments.products()[product].default_dose
        return treatments.Regimen.parse(product=product, dose=chosen, start=start, stop=stop, schedule=schedule)

    def population(self, cohort: str, overrides: Mapping[str, Any]) -> patients.Population:
        """A shipped population with some of its keys replaced."""
        base = asdict(patients.load_population(cohort))
        del base["name"]
        return patients.Population.from_mapping(cohort, {**base, **overrides}, "population.overrides")

    def draw(self, population: Any, n: int, seed: int, first: int) -> patients.Cohort:
        return self.assumed.people(patients.draw_cohort(population, n=n, seed=seed, first=first))

    def not_eligible(self, cohort: Any, products: Sequence[str], days: np.ndarray) -> np.ndarray:
        return patients.not_eligible(cohort, products, days)

    def simulate(
        self,
        cohort: Any,
        regimens: Sequence[Sequence[Any]] | None,
        origins: np.ndarray | None,
        readouts: Sequence[str],
        workers: int,
        days: np.ndarray | None = None,
    ) -> patients.Courses:
        return self.assumed.simulate(cohort, regimens, origins, readouts, workers, days=days)
