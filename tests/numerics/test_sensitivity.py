"""Derivatives by the variational equation: against closed forms, central differences and themselves."""

import numpy as np
import pytest
from engine_cases import decay, disease, spread
from test_method import fixed_steps, predator

from charcot.core.expression import (
    ZERO,
    constant,
    exp,
    log,
    maximum,
    minimum,
    select,
    sigmoid,
    softplus,
    symbol,
    to_python,
)
from charcot.core.program import Assignment, Parameter, Program, Readout, State, Trigger
from charcot.core.result import Status
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.engine import Stop, simulate
from charcot.engine.compiled import kernel
from charcot.engine.graph import build
from charcot.engine.sensitivity import sensitivities, tangent_program, tangents
from charcot.patients import assemble

ADD, SET = EventKind.ADD, EventKind.SET
RATES = ("grow", "kill", "lag")


def dosed(program: Program, patients: int) -> Schedule:
    doses = [Event(20.0 + 30 * k, "drug", ADD, 5.0 + k) for k in range(6)]
    doses += [Event(200.0, "infusion", SET, 4.0), Event(203.5, "infusion", SET, 0.0), Event(75.0, "seed", ADD, 0.05)]
    return Schedule.pack(program, [doses] * patients)


def differences(program, parameters, chosen, run, relative=1e-4):
    """Central differences of ``run(parameters)`` by the logarithm of each chosen parameter, along a new last axis."""
    columns = []
    for name in chosen:
        up, down = parameters.copy(), parameters.copy()
        up[:, program.index("parameter", name)] *= np.exp(relative)
        down[:, program.index("parameter", name)] *= np.exp(-relative)
        columns.append((run(up) - run(down)) / (2 * relative))
    return np.stack(columns, axis=-1)


def one_state(rate, initial=0.0, **values) -> Program:
    return Program(
        states=(State("x", "1", initial if not isinstance(initial, float) else constant(initial), rate),),
        parameters=tuple(Parameter(n, "1", v) for n, v in values.items()),
        readouts=(Readout("x", "1", symbol("x")),),
    )


def test_a_tangent_is_the_gradient_times_the_direction():
    """Every operation, at a point where none has a kink, against a difference along (2, -1, 3)."""
    x, y, z = symbol("x"), symbol("y"), symbol("z")
    roots = [x**3 / y - z, exp(x * y) + log(z), softplus(x - z) * sigmoid(y), (x + 1) ** 1.5 * z**-0.5]
    roots += [minimum(x, y * y), maximum(x * z, y), select(x, y, z * x, y**2)]
    direction = {"x": constant(2.0), "y": constant(-1.0), "z": constant(3.0)}
    at, along, where = np.array([0.3, 0.8, 1.7]), np.array([2.0, -1.0, 3.0]), {"q": ("x", "y", "z")}
    change = to_python(tangents(roots, direction), where)(at)
    value = to_python(roots, where)
    expected = (np.array(value(at + 1e-6 * along)) - np.array(value(at - 1e-6 * along))) / 2e-6
    np.testing.assert_allclose(change, expected, rtol=1e-8)
    assert tangents([y], {"x": constant(2.0)})[0] is ZERO  # what does not move costs nothing


def test_doses_infusions_and_initial_values_in_closed_form():
    program, k, e = decay(), 2.0, 0.3
    events = [Event(1.0, "infusion", SET, 6.0), Event(0.0, "depot", ADD, 10.0)]
    times = np.array([0.0, 0.5, 1.0, 3.0, 8.0])
    found = sensitivities(
        program,
        np.array([[k, e, 4.0]]),
        times,
        ["absorb", "eliminate", "first_dose"],
        schedule=Schedule.pack(program, [events]),
        tolerance=1e-10,
    )
    # depot = D exp(-k t) after the bolus, D = 4 + 10, but the output at 0 comes before it
    depot = 14 * np.exp(-k * times)
    np.testing.assert_allclose(found["depot"][0, :, 0], -times * depot, rtol=1e-8, atol=1e-12)
    np.testing.assert_array_equal(found["depot"][0, :, 1], 0.0)
    np.testing.assert_allclose(found["depot"][0, :, 2], np.exp(-k * times), rtol=1e-8)
    # plasma: D k (e^-et - e^-kt) / (k - e), and from day 1 on 6 (1 - e^-e(t-1)) / e
    decayed, absorbed = np.exp(-e * times), np.exp(-k * times)
    by_dose = k * (decayed - absorbed) / (k - e)
    by_absorb = 14 * (k * times * absorbed / (k - e) - e * (decayed - absorbed) / (k - e) ** 2)
    late = np.maximum(times - 1, 0)
    by_eliminate = 14 * k * (-times * decayed / (k - e) + (decayed - absorbed) / (k - e) ** 2)
    by_eliminate += 6 * (late * np.exp(-e * late) / e - (1 - np.exp(-e * late)) / e**2)
    np.testing.assert_allclose(found["plasma"][0].T, [by_absorb, by_eliminate, by_dose], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found.final_derivatives[0, 1], found["plasma"][0, -1], rtol=1e-12)


