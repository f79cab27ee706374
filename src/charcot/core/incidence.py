"""Incidence by age, from the ages at which simulated people fall ill."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

POWERS = np.arange(-5.0, 20.0, 0.01)


def power_of_age(
    ages: np.ndarray,
    since: float,
    until: float,
    alive: Callable[[np.ndarray], np.ndarray],
    weights: np.ndarray | None = None,
) -> float:
    """The power s with which incidence rises with age: incidence among the living is proportional to age^s.

    ``ages`` (ill,) in years, of which those from ``since`` to ``until`` count; ``alive``: ages -> share of people who
    have not died of other causes. Onsets have the density a^s alive(a) / integral, and s is where their likelihood is
    greatest on a grid of 0.01, so that no width of a band is chosen. ``weights``: (ill,) how many people each stands
    for, by default one. NaN with fewer than two onsets.

    Source: Armitage and Doll's multistep law, in which n equal rare steps give s = n - 1 (alchalabi2014).
    """
    inside = (ages >= since) & (ages <= until)
    seen, counts = ages[inside], None if weights is None else weights[inside]
    if len(seen) < 2:
        return float("nan")
    grid = np.linspace(since, until, 400)
    relative = grid / since  # against overflow of a high power
    norm = np.array([np.trapezoid(relative**power * alive(grid), grid) for power in POWERS])
    likelihood = POWERS * np.average(np.log(seen / since), weights=counts) - np.log(norm)
    return float(POWERS[likelihood.argmax()])
