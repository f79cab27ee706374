"""Fit free numbers to data: the posterior mode under log-normal priors, and what the data say about each number.

Numbers are moved on the scale of their priors: z = ln(value / start) / spread, so that z = 0 is where the evidence
stands and |z| = 1 is one standard deviation of it. The cost is that of a posterior mode with independent Gaussian
residuals of known size (Gelman et al., Bayesian Data Analysis, 3rd ed., section 4.1),

    cost = sum_k rho(m_k) + sum_j z_j^2,   m_k = (simulated_k - observed_k) / tolerance_k,

with the Cauchy loss rho(m) = c^2 ln(1 + (m / c)^2), c = 5 (Holland and Welsch, Commun. Stat. 6:813, 1977): the square
near the data, and ever flatter beyond five tolerances, so that one experiment that the model cannot reach does not
bend all the others. It is minimised by the trust-region reflective method of scipy's ``least_squares``, with
derivatives by differences over a step wide enough for medians and counts, all of one round simulated side by side.

Around the mode the posterior is taken as Gaussian (Laplace): its curvature says which numbers are identified, and gives
the evidence of the model, the probability of the data with the priors integrated out (MacKay, Information Theory,
Inference and Learning Algorithms, chapter 27). Where a figure bends at the mode, as one does of which only a direction
was read, the curvature is the mean of those on either side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

FAR = 5.0  # tolerances: c of the Cauchy loss
NO_ANSWER = 100.0  # tolerances: what a figure counts that the model does not give
FURTHEST = 3.0  # prior standard deviations that a number may leave its evidence
DECIDED = 3.84  # rise of the cost that the data must show to bound a number: 95 % of chi-squared with one degree
NUDGE = 0.25  # of a prior standard deviation: at 0.1 counts and medians of a cohort jump, and a search ends early
SPAN = 0.5  # of a prior standard deviation: over which the curvature at the mode is taken, to either side
SETTLED = 1.0  # of the cost: a fit has converged when its quadratic model expects to gain less


@dataclass(frozen=True)
class FreeNumber:
    """A number to be fitted: its name, unit, ``start`` (the median of its prior), ``spread`` (SD of its log), and
    ``lower`` and ``upper``, where its prior is cut off (a share at one)."""

    name: str
    unit: str
    start: float
    spread: float
    lower: float = 0.0
    upper: float = math.inf

    def __post_init__(self) -> None:
        if not (self.start > 0 and self.spread > 0 and math.isfinite(self.start * self.spread)):
            raise ValueError(
                f"{self.name} cannot be fitted: it starts at {self.start:g} with a spread of {self.spread:g}, and a "
                "log-normal prior needs both above zero. Leave it out, or give it a spread."
            )

    def value(self, z: float) -> float:
        """The number ``z`` prior standard deviations from its start, no further than where its prior ends."""
        return min(max(self.start * math.exp(self.spread * z), self.lower), self.upper)


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
    def answered(self) -> bool:
        """Whether the model gives this figure at all."""
        return math.isfinite(self.simulated)

    @property
    def loss(self) -> float:
        """The Cauchy loss of the miss."""
        return FAR**2 * math.log1p((self.z / FAR) ** 2)


Simulate = Callable[[Sequence[Mapping[str, float]]], Sequence[Sequence[Residual]]]  # many points at once, in order


@dataclass(frozen=True)
class Fit:
    """The best point found.

    Attributes:
        free: the numbers that were fitted.
        z: (numbers,) where each came to lie, in prior standard deviations.
        cost: of the data and the prior there; ``start_cost`` of the data at z = 0.
        residuals: the figures there, and ``start_residuals`` those at z = 0.
        evaluations: how many times the model was run.
        status: of the optimiser, in its words.
    """

    free: tuple[FreeNumber, ...]
    z: np.ndarray
    cost: float
    start_cost: float
    residuals: tuple[Residual, ...]
    start_residuals: tuple[Residual, ...]
    evaluations: int
    status: str = ""

    @property
    def values(self) -> dict[str, float]:
        """The fitted value of each number, in its unit."""
        return _values(self.free, self.z)


def _values(free: Sequence[FreeNumber], z: np.ndarray) -> dict[str, float]:
    return {number.name: number.value(float(v)) for number, v in zip(free, z, strict=True)}


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
    rounds: int,
    progress: Callable[[int, float], None] | None = None,
    begin: np.ndarray | None = None,
) -> Fit:
    """The posterior mode of ``free`` given what ``simulate`` compares.

    Args:
        free: the numbers that may move.
        simulate: from values by name, many points at once, to residuals; it must use the same random draws at every
            call. A fit is then the same whenever it is run.
        rounds: how many steps may be tried; each that is taken costs one run a number for the derivatives.
        progress: called with the runs done so far and the best cost.
        begin: (numbers,) where the search begins, in prior standard deviations; at zero where left out.

    Raises:
        ValueError: when nothing is free, or names are doubled.
    """
    names = [number.name for number in free]
    if not free or len(set(names)) < len(names):
        raise ValueError("a fit needs at least one free number, each named once")
    search = _Search(tuple(free), simulate, progress)
    origin = np.zeros(len(free))
    if begin is not None:
        search.run([origin])
    found = least_squares(
        search.misses,
        origin if begin is None else np.clip(begin, 0.99 * -FURTHEST, 0.99 * FURTHEST),
        jac=search.slopes,
        bounds=(-FURTHEST, FURTHEST),
        loss=search.losses,  # type: ignore[arg-type]
        max_nfev=rounds + 1,  # the start is counted too
        xtol=1e-3,
        ftol=1e-3,
    )
    at_start = search.first
    return Fit(
        tuple(free),
        search.best,
        search.best_cost,
        data_cost(at_start),
        search.best_residuals,
        at_start,
        search.runs,
        str(found.message),
    )


class _Search:
    """What the optimiser asks for, with the best point kept."""

    def __init__(
        self, free: tuple[FreeNumber, ...], simulate: Simulate, progress: Callable[[int, float], None] | None
    ) -> None:
        self.free, self.simulate, self.progress = free, simulate, progress
        self.runs = 0
        self.first: tuple[Residual, ...] = ()
        self.best = np.zeros(len(free))
        self.best_cost = math.inf
        self.best_residuals: tuple[Residual, ...] = ()
        self.seen: dict[bytes, np.ndarray] = {}

    def run(self, points: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The misses at many points, the best of which is kept."""
        found = self.simulate([_values(self.free, z) for z in points])
        out = []
        for z, residuals in zip(points, found, strict=True):
            now = cost(residuals, z)
            if not self.first:
                self.first = tuple(residuals)
            if now < self.best_cost:
                self.best, self.best_cost, self.best_residuals = z.copy(), now, tuple(residuals)
            out.append(np.array([r.z for r in residuals]))
        self.runs += len(points)
        if self.progress is not None:
            self.progress(self.runs, self.best_cost)
        return out

    def misses(self, z: np.ndarray) -> np.ndarray:
        """(figures + numbers,) misses of the data, then distances from the evidence."""
        [here] = self.run([z])
        self.seen = {z.tobytes(): here}
        return np.concatenate([here, z])

    def slopes(self, z: np.ndarray) -> np.ndarray:
        here = self.seen[z.tobytes()] if z.tobytes() in self.seen else self.run([z])[0]
        return np.concatenate([_differences(z, here, self.run), np.eye(len(z))])

    def losses(self, squares: np.ndarray) -> np.ndarray:
        """(3, figures + numbers) the loss with two derivatives: Cauchy for data, the square for the evidence."""
        data = np.arange(len(squares)) < len(squares) - len(self.free)
        inner = 1.0 + squares / FAR**2
        return np.where(
            data,
            [FAR**2 * np.log(inner), 1.0 / inner, -1.0 / (FAR * inner) ** 2],
            [squares, np.ones_like(squares), np.zeros_like(squares)],
        )


