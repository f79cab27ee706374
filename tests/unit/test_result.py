"""Ends of simulations."""

from charcot.core.result import failures_among


def test_failures_are_told_from_ends_that_were_wanted():
    counts = {"completed": 3, "stopped": 2, "non_finite": 1, "event_storm": 4}
    assert failures_among(counts) == {"non_finite": 1, "event_storm": 4}
