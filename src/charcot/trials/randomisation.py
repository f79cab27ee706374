"""Stratified permuted blocks, seeded, with exact arm sizes."""

from __future__ import annotations

import math
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
