"""Rates that are harder on a solver than on paper: powers at zero, slopes that are no numbers, jumps one stays on,
and states of which nobody knows how large they are."""

import dataclasses
import warnings

import numpy as np
import pytest
from test_ensembles import same

from charcot.core.expression import ONE, constant, exp, raised, select, sine, symbol
from charcot.core.program import Assignment, Parameter, Program, Readout, State, Trigger
from charcot.core.result import Status
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.engine import Stop, simulate
from charcot.engine.ensemble import CoarseScale

X, Y, V, T = (symbol(name) for name in "xyvt")


def program(rates, start=None, scale=None, parameters=None, clock="") -> Program:
    start = start or {}
    return Program(
        states=tuple(State(name, "1", constant(start.get(name, 0.0)), rate, scale) for name, rate in rates.items()),
        parameters=tuple(Parameter(name, "1", value) for name, value in (parameters or {}).items()),
        readouts=tuple(Readout(name, "1", symbol(name)) for name in rates),
        clock=clock,
    )


def run(model: Program, times, tolerance=1e-6, **options):
    return simulate(
        model, model.parameter_table(1), np.asarray(times, dtype=float), tolerance=tolerance, max_steps=3000, **options
    )


# powers --------------------------------------------------------------------------------------------------------------


def root_course(time: float, start: float = 0.0) -> float:
    """x of x' = 1 - sqrt(x): with u = sqrt(x), t = -2 (u + ln(1 - u)) from the start on."""
    from scipy.optimize import brentq

    def elapsed(u: float) -> float:
        return -2.0 * (u + np.log1p(-u))

    return brentq(lambda u: elapsed(u) - elapsed(np.sqrt(start)) - time, 0.0, 1 - 1e-12) ** 2


@pytest.mark.parametrize("power", [lambda x: raised(x, 0.5), lambda x: raised(x, symbol("half")), lambda x: x**0.5])
@pytest.mark.parametrize("start", [0.0, 1e-300, 1e-30, 1e-18, 1e-12, 1e-6])
@pytest.mark.parametrize("scale", [None, 1.0])
def test_a_state_leaves_zero_under_a_power_below_one(power, start, scale):
    model = program({"x": 1.0 - power(X)}, {"x": start}, scale, {"half": 0.5})
    result = run(model, [1.0, 5.0], tolerance=1e-6)
    np.testing.assert_allclose(result["x"][0], [root_course(1.0, start), root_course(5.0, start)], rtol=2e-5)


def test_the_error_under_a_power_below_one_follows_the_tolerance():
    model = program({"x": 1.0 - raised(X, 0.3)})
    exact = run(model, [2.0], tolerance=1e-10)["x"][0, 0]
    errors = [abs(run(model, [2.0], tolerance=tolerance)["x"][0, 0] - exact) for tolerance in (1e-3, 1e-5, 1e-7)]
    assert errors[0] < 1e-3
    assert errors[1] < 1e-5
    assert errors[2] < 1e-7


def test_a_cascade_from_zero_into_a_hill_term():
    """Stage values lie a hair below zero at any step: (t/1)^k/k! to first order, then a power that is not whole."""
    a, b, c = (symbol(name) for name in "abc")
    rates = {"a": -a, "b": a - b, "c": b - c, "d": c * c, "x": raised(symbol("d"), symbol("n"))}
    model = program(rates, {"a": 1.0}, parameters={"n": 2.3})
    grid = np.linspace(0.0, 3.0, 20001)
    made = 0.5 * grid**2 * np.exp(-grid)
    d = np.concatenate([[0.0], np.cumsum(0.5 * np.diff(grid) * (made[1:] ** 2 + made[:-1] ** 2))])
    x = np.sum(0.5 * np.diff(grid) * (d[1:] ** 2.3 + d[:-1] ** 2.3))
    assert run(model, [3.0])["x"][0, 0] == pytest.approx(x, rel=1e-4)


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.7, 2.0, 3.3])
def test_a_ratio_to_something_that_begins_at_zero(exponent):
    """x' = 1 / (1 + (K/y)^n) with y = t: the ratio is infinite at the start, and the rate is not."""
    ratio = raised(0.3 / Y, symbol("n"))
    model = program({"y": ONE, "x": 1.0 / (1.0 + ratio)}, parameters={"n": exponent})
    from scipy.integrate import quad

    value, _ = quad(lambda t: t**exponent / (t**exponent + 0.3**exponent), 0.0, 2.0, epsabs=1e-12)
    assert run(model, [2.0])["x"][0, 0] == pytest.approx(value, rel=1e-5)


