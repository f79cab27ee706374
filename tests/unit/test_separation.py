"""Expected information of a reading: what is known in closed form."""

import math

import numpy as np
import pytest

from charcot.fitting.separation import information, weights_of


def test_equal_predictions_tell_nothing():
    assert information(np.array([2.0, 2.0, 2.0]), np.array([0.5, 0.5, 0.5])) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_predictions_far_apart_settle_it(count):
    means = 1e4 * np.arange(count)
    assert information(means, np.full(count, 0.01)) == pytest.approx(math.log2(count), rel=1e-3)


def test_two_gaussians_two_deviations_apart():
    """Mutual information of a binary signal of +-1 in Gaussian noise of one: 0.486 bit (capacity at 0 dB)."""
    assert information(np.array([-1.0, 1.0]), np.array([1.0, 1.0])) == pytest.approx(0.486, abs=1e-3)


def test_a_different_spread_alone_tells_something():
    assert 0.1 < information(np.array([0.0, 0.0]), np.array([1.0, 5.0])) < 1.0


def test_a_scale_does_not_matter():
    means, spreads = np.array([1.0, 2.0, 2.5]), np.array([0.3, 0.2, 0.6])
    assert information(1e3 * means, 1e3 * spreads) == pytest.approx(information(means, spreads), rel=1e-6)


def test_what_is_nearly_settled_leaves_little_to_learn():
    means, spreads = np.array([0.0, 9.0]), np.array([1.0, 1.0])
    sure = information(means, spreads, np.array([0.99, 0.01]))
    entropy = -(0.99 * math.log2(0.99) + 0.01 * math.log2(0.01))
    assert sure == pytest.approx(entropy, rel=0.01)


def test_weights_follow_the_evidence():
    assert weights_of(np.array([-1000.0, -1000.0 + math.log(3.0)])) == pytest.approx([0.25, 0.75])


@pytest.mark.parametrize("weight", [0.0, 1e-320])
def test_a_hypothesis_without_weight_does_not_break_the_logarithm(weight):
    means, spreads = np.array([0.0, 2.0, 900.0]), np.ones(3)
    alone = information(means[:2], spreads[:2])
    assert information(means, spreads, np.array([0.5, 0.5, weight])) == pytest.approx(alone, abs=1e-6)
