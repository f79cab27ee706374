"""Inputs that vary in time: followed exactly, and random ones addressed by patient."""

import numpy as np
import pytest

from charcot.core.expression import constant, symbol
from charcot.core.paths import InputPath, ornstein_uhlenbeck, pulses
from charcot.core.program import Program, Readout, State
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.engine import simulate

WEIGHT = InputPath("weight", "kg", 70.0)


def program() -> Program:
    """A body weight that follows a path, its integral, and a state that it drives."""
    return Program(
        states=(
            WEIGHT.state,
            State("area", "kg day", constant(0.0), symbol("weight")),
            State("slow", "kg", constant(0.0), symbol("weight") - symbol("slow")),
        ),
        parameters=(WEIGHT.parameter,),
        inputs=(WEIGHT.input,),
        readouts=tuple(Readout(name, "kg", symbol(name)) for name in ("weight", "area", "slow")),
    )


def run(times, values, outputs, start=0.0, **options):
    model = program()
    first, schedule = WEIGHT.follow(model, np.asarray(times, float), np.asarray(values, float), start)
    return simulate(model, first[:, None], np.asarray(outputs, float), start=start, schedule=schedule, **options)


def test_a_path_is_followed_exactly_even_by_a_loose_solver():
    draw = np.random.default_rng(2)
    times = np.cumsum(draw.uniform(0.1, 30, 40))
    values = 70 + draw.normal(0, 5, (7, 40)).cumsum(axis=1)
    outputs = np.sort(draw.uniform(0, times[-1] + 20, 300))
    result = run(times, values, outputs, tolerance=1e-2)
    expected = np.array([np.interp(outputs, times, row) for row in values])
    np.testing.assert_allclose(result["weight"], expected, rtol=1e-12)
    fine = np.union1d(np.linspace(0, outputs[-1], 20001), times)
    area = np.trapezoid(np.interp(fine, times, values[3]), fine)  # exact: every corner is a grid point
    assert result["area"][3, -1] == pytest.approx(area, rel=1e-10)


def test_a_driven_state_follows_its_solution():
    result = run([0.0, 4.0], [[0.0, 8.0]], [1.0, 4.0, 6.0], tolerance=1e-10)
    ramp = lambda t: 2 * (t - 1 + np.exp(-t))  # noqa: E731
    expected = [ramp(1.0), ramp(4.0), 8 + (ramp(4.0) - 8) * np.exp(-2.0)]
    np.testing.assert_allclose(result["slow"][0], expected, rtol=1e-9)


def test_each_patient_has_its_own_knots_and_start():
    times = np.array([[0.0, 10.0, 20.0], [5.0, 6.0, np.nan], [1.0, np.nan, np.nan]])
    values = np.array([[60.0, 70.0, 50.0], [80.0, 90.0, np.nan], [65.0, np.nan, np.nan]])
    start = np.array([4.0, 0.0, 2.0])
    outputs = np.array([[4.0, 15.0, 40.0], [0.0, 5.5, 40.0], [2.0, 3.0, 40.0]])
    result = run(times, values, outputs, start)
    np.testing.assert_allclose(result["weight"], [[64, 60, 50], [80, 85, 90], [65, 65, 65]], rtol=1e-13)


def test_a_path_goes_together_with_doses():
    model = program()
    first, drift = WEIGHT.follow(model, np.array([0.0, 10.0]), np.array([[70.0, 60.0]]))
    meals = Schedule.pack(model, [[Event(10.0, "weight", EventKind.ADD, 2.0), Event(3.0, "area", EventKind.ADD, 1.0)]])
    result = simulate(model, first[:, None], np.array([5.0, 10.0, 11.0]), schedule=Schedule.merge([drift, meals]))
    np.testing.assert_allclose(result["weight"][0], [65, 60, 62], rtol=1e-13)


def test_a_patient_without_a_path_stays_at_the_value():
    model = program()
    result = simulate(model, model.parameter_table(2), np.array([0.0, 9.0]))
    np.testing.assert_array_equal(result["weight"], 70.0)


