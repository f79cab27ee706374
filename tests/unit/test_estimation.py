"""Fits: the posterior mode of problems whose answer is known, and what can and cannot be identified."""

import math

import numpy as np
import pytest

from charcot.fitting.estimation import FreeNumber, Residual, cost, data_cost, fit, identifiability

A = FreeNumber("a", "1/day", 2.0, 0.5)
B = FreeNumber("b", "mg", 5.0, 0.4)
C = FreeNumber("c", "1", 1.0, 0.6)


def product_only(values):
    """Data that see a b, and nothing else of a and b; c is not seen at all."""
    return [Residual("product", "mg/day", 20.0, values["a"] * values["b"], 0.5)]


def both(values):
    return [Residual("a", "1/day", 3.0, values["a"], 0.05), Residual("b", "mg", 4.0, values["b"], 0.05)]


def test_a_sharp_measurement_overrules_the_prior():
    found = fit([A, B], both, evaluations=600, seed=1)
    assert found.values["a"] == pytest.approx(3.0, rel=5e-3)
    assert found.values["b"] == pytest.approx(4.0, rel=5e-3)
    assert found.cost < found.start_cost


def test_without_data_the_prior_stays():
    found = fit([A, C], lambda values: [], evaluations=400, seed=1)
    assert np.max(np.abs(found.z)) < 0.02


def test_a_product_is_shared_out_by_the_spreads_of_the_priors():
    found = fit([A, B], product_only, evaluations=1500, seed=1)
    assert found.values["a"] * found.values["b"] == pytest.approx(20.0, rel=0.01)
    # minimising z_a^2 + z_b^2 on s_a z_a + s_b z_b = ln 2: z proportional to the spreads
    assert found.z[0] / found.z[1] == pytest.approx(0.5 / 0.4, rel=0.02)


def test_the_same_seed_gives_the_same_fit_and_one_number_alone_can_be_fitted():
    runs = [fit([A], lambda v: [Residual("a", "1/day", 3.0, v["a"], 0.1)], evaluations=200, seed=4) for _ in range(2)]
    assert runs[0].values == runs[1].values
    assert runs[0].values["a"] == pytest.approx(3.0, rel=0.01)


def test_a_figure_that_cannot_be_reached_does_not_bend_the_rest():
    def simulate(values):
        return [*both(values), Residual("impossible", "1", 1e6, values["a"], 1.0)]

    assert fit([A, B], simulate, evaluations=600, seed=1).values["a"] == pytest.approx(3.0, rel=5e-3)


def test_a_model_without_an_answer_is_the_worst_not_an_error():
    missing = Residual("gone", "month", 3.0, math.nan, 1.0)
    worst = 25 * math.log(401)
    assert data_cost([missing]) == pytest.approx(worst)
    assert cost([missing], np.array([2.0])) == pytest.approx(worst + 4)
    assert worst > data_cost([Residual("bad", "month", 3.0, 60.0, 1.0)])


def test_bounded_one_sided_and_flat():
    def simulate(values):
        floor = max(values["b"], 5.0)  # below 5 nothing changes
        return [Residual("a", "1/day", 2.0, values["a"], 0.1), Residual("b", "mg", 5.0, floor, 0.2)]

    found = fit([A, B, C], simulate, evaluations=300, seed=2)
    verdicts = {row.name: (row.verdict, row.side) for row in identifiability(found, simulate)}
    assert verdicts == {"a": ("bounded", ""), "b": ("one-sided", "upper"), "c": ("flat", "")}
    (a, _, c) = identifiability(found, simulate)
    assert a.posterior_spread == pytest.approx(0.05, rel=0.1)  # 0.1 / 2, as the data alone say
    assert c.posterior_spread == pytest.approx(0.6, rel=1e-6)  # the prior's


def test_numbers_that_only_show_as_a_product_are_flat_alone():
    found = fit([A, B], product_only, evaluations=800, seed=1)
    assert {row.verdict for row in identifiability(found, product_only)} == {"flat"}


@pytest.mark.parametrize("number", [(0.0, 0.5), (1.0, 0.0), (-2.0, 0.3), (1.0, math.inf)])
def test_a_number_without_a_usable_prior_is_refused_by_name(number):
    with pytest.raises(ValueError, match="x cannot be fitted"):
        FreeNumber("x", "1", *number)


def test_names_must_be_distinct():
    with pytest.raises(ValueError, match="each named once"):
        fit([A, A], both, evaluations=10, seed=1)
