"""Triggers: found in time to the last bits, and doing what an SBML event would do."""

import dataclasses

import numpy as np
import pytest
from engine_cases import disease, spread
from test_ensembles import same

from charcot.core.expression import constant, maximum, minimum, select, symbol
from charcot.core.program import Assignment, Input, Parameter, Program, Readout, State, Trigger
from charcot.core.result import Status
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.engine import Stop, simulate

TIME = symbol("time")


def at_least(a, b):
    """The condition a >= b, as a jump from 0 to 1."""
    return select(a, b, 0.0, 1.0)


def program(*triggers, rates=None, parameters=None, inputs=()) -> Program:
    """A clock called ``time`` beside the states x and y, at 1 and 0, constant unless ``rates`` says otherwise."""
    rates = {"x": constant(0.0), "y": constant(0.0)} | (rates or {})
    start = {"x": 1.0, "y": 0.0}
    states = [State(name, "1", constant(start.get(name, 0.0)), rate) for name, rate in rates.items()]
    names = [*rates, "time", *inputs]
    return Program(
        states=(*states, State("time", "day", constant(0.0), constant(1.0))),
        parameters=tuple(Parameter(name, "1", value) for name, value in (parameters or {}).items()),
        inputs=tuple(Input(name, "1", 0.0) for name in inputs),
        readouts=tuple(Readout(name, "1", symbol(name)) for name in names),
        triggers=triggers,
    )


def put(**values) -> tuple[Assignment, ...]:
    return tuple(Assignment(name, constant(v) if isinstance(v, (int, float)) else v) for name, v in values.items())


def run(model: Program, times, **options):
    return simulate(model, model.parameter_table(1), np.asarray(times, dtype=float), **options)


X, Y = symbol("x"), symbol("y")
FIVE = at_least(TIME, 5.0)


# when --------------------------------------------------------------------------------------------------------------


def ball(restitution: float) -> Program:
    height, speed = symbol("height"), symbol("speed")
    return Program(
        states=(
            State("height", "m", constant(1.0), speed),
            State("speed", "m", constant(0.0), constant(-10.0)),
            State("impacts", "1", constant(0.0), constant(0.0)),
        ),
        parameters=(Parameter("restitution", "1", restitution),),
        readouts=tuple(Readout(n, "1", symbol(n)) for n in ("height", "speed", "impacts")),
        triggers=(
            Trigger("impact", -height, put(speed=-symbol("restitution") * speed, impacts=symbol("impacts") + 1)),
        ),
    )


