"""Function and survival together: a random line for each patient, and a time of death that depends on it.

    y_ij = b0 + (b1 + d_arm) t_j + u0 + u1 t_j + e_ij,      (u0, u1) ~ N(0, D),    e ~ N(0, s^2)
    log T_i = c + c_arm + a0 u0 + a1 u1 + w_i,              w ~ N(0, v^2)

A shared-parameter model (Vonesh, Greene and Schluchter, Stat. Med. 25:143, 2006), with the time of death log-normal, so
that scores and log T are normal together and the likelihood is closed: that of the scores, times the density of log T
given the scores for a death, or the probability of a later death for who was censored. With A = Z'Z of the attended
visits, r = y - X b and K = (A + s^2 D^-1)^-1,

    E[u | y] = K Z'r,   Var[u | y] = s^2 K,   log |V| = k log s^2 + log |I + D A / s^2|,
    r'V^-1 r = (r'r - r'Z K Z'r) / s^2.

Maximum likelihood; first derivatives are exact, second ones their central differences. Visits that death prevented are
thereby not missing at random: a steep line makes an early death likely, and the model knows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

STEP = 1e-4  # of the differences, in parameters of the order of one
CLOSE = 1e-6  # twice what a further Newton step would lower -2 log L by: less is the end of the search
NEAR = 100.0  # the same from outer products: second derivatives, which cost more, are taken from here on
MOST_STEPS = 100
MOST_DAMPING = 1e8


class NotFitted(ValueError):
    """The model has no fit; the message says why."""


@dataclass(frozen=True)
class JointFit:
    """Parameters (q,) and their covariance (q, q): b0, b1, d of each arm but the first, c, c of each arm, a0, a1 (per
    between-patient SD), and the logarithms of s, of the SDs of u0 and u1, of the odds of their correlation, of v."""

    parameters: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    arms: int


def fit(values: np.ndarray, months: np.ndarray, times: np.ndarray, died: np.ndarray, groups: np.ndarray) -> JointFit:
    """Fit by maximum likelihood.

    Args:
        values: (patients, visits), NaN where missed; ``months``: (visits,).
        times: (patients,) to death (above 0) or censoring, in any unit; ``died``: which.
        groups: (patients, arms - 1) of dummies for all arms but the first.

    Raises:
        NotFitted: too little to see of slopes or deaths, or the search did not converge.
    """
    data = _Data(values, months, times, died, groups)
    theta = data.start()
    value = float(data.deviance(theta[None])[0])
    damping, exact = 1e-3, False
    for _ in range(MOST_STEPS):
        gradient, curvature = data.derivatives(theta) if exact else data.outer_products(theta)
        step, fall = _newton(gradient, curvature, damping)
        if not exact and fall < NEAR:
            exact, damping = True, 1e-6
            continue
        if exact and fall < CLOSE and damping < 1e-2 and _positive(curvature):
            covariance = 2 * np.linalg.inv(curvature)
            return JointFit(theta, (covariance + covariance.T) / 2, -value / 2, groups.shape[1] + 1)
        new = float(data.deviance((theta + step)[None])[0])
        if new <= value:
            theta, value, damping = theta + step, new, damping / 10
        else:
            damping *= 10
            if damping > MOST_DAMPING:
                break
    raise NotFitted("the search did not converge")


def _positive(matrix: np.ndarray) -> bool:
    return bool(np.all(np.isfinite(matrix)) and np.linalg.eigvalsh(matrix)[0] > 0)


def _newton(gradient: np.ndarray, curvature: np.ndarray, damping: float) -> tuple[np.ndarray, float]:
    """A damped Newton step, and twice the fall of the deviance that it promises; directions that curve down are turned
    up, so that the step always descends (Levenberg and Marquardt)."""
    if not np.all(np.isfinite(curvature)):
        raise NotFitted("the likelihood has no curvature")
    sizes, directions = np.linalg.eigh(curvature)
    sizes = np.maximum(np.abs(sizes), 1e-8 * np.abs(sizes).max())
    along = directions.T @ gradient
    step = -directions @ (along / (sizes + damping * np.abs(sizes).max()))
    return step, float(np.sum(along**2 / sizes))


class _Terms(NamedTuple):
    """The likelihood's parts at some parameters, (m, patients) or (m, 1), under the names of :class:`_Data`."""

    b0: np.ndarray
    b1: np.ndarray
    a0: np.ndarray
    a1: np.ndarray
    s2: np.ndarray
    u0: np.ndarray
    u1: np.ndarray
    rho: np.ndarray
    v2: np.ndarray
    k00: np.ndarray
    k01: np.ndarray
    k11: np.ndarray
    z0: np.ndarray
    z1: np.ndarray
    rr: np.ndarray
    inside: np.ndarray
    p00: np.ndarray
    p01: np.ndarray
    p11: np.ndarray
    determinant: np.ndarray
    e0: np.ndarray
    e1: np.ndarray
    q0: np.ndarray
    q1: np.ndarray
    spread2: np.ndarray
    spread: np.ndarray
    score: np.ndarray


