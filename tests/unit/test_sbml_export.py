"""SBML out: libSBML accepts it, and libRoadRunner (in a process of its own) runs it to the engine's numbers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from charcot import patients
from charcot.core.expression import (
    ONE,
    ZERO,
    Expression,
    arctangent,
    cosine,
    exp,
    floor,
    log,
    maximum,
    minimum,
    raised,
    select,
    sigmoid,
    sine,
    softplus,
    symbol,
)
from charcot.core.program import Assignment, Input, Parameter, Program, Readout, State, Trigger
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.engine import simulate
from charcot.interfaces.exchange.export import check_sbml, identifiers, to_sbml
from charcot.interfaces.exchange.export_events import series_of, times_of
from charcot.interfaces.exchange.export_evidence import addresses, evidence_of
from charcot.interfaces.exchange.export_patient import export_patient

# libRoadRunner and python-libsbml do not live well in one process
RUN = """
import sys, numpy, roadrunner
file, out, grid, *names = sys.argv[1:]
times = numpy.load(grid)
model = roadrunner.RoadRunner(file)
integrator = model.getIntegrator()
integrator.setValue("relative_tolerance", 1e-11)
integrator.setValue("absolute_tolerance", 1e-14)
integrator.setValue("maximum_num_steps", 1000000)
model.timeCourseSelections = names
numpy.save(out, numpy.asarray(model.simulate(times=list(times))))
"""


def in_roadrunner(folder: Path, text: str, names: list[str], times: np.ndarray) -> np.ndarray:
    """(times, names) as libRoadRunner simulates the model."""
    file, out, grid = folder / "model.xml", folder / "out.npy", folder / "times.npy"
    file.write_text(text, encoding="utf-8")
    np.save(grid, times)
    command = [sys.executable, "-c", RUN, *(str(path) for path in (file, out, grid)), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return np.load(out)


def decay(*readouts: Readout, unit: str = "mg") -> Program:
    x, k = symbol("body.amount"), symbol("body.k")
    rate = State("body.amount", unit, symbol("body.first"), ZERO - k * x + symbol("body.rate"))
    numbers = (Parameter("body.k", "1/day", 0.3), Parameter("body.first", unit, 2.0))
    return Program((rate,), numbers, (Input("body.rate", f"{unit}/day"),), readouts, "decay")


def errors(text: str) -> list[str]:
    return [finding.message for finding in check_sbml(text)]


def test_every_operation_runs_to_the_same_numbers(tmp_path: Path) -> None:
    x, k = symbol("x"), symbol("k")
    forms: dict[str, Expression] = {
        "power": x**2.5,
        "square": x**2,
        "inverse": (1 + x) ** -3.0,
        "free power": (1 + x) ** k,
        "exp": exp(-x),
        "log": log(2 + x),
        "softplus": softplus(40 * (x - 1)) + softplus(2000 * (x - 1)),
        "sigmoid": sigmoid(50 * (x - 1)) + sigmoid(3 * (1 - x)),
        "minimum": minimum(x, 1) + minimum(0, x - 1),
        "maximum": maximum(x, 1) + maximum(x - 1, 0),
        "select": select(x, 1, 2 * x, x * x) + select(1, x, k, 0),
        "divide": (1 - x) / (3 - k - x) / 7,
        "raised": raised(x, k) + raised(k, x),
        "root of a product": raised(0.2 * x, 0.5),
        "sine": sine(5 * x),
        "cosine": cosine(5 * x),
        "arctangent": arctangent(x - 2),
        "floor": floor(x * 0.9 + 0.123),
        "alias": x,
        "five": ONE * 5,
    }
    readouts = tuple(Readout(name, "1", form) for name, form in forms.items())
    program = Program((State("x", "1", symbol("k") * 0.05, 0.1 * (4 - x)),), (Parameter("k", "1", 1.3),), (), readouts)
    times = np.linspace(0.0, 20.0, 41)
    text = to_sbml(program)
    names = identifiers(program)
    found = in_roadrunner(tmp_path, text, [names[name] for name in forms], times)
    expected = simulate(program, program.parameter_table(1), times, tolerance=1e-11).values[0]
    assert np.ptp(expected[:, 0]) > 10
    np.testing.assert_allclose(found, expected, rtol=2e-8, atol=2e-8)


@pytest.mark.skipif("CHARCOT_LONG" not in os.environ, reason="libRoadRunner compiles this model in over five minutes")
def test_the_model_runs_to_the_same_numbers_for_five_years(tmp_path: Path) -> None:
    """Every state of a person in whom disease breaks out, with doses, by two engines that share no code."""
    model = patients.program(("tofersen",))
    every = tuple(Readout(f"state {s.name}", s.unit, symbol(s.name)) for s in model.states)
    program = Program(model.states, model.parameters, model.inputs, every, model.title)
    days = np.concatenate([[7.0, 21.0, 35.0], np.arange(63.0, 1825.0, 28.0)])
    events = [Event(0.0, f"{r}.soma.aggregate", EventKind.ADD, 0.3) for r in ("bulbar", "lumbar")]
    events += [Event(0.0, "survival.at_risk", EventKind.SET, 1.0)]
    events += [Event(float(day), "drug.tofersen.amount", EventKind.ADD, 100.0) for day in days]
    schedule = Schedule.pack(program, [events])
    table = program.parameter_table(1) * np.exp(np.random.default_rng(3).normal(0, 0.1, (1, len(program.parameters))))
    times = np.arange(0.5, 1825.0, 30.0)  # off the doses, on whose sides the two need not agree
    text = to_sbml(program, table[0], schedule)
    assert text.count("<event ") == 3 + 2  # seeds and risk; loading and maintenance doses as a series each
    grid = np.concatenate([[0.0], times])
    found = in_roadrunner(tmp_path, text, [identifiers(program)[s.name] for s in model.states], grid)[1:]
    expected = simulate(program, table, times, start=0.0, schedule=schedule, tolerance=1e-10).values[0]
    size = np.maximum(np.abs(expected), 1e-6 * np.array([s.scale for s in model.states]))
    worst = np.max(np.abs(found - expected) / size, axis=0)
    assert worst.max() < 1e-6, (model.state_names[int(worst.argmax())], worst.max())
    alive = expected[:, model.state_names.index("lumbar.pool.alive.1")]
    assert alive[-1] < 0.9 * alive[0]  # disease runs its course


def test_units_and_structure_of_the_shipped_model_have_no_finding() -> None:
    made = export_patient("SOD1", "cervical", 50.0, ("tofersen", "edaravone_iv", "aav_mir126"), years=3.0)
    assert made.findings == ()
    assert made.readouts > 200
    assert '<unit kind="metre" exponent="-3" scale="0" multiplier="0.01"/>' in made.text  # per millilitre


def test_every_number_and_mechanism_with_a_doi_is_annotated() -> None:
    definition = patients.definition(("tofersen",))
    evidence = evidence_of(definition)
    text = export_patient(products=("tofersen",), years=4.0).text
    program = patients.program(("tofersen",))
    described = {n for n in program.parameter_names if evidence[n].resources}
    assert len(described) > 5
    for name in (*described, *(s for s in program.state_names if evidence[s].resources)):
        element = re.search(rf'<parameter [^>]*name="{re.escape(name)}".*?</parameter>', text, re.S)
        assert element is not None
        for address in evidence[name].resources:
            assert f'rdf:resource="{address}"' in element[0], name
    written = {address for name in evidence for address in evidence[name].resources}
    cited = {key for mechanism in definition.mechanisms for key in mechanism.sources}
    from charcot.evidence import sources

    assert set(addresses(cited, sources())) <= written


def test_a_mechanism_s_claim_and_what_stands_against_it_are_in_the_notes() -> None:
    text = export_patient().text
    assert "Mechanism " in text
    assert "Against: " in text
    assert "No source: a free number." in text
    assert "no medical device" in text


def test_a_model_that_was_read_is_written_with_its_own_units_and_unit_of_time() -> None:
    """A unit that only its file defines, such as its own name of the hour, stays a word without a size."""
    text = to_sbml(decay(unit="own_unit"), time_unit="second")
    assert 'timeUnits="second_"' in text  # SBML has a second of its own, which no definition may be called
    assert "own_unit" in text
    assert errors(to_sbml(decay(unit="mole"))) == []


def test_wrong_units_are_found() -> None:
    assert errors(to_sbml(decay())) == []
    wrong = decay(Readout("level", "mm", symbol("body.amount")))
    assert any("do not match" in message or "units" in message for message in errors(to_sbml(wrong)))


@pytest.mark.parametrize("unit", ["pg/mL*day", "percent_predicted", "vector_genome", "IU", "newton*m", "1/day", "fold"])
def test_units_of_any_kind_can_be_written(unit: str) -> None:
    assert errors(to_sbml(decay(Readout("level", unit, 2 * symbol("body.amount")), unit=unit))) == []


def test_numbers_keep_their_last_bit() -> None:
    program = decay(Readout("x", "mg", (0.1 + 0.2) * symbol("body.amount")))
    text = to_sbml(program, np.array([1 / 3, 1e-300]))
    assert f'value="{1 / 3!r}"' in text
    assert "0.30000000000000004" in text
    assert 'value="1e-300"' in text


def test_names_that_meet_in_sbml_stay_apart() -> None:
    states = tuple(State(name, "1", ONE, ZERO) for name in ("a.b", "a_b", "a b", "7"))
    program = Program(states, (), (), (Readout("a b", "1", 2 * symbol("7")), Readout("a-b", "1", 3 * symbol("7"))))
    assert identifiers(program) == {"a.b": "a_b", "a_b": "a_b_2", "a b": "a_b_3", "7": "_7", "a-b": "a_b_5"}
    assert errors(to_sbml(program)) == []


def test_doses_at_even_intervals_are_one_event_each() -> None:
    program = decay()
    days = [0.5, *np.arange(10.0, 40.0), *np.arange(100.0, 900.0, 30.4375), *np.arange(107.0, 900.0, 30.4375)]
    events = [Event(day, "body.amount", EventKind.ADD, 2.0) for day in sorted(days)]
    events += [Event(3.0, "body.rate", EventKind.SET, v) for v in (9.0, 1.0)] + [
        Event(4.0, "body.rate", EventKind.SET, 1.0)
    ]
    found = series_of(program, Schedule.pack(program, [events]), start=-5.0)
    doses = [series for series in found if series.kind is EventKind.ADD]
    assert len(doses) == 4
    times = np.sort(np.concatenate([times_of(series) for series in doses]))
    np.testing.assert_array_equal(times, np.sort(days) + 5.0)
    assert [(s.first, s.value, s.count) for s in found if s.kind is EventKind.SET] == [(8.0, 1.0, 1)]


def test_series_and_switches_act_in_roadrunner_as_in_the_engine(tmp_path: Path) -> None:
    program = decay(Readout("x", "mg", symbol("body.amount")))
    events = [Event(day, "body.amount", EventKind.ADD, 2.0) for day in np.arange(0.0, 20.0, 0.75)]
    events += [Event(day, "body.rate", EventKind.SET, value) for day, value in [(3.1, 5.0), (8.6, 0.0), (30.0, 1.0)]]
    schedule = Schedule.pack(program, [events])
    times = np.arange(0.0, 40.0, 0.5) + 0.1
    expected = simulate(program, program.parameter_table(1), times, schedule=schedule, tolerance=1e-11).values[0, :, 0]
    text = to_sbml(program, schedule=schedule)
    found = in_roadrunner(tmp_path, text, ["body_amount"], np.concatenate([[0.0], times]))[1:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-7)
    later = to_sbml(program, schedule=schedule, start=-1.0)
    shifted = in_roadrunner(tmp_path, later, ["body_amount"], np.concatenate([[0.0], times]))[1:, 0]
    begun = simulate(program, program.parameter_table(1), times - 1, start=-1.0, schedule=schedule, tolerance=1e-11)
    np.testing.assert_allclose(shifted, begun.values[0, :, 0], rtol=1e-7)


def test_triggers_become_events(tmp_path: Path) -> None:
    """A dose of 1 whenever the amount falls below a half, half a day later."""
    x = symbol("body.amount")
    low = Trigger("refill", 0.5 - x, (Assignment("body.amount", x + 1),), delay=ONE * 0.5)
    plain = decay(unit="1")
    program = Program(plain.states, plain.parameters, plain.inputs, (), "refilled", (low,))
    text = to_sbml(program)
    assert errors(text) == []
    found = in_roadrunner(tmp_path, text, ["body_amount"], np.array([0.0, 5.0, 5.5]))
    falls = np.log(4.0) / 0.3  # from 2 to one half
    before = 2 * np.exp(-0.3 * (falls + 0.5))
    assert falls == pytest.approx(4.62, abs=0.01)
    np.testing.assert_allclose(found[2, 0], (before + 1) * np.exp(-0.3 * (5.0 - falls)), rtol=1e-6)


def test_one_patient_and_no_event_before_the_start() -> None:
    program = decay()
    two = Schedule.pack(program, [[], []])
    with pytest.raises(ValueError, match="one patient"):
        to_sbml(program, schedule=two)
    early = Schedule.pack(program, [[Event(-1.0, "body.amount", EventKind.ADD, 1.0)]])
    with pytest.raises(ValueError, match="before the start"):
        to_sbml(program, schedule=early)
    with pytest.raises(ValueError, match="shape"):
        to_sbml(program, np.ones(3))
