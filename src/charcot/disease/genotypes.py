"""Genotypes and exposures: content as data, with the pure functions that read it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from charcot.core.errors import Problem, raise_if_any
from charcot.core.tables import Row, read_table

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


class _Cited(Row):
    source: str
    grade: str
    spread: float | None = None
    note: str = ""


class _GenotypeRow(_Cited):
    genotype: str
    title: str
    seed: str
    steps: int
    first_step: Literal["open", "taken"]
    seed_age_scale: float
    share_of_cases: float


class _EffectRow(_Cited):
    genotype: str
    parameter: str
    operation: Literal["set", "multiply"]
    value: float
    unit: str


class _SiteRow(_Cited):
    genotype: str
    region: str
    share: float


class _ExposureRow(_Cited):
    exposure: str
    title: str
    odds_ratio: float
    lower: float
    upper: float
    prevalence: float


def read_genotypes(folder: Path, problems: list[Problem]) -> dict[str, Genotype]:
    """The genotypes of a folder's tables by name; what is wrong is appended to ``problems`` with file and line."""
    effects: dict[str, list[Effect]] = {}
    for e in read_table(folder / "genotype_effects.csv", _EffectRow, ("genotype", "parameter"), problems):
        effects.setdefault(e.genotype, []).append(Effect(e.parameter, e.operation, e.value, e.source, e.grade))
    sites: dict[str, list[tuple[str, float]]] = {}
    for s in read_table(folder / "genotype_sites.csv", _SiteRow, ("genotype", "region"), problems):
        sites.setdefault(s.genotype, []).append((s.region, s.share))
    return {
        g.genotype: Genotype(
            g.genotype,
            g.title,
            g.seed,
            g.steps,
            g.first_step == "open",
            g.seed_age_scale,
            g.share_of_cases,
            g.source,
            g.grade,
            tuple(effects.get(g.genotype, ())),
            tuple(sites.get(g.genotype, ())),
        )
        for g in read_table(folder / "genotypes.csv", _GenotypeRow, ("genotype",), problems)
    }


def read_exposures(folder: Path, problems: list[Problem]) -> dict[str, Exposure]:
    """The exposures of a folder's table by name; what is wrong is appended to ``problems`` with file and line."""
    return {
        x.exposure: Exposure(x.exposure, x.title, x.odds_ratio, x.prevalence, x.source, x.grade)
        for x in read_table(folder / "exposures.csv", _ExposureRow, ("exposure",), problems)
    }


def genotype_table_problems(folder: Path = HERE) -> list[Problem]:
    """Rows of the tables of genotypes and exposures that cannot be read, or that stand there twice."""
    problems: list[Problem] = []
    read_genotypes(folder, problems)
    read_exposures(folder, problems)
    return problems


@functools.cache
def genotypes() -> dict[str, Genotype]:
    """Every genotype by name. Raises :class:`charcot.core.errors.Problems` with everything wrong with the tables."""
    problems: list[Problem] = []
    found = read_genotypes(HERE, problems)
    raise_if_any(problems, "the genotypes cannot be read")
    return found


@functools.cache
def exposures() -> dict[str, Exposure]:
    """Every exposure by name. Raises :class:`charcot.core.errors.Problems` with everything wrong with the table."""
    problems: list[Problem] = []
    found = read_exposures(HERE, problems)
    raise_if_any(problems, "the exposures cannot be read")
    return found
