"""The loop over steps in machine code: what it is translated from, and that it does what the loop in NumPy does."""

import ctypes
from dataclasses import replace
from types import ModuleType

import llvmlite.binding as llvm
import numpy as np
import pytest
from engine_cases import decay, disease, spread
from test_ensembles import TIMES, same, schedule
from test_faults import WELL, fragile

from charcot.core.expression import constant, maximum, raised, substitute, symbol
from charcot.core.program import Parameter, State
from charcot.core.result import Result, Status
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.engine import Stop, compiled, plans, scalar, simulate
from charcot.engine.ensemble import _Queue
from charcot.engine.lockstep import Lockstep
from charcot.engine.request import empty_result, make_request
from charcot.engine.seats import ROUNDS, Seats

LANGUAGE = '''
from __future__ import annotations

from enum import IntEnum

LIMIT = 2.5


class Kind(IntEnum):
    ODD = 7


class Board:
    count: int
    whole: Integers
    real: Reals
    short: Shorts


def run(at: Board, n: int) -> int:
    """Everything that is understood, once."""
    total = 0
    for i in range(n):
        at.real[i] = share(float_of(at.whole[i]), 4.0) - LIMIT
        if at.whole[i] % 2 == 1 and not at.real[i] > 0.0:
            at.short[i] = -at.whole[i] * 3
        elif at.whole[i] > 5 or total == 1:
            at.short[i] = Kind.ODD // 2
        else:
            at.short[i] += 1
        at.count += 1
        total += at.short[i]
    while total > 100:
        total -= 10
    return total if ordered(at, n) else -total


def ordered(at: Board, n: int) -> bool:
    place = 1
    while place < n and at.real[place - 1] <= at.real[place]:
        place += 1
    return place == n


def share(a: float, b: float) -> float:
    return a / b if b != 0.0 else a * 1


def float_of(a: int) -> float:
    return a + 0.0
'''


ELEMENTS = {"Integers": "i64", "Reals": "double", "Shorts": "i32"}


def language(tmp_path, text: str) -> ModuleType:
    path = tmp_path / "language.py"
    path.write_text(text)
    module = ModuleType("language")
    module.__file__ = str(path)
    names = {"Integers": list, "Reals": list, "Shorts": list}
    vars(module).update(names)
    exec(compile(text, str(path), "exec"), vars(module))
    return module


@pytest.mark.parametrize("whole", [[1, 2, 3, 9, 10, 11], [12, 7, 6, 30, 31], [5], []])
def test_a_function_means_the_same_as_in_python(tmp_path, whole):
    module, count = language(tmp_path, LANGUAGE), len(whole)
    text = scalar.translate(module, "Board", ELEMENTS, {}, ["run"])
    code = compiled._target_machine().emit_object(llvm.parse_assembly(text))
    engine = compiled._loaded(code)
    run = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(engine.get_function_address("run"))
    tables = [np.array(whole, dtype=np.int64), np.zeros(count), np.full(count, 40, dtype=np.int32)]
    board = np.array([5, *(table.ctypes.data for table in tables)], dtype=np.int64)

    in_python = module.Board()
    in_python.count, in_python.whole = 5, whole
    in_python.real, in_python.short = [0.0] * count, [40] * count
    assert run(board.ctypes.data, count) == module.run(in_python, count)
    assert board[0] == in_python.count == 5 + count
    assert list(tables[1]) == in_python.real
    assert list(tables[2]) == in_python.short


@pytest.mark.parametrize(
    "line",
    ["at.real[0] = sqrt(2.0)", "a = b = 1", "a = 1 < 2 < 3", "del at", "a = at.missing", "a = [1]", "a = missing"],
)
def test_what_is_not_translated_is_refused_with_its_line(tmp_path, line):
    text = LANGUAGE.replace("class Board", f"def more(at: Board) -> None:\n    {line}\n\n\nclass Board")
    module = language(tmp_path, text)
    with pytest.raises(SyntaxError, match="more, line 1"):
        scalar.translate(module, "Board", ELEMENTS, {}, ["more"])


def both(program, parameters, times, **asked) -> tuple[Result, Result]:
    """The same run by the loop in machine code and by the one that serves programs with triggers."""
    options = {"start": 0.0, "initial_states": None, "schedule": None, "stop": None, "readouts": None}
    options |= {"tolerance": 1e-4, "max_steps": 1000, **asked}
    request = make_request(program, parameters, times, **options)
    code, results = compiled.kernel(program), []
    for loop in (Seats, Lockstep):
        results.append(empty_result(program, request))
        with np.errstate(all="ignore"):
            loop(code, request, results[-1], 8).run(_Queue(np.arange(request.patients)).take, lambda count: None)
    return results[0], results[1]


def test_both_loops_give_the_same_bits():
    program, patients = disease(), 21
    stop = Stop("hazard", np.linspace(1e-3, 0.5, patients))
    same(*both(program, spread(program, patients), TIMES, schedule=schedule(program, patients), stop=stop))


