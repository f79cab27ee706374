"""What the engine needs to know of a program's triggers, found once for each program."""

from __future__ import annotations

from dataclasses import dataclass

from charcot.core.expression import symbols_of
from charcot.core.program import Program
from charcot.engine.soften import Softening


@dataclass(frozen=True)
class Plan:
    """One trigger as places in the ``moment`` table.

    Attributes:
        delay, priority: where they are found; -1 when the trigger has none.
        values: where the first assigned value is found; the others follow.
        targets: (whether it is a state, index of the state or input) of each assignment.
        reads_states: whether the condition reads a state other than the clock; said of no watched jump.
    """

    delay: int
    priority: int
    values: int
    targets: tuple[tuple[bool, int], ...]
    persistent: bool
    initially: bool
    early_values: bool
    reads_states: bool


_known: dict[tuple[str, bool], tuple[Plan, ...]] = {}


def plans(program: Program, jumps: bool = True) -> tuple[Plan, ...]:
    """What the engine needs to know of the triggers of ``program``, in their order, and of watched jumps after them.

    Found once for each program: to look for jumps takes longer than to simulate a few patients.
    """
    key = program.hash, jumps
    if key not in _known:
        _known[key] = _plans(program, jumps)
    return _known[key]


def _plans(program: Program, jumps: bool) -> tuple[Plan, ...]:
    states = {name: i for i, name in enumerate(program.state_names)}
    inputs = {name: i for i, name in enumerate(program.input_names)}
    soft = Softening(program, jumps)
    soft.rates([state.rate for state in program.states])
    watched = len(soft.conditions())
    made, place = [], len(program.triggers) + watched  # the conditions come first
    for trigger in program.triggers:
        delay, place = (place, place + 1) if trigger.delay is not None else (-1, place)
        priority, place = (place, place + 1) if trigger.priority is not None else (-1, place)
        targets = [(a.target in states, (states | inputs)[a.target]) for a in trigger.assignments]
        flags = trigger.persistent, trigger.initially, trigger.early_values
        reads = symbols_of([trigger.condition]) & set(states) - {program.clock}
        made.append(Plan(delay, priority, place, tuple(targets), *flags, bool(reads)))
        place += len(targets)
    return (*made, *[Plan(-1, -1, place, (), True, True, False, False)] * watched)