def test_central_differences_of_a_dosed_disease():
    program, times = disease(), np.linspace(0, 500, 26)
    parameters, schedule = spread(program, 2), dosed(disease(), 2)
    found = sensitivities(program, parameters, times, RATES, schedule=schedule, logarithmic=True, tolerance=1e-9)
    run = lambda p: simulate(program, p, times, schedule=schedule, tolerance=1e-11).values  # noqa: E731
    expected = differences(program, parameters, RATES, run)
    size = np.abs(expected).max(axis=(0, 1))
    assert (np.abs(found.derivatives - expected).max(axis=(0, 1)) < 5e-5 * size + 1e-8).all()
    assert (size[:, 0] > 1e-3).sum() >= 5  # the comparison is not of zeros
    np.testing.assert_array_equal(
        found.result.values, simulate(program, parameters, times, schedule=schedule, tolerance=1e-9).values
    )


def test_a_derivative_by_the_logarithm_is_p_times_the_derivative():
    program, times = disease(), np.linspace(0, 300, 7)
    parameters = spread(program, 3)
    plain = sensitivities(program, parameters, times, RATES)
    logarithmic = sensitivities(program, parameters, times, RATES, logarithmic=True)
    np.testing.assert_allclose(logarithmic.derivatives, plain.derivatives * parameters[:, None, None], rtol=1e-12)
    np.testing.assert_allclose(logarithmic.final_derivatives, plain.final_derivatives * parameters[:, None], rtol=1e-12)


def test_derivatives_converge_with_the_order_of_the_states():
    program = predator()
    tangent = tangent_program(program, ("k",))
    along = Program(
        tangent.states,
        (*program.parameters, Parameter("direction of k", "1", 1.0)),
        readouts=tangent.readouts,
    )
    exact, _ = fixed_steps(along, 4.0, 4096)
    steps = np.array([16, 24, 32, 48, 64, 96])
    errors = [np.abs(fixed_steps(along, 4.0, n)[0] - exact)[2:].max() for n in steps]
    slope = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert 4.7 < slope < 5.6, (slope, errors)


def test_a_smaller_tolerance_gives_a_proportionally_smaller_error():
    program, times = disease(), np.linspace(0, 600, 25)
    parameters = spread(program, 4)
    exact = sensitivities(program, parameters, times, RATES, logarithmic=True, tolerance=1e-11)
    errors = []
    for tolerance in (1e-3, 1e-4, 1e-5, 1e-6):
        found = sensitivities(program, parameters, times, RATES, logarithmic=True, tolerance=tolerance)
        errors.append(np.abs(found.final_derivatives - exact.final_derivatives).max() / tolerance)
    assert max(errors) < 100, errors
    assert min(errors) > 1e-4, errors


# stopping --------------------------------------------------------------------------------------------------------


def test_the_stopping_time_moves_as_central_differences_say():
    program, times = disease(), np.linspace(0, 3000, 16)
    parameters, schedule = spread(program, 5), dosed(disease(), 5)
    thresholds = np.linspace(0.2, 0.6, 5)
    thresholds[3] = np.inf
    options = {"schedule": schedule, "stop": Stop("hazard", thresholds)}
    found = sensitivities(program, parameters, times, RATES, logarithmic=True, tolerance=1e-8, **options)
    stopped = found.result.status == Status.STOPPED
    assert stopped.sum() >= 3
    run = lambda p: simulate(program, p, times, tolerance=1e-10, **options).end_time  # noqa: E731
    expected = differences(program, parameters, RATES, run)
    np.testing.assert_allclose(found.end_time_derivatives[stopped], expected[stopped], rtol=1e-4, atol=1e-3)
    assert np.isnan(found.end_time_derivatives[~stopped]).all()
    seen = np.isfinite(found.result.values)
    np.testing.assert_array_equal(np.isfinite(found.derivatives), np.repeat(seen[..., None], 3, axis=-1))


