"""MathML trees as expressions, with names looked up in a model and function definitions written out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Any

import libsbml

from charcot.core.expression import ONE, ZERO, Expression, constant, maximum, minimum, select
from charcot.interfaces.exchange.sbml.operators import OPERATORS, negation, truth
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
OPPOSITES = {
    libsbml.AST_RELATIONAL_LT: libsbml.AST_RELATIONAL_GEQ,
    libsbml.AST_RELATIONAL_GEQ: libsbml.AST_RELATIONAL_LT,
    libsbml.AST_RELATIONAL_GT: libsbml.AST_RELATIONAL_LEQ,
    libsbml.AST_RELATIONAL_LEQ: libsbml.AST_RELATIONAL_GT,
}
COMPARISONS = {*RELATIONS, libsbml.AST_RELATIONAL_EQ, libsbml.AST_RELATIONAL_NEQ}


@dataclass(frozen=True)
class Mathematics:
    """Evaluates formulas of one model.

    Attributes:
        functions: the lambda of each function definition.
        lookup: the value of an identifier of the model.
        rate_of: how fast an identifier's value changes.
        time: the clock.
    """

    functions: Mapping[str, Any]
    lookup: Callable[[str], Expression]
    rate_of: Callable[[str], Expression]
    time: Expression

    def value(self, node: Any, names: Names = NOTHING) -> Expression:
        """The value of a formula; ``names`` (arguments of a function, local parameters) hide the model's.

        Raises:
            Unsupported: for a construct that has no translation.
        """
        kind = node.getType()
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
        """An expression that is above zero exactly where a condition holds (``inverted``: does not hold).

        Where the condition compares, it is the distance to the threshold, so that the moment of the passage can be
        found by its sign; and it jumps where equality counts as true, since zero itself is not above zero.
        """
        kind, children = node.getType(), children_of(node)
        if kind == libsbml.AST_LOGICAL_NOT:
            return self.margin(children[0], names, not inverted)
        if kind in {libsbml.AST_LOGICAL_AND, libsbml.AST_LOGICAL_OR} and children:
            together = minimum if (kind == libsbml.AST_LOGICAL_AND) is not inverted else maximum
            return reduce(together, [self.margin(child, names, inverted) for child in children])
        if kind in RELATIONS and len(children) == 2:
            swapped, closed = RELATIONS[OPPOSITES[kind] if inverted else kind]
            low, high = (self.value(child, names) for child in (children[::-1] if swapped else children))
            return _margin(low, high, closed)
        if kind == libsbml.AST_FUNCTION:
            body, inner = self._call(node, names)
            return self.margin(body, inner, inverted)
        condition = truth(self.value(node, names))
        return negation(condition) if inverted else condition

    def thresholds(self, node: Any, names: Names = NOTHING) -> list[Expression]:
        """The margins of all comparisons within a formula and of their opposites.

        A condition that is made of several may be true for a moment only; each of them alone passes once, and can be
        found.
        """
        found: list[Expression] = []
        children = children_of(node)
        if node.getType() in COMPARISONS:
            for one, other in pairwise(self.value(child, names) for child in children):
                found += [_margin(one, other, True), _margin(other, one, True)]
        elif node.getType() == libsbml.AST_FUNCTION:
            body, inner = self._call(node, names)
            found += self.thresholds(body, inner)
        return found + [margin for child in children for margin in self.thresholds(child, names)]

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


def _margin(low: Expression, high: Expression, closed: bool) -> Expression:
    distance = high - low
    return select(high, low, distance, distance + 1.0) if closed else distance
