"""How well a simulation agrees with what was measured: residuals and log-likelihoods by PEtab's noise models.

Equations: the specification of PEtab 1, "Noise distributions"; the tests hold them to the calculator of the library
``petab``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

TRANSFORMATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "lin": lambda x: x,
    "log": np.log,
    "log10": np.log10,
}
# logarithm of the slope of the transformation, a part of the density on the scale of the measurement
SLOPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "lin": np.zeros_like,
    "log": np.log,
    "log10": lambda x: np.log(x) + np.log(np.log(10)),
}
DISTRIBUTIONS = ("normal", "laplace")


def residuals(measured: np.ndarray, simulated: np.ndarray, noise: np.ndarray, transformation: str) -> np.ndarray:
    """(sets, measurements): (measured - simulated) / noise, on the scale of the observable; NaN where there is none."""
    scale = TRANSFORMATIONS[transformation]
    with np.errstate(all="ignore"):
        return np.asarray(finite((scale(measured) - scale(simulated)) / noise))


def log_likelihoods(
    residual: np.ndarray, measured: np.ndarray, noise: np.ndarray, transformation: str, distribution: str
) -> np.ndarray:
    """(sets, measurements): the logarithm of the density of each measurement; NaN where the noise is not above 0."""
    with np.errstate(all="ignore"):
        width = np.log(np.where(noise > 0, noise, np.nan)) + SLOPES[transformation](measured)
        if distribution == "laplace":
            return np.asarray(finite(-np.log(2) - width - np.abs(residual)))
        return np.asarray(finite(-0.5 * np.log(2 * np.pi) - width - 0.5 * residual**2))


def finite(values: np.ndarray) -> np.ndarray:
    """``values`` with NaN for what is not finite."""
    return np.where(np.isfinite(values), values, np.nan)
