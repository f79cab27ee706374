"""SBML events as triggers of a program."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

from charcot.core.errors import Problem, Severity, Where
from charcot.core.expression import Expression, symbol, symbols_of
from charcot.core.program import Assignment, Trigger
from charcot.interfaces.exchange.sbml.operators import quotient_of
from charcot.interfaces.exchange.sbml.quantities import Now, keeps_concentration
from charcot.interfaces.exchange.sbml.refusals import Unsupported, describe


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


def contested(triggers: Sequence[Trigger]) -> Iterable[tuple[Trigger, Trigger]]:
    """Pairs that come at the same time with the same given priority, and of which the first changes the second."""
    for one, other in permutations(triggers, 2):
        together = one.condition is other.condition and one.delay is other.delay
        if together and one.priority is other.priority is not None and _disturbs(one, other):
            yield one, other


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