def _differences(
    z: np.ndarray, here: np.ndarray, run: Callable[[Sequence[np.ndarray]], Sequence[np.ndarray]]
) -> np.ndarray:
    """(figures, numbers) derivatives of the misses, by differences towards the inside of the bounds."""
    steps = np.where(z > FURTHEST - NUDGE, -NUDGE, NUDGE)
    beside = run([z + step * unit for step, unit in zip(steps, np.eye(len(z)), strict=True)])
    return (
        np.array([(there - here) / step for there, step in zip(beside, steps, strict=True)])
        .reshape(len(z), len(here))
        .T
    )


@dataclass(frozen=True)
class Curvature:
    """The posterior near the mode as a Gaussian.

    ``covariance``: (numbers, numbers) on the priors' scale; ``remaining``: how far the cost would still fall by its
    quadratic model, near zero at a mode.
    """

    covariance: np.ndarray
    remaining: float

    @property
    def settled(self) -> bool:
        """Whether the fit is near enough to its mode for what the Gaussian says."""
        return self.remaining < SETTLED

    def log_evidence(self, fitted: Fit) -> float:
        """ln of the probability of the data, priors integrated out, up to a constant that all models share.

        Laplace: -cost / 2 + ln det(covariance) / 2; the prior's own determinant is one on its scale. More numbers cost
        by the volume of prior that the data rule out, so that no count of parameters is needed.
        """
        return -0.5 * fitted.cost + 0.5 * float(np.linalg.slogdet(self.covariance)[1])


