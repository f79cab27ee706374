"""Quantities that many rates share are unknowns of the linear system: fewer entries, and the same step."""

import numpy as np
import pytest
from engine_cases import disease
from test_ensembles import same
from test_method import Bare, textbook_step

from charcot.core.expression import ZERO, constant, exp, jacobian, log, select, symbol, to_python
from charcot.core.program import Parameter, Program, Readout, State
from charcot.engine import ensemble, loops, simulate
from charcot.engine.compiled import Kernel, compile_program, kernel
from charcot.engine.graph import build
from charcot.engine.linearise import linearised
from charcot.engine.pivoting import PivotedStep

COUNT = 24
TIMES = np.linspace(0.0, 40.0, 9)


def crowd(count: int = COUNT) -> Program:
    """Neurons that share one mean, of which a second quantity is made; the stress of each depends on both."""
    x = [symbol(f"x{i}") for i in range(count)]
    mean = sum(x[1:], x[0]) / count
    milieu = symbol("k") * mean / (1.0 + mean * mean)
    stress = [exp(-0.1 * (i + 1) * mean) * milieu for i in range(count)]
    rates = [0.05 * (i + 1) * (stress[i] - x[i] * (1.0 + milieu)) for i in range(count)]
    return Program(
        states=tuple(State(f"x{i}", "1", constant(0.2 + i / count), rate) for i, rate in enumerate(rates)),
        parameters=(Parameter("k", "1", 2.0),),
        readouts=(Readout("mean", "1", mean), Readout("x3", "1", x[3])),
    )


def slopes_of(program: Program, sharing: bool) -> tuple[list[dict], np.ndarray]:
    """The rows of slopes, and the Jacobian of which they are a factored form, at some point."""
    names, rates = program.state_names, [state.rate for state in program.states]
    rows, count = linearised(rates, names, sharing), len(names)
    where = {"y": names, "p": program.parameter_names}
    places = [(i, j) for i, row in enumerate(rows) for j in row]
    y = np.random.default_rng(2).uniform(0.1, 1.0, count)
    values = to_python([slope for row in rows for slope in row.values()], where)(y, program.parameter_table(1)[0])
    matrix = np.zeros((len(rows), len(rows)))
    for (i, j), value in zip(places, values, strict=True):
        matrix[i, j] = value
    inner = np.eye(len(rows) - count) - matrix[count:, count:]
    full = matrix[:count, :count] + matrix[:count, count:] @ np.linalg.solve(inner, matrix[count:, :count])
    exact = np.zeros((count, count))
    derivatives = jacobian(rates, names)
    flat = to_python([d for row in derivatives for d in row.values()], where)(y, program.parameter_table(1)[0])
    for (i, j), value in zip(
        [(i, names.index(n)) for i, row in enumerate(derivatives) for n in row], flat, strict=True
    ):
        exact[i, j] = value
    return rows, full - exact


@pytest.mark.parametrize("sharing", [True, False])
@pytest.mark.parametrize("program", [crowd(), disease()], ids=["crowd", "disease"])
def test_the_slopes_are_the_jacobian(program, sharing):
    _, difference = slopes_of(program, sharing)
    assert np.abs(difference).max() < 1e-13


def test_entries_grow_as_the_states_and_not_as_their_square():
    for count in (24, 48):
        program = crowd(count)
        shared, plain = build(program), build(program, sharing=False)
        assert len(plain.entries) == count * count
        assert shared.elimination.unknowns > count
        assert len(shared.entries) < 7 * count
        assert shared.elimination.size < 9 * count  # with the fill-in


def test_a_step_is_the_textbook_step():
    program = crowd()
    bare, step = Bare(program, 1e-4), PivotedStep(kernel(program))
    for h in (0.1, 1.0, 20.0):
        y, given = bare["states"], [bare[name] for name in ("states", "derived", "inputs")]
        pivoted, *_ = step(*given, h, bare["tolerances"])
        bare.step(h)
        new, _ = textbook_step(program, y, h)
        np.testing.assert_allclose(bare["next"], new, rtol=1e-11, atol=1e-14)
        np.testing.assert_allclose(pivoted, new, rtol=1e-11, atol=1e-14)
        bare.commit()


@pytest.mark.parametrize("single", [False, True])
def test_loops_give_the_same_bits_as_lines(monkeypatch, single):
    program, options = crowd(), {"precision": "single", "tolerance": 1e-3} if single else {}
    table = np.array([[2.0], [3.0], [0.5]])
    written_out = simulate(program, table, TIMES, **options)
    monkeypatch.setattr(loops, "LARGE", 0)
    monkeypatch.setattr(ensemble, "kernel", lambda given, narrow=False: Kernel(*compile_program(given, narrow)))
    same(written_out, simulate(program, table, TIMES, **options))


def test_a_long_evaluation_in_parts_gives_the_same_bits(monkeypatch):
    from charcot.engine import codegen

    program, table = crowd(), np.array([[2.0], [3.0], [0.5]])
    as_one = simulate(program, table, TIMES)
    monkeypatch.setattr(codegen, "PART", 7)
    monkeypatch.setattr(ensemble, "kernel", lambda given, narrow=False: Kernel(*compile_program(given, narrow)))
    same(as_one, simulate(program, table, TIMES))


def test_what_a_branch_not_taken_is_made_of_spoils_no_slope():
    """ln of what is below zero is read by nobody here: its slopes count for nothing, though they are no numbers."""
    names = [f"x{i}" for i in range(8)]
    total = sum((symbol(name) for name in names[1:]), symbol(names[0]))
    shared = select(total, 100.0, total, log(100.0 - total) * log(ZERO - total))
    rates = [-0.1 * shared * symbol(name) / (i + 1.0) - 0.1 * shared for i, name in enumerate(names)]
    rows = linearised(rates, names)
    slopes = [slope for row in rows for slope in row.values()]
    assert np.isfinite(to_python(slopes, {"y": names})(np.full(8, 0.5))).all()
