"""The benchmark harness: engines are given the program, errors mean what they say, speeds are compared fairly."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import bounds  # noqa: E402
import engine  # noqa: E402
import matched  # noqa: E402
import problems  # noqa: E402
import side_by_side  # noqa: E402
from peers import run as peer_run  # noqa: E402
from peers.problem import Problem, arithmetic  # noqa: E402

from charcot.core.expression import exp, log, maximum, minimum, select, sigmoid, softplus, symbol, to_python  # noqa: E402


@pytest.fixture(scope="module")
def problem(tmp_path_factory: pytest.TempPathFactory) -> Problem:
    """The smallest synthetic problem, dosed every 28 days."""
    return problems.save(problems.build("synthetic48-monthly", 16), tmp_path_factory.mktemp("problem"), 1)


def in_numpy() -> dict[str, object]:
    return {
        **arithmetic(),
        "exp": np.exp,
        "log": np.log,
        "softplus": lambda x: np.logaddexp(0.0, x),
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "minimum": np.minimum,
        "maximum": np.maximum,
        "select": lambda a, b, x, y: np.where(a < b, x, y),
    }


def test_peers_are_given_the_program_s_own_rates(problem: Problem) -> None:
    program = problems.build("synthetic48-monthly", 16).program
    rng = np.random.default_rng(1)
    y, p = rng.uniform(0.1, 1.0, len(problem.states)), problem.table[3]
    names = {"y": program.state_names, "p": program.parameter_names, "u": program.input_names}
    expected = to_python([s.rate for s in program.states], names)(y, p, problem.input_values)
    values = dict(zip(problem.states, y, strict=True)) | dict(zip(problem.parameters, p, strict=True))
    values |= dict(zip(problem.inputs, problem.input_values, strict=True))
    np.testing.assert_allclose(problem.evaluate(values, in_numpy()), expected, rtol=1e-13)
    again = problems.program_of(problem)
    renamed = {"y": again.state_names, "p": again.parameter_names, "u": again.input_names}
    rates = to_python([s.rate for s in again.states], renamed)(y, p, problem.input_values)
    np.testing.assert_allclose(rates, expected, rtol=1e-13)


def test_every_operation_is_on_the_tape() -> None:
    x, y = symbol("x"), symbol("y")
    forms = [
        x**2.5,
        x**-2,
        exp(x) - log(y),
        softplus(x) / y,
        sigmoid(x),
        minimum(x, y),
        maximum(x, 1),
        select(x, y, x, 2),
    ]
    tape, rows = problems.to_tape(forms, {"x": "x", "y": "y"})
    holder = Problem.__new__(Problem)
    holder.tape, holder.rates = tape, rows
    for values in ({"x": 0.7, "y": 1.9}, {"x": 2.3, "y": 0.4}):
        expected = to_python(forms, {"v": ["x", "y"]})([values["x"], values["y"]])
        np.testing.assert_allclose(holder.evaluate(values, in_numpy()), expected, rtol=1e-14)


def test_segments_hold_every_output_once_and_end_at_doses(problem: Problem) -> None:
    segments = list(problem.segments())
    assert np.array_equal(np.concatenate([outputs for _, _, outputs in segments]), np.arange(1, 61))
    assert [end for _, end, _ in segments[:-1]] == list(problem.dose_times)
    assert problem.dose_times[1] - problem.dose_times[0] == 28.0
    assert not set(problem.times) & set(problem.dose_times)
    assert all(begin < t <= end for begin, end, outputs in segments for t in problem.times[outputs])


def test_an_independent_solver_finds_the_reference(problem: Problem) -> None:
    from peers.sundae_cvode import Peer

    peer = Peer(problem)
    loose, tight = (peer_run.error(peer.run(0, tolerance)[None], problem) for tolerance in (1e-4, 1e-9))
    assert tight < 1e-5 < loose


def test_the_error_is_relative_to_value_and_scale(problem: Problem) -> None:
    exact = problem.reference
    assert peer_run.error(exact, problem) == 0.0
    off = exact.copy()
    off[0, 7, 3] += 0.02 * (abs(exact[0, 7, 3]) + 1e-3 * problem.scales[3])
    off[0, 9, 5] -= 0.01 * (abs(exact[0, 9, 5]) + 1e-3 * problem.scales[5])
    assert peer_run.error(off, problem) == pytest.approx(0.02)
    off[0, 0, 0] = np.nan
    assert peer_run.error(off, problem) == math.inf


def point(error: float, speed: float) -> dict[str, float]:
    return {"tolerance": 1e-4, "error": error, "patients_per_s": speed}


OURS = [point(1e-2, 1000.0), point(9e-4, 500.0), point(1e-5, 200.0), point(1e-6, 100.0)]


def test_speeds_are_compared_where_our_error_is_no_worse() -> None:
    found = matched.match(OURS, point(8e-4, 10.0))
    assert found is not None
    assert found.ours["error"] == 1e-5
    assert found.ratio == 20.0
    assert matched.match(OURS, point(1e-8, 10.0)) is None


def test_the_headline_is_the_peer_s_best_useful_point_and_the_least_ratio_is_named() -> None:
    theirs = [point(2e-2, 40.0), point(1e-3, 20.0), point(1e-4, 19.0), point(5e-4, 5.0), point(math.inf, 900.0)]
    front = matched.front(theirs)
    assert [p["error"] for p in front] == [1e-4, 1e-3, 2e-2]  # one is beaten in both, one has no error
    headline, least = matched.headline(OURS, theirs), matched.smallest(OURS, theirs)
    assert headline is not None
    assert least is not None
    assert (headline.peer["error"], headline.ratio) == (1e-3, 25.0)
    assert (least.peer["error"], least.ratio) == (1e-4, pytest.approx(200 / 19))
    assert matched.headline(OURS, [point(0.1, 1.0)]).ratio == 1000.0  # nothing useful: its most exact point


MODULE = """
define internal void @helper(ptr %x) {
entry:
  %a = load <8 x double>, ptr %x, align 64
  %b = fdiv <8 x double> %a, %a
  %c = call <8 x double> @llvm.fma.v8f64(<8 x double> %a, <8 x double> %b, <8 x double> %b)
  store <8 x double> %c, ptr %x, align 64
  ret void
}

