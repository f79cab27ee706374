"""Fit free numbers to data: the posterior mode under log-normal priors, and what the data say about each number.

Numbers are moved on the scale of their priors: z = ln(value / start) / spread, so that z = 0 is where the evidence
stands and |z| = 1 is one standard deviation of it. The cost is that of a posterior mode with independent Gaussian
residuals of known size (Gelman et al., Bayesian Data Analysis, 3rd ed., section 4.1),

    cost = sum_k rho(m_k) + sum_j z_j^2,   m_k = (simulated_k - observed_k) / tolerance_k,

with the Cauchy loss rho(m) = c^2 ln(1 + (m / c)^2), c = 5 (Holland and Welsch, Commun. Stat. 6:813, 1977): the square
near the data, and ever flatter beyond five tolerances, so that one experiment that the model cannot reach does not
bend all the others. It is minimised by CMA-ES, which needs no derivatives and is not misled by the steps of medians and
counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cma
import numpy as np

from charcot.core.random import stream

FAR = 5.0  # tolerances: c of the Cauchy loss
NO_ANSWER = 100.0  # tolerances: what a figure counts that the model does not give
FURTHEST = 3.0  # prior standard deviations that a number may leave its evidence
FIRST_WIDTH = 0.3  # of the search, in prior standard deviations
DECIDED = 3.84  # rise of the cost that the data must show to bound a number: 95 % of chi-squared with one degree
NUDGE = 0.1  # of a prior standard deviation: finite differences over a simulated cohort are no smoother than this


@dataclass(frozen=True)
class FreeNumber:
    """A number to be fitted: its name, unit, ``start`` (the median of its prior) and ``spread`` (SD of its log)."""

    name: str
    unit: str
    start: float
    spread: float

    def __post_init__(self) -> None:
        if not (self.start > 0 and self.spread > 0 and math.isfinite(self.start * self.spread)):
            raise ValueError(
                f"{self.name} cannot be fitted: it starts at {self.start:g} with a spread of {self.spread:g}, and a "
                "log-normal prior needs both above zero. Leave it out, or give it a spread."
            )

    def value(self, z: float) -> float:
        """The number ``z`` prior standard deviations from its start."""
        return self.start * math.exp(self.spread * z)


@dataclass(frozen=True)
class Residual:
    """One figure: what was observed, what the model gives, and how far apart they may be (one standard deviation)."""

    name: str
    unit: str
    observed: float
    simulated: float
    tolerance: float

    @property
    def z(self) -> float:
        """The miss in tolerances."""
        miss = (self.simulated - self.observed) / self.tolerance
        return miss if math.isfinite(miss) else NO_ANSWER

    @property
    def loss(self) -> float:
        """The Cauchy loss of the miss."""
        return FAR**2 * math.log1p((self.z / FAR) ** 2)


Simulate = Callable[[Mapping[str, float]], Sequence[Residual]]


@dataclass(frozen=True)
class Fit:
    """The best point found.

    Attributes:
        free: the numbers that were fitted.
        z: (numbers,) where each came to lie, in prior standard deviations.
        cost: of the data and the prior there; ``start_cost`` of the data at z = 0.
        residuals: the figures there, and ``start_residuals`` those at z = 0.
        evaluations: how many times the model was run.
        seed: of the search.
    """

    free: tuple[FreeNumber, ...]
    z: np.ndarray
    cost: float
    start_cost: float
    residuals: tuple[Residual, ...]
    start_residuals: tuple[Residual, ...]
    evaluations: int
    seed: int

    @property
    def values(self) -> dict[str, float]:
        """The fitted value of each number, in its unit."""
        return {number.name: number.value(z) for number, z in zip(self.free, self.z, strict=True)}


def cost(residuals: Sequence[Residual], z: np.ndarray) -> float:
    """The misfit plus the distance from the evidence."""
    return data_cost(residuals) + float(z @ z)


def data_cost(residuals: Sequence[Residual]) -> float:
    """The misfit alone: -2 log likelihood, up to a constant."""
    return sum(residual.loss for residual in residuals)


def fit(
    free: Sequence[FreeNumber],
    simulate: Simulate,
    *,
    evaluations: int,
    seed: int,
    progress: Callable[[int, float], None] | None = None,
) -> Fit:
    """The posterior mode of ``free`` given what ``simulate`` compares.

    Args:
        free: the numbers that may move.
        simulate: from values by name to residuals; it must use the same random draws at every call.
        evaluations: how many runs of the model may be spent; at least one generation of the search is done.
        seed: of the search; the same seed, the same result.
        progress: called with the runs done so far and the best cost.

    Raises:
        ValueError: when nothing is free, or names are doubled.
    """
    names = [number.name for number in free]
    if not free or len(set(names)) < len(names):
        raise ValueError("a fit needs at least one free number, each named once")

    def run(z: np.ndarray) -> tuple[Residual, ...]:
        return tuple(simulate({number.name: number.value(float(v)) for number, v in zip(free, z, strict=True)}))

    origin = np.zeros(len(free))
    at_start = run(origin)
    best_z, best, best_residuals = origin, cost(at_start, origin), at_start
    if progress is not None:
        progress(1, best)
    # CMA-ES has no search in one dimension: a number that nothing reads keeps it company.
    width = max(len(free), 2)
    options = {
        "seed": int(stream(seed, "fit", "search").integers(1, 2**31)),
        "bounds": [-FURTHEST, FURTHEST],
        "verbose": -9,
        "verb_log": 0,
    }
    search = cma.CMAEvolutionStrategy(np.zeros(width), FIRST_WIDTH, options)
    done = 1
    while done < evaluations and not search.stop():
        points = search.ask()
        costs = []
        for point in points:
            z = np.asarray(point)[: len(free)]
            residuals = run(z)
            costs.append(cost(residuals, z))
            done += 1
            if costs[-1] < best:
                best_z, best, best_residuals = z.copy(), costs[-1], residuals
            if progress is not None:
                progress(done, best)
        search.tell(points, costs)
    return Fit(tuple(free), best_z, best, data_cost(at_start), best_residuals, at_start, done, seed)


@dataclass(frozen=True)
class Identifiability:
    """What the data say about one number around the fit.

    ``verdict``: ``bounded`` when moving it two prior standard deviations either way, with the others following, makes
    the data clearly less likely; ``one-sided`` when only one way does (``side`` says which end is ``lower`` or
    ``upper`` bounded); ``flat`` when neither does, so that the value is the prior's. ``lower_rise``, ``upper_rise``: by
    how much the cost of the data rises; ``posterior_spread``: SD of the log of the value, by the curvature at the fit.
    """

    name: str
    verdict: str
    side: str
    lower_rise: float
    upper_rise: float
    posterior_spread: float


def identifiability(fitted: Fit, simulate: Simulate) -> list[Identifiability]:
    """Profile each fitted number two prior standard deviations to either side, the others following the valley.

    How the others follow is taken from the Gauss-Newton approximation of the posterior at the fit, so that a profile
    costs two runs a number, after two for the derivatives; the rise of the cost itself is simulated, not approximated.
    """
    free, z = fitted.free, fitted.z

    def run(at: np.ndarray) -> Sequence[Residual]:
        return simulate({number.name: number.value(float(v)) for number, v in zip(free, at, strict=True)})

    def misses(at: np.ndarray) -> np.ndarray:
        return np.array([r.z for r in run(at)])

    slopes = np.zeros((len(fitted.residuals), len(free)))
    for j in range(len(free)):
        step = np.zeros(len(free))
        step[j] = NUDGE
        slopes[:, j] = (misses(z + step) - misses(z - step)) / (2 * NUDGE)
    here_misses = np.array([r.z for r in fitted.residuals])
    weights = 1.0 / (1.0 + (here_misses / FAR) ** 2)  # of the Cauchy loss, as in iteratively reweighted least squares
    information = slopes.T @ (weights[:, None] * slopes) + np.eye(len(free))
    covariance = np.linalg.inv(information)
    here = data_cost(fitted.residuals)
    found = []
    for j, number in enumerate(free):
        valley = covariance[:, j] / covariance[j, j]  # how all move when this one moves by one
        rises = [data_cost(run(z + sign * 2.0 * valley)) - here for sign in (-1.0, 1.0)]
        bounded = [rise > DECIDED for rise in rises]
        verdict = "bounded" if all(bounded) else "one-sided" if any(bounded) else "flat"
        side = "" if verdict != "one-sided" else "lower" if bounded[0] else "upper"
        spread = number.spread * math.sqrt(covariance[j, j])
        found.append(Identifiability(number.name, verdict, side, rises[0], rises[1], spread))
    return found
