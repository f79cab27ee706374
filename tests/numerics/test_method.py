"""The method itself: its table, its order, its Jacobian, and agreement with an independent solver."""

import dataclasses

import numpy as np
import pytest
from engine_cases import disease, reference, spread

from charcot.core.expression import exp, jacobian, symbol, to_python
from charcot.core.program import Parameter, Program, Readout, State
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.engine import simulate
from charcot.engine.codegen import SAFETY
from charcot.engine.compiled import aligned, kernel
from charcot.engine.graph import build
from charcot.engine.tableau import RODAS5P, order_defect, trees


def test_the_number_of_rooted_trees_is_known():
    assert [len(list(trees(order))) for order in range(1, 8)] == [1, 1, 2, 4, 9, 20, 48]


def test_the_table_has_order_five_and_not_six():
    assert max(order_defect(RODAS5P, order) for order in range(1, 6)) < 1e-12
    assert order_defect(RODAS5P, 6) > 1e-4


@pytest.mark.parametrize("name", ["stage", "coupling", "dense"])
def test_no_digit_of_any_coefficient_can_be_wrong(name):
    """Of the solution, of what its error is told from, and of the dense output."""
    right = getattr(RODAS5P, name)
    for place in zip(*np.nonzero(right), strict=True):
        wrong = right.copy()
        wrong[place] *= 1 + 1e-8
        with pytest.raises(ValueError, match=r"Rodas5P: (a condition|the last two stages)"):
            dataclasses.replace(RODAS5P, **{name: wrong})


def test_a_mistyped_diagonal_does_not_survive():
    with pytest.raises(ValueError, match="Rodas5P: a condition of order"):
        dataclasses.replace(RODAS5P, gamma=RODAS5P.gamma + 1e-8)


def test_the_dense_weights_have_order_four():
    for fraction in (0.1, 0.5, 0.9):
        weights = RODAS5P.weights_within(fraction)
        assert max(order_defect(RODAS5P, order, weights, fraction) for order in range(1, 5)) < 1e-13
        assert order_defect(RODAS5P, 5, weights, fraction) > 1e-4


def predator() -> Program:
    x, y, k = symbol("x"), symbol("y"), symbol("k")
    return Program(
        states=(State("x", "1", 1.0 + 0 * k, x * (k - y)), State("y", "1", 0.5 + 0 * k, y * (x - 1) + exp(-x) / 7)),
        parameters=(Parameter("k", "1", 1.3),),
        readouts=(Readout("x", "1", x), Readout("y", "1", y)),
    )


class Bare:
    """The kernel of a program without the control around it: the same patient in every lane of one pack."""

    def __init__(self, program: Program, tolerance: float = 1e-6) -> None:
        self.code = kernel(program)
        sizes, width = self.code.sizes, self.code.sizes.width
        names = ("parameters", "derived", "modes", "inputs", "states", "readouts")
        self.table = {n: aligned((1, getattr(sizes, n), width)) for n in names}
        self.table |= {n: aligned((1, sizes.states, width)) for n in ("next", "between")}
        self.table |= {"dense": aligned((1, 3 * sizes.states, width)), "scratch": aligned((sizes.scratch, width))}
        self.table |= {n: np.zeros(width) for n in ("h", "error", "factor")}
        self.table |= {"theta": np.full(width, 0.5), "accept": np.ones(width), "wants": np.ones(width, dtype=np.int64)}
        self.table |= {"tolerances": aligned((1, 1 + sizes.states, width)), "largest": np.zeros(width)}
        self.table["tolerances"][0] = tolerance * np.array([[1.0, *(1e-3 * state.scale for state in program.states)]]).T
        given = len(program.parameters)
        self.table["parameters"][0, :given] = program.parameter_table(1).T
        self.table["parameters"][0, given:] = self.table["tolerances"][0, sizes.allowances]
        self("prologue", "parameters derived")
        self("initial", "parameters states")
        for block in sizes.blocks:
            self.table["modes"][0, block.offset : block.offset + block.size] = block.modes(self.table["derived"][0].T).T

    def __call__(self, function: str, tables: str) -> None:
        packs = np.zeros(1, dtype=np.int64)
        getattr(self.code, function)(1, packs.ctypes.data, *(self.table[n].ctypes.data for n in tables.split()))

    def __getitem__(self, name: str) -> np.ndarray:
        return self.table[name][0, :, 0].copy()

    def step(self, h: float) -> None:
        self.table["h"][:] = h
        self("step", "states next dense derived modes inputs h error factor wants tolerances scratch")
        self("sample", "theta h states next dense derived modes inputs between readouts")

    def commit(self) -> None:
        self("commit", "states next accept largest")


