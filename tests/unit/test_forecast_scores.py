"""Scores of predicted trials: against closed cases and numbers found another way."""

from __future__ import annotations

import numpy as np
import pytest

from charcot.trials.forecast_scores import Prediction, meta_analysis, normal_crps, score


def prediction(published: float, simulated: float, **more: float) -> Prediction:
    return Prediction(
        "a", published, **{"standard_error": 0.1, "monte_carlo": 0.02, "between": 0.11, **more}, simulated=simulated
    )


def test_crps_is_the_integral_that_defines_it():
    from scipy.stats import norm

    x = np.linspace(-8, 8, 400_001)
    whole = np.trapezoid((norm.cdf(x, 0.3, 0.7) - (x >= -1.1)) ** 2, x)
    assert normal_crps(-1.1, 0.3, 0.7) == pytest.approx(whole, abs=1e-4)


def test_random_effects_of_a_worked_case():
    # Q = 8, three equal weights of 100: variance between = (8 - 2) / (300 - 100) = 0.03
    mean, error, between = meta_analysis(np.array([-0.2, 0.0, 0.2]), np.full(3, 0.1))
    assert mean == pytest.approx(0)
    assert between == pytest.approx(0.03**0.5)
    assert error == pytest.approx(((0.01 + 0.03) / 3) ** 0.5)
    assert meta_analysis(np.array([1.0, 1.0, 1.0]), np.full(3, 0.1))[2] == 0


def test_an_interval_has_the_error_of_the_trial_the_simulation_and_the_spread_between_trials():
    one = prediction(-1.0, -1.0)
    reach = 1.96 * (0.1**2 + 0.02**2 + 0.11**2) ** 0.5
    assert prediction(-1.0 - reach + 1e-9, -1.0).inside
    assert not prediction(-1.0 - reach - 1e-9, -1.0).inside
    assert one.sd == pytest.approx(reach / 1.96)


def test_perfect_predictions_beat_both_rivals_and_a_constant_does_not():
    published = [-0.7, -0.9, -1.1, -1.3, -1.6]
    perfect = score([prediction(value, value) for value in published])
    assert (perfect.bias, perfect.mean_absolute_error, perfect.inside) == (0, 0, 1)
    assert perfect.beats_both
    same = score([prediction(value, -1.03, monte_carlo=0.0) for value in published])
    assert same.crps == pytest.approx(same.crps_constant)
    assert same.mean_absolute_error == pytest.approx(same.mean_absolute_error_constant)
    assert not same.beats_both


def test_too_slow_is_a_bias_above_zero():
    found = score([prediction(value, value + 0.3) for value in (-1.0, -1.1, -1.2)])
    assert found.bias == pytest.approx(0.3)
    assert found.mean_absolute_error == pytest.approx(0.3)


def test_the_older_scale_is_measured_by_its_own_length():
    trials = [prediction(-0.9, -0.9), prediction(-1.0, -1.0), prediction(-1.1, -1.1)]
    long = score([*trials, prediction(-1.2, -1.2)])
    short = score([*trials, prediction(-1.0, -1.0, scale=10 / 12, standard_error=0.1 * 10 / 12)])
    assert short.between_found == pytest.approx(long.between_found)


def test_two_trials_are_too_few():
    with pytest.raises(ValueError, match="2 predictions cannot be scored"):
        score([prediction(-1, -1)] * 2)
