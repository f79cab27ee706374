"""The operators of MathML on expressions: those that the engine lacks are composed of those that it has.

A condition is 1 or 0; a number stands for a condition as in SBML Level 3 Version 2: true unless it is zero. Constants
fold by the rules of IEEE 754, so that 1/0 is infinite and ln(-1) is not a number, as in a running simulation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce

import libsbml

from charcot.core.expression import (
    ONE,
    ZERO,
    Expression,
    add,
    arctangent,
    at_most,
    constant,
    cosine,
    divide,
    equal,
    exp,
    floor,
    is_constant,
    less,
    log,
    maximum,
    minimum,
    multiply,
    power,
    raised,
    select,
    sigmoid,
    sine,
)
from charcot.interfaces.exchange.sbml.refusals import Unsupported

Arguments = Sequence[Expression]
Operator = Callable[[Arguments], Expression]

LARGEST_EXACT_POWER = 16
ROUND_OFF = 1e-12
LARGEST_FACTORIAL = 170  # of which the value is a double


# arithmetic ----------------------------------------------------------------------------------------------------------


def quotient_of(a: Expression, b: Expression) -> Expression:
    """a / b; a constant zero below gives infinity, or NaN for 0 / 0."""
    if b is not ZERO:
        return divide(a, b)
    if is_constant(a):
        return constant(math.nan if a.value == 0 or math.isnan(a.value) else math.copysign(math.inf, a.value))
    return multiply(a, constant(math.inf))


def power_of(base: Expression, exponent: Expression) -> Expression:
    """base ^ exponent: products where the exponent is a small whole number, else the general power."""
    if is_constant(exponent) and not is_constant(base):
        whole = exponent.value == int(exponent.value) if math.isfinite(exponent.value) else False
        if whole and 0 < abs(exponent.value) <= LARGEST_EXACT_POWER:
            return power(base, exponent)
    return raised(base, exponent)


def logarithm(x: Expression) -> Expression:
    """The natural logarithm."""
    if is_constant(x) and not x.value > 0:
        return constant(-math.inf if x.value == 0 else math.nan)
    return log(x)


def exponential(x: Expression) -> Expression:
    """e ^ x."""
    return constant(math.inf) if is_constant(x) and x.value > 709.78 else exp(x)


def square_root(x: Expression) -> Expression:
    """The square root; not a number below zero."""
    return raised(x, 0.5)


def _root_near_zero(x: Expression) -> Expression:
    """The square root, where round-off (as in a clock that has come to 1) may carry x a hair below zero."""
    return square_root(select(x, -ROUND_OFF, x, maximum(x, 0.0)))


def absolute(x: Expression) -> Expression:
    """|x|."""
    return maximum(x, -x)


def _root(a: Arguments) -> Expression:
    degree, x = (constant(2), a[0]) if len(a) == 1 else (a[0], a[1])
    return raised(x, quotient_of(ONE, degree))


def _logarithm_to_base(a: Arguments) -> Expression:
    base, x = (constant(10), a[0]) if len(a) == 1 else (a[0], a[1])
    return quotient_of(logarithm(x), logarithm(base))


def _minus(a: Arguments) -> Expression:
    return -a[0] if len(a) == 1 else a[0] - a[1]


def _whole_quotient(a: Arguments) -> Expression:
    """The whole part of a / b, exact although the engine's division may be off in the last bit."""
    dividend, divisor = absolute(a[0]), absolute(a[1])
    guess = floor(quotient_of(dividend, divisor))
    exact = guess + at_most((guess + 1.0) * divisor, dividend) - less(dividend, guess * divisor)
    negative = exclusive_or([less(a[0], 0.0), less(a[1], 0.0)])
    return choose(negative, -exact, exact)


def _factorial(a: Arguments) -> Expression:
    """n!, as a tree of comparisons: exact, and NaN for what is not a whole number from 0 to 170."""

    def tree(low: int, high: int) -> Expression:
        if low == high:
            return constant(math.factorial(low))
        middle = (low + high) // 2
        return select(a[0], middle + 0.5, tree(low, middle), tree(middle + 1, high))

    inside = conjunction([equal(a[0], floor(a[0])), at_most(0.0, a[0]), at_most(a[0], LARGEST_FACTORIAL)])
    return choose(inside, tree(0, LARGEST_FACTORIAL), constant(math.nan))


# angles and hyperbolas -----------------------------------------------------------------------------------------------


def _arcsine(x: Expression) -> Expression:
    return arctangent(quotient_of(x, _root_near_zero((1.0 - x) * (1.0 + x))))


def _arccosine(x: Expression) -> Expression:
    return math.pi / 2 - _arcsine(x)


def _hyperbolic_sine(x: Expression) -> Expression:
    return (exponential(x) - exponential(-x)) * 0.5


