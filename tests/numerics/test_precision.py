"""Lanes in single precision: the same method, the same promises, 32 bits."""

import numpy as np
import pytest
from engine_cases import decay, disease, spread
from test_expressions_in_the_kernel import CASES, POSITIVE, A

from charcot.core import expression as e
from charcot.core.expression import to_python
from charcot.core.program import Assignment, Parameter, Program, Readout, State, Trigger
from charcot.core.result import Result, Status
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.engine import Stop, compiled, simulate
from charcot.engine.functions import LIBRARY
from charcot.engine.vector import DOUBLE, SINGLE, Lanes

ADD, SET = EventKind.ADD, EventKind.SET
TIMES = np.linspace(0.0, 400.0, 14)
UNIT = 2.0**-23  # the distance of 1 from the next number


def evaluate(expressions, values) -> np.ndarray:
    """(patients, expressions) in single precision, from states at the start."""
    names = "abcd"
    program = Program(
        states=tuple(State(n, "1", e.symbol(f"p{n}"), e.constant(0.0)) for n in names),
        parameters=tuple(Parameter(f"p{n}", "1", 0.0) for n in names),
        readouts=tuple(Readout(f"r{i}", "1", root) for i, root in enumerate(expressions)),
    )
    return simulate(program, values, np.array([0.0]), precision="single", tolerance=1e-3).values[:, 0]


def of_one(function, x) -> np.ndarray:
    values = np.zeros((len(x), 4))
    values[:, 0] = x
    return evaluate([function(A)], values)[:, 0]


def uses_the_library(root: e.Expression) -> bool:
    return any(node.operation in LIBRARY for node in e.topological([root]))


def test_what_exists_in_double_precision_only_is_refused_by_name():
    with pytest.raises(ValueError, match="arctangent, sine exist in double precision only; ask for precision='double'"):
        evaluate([e.sine(A) + e.arctangent(A)], np.zeros((1, 4)))
    trigger = Trigger("t", A, (Assignment("x", e.constant(1.0)),))
    program = Program(
        (State("x", "1", e.constant(0.0), e.constant(0.0)),), (Parameter("a", "1", 0.0),), triggers=(trigger,)
    )
    with pytest.raises(ValueError, match="triggers exist in double precision only"):
        simulate(program, np.zeros((1, 1)), np.array([0.0]), precision="single", tolerance=1e-3)


def test_every_operation_to_a_few_units():
    draw = np.random.default_rng(1)
    anything = draw.normal(0.0, 2.0, (203, 4)).astype(np.float32).astype(float)
    positive = np.exp(draw.normal(0.0, 1.0, (203, 4))).astype(np.float32).astype(float)
    positive[:, 1] = draw.uniform(-3, 3, 203).astype(np.float32)
    for every, values in ((CASES, anything), (POSITIVE, positive)):
        cases = {name: root for name, root in every.items() if not uses_the_library(root)}
        found = evaluate(list(cases.values()), values)
        expected = np.stack(np.broadcast_arrays(*to_python(list(cases.values()), {"x": "abcd"})(values.T)), axis=1)
        size = np.abs(expected)
        for name in ("add", "subtract", "fused", "fused_minus", "minus_fused"):  # may cancel
            if name in cases:
                size[:, list(cases).index(name)] = np.abs(values[:, 0]) + np.abs(values[:, 1:3]).sum(axis=1) + 10
        assert (np.abs(found - expected) <= 40 * UNIT * size).all()
        assert (found != expected).any()  # it is not double after all


def test_exp_and_log_are_accurate_over_their_whole_range():
    x = np.concatenate([np.linspace(-87, 88.7, 10_007), np.random.default_rng(3).normal(0, 2, 10_000), [0.0, 1.0]])
    x = x.astype(np.float32).astype(float)
    np.testing.assert_allclose(of_one(e.exp, x), np.exp(x), rtol=1.5 * UNIT)
    y = np.concatenate([np.exp(np.linspace(-85, 85, 10_003)), 1 + np.random.default_rng(4).normal(0, 1e-3, 10_000)])
    y = y.astype(np.float32).astype(float)
    np.testing.assert_allclose(of_one(e.log, y), np.log(y), rtol=1.5 * UNIT)
    np.testing.assert_allclose(of_one(e.log, np.array([2.0**-149, 2.0**-130])), [-149 * np.log(2), -130 * np.log(2)])


@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        (e.exp, [89.5, 5000.0, -104.5, -5000.0], [np.inf, np.inf, 0.0, 0.0]),
        (e.log, [0.0, -1.0, 1.0], [-np.inf, np.nan, 0.0]),
        (e.softplus, [100.0, -200.0], [100.0, 0.0]),
        (e.sigmoid, [100.0, -200.0], [1.0, 0.0]),
        (lambda a: a**1.7, [0.0, -1e-20], [0.0, 0.0]),
    ],
)
def test_the_edges(function, x, expected):
    np.testing.assert_array_equal(of_one(function, np.array(x)), expected)


def test_the_formats_know_their_own_numbers():
    for form, real, whole in ((DOUBLE, np.float64, np.int64), (SINGLE, np.float32, np.int32)):
        assert np.array(form.round, dtype=real).view(whole) == form.round_bits
        assert abs(np.array(form.sqrt_half, dtype=whole).view(real) - np.sqrt(0.5)) < np.finfo(real).eps
        assert form.tiny == np.finfo(real).tiny
        assert abs(sum(form.ln2) - np.log(2)) < np.finfo(real).eps ** 1.5
        high = np.array(form.ln2[0], dtype=real)
        assert real(high * real(127)) == 127 * float(high)  # the product with an exponent is exact


