"""Placebo figures of trials as they were predicted, beside two rivals that know nothing of a trial's rules."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from charcot.trials import placebo_arms
from charcot.trials.forecast_scores import CONSTANT_MEAN, CONSTANT_SPREAD, meta_analysis
from charcot.trials.placebo_arms import Arm
from charcot.trials.record import discrepancy
from charcot.trials.record.discrepancy import Discrepancy
from charcot.trials.record.files import Figure, Quantity, Trial, hazard_of, log_hazard
from charcot.trials.record.predictive import Mixture

MAIN: tuple[Quantity, ...] = ("decline", "alive", "vital_capacity")  # the first that is published counts for a trial
GROUPS = 10  # of a jackknife
SHARE_OF_40 = 10 / 12  # of a change of the ALSFRS-R that is one of the scale of 40 points
ROUNDING = 1e-9  # of a mean score
FEWEST = 3  # figures of a quantity from which the others can be summed up


@dataclass(frozen=True)
class Predicted:
    """One placebo figure: published, and predicted by the model and by two rivals.

    Attributes:
        figure: on the scale on which it is scored: a share alive as the logarithm of its hazard.
        shown: as it was published.
        simulated, monte_carlo: on the scale of ``figure``.
        miss: how far the model missed the figures of *other* trials, on the scale of ``figure``; None of too few.
        meta, constant: the rivals' distributions; None where too few figures of the quantity were published.
        unit: the SD of the published figures of that quantity, by which scores of different quantities compare.
    """

    trial: str
    figure: Figure
    shown: Figure
    simulated: float
    monte_carlo: float
    miss: Discrepancy | None = None
    meta: Mixture | None = None
    constant: Mixture | None = None
    unit: float = 1.0

    @property
    def model(self) -> Mixture:
        """The prediction: the simulated figure, set right by how figures of the other trials lie to theirs.

        Its spread is of the trial's own error, that of the simulation, and what the miss leaves open. Where too few
        other trials were published it is the model alone.
        """
        if self.miss is None:
            return self.alone
        return Mixture.of(*self.miss.predict(self.simulated, self.figure.standard_error, self.monte_carlo))

    @property
    def alone(self) -> Mixture:
        """Of the model alone: the simulated figure, with its error, that of the trial and the spread between trials
        that is written down for it."""
        sd = math.sqrt(self.figure.standard_error**2 + self.figure.between**2 + self.monte_carlo**2)
        return Mixture.of(self.simulated, sd)

    @property
    def inside(self) -> bool:
        return self.model.holds(self.figure.value)

    @property
    def inside_alone(self) -> bool:
        return self.alone.holds(self.figure.value)

    def score(self, who: Mixture | None) -> float:
        """CRPS in units of the spread among the published figures; NaN without a prediction."""
        return math.nan if who is None else who.crps(self.figure.value) / self.unit


@dataclass(frozen=True)
class Totals:
    """Over some figures; ``missing`` have no prediction, and count as outside.

    ``crps``, ``inside``: of the prediction; ``crps_model_alone``, ``inside_model_alone``: without what is known of how
    far the model missed other trials.
    """

    inside: int
    total: int
    crps: float
    crps_meta: float
    crps_constant: float
    crps_model_alone: float
    inside_model_alone: int
    missing: int

    @property
    def beats_both(self) -> bool:
        return self._below(self.crps)

    @property
    def alone_beats_both(self) -> bool:
        return self._below(self.crps_model_alone)

    def _below(self, crps: float) -> bool:
        """By more than rounding: a model that says the same of every trial is the rival to the last digits."""
        return not self.missing and crps < min(self.crps_meta, self.crps_constant) - ROUNDING


def readings(figure: Figure) -> Callable[[Arm], float]:
    """The function of an arm that makes the same figure."""
    months = figure.months
    if figure.quantity == "alive":
        return lambda arm: hazard_of(placebo_arms.alive(arm, months), months)
    if figure.quantity == "vital_capacity":
        return functools.partial(placebo_arms.capacity_slope, months=months)
    read = placebo_arms.decline if figure.quantity == "decline" else placebo_arms.sd_of_decline
    return functools.partial(read, estimand=figure.estimand, months=months)


def read_with_error(read: Callable[[Arm], float], arm: Arm) -> tuple[float, float]:
    """A figure of an arm and its standard error by leaving out each tenth of the people; NaN where there is none."""

    def quietly(some: Arm) -> float:
        with np.errstate(invalid="ignore", divide="ignore"):
            try:
                return float(read(some))
            except (ValueError, ZeroDivisionError, np.linalg.LinAlgError):
                return math.nan

    parts = np.array([quietly(arm.without(group)) for group in range(GROUPS)])
    return quietly(arm), float(np.sqrt((GROUPS - 1) * np.mean((parts - parts.mean()) ** 2)))


def predicted(trials: Mapping[str, Trial], arms: Mapping[str, Arm]) -> tuple[Predicted, ...]:
    """Every published placebo figure of the trials beside its prediction."""
    found = [
        Predicted(name, log_hazard(figure), figure, *read_with_error(readings(figure), arms[name]))
        for name, trial in trials.items()
        for figure in trial.figures
    ]
    return with_rivals(with_misses(found))


def with_misses(found: Sequence[Predicted]) -> tuple[Predicted, ...]:
    """The same, each with how far the model missed the figures of that quantity of the *other* trials."""
    return tuple(replace(one, miss=_miss([p for p in found if _other(p, one)], one.figure)) for one in found)


def misses(found: Sequence[Predicted]) -> dict[str, Discrepancy]:
    """How far the model missed all figures of each quantity, on the whole scale: for trials that are not of them."""
    return {
        quantity: miss
        for quantity in dict.fromkeys(p.figure.quantity for p in found)
        if (miss := discrepancy.of(_pairs([p for p in found if p.figure.quantity == quantity]))) is not None
    }


def _other(p: Predicted, one: Predicted) -> bool:
    return p.figure.quantity == one.figure.quantity and p.trial != one.trial


def _miss(others: Sequence[Predicted], figure: Figure) -> Discrepancy | None:
    miss = discrepancy.of(_pairs(others))
    return None if miss is None else miss.times(scale_of(figure))


def _pairs(some: Sequence[Predicted]) -> list[tuple[float, float, float]]:
    """Published and simulated figures with the standard error of their difference, on the whole scale."""
    return [
        (
            p.figure.value / scale_of(p.figure),
            p.simulated / scale_of(p.figure),
            math.hypot(p.figure.standard_error, p.monte_carlo) / scale_of(p.figure),
        )
        for p in some
    ]


def with_rivals(found: Sequence[Predicted]) -> tuple[Predicted, ...]:
    """The same with the rivals: the random-effects mean of the *other* figures of the quantity, and one constant.

    The constant of decline is that of another meta-analysis; those of other quantities are the mean and SD of all the
    figures of the board, so that this rival knows the answers.
    """
    out = []
    for one in found:
        same = [p for p in found if p.figure.quantity == one.figure.quantity]
        if len(same) < FEWEST:
            out.append(one)
            continue
        scale = scale_of(one.figure)
        values = np.array([p.figure.value / scale_of(p.figure) for p in same])
        errors = np.array([p.figure.standard_error / scale_of(p.figure) for p in same])
        others = np.array([p.trial != one.trial for p in same])
        mean, error, between = meta_analysis(values[others], errors[others])
        if one.figure.quantity == "decline":
            constant, spread = CONSTANT_MEAN, CONSTANT_SPREAD
        else:
            constant, spread = float(values.mean()), float(values.std(ddof=1))
        own = one.figure.standard_error
        out.append(
            replace(
                one,
                meta=Mixture.of(scale * mean, math.hypot(scale * math.hypot(error, between), own)),
                constant=Mixture.of(scale * constant, math.hypot(scale * spread, own)),
                unit=scale * float(values.std(ddof=1)) or 1.0,
            )
        )
    return tuple(out)


def scale_of(figure: Figure) -> float:
    """Of a figure's unit: its part of that of the whole ALSFRS-R."""
    return SHARE_OF_40 if figure.quantity == "decline" and figure.estimand == "slope40" else 1.0


def main_figures(found: Sequence[Predicted]) -> tuple[Predicted, ...]:
    """One figure for each trial: decline, else survival, else vital capacity."""
    out = []
    for name in dict.fromkeys(p.trial for p in found):
        of = {p.figure.quantity: p for p in reversed(found) if p.trial == name}
        out += [of[quantity] for quantity in MAIN if quantity in of][:1]
    return tuple(out)


def totals(found: Sequence[Predicted]) -> Totals:
    """Counts and mean scores of those figures for which both rivals exist."""
    scored = [p for p in found if p.meta is not None]

    def mean(scores: list[float]) -> float:
        known = [score for score in scores if math.isfinite(score)]
        return float(np.mean(known)) if known else math.nan

    return Totals(
        inside=sum(p.inside for p in found),
        inside_model_alone=sum(p.inside_alone for p in found),
        total=len(found),
        crps=mean([p.score(p.model) for p in scored]),
        crps_meta=mean([p.score(p.meta) for p in scored]),
        crps_constant=mean([p.score(p.constant) for p in scored]),
        crps_model_alone=mean([p.score(p.alone) for p in scored]),
        missing=sum(not p.model.known for p in found),
    )
