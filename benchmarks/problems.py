"""The benchmark problems: the disease model and the synthetic one, without doses, with monthly and with daily doses.

All engines solve the same equations from the same initial states with the same numbers for five years, and report all
states at 61 times. What drifts in a trial (the tempo) is held, so that the equations are all there is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from peers.problem import Problem
from synthetic import patients as synthetic_patients
from synthetic import synthetic

from charcot import patients, treatments
from charcot.core import expression as algebra
from charcot.core.expression import Expression, constant, power, symbol, topological
from charcot.core.program import Input, Parameter, Program, Readout, State
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.engine import simulate
from charcot.interfaces.exchange.export import identifiers, to_sbml
from charcot.model.compose import compose
from charcot.patients.courses import parameters_of

HORIZON = 1825.0
TIMES = np.linspace(0.0, HORIZON, 61)
FIRST_DOSE = 0.375  # days: no output falls on a dose, where engines differ in which side they report
DOSING = {"undosed": 0.0, "monthly": 28.0, "daily": 1.0}
MODELS = ("als", "synthetic48", "synthetic148", "synthetic248")
SEGMENTS = {"synthetic48": 1, "synthetic148": 6, "synthetic248": 9}
PRODUCT = "edaravone_oral"
TIGHT = 1e-10


@dataclass(frozen=True)
class Benchmark:
    """A problem before it is written: initial values are constants of the program, the same for every patient."""

    name: str
    program: Program
    table: np.ndarray  # (patients, parameters)
    dose_state: str
    dose: float
    interval: float

    @property
    def dose_times(self) -> np.ndarray:
        return np.arange(FIRST_DOSE, HORIZON, self.interval) if self.interval else np.zeros(0)

    def schedule(self, count: int) -> Schedule:
        """The doses of ``count`` patients."""
        if not self.interval:
            return Schedule.empty(count)
        values = np.full((count, len(self.dose_times)), self.dose)
        place = self.program.index("state", self.dose_state)
        return Schedule.even(count, self.dose_times, place, EventKind.ADD, values)


def build(name: str, count: int) -> Benchmark:
    """The problem called ``<model>-<dosing>`` with ``count`` patients."""
    model, _, dosing = name.partition("-")
    if model not in MODELS or dosing not in DOSING:
        known = ", ".join(f"{m}-{d}" for m in MODELS for d in DOSING)
        raise KeyError(f"no benchmark problem is called {name!r}; there are {known}")
    if model == "als":
        program, table = als(dosing != "undosed", count)
        target, dose = f"drug.{PRODUCT}.depot", 105.0
    else:
        program = observed(synthetic(4, SEGMENTS[model]))
        table = synthetic_patients(program, count)
        target, dose = "drug.depot", 100.0
    return Benchmark(name, program, table, target if DOSING[dosing] else "", dose, DOSING[dosing])


def observed(program: Program) -> Program:
    """The same program with every state, and nothing else, as a read-out."""
    readouts = tuple(Readout(state.name, state.unit, symbol(state.name)) for state in program.states)
    return Program(program.states, program.parameters, program.inputs, readouts, program.title)


def als(dosed: bool, count: int) -> tuple[Program, np.ndarray]:
    """The disease model from one year before onset, and ``count`` patients who differ as in a population.

    The drug is one of the shipped ones, given as what it is: an oral dose into a depot, once a day. (The product file
    gives it as a mean rate, because the disease does not feel the swings within a day; a solver does.)
    """
    program, initial, at_risk = _als(dosed)
    states = tuple(replace(s, initial=constant(v)) for s, v in zip(program.states, initial, strict=True))
    inputs = tuple(replace(i, value=1.0 if i.name == at_risk else i.value) for i in program.inputs)
    whole = observed(Program(states, program.parameters, inputs, (), program.title))
    cohort = patients.draw_cohort(patients.load_population("sporadic"), count, seed=1)
    table = parameters_of(cohort, patients.program())
    own = {name: i for i, name in enumerate(patients.program().parameter_names)}
    out = whole.parameter_table(count)
    for column, name in enumerate(whole.parameter_names):
        if name in own:
            out[:, column] = table[:, own[name]]
    return whole, out


@cache
def _als(dosed: bool) -> tuple[Program, tuple[float, ...], str]:
    """(program, initial states, the input that puts a patient at risk of death)."""
    definition = patients.definition()
    if dosed:
        product = treatments.products()[PRODUCT]
        half_life = replace(
            product.kinetics["half_life"], name=f"drug.{PRODUCT}.absorption_half_life", value=0.5 / 24, unit="day"
        )
        kinetics = {**product.kinetics, "absorption_half_life": half_life}
        oral = replace(product, dosing="bolus", form="one_compartment_depot", kinetics=kinetics).content()
        definition = definition.extended(oral.ports, oral.numbers, oral.mechanisms, oral.modifiers)
    program = compose(definition, [])
    plain = patients.program()
    cohort = patients.typical_cohort(["lumbar"], 58.0)
    onset = float(patients.simulate(cohort).onset[0])
    seed = Event(0.0, "lumbar.soma.aggregate", EventKind.ADD, float(cohort.columns["seed_amount"][0]))
    from charcot.patients.cohort import start_days

    begun = simulate(
        plain,
        parameters_of(cohort, plain),
        np.array([onset - 365.0]),
        start=start_days(cohort),
        schedule=Schedule.pack(plain, [[seed]]),
        readouts=[],
        tolerance=1e-8,
    )
    values = dict(zip(plain.state_names, begun.final_states[0], strict=True))
    return program, tuple(float(values.get(name, 0.0)) for name in program.state_names), "survival.at_risk"


def reference(benchmark: Benchmark, few: int) -> np.ndarray:
    """(few, times, states) at the tightest tolerance that makes sense in double precision."""
    result = simulate(
        benchmark.program,
        benchmark.table[:few],
        TIMES,
        schedule=benchmark.schedule(few),
        tolerance=TIGHT,
        max_steps=10_000_000,
    )
    if result.failed.any():
        raise RuntimeError(f"the reference of {benchmark.name} failed: {result.status_counts()}")
    return result.values


def save(benchmark: Benchmark, folder: Path, few: int) -> Problem:
    """Write the problem for all engines, and read it back."""
    folder.mkdir(parents=True, exist_ok=True)
    program, names = benchmark.program, identifiers(benchmark.program)
    schedule = benchmark.schedule(1) if benchmark.interval else None
    # the parameters of the file are those of patient 0; peers set those of the others
    (folder / "model.xml").write_text(to_sbml(program, benchmark.table[0], schedule), encoding="utf-8")
    tape, rates = to_tape([s.rate for s in program.states], names)
    content = {
        "name": benchmark.name,
        "states": [names[n] for n in program.state_names],
        "parameters": [names[n] for n in program.parameter_names],
        "inputs": [names[n] for n in program.input_names],
        "dose_state": program.index("state", benchmark.dose_state) if benchmark.interval else -1,
        "dose": benchmark.dose,
        "interval": benchmark.interval,
        "first": FIRST_DOSE,
        "tape": tape,
        "rates": rates,
    }
    (folder / "problem.json").write_text(json.dumps(content), encoding="utf-8")
    initial = program.initial_states(benchmark.table)
    np.savez(
        folder / "arrays.npz",
        table=benchmark.table,
        initial=initial,
        input_values=np.array([i.value for i in program.inputs], dtype=float),
        times=TIMES,
        scales=np.array([s.scale for s in program.states]),
        reference=reference(benchmark, few),
    )
    return Problem.load(folder)


def to_tape(roots: Sequence[Expression], names: dict[str, str]) -> tuple[list[list[object]], list[int]]:
    """The operations below ``roots``, arguments first, and the row of each root."""
    rows: list[list[object]] = []
    row: dict[int, int] = {}
    for node in topological(roots):
        last: list[object] = {
            "symbol": [names.get(node.name)],
            "constant": [node.value],
            "power": [node.value],
        }.get(node.operation, [])
        row[node.serial] = len(rows)
        rows.append([node.operation, *(row[a.serial] for a in node.arguments), *last])
    return rows, [row[root.serial] for root in roots]


def program_of(problem: Problem) -> Program:
    """The program of a problem read from disk; initial values are constants, names are identifiers."""
    functions = {
        name: getattr(algebra, name) for name in algebra.OPERATIONS if name not in ("constant", "symbol", "power")
    }
    functions["power"], functions["constant"] = power, constant
    names = (*problem.states, *problem.parameters, *problem.inputs)
    rates = problem.evaluate({name: symbol(name) for name in names}, functions)
    columns = zip(problem.states, problem.initial[0], rates, problem.scales, strict=True)
    states = tuple(
        State(name, "1", constant(float(first)), algebra.as_expression(rate), float(scale))
        for name, first, rate, scale in columns
    )
    parameters = tuple(
        Parameter(name, "1", float(v)) for name, v in zip(problem.parameters, problem.table[0], strict=True)
    )
    inputs = tuple(Input(name, "1", float(v)) for name, v in zip(problem.inputs, problem.input_values, strict=True))
    return observed(Program(states, parameters, inputs, (), problem.name))
