"""What simulated trials add up to: sums that grow with neither the number of trials nor their size.

Ratios are taken as logarithms. Of an estimate that grows with the number of patients (a difference of ranks) the value
that is aimed at is that of a trial of the same size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from charcot.trials.analysis import analyse_data
from charcot.trials.analysis_form import Design
from charcot.trials.estimands import ESTIMANDS
from charcot.trials.library.replicates import Plan, Records, everybody, trial_of

Contrast = tuple[str, str]  # endpoint, arm
GROUP = 500  # twins: of an estimate from so many in each arm what is left of bias in small samples is small
FEWEST_GROUPS = 8  # from which an error is told


@dataclass
class Tally:
    """Sums over trials of one contrast.

    Attributes:
        trials, estimated: all, and those with a number; ``significant``, ``twin_significant``: with p at most alpha, of
            the analysis and of its permutation twin; ``twins``: with a twin at all.
        covered: whose interval holds the value aimed at.
        deviation, squares: sums of what the estimates differ from that value, and of its squares.
        variance: sum of squared standard errors; ``with_error``: how many there were.
    """

    trials: int = 0
    estimated: int = 0
    significant: int = 0
    twins: int = 0
    twin_significant: int = 0
    covered: int = 0
    with_error: int = 0
    deviation: float = 0.0
    squares: float = 0.0
    variance: float = 0.0

    def add(self, other: Tally) -> None:
        for entry in fields(self):
            setattr(self, entry.name, getattr(self, entry.name) + getattr(other, entry.name))

    def note(self, row: Mapping[str, Any], alpha: float, aim: float, ratio: bool) -> None:
        """Count one trial's row of the contrast."""
        self.trials += 1
        self.significant += bool(row["p_value"] <= alpha)
        self.twins += bool(np.isfinite(row["permutation_p"]))
        self.twin_significant += bool(row["permutation_p"] <= alpha)
        estimate = scaled(row["estimate"], ratio)
        if not math.isfinite(estimate):
            return
        self.estimated += 1
        self.deviation += estimate - aim
        self.squares += (estimate - aim) ** 2
        self.covered += bool(scaled(row["lower"], ratio) <= aim <= scaled(row["upper"], ratio))
        if math.isfinite(row["standard_error"]):
            self.with_error += 1
            self.variance += row["standard_error"] ** 2

    @property
    def mean(self) -> float:
        """Of the deviations."""
        return self.deviation / self.estimated if self.estimated else math.nan

    @property
    def sd(self) -> float:
        """Of the estimates between trials."""
        if self.estimated < 2:
            return math.nan
        return math.sqrt(max(0.0, self.squares - self.estimated * self.mean**2) / (self.estimated - 1))


def scaled(value: float, ratio: bool) -> float:
    """A value on the scale on which estimates add up; NaN where there is none."""
    if not ratio:
        return float(value)
    if value > 0:
        return math.log(value)  # infinite of an infinite ratio
    return -math.inf if value == 0 else math.nan


@dataclass(frozen=True)
class Aim:
    """The value that a contrast aims at: that of a very large trial, on the scale of :func:`scaled`.

    Attributes:
        error: its Monte-Carlo standard error, from groups of the library; NaN where there is one group only.
        size: patients of the trials it was read from.
    """

    value: float
    error: float
    size: int

    def at(self, endpoint: str, size: int) -> float:
        """The value in trials of ``size`` patients."""
        return self.value * self._factor(endpoint, size)

    def error_at(self, endpoint: str, size: int) -> float:
        return self.error * self._factor(endpoint, size)

    def _factor(self, endpoint: str, size: int) -> float:
        return size / self.size if ESTIMANDS[endpoint].computed_by.grows_with_patients else 1.0


def ratio(endpoint: str) -> bool:
    return ESTIMANDS[endpoint].null == 1