@pytest.mark.parametrize(
    ("times", "values", "message"),
    [
        ([0.0, 1.0], [1.0, 2.0], r"values \(patients, knots\)"),
        ([0.0, 1.0, 2.0], [[1.0, 2.0]], "times of shape"),
        ([0.0, 0.0], [[1.0, 2.0]], "ascend strictly; for a jump"),
        ([0.0, np.inf], [[1.0, 2.0]], "must be finite"),
        ([[np.nan, 1.0]], [[1.0, 2.0]], "needs a knot"),
        ([0.0, 1.0], [[1.0, 2.0], [np.nan, 2.0]], "of patient 1 holds"),
        (np.zeros(0), np.zeros((1, 0)), "needs a knot"),
    ],
)
def test_a_path_that_makes_no_sense_gets_a_sentence(times, values, message):
    with pytest.raises(ValueError, match=message):
        WEIGHT.follow(program(), np.asarray(times), np.asarray(values))


def test_a_program_without_the_path_is_named():
    with pytest.raises(KeyError, match=r"weigth\.slope"):
        InputPath("weigth", "kg").follow(program(), np.array([0.0]), np.array([[1.0]]))


# random paths ------------------------------------------------------------------------------------------------------


def test_a_wandering_tempo_has_the_spread_and_the_memory_it_should():
    days = np.arange(0, 600, 30.0)
    values = ornstein_uhlenbeck(3, range(4000), "tempo", days, spread=0.4, memory=90.0)
    np.testing.assert_allclose(values.std(axis=0), 0.4, rtol=0.06)
    np.testing.assert_allclose(values.mean(axis=0), 0.0, atol=0.03)
    for lag in (1, 3, 6):
        together = np.mean(values[:, lag:] * values[:, :-lag]) / 0.16
        assert together == pytest.approx(np.exp(-lag * 30 / 90), abs=0.02)


def test_random_paths_belong_to_their_patient():
    days = np.arange(0, 300, 30.0)
    spread = np.linspace(0.1, 1.0, 9)
    everyone = ornstein_uhlenbeck(3, range(9), "tempo", days, spread, 90.0)
    some = ornstein_uhlenbeck(3, [7, 2], "tempo", days[:4], spread[[7, 2]], 90.0)
    np.testing.assert_array_equal(everyone[[7, 2], :4], some)
    assert not np.array_equal(everyone, ornstein_uhlenbeck(4, range(9), "tempo", days, spread, 90.0))
    assert not np.array_equal(everyone, ornstein_uhlenbeck(3, range(9), "mood", days, spread, 90.0))
    options = {"start": 0.0, "until": 2000.0, "gap": 200.0, "height": 1.0, "rise": 2.0, "fall": 9.0}
    times, values = pulses(3, range(9), "infection", **options)
    for i in (7, 2):
        alone = pulses(3, [i], "infection", **options)
        knots = alone[0].shape[1]
        np.testing.assert_array_equal(times[i, :knots], alone[0][0])
        np.testing.assert_array_equal(values[i, :knots], alone[1][0])


def test_infections_come_as_often_and_as_large_as_asked():
    options = {"start": 100.0, "until": 3100.0, "gap": 300.0, "height": 2.0, "rise": 3.0, "fall": 12.0}
    times, values = pulses(5, range(500), "infection", **options)
    areas = [np.trapezoid(v[~np.isnan(v)], t[~np.isnan(t)]) for t, v in zip(times, values, strict=True)]
    assert np.mean(areas) == pytest.approx(10 * 15.0, rel=0.05)  # ten episodes of area height x (rise + fall) / 2
    assert np.nanmin(values) == 0.0
    assert np.nanmin(times) == 100.0


def test_an_infection_runs_through_the_engine():
    times, values = pulses(5, range(6), "infection", start=0.0, until=900.0, gap=90.0, height=2.0, rise=3.0, fall=12.0)
    outputs = np.linspace(0, 950, 400)
    result = run(times, values, outputs)
    for i in range(6):
        given = ~np.isnan(times[i])
        expected = np.interp(outputs, times[i, given], values[i, given])
        np.testing.assert_allclose(result["weight"][i], expected, atol=1e-11)


def test_a_path_that_cannot_be_drawn_gets_a_sentence():
    with pytest.raises(ValueError, match="memory"):
        ornstein_uhlenbeck(1, [1], "tempo", np.arange(3.0), 1.0, 0.0)
    with pytest.raises(ValueError, match="above zero"):
        pulses(1, [1], "infection", start=0.0, until=1.0, gap=0.0, height=1.0, rise=1.0, fall=1.0)