def _hyperbolic_cosine(x: Expression) -> Expression:
    return (exponential(x) + exponential(-x)) * 0.5


def _hyperbolic_tangent(x: Expression) -> Expression:
    return 2.0 * sigmoid(2.0 * x) - 1.0


def _area_sine(x: Expression) -> Expression:
    size = logarithm(absolute(x) + square_root(x * x + 1.0))
    return select(x, 0.0, -size, size)


def _area_cosine(x: Expression) -> Expression:
    return logarithm(x + _root_near_zero(x - 1.0) * square_root(x + 1.0))


def _area_tangent(x: Expression) -> Expression:
    return 0.5 * logarithm(quotient_of(1.0 + x, 1.0 - x))


def _unary(function: Callable[[Expression], Expression]) -> Operator:
    return lambda a: function(a[0])


def _inverse_after(function: Callable[[Expression], Expression]) -> Operator:
    """1 / f(x), such as the secant."""
    return lambda a: quotient_of(ONE, function(a[0]))


def _inverse_before(function: Callable[[Expression], Expression]) -> Operator:
    """f(1 / x), such as the arcsecant."""
    return lambda a: function(quotient_of(ONE, a[0]))


def _tangent(x: Expression) -> Expression:
    return quotient_of(sine(x), cosine(x))


def _cotangent(a: Arguments) -> Expression:
    return quotient_of(cosine(a[0]), sine(a[0]))


# conditions ----------------------------------------------------------------------------------------------------------


def choose(condition: Expression, if_true: Expression, otherwise: Expression) -> Expression:
    """One of two values by a condition; a comparison is not made twice."""
    if condition.operation == "select" and condition.arguments[2:] == (ONE, ZERO):
        return select(condition.arguments[0], condition.arguments[1], if_true, otherwise)
    if condition.operation == "select" and condition.arguments[2:] == (ZERO, ONE):
        return select(condition.arguments[0], condition.arguments[1], otherwise, if_true)
    return select(ZERO, condition, if_true, otherwise)


def truth(x: Expression) -> Expression:
    """A number as a condition: 0 where it is zero, else 1."""
    return x if _is_condition(x) else negation(equal(x, 0.0))


def _is_condition(x: Expression) -> bool:
    if x is ONE or x is ZERO:
        return True
    if x.operation == "select":
        return all(_is_condition(branch) for branch in x.arguments[2:])
    return x.operation in {"multiply", "maximum"} and all(_is_condition(a) for a in x.arguments)


def negation(x: Expression) -> Expression:
    """1 where ``x`` does not hold."""
    return choose(x, ZERO, ONE)


def conjunction(a: Arguments) -> Expression:
    """1 where all hold; of none, 1."""
    return reduce(multiply, [truth(x) for x in a], ONE)


def disjunction(a: Arguments) -> Expression:
    """1 where any holds; of none, 0."""
    return reduce(maximum, [truth(x) for x in a], ZERO)


def exclusive_or(a: Arguments) -> Expression:
    """1 where an odd number holds; of none, 0."""
    return reduce(lambda x, y: choose(x, negation(y), y), [truth(x) for x in a], ZERO)


def _implies(a: Arguments) -> Expression:
    return disjunction([negation(truth(a[0])), a[1]])


def piecewise(a: Arguments) -> Expression:
    """(value, condition)..., otherwise: the first value whose condition holds; NaN where none does and no other is
    given."""
    pieces = list(zip(a[0::2], a[1::2], strict=False))
    result = a[-1] if len(a) % 2 else constant(math.nan)
    for value, condition in reversed(pieces):
        result = choose(truth(condition), value, result)
    return result


def _extreme(function: Callable[[Expression, Expression], Expression]) -> Operator:
    def operator(a: Arguments) -> Expression:
        if not a:
            raise Unsupported("missing-mathematics", "min and max of nothing")
        return reduce(function, a)

    return operator


