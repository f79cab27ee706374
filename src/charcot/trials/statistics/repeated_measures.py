"""A linear model of repeated measures (MMRM) by restricted maximum likelihood.

    y_i = X_i beta + e_i,    e_i ~ N(0, V(theta)) at the visits that patient i attended

With W_i = V_i^-1 (zero where a visit was missed), M = sum X_i' W_i X_i, F_i = W_i X_i, u_i = W_i (y_i - X_i beta),

    -2 log L = (N - p) log 2 pi + sum log |V_i| + log |M| + sum (y_i - X_i beta)' u_i,

and for a covariance that is linear in theta, dV/dtheta_j = V_j, A_j = sum F_i' V_j F_i, c_j = sum F_i' V_j u_i,

    gradient_j = sum tr(W_i V_j) - tr(M^-1 A_j) - sum u_i' V_j u_i
    E_jk = sum tr(W_i V_j W_i V_k) - 2 sum tr(F_i' V_j W_i V_k F_i M^-1) + tr(A_j M^-1 A_k M^-1)     (expected)
    H_jk = -E_jk + 2 sum u_i' V_j W_i V_k u_i - 2 c_j' M^-1 c_k                                     (observed)

(Lindstrom and Bates, J. Am. Stat. Assoc. 83:1014, 1988). Second derivatives of V add tr(G V_jk), where G is the
gradient by the entries of V. All sums over patients go through their patterns of missed visits. The search is Newton's
on theta, with the expected matrix where the observed one is not positive, and halved steps.

Degrees of freedom by Satterthwaite from 2 H^-1 (as PROC MIXED and the R package mmrm do), of several contrasts after
Fai and Cornelius (J. Stat. Comput. Simul. 54:363, 1996); the adjusted covariance by Kenward and Roger (Biometrics
53:983, 1997), whose degrees of freedom for a single contrast are those of Satterthwaite.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from charcot.trials.statistics.covariances import UNSTRUCTURED, Covariance, Structure

MOST_STEPS = 50
MOST_HALVINGS = 30
CLOSE = 1e-8  # twice what a further Newton step would lower the deviance by: less is the end of the search


class NotFitted(ValueError):
    """The model has no fit; the message says why."""


@dataclass(frozen=True)
class Fit:
    """A fit that converged.

    Attributes:
        effects: (p,) fixed effects; ``covariance``: (p, p) of them, model-based.
        visits: (T, T) the covariance V; ``parameters``: (q,) theta.
        parameter_covariance: (q, q) of theta, from the observed information.
        deviance: -2 times the restricted log-likelihood.
        steps: Newton steps taken.
        slopes: (q, p, p) A_j, how the information on the effects falls with each parameter.
        adjusted: (p, p) covariance of the effects by Kenward and Roger.
        information: (T, T) sum of W_i; ``scores``: (patients, T) u_i = W_i (y_i - X_i beta), zero where missed.
    """

    effects: np.ndarray
    covariance: np.ndarray
    visits: np.ndarray
    parameters: np.ndarray
    parameter_covariance: np.ndarray
    deviance: float
    steps: int
    slopes: np.ndarray
    adjusted: np.ndarray
    information: np.ndarray
    scores: np.ndarray

    def freedom(self, contrast: np.ndarray) -> float:
        """Satterthwaite's degrees of freedom of one contrast (p,); of Kenward and Roger they are the same."""
        weighted = self.covariance @ contrast
        variance = float(contrast @ weighted)
        gradient = np.einsum("i,qij,j->q", weighted, self.slopes, weighted)
        return 2 * variance**2 / float(gradient @ self.parameter_covariance @ gradient)

    def test(self, contrasts: np.ndarray) -> tuple[float, float]:
        """F and its denominator's degrees of freedom of several contrasts (rows, p) that are all zero."""
        sizes, directions = np.linalg.eigh(contrasts @ self.covariance @ contrasts.T)
        rows = directions.T @ contrasts
        statistic = float(np.mean((rows @ self.effects) ** 2 / sizes))
        freedoms = np.array([self.freedom(row) for row in rows])
        if len(rows) == 1:
            return statistic, float(freedoms[0])
        share = float(np.sum((freedoms / (freedoms - 2))[freedoms > 2]))
        return statistic, 2 * share / (share - len(rows)) if share > len(rows) else np.nan