def test_a_base_that_is_truly_below_zero_has_no_power():
    """y' = sqrt(x) while x falls through zero on day 1: a failure by name, not a rate of zero."""
    result = run(program({"x": constant(-1.0), "y": raised(X, 0.5)}, {"x": 1.0}), [0.5, 2.0])
    assert result["y"][0, 0] == pytest.approx(2.0 / 3.0 * (1.0 - 0.5**1.5), rel=1e-5)
    assert list(result.status_counts()) == ["non_finite"]
    assert result.end_time[0] == pytest.approx(1.0, abs=1e-5)


def test_a_difference_under_a_root_comes_to_rest():
    """x' = sqrt(1 - x) reaches 1 on day 2 and stays."""
    result = run(program({"x": raised(1.0 - X, 0.5)}), [1.0, 2.0, 5.0])
    np.testing.assert_allclose(result["x"][0], [0.75, 1.0, 1.0], rtol=1e-5)


def test_a_slope_that_is_no_number_beside_a_rate_that_is_one():
    model = program({"x": 1.0 / (1.0 + exp(-4.0 * (T - 200.0))), "t": ONE}, scale=1.0, clock="t")
    np.testing.assert_allclose(run(model, [200.0, 300.0])["x"][0], [np.log(2.0) / 4.0, 100.0], rtol=1e-5)


# how large -----------------------------------------------------------------------------------------------------------


def hidden_size(volume: float) -> Program:
    """Two amounts from zero in a volume: y inhibits the making of x, which makes y."""
    inhibition = 1.0 + (Y / volume) ** 2
    return program({"x": volume / inhibition - 0.5 * X, "y": X - 0.5 * Y})


@pytest.mark.parametrize("volume", [1.0, 1e-6, 1e-14, 1e-40])
def test_the_error_does_not_depend_on_the_unit_of_an_amount_from_zero(volume):
    expected = run(hidden_size(1.0), [1.0, 5.0], tolerance=1e-10)
    result = run(hidden_size(volume), [1.0, 5.0])
    np.testing.assert_allclose(result.values[0] / volume, expected.values[0], rtol=1e-5)


@pytest.mark.parametrize("size", [1.0, 1e-8, 1e-12, 1e-20])
def test_who_fails_under_a_scale_guessed_too_large_is_run_with_smaller_ones(size):
    """x' = r (s - x^2 / s) from zero is s tanh(r t); below -s, where an error of 1e-9 may lead, it falls for ever."""
    model = program({"x": symbol("r") * (size - X * X / size)}, parameters={"r": 10.0})
    result = simulate(model, np.array([[0.3], [10.0], [1e5]]), np.array([0.5, 5.0, 100.0]), tolerance=1e-6)
    assert result.status_counts() == {"completed": 3}
    right = np.tanh(np.array([[0.3], [10.0], [1e5]]) * [0.5, 5.0, 100.0])
    np.testing.assert_allclose(result["x"] / size, right, rtol=1e-5)
    assert result.coarse_count() == 0


def test_what_runs_away_at_any_scale_has_failed():
    result = run(program({"x": 1.0 + X * X}), [1.0, 2.0])
    assert result.status[0] in {Status.STEP_TOO_SMALL, Status.NON_FINITE}
    assert result.end_time[0] == pytest.approx(np.pi / 2, rel=1e-5)


def test_a_scale_on_which_guess_and_run_do_not_agree_is_told_of(monkeypatch):
    monkeypatch.setattr("charcot.engine.ensemble.MOST_RUNS", 1)
    with pytest.warns(CoarseScale, match="In 1 of 1 patients .* x, y "):
        assert run(hidden_size(1e-14), [5.0]).coarse_count() == 1