class _Data:
    """Sums of each patient's visits, from which the likelihood follows for many parameters at once."""

    def __init__(
        self, values: np.ndarray, months: np.ndarray, times: np.ndarray, died: np.ndarray, groups: np.ndarray
    ) -> None:
        seen = np.isfinite(values)
        if (seen.sum(axis=1) > 1).sum() < 3:
            raise NotFitted("too few patients have two visits")
        if died.sum() < 2:
            raise NotFitted("too few deaths")
        if not np.all(times[died] > 0):
            raise NotFitted("a time of death is not above zero")
        y, t = np.where(seen, values, 0.0), np.where(seen, months, 0.0)
        self.count, self.t1, self.t2 = seen.sum(axis=1).astype(float), t.sum(axis=1), (t**2).sum(axis=1)
        self.y0, self.y1, self.yy = y.sum(axis=1), (y * t).sum(axis=1), (y**2).sum(axis=1)
        with np.errstate(
            divide="ignore"
        ):  # who was never followed says nothing of death: log T is above minus infinity
            self.logs = np.log(times)
        self.died, self.groups = died, groups
        self.size = 2 * groups.shape[1] + 10

    def start(self) -> np.ndarray:
        """Rough parameters: a line through all scores, half of the spread between patients, deaths at their mean."""
        n, total = self.count.sum(), self.t2.sum()
        square = np.array([[n, self.t1.sum()], [self.t1.sum(), total]])
        line = np.linalg.solve(square, [self.y0.sum(), self.y1.sum()])
        rest = float(self.yy.sum() - line @ [self.y0.sum(), self.y1.sum()]) / n
        if not rest > 1e-12:
            raise NotFitted("the scores do not differ from a line")
        last = float(np.sqrt(total / n))
        spread = float(self.logs[self.died].std()) or 0.5
        arms = np.zeros(self.groups.shape[1])
        scales = np.log([np.sqrt(rest) / 2, np.sqrt(rest) / 1.5, np.sqrt(rest) / (1.5 * last)])
        where = float(self.logs.max()) + 0.3
        return np.concatenate([line, arms, [where], arms, [0.0, 0.0], scales, [0.0, np.log(spread + 0.3)]])

    def _terms(self, theta: np.ndarray, slope: float = 0.0, shift: float = 0.0) -> _Terms:
        """What the likelihood and its derivatives are made of, at parameters (m, q); ``slope`` and ``shift`` are added
        to the own slope and to the mean of log T."""
        arms = self.groups.shape[1]
        theta = theta[:, :, None]
        b0 = theta[:, 0]
        own = self.groups.T[None]
        b1 = theta[:, 1] + (theta[:, 2 : 2 + arms] * own).sum(axis=1) + slope
        mean = theta[:, 2 + arms] + (theta[:, 3 + arms : 3 + 2 * arms] * own).sum(axis=1) + shift
        a0, a1, log_s, log_u0, log_u1, odds, log_v = np.moveaxis(theta[:, 3 + 2 * arms :], 1, 0)
        s2, u0, u1, rho = np.exp(2 * log_s), np.exp(log_u0), np.exp(log_u1), np.tanh(odds)
        # scores on the scale of the between-patient SDs: Z = (u0, u1 t), D a correlation
        k00, k01, k11 = self.count * u0**2, self.t1 * u0 * u1, self.t2 * u1**2
        z0 = u0 * (self.y0 - b0 * self.count - b1 * self.t1)
        z1 = u1 * (self.y1 - b0 * self.t1 - b1 * self.t2)
        rr = self.yy - 2 * (b0 * self.y0 + b1 * self.y1)
        rr = rr + b0**2 * self.count + 2 * b0 * b1 * self.t1 + b1**2 * self.t2
        inside = 1 - rho**2
        p00, p01, p11 = k00 + s2 / inside, k01 - s2 * rho / inside, k11 + s2 / inside
        determinant = p00 * p11 - p01**2
        e0, e1 = (p11 * z0 - p01 * z1) / determinant, (p00 * z1 - p01 * z0) / determinant
        q0, q1 = (a0 * p11 - a1 * p01) / determinant, (a1 * p00 - a0 * p01) / determinant
        v2 = np.exp(2 * log_v)
        spread2 = v2 + s2 * (a0 * q0 + a1 * q1)
        spread = np.sqrt(spread2)
        score = (self.logs - mean - a0 * e0 - a1 * e1) / spread
        return _Terms(
            b0, b1, a0, a1, s2, u0, u1, rho, v2, k00, k01, k11, z0, z1, rr, inside, p00, p01, p11, determinant, e0, e1,
            q0, q1, spread2, spread, score,
        )  # fmt: skip

    def by_patient(self, theta: np.ndarray, slope: float = 0.0, shift: float = 0.0) -> np.ndarray:
        """(m, patients) -2 log L of each patient at parameters (m, q), with ``slope`` and ``shift`` added to the own
        slope and to the mean of log T."""
        from scipy.special import log_ndtr

        x = self._terms(theta, slope, shift)
        logs = (self.count - 2) * np.log(x.s2) + np.log(x.determinant) + np.log(x.inside)
        deviance = self.count * np.log(2 * np.pi) + logs + (x.rr - x.z0 * x.e0 - x.z1 * x.e1) / x.s2
        dead = np.log(2 * np.pi) + np.log(x.spread2) + x.score**2
        return np.asarray(deviance + np.where(self.died, dead, -2 * log_ndtr(-x.score)))

    def gradients(self, theta: np.ndarray) -> np.ndarray:
        """(m, q, patients) first derivatives of :meth:`by_patient`.

        Derivatives go backwards through the terms. With e = P^-1 z and q = P^-1 a, of a death or a censored time f

            d f = w' (-(d mean + e da + q dz - q dP e) / spread) + (2 died - w' w) d spread^2 / (2 spread^2),
            d spread^2 = d v^2 + a q d s^2 + s^2 (2 q da - q dP q),

        w' being 2 w for a death and twice the normal hazard at w for a censored time; of the scores

            d = (k - 2) d s^2 / s^2 + tr(P^-1 dP) + d log(1 - rho^2) + (d rr - 2 e dz + e dP e) / s^2
                - (rr - z e) d s^2 / s^4.
        """
        from scipy.special import log_ndtr

        x = self._terms(theta)
        score = np.maximum(x.score, -1e6)  # who was followed for no time at all, whose log is infinite, says nothing
        hazard = 2 * np.exp(-(score**2) / 2 - np.log(2 * np.pi) / 2 - log_ndtr(-score))
        pull = np.where(self.died, 2 * score, hazard)
        on_mean = -pull / x.spread
        on_variance = (np.where(self.died, 2.0, 0.0) - pull * score) / (2 * x.spread2)
        on_a0 = on_mean * x.e0 + 2 * on_variance * x.s2 * x.q0
        on_a1 = on_mean * x.e1 + 2 * on_variance * x.s2 * x.q1
        on_z0, on_z1 = -2 * x.e0 / x.s2 + on_mean * x.q0, -2 * x.e1 / x.s2 + on_mean * x.q1
        weight = on_variance * x.s2
        on_p00 = x.p11 / x.determinant + x.e0**2 / x.s2 - on_mean * x.q0 * x.e0 - weight * x.q0**2
        on_p11 = x.p00 / x.determinant + x.e1**2 / x.s2 - on_mean * x.q1 * x.e1 - weight * x.q1**2
        on_p01 = -2 * x.p01 / x.determinant + 2 * x.e0 * x.e1 / x.s2
        on_p01 -= on_mean * (x.q0 * x.e1 + x.q1 * x.e0) + 2 * weight * x.q0 * x.q1
        on_s2 = (self.count - 2) / x.s2 - (x.rr - x.z0 * x.e0 - x.z1 * x.e1) / x.s2**2
        on_s2 += on_variance * (x.a0 * x.q0 + x.a1 * x.q1) + (on_p00 + on_p11 - x.rho * on_p01) / x.inside
        on_b0 = -x.u0 * self.count * on_z0 - x.u1 * self.t1 * on_z1
        on_b0 += 2 * (x.b0 * self.count + x.b1 * self.t1 - self.y0) / x.s2
        on_b1 = -x.u0 * self.t1 * on_z0 - x.u1 * self.t2 * on_z1
        on_b1 += 2 * (x.b0 * self.t1 + x.b1 * self.t2 - self.y1) / x.s2
        on_odds = 2 * x.rho * x.s2 / x.inside * (on_p00 + on_p11) - 2 * x.rho
        on_odds -= x.s2 * (1 + 2 * x.rho**2 / x.inside) * on_p01
        own = self.groups.T
        return np.stack(
            [
                on_b0, on_b1, *(on_b1 * arm for arm in own), on_mean, *(on_mean * arm for arm in own), on_a0, on_a1,
                2 * x.s2 * on_s2,
                on_z0 * x.z0 + 2 * x.k00 * on_p00 + x.k01 * on_p01,
                on_z1 * x.z1 + 2 * x.k11 * on_p11 + x.k01 * on_p01,
                on_odds, 2 * x.v2 * on_variance,
            ],
            axis=1,
        )  # fmt: skip

    def deviance(self, theta: np.ndarray) -> np.ndarray:
        """(m,) -2 log L at parameters (m, q); infinite where it is not defined."""
        with np.errstate(all="ignore"):
            total = self.by_patient(theta).sum(axis=1)
        return np.where(np.isfinite(total), total, np.inf)

    def outer_products(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradient (q,), and the second derivatives (q, q) that the spread of the patients' own gradients implies."""
        with np.errstate(all="ignore"):
            each = self.gradients(theta[None])[0]
        return each.sum(axis=1), each @ each.T / 2

    def derivatives(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradient (q,), and second derivatives (q, q) of the deviance by central differences of gradients."""
        step = STEP * np.maximum(np.abs(theta), 1.0)
        units = np.diag(step)
        with np.errstate(all="ignore"):
            values = self.gradients(np.concatenate([theta[None], theta + units, theta - units])).sum(axis=2)
        plus, minus = values[1 : 1 + len(theta)], values[1 + len(theta) :]
        curvature = (plus - minus) / (2 * step[:, None])
        return values[0], (curvature + curvature.T) / 2


def slope_scores(values: np.ndarray, months: np.ndarray, times: np.ndarray, died: np.ndarray) -> np.ndarray:
    """(patients,) pull of each patient on a slope, by the model without arms, less what goes with a pull on the time of
    death (the efficient score of a slope beside a time ratio)."""
    none = np.zeros((len(values), 0))
    data = _Data(values, months, times, died, none)
    theta = fit(values, months, times, died, none).parameters[None]
    on_slope = (data.by_patient(theta, slope=STEP) - data.by_patient(theta, slope=-STEP))[0]
    on_time = (data.by_patient(theta, shift=STEP) - data.by_patient(theta, shift=-STEP))[0]
    return np.asarray(on_slope - (on_slope @ on_time) / (on_time @ on_time) * on_time) / (2 * STEP)
