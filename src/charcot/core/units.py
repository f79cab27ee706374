"""Units at the border: text such as ``"60 mg"`` or ``"24 weeks"`` becomes a number in the house's unit.

Time is in days inside Charcot. pint is used where inputs come in and where a model is composed, never in the loop.
"""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from typing import Any

DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / 12
DAYS_PER_WEEK = 7.0

# What the field writes and pint would not read as meant: one line per definition, in pint's own syntax.
_DEFINITIONS = (
    "month = 30.4375 * day = mo",
    "vector_genome = [vector_genome] = vg",
    "international_unit = [biological_activity] = IU = iu",
    "point = [] = points = pts",
    "fold = []",
    "rank = [] = ranks",
    "fraction = []",
    "percent_predicted = 0.01 = pct_predicted",
)


class UnitError(ValueError):
    """A text that is not ``number unit``, or whose unit measures something else than was asked for."""


@functools.cache
def registry():  # type: ignore[no-untyped-def]
    """The pint registry with the field's own units; built on first use because pint takes a moment to load."""
    import pint

    ureg: Any = pint.UnitRegistry(cache_folder=None)
    for definition in _DEFINITIONS:
        ureg.define(definition)
    return ureg


@dataclass(frozen=True)
class Dimension:
    """The dimension of a unit as sorted (base, power) pairs; ``()`` is dimensionless."""

    powers: tuple[tuple[str, float], ...] = ()

    def __mul__(self, other: Dimension) -> Dimension:
        total = dict(self.powers)
        for base, power in other.powers:
            total[base] = total.get(base, 0.0) + power
        return Dimension(tuple(sorted((b, p) for b, p in total.items() if abs(p) > 1e-12)))

    def __pow__(self, exponent: float) -> Dimension:
        return Dimension(tuple((b, p * exponent) for b, p in self.powers if p * exponent))

    def __truediv__(self, other: Dimension) -> Dimension:
        return self * other**-1

    def __str__(self) -> str:
        if not self.powers:
            return "dimensionless"
        return " ".join(f"{base}^{power:g}" if power != 1 else base for base, power in self.powers)


DIMENSIONLESS = Dimension()


@functools.cache
def dimension(unit: str) -> Dimension:
    """The dimension of a unit text; raises :class:`UnitError` when pint does not know it."""
    try:
        container = registry().get_dimensionality(registry().parse_units(_clean(unit)))
    except Exception as error:
        raise UnitError(f"unknown unit {unit!r}") from error
    return Dimension(tuple(sorted((str(base), float(power)) for base, power in container.items())))


@functools.cache
def factor(unit: str, to: str) -> float:
    """The number by which a value in ``unit`` is multiplied to be in ``to``."""
    if dimension(unit) != dimension(to):
        raise UnitError(f"{unit!r} measures {dimension(unit)}, but {to!r} measures {dimension(to)}")
    return float(registry().Quantity(1.0, _clean(unit)).to(_clean(to)).magnitude)


def _clean(unit: str) -> str:
    text = unit.strip()
    return "dimensionless" if text in {"", "1", "-", "relative"} else text.replace("%", "percent")


_QUANTITY = re.compile(r"^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*$")


def parse_quantity(text: str | float | int, to: str) -> float:
    """Read ``number unit`` and return the number in the unit ``to``.

    A bare number is accepted only where ``to`` is dimensionless: everywhere else a unit must be written.
    """
    match = _QUANTITY.match(str(text))
    if match is None:
        raise UnitError(f"{text!r} is not a number with a unit, such as '3 {to}'")
    number, unit = float(match.group(1)), match.group(2)
    if not unit and dimension(to) != DIMENSIONLESS:
        raise UnitError(f"{text!r} has no unit: write for example '{number:g} {to}'")
    value = number * factor(unit, to)
    if not math.isfinite(value):
        raise UnitError(f"{text!r} is too large for a number")
    return value


@functools.cache
def root_scale(unit: str) -> float:
    """The size of one ``unit`` in root units of its dimension: 86400 for a day, 0.01 for a percent."""
    dimension(unit)
    return float(registry().Quantity(1.0, _clean(unit)).to_root_units().magnitude)
