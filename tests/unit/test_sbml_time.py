"""SBML in: events at an exact time, thresholds on output times, and pulses that a run at rest must not step over."""

import math

import numpy as np
import pytest
from sbml_text import TIME, apply, course, event, formula, name, number, parameters, read_text, rules


@pytest.fixture
def read(tmp_path):
    return lambda body, **options: read_text(tmp_path / "model.xml", body, **options)


@pytest.mark.parametrize("clock", ["time", "x", "x - y + y", "2 * x / 2"])  # x' = 1
@pytest.mark.parametrize(
    ("relation", "expected"),  # at times 0, 5, 10, 15
    [("==", [1, 1, 5, 5]), (">=", [1, 1, 5, 5]), (">", [1, 1, 1, 5])],
)
def test_an_event_at_a_time_has_happened_at_an_output_on_that_time_unless_it_asks_for_more(
    read, clock, relation, expected
):
    text = parameters(x=0, y=3, u=1) + rules(rate_x=number(1)) + event(formula(f"{clock} {relation} 10"), variable="u")
    np.testing.assert_array_equal(course(read(text), [0.0, 5.0, 10.0, 15.0])["u"][0], expected)


def test_values_that_compare_the_time_are_those_of_the_output_time(read):
    """y jumps after day 3 and z on it; the clock of a running program is not 3 to the last bit."""
    pieces = {"y": "piecewise(1, time <= 3, 5)", "z": "piecewise(1, time < 3, 5)", "e": "piecewise(1, time == 3, 0)"}
    pieces |= {"f": "floor(time)", "c": "ceil(time)", "q": "quotient(time, 3)", "r": "rem(time, 3)"}
    text = parameters(x=1, **dict.fromkeys(pieces, 0)) + rules(
        rate_x=formula("-x"), **{key: formula(text) for key, text in pieces.items()}
    )
    found = course(read(text), [0.0, 0.3, 1.0, 3.0, 3.1, 5.0])
    expected = {"y": [1, 1, 1, 1, 5, 5], "z": [1, 1, 1, 5, 5, 5], "e": [0, 0, 0, 1, 0, 0]}
    expected |= {"f": [0, 0, 1, 3, 3, 5], "c": [0, 1, 1, 3, 4, 5], "q": [0, 0, 0, 1, 1, 1], "r": [0, 0.3, 1, 0, 0.1, 2]}
    for key, values in expected.items():
        np.testing.assert_allclose(found[key][0], values, atol=1e-9, err_msg=key)


@pytest.mark.parametrize("threshold", [0.0, 0.5, -1e-9])
def test_two_quantities_are_equal_when_they_pass_each_other(read, threshold):
    """x = cos t - 0.3 comes down through each of the thresholds once."""
    text = parameters(x=0.7, y=0, u=1) + rules(rate_x=formula("-sin(time)"))
    text += event(formula(f"x == {threshold} && time < 3"), variable="u")
    passing = math.acos(threshold + 0.3)
    found = course(read(text), [0.0, passing - 1e-5, passing + 1e-5, 3.0])
    np.testing.assert_array_equal(found["u"][0], [1.0, 1.0, 5.0, 5.0])


