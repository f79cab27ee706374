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


def seed_age_density(
    ages: np.ndarray, genotype: Genotype, mortality_at_80: float, mortality_doubling_time: float
) -> np.ndarray:
    """Density (not normalised) of the age at which the last step is taken, at ``ages`` in years.

    Multistep law of Armitage and Doll: with n equal rare steps the incidence grows as age^(n - 1). It is multiplied by
    survival from other causes (Gompertz) and by a logistic limit: registers see incidence fall after 72 to 77 years
    (marin2018) for reasons that are not known, so the limit is free.
    """
    growth = np.log(2) / mortality_doubling_time
    hazard_at_zero = mortality_at_80 * np.exp(-80 * growth)
    survival = np.exp(-hazard_at_zero / growth * (np.exp(growth * ages) - 1))
    limit = 1 / (1 + np.exp((ages - genotype.seed_age_limit) / genotype.seed_age_softness))
    return np.asarray(ages ** (genotype.steps - 1) * survival * limit)


def seed_age_quantile(
    uniform: np.ndarray, genotype: Genotype, mortality_at_80: float, mortality_doubling_time: float
) -> np.ndarray:
    """Ages (years) at given uniform draws, by the inverse of the cumulative density between 16 and 95 years."""
    ages = np.linspace(16.0, 95.0, 1581)
    density = seed_age_density(ages, genotype, mortality_at_80, mortality_doubling_time)
    cumulative = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return np.interp(uniform, cumulative / cumulative[-1], ages)
