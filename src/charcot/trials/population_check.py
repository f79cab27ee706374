"""The check of a population: every target beside the same figure of simulated patients, hit or missed.

``simulate`` makes the people, ``score`` holds any people against the targets, so that a changed model, a constant
patient or an ensemble are judged by the same function.
"""

from __future__ import annotations

import csv
import functools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from charcot.core.errors import Problem, Where, raise_if_any
from charcot.core.identifiers import did_you_mean
from charcot.patients import load_population, population_names, population_readings, targets
from charcot.patients.assumptions import Assumed
from charcot.patients.people import Store, simulate_people
from charcot.patients.targets import Target
from charcot.trials import forecast_scores, placebo_arms
from charcot.trials.entry_rules import assumed, load_rules, rules_hash
from charcot.trials.forecast_scores import Prediction, Scores
from charcot.trials.placebo_arms import Arm, arm_of
from charcot.trials.world import real_world

MISSES = Path(__file__).parent / "population_misses.csv"
EVERY_SET = "every set"
PLACEBO_DECLINE = ": placebo decline"  # how the names of these targets end
PATIENTS, SEED = 2000, 11
MAIN = "incident"
SHARES = {"sod1": 0.2}  # of the patients of the main population, how many are simulated of another; others a tenth
FEWEST = 100
GROUPS = 10  # of a jackknife
LEAST = {"calibration": 0.90, "validation": 0.75, "conditional": 0.70}  # shares inside below which the check fails


@dataclass(frozen=True)
class Reason:
    """Why a target is missed: what the command ``measured_by`` shows; without one a guess, which says so."""

    why: str
    measured_by: str


@dataclass(frozen=True)
class Verdict:
    """One target with its simulated figure.

    Attributes:
        monte_carlo: the standard error of the simulated figure.
        patients: of how many patients it is.
    """

    target: Target
    simulated: float
    monte_carlo: float
    patients: int

    @property
    def inside(self) -> bool:
        return self.target.holds(self.simulated, self.monte_carlo)


@dataclass(frozen=True)
class Checked:
    """All verdicts.

    Attributes:
        arms: the placebo arms by the name of their rules.
        concordance: Harrell's c of the ENCALS score among incident patients (published: 0.78).
        patients, seed, failed: how many were drawn of the main population, and how many of all failed.
    """

    verdicts: tuple[Verdict, ...]
    arms: Mapping[str, Arm]
    concordance: float
    patients: int
    seed: int
    failed: int

    def counts(self) -> dict[str, dict[str, int]]:
        """``{inside, total}`` of the calibration and the validation targets, and of the conditional ones of either."""
        of = {
            "calibration": [v for v in self.verdicts if v.target.kind == "calibration"],
            "validation": [v for v in self.verdicts if v.target.kind == "validation"],
            "conditional": [v for v in self.verdicts if v.target.conditional],
        }
        return {name: {"inside": sum(v.inside for v in group), "total": len(group)} for name, group in of.items()}

    @property
    def predictions(self) -> tuple[Prediction, ...]:
        """The decline of each published placebo arm as it was predicted."""
        return tuple(
            Prediction(
                v.target.rules,
                v.target.value,
                v.target.error,
                v.simulated,
                v.monte_carlo,
                v.target.between,
                10 / 12 if v.target.arguments["estimand"] == "slope40" else 1.0,
            )
            for v in self.verdicts
            if v.target.name.endswith(PLACEBO_DECLINE)
        )

    @property
    def placebo(self) -> Scores:
        """How well the placebo arms were predicted."""
        return forecast_scores.score(self.predictions)

    @property
    def passed(self) -> bool:
        """Whether enough are inside of each group."""
        counts = self.counts()
        return all(counts[name]["inside"] >= share * counts[name]["total"] for name, share in LEAST.items())


def hashes() -> dict[str, str]:
    """The state of the frozen targets and of the entry rules."""
    return {"targets": targets.frozen_hash(), "entry_rules": rules_hash()}


def check(
    patients: int = PATIENTS,
    seed: int = SEED,
    under: Assumed | None = None,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
    with_errors: bool = True,
) -> Checked:
    """Simulate the populations and score them; ``with_errors``: Monte-Carlo errors too, which take most of the time of
    scoring few patients (zero without)."""
    problems = target_problems()
    raise_if_any(problems, "the targets of populations are not sound")
    return score(simulate(patients, seed, under, workers, progress), patients, seed, with_errors)


def sizes(patients: int) -> dict[str, int]:
    """How many patients of each population are simulated (twice each: untreated and with riluzole)."""
    others = sorted({target.population for target in targets.load()} - {MAIN})
    return {MAIN: patients, **{name: max(FEWEST, round(SHARES.get(name, 0.1) * patients)) for name in others}}


