"""Reference-based imputation: what those who left would have scored, had they gone on as patients of the reference arm.

Of a patient with mean m before leaving and m* after it, and visits o that were attended and u that were not, the
conditional mean of the missing scores is

    m*_u + V_uo V_oo^-1 (y_o - m_o).

Jump to reference: m of the own arm, m* of the reference. Copy reference: both of the reference. Missing at random: both
of the own arm (Carpenter, Roger and Kenward, J. Biopharm. Stat. 23:1352, 2013). Each missing score is replaced by its
conditional mean, and the variance of what is computed from the imputed scores is the jackknife's, the whole leaving one
patient out at a time (Wolbers et al., Pharm. Stat. 21:1246, 2022; the R package rbmi). That is how much the estimate
varies from trial to trial. Anchored, it is the variance that the same patients give where what leaving changed is taken
as fixed (Lu, Stat. Biopharm. Res. 13:219, 2021): it is not smaller for more missing scores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from charcot.trials.statistics import repeated_measures
from charcot.trials.statistics.covariances import UNSTRUCTURED, Structure

Strategy = Literal["jump_to_reference", "copy_reference", "missing_at_random"]


def conditional_means(
    values: np.ndarray, own: np.ndarray, reference: np.ndarray, covariance: np.ndarray, strategy: Strategy,
    left: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """(patients, T) the scores with each missing one replaced by its conditional mean.

    Args:
        values: (patients, T), NaN where missing.
        own, reference: (patients, T) means in the own arm and as a patient of the reference arm.
        covariance: (T, T) of one patient's scores.
        left: (patients,) whose missing scores follow the strategy; those of the others are missing at random.
    """
    before = reference if strategy == "copy_reference" else own
    after = own if strategy == "missing_at_random" else reference
    before, after = (np.where(left[:, None], mean, own) for mean in (before, after))
    seen = np.isfinite(values)
    out = np.where(seen, values, after)
    codes = seen @ (2.0 ** np.arange(seen.shape[1]))
    for code in np.unique(codes):
        mine = codes == code
        pattern = seen[np.flatnonzero(mine)[0]]
        if pattern.all() or not pattern.any():
            continue
        gap = ~pattern
        slope = np.linalg.solve(covariance[np.ix_(pattern, pattern)], covariance[np.ix_(pattern, gap)])
        out[np.ix_(mine, gap)] += (values - before)[np.ix_(mine, pattern)] @ slope
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
    """Fit, impute and summarise, and all that again without each patient in turn.

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

    def imputed(found: repeated_measures.Fit, rows: np.ndarray, by: Strategy) -> np.ndarray:
        own, other = fixed[rows] @ found.effects, as_reference[rows] @ found.effects
        return conditional_means(values[rows], own, other, found.visits, by, left[rows])

    whole_scores = imputed(whole, everyone, strategy)
    estimates = summarise(whole_scores, everyone)
    again: Strategy = "missing_at_random" if anchored else strategy
    fixed_part = whole_scores - imputed(whole, everyone, again)  # nothing, unless anchored
    without = []
    for patient in everyone:
        rows = np.delete(everyone, patient)
        found = repeated_measures.fit(values[rows], fixed[rows], structure, start=whole.parameters)
        without.append(summarise(imputed(found, rows, again) + fixed_part[rows], rows))
    away = np.array(without) - np.mean(without, axis=0)
    return Jackknifed(estimates, (len(values) - 1) / len(values) * away.T @ away)
