"""Patients do not know of each other: bit for bit the same whoever they travel with."""

import numpy as np
import pytest
from engine_cases import decay, disease, spread

from charcot.core.program import Program
from charcot.core.result import Result, Status
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.engine import Stop, compiled, simulate
from charcot.engine.vector import Lanes

PATIENTS = 45
TIMES = np.linspace(0.0, 400.0, 14)


def schedule(program: Program, patients: int) -> Schedule:
    draw = np.random.default_rng(11)
    return Schedule.pack(
        program,
        [
            [Event(float(t), "drug", EventKind.ADD, 4.0) for t in draw.uniform(0, 390, i % 5)]
            + [Event(50.0 + i, "infusion", EventKind.SET, 0.1 * (i % 3))]
            for i in range(patients)
        ],
    )


def run(order: np.ndarray | None = None, **options) -> Result:
    """The same 45 patients, in any order, reported in the first order."""
    program = disease()
    order = np.arange(PATIENTS) if order is None else order
    thresholds = np.linspace(1e-3, 0.5, PATIENTS)
    result = simulate(
        program,
        spread(program, PATIENTS)[order],
        TIMES,
        schedule=schedule(program, PATIENTS).take(order),
        stop=Stop("hazard", thresholds[order]),
        **options,
    )
    return result.take(np.argsort(order))


