"""Looks before the end: how often a trial stops, for what, and after how many patients.

At a look with information t the first ceil(t n) patients, in the order of enrolment, have made their last visit; who
came later is not looked at. The statistic is the normal quantile of the two-sided p value of the analysis, so that
bounds are nominal levels, whatever the analysis. A trial stops for a difference where it is beyond the bound, and for
futility where the power to be expected if the trend goes on is below the protocol's share. The bounds are those
without futility, so that nobody has to heed it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from charcot.trials.analysis import analyse_data
from charcot.trials.analysis_form import Design
from charcot.trials.library.replicates import Plan, Records, trial_of
from charcot.trials.protocol import Interim
from charcot.trials.statistics import group_sequential
from charcot.trials.trial_data import TrialData


@dataclass(frozen=True)
class Rule:
    """When a trial stops.

    Attributes:
        information: (looks,) ascending to 1; ``bounds``: (looks,) of the standardised statistic.
        futility: the conditional power below which a trial stops; 0: never.
    """

    information: tuple[float, ...]
    bounds: tuple[float, ...]
    futility: float = 0.0

    @classmethod
    def of(cls, interim: Interim, alpha: float) -> Rule:
        """The rule of a protocol with a two-sided ``alpha``."""
        information = (*(share / 100 for share in interim.at), 1.0)  # shares are in percent
        found = group_sequential.bounds(interim.bounds, information, alpha / 2)
        return cls(information, tuple(float(bound) for bound in found), (interim.futility or 0.0) / 100)


@dataclass
class Stops:
    """Sums over trials: (looks,) how many stopped at each look for a difference, and for futility; at the last look the
    latter are those that found nothing. ``patients``: analysed when they stopped."""

    trials: int = 0
    difference: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    futility: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    patients: int = 0

    @classmethod
    def none(cls, looks: int) -> Stops:
        return cls(0, np.zeros(looks, dtype=np.int64), np.zeros(looks, dtype=np.int64), 0)

    def add(self, other: Stops) -> None:
        self.trials += other.trials
        self.difference = self.difference + other.difference
        self.futility = self.futility + other.futility
        self.patients += other.patients


@dataclass(frozen=True)
class LookTask:
    """Some replicates of one design with looks, to be simulated and counted by any process."""

    records: Records
    plan: Plan
    design: Design
    endpoint: str
    arm: str
    rule: Rule
    first: int
    last: int


def count_looks(task: LookTask) -> Stops:
    """Simulate and count replicates ``first`` to ``last - 1``."""
    out = Stops.none(len(task.rule.information))
    design = replace(task.design, permutations=0)
    for replicate in range(task.first, task.last):
        look, found, patients = _run(trial_of(task.records, task.plan, replicate), design, task)
        out.trials += 1
        (out.difference if found else out.futility)[look] += 1
        out.patients += patients
    return out


def _run(data: TrialData, design: Design, task: LookTask) -> tuple[int, bool, int]:
    """The look at which one trial stops, whether for a difference, and how many patients it then had."""
    rule, last = task.rule, len(task.rule.information) - 1
    for look, (time, bound) in enumerate(zip(rule.information, rule.bounds, strict=True)):
        patients = math.ceil(time * len(data) - 1e-9)
        statistic = _statistic(data.take(np.arange(patients)), design, task.endpoint, task.arm)
        if statistic >= bound:
            return look, True, patients
        if look < last and group_sequential.conditional_power(statistic, time, rule.bounds[-1]) < rule.futility:
            return look, False, patients
    return last, False, len(data)


def _statistic(data: TrialData, design: Design, endpoint: str, arm: str) -> float:
    """The absolute standardised statistic of a contrast; 0 where an analysis of so few gives none."""
    from scipy.special import ndtri

    p_values: Sequence[float] = [
        row["p_value"] for row in analyse_data(data, design, (endpoint,)) if row["reference"] and row["arm"] == arm
    ]
    p = p_values[0] if p_values else math.nan
    return float(-ndtri(max(p, 1e-300) / 2)) if math.isfinite(p) else 0.0
