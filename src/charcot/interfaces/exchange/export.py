"""``to_sbml``: a program as an SBML Level 3 Version 2 model that other simulators run to the same numbers.

States are parameters with rate rules: no compartment and no reaction is invented, and every simulator treats them as
it treats species. Read-outs and terms that are used more than once are parameters with assignment rules. The unit of
time is the day. What the program's parameters are worth in one patient, and what happens to that patient, can be
written with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import libsbml
import numpy as np

from charcot import __version__
from charcot.core.errors import CharcotError
from charcot.core.expression import ZERO, Expression, topological
from charcot.core.program import Program
from charcot.core.schedule import Schedule
from charcot.core.units import UnitError
from charcot.interfaces.exchange.export_events import Events, assigned, series_of
from charcot.interfaces.exchange.export_math import formula, number
from charcot.interfaces.exchange.export_parts import Names, Part, Parts, cut
from charcot.interfaces.exchange.export_units import Units
from charcot.model.units_check import Unit, UnitMismatch, unit_of

_DAY = "day"


class ExportError(CharcotError):
    """The model cannot be written as SBML; the message says what libSBML found."""


@dataclass(frozen=True)
class Evidence:
    """What stands behind a quantity: a line each for a reader, and identifiers.org addresses of its sources."""

    title: str = ""
    lines: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One finding of libSBML's consistency check. ``number`` is the rule of the SBML specification."""

    number: int
    severity: str
    message: str
    line: int


def to_sbml(
    program: Program,
    parameters: np.ndarray | None = None,
    schedule: Schedule | None = None,
    *,
    start: float = 0.0,
    evidence: Mapping[str, Evidence] | None = None,
    notes: Sequence[str] = (),
    time_unit: str = _DAY,
) -> str:
    """The text of an SBML model of ``program``.

    Args:
        parameters: (parameters,) the values of one patient; by default the program's own.
        schedule: the events of one patient, in days of the patient's clock.
        start: the day of that clock that is time 0 of the model; no event may lie before it.
        evidence: by name of a state, parameter, input or read-out, what stands behind it.
        notes: paragraphs for a reader, put at the head of the model.
        time_unit: in which the program counts; a model that was read from a file has its own (``Imported.time_unit``).

    A unit that is known by a name of another file only is left out, and named in the notes of its quantity.

    Raises ValueError for parameters of a wrong shape or an event before the start, and :class:`ExportError` when
    libSBML finds an error in what was written.
    """
    values = np.array([p.value for p in program.parameters]) if parameters is None else np.asarray(parameters, float)
    if values.shape != (len(program.parameters),):
        raise ValueError(f"parameters has shape {values.shape}; the program has {len(program.parameters)} of them.")
    text = _Writer(program, values, schedule, start, evidence or {}, time_unit).text(notes)
    errors = [finding for finding in check_sbml(text, units=False) if finding.severity in ("Error", "Fatal")]
    if errors:
        listed = "\n".join(f"  line {e.line}: {e.message}" for e in errors[:5])
        raise ExportError(f"the model could not be written as SBML: {len(errors)} errors\n{listed}")
    return text


def check_sbml(text: str, *, units: bool = True) -> list[Finding]:
    """Everything that libSBML's consistency check finds in an SBML text, with or without the check of units."""
    document = libsbml.readSBMLFromString(text)
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, units)
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_MODELING_PRACTICE, False)
    document.checkConsistency()
    found = [document.getError(i) for i in range(document.getNumErrors())]
    return [Finding(e.getErrorId(), e.getSeverityAsString(), e.getMessage().strip(), e.getLine()) for e in found]


def identifiers(program: Program) -> dict[str, str]:
    """The SBML identifier of every state, parameter, input and read-out, as :func:`to_sbml` writes them.

    Where a read-out has the name of a state, a parameter or an input, the name stands for that one.
    """
    parts = cut(program, _roots(program), Names())
    return {**{part.name: part.identifier for part in parts.computed if part.name}, **parts.identifiers}


