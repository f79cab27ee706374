"""Every operation, evaluated by the kernel, against plain NumPy."""

import numpy as np
import pytest

from charcot.core import expression as e
from charcot.core.expression import OPERATIONS, symbol, to_python
from charcot.core.program import Input, Parameter, Program, Readout, State
from charcot.engine import compiled, simulate
from charcot.engine.vector import Lanes

A, B, C, D = (symbol(n) for n in "abcd")

CASES = {
    "add": A + B,
    "subtract": A - B,
    "multiply": A * B,
    "divide": A / B,
    "constant": 0.1 + 0.0 * A,
    "symbol": A,
    "negate": -A,
    "fused": A * B + C,
    "fused_minus": A * B - C,
    "minus_fused": C - A * B,
    "exp": e.exp(A),
    "softplus": e.softplus(A),
    "sigmoid": e.sigmoid(A),
    "minimum": e.minimum(A, B),
    "maximum": e.maximum(A, B),
    "select": e.select(A, B, C, D),
    "power": A**2,
    "power_negative": A**-3,
    "power_large": A**16,
    "raised": e.raised(A, B),
    "raised_whole": e.raised(A, e.floor(B)),
    "sine": e.sine(A),
    "cosine": e.cosine(A),
    "arctangent": e.arctangent(A),
    "floor": e.floor(A),
    "floor_of_whole": e.floor(e.floor(A)),
}
POSITIVE = {
    "log": e.log(A),
    "power_half": A**0.5,
    "power_five_halves": A**2.5,
    "power_minus_half": A**-0.5,
    "power_real": A**1.7,
    "power_minus_real": A**-2.3,
    "power_far": A**20,
    "power_expression": A**B,
}


def evaluate(expressions, values):
    """Read-outs at the start, each computed once from states, once from parameters and once from inputs."""
    names = "abcd"
    found = []
    for kind in ("state", "parameter"):
        zero = e.constant(0.0)
        p = tuple(Parameter(f"p{n}", "1", 0.0) for n in names)
        swap = {n: symbol(f"p{n}") for n in names}
        roots = expressions if kind == "state" else e.substitute(expressions, swap)
        program = Program(
            states=tuple(State(n, "1", symbol(f"p{n}"), zero) for n in names),
            parameters=p,
            inputs=(Input("unused", "1"),),
            readouts=tuple(Readout(f"r{i}", "1", root) for i, root in enumerate(roots)),
        )
        result = simulate(program, values, np.array([0.0]))
        assert not result.failed.any()
        found.append(result.values[:, 0, :])
    return found


def check(cases, values, rtol):
    expressions = list(cases.values())
    with np.errstate(all="ignore"):
        expected = to_python(expressions, {"x": "abcd"})(values.T)
    for found in evaluate(expressions, values):
        for i, name in enumerate(cases):
            np.testing.assert_allclose(found[:, i], expected[i], rtol=rtol, atol=1e-300, err_msg=name)


def test_every_operation_is_covered():
    covered = {name.split("_")[0] for name in [*CASES, *POSITIVE]}
    assert set(OPERATIONS) <= covered


def test_operations_on_all_reals():
    values = np.random.default_rng(1).normal(0.0, 3.0, (403, 4))
    close = {name: root for name, root in CASES.items() if "fused" not in name}
    check(close, values, 2e-15)
    with np.errstate(all="ignore"):
        a, b, c, _ = values.T
    fused = {name: root for name, root in CASES.items() if "fused" in name}
    for found in evaluate(list(fused.values()), values):
        expected = np.stack([a * b + c, a * b - c, c - a * b], axis=1)
        assert np.all(np.abs(found - expected) <= 3e-16 * (np.abs(a * b) + np.abs(c))[:, None])


def test_operations_on_positive_reals():
    values = np.exp(np.random.default_rng(2).normal(0.0, 3.0, (403, 4)))
    values[:, 1] = np.random.default_rng(3).uniform(-3, 3, 403)
    check(POSITIVE, values, 2e-14)


def one_operation(function, x):
    values = np.zeros((len(x), 4))
    values[:, 0] = x
    return evaluate([function(A)], values)[0][:, 0]


def test_exp_and_log_are_accurate_over_their_whole_range():
    x = np.concatenate([np.linspace(-708, 709.7, 20_011), np.random.default_rng(3).normal(0, 2, 20_000), [0.0, 1.0]])
    np.testing.assert_allclose(one_operation(e.exp, x), np.exp(x), rtol=5e-16)
    y = np.concatenate([np.exp(np.linspace(-700, 700, 20_003)), 1 + np.random.default_rng(4).normal(0, 1e-3, 20_000)])
    np.testing.assert_allclose(one_operation(e.log, y), np.log(y), rtol=5e-16)
    np.testing.assert_allclose(one_operation(e.log, np.array([5e-324, 1e-310])), np.log([5e-324, 1e-310]), rtol=5e-16)