PERIODS = 5
BELL = math.sqrt(2 * math.pi)
PULSES = {  # a rate from rest -> its integral over 5 periods of 24
    "piecewise(100, rem(time, 24) < 0.05, 0)": PERIODS * 5,
    "piecewise(1, rem(time, p) < 0.05, 0)": PERIODS * 0.05,
    "piecewise(100, time - 24 * floor(time / 24) < 0.05, 0)": PERIODS * 5,
    "piecewise(100, 24 * ceil(time / 24) - time < 0.05, 0)": PERIODS * 5,
    "piecewise(1, quotient(time, 24) == 3 && rem(time, 24) < 0.1, 0)": 0.1,
    "piecewise(1, floor(time) == 3, 0)": 1,
    "piecewise(1, abs(2 * (time / 24 - floor(time / 24 + 0.5))) > 0.99, 0)": PERIODS * 24 * 0.01,
    "piecewise(1, sin(2 * pi * time / 24) > 0.999, 0)": PERIODS * 24 * math.acos(0.999) / math.pi,
    "max(0, sin(2 * pi * time / 24) - 0.999)": PERIODS
    * 24
    / math.pi
    * (math.sin(math.acos(0.999)) - 0.999 * math.acos(0.999)),
    "exp(-((time - 50) / 0.01)^2 / 2)": 0.01 * BELL,
    "sin(2 * pi * time / 24)^100": PERIODS * 24 * math.comb(100, 50) / 2**100,
    "1e-2 / (1 + ((time - 50) / 0.01)^2)": 1e-4 * (math.atan(7e3) + math.atan(5e3)),
    "tanh(1e3 * (time - 50)) - tanh(1e3 * (time - 50.1))": 0.2,
    "piecewise(1, (time - 50)^2 < 1e-4, 0)": 0.02,
    "piecewise(1, time >= 50 && time < 50.01, 0)": 0.01,
    "piecewise(1, time == 50, 0)": 0.0,
    "piecewise(100, x0 - 24 * floor(x0 / 24) < 0.05, 0)": PERIODS * 5,  # x0' = 1
}


def test_a_run_at_rest_steps_over_no_pulse_of_time(read):
    rates = {f"rate_x{i}": formula(rate) for i, rate in enumerate(PULSES, start=1)}
    constant = '<parameter id="p" value="24" constant="true"/>'
    text = parameters(x0=0, **dict.fromkeys([key[5:] for key in rates], 0)).replace("</list", constant + "</list")
    imported = read(text + rules(rate_x0=number(1), **rates))
    found = course(imported, [0.0, 24.0 * PERIODS])
    for i, (rate, expected) in enumerate(PULSES.items(), start=1):
        np.testing.assert_allclose(found[f"x{i}"][0, -1], expected, rtol=1e-5, atol=1e-8, err_msg=rate)
    watched = " ".join(note.message for note in imported.notes if note.code == "sbml-watched")
    assert all(word in watched for word in ("jump", "turn", "corner", "rise and fall"))


@pytest.mark.parametrize(
    "alone",
    [
        "piecewise(100, rem(time, 24) < 0.05, 0)",
        "max(0, sin(2 * pi * time / 24) - 0.999)",
        "exp(-((time - 50) / 0.01)^2 / 2)",
        "tanh(1e3 * (time - 50)) - tanh(1e3 * (time - 50.1))",
    ],
)
def test_a_pulse_is_found_where_nothing_else_ends_a_step(read, alone):
    found = course(read(parameters(x=0) + rules(rate_x=formula(alone))), [0.0, 24.0 * PERIODS])
    np.testing.assert_allclose(found["x"][0, -1], PULSES[alone], rtol=1e-5)


def test_an_event_sees_each_short_period_of_its_condition(read):
    """sin is above 0.999 once a period, for 0.34 of 24; the event counts how often."""
    condition, one_more = formula("sin(2 * pi * time / 24) > 0.999"), apply("plus", name("u"), number(1))
    found = course(read(parameters(u=0) + event(condition, variable="u", value=one_more)), [0.0, 24.0 * 20 + 1.0])
    assert found["u"][0, -1] == 20.0


def test_a_smooth_rhythm_is_left_to_the_solver(read):
    text = parameters(x=0) + rules(rate_x=apply("sin", TIME))
    imported = read(text)
    assert imported.program.triggers == ()
    assert not [note for note in imported.notes if note.code == "sbml-watched"]


def test_an_initial_value_may_be_a_rate_that_does_not_read_it(read):
    """y begins at the rate of x, which is -x, and moves with it."""
    rate = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/rateOf"> rateOf </csymbol>'
    start = f'<initialAssignment symbol="y"><math xmlns="http://www.w3.org/1998/Math/MathML">{apply(rate, name("x"))}'
    text = parameters(x=1, y=0) + f"<listOfInitialAssignments>{start}</math></initialAssignment>"
    text += "</listOfInitialAssignments>" + rules(rate_x=formula("-x"), rate_y=apply(rate, name("x")))
    found = course(read(text), [0.0, 1.0])
    np.testing.assert_allclose(found["y"][0], [-1.0, -2.0 + math.exp(-1.0)], rtol=1e-7)