def fixed_steps(program: Program, span: float, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """(states at the end, states in the middle of the last step) with a constant step."""
    bare = Bare(program)
    for _ in range(steps):
        bare.step(span / steps)
        bare.commit()
    return bare["states"], bare["between"]


def textbook_step(program: Program, y: np.ndarray, h: float) -> tuple[np.ndarray, np.ndarray]:
    """(new states, error estimate) by the textbook form of a Rosenbrock method with dense NumPy algebra."""
    names, rates = program.state_names, [state.rate for state in program.states]
    where = {"y": names, "p": program.parameter_names, "u": program.input_names}
    p, u = program.parameter_table(1)[0], [entry.value for entry in program.inputs]
    f = to_python(rates, where)
    entries = [(i, names.index(n), d) for i, row in enumerate(jacobian(rates, names)) for n, d in row.items()]
    matrix = np.zeros((len(y), len(y)))
    for (i, j, _), value in zip(entries, to_python([d for *_, d in entries], where)(y, p, u), strict=True):
        matrix[i, j] = value
    alpha, beta, weights = RODAS5P.classical()
    gamma = beta - alpha
    k = np.zeros((8, len(y)))
    for i in range(8):
        right = h * np.array(f(y + alpha[i] @ k, p, u)) + h * matrix @ (gamma[i, :i] @ k[:i])
        k[i] = np.linalg.solve(np.eye(len(y)) - h * RODAS5P.gamma * matrix, right)
    embedded = RODAS5P.stage[-1] @ (beta - alpha)
    return y + weights @ k, (weights - embedded) @ k


@pytest.mark.parametrize("h", [0.01, 0.3, 5.0])
def test_a_step_is_the_textbook_step(h):
    program, tolerance = disease(), 1e-4
    bare = Bare(program, tolerance)
    for _ in range(3):
        y = bare["states"]
        bare.step(h)
        new, error = textbook_step(program, y, h)
        np.testing.assert_allclose(bare["next"], new, rtol=1e-11, atol=1e-14)
        allowed = tolerance * (1e-3 + np.maximum(np.abs(y), np.abs(new)))
        norm = np.max(np.abs(error) / allowed)
        np.testing.assert_allclose(bare.table["error"], norm, rtol=1e-5, atol=1e-9)
        factor = np.clip(SAFETY * max(norm, 1e-10) ** -0.2, 0.2, 6.0)
        np.testing.assert_allclose(bare.table["factor"], factor, rtol=1e-5)
        bare.commit()


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


def test_only_states_in_a_circle_are_eliminated_together():
    """0 and 1 read each other; 2 reads both and 3; 3 reads nobody: three blocks, and nothing of 2 is eliminated."""
    from charcot.engine.elimination import Elimination

    plan = Elimination.plan(4, [(0, 1), (1, 0), (2, 0), (2, 1), (2, 3)])
    assert sorted(sorted(block) for block in plan.blocks) == [[0, 1], [2], [3]]
    assert plan.order[-1] == 2
    assert sorted(plan.outer[2]) == [0, 1, 3]
    assert plan.lower[2] == plan.upper[2] == plan.outer[0] == []
    assert plan.size == len(plan.original) == 9


def test_blocks_are_the_strong_components():
    from charcot.engine.elimination import Elimination

    draw = np.random.default_rng(4)
    for _ in range(20):
        reads = draw.random((12, 12)) < 0.12
        reach = np.linalg.matrix_power(np.eye(12) + reads, 12) > 0
        plan = Elimination.plan(12, [(int(i), int(j)) for i, j in np.argwhere(reads)])
        home = {state: number for number, block in enumerate(plan.blocks) for state in block}
        assert sorted(plan.order) == list(range(12))
        for i in range(12):
            for j in range(12):
                assert (home[i] == home[j]) == bool(reach[i, j] and reach[j, i])
                if reads[i, j]:
                    assert home[j] <= home[i]
