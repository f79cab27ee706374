"""Every operation, evaluated by the kernel, against plain NumPy."""

import numpy as np
import pytest

from charcot.core import expression as e
from charcot.core.expression import OPERATIONS, symbol, to_python
from charcot.core.program import Input, Parameter, Program, Readout, State
from charcot.engine import simulate

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


def test_minimum_and_maximum_do_not_swallow_a_value_that_is_not_a_number():
    values = np.array([[-1.0, 2.0, 0.0, 0.0]])
    roots = [f(*pair) for f in (e.minimum, e.maximum) for pair in ((e.log(A), B), (B, e.log(A)))]
    assert np.isnan(evaluate(roots, values)[0]).all()