def test_a_small_dose_into_nothing_is_followed():
    model = program({"x": -1e12 * X * X - X})
    schedule = Schedule.pack(model, [[Event(1.0, "x", EventKind.ADD, 1e-12)]])
    after = run(model, [2.0], schedule=schedule)["x"][0, 0]
    decay = np.exp(-1.0)
    assert after == pytest.approx(1e-12 * decay / (2.0 - decay), rel=1e-5)


def test_scales_are_each_patients_own():
    """Whom one is run beside, and on how many threads, changes no bit."""
    model = program({"x": symbol("v") / (1.0 + (Y / symbol("v")) ** 2) - X, "y": X - Y}, parameters={"v": 1.0})
    volumes = np.array([[1.0], [1e-14], [1e-6], [1e-3], [0.0], [1e-9]] * 3)
    times = np.array([1.0, 5.0])
    together = simulate(model, volumes, times)
    for options in ({"batch": 4}, {"workers": 2, "batch": 8}):
        same(together, simulate(model, volumes, times, **options))
    order = np.arange(len(volumes))[::-1]
    same(together.take(order), simulate(model, volumes[order], times))


def test_a_state_that_holds_nothing_but_round_off_does_not_stop_a_run():
    """x and y cancel in the rate of v to their last bits."""
    model = program({"x": Y - 3.3 * X, "y": 3.3 * X - Y, "v": 0.7 * (Y - 3.3 * X)}, {"x": 1.0, "y": 3.3})
    result = run(model, [1.0, 100.0])
    np.testing.assert_allclose(result["x"][0], 1.0, rtol=1e-9)
    np.testing.assert_allclose(result["v"][0], 0.0, atol=1e-9)


def test_a_run_with_a_lower_scale_that_does_not_come_through_is_told_of():
    """The guess lets a step jump over everything; what follows the small amounts needs more than 15 steps."""
    model = program({"x": symbol("v") / (1.0 + (Y / symbol("v")) ** 2) - X, "y": X - Y}, parameters={"v": 1.0})
    volumes = np.array([[1e-14]])
    with pytest.warns(CoarseScale, match="In 1 of 1 patients a run with the small scale of x, y did not come through"):
        result = simulate(model, volumes, np.array([5.0]), tolerance=1e-6, max_steps=15)
    np.testing.assert_array_equal(result.status, Status.COMPLETED)
    np.testing.assert_array_equal(result.coarse, [True])


def test_a_run_with_a_lower_scale_that_comes_through_is_not_coarse():
    with warnings.catch_warnings():
        warnings.simplefilter("error", CoarseScale)
        assert run(hidden_size(1e-14), [5.0]).coarse_count() == 0


@pytest.mark.parametrize("watched", [False, True])
def test_a_scale_is_found_for_one_who_is_stopped_within_the_first_step(watched):
    """z' = a - 10 z^2 / a rests at a / sqrt(10); in the first step, which the others make long, it is hardly seen."""
    z, size = symbol("z"), 1e-12
    model = program(
        {"h": constant(1.0), "w": -1e-9 * symbol("w"), "z": size - 10.0 * z * z / size}, {"h": 99.9, "w": 1.0}
    )
    if watched:
        never = Trigger("never", symbol("h") - 1e6, (Assignment("w", constant(0.0)),))
        model = dataclasses.replace(model, triggers=(never,))
    result = run(model, [1000.0], stop=Stop("h", np.array([99.99])))
    assert result.status[0] == Status.STOPPED
    root = np.sqrt(10.0)
    assert result.final_states[0, 2] == pytest.approx(size / root * np.tanh(root * 0.09), rel=1e-4)


