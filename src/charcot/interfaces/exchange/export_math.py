"""Expressions as the mathematics of SBML, and back to the same numbers: every operation has one form there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libsbml

from charcot.core.expression import ZERO, Expression

UnitOf = Callable[[Expression], str]  # the identifier of the unit of a formula, or an empty text
_KINDS = {
    "add": libsbml.AST_PLUS,
    "subtract": libsbml.AST_MINUS,
    "multiply": libsbml.AST_TIMES,
    "divide": libsbml.AST_DIVIDE,
    "exp": libsbml.AST_FUNCTION_EXP,
    "log": libsbml.AST_FUNCTION_LN,
    "raised": libsbml.AST_POWER,
    "sine": libsbml.AST_FUNCTION_SIN,
    "cosine": libsbml.AST_FUNCTION_COS,
    "arctangent": libsbml.AST_FUNCTION_ARCTAN,
    "floor": libsbml.AST_FUNCTION_FLOOR,
}


def number(value: float, unit: str = "dimensionless") -> Any:
    """A literal with its unit."""
    node = libsbml.ASTNode(libsbml.AST_REAL)
    node.setValue(float(value))
    if unit:
        node.setUnits(unit)
    return node


def name(identifier: str) -> Any:
    """A quantity of the model."""
    node = libsbml.ASTNode(libsbml.AST_NAME)
    node.setName(identifier)
    return node


def time() -> Any:
    """The time of the simulation."""
    node = libsbml.ASTNode(libsbml.AST_NAME_TIME)
    node.setName("time")
    return node


def call(kind: int, *arguments: Any) -> Any:
    """An operation applied to nodes, which it takes over."""
    node = libsbml.ASTNode(kind)
    for argument in arguments:
        node.addChild(argument)
    return node


def piecewise(value: Any, condition: Any, otherwise: Any) -> Any:
    """``value`` where ``condition`` holds, else ``otherwise``."""
    return call(libsbml.AST_FUNCTION_PIECEWISE, value, condition, otherwise)


def less(a: Any, b: Any) -> Any:
    return call(libsbml.AST_RELATIONAL_LT, a, b)


def formula(node: Expression, unit_of: UnitOf) -> Any:
    """The mathematics of ``node``, whose symbols are identifiers of the model.

    ``unit_of`` tells the unit of a formula, which a literal zero beside it takes on.
    """

    def write(part: Expression, beside: Expression | None = None) -> Any:
        if part is ZERO and beside is not None:
            return number(0.0, unit_of(beside))
        return formula(part, unit_of)

    a = node.arguments
    match node.operation:
        case "constant":
            return number(node.value)
        case "symbol":
            return name(node.name)
        case "subtract" if a[0] is ZERO:
            return call(libsbml.AST_MINUS, write(a[1]))
        case "add" | "multiply":
            return call(_KINDS[node.operation], *(write(term) for term in _chain(node)))
        case "power":
            return call(libsbml.AST_POWER, write(a[0]), number(node.value))
        case "minimum":
            condition = less(write(a[0], a[1]), write(a[1], a[0]))
            return piecewise(write(a[0], a[1]), condition, write(a[1], a[0]))
        case "maximum":
            condition = less(write(a[0], a[1]), write(a[1], a[0]))
            return piecewise(write(a[1], a[0]), condition, write(a[0], a[1]))
        case "select":
            condition = less(write(a[0], a[1]), write(a[1], a[0]))
            return piecewise(write(a[2], a[3]), condition, write(a[3], a[2]))
        case "softplus":
            return _softplus(lambda: write(a[0]))
        case "sigmoid":
            below = call(libsbml.AST_FUNCTION_EXP, call(libsbml.AST_MINUS, write(a[0])))
            return call(libsbml.AST_DIVIDE, number(1.0), call(libsbml.AST_PLUS, number(1.0), below))
    return call(_KINDS[node.operation], *(write(argument) for argument in a))


def _chain(node: Expression) -> list[Expression]:
    """The terms of ``(a + b) + c``, which SBML adds up in the same order, so to the same last bit."""
    terms: list[Expression] = []
    kind = node.operation
    while node.operation == kind:
        terms.append(node.arguments[1])
        node = node.arguments[0]
    return [node, *reversed(terms)]


def _softplus(x: Callable[[], Any]) -> Any:
    """ln(1 + e^x), written so that neither branch overflows where it is taken."""

    def grown(exponent: Any) -> Any:
        return call(
            libsbml.AST_FUNCTION_LN, call(libsbml.AST_PLUS, number(1.0), call(libsbml.AST_FUNCTION_EXP, exponent))
        )

    above = call(libsbml.AST_PLUS, x(), grown(call(libsbml.AST_MINUS, x())))
    return piecewise(above, less(number(0.0), x()), grown(x()))
