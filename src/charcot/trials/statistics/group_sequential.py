"""Group-sequential bounds: how large a test statistic must be at each look so that all looks together keep to alpha.

At information t_1 < ... < t_K = 1 the statistics Z_k = B(t_k) / sqrt(t_k) are those of a Brownian motion B. The chance
to cross an upper bound c_k for the first time at look k follows by recursion over the density of B on the paths that
have not crossed,

    f_1(x) = phi(x / sqrt(t_1)) / sqrt(t_1),    f_k(x) = int_{-inf}^{b_{k-1}} f_{k-1}(u) phi((x - u) / s_k) / s_k du,

with b_k = c_k sqrt(t_k) and s_k^2 = t_k - t_{k-1}; integrals are by Gauss and Legendre. Bounds are one-sided at half of
a two-sided alpha: the other side's share in them is below any digit shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

NODES = 200  # of each integral: the last printed digit of published bounds no longer changes
REACH = 8.0  # standard deviations from 0 beyond which no path is
Shape = Callable[[float, Sequence[float]], np.ndarray]


def crossing(bounds: Sequence[float], information: Sequence[float]) -> np.ndarray:
    """(looks,) the chance to have crossed by each look where nothing is to be found.

    Args:
        bounds: (looks,) of the standardised statistic; infinite where there is no stopping.
        information: (looks,) ascending, the last one 1 as a rule.
    """
    path = _Path()
    return np.cumsum([path.look(bound, time) for bound, time in zip(bounds, information, strict=True)])


class _Path:
    """Paths that have not crossed yet: the density of B at the nodes below the last bound."""

    def __init__(self) -> None:
        self.time = 0.0
        self.nodes, self.density = np.zeros(1), np.ones(1)  # of B(0) = 0, a point

    def ahead(self, bound: float, time: float) -> float:
        """The chance to cross ``bound`` at ``time``, and not before."""
        from scipy.special import ndtr

        step = math.sqrt(time - self.time)
        return float(self.density @ ndtr((self.nodes - bound * math.sqrt(time)) / step))

    def look(self, bound: float, time: float) -> float:
        """The same, and the paths go on from there."""
        crossed, step = self.ahead(bound, time), math.sqrt(time - self.time)
        low, high = -REACH * math.sqrt(time), min(bound, REACH) * math.sqrt(time)
        x, weights = np.polynomial.legendre.leggauss(NODES)
        nodes = (high - low) / 2 * x + (high + low) / 2
        kernel = np.exp(-(((nodes[:, None] - self.nodes) / step) ** 2) / 2) / (step * math.sqrt(2 * math.pi))
        self.density = (high - low) / 2 * weights * (kernel @ self.density)
        self.nodes, self.time = nodes, time
        return crossed


def _wang_tsiatis(power: float) -> Shape:
    """c_k = C t_k^(power - 1/2): 0 is O'Brien and Fleming's shape, 1/2 Pocock's."""

    def bounds(alpha: float, information: Sequence[float]) -> np.ndarray:
        from scipy.optimize import brentq

        shape = np.array(information) ** (power - 0.5)
        found = brentq(lambda c: crossing(c * shape, information)[-1] - alpha, 0.5, 8.0, xtol=1e-12)
        return float(found) * shape

    return bounds


def _spending(spent: Callable[[float, float], float]) -> Shape:
    """Bounds by which ``spent(alpha, t)`` is used up at information t (Lan and DeMets)."""

    def bounds(alpha: float, information: Sequence[float]) -> np.ndarray:
        from scipy.optimize import brentq

        path, out, before = _Path(), [], 0.0
        for time in information:
            wanted = spent(alpha, time) - before
            # what is spent early by O'Brien and Fleming may be less than can be told from nothing
            furthest = path.ahead(REACH, time) >= wanted
            bound = REACH if furthest else float(brentq(lambda c: path.ahead(c, time) - wanted, 0.0, REACH, xtol=1e-12))  # noqa: B023
            before += path.look(bound, time)
            out.append(bound)
        return np.array(out)

    return bounds


def _like_obrien_fleming(alpha: float, time: float) -> float:
    from scipy.special import ndtr, ndtri

    return float(2 * ndtr(-ndtri(1 - alpha / 2) / math.sqrt(time)))


def _like_pocock(alpha: float, time: float) -> float:
    return alpha * math.log(1 + (math.e - 1) * time)


SHAPES: dict[str, Shape] = {
    "obrien_fleming": _wang_tsiatis(0.0),
    "pocock": _wang_tsiatis(0.5),
    "lan_demets_obrien_fleming": _spending(_like_obrien_fleming),
    "lan_demets_pocock": _spending(_like_pocock),
}


def bounds(shape: str, information: Sequence[float], alpha: float) -> np.ndarray:
    """(looks,) bounds of the standardised statistic.

    Args:
        shape: of :data:`SHAPES`.
        information: (looks,) ascending to 1.
        alpha: one-sided.
    """
    return SHAPES[shape](alpha, information)


def wang_tsiatis(power: float, information: Sequence[float], alpha: float) -> np.ndarray:
    """(looks,) bounds C t^(power - 1/2)."""
    return _wang_tsiatis(power)(alpha, information)


def conditional_power(statistic: float, information: float, last_bound: float) -> float:
    """The chance to cross the last bound if the trend so far goes on: B(1) given B(t) = z sqrt(t) is normal with mean
    z / sqrt(t) and variance 1 - t."""
    from scipy.special import ndtr

    return float(ndtr((statistic / math.sqrt(information) - last_bound) / math.sqrt(1 - information)))
