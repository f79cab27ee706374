"""A benchmark problem on disk, in a form that any engine can read without Charcot.

The folder holds ``model.xml`` (SBML with the doses as events), ``problem.json`` (names, doses and the equations as a
list of operations) and ``arrays.npz`` (numbers of the patients, output times, reference solution).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass
class Problem:
    """What every engine solves.

    Attributes:
        folder: where the SBML file lies.
        states, parameters: names in the SBML file, in the order of the arrays.
        dose_state, dose, interval, first: a dose is added to this state at ``first``, ``first + interval``, ... days;
            an interval of 0 means no doses.
        tape: the equations, as rows of [operation, arguments..., value or name].
        rates: the row of each state's rate.
        table: (patients, parameters); initial: (patients, states); times: (times,) days.
        scales: (states,) sizes below which a state does not matter.
        reference: (few, times, states).
    """

    folder: Path
    name: str
    states: list[str]
    parameters: list[str]
    inputs: list[str]
    dose_state: int
    dose: float
    interval: float
    first: float
    tape: list[list[Any]]
    rates: list[int]
    table: np.ndarray
    initial: np.ndarray
    input_values: np.ndarray
    times: np.ndarray
    scales: np.ndarray
    reference: np.ndarray

    @classmethod
    def load(cls, folder: Path) -> Problem:
        """Read what :func:`problems.save` wrote."""
        content = json.loads((folder / "problem.json").read_text(encoding="utf-8"))
        with np.load(folder / "arrays.npz") as arrays:
            return cls(folder=folder, **content, **{name: arrays[name] for name in arrays.files})

    @property
    def absolute(self) -> float:
        """The absolute tolerance over the relative one, for engines that take a single number for all states."""
        return float(1e-3 * np.quantile(self.scales, 0.1))

    @property
    def dose_times(self) -> np.ndarray:
        """(doses,) days, before the last output."""
        if not self.interval:
            return np.zeros(0)
        return np.arange(self.first, self.times[-1], self.interval)

    def segments(self) -> Iterator[tuple[float, float, np.ndarray]]:
        """(from, to, indices of the outputs after ``from`` up to ``to``) ; a dose ends all but the last."""
        edges = [self.times[0], *self.dose_times, self.times[-1]]
        for begin, end in itertools.pairwise(edges):
            yield begin, end, np.flatnonzero((self.times > begin) & (self.times <= end))

    def evaluate(self, values: Mapping[str, Any], functions: Mapping[str, Any]) -> list[Any]:
        """The rates, computed with any algebra: ``functions`` gives each operation, ``values`` each symbol."""
        made: list[Any] = []
        for operation, *rest in self.tape:
            if operation == "symbol":
                made.append(values[rest[0]])
            elif operation == "constant":
                made.append(functions.get("constant", float)(rest[0]))
            elif operation == "power":
                made.append(functions["power"](made[rest[0]], rest[1]))
            else:
                made.append(functions[operation](*(made[a] for a in rest)))
        return [made[row] for row in self.rates]


def arithmetic() -> dict[str, Any]:
    """The operations that Python itself has, for :meth:`Problem.evaluate`."""
    return {
        "add": lambda a, b: a + b,
        "subtract": lambda a, b: a - b,
        "multiply": lambda a, b: a * b,
        "divide": lambda a, b: a / b,
        "power": lambda a, n: a ** (int(n) if n == int(n) else n),
    }
