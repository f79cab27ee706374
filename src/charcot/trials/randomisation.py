"""Stratified permuted blocks, and minimisation; seeded, with exact arm sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from charcot.core.random import stream

LARGEST_DENOMINATOR = 4  # arm ratios are rounded to quarters, so that 69 : 68 is treated as 1 : 1
SMALLEST_BLOCK = 4  # a shorter block could be guessed by the site


def block_of(sizes: list[int]) -> np.ndarray:
    """The arms of one block, (block,), in the ratio that the arm sizes imply, rounded to simple numbers."""
    ratios = [Fraction(size, min(sizes)).limit_denominator(LARGEST_DENOMINATOR) for size in sizes]
    common = math.lcm(*(ratio.denominator for ratio in ratios))
    block = np.repeat(np.arange(len(sizes)), [int(ratio * common) for ratio in ratios])
    return np.tile(block, math.ceil(SMALLEST_BLOCK / len(block)))


def randomise(strata: list[str], sizes: list[int], seed: int, address: str) -> np.ndarray:
    """The arm of each patient, (patients,), in the order of enrolment.

    Every stratum works through its own permuted blocks. An arm that has its number of patients is passed over, so
    that the arms end with exactly ``sizes``.

    Args:
        strata: the stratum of each patient; ``sum(sizes)`` of them.
        seed, address: of the draws; a stratum's blocks do not depend on the other strata.
    """
    if len(strata) != sum(sizes):
        raise ValueError(f"{len(strata)} patients cannot fill arms of {sizes}")
    block = block_of(sizes)
    draws = {stratum: stream(seed, address, f"randomisation, stratum {stratum}") for stratum in set(strata)}
    queues: dict[str, list[int]] = {stratum: [] for stratum in draws}
    left = list(sizes)
    arms = np.empty(len(strata), dtype=np.int64)
    for position, stratum in enumerate(strata):
        arm = -1
        while arm < 0 or left[arm] == 0:
            if not queues[stratum]:
                queues[stratum] = [int(a) for a in draws[stratum].permutation(block)]
            arm = queues[stratum].pop(0)
        arms[position] = arm
        left[arm] -= 1
    return arms


def minimise(levels: Sequence[Sequence[str]], sizes: list[int], seed: int, address: str, follows: float) -> np.ndarray:
    """The arm of each patient, (patients,), in the order of enrolment, by minimisation.

    For each arm that is not full, the imbalance is counted that there would be if the new patient came to it: summed
    over the factors, the range over the arms of the patients of the new one's level, in proportion to the arms' sizes.
    An arm of least imbalance is taken with probability ``follows``, else one of the others, in proportion to their
    sizes; ties are broken alike.

    Args:
        levels: (patients, factors) the level of each factor.
        follows: 1 makes the allocation predictable; the inverse of the number of arms makes it simple randomisation.
    """
    if len(levels) != sum(sizes):
        raise ValueError(f"{len(levels)} patients cannot fill arms of {sizes}")
    random, wanted = stream(seed, address, "minimisation"), np.array(sizes, dtype=float)
    counts: dict[tuple[int, str], np.ndarray] = {}
    left, arms = np.array(sizes), np.empty(len(levels), dtype=np.int64)
    for patient, own in enumerate(levels):
        here = [counts.setdefault((k, level), np.zeros(len(sizes))) for k, level in enumerate(own)]
        imbalance = np.zeros(len(sizes))
        for count in here:
            shares = (count + np.eye(len(sizes))) / wanted  # (arm that is taken, arm)
            imbalance += np.ptp(shares, axis=1)
        free = left > 0
        best = free & (imbalance <= imbalance[free].min() + 1e-12)
        others = free & ~best
        among = best if not others.any() or random.random() < follows else others
        weights = np.where(among, wanted, 0.0)
        arm = int(random.choice(len(sizes), p=weights / weights.sum()))
        arms[patient] = arm
        left[arm] -= 1
        for count in here:
            count[arm] += 1
    return arms
