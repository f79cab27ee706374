"""Why a trial failed: the share of each cause in the power that it lacked, by simulated counterfactuals.

Six things can be mended, each alone or together with others: the target, the dose, the start, the patients, the number
of patients, the endpoint (``choices.yaml`` says how). Every combination gives the trial a power; what the trial lacked
against the one in which all is mended is split between the six by their Shapley values: the mean, over all orders of
mending, of what one adds when its turn comes (Shapley 1953). The shares sum to the whole and may be negative.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from charcot.patients.people import Store
from charcot.trials.entry_rules import EntryRules, load_rules
from charcot.trials.placebo_arms import Arm, arm_of
from charcot.trials.quantities import DAYS
from charcot.trials.record import effects, files
from charcot.trials.record.effects import Precision
from charcot.trials.record.files import Given, Measure, Trial
from charcot.trials.record.twins import Chosen, Twins
from charcot.trials.world import real_world

FACTORS = ("target", "dose", "start", "patients", "power", "endpoint")
SIMULATED = FACTORS[:4]  # the others are computed from the same people
ENDPOINTS: tuple[Measure, ...] = ("slope", "survival", "vital_capacity", "joint_rank")
Mended = frozenset[str]


@dataclass(frozen=True)
class Cause:
    """Why one trial failed.

    Attributes:
        power: of the trial as it was run; ``mended``: with all six mended.
        shares: by factor, in power; they sum to ``mended`` less ``power``.
        people: of how many twins.
    """

    trial: str
    power: float
    mended: float
    shares: Mapping[str, float]
    people: int

    @property
    def first(self) -> str:
        """The factor with the largest share; nothing where there was too little to simulate."""
        return max(self.shares, key=lambda name: self.shares[name]) if self.people else ""


def shapley(value: Callable[[Mended], float], factors: tuple[str, ...]) -> dict[str, float]:
    """The Shapley values of a game of which ``value`` is what a coalition reaches."""
    n = len(factors)
    known = {
        frozenset(some): value(frozenset(some))
        for size in range(n + 1)
        for some in itertools.combinations(factors, size)
    }
    out = {}
    for one in factors:
        without = [some for some in known if one not in some]
        weights = [math.factorial(len(s)) * math.factorial(n - len(s) - 1) / math.factorial(n) for s in without]
        out[one] = float(sum(w * (known[s | {one}] - known[s]) for w, s in zip(weights, without, strict=True)))
    return out


class Causes:
    """Splits trials of one board, which share their twins and the people whom the mended rules let in."""

    def __init__(self, twins: Twins, stores: Mapping[str, Store], seed: int) -> None:
        self.twins, self.stores, self.seed = twins, stores, seed
        self._arms: dict[tuple[str, str, float], Arm] = {}

    def of(self, trial: Trial, arm: Arm) -> Cause:
        """The split for one trial that failed."""
        chosen, cohort = files.choices(), trial.rules.cohort
        other = self._other_people(trial.rules)
        few = {
            mended: effects.chosen_of(cohort, some, chosen.twins_of_draws, self.seed)
            for mended, some in ((False, arm), (True, other))
        }
        people = min(len(some) for some in few.values())
        if people < effects.GROUPS:
            return Cause(trial.name, math.nan, math.nan, dict.fromkeys(FACTORS, math.nan), 0)
        simulated: dict[Mended, tuple[dict[Measure, float], Precision]] = {}

        def shown(mended: Mended) -> tuple[dict[Measure, float], Precision]:
            """Each measure of a combination of what has to be simulated, and the precision of its arms."""
            if mended not in simulated:
                both = self._pair(trial, few["patients" in mended], mended)
                measures = {name: effects.MEASURES[name](both) for name in ENDPOINTS}
                simulated[mended] = measures, effects.precision_of(trial, other if "patients" in mended else arm, both)
            return simulated[mended]

        def value(mended: Mended) -> float:
            measures, precision = shown(mended & frozenset(SIMULATED))
            if "power" in mended:
                precision = precision.more(chosen.power_factor)
            powers = {name: effects.power(name, measures[name], precision) for name in ENDPOINTS}
            return max(powers.values()) if "endpoint" in mended else powers[_endpoint(trial)]

        with np.errstate(invalid="ignore", divide="ignore"):
            shares = shapley(value, FACTORS)
            return Cause(trial.name, value(frozenset()), value(frozenset(FACTORS)), shares, people)

    def _pair(self, trial: Trial, people: Chosen, mended: Mended) -> effects.Pair:
        """The people of a combination with and without its treatment."""
        chosen, cohort = files.choices(), trial.rules.cohort
        if "start" in mended:
            people = _early(people, self.stores[cohort])
        given = trial.content.treatments
        if "target" in mended:
            given = (Given(product=chosen.target_products[cohort]),)
        dosing = effects.dosing_of(given, chosen.dose_factor if "dose" in mended else 1.0)
        return effects.pair(self.twins, people, dosing, effects.visits_of(trial), self.seed)

    def _other_people(self, mine: EntryRules) -> Arm:
        """Those of the same population whom the chosen rules let in."""
        rules = files.with_genotype(load_rules()[files.choices().patients_rules], mine)
        key = (rules.cohort, rules.genotype, rules.riluzole)
        if key not in self._arms:
            self._arms[key] = arm_of(rules, self.stores[rules.cohort].on(rules.riluzole), real_world())
        return self._arms[key]


def _endpoint(trial: Trial) -> Measure:
    return trial.content.primary if trial.content.primary in ENDPOINTS else "slope"


def _early(people: Chosen, store: Store) -> Chosen:
    """The same people, met soon after their first symptom, or when they were met if that was sooner."""
    days = DAYS.read(files.choices().start_after_onset)
    return Chosen(people.cohort, people.rows, people.layer, np.minimum(people.origin, store.onset[people.rows] + days))
