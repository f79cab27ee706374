"""Gene therapies: what a vector is, where it arrives, who cannot be given it, and what harm comes with the dose.

All of it is data in the product's file (``vector``); the functions here are pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from charcot.core.random import uniforms
from charcot.model.ports import Number

SEROTYPES = ("AAV1", "AAV2", "AAV5", "AAV8", "AAV9", "AAVrh10", "AAVrh74")
# route -> the unit in which its dose is counted: what enters the blood or a muscle dilutes in the body, what enters the
# cerebrospinal fluid does not.
ROUTES = {"intravenous": "vector_genome/kg", "intramuscular": "vector_genome/kg", "intrathecal": "vector_genome"}
TISSUES = ("muscle", "motor neurons", "muscle and motor neurons")
ANTIBODY_NUMBERS = {"share": "1", "reference_age": "year", "odds_ratio_per_decade": "1"}
YEARS_PER_DECADE = 10.0


@dataclass(frozen=True)
class Harm:
    """One kind of harm: what is seen, and how often by dose (``most``, ``half_dose``)."""

    title: str
    numbers: Mapping[str, Number]

    def share(self, dose: float) -> float:
        """Share of people who have it after ``dose`` (the product's unit).

        Equation: p = most D / (D50 + D)
        """
        half, most = self.numbers["half_dose"].value, self.numbers["most"].value
        return most * dose / (half + dose)


@dataclass(frozen=True)
class Vector:
    """A vector as its product's file describes it.

    ``biodistribution``: region -> supply there over the mean of the regions. ``antibodies``: the numbers of
    :func:`share_with_antibodies`. ``harms``: by name.
    """

    serotype: str
    promoter: str
    tissue: str
    biodistribution: Mapping[str, Number]
    antibodies: Mapping[str, Number]
    harms: Mapping[str, Harm]

    def share_not_eligible(self, age: np.ndarray | float) -> np.ndarray:
        """Share of people of an ``age`` (years) whose antibodies neutralise the vector."""
        return share_with_antibodies(age, **{name: number.value for name, number in self.antibodies.items()})

    def neutralised(self, seed: int, people: np.ndarray, age: np.ndarray) -> np.ndarray:
        """(people,) bool: whose antibodies neutralise this vector at ``age`` (years).

        One draw for each person and serotype, whatever the product: who has antibodies keeps them, with age.
        """
        draw = uniforms(seed, people, f"antibodies against {self.serotype}")
        return np.asarray(draw < self.share_not_eligible(age))


def share_with_antibodies(
    age: np.ndarray | float, share: float, reference_age: float, odds_ratio_per_decade: float
) -> np.ndarray:
    """Share of people with neutralising antibodies at an age in years.

    Equation: p / (1 - p) = p0 / (1 - p0) o^((age - age0) / 10)
    """
    decades = (np.asarray(age, dtype=float) - reference_age) / YEARS_PER_DECADE
    odds = share / (1 - share) * odds_ratio_per_decade**decades
    return np.asarray(odds / (1 + odds))


def redosed(vectors: Iterable[tuple[str, Vector | None]]) -> list[tuple[str, str, str]]:
    """(first product, second product, serotype) for each product that meets the antibodies an earlier one has made."""
    first: dict[str, str] = {}
    clashes = []
    for name, vector in vectors:
        if vector is None:
            continue
        if vector.serotype in first:
            clashes.append((first[vector.serotype], name, vector.serotype))
        first.setdefault(vector.serotype, name)
    return clashes