def test_a_threshold_that_depends_on_the_parameter():
    """x = t, threshold 3 p: the stopping time is 3 p; with an infusion rate it is 3 p / u."""
    program = Program(
        states=(State("x", "1", constant(0.0), constant(1.0) + 0.0 * symbol("p")),),
        parameters=(Parameter("p", "1", 2.0),),
        readouts=(Readout("x", "1", symbol("x")),),
    )
    found = sensitivities(
        program,
        np.array([[2.0]]),
        np.array([0.0, 10.0]),
        ["p"],
        stop=Stop("x", np.array([6.0])),
        threshold_derivatives=np.array([[3.0]]),
    )
    np.testing.assert_allclose(found.end_time_derivatives, [[3.0]], rtol=1e-9)


def test_the_rate_at_the_end_is_that_of_the_inputs_then():
    program = decay()
    events = [Event(0.0, "infusion", SET, 6.0), Event(2.0, "infusion", SET, 12.0), Event(50.0, "infusion", SET, 0.0)]
    schedule, stop = Schedule.pack(program, [events]), Stop("plasma", np.array([18.0]))
    parameters = np.array([[2.0, 0.3, 0.0]])
    options = {"schedule": schedule, "stop": stop, "tolerance": 1e-10}
    found = sensitivities(program, parameters, np.array([0.0, 90.0]), ["eliminate"], logarithmic=True, **options)
    assert 2 < found.result.end_time[0] < 50
    run = lambda p: simulate(program, p, np.array([0.0, 90.0]), **options).end_time  # noqa: E731
    expected = differences(program, parameters, ["eliminate"], run)
    np.testing.assert_allclose(found.end_time_derivatives, expected, rtol=1e-5)


def test_a_patient_put_across_the_threshold_stops_when_it_does_whatever_the_parameters():
    program = decay()
    events = [[Event(5.0, "depot", ADD, 100.0)], []]
    parameters = np.array([[2.0, 0.3, 1.0], [2.0, 0.3, 60.0]])
    found = sensitivities(
        program,
        parameters,
        np.array([0.0, 9.0]),
        ["absorb", "eliminate"],
        schedule=Schedule.pack(program, events),
        stop=Stop("depot", np.array([50.0, 50.0])),
    )
    assert list(found.result.end_time) == [5.0, 0.0]
    np.testing.assert_array_equal(found.end_time_derivatives, 0.0)


# what the derivative is at the edges of smoothness ------------------------------------------------------------------