def test_absolute_tolerances_are_the_callers_where_given():
    model = hidden_size(1e-14)
    loose = run(model, [5.0], absolute_tolerances={"x": 1.0, "y": 1.0})
    tight = run(model, [5.0], absolute_tolerances=np.array([1e-26, 1e-26]))
    exact = run(model, [5.0], tolerance=1e-10)["x"][0, 0]
    assert loose.steps[0] < 10
    assert tight["x"][0, 0] == pytest.approx(exact, rel=1e-6)
    assert abs(tight["x"][0, 0] - exact) < abs(loose["x"][0, 0] - exact)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"z": 1.0}, KeyError, "no state is called 'z'"),
        ({"x": 0.0}, ValueError, "of x must be finite and above zero"),
        (np.array([1.0, np.nan]), ValueError, "of y must be finite and above zero"),
        (np.ones(3), ValueError, r"shape \(3,\)"),
    ],
)
def test_absolute_tolerances_that_make_no_sense(given, error, words):
    with pytest.raises(error, match=words):
        run(hidden_size(1.0), [1.0], absolute_tolerances=given)


def test_no_step_is_longer_than_the_longest():
    """A narrow Gaussian on day 50 of 100, from rest: stepped over, unless steps are bounded."""
    bump = exp(-1000.0 * (T - 50.3) * (T - 50.3))
    model = program({"x": bump, "t": ONE}, scale=1.0, clock="t")
    area = np.sqrt(np.pi / 1000.0)
    assert run(model, [100.0], longest_step=0.05)["x"][0, 0] == pytest.approx(area, rel=1e-5)
    assert run(model, [100.0], longest_step=0.05).steps[0] >= 2000
    with pytest.raises(ValueError, match="longest_step"):
        run(model, [100.0], longest_step=0.0)


# sliding -------------------------------------------------------------------------------------------------------------


def test_a_tank_that_is_full():
    result = run(program({"x": select(X, 1.0, 1.0, 0.0)}), [0.5, 1.0, 2.0, 100.0])
    np.testing.assert_allclose(result["x"][0], [0.5, 1.0, 1.0, 1.0], rtol=2e-6)


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8])
def test_a_relay_holds_its_threshold(tolerance):
    result = run(program({"x": select(X, 1.0, 1.0, -1.0)}, scale=1.0), [0.5, 2.0, 8.0], tolerance=tolerance)
    np.testing.assert_allclose(result["x"][0], [0.5, 1.0, 1.0], rtol=2 * tolerance)


def test_a_relay_follows_a_threshold_that_moves():
    result = run(program({"x": select(X, T, 3.0, -1.0), "t": ONE}, {"x": 0.5}, clock="t"), [0.1, 1.0, 20.0])
    np.testing.assert_allclose(result["x"][0], [0.4, 1.0, 20.0], rtol=1e-5)


def test_two_states_slide_at_once():
    rates = {"x": select(X, 1.0, 1.0, -3.0), "y": select(X + Y, 2.0, 2.0, -1.0)}
    result = run(program(rates), [0.5, 3.0, 8.0])
    np.testing.assert_allclose(result["x"][0], [0.5, 1.0, 1.0], rtol=1e-5)
    np.testing.assert_allclose(result["y"][0], [1.0, 1.0, 1.0], rtol=1e-5)


def test_dry_friction_sticks_and_comes_loose():
    """v' = sin(t)/2 - 0.3 sign(v). From one stop to the next v = v0 - (cos t - cos t0)/2 -+ 0.3 (t - t0); v is zero
    while |sin t|/2 <= 0.3. Times of stopping and coming loose found from that by root finding."""
    friction = select(0.0, V, 0.3, -0.3)
    rates = {"v": 0.5 * sine(T) - friction, "x": V, "t": ONE}
    result = run(program(rates, {"v": 1.0}, clock="t"), [5.0, 6.6, 8.0, 10.0, 20.0])
    np.testing.assert_allclose(result["x"][0, [3, 4]], [4.5390590, 4.1526292], rtol=1e-6)
    np.testing.assert_allclose(result["v"][0], [-0.0340556, 0.0, 0.150756, 0.0, 0.0438761], rtol=1e-4, atol=1e-8)


def test_a_jump_that_is_crossed_is_not_held():
    """x' = 1 below 1 and 2 above: nobody slides."""
    result = run(program({"x": select(X, 1.0, 1.0, 2.0)}), [0.5, 1.0, 1.5, 2.0])
    np.testing.assert_allclose(result["x"][0], [0.5, 1.0, 2.0, 3.0], rtol=2e-6)
