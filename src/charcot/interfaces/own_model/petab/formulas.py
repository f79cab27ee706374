"""Formulas of observables and of noise: PEtab's own grammar, as a function of arrays."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

PLACEHOLDER = re.compile(r"(observable|noise)Parameter(\d+)_(\w+)")


@dataclass(frozen=True)
class Formula:
    """A formula and the names that it reads, in the order of its function's arguments."""

    text: str
    names: tuple[str, ...]
    function: Callable[..., Any]

    def placeholders(self, kind: str, observable: str) -> int:
        """How many cells of the measurement table the formula reads: the parameters of its own observable."""
        found = [PLACEHOLDER.fullmatch(name) for name in self.names]
        return len({m[2] for m in found if m and m[1] == kind and m[3] == observable})

    def __call__(self, values: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
        """The value of the formula, of ``shape``; NaN or infinite where it has none (the logarithm of -1)."""
        with np.errstate(all="ignore"):
            value = self.function(*(values[name] for name in self.names))
        return np.array(np.broadcast_to(np.asarray(value, dtype=float), shape))


def parse(text: str) -> Formula:
    """Raises :class:`ValueError`: it is no formula of PEtab."""
    import sympy
    from petab.v1.math import sympify_petab

    try:
        expression = sympify_petab(text)
    except Exception as error:  # the parser raises whatever its generated code meets
        raise ValueError(str(error).splitlines()[0] if str(error) else type(error).__name__) from None
    symbols = sorted(expression.free_symbols, key=lambda symbol: symbol.name)
    function = sympy.lambdify(symbols, expression, modules="numpy", dummify=True)
    return Formula(text, tuple(symbol.name for symbol in symbols), function)
