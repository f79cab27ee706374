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
