"""``Program``: a composed model, ready for any engine; it names quantities and knows no biology.

A program is autonomous: rates depend on states, parameters and inputs, never on time itself (a clock, where one is
needed, is a state of rate one). Inputs are constant between events; events at known times add to a state or set an
input (see :mod:`charcot.core.schedule`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from charcot.core.expression import Expression, symbols_of, to_python, topological
from charcot.core.hashing import hash_text
from charcot.core.identifiers import did_you_mean


@dataclass(frozen=True)
class State:
    """A quantity with a rate. ``initial`` reads parameters only; ``scale`` is the size below which it does not matter,
    in its unit (the absolute tolerance is relative tolerance x scale)."""

    name: str
    unit: str
    initial: Expression
    rate: Expression
    scale: float = 1.0


@dataclass(frozen=True)
class Parameter:
    """A number that may differ between patients but not in time."""

    name: str
    unit: str
    value: float


@dataclass(frozen=True)
class Input:
    """A number that events may set during a run; ``value`` holds until the first event."""

    name: str
    unit: str
    value: float = 0.0


@dataclass(frozen=True)
class Readout:
    """A named expression of states, parameters and inputs that a run reports."""

    name: str
    unit: str
    expression: Expression


@dataclass(frozen=True)
class Program:
    """States, parameters, inputs and read-outs as one closed system of expressions."""

    states: tuple[State, ...]
    parameters: tuple[Parameter, ...]
    inputs: tuple[Input, ...] = ()
    readouts: tuple[Readout, ...] = ()
    title: str = ""

    def __post_init__(self) -> None:
        names = [*self.state_names, *self.parameter_names, *self.input_names]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"names used twice in a program: {', '.join(doubled)}")
        unknown = symbols_of([s.rate for s in self.states] + [r.expression for r in self.readouts]) - set(names)
        unknown |= symbols_of([s.initial for s in self.states]) - set(self.parameter_names)
        if unknown:
            raise ValueError(f"a program reads symbols that it does not define: {', '.join(sorted(unknown))}")

    @cached_property
    def state_names(self) -> tuple[str, ...]:
        return tuple(s.name for s in self.states)

    @cached_property
    def parameter_names(self) -> tuple[str, ...]:
        return tuple(p.name for p in self.parameters)

    @cached_property
    def input_names(self) -> tuple[str, ...]:
        return tuple(i.name for i in self.inputs)

    @cached_property
    def readout_names(self) -> tuple[str, ...]:
        return tuple(r.name for r in self.readouts)

    def index(self, kind: str, name: str) -> int:
        """The position of a ``state``, ``parameter``, ``input`` or ``readout``; an unknown name gets a hint."""
        names: tuple[str, ...] = getattr(self, f"{kind}_names")
        try:
            return names.index(name)
        except ValueError:
            raise KeyError(f"no {kind} is called {name!r}. {did_you_mean(name, names)}") from None

    def parameter_table(self, patients: int) -> np.ndarray:
        """The default parameters of ``patients`` patients, shape (patients, parameters)."""
        return np.tile(np.array([p.value for p in self.parameters], dtype=float), (patients, 1))

    def initial_states(self, parameters: np.ndarray) -> np.ndarray:
        """Initial values, shape (patients, states), from ``parameters`` of shape (patients, parameters)."""
        function = to_python([s.initial for s in self.states], {"p": self.parameter_names})
        columns = function(parameters.T)
        return np.stack([np.broadcast_to(c, parameters.shape[:1]) for c in columns], axis=1).astype(float)

    @cached_property
    def hash(self) -> str:
        """The content hash of the program: same mathematics and names, same hash."""
        roots = self.roots()
        number: dict[int, int] = {}
        lines: list[str] = []
        for node in topological(roots):
            number[node.serial] = len(number)
            arguments = ",".join(str(number[a.serial]) for a in node.arguments)
            lines.append(f"{node.operation} {arguments} {node.value!r} {node.name}")
        lines += [f"state {s.name} {s.unit} {s.scale!r}" for s in self.states]
        lines += [f"parameter {p.name} {p.unit} {p.value!r}" for p in self.parameters]
        lines += [f"input {i.name} {i.unit} {i.value!r}" for i in self.inputs]
        lines += [f"readout {r.name} {r.unit}" for r in self.readouts]
        lines.append(",".join(str(number[root.serial]) for root in roots))
        return hash_text("\n".join(lines), 16)

    def roots(self) -> Sequence[Expression]:
        """Every expression of the program: initial values, rates, read-outs."""
        return [
            *(s.initial for s in self.states),
            *(s.rate for s in self.states),
            *(r.expression for r in self.readouts),
        ]
