"""Arithmetic on named measures, as an experiment file has it: ``1 - units_90 / units_40``."""

from __future__ import annotations

import ast
import keyword
import math
import operator
from collections.abc import Callable

_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda a, b: a / b if b else math.nan,
    ast.Pow: operator.pow,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs,
    "min": min,
    "max": max,
    "log": lambda x: math.log(x) if x > 0 else math.nan,
}


class FormulaError(ValueError):
    """A formula that is no plain arithmetic."""


def can_be_named(name: str) -> bool:
    """Whether a formula can read something of this name."""
    return str(name).isidentifier() and not keyword.iskeyword(name) and name not in _FUNCTIONS


def names(text: str | float) -> set[str]:
    """The measures that a formula reads."""
    return {node.id for node in ast.walk(_parse(text)) if isinstance(node, ast.Name)} - set(_FUNCTIONS)


def evaluate(text: str | float, measure: Callable[[str], float]) -> float:
    """The value of a formula; ``measure`` gives the value of a name."""
    return float(_value(_parse(text).body, measure))


def _parse(text: str | float) -> ast.Expression:
    try:
        tree = ast.parse(str(text), mode="eval")
    except SyntaxError as error:
        raise FormulaError(f"{text!r} is no formula") from error
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED) or (isinstance(node, ast.Constant) and type(node.value) not in (int, float)):
            raise FormulaError(f"{text!r}: only + - * / **, numbers, measures and {', '.join(_FUNCTIONS)} may be used")
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS):
            raise FormulaError(f"{text!r}: the functions are {', '.join(_FUNCTIONS)}")
    return tree


_ALLOWED = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.USub, ast.Call, ast.Name, ast.Load, ast.Constant, *_BINARY,
)  # fmt: skip


def _value(node: ast.expr, measure: Callable[[str], float]) -> float:
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.Name):
        return measure(node.id)
    if isinstance(node, ast.UnaryOp):
        return -_value(node.operand, measure)
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)](_value(node.left, measure), _value(node.right, measure))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _FUNCTIONS[node.func.id](*(_value(argument, measure) for argument in node.args))
    raise FormulaError("no formula")
