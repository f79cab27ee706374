"""Conservation laws: found where they are, not where they are not, and good for a smaller system."""

import numpy as np
import pytest
from engine_cases import decay, disease

from charcot.core.expression import Expression, constant, exp, maximum, symbol
from charcot.core.program import Assignment, Input, Parameter, Program, Readout, State, Trigger
from charcot.core.result import Status
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.engine import Stop, simulate
from charcot.engine.conservation import conserved, without_conserved

ADD, SET = EventKind.ADD, EventKind.SET
TIMES = np.linspace(0.0, 20.0, 11)


def system(rates: dict[str, Expression], initial: dict[str, float] | None = None, **parameters: float) -> Program:
    """Rates by state; every state starts from a parameter ``initial.<state>`` and is a read-out."""
    starts = dict.fromkeys(rates, 1.0) | (initial or {})
    return Program(
        states=tuple(State(n, "mM", symbol(f"initial.{n}"), rate) for n, rate in rates.items()),
        parameters=(
            *(Parameter(n, "1", v) for n, v in parameters.items()),
            *(Parameter(f"initial.{n}", "mM", starts[n]) for n in rates),
        ),
        inputs=(Input("feed", "mM/day", 0.0),),
        readouts=tuple(Readout(n, "mM", symbol(n)) for n in rates),
    )


def michaelis_menten() -> Program:
    """enzyme + substrate <-> complex -> enzyme + product, written as one would, each flux twice in another form."""
    e, s, c, on, off, turn = (symbol(n) for n in ("enzyme", "substrate", "complex", "on", "off", "turn"))
    return system(
        {
            "enzyme": -on * e * s + (off + turn) * c,
            "substrate": off * c - s * on * e,
            "complex": on * e * s - c * off - turn * c,
            "product": turn * c,
        },
        {"enzyme": 0.2, "substrate": 5.0, "complex": 0.0, "product": 0.0},
        on=3.0,
        off=1.0,
        turn=2.0,
    )


def names(program: Program) -> list[str]:
    return [law.name for law in conserved(program)]


def test_michaelis_menten_conserves_the_enzyme_and_what_it_works_on():
    laws = conserved(michaelis_menten())
    matrix = np.array([[dict(law.coefficients).get(n, 0) for n in michaelis_menten().state_names] for law in laws])
    assert len(laws) == 2
    expected = np.array([[1, 0, 1, 0], [0, 1, 1, 1]])  # E + C and S + C + P span the same laws
    assert np.linalg.matrix_rank(np.vstack([matrix, expected])) == 2
    assert names(michaelis_menten())[0] == "enzyme + complex"
    assert [law.removed for law in laws] == ["enzyme", "substrate"]  # the largest at the start
    for law in laws:  # each removed state is in its own law alone
        assert sum(law.removed in dict(other.coefficients) for other in laws) == 1


def test_unequal_stoichiometry_and_signs():
    a, b, d, k, r = (symbol(n) for n in ("a", "b", "d", "k", "r"))
    assert names(system({"a": 2 * (r * d - k * a**2), "d": k * a * a - r * d}, k=1.0, r=1.0)) == ["a + 2 d"]
    assert names(system({"a": k * a, "b": 3 * (k * a)}, k=1.0)) == ["3 a - b"]
    assert names(system({"a": k * a / (1 + b), "b": 0.5 * a / (1 + b) * k}, k=1.0)) == ["a - 2 b"]
    assert names(system({"a": constant(0.0), "b": -k * b}, k=1.0)) == ["a"]
    assert names(system({"a": -k * a, "b": a * k * (1 / 3)}, k=1.0)) == ["a + 3 b"]
    assert names(system({"a": -0.3 * a * k, "b": 0.1 * (a * k) + 0.2 * (a * k)}, k=1.0)) == ["a + b"]


