"""``read_sbml``: a file in, a program and the names of its read-outs out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from charcot.core.errors import Problem, Problems, Severity, Where
from charcot.core.expression import ONE, ZERO, Expression, constant, is_constant, symbol, symbols_of
from charcot.core.program import Parameter, Program, Readout, State, Trigger
from charcot.core.random import uniforms
from charcot.interfaces.exchange.sbml.document import check_document, flatten, read_document
from charcot.interfaces.exchange.sbml.elements import Elements, gather, kinetic_law, local_parameters
from charcot.interfaces.exchange.sbml.events import drawn, never, trigger_of
from charcot.interfaces.exchange.sbml.files import read_source
from charcot.interfaces.exchange.sbml.quantities import Now, Start, given_value, is_parameter, local_name
from charcot.interfaces.exchange.sbml.refusals import Refusal, Unsupported, find_refusals, refused
from charcot.interfaces.exchange.sbml.watching import KINDS, watch

NAN = constant(float("nan"))
DEEPEST_RECURSION = 200_000
DRAW = "order of events"  # the parameter that is a patient's draw; no identifier of SBML has a space


@dataclass(frozen=True)
class Imported:
    """A model of another tool as a program.

    Attributes:
        program: states, parameters, read-outs and triggers under the identifiers of the file; a parameter ``k`` of
            the kinetic law of reaction ``r`` is ``r.k``.
        amounts, concentrations: for each species, the name of the read-out that gives it so (``S`` and ``[S]``).
        time_unit: the model's unit of time, in which the program counts; "" when the file does not say.
        notes: warnings; nothing in them makes the numbers wrong, but the author of the file may want to know.
    """

    program: Program
    amounts: dict[str, str]
    concentrations: dict[str, str]
    time_unit: str
    notes: tuple[Problem, ...]

    def parameter_table(self, patients: int, seed: int = 0) -> np.ndarray:
        """The file's parameters for each patient, and each patient's own draw where events have a random order.

        The draw for (seed, patient) is the same whoever else is simulated; shape (patients, parameters).
        """
        table = self.program.parameter_table(patients)
        if DRAW in self.program.parameter_names:
            table[:, self.program.index("parameter", DRAW)] = uniforms(seed, np.arange(patients), DRAW)
        return table


def read_sbml(
    path: str | Path,
    *,
    strict_units: bool = False,
    lenient: bool = False,
    amend: Callable[[Any], None] | None = None,
) -> Imported:
    """Read an SBML file of Level 2 or 3 and compile it into a program.

    Args:
        path: the file.
        strict_units: whether units that do not match are errors; by default they are notes.
        lenient: run a model in spite of slips of units and of the schema (a missing or a foreign attribute, elements
            out of order), each of which becomes a note: look at the numbers that depend on it.
        amend: given the libSBML model once it is found sound, and may change it before it is translated.

    Raises:
        Problems: the file is missing, cut off, or breaks a rule of SBML; all findings, with file and line.
        Refusal: the model needs features that are not supported; all of them, by name, with element and line.
    """
    source = read_source(Path(path))
    document = flatten(read_document(source), source, lenient)
    refusals = find_refusals(document, source.path)
    if refusals:
        raise Refusal(refusals)
    notes = check_document(document, source.path, strict_units, lenient)
    if amend is not None:
        amend(document.getModel())
    try:
        with _deep_recursion():
            return Translation(document.getModel(), source.path, notes).result()
    except (KeyError, ValueError, AttributeError, AssertionError) as error:
        if not lenient:
            raise
        message = f"the slips that were passed over leave no model: {type(error).__name__} {error}"
        problem = Problem("sbml-invalid", message, Where.of(source.path), "Mend the file.")
        raise Problems([*notes, problem], "The SBML file cannot be read") from error


@contextmanager
def _deep_recursion() -> Iterator[None]:
    """Formulas and chains of rules as deep as the bounds of a file allow; Python's own frames need no C stack."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, DEEPEST_RECURSION))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


