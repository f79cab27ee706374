"""``Program``: a composed model, ready for any engine; it names quantities and knows no biology.

A program is autonomous: rates depend on states, parameters and inputs, never on time itself (a clock, where one is
needed, is a state of rate one). Inputs are constant between events; events at known times add to a state or set an
input (see :mod:`charcot.core.schedule`; what varies between them is a path, :mod:`charcot.core.paths`); a
:class:`Trigger` acts when a condition on the states comes true.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from charcot.core.expression import ONE, Expression, symbols_of, to_python, topological
from charcot.core.hashing import hash_text
from charcot.core.identifiers import did_you_mean


@dataclass(frozen=True)
class State:
    """A quantity with a rate.

    Attributes:
        initial: its value at the start, an expression of parameters only.
        scale: the size below which it does not matter, in its unit (a thousandth of it times the relative tolerance is
            the absolute tolerance). None: nobody knows; the engine begins with the patient's initial values and takes
            the largest value that the state reaches where that is smaller (:mod:`charcot.engine.scales`).
        lower: a patient in whom the state falls below it by more than the solver's error has failed: an amount or a
            share below zero means nothing.
    """

    name: str
    unit: str
    initial: Expression
    rate: Expression
    scale: float | None = 1.0
    lower: float = -math.inf


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
class Assignment:
    """``target``, a state or an input, takes the value of an expression of states, parameters and inputs."""

    target: str
    value: Expression


@dataclass(frozen=True)
class Trigger:
    """Something that happens when a condition comes true: a threshold crossed, a device switched on by a symptom.

    The meaning is that of an SBML Level 3 event. A truth that lasts less than an eighth of a solver's step may go
    unseen: write a short window in time as two triggers, at its beginning and its end.

    Attributes:
        name: for messages.
        condition: an expression of states, parameters and inputs: true where it is above zero. What counts is the
            passage from false to true; its time is found on the dense output of the step.
        assignments: made together, from values before any of them.
        delay: days between the passage and the assignments; None for at once.
        priority: among triggers due at one time the greatest goes first; None comes last, in the order of the program.
        persistent: whether it still happens when the condition is false again before its delay is over.
        initially: what the condition is taken to have been before the start; False fires a condition that is true at
            the start.
        early_values: the assigned values are those at the passage, not those after the delay.
    """

    name: str
    condition: Expression
    assignments: tuple[Assignment, ...]
    delay: Expression | None = None
    priority: Expression | None = None
    persistent: bool = True
    initially: bool = True
    early_values: bool = False

    def expressions(self) -> list[Expression]:
        """Everything that this trigger evaluates."""
        given = [self.condition, self.delay, self.priority, *(a.value for a in self.assignments)]
        return [expression for expression in given if expression is not None]


@dataclass(frozen=True)
class Program:
    """States, parameters, inputs, read-outs and triggers as one closed system of expressions.

    Attributes:
        clock: the state, of rate one, that is the time of the run: it begins at the start of the run, whatever its
            initial value. "" where a program needs none.
    """

    states: tuple[State, ...]
    parameters: tuple[Parameter, ...]
    inputs: tuple[Input, ...] = ()
    readouts: tuple[Readout, ...] = ()
    title: str = ""
    triggers: tuple[Trigger, ...] = ()
    clock: str = ""

    def __post_init__(self) -> None:
        names = [*self.state_names, *self.parameter_names, *self.input_names]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"names used twice in a program: {', '.join(doubled)}")
        reading = [s.rate for s in self.states] + [r.expression for r in self.readouts]
        reading += [expression for trigger in self.triggers for expression in trigger.expressions()]
        unknown = symbols_of(reading) - set(names)
        unknown |= symbols_of([s.initial for s in self.states]) - set(self.parameter_names)
        targets = {assignment.target for trigger in self.triggers for assignment in trigger.assignments}
        unknown |= targets - {*self.state_names, *self.input_names}
        if self.clock and (self.clock in targets or self.states[self.index("state", self.clock)].rate is not ONE):
            raise ValueError(f"the clock {self.clock!r} must have the rate 1, and no trigger may assign it")
        if unknown:
            listed = ", ".join(sorted(unknown))
            raise ValueError(f"a program reads or assigns symbols that it does not define: {listed}")

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
        lines += [
            f"trigger {t.delay is None} {t.priority is None} {t.persistent} {t.initially} {t.early_values} "
            + " ".join(a.target for a in t.assignments)
            for t in self.triggers
        ]
        lines += [f"clock {self.clock}"] if self.clock else []
        lines.append(",".join(str(number[root.serial]) for root in roots))
        return hash_text("\n".join(lines), 16)

    def roots(self) -> Sequence[Expression]:
        """Every expression of the program: initial values, rates, read-outs, triggers."""
        return [
            *(s.initial for s in self.states),
            *(s.rate for s in self.states),
            *(r.expression for r in self.readouts),
            *(expression for trigger in self.triggers for expression in trigger.expressions()),
        ]
