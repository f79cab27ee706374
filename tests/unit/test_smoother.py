"""The ensemble smoother against what is exact: linear figures, for which the posterior is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from charcot.fitting.smoother import effective_size, inflations, move

RANDOM = np.random.default_rng(8)
MAP = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, -0.7]])  # two figures of three numbers
OBSERVED, ERROR = np.array([1.2, -0.8]), np.array([0.3, 0.5])
PRECISION = np.eye(3) + MAP.T @ np.diag(ERROR**-2) @ MAP
COVARIANCE = np.linalg.inv(PRECISION)
MEAN = COVARIANCE @ MAP.T @ (OBSERVED / ERROR**2)


def smoothed(models: int, rounds: int) -> np.ndarray:
    points = RANDOM.standard_normal((models, 3))
    for inflation in inflations(rounds):
        noise = RANDOM.standard_normal((models, 2))
        points = move(points, points @ MAP.T, OBSERVED, ERROR, inflation, noise)
    return points


@pytest.mark.parametrize("rounds", [1, 4])
def test_a_linear_model_ends_in_its_exact_posterior(rounds):
    points = smoothed(20_000, rounds)
    assert points.mean(axis=0) == pytest.approx(MEAN, abs=0.03)
    assert np.cov(points.T) == pytest.approx(COVARIANCE, abs=0.03)


def test_importance_weights_of_the_prior_say_the_same():
    """The second method on the small problem: what the smoother gives, weighted draws of the prior give too."""
    draws = RANDOM.standard_normal((200_000, 3))
    cost = (((draws @ MAP.T - OBSERVED) / ERROR) ** 2).sum(axis=1)
    weight = np.exp(-0.5 * cost)
    weighted = (weight[:, None] * draws).sum(axis=0) / weight.sum()
    assert smoothed(20_000, 4).mean(axis=0) == pytest.approx(weighted, abs=0.04)
    assert 10_000 < effective_size(cost) < 40_000  # of 200,000: weights alone would need very many models


def test_figures_that_no_number_moves_do_not_narrow_a_small_ensemble():
    """Sixty models and forty figures of noise: without weighing covariances the spread collapses."""
    spreads, plain = [], []
    for _ in range(20):
        points, figures = RANDOM.standard_normal((60, 10)), RANDOM.standard_normal((60, 40))
        noise = RANDOM.standard_normal((60, 40))
        moved = move(points, figures, np.zeros(40), np.full(40, 0.3), 1.0, noise)
        spreads.append(moved.std(axis=0).mean())
        c = np.cov(points.T, figures.T)
        gain = c[:10, 10:] @ np.linalg.inv(c[10:, 10:] + 0.09 * np.eye(40))
        plain.append((points + (0.3 * noise - figures) @ gain.T).std(axis=0).mean())
    assert np.mean(plain) < 0.65 < 0.8 < np.mean(spreads)


def test_a_figure_that_a_model_does_not_give_says_nothing():
    points = RANDOM.standard_normal((200, 3))
    figures = points @ MAP.T
    noise = RANDOM.standard_normal((200, 2))
    without = move(points, figures[:, :1], OBSERVED[:1], ERROR[:1], 1.0, noise[:, :1])
    figures = figures.copy()
    figures[:150, 1] = np.nan  # too few are left
    assert move(points, figures, OBSERVED, ERROR, 1.0, noise) == pytest.approx(without)