def test_equal_terms_are_recognised_through_their_form():
    a, b, k, n = (symbol(x) for x in ("a", "b", "k", "n"))
    flux = k * exp(n * a) * maximum(a, b) / (2 * a + 2 * n)
    same = exp(a * n) / (n + a) * maximum(a, b) * k / 2
    assert names(system({"a": -flux, "b": same}, k=1.0, n=2.0)) == ["a + b"]
    assert names(system({"a": (a + b) ** 2 * k, "b": -k * (a * a + 2 * a * b + b * b)}, k=1.0)) == ["a + b"]


@pytest.mark.parametrize(
    "rates",
    [
        lambda a, b, k, r: {"a": -k * a, "b": r * a},  # equal only where k = r
        lambda a, b, k, r: {"a": -k * a, "b": k * a - r * b},  # leaks
        lambda a, b, k, r: {"a": -k * a + symbol("feed"), "b": k * a},  # is fed
        lambda a, b, k, r: {"a": -k * a / (a + r), "b": k * a / (a + r + 1e-9)},
        lambda a, b, k, r: {"a": -k * a**2.5, "b": k * a**2.0},
        lambda a, b, k, r: {"a": -k * maximum(a, b), "b": k * maximum(a, r)},
        lambda a, b, k, r: {"a": k * a - r * b, "b": r * b + k * a},
    ],
)
def test_what_is_not_conserved_is_not_found(rates):
    a, b, k, r = (symbol(n) for n in ("a", "b", "k", "r"))
    assert conserved(system(rates(a, b, k, r), k=1.0, r=1.0)) == ()


def test_programs_without_laws():
    assert conserved(decay()) == ()
    assert conserved(disease()) == ()


@pytest.mark.parametrize("seed", range(12))
def test_random_mass_action_networks_have_as_many_laws_as_their_stoichiometry(seed):
    """The laws are the left null space of the stoichiometric matrix when every reaction has a rate of its own."""
    draw = np.random.default_rng(seed)
    species, reactions = 8, 5
    matrix = draw.integers(-2, 3, (species, reactions)) * (draw.random((species, reactions)) < 0.4)
    rates = {f"s{i}": constant(0.0) for i in range(species)}
    for j in range(reactions):
        flux = symbol(f"k{j}")
        for i in draw.integers(0, species, 2):
            flux = symbol(f"s{i}") * flux if draw.random() < 0.5 else flux * symbol(f"s{i}")
        for i in range(species):
            rates[f"s{i}"] = rates[f"s{i}"] + int(matrix[i, j]) * flux
    laws = conserved(system(rates, **{f"k{j}": 1.0 for j in range(reactions)}))
    found = np.array([[dict(law.coefficients).get(n, 0) for n in rates] for law in laws]).reshape(-1, species)
    assert len(laws) == species - np.linalg.matrix_rank(matrix)
    assert np.linalg.matrix_rank(found) == len(laws)
    np.testing.assert_array_equal(found @ matrix, 0)


def test_a_state_that_a_trigger_assigns_is_in_no_law():
    program = michaelis_menten()
    trigger = Trigger("refill", symbol("product") - 1.0, (Assignment("substrate", constant(5.0)),))
    triggered = Program(program.states, program.parameters, program.inputs, program.readouts, triggers=(trigger,))
    assert names(triggered) == ["enzyme + complex"]
    with pytest.raises(ValueError, match="triggers is not reduced"):
        without_conserved(triggered)


def test_states_to_keep_are_not_removed():
    assert {law.removed for law in conserved(michaelis_menten(), keep=["enzyme"])} == {"substrate", "complex"}
    assert conserved(michaelis_menten(), keep=michaelis_menten().state_names) == ()
    with pytest.raises(KeyError, match="enzyme"):
        conserved(michaelis_menten(), keep=["enzym"])


# the smaller program ---------------------------------------------------------------------------------------------


def patients(program: Program, count: int) -> np.ndarray:
    table = program.parameter_table(count)
    return table * np.exp(np.random.default_rng(2).normal(0, 0.3, table.shape))


