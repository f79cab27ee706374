"""The smallest trial with the power that is wanted, found by simulating trials of several sizes.

Power rises with the number n of patients per arm about as

    power(n) = Phi(a + b sqrt(n)),

the normal approximation of a two-sided test (its far side left out). The line is fitted to all trials simulated so far
by maximum likelihood, the next size is where it meets the target, and so on until the size stays where it is. Its
interval is where the 95 % band of the fitted line meets the target, its width taken at the answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from charcot.trials.power.grid import Cell
from charcot.trials.power.operating import Bench, power_of
from charcot.trials.power.tally import Contrast, Share, null_aim

MOST_STEPS = 12
CLOSE = 0.02  # a size that changes by less stays where it is
FURTHEST = 4.0  # how many times the largest size so far the next one may be
LARGEST = 5_000  # patients per arm: no trial in ALS had a tenth
SMALLEST = 5
MARGIN = 4.0  # times the largest size: beyond it nothing is simulated
START_SHARE = 0.25  # of the replicates, while sizes are still looked for


@dataclass(frozen=True)
class Found:
    """The smallest size.

    Attributes:
        n: patients per arm; None where no size up to the largest has the power.
        lower, upper: the 95 % Monte-Carlo interval of n.
        patients: in all arms together.
        power: simulated at ``n`` (or at the largest size that was tried).
        tried: (n, trials, significant) of all that was simulated.
        note: why there is none.
    """

    n: int | None
    lower: float
    upper: float
    patients: int
    power: Share
    tried: tuple[tuple[int, int, int], ...]
    note: str = ""


def smallest(
    bench: Bench, cell: Cell, contrast: Contrast, target: float, replicates: int,
    progress: Callable[[int], None] | None = None,
) -> Found:  # fmt: skip
    """The smallest number of patients per arm at which ``contrast`` is significant in a share ``target`` of trials.

    Args:
        cell: the design; its ``n`` is where the search begins.
        replicates: trials at each size near the answer; fewer where sizes are still far from it.
        progress: called with the number of trials of each step.
    """
    from scipy.special import ndtri

    def simulate(n: int, trials: int) -> None:
        tally = bench.treated(replace(cell, n=n), trials, only=contrast)[contrast]
        tried[n] = (tally.trials, tally.significant)
        if progress is not None:
            progress(trials)

    tried: dict[int, tuple[int, int]] = {}
    far = max(20, round(START_SHARE * replicates))
    n, quantile, near = min(max(cell.n, SMALLEST), LARGEST), float(ndtri(target)), False
    start = float(ndtri(1 - bench.design.alpha / 2))
    for _ in range(MOST_STEPS):
        simulate(n, replicates if near else far)
        if _out_of_reach(bench, replace(cell, n=n), contrast, tried[n][0], quantile + start):
            return _none(bench, cell, contrast, tried, target)
        a, b, covariance = line(tried, -start)
        if not b > 0:
            following = n * FURTHEST if n < LARGEST else math.inf
        else:
            following = max((quantile - a) / b, 0.0) ** 2
        if n >= LARGEST and following > LARGEST:
            return _none(bench, cell, contrast, tried, target)
        following = min(max(following, n / FURTHEST, SMALLEST), n * FURTHEST, LARGEST)
        settled = abs(following - n) <= max(1.0, CLOSE * n)
        if settled and near:
            break
        near, n = near or abs(following - n) <= 0.25 * n, math.ceil(following - 1e-9)
    answer = min(math.ceil((quantile - a) ** 2 / b**2 - 1e-9), LARGEST) if b > 0 else LARGEST
    answer = max(answer, SMALLEST)
    if tried.get(answer, (0, 0))[0] < replicates:
        simulate(answer, replicates)
    at = np.array([1.0, math.sqrt(answer)])
    error = float(np.sqrt(at @ covariance @ at))
    ends = [max((quantile + sign * 1.96 * error - a) / b, 0.0) ** 2 for sign in (-1, 1)]
    return Found(
        answer, ends[0], ends[1], sum(bench.grid.arm_sizes(answer)), _power(bench, cell, contrast, answer, replicates),
        _sorted(tried),
    )  # fmt: skip


def _out_of_reach(bench: Bench, cell: Cell, contrast: Contrast, trials: int, quantiles: float) -> bool:
    """Whether a trial would have to be far larger than :data:`LARGEST`, by the normal approximation from the spread of
    the estimates at this size: a drug that does next to nothing is not worth simulating huge trials."""
    sd = bench.treated(cell, trials, only=contrast)[contrast].sd
    size = sum(bench.grid.arm_sizes(cell.n))
    effect = abs(bench.aims(cell)[contrast].at(contrast[0], size) - null_aim(contrast[0]).value)
    return math.isfinite(sd) and cell.n * (quantiles * sd) ** 2 > MARGIN * LARGEST * effect**2


def _none(
    bench: Bench, cell: Cell, contrast: Contrast, tried: dict[int, tuple[int, int]], target: float
) -> Found:  # fmt: skip
    n = max(tried)
    power = _power(bench, cell, contrast, n, tried[n][0])
    note = f"with {n:,} patients per arm the power is {power.value:.2f}: {target:g} is not reached"
    return Found(None, math.nan, math.nan, 0, power, _sorted(tried), note)


def _power(bench: Bench, cell: Cell, contrast: Contrast, n: int, replicates: int) -> Share:
    tally = bench.treated(replace(cell, n=n), replicates, only=contrast)[contrast]
    return power_of(tally, bench.aims(cell)[contrast], contrast[0], sum(bench.grid.arm_sizes(n)))


def _sorted(tried: dict[int, tuple[int, int]]) -> tuple[tuple[int, int, int], ...]:
    return tuple((n, trials, hits) for n, (trials, hits) in sorted(tried.items()))


def line(tried: dict[int, tuple[int, int]], intercept: float) -> tuple[float, float, np.ndarray]:
    """a, b and their covariance (2, 2) of Phi(a + b sqrt(n)), by Fisher's scoring.

    Args:
        tried: n -> (trials, significant).
        intercept: a, where all trials have one size: that of the normal approximation, minus the critical value.
    """
    from scipy.stats import norm

    sizes = np.array(list(tried), dtype=float)
    trials, hits = np.array(list(tried.values()), dtype=float).T
    share = (hits + 0.5) / (trials + 1)  # so that none and all have a quantile
    if len(sizes) == 1:
        quantile, density = norm.ppf(share[0]), norm.pdf(norm.ppf(share[0]))
        variance = share[0] * (1 - share[0]) / trials[0] / density**2 / sizes[0]
        return intercept, float(quantile - intercept) / math.sqrt(sizes[0]), np.diag([0.0, variance])
    x = np.column_stack([np.ones(len(sizes)), np.sqrt(sizes)])
    weights = trials * norm.pdf(norm.ppf(share)) ** 2 / (share * (1 - share))
    found = np.linalg.solve(x.T @ (weights[:, None] * x), x.T @ (weights * norm.ppf(share)))
    for _ in range(50):
        eta = np.clip(x @ found, -7.0, 7.0)
        p, density = norm.cdf(eta), norm.pdf(eta)
        weights = trials * density**2 / (p * (1 - p))
        information = x.T @ (weights[:, None] * x)
        step = np.linalg.solve(information, x.T @ ((hits - trials * p) * density / (p * (1 - p))))
        found = found + step
        if np.abs(step).max() < 1e-10:
            break
    return float(found[0]), float(found[1]), np.linalg.inv(information)
