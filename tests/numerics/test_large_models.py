"""Programs with many states: solved in loops, with the same numbers, and compiled in a time that grows as they do."""

import random

import numpy as np
import pytest
from engine_cases import disease, spread
from test_ensembles import same

from charcot.core.expression import ZERO, constant, symbol
from charcot.core.program import Parameter, Program, Readout, State
from charcot.engine import compiled, ensemble, loops, sensitivities, simulate
from charcot.engine.codegen import generate
from charcot.engine.compiled import Kernel, compile_program
from charcot.engine.conservation import conserved
from charcot.engine.graph import build
from charcot.engine.vector import Lanes

TIMES = np.linspace(0.0, 200.0, 9)


def network(states: int, reactions: int) -> Program:
    """Mass action between near neighbours on a ring: one block, with much fill-in."""
    draw = random.Random(1)
    names = [f"s{i}" for i in range(states)]
    amounts, rates = [symbol(name) for name in names], [ZERO] * states
    for k in range(reactions):
        a = draw.randrange(states)
        b = (a + draw.randrange(1, 30)) % states
        c = (b + draw.randrange(1, 30)) % states
        consumed, made = ([a], [b]) if k % 2 else ([a, b], [c])
        flow = symbol(f"k{k}")
        for i in consumed:
            flow = flow * amounts[i]
        for i in consumed:
            rates[i] = rates[i] - flow
        for i in made:
            rates[i] = rates[i] + flow
    return Program(
        states=tuple(State(n, "1", constant(draw.random()), rate) for n, rate in zip(names, rates, strict=True)),
        parameters=tuple(Parameter(f"k{k}", "1/day", 0.1 * draw.random()) for k in range(reactions)),
        readouts=tuple(Readout(name, "1", symbol(name)) for name in names[:3]),
    )


@pytest.mark.parametrize("single", [False, True])
def test_loops_give_the_same_bits_as_lines(monkeypatch, single):
    program, options = disease(), {"precision": "single", "tolerance": 1e-3} if single else {}
    table = spread(program, 11)
    written_out = simulate(program, table, TIMES, **options)
    monkeypatch.setattr(loops, "LARGE", 0)
    monkeypatch.setattr(ensemble, "kernel", lambda given, narrow=False: Kernel(*compile_program(given, narrow)))
    same(written_out, simulate(program, table, TIMES, **options))


def test_the_text_of_a_large_program_grows_as_the_program():
    """Lines of a kernel, for twice as many states and reactions: written out, the factors alone would be eight-fold."""
    lines = []
    for size in (120, 240):
        model = build(network(size, 5 * size))
        assert loops.is_large(model.elimination)
        lines.append(generate(model, Lanes(4, fused=True)).count("\n"))
    assert lines[1] < 2.1 * lines[0]


def test_a_long_compilation_is_told_of(monkeypatch):
    monkeypatch.setattr(compiled, "LONG_COMPILATION", 0.1)
    with pytest.warns(compiled.LargeProgram, match="Compiling 6 states takes about"):
        compile_program(disease())


def test_a_network_solved_in_loops_goes_where_it_must(monkeypatch):
    """Mass action never takes what is not there, and each reaction of it takes at least as many as it makes."""
    monkeypatch.setattr(loops, "LARGE", 0)
    monkeypatch.setattr(ensemble, "kernel", lambda given, narrow=False: Kernel(*compile_program(given, narrow)))
    program = network(60, 300)
    result = simulate(program, program.parameter_table(2), np.array([0.0, 30.0]), tolerance=1e-6)
    assert result.status_counts() == {"completed": 2}
    assert result.final_states.min() > -1e-8
    begins = program.initial_states(program.parameter_table(2))
    assert (result.final_states.sum(axis=1) < begins.sum(axis=1)).all()


def test_formulas_nested_a_thousand_deep_know_no_recursion():
    """x' = -(x + x/2000 + x/2000 + ...), a thousand times: x decays at the rate 1.5, with derivatives and without."""
    x, k = symbol("x"), symbol("k")
    total = x
    for i in range(1000):
        total = total + x * (k / (2000 + 0 * i))
    model = Program(
        states=(State("x", "1", constant(1.0), -total), State("y", "1", constant(0.0), total)),
        parameters=(Parameter("k", "1", 1.0),),
        readouts=(Readout("x", "1", x),),
    )
    assert len(model.hash) == 16
    assert "…" in repr(total)
    assert [law.coefficients for law in conserved(model)] == [(("x", 1), ("y", 1))]
    found = sensitivities(model, model.parameter_table(1), np.array([1.0]), ["k"], tolerance=1e-8)
    np.testing.assert_allclose(found.result["x"][0], np.exp(-1.5), rtol=1e-6)
    np.testing.assert_allclose(found.derivatives[0, :, 0, 0], -0.5 * np.exp(-1.5), rtol=1e-6)
