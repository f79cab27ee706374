"""How analyses of function and survival rank, by where treatment acts, as Healy and Schoenfeld (2012) found.

Their abstract (Muscle Nerve 46:501): "When the treatment acted solely on the change in ALSFRS, the shared parameter
model provided the most power, although all of the models based on random effects were similar. As the effect on
survival increased, rank-based analysis showed potential gains in power. Survival analysis was superior under a small
effect on ALSFRS and a larger effect on mortality." The scenarios and where their numbers are from stand in
``benchmarks/type_one_error.py``.

Rule. Analyses are ranked by the mean normal score of their p values (power grows with it), on the same trials;
"ahead" is by three paired Monte-Carlo errors; of two scenarios, by three of both.

1. Function only: both random-effects models (joint, mixed) are ahead of the last value carried forward, of the rank
   test and of survival, and differ from each other by less than a quarter (of a score: some 8 points of power at most).
2. Function only: the joint model is ahead of the mixed model.
3. The rank test's score less the joint model's grows from function only to both, and again to survival above all; with
   both it is ahead of the mixed model's.
4. Survival above all: survival is ahead of all.

The rule was fixed before a first run of 150 trials, in which 2 was not resolved; 4,000 then showed the joint model 1.7
points of power ahead where death follows function (0.052 of a score, SD 0.22 in a trial: hence 400 trials below), and
2.3 behind where death stays as it was although function improves. That reading is an expected failure of 2; in it the
last value carried forward is asked of the benchmark alone (0.1 behind, SD 0.6). Not theirs: where survival changes the
joint model is ahead of the mixed model.
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
MANY = 400  # for the two that are similar
SEED = 2  # not that of the first run
SIMILAR = 0.25
FUNCTION, BOTH, ABOVE_ALL, AS_IT_WAS = POWER

Found = dict[str, dict[str, np.ndarray]]  # scenario -> endpoint -> (trials,)


@pytest.fixture(scope="module")
def found() -> Found:
    return {scenario.name: scores(scenario, TRIALS, SEED, ENDPOINTS) for scenario in POWER}


def lead(each: dict[str, np.ndarray], first: str, second: str) -> tuple[float, float]:
    """Mean of the paired differences, and its error."""
    apart = each[first] - each[second]
    return float(apart.mean()), float(apart.std(ddof=1) / len(apart) ** 0.5)


def ahead(each: dict[str, np.ndarray], first: str, second: str) -> bool:
    mean, error = lead(each, first, second)
    return mean > 3 * error


def grows(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> bool:
    (low, low_error), (high, high_error) = (lead(one, RANK, JOINT) for one in (before, after))
    return high - low > 3 * float(np.hypot(low_error, high_error))


def broken(found: Found, function_only: Scenario) -> list[str]:
    """What of 1, 3 and 4 does not hold."""
    function, both, survival = (found[one.name] for one in (function_only, BOTH, ABOVE_ALL))
    holds = {
        f"{model} ahead of {other}": ahead(function, model, other)
        for model in (JOINT, MIXED)
        for other in (CARRIED, RANK, SURVIVAL)
        if other != CARRIED or function_only is FUNCTION
    }
    holds["random effects similar"] = abs(lead(function, JOINT, MIXED)[0]) < SIMILAR
    holds["ranks gain by an effect on survival"] = grows(function, both)
    holds["ranks gain more by a larger one"] = grows(both, survival)
    holds["ranks ahead of the mixed model"] = ahead(both, RANK, MIXED)
    for other in (JOINT, MIXED, CARRIED, RANK):
        holds[f"survival ahead of {other}"] = ahead(survival, SURVIVAL, other)
    return [name for name, held in holds.items() if not held]


@pytest.mark.parametrize("function_only", [FUNCTION, AS_IT_WAS], ids=lambda scenario: scenario.name)
def test_the_orderings_hold(found: Found, function_only: Scenario) -> None:
    assert broken(found, function_only) == []


def test_the_joint_model_is_ahead_where_function_alone_changes() -> None:
    each = scores(FUNCTION, MANY, SEED, (JOINT, MIXED))
    assert ahead(each, JOINT, MIXED), lead(each, JOINT, MIXED)


@pytest.mark.xfail(
    strict=True,
    reason="the joint model lets treatment act on death, and gains nothing from death being the same in both arms, "
    "which is what makes the mixed model's bias cancel",
)
def test_the_joint_model_is_ahead_where_death_stays_as_it_was(found: Found) -> None:
    assert ahead(found[AS_IT_WAS.name], JOINT, MIXED)


def test_the_joint_model_is_ahead_of_the_mixed_model_where_survival_changes(found: Found) -> None:
    assert ahead(found[BOTH.name], JOINT, MIXED)
    assert ahead(found[ABOVE_ALL.name], JOINT, MIXED)


def test_any_other_ranking_breaks_the_rule(found: Found) -> None:
    """Names dealt anew among the same scores: none of the 119 other rankings passes."""
    for names in permutations(ENDPOINTS):
        if names == ENDPOINTS:
            continue
        dealt = {
            scenario: {name: each[old] for name, old in zip(names, ENDPOINTS, strict=True)}
            for scenario, each in found.items()
        }
        assert broken(dealt, FUNCTION) or not ahead(dealt[BOTH.name], JOINT, MIXED), names