def test_a_bouncing_ball_lands_when_it_should():
    fall, restitution = np.sqrt(0.2), 0.8
    impacts = fall + np.concatenate([[0.0], np.cumsum(2 * fall * restitution ** np.arange(1, 12))])
    times = np.sort(np.concatenate([[0.0], impacts - 1e-9, impacts + 1e-9]))
    result = run(ball(restitution), times)
    np.testing.assert_array_equal(result["impacts"][0], np.arange(len(times)) // 2)
    top = 0.5 * (impacts[:-1] + impacts[1:])
    heights = run(ball(restitution), top)["height"][0]
    np.testing.assert_allclose(heights, restitution ** (2 * np.arange(1, 12)), rtol=1e-9)


def test_bounces_that_come_ever_faster_end_by_name():
    result = run(ball(0.8), [0.0, 1.0, 4.0, 5.0])
    assert result.status[0] == Status.EVENT_STORM
    assert result.end_time[0] == pytest.approx(np.sqrt(0.2) * (1 + 2 * 0.8 / 0.2), abs=1e-8)
    np.testing.assert_array_equal(np.isfinite(result["height"][0]), [True, True, True, False])


def test_a_thermostat_follows_its_exact_solution():
    warmth, heat = symbol("x"), symbol("heat")
    model = program(
        Trigger("on", 0.5 - warmth, put(heat=1.0)),
        Trigger("off", warmth - 1.5, put(heat=0.0)),
        rates={"x": 2.0 * heat - warmth},
        inputs=("heat",),
    )
    cool, warm = np.log(3.0), np.log((2 - 0.5) / (2 - 1.5))  # from 1.5 to 0.5 without, and back with heat
    first = np.log(2.0)  # from 1 to 0.5
    times = np.linspace(0, 20, 201)
    result = run(model, times, tolerance=1e-10)
    phase = np.mod(times - first, cool + warm)
    heated = 2 - 1.5 * np.exp(-phase)
    expected = np.where(phase < warm, heated, 1.5 * np.exp(-(phase - warm)))
    expected = np.where(times < first, np.exp(-times), expected)
    np.testing.assert_allclose(result["x"][0], expected, rtol=2e-8)
    np.testing.assert_array_equal(result["heat"][0], (times >= first) & (phase < warm))


@pytest.mark.parametrize("condition", [FIVE, TIME - 5.0, select(5.0, TIME, 1.0, -1.0)])
@pytest.mark.parametrize("times", [[0, 1, 5, 6], [0, 5], np.linspace(0, 5, 51), [5, 5, 5, 9]])
def test_a_condition_on_the_clock_comes_true_at_its_time_and_the_output_there_shows_it(condition, times):
    model = program(Trigger("five", condition, put(x=2.0, y=TIME)))
    result = run(model, times)
    if condition is FIVE:
        np.testing.assert_array_equal(result["x"][0], np.where(np.asarray(times) >= 5, 2.0, 1.0))
    np.testing.assert_allclose(result.final_states[0, 1], 5.0, rtol=1e-12)
    before = run(model, [0.0, 5.0 - 1e-11, 5.0 + 1e-11])
    np.testing.assert_array_equal(before["x"][0], [1.0, 1.0, 2.0])


def test_a_clock_that_has_run_long_still_meets_its_outputs():
    model = program(
        *(Trigger(f"day {day}", at_least(TIME, float(day)), put(y=Y + 1)) for day in range(100, 1001, 100)),
        rates={"x": -0.3 * X * TIME / (1 + TIME)},
    )
    days = np.arange(100.0, 1001.0, 100.0)
    result = run(model, days, tolerance=1e-8)
    np.testing.assert_array_equal(result["y"][0], np.arange(1, 11))
    np.testing.assert_allclose(result["time"][0], days, rtol=1e-12)


def test_a_pulse_of_truth_within_a_step_is_seen_once():
    wave = maximum(0.0, minimum(TIME - 4.0, 6.0 - TIME))  # above zero between 4 and 6, in a step that goes to 20
    result = run(program(Trigger("pulse", wave, put(y=Y + 1))), [0.0, 20.0])
    assert result["y"][0, 1] == 1.0


def test_what_is_true_at_the_start_counts_only_if_it_was_not_before():
    for initially, expected in ((True, [1.0, 1.0]), (False, [7.0, 7.0])):
        model = program(Trigger("start", constant(1.0) + 0 * X, put(x=7.0), initially=initially))
        np.testing.assert_array_equal(run(model, [0.0, 1.0])["x"][0], expected)


def test_what_is_false_at_the_start_fires_when_it_comes_true():
    model = program(Trigger("five", FIVE, put(x=2.0), initially=True))
    np.testing.assert_array_equal(run(model, [0.0, 9.0])["x"][0], [1.0, 2.0])


def test_the_clock_of_a_program_begins_at_the_start_of_the_run():
    """x' = t, and an event at t >= 6, from day 5 on: a clock that began at 0 would see neither."""
    model = dataclasses.replace(
        program(Trigger("six", at_least(TIME, 6.0), put(y=1.0)), rates={"x": TIME}), clock="time"
    )
    result = run(model, [5.0, 5.9, 6.1, 7.0], start=5.0)
    np.testing.assert_allclose(result["time"][0], [5.0, 5.9, 6.1, 7.0], rtol=1e-13)
    np.testing.assert_allclose(result["x"][0], 1.0 + 0.5 * (np.array([5.0, 5.9, 6.1, 7.0]) ** 2 - 25.0), rtol=1e-9)
    np.testing.assert_array_equal(result["y"][0], [0.0, 0.0, 1.0, 1.0])
    together = simulate(model, np.zeros((2, 0)), np.array([7.0]), start=np.array([0.0, 5.0]))
    np.testing.assert_allclose(together["x"][:, 0], 1.0 + 0.5 * np.array([49.0, 24.0]), rtol=1e-9)


def test_a_clock_that_is_none_is_refused():
    with pytest.raises(ValueError, match="clock 'x' must have the rate 1"):
        dataclasses.replace(program(), clock="x")


# what --------------------------------------------------------------------------------------------------------------


def test_assignments_are_made_together():
    swap = Trigger("swap", FIVE, put(x=Y, y=X))
    result = run(program(swap), [0.0, 5.0])
    np.testing.assert_array_equal([result["x"][0], result["y"][0]], [[1.0, 0.0], [0.0, 1.0]])


@pytest.mark.parametrize(("early", "value"), [(True, 5.0), (False, 7.0)])
def test_a_delay_and_the_time_at_which_values_are_taken(early, value):
    model = program(Trigger("late", FIVE, put(y=TIME), delay=constant(2.0), early_values=early))
    result = run(model, [0.0, 5.0, 6.999999, 7.0, 8.0])
    np.testing.assert_array_equal(result["y"][0, :3], 0.0)
    np.testing.assert_allclose(result["y"][0, 3:], value, rtol=1e-12)


@pytest.mark.parametrize(("persistent", "expected"), [(True, [0, 1, 2]), (False, [0, 0, 1])])
def test_a_condition_that_falls_before_the_delay_is_over(persistent, expected):
    """True from 2 to 3 and from 10 to 14, with a delay of 2: the first falls before it is over."""
    window = maximum(minimum(TIME - 2.0, 3.0 - TIME), minimum(TIME - 10.0, 14.0 - TIME))
    model = program(Trigger("window", window, put(y=Y + 1), delay=constant(2.0), persistent=persistent))
    np.testing.assert_array_equal(run(model, [3.9, 4.1, 12.1])["y"][0], expected)


def test_one_trigger_may_wait_several_times():
    saw = symbol("saw")
    model = program(
        Trigger("up", saw - 0.5, put(y=Y + 1), delay=constant(3.0)),
        Trigger("back", at_least(saw, 1.0), put(saw=0.0)),
        rates={"saw": constant(1.0)},
    )
    result = run(model, [0.0, 3.4, 3.6, 4.4, 4.6, 6.6, 9.6])
    np.testing.assert_array_equal(result["y"][0], [0, 0, 1, 1, 2, 4, 7])


@pytest.mark.parametrize(
    ("priorities", "expected"),
    [((1, 2), 8.0), ((2, 1), 5.0), ((None, None), 5.0), ((None, -3), 8.0), ((1, 1), 5.0), ((0, X), 8.0)],
)
def test_the_greatest_priority_goes_first_then_the_order_of_the_program(priorities, expected):
    first, second = (None if p is None else constant(p) if isinstance(p, int) else p for p in priorities)
    model = program(
        Trigger("double", FIVE, put(x=2 * X), priority=first),
        Trigger("add", at_least(2 * TIME, 10.0), put(x=X + 3), priority=second),
    )
    assert run(model, [0.0, 5.0])["x"][0, 1] == expected


def test_a_delayed_and_a_prompt_event_can_meet():
    """Due at 0.1 + 4.9, whose last bits are not those of 5: still one time, in the order of priority."""
    model = program(
        Trigger("late", at_least(TIME, 0.1), put(x=2 * X), delay=constant(4.9), priority=constant(1)),
        Trigger("prompt", FIVE, put(x=X + 3), priority=constant(2)),
    )
    np.testing.assert_array_equal(run(model, [4.99, 5.0, 6.0])["x"][0], [1.0, 8.0, 8.0])


def test_one_event_can_make_another_and_cancel_a_third():
    model = program(
        Trigger("begin", FIVE, put(x=2.0), priority=constant(3)),
        Trigger("follows", at_least(X, 2.0), put(y=Y + 10)),
        Trigger("cancelled", minimum(FIVE, 1.5 - X), put(y=Y + 100), persistent=False, priority=constant(1)),
        Trigger("persists", minimum(FIVE, 1.5 - X), put(y=Y + 1000), persistent=True, priority=constant(1)),
    )
    assert run(model, [0.0, 5.0])["y"][0, 1] == 1010.0


def test_a_chain_of_events_is_finished_at_one_time():
    count = [Trigger("begin", FIVE, put(y=1.0))]
    count += [Trigger(f"{k}", at_least(Y, float(k)), put(y=Y + 1)) for k in range(1, 200)]
    result = run(program(*count), [4.0, 5.0, 6.0])
    np.testing.assert_array_equal(result["y"][0], [0.0, 200.0, 200.0])


def test_outputs_come_before_a_dose_and_after_a_trigger():
    model = program(
        Trigger("five", FIVE, put(y=Y + 1)),
        Trigger("dosed", at_least(X, 2.0), put(y=Y + 10)),
    )
    schedule = Schedule.pack(model, [[Event(5.0, "x", EventKind.ADD, 4.0), Event(8.0, "x", EventKind.ADD, 4.0)]])
    result = run(model, [5.0, 5.0 + 1e-9, 8.0, 9.0], schedule=schedule)
    np.testing.assert_array_equal(result["x"][0], [1.0, 5.0, 5.0, 9.0])
    np.testing.assert_array_equal(result["y"][0], [1.0, 11.0, 11.0, 11.0])


@pytest.mark.parametrize("last", [10.0, 100.0])
def test_after_a_dose_triggers_are_looked_for_as_closely_as_after_a_passage(last):
    """Twelve events teach the step to be long; soon after a thirteenth, x is above zero from ``last`` + 0.3 to 0.5."""
    teaching = [Trigger(f"event {k}", at_least(TIME, last * k / 12), put(y=Y)) for k in range(1, 13)]
    model = program(
        *teaching,
        Trigger("thirteenth", symbol("go") - 0.5, put(y=Y)),
        Trigger("above zero", X, put(y=Y + 1)),
        rates={"x": 2.0 * (last + 0.4) - 2.0 * TIME},
        inputs=("go",),
    )
    below = np.array([[-(last + 0.3) * (last + 0.5), 0.0, 0.0]])
    schedule = Schedule.pack(model, [[Event(last + 0.01, "go", EventKind.SET, 1.0)]])
    result = run(model, [0.0, 20 * last], schedule=schedule, initial_states=below)
    np.testing.assert_array_equal(result["y"][0], [0.0, 1.0])


@pytest.mark.parametrize(("threshold", "status", "y"), [(4.9, "STOPPED", 0.0), (5.1, "STOPPED", 1.0)])
def test_a_stopping_state_and_a_trigger_in_one_step(threshold, status, y):
    model = program(Trigger("five", FIVE, put(y=1.0)))
    result = run(model, [0.0, 20.0], stop=Stop("time", np.array([threshold])))
    assert Status(result.status[0]).name == status
    assert result.end_time[0] == pytest.approx(threshold, rel=1e-12)
    assert result.final_states[0, 1] == y


def test_a_trigger_can_carry_a_state_over_its_threshold():
    model = program(Trigger("five", FIVE, put(y=3.0)))
    result = run(model, [0.0, 5.0, 9.0], stop=Stop("y", np.array([2.0])))
    assert result.status[0] == Status.STOPPED
    assert result.end_time[0] == 5.0
    np.testing.assert_array_equal(result["y"][0], [0.0, 3.0, np.nan])


# what cannot be ----------------------------------------------------------------------------------------------------


def test_a_storm_at_one_instant_is_named():
    model = program(
        Trigger("there", minimum(FIVE, 0.5 - Y), put(y=1.0)),
        Trigger("back", minimum(FIVE, Y - 0.5), put(y=0.0)),
    )
    result = run(model, [0.0, 5.0, 6.0])
    assert result.status[0] == Status.EVENT_STORM
    assert result.end_time[0] == pytest.approx(5.0)
    np.testing.assert_array_equal(np.isfinite(result["y"][0]), [True, False, False])
    assert "hysteresis" in Status.EVENT_STORM.sentence


def test_a_switch_without_hysteresis_is_named():
    heat = symbol("heat")
    model = program(
        Trigger("on", 0.5 - X, put(heat=1.0)),
        Trigger("off", X - 0.5, put(heat=0.0)),
        rates={"x": 2.0 * heat - X},
        inputs=("heat",),
    )
    result = run(model, [0.0, 3.0])
    assert result.status[0] == Status.EVENT_STORM
    assert result.end_time[0] == pytest.approx(np.log(2.0), rel=1e-3)


@pytest.mark.parametrize(
    ("trigger", "status"),
    [
        (Trigger("t", FIVE, put(y=1.0), delay=0.5 - X), Status.BAD_EVENT),
        (Trigger("t", FIVE, put(y=1.0), delay=Y / Y), Status.BAD_EVENT),
        (Trigger("t", FIVE, put(y=1.0), delay=1.0 / Y), Status.COMPLETED),  # infinitely late is never
        (Trigger("t", FIVE, put(y=X / Y)), Status.NON_FINITE),
    ],
)
def test_an_event_that_makes_no_sense_is_named(trigger, status):
    result = run(program(trigger), [0.0, 5.0, 6.0])
    assert result.status[0] == status
    assert result["y"][0, 0] == 0.0
    assert np.isfinite(result["y"][0, 2]) == (status is Status.COMPLETED)


def test_a_priority_that_is_not_a_number_is_named():
    both = [Trigger(name, FIVE, put(y=1.0), priority=Y / Y) for name in "ab"]
    assert run(program(*both), [0.0, 5.0]).status[0] == Status.BAD_EVENT


# ensembles ---------------------------------------------------------------------------------------------------------

PATIENTS = 45
TIMES = np.linspace(0.0, 400.0, 21)


def treated() -> Program:
    """The disease, with an infusion from a late diagnosis, relapses, and a delayed rescue that may fall away."""
    model, seed, cells, glia = disease(), symbol("seed"), symbol("cells"), symbol("glia")
    triggers = (
        Trigger("diagnosis", 0.9 - cells, put(infusion=0.4), delay=constant(20.0)),
        Trigger("relapse", seed - 0.3, put(seed=0.5 * seed, glia=0.2 * glia), priority=glia),
        Trigger("rescue", glia - 0.1, put(cells=minimum(1.0, cells + 0.1)), delay=3 / symbol("lag"), persistent=False),
    )
    return dataclasses.replace(model, triggers=triggers)


def cohort(order=None, **options):
    model = treated()
    order = np.arange(PATIENTS) if order is None else order
    events = [[Event(10.0 * i, "drug", EventKind.ADD, 2.0)] * (i % 3) for i in range(PATIENTS)]
    result = simulate(
        model,
        spread(model, PATIENTS)[order],
        TIMES,
        schedule=Schedule.pack(model, events).take(order),
        stop=Stop("hazard", np.linspace(1e-2, 3.0, PATIENTS)[order]),
        **options,
    )
    return result.take(np.argsort(order))


@pytest.fixture(scope="module")
def together():
    result = cohort()
    assert set(result.status) == {int(Status.COMPLETED), int(Status.STOPPED)}
    plain = simulate(disease(), spread(disease(), PATIENTS), TIMES)
    assert (np.abs(result["cells"] - plain["cells"]) > 0.05).any(axis=1).sum() > 10  # much has happened
    return result


@pytest.mark.parametrize("options", [{"batch": 1}, {"batch": 9}, {"workers": 2}, {"workers": 2, "batch": 20}])
def test_any_batch_and_any_number_of_workers(together, options):
    same(together, cohort(**options))


def test_any_order(together):
    same(together, cohort(np.random.default_rng(5).permutation(PATIENTS), batch=16))


def test_events_of_one_do_not_touch_the_others():
    """Patients whose trigger never fires have the steps of the program without triggers, to the last bit."""
    model = disease()
    limit = Parameter("limit", "1", 0.3)
    fires = Trigger("relapse", symbol("seed") - symbol("limit"), put(seed=0.1 * symbol("seed")))
    model = dataclasses.replace(model, parameters=(*model.parameters, limit), triggers=(fires,))
    parameters = spread(model, PATIENTS)
    parameters[:, 3] = np.where(np.arange(PATIENTS) % 3 == 1, 0.3, 1e9)
    quiet = np.flatnonzero(np.arange(PATIENTS) % 3 != 1)
    result = simulate(model, parameters, TIMES, batch=16)
    alone = simulate(model, parameters[quiet], TIMES, batch=1)
    same(alone, result.take(quiet))
    plain = simulate(disease(), parameters[:, :3], TIMES)
    for name in ("end_time", "status", "steps", "rejected", "final_states"):
        np.testing.assert_array_equal(getattr(plain, name)[quiet], getattr(result, name)[quiet])
    assert (plain.values[1::3] != result.values[1::3]).any(axis=(1, 2)).sum() > 5


def test_a_patient_in_a_storm_does_not_touch_the_others(together):
    model = treated()
    storm = [
        Trigger("there", minimum(symbol("storm"), symbol("seed") - 0.02), put(seed=0.01)),
        Trigger("back", minimum(symbol("storm"), 0.02 - symbol("seed")), put(seed=0.03)),
    ]
    stormy = (*model.parameters, Parameter("storm", "1", 0.0))
    model = dataclasses.replace(model, parameters=stormy, triggers=(*model.triggers, *storm))
    parameters = spread(model, PATIENTS)
    calm = simulate(model, parameters, TIMES, batch=16)
    parameters[7, 3] = 1.0
    result = simulate(model, parameters, TIMES, batch=16)
    assert result.status[7] == Status.EVENT_STORM
    assert result.end_time[7] > 0
    others = np.setdiff1d(np.arange(PATIENTS), 7)
    same(calm.take(others), result.take(others))
