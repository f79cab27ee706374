"""Predictive distributions as mixtures of normals, and how well one held what was then seen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

INSIDE = 0.95  # of the central interval in which a figure is counted as inside
FAR = 12.0  # standard deviations beyond which no share of a normal lies
NARROWEST = 1e-9  # standard deviation of what has no width of its own


@dataclass(frozen=True)
class Mixture:
    """Normals of equal weight.

    Attributes:
        means, sds: (parts,); one part is a plain normal. The parts are what evidence leaves open, the width of each is
            what a trial of finite size and a simulation of finite size leave open.
    """

    means: np.ndarray
    sds: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "sds", np.maximum(self.sds, NARROWEST))  # NaN stays

    @staticmethod
    def of(mean: float, sd: float) -> Mixture:
        return Mixture(np.array([mean], dtype=float), np.array([sd], dtype=float))

    @property
    def mean(self) -> float:
        return float(self.means.mean())

    @property
    def sd(self) -> float:
        return float(np.sqrt(np.mean(self.sds**2) + np.var(self.means)))

    @property
    def known(self) -> bool:
        """Whether there is a prediction at all."""
        return bool(np.isfinite(self.means).all() and np.isfinite(self.sds).all())

    def pit(self, value: float) -> float:
        """The probability integral transform: the predicted chance of a figure at or below ``value``."""
        return float(norm.cdf((value - self.means) / self.sds).mean()) if self.known else math.nan

    def quantile(self, share: float) -> float:
        if not self.known:
            return math.nan
        reach = FAR * float(self.sds.max())
        low, high = float(self.means.min()) - reach, float(self.means.max()) + reach
        return float(brentq(lambda x: self.pit(x) - share, low, high, xtol=1e-9 * (high - low)))

    def interval(self, level: float) -> tuple[float, float]:
        """The central interval that holds ``level`` (0 to 1)."""
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)

    def holds(self, value: float, level: float = INSIDE) -> bool:
        """Whether ``value`` lies in the central interval; what was not predicted holds nothing."""
        tail = (1 - level) / 2
        return self.known and tail <= self.pit(value) <= 1 - tail

    def crps(self, value: float) -> float:
        """Continuous ranked probability score (Grimit and others 2006, equation 5), in the figure's unit."""
        if not self.known:
            return math.nan
        pairs = _mean_distance(
            self.means[:, None] - self.means[None, :], np.hypot(self.sds[:, None], self.sds[None, :])
        )
        return float(_mean_distance(value - self.means, self.sds).mean() - pairs.mean() / 2)


def _mean_distance(mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """The mean absolute value of normals."""
    z = mean / sd
    return np.asarray(2 * sd * norm.pdf(z) + mean * (2 * norm.cdf(z) - 1))


def brier(chance: float, happened: bool) -> float:
    """The squared error of a stated chance."""
    return (chance - float(happened)) ** 2