def simulate(
    patients: int,
    seed: int,
    under: Assumed | None = None,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Store]:
    """The people of each population."""
    return {
        name: simulate_people(load_population(name), size, seed, under, workers, progress)
        for name, size in sizes(patients).items()
    }


def score(stores: Mapping[str, Store], patients: int = PATIENTS, seed: int = SEED, with_errors: bool = True) -> Checked:
    """Hold simulated people against every target."""
    world = real_world()
    riluzole = assumed()["register_riluzole_percent"] / 100
    columns = {
        name: population_readings.record(store.on(riluzole if name == MAIN else 0.0)) for name, store in stores.items()
    }
    arms = {name: arm_of(rules, stores[rules.cohort].on(rules.riluzole), world) for name, rules in load_rules().items()}
    groups = GROUPS if with_errors else 0
    verdicts = tuple(_verdict(target, columns, arms, groups) for target in targets.load())
    failed = sum(int(store.failed.sum()) for store in stores.values())
    concordance = _quietly(population_readings.encals_concordance, columns[MAIN])
    return Checked(verdicts, arms, concordance, patients, seed, failed)


def _verdict(
    target: Target, columns: Mapping[str, Mapping[str, np.ndarray]], arms: Mapping[str, Arm], groups: int
) -> Verdict:
    """The figure, and its standard error by leaving out each tenth of the people."""
    if target.rules == EVERY_SET:
        counted = {name: arms[name] for name, rules in load_rules().items() if rules.ruled}
        read = functools.partial(placebo_arms.OVER_ALL[target.reading], **target.arguments)
        parts: Iterator[Any] = ({name: arm.without(group) for name, arm in counted.items()} for group in range(groups))
        return Verdict(target, _quietly(read, counted), _jackknife(read, parts), sum(map(len, counted.values())))
    if target.rules:
        arm = arms[target.rules]
        read = functools.partial(placebo_arms.READINGS[target.reading], **target.arguments)
        parts = (arm.without(group) for group in range(groups))
        return Verdict(target, _quietly(read, arm), _jackknife(read, parts), len(arm))
    mine = columns[target.population]
    read = functools.partial(population_readings.READINGS[target.reading], **target.arguments)
    parts = (_without(mine, group) for group in range(groups))
    return Verdict(target, _quietly(read, mine), _jackknife(read, parts), len(mine["group"]))


def _without(columns: Mapping[str, np.ndarray], group: int) -> dict[str, np.ndarray]:
    stay = columns["group"] != group
    return {name: column[stay] for name, column in columns.items()}


def _quietly(read: Callable[[Any], float], people: Any) -> float:
    """A figure; NaN where these people do not give one."""
    with np.errstate(invalid="ignore", divide="ignore"):
        try:
            return float(read(people))
        except (ValueError, ZeroDivisionError, np.linalg.LinAlgError):
            return math.nan


def _jackknife(read: Callable[[Any], float], parts: Iterator[Any]) -> float:
    """The standard error by the delete-a-group jackknife; zero without parts."""
    found = np.array([_quietly(read, part) for part in parts])
    return float(np.sqrt((len(found) - 1) * np.mean((found - found.mean()) ** 2))) if len(found) else 0.0


@functools.cache
def why_missed() -> dict[str, Reason]:
    """For each target that the shipped model misses, why."""
    with MISSES.open(newline="", encoding="utf-8") as handle:
        return {row["target"]: Reason(row["why"], row["measured_by"]) for row in csv.DictReader(handle)}


def reason_of(target: str) -> Reason:
    """Why a target is missed, also where nobody has looked."""
    return why_missed().get(target, Reason("not looked into yet", ""))


def target_problems() -> list[Problem]:
    """Targets that cannot be read, of which population or rules do not exist, and misses of none; with its line."""
    known, sets, found = targets.load(), load_rules(), []
    names = [target.name for target in known]
    for line, name in enumerate(why_missed(), 2):
        if name not in names:
            message = f"no target is called {name!r}"
            found.append(Problem("unknown-target", message, Where.of(MISSES.name, line), did_you_mean(name, names)))
    for target in known:
        if target.population not in population_names():
            message = f"{target.name}: no population is called {target.population!r}"
            hint = did_you_mean(target.population, population_names())
            found.append(Problem("unknown-population", message, target.where, hint))
        if target.rules and target.rules not in (*sets, EVERY_SET):
            message = f"{target.name}: no set of entry rules is called {target.rules!r}"
            found.append(Problem("unknown-rules", message, target.where, did_you_mean(target.rules, sets)))
    return [
        *found,
        *targets.unreadable(tuple(t for t in known if not t.rules), population_readings.READINGS),
        *targets.unreadable(tuple(t for t in known if t.rules == EVERY_SET), placebo_arms.OVER_ALL),
        *targets.unreadable(tuple(t for t in known if t.rules not in ("", EVERY_SET)), placebo_arms.READINGS),
    ]
