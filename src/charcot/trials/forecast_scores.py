"""How well figures of trials were predicted: one function for placebo arms, whoever predicted them.

A prediction is normal about the simulated figure; its variance is that of the simulation (Monte Carlo), that between
trials which had the same rules, and that of the published figure, since a trial of n patients was to be predicted. The
two rivals know nothing of a trial's rules: the mean of the other trials, and one constant for all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

NORMAL_95 = 1.96
# Mean and among-trial SD of the placebo slope of 16 trials with 6,260 patients (hct_placebo_slopes), points a month.
CONSTANT_MEAN, CONSTANT_SPREAD = -1.03, 0.11


@dataclass(frozen=True)
class Prediction:
    """One trial's figure and what was predicted.

    Attributes:
        standard_error: of the published figure; ``monte_carlo``: of the simulated one; ``between``: the SD between
            trials that the prediction takes.
        scale: the scale's share of the ALSFRS-R, by which the rivals' figures are multiplied: 10/12 for ALSFRS-40.
    """

    trial: str
    published: float
    standard_error: float
    simulated: float
    monte_carlo: float
    between: float
    scale: float = 1.0

    @property
    def sd(self) -> float:
        """SD of the prediction of the published figure."""
        return math.sqrt(self.standard_error**2 + self.monte_carlo**2 + self.between**2)

    @property
    def inside(self) -> bool:
        """Whether the published figure is in the 95 % predictive interval."""
        return abs(self.published - self.simulated) <= NORMAL_95 * self.sd

    @property
    def crps(self) -> float:
        """Continuous ranked probability score of the prediction, in the figure's unit; smaller is better."""
        return normal_crps(self.published, self.simulated, self.sd)


@dataclass(frozen=True)
class Scores:
    """Over all trials that were predicted, in the figure's unit.

    Attributes:
        bias: mean of simulated less published.
        inside: share of trials (0 to 1) in the 95 % predictive interval.
        crps, crps_others, crps_constant: means of the prediction, of the leave-one-out meta-analytic predictive, and
            of one constant normal.
        between_found: SD between these trials by the method of DerSimonian and Laird, on the scale of the ALSFRS-R.
    """

    trials: int
    bias: float
    mean_absolute_error: float
    inside: float
    crps: float
    crps_others: float
    crps_constant: float
    mean_absolute_error_constant: float
    between_found: float

    @property
    def beats_both(self) -> bool:
        """Whether the rules of trials helped: a smaller mean CRPS than that of either rival."""
        return self.crps < min(self.crps_others, self.crps_constant)


def normal_crps(value: float, mean: float, sd: float) -> float:
    """The continuous ranked probability score of a normal prediction (Gneiting and Raftery 2007, equation 21)."""
    z = (value - mean) / sd
    return float(sd * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / math.sqrt(math.pi)))


def meta_analysis(values: np.ndarray, errors: np.ndarray) -> tuple[float, float, float]:
    """Mean, its standard error and the SD between studies, by random effects (DerSimonian and Laird 1986)."""
    weights = 1 / errors**2
    fixed = float(np.average(values, weights=weights))
    heterogeneity = float(weights @ (values - fixed) ** 2)
    room = float(weights.sum() - (weights**2).sum() / weights.sum())
    variance = max(0.0, (heterogeneity - (len(values) - 1)) / room) if room > 0 else 0.0
    weights = 1 / (errors**2 + variance)
    return float(np.average(values, weights=weights)), float(weights.sum() ** -0.5), math.sqrt(variance)


def score(predictions: Sequence[Prediction]) -> Scores:
    """Score predictions of placebo decline; three trials or more, or there is no meta-analysis of the others."""
    if len(predictions) < 3:
        raise ValueError(f"{len(predictions)} predictions cannot be scored against the mean of the others: give three")
    published = np.array([p.published for p in predictions])
    simulated = np.array([p.simulated for p in predictions])
    scale = np.array([p.scale for p in predictions])
    errors = np.array([p.standard_error for p in predictions])
    others, constant = [], []
    for k, one in enumerate(predictions):
        rest = np.arange(len(predictions)) != k
        mean, error, between = meta_analysis((published / scale)[rest], (errors / scale)[rest])
        spread = one.scale * math.hypot(error, between)
        others.append(normal_crps(one.published, one.scale * mean, math.hypot(spread, one.standard_error)))
        spread = math.hypot(one.scale * CONSTANT_SPREAD, one.standard_error)
        constant.append(normal_crps(one.published, one.scale * CONSTANT_MEAN, spread))
    return Scores(
        trials=len(predictions),
        bias=float(np.mean(simulated - published)),
        mean_absolute_error=float(np.mean(np.abs(simulated - published))),
        inside=float(np.mean([p.inside for p in predictions])),
        crps=float(np.mean([p.crps for p in predictions])),
        crps_others=float(np.mean(others)),
        crps_constant=float(np.mean(constant)),
        mean_absolute_error_constant=float(np.mean(np.abs(CONSTANT_MEAN * scale - published))),
        between_found=meta_analysis(published / scale, errors / scale)[2],
    )