def _roots(program: Program) -> list[Expression]:
    """What is written beside read-outs: rates, initial values, what triggers evaluate."""
    rates, initial = [s.rate for s in program.states], [s.initial for s in program.states]
    return [*rates, *initial, *(e for trigger in program.triggers for e in trigger.expressions())]


def _is_known(unit: str) -> bool:
    try:
        Unit.of(unit)
    except UnitError:
        return False
    return True


class _Writer:
    """One document being written."""

    def __init__(
        self,
        program: Program,
        values: np.ndarray,
        schedule: Schedule | None,
        start: float,
        evidence: Mapping[str, Evidence],
        time_unit: str = _DAY,
    ) -> None:
        self.program, self.values, self.evidence = program, values, evidence
        self.series = series_of(program, schedule, start) if schedule is not None else []
        self.document = libsbml.SBMLDocument(3, 2)
        self.model = self.document.createModel()
        self.units = Units(self.model)
        self.names = Names()
        self.parts: Parts = cut(program, _roots(program), self.names)
        self.time_unit = time_unit if _is_known(time_unit) else ""
        self.unit: dict[str, Unit] = {}  # of each identifier, where it is known

    def text(self, notes: Sequence[str]) -> str:
        """The whole document."""
        model, program = self.model, self.program
        model.setId(Names().take(program.title or "model"))
        model.setName(program.title or "model")
        if self.time_unit:
            model.setTimeUnits(self._time_name())
        self._quantities()
        for part in self.parts.computed:
            self._computed(part)
        self._rates()
        self._events()
        self._notes(model, [*notes, *self._about()])
        return _exact(libsbml.writeSBMLToString(self.document), self._numbers())

    def _quantities(self) -> None:
        program, changed = self.program, assigned(self.program, self.series)
        for parameter, value in zip(program.parameters, self.values, strict=True):
            self._parameter(parameter.name, parameter.unit, float(value), constant=True)
        for entry in program.inputs:
            self._parameter(entry.name, entry.unit, entry.value, constant=entry.name not in changed)
        initial = self.parts.formulas[len(program.states) :]
        for state, value in zip(program.states, initial, strict=False):
            known = value.value if value.operation == "constant" else None
            identifier = self._parameter(state.name, state.unit, known, constant=False).getId()
            if known is None:
                assignment = self.model.createInitialAssignment()
                assignment.setSymbol(identifier)
                assignment.setMath(self._math(value))

    def _parameter(self, name: str, unit: str, value: float | None, *, constant: bool) -> Any:
        identifier = self.parts.identifiers[name]
        made = self.model.createParameter()
        made.setId(identifier)
        made.setName(name)
        made.setConstant(constant)
        self._declare(made, unit)
        if value is not None:
            made.setValue(value)
        self._evidence(made, name)
        return made

    def _declare(self, made: Any, unit: str) -> None:
        """Give an element its unit; a word that only another file explains stays a word."""
        if _is_known(unit):
            self.unit[made.getId()] = Unit.of(unit)
            made.setUnits(self.units.named(unit))
        else:
            self._notes(made, [f"Its unit is called {unit!r}; what that is, is not known here."])

    def _computed(self, part: Part) -> None:
        made = self.model.createParameter()
        made.setId(part.identifier)
        made.setConstant(False)
        if part.name:
            readout = next(r for r in self.program.readouts if r.name == part.name)
            made.setName(part.name)
            self._declare(made, readout.unit)
            self._evidence(made, part.name)
        else:
            unit = self._unit_of(part.formula)
            if unit is not None:
                self.unit[part.identifier] = unit
                made.setUnits(self.units.of(unit))
        rule = self.model.createAssignmentRule()
        rule.setVariable(part.identifier)
        rule.setMath(self._math(part.formula))

    def _rates(self) -> None:
        for state, rate in zip(self.program.states, self.parts.formulas, strict=False):
            identifier = self.parts.identifiers[state.name]
            rule = self.model.createRateRule()
            rule.setVariable(identifier)
            unit, per_time = self.unit.get(identifier), ""
            if unit is not None and self.time_unit:
                per_time = self.units.of(unit / Unit.of(self.time_unit))
            rule.setMath(number(0.0, per_time) if rate is ZERO else self._math(rate))

    def _time_name(self) -> str:
        return self.units.named(self.time_unit) if self.time_unit else ""

    def _events(self) -> None:
        declared = {p.getId(): p.getUnits() for p in self.model.getListOfParameters()}
        events = Events(self.model, self.names, self.parts.identifiers, declared, self._time_name())
        events.series(self.series)
        formulas = iter(self.parts.formulas[2 * len(self.program.states) :])
        for trigger in self.program.triggers:
            events.trigger(trigger, formulas, self._unit_name)

    def _math(self, node: Expression) -> Any:
        return formula(node, self._unit_name)

    def _unit_of(self, node: Expression) -> Unit | None:
        """The unit of a formula; None where it has none that follows from its parts."""
        try:
            return unit_of(node, self.unit)
        except (UnitMismatch, KeyError):
            return None

    def _unit_name(self, node: Expression) -> str:
        unit = self._unit_of(node)
        return "" if unit is None else self.units.of(unit)

    def _evidence(self, element: Any, name: str) -> None:
        found = self.evidence.get(name)
        if found is None:
            return
        element.setMetaId(f"meta_{element.getId()}")
        self._notes(element, [found.title, *found.lines])
        if found.resources:
            term = libsbml.CVTerm(libsbml.BIOLOGICAL_QUALIFIER)
            term.setBiologicalQualifierType(libsbml.BQB_IS_DESCRIBED_BY)
            for resource in found.resources:
                term.addResource(resource)
            element.addCVTerm(term)

    def _notes(self, element: Any, paragraphs: Sequence[str]) -> None:
        written = "".join(f"<p>{escape(text, quote=False)}</p>" for text in paragraphs if text)
        if written:
            element.setNotes(f'<body xmlns="http://www.w3.org/1999/xhtml">{written}</body>')

    def _about(self) -> list[str]:
        time = f"The unit of time is the {self.time_unit}." if self.time_unit else "The unit of time is not known."
        return [
            f"Written by Charcot {__version__} from the program {self.program.hash}. {time} "
            "States are parameters with rate rules. A parameter named shared_... is a term that several equations use.",
            "Charcot is a research tool. It is no medical device and gives no medical advice.",
        ]

    def _numbers(self) -> list[float]:
        roots = [*_roots(self.program), *(readout.expression for readout in self.program.readouts)]
        literals = [node.value for node in topological(roots) if node.operation in ("constant", "power")]
        given = [entry.value for entry in self.program.inputs]
        events = [
            v for s in self.series for v in (s.value, s.first, s.interval, s.first + (s.count - 1.5) * s.interval)
        ]
        return [*literals, *given, *events, *(float(v) for v in self.values)]


_NUMBER = re.compile(r'(<cn[^>]*> |value=")([-+0-9.e]+)( </cn>|")')


def _exact(text: str, numbers: Sequence[float]) -> str:
    """``text`` with every number to its last bit: libSBML writes 15 digits, and a double needs up to 17.

    Where two different numbers share their first 15 digits, the 15 digits stay.
    """
    short: Counter[str] = Counter(f"{value:.15g}" for value in {abs(n) for n in numbers})
    full = {f"{abs(n):.15g}": repr(abs(float(n))) for n in numbers}

    def longer(match: re.Match[str]) -> str:
        sign, digits = ("-", match[2][1:]) if match[2].startswith("-") else ("", match[2])
        exact = full.get(digits, digits) if short[digits] == 1 else digits
        return f"{match[1]}{sign}{exact}{match[3]}"

    return _NUMBER.sub(longer, text)
