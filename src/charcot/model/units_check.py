"""Units through an expression: like adds to like, exponents and logarithms are bare numbers.

Both the dimension and the size of the unit are followed, so that metres added to millimetres are found too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from charcot.core.expression import ZERO, Expression, to_text, topological
from charcot.core.units import DIMENSIONLESS, Dimension, dimension, root_scale


@dataclass(frozen=True)
class Unit:
    """A dimension with the size of the unit in root units."""

    scale: float
    dimension: Dimension

    @classmethod
    def of(cls, text: str) -> Unit:
        return cls(root_scale(text), dimension(text))

    def __mul__(self, other: Unit) -> Unit:
        return Unit(self.scale * other.scale, self.dimension * other.dimension)

    def __truediv__(self, other: Unit) -> Unit:
        return Unit(self.scale / other.scale, self.dimension / other.dimension)

    def __pow__(self, exponent: float) -> Unit:
        return Unit(self.scale**exponent, self.dimension**exponent)

    def same(self, other: Unit) -> bool:
        return self.dimension == other.dimension and abs(self.scale / other.scale - 1) < 1e-9

    def __str__(self) -> str:
        if self.dimension == DIMENSIONLESS:
            return "dimensionless" if abs(self.scale - 1) < 1e-9 else f"dimensionless x {self.scale:g}"
        return f"[{self.dimension}] x {self.scale:g}"


BARE = Unit(1.0, DIMENSIONLESS)
_SAME = {"add": "adds", "subtract": "subtracts", "minimum": "compares", "maximum": "compares"}


class UnitMismatch(Exception):
    """Two quantities that do not go together; the message names the part of the equation."""


def unit_of(root: Expression, units: Mapping[str, Unit]) -> Unit | None:
    """The unit of ``root``; ``None`` for the constant zero, which fits anywhere. Raises :class:`UnitMismatch`."""
    found: dict[int, Unit | None] = {}
    for node in topological([root]):
        found[node.serial] = _unit(node, [found[a.serial] for a in node.arguments], units)
    return found[root.serial]


def _unit(node: Expression, below: list[Unit | None], units: Mapping[str, Unit]) -> Unit | None:
    match node.operation:
        case "constant":
            return None if node is ZERO else BARE
        case "symbol":
            return units[node.name]
        case "multiply":
            return (below[0] or BARE) * (below[1] or BARE)
        case "divide":
            return (below[0] or BARE) / (below[1] or BARE)
        case "power":
            return (below[0] or BARE) ** node.value
        case "floor":
            return below[0]
        case "exp" | "log" | "softplus" | "sigmoid" | "sine" | "cosine" | "arctangent":
            if below[0] is not None and not below[0].same(BARE):
                raise UnitMismatch(f"{node.operation} of a quantity in {below[0]}: {to_text(node, 3)}")
            return BARE
        case "raised":
            for part in below:
                if part is not None and not part.same(BARE):
                    raise UnitMismatch(f"raises a quantity, or to the power of one, in {part}: {to_text(node, 3)}")
            return BARE
        case "select":
            _together(node, "compares", below[0], below[1])
            return _together(node, "chooses between", below[2], below[3])
    return _together(node, _SAME[node.operation], below[0], below[1])


def _together(node: Expression, verb: str, a: Unit | None, b: Unit | None) -> Unit | None:
    if a is None or b is None:
        return a or b
    if not a.same(b):
        raise UnitMismatch(f"{verb} {a} and {b}: {to_text(node, 3)}")
    return a
