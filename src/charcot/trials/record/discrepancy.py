"""How the model's figures of trials lie to what was published, which is part of what it predicts of another trial.

Published figures are regressed on simulated ones with the random effects of the rival ``meta``, which takes the mean of
the published figures alone: an offset, and a slope by which differences between trials are drawn together where the
model makes too much of them (the calibration of a prediction in the large and by its slope: Cox 1958, Biometrika
45:562). Nothing of it can be set by hand. A model that says the same of every trial becomes the rival, whatever it
says.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields, replace
from functools import cache
from pathlib import Path

import numpy as np

from charcot.core.errors import Problem, Problems, Where
from charcot.trials.forecast_scores import meta_analysis

FILE = Path(__file__).parent / "discrepancy.csv"  # of all past trials, written by charcot hindcast --store
FEWEST = 3  # figures of other trials; of fewer nothing is said
FEWEST_FOR_SLOPE = 5  # two numbers, and three figures more; of fewer the slope is one
ALIKE = 1e-9  # as a share of their size: the spread of simulated figures below which they are one figure
DIGITS = 6  # significant ones that are kept in the file


@dataclass(frozen=True)
class Discrepancy:
    """Of one quantity, on the scale on which it is scored: published = simulated + offset + (slope - 1) (simulated -
    centre).

    Attributes:
        offset, error: published less simulated at the centre, and its standard error.
        between: the SD between trials that their own errors do not explain.
        trials: of how many figures.
        slope, slope_error: of published on simulated figures; one without error where there are too few.
        centre: the mean of the simulated figures, with the weights of the regression.
    """

    offset: float
    error: float
    between: float
    trials: int
    slope: float = 1.0
    slope_error: float = 0.0
    centre: float = 0.0

    def predict(self, simulated: float, own: float, monte_carlo: float) -> tuple[float, float]:
        """Mean and SD of a figure that was simulated; ``own``: its standard error, ``monte_carlo``: of the simulated
        one."""
        away = simulated - self.centre
        mean = simulated + self.offset + (self.slope - 1) * away
        return mean, math.hypot(own, self.slope * monte_carlo, self.error, self.slope_error * away, self.between)

    def times(self, scale: float) -> Discrepancy:
        """The same on another scale."""
        return replace(
            self, offset=scale * self.offset, error=scale * self.error, between=scale * self.between,
            centre=scale * self.centre,
        )  # fmt: skip


def of(figures: Iterable[tuple[float, float, float]]) -> Discrepancy | None:
    """Of published and simulated figures and the standard errors of their differences; None of fewer than
    :data:`FEWEST` that are numbers."""
    known = np.array([one for one in figures if np.isfinite(one).all()])
    if len(known) < FEWEST:
        return None
    published, simulated, errors = known.T
    if len(known) < FEWEST_FOR_SLOPE or np.ptp(simulated) <= ALIKE * np.abs(simulated).max():
        return Discrepancy(*meta_analysis(published - simulated, errors), len(known))
    return _regression(published, simulated, errors)


def _regression(published: np.ndarray, simulated: np.ndarray, errors: np.ndarray) -> Discrepancy:
    """A random-effects regression by the method of moments, which is DerSimonian and Laird's without a covariate
    (Thompson and Sharp 1999, Stat Med 18:2693)."""
    design = np.column_stack([np.ones(len(published)), simulated - simulated.mean()])

    def fit(variance: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        weights = 1 / variance
        inverse = np.linalg.inv(design.T @ (weights[:, None] * design))
        line = inverse @ (design.T @ (weights * published))
        return weights, inverse, line

    weights, inverse, line = fit(errors**2)
    heterogeneity = float(weights @ (published - design @ line) ** 2)
    room = float(weights.sum() - np.trace(inverse @ (design.T @ ((weights**2)[:, None] * design))))
    between = max(0.0, (heterogeneity - (len(published) - 2)) / room)
    weights, _, line = fit(errors**2 + between)
    centre = float(np.average(simulated, weights=weights))
    level = float(line[0] + line[1] * (centre - simulated.mean()))
    slope_error = float((weights @ (simulated - centre) ** 2) ** -0.5)
    return Discrepancy(
        level - centre, float(weights.sum() ** -0.5), math.sqrt(between), len(published), float(line[1]), slope_error,
        centre,
    )  # fmt: skip


@cache
def stored() -> Mapping[str, Discrepancy]:
    """That of each quantity, of all past trials, as it was last stored."""
    return read(FILE)


def read(path: Path) -> dict[str, Discrepancy]:
    """The rows of a file; raises :class:`Problems` for one that holds no numbers."""
    out = {}
    for number, row in enumerate(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))), start=2):
        try:
            numbers = {field.name: float(row[field.name]) for field in fields(Discrepancy)}
            one = Discrepancy(**{**numbers, "trials": int(row["trials"])})  # type: ignore[arg-type]
            sound = bool(np.isfinite(astuple(one)).all()) and one.error > 0 and min(one.between, one.slope_error) >= 0
        except (KeyError, TypeError, ValueError):
            sound = False
        if not sound:
            hint = "Make the file anew by charcot hindcast --store."
            message = "a row needs quantity, offset, error above 0, between, trials, slope, slope_error and centre"
            raise Problems([Problem("bad-row", message, Where.of(path.name, number), hint)])
        out[row["quantity"]] = one
    return out


def write(found: Mapping[str, Discrepancy], path: Path = FILE) -> None:
    """One row for each quantity."""
    lines = [",".join(("quantity", *(field.name for field in fields(Discrepancy))))]
    lines += [",".join((name, *(f"{value:.{DIGITS}g}" for value in astuple(one)))) for name, one in found.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    stored.cache_clear()
