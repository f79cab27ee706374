"""Where a run must not step over something: triggers that assign nothing of the model's and only end a step.

A solver at rest takes steps as long as the run, and would pass over a pulse. Comparisons within a condition or a rate
are watched one by one. Where they, or anything else that is steep, read the time, its course is known beforehand, so
that more can be watched: each turning point, and a *mark* set at each eighth of a turn of a sine, at each jump of a
floor, and along the rise and fall of an exponential. A mark is a state that nothing but its own trigger sets; it
follows the quantity in strides, and no step is longer than a stride.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from charcot.core.expression import (
    ZERO,
    Expression,
    is_constant,
    log,
    maximum,
    minimum,
    raised,
    select,
    symbol,
    symbols_of,
    topological,
)
from charcot.core.program import Assignment, State, Trigger
from charcot.interfaces.exchange.sbml.instants import Clockwork
from charcot.interfaces.exchange.sbml.mathematics import Comparison
from charcot.interfaces.exchange.sbml.operators import absolute
from charcot.interfaces.exchange.sbml.quantities import Now

EIGHTH_OF_A_TURN = math.pi / 4
HALF_A_JUMP = 0.5
STRIDE = 1.0  # of the square root of an exponent: 1, 4, 9, ... e-folds from 1
FARTHEST = 40.0  # e-folds: what is smaller than e^-40 of the rest is at rest
GENTLE_POWER = 3.0  # up to this exponent, a power is no steeper than what the solver's error estimate sees
TINY = 1e-300

KINDS = {  # what a mark follows -> how it is told
    "turn": "a sine or cosine of time below something steep: no step is longer than an eighth of its turn",
    "jump": "a floor, ceiling, quotient or remainder: a step ends at each of its jumps",
    "rise": "an exponential, power or quotient of functions of time: steps follow its rise and fall",
    "corner": "a minimum, maximum or absolute value of functions of time: a step ends at each of its corners",
    "extreme": "a turning point of a function of time: a step ends there",
}


@dataclass(frozen=True)
class Mark:
    """A quantity to be followed in strides, and what it is (a key of ``KINDS``)."""

    quantity: Expression
    stride: float
    kind: str


@dataclass(frozen=True)
class Watched:
    """What is to be added to a program: states, triggers, and how many of each kind were found."""

    states: tuple[State, ...]
    triggers: tuple[Trigger, ...]
    found: dict[str, int]


def watch(events: Iterable[Any], triggers: Sequence[Trigger], rates: Sequence[Expression], now: Now) -> Watched:
    """What watches over the conditions of ``events`` (of which ``triggers`` were made) and over ``rates``."""
    in_rates = now.comparisons()
    margins = [margin for part in in_rates for margin in (part.margin, part.opposite.margin)]
    in_events: list[Comparison] = []
    for event in events:
        condition = event.getTrigger()
        if condition is not None and condition.getMath() is not None:
            parts = now.mathematics.comparisons(condition.getMath(), of_event=True)
            in_events += parts
            if len(parts) > 1:  # nothing is hidden in a single comparison
                margins += [margin for part in parts for margin in (part.margin, part.opposite.margin)]
    roots = [*rates, *(side for part in (*in_rates, *in_events) for side in (part.low, part.high))]
    differences = [part.high - part.low for part in (*in_rates, *in_events)]
    passing, marks = _in_time(roots, differences, now.clockwork)
    counts = Counter(mark.kind for mark in marks)
    for kind, zeros in passing.items():
        counts[kind] = len(zeros)
        margins += [margin for zero in zeros for margin in (zero, -zero)]
    known = {trigger.condition for trigger in triggers}
    new = [margin for margin in dict.fromkeys(margins) if margin not in known and not is_constant(margin)]
    made = [Trigger(f"comparison {number + 1}", margin, ()) for number, margin in enumerate(new)]
    states, strides = _marked(marks)
    return Watched(tuple(states), (*made, *strides), {kind: count for kind, count in counts.items() if count})


def _marked(marks: Sequence[Mark]) -> tuple[list[State], list[Trigger]]:
    """The state of each mark, and the trigger by which it follows: at the start to where the quantity begins."""
    states, triggers = [], []
    for number, mark in enumerate(marks, start=1):
        name = f"mark {number}"
        states.append(State(name, "", ZERO, ZERO))
        gone = Comparison(symbol(name) + mark.stride, mark.quantity, True)
        back = Comparison(mark.quantity, symbol(name) - mark.stride, True)
        condition = maximum(gone.margin, back.margin)
        triggers.append(Trigger(name, condition, (Assignment(name, mark.quantity),), initially=False))
    return states, triggers


def _in_time(
    roots: Sequence[Expression], differences: Sequence[Expression], clockwork: Clockwork
) -> tuple[dict[str, list[Expression]], list[Mark]]:
    """(what is to be watched for a change of its sign, by kind; marks) of everything steep that reads the time."""
    steep: dict[Expression, None] = {}  # known quantities below something steep
    marks: dict[Mark, None] = {}
    corners: dict[Expression, None] = {}
    for difference in differences:
        if clockwork.knows(difference):
            steep[difference] = None
    for node in topological(roots):
        if node in clockwork.aside:
            continue
        if node.operation == "floor" and symbols_of([node]) & clockwork.varying:
            marks[Mark(_finite(node), HALF_A_JUMP, "jump")] = None
        quantity = _below(node)
        if quantity is None or not clockwork.knows(quantity):
            continue
        steep[quantity] = None
        if node.operation in ("minimum", "maximum"):
            corners[quantity] = None
        exponent = _exponent(node)
        if exponent is not None:
            marks[Mark(_finite(_strides(exponent)), STRIDE, "rise")] = None
    for node in topological(steep):
        if node.operation in ("sine", "cosine") and clockwork.knows(node):
            marks[Mark(_finite(node.arguments[0]), EIGHTH_OF_A_TURN, "turn")] = None
    rates = [clockwork.rate(quantity) for quantity in steep]
    extremes = [rate for rate in dict.fromkeys(rates) if clockwork.moves(symbols_of([rate]))]
    return {"corner": list(corners), "extreme": extremes}, list(marks)


def _below(node: Expression) -> Expression | None:
    """What stands below a steep operation; None for one that is not."""
    a = node.arguments
    match node.operation:
        case "minimum" | "maximum" | "select":
            return a[1] - a[0]
        case "floor" | "exp" | "sigmoid" | "softplus" | "arctangent":
            return a[0]
        case "divide":
            return a[1]
        case "power" if not 0.0 < node.value <= GENTLE_POWER:
            return a[0]
        case "raised" if not is_constant(a[1]) or not 0.0 < a[1].value <= GENTLE_POWER:
            return a[0]
    return None


def _exponent(node: Expression) -> Expression | None:
    """How steep an operation is, in e-folds; None where it is that at its corners only."""
    a = node.arguments
    match node.operation:
        case "exp" | "sigmoid" | "softplus":
            return a[0]
        case "arctangent":
            size = log(absolute(a[0]) + 1.0)
            return select(a[0], 0.0, -size, size)
        case "divide":
            return log(absolute(a[1]) + TINY)
        case "power":
            return node.value * log(absolute(a[0]) + TINY)
        case "raised":
            return a[1] * log(absolute(a[0]) + TINY)
    return None


def _strides(exponent: Expression) -> Expression:
    """An exponent in strides: the signed square root, so that a bell curve is cut at even distances."""
    near = minimum(absolute(exponent), FARTHEST)
    root = raised(near, 0.5)
    return select(exponent, 0.0, -root, root)


def _finite(quantity: Expression) -> Expression:
    """The quantity; 0 where it is not a number, since a mark must be one."""
    return select(-math.inf, quantity, minimum(quantity, 1e300), 0.0)
