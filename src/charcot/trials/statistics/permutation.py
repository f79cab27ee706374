"""Permutation tests of scores that each patient got without a look at the arms.

Under the hypothesis that treatment changes nothing for anybody, the arms are labels that could have fallen otherwise.
The statistic is the sum of the active arm's scores, less what was to be expected in its strata; labels are dealt again
within each stratum. The p value (1 + as large) / (1 + permutations) is exact for any scores (Phipson and Smyth, Stat.
Appl. Genet. Mol. Biol. 9:39, 2010).
"""

from __future__ import annotations

import numpy as np


def deal_again(active: np.ndarray, strata: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """(count, n) labels, each a new deal of ``active`` (n,) within strata (n,)."""
    order = np.argsort(strata, kind="stable")
    labels = np.broadcast_to(active[order], (count, len(active)))
    # within a stratum the order of random keys deals anew; the strata themselves stay where they are
    keys = random.random((count, len(active))) + strata[order].astype(float)
    out = np.empty((count, len(active)), dtype=bool)
    out[:, order] = np.take_along_axis(labels, np.argsort(keys, axis=1), axis=1)
    return out


def p_value(scores: np.ndarray, active: np.ndarray, strata: np.ndarray, deals: np.ndarray) -> float:
    """Two-sided p of the active arm's sum of scores (n,) among ``deals`` (count, n); NaN where all scores are alike."""
    centred = scores.astype(float).copy()
    for stratum in np.unique(strata):
        mine = strata == stratum
        centred[mine] -= centred[mine].mean()
    size = float(np.abs(centred).sum())
    if not size > 0:
        return np.nan
    observed = abs(float(centred[active].sum()))
    others = np.abs(deals @ centred)
    return float(1 + np.sum(others >= observed - 1e-12 * size)) / (1 + len(deals))