def curvature(fitted: Fit, simulate: Simulate) -> Curvature:
    """The Gauss-Newton curvature of the posterior at the fit; two runs a number.

    A figure that is not answered on one side says nothing about the slope there. The loss is that of the fit, with
    its own second derivative: a figure so far off that the loss hardly grows does not narrow anything.
    """
    z, count = fitted.z, len(fitted.free)
    steps = [sign * SPAN * unit for sign in (-1.0, 1.0) for unit in np.eye(count)]
    found = simulate([_values(fitted.free, z + step) for step in steps])
    here = np.array([r.z for r in fitted.residuals])
    answered = np.array([r.answered for r in fitted.residuals], dtype=bool)
    u = (here / FAR) ** 2
    bend = np.clip(1.0 - u, 0.0, None) / (1.0 + u) ** 2
    information, gradient = np.eye(count), z.copy()
    for side, sign in ((found[:count], -1.0), (found[count:], 1.0)):
        slopes = np.zeros((len(here), count))
        for j, residuals in enumerate(side):
            there = np.array([r.z for r in residuals])
            known = answered & np.array([r.answered for r in residuals], dtype=bool)
            slopes[known, j] = (there[known] - here[known]) / (sign * SPAN)
        information += 0.5 * slopes.T @ (bend[:, None] * slopes)
        gradient += 0.5 * slopes.T @ (here / (1.0 + u))
    covariance = np.linalg.inv(information)
    return Curvature(covariance, float(gradient @ covariance @ gradient))


@dataclass(frozen=True)
class Identifiability:
    """What the data say about one number around the fit.

    ``verdict``: ``bounded`` when moving it two prior standard deviations either way, with the others following, makes
    the data clearly less likely; ``one-sided`` when only one way does (``side`` says which end is ``lower`` or
    ``upper`` bounded); ``flat`` when neither does: the data may still bind it to others, but do not bound it.
    ``lower_rise``, ``upper_rise``: by how much the cost of the data rises, over the figures that the model still
    gives; ``posterior_spread``: SD of the log of the value, by the curvature at the fit.
    """

    name: str
    verdict: str
    side: str
    lower_rise: float
    upper_rise: float
    posterior_spread: float


def identifiability(fitted: Fit, simulate: Simulate, shape: Curvature | None = None) -> list[Identifiability]:
    """Profile each fitted number two prior standard deviations to either side, the others following the valley.

    How the others follow is taken from the Gaussian at the fit, so that a profile costs two runs a number; the rise of
    the cost itself is simulated, not approximated. The others are not fitted again, so that a rise is an upper bound.
    """
    free, z = fitted.free, fitted.z
    covariance = (shape or curvature(fitted, simulate)).covariance
    valleys = [covariance[:, j] / covariance[j, j] for j in range(len(free))]  # how all move when one moves by one
    points = [_values(free, z + sign * 2.0 * valley) for valley in valleys for sign in (-1.0, 1.0)]
    costs = [_rise(fitted.residuals, residuals) for residuals in simulate(points)]
    found = []
    for j, number in enumerate(free):
        rises = costs[2 * j : 2 * j + 2]
        bounded = [rise > DECIDED for rise in rises]
        verdict = "bounded" if all(bounded) else "one-sided" if any(bounded) else "flat"
        side = "" if verdict != "one-sided" else "lower" if bounded[0] else "upper"
        spread = number.spread * math.sqrt(covariance[j, j])
        found.append(Identifiability(number.name, verdict, side, rises[0], rises[1], spread))
    return found


def _rise(here: Sequence[Residual], there: Sequence[Residual]) -> float:
    """By how much the cost rises, over the figures that the model gives at both points."""
    both = [(a, b) for a, b in zip(here, there, strict=True) if a.answered and b.answered]
    return data_cost([b for _, b in both]) - data_cost([a for a, _ in both])
