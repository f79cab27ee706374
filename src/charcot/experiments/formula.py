"""Arithmetic on named measures, as an experiment file has it: ``1 - units_90 / units_40``."""

from __future__ import annotations

import ast
import keyword
import math
import operator
import random
import re
from collections.abc import Callable, Mapping

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


def why_no_number(text: str | float, measure: Callable[[str], float], why: Callable[[str], str]) -> str:
    """Why a formula has no value, by its innermost part that has none; empty where it has one.

    ``measure`` gives the value of a name, ``why`` the reason of a measure that has none.
    """
    return _reason(_parse(text).body, measure, why)


def always_zero_below(text: str | float) -> str:
    """The first divisor of a formula that is zero whatever its measures are, such as ``a - a``; empty if none is."""
    read = sorted(names(text))
    draws = [dict(zip(read, draw, strict=True)) for draw in _draws(len(read))]
    for node in ast.walk(_parse(text)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and all(_is_zero(node.right, d) for d in draws):
            return ast.unparse(node.right)
    return ""


def _draws(count: int) -> list[list[float]]:
    """Values of measures, small and large, of both signs: what is zero with all of them is zero with any."""
    generator = random.Random(0)
    return [[generator.choice((-1, 1)) * 10 ** generator.uniform(-3, 3) for _ in range(count)] for _ in range(12)]


def _is_zero(node: ast.expr, values: Mapping[str, float]) -> bool:
    try:
        return not _value(node, values.__getitem__)
    except (ArithmeticError, TypeError, ValueError):  # such as a root of a negative number, which is complex
        return False


def _reason(node: ast.expr, measure: Callable[[str], float], why: Callable[[str], str]) -> str:
    if not math.isnan(_value(node, measure)):
        return ""
    if isinstance(node, ast.Name):
        return why(node.id) or f"{node.id} is no number"
    parts = _operands(node)
    for part in parts:
        if found := _reason(part, measure, why):
            return found
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not _value(node.right, measure):
        return f"division by zero: {ast.unparse(node.right)} is 0"
    if never := dict.fromkeys(ast.unparse(part) for part in parts if math.isinf(_value(part, measure))):
        return f"{' and '.join(never)} never {'comes' if len(never) == 1 else 'come'}"
    return f"{ast.unparse(node)} is no number"


def _operands(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    return node.args if isinstance(node, ast.Call) else []


def _parse(text: str | float) -> ast.Expression:
    try:
        tree = ast.parse(str(text), mode="eval")
    except SyntaxError as error:
        taken = [word for word in re.findall(r"[^\W\d]\w*", str(text)) if keyword.iskeyword(word)]
        why = f": Python keeps the name {taken[0]!r} for itself, call that measure something else" if taken else ""
        raise FormulaError(f"{text!r} is no formula{why}") from error
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