class Translation:
    """Turns the elements of one model into the parts of a program, and collects what stands in the way."""

    def __init__(self, model: Any, path: Path, notes: Iterable[Problem]) -> None:
        self.model, self.path, self.notes = model, path, list(notes)
        self.elements: Elements = gather(model)
        taken = {*self.elements.parameters, *self.elements.species, *self.elements.compartments}
        taken |= {*self.elements.references, *self.elements.reactions}
        time_name = "time"
        while time_name in taken:
            time_name += "_"
        start = Start(self.elements)
        self.start, self.now = start, Now(self.elements, start, time_name)
        several = "which quantity it gives the value of is not clear from it alone"
        self.refusals = [refused("algebraic-rule", several, rule, path) for rule in self.elements.unsolved]
        self.marks: tuple[State, ...] = ()
        self.draws = False

    def result(self) -> Imported:
        """The program; raises Refusal with everything that could not be translated."""
        states = [state for name in self.elements.states() if (state := self._state(name))]
        triggers = self._triggers([state.rate for state in states])
        readouts, amounts, concentrations = self._readouts()
        if self.refusals:
            raise Refusal(list(dict.fromkeys(self.refusals)))
        states += self.marks
        reading = [*(state.rate for state in states), *(readout.expression for readout in readouts)]
        reading += [expression for trigger in triggers for expression in trigger.expressions()]
        if not states or self.now.time_name in symbols_of(reading):
            states.append(State(self.now.time_name, self._unit("Time"), ZERO, ONE))
        self._note_constraints()
        program = Program(
            states=tuple(states),
            parameters=tuple(self._parameters()),
            readouts=tuple(readouts),
            title=self.model.getName() or self.model.getId(),
            triggers=tuple(triggers),
            clock=self.now.time_name if self.now.time_name in [state.name for state in states] else "",
        )
        return Imported(program, amounts, concentrations, self._unit("Time"), tuple(self.notes))

    def _state(self, name: str) -> State | None:
        try:
            initial, rate = self.start.state(name), self.now.state_rate(name)
            scale = 1.0 if is_constant(rate) else None  # what moves evenly has no error that a scale would bound
            return State(name, self._unit_of(name), initial, rate, scale)
        except Unsupported as error:
            self._refuse(error, self.elements.element(name))
            return None

    def _triggers(self, rates: Sequence[Expression]) -> list[Trigger]:
        events = list(self.model.getListOfEvents())
        triggers: list[Trigger] = []
        for position, event in enumerate(events):
            try:
                trigger = trigger_of(event, position, self.now)
            except Unsupported as error:
                self._refuse(error, event)
                continue
            if trigger is None:
                self.notes.append(never(event, self.path))
            else:
                triggers.append(trigger)
        if self.refusals:
            return []
        ordered = drawn(triggers, symbol(DRAW), symbol(self.now.time_name))
        self.draws = any(one.priority is not other.priority for one, other in zip(triggers, ordered, strict=True))
        triggers = ordered
        try:
            watched = watch(events, triggers, rates, self.now)
        except Unsupported as error:
            self._refuse(error, self.model)
            return []
        self.marks = watched.states
        for kind, count in watched.found.items():
            message = f"{count} x {KINDS[kind]}"
            self.notes.append(Problem("sbml-watched", message, Where.of(self.path), severity=Severity.WARNING))
        return [*triggers, *watched.triggers]

    def _parameters(self) -> Iterable[Parameter]:
        for name in (*self.elements.compartments, *self.elements.parameters):
            if is_parameter(self.elements, name):
                value = given_value(self.elements, name)
                assert value is not None
                yield Parameter(name, self._unit_of(name), value)
        for reaction, element in self.elements.reactions.items():
            for local in local_parameters(element):
                yield Parameter(local_name(reaction, local.getId()), local.getUnits(), local.getValue())
        if self.draws:
            yield Parameter(DRAW, "", float(uniforms(0, [0], DRAW)[0]))

    def _readouts(self) -> tuple[list[Readout], dict[str, str], dict[str, str]]:
        made: list[Readout] = []
        amounts, concentrations = {}, {}
        for name in self.elements.species:
            amounts[name], concentrations[name] = name, f"[{name}]"
            made.append(Readout(name, self._unit_of(name), self._or_nan(self.now.amount, name)))
            made.append(Readout(f"[{name}]", "", self._or_nan(self.now.concentration, name)))
        for name in (*self.elements.compartments, *self.elements.parameters, *self.elements.references):
            made.append(Readout(name, self._unit_of(name), self._or_nan(self.now.value, name)))
        for name, reaction in self.elements.reactions.items():
            if kinetic_law(reaction) is not None:
                made.append(Readout(name, "", self._or_nan(self.now.value, name)))
        return made, amounts, concentrations

    def _or_nan(self, value: Any, name: str) -> Expression:
        """A read-out that the file leaves open is not a number; nothing else reads it, or the model were refused."""
        try:
            return value(name)  # type: ignore[no-any-return]
        except Unsupported as error:
            if error.feature != "missing-value":
                self._refuse(error, self.elements.element(name))
                return NAN
            message = f"{name!r} is reported as not a number: {error.detail}"
            where = Where.of(self.path, self.elements.element(name).getLine())
            self.notes.append(Problem("sbml-no-value", message, where, severity=Severity.WARNING))
            return NAN

    def _note_constraints(self) -> None:
        for constraint in self.model.getListOfConstraints():
            where = Where.of(self.path, constraint.getLine())
            message = "a constraint is not watched during a run; it changes no number"
            self.notes.append(Problem("sbml-constraint", message, where, severity=Severity.WARNING))

    def _refuse(self, error: Unsupported, element: Any) -> None:
        self.refusals.append(refused(error.feature, error.detail, error.element or element, self.path))

    def _unit(self, kind: str) -> str:
        units = getattr(self.model, f"get{kind}Units", None)
        return units() if units is not None else ""

    def _unit_of(self, name: str) -> str:
        element = self.elements.element(name)
        for method in ("getSubstanceUnits", "getUnits"):
            if hasattr(element, method):
                return str(getattr(element, method)())
        return ""


def with_readouts(program: Program, names: Iterable[str]) -> Program:
    """The same program with some read-outs only, in the order asked for: a smaller kernel."""
    chosen = tuple(program.readouts[program.index("readout", name)] for name in names)
    return replace(program, readouts=chosen)
