"""Doses, infusions, outputs and stopping: at the right time, exactly."""

import numpy as np
import pytest
from engine_cases import decay, disease, spread

from charcot.core.expression import constant, log, symbol
from charcot.core.program import Parameter, Program, Readout, State
from charcot.core.result import Status
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.engine import Stop, simulate

ADD, SET = EventKind.ADD, EventKind.SET


def run(events, times, **options):
    program = decay()
    schedule = Schedule.pack(program, [events])
    return simulate(program, program.parameter_table(1), np.asarray(times, dtype=float), schedule=schedule, **options)


def test_a_bolus_is_an_exact_jump_and_the_output_at_its_time_comes_before_it():
    result = run([Event(2.0, "depot", ADD, 10.0)], [0.0, 2.0, 3.0], tolerance=1e-10)
    assert result["depot"][0, 1] == 0.0
    np.testing.assert_allclose(result["depot"][0, 2], 10 * np.exp(-2.0), rtol=1e-9)
    np.testing.assert_allclose(result["plasma"][0, 2], 20 / 1.7 * (np.exp(-0.3) - np.exp(-2.0)), rtol=1e-9)


def test_the_clock_and_the_output_times_are_exact():
    times = np.array([0.0, 0.1, 0.30000000000000004, 7.0, 1234.5])
    result = run([Event(float(t), "depot", ADD, 1.0) for t in (0.1, 0.7, 900.0)], times)
    np.testing.assert_allclose(result["clock"][0], times, rtol=1e-13)
    assert result.end_time[0] == 1234.5


def test_an_infusion_follows_its_solution():
    times = np.array([0.0, 1.0, 1.5, 4.0, 4.5, 10.0])
    result = run([Event(1.0, "infusion", SET, 6.0), Event(4.0, "infusion", SET, 0.0)], times, tolerance=1e-10)
    on = lambda t: 20 * (1 - np.exp(-0.3 * t))  # noqa: E731
    expected = [0, 0, on(0.5), on(3), on(3) * np.exp(-0.15), on(3) * np.exp(-1.8)]
    np.testing.assert_allclose(result["plasma"][0], expected, rtol=1e-9, atol=1e-12)
    assert list(result["infusion"][0]) == [0, 0, 6, 6, 0, 0]


def test_events_at_one_time_are_all_applied_in_their_order():
    events = [
        Event(1.0, "depot", ADD, 1.0),
        Event(1.0, "infusion", SET, 5.0),
        Event(1.0, "depot", ADD, 2.0),
        Event(1.0, "infusion", SET, 3.0),
    ]
    result = run(events, [0.0, 1.0, 1.0 + 1e-9])
    np.testing.assert_allclose(result["depot"][0], [0.0, 0.0, 3.0], rtol=1e-6)
    assert result["infusion"][0, 2] == 3.0


def test_an_event_at_the_start_is_applied_after_the_output_there():
    result = run([Event(0.0, "depot", ADD, 4.0), Event(0.0, "infusion", SET, 1.0)], [0.0, 1.0], tolerance=1e-10)
    assert result["depot"][0, 0] == 0.0
    np.testing.assert_allclose(result["depot"][0, 1], 4 * np.exp(-2.0), rtol=1e-9)


def test_an_event_at_the_end_waits_for_the_next_run():
    program, events = decay(), [Event(5.0, "depot", ADD, 4.0), Event(8.0, "depot", ADD, 2.0)]
    first = run([events[0]], [0.0, 5.0], tolerance=1e-10)
    assert first.final_states[0, 0] == 0.0
    second = simulate(
        program,
        program.parameter_table(1),
        np.array([5.0, 10.0]),
        start=first.end_time,
        initial_states=first.final_states,
        schedule=Schedule.pack(program, [events]),
        tolerance=1e-10,
    )
    whole = run(events, [0.0, 5.0, 10.0], tolerance=1e-10)
    np.testing.assert_allclose(second.final_states, whole.final_states, rtol=1e-8, atol=1e-12)


def test_an_event_before_the_start_is_refused():
    program = decay()
    schedule = Schedule.pack(program, [[], [Event(3.0, "depot", ADD, 1.0)]])
    with pytest.raises(ValueError, match="patient 1 has an event on day 3, before the start on day 4"):
        simulate(program, program.parameter_table(2), np.array([4.0, 5.0]), start=4.0, schedule=schedule)


def test_events_packed_closer_than_the_clock_resolves():
    events = [Event(1000.0 + k * 1e-12, "depot", ADD, 1.0) for k in range(20)]
    result = run(events, [0.0, 1001.0], tolerance=1e-8)
    np.testing.assert_allclose(result["depot"][0, 1], 20 * np.exp(-2.0), rtol=1e-6)


def test_many_doses_cost_few_rejections():
    result = run([Event(28.0 * k, "depot", ADD, 100.0) for k in range(100)], [0.0, 2800.0])
    assert result.status[0] == Status.COMPLETED
    assert result.rejected[0] <= 30


def test_a_dose_and_an_output_at_the_same_time_give_the_trough():
    times = np.array([0.0, 7.0, 14.0, 21.0])
    result = run([Event(7.0 * k, "depot", ADD, 10.0) for k in range(3)], times, tolerance=1e-11)
    after = lambda t: 20 / 1.7 * (np.exp(-0.3 * t) - np.exp(-2.0 * t))  # noqa: E731
    expected = [0.0, after(7), after(7) + after(14), after(7) + after(14) + after(21)]
    np.testing.assert_allclose(result["plasma"][0], expected, rtol=1e-8)


