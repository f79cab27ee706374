"""How analyses of function and survival rank, by where treatment acts: Healy and Schoenfeld (Muscle Nerve 46:501, 2012).

Their abstract: "When the treatment acted solely on the change in ALSFRS, the shared parameter model provided the most
power, although all of the models based on random effects were similar. As the effect on survival increased, rank-based
analysis showed potential gains in power. Survival analysis was superior under a small effect on ALSFRS and a larger
effect on mortality." The scenarios and where their numbers are from stand in ``benchmarks/type_one_error.py``.

Rule, fixed before the run that it judges. Analyses are ranked by the mean normal score of their p values (power grows
with it), on the same trials; "ahead" is by three paired Monte-Carlo errors; of two scenarios, by three of both.

1. Function only: both random-effects models (joint, mixed) are ahead of the last value carried forward, of the rank
   test and of survival, and differ from each other by less than a quarter (of a score: some 8 points of power at most).
2. Function only: the joint model is ahead of the mixed model.
3. The rank test's score less the joint model's grows from function only to both, and again to survival above all; with
   both it is ahead of the mixed model's.
4. Survival above all: survival is ahead of all.
"""

from __future__ import annotations

import sys
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from type_one_error import POWER, Scenario, scores

JOINT, MIXED, CARRIED, RANK, SURVIVAL = ENDPOINTS = (
    "alsfrs_r_joint_slope", "alsfrs_r_slope", "alsfrs_r_change_locf", "joint_rank", "survival",
)  # fmt: skip
TRIALS = 150
SIMILAR = 0.25
AS_IT_WAS, FOLLOWS, BOTH, ABOVE_ALL = POWER

Found = dict[str, dict[str, np.ndarray]]  # scenario -> endpoint -> (trials,)


@pytest.fixture(scope="module")
def found() -> Found:
    return {scenario.name: scores(scenario, TRIALS, 1, ENDPOINTS) for scenario in POWER}


def lead(found: Found, scenario: Scenario, first: str, second: str) -> tuple[float, float]:
    """Mean of the paired differences, and its error."""
    apart = found[scenario.name][first] - found[scenario.name][second]
    return float(apart.mean()), float(apart.std(ddof=1) / len(apart) ** 0.5)


def ahead(found: Found, scenario: Scenario, first: str, second: str) -> bool:
    mean, error = lead(found, scenario, first, second)
    return mean > 3 * error


def grows(found: Found, before: Scenario, after: Scenario) -> bool:
    (low, low_error), (high, high_error) = (lead(found, one, RANK, JOINT) for one in (before, after))
    return high - low > 3 * np.hypot(low_error, high_error)


def broken(found: Found, function_only: Scenario) -> list[str]:
    """What of rules 1, 3 and 4 does not hold."""
    holds = {
        f"{model} ahead of {other}": ahead(found, function_only, model, other)
        for model in (JOINT, MIXED)
        for other in (CARRIED, RANK, SURVIVAL)
    }
    holds["random effects similar"] = abs(lead(found, function_only, JOINT, MIXED)[0]) < SIMILAR
    holds["ranks gain by an effect on survival"] = grows(found, function_only, BOTH)
    holds["ranks gain more by a larger one"] = grows(found, BOTH, ABOVE_ALL)
    holds["ranks ahead of the mixed model"] = ahead(found, BOTH, RANK, MIXED)
    for other in (JOINT, MIXED, CARRIED, RANK):
        holds[f"survival ahead of {other}"] = ahead(found, ABOVE_ALL, SURVIVAL, other)
    return [name for name, held in holds.items() if not held]


@pytest.mark.parametrize("function_only", [AS_IT_WAS, FOLLOWS], ids=lambda scenario: scenario.name)
def test_the_orderings_hold(found: Found, function_only: Scenario) -> None:
    assert broken(found, function_only) == []


@pytest.mark.parametrize("function_only", [AS_IT_WAS, FOLLOWS], ids=lambda scenario: scenario.name)
def test_the_joint_model_is_ahead_where_function_alone_changes(found: Found, function_only: Scenario) -> None:
    assert ahead(found, function_only, JOINT, MIXED), lead(found, function_only, JOINT, MIXED)


def test_any_other_ranking_breaks_the_rule(found: Found) -> None:
    """Names dealt anew among the same scores: none of the 119 other rankings passes."""
    for names in permutations(ENDPOINTS):
        if names == ENDPOINTS:
            continue
        dealt = {
            scenario: {name: each[old] for name, old in zip(names, ENDPOINTS, strict=True)}
            for scenario, each in found.items()
        }
        assert broken(dealt, FOLLOWS) or not ahead(dealt, FOLLOWS, JOINT, MIXED), names
