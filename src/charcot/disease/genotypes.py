"""Genotypes and exposures: content as data, with the pure functions that read it."""

from __future__ import annotations

import csv
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
OPERATIONS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {"set": np.full_like, "multiply": np.multiply}


@dataclass(frozen=True)
class Effect:
    """What a genotype does to one number of the model: one of :data:`OPERATIONS`."""

    parameter: str
    operation: str
    value: float
    source: str
    grade: str

    def on(self, values: np.ndarray) -> np.ndarray:
        """What the number of each carrier becomes, same shape. Raises :class:`KeyError` for an unknown operation."""
        return OPERATIONS[self.operation](values, self.value)


@dataclass(frozen=True)
class Genotype:
    """Which protein is seeded, which steps remain after birth, and what the mutation does to the model.

    ``steps``: how many remain; ``first_step``: whether the person's own, rare one is among them, the others being
    those of neurons; ``seed_age_scale``: the age (years) at which one seed is expected in a woman who has taken that
    step; ``sites``: shares of regions of onset where they differ from those of all patients.
    """

    name: str
    title: str
    seed: str
    steps: int
    first_step: bool
    seed_age_scale: float
    share_of_cases: float
    source: str
    grade: str
    effects: tuple[Effect, ...]
    sites: tuple[tuple[str, float], ...] = ()

    @property
    def neuron_steps(self) -> int:
        """The steps that a neuron must take."""
        return self.steps - self.first_step


@dataclass(frozen=True)
class Exposure:
    """An exposure with its published odds ratio, by which it hastens the first step, and its prevalence among people
    at risk."""

    name: str
    title: str
    odds_ratio: float
    prevalence: float
    source: str
    grade: str


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
    sites: dict[str, list[tuple[str, float]]] = {}
    for row in _rows("genotype_sites.csv"):
        sites.setdefault(row["genotype"], []).append((row["region"], float(row["share"])))
    return {
        row["genotype"]: Genotype(
            row["genotype"],
            row["title"],
            row["seed"],
            int(row["steps"]),
            row["first_step"] == "open",
            float(row["seed_age_scale"]),
            float(row["share_of_cases"]),
            row["source"],
            row["grade"],
            tuple(effects.get(row["genotype"], ())),
            tuple(sites.get(row["genotype"], ())),
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