def test_each_patient_has_its_own_times_and_start():
    program = decay()
    parameters = program.parameter_table(3)
    parameters[:, 2] = 5.0
    times = np.array([[1.0, 2.0, 9.0], [2.0, 2.5, np.nan], [4.0, np.nan, np.nan]])
    start = np.array([0.0, 2.0, 4.0])
    result = simulate(program, parameters, times, start=start, tolerance=1e-10)
    np.testing.assert_allclose(result["depot"], 5 * np.exp(-2 * (times - start[:, None])), rtol=1e-8)
    assert list(result.end_time) == [9.0, 2.5, 4.0]
    assert list(result.status) == [Status.COMPLETED] * 3


def test_repeated_output_times_are_all_answered():
    result = run([Event(1.0, "depot", ADD, 1.0)], [0.0, 0.0, 1.0, 1.0, 1.0, 2.0, 2.0])
    assert np.isfinite(result.values).all()


# stopping --------------------------------------------------------------------------------------------------------


def test_the_stopping_time_is_found_to_the_accuracy_of_the_solution():
    program = decay()
    thresholds = np.array([3.25, 100.0, np.inf, 0.0, -1.0])
    result = simulate(
        program, program.parameter_table(5), np.linspace(0, 50, 11), stop=Stop("clock", thresholds), tolerance=1e-6
    )
    assert [Status(s).name for s in result.status] == ["STOPPED", "COMPLETED", "COMPLETED", "STOPPED", "STOPPED"]
    np.testing.assert_allclose(result.end_time, [3.25, 50, 50, 0, 0], rtol=1e-12)
    assert list(np.isfinite(result["clock"][0])) == [True] + [False] * 10
    np.testing.assert_allclose(result.final_states[0, 2], 3.25, rtol=1e-12)


def test_a_curved_hazard_is_crossed_at_the_right_time():
    program = disease()
    parameters = spread(program, 16)
    times = np.linspace(0, 3000, 31)
    thresholds = np.random.default_rng(3).exponential(1.0, 16) * 0.5
    stopped = simulate(program, parameters, times, stop=Stop("hazard", thresholds), tolerance=1e-6)
    assert (stopped.status == Status.STOPPED).sum() > 10
    hazard = program.index("state", "hazard")
    for i in np.flatnonzero(stopped.status == Status.STOPPED):
        check = simulate(program, parameters[i : i + 1], stopped.end_time[i : i + 1], tolerance=1e-10)
        np.testing.assert_allclose(check.final_states[0, hazard], thresholds[i], rtol=1e-4)
        np.testing.assert_allclose(stopped.final_states[i, hazard], thresholds[i], rtol=1e-9)
        reported = np.isfinite(stopped.values[i, :, 0])
        np.testing.assert_array_equal(reported, times <= stopped.end_time[i])


def test_a_dose_can_carry_a_state_over_its_threshold():
    result = run([Event(2.0, "depot", ADD, 10.0)], [0.0, 1.0, 2.0, 3.0], stop=Stop("depot", np.array([9.0])))
    assert result.status[0] == Status.STOPPED
    assert result.end_time[0] == 2.0
    np.testing.assert_array_equal(np.isfinite(result["depot"][0]), [True, True, True, False])


# failures --------------------------------------------------------------------------------------------------------


def one_state(rate) -> Program:
    """x' = rate(x, k) from x = 1."""
    x, k = symbol("x"), symbol("k")
    return Program(
        states=(State("x", "1", constant(1.0), rate(x, k)),),
        parameters=(Parameter("k", "1", 1.0),),
        readouts=(Readout("x", "1", x),),
    )


def test_an_explosion_is_named():
    program = one_state(lambda x, k: k * x * x)
    result = simulate(program, np.array([[1.0], [0.1]]), np.linspace(0, 5, 51), tolerance=1e-6)
    assert Status(result.status[0]) in {Status.STEP_TOO_SMALL, Status.NON_FINITE}
    assert result.end_time[0] == pytest.approx(1.0, abs=1e-4)
    assert result.status[1] == Status.COMPLETED
    np.testing.assert_allclose(result["x"][1], 1 / (1 - 0.1 * result.times[1]), rtol=1e-4)


def test_a_rate_that_is_not_a_number_is_named():
    result = simulate(one_state(lambda x, k: k - 0.1 * log(x - 2.0)), np.array([[1.0]]), np.array([0.0, 1.0]))
    assert result.status[0] == Status.NON_FINITE
    assert result.values[0, 0, 0] == 1.0
    assert np.isnan(result.values[0, 1, 0])


def test_a_state_without_any_rate_is_crossed_in_few_steps():
    result = simulate(one_state(lambda x, k: 0.0 * x), np.array([[1.0]]), np.array([0.0, 2e4]))
    assert result.status[0] == Status.COMPLETED
    assert result.steps[0] <= 2
    assert result.values[0, 1, 0] == 1.0


def test_a_very_stiff_state_is_no_trouble():
    result = simulate(one_state(lambda x, k: -1e9 * (x - k)), np.array([[0.25]]), np.array([0.0, 1.0, 2e4]))
    assert result.status[0] == Status.COMPLETED
    assert result.steps[0] < 60
    np.testing.assert_allclose(result["x"][0, 1:], 0.25, rtol=1e-6)
