"""Doses, switches and triggers as SBML events; doses at even intervals become one event that sets its next time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import libsbml
import numpy as np

from charcot.core.expression import Expression
from charcot.core.program import Program, Trigger
from charcot.core.schedule import EventKind, Schedule
from charcot.interfaces.exchange.export_math import UnitOf, call, formula, less, name, number, piecewise, time
from charcot.interfaces.exchange.export_parts import Names

FEWEST = 3  # evenly spaced times that make a series
INTERLEAVED = 6  # series of one kind that may run through each other, such as the days of a cycle
NEVER = 1e30  # days: where the next time of a series goes when the series is over


@dataclass(frozen=True)
class Series:
    """``value`` added to a state, or given to an input, at ``first``, ``first + interval``, ... (``count`` times)."""

    target: str
    kind: EventKind
    value: float
    first: float
    interval: float
    count: int


def series_of(program: Program, schedule: Schedule, start: float) -> list[Series]:
    """The events of the only patient of ``schedule`` as few series, in times after ``start`` (days)."""
    if schedule.patients != 1:
        raise ValueError(
            f"a model file holds one patient, but the schedule has {schedule.patients}: take one of them with "
            "schedule.take([i])"
        )
    if len(schedule.times) and schedule.times.min() < start:
        raise ValueError(f"an event on day {schedule.times.min():g} lies before the start on day {start:g}")
    names = (program.state_names, program.input_names)
    groups: dict[tuple[str, EventKind, float], list[float]] = {}
    for t, target, kind, value in _effective(program, schedule):
        groups.setdefault((names[kind][target], EventKind(kind), value), []).append(t - start)
    found = [Series(*key, *part) for key, times in groups.items() for part in _even(times)]
    return sorted(found, key=lambda series: series.first)


def _effective(program: Program, schedule: Schedule) -> Iterator[tuple[float, int, int, float]]:
    """The events that change something: of two settings at one time the later, and none to the value that holds."""
    held = {i: entry.value for i, entry in enumerate(program.inputs)}
    columns = (schedule.times, schedule.targets, schedule.kinds, schedule.values)
    rows = [(float(t), int(target), int(k), float(v)) for t, target, k, v in zip(*columns, strict=True)]
    last = {(t, target): i for i, (t, target, kind, _) in enumerate(rows) if kind == EventKind.SET}
    for i, row in enumerate(rows):
        if row[2] == EventKind.SET:
            if last[row[0], row[1]] != i or (row[3] == held[row[1]] and not program.triggers):
                continue
            held[row[1]] = row[3]
        yield row


def _even(times: list[float]) -> Iterator[tuple[float, float, int]]:
    """(first, interval, count) of long runs of even spacing, also interleaved; the rest comes one at a time."""
    left = list(times)
    while left:
        runs = [_run(left, gap) for gap in dict.fromkeys(t - left[0] for t in left[1 : 1 + INTERLEAVED] if t > left[0])]
        run = max(runs, key=len, default=[0])
        run = run if len(run) >= FEWEST else [0]
        yield left[0], left[run[1]] - left[0] if len(run) > 1 else 0.0, len(run)
        gone = set(run)
        left = [t for i, t in enumerate(left) if i not in gone]


def _run(times: list[float], gap: float) -> list[int]:
    """Where ``times[0]``, ``times[0] + gap``, ... stand in ``times``, as far as none is missing.

    The reader of the file adds up the interval, so each time must be that sum (to a billionth of the interval).
    """
    found, wanted = [0], times[0] + gap
    for i, t in enumerate(times[1:], start=1):
        if t > wanted + 1e-9 * gap:
            break
        if abs(t - wanted) <= 1e-9 * gap:
            found.append(i)
            wanted += gap
    return found


class Events:
    """Writes events into a model. ``identifiers`` are those of the program's quantities."""

    def __init__(
        self, model: Any, names: Names, identifiers: Mapping[str, str], units: Mapping[str, str], day: str
    ) -> None:
        self.model, self.names, self.identifiers = model, names, identifiers
        self.units, self.day = units, day  # of each identifier, and of time

    def series(self, all_series: Iterable[Series]) -> None:
        """One event for each series."""
        for series in all_series:
            target = self.identifiers[series.target]
            event = self._event(self.names.take(f"{'dose' if series.kind is EventKind.ADD else 'set'}_{target}"))
            value = number(series.value, self.units[target])
            if series.kind is EventKind.ADD:
                value = call(libsbml.AST_PLUS, name(target), value)
            self._assign(event, target, value)
            if series.count == 1:
                self._when(event, call(libsbml.AST_RELATIONAL_GEQ, time(), number(series.first, self.day)))
            else:
                self._repeat(event, series)

    def _repeat(self, event: Any, series: Series) -> None:
        """The event is due at a time that it moves on itself, and moves out of reach after the last."""
        due = self.names.take(f"{event.getId()}_due")
        parameter = self.model.createParameter()
        parameter.setId(due)
        parameter.setConstant(False)
        parameter.setUnits(self.day)
        parameter.setValue(series.first)
        self._when(event, call(libsbml.AST_RELATIONAL_GEQ, time(), name(due)))
        between_last_two = series.first + (series.count - 1.5) * series.interval
        later = call(libsbml.AST_PLUS, name(due), number(series.interval, self.day))
        more = less(name(due), number(between_last_two, self.day))
        self._assign(event, due, piecewise(later, more, number(NEVER, self.day)))

    def trigger(self, trigger: Trigger, formulas: Iterator[Expression], unit_of: UnitOf) -> None:
        """One event for a trigger of the program; ``formulas`` are its expressions, in the order it lists them."""

        def written(unit: str = "dimensionless") -> Any:
            node = next(formulas)
            return number(node.value, unit) if node.operation == "constant" else formula(node, unit_of)

        event = self._event(self.names.take(trigger.name or "trigger"))
        event.setUseValuesFromTriggerTime(trigger.early_values)
        condition = next(formulas)
        zero = number(0.0, unit_of(condition))
        cause = call(libsbml.AST_RELATIONAL_GT, formula(condition, unit_of), zero)
        self._when(event, cause, initially=trigger.initially, persistent=trigger.persistent)
        if trigger.delay is not None:
            event.createDelay().setMath(written(self.day))
        if trigger.priority is not None:
            event.createPriority().setMath(written())
        for assignment in trigger.assignments:
            target = self.identifiers[assignment.target]
            self._assign(event, target, written(self.units[target]))

    def _event(self, identifier: str) -> Any:
        event = self.model.createEvent()
        event.setId(identifier)
        event.setUseValuesFromTriggerTime(True)
        return event

    def _when(self, event: Any, condition: Any, *, initially: bool = False, persistent: bool = True) -> None:
        trigger = event.createTrigger()
        trigger.setInitialValue(initially)
        trigger.setPersistent(persistent)
        trigger.setMath(condition)

    def _assign(self, event: Any, target: str, value: Any) -> None:
        assignment = event.createEventAssignment()
        assignment.setVariable(target)
        assignment.setMath(value)


def assigned(program: Program, all_series: Iterable[Series]) -> set[str]:
    """The names of the states and inputs that something sets during a run."""
    targets = {assignment.target for trigger in program.triggers for assignment in trigger.assignments}
    return targets | {series.target for series in all_series}


def times_of(series: Series) -> np.ndarray:
    """(count,) the days at which ``series`` acts."""
    return series.first + series.interval * np.arange(series.count)
