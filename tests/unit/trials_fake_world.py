"""People whose truth is known: straight courses, one slowing product, one background product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from charcot.clinic.observation import ITEMS
from charcot.core.random import stream
from charcot.core.result import Status
from charcot.core.units import DAYS_PER_MONTH, parse_quantity

UNTREATED = 0.9  # points lost per month, on average
FACTOR = {"slower": 0.4, "riluzole": 0.95}


@dataclass(frozen=True)
class FakeProduct:
    dose_unit: str = "mg"
    schedules: tuple[str, ...] = ("label", "daily")
    default_dose: str = "50 mg"


@dataclass(frozen=True)
class FakeRegimen:
    product: str
    start: float
    stop: float


class FakeCohort:
    def __init__(self, columns: dict[str, np.ndarray]) -> None:
        self.columns = columns

    def take(self, index: np.ndarray) -> FakeCohort:
        return FakeCohort({name: values[index] for name, values in self.columns.items()})


class FakeCourses:
    """Every item falls on a straight line from onset; a product changes the slope while it is given."""

    def __init__(self, cohort: FakeCohort, regimens: Any, origins: Any, failing: Sequence[int]) -> None:
        columns = cohort.columns
        self.cohort, self.onset, self.diagnosis = cohort, columns["onset"], columns["diagnosis"]
        self.slope = columns["slope"]
        self.spells = [
            [(r.product, origins[i] + r.start, origins[i] + r.stop) for r in (regimens[i] if regimens else ())]
            for i in range(len(self.slope))
        ]
        self.death = columns["death"].copy()
        failed = np.isin(columns["id"], failing)
        self.failed = failed
        self.result = SimpleNamespace(status=np.where(failed, int(Status.TOO_MANY_STEPS), int(Status.COMPLETED)))

    def lost(self, days: np.ndarray) -> np.ndarray:
        """Points lost by ``days`` (patients, k)."""
        out = np.maximum(days - self.onset[:, None], 0.0)
        for i, spells in enumerate(self.spells):
            for product, start, stop in spells:
                spell = np.clip(days[i], start, stop) - start
                out[i] -= (1 - FACTOR[product]) * spell
        return out * self.slope[:, None] / DAYS_PER_MONTH

    def at(self, readout: str, days: np.ndarray) -> np.ndarray:
        lost = self.lost(days)
        alive = np.where(days <= self.death[:, None], 1.0, np.nan)
        if readout.startswith("clinic.alsfrs_r."):
            item = ITEMS.index(readout.rsplit(".", 1)[1])
            return np.clip(4 - lost * self.cohort.columns["shares"][:, item, None], 0, 4) * alive
        if readout == "clinic.vital_capacity":
            return (105 - 1.5 * lost) * alive
        if readout == "biomarker.nfl_serum":
            return 60.0 * self.slope[:, None] * alive + 0 * lost
        raise KeyError(readout)


@dataclass
class FakeWorld:
    """``calls`` notes the sizes of the simulator's calls; ``failing`` are the ids whose simulation fails."""

    death_hazard: float = 0.02  # per month
    failing: tuple[int, ...] = ()
    fail_only_with: str = ""
    calls: list[int] = field(default_factory=list)
    key: str = "fake"

    def products(self) -> Mapping[str, Any]:
        return {"slower": FakeProduct(), "riluzole": FakeProduct(), "gene": FakeProduct("vector_genome", ("label",))}

    def cohorts(self) -> Sequence[str]:
        return ("sporadic", "sod1")

    def regimen(self, product: str, dose: str | None, start: str, stop: str | None, schedule: str | None) -> Any:
        end = parse_quantity(stop, "days") if stop else np.inf
        return FakeRegimen(product, parse_quantity(start, "days"), end)

    def population(self, cohort: str, overrides: Mapping[str, Any]) -> Any:
        unknown = set(overrides) - {"slope"}
        if unknown:
            raise ValueError(f"unknown override {sorted(unknown)[0]!r}")
        return overrides.get("slope", UNTREATED)

    def draw(self, population: Any, n: int, seed: int, first: int) -> FakeCohort:
        people = [self._person(population, seed, number) for number in range(first, first + n)]
        return FakeCohort({name: np.array([person[name] for person in people]) for name in people[0]})

    def _person(self, slope: float, seed: int, number: int) -> dict[str, Any]:
        rng = stream(seed, number, "fake person")
        onset = 300 + 100 * rng.random()
        diagnosis = onset + 240 * rng.random() + 60
        return {
            "id": number,
            "sex": "F" if rng.random() < 0.4 else "M",
            "genotype": "sporadic",
            "onset_region": ["bulbar", "cervical", "thoracic", "lumbar"][rng.choice(4, p=[0.25, 0.35, 0.05, 0.35])],
            "seed_age_years": rng.normal(58, 10),
            "onset": onset,
            "diagnosis": diagnosis if rng.random() < 0.97 else np.inf,
            "slope": slope * np.exp(0.4 * rng.standard_normal() - 0.08),
            "shares": rng.dirichlet(np.full(12, 4.0)),
            "death": onset + 300 + rng.exponential(DAYS_PER_MONTH / self.death_hazard),
        }

    def not_eligible(self, cohort: Any, products: Sequence[str], days: np.ndarray) -> np.ndarray:
        return np.zeros(len(days), dtype=bool)

    def simulate(
        self, cohort: Any, regimens: Any, origins: Any, readouts: Sequence[str], workers: int, days: Any = None
    ) -> FakeCourses:
        self.calls.append(len(cohort.columns["id"]))
        given = {r.product for patient in regimens or () for r in patient}
        failing = self.failing if not self.fail_only_with or self.fail_only_with in given else ()
        return FakeCourses(cohort, regimens, origins, failing)
