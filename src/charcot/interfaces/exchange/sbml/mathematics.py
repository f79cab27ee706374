"""MathML trees as expressions, with names looked up in a model and function definitions written out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Any

import libsbml

from charcot.core.expression import ONE, ZERO, Expression, at_most, constant, less, maximum, minimum, select
from charcot.interfaces.exchange.sbml.instants import REACHED, Clockwork
from charcot.interfaces.exchange.sbml.operators import OPERATORS, STEPS, absolute, conjunction, negation, truth
from charcot.interfaces.exchange.sbml.refusals import Unsupported

Names = Mapping[str, Expression]
NOTHING: Names = {}

LITERALS = {
    libsbml.AST_CONSTANT_PI: constant(math.pi),
    libsbml.AST_CONSTANT_E: constant(math.e),
    libsbml.AST_CONSTANT_TRUE: ONE,
    libsbml.AST_CONSTANT_FALSE: ZERO,
}
NUMBERS = {libsbml.AST_INTEGER, libsbml.AST_REAL, libsbml.AST_REAL_E, libsbml.AST_RATIONAL, libsbml.AST_NAME_AVOGADRO}

# relation -> (whether the arguments change places to read "first below second", whether equality counts)
RELATIONS = {
    libsbml.AST_RELATIONAL_LT: (False, False),
    libsbml.AST_RELATIONAL_LEQ: (False, True),
    libsbml.AST_RELATIONAL_GT: (True, False),
    libsbml.AST_RELATIONAL_GEQ: (True, True),
}
ROUND_OFF = 4.0 * 2.0**-53
EQUALITIES = {libsbml.AST_RELATIONAL_EQ, libsbml.AST_RELATIONAL_NEQ}
COMPARISONS = {*RELATIONS, *EQUALITIES}


@dataclass(frozen=True)
class Comparison:
    """``low`` < ``high``, or with ``closed`` <=; what lies within ``instant`` of each other counts as equal."""

    low: Expression
    high: Expression
    closed: bool
    instant: Expression = ZERO

    @property
    def holds(self) -> Expression:
        """1 where it holds, else 0."""
        if self.closed:
            return at_most(self.low, self.high + self.instant)
        return less(self.low + self.instant, self.high)

    @property
    def margin(self) -> Expression:
        """Above zero exactly where it holds: the distance to the threshold, so that its passage can be found.

        It jumps where equality counts as true, since zero itself is not above zero.
        """
        if not self.closed:
            return self.high - (self.low + self.instant)
        edge = self.high + self.instant
        distance = edge - self.low
        return select(edge, self.low, distance, distance + 1.0)

    @property
    def opposite(self) -> Comparison:
        """What holds exactly where this does not."""
        return Comparison(self.high, self.low, not self.closed, self.instant)


@dataclass(frozen=True)
class Mathematics:
    """Evaluates formulas of one model.

    Attributes:
        functions: the lambda of each function definition.
        lookup: the value of an identifier of the model.
        rate_of: how fast an identifier's value changes.
        time: the clock.
        clockwork: what is known of the course of quantities; None at the start, when time stands still.
        rate: how fast an expression changes, for events only; None at the start.
    """

    functions: Mapping[str, Any]
    lookup: Callable[[str], Expression]
    rate_of: Callable[[str], Expression]
    time: Expression
    clockwork: Clockwork | None = None
    rate: Callable[[Expression], Expression] | None = None

    def value(self, node: Any, names: Names = NOTHING) -> Expression:
        """The value of a formula; ``names`` (arguments of a function, local parameters) hide the model's.

        Raises:
            Unsupported: for a construct that has no translation.
        """
        kind = node.getType()
        if kind in COMPARISONS:
            return self._compared(node, names)
        if kind in STEPS and self.clockwork is not None:
            return STEPS[kind]([self.value(child, names) for child in children_of(node)], self._reached)
        if kind in OPERATORS:
            return OPERATORS[kind]([self.value(child, names) for child in children_of(node)])
        if kind in NUMBERS:
            return constant(node.getValue())
        if kind in LITERALS:
            return LITERALS[kind]
        if kind == libsbml.AST_NAME_TIME:
            return self.time
        if kind == libsbml.AST_NAME:
            name = node.getName()
            return names[name] if name in names else self.lookup(name)
        if kind == libsbml.AST_FUNCTION_RATE_OF:
            return self._rate(node, names)
        if kind == libsbml.AST_FUNCTION:
            body, inner = self._call(node, names)
            return self.value(body, inner)
        raise Unsupported("missing-mathematics", node.getName() or libsbml.formulaToL3String(node) or f"node {kind}")

    def margin(self, node: Any, names: Names = NOTHING, inverted: bool = False) -> Expression:
        """An expression that is above zero exactly where the condition of an event holds (``inverted``: does not).

        Where the condition compares, it is the distance to the threshold, so that the moment of the passage can be
        found by its sign. Two quantities that pass each other are equal for an instant.
        """
        kind, children = node.getType(), children_of(node)
        if kind == libsbml.AST_LOGICAL_NOT:
            return self.margin(children[0], names, not inverted)
        if kind in {libsbml.AST_LOGICAL_AND, libsbml.AST_LOGICAL_OR} and children:
            return _joined(
                [self.margin(child, names, inverted) for child in children],
                every=(kind == libsbml.AST_LOGICAL_AND) is not inverted,
            )
        if kind in COMPARISONS:
            inverted ^= kind == libsbml.AST_RELATIONAL_NEQ
            parts = self._comparisons(node, names, of_event=True)
            return _joined([(part.opposite if inverted else part).margin for part in parts], every=not inverted)
        if kind == libsbml.AST_FUNCTION:
            body, inner = self._call(node, names)
            return self.margin(body, inner, inverted)
        condition = truth(self.value(node, names))
        return negation(condition) if inverted else condition

    def comparisons(self, node: Any, names: Names = NOTHING, of_event: bool = False) -> list[Comparison]:
        """All comparisons within a formula; an equality is two of them.

        A condition that is made of several may be true for a moment only; each of them alone passes once, and can be
        found.
        """
        found: list[Comparison] = []
        if node.getType() in COMPARISONS:
            found += self._comparisons(node, names, of_event)
        elif node.getType() == libsbml.AST_FUNCTION:
            body, inner = self._call(node, names)
            found += self.comparisons(body, inner, of_event)
        for child in children_of(node):
            found += self.comparisons(child, names, of_event)
        return found

    def _compared(self, node: Any, names: Names) -> Expression:
        parts = [part.holds for part in self._comparisons(node, names, of_event=False)]
        holds = conjunction(parts)
        return negation(holds) if node.getType() == libsbml.AST_RELATIONAL_NEQ else holds

    def _comparisons(self, node: Any, names: Names, of_event: bool) -> list[Comparison]:
        """What a relation asks of its arguments: that each pair of neighbours stands in it."""
        values = [self.value(child, names) for child in children_of(node)]
        found: list[Comparison] = []
        for one, other in pairwise(values):
            instant = ZERO if self.clockwork is None else self.clockwork.within_an_instant(other - one)
            if node.getType() in EQUALITIES:
                if of_event and instant is ZERO:
                    instant = self._passing(one, other)
                found += [Comparison(one, other, True, instant), Comparison(other, one, True, instant)]
            else:
                swapped, closed = RELATIONS[node.getType()]
                low, high = (other, one) if swapped else (one, other)
                found.append(Comparison(low, high, closed, instant))
        return found

    def _passing(self, one: Expression, other: Expression) -> Expression:
        """How far two quantities that pass each other are apart within an instant, and by round-off."""
        if self.clockwork is None or self.rate is None:
            return ZERO
        rate = self.rate(other - one)
        if rate is ZERO:
            return ZERO
        return self.clockwork.within(rate) + ROUND_OFF * (absolute(one) + absolute(other))

    def _reached(self, u: Expression) -> Expression:
        """How far below a whole number a known quantity is taken to have reached it."""
        return ZERO if self.clockwork is None else self.clockwork.within_an_instant(u, REACHED)

    def _rate(self, node: Any, names: Names) -> Expression:
        target = node.getChild(0)
        if target.getType() != libsbml.AST_NAME:
            raise Unsupported("missing-mathematics", "rateOf of something that is not a name")
        name = target.getName()
        if name in names and names[name].operation == "symbol":
            name = names[name].name  # the argument of a function stands for the model's own quantity
        elif name in names:
            raise Unsupported("missing-mathematics", f"rateOf({name}) within a function, of more than a plain quantity")
        return self.rate_of(name)

    def _call(self, node: Any, names: Names) -> tuple[Any, Names]:
        """The body of a called function, and what its arguments stand for."""
        name = node.getName()
        definition = self.functions.get(name)
        if definition is None:
            raise Unsupported("missing-mathematics", f"function {name!r} has no definition with mathematics")
        *parameters, body = children_of(definition)
        values = [self.value(child, names) for child in children_of(node)]
        return body, dict(zip([p.getName() for p in parameters], values, strict=True))


def children_of(node: Any) -> list[Any]:
    """The arguments of an operator, or the parts of a lambda."""
    return [node.getChild(index) for index in range(node.getNumChildren())]


def _joined(margins: list[Expression], every: bool) -> Expression:
    """Above zero where all are (``every``), or where any is; of none, all are."""
    if not margins:
        return ONE if every else ZERO
    return reduce(minimum if every else maximum, margins)
