"""Function and survival together with proportional hazards: deaths depend on the patient's own departure from the mean.

    y_ij = X_ij b + W_i(t_ij) + e_ij,      W_i(t) = u0 or u0 + u1 t,      u ~ N(0, D),      e ~ N(0, s^2)
    h_i(t) = h0(t) exp(x_i g + a W_i(t)),      h0 a step at each time of a death

Wulfsohn and Tsiatis (Biometrics 53:330, 1997) with the latent process of Henderson, Diggle and Dobson (Biostatistics
1:465, 2000), by their EM: given the scores alone, u is normal, and Gauss and Hermite's points of that normal, weighted
by what survival says, give the expectations; b, s^2, D and h0 have closed forms, and (g, a) moves by one Newton step.
With few points and a loose end (3 and 1e-3) this is what the R package joineR computes, step by step; with more points
and a tight end it is the likelihood's maximum. The model of :mod:`joint_model` has log-normal times and no integral,
and is what trials are analysed by; this one is there for a baseline hazard of any shape. No endpoint uses it: its
standard errors need a bootstrap of fits, each some thirty times as long as the closed form, and a permutation twin
would need scores blind to the arms, which it does not give. The tests hold it to joineR.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from charcot.trials.statistics.joint_model import NotFitted

LIKELIHOOD_POINTS = 10  # of the log-likelihood at the end, in each direction
MOST_ROUNDS = 5000  # of a start by scores alone


@dataclass(frozen=True)
class HazardFit:
    """The fit.

    Attributes:
        effects: (p,) b; ``log_ratios``: (q,) g; ``association``: a; ``spread``: (r, r) D; ``residual``: s^2.
        times: (k,) of deaths; ``hazard``: (k,) h0 there, of covariates at their means.
        rounds: of EM; ``converged``: whether no parameter moved by the tolerance in the last.
    """

    effects: np.ndarray
    log_ratios: np.ndarray
    association: float
    spread: np.ndarray
    residual: float
    times: np.ndarray
    hazard: np.ndarray
    log_likelihood: float
    rounds: int
    converged: bool


class _Data:
    """Scores, visits and risk sets as arrays of patients by visits or by times of deaths."""

    def __init__(
        self,
        values: np.ndarray,
        fixed: np.ndarray,
        visits: np.ndarray,
        times: np.ndarray,
        died: np.ndarray,
        covariates: np.ndarray,
        slopes: bool,
    ) -> None:
        self.seen = np.isfinite(values)
        self.y = np.where(self.seen, values, 0.0)
        self.x = np.where(self.seen[:, :, None], fixed, 0.0)
        t = np.broadcast_to(visits, values.shape)
        powers = range(2 if slopes else 1)
        self.z = np.where(self.seen[:, :, None], np.stack([t**power for power in powers], axis=-1), 0.0)
        self.died = died
        self.covariates = covariates - covariates.mean(axis=0)  # h0 at their means: EM needs fewer rounds
        self.events, deaths = np.unique(times[died], return_counts=True)
        self.deaths = deaths.astype(float)
        if not len(self.events):
            raise NotFitted("nobody died")
        self.at_risk = self.events <= times[:, None]
        self.place = np.searchsorted(self.events, times, side="right") - 1  # of the last death by the own time
        self.basis = np.stack([self.events**power for power in powers], axis=-1)  # (k, r)
        self.own = np.stack([times**power for power in powers], axis=-1)  # (n, r)
        self.squares = np.einsum("nmr,nms->nrs", self.z, self.z)
        self.count = float(self.seen.sum())


@dataclass
class _State:
    effects: np.ndarray
    log_ratios: np.ndarray
    association: float
    spread: np.ndarray
    residual: float
    hazard: np.ndarray

    def flat(self) -> np.ndarray:
        """What convergence is judged by; not the hazard."""
        return np.concatenate([self.effects, self.log_ratios, [self.association, self.residual], self.spread.ravel()])


def fit(
    values: np.ndarray,
    fixed: np.ndarray,
    visits: np.ndarray,
    times: np.ndarray,
    died: np.ndarray,
    covariates: np.ndarray,
    slopes: bool = False,
    points: int = 9,
    tolerance: float = 1e-5,
    most_rounds: int = 1000,
) -> HazardFit:
    """Fit by EM.

    Args:
        values: (n, m) scores, NaN where missed; ``fixed``: (n, m, p) columns of the mean; ``visits``: (m,) times.
        times: (n,) to death or censoring, in the unit of ``visits``; ``died``: which; ``covariates``: (n, q).
        slopes: whether W has a slope beside the intercept.
        points: of the quadrature in each direction; ``tolerance``: the largest move of a parameter that is none.

    Raises:
        NotFitted: nobody died, or a step has no solution.
    """
    data = _Data(values, fixed, visits, times, died, covariates, slopes)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        try:
            state = _start(data)
            rounds, moved = 0, np.inf
            while rounds < most_rounds and not moved < tolerance:
                new = _round(data, state, points)
                moved = float(np.abs(new.flat() - state.flat()).max())
                state, rounds = new, rounds + 1
            likelihood = _log_likelihood(data, state)
        except np.linalg.LinAlgError as error:
            raise NotFitted("the search left the likelihood") from error
    if not np.isfinite(likelihood):
        raise NotFitted("the likelihood is not finite")
    return HazardFit(
        state.effects, state.log_ratios, state.association, state.spread, state.residual, data.events, state.hazard,
        likelihood, rounds, moved < tolerance,
    )  # fmt: skip


def bootstrap_errors(
    values: np.ndarray,
    fixed: np.ndarray,
    visits: np.ndarray,
    times: np.ndarray,
    died: np.ndarray,
    covariates: np.ndarray,
    samples: int,
    seed: int,
    **options: Any,
) -> np.ndarray:
    """(p + q + 1,) standard errors of b, g and a: standard deviations over patients drawn anew, with replacement.

    Arguments and errors are those of :func:`fit`; ``options`` are its options.
    """
    random = np.random.default_rng(seed)
    found = []
    for _ in range(samples):
        who = random.integers(0, len(values), len(values))
        one = fit(values[who], fixed[who], visits, times[who], died[who], covariates[who], **options)
        found.append(np.concatenate([one.effects, one.log_ratios, [one.association]]))
    return np.asarray(np.std(found, axis=0, ddof=1))


def _given_scores(data: _Data, state: _State) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean (n, r) and covariance (n, r, r) of u given the scores, and the residuals of the mean (n, m)."""
    rest = np.where(data.seen, data.y - data.x @ state.effects, 0.0)
    inverse = np.linalg.inv(data.squares / state.residual + np.linalg.inv(state.spread))
    mean = np.einsum("nrs,nms,nm->nr", inverse, data.z, rest) / state.residual
    return mean, inverse, rest


