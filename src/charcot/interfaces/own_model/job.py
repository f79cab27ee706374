"""Parameter sets of one model as a job for :mod:`charcot.engine.campaign`: a row for each set and time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from charcot.core.program import Program
from charcot.core.random import uniforms
from charcot.core.result import Status
from charcot.core.schedule import Schedule
from charcot.engine import simulate
from charcot.engine.campaign import ArraySpec, Block
from charcot.engine.campaign.machine import made_by
from charcot.interfaces.exchange.sbml import read_sbml
from charcot.interfaces.exchange.sbml.importing import DRAW, with_readouts

if TYPE_CHECKING:
    import pyarrow

STATUSES = tuple(status.name.lower() for status in Status)


@dataclass(frozen=True)
class ModelJob:
    """What is simulated.

    Attributes:
        model: the program; ``source`` the file it was read from, None for a program made in Python.
        sets: (sets,) the name of each parameter set, whole numbers or words.
        parameters: column -> (sets,) values of parameters of the program.
        initial: column -> (sets,) initial values of states, in the unit of the state.
        schedule: the doses of every set.
        times: (times,) in the model's unit of time, from 0.
        readouts: what is reported.
        tolerance: relative (:func:`charcot.engine.simulate`).
        seed: of the random order of events, for models that have one.
        time_unit: as the file says; "" when it does not.
    """

    model: Program
    source: Path | None
    sets: np.ndarray
    parameters: Mapping[str, np.ndarray]
    initial: Mapping[str, np.ndarray]
    schedule: Schedule
    times: np.ndarray
    readouts: tuple[str, ...]
    tolerance: float
    seed: int
    time_unit: str

    def __getstate__(self) -> dict[str, Any]:
        """Expressions are one object per formula in a process, so that a worker reads the model's file itself."""
        return {**{k: v for k, v in self.__dict__.items() if k != "program"}, "model": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        assert self.source is not None
        self.__dict__["model"] = read_sbml(self.source).program

    @property
    def size(self) -> int:
        return len(self.sets)

    @cached_property
    def program(self) -> Program:
        """The model with the asked read-outs alone: a smaller kernel."""
        return with_readouts(self.model, self.readouts)

    def description(self) -> dict[str, Any]:
        """What is asked for, JSON-able: the tables by their hashes."""
        return {
            "kind": "own model",
            "title": self.model.title,
            "program": self.program.hash,
            "size": self.size,
            "sets": hash_arrays(np.array([str(one) for one in self.sets])),
            "parameters": {name: hash_arrays(values) for name, values in self.parameters.items()},
            "initial": {name: hash_arrays(values) for name, values in self.initial.items()},
            "doses": hash_arrays(
                *(getattr(self.schedule, k) for k in ("offsets", "times", "targets", "kinds", "values"))
            ),
            "times": [float(self.times[0]), float(self.times[-1]), len(self.times), hash_arrays(self.times)],
            "readouts": list(self.readouts),
            "tolerance": self.tolerance,
            "seed": self.seed,
        }

    def fingerprint(self) -> dict[str, str]:
        """The code, the libraries and the kind of processor that decide the last bit."""
        return made_by()

    def arrays(self) -> tuple[ArraySpec, ...]:
        """None: everything is in the table."""
        return ()

    def block(self, first: int, last: int) -> Block:
        """Sets ``first`` to ``last - 1``: rows by set, then time."""
        count, mine = last - first, slice(first, last)
        table = self.program.parameter_table(count)
        if DRAW in self.program.parameter_names:
            table[:, self.program.index("parameter", DRAW)] = uniforms(self.seed, np.arange(first, last), DRAW)
        for name, values in self.parameters.items():
            table[:, self.program.index("parameter", name)] = values[mine]
        states = None
        if self.initial:
            states = self.program.initial_states(table)
            for name, values in self.initial.items():
                states[:, self.program.index("state", name)] = values[mine]
        result = simulate(
            self.program,
            table,
            self.times,
            initial_states=states,
            schedule=self.schedule.take(np.arange(first, last)),
            tolerance=self.tolerance,
        )
        return Block(self._table(self.sets[mine], result.values, result.status))

    def _table(self, sets: np.ndarray, values: np.ndarray, status: np.ndarray) -> pyarrow.Table:
        import pyarrow

        times = len(self.times)
        ended = pyarrow.array(np.repeat(status, times).astype(np.int32))
        columns = [
            pyarrow.array(np.repeat(sets, times)),
            pyarrow.array(np.tile(self.times, len(sets))),
            pyarrow.DictionaryArray.from_arrays(ended, pyarrow.array(list(STATUSES))),
        ]
        fields = [
            pyarrow.field("set", columns[0].type),
            field_of("time", pyarrow.float64(), self.time_unit),
            pyarrow.field("status", columns[2].type),
        ]
        for k, readout in enumerate(self.program.readouts):
            course = np.ascontiguousarray(values[:, :, k]).ravel()
            columns.append(pyarrow.array(course, mask=~np.isfinite(course)))  # after a failure there is no number
            fields.append(field_of(readout.name, pyarrow.float64(), readout.unit))
        return pyarrow.Table.from_arrays(columns, schema=pyarrow.schema(fields))


def field_of(name: str, kind: pyarrow.DataType, unit: str) -> pyarrow.Field:
    """A column of a table, with its unit."""
    import pyarrow

    return pyarrow.field(name, kind, metadata={"unit": unit})


def hash_arrays(*arrays: np.ndarray) -> str:
    """A short hash of the content, shape and type of arrays."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape};".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