OPERATORS: dict[int, Operator] = {
    libsbml.AST_PLUS: lambda a: reduce(add, a, ZERO),
    libsbml.AST_TIMES: lambda a: reduce(multiply, a, ONE),
    libsbml.AST_MINUS: _minus,
    libsbml.AST_DIVIDE: lambda a: quotient_of(a[0], a[1]),
    libsbml.AST_POWER: lambda a: power_of(a[0], a[1]),
    libsbml.AST_FUNCTION_POWER: lambda a: power_of(a[0], a[1]),
    libsbml.AST_FUNCTION_ROOT: _root,
    libsbml.AST_FUNCTION_ABS: _unary(absolute),
    libsbml.AST_FUNCTION_EXP: _unary(exponential),
    libsbml.AST_FUNCTION_LN: _unary(logarithm),
    libsbml.AST_FUNCTION_LOG: _logarithm_to_base,
    libsbml.AST_FUNCTION_FLOOR: _unary(floor),
    libsbml.AST_FUNCTION_CEILING: lambda a: -floor(-a[0]),
    libsbml.AST_FUNCTION_FACTORIAL: _factorial,
    libsbml.AST_FUNCTION_QUOTIENT: _whole_quotient,
    libsbml.AST_FUNCTION_REM: lambda a: a[0] - a[1] * _whole_quotient(a),
    libsbml.AST_FUNCTION_MIN: _extreme(minimum),
    libsbml.AST_FUNCTION_MAX: _extreme(maximum),
    libsbml.AST_FUNCTION_SIN: _unary(sine),
    libsbml.AST_FUNCTION_COS: _unary(cosine),
    libsbml.AST_FUNCTION_TAN: _unary(_tangent),
    libsbml.AST_FUNCTION_SEC: _inverse_after(cosine),
    libsbml.AST_FUNCTION_CSC: _inverse_after(sine),
    libsbml.AST_FUNCTION_COT: _cotangent,
    libsbml.AST_FUNCTION_ARCSIN: _unary(_arcsine),
    libsbml.AST_FUNCTION_ARCCOS: _unary(_arccosine),
    libsbml.AST_FUNCTION_ARCTAN: _unary(arctangent),
    libsbml.AST_FUNCTION_ARCSEC: _inverse_before(_arccosine),
    libsbml.AST_FUNCTION_ARCCSC: _inverse_before(_arcsine),
    libsbml.AST_FUNCTION_ARCCOT: _inverse_before(arctangent),
    libsbml.AST_FUNCTION_SINH: _unary(_hyperbolic_sine),
    libsbml.AST_FUNCTION_COSH: _unary(_hyperbolic_cosine),
    libsbml.AST_FUNCTION_TANH: _unary(_hyperbolic_tangent),
    libsbml.AST_FUNCTION_SECH: _inverse_after(_hyperbolic_cosine),
    libsbml.AST_FUNCTION_CSCH: _inverse_after(_hyperbolic_sine),
    libsbml.AST_FUNCTION_COTH: _inverse_after(_hyperbolic_tangent),
    libsbml.AST_FUNCTION_ARCSINH: _unary(_area_sine),
    libsbml.AST_FUNCTION_ARCCOSH: _unary(_area_cosine),
    libsbml.AST_FUNCTION_ARCTANH: _unary(_area_tangent),
    libsbml.AST_FUNCTION_ARCSECH: _inverse_before(_area_cosine),
    libsbml.AST_FUNCTION_ARCCSCH: _inverse_before(_area_sine),
    libsbml.AST_FUNCTION_ARCCOTH: _inverse_before(_area_tangent),
    libsbml.AST_LOGICAL_AND: conjunction,
    libsbml.AST_LOGICAL_OR: disjunction,
    libsbml.AST_LOGICAL_XOR: exclusive_or,
    libsbml.AST_LOGICAL_NOT: lambda a: negation(truth(a[0])),
    libsbml.AST_LOGICAL_IMPLIES: _implies,
    libsbml.AST_FUNCTION_PIECEWISE: piecewise,
}


# functions that jump, of quantities whose course in time is known ----------------------------------------------------

Reached = Callable[[Expression], Expression]  # how far below a whole number a quantity is taken to have reached it


def _floor_reached(u: Expression, reached: Reached) -> Expression:
    return floor(u + reached(u))


def _ceiling_reached(u: Expression, reached: Reached) -> Expression:
    return -floor(reached(u) - u)


def _quotient_reached(a: Arguments, reached: Reached) -> Expression:
    ratio = quotient_of(a[0], a[1])
    if reached(ratio) is ZERO:
        return _whole_quotient(a)
    return select(ratio, 0.0, _ceiling_reached(ratio, reached), _floor_reached(ratio, reached))


def _remainder_reached(a: Arguments, reached: Reached) -> Expression:
    """The remainder; zero where the quotient has just been taken for reached."""
    rest, ratio = a[0] - a[1] * _quotient_reached(a, reached), quotient_of(a[0], a[1])
    if reached(ratio) is ZERO:
        return rest
    return select(a[0], 0.0, select(0.0, rest, 0.0, rest), select(rest, 0.0, 0.0, rest))


STEPS: dict[int, Callable[[Arguments, Reached], Expression]] = {
    libsbml.AST_FUNCTION_FLOOR: lambda a, reached: _floor_reached(a[0], reached),
    libsbml.AST_FUNCTION_CEILING: lambda a, reached: _ceiling_reached(a[0], reached),
    libsbml.AST_FUNCTION_QUOTIENT: _quotient_reached,
    libsbml.AST_FUNCTION_REM: _remainder_reached,
}
