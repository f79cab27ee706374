"""The fallback: equations that a fixed order of elimination cannot solve."""

import dataclasses

import numpy as np
import pytest
from engine_cases import disease, spread
from test_ensembles import same

from charcot.core.expression import constant, symbol
from charcot.core.program import Assignment, Parameter, Program, Readout, State, Trigger
from charcot.core.result import Status
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.engine import Stop, simulate
from charcot.engine.compiled import kernel
from charcot.engine.pivoting import PivotedStep

X, Y, SLOW, FAST = (symbol(name) for name in ("x", "y", "slow", "fast"))


def crossed() -> Program:
    """A fast balance whose first equation does not read its own state: x' = -fast (y - slow), y' = fast (x - 2 y).

    It rests at y = slow and x = 2 slow, its eigenvalues are -fast, twice, and the diagonal of its Jacobian holds a
    structural zero: the order of elimination by the diagonal divides by 1/(gamma h) alone.
    """
    return Program(
        states=(
            State("x", "1", constant(2.0), -FAST * (Y - SLOW)),
            State("y", "1", constant(1.0), FAST * (X - 2.0 * Y)),
            State("slow", "1", constant(1.0), -symbol("decline") * SLOW),
        ),
        parameters=(Parameter("fast", "1/day", 10.0), Parameter("decline", "1/day", 0.1)),
        readouts=tuple(Readout(name, "1", symbol(name)) for name in ("x", "y", "slow")),
    )


TIMES = np.linspace(0.0, 30.0, 16)
PARAMETERS = np.array([[10.0, 0.1], [1e13, 0.1], [20.0, 0.2], [1e14, 0.05], [5.0, 0.0]])


def test_a_small_pivot_is_named():
    result = simulate(crossed(), PARAMETERS, TIMES, fallback=False)
    names = [Status(status).name for status in result.status]
    assert names == ["COMPLETED", "SMALL_PIVOT", "COMPLETED", "SMALL_PIVOT", "COMPLETED"]
    assert not result.fallback.any()
    assert "fallback=True" in Status.SMALL_PIVOT.sentence


def test_a_solver_that_pivots_takes_over_and_is_counted():
    result = simulate(crossed(), PARAMETERS, TIMES, tolerance=1e-6)
    assert result.status_counts() == {"completed": 5}
    np.testing.assert_array_equal(result.fallback, [False, True, False, True, False])
    assert result.fallback_count() == 2
    slow = np.exp(-PARAMETERS[:, 1:] * TIMES)
    np.testing.assert_allclose(result["slow"], slow, rtol=1e-5)
    np.testing.assert_allclose(result["y"][[1, 3]], slow[[1, 3]], rtol=1e-5)
    np.testing.assert_allclose(result["x"][[1, 3]], 2 * slow[[1, 3]], rtol=1e-5)


def test_the_others_do_not_notice():
    well = [0, 2, 4]
    result = simulate(crossed(), PARAMETERS, TIMES)
    same(simulate(crossed(), PARAMETERS[well], TIMES), result.take(np.array(well)))


@pytest.mark.parametrize("options", [{"batch": 1}, {"workers": 2, "batch": 2}, {"batch": 3}])
def test_any_batch_and_any_number_of_workers(options):
    same(simulate(crossed(), PARAMETERS, TIMES), simulate(crossed(), PARAMETERS, TIMES, **options))
    alone = simulate(crossed(), PARAMETERS[3:4], TIMES)
    same(alone, simulate(crossed(), PARAMETERS, TIMES).take(np.array([3])))