@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        (e.exp, [710.5, 5000.0, -746.0, -5000.0, -745.0], [np.inf, np.inf, 0.0, 0.0, 5e-324]),
        (e.log, [0.0, -0.0, -1.0, 1.0], [-np.inf, -np.inf, np.nan, 0.0]),
        (e.softplus, [800.0, -800.0, -40.0], [800.0, 0.0, np.exp(-40.0)]),
        (e.sigmoid, [800.0, -800.0, -40.0], [1.0, 0.0, 1 / (1 + np.exp(40.0))]),
        (lambda a: a**1.7, [0.0, -1e-20], [0.0, 0.0]),  # a hair below zero reads as zero
        (lambda a: a**0.5, [0.0, -1e-20], [0.0, 0.0]),
    ],
)
def test_the_edges(function, x, expected):
    np.testing.assert_allclose(one_operation(function, np.array(x)), expected, rtol=1e-15)


def neighbours(x):
    """Values just below, at and just above each of ``x``."""
    return np.concatenate([np.nextafter(x, -np.inf), x, np.nextafter(x, np.inf)])


def test_sine_and_cosine_are_accurate_at_small_and_large_angles_and_near_their_zeros():
    multiples = np.arange(-4000, 4001) * (np.pi / 4)
    scattered = np.random.default_rng(5).normal(0, 1, 20_000) * 10.0 ** np.random.default_rng(6).uniform(-9, 11, 20_000)
    x = np.concatenate([neighbours(multiples), scattered, np.linspace(-10, 10, 20_001)])
    np.testing.assert_allclose(one_operation(e.sine, x), np.sin(x), rtol=4.5e-16, atol=1e-300)
    np.testing.assert_allclose(one_operation(e.cosine, x), np.cos(x), rtol=4.5e-16, atol=1e-300)
    assert np.isnan(one_operation(e.sine, np.array([2.0**41, -1e300]))).all()  # named, not guessed


def test_arctangent_is_accurate_and_ends_at_a_quarter_turn():
    scattered = np.random.default_rng(7).normal(0, 1, 20_000) * 10.0 ** np.random.default_rng(8).uniform(-9, 9, 20_000)
    x = np.concatenate([scattered, np.linspace(-4, 4, 20_001), neighbours(np.array([0.4375, 0.6875, 1.1875, 2.4375]))])
    np.testing.assert_allclose(one_operation(e.arctangent, x), np.arctan(x), rtol=4.5e-16)
    for far in (1.0, 1e300):  # 1e300 x 1e300 is infinite
        ends = one_operation(lambda a, far=far: e.arctangent(a * far), np.array([1e300, -1e300, 0.0]))
        np.testing.assert_array_equal(ends, [np.pi / 2, -np.pi / 2, 0.0])
    assert np.isnan(one_operation(lambda a: e.arctangent(e.log(a)), np.array([-1.0]))).all()


def test_floor_is_exact_everywhere():
    wholes = np.array([0.0, 1.0, 2.0, 7.0, 2.0**31, 2.0**51, 2.0**52 - 1, 2.0**52, 2.0**53, 1e300])
    x = np.concatenate([neighbours(wholes), -neighbours(wholes), np.random.default_rng(9).normal(0, 100, 5000)])
    np.testing.assert_array_equal(one_operation(e.floor, x), np.floor(x))


def two_operands(function, a, b):
    values = np.zeros((len(a), 4))
    values[:, 0], values[:, 1] = a, b
    return [found[:, 0] for found in evaluate([function(A, B)], values)]


def test_a_general_power_is_accurate_even_where_the_exponent_magnifies_errors():
    a = np.exp(np.random.default_rng(10).normal(0, 2, 40_000))
    y = np.random.default_rng(11).uniform(-700, 700, 40_000) / np.log(a)  # results from 1e-304 to 1e304
    near_one = 1 + np.random.default_rng(12).normal(0, 1e-7, 20_000)
    large = np.random.default_rng(13).uniform(-1e9, 1e9, 20_000)
    a, y = np.concatenate([a, near_one]), np.concatenate([y, large])
    expected = np.power(a, y)
    allowed = (4.5e-16 + 7e-18 * np.abs(y * np.log(a))) * expected  # 2 units in the last place; 20 at the far ends
    for found in two_operands(e.raised, a, y):
        assert np.all(np.abs(found - expected) <= allowed)


def test_a_general_power_follows_the_rules_of_the_standard_at_its_edges():
    edges = [0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 3.0, -3.0, 2.5, -0.5, 1e300, 1e-310, 2.0**53, 800.0]
    a, b = (table.ravel() for table in np.meshgrid(edges, edges))
    with np.errstate(all="ignore"):
        expected = np.power(a, b)
    for found in two_operands(e.raised, a, b):
        np.testing.assert_allclose(found, expected, rtol=7e-16)