def _nodes(data: _Data, state: _State, points: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (n, nodes, r) of u, exp(a W) there at each time of a death (n, nodes, k), and the log of their weights
    times the likelihood of survival (n, nodes)."""
    mean, covariance, _ = _given_scores(data, state)
    node, weight = np.polynomial.hermite_e.hermegauss(points)
    grid = np.stack(np.meshgrid(*[node] * mean.shape[1], indexing="ij"), axis=-1).reshape(-1, mean.shape[1])
    weights = np.meshgrid(*[weight / weight.sum()] * mean.shape[1], indexing="ij")
    u = mean[:, None] + grid @ np.swapaxes(np.linalg.cholesky(covariance), 1, 2)
    risk = np.exp(state.association * (u @ data.basis.T))
    ratio = data.covariates @ state.log_ratios
    hazard = state.hazard * data.at_risk
    own = ratio[:, None] + state.association * np.einsum("nqr,nr->nq", u, data.own)
    own = np.where(data.died[:, None], own + np.log(state.hazard)[data.place][:, None], 0.0)
    logs = np.log(np.prod(weights, axis=0).ravel()) + own
    return u, risk, logs - np.exp(ratio)[:, None] * np.einsum("nqk,nk->nq", risk, hazard)


def _round(data: _Data, state: _State, points: int) -> _State:
    """One round of EM."""
    u, risk, logs = _nodes(data, state, points)
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    first = np.einsum("nq,nqr->nr", weights, u)
    second = np.einsum("nq,nqr,nqs->nrs", weights, u, u)
    process = u @ data.basis.T
    each = np.einsum("nq,nqk->nk", weights, risk)  # E exp(a W) at each time of a death, and with W and W^2
    with_w = np.einsum("nq,nqk->nk", weights, risk * process)
    with_w2 = np.einsum("nq,nqk->nk", weights, risk * process**2)
    ratio = np.exp(data.covariates @ state.log_ratios)
    exposed = ratio[:, None] * data.at_risk
    hazard = data.deaths / np.sum(exposed * each, axis=0)
    # one Newton step of (g, a), at the hazard that the expectations were taken at
    e0, e1, e2 = ((exposed * part) @ state.hazard for part in (each, with_w, with_w2))
    own = np.einsum("nr,nr->n", first, data.own)
    gradient = np.append(data.covariates.T @ (data.died - e0), np.sum(data.died * own) - e1.sum())
    q = data.covariates.shape[1]
    information = np.empty((q + 1, q + 1))
    information[:q, :q] = (data.covariates * e0[:, None]).T @ data.covariates
    information[:q, q] = information[q, :q] = data.covariates.T @ e1
    information[q, q] = e2.sum()
    step = np.linalg.solve(information, gradient)
    effects, residual = _means(data, first, second)
    return _State(
        effects, state.log_ratios + step[:q], state.association + step[q], second.mean(axis=0), residual, hazard
    )


def _means(data: _Data, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, float]:
    """Effects and residual variance, given the expectations of u (n, r) and u u' (n, r, r)."""
    shift = np.einsum("nmr,nr->nm", data.z, first)
    effects = np.linalg.solve(np.einsum("nmp,nmq->pq", data.x, data.x), np.einsum("nmp,nm->p", data.x, data.y - shift))
    rest = data.y - data.x @ effects
    squares = np.sum(rest**2 - 2 * rest * shift) + np.einsum("nrs,nrs->", data.squares, second)
    return effects, float(squares) / data.count


def _start(data: _Data) -> _State:
    """Scores and deaths each on their own: a mixed model by maximum likelihood, and Cox's model (Breslow's ties)."""
    q, r = data.covariates.shape[1], data.z.shape[2]
    mean, residual = _means(data, np.zeros((len(data.y), r)), np.zeros((len(data.y), r, r)))
    scale = np.sqrt(data.count / np.maximum(np.einsum("nmr,nmr->r", data.z, data.z), 1e-12))
    state = _State(mean, np.zeros(q), 0.0, np.diag(residual / 2 * scale**2), residual / 2, data.deaths)
    for _ in range(MOST_ROUNDS):
        first, covariance, _ = _given_scores(data, state)
        second = covariance + first[:, :, None] * first[:, None]
        effects, residual = _means(data, first, second)
        new = _State(effects, state.log_ratios, 0.0, second.mean(axis=0), residual, data.deaths)
        moved = np.abs(new.flat() - state.flat()).max()
        state = new
        if moved < 1e-7 * np.sqrt(residual):
            break
    x, at_risk = data.covariates, data.at_risk.astype(float)
    for _ in range(50):
        ratio = np.exp(x @ state.log_ratios)
        total = ratio @ at_risk
        averages = (x * ratio[:, None]).T @ at_risk / total
        gradient = x[data.died].sum(axis=0) - averages @ data.deaths
        share = ratio[:, None] * at_risk / total
        curvature = np.einsum("np,nk,nq->pq", x, share * data.deaths, x) - (averages * data.deaths) @ averages.T
        step = np.linalg.solve(curvature, gradient) if q else gradient
        state.log_ratios = state.log_ratios + step
        if np.all(np.abs(step) < 1e-10):
            break
    state.hazard = data.deaths / (np.exp(x @ state.log_ratios) @ at_risk)
    return state


def _log_likelihood(data: _Data, state: _State) -> float:
    """That of the scores, and that of survival given them; h0 counts as the mass of its steps."""
    mean, covariance, rest = _given_scores(data, state)
    log_v = data.seen.sum(axis=1) * np.log(2 * np.pi * state.residual)
    log_v = log_v + np.linalg.slogdet(state.spread)[1] - np.linalg.slogdet(covariance)[1]
    pull = np.einsum("nmr,nm->nr", data.z, rest)
    square = (np.sum(rest**2, axis=1) - np.einsum("nr,nr->n", pull, mean)) / state.residual
    logs = _nodes(data, state, LIKELIHOOD_POINTS)[2]
    return float(np.sum(np.logaddexp.reduce(logs, axis=1) - (log_v + square) / 2))
