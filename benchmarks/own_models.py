"""Public models, thousands of parameter sets, Charcot beside libRoadRunner: the same numbers, and at what speed.

``python benchmarks/own_models.py [--sets 10000] [--compared 10000] [--only NAME] [--json FILE]``

Three SBML models of BioModels and two PEtab problems (``examples/models``), the second of which has exponentials of
time, which Charcot follows by events. Parameters of a set are the published ones times exp(0.2 z), z standard normal:
all parameters of the model that are not sizes of compartments, and of a PEtab problem those of its parameter table.

* Same numbers: both engines at a tight tolerance. The difference of a read-out is the largest over its times, divided
  by the read-out's largest value in that set; the table has the largest over all read-outs and sets.
* Speed: libRoadRunner at its usual relative tolerance of 1e-6. Its error and Charcot's, at a ladder of tolerances, are
  taken against the tight results of *libRoadRunner*, on a sample of sets; Charcot then runs at the loosest tolerance
  whose largest error is no larger. Times are processor time of one thread, without reading and compiling. Charcot's
  has the making of its table in it, and of a PEtab problem the observables and scores; libRoadRunner's is its
  answer alone.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import libsbml
import numpy as np
import roadrunner

from charcot.interfaces.exchange.sbml import read_sbml
from charcot.interfaces.exchange.sbml.freeing import free_initial_values
from charcot.interfaces.own_model import prepare
from charcot.interfaces.own_model.petab import prepare_petab

MODELS = Path(__file__).parents[1] / "examples/models"
SPREAD, SEED, SAMPLE, POINTS = 0.2, 1, 100, 51
TIGHT, USUAL = 1e-10, 1e-6
LADDER = (1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 3e-7, 1e-7, 3e-8, 1e-8)
BLOCK = 1_000  # sets at once, as a campaign does
ASKED = 1e-6  # the largest difference that counts as the same number
CASES = {
    "Huang 1996": ("BIOMD0000000009.xml", 200.0),
    "Elowitz 2000": ("BIOMD0000000012.xml", 600.0),
    "Brown 2004": ("BIOMD0000000033.xml", 60.0),
    "Laske 2019 (PEtab)": ("Laske_PLOSComputBiol2019/Laske_PLOSComputBiol2019.yaml", None),
    "Fiedler 2016 (PEtab)": ("Fiedler_BMCSystBiol2016/Fiedler_BMCSystBiol2016.yaml", None),
}


@dataclass
class Row:
    """One line of the table; seconds are processor time, for a thousand sets."""

    model: str
    states: int
    sets: int
    compared: int
    difference: float
    their_error: float
    our_error: float
    our_tolerance: float
    ours_s_per_1000: float
    theirs_s_per_1000: float
    theirs_timed: int
    failed: int

    @property
    def ratio(self) -> float:
        return self.theirs_s_per_1000 / self.ours_s_per_1000


Engine = Callable[[np.ndarray, float], np.ndarray]  # (sets,) numbers of sets, tolerance -> (sets, outputs, read-outs)


class Case:
    """A model with its sets and both engines; ``scored`` is what Charcot computes when it is timed."""

    def __init__(self, file: str, until: float | None, sets: int) -> None:
        self.path, self.until, self.sets = MODELS / file, until, sets
        if until is None:
            problem = prepare_petab(self.path)
            self.names = tuple(problem.problem.nominal)
            centre = np.array(list(problem.problem.nominal.values()))
            self.program = problem.problem.program
            self.conditions = problem.problem.settings
            grid, self.columns = problem.problem.grid()
            self.grids = [row[np.isfinite(row)] for row in grid]
            source = next(self.path.parent.glob("model_*.xml"))
        else:
            job = prepare(self.path, {"set": [1]}, until=until, points=POINTS)
            model, sizes = job.model, {c.getId() for c in _model(self.path).getListOfCompartments()}
            held = [p for p in model.parameters if p.name not in sizes and p.value != 0]
            self.names = tuple(p.name for p in held)
            centre = np.array([p.value for p in held])
            states = set(model.state_names)
            self.readouts = [r for r in job.readouts if r.strip("[]") in states]
            self.program = model
            self.conditions = ({},)
            self.grids = [job.times]
            source = self.path
        factors = np.exp(SPREAD * np.random.default_rng(SEED).standard_normal((sets, len(centre))))
        self.values = centre * factors
        self.peer = Peer(source, self)

    def job(self, which: np.ndarray, tolerance: float) -> Any:
        table = dict(zip(self.names, self.values[which].T, strict=True))
        if self.until is None:
            return prepare_petab(self._problem(), table, tolerance=tolerance)
        options = {"until": self.until, "points": POINTS, "readouts": self.readouts}
        return prepare(self._imported(), table, **options, tolerance=tolerance)

    def ours(self, which: np.ndarray, tolerance: float) -> np.ndarray:
        """The numbers that are compared: read-outs, of the PEtab problem its observables."""
        table = self.job(which, tolerance).block(0, len(which)).table
        if self.until is None:
            return table["simulation"].to_numpy().reshape(len(which), -1, 1)
        columns = [table[name].to_numpy().reshape(len(which), -1) for name in self.readouts]
        return np.stack(columns, axis=2)

    def theirs(self, which: np.ndarray, tolerance: float) -> tuple[np.ndarray, float]:
        """The same of libRoadRunner, and the processor time of its answers."""
        begin = time.process_time()
        answers = [self.peer.run(number, tolerance) for number in which]
        spent = time.process_time() - begin
        if self.until is not None:
            return np.array([answer[0] for answer in answers]), spent
        job = self.job(which, tolerance)
        courses = np.full((len(which), len(job.problem.times), len(self.peer.selected)), np.nan)
        for k, _ in enumerate(self.conditions):
            rows = job.problem.condition == k
            courses[:, rows] = np.array([answer[k] for answer in answers])[:, self.columns[rows]]
        simulated, _ = job.observed(courses, job.values)
        return simulated[:, :, None], spent

    def _problem(self) -> Any:
        if not hasattr(self, "_read"):
            self._read = prepare_petab(self.path).problem
        return self._read

    def _imported(self) -> Any:
        if not hasattr(self, "_read"):
            self._read = read_sbml(self.path)
        return self._read


def _model(path: Path) -> Any:
    _model.document = libsbml.readSBMLFromFile(str(path))  # type: ignore[attr-defined]  # kept as long as its model
    return _model.document.getModel()  # type: ignore[attr-defined]


class Peer:
    """libRoadRunner on the same file, with parameters of kinetic laws made global so that a set can give them."""

    def __init__(self, source: Path, case: Case) -> None:
        self.case = case
        document = libsbml.readSBMLFromFile(str(source))
        if case.until is None:  # what conditions set of the beginning becomes parameters, as it does in Charcot
            set_by_conditions = {name for settings in case.conditions for name in settings}
            freed = [name.removeprefix("initial_") for name in set_by_conditions if name.startswith("initial_")]
            free_initial_values(document.getModel(), sorted(freed))
        options = libsbml.ConversionProperties()
        options.addOption("promoteLocalParameters", True)
        if document.convert(options) != libsbml.LIBSBML_OPERATION_SUCCESS:
            raise RuntimeError(f"libSBML cannot promote the local parameters of {source}")
        self.model = roadrunner.RoadRunner(libsbml.writeSBMLToString(document))
        known = list(self.model.model.getGlobalParameterIds())
        place = {name: k for k, name in enumerate(known)}
        # a parameter that begins as another one does not follow it at a reset: it is given the same value
        copies: dict[str, list[str]] = {}
        for assignment in document.getModel().getListOfInitialAssignments():
            if assignment.getMath().isName() and assignment.getSymbol() in place:
                copies.setdefault(assignment.getMath().getName(), []).append(assignment.getSymbol())
        given = [
            (k, place[one])
            for k, name in enumerate(one.replace(".", "_") for one in case.names)
            if name in place
            for one in (name, *copies.get(name, []))
        ]
        self.columns, self.places = [k for k, _ in given], [where for _, where in given]
        if case.until is None:
            self.selected = [readout.name for readout in case.program.readouts]
        else:
            self.selected = case.readouts
            assert len(self.columns) == len(case.names)
        self.model.timeCourseSelections = self.selected
        self.settings = [
            [
                (place[one], cell)
                for name, cell in settings.items()
                if name in place and not isinstance(cell, str)
                for one in (name, *copies.get(name, []))
            ]
            for settings in case.conditions
        ]
        self.grids = [[float(t) for t in grid] for grid in case.grids]
        self.tolerance = 0.0
        integrator = self.model.getIntegrator()
        integrator.setValue("maximum_num_steps", 10_000_000)
        ruled = {rule.getVariable() for rule in document.getModel().getListOfRules() if rule.isAssignment()}
        self.moved = [name for name in self.model.model.getFloatingSpeciesIds() if name not in ruled]
        self.scales = np.ones(len(self.moved))
        self.scales = self._scales()

    def _scales(self) -> np.ndarray:
        """The largest amount of each species in the published course: what its absolute tolerance is a part of."""
        self.model.timeCourseSelections = self.moved
        largest = np.zeros(len(self.moved))
        for k, grid in enumerate(self.grids):
            self._prepare(self.case.values[0], k, 1e-8)
            largest = np.maximum(largest, np.abs(np.array(self.model.simulate(times=grid))).max(axis=0))
        self.model.timeCourseSelections = self.selected
        self.tolerance = 0.0
        return np.where(largest > 0, largest, largest.max())

    def _prepare(self, values: np.ndarray, condition: int, tolerance: float) -> None:
        inner = self.model.model
        if tolerance != self.tolerance:
            integrator = self.model.getIntegrator()
            integrator.setValue("relative_tolerance", tolerance)
            integrator.setValue("absolute_tolerance", [float(one) for one in tolerance * 1e-3 * self.scales])
            self.tolerance = tolerance
        inner.setGlobalParameterValues(self.places, values[self.columns])
        for place, value in self.settings[condition]:
            inner.setGlobalParameterValues([place], [value])
        self.model.reset()  # time and states: the initial values follow the parameters

    def run(self, number: int, tolerance: float) -> list[np.ndarray]:
        found = []
        for k, grid in enumerate(self.grids):
            self._prepare(self.case.values[number], k, tolerance)
            begun = grid if grid[0] == 0 else [0.0, *grid]  # it starts at the first time it is given
            found.append(np.array(self.model.simulate(times=begun))[len(begun) - len(grid) :])
        return found


def difference(one: np.ndarray, reference: np.ndarray) -> float:
    """The largest over sets and read-outs, relative to the read-out's largest value in that set."""
    size = np.abs(reference).max(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        return float(np.nanmax(np.where(size > 0, np.abs(one - reference) / size, 0.0)))


def measure(name: str, sets: int, compared: int, timed: int, say: Callable[[str], None]) -> Row:
    file, until = CASES[name]
    case = Case(file, until, sets)
    sample = np.arange(min(SAMPLE, sets))
    reference, _ = case.theirs(sample, TIGHT)
    rough, _ = case.theirs(sample, USUAL)
    their_error = difference(rough, reference)
    errors = {tolerance: difference(case.ours(sample, tolerance), reference) for tolerance in LADDER}
    fit = [tolerance for tolerance in LADDER if errors[tolerance] <= their_error] or [LADDER[-1]]
    say(
        f"{name}: error of libRoadRunner {their_error:.1e}; ours "
        + " ".join(f"{k:.0e}:{v:.1e}" for k, v in errors.items())
    )
    largest, failed = 0.0, 0
    for first in range(0, compared, BLOCK):
        which = np.arange(first, min(first + BLOCK, compared))
        mine, theirs = case.ours(which, TIGHT), case.theirs(which, TIGHT)[0]
        failed += int((~np.isfinite(mine)).any(axis=(1, 2)).sum())
        largest = max(largest, difference(mine, theirs))
    say(f"{name}: {compared:,} sets compared, difference {largest:.1e}")
    seconds = 0.0
    for first in range(0, sets, BLOCK):
        job = case.job(np.arange(first, min(first + BLOCK, sets)), fit[0])
        begin = time.process_time()
        job.block(0, job.size)
        seconds += time.process_time() - begin
    spent = case.theirs(np.arange(timed), USUAL)[1]
    row = Row(
        model=name,
        states=len([s for s in case.program.state_names if s != case.program.clock]),
        sets=sets,
        compared=compared,
        difference=largest,
        their_error=their_error,
        our_error=errors[fit[0]],
        our_tolerance=fit[0],
        ours_s_per_1000=1000 * seconds / sets,
        theirs_s_per_1000=1000 * spent / timed,
        theirs_timed=timed,
        failed=failed,
    )
    say(f"{name}: {row.ratio:.1f} times as fast")
    return row


def markdown(rows: list[Row]) -> str:
    """The table of the documentation."""
    lines = [
        "| model | states | sets | largest difference (sets) | error, theirs / ours | s per 1,000 sets, theirs (sets) "
        "/ ours | speed |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        lines.append(
            f"| {row.model} | {row.states} | {row.sets:,} | {row.difference:.1e} ({row.compared:,}) | "
            f"{row.their_error:.0e} / {row.our_error:.0e} | {row.theirs_s_per_1000:.2f} ({row.theirs_timed:,}) / "
            f"{row.ours_s_per_1000:.3f} | {row.ratio:.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=10_000)
    parser.add_argument("--compared", type=int, default=None, help="sets whose numbers are compared [all]")
    parser.add_argument("--timed", type=int, default=None, help="sets on which libRoadRunner is timed [all]")
    parser.add_argument("--only", choices=list(CASES), action="append")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    rows = []
    for name in asked.only or CASES:
        counts = [asked.sets if n is None else min(n, asked.sets) for n in (asked.compared, asked.timed)]
        rows.append(measure(name, asked.sets, *counts, lambda text: print(text, flush=True)))
        if asked.json:
            report = [{**asdict(row), "ratio": row.ratio} for row in rows]
            about = {"machine": platform.processor() or platform.machine(), "roadrunner": roadrunner.__version__}
            asked.json.write_text(json.dumps({**about, "load": os.getloadavg()[0], "rows": report}, indent=1) + "\n")
    print(markdown(rows))
    if any(row.difference > ASKED or row.failed for row in rows):
        raise SystemExit(f"Not the same numbers to {ASKED:g} in every row.")


if __name__ == "__main__":
    main()