def same(a: Result, b: Result) -> None:
    for name in ("values", "end_time", "status", "steps", "rejected", "final_states"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


@pytest.fixture(scope="module")
def alone() -> Result:
    result = run()
    assert set(result.status) == {int(Status.COMPLETED), int(Status.STOPPED)}
    assert len(set(result.steps)) > 20
    return result


@pytest.mark.parametrize("batch", [1, 7, 8, 9, 64, 512])
def test_any_batch(alone, batch):
    same(alone, run(batch=batch))


@pytest.mark.parametrize("workers", [2, 3, 64])
@pytest.mark.parametrize("batch", [5, 512])
def test_any_number_of_workers(alone, workers, batch):
    same(alone, run(workers=workers, batch=batch))


def test_any_order(alone):
    same(alone, run(np.random.default_rng(5).permutation(PATIENTS)))
    same(alone, run(np.arange(PATIENTS)[::-1], batch=7))


def test_one_patient_alone(alone):
    program = disease()
    for i in (0, 3, 44):
        result = simulate(
            program,
            spread(program, PATIENTS)[i : i + 1],
            TIMES,
            schedule=schedule(program, PATIENTS).take([i]),
            stop=Stop("hazard", np.linspace(1e-3, 0.5, PATIENTS)[i : i + 1]),
        )
        same(alone.take(np.array([i])), result)


def test_patients_that_fail_do_not_touch_their_neighbours(alone):
    program, parameters = disease(), spread(disease(), PATIENTS)
    parameters[3, 0] = np.nan
    parameters[9, 1] = np.inf
    parameters[10] = [1e300, 1e300, 1e300]  # finite, but overflows on the way
    events = schedule(program, PATIENTS)
    events.values[events.offsets[20]] = np.nan
    stop = Stop("hazard", np.linspace(1e-3, 0.5, PATIENTS))
    result = simulate(program, parameters, TIMES, schedule=events, stop=stop, batch=16)
    assert list(result.status[[3, 9, 20]]) == [Status.BAD_INPUT] * 3
    assert Status(result.status[10]).failed
    assert np.isnan(result.values[[3, 9, 20]]).all()
    others = np.setdiff1d(np.arange(PATIENTS), [3, 9, 10, 20])
    same(alone.take(others), result.take(others))


def test_initial_states_that_are_not_numbers_are_bad_input():
    program = decay()
    initial = np.zeros((9, 3))
    initial[4, 1] = np.nan
    result = simulate(program, program.parameter_table(9), TIMES, initial_states=initial)
    assert list(np.flatnonzero(result.failed)) == [4]
    assert result.status[4] == Status.BAD_INPUT


def test_nobody_and_nothing_to_do():
    program = decay()
    nobody = simulate(program, program.parameter_table(0), TIMES)
    assert nobody.values.shape == (0, 14, 4)
    nothing = simulate(program, program.parameter_table(3), np.zeros(0), start=5.0)
    assert list(nothing.status) == [Status.COMPLETED] * 3
    assert list(nothing.end_time) == [5.0] * 3
    assert simulate(program, program.parameter_table(2), TIMES, readouts=[]).values.shape == (2, 14, 0)


def test_progress_counts_every_patient_once():
    program, counts = decay(), []
    parameters = program.parameter_table(37)
    parameters[5] = np.nan
    simulate(program, parameters, TIMES, progress=counts.append, workers=2, batch=16)
    assert sum(counts) == 37
    assert min(counts) > 0


def test_a_failing_progress_call_ends_the_run():
    def refuse(count):
        raise RuntimeError("enough")

    program = decay()
    for workers in (1, 2):
        with pytest.raises(RuntimeError, match="enough"):
            simulate(program, program.parameter_table(40), TIMES, progress=refuse, workers=workers, batch=8)


def test_a_patient_out_of_steps_says_so_and_keeps_what_it_had():
    program = disease()
    result = simulate(program, program.parameter_table(1), np.linspace(0, 4000, 401), max_steps=60, tolerance=1e-8)
    assert result.status[0] == Status.TOO_MANY_STEPS
    assert result.steps[0] + result.rejected[0] == 60
    reported = np.isfinite(result.values[0, :, 0])
    assert reported[0]
    assert not reported[-1]
    assert np.all(result.times[0, reported] <= result.end_time[0])


def test_the_numbers_do_not_depend_on_which_read_outs_are_asked_for():
    program = disease()
    parameters = spread(program, 5)
    everything = simulate(program, parameters, TIMES)
    two = simulate(program, parameters, TIMES, readouts=["score", "seed"])
    assert two.readout_names == ("score", "seed")
    np.testing.assert_array_equal(two["seed"], everything["seed"])
    np.testing.assert_array_equal(two["score"], everything["score"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"output_times": np.array([3.0, 1.0])}, "must ascend"),
        ({"output_times": np.array([np.nan, 1.0])}, "NaN before a number"),
        ({"output_times": np.array([0.0, np.inf])}, "infinity"),
        ({"output_times": np.zeros((3, 4))}, r"\(2, times\)"),
        ({"start": 4.0}, "before the start on day 4"),
        ({"parameters": np.zeros((2, 7))}, r"parameters has shape \(2, 7\)"),
        ({"initial_states": np.zeros((2, 2))}, "initial_states has shape"),
        ({"tolerance": 0.0}, "between 0 and 1"),
        ({"workers": 0}, "at least 1"),
        ({"stop": Stop("plasma", np.zeros(3))}, "thresholds has shape"),
        ({"schedule": Schedule.empty(3)}, "the schedule has 3 patients"),
    ],
)
def test_a_wrong_question_gets_a_sentence(change, message):
    program = decay()
    question = {"parameters": program.parameter_table(2), "output_times": np.array([0.0, 1.0])} | change
    with pytest.raises(ValueError, match=message):
        simulate(program, **question)


def test_unknown_names_get_a_hint():
    program = decay()
    with pytest.raises(KeyError, match="plasma"):
        simulate(program, program.parameter_table(1), TIMES, readouts=["plasm"])
    with pytest.raises(KeyError, match="plasma"):
        simulate(program, program.parameter_table(1), TIMES, stop=Stop("plasm", np.ones(1)))


@pytest.mark.parametrize(("width", "fused"), [(4, True), (2, True), (4, False)])
def test_narrower_machines(alone, width, fused, monkeypatch, tmp_path):
    """Fewer lanes change no bit; a machine without fused multiply-add differs by round-off only."""
    processor, features, _ = compiled._host()
    monkeypatch.setattr(compiled, "_host", lambda: (processor, features, Lanes(width, fused)))
    monkeypatch.setattr(compiled, "_kernels", {})
    monkeypatch.setenv("CHARCOT_CACHE", str(tmp_path))
    result = run()
    assert compiled.kernel(disease()).sizes.width == width
    if fused:
        same(alone, result)
    else:
        np.testing.assert_array_equal(alone.status, result.status)
        np.testing.assert_allclose(alone.values, result.values, rtol=1e-6, atol=1e-9)
