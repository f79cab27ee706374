"""Single against double precision: seconds of one core and error, on the synthetic programs and the disease model.

    python benchmarks/precision.py [--patients 256]

Both are run in turn, several times; the shortest processor time of each counts, so that a busy machine spoils the
ratio little. Errors are the largest over the first 32 patients, times and states or read-outs of
|v - exact| / (1e-3 + |exact|), ``exact`` at tolerance 1e-8 in double. The refusal below ``SINGLE_TOLERANCE`` is lifted
here, to show why it stands where it does.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from engine import observed
from synthetic import patients, synthetic

from charcot.core.program import Program
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.engine import Stop, ensemble, simulate
from charcot.patients import assemble, courses
from charcot.patients.cohort import draw_cohort, load_population, population_names, start_days

FEW = 32  # patients whose errors are measured

Question = tuple[str, Program, np.ndarray, np.ndarray, dict[str, Any]]


def dosed(regions: int, segments: int, count: int) -> Question:
    """A synthetic program, dosed every 28 days for five years, every state reported."""
    program = observed(synthetic(regions, segments))
    events = [[Event(float(t), "drug.depot", EventKind.ADD, 100.0) for t in np.arange(0, 1825, 28)]] * count
    options = {"schedule": Schedule.pack(program, events)}
    name = f"synthetic, {len(program.states)} states"
    return name, program, patients(program, count), np.linspace(0, 1825, 61), options


def disease(count: int) -> Question:
    """The composed model of the disease from age 20 to death, ALSFRS-R reported every month."""
    cohort, program = draw_cohort(load_population(population_names()[0]), count, 1), assemble.program()
    horizon = 30 * 365.25
    options = {
        "start": start_days(cohort),
        "schedule": courses._schedule(cohort, program, [[] for _ in range(count)], horizon, True),
        "stop": Stop(courses.STOP_STATE, cohort.columns["event_draw"]),
        "readouts": courses.NEEDED,
    }
    name = f"disease, {len(program.states)} states"
    return name, program, courses.parameters_of(cohort, program), np.arange(0, horizon, 30.4375), options


def first(options: dict[str, Any]) -> dict[str, Any]:
    """The options of the first patients."""
    few = options | {"schedule": options["schedule"].take(range(FEW))}
    if "stop" in options:
        few |= {"start": options["start"][:FEW], "stop": Stop(options["stop"].state, options["stop"].thresholds[:FEW])}
    return few


def compare(question: Question, tolerance: float, exact: np.ndarray, repeats: int) -> None:
    """Print the seconds and errors of both precisions, and their ratio."""
    name, program, table, times, options = question
    seconds, values = {"double": np.inf, "single": np.inf}, {}
    for _ in range(repeats + 1):
        for precision in seconds:
            begin = time.process_time()
            values[precision] = simulate(program, table, times, tolerance=tolerance, precision=precision, **options)
            if len(values) == 2:
                seconds[precision] = min(seconds[precision], time.process_time() - begin)
    line = f"{name:24}{tolerance:.0e}   ratio {seconds['double'] / seconds['single']:.2f}"
    for precision, result in values.items():
        found = result.values[:FEW]
        both = np.isfinite(exact) & np.isfinite(found)
        error = np.max(np.abs(found - exact)[both] / (1e-3 + np.abs(exact[both])))
        line += f"   {precision} {seconds[precision]:.2f} s, error {error:.1e}, {result.steps.mean():.0f} steps"
    print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    ensemble.SINGLE_TOLERANCE = 1e-9
    for question in (dosed(4, 1, given.patients), dosed(4, 6, given.patients), disease(given.patients)):
        _, program, table, times, options = question
        exact = simulate(program, table[:FEW], times, tolerance=1e-8, **first(options)).values
        for tolerance in (1e-3, 3e-4, 1e-4, 1e-5):
            compare(question, tolerance, exact, given.repeats)


if __name__ == "__main__":
    main()
