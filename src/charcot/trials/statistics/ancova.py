"""Analysis of covariance by least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Ancova:
    """Coefficients (p,) of 1, the centred covariate (left out where it does not vary) and the groups; their covariance
    (p, p) and the degrees of freedom of the residual variance."""

    estimates: np.ndarray
    covariance: np.ndarray
    freedom: int
    covariates: int


def fit(values: np.ndarray, covariate: np.ndarray, groups: np.ndarray) -> Ancova:
    """values = covariate + groups, with ``groups`` (n, k) of dummies for all groups but the first."""
    columns = _covariates(covariate)
    fixed = np.column_stack([columns, groups])
    inverse = np.linalg.pinv(fixed.T @ fixed)
    estimates = inverse @ fixed.T @ values
    freedom = len(values) - fixed.shape[1]
    variance = float(np.sum((values - fixed @ estimates) ** 2)) / freedom
    return Ancova(estimates, variance * inverse, freedom, columns.shape[1])


def residuals(values: np.ndarray, covariate: np.ndarray) -> np.ndarray:
    """(n,) what the covariate alone does not explain."""
    columns = _covariates(covariate)
    return np.asarray(values - columns @ np.linalg.lstsq(columns, values, rcond=None)[0])


def _covariates(covariate: np.ndarray) -> np.ndarray:
    ones = np.ones(len(covariate))
    if len(covariate) == 0 or np.ptp(covariate) == 0:
        return ones[:, None]  # all alike: nothing to adjust for
    return np.column_stack([ones, covariate - covariate.mean()])


@dataclass(frozen=True)
class Adjusted:
    """Means (arms,) at the average covariates, the first of the reference; the influence (n, arms) of each patient on
    them, whose sum of squares is the variance; degrees of freedom."""

    means: np.ndarray
    influence: np.ndarray
    freedom: int


def adjusted(values: np.ndarray, covariates: np.ndarray, groups: np.ndarray) -> Adjusted:
    """Mean of each arm at the covariates (n, k) of everybody, by least squares with common slopes.

    The variance rests on no model of the errors: influences are those of least squares, the residuals enlarged by
    n / (n - p) (PROCOVA; Schuler et al., Int. J. Biostat. 18:329, 2022; Lin, Ann. Appl. Stat. 7:295, 2013).
    """
    arms = np.column_stack([1 - groups.sum(axis=1), groups])
    centred = covariates - covariates.mean(axis=0)
    fixed = np.column_stack([arms, centred[:, np.ptp(centred, axis=0) > 0]])
    inverse = np.linalg.pinv(fixed.T @ fixed)
    effects = inverse @ fixed.T @ values
    freedom = len(values) - fixed.shape[1]
    rest = (values - fixed @ effects) * np.sqrt(len(values) / freedom)
    count = arms.shape[1]
    return Adjusted(effects[:count], (fixed * rest[:, None]) @ inverse[:, :count], freedom)
