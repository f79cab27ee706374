"""The joint model is the dense normal likelihood of scores and times, and gives back what it was drawn from."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import multivariate_normal, norm

from charcot.core import mixed_model
from charcot.trials.statistics import joint_model

MONTHS = 2.0 * np.arange(7)
TRUTH = np.array([38.0, -1.1, 0.25, 2.8, 0.3, 0.05, 0.5, np.log(1.5), np.log(5.0), np.log(0.6), 0.3, np.log(0.4)])


def drawn(seed: int, patients: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Scores, times, deaths and arms of patients who follow the model; nobody is seen after death or month 12."""
    random = np.random.default_rng(seed)
    b0, b1, effect, c, shift, a0, a1, log_s, log_u0, log_u1, odds, log_v = TRUTH
    arm = np.arange(patients) % 2
    rho = np.tanh(odds)
    own = random.multivariate_normal([0, 0], [[1, rho], [rho, 1]], patients)
    line = b0 + np.exp(log_u0) * own[:, :1] + (b1 + effect * arm + np.exp(log_u1) * own[:, 1])[:, None] * MONTHS
    scores = line + np.exp(log_s) * random.standard_normal((patients, 7))
    death = np.exp(c + shift * arm + own @ [a0, a1] + np.exp(log_v) * random.standard_normal(patients))
    scores[death[:, None] < MONTHS] = np.nan
    return scores, np.minimum(death, 12.0), death < 12.0, arm.astype(float)[:, None]


def dense(theta: np.ndarray, scores: np.ndarray, times: np.ndarray, died: np.ndarray, arms: np.ndarray) -> float:
    b0, b1, effect, c, shift, a0, a1, log_s, log_u0, log_u1, odds, log_v = theta
    scale = np.exp([log_u0, log_u1])
    spread = np.outer(scale, scale) * np.array([[1, np.tanh(odds)], [np.tanh(odds), 1]])
    pull = np.array([a0, a1]) / scale
    total = 0.0
    for y, time, dead, arm in zip(scores, times, died, arms[:, 0], strict=True):
        seen = np.isfinite(y)
        z = np.column_stack([np.ones(seen.sum()), MONTHS[seen]])
        rest = y[seen] - z @ [b0, b1 + effect * arm]
        v = z @ spread @ z.T + np.exp(2 * log_s) * np.eye(seen.sum())
        weights = np.linalg.solve(v, z @ spread @ pull)
        mean = c + shift * arm + weights @ rest
        own = np.sqrt(pull @ spread @ pull + np.exp(2 * log_v) - weights @ z @ spread @ pull)
        total += multivariate_normal.logpdf(rest, np.zeros(len(rest)), v)
        total += norm.logpdf(np.log(time), mean, own) if dead else norm.logsf(np.log(time), mean, own)
    return float(total)


def test_the_joint_model_is_the_dense_likelihood_at_its_greatest() -> None:
    scores, times, died, arms = drawn(1, 60)
    found = joint_model.fit(scores, MONTHS, times, died, arms)
    assert found.log_likelihood == pytest.approx(dense(found.parameters, scores, times, died, arms), rel=1e-10)
    slope = approx_fprime(found.parameters, lambda theta: dense(theta, scores, times, died, arms), 1e-5)
    errors = np.sqrt(np.diag(found.covariance))
    assert np.abs(slope * errors).max() < 5e-3  # nothing to gain within a standard error


def test_the_joint_model_gives_back_what_it_was_drawn_from() -> None:
    scores, times, died, arms = drawn(2, 3000)
    assert 0.2 < died.mean() < 0.4
    found = joint_model.fit(scores, MONTHS, times, died, arms)
    errors = np.sqrt(np.diag(found.covariance))
    assert np.all(np.abs(found.parameters - TRUTH) < 3.5 * errors)
    assert errors[2] < 0.03


def test_a_model_of_scores_alone_takes_steep_lines_for_shorter_than_they_were() -> None:
    """Deaths of steep lines leave a mixed model with slopes that are too flat by a little; the joint model has them."""
    scores, times, died, arms = drawn(3, 3000)
    found = joint_model.fit(scores, MONTHS, times, died, arms)
    seen = np.isfinite(scores)
    who, visit = np.nonzero(seen)
    months = MONTHS[visit]
    fixed = np.column_stack([np.ones(len(who)), months, months * arms[who, 0]])
    alone = mixed_model.fit(scores[seen], fixed, who, fixed[:, :2])
    assert found.parameters[1] < alone.effects[1]
    assert abs(found.parameters[1] + 1.1) < 3 * np.sqrt(found.covariance[1, 1])


def test_what_the_joint_model_cannot_fit_is_refused_in_words() -> None:
    scores, times, died, arms = drawn(4, 40)
    for changed, words in (
        ((scores[:, :1].repeat(7, axis=1) * np.nan, times, died), "too few patients have two visits"),
        ((scores, times, np.zeros(40, dtype=bool)), "too few deaths"),
        ((scores, 0 * times, died), "not above zero"),
    ):
        with pytest.raises(joint_model.NotFitted, match=words):
            joint_model.fit(changed[0], MONTHS, changed[1], changed[2], arms)
