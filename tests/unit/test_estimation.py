"""Fits: the posterior mode of problems whose answer is known, and what can and cannot be identified."""

import math

import numpy as np
import pytest

from charcot.fitting.estimation import (
    FreeNumber,
    Residual,
    cost,
    curvature,
    data_cost,
    fit,
    identifiability,
)

A = FreeNumber("a", "1/day", 2.0, 0.5)
B = FreeNumber("b", "mg", 5.0, 0.4)
C = FreeNumber("c", "1", 1.0, 0.6)


def each(simulate):
    """A simulation of one point as one of many."""
    return lambda points: [simulate(values) for values in points]


@each
def product_only(values):
    """Data that see a b, and nothing else of a and b; c is not seen at all."""
    return [Residual("product", "mg/day", 20.0, values["a"] * values["b"], 0.5)]


@each
def both(values):
    return [Residual("a", "1/day", 3.0, values["a"], 0.05), Residual("b", "mg", 4.0, values["b"], 0.05)]


def test_a_sharp_measurement_overrules_the_prior():
    found = fit([A, B], both, rounds=30)
    assert found.values["a"] == pytest.approx(3.0, rel=5e-3)
    assert found.values["b"] == pytest.approx(4.0, rel=5e-3)
    assert found.cost < found.start_cost


def test_without_data_the_prior_stays():
    found = fit([A, C], each(lambda values: []), rounds=30)
    assert np.max(np.abs(found.z)) < 0.02


def test_a_product_is_shared_out_by_the_spreads_of_the_priors():
    found = fit([A, B], product_only, rounds=30)
    assert found.values["a"] * found.values["b"] == pytest.approx(20.0, rel=0.01)
    # minimising z_a^2 + z_b^2 on s_a z_a + s_b z_b = ln 2: z proportional to the spreads
    assert found.z[0] / found.z[1] == pytest.approx(0.5 / 0.4, rel=0.02)


def test_a_fit_is_the_same_whenever_it_is_run_and_one_number_alone_can_be_fitted():
    runs = [fit([A], each(lambda v: [Residual("a", "1/day", 3.0, v["a"], 0.1)]), rounds=30) for _ in range(2)]
    assert runs[0].values == runs[1].values
    assert runs[0].values["a"] == pytest.approx(3.0, rel=0.01)


def test_a_figure_that_cannot_be_reached_does_not_bend_the_rest():
    @each
    def simulate(values):
        return [*both([values])[0], Residual("impossible", "1", 1e6, values["a"], 1.0)]

    assert fit([A, B], simulate, rounds=30).values["a"] == pytest.approx(3.0, rel=5e-3)


def test_a_model_without_an_answer_is_the_worst_not_an_error():
    missing = Residual("gone", "month", 3.0, math.nan, 1.0)
    worst = 25 * math.log(401)
    assert data_cost([missing]) == pytest.approx(worst)
    assert cost([missing], np.array([2.0])) == pytest.approx(worst + 4)
    assert worst > data_cost([Residual("bad", "month", 3.0, 60.0, 1.0)])


def test_bounded_one_sided_and_flat():
    @each
    def simulate(values):
        floor = max(values["b"], 5.0)  # below 5 nothing changes
        return [Residual("a", "1/day", 2.0, values["a"], 0.1), Residual("b", "mg", 5.0, floor, 0.2)]

    found = fit([A, B, C], simulate, rounds=30)
    verdicts = {row.name: (row.verdict, row.side) for row in identifiability(found, simulate)}
    assert verdicts == {"a": ("bounded", ""), "b": ("one-sided", "upper"), "c": ("flat", "")}
    (a, _, c) = identifiability(found, simulate)
    assert a.posterior_spread == pytest.approx(0.05, rel=0.1)  # 0.1 / 2, as the data alone say
    assert c.posterior_spread == pytest.approx(0.6, rel=1e-6)  # the prior's


def test_numbers_that_only_show_as_a_product_are_flat_alone():
    found = fit([A, B], product_only, rounds=30)
    assert {row.verdict for row in identifiability(found, product_only)} == {"flat"}


@pytest.mark.parametrize("number", [(0.0, 0.5), (1.0, 0.0), (-2.0, 0.3), (1.0, math.inf)])
def test_a_number_without_a_usable_prior_is_refused_by_name(number):
    with pytest.raises(ValueError, match="x cannot be fitted"):
        FreeNumber("x", "1", *number)


def test_names_must_be_distinct():
    with pytest.raises(ValueError, match="each named once"):
        fit([A, A], both, rounds=30)


def test_the_evidence_of_a_linear_model_is_exact():
    """ln value is linear in z: one number, one datum, the integral in closed form."""
    number = FreeNumber("a", "1", 1.0, 0.01)  # so narrow that exp(0.01 z) is linear
    datum, width = 1.004, 0.01

    @each
    def simulate(values):
        return [Residual("a", "1", datum, values["a"], width)]

    found = fit([number], simulate, rounds=30)
    shape = curvature(found, simulate)
    # m = (0.01 z - 0.004) / 0.01: integral of exp(-m^2/2) N(z; 0, 1) dz = exp(-0.4^2 / 4) / sqrt(2)
    assert shape.log_evidence(found) == pytest.approx(-(0.4**2) / 4 - 0.5 * math.log(2), abs=0.01)


def test_a_number_that_the_data_do_not_see_costs_no_evidence():
    few, many = (fit(numbers, both, rounds=30) for numbers in ([A, B], [A, B, C]))
    assert curvature(many, both).log_evidence(many) == pytest.approx(curvature(few, both).log_evidence(few), abs=1e-6)


def test_a_bound_at_the_mode_counts_half_whichever_side_it_lies_on():
    """The curvature of a figure that misses nothing on one side is the mean of both sides'."""
    found = []
    for sign in (1.0, -1.0):

        @each
        def simulate(values, sign=sign):
            past = max(sign * (values["c"] - 1.0), 0.0)
            return [Residual("c", "1", 0.0, past, 0.5)]

        fitted = fit([C], simulate, rounds=5)
        found.append(curvature(fitted, simulate).covariance[0, 0])
    assert found[0] == pytest.approx(found[1], rel=0.4)  # exp(0.6 z) bends
    assert 0.4 < found[0] < 0.95  # neither the prior's nor the whole datum's


def test_a_neighbour_without_an_answer_says_nothing_of_the_slope():
    @each
    def simulate(values):
        return [Residual("c", "1", 1.0, values["c"] if values["c"] <= 1.0 else math.nan, 10.0)]

    fitted = fit([C], simulate, rounds=5)
    assert curvature(fitted, simulate).covariance[0, 0] == pytest.approx(1.0, abs=0.01)


def test_a_fit_that_was_cut_short_says_so_and_one_that_has_settled_too():
    short, whole = (fit([A, B], product_only, rounds=n) for n in (1, 30))
    assert curvature(whole, product_only).settled
    assert not curvature(short, product_only).settled
    assert whole.cost < short.cost


def test_a_share_is_not_moved_past_one():
    share = FreeNumber("share", "1", 0.4, 0.5, upper=1.0)
    assert share.value(3.0) == 1.0
    assert share.value(-1.0) == pytest.approx(0.4 * math.exp(-0.5))
