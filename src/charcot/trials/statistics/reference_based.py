"""Reference-based imputation: what those who left would have scored, had they gone on as patients of the reference arm.

Of a patient with mean m before leaving and m* after it, and visits o that were attended and u that were not, the
conditional mean of the missing scores is

    m*_u + V_uo V_oo^-1 (y_o - m_o).

Jump to reference: m of the own arm, m* of the reference. Copy reference: both of the reference. Missing at random: both
of the own arm (Carpenter, Roger and Kenward, J. Biopharm. Stat. 23:1352, 2013). Each missing score is replaced by its
conditional mean, and the variance of what is computed from the imputed scores is the jackknife's, the whole leaving one
patient out at a time (Wolbers et al., Pharm. Stat. 21:1246, 2022; the R package rbmi), each fit by a Newton step from
that of all. That is how much the estimate varies from trial to trial. Anchored, it is the variance that the same
patients give where what leaving changed is taken as fixed (Lu, Stat. Biopharm. Res. 13:219, 2021): it is not smaller
for more missing scores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from charcot.trials.statistics import leave_one_out, repeated_measures
from charcot.trials.statistics.covariances import UNSTRUCTURED, Structure

Strategy = Literal["jump_to_reference", "copy_reference", "missing_at_random"]


def conditional_means(
    values: np.ndarray, own: np.ndarray, reference: np.ndarray, covariance: np.ndarray, strategy: Strategy,
    left: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """(..., patients, T) the scores with each missing one replaced by its conditional mean, for one fit or several.

    Args:
        values: (patients, T), NaN where missing.
        own, reference: (..., patients, T) means in the own arm and as a patient of the reference arm.
        covariance: (..., T, T) of one patient's scores.
        left: (patients,) whose missing scores follow the strategy; those of the others are missing at random.
    """
    before = reference if strategy == "copy_reference" else own
    after = own if strategy == "missing_at_random" else reference
    before, after = (np.where(left[:, None], mean, own) for mean in (before, after))
    seen = np.isfinite(values)
    out = np.where(seen, values, after)
    codes = seen @ (2.0 ** np.arange(seen.shape[1]))
    for code in np.unique(codes):
        mine = np.flatnonzero(codes == code)
        pattern = seen[mine[0]]
        if pattern.all() or not pattern.any():
            continue
        known, gap = np.flatnonzero(pattern), np.flatnonzero(~pattern)
        square, across = covariance[..., known[:, None], known], covariance[..., known[:, None], gap]
        rest = values[mine[:, None], known] - before[..., mine[:, None], known]
        out[..., mine[:, None], gap] += rest @ np.linalg.solve(square, across)
    return out


@dataclass(frozen=True)
class Jackknifed:
    """Estimates (k,) and their covariance (k, k)."""

    estimates: np.ndarray
    covariance: np.ndarray


def jackknife(
    values: np.ndarray, fixed: np.ndarray, as_reference: np.ndarray, strategy: Strategy, left: np.ndarray,
    summarise: Callable[[np.ndarray, np.ndarray], np.ndarray], structure: Structure = UNSTRUCTURED,
    anchored: bool = False,
) -> Jackknifed:  # fmt: skip
    """Fit, impute and summarise, and all that again without each patient in turn (:mod:`.leave_one_out`).

    Args:
        values: (patients, T); ``fixed``, ``as_reference``: (patients, T, p) columns of the MMRM in the own arm and in
            the reference arm.
        left: as in :func:`conditional_means`.
        summarise: imputed scores (m, T) and the rows (m,) of the patients whose they are -> estimates (k,).
        anchored: give the information-anchored variance.

    Raises:
        repeated_measures.NotFitted: a fit did not converge.
    """
    everyone = np.arange(len(values))
    whole = repeated_measures.fit(values, fixed, structure)

    def imputed(effects: np.ndarray, visits: np.ndarray, by: Strategy) -> np.ndarray:
        """Of effects (..., p) and covariances (..., T, T)."""
        size = fixed.shape[2]
        own, other = (
            (effects @ columns.reshape(-1, size).T).reshape(*effects.shape[:-1], *values.shape)
            for columns in (fixed, as_reference)
        )
        return conditional_means(values, own, other, visits, by, left)

    whole_scores = imputed(whole.effects, whole.visits, strategy)
    estimates = summarise(whole_scores, everyone)
    again: Strategy = "missing_at_random" if anchored else strategy
    fixed_part = whole_scores - imputed(whole.effects, whole.visits, again)  # nothing, unless anchored
    others = imputed(*leave_one_out.without_each(values, fixed, whole, structure), again) + fixed_part
    without = []
    for patient in everyone:
        rows = np.delete(everyone, patient)
        without.append(summarise(others[patient, rows], rows))
    away = np.array(without) - np.mean(without, axis=0)
    return Jackknifed(estimates, (len(values) - 1) / len(values) * away.T @ away)