def fit(
    values: np.ndarray, fixed: np.ndarray, structure: Structure = UNSTRUCTURED, start: np.ndarray | None = None
) -> Fit:
    """Fit by restricted maximum likelihood.

    Args:
        values: (patients, T), NaN where a visit was missed.
        fixed: (patients, T, p) columns of the fixed effects.
        structure: of the covariance of one patient's visits.
        start: parameters of it from which the search begins, such as those of nearly the same data.

    Raises:
        NotFitted: the effects cannot be told apart, two visits were never attended by one patient (unstructured), or
            the search did not converge.
    """
    problem = _Problem(values, fixed)
    if structure is UNSTRUCTURED and not problem.every_pair():
        raise NotFitted("two visits were never attended by the same patient")
    theta = structure.start(problem.rough) if start is None else start
    here = problem.at(structure.build(theta, problem.visits))
    if here is None:
        raise NotFitted("no covariance to begin from")
    for steps in range(MOST_STEPS):
        gradient, observed, expected = here.derivatives
        positive = _positive(observed)
        step = -_solve(observed if positive else expected, gradient)
        fall = -float(gradient @ step)
        if positive and fall < CLOSE:
            return here.finished(theta, steps)
        theta, here = _halved(problem, structure, theta, step, here)
    raise NotFitted(f"the search did not converge in {MOST_STEPS} steps")


def first_that_fits(values: np.ndarray, fixed: np.ndarray, structures: tuple[Structure, ...]) -> tuple[Fit, str]:
    """The first of some structures that converges, and a note on those that did not (empty when the first did).

    Raises:
        NotFitted: none converged, with the reason of each.
    """
    reasons: list[str] = []
    for structure in structures:
        try:
            found = fit(values, fixed, structure)
        except NotFitted as error:
            reasons.append(f"{structure.name}: {error}")
            continue
        return found, f"covariance {structure.name}, after {'; '.join(reasons)}" if reasons else ""
    raise NotFitted("; ".join(reasons))


def _halved(
    problem: _Problem, structure: Structure, theta: np.ndarray, step: np.ndarray, here: _Point
) -> tuple[np.ndarray, _Point]:
    """The first point along a step, halved until the deviance falls."""
    for _ in range(MOST_HALVINGS):
        new = problem.at(structure.build(theta + step, problem.visits))
        if new is not None and new.deviance <= here.deviance + 1e-9 * abs(here.deviance):
            return theta + step, new
        step = step / 2
    raise NotFitted("the search did not converge: no step lowers the deviance")


def _positive(matrix: np.ndarray) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


def _solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError as error:
        raise NotFitted("the covariance cannot be told from fewer parameters") from error


