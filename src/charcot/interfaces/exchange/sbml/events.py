"""SBML events as triggers of a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

from charcot.core.errors import Problem, Severity, Where
from charcot.core.expression import ONE, Expression, constant, floor, is_constant, maximum, sine, symbol, symbols_of
from charcot.core.program import Assignment, Trigger
from charcot.interfaces.exchange.sbml.operators import absolute, quotient_of
from charcot.interfaces.exchange.sbml.quantities import Now, keeps_concentration
from charcot.interfaces.exchange.sbml.refusals import Unsupported, describe

NEAR_TIE = 1e-9  # of a priority that is no constant: closer priorities are told apart by a draw


def trigger_of(event: Any, position: int, now: Now) -> Trigger | None:
    """The trigger that acts as ``event`` does; None for an event without a condition, which never happens.

    Raises:
        Unsupported: for a feature that cannot be translated.
    """
    condition = event.getTrigger()
    if condition is None or condition.getMath() is None:
        return None
    try:
        margin = now.mathematics.margin(condition.getMath())
    except Unsupported as error:
        error.element = error.element or event
        raise
    delay, priority = (_optional(part, now) for part in (event.getDelay(), event.getPriority()))
    return Trigger(
        name=event.getId() or f"event {position + 1}",
        condition=margin,
        assignments=tuple(_assignments(event, now, late=delay is not None)),
        delay=delay,
        priority=priority,
        persistent=condition.getPersistent() if condition.isSetPersistent() else True,
        initially=condition.getInitialValue() if condition.isSetInitialValue() else True,
        early_values=event.getUseValuesFromTriggerTime(),
    )


def _optional(part: Any, now: Now) -> Expression | None:
    return None if part is None or part.getMath() is None else now.formula(part)


def _assignments(event: Any, now: Now, late: bool) -> list[Assignment]:
    elements = now.elements
    parts = [part for part in event.getListOfEventAssignments() if part.getMath() is not None]
    given = {part.getVariable(): now.formula(part) for part in parts}
    early_and_late = late and event.getUseValuesFromTriggerTime()
    made: list[Assignment] = []
    for name, value in given.items():
        if name not in elements.species or not elements.is_concentration(name) or keeps_concentration(elements, name):
            made.append(Assignment(name, value))
            continue
        compartment = elements.species[name].getCompartment()
        if early_and_late and elements.varies(compartment):
            raise Unsupported("delayed-concentration", name)
        # a concentration given together with a new volume is one in the old volume
        made.append(Assignment(name, value * now.value(compartment)))
    for name in elements.species:
        # a kept concentration follows the volume that the event sets: the amount stays
        compartment = elements.species[name].getCompartment()
        if compartment in given and keeps_concentration(elements, name):
            if early_and_late:
                raise Unsupported("delayed-concentration", name)
            ratio = quotient_of(now.value(compartment), given[compartment])
            made = [assignment for assignment in made if assignment.target != name]
            made.append(Assignment(name, given.get(name, symbol(name)) * ratio))
    return made


def drawn(triggers: Sequence[Trigger], draw: Expression, clock: Expression) -> list[Trigger]:
    """The triggers with priorities that break ties by a draw, where one of two that may tie changes the other.

    SBML asks for a random order among events of one time and one given priority. ``draw`` is the patient's own number;
    hashed with the time and the event it gives an order that is the patient's, at each time another.
    """
    tied = _tied(triggers)
    given = [trigger.priority for trigger in triggers if trigger.priority is not None]
    ranks = sorted({priority.value for priority in given}) if all(is_constant(p) for p in given) else None
    made = []
    for number, trigger in enumerate(triggers):
        priority = trigger.priority
        if tied and priority is not None and ranks is not None:
            priority = constant(ranks.index(priority.value))
        if number in tied and priority is not None:
            size = ONE if ranks is not None else NEAR_TIE * maximum(absolute(priority), 1.0)
            priority = priority + 0.5 * size * _share(number, draw, clock)
        made.append(replace(trigger, priority=priority))
    return made


def _tied(triggers: Sequence[Trigger]) -> set[int]:
    """The places of triggers of which one may change what the other does, at one time and one given priority."""
    found: set[int] = set()
    for (i, one), (j, other) in combinations(enumerate(triggers), 2):
        if one.priority is None or other.priority is None:
            continue
        apart = is_constant(one.priority) and is_constant(other.priority) and one.priority is not other.priority
        if not apart and (_disturbs(one, other) or _disturbs(other, one)):
            found |= {i, j}
    return found


def _share(number: int, draw: Expression, clock: Expression) -> Expression:
    """A number from 0 to 1 that looks drawn: the digits of a sine far behind the point."""
    far = 43758.5453123 * sine(1e3 * draw + 78.233 * clock + 12.9898 * (number + 1))
    return far - floor(far)


def _disturbs(one: Trigger, other: Trigger) -> bool:
    """Whether what ``one`` assigns may cancel ``other`` or change what it does."""
    targets = {assignment.target for assignment in one.assignments}
    read: set[str] = set() if other.persistent else symbols_of([other.condition])
    if not other.early_values:
        read |= symbols_of([assignment.value for assignment in other.assignments])
    own = {assignment.target: assignment.value for assignment in other.assignments}
    clash = any(own.get(a.target, a.value) is not a.value for a in one.assignments)
    return clash or bool(targets & read)


def never(event: Any, path: Path) -> Problem:
    """The note on an event without a condition."""
    message = f"{describe(event)} has no condition and never happens"
    return Problem("sbml-idle-event", message, Where.of(path, event.getLine()), severity=Severity.WARNING)
