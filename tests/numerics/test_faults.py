"""What goes wrong, one test a fault: each has a named outcome, and no neighbour notices.

The other files hold the rules in detail (doses and stops in test_events, triggers in test_triggers, the fallback in
test_pivoting); here every fault befalls one patient among twenty-seven, who fill neither a pack nor a batch.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from engine_cases import disease, spread
from test_ensembles import same

from charcot.core.expression import constant, log, minimum, select, symbol
from charcot.core.program import Assignment, Parameter, Program, Readout, State, Trigger
from charcot.core.result import Result, Status
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.engine import Stop, simulate
from charcot.engine.compiled import kernel

# A patient is well when all of these have their value; each, changed, is one fault.
WELL = {
    "explode": 0.0,
    "sink": 0.0,
    "corner": 0.0,
    "kink": 0.0,
    "wrong": 1.0,
    "spin": 1.0,
    "couple": 10.0,
    "storm": 0.0,
    "delay": 0.5,
}
TIMES = np.linspace(0.0, 8.0, 17)
PATIENTS = 27


def fragile() -> Program:
    """The small disease, and beside it one equation for every fault."""
    sick, own = disease(), {name: symbol(name) for name in WELL}
    z, turn, back, a, b, level, time = (symbol(name) for name in ("z", "turn", "back", "a", "b", "level", "time"))
    rates = {
        "z": own["explode"] * z * z
        - own["sink"] / z
        + own["corner"] * select(z, 1.5, 1.0, -1.0)
        + log(own["wrong"])
        + own["kink"] * (select(time, 3.0, 1.0, 2.0) - z),
        "turn": -own["spin"] * back,
        "back": own["spin"] * turn,
        "a": -own["couple"] * (b - symbol("cells")),
        "b": own["couple"] * (a - 2.0 * b),
        "level": constant(0.0),
        "time": constant(1.0),
    }
    start = {"z": 1.0, "turn": 1.0, "a": 2.0, "b": 1.0}
    three = select(time, 3.0, 0.0, 1.0)
    return Program(
        states=(*sick.states, *(State(n, "1", constant(start.get(n, 0.0)), rate) for n, rate in rates.items())),
        parameters=(*sick.parameters, *(Parameter(name, "1", value) for name, value in WELL.items())),
        inputs=sick.inputs,
        readouts=(*sick.readouts, *(Readout(name, "1", symbol(name)) for name in rates)),
        triggers=(
            Trigger("late", three, (Assignment("seed", symbol("seed") + 0.01),), delay=own["delay"]),
            Trigger("up", minimum(minimum(three, own["storm"]), 0.5 - level), (Assignment("level", constant(1.0)),)),
            Trigger("down", minimum(minimum(three, own["storm"]), level - 0.5), (Assignment("level", constant(0.0)),)),
        ),
    )


def run(parameters: np.ndarray, **options) -> Result:
    return simulate(fragile(), parameters, TIMES, max_steps=1000, batch=16, **options)


@pytest.fixture(scope="module")
def parameters() -> np.ndarray:
    program = fragile()
    table = program.parameter_table(PATIENTS)
    table[:, :3] = spread(disease(), PATIENTS)
    return table


@pytest.fixture(scope="module")
def healthy(parameters) -> Result:
    result = run(parameters)
    assert result.status_counts() == {"completed": PATIENTS}
    assert not result.fallback.any()
    assert PATIENTS % kernel(fragile()).sizes.width != 0
    return result


@dataclass(frozen=True)
class Fault:
    """What is changed in one patient, how that may end, and when."""

    change: dict[str, float]
    outcomes: tuple[Status, ...]
    end: float
    fallback: bool = False


COLLAPSE = (Status.STEP_TOO_SMALL, Status.NON_FINITE)
FAULTS = {
    "a parameter that is not a number": Fault({"grow": np.nan}, (Status.BAD_INPUT,), 0.0),
    "an infinite parameter": Fault({"spin": -np.inf}, (Status.BAD_INPUT,), 0.0),
    "a negative parameter where none may be": Fault({"wrong": -1.0}, (Status.NON_FINITE,), 0.0),
    "a parameter that overflows": Fault({"kill": 1e308, "grow": 1e308}, COLLAPSE, 0.0),
    "an explosion in finite time": Fault({"explode": 0.5}, COLLAPSE, 2.0),
    "a rate that grows without bound towards zero": Fault({"sink": 0.125}, COLLAPSE, 4.0),
    "an oscillation far too fast": Fault({"spin": 1e5}, (Status.TOO_MANY_STEPS,), 0.0),
    "an event storm": Fault({"storm": 1.0}, (Status.EVENT_STORM,), 3.0),
    "a delay below zero": Fault({"delay": -1.0}, (Status.BAD_EVENT,), 3.0),
    "a small pivot": Fault({"couple": 1e13}, (Status.COMPLETED,), 8.0, fallback=True),
    "a negative parameter that makes sense": Fault({"grow": -0.02}, (Status.COMPLETED,), 8.0),
    "a stiff corner": Fault({"kink": 1e6}, (Status.COMPLETED,), 8.0),
    "a corner on which the solution stays": Fault({"corner": 1.0}, (Status.COMPLETED,), 8.0),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("patient", [0, 12, 26])
def test_a_fault_has_a_name_and_no_neighbour_notices(healthy, parameters, fault, patient):
    names, table = fragile().parameter_names, parameters.copy()
    for name, value in fault.change.items():
        table[patient, names.index(name)] = value
    result = run(table)
    status = Status(result.status[patient])
    assert status in fault.outcomes
    assert len(status.sentence) > 40
    assert result.end_time[patient] == pytest.approx(fault.end, rel=2e-2, abs=0.2)
    assert result.fallback[patient] == fault.fallback
    finite = np.isfinite(result.values[patient]).all(axis=1)
    end = result.end_time[patient]
    assert finite[end > TIMES].all()
    assert not finite[end + 1e-9 < TIMES].any()
    assert finite[-1] == (status is Status.COMPLETED)
    others = np.setdiff1d(np.arange(PATIENTS), patient)
    same(healthy.take(others), result.take(others))


def test_all_faults_at_once(healthy, parameters):
    """Every fault in one cohort, side by side in the lanes: the well between them are untouched."""
    names, table = fragile().parameter_names, parameters.copy()
    for k, fault in enumerate(FAULTS.values()):
        for name, value in fault.change.items():
            table[2 * k + 1, names.index(name)] = value
    for workers in (1, 2):
        result = run(table, workers=workers)
        for k, fault in enumerate(FAULTS.values()):
            assert Status(result.status[2 * k + 1]) in fault.outcomes
        well = np.setdiff1d(np.arange(PATIENTS), 2 * np.arange(len(FAULTS)) + 1)
        same(healthy.take(well), result.take(well))


@pytest.mark.parametrize("rate", [1e2, 1e6, 1e9])
def test_a_stiff_corner_at_a_known_condition_is_a_trigger(rate):
    """A target jumps from 1 to 2 on day 3, and a state follows it at once: exact on both sides of the corner.

    A jump that is hidden in a rate instead is stepped over: the state arrives where it should, but what is reported
    within that one step is smeared.
    """
    z, target, time = symbol("z"), symbol("target"), symbol("time")
    hidden = select(time, 3.0, 1.0, 2.0)
    program = Program(
        states=(
            State("z", "1", constant(1.0), rate * (target - z)),
            State("smeared", "1", constant(1.0), rate * (hidden - symbol("smeared"))),
            State("target", "1", constant(1.0), constant(0.0)),
            State("time", "day", constant(0.0), constant(1.0)),
        ),
        parameters=(),
        readouts=(Readout("z", "1", z), Readout("smeared", "1", symbol("smeared"))),
        triggers=(Trigger("corner", select(time, 3.0, 0.0, 1.0), (Assignment("target", constant(2.0)),)),),
    )
    times = np.array([0.0, 2.9, 2.999, 3.0, 3.2, 8.0])
    result = simulate(program, np.zeros((1, 0)), times, tolerance=1e-6)
    np.testing.assert_allclose(result["z"][0], [1, 1, 1, 1, 2, 2], atol=1e-5)
    np.testing.assert_allclose(result["smeared"][0, [0, 5]], [1, 2], atol=1e-5)


# doses ---------------------------------------------------------------------------------------------------------------


def dosed(events: list[Event], times: list[float]) -> np.ndarray:
    """What a drug that nothing else changes is at ``times``: its decline of 0.7 a day undone."""
    program = fragile()
    schedule = Schedule.pack(program, [events])
    times = np.array(times)
    return simulate(program, program.parameter_table(1), times, schedule=schedule, tolerance=1e-9)["drug"][0]


def test_a_dose_at_an_output_time_comes_after_the_output():
    drug = dosed([Event(2.0, "drug", EventKind.ADD, 4.0)], [2.0, 3.0])
    np.testing.assert_allclose(drug, [0.0, 4.0 * np.exp(-0.7)], rtol=1e-8)


def test_two_doses_at_once_add_up():
    drug = dosed([Event(2.0, "drug", EventKind.ADD, 4.0), Event(2.0, "drug", EventKind.ADD, 1.0)], [3.0])
    np.testing.assert_allclose(drug, 5.0 * np.exp(-0.7), rtol=1e-8)


def test_a_dose_and_a_trigger_at_once_are_both_done():
    """At day 3 the trigger waits its half day; a dose at day 3.5 meets its execution."""
    program = fragile()
    schedule = Schedule.pack(program, [[Event(3.5, "seed", EventKind.ADD, 0.02)]])
    seed = simulate(program, program.parameter_table(1), np.array([3.5, 3.5 + 1e-9]), schedule=schedule)["seed"][0]
    assert seed[1] - seed[0] == pytest.approx(0.02, abs=1e-6)  # the output lies after the trigger, before the dose
    without = simulate(program, program.parameter_table(1), np.array([3.5 - 1e-9, 3.5]))["seed"][0]
    assert without[1] - without[0] == pytest.approx(0.01, abs=1e-6)


def test_a_dose_that_is_not_a_number_is_bad_input(parameters, healthy):
    schedule = Schedule.pack(
        fragile(), [[Event(1.0, "drug", EventKind.ADD, np.nan if i == 5 else 0.0)] for i in range(PATIENTS)]
    )
    result = run(parameters, schedule=schedule)
    np.testing.assert_array_equal(np.flatnonzero(result.failed), [5])
    assert result.status[5] == Status.BAD_INPUT


# how many ------------------------------------------------------------------------------------------------------------


def test_nobody():
    result = run(np.zeros((0, len(fragile().parameters))))
    assert result.values.shape == (0, len(TIMES), len(fragile().readouts))
    assert result.status_counts() == {}
    assert result.fallback_count() == 0


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 26])
def test_one_patient_and_counts_that_fill_no_pack(healthy, parameters, count):
    same(healthy.take(np.arange(count)), run(parameters[:count]))


def test_everybody_fails():
    program = fragile()
    table = program.parameter_table(PATIENTS)
    table[:, program.parameter_names.index("wrong")] = -1.0
    result = run(table, stop=Stop("hazard", np.full(PATIENTS, 1.0)))
    assert result.status_counts() == {"non_finite": PATIENTS}
    assert result.failed.all()