def null_aim(endpoint: str) -> Aim:
    """The value of a contrast where nothing is done to anybody."""
    return Aim(scaled(ESTIMANDS[endpoint].null, ratio(endpoint)), 0.0, 1)


def aims(records: Records, plan: Plan, design: Design, endpoints: Sequence[str]) -> dict[Contrast, Aim]:
    """The large-sample value of each contrast: every twin of the library in every arm, in groups of about
    :data:`GROUP`, of which the mean is taken; its error from the spread of groups, of which there are
    :data:`FEWEST_GROUPS` at least."""
    quiet = replace(design, permutations=0)
    groups = max(1, len(records) // GROUP)
    values, size = _by_group(records, plan, quiet, endpoints, groups)
    spread = values
    if groups < FEWEST_GROUPS:
        spread, _ = _by_group(records, plan, quiet, endpoints, FEWEST_GROUPS)
    found = {}
    for key, each in values.items():
        others = np.array(spread[key])
        others = others[np.isfinite(others)]
        error = float(others.std(ddof=1)) / math.sqrt(len(others)) if len(others) > 1 else math.nan
        found[key] = Aim(float(np.mean(each)), error, size)
    return found


def _by_group(
    records: Records, plan: Plan, design: Design, endpoints: Sequence[str], groups: int
) -> tuple[dict[Contrast, list[float]], int]:
    """The estimates from each group of twins, and how many patients are in a group's trial."""
    found: dict[Contrast, list[float]] = {}
    size = 0
    for number in range(groups):
        data = everybody(records, plan, np.arange(number, len(records), groups))
        size += len(data)
        for row in analyse_data(data, design, endpoints):
            if row["reference"]:
                value = scaled(row["estimate"], ratio(row["estimand"]))
                found.setdefault((row["estimand"], row["arm"]), []).append(value)
    return found, size // groups


@dataclass(frozen=True)
class Task:
    """Some replicates of one design, to be simulated and counted by any process."""

    records: Records
    plan: Plan
    design: Design
    endpoints: tuple[str, ...]
    aims: Mapping[Contrast, Aim]
    first: int
    last: int


def count(task: Task) -> dict[Contrast, Tally]:
    """Simulate, analyse and count replicates ``first`` to ``last - 1``."""
    tallies = {key: Tally() for key in task.aims}
    targets = {key: aim.at(key[0], task.plan.size) for key, aim in task.aims.items()}
    for replicate in range(task.first, task.last):
        data = trial_of(task.records, task.plan, replicate)
        for row in analyse_data(data, task.design, task.endpoints, replicate):
            key = (row["estimand"], row["arm"])
            if row["reference"]:
                tallies[key].note(row, task.design.alpha, targets[key], ratio(key[0]))
    return tallies


@dataclass(frozen=True)
class Share:
    """A share of trials with its Monte-Carlo standard error, sqrt(p (1 - p) / trials) and, where given, the library's
    own part, and Wilson's 95 % interval. Where p is 0 or 1, half a trial more of the other kind is counted in the
    error."""

    value: float
    error: float
    lower: float
    upper: float

    @classmethod
    def of(cls, hits: int, trials: int, beside: float = 0.0) -> Share:
        """``beside``: a further standard error of the share, of what all trials have in common."""
        if not trials:
            return cls(*[math.nan] * 4)
        z = 1.959963984540054  # 97.5 % point of the normal distribution
        p = hits / trials
        middle = (p + z**2 / (2 * trials)) / (1 + z**2 / trials)
        half = z / (1 + z**2 / trials) * math.sqrt(p * (1 - p) / trials + z**2 / (4 * trials**2))
        half = math.hypot(half, z * beside)
        known = p if 0 < p < 1 else (hits + 0.5) / (trials + 1)  # none and all are not known without error either
        error = math.hypot(math.sqrt(known * (1 - known) / trials), beside)
        return cls(p, error, max(0.0, middle - half), min(1.0, middle + half))
