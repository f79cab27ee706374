"""A linear mixed model by restricted maximum likelihood, quick enough to be fitted in each of many simulated trials.

    y_i = X_i beta + Z_i b_i + e_i,    b_i ~ N(0, sigma^2 D),    e_i ~ N(0, sigma^2 I),    D = L L'

The variance sigma^2 and the fixed effects are profiled out, so that the search is over the relative factor L alone
(Bates, Maechler, Bolker and Walker, J. Stat. Softw. 67:1, 2015, equations 39 to 42). With A = Z'Z and W = I + L'AL of a
patient, by Woodbury,

    Z' V^-1 Z = A - A L W^-1 L' A,    log |V| = log |W|,    and likewise for X and y,

so that a patient's visits enter once, as sums, and patients with the same columns, such as all who attended the same
visits, enter together: by how many they are, s = sum Z'y and S = sum Z'y y'Z. The gradient is exact: with
u = Z' V^-1 (y - X beta), F = Z' V^-1 X, M = X' V^-1 X, r^2 the weighted residual sum of squares and N - p its degrees
of freedom, the deviance changes with D by

    G = sum [Z' V^-1 Z - F M^-1 F' - (N - p) / r^2 u u'],

and with L by 2 G L. A fit has converged when 2 G L vanishes and no direction in which D is zero would lower the
deviance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

STARTS = (1.0, 0.3, 3.0)  # relative factors from which the search begins, until one converges
FLAT = 1e-3  # a change of the deviance for a unit of L that is none: the deviance is then right to about 1e-6
AT_ZERO = 1e-5  # a relative standard deviation that counts as zero


@dataclass(frozen=True)
class MixedFit:
    """The fit.

    Attributes:
        effects: (p,) fixed effects; ``covariance``: (p, p) of them.
        random: (q, q) covariance of the random effects; ``residual``: the variance within patients.
        deviance: -2 times the restricted log-likelihood at the end of the search.
        singular: whether a variance between patients is at the edge of zero.
        converged: whether the deviance is least there.
    """

    effects: np.ndarray
    covariance: np.ndarray
    random: np.ndarray
    residual: float
    deviance: float
    singular: bool
    converged: bool


def fit(values: np.ndarray, fixed: np.ndarray, groups: np.ndarray, random: np.ndarray) -> MixedFit:
    """Fit by restricted maximum likelihood.

    Args:
        values: (n,) observations.
        fixed: (n, p) columns of the fixed effects; ``random``: (n, q) of the random effects.
        groups: (n,) whose observation it is, as whole numbers from 0.

    Raises:
        numpy.linalg.LinAlgError: the fixed effects cannot be told apart, nothing is left to estimate a variance from,
            or the values do not differ from the fixed effects.
    """
    from scipy.optimize import minimize

    sums = _Sums(values, fixed, groups, random)
    lower = np.tril_indices(random.shape[1])
    bounds = [(0.0, None) if i == j else (None, None) for i, j in zip(*lower, strict=True)]
    found = None
    for start in STARTS:
        begin = (start * np.eye(random.shape[1]))[lower]
        search = minimize(
            lambda theta: sums.deviance(theta, lower), begin, jac=True, method="L-BFGS-B", bounds=bounds,
            options={"maxiter": 500, "ftol": 1e-15, "gtol": FLAT / 10},
        )  # fmt: skip
        here = sums.fitted(search.x, lower)
        if found is None or (here.converged, -here.deviance) > (found.converged, -found.deviance):
            found = here
        if found.converged:
            break
    assert found is not None
    return found


class _Sums:
    """What the deviance needs of the data: sums over each patient's visits, with the random columns scaled to one."""

    def __init__(self, values: np.ndarray, fixed: np.ndarray, groups: np.ndarray, random: np.ndarray) -> None:
        self.scale = np.sqrt(np.mean(random**2, axis=0))
        z, count = random / self.scale, int(groups.max()) + 1
        if np.linalg.matrix_rank(fixed) < fixed.shape[1]:
            raise np.linalg.LinAlgError("the fixed effects cannot be told apart")
        self.freedom = len(values) - fixed.shape[1]
        if self.freedom < 1:
            raise np.linalg.LinAlgError("there are no more observations than fixed effects")
        # the residual of plain least squares stands for y: the fit is the same, and fewer digits cancel
        self.plain = np.linalg.lstsq(fixed, values, rcond=None)[0]
        y = values - fixed @ self.plain
        if not float(y @ y) > 1e-20 * float(values @ values):
            raise np.linalg.LinAlgError("the values do not differ from the fixed effects")
        self.xx, self.xy, self.yy = fixed.T @ fixed, fixed.T @ y, float(y @ y)
        zz = _by_group(z[:, :, None] * z[:, None, :], groups, count)
        zx = _by_group(z[:, :, None] * fixed[:, None, :], groups, count)
        zy = _by_group(z * y[:, None], groups, count)
        columns = np.concatenate([zz.reshape(count, -1), zx.reshape(count, -1)], axis=1)
        _, first, alike, self.number = np.unique(
            columns, axis=0, return_index=True, return_inverse=True, return_counts=True
        )
        alike, kinds = alike.ravel(), len(first)
        self.zz, self.zx = zz[first], zx[first]
        self.zy = _by_group(zy, alike, kinds)
        self.zyyz = _by_group(zy[:, :, None] * zy[:, None, :], alike, kinds)

    def _solved(self, factor: np.ndarray) -> tuple[Any, ...]:
        """(F, Z'V^-1Z, what makes Z'V^-1y of Z'y, M, effects, r^2, sum of log |V|) at a relative factor."""
        al = self.zz @ factor
        w = np.eye(len(factor)) + factor.T @ al
        inner = np.linalg.solve(w, np.swapaxes(al, 1, 2))  # W^-1 L' A
        lx = factor.T @ self.zx
        wx = np.linalg.solve(w, lx)
        wl = np.linalg.solve(w, np.broadcast_to(factor.T, w.shape))  # W^-1 L'
        f = self.zx - al @ wx
        zvz = self.zz - al @ inner
        shrink = np.eye(len(factor)) - al @ wl
        m = self.xx - np.einsum("n,nki,nkj->ij", self.number, lx, wx)
        xvy = self.xy - np.einsum("nki,nk->i", wx, self.zy @ factor)
        effects = np.linalg.solve(m, xvy)
        residual = self.yy - float(np.einsum("nij,njk,ki->", wl, self.zyyz, factor)) - float(effects @ xvy)
        return f, zvz, shrink, m, effects, residual, float(self.number @ np.linalg.slogdet(w)[1])

    def deviance(self, theta: np.ndarray, lower: tuple[np.ndarray, ...]) -> tuple[float, np.ndarray]:
        """-2 times the restricted log-likelihood, and its gradient by the lower triangle of L."""
        factor = np.zeros((len(self.scale), len(self.scale)))
        factor[lower] = theta
        *_, m, _, residual, logs = solved = self._solved(factor)
        n = self.freedom
        value = n * (1 + np.log(2 * np.pi * residual / n)) + logs + np.linalg.slogdet(m)[1]
        return float(value), 2 * (self._slope(solved) @ factor)[lower]

    def _slope(self, solved: tuple[Any, ...]) -> np.ndarray:
        """G: how the deviance changes with D."""
        f, zvz, shrink, m, effects, residual, _ = solved
        fe = f @ effects
        cross = np.einsum("nij,nj,nk->ik", shrink, self.zy, fe)
        squared = np.einsum("nij,njk,nlk->il", shrink, self.zyyz, shrink) - cross - cross.T
        squared += np.einsum("n,ni,nk->ik", self.number, fe, fe)  # sum of u u'
        known = np.einsum("n,nij,jk,nlk->il", self.number, f, np.linalg.inv(m), f)
        every = np.einsum("n,nij->ij", self.number, zvz)
        return np.asarray(every - known - self.freedom / residual * squared)

    def fitted(self, theta: np.ndarray, lower: tuple[np.ndarray, ...]) -> MixedFit:
        """The fit at the end of a search."""
        value, gradient = self.deviance(theta, lower)
        factor = np.zeros((len(self.scale), len(self.scale)))
        factor[lower] = theta
        solved = self._solved(factor)
        _, _, _, m, effects, residual, _ = solved
        variance = float(residual) / self.freedom
        sizes, directions = np.linalg.eigh(factor @ factor.T)
        empty = directions[:, sizes < AT_ZERO**2]
        inward = np.linalg.eigvalsh(empty.T @ self._slope(solved) @ empty) if empty.size else np.zeros(1)
        spread = factor / self.scale[:, None]
        return MixedFit(
            effects=self.plain + effects,
            covariance=variance * np.linalg.inv(m),
            random=variance * spread @ spread.T,
            residual=variance,
            deviance=value,
            singular=bool(empty.size),
            converged=bool(np.abs(gradient).max() <= FLAT and inward.min() >= -FLAT),
        )


def _by_group(rows: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """Sums of rows over each group: (n, ...) -> (groups, ...)."""
    out = np.zeros((count, *rows.shape[1:]))
    np.add.at(out, groups, rows)
    return out