def test_both_loops_end_a_patient_where_a_state_that_is_solved_exactly_meets_its_threshold():
    program, patients = decay(), 9
    doses = [[Event(float(day), "depot", EventKind.ADD, 4.0) for day in range(5 * i)] for i in range(patients)]
    stop = Stop("plasma", np.full(patients, 3.0))
    fast, slow = both(program, spread(program, patients), TIMES, schedule=Schedule.pack(program, doses), stop=stop)
    assert set(fast.status) == {Status.COMPLETED, Status.STOPPED}
    same(fast, slow)


def test_both_loops_know_a_patients_own_tolerances_clock_and_longest_step():
    plain, patients = disease(), 11
    time, slow = symbol("time"), symbol("slow")
    states = tuple(replace(state, scale=None) for state in plain.states)
    states += (State("time", "day", constant(0.0), constant(1.0)), State("slow", "1", constant(0.0), 1 - slow))
    states += (State("late", "1", constant(0.0), raised(maximum(slow, 0.0), symbol("order")) / (1 + time)),)
    parameters = (*plain.parameters, Parameter("order", "1", 0.5))
    program = replace(plain, states=states, parameters=parameters, clock="time")
    assert compiled.kernel(program).sizes.allowances
    assert compiled.kernel(program).sizes.clock >= 0
    asked = {"start": np.linspace(0.0, 3.0, patients), "longest_step": np.linspace(1.0, 30.0, patients)}
    asked["absolute_tolerances"] = {"glia": np.geomspace(1e-9, 1e-3, patients)}
    fast, slow_loop = both(program, spread(program, patients), TIMES[1:], max_steps=300, **asked)
    assert set(fast.status) == {Status.COMPLETED, Status.TOO_MANY_STEPS}
    assert (fast.largest > 0.0).any()
    np.testing.assert_array_equal(fast.largest, slow_loop.largest)
    same(fast, slow_loop)


def test_both_loops_name_the_same_faults():
    whole = replace(fragile(), triggers=())
    rates = substitute([state.rate for state in whole.states], {"corner": constant(0.0)})  # a jump would be watched
    states = tuple(replace(state, rate=rate) for state, rate in zip(whole.states, rates, strict=True))
    program = replace(whole, states=states)
    column = {name: program.index("parameter", name) for name in WELL}
    parameters = program.parameter_table(10)
    faults = {"explode": 1.0, "sink": 1.0, "wrong": -1.0, "spin": 1e4, "couple": 1e15}
    for row, (name, value) in enumerate(faults.items()):
        parameters[row, column[name]] = value
    fast, slow = both(program, parameters, np.linspace(0.0, 8.0, 17))
    assert {Status.NON_FINITE, Status.STEP_TOO_SMALL, Status.TOO_MANY_STEPS, Status.COMPLETED} <= set(fast.status)
    same(fast, slow)


def test_a_long_run_comes_back_to_python_between_rounds():
    """So that Ctrl-C and a progress display find an open door."""
    program, calls = disease(), []
    parameters = program.parameter_table(1)
    request = make_request(program, parameters, np.linspace(0, 4000, 41), 0.0, None, None, None, None, 1e-9, 100_000)
    result = empty_result(program, request)
    seats = Seats(compiled.kernel(program), request, result, 8)
    drive = seats.control.drive
    seats.control = type("Counted", (), {"drive": lambda self, *a: calls.append(1) or drive(*a)})()
    seats.run(_Queue(np.arange(1)).take, lambda count: None)
    assert result.status[0] == Status.COMPLETED
    assert len(calls) >= (result.steps[0] + result.rejected[0]) // ROUNDS


@pytest.mark.parametrize(("patients", "workers"), [(1, 1), (9, 2), (500, 2), (500, 7), (64, 64)])
def test_the_queue_hands_out_everyone_once_and_ever_fewer(patients, workers):
    queue, shares = _Queue(np.arange(patients)), []
    while len(share := queue.share(64, 8, workers)):
        shares.append(share)
    np.testing.assert_array_equal(np.concatenate(shares), np.arange(patients))
    sizes = [len(share) for share in shares]
    assert sizes == sorted(sizes, reverse=True)
    assert max(sizes) <= 64
    assert sizes[-1] <= 8


def test_one_program_and_its_control_lie_side_by_side_in_the_cache(monkeypatch, tmp_path):
    """The control serves every program: it is compiled once, for each precision."""
    monkeypatch.setattr(compiled, "_kernels", {})
    monkeypatch.setattr(compiled, "_controls", {})
    monkeypatch.setenv("CHARCOT_CACHE", str(tmp_path / "cache"))
    for program in (decay(), disease()):
        simulate(program, program.parameter_table(1), np.array([0.0, 1.0]))
    assert len(list((tmp_path / "cache").glob("*.control"))) == 1
    monkeypatch.setattr(compiled, "_controls", {})
    monkeypatch.setattr(compiled, "_control_text", lambda single: pytest.fail("compiled again"))
    simulate(decay(), decay().parameter_table(1), np.array([0.0, 1.0]))


def test_a_program_is_searched_for_jumps_once(monkeypatch):
    program = disease()
    simulate(program, program.parameter_table(1), np.array([0.0, 1.0]))
    monkeypatch.setattr(plans, "Softening", lambda *a: pytest.fail("searched again"))
    again = simulate(program, program.parameter_table(1), np.array([0.0, 1.0]))
    assert again.status[0] == Status.COMPLETED
