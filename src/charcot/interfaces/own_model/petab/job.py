"""Parameter sets of a PEtab problem as a job for :mod:`charcot.engine.campaign`: a row for each set and measurement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from charcot.core.random import uniforms
from charcot.engine import simulate
from charcot.engine.campaign import ArraySpec, Block
from charcot.engine.campaign.machine import made_by
from charcot.interfaces.exchange.sbml.importing import DRAW
from charcot.interfaces.own_model.job import STATUSES, field_of, hash_arrays
from charcot.interfaces.own_model.petab.problem import Cell, PetabProblem
from charcot.interfaces.own_model.petab.scoring import finite, log_likelihoods, residuals

if TYPE_CHECKING:
    import pyarrow


@dataclass(frozen=True)
class PetabJob:
    """What is simulated and scored.

    Attributes:
        problem: the problem.
        sets: (sets,) the name of each parameter set, whole numbers or words.
        values: parameter of the problem -> (sets,) values on the linear scale; all that the problem has.
        tolerance: relative (:func:`charcot.engine.simulate`).
        seed: of the random order of events, for models that have one.
    """

    problem: PetabProblem
    sets: np.ndarray
    values: Mapping[str, np.ndarray]
    tolerance: float
    seed: int

    @property
    def size(self) -> int:
        return len(self.sets)

    def description(self) -> dict[str, Any]:
        """What is asked for, JSON-able: the problem's files by their hash."""
        return {
            "kind": "PEtab problem",
            "title": self.problem.path.name,
            "files": self.problem.digest,
            "size": self.size,
            "sets": hash_arrays(np.array([str(one) for one in self.sets])),
            "parameters": {name: hash_arrays(values) for name, values in self.values.items()},
            "tolerance": self.tolerance,
            "seed": self.seed,
        }

    def fingerprint(self) -> dict[str, str]:
        """The code, the libraries and the kind of processor that decide the last bit."""
        return made_by("petab", "sympy")

    def arrays(self) -> tuple[ArraySpec, ...]:
        """None: everything is in the table."""
        return ()

    def block(self, first: int, last: int) -> Block:
        """Sets ``first`` to ``last - 1``: rows by set, then measurement."""
        values = {name: column[first:last] for name, column in self.values.items()}
        courses, status = self.courses(values, last - first, first)
        simulated, noise = self.observed(courses, values)
        return Block(self._table(self.sets[first:last], simulated, noise, status))

    def courses(self, values: Mapping[str, np.ndarray], count: int, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Read-outs at the times of each measurement, (sets, measurements, read-outs), and its status."""
        problem, program = self.problem, self.problem.program
        kinds = len(problem.conditions)
        table = program.parameter_table(count * kinds).reshape(count, kinds, -1)
        if DRAW in program.parameter_names:
            draws = uniforms(self.seed, np.arange(first, first + count), DRAW)
            table[:, :, program.index("parameter", DRAW)] = draws[:, None]
        for k, settings in enumerate(problem.settings):
            for name, cell in settings.items():
                table[:, k, program.index("parameter", name)] = values[cell] if isinstance(cell, str) else cell
        times, column = problem.grid()
        result = simulate(
            program,
            table.reshape(count * kinds, -1),
            np.tile(times, (count, 1)),
            tolerance=self.tolerance,
        )
        found = result.values.reshape(count, kinds, times.shape[1], -1)
        status = result.status.reshape(count, kinds)
        return found[:, problem.condition, column], status[:, problem.condition]

    def observed(self, courses: np.ndarray, values: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """What each observable and its noise are, (sets, measurements) each; NaN where they cannot be computed."""
        problem, count = self.problem, len(courses)
        simulated = np.full((count, len(problem.times)), np.nan)
        noise = np.full_like(simulated, np.nan)
        shared = {name: column[:, None] for name, column in values.items()}
        for k, one in enumerate(problem.observables.values()):
            rows = np.flatnonzero(problem.observable == k)
            if not len(rows):
                continue
            shape = (count, len(rows))
            known = shared | {name: courses[:, rows, place] for name, place in problem.entities.items()}
            known["time"] = problem.times[rows][None, :]
            for kind, formula in (("observable", one.formula), ("noise", one.noise)):
                for place in range(formula.placeholders(kind, one.name)):
                    cells = [problem.overrides[kind][row][place] for row in rows]
                    known[f"{kind}Parameter{place + 1}_{one.name}"] = _filled(cells, values, shape)
            simulated[:, rows] = finite(one.formula(known, shape))
            noise[:, rows] = finite(one.noise(known, shape))
        return simulated, noise

    def _table(self, sets: np.ndarray, simulated: np.ndarray, noise: np.ndarray, status: np.ndarray) -> pyarrow.Table:
        import pyarrow

        problem, count = self.problem, len(sets)
        measured = np.broadcast_to(problem.measured, simulated.shape)
        residual, score = np.full_like(simulated, np.nan), np.full_like(simulated, np.nan)
        for k, one in enumerate(problem.observables.values()):
            rows = problem.observable == k
            parts = measured[:, rows], simulated[:, rows], noise[:, rows]
            residual[:, rows] = residuals(*parts, one.transformation)
            score[:, rows] = log_likelihoods(
                residual[:, rows], parts[0], parts[2], one.transformation, one.distribution
            )
        each = len(problem.times)
        columns: dict[str, pyarrow.Array] = {
            "set": pyarrow.array(np.repeat(sets, each)),
            "measurement_number": pyarrow.array(np.tile(np.arange(1, each + 1), count)),
            "condition": _words(np.tile(problem.condition, count), problem.conditions),
            "observable": _words(np.tile(problem.observable, count), tuple(problem.observables)),
            "time": pyarrow.array(np.tile(problem.times, count)),
            "status": _words(status.ravel(), STATUSES),
        }
        for name, numbers in (
            ("measurement", measured),
            ("simulation", simulated),
            ("noise", noise),
            ("residual", residual),
            ("log_likelihood", score),
        ):
            flat = np.ascontiguousarray(numbers).ravel()
            columns[name] = pyarrow.array(flat, mask=~np.isfinite(flat))
        units = {"time": problem.time_unit}
        fields = [field_of(name, column.type, units.get(name, "")) for name, column in columns.items()]
        return pyarrow.Table.from_arrays(list(columns.values()), schema=pyarrow.schema(fields))


def _filled(cells: list[Cell], values: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """(sets, measurements): the number in each cell, or the parameter that it names."""
    filled = np.empty(shape)
    for k, cell in enumerate(cells):
        filled[:, k] = values[cell] if isinstance(cell, str) else cell
    return filled


def _words(index: np.ndarray, words: tuple[str, ...]) -> pyarrow.Array:
    import pyarrow

    return pyarrow.DictionaryArray.from_arrays(pyarrow.array(index.astype(np.int32)), pyarrow.array(list(words)))