# runs ------------------------------------------------------------------------------------------------------------


def test_at_the_allowed_tolerance_the_error_is_that_of_the_method():
    program, times = disease(), np.linspace(0, 600, 25)
    parameters = spread(program, 16)
    exact = simulate(program, parameters, times, tolerance=1e-10).values
    errors = {
        precision: np.abs(simulate(program, parameters, times, tolerance=1e-3, precision=precision).values - exact)
        for precision in ("double", "single")
    }
    assert (errors["single"].max(axis=(0, 1)) < 1.5 * errors["double"].max(axis=(0, 1)) + 2e-5).all()
    assert np.any(errors["single"] != errors["double"])


@pytest.mark.parametrize("tolerance", [9.9e-4, 1e-6])
def test_a_tolerance_that_round_off_would_spoil_is_refused(tolerance):
    with pytest.raises(ValueError, match=r"at least 0\.001, or for precision='double'"):
        simulate(disease(), spread(disease(), 1), TIMES, precision="single", tolerance=tolerance)


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="'half'; it is either 'double' or 'single'"):
        simulate(disease(), spread(disease(), 1), TIMES, precision="half")


def run(order: np.ndarray | None = None, **options) -> Result:
    """45 dosed patients, in any order, reported in the first order."""
    program, draw = disease(), np.random.default_rng(11)
    order = np.arange(45) if order is None else order
    events = [
        [Event(float(t), "drug", ADD, 4.0) for t in draw.uniform(0, 390, i % 5)]
        + [Event(50.0 + i, "infusion", SET, 0.1 * (i % 3))]
        for i in range(45)
    ]
    result = simulate(
        program,
        spread(program, 45)[order],
        TIMES,
        schedule=Schedule.pack(program, events).take(order),
        stop=Stop("hazard", np.linspace(1e-3, 0.5, 45)[order]),
        precision="single",
        tolerance=1e-3,
        **options,
    )
    return result.take(np.argsort(order))


def same(a: Result, b: Result) -> None:
    for name in ("values", "end_time", "status", "steps", "rejected", "final_states"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


def test_the_same_bits_in_any_batch_order_and_number_of_workers():
    alone = run()
    assert set(alone.status) == {int(Status.COMPLETED), int(Status.STOPPED)}
    for options in ({"batch": 1}, {"batch": 7}, {"batch": 17}, {"workers": 2}, {"workers": 3, "batch": 5}):
        same(alone, run(**options))
    same(alone, run(np.random.default_rng(5).permutation(45)))


@pytest.mark.parametrize("width", [4, 2])
def test_the_same_bits_on_narrower_machines(width, monkeypatch, tmp_path):
    alone = run()
    processor, features, _ = compiled._host()
    monkeypatch.setattr(compiled, "_host", lambda: (processor, features, Lanes(width, True)))
    monkeypatch.setattr(compiled, "_kernels", {})
    monkeypatch.setenv("CHARCOT_CACHE", str(tmp_path))
    result = run()
    assert compiled.kernel(disease(), single=True).sizes.width == 2 * width
    same(alone, result)


def test_both_precisions_have_a_kernel_of_their_own():
    program = disease()
    assert compiled.cache_key(program, single=True) != compiled.cache_key(program)
    double, single = compiled.kernel(program), compiled.kernel(program, single=True)
    assert single.sizes.width == 2 * double.sizes.width
    assert single.sizes.single
    assert not double.sizes.single


def test_doses_infusions_and_time():
    program = decay()
    events = [Event(0.1, "depot", ADD, 10.0), Event(4.0, "infusion", SET, 6.0), Event(4.0, "depot", ADD, 1.0)]
    times = np.array([0.0, 0.1, 0.7, 4.0, 9.0, 1234.5])
    result = simulate(
        program,
        program.parameter_table(1),
        times,
        schedule=Schedule.pack(program, [events]),
        precision="single",
        tolerance=1e-3,
    )
    assert result.end_time[0] == 1234.5
    np.testing.assert_allclose(result["clock"][0], times, rtol=1e-5)
    np.testing.assert_array_equal(result["infusion"][0], [0, 0, 0, 0, 6, 6])
    depot = [0, 0, 10 * np.exp(-1.2), 10 * np.exp(-7.8), 0, 0]
    np.testing.assert_allclose(result["depot"][0], depot, rtol=2e-3, atol=1e-3)
    np.testing.assert_allclose(result["plasma"][0, -1], 20.0, rtol=1e-4)


def test_a_threshold_is_met_in_time():
    program = decay()
    stop = Stop("clock", np.array([3.25, 100.0, np.inf, 0.0]))
    result = simulate(
        program, program.parameter_table(4), np.linspace(0, 50, 11), stop=stop, precision="single", tolerance=1e-3
    )
    assert [Status(s).name for s in result.status] == ["STOPPED", "COMPLETED", "COMPLETED", "STOPPED"]
    np.testing.assert_allclose(result.end_time, [3.25, 50, 50, 0], rtol=1e-5)


def test_a_number_beyond_single_precision_fails_by_name_and_alone():
    program = disease()
    parameters = spread(program, 5)
    parameters[2, 1] = 1e39
    result = simulate(program, parameters, TIMES, precision="single", tolerance=1e-3)
    assert Status(result.status[2]) == Status.NON_FINITE
    np.testing.assert_array_equal(np.flatnonzero(result.failed), [2])
