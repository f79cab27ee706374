"""Linear compartments are solved exactly, whatever the tolerance, and cost few steps."""

import numpy as np
import pytest
from engine_cases import decay, disease, spread
from scipy.linalg import expm

from charcot.core.expression import constant, symbol
from charcot.core.program import Input, Parameter, Program, Readout, State
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.engine import Stop, compiled, graph, simulate
from charcot.engine.graph import build

LOOSE = 1e-2  # a tolerance at which an ordinary state would be far off


def mammillary(extra: bool = True) -> Program:
    """Depot, plasma and two tissues, fed by an infusion, cleared into a total; and a state that reads the plasma."""
    depot, plasma, shallow, deep, response = (symbol(n) for n in ("depot", "plasma", "shallow", "deep", "response"))
    absorb, clear, out, back, slow, trickle = (symbol(n) for n in ("absorb", "clear", "out", "back", "slow", "trickle"))
    rates = {
        "depot": -absorb * depot,
        "plasma": absorb * depot + symbol("infusion") - (clear + out + slow) * plasma + back * shallow + trickle * deep,
        "shallow": out * plasma - back * shallow,
        "deep": slow * plasma - trickle * deep,
        "cleared": clear * plasma,
    }
    if extra:
        rates["response"] = 0.02 * plasma / (5 + plasma) * (1 - response)
    values = {"absorb": 20.0, "clear": 1.5, "out": 2.0, "back": 0.7, "slow": 0.1, "trickle": 0.004}
    return Program(
        states=tuple(State(n, "mg", constant(0.0), rate, 10.0) for n, rate in rates.items()),
        parameters=tuple(Parameter(n, "1/day", v) for n, v in values.items()),
        inputs=(Input("infusion", "mg/day"),),
        readouts=tuple(Readout(n, "mg", symbol(n)) for n in rates),
    )


def by_matrix_exponential(program: Program, parameters, events: list[Event], times) -> np.ndarray:
    """The compartments at ``times``, (times, 5), by the exponential of the augmented matrix."""
    absorb, clear, out, back, slow, trickle = parameters
    a = np.zeros((6, 6))
    a[0, 0], a[1, 0] = -absorb, absorb
    a[1, 1:4], a[2, 1:3] = [-(clear + out + slow), back, trickle], [out, -back]
    a[3, 1], a[3, 3], a[4, 1] = slow, -trickle, clear
    x, now, found = np.zeros(6), 0.0, []
    x[5] = 1.0
    marks = sorted([(t, 0, None) for t in times] + [(e.time, 1, e) for e in events], key=lambda m: m[:2])
    for at, _, event in marks:
        x, now = expm(a * (at - now)) @ x, at
        if event is None:
            found.append(x[:5])
        elif event.kind is EventKind.ADD:
            x[program.index("state", event.target)] += event.value
        else:
            a[1, 5] = event.value
    return np.array(found)


DAILY = [Event(float(day), "depot", EventKind.ADD, 100.0) for day in range(60)]
DRIP = [Event(10.3, "infusion", EventKind.SET, 40.0), Event(25.0, "infusion", EventKind.SET, 0.0)]
TIMES = np.concatenate([np.linspace(0, 60, 41), [61.0, 90.0, 1000.0]])


def test_the_blocks_of_a_program_are_found():
    model = build(mammillary())
    assert [block.states for block in model.blocks] == [[0, 1, 2, 3, 4]]
    assert [block.forced for block in model.blocks] == [[1]]
    assert [block.states for block in build(decay()).blocks] == [[0, 1], [2]]
    assert [block.states for block in build(disease()).blocks] == [[0]]


def test_a_block_reads_nothing_but_itself_linearly():
    x, y, z, k, u = (symbol(n) for n in ("x", "y", "z", "k", "u"))
    program = Program(
        states=(
            State("x", "1", constant(1.0), -k * x * x),  # not linear
            State("y", "1", constant(1.0), x - k * y),  # linear, but reads x
            State("z", "1", constant(1.0), -u * z),  # the coefficient is an input
        ),
        parameters=(Parameter("k", "1/day", 1.0),),
        inputs=(Input("u", "1/day"),),
    )
    assert build(program).blocks == []


def test_compartments_are_exact_at_any_tolerance():
    program = mammillary()
    parameters = spread(program, 11)
    result = simulate(program, parameters, TIMES, schedule=Schedule.pack(program, [DAILY + DRIP] * 11), tolerance=LOOSE)
    for i in (0, 4, 10):
        exact = by_matrix_exponential(program, parameters[i], DAILY + DRIP, TIMES)
        np.testing.assert_allclose(result.values[i, :, :5], exact, rtol=1e-9, atol=1e-9)


