"""Every mechanism a second time, in plain arithmetic from the text of its docstring: ``SECOND[name](v)``.

``v`` has a value for every argument: a number, an array over the classes of a pool, or a dictionary by region (by
receiver and donor for couplings) of either. The answer has a value for each port that is written.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from charcot.model.mechanism import Mechanism

Computation = Callable[[SimpleNamespace], dict[str, Any]]
SECOND: dict[str, Computation] = {}


def second(mechanism: Mechanism) -> Callable[[Computation], Computation]:
    """Declare a function the second computation of ``mechanism``."""

    def wrap(function: Computation) -> Computation:
        assert mechanism.name not in SECOND, mechanism.name
        SECOND[mechanism.name] = function
        return function

    return wrap


def falling(half_life: float) -> float:
    """The rate of a decay with a half-life."""
    return math.log(2) / half_life


def share(x, half):
    """x / (half + x)."""
    return x / (half + x)


def steep(x, half, exponent):
    """x^n / (half^n + x^n)."""
    return x**exponent / (half**exponent + x**exponent)


def held(x, half, exponent):
    """1 / (1 + (x / half)^n)."""
    return 1 / (1 + (x / half) ** exponent)


def rising(x, width):
    """max(0, x), softened over a width."""
    return width * np.log(1 + np.exp(x / width))


def of_the_living(x, neurons, least):
    """The mean over classes by their living neurons, and the plain mean where none lives."""
    return (np.dot(x, neurons) + least * np.mean(x)) / (np.sum(neurons) + least)


def between_regions(weights, load):
    """What each region receives: the first index of a coupling receives, the second gives."""
    return {r: sum(w * load[giver] for (taker, giver), w in weights.items() if taker == r) for r in load}


def seeded(load, rate, availability, margin, half):
    """Growth minus saturable clearance: k a x (1 - x) - m k K x / (K + x)."""
    return rate * availability * load * (1 - load) - margin * rate * half * load / (half + load)


def imported(load, influx):
    """Seeds from elsewhere, which a loaded region takes no more: influx (1 - x)^4."""
    return influx * (1 - load) ** 4
