"""What a mechanism may write: arithmetic on single expressions and on indexed families of them.

An :class:`Indexed` is a family of expressions with labels (the classes of a pool, the regions of a body).
Arithmetic between two families goes label by label; arithmetic with a single expression or number broadcasts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Union

from charcot.core import expression as graph
from charcot.core.expression import Expression, as_expression

Value = Union[Expression, "Indexed", float, int]


class Indexed:
    """A family of expressions by label, in a fixed order."""

    def __init__(self, entries: Mapping[Any, Expression]) -> None:
        self.entries: dict[Any, Expression] = dict(entries)

    @property
    def labels(self) -> tuple[Any, ...]:
        return tuple(self.entries)

    def __getitem__(self, label: Any) -> Expression:
        return self.entries[label]

    def __iter__(self) -> Iterator[Expression]:
        return iter(self.entries.values())

    def __len__(self) -> int:
        return len(self.entries)

    def __add__(self, other: Value) -> Indexed:
        return each(graph.add, self, other)  # type: ignore[no-any-return]

    def __radd__(self, other: Value) -> Indexed:
        return each(graph.add, other, self)  # type: ignore[no-any-return]

    def __sub__(self, other: Value) -> Indexed:
        return each(graph.subtract, self, other)  # type: ignore[no-any-return]

    def __rsub__(self, other: Value) -> Indexed:
        return each(graph.subtract, other, self)  # type: ignore[no-any-return]

    def __mul__(self, other: Value) -> Indexed:
        return each(graph.multiply, self, other)  # type: ignore[no-any-return]

    def __rmul__(self, other: Value) -> Indexed:
        return each(graph.multiply, other, self)  # type: ignore[no-any-return]

    def __truediv__(self, other: Value) -> Indexed:
        return each(graph.divide, self, other)  # type: ignore[no-any-return]

    def __rtruediv__(self, other: Value) -> Indexed:
        return each(graph.divide, other, self)  # type: ignore[no-any-return]

    def __pow__(self, exponent: Value) -> Indexed:
        return each(graph.power, self, exponent)  # type: ignore[no-any-return]

    def __neg__(self) -> Indexed:
        return each(graph.subtract, 0, self)  # type: ignore[no-any-return]


def each(function: Callable[..., Expression], *arguments: Value) -> Any:
    """Apply ``function`` label by label; single values are used for every label."""
    families = [a for a in arguments if isinstance(a, Indexed)]
    if not families:
        return function(*(as_expression(a) for a in arguments))  # type: ignore[arg-type]
    labels = families[0].labels
    for family in families[1:]:
        if family.labels != labels:
            raise ValueError(f"families with different labels meet: {labels} and {family.labels}")
    return Indexed(
        {
            label: function(*(a[label] if isinstance(a, Indexed) else as_expression(a) for a in arguments))
            for label in labels
        }
    )


def exp(x: Value) -> Any:
    return each(graph.exp, x)


def log(x: Value) -> Any:
    return each(graph.log, x)


def minimum(a: Value, b: Value) -> Any:
    return each(graph.minimum, a, b)


def maximum(a: Value, b: Value) -> Any:
    return each(graph.maximum, a, b)


def softplus(x: Value, width: Value) -> Any:
    """A smooth threshold at zero: width * ln(1 + e^(x / width)); close to max(0, x) for small ``width``."""
    return each(lambda v, w: w * graph.softplus(v / w), x, width)


def saturating(x: Value, half: Value) -> Any:
    """Michaelis-Menten: x / (half + x)."""
    return each(lambda v, k: v / (k + v), x, half)


def _raised(base: Expression, exponent: Expression) -> Expression:
    """base^exponent, with a derivative at a base of zero too, whether the exponent is compiled in or a parameter. Of a
    base that round-off carries a hair below zero a power that is no whole number is zero."""
    return base**exponent if graph.is_constant(exponent) else graph.raised(graph.maximum(base, 0), exponent)


def hill(x: Value, half: Value, exponent: Value) -> Any:
    """x^n / (half^n + x^n)."""
    return each(lambda v, k, n: _raised(v, n) / (_raised(k, n) + _raised(v, n)), x, half, exponent)


def repression(x: Value, half: Value, exponent: Value) -> Any:
    """1 / (1 + (x / half)^n): one without the repressor, one half at x = half."""
    return each(lambda v, k, n: 1 / (1 + _raised(v / k, n)), x, half, exponent)


def mean(x: Indexed) -> Expression:
    """The plain mean over the labels."""
    return total(x) / len(x)


def total(x: Indexed) -> Expression:
    """The sum over the labels."""
    result = as_expression(0)
    for value in x:
        result = result + value
    return result


def weighted(x: Indexed, weights: Indexed, least: Expression | float) -> Expression:
    """The mean over the labels by ``weights``; the plain mean where all weights have gone.

    Equation: (sum w x + e mean x) / (sum w + e), with a small ``least`` weight e.
    """
    numerator = total(each(graph.multiply, x, weights)) + as_expression(least) * mean(x)
    return numerator / (total(weights) + as_expression(least))


def overlap(quantiles: Indexed, share: Expression | float) -> Indexed:
    """How much of each of equal classes lies within the first ``share`` of all, 0 to 1.

    Equation: min(1, max(0, share n - (k - 1))) for class k of n, whose labels are those of ``quantiles``
    """
    zero, one, count = as_expression(0), as_expression(1), len(quantiles)
    within = as_expression(share) * count
    return Indexed(
        {label: graph.minimum(one, graph.maximum(zero, within - k)) for k, label in enumerate(quantiles.labels)}
    )