def test_daily_doses_cost_fewer_steps_than_an_ordinary_state_would(monkeypatch, tmp_path):
    program = mammillary()
    schedule = Schedule.pack(program, [DAILY])

    def steps() -> int:
        return int(simulate(program, program.parameter_table(1), TIMES, schedule=schedule, tolerance=1e-4).steps[0])

    with_exact = steps()
    monkeypatch.setenv("CHARCOT_CACHE", str(tmp_path))
    monkeypatch.setattr(compiled, "_kernels", {})
    monkeypatch.setattr(graph, "linear_parts", lambda program: [])
    assert with_exact < 0.75 * steps()


def test_what_reads_a_compartment_stays_under_the_error_control():
    program = mammillary()
    schedule = Schedule.pack(program, [DAILY + DRIP])
    table = program.parameter_table(1)
    sharp = simulate(program, table, TIMES, schedule=schedule, tolerance=1e-10)["response"]
    for tolerance in (1e-3, 1e-5):
        rough = simulate(program, table, TIMES, schedule=schedule, tolerance=tolerance)["response"]
        assert np.max(np.abs(rough - sharp)) < 60 * tolerance  # sixty doses, each with an error of the same sign


def test_equal_rates_in_a_chain_fall_back_to_the_method_for_that_patient_alone():
    program = decay()
    table = program.parameter_table(9)
    table[:, 1] = [0.3, 0.4, 0.5, 2.0, 0.3, 0.4, 0.5, 0.6, 0.7]  # patient 3: elimination = absorption
    events = [[Event(0.0, "depot", EventKind.ADD, 10.0)]] * 9
    times = np.array([0.5, 1.0, 3.0])
    run = lambda rows: simulate(  # noqa: E731
        program, table[rows], times, schedule=Schedule.pack(program, events).take(rows), tolerance=1e-6
    )
    together, alone = run(list(range(9))), run([0, 1, 2, 4, 5, 6, 7, 8])
    np.testing.assert_array_equal(together.take(np.array([0, 1, 2, 4, 5, 6, 7, 8])).values, alone.values)
    exact = 10 * 2 * times * np.exp(-2 * times)
    np.testing.assert_allclose(together["plasma"][3], exact, rtol=1e-4)
    assert together.steps[3] > together.steps[0]  # it has to resolve the drug
    others = 10 * 2 / (0.3 - 2) * (np.exp(-2 * times) - np.exp(-0.3 * times))
    np.testing.assert_allclose(together["plasma"][0], others, rtol=1e-12)


@pytest.mark.parametrize("rate", [0.0, 1e-13, -1e-9, 1e-4, -3.0, 40.0])
def test_forcing_is_exact_for_rates_near_zero_and_far_from_it(rate):
    x, k, u = symbol("x"), symbol("k"), symbol("u")
    program = Program(
        states=(State("x", "1", constant(2.0), u - k * x),),
        parameters=(Parameter("k", "1/day", rate),),
        inputs=(Input("u", "1/day", 3.0),),
        readouts=(Readout("x", "1", x),),
    )
    times = np.array([0.0, 0.01, 1.0, 7.5])
    values = simulate(program, program.parameter_table(1), times, tolerance=LOOSE)["x"][0]
    growth = times if rate == 0.0 else -np.expm1(-rate * times) / rate
    np.testing.assert_allclose(values, 2 * np.exp(-rate * times) + 3 * growth, rtol=2e-14)


def test_a_threshold_on_a_compartment_is_met_on_its_exact_course():
    program = mammillary()
    table, doses = spread(program, 3), Schedule.pack(program, [DAILY] * 3)
    stop = Stop("cleared", np.array([150.0, 1234.0, 3000.0]))
    result = simulate(program, table, np.array([60.0]), schedule=doses, stop=stop, tolerance=LOOSE)
    for i, threshold in enumerate(stop.thresholds):
        before = [event for event in DAILY if event.time <= result.end_time[i]]
        (exact,) = by_matrix_exponential(program, table[i], before, [result.end_time[i] + 0.0])
        np.testing.assert_allclose(exact[4], threshold, rtol=1e-11)


def test_amounts_do_not_fall_below_zero_by_more_than_round_off():
    program = mammillary()
    result = simulate(
        program, spread(program, 16), np.linspace(0, 400, 200), schedule=Schedule.pack(program, [DAILY] * 16)
    )
    assert result.values[:, :, :5].min() > -1e-11