def test_kinks_give_the_derivative_of_the_branch_taken():
    """x' = min(p, x + 1) with x(0) = 0, p = 2: x = e^t - 1 until x = 1 at t = ln 2, then 1 + 2 (t - ln 2)."""
    x, p = symbol("x"), symbol("p")
    times = np.array([0.0, 0.5, np.log(2.0) + 1.0])
    for rate in (minimum(p, x + 1.0), -maximum(-p, -1.0 - x), select(x + 1.0, p, x + 1.0, p)):
        program = one_state(rate, p=2.0)
        found = sensitivities(program, np.array([[2.0]]), times, ["p"], tolerance=1e-9)
        # with the kink at t = ln p, x = (p - 1) + p (t - ln p): dx/dp = t - ln p
        np.testing.assert_allclose(found["x"][0, :, 0], [0.0, 0.0, 1.0], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("exponent", [1.25, 1.5, 1.7])
def test_a_power_whose_second_derivative_is_infinite_at_zero(exponent):
    """x' = 1, z' = p x^e from x = 0: z = p t^(e+1) / (e+1)."""
    p, x = symbol("p"), symbol("x")
    program = Program(
        states=(
            State("x", "1", constant(0.0), constant(1.0) * symbol("q")),
            State("z", "1", constant(0.0), p * x**exponent),
        ),
        parameters=(Parameter("p", "1", 3.0), Parameter("q", "1", 1.0)),
        readouts=(Readout("z", "1", symbol("z")),),
    )
    times = np.array([0.0, 1.0, 4.0])
    found = sensitivities(program, program.parameter_table(1), times, ["p", "q"], tolerance=1e-8)
    whole = times ** (exponent + 1) / (exponent + 1)
    assert not found.failed.any()
    np.testing.assert_allclose(found["z"][0], np.stack([whole, 3 * exponent * whole], axis=1), rtol=1e-5, atol=1e-8)


def test_a_parameter_of_zero_has_a_derivative_but_no_logarithm():
    program, times = decay(), np.array([0.0, 1.0])
    found = sensitivities(program, np.array([[2.0, 0.3, 0.0]]), times, ["first_dose"], tolerance=1e-9)
    np.testing.assert_allclose(found["depot"][0, :, 0], [1.0, np.exp(-2.0)], rtol=1e-8)
    with pytest.raises(ValueError, match="patient 1 has first_dose = 0: a derivative by its logarithm"):
        sensitivities(program, np.array([[2.0, 0.3, 1.0], [2.0, 0.3, 0.0]]), times, ["first_dose"], logarithmic=True)


# the ensemble ----------------------------------------------------------------------------------------------------


def test_derivatives_do_not_depend_on_batch_workers_or_company():
    program, times = disease(), np.linspace(0, 400, 9)
    parameters, schedule = spread(program, 11), dosed(disease(), 11)
    stop = np.linspace(1e-3, 0.5, 11)
    ask = lambda rows, **more: sensitivities(  # noqa: E731
        program, parameters[rows], times, RATES, schedule=schedule.take(rows), stop=Stop("hazard", stop[rows]), **more
    )
    alone = ask(np.arange(11))
    for other in (ask(np.arange(11), batch=5, workers=2), ask(np.arange(11), batch=7)):
        for name in ("derivatives", "final_derivatives", "end_time_derivatives", "status"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(other, name), err_msg=name)
    np.testing.assert_array_equal(ask(np.array([6])).derivatives, alone.derivatives[6:7])


def test_a_failed_patient_has_no_derivatives_and_a_status():
    program, times = disease(), np.linspace(0, 100, 3)
    parameters = spread(program, 3)
    parameters[1] = [1e300, 1e300, 1e300]
    found = sensitivities(program, parameters, times, RATES)
    assert found.failed[1].all()
    assert not found.failed[[0, 2]].any()
    assert np.isnan(found.derivatives[1]).all()
    assert np.isnan(found.final_derivatives[1]).all()
    np.testing.assert_array_equal(
        found.derivatives[[0, 2]], sensitivities(program, parameters[[0, 2]], times, RATES).derivatives
    )


def test_a_pair_out_of_steps_says_so():
    program, times = disease(), np.linspace(0, 600, 3)
    parameters = program.parameter_table(1)
    plain = simulate(program, parameters, times, tolerance=1e-8)
    enough = int(plain.steps[0] + plain.rejected[0]) + 1
    found = sensitivities(program, parameters, times, RATES, tolerance=1e-8, max_steps=enough)
    assert found.result.status[0] == Status.COMPLETED
    assert set(found.status[0]) <= {int(Status.TOO_MANY_STEPS), int(Status.COMPLETED)}
    assert found.failed.any()
    assert np.isnan(found.derivatives[0, :, :, found.failed[0]]).all()


def test_a_run_in_two_parts_has_the_derivatives_of_the_whole():
    program, times = disease(), np.array([0.0, 150.0, 400.0])
    parameters = spread(program, 2)
    for logarithmic in (False, True):
        options = {"tolerance": 1e-9, "logarithmic": logarithmic}
        whole = sensitivities(program, parameters, times, RATES, **options)
        first = sensitivities(program, parameters, times[:2], RATES, **options)
        second = sensitivities(
            program,
            parameters,
            times[1:],
            RATES,
            start=150.0,
            initial_states=first.result.final_states,
            initial_derivatives=first.final_derivatives,
            **options,
        )
        np.testing.assert_allclose(second.final_derivatives, whole.final_derivatives, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"chosen": []}, ValueError, "at least one parameter"),
        ({"chosen": ["absorb", "absorb"]}, ValueError, "each once"),
        ({"chosen": ["absorp"]}, KeyError, "absorb"),
        ({"readouts": ["plasm"]}, KeyError, "plasma"),
        ({"initial_derivatives": np.zeros((2, 3, 1))}, ValueError, "need the initial_states"),
        ({"initial_states": np.zeros((2, 3)), "initial_derivatives": np.zeros((2, 3))}, ValueError, "has shape"),
        (
            {"stop": Stop("plasma", np.ones(2)), "threshold_derivatives": np.zeros(2)},
            ValueError,
            "threshold_derivatives has shape",
        ),
    ],
)
def test_a_wrong_question_gets_a_sentence(change, error, message):
    program = decay()
    question = {"chosen": ["absorb"]} | change
    with pytest.raises(error, match=message):
        sensitivities(program, program.parameter_table(2), np.array([0.0, 1.0]), **question)


