"""Which values a number can have at all: a share lies between 0 and 1, a half-life is above zero."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from charcot.core.units import dimension

SHARE = "share"
ANY = "any"
_NOT_ZERO = ((("[time]", 1),), (("[length]", 1),))  # a time or a length of zero is none


@dataclass(frozen=True)
class Bounds:
    """From ``lower`` to ``upper``, both included unless ``above``: then the value must exceed ``lower``."""

    lower: float = 0.0
    upper: float = math.inf
    above: bool = False

    def __str__(self) -> str:
        if self.lower == -math.inf:
            return "any number" if self.upper == math.inf else f"at most {self.upper:g}"
        if self.upper == math.inf:
            return f"above {self.lower:g}" if self.above else f"{self.lower:g} or more"
        return f"above {self.lower:g} to {self.upper:g}" if self.above else f"{self.lower:g} to {self.upper:g}"

    def hold(self, values: np.ndarray | float) -> np.ndarray:
        """Which values are finite and inside, same shape."""
        given = np.asarray(values, dtype=float)
        low = given > self.lower if self.above else given >= self.lower
        return np.asarray(np.isfinite(given) & low & (given <= self.upper))

    def nearest(self, values: np.ndarray) -> np.ndarray:
        """The values, those outside moved to the nearest end."""
        return np.asarray(np.clip(values, self.lower, self.upper))


NOT_NEGATIVE = Bounds()
UNBOUNDED = Bounds(-math.inf)
POSITIVE = Bounds(above=True)
FRACTION = Bounds(0.0, 1.0)


def read_bounds(text: str, unit: str = "1") -> Bounds:
    """Bounds from a table: ``share``, ``any``, ``above 0``, ``above 0 to 1``, ``1 to 10``, ``1 or more``.

    An empty text means 0 or more, and above 0 for a number in a unit of time or length. Raises ValueError.
    """
    words = text.split()
    if not words:
        return Bounds(above=dimension(unit).powers in _NOT_ZERO)
    if text in (SHARE, ANY):
        return FRACTION if text == SHARE else UNBOUNDED
    above = words[0] == "above"
    match words[above:]:
        case [low] | [low, "or", "more"]:
            found = Bounds(float(low), above=above)
        case [low, "to", high]:
            found = Bounds(float(low), float(high), above)
        case _:
            raise ValueError(f"{text!r} is no range")
    if not found.lower < found.upper:
        raise ValueError(f"{text!r} holds no number")
    return found
