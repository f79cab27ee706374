"""Comparisons of every patient with every other, and what is made of them: ranks, win ratio, win odds.

``better[i, j]`` is true where patient i did better than j. The same matrix gives the joint rank of function and
survival (Finkelstein and Schoenfeld, Stat. Med. 18:1341, 1999; Berry et al., Amyotroph. Lateral Scler. 14:162, 2013),
the win ratio (Pocock et al., Eur. Heart J. 33:176, 2012) and the win odds (Dong et al., Stat. Biopharm. Res.
12:99, 2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def better_by_value(values: np.ndarray) -> np.ndarray:
    """(n, n): larger is better, equal is a tie."""
    return np.asarray(values[:, None] > values[None, :])


def better_by_death_then_function(times: np.ndarray, died: np.ndarray, change: np.ndarray) -> np.ndarray:
    """(n, n): who lived longer did better; where that is not known, who lost less by the last visit that both attended.

    Survival decides a pair where one died and the other was seen alive then or later. Two who died on one day tie.
    Otherwise nobody is known to have outlived the other, and the changes at the last common visit decide; without one,
    or with equal changes, the two tie.

    Args:
        times: (n,) days to death or to the end of observation; ``died``: (n,) which of them.
        change: (n, visits) change from baseline after it, NaN where a visit was missed.
    """
    later = (times[:, None] > times[None, :]) | ((times[:, None] == times[None, :]) & ~died[:, None])
    outlived = later & died[None, :]
    open_ = ~(outlived | outlived.T | (died[:, None] & died[None, :]))
    better = outlived.copy()
    for visit in reversed(range(change.shape[1])):
        value = change[:, visit]
        seen = np.isfinite(value)
        here = open_ & seen[:, None] & seen[None, :]
        better |= here & (value[:, None] > value[None, :])
        open_ &= ~here
    return np.asarray(better)


def net_scores(better: np.ndarray) -> np.ndarray:
    """(n,) wins less losses of each patient against all others."""
    return np.asarray(better.sum(axis=1) - better.sum(axis=0), dtype=float)


@dataclass(frozen=True)
class Wins:
    """All pairs of one active and one reference patient, counted for the active arm.

    Attributes:
        ratio, log_ratio_error: wins over losses, and the standard error of its logarithm.
        odds, log_odds_error: the same with half of each tie on either side.
        probability, probability_error: that an active patient does better than a reference patient, ties by half.
    """

    wins: int
    losses: int
    ties: int
    ratio: float
    log_ratio_error: float
    odds: float
    log_odds_error: float
    probability: float
    probability_error: float


def count_wins(better: np.ndarray, active: np.ndarray) -> Wins:
    """Wins, losses and ties of the active arm, with errors from the spread of each patient's own share of them.

    The variances are those of U-statistics with 1/n weights (Bebu and Lachin, Biostatistics 17:178, 2016; Gasparyan et
    al., Stat. Methods Med. Res. 30:580, 2021). Ratios are NaN where there is nothing to divide by.

    Args:
        better: (n, n) as above; ``active``: (n,) who is in the active arm.
    """
    won = better[np.ix_(active, ~active)]
    lost = better[np.ix_(~active, active)].T
    wins, losses = int(won.sum()), int(lost.sum())
    pairs = won.size
    if not pairs:
        return Wins(0, 0, 0, *[np.nan] * 6)
    half = 0.5 * (pairs - wins - losses)
    shares = [_placements(won, lost, axis) for axis in (0, 1)]
    variance = sum(float(np.var(share)) / len(share) for share in shares)
    probability = (wins + half) / pairs
    error = float(np.sqrt(variance))
    inside = 0 < probability < 1
    odds = probability / (1 - probability) if probability < 1 else np.inf
    ratio, ratio_error = np.nan, np.nan
    if wins and losses:
        parts = [won.sum(axis=axis) / wins - lost.sum(axis=axis) / losses for axis in (0, 1)]
        ratio = wins / losses
        ratio_error = float(np.sqrt(sum(float(part @ part) for part in parts)))
    odds_error = error / (probability * (1 - probability)) if inside else np.nan
    return Wins(
        wins, losses, pairs - wins - losses, ratio, ratio_error,
        odds if inside else np.nan, odds_error, probability, error,
    )  # fmt: skip


def _placements(won: np.ndarray, lost: np.ndarray, axis: int) -> np.ndarray:
    """Each patient's share of pairs that the active arm won, ties by half."""
    return np.asarray(0.5 + 0.5 * (won.mean(axis=axis) - lost.mean(axis=axis)))