def test_triggers_are_refused_by_name():
    program = decay()
    trigger = Trigger("full", symbol("depot") - 1.0, (Assignment("depot", constant(0.0)),))
    with pytest.raises(ValueError, match="triggers are not supported"):
        tangent_program(Program(program.states, program.parameters, program.inputs, triggers=(trigger,)), ("absorb",))


def test_the_matrix_of_the_derivatives_is_factored_like_that_of_the_states():
    """Block by block: the second derivatives are multiplied with, never eliminated, so nothing fills in."""
    program = disease()
    plain, both = build(program), build(tangent_program(program, RATES))
    states = len(program.states)
    fill = lambda plan: plan.size - len(plan.original)  # noqa: E731
    assert fill(both.elimination) == 2 * fill(plain.elimination)
    code = kernel(tangent_program(program, RATES))
    tables = [np.zeros((count, code.sizes.width)) for count in _sizes_of_slopes(code)]
    parameters = np.zeros((code.sizes.parameters, code.sizes.width))
    parameters[: len(program.parameters)] = program.parameter_table(1).T
    draw = np.random.default_rng(3)
    tables[0][:states] = draw.uniform(0.1, 1.0, (states, 1))
    tables[0][states:] = draw.uniform(-1.0, 1.0, (states, 1))
    pack = np.zeros(1, dtype=np.int64)
    code.prologue(1, pack.ctypes.data, parameters.ctypes.data, tables[1].ctypes.data)
    code.slopes(1, pack.ctypes.data, *(table.ctypes.data for table in tables))
    unknowns = 2 * states + code.sizes.intermediates
    matrix = np.zeros((unknowns, unknowns))
    for row, column, place in code.sizes.entries:
        matrix[row, column] = tables[4][place, 0]
    count = 2 * states  # with the intermediates taken out, what is left is the Jacobian
    inner = np.eye(unknowns - count) - matrix[count:, count:]
    slopes = matrix[:count, :count] + matrix[:count, count:] @ np.linalg.solve(inner, matrix[count:, :count])
    own, of_derivatives = slopes[:states, :states], slopes[states:, states:]
    assert np.abs(own).max() > 0.0
    np.testing.assert_allclose(of_derivatives, own, rtol=1e-12, atol=1e-15)
    assert not slopes[:states, states:].any()


def _sizes_of_slopes(code):
    sizes = code.sizes
    return sizes.states, sizes.derived, sizes.inputs, sizes.states, sizes.matrix


def test_the_model_of_the_disease_against_central_differences():
    """The composed model with one class of neurons per region (less to compile), by numbers of three mechanisms."""
    program = assemble.program(classes=1)
    chosen = ("microglia.burden_half", "nmj.overload_rate", "pool.harm_by_microglia")
    parameters, times = program.parameter_table(1), np.array([0.0, 900.0, 1800.0])
    seeds = [Event(0.0, "bulbar.soma.aggregate", ADD, 0.1)]
    schedule = Schedule.pack(program, [seeds])
    found = sensitivities(program, parameters, times, chosen, schedule=schedule, logarithmic=True, tolerance=1e-9)
    run = lambda p: simulate(program, p, times, schedule=schedule, tolerance=1e-11).values  # noqa: E731
    expected = differences(program, parameters, chosen, run)
    size = np.abs(expected).max(axis=(0, 1, 2))
    assert (size > 1e-3).all()
    assert (np.abs(found.derivatives - expected).max(axis=(0, 1, 2)) < 1e-5 * size).all()


def test_nobody_and_nobody_stopped():
    program, times = decay(), np.array([0.0, 1.0])
    stop = Stop("clock", np.zeros(0))
    nobody = sensitivities(program, program.parameter_table(0), times, ["absorb"], stop=stop)
    assert nobody.derivatives.shape == (0, 2, 4, 1)
    going = sensitivities(program, program.parameter_table(2), times, ["absorb"], stop=Stop("clock", np.full(2, 9.0)))
    assert going.end_time_derivatives.shape == (2, 1)
    assert np.isnan(going.end_time_derivatives).all()
