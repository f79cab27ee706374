"""Genotypes, exposures and the multistep law of onset: content as data, with the pure functions that read it."""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Effect:
    """What a genotype does to one number of the model: ``set`` it or ``multiply`` it."""

    parameter: str
    operation: str
    value: float
    source: str
    grade: str


@dataclass(frozen=True)
class Genotype:
    """Which protein is seeded, how many steps remain after birth, and what the mutation does to the model."""

    name: str
    title: str
    seed: str
    steps: int
    seed_age_limit: float
    seed_age_softness: float
    share_of_cases: float
    source: str
    grade: str
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class Exposure:
    """An exposure with its published odds ratio and its prevalence among people at risk."""

    name: str
    title: str
    odds_ratio: float
    prevalence: float
    source: str
    grade: str

    @property
    def prevalence_in_cases(self) -> float:
        """Prevalence among patients: p OR / (p OR + 1 - p)."""
        exposed = self.prevalence * self.odds_ratio
        return exposed / (exposed + 1 - self.prevalence)


def _rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@functools.cache
def genotypes() -> dict[str, Genotype]:
    """Every genotype by name."""
    effects: dict[str, list[Effect]] = {}
    for row in _rows("genotype_effects.csv"):
        effect = Effect(row["parameter"], row["operation"], float(row["value"]), row["source"], row["grade"])
        effects.setdefault(row["genotype"], []).append(effect)
    return {
        row["genotype"]: Genotype(
            row["genotype"],
            row["title"],
            row["seed"],
            int(row["steps"]),
            float(row["seed_age_limit"]),
            float(row["seed_age_softness"]),
            float(row["share_of_cases"]),
            row["source"],
            row["grade"],
            tuple(effects.get(row["genotype"], ())),
        )
        for row in _rows("genotypes.csv")
    }


@functools.cache
def exposures() -> dict[str, Exposure]:
    """Every exposure by name."""
    return {
        row["exposure"]: Exposure(
            row["exposure"],
            row["title"],
            float(row["odds_ratio"]),
            float(row["prevalence"]),
            row["source"],
            row["grade"],
        )
        for row in _rows("exposures.csv")
    }


@dataclass(frozen=True)
class Mortality:
    """Death from other causes (Gompertz): rate (1/year) at a reference age (years), and doubling time (years)."""

    rate: float
    reference_age: float
    doubling_time: float

    def survival(self, ages: np.ndarray) -> np.ndarray:
        """Share alive at ``ages`` in years, from birth."""
        growth = np.log(2) / self.doubling_time
        at_birth = self.rate * np.exp(-self.reference_age * growth)
        return np.asarray(np.exp(-at_birth / growth * (np.exp(growth * ages) - 1)))


def seed_age_density(ages: np.ndarray, genotype: Genotype, mortality: Mortality) -> np.ndarray:
    """Density (not normalised) of the age at which the last step is taken, at ``ages`` in years.

    Multistep law of Armitage and Doll: with n equal rare steps the incidence grows as age^(n - 1). It is multiplied by
    survival from other causes and by a logistic limit: registers see incidence fall after 72 to 77 years (marin2018)
    for reasons that are not known, so the limit is free.
    """
    limit = 1 / (1 + np.exp((ages - genotype.seed_age_limit) / genotype.seed_age_softness))
    return np.asarray(ages ** (genotype.steps - 1) * mortality.survival(ages) * limit)


def seed_age_quantile(uniform: np.ndarray, genotype: Genotype, mortality: Mortality, ages: np.ndarray) -> np.ndarray:
    """Ages (years) at given uniform draws, by the inverse of the cumulative density on the grid ``ages``."""
    density = seed_age_density(ages, genotype, mortality)
    cumulative = np.concatenate([np.zeros(1), np.cumsum((density[1:] + density[:-1]) / 2)])
    return np.asarray(np.interp(uniform, cumulative / cumulative[-1], ages))
