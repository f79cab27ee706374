"""A small graph of real expressions with exact derivatives.

Expressions are made by ordinary Python arithmetic on :func:`symbol` objects, and are hash-consed: two equal
expressions are one object, so that common terms are found for free and comparison is identity. Every operation is
defined on all real arguments that a model can reach; ``power`` with a non-integer exponent needs a base >= 0.

A condition is an expression that is 1 where it holds and 0 where it does not: :func:`less`, :func:`at_most`,
:func:`equal`. ``select`` takes one branch and forgets the other, even where that one is not a number.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Union

Number = Union[int, float]

# name -> number of arguments. "power" keeps its constant exponent in ``value``; "less" is 1.0 where a < b, else 0.0.
OPERATIONS: dict[str, int] = {
    "constant": 0,
    "symbol": 0,
    "add": 2,
    "subtract": 2,
    "multiply": 2,
    "divide": 2,
    "power": 1,
    "raised": 2,  # a^b as a pocket calculator has it: negative a with whole b, and NaN with another
    "exp": 1,
    "log": 1,
    "sine": 1,  # of radians, as are the next two
    "cosine": 1,
    "arctangent": 1,
    "floor": 1,
    "softplus": 1,  # ln(1 + e^x)
    "sigmoid": 1,  # 1 / (1 + e^-x)
    "minimum": 2,
    "maximum": 2,
    "select": 4,  # select(a, b, x, y) = x where a < b, else y
}


class Expression:
    """One node of the graph; make it with the functions of this module or by arithmetic."""

    __slots__ = ("arguments", "name", "operation", "serial", "value")

    operation: str
    arguments: tuple[Expression, ...]
    value: float
    name: str
    serial: int

    def __add__(self, other: Operand) -> Expression:
        return add(self, as_expression(other)) if isinstance(other, _OPERANDS) else NotImplemented

    def __radd__(self, other: Operand) -> Expression:
        return add(as_expression(other), self) if isinstance(other, _OPERANDS) else NotImplemented

    def __sub__(self, other: Operand) -> Expression:
        return subtract(self, as_expression(other)) if isinstance(other, _OPERANDS) else NotImplemented

    def __rsub__(self, other: Operand) -> Expression:
        return subtract(as_expression(other), self) if isinstance(other, _OPERANDS) else NotImplemented

    def __mul__(self, other: Operand) -> Expression:
        return multiply(self, as_expression(other)) if isinstance(other, _OPERANDS) else NotImplemented

    def __rmul__(self, other: Operand) -> Expression:
        return multiply(as_expression(other), self) if isinstance(other, _OPERANDS) else NotImplemented

    def __truediv__(self, other: Operand) -> Expression:
        return divide(self, as_expression(other)) if isinstance(other, _OPERANDS) else NotImplemented

    def __rtruediv__(self, other: Operand) -> Expression:
        return divide(as_expression(other), self) if isinstance(other, _OPERANDS) else NotImplemented

    def __pow__(self, exponent: Operand) -> Expression:
        return power(self, exponent)

    def __neg__(self) -> Expression:
        return subtract(ZERO, self)

    def __pos__(self) -> Expression:
        return self

    def __bool__(self) -> bool:
        raise TypeError(
            "An expression has no truth value: a mechanism must not branch on a state. Use select(a, b, x, y)."
        )

    def __float__(self) -> float:
        raise TypeError("An expression is not a number: use the functions of charcot.core.expression, not math.")

    def __repr__(self) -> str:
        return to_text(self)


Operand = Union[Expression, int, float]
_OPERANDS = (Expression, int, float)  # anything else, such as a family, answers for itself

_table: dict[tuple[Any, ...], Expression] = {}
_lock = threading.Lock()


def _node(operation: str, arguments: tuple[Expression, ...] = (), value: float = 0.0, name: str = "") -> Expression:
    key = (operation, *(a.serial for a in arguments), value, math.copysign(1.0, value), name)
    with _lock:
        found = _table.get(key)
        if found is None:
            found = Expression()
            found.operation, found.arguments, found.value, found.name = operation, arguments, value, name
            found.serial = len(_table)
            _table[key] = found
    return found


def symbol(name: str) -> Expression:
    """A named quantity: a state, a parameter, an input or a port."""
    return _node("symbol", name=name)


def constant(value: Number) -> Expression:
    """A number."""
    return _node("constant", value=float(value))


ZERO = constant(0.0)
ONE = constant(1.0)


def as_expression(value: Operand) -> Expression:
    """``value`` as an expression; numbers become constants."""
    if isinstance(value, Expression):
        return value
    if isinstance(value, (int, float)):
        return constant(value)
    raise TypeError(f"{value!r} ({type(value).__name__}) is neither a number nor an expression")


def is_constant(expression: Expression) -> bool:
    return expression.operation == "constant"


def add(a: Expression, b: Expression) -> Expression:
    if is_constant(a) and is_constant(b):
        return constant(a.value + b.value)
    if a is ZERO:
        return b
    if b is ZERO:
        return a
    return _node("add", (a, b))


def subtract(a: Expression, b: Expression) -> Expression:
    if is_constant(a) and is_constant(b):
        return constant(a.value - b.value)
    if b is ZERO:
        return a
    if a is b:
        return ZERO
    return _node("subtract", (a, b))


def multiply(a: Expression, b: Expression) -> Expression:
    if is_constant(a) and is_constant(b):
        return constant(a.value * b.value)
    if a is ZERO or b is ZERO:
        return ZERO
    if a is ONE:
        return b
    if b is ONE:
        return a
    return _node("multiply", (a, b))


def divide(a: Expression, b: Expression) -> Expression:
    if b is ZERO:
        raise ZeroDivisionError("an expression divides by the constant zero")
    if is_constant(a) and is_constant(b):
        return constant(a.value / b.value)
    if a is ZERO:
        return ZERO
    if b is ONE:
        return a
    return _node("divide", (a, b))


def power(base: Operand, exponent: Operand) -> Expression:
    """``base ** exponent``. A non-constant exponent is written as exp(exponent * log(base)) and needs base > 0."""
    base, exponent = as_expression(base), as_expression(exponent)
    if not is_constant(exponent):
        return exp(exponent * log(base))
    if is_constant(base):
        return constant(base.value**exponent.value)
    if exponent is ZERO:
        return ONE
    if exponent is ONE:
        return base
    return _node("power", (base,), value=exponent.value)


def raised(base: Operand, exponent: Operand) -> Expression:
    """``base ** exponent`` for any two expressions, by the rules of IEEE 754: 0^0 = 1, a negative base with a whole
    exponent has the sign that it should, and with another exponent is not a number."""
    base, exponent = as_expression(base), as_expression(exponent)
    if is_constant(base) and is_constant(exponent):
        return constant(_raised(base.value, exponent.value))
    if exponent is ZERO:
        return ONE
    if exponent is ONE:
        return base
    return _node("raised", (base, exponent))


def _raised(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2.0 == 1.0 else math.inf
    except ValueError:
        return math.inf if base == 0 else math.nan


def _unary(operation: str, function: Callable[[float], float]) -> Callable[[Operand], Expression]:
    def make(x: Operand) -> Expression:
        x = as_expression(x)
        return constant(function(x.value)) if is_constant(x) else _node(operation, (x,))

    make.__name__ = operation
    return make


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))


def _floor(x: float) -> float:
    return float(math.floor(x)) if math.isfinite(x) else x


exp = _unary("exp", math.exp)
log = _unary("log", math.log)
softplus = _unary("softplus", _softplus)
sigmoid = _unary("sigmoid", _sigmoid)
sine = _unary("sine", math.sin)
cosine = _unary("cosine", math.cos)
arctangent = _unary("arctangent", math.atan)
floor = _unary("floor", _floor)


def minimum(a: Operand, b: Operand) -> Expression:
    a, b = as_expression(a), as_expression(b)
    return constant(min(a.value, b.value)) if is_constant(a) and is_constant(b) else _node("minimum", (a, b))


def maximum(a: Operand, b: Operand) -> Expression:
    a, b = as_expression(a), as_expression(b)
    return constant(max(a.value, b.value)) if is_constant(a) and is_constant(b) else _node("maximum", (a, b))


def select(a: Operand, b: Operand, if_less: Operand, otherwise: Operand) -> Expression:
    """``if_less`` where a < b, else ``otherwise``."""
    a, b, x, y = (as_expression(v) for v in (a, b, if_less, otherwise))
    if is_constant(a) and is_constant(b):
        return x if a.value < b.value else y
    return x if x is y else _node("select", (a, b, x, y))


def less(a: Operand, b: Operand) -> Expression:
    """1 where a < b, else 0."""
    return select(a, b, 1.0, 0.0)


def at_most(a: Operand, b: Operand) -> Expression:
    """1 where a <= b, else 0; neither may be NaN."""
    return select(b, a, 0.0, 1.0)


def equal(a: Operand, b: Operand) -> Expression:
    """1 where a = b, else 0; neither may be NaN."""
    return select(a, b, 0.0, at_most(a, b))


def topological(roots: Iterable[Expression]) -> list[Expression]:
    """Every node below ``roots`` once, arguments before their users, in an order set by the graph alone."""
    order: list[Expression] = []
    done: set[int] = set()
    for root in roots:
        stack: list[tuple[Expression, bool]] = [(root, False)]
        while stack:
            node, expanded = stack.pop()
            if node.serial in done:
                continue
            if expanded:
                done.add(node.serial)
                order.append(node)
            else:
                stack.append((node, True))
                stack.extend((a, False) for a in reversed(node.arguments) if a.serial not in done)
    return order


def symbols_of(roots: Iterable[Expression]) -> set[str]:
    """The names of all symbols that ``roots`` read."""
    return {node.name for node in topological(roots) if node.operation == "symbol"}


def substitute(roots: Sequence[Expression], replacement: Mapping[str, Expression]) -> list[Expression]:
    """``roots`` with symbols replaced by expressions (all at once, not repeatedly)."""
    return rewritten(roots, lambda old, new: replacement.get(old.name, new) if old.operation == "symbol" else new)


def rewritten(roots: Sequence[Expression], change: Callable[[Expression, Expression], Expression]) -> list[Expression]:
    """``roots`` with each node replaced by ``change(node, the same with arguments that are replaced already)``."""
    made: dict[int, Expression] = {}
    for node in topological(roots):
        new = node if not node.arguments else _rebuild(node, [made[a.serial] for a in node.arguments])
        made[node.serial] = change(node, new)
    return [made[root.serial] for root in roots]


def _rebuild(node: Expression, arguments: list[Expression]) -> Expression:
    if all(new is old for new, old in zip(arguments, node.arguments, strict=True)):
        return node
    if node.operation == "power":
        return power(arguments[0], node.value)
    return _BUILDERS[node.operation](*arguments)


_BUILDERS: dict[str, Callable[..., Expression]] = {
    "add": add,
    "subtract": subtract,
    "multiply": multiply,
    "divide": divide,
    "exp": exp,
    "log": log,
    "softplus": softplus,
    "sigmoid": sigmoid,
    "raised": raised,
    "sine": sine,
    "cosine": cosine,
    "arctangent": arctangent,
    "floor": floor,
    "minimum": minimum,
    "maximum": maximum,
    "select": select,
}


def partial_derivatives(node: Expression) -> list[tuple[Expression, Expression]]:
    """(argument, d node / d argument) for each argument on which ``node`` depends smoothly.

    At the kink of ``minimum``, ``maximum`` and ``select`` the one-sided derivative of the branch taken is given; a
    ``floor`` is flat.
    """
    a = node.arguments
    match node.operation:
        case "add":
            return [(a[0], ONE), (a[1], ONE)]
        case "subtract":
            return [(a[0], ONE), (a[1], constant(-1.0))]
        case "multiply":
            return [(a[0], a[1]), (a[1], a[0])]
        case "divide":
            return [(a[0], ONE / a[1]), (a[1], -node / a[1])]
        case "power":
            return [(a[0], node.value * power(a[0], node.value - 1.0))]
        case "raised":
            return [
                (a[0], a[1] * raised(a[0], a[1] - 1.0)),
                (a[1], _slope_of_exponent(node)),
            ]
        case "sine":
            return [(a[0], cosine(a[0]))]
        case "cosine":
            return [(a[0], -sine(a[0]))]
        case "arctangent":
            return [(a[0], ONE / (1.0 + a[0] * a[0]))]
        case "exp":
            return [(a[0], node)]
        case "log":
            return [(a[0], ONE / a[0])]
        case "softplus":
            return [(a[0], sigmoid(a[0]))]
        case "sigmoid":
            return [(a[0], node * (1.0 - node))]
        case "minimum":
            return [(a[0], select(a[0], a[1], 1, 0)), (a[1], select(a[0], a[1], 0, 1))]
        case "maximum":
            return [(a[0], select(a[1], a[0], 1, 0)), (a[1], select(a[1], a[0], 0, 1))]
        case "select":
            return [(a[2], select(a[0], a[1], 1, 0)), (a[3], select(a[0], a[1], 0, 1))]
    return []


def _slope_of_exponent(node: Expression) -> Expression:
    """d a^b / d b = a^b ln a; 0 for a base of zero or below, where whole exponents stand apart from each other."""
    base = node.arguments[0]
    if is_constant(base) and base.value <= 0:
        return ZERO
    return select(0.0, base, node * log(base), 0.0)


def jacobian(roots: Sequence[Expression], names: Sequence[str]) -> list[dict[str, Expression]]:
    """Exact sparse derivatives: for each root, {symbol name: d root / d symbol}, zeros left out."""
    wanted = set(names)
    derivatives: dict[int, dict[str, Expression]] = {}
    for node in topological(roots):
        if node.operation == "symbol":
            derivatives[node.serial] = {node.name: ONE} if node.name in wanted else {}
            continue
        total: dict[str, Expression] = {}
        if node.operation == "select":
            # the branch not taken must not spoil the sum: 0 x NaN is NaN
            a, b, *branches = node.arguments
            slopes = [derivatives[branch.serial] for branch in branches]
            for name in (*slopes[0], *(name for name in slopes[1] if name not in slopes[0])):
                total[name] = select(a, b, slopes[0].get(name, ZERO), slopes[1].get(name, ZERO))
        elif any(derivatives[a.serial] for a in node.arguments):
            for argument, partial in partial_derivatives(node):
                for name, inner in derivatives[argument.serial].items():
                    term = partial * inner
                    total[name] = total[name] + term if name in total else term
        derivatives[node.serial] = {name: d for name, d in total.items() if d is not ZERO}
    return [derivatives[root.serial] for root in roots]


def to_python(
    roots: Sequence[Expression], arguments: Mapping[str, Sequence[str]], name: str = "function"
) -> Callable[..., list[Any]]:
    """Compile ``roots`` to a plain NumPy function: the slow, independent way to evaluate them.

    ``arguments`` maps each argument of the function (an indexable) to the symbol names of its entries. Entries may be
    numbers or arrays of one shape. Used for initial values, tests and the reference solver, never in the engine.
    """
    import numpy as np

    place = {s: f"{argument}[{i}]" for argument, names in arguments.items() for i, s in enumerate(names)}
    lines = [f"def {name}({', '.join(arguments)}):"]
    for node in topological(roots):
        lines.append(f"    v{node.serial} = {_python_line(node, place)}")
    lines.append(f"    return [{', '.join(f'v{root.serial}' for root in roots)}]")
    scope: dict[str, Any] = {"np": np}
    exec("\n".join(lines), scope)  # text made above from our own graph, nothing of the user's
    return scope[name]  # type: ignore[no-any-return]


def _python_line(node: Expression, place: Mapping[str, str]) -> str:
    a = [f"v{argument.serial}" for argument in node.arguments]
    match node.operation:
        case "constant":
            return repr(node.value) if math.isfinite(node.value) else f"float('{node.value}')"
        case "symbol":
            if node.name not in place:
                raise KeyError(f"symbol {node.name!r} is given by none of the arguments")
            return place[node.name]
        case "power":
            return f"{a[0]} ** {node.value!r}"
        case "raised":
            return f"np.power({a[0]}, {a[1]}, dtype=float)"
        case "exp" | "log" | "floor":
            return f"np.{node.operation}({a[0]})"
        case "sine" | "cosine" | "arctangent":
            return f"np.{_NUMPY_NAMES[node.operation]}({a[0]})"
        case "softplus":
            return f"np.logaddexp(0.0, {a[0]})"
        case "sigmoid":
            return f"np.exp(-np.logaddexp(0.0, -{a[0]}))"
        case "minimum" | "maximum":
            return f"np.{node.operation}({a[0]}, {a[1]})"
        case "select":
            return f"np.where({a[0]} < {a[1]}, {a[2]}, {a[3]})"
    return f"{a[0]} {_SIGNS[node.operation]} {a[1]}"


_NUMPY_NAMES = {"sine": "sin", "cosine": "cos", "arctangent": "arctan"}
_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
_PRECEDENCE = {"add": 1, "subtract": 1, "multiply": 2, "divide": 2, "power": 4}


def to_text(expression: Expression, depth: int = 12) -> str:
    """The expression as a reader would write it; parts deeper than ``depth`` are shown as an ellipsis."""
    return _text(expression, depth)[0]


def _text(node: Expression, depth: int) -> tuple[str, int]:
    if node.operation == "constant":
        return f"{node.value:g}", 5 if node.value >= 0 else 1
    if node.operation == "symbol":
        return node.name, 5
    if depth == 0:
        return "…", 5
    parts = [_text(a, depth - 1) for a in node.arguments]
    own = _PRECEDENCE.get(node.operation, 5)
    if node.operation == "power":
        return f"{_wrap(parts[0], 5)}^{node.value:g}", own
    if node.operation in _SIGNS:
        if node.operation == "subtract" and node.arguments[0] is ZERO:
            return f"-{_wrap(parts[1], 2)}", 1
        left = _wrap(parts[0], own)
        right = _wrap(parts[1], own + (node.operation in {"subtract", "divide"}))
        return f"{left} {_SIGNS[node.operation]} {right}", own
    if node.operation == "select":
        return f"({parts[2][0]} if {parts[0][0]} < {parts[1][0]} else {parts[3][0]})", 5
    return f"{node.operation}({', '.join(p[0] for p in parts)})", 5


def _wrap(part: tuple[str, int], least: int) -> str:
    return part[0] if part[1] >= least else f"({part[0]})"