class _Problem:
    """The data, sorted by pattern of attended visits, visits first: x (T, patients, p) and y (T, patients)."""

    def __init__(self, values: np.ndarray, fixed: np.ndarray) -> None:
        _, self.visits, self.size = fixed.shape
        attended = np.isfinite(values)
        observed = int(attended.sum())
        self.freedom = observed - self.size
        if self.freedom < 1:
            raise NotFitted("there are no more observations than fixed effects")
        codes = attended @ (2.0 ** np.arange(self.visits))  # fewer visits than a number has binary digits
        _, first, pattern, counts = np.unique(codes, return_index=True, return_inverse=True, return_counts=True)
        self.masks, self.numbers = attended[first], counts.astype(float)
        self.order = np.argsort(pattern, kind="stable")
        ends = np.cumsum(counts)
        self.spans = [slice(int(end - count), int(end)) for end, count in zip(ends, counts, strict=True)]
        self.attended = attended[self.order].T
        self.x = np.where(self.attended[:, :, None], fixed[self.order].transpose(1, 0, 2), 0.0)
        y = np.where(self.attended, values[self.order].T, 0.0)
        self.plain = _least_squares(self.x.reshape(-1, self.size), y.ravel())
        # the residual of plain least squares stands for y: the fit is the same, and fewer digits cancel
        self.y = y - self.x @ self.plain
        self.rough = self._rough(float(np.sum(y**2)))

    def every_pair(self) -> bool:
        """Whether any two visits were attended by one patient."""
        masks = self.masks.astype(float)
        return bool(np.all(masks.T @ masks > 0))

    def _rough(self, size: float) -> np.ndarray:
        """A positive covariance near that of the residuals of plain least squares, pair by pair."""
        seen = self.attended.astype(float)
        rough = self.y @ self.y.T / np.maximum(seen @ seen.T, 1.0)
        scale = float(np.sum(self.y**2)) / self.freedom
        if not self.freedom * scale > 1e-20 * size:
            raise NotFitted("the values do not differ from the fixed effects")
        diagonal = np.diag(np.maximum(np.diag(rough), 1e-3 * scale))
        off = rough - np.diag(np.diag(rough))
        for share in (1.0, 0.9, 0.7, 0.5, 0.2):
            if np.linalg.eigvalsh(diagonal + share * off)[0] > 1e-4 * scale:
                return np.asarray(diagonal + share * off)
        return diagonal

    def at(self, covariance: Covariance) -> _Point | None:
        """The deviance at one covariance; None where it is not one."""
        if not np.all(np.isfinite(covariance.matrix)) or not _positive(covariance.matrix):
            return None
        both = self.masks[:, :, None] & self.masks[:, None, :]
        filled = np.where(both, covariance.matrix, np.eye(self.visits))
        inverse = np.where(both, np.linalg.inv(filled), 0.0)
        return _Point(self, covariance, inverse, np.linalg.slogdet(filled)[1])