def test_the_reduced_program_gives_the_same_results_with_fewer_states():
    program = michaelis_menten()
    reduced, parameters = without_conserved(program), patients(michaelis_menten(), 9)
    assert len(reduced.program.states) == 2
    full = simulate(program, parameters, TIMES, tolerance=1e-9)
    small = reduced.simulate(parameters, TIMES, tolerance=1e-9)
    assert small.readout_names == full.readout_names
    assert small.final_states.shape == full.final_states.shape
    np.testing.assert_allclose(small.values, full.values, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(small.final_states, full.final_states, rtol=1e-6, atol=1e-8)
    total = small["enzyme"] + small["complex"]
    np.testing.assert_allclose(total, np.repeat(total[:, :1], len(TIMES), axis=1), rtol=1e-14)


def test_doses_into_members_kept_and_removed_and_into_inputs():
    program = michaelis_menten()
    reduced, parameters = without_conserved(program), patients(michaelis_menten(), 3)
    assert {law.removed for law in reduced.laws} == {"enzyme", "substrate"}
    events = [
        [Event(0.0, "enzyme", ADD, 0.1), Event(3.0, "substrate", ADD, 2.0), Event(3.0, "complex", ADD, 0.3)],
        [Event(5.0, "product", ADD, 1.0), Event(5.0, "substrate", ADD, 1.0), Event(20.0, "enzyme", ADD, 9.0)],
        [Event(4.0, "feed", SET, 1.0), Event(4.5, "enzyme", ADD, 0.2), Event(7.0, "enzyme", ADD, 0.2)],
    ]
    schedule = Schedule.pack(program, events)
    times = np.array([0.0, 3.0, 3.1, 4.0, 5.0, 6.0, 12.0, 20.0])
    full = simulate(program, parameters, times, schedule=schedule, tolerance=1e-9)
    small = reduced.simulate(parameters, times, schedule=schedule, tolerance=1e-9)
    np.testing.assert_allclose(small.values, full.values, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(small.final_states, full.final_states, rtol=1e-6, atol=1e-8)
    undosed = simulate(program, parameters, times, tolerance=1e-9)
    assert (np.abs(full.final_states - undosed.final_states).max(axis=1) > 0.05).all()  # the doses did something


def test_a_run_continued_from_other_states():
    program = michaelis_menten()
    reduced, parameters = without_conserved(program), patients(michaelis_menten(), 4)
    first = np.random.default_rng(4).uniform(0.1, 2.0, (4, 4))
    full = simulate(program, parameters, TIMES, initial_states=first, tolerance=1e-9)
    small = reduced.simulate(parameters, TIMES, initial_states=first, tolerance=1e-9)
    np.testing.assert_allclose(small.values, full.values, rtol=1e-6, atol=1e-8)


def test_stopping_on_a_state_that_is_left():
    program = michaelis_menten()
    reduced, parameters = without_conserved(program), program.parameter_table(2)
    stop = Stop("product", np.array([1.0, np.inf]))
    events = Schedule.pack(program, [[Event(0.1, "enzyme", ADD, 0.1), Event(15.0, "enzyme", ADD, 5.0)]] * 2)
    options = {"stop": stop, "schedule": events, "tolerance": 1e-9}
    full, small = simulate(program, parameters, TIMES, **options), reduced.simulate(parameters, TIMES, **options)
    assert list(small.status) == [Status.STOPPED, Status.COMPLETED]
    np.testing.assert_allclose(small.end_time, full.end_time, rtol=1e-6)
    np.testing.assert_allclose(small.final_states, full.final_states, rtol=1e-5, atol=1e-7)
    with pytest.raises(KeyError, match=r"keep=\['enzyme'\]"):
        reduced.simulate(parameters, TIMES, stop=Stop("enzyme", np.ones(2)))


def test_a_failed_patient_stays_failed():
    program = michaelis_menten()
    parameters = program.parameter_table(3)
    parameters[1, 0] = np.nan
    small = without_conserved(program).simulate(parameters, TIMES)
    assert list(small.status) == [Status.COMPLETED, Status.BAD_INPUT, Status.COMPLETED]
    assert np.isnan(small.values[1]).all()


def test_without_laws_nothing_changes():
    reduced = without_conserved(disease())
    assert reduced.laws == ()
    assert reduced.program == disease()