define internal void @step_pack(ptr %x) {
entry:
  call void @helper(ptr %x)
  br label %turn
turn:
  %i = phi i64 [ 0, %entry ], [ %i.next, %turn ]
  %v = load <8 x double>, ptr %x, align 64
  %w = fmul <8 x double> %v, %v
  %i.next = add i64 %i, 1
  %more = icmp ult i64 %i.next, 10
  br i1 %more, label %turn, label %done
done:
  call void @helper(ptr %x)
  br label %dense_output
dense_output:
  %z = fadd <8 x double> %w, %w
  br label %end
end:
  ret void
}
"""


def test_operations_are_counted_through_calls_and_loops() -> None:
    counted = bounds.count(MODULE, "step_pack", "<8 x double>")
    assert counted == {"load": 2 + 10, "divide": 2, "arithmetic": 2 + 10, "store": 2}


def test_a_larger_program_counts_more_operations_in_every_kind(problem: Problem) -> None:
    small = bounds.operations(problems.program_of(problem))
    large = bounds.operations(problems.build("synthetic148-undosed", 1).program)
    assert all(large[kind] > 2 * small[kind] for kind in ("load", "store", "arithmetic", "divide"))
    rates = bounds.operations(problems.program_of(problem), "rates")
    assert small["arithmetic"] > 7 * rates["arithmetic"]


def test_a_peer_that_is_not_there_is_named_with_how_to_install_it(tmp_path: Path) -> None:
    if not _missing("diffrax"):
        pytest.skip("diffrax is installed here")
    found = engine.run_peer("diffrax_kvaerno5", tmp_path, 1, 1.0, 30.0, {}, 10)
    assert found["note"].startswith("not installed: pip install diffrax")
    assert "left out above 60 states" in engine.run_peer("diffrax_kvaerno5", tmp_path, 1, 1.0, 30.0, {}, 99)["note"]


def _missing(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is None


def test_the_table_says_who_was_faster_at_what_error_and_who_was_absent() -> None:
    report = {
        "problem": "als-undosed",
        "peers": {
            engine.OURS: {"peer": "Charcot", "points": OURS, "setup_s": 2.0},
            "libroadrunner": {"peer": "libRoadRunner", "points": [point(1e-3, 2.0)], "setup_s": 9.0},
            "amici_cvodes": {"peer": "AMICI", "points": [], "note": "not installed: see there"},
        },
    }
    engine.compare(report)
    ours, peer, absent = engine.table_of([report]).splitlines()[2:]
    assert "| 500 | 9e-04 |" in ours
    assert "| 2 | 1e-03 | 500 | 9e-04 | **250** | 250 |" in peer
    assert "not installed: see there" in absent


def test_an_unknown_problem_is_refused_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match="als-daily"):
        problems.build("als-weekly", 1)


def test_two_trees_take_turns_with_kernels_of_their_own(monkeypatch, tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Makefile").write_text("test:\n\tpytest\n")
    script = (
        "import os, sys, pathlib; cache = pathlib.Path(os.environ['CHARCOT_CACHE']); "
        "print(os.environ['PYTHONPATH'], cache.exists(), file=open(sys.argv[1], 'a')); "
        "cache.mkdir(parents=True, exist_ok=True)"
    )
    log = tmp_path / "log"
    monkeypatch.setitem(side_by_side.COMMANDS, "demo", (sys.executable, "-c", script, str(log)))
    trees = {"before": tmp_path / "old", "now": tmp_path / "new"}
    found = side_by_side.measure("demo", trees, rounds=2, patients=8)
    old, new = f"{tmp_path}/old/src", f"{tmp_path}/new/src"
    assert log.read_text().splitlines() == [
        f"{old} False", f"{new} False", f"{old} True", f"{new} True",
        f"{new} False", f"{old} False", f"{new} True", f"{old} True",
    ]  # fmt: skip
    assert all(len(found[tree][warmth]) == 2 for tree in trees for warmth in side_by_side.WARMTH)


def test_the_table_of_two_trees_holds_medians_and_how_many_times_less():
    before = {"cold": [(30.0, 20.0), (10.0, 9.0), (20.0, 12.0)], "warm": [(4.0, 4.0)]}
    now = {"cold": [(5.0, 6.0)], "warm": [(2.0, 1.0)]}
    lines = side_by_side.table({"population": {"before": before, "now": now}}, 64).splitlines()
    assert lines[2] == "| `charcot population sporadic -n 64` | cold | 20.0 | 5.0 | 4.0 | 12.0 | 6.0 | 2.0 |"
    assert lines[3] == "| `charcot population sporadic -n 64` | warm | 4.0 | 2.0 | 2.0 | 4.0 | 1.0 | 4.0 |"


def test_a_command_that_fails_ends_the_comparison_with_what_it_wrote(tmp_path):
    command = [sys.executable, "-c", "import sys; print('no such number'); sys.exit(2)"]
    with pytest.raises(SystemExit, match=r"ended with 2:\s+no such number"):
        side_by_side.run(command, tmp_path, tmp_path / "cache")
