"""A PEtab problem that was found sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from charcot.core.program import Program
from charcot.interfaces.own_model.petab.formulas import Formula

Cell = float | str  # a number, or the parameter of the problem that gives it


@dataclass(frozen=True)
class Observable:
    """How a measured quantity is computed, and how its measurements scatter."""

    name: str
    formula: Formula
    noise: Formula
    transformation: str
    distribution: str


@dataclass(frozen=True)
class PetabProblem:
    """A problem.

    Attributes:
        path: its YAML file; ``digest`` a hash of it and of all files that it names.
        program: the model with the read-outs that formulas read.
        entities: name in a formula -> index of the program's read-out.
        nominal: parameter of the problem -> nominal value, on the linear scale; NaN where the table gives none.
        conditions: the simulated conditions, in the order of the table.
        settings: for each condition, parameter of the program -> its value.
        observables: name -> observable.
        observable, condition: (measurements,) index into ``observables`` and ``conditions``.
        times, measured: (measurements,) as in the table, in the model's unit of time and the observable's unit.
        overrides: ("observable" or "noise") -> for each measurement, its cells.
        time_unit: as the model's file says, "" when it does not.
    """

    path: Path
    digest: str
    program: Program
    entities: dict[str, int]
    nominal: dict[str, float]
    conditions: tuple[str, ...]
    settings: tuple[dict[str, Cell], ...]
    observables: dict[str, Observable]
    observable: np.ndarray
    condition: np.ndarray
    times: np.ndarray
    measured: np.ndarray
    overrides: dict[str, list[tuple[Cell, ...]]]
    time_unit: str

    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Output times, (conditions, times) filled up with NaN, and the column of each measurement in them."""
        column = np.zeros(len(self.times), dtype=int)
        lists = []
        for k in range(len(self.conditions)):
            mine = self.condition == k
            own, column[mine] = np.unique(self.times[mine], return_inverse=True)
            lists.append(own)
        table = np.full((len(lists), max(map(len, lists))), np.nan)
        for k, own in enumerate(lists):
            table[k, : len(own)] = own
        return table, column