def _least_squares(rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Effects (p,) of least squares; columns that depend on each other are refused."""
    square = rows.T @ rows
    scale = np.sqrt(np.diag(square))
    if not np.all(scale > 0) or np.linalg.eigvalsh(square / np.outer(scale, scale))[0] < 1e-10:
        raise NotFitted("the fixed effects cannot be told apart")
    return np.asarray(np.linalg.solve(square, rows.T @ values))


class _Point:
    """The deviance at one covariance, and its derivatives when they are asked for."""

    def __init__(self, problem: _Problem, covariance: Covariance, inverse: np.ndarray, logs: np.ndarray) -> None:
        self.problem, self.covariance, self.inverse = problem, covariance, inverse
        size = problem.size
        self.f = self.weighted(problem.x)
        flat = self.f.reshape(-1, size)
        self.information = problem.x.reshape(-1, size).T @ flat
        unscaled = np.linalg.inv(self.information)
        self.unscaled = (unscaled + unscaled.T) / 2
        self.effects = self.unscaled @ (flat.T @ problem.y.ravel())
        self.residuals = np.where(problem.attended, problem.y - problem.x @ self.effects, 0.0)
        self.u = self.weighted(self.residuals)
        self.deviance = float(
            problem.freedom * np.log(2 * np.pi)
            + problem.numbers @ logs
            + np.linalg.slogdet(self.information)[1]
            + np.sum(self.residuals * self.u)
        )

    def weighted(self, rows: np.ndarray) -> np.ndarray:
        """W_i times rows (T, patients, ...), pattern by pattern."""
        out = np.empty_like(rows)
        for inverse, span in zip(self.inverse, self.problem.spans, strict=True):
            part = rows[:, span]
            out[:, span] = (inverse @ part.reshape(len(part), -1)).reshape(part.shape)
        return out

    def _summed(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """sum over the patients of each pattern of left right' (patterns, T, T)."""
        spans, visits = self.problem.spans, self.problem.visits
        return np.array([left[:, s].reshape(visits, -1) @ right[:, s].reshape(visits, -1).T for s in spans])

    @functools.cached_property
    def slopes(self) -> np.ndarray:
        """A_j (q, p, p)."""
        visits, size = self.problem.visits, self.problem.size
        flat = self.f.transpose(1, 0, 2).reshape(-1, visits * size)
        cross = (flat.T @ flat).reshape(visits, size, visits, size)  # sum of F_a' F_b
        return np.tensordot(self.covariance.first, cross, axes=([1, 2], [0, 2]))

    @functools.cached_property
    def derivatives(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Gradient (q,), observed and expected second derivatives (q, q) of the deviance."""
        problem, w, size = self.problem, self.inverse, self.problem.size
        squares = problem.visits**2
        known = self._summed((self.f.reshape(-1, size) @ self.unscaled).reshape(self.f.shape), self.f)
        squared = self._summed(self.u, self.u)
        slope = np.einsum("g,gab->ab", problem.numbers, w) - known.sum(axis=0) - squared.sum(axis=0)
        first = self.covariance.first.reshape(-1, squares)

        def contracted(inner: np.ndarray) -> np.ndarray:
            """sum over patterns of tr(V_j W V_k inner): entries (bc, da) of W and inner, wanted as (ab, cd)."""
            full = w.reshape(-1, squares).T @ inner.reshape(-1, squares)
            full = full.reshape((problem.visits,) * 4).transpose(3, 0, 1, 2).reshape(squares, squares)
            return np.asarray(first @ full @ first.T)

        turned = self.slopes @ self.unscaled
        both = turned.reshape(len(turned), -1) @ np.swapaxes(turned, 1, 2).reshape(len(turned), -1).T
        expected = contracted(problem.numbers[:, None, None] * w - 2 * known) + both
        scores = np.tensordot(self.f, self.u, axes=([1], [1])).transpose(0, 2, 1).reshape(squares, size)
        c = first @ scores
        observed = -expected + 2 * contracted(squared) - 2 * c @ self.unscaled @ c.T
        if self.covariance.second.size:
            observed = observed + np.einsum("ab,jkab->jk", slope, self.covariance.second)
        return first @ slope.ravel(), (observed + observed.T) / 2, (expected + expected.T) / 2

    def finished(self, theta: np.ndarray, steps: int) -> Fit:
        problem = self.problem
        spread = 2 * np.linalg.inv(self.derivatives[1])
        back = np.argsort(problem.order)
        return Fit(
            effects=problem.plain + self.effects,
            covariance=self.unscaled,
            visits=self.covariance.matrix,
            parameters=theta,
            parameter_covariance=(spread + spread.T) / 2,
            deviance=self.deviance,
            steps=steps,
            slopes=self.slopes,
            adjusted=self._adjusted(spread),
            information=np.einsum("g,gab->ab", problem.numbers, self.inverse),
            scores=self.u.T[back],
        )

    def _adjusted(self, spread: np.ndarray) -> np.ndarray:
        """Phi + 2 Phi [sum w_jk (Q_jk - P_j Phi P_k - R_jk / 4)] Phi, Kenward and Roger's equation 5."""
        visits, size, phi = self.problem.visits, self.problem.size, self.unscaled
        first = self.covariance.first.reshape(-1, visits**2)
        mixed = (first.T @ spread @ first).reshape((visits,) * 4)  # sum of w_jk V_j[a, b] V_k[c, d]
        inner = np.tensordot(self.inverse, mixed, axes=([1, 2], [1, 2]))  # sum of w_jk V_j W V_k, by pattern
        if self.covariance.second.size:
            inner = inner - np.einsum("jk,jkad->ad", spread, self.covariance.second) / 4
        middle = np.empty_like(self.f)
        for matrix, span in zip(inner, self.problem.spans, strict=True):
            part = self.f[:, span]
            middle[:, span] = (matrix @ part.reshape(visits, -1)).reshape(part.shape)
        q = self.f.reshape(-1, size).T @ middle.reshape(-1, size)
        turned = self.slopes @ phi
        mixed_slopes = np.tensordot(spread, self.slopes, axes=1)
        p = np.einsum("jab,jbd->ad", turned, mixed_slopes)
        adjusted = phi + 2 * phi @ (q - p) @ phi
        return np.asarray((adjusted + adjusted.T) / 2)