def test_a_machine_without_fused_multiply_add_loses_no_digit(monkeypatch):
    """The products that must be exact are split by hand there."""
    processor, features, _ = compiled._host()
    monkeypatch.setattr(compiled, "_host", lambda: (processor, f"{features},+sse2", Lanes(2, fused=False)))
    x = np.concatenate([neighbours(np.arange(1, 2000) * (np.pi / 2)), np.linspace(-1e9, 1e9, 5001)])
    np.testing.assert_allclose(one_operation(e.sine, x), np.sin(x), rtol=4.5e-16, atol=1e-300)
    np.testing.assert_allclose(one_operation(e.cosine, x), np.cos(x), rtol=4.5e-16, atol=1e-300)
    a = np.exp(np.random.default_rng(14).normal(0, 2, 5000))
    y = np.random.default_rng(15).uniform(-700, 700, 5000) / np.log(a)
    for found in two_operands(e.raised, a, y):
        np.testing.assert_allclose(found, np.power(a, y), rtol=1e-14)


SMOOTH = {
    "raised": e.raised(A, B),
    "sine": e.sine(A * B),
    "cosine": e.cosine(A * B),
    "arctangent": e.arctangent(A - B),
    "select": e.select(A, B, A * A, A * B),
    "floor": e.floor(A) * B,
}


@pytest.mark.parametrize("operation", list(SMOOTH))
def test_derivatives_are_exact(operation):
    """Against the slope between two neighbouring points, away from jumps."""
    a, b, h = np.array([0.3, 1.7, 2.6]), np.array([1.4, 0.6, 3.3]), 1e-6
    value = to_python([SMOOTH[operation]], {"x": "ab"})
    slopes = e.jacobian([SMOOTH[operation]], "ab")[0]
    for name, step in (("a", np.array([[h], [0.0]])), ("b", np.array([[0.0], [h]]))):
        exact = to_python([slopes.get(name, e.constant(0.0))], {"x": "ab"})(np.array([a, b]))[0]
        up, down = (value(np.array([a, b]) + sign * step)[0] for sign in (1, -1))
        np.testing.assert_allclose(np.broadcast_to(exact, a.shape), (up - down) / (2 * h), rtol=1e-7, atol=1e-8)


def test_the_slope_of_an_exponent_ends_where_the_base_is_not_positive():
    slopes = e.jacobian([e.raised(A, B), e.raised(e.constant(-2.0), B)], "b")
    found = to_python([slopes[0]["b"]], {"x": "ab"})(np.array([[-1.0, 0.0, 2.0], [2.0, 2.0, 2.0]]))[0]
    np.testing.assert_allclose(found, [0.0, 0.0, 4 * np.log(2)])
    assert slopes[1] == {}


def test_conditions_are_one_or_zero_and_exact_at_equality():
    a = np.array([1.0, 1.0, np.nextafter(1.0, 2.0), -0.0])
    b = np.array([1.0, np.nextafter(1.0, 2.0), 1.0, 0.0])
    for function, expected in ((e.less, [0, 1, 0, 0]), (e.at_most, [1, 1, 0, 1]), (e.equal, [1, 0, 0, 1])):
        for found in two_operands(function, a, b):
            np.testing.assert_array_equal(found, expected)


def test_the_branch_not_taken_spoils_neither_the_value_nor_the_steps():
    """y' = -y where y > 0.5, else -sqrt(y - 0.5): the other branch is NaN for as long as it is not taken."""
    y, floor = symbol("y"), symbol("floor")
    rate = e.select(y, floor, 0.0 * y, -e.raised(y - floor, 0.5))
    program = Program(
        states=(State("y", "1", e.constant(1.5), rate),),
        parameters=(Parameter("floor", "1", 0.5),),
        readouts=(Readout("y", "1", y),),
    )
    result = simulate(program, program.parameter_table(1), np.array([0.0, 1.0, 1.9]), tolerance=1e-9)
    # the root of the distance falls by one half a day
    np.testing.assert_allclose(result["y"][0], 0.5 + (1 - 0.5 * result.times[0]) ** 2, rtol=1e-8)
    below = simulate(program, program.parameter_table(1), np.array([0.0, 9.0]), initial_states=np.array([[0.2]]))
    assert below.status_counts() == {"completed": 1}
    np.testing.assert_array_equal(below["y"][0], [0.2, 0.2])


def test_minimum_and_maximum_do_not_swallow_a_value_that_is_not_a_number():
    values = np.array([[-1.0, 2.0, 0.0, 0.0]])
    roots = [f(*pair) for f in (e.minimum, e.maximum) for pair in ((e.log(A), B), (B, e.log(A)))]
    assert np.isnan(evaluate(roots, values)[0]).all()
