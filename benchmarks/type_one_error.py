"""How often each analysis finds an effect where there is none, and how they rank where there is one.

    python benchmarks/type_one_error.py --trials 10000          # type I error, and time of each analysis
    python benchmarks/type_one_error.py --power --trials 1000   # orderings of Healy and Schoenfeld (2012)

Trials are drawn from a simple generator, not from the disease: a random intercept and slope for each patient, noise
and whole points at each visit, deaths whose hazard rises with the patient's own decline, and withdrawal. Power is
compared on the same trials, and errors of differences are paired. Every analysis
that a protocol can name is asked, with its permutation twin. The share found is given with its Monte-Carlo error; an
analysis that gave no number counts as one that found nothing, and how often that was is shown.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from charcot.core.random import stream
from charcot.core.units import DAYS_PER_MONTH
from charcot.trials.analysis import Twins, analyse_data
from charcot.trials.analysis_form import Design
from charcot.trials.estimands import ESTIMANDS
from charcot.trials.trial_data import TrialData

ALPHA = 0.05
LEVEL = (0.044, 0.056)  # a type I error within it counts as nominal
CHUNK = 50


@dataclass(frozen=True)
class Scenario:
    """A trial of two arms.

    Attributes:
        patients: of each arm; ``months``: between visits, and how many visits after baseline.
        start: score at baseline, mean and SD; ``noise``: SD within patients, points.
        slope: points a month, mean and SD between patients; ``slowing``: the share of the mean that treatment takes
            away from everybody's slope.
        hazard: of death, a month, for a patient of mean slope; log hazard per SD of slope; hazard ratio of treatment.
        follows: the slope that the hazard depends on: ``own``, untreated, or ``treated``, what treatment leaves of it.
        leaves: hazard of withdrawal, a month.
    """

    name: str
    patients: int = 150
    months: float = 2.0
    visits: int = 6
    start: tuple[float, float] = (38.0, 5.0)
    noise: float = 1.5
    slope: tuple[float, float] = (-1.1, 0.7)
    slowing: float = 0.0
    hazard: float = 0.02
    steepness: float = 0.6
    hazard_ratio: float = 1.0
    follows: Literal["own", "treated"] = "own"
    leaves: float = 0.012


NULL = Scenario("no effect")
# Healy and Schoenfeld (Muscle Nerve 46:501, 2012) drew scores and times of death from estimates of a trial that their
# abstract does not name; no more of their paper was to be had. Here: slopes and their spread, scatter, patients and
# those who completed from the topiramate trial (Cudkowicz 2003: 296 patients, 12 months, -0.925 points a month, mixed
# model SDs 0.68 and 1.6, 162 of 298 completed), baseline score from AB10015's placebo arm (38.1, SD 5.5), hazard of
# death from ceftriaxone's (2.4 in 100 patient-months), log hazard by slope from Elamin 2015 (2.8 for a point a month).
# Free: equal arms, visits every other month, and the effects.
TRIAL = Scenario(
    "no effect, topiramate's size", patients=148, start=(38.1, 5.5), noise=1.6, slope=(-0.925, 0.68), hazard=0.024,
    steepness=float(0.68 * np.log(2.8)), leaves=float(-np.log(162 / 298) / 12 - 0.024),
)  # fmt: skip
# What "solely on function" means for death is not said: that it follows the slope that treatment leaves, as here in all
# three cases, or that it stays as it was, which is a fourth.
POWER = (
    replace(TRIAL, name="function only", slowing=0.25, follows="treated"),
    replace(TRIAL, name="function and survival", slowing=0.15, hazard_ratio=0.65, follows="treated"),
    replace(TRIAL, name="survival above all", slowing=0.04, hazard_ratio=0.5, follows="treated"),
    replace(TRIAL, name="function only, death as it was", slowing=0.25),
)
SHOWN = (
    "alsfrs_r_joint_slope",
    "alsfrs_r_slope",
    "alsfrs_r_mmrm",
    "alsfrs_r_change_observed",
    "alsfrs_r_change_locf",
    "joint_rank",
    "survival",
)


def draw(scenario: Scenario, seed: int, number: int) -> TrialData:
    """One trial, by its number."""
    random = stream(seed, f"trial {number}", scenario.name)
    count = 2 * scenario.patients
    arms = random.permutation(np.repeat([0, 1], scenario.patients))
    months = scenario.months * np.arange(scenario.visits + 1)
    own = random.standard_normal(count)
    mean, spread = scenario.slope
    slope = mean + spread * own - scenario.slowing * mean * arms
    start = scenario.start[0] + scenario.start[1] * random.standard_normal(count)
    noise = scenario.noise * random.standard_normal((count, len(months)))
    scores = np.clip(np.round(start[:, None] + slope[:, None] * months + noise), 0, 48)
    followed = own if scenario.follows == "own" else (slope - mean) / spread
    hazard = scenario.hazard * np.exp(-scenario.steepness * followed) * scenario.hazard_ratio**arms
    death = random.exponential(1 / hazard)
    leaving = random.exponential(1 / scenario.leaves, count)
    end = np.minimum(leaving, months[-1])
    times = np.ceil(np.minimum(death, end) * DAYS_PER_MONTH)  # whole days
    gone = months > np.minimum(death, end)[:, None]
    capacity = 2 * scores + 4 * random.standard_normal(scores.shape)
    nfl = 60 * np.exp(0.5 * random.standard_normal((count, 1)) + 0.2 * random.standard_normal(scores.shape))
    values = {"alsfrs_r": scores, "vital_capacity": capacity, "nfl": nfl}
    values = {measure: np.where(gone, np.nan, array) for measure, array in values.items()}
    # a forecast that explains a quarter of the variance of slopes; drawn last, so that all else is as it was without
    foretold = scenario.slope[0] + scenario.slope[1] * (0.25 * own + 0.43 * random.standard_normal(count))
    return TrialData(arms, 0 * arms, months * DAYS_PER_MONTH, values, times, death < end, foretold)


def chunk(
    asked: tuple[Scenario, int, int, int, int, tuple[str, ...]],
) -> tuple[Counter[tuple[str, str]], dict[str, float]]:
    """Counts of some trials by endpoint, and the time that each analysis took."""
    scenario, seed, first, last, permutations, endpoints = asked
    plain = Design(("placebo", "active"), ALPHA)
    design = replace(plain, permutations=permutations, seed=seed)
    counts: Counter[tuple[str, str]] = Counter()
    spent: dict[str, float] = dict.fromkeys(endpoints, 0.0)
    for number in range(first, last):
        data = draw(scenario, seed, number)
        for endpoint in endpoints:
            begun = time.process_time()
            rows = list(analyse_data(data, plain, [endpoint]))
            spent[endpoint] += time.process_time() - begun
            row = next(row for row in rows if row["reference"])
            counts[endpoint, "trials"] += 1
            counts[endpoint, "found"] += row["p_value"] < ALPHA
            counts[endpoint, "failed"] += not row["converged"]
            counts[endpoint, "fell back"] += row["note"].startswith("covariance ")
        if permutations:
            twins = Twins(data, design, number)
            for endpoint in endpoints:
                counts[endpoint, "twin"] += twins.p_value(endpoint, "active") <= ALPHA
    return counts, spent


def run(
    scenario: Scenario, trials: int, seed: int, permutations: int, workers: int, endpoints: tuple[str, ...]
) -> tuple[Counter[tuple[str, str]], dict[str, float]]:
    """All trials of a scenario, in chunks; the counts do not depend on the workers."""
    counts: Counter[tuple[str, str]] = Counter()
    spent: dict[str, float] = dict.fromkeys(endpoints, 0.0)
    asked = [
        (scenario, seed, first, min(first + CHUNK, trials), permutations, endpoints)
        for first in range(0, trials, CHUNK)
    ]
    with ProcessPoolExecutor(workers) as pool:
        for done, (found, took) in enumerate(pool.map(chunk, asked), start=1):
            counts += found
            spent = {endpoint: spent[endpoint] + took[endpoint] for endpoint in endpoints}
            if done % 20 == 0:
                print(f"  {min(done * CHUNK, trials):,} of {trials:,} trials", flush=True)
    return counts, spent


def share(count: int, trials: int) -> str:
    part = count / trials
    return f"{100 * part:6.2f} ± {100 * np.sqrt(part * (1 - part) / trials):4.2f}"


def type_one(trials: int, seed: int, permutations: int, workers: int, endpoints: tuple[str, ...]) -> bool:
    """Print the type I error of each analysis; whether all are within the level."""
    counts, spent = run(NULL, trials, seed, permutations, workers, endpoints)
    print(
        f"\n{trials:,} null trials of {2 * NULL.patients} patients and {NULL.visits + 1} visits, seed {seed}; per cent"
    )
    print(f"{'endpoint':26} {'p below 5 %':>14} {'twin':>14} {'no number':>10} {'fell back':>10} {'ms':>6}")
    within = True
    for endpoint in endpoints:
        found, twin = counts[endpoint, "found"], counts[endpoint, "twin"]
        judged = [found, *([twin] if permutations else [])]
        inside = all(LEVEL[0] <= one / trials <= LEVEL[1] for one in judged)
        within &= inside
        milliseconds = 1e3 * spent[endpoint] / trials
        print(
            f"{endpoint:26} {share(found, trials):>14} {share(twin, trials) if permutations else '':>14} "
            f"{counts[endpoint, 'failed']:10,} {counts[endpoint, 'fell back']:10,} {milliseconds:6.1f}"
            f"{'' if inside else '  outside ' + ' to '.join(f'{100 * one:g}' for one in LEVEL) + ' %'}"
        )
    return within


def scores(scenario: Scenario, trials: int, seed: int, endpoints: tuple[str, ...]) -> dict[str, np.ndarray]:
    """endpoint -> (trials,) normal scores of the p values, above 0 where the active arm did better; 0 without a number.

    All endpoints see the same trials, so that differences between them are paired.
    """
    from scipy.stats import norm

    plain = Design(("placebo", "active"), ALPHA)
    found: dict[str, list[float]] = {endpoint: [] for endpoint in endpoints}
    for number in range(trials):
        data = draw(scenario, seed, number)
        for endpoint in endpoints:
            row = next(row for row in analyse_data(data, plain, [endpoint]) if row["reference"])
            better = row["estimate"] < 1 if endpoint == "survival" else row["estimate"] > 0
            score = norm.isf(row["p_value"] / 2) * (1 if better else -1)
            found[endpoint].append(float(score) if row["converged"] else 0.0)
    return {endpoint: np.array(each) for endpoint, each in found.items()}


def _scores(asked: tuple[Scenario, int, int, tuple[str, ...]]) -> dict[str, np.ndarray]:
    return scores(*asked)


def power(trials: int, seed: int, workers: int, endpoints: tuple[str, ...]) -> None:
    """Print the power of each analysis in each scenario, the best first, and its difference from the joint model."""
    joint = "alsfrs_r_joint_slope"
    endpoints = endpoints if joint in endpoints else (joint, *endpoints)
    with ProcessPoolExecutor(workers) as pool:
        scenarios = (TRIAL, *POWER)
        found = pool.map(_scores, [(scenario, trials, seed, endpoints) for scenario in scenarios])
        for scenario, each in zip(scenarios, found, strict=True):
            print(
                f"\n{scenario.name}: slope {100 * scenario.slowing:g} % less steep, hazard x {scenario.hazard_ratio:g}"
            )
            print(f"  {'':26} {'power, %':>14} {'less the joint model':>22} {'mean score':>12} {'less its':>16}")
            limit = 1.959964
            for endpoint in sorted(endpoints, key=lambda name: -each[name].mean()):
                mine, other = each[endpoint], each[joint]
                hits = (np.abs(mine) > limit).astype(float)
                apart = hits - (np.abs(other) > limit)
                print(
                    f"  {endpoint:26} {share(int(hits.sum()), trials):>14} {100 * apart.mean():15.2f} ± "
                    f"{100 * apart.std() / trials**0.5:4.2f} {mine.mean():12.3f} {(mine - other).mean():9.3f} ± "
                    f"{(mine - other).std() / trials**0.5:5.3f}"
                )


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    words.add_argument("--trials", type=int, default=10_000)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--permutations", type=int, default=199, help="deals of each twin; 0: no twins")
    words.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    words.add_argument("--power", action="store_true", help="the orderings in place of type I error")
    words.add_argument("--endpoints", nargs="+", choices=tuple(ESTIMANDS), help="some of the endpoints")
    asked = words.parse_args()
    if asked.power:
        power(asked.trials, asked.seed, asked.workers, tuple(asked.endpoints or SHOWN))
        return 0
    endpoints = tuple(asked.endpoints or ESTIMANDS)
    return 0 if type_one(asked.trials, asked.seed, asked.permutations, asked.workers, endpoints) else 1


if __name__ == "__main__":
    raise SystemExit(main())
