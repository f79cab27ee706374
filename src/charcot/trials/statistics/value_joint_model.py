"""A marker and survival together: the hazard depends on the marker's present value; the posterior by weighted draws.

    y_ij = m_i(t_ij) + e_ij,    m_i(t) = x_i (b0 + b1 t) + u0 + u1 t,    u ~ N(0, D),    e ~ N(0, s^2)
    log h_i(t) = B(t) c + w_i' g + a m_i(t),    B quadratic B-splines

The joint model of Rizopoulos (Joint Models for Longitudinal and Time-to-Event Data, 2012) with the priors of the R
package JMbayes2: second differences of c are normal with precision tau, tau ~ gamma(5, rate 0.5), here integrated out;
standard deviations are gamma of shape 5 with the mixed model's values for means; the correlation r has (1 - r^2)^2; a
and g are normal with SD 2 per SD of what they multiply; b0 and b1 are flat. u is integrated out by Gauss and Hermite's
points about what the scores say of it, time by Gauss and Legendre's. The posterior is then one of some twenty numbers:
its mode is found by damped Newton steps, and draws from a t distribution about it, weighted, give means and standard
deviations. No endpoint uses it: one fit takes seconds, where a simulated trial is analysed in milliseconds, and its
posterior has neither a p value nor scores blind to the arms. The tests hold it to JMbayes2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from charcot.core import mixed_model
from charcot.trials.statistics.joint_model import NotFitted, _newton

SEGMENTS, DEGREE = 9, 2  # of the splines
TIME_POINTS = 15  # of the integral of a hazard
TAU = (5.0, 0.5)  # shape and rate of the precision of second differences
SHAPE = 5.0  # of the gammas of standard deviations
PRIOR_SD = 2.0  # of a and g, per SD of what they multiply
FREEDOM = 8.0  # of the t distribution that is drawn from
STEP = 1e-4
CLOSE = 1e-4
MOST_STEPS = 60


@dataclass(frozen=True)
class ValueFit:
    """The posterior.

    Attributes:
        names: of the parameters: ``b0_i`` and ``b1_i`` of each column, ``g_i``, ``a``, ``s``, ``sd0``, ``sd1``,
            ``correlation``.
        mode, means, deviations: of each; ``covariance``: (2, 2) posterior mean of D.
        effective: how many draws without weights would tell as much.
    """

    names: tuple[str, ...]
    mode: np.ndarray
    means: np.ndarray
    deviations: np.ndarray
    covariance: np.ndarray
    effective: float


def fit(
    values: np.ndarray,
    visits: np.ndarray,
    columns: np.ndarray,
    times: np.ndarray,
    died: np.ndarray,
    covariates: np.ndarray,
    draws: int,
    seed: int,
    points: int = 7,
) -> ValueFit:
    """The posterior by weighted draws.

    Args:
        values, visits: (n, m) of the marker and when, NaN where there are none; each patient has one at least.
        columns: (n, p) of the marker's mean, the first of ones; ``covariates``: (n, q) of the hazard.
        times: (n,) to death or censoring; ``died``: which.
        draws: how many, from stream ``seed``; ``points``: of the quadrature over u in each direction.

    Raises:
        NotFitted: nobody died, the mixed model of the marker has no fit, or the search did not converge.
    """
    posterior = _Posterior(values, visits, columns, times, died, covariates, points)
    theta, curvature = _mode(posterior)
    random = np.random.default_rng(seed)
    factor = np.linalg.cholesky(2 * np.linalg.inv(curvature))
    size = len(theta)
    normal = random.standard_normal((draws, size))
    chi = random.chisquare(FREEDOM, draws) / FREEDOM
    drawn = theta + (normal @ factor.T) / np.sqrt(chi)[:, None]
    logs = np.array([-posterior.deviance(one) / 2 for one in drawn])
    logs += (FREEDOM + size) / 2 * np.log1p(np.sum(normal**2, axis=1) / chi / FREEDOM)
    weights = np.exp(logs - np.nanmax(logs))
    weights = np.where(np.isfinite(weights), weights, 0.0) / np.nansum(weights)
    natural = np.array([posterior.natural(one) for one in drawn])
    means = weights @ natural
    spreads = np.array([posterior.parts(one)[4] for one in drawn])
    return ValueFit(
        posterior.names, posterior.natural(theta), means, np.sqrt(weights @ (natural - means) ** 2),
        np.einsum("k,kij->ij", weights, spreads), float(1 / np.sum(weights**2)),
    )  # fmt: skip


def _mode(posterior: _Posterior) -> tuple[np.ndarray, np.ndarray]:
    """Where the posterior is highest, and the second derivatives of -2 log of it there."""
    theta, damping = posterior.start(), 1e-2
    value = posterior.deviance(theta)
    gradient, curvature = posterior.derivatives(theta)
    for _ in range(MOST_STEPS):
        step, fall = _newton(gradient, curvature, damping)
        if fall < CLOSE and np.linalg.eigvalsh(curvature)[0] > 0:
            return theta, curvature
        new = posterior.deviance(theta + step)
        if new <= value + 1e-3 * CLOSE:
            theta, value, damping = theta + step, new, damping / 10
            gradient, curvature = posterior.derivatives(theta)
        else:
            damping *= 10
            if damping > 1e8:
                break
    raise NotFitted("the search did not converge")


class _Posterior:
    """-2 log of the posterior density of theta = (c, g, a, b0, b1, log s, log SDs, atanh of the correlation)."""

    def __init__(
        self,
        values: np.ndarray,
        visits: np.ndarray,
        columns: np.ndarray,
        times: np.ndarray,
        died: np.ndarray,
        covariates: np.ndarray,
        points: int,
    ) -> None:
        from scipy.interpolate import BSpline

        if not died.any():
            raise NotFitted("nobody died")
        self.x, self.w, self.died, self.times = columns, covariates, died.astype(float), times
        self.seen = np.isfinite(values)
        self.y, self.t = np.where(self.seen, values, 0.0), np.where(self.seen, visits, 0.0)
        self.count = self.seen.sum(axis=1).astype(float)
        z = np.stack([self.seen.astype(float), self.t], axis=-1)
        self.z, self.squares = z, np.einsum("nmr,nms->nrs", z, z)
        node, weight = np.polynomial.legendre.leggauss(TIME_POINTS)
        self.when = times[:, None] * (node + 1) / 2  # (n, k)
        self.lengths = times[:, None] * weight / 2
        end = times.max() * (1 + 1e-4)
        knots = np.concatenate([[0.0] * DEGREE, np.linspace(0, end, SEGMENTS + 1), [end] * DEGREE])
        self.splines = SEGMENTS + DEGREE
        self.basis = BSpline.design_matrix(self.when.ravel(), knots, DEGREE).toarray().reshape(*self.when.shape, -1)
        self.own = BSpline.design_matrix(times, knots, DEGREE).toarray()
        differences = np.diff(np.eye(self.splines), 2, axis=0)
        self.penalty = differences.T @ differences
        node, weight = np.polynomial.hermite_e.hermegauss(points)
        self.grid = np.stack(np.meshgrid(node, node, indexing="ij"), axis=-1).reshape(-1, 2)
        self.log_weights = np.log(np.outer(weight, weight).ravel() / weight.sum() ** 2)
        self._mixed()
        p = columns.shape[1]
        self.names = (
            *(f"b0_{i}" for i in range(p)), *(f"b1_{i}" for i in range(p)),
            *(f"g_{i}" for i in range(covariates.shape[1])), "a", "s", "sd0", "sd1", "correlation",
        )  # fmt: skip

    def _mixed(self) -> None:
        """The mixed model of the marker alone: where the search starts, and the scales of the priors."""
        who = np.nonzero(self.seen)[0]
        t = self.t[self.seen]
        fixed = np.concatenate([self.x[who], self.x[who] * t[:, None]], axis=1)
        alone = mixed_model.fit(self.y[self.seen], fixed, who, np.stack([np.ones_like(t), t], axis=1))
        if not alone.converged or alone.singular:
            raise NotFitted("the mixed model of the marker has no fit")
        p = self.x.shape[1]
        self.alone = alone
        self.effects = alone.effects.reshape(2, p)
        self.scales = np.sqrt([alone.residual, alone.random[0, 0], alone.random[1, 1]])
        mean, _, _ = self.given_scores(self.effects[0], self.effects[1], alone.residual, alone.random)
        value = (self.x @ self.effects[0] + mean[:, 0])[:, None]
        value = value + (self.x @ self.effects[1] + mean[:, 1])[:, None] * self.when
        self.prior_a = PRIOR_SD / value.std()
        self.prior_g = PRIOR_SD / np.maximum(self.w.std(axis=0), 1e-12)

    def start(self) -> np.ndarray:
        rate = np.log(self.died.sum() / self.times.sum())
        r = self.alone.random[0, 1] / (self.scales[1] * self.scales[2])
        return np.concatenate(
            [
                np.full(self.splines, rate), np.zeros(self.w.shape[1] + 1), self.effects.ravel(), np.log(self.scales),
                [np.arctanh(r)],
            ]
        )  # fmt: skip

    def parts(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, float, np.ndarray, np.ndarray]:
        """c, g, a, effects (2, p), D (2, 2)."""
        k, q, p = self.splines, self.w.shape[1], self.x.shape[1]
        sds, r = np.exp(theta[-3:-1]), np.tanh(theta[-1])
        spread = np.outer(sds, sds) * np.array([[1, r], [r, 1]])
        return (
            theta[:k],
            theta[k : k + q],
            float(theta[k + q]),
            theta[k + q + 1 : k + q + 1 + 2 * p].reshape(2, p),
            spread,
        )

    def natural(self, theta: np.ndarray) -> np.ndarray:
        """The parameters of ``names``."""
        _, g, a, effects, _ = self.parts(theta)
        return np.concatenate([effects.ravel(), g, [a], np.exp(theta[-4:-1]), [np.tanh(theta[-1])]])

    def given_scores(
        self, b0: np.ndarray, b1: np.ndarray, s2: float, spread: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean (n, 2) and covariance (n, 2, 2) of u given the marker, and the residuals (n, m)."""
        rest = np.where(self.seen, self.y - (self.x @ b0)[:, None] - (self.x @ b1)[:, None] * self.t, 0.0)
        covariance = np.linalg.inv(self.squares / s2 + np.linalg.inv(spread))
        return np.einsum("nrs,nms,nm->nr", covariance, self.z, rest) / s2, covariance, rest

    def deviance(self, theta: np.ndarray) -> float:
        """-2 log of the posterior density; infinite where it is not defined."""
        with np.errstate(all="ignore"):
            try:
                found = self._evaluate(theta, False)[0]
            except np.linalg.LinAlgError:
                return np.inf
        return found if np.isfinite(found) else np.inf

    def derivatives(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradient, and second derivatives as central differences of gradients."""
        units = STEP * np.eye(len(theta))
        rows = [self._evaluate(theta + unit, True)[1] - self._evaluate(theta - unit, True)[1] for unit in units]
        curvature = np.array(rows) / (2 * STEP)
        return self._evaluate(theta, True)[1], (curvature + curvature.T) / 2

    def _evaluate(self, theta: np.ndarray, slope: bool) -> tuple[float, np.ndarray]:
        """-2 log density and, where asked, its gradient: the expectation, over u given all data, of the gradient of
        the density of data and u (Fisher's identity)."""
        c, g, a, (b0, b1), spread = self.parts(theta)
        s2 = float(np.exp(2 * theta[-4]))
        mean, covariance, rest = self.given_scores(b0, b1, s2, spread)
        u = mean[:, None] + self.grid @ np.swapaxes(np.linalg.cholesky(covariance), 1, 2)  # (n, nodes, 2)
        x0, x1, ratio = self.x @ b0, self.x @ b1, self.w @ g
        base = x0[:, None] + x1[:, None] * self.when
        common = np.exp(self.basis @ c + ratio[:, None] + a * base) * self.lengths  # (n, k)
        # exp(a (u0 + u1 t)) at all nodes and times
        risk = np.exp(a * (u[:, :, :1] + u[:, :, 1:] * self.when[:, None]))
        own = self.own @ c + ratio + a * (x0 + x1 * self.times)
        logs = self.died[:, None] * (own[:, None] + a * (u[:, :, 0] + u[:, :, 1] * self.times[:, None]))
        logs = logs + self.log_weights - np.einsum("nqk,nk->nq", risk, common)
        top = logs.max(axis=1, keepdims=True)
        weights = np.exp(logs - top)
        total = weights.sum(axis=1)
        pull = np.einsum("nmr,nm->nr", self.z, rest)
        square = (np.sum(rest**2, axis=1) - np.einsum("nr,nr->n", pull, mean)) / s2
        log_v = self.count * np.log(2 * np.pi * s2) + np.linalg.slogdet(spread)[1] - np.linalg.slogdet(covariance)[1]
        value = float(np.sum(log_v + square - 2 * (np.log(total) + top[:, 0])))
        prior, prior_slope = self._prior(theta)
        if not slope:
            return value + prior, np.zeros(0)
        weights /= total[:, None]
        first = np.einsum("nq,nqr->nr", weights, u)
        second = np.einsum("nq,nqr,nqs->nrs", weights, u, u)
        e0 = np.einsum("nq,nqk->nk", weights, risk) * common  # expected hazards, times the length of time
        e1 = np.einsum("nq,nqr,nqk->nkr", weights, u, risk) * common[:, :, None]
        left = self.died - e0.sum(axis=1)
        left_t = self.died * self.times - np.sum(e0 * self.when, axis=1)
        on_c = self.own.T @ self.died - np.einsum("nk,nkc->c", e0, self.basis)
        on_a = self.died @ (x0 + x1 * self.times + first[:, 0] + first[:, 1] * self.times)
        on_a -= np.sum(e0 * base) + e1[:, :, 0].sum() + np.sum(e1[:, :, 1] * self.when)
        rest_u = rest - np.einsum("nmr,nr->nm", self.z, first)
        on_b0 = self.x.T @ (rest_u.sum(axis=1) / s2 + a * left)
        on_b1 = self.x.T @ (np.sum(rest_u * self.t, axis=1) / s2 + a * left_t)
        inner = np.sum(rest**2) - 2 * np.sum(pull * first) + np.einsum("nrs,nrs->", self.squares, second)
        on_s = -self.count.sum() + inner / s2
        inverse = np.linalg.inv(spread)
        on_d = (inverse @ second.sum(axis=0) @ inverse - len(first) * inverse) / 2
        sds, r = np.exp(theta[-3:-1]), np.tanh(theta[-1])
        cross = on_d[0, 1] * spread[0, 1] * 2
        on_sds = 2 * np.diag(on_d) * sds**2 + cross
        on_r = 2 * on_d[0, 1] * sds[0] * sds[1] * (1 - r**2)
        gradient = np.concatenate([on_c, self.w.T @ left, [on_a], on_b0, on_b1, [on_s], on_sds, [on_r]])
        return value + prior, -2 * gradient + prior_slope

    def _prior(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """-2 log of the prior, of theta as it is searched over, and its gradient."""
        c, g, a, effects, _ = self.parts(theta)
        shape, rate = TAU
        power = shape + (self.splines - 2) / 2
        inside = rate + c @ self.penalty @ c / 2
        scale = np.exp(theta[-4:-1])
        r2 = np.tanh(theta[-1]) ** 2
        value = 2 * power * np.log(inside) + a**2 / self.prior_a**2 + np.sum(g**2 / self.prior_g**2)
        value += np.sum(-2 * SHAPE * theta[-4:-1] + 2 * SHAPE * scale / self.scales) - 2 * 3 * np.log1p(-r2)
        slope = np.concatenate(
            [
                2 * power * (self.penalty @ c) / inside, 2 * g / self.prior_g**2, [2 * a / self.prior_a**2],
                np.zeros(effects.size), -2 * SHAPE + 2 * SHAPE * scale / self.scales, [12 * np.tanh(theta[-1])],
            ]
        )  # fmt: skip
        return float(value), slope
