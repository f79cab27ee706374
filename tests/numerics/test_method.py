"""The method itself: its table, its order, its Jacobian, and agreement with an independent solver."""

import dataclasses

import numpy as np
import pytest
from engine_cases import disease, reference, spread

from charcot.core.expression import exp, symbol
from charcot.core.program import Parameter, Program, Readout, State
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.engine import simulate
from charcot.engine.compiled import kernel
from charcot.engine.graph import build
from charcot.engine.lockstep import _aligned
from charcot.engine.tableau import RODAS5P, order_defect, trees


def test_the_number_of_rooted_trees_is_known():
    assert [len(list(trees(order))) for order in range(1, 8)] == [1, 1, 2, 4, 9, 20, 48]


def test_the_table_has_order_five_and_not_six():
    assert max(order_defect(RODAS5P, order) for order in range(1, 6)) < 1e-12
    assert order_defect(RODAS5P, 6) > 1e-4


@pytest.mark.parametrize("name", ["stage", "coupling", "gamma"])
def test_a_mistyped_coefficient_does_not_survive(name):
    wrong = np.array(getattr(RODAS5P, name), dtype=float)
    if name == "gamma":
        wrong = wrong + 1e-8
    else:
        wrong[4, 2] += 1e-8
    with pytest.raises(ValueError, match="Rodas5P: a condition of order"):
        dataclasses.replace(RODAS5P, **{name: wrong})


def predator() -> Program:
    x, y, k = symbol("x"), symbol("y"), symbol("k")
    return Program(
        states=(State("x", "1", 1.0 + 0 * k, x * (k - y)), State("y", "1", 0.5 + 0 * k, y * (x - 1) + exp(-x) / 7)),
        parameters=(Parameter("k", "1", 1.3),),
        readouts=(Readout("x", "1", x), Readout("y", "1", y)),
    )


def fixed_steps(program: Program, span: float, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """(states at the end, states in the middle of the last step) with a constant step, straight from the kernel."""
    code = kernel(program)
    width, states = code.sizes.width, code.sizes.states
    table = {n: _aligned((1, code.sizes.__dict__[n] or 1, width)) for n in ("parameters", "derived", "inputs")}
    table["parameters"][0] = program.parameter_table(1).T
    y, new, between = (_aligned((1, states, width)) for _ in range(3))
    dense, scratch = _aligned((1, 3 * states, width)), _aligned((code.sizes.scratch, width))
    h, error, factor, theta, accept = (np.full(width, v) for v in (span / steps, 0.0, 0.0, 0.5, 1.0))
    wants, tolerances, packs = np.ones(width, dtype=np.int64), np.full(1 + states, 1e-6), np.zeros(1, dtype=np.int64)
    outputs = _aligned((1, code.sizes.readouts, width))

    def call(function, *tables):
        function(1, packs.ctypes.data, *(t.ctypes.data for t in tables))

    call(code.prologue, table["parameters"], table["derived"])
    call(code.initial, table["parameters"], y)
    for _ in range(steps):
        call(code.step, y, new, dense, table["derived"], table["inputs"], h, error, factor, wants, tolerances, scratch)
        call(code.sample, theta, y, new, dense, table["derived"], table["inputs"], between, outputs)
        call(code.commit, y, new, accept)
    return y[0, :, 0].copy(), between[0, :, 0].copy()


def test_halving_the_step_divides_the_error_by_thirty_two():
    exact, _ = fixed_steps(predator(), 4.0, 4096)
    steps = np.array([16, 24, 32, 48, 64, 96])
    errors = [np.abs(fixed_steps(predator(), 4.0, n)[0] - exact).max() for n in steps]
    slope = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert 4.7 < slope < 5.6, (slope, errors)


def test_the_dense_output_has_order_four():
    steps = np.array([16, 24, 32, 48, 64, 96])
    errors = []
    for n in steps:
        middle = 4.0 * (1 - 0.5 / n)
        exact, _ = fixed_steps(predator(), middle, 4096)
        errors.append(np.abs(fixed_steps(predator(), 4.0, n)[1] - exact).max())
    slope = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert slope > 3.7, (slope, errors)


def test_a_smaller_tolerance_gives_a_proportionally_smaller_error():
    program, times = disease(), np.linspace(0, 600, 25)
    parameters = spread(program, 8)
    exact = simulate(program, parameters, times, tolerance=1e-11)
    errors = []
    for tolerance in (1e-3, 1e-4, 1e-5, 1e-6):
        result = simulate(program, parameters, times, tolerance=tolerance)
        errors.append(np.abs(result.final_states - exact.final_states).max() / tolerance)
    assert max(errors) < 30, errors


def test_agreement_with_cvode_with_events():
    program, times = disease(), np.linspace(0, 500, 41)
    parameters = spread(program, 3)
    doses = [Event(20.0 + 30 * k, "drug", EventKind.ADD, 5.0 + k) for k in range(6)]
    doses += [Event(200.0, "infusion", EventKind.SET, 4.0), Event(203.5, "infusion", EventKind.SET, 0.0)]
    doses += [Event(0.0, "drug", EventKind.ADD, 2.0), Event(75.0, "seed", EventKind.ADD, 0.05)]
    schedule = Schedule.pack(program, [doses] * 3)
    result = simulate(program, parameters, times, schedule=schedule, tolerance=1e-9)
    for patient in range(3):
        expected = reference(program, parameters, times, schedule, patient)
        np.testing.assert_allclose(result.values[patient, :, :6], expected, rtol=2e-7, atol=1e-9)


def test_the_elimination_fills_in_no_more_than_it_must():
    plan = build(disease()).elimination
    for row, column in plan.original:
        assert (row, column) in plan.slot
    rank = {state: i for i, state in enumerate(plan.order)}
    assert all(rank[j] < rank[i] for i, row in enumerate(plan.lower) for j in row)
    assert all(rank[j] > rank[i] for i, row in enumerate(plan.upper) for j in row)


def test_an_arrow_matrix_is_eliminated_without_fill_in():
    from charcot.engine.elimination import Elimination

    entries = [(0, i) for i in range(20)] + [(i, 0) for i in range(20)]
    plan = Elimination.plan(20, entries)
    assert plan.order[-1] == 0 or plan.order[-2] == 0
    assert plan.size == len(plan.original)