def test_a_step_is_the_kernels_step():
    """Where both can, both do: states, dense output, error and step size of one step agree to round-off."""
    from test_method import Bare

    program = disease()
    bare, step = Bare(program, 1e-4), PivotedStep(kernel(program))
    for h in (0.01, 0.3, 5.0):
        given = [bare[name] for name in ("states", "derived", "inputs")]
        after, dense, error, factor = step(*given, h, bare["tolerances"])
        bare.step(h)
        np.testing.assert_allclose(after, bare["next"], rtol=1e-11, atol=1e-14)
        np.testing.assert_allclose(dense.ravel(), bare["dense"], rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(error, bare.table["error"][0], rtol=1e-6)
        np.testing.assert_allclose(factor, bare.table["factor"][0], rtol=1e-6)
        bare.commit()


def test_its_step_is_the_same_beside_a_kernel_in_single_precision():
    """The kernel's tables then hold floats."""
    steps = []
    for single in (False, True):
        code = kernel(crossed(), single)
        real = np.float32 if single else np.float64
        parameters = np.zeros((1, code.sizes.parameters, code.sizes.width), dtype=real)
        parameters[0] = np.array([10.0, 0.1])[:, None]
        derived, pack = np.zeros((1, code.sizes.derived, code.sizes.width), dtype=real), np.zeros(1, dtype=np.int64)
        code.prologue(1, pack.ctypes.data, parameters.ctypes.data, derived.ctypes.data)
        given = np.array([2.0, 1.0, 1.0]), derived[0, :, 0], np.zeros(code.sizes.inputs)
        steps.append(PivotedStep(code)(*given, 0.1, np.full(4, 1e-3))[0])
    np.testing.assert_allclose(steps[1], steps[0], rtol=1e-6)


def test_doses_stops_and_triggers_work_there_too():
    trigger = Trigger("half", 0.5 - SLOW, (Assignment("slow", constant(2.0)),))
    program = dataclasses.replace(crossed(), triggers=(trigger,))
    schedule = Schedule.pack(program, [[Event(1.0, "slow", EventKind.ADD, 1.0)]] * 2)
    parameters = np.array([[10.0, 0.1], [1e13, 0.1]])
    run = {"schedule": schedule, "tolerance": 1e-7, "stop": Stop("slow", np.array([np.inf, 1.95]))}
    result = simulate(program, parameters, TIMES, **run)
    np.testing.assert_array_equal(result.fallback, [False, True])
    level = np.exp(-0.1) + 1.0
    falls = 1.0 + 10 * np.log(level / 0.5)  # at 0.5 it is set to 2, which lies over the second patient's threshold
    assert [Status(s).name for s in result.status] == ["COMPLETED", "STOPPED"]
    assert result.end_time[1] == pytest.approx(falls, rel=1e-6)
    falling = slice(1, int(np.searchsorted(TIMES, falls)))
    expected = level * np.exp(-0.1 * (TIMES[falling] - 1))
    np.testing.assert_allclose(result["slow"][:, falling], np.array([expected, expected]), rtol=1e-6)


def test_what_fails_there_too_fails_by_its_own_name():
    """The balance feeds an explosion: pivots help to reach it, and nothing helps beyond."""
    model = crossed()
    states = (*model.states, State("z", "1", constant(0.5), symbol("z") ** 2 * Y / SLOW))
    model = dataclasses.replace(model, states=states)
    result = simulate(model, PARAMETERS[:2], TIMES)
    np.testing.assert_array_equal(result.fallback, [False, True])
    for i in (0, 1):
        assert Status(result.status[i]) in {Status.STEP_TOO_SMALL, Status.NON_FINITE}
    assert result.end_time[1] == pytest.approx(2.0, rel=1e-3)
    np.testing.assert_array_equal(np.isfinite(result["slow"]), result.end_time[:, None] >= TIMES)


def test_a_failure_that_is_not_the_solvers_is_not_tried_again():
    program = Program(
        states=(State("x", "1", constant(1.0), symbol("k") * X * X),),
        parameters=(Parameter("k", "1", 1.0),),
        readouts=(Readout("x", "1", X),),
    )
    result = simulate(program, np.array([[1.0], [0.01]]), np.linspace(0, 5, 11))
    assert result.status[0] in {Status.STEP_TOO_SMALL, Status.NON_FINITE}
    assert not result.fallback.any()


def test_the_disease_never_needs_it():
    program = disease()
    result = simulate(program, spread(program, 200, size=1.0), np.linspace(0, 2000, 5))
    assert not result.fallback.any()
    assert not result.failed.any()


def test_an_overflow_off_the_diagonal_is_mended_too():
    """Everything rests at zero, but the fixed order multiplies 1e200 by 1e200, and infinity by zero is no number."""
    a, b, c, k = (symbol(name) for name in "abck")
    program = Program(
        states=(
            State("a", "1", constant(0.0), k * c),
            State("b", "1", constant(0.0), k * a - b),
            State("c", "1", constant(0.0), symbol("none") * b - c),
            State("slow", "1", constant(1.0), -0.1 * SLOW),
        ),
        parameters=(Parameter("k", "1/day", 1.0), Parameter("none", "1/day", 0.0)),
        readouts=(Readout("slow", "1", SLOW),),
    )
    parameters = np.array([[1.0, 0.0], [1e200, 0.0], [2.0, 0.0]])
    result = simulate(program, parameters, TIMES, tolerance=1e-6)
    assert result.status_counts() == {"completed": 3}
    np.testing.assert_array_equal(result.fallback, [False, True, False])
    np.testing.assert_allclose(result["slow"][1], np.exp(-0.1 * TIMES), rtol=1e-5)


def test_growth_beyond_numbers_is_seen():
    """The multiplier overflows: nothing finite comes out of the fixed order, however small the step."""
    a, b = symbol("a"), symbol("b")
    program = Program(
        states=(
            State("a", "1", constant(1.0), -symbol("k") * (b - 0.5)),
            State("b", "1", constant(1.0), symbol("k") * (a - 2 * b)),
        ),
        parameters=(Parameter("k", "1/day", 1e200),),
        readouts=(Readout("a", "1", a), Readout("b", "1", b)),
    )
    result = simulate(program, program.parameter_table(1), np.array([0.0, 1.0]), fallback=False)
    assert result.status[0] == Status.SMALL_PIVOT
