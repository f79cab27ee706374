"""Function and survival together: a random line for each patient, and a time of death that depends on it.

    y_ij = b0 + (b1 + d_arm) t_j + u0 + u1 t_j + e_ij,      (u0, u1) ~ N(0, D),    e ~ N(0, s^2)
    log T_i = c + c_arm + a0 u0 + a1 u1 + w_i,              w ~ N(0, v^2)

A shared-parameter model (Vonesh, Greene and Schluchter, Stat. Med. 25:143, 2006), with the time of death log-normal, so
that scores and log T are normal together and the likelihood is closed: that of the scores, times the density of log T
given the scores for a death, or the probability of a later death for who was censored. With A = Z'Z of the attended
visits, r = y - X b and K = (A + s^2 D^-1)^-1,

    E[u | y] = K Z'r,   Var[u | y] = s^2 K,   log |V| = k log s^2 + log |I + D A / s^2|,
    r'V^-1 r = (r'r - r'Z K Z'r) / s^2.

Maximum likelihood; derivatives by central differences, all at once. Visits that death prevented are thereby not missing
at random: a steep line makes an early death likely, and the model knows it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STEP = 1e-4  # of the differences, in parameters of the order of one
CLOSE = 1e-6  # twice what a further Newton step would lower -2 log L by: less is the end of the search
NEAR = 0.1  # the same from outer products: second derivatives, which cost more, are taken from here on
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

    def by_patient(self, theta: np.ndarray, slope: float = 0.0, shift: float = 0.0) -> np.ndarray:
        """(m, patients) -2 log L of each patient at parameters (m, q), with ``slope`` and ``shift`` added to the own
        slope and to the mean of log T."""
        from scipy.special import log_ndtr

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
        logs = (self.count - 2) * np.log(s2) + np.log(determinant) + np.log(inside)
        deviance = self.count * np.log(2 * np.pi) + logs + (rr - z0 * e0 - z1 * e1) / s2
        known = s2 * (a0**2 * p11 - 2 * a0 * a1 * p01 + a1**2 * p00) / determinant
        spread = np.sqrt(np.exp(2 * log_v) + known)
        score = (self.logs - mean - a0 * e0 - a1 * e1) / spread
        dead = np.log(2 * np.pi) + 2 * np.log(spread) + score**2
        return np.asarray(deviance + np.where(self.died, dead, -2 * log_ndtr(-score)))

    def deviance(self, theta: np.ndarray) -> np.ndarray:
        """(m,) -2 log L at parameters (m, q); infinite where it is not defined."""
        with np.errstate(all="ignore"):
            total = self.by_patient(theta).sum(axis=1)
        return np.where(np.isfinite(total), total, np.inf)

    def outer_products(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradient (q,), and the second derivatives (q, q) that the spread of the patients' own gradients implies."""
        step = STEP * np.maximum(np.abs(theta), 1.0)
        units = np.diag(step)
        with np.errstate(all="ignore"):
            values = self.by_patient(np.concatenate([theta + units, theta - units]))
        each = (values[: len(theta)] - values[len(theta) :]) / (2 * step[:, None])
        return each.sum(axis=1), each @ each.T / 2

    def derivatives(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradient (q,) and second derivatives (q, q) of the deviance by central differences."""
        step = STEP * np.maximum(np.abs(theta), 1.0)
        units = np.diag(step)
        j, k = np.triu_indices(len(theta))
        points = np.concatenate(
            [theta + units, theta - units, theta + units[j] + units[k], theta - units[j] - units[k],
             theta + units[j] - units[k], theta - units[j] + units[k]]
        )  # fmt: skip
        values = self.deviance(points)
        plus, minus = values[: len(theta)], values[len(theta) : 2 * len(theta)]
        same, back, one, other = np.split(values[2 * len(theta) :], 4)
        curvature = np.empty((len(theta), len(theta)))
        curvature[j, k] = curvature[k, j] = (same + back - one - other) / (4 * step[j] * step[k])
        return (plus - minus) / (2 * step), curvature


def slope_scores(values: np.ndarray, months: np.ndarray, times: np.ndarray, died: np.ndarray) -> np.ndarray:
    """(patients,) pull of each patient on a slope, by the model without arms, less what goes with a pull on the time of
    death (the efficient score of a slope beside a time ratio)."""
    none = np.zeros((len(values), 0))
    data = _Data(values, months, times, died, none)
    theta = fit(values, months, times, died, none).parameters[None]
    on_slope = (data.by_patient(theta, slope=STEP) - data.by_patient(theta, slope=-STEP))[0]
    on_time = (data.by_patient(theta, shift=STEP) - data.by_patient(theta, shift=-STEP))[0]
    return np.asarray(on_slope - (on_slope @ on_time) / (on_time @ on_time) * on_time) / (2 * STEP)
