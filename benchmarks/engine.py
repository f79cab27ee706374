"""How fast is the engine, and how exact, next to SUNDIALS CVODE on the same program in the same run?

    python benchmarks/engine.py                 # a table
    python benchmarks/engine.py --json out.json

CVODE gets machine code for the rates and the exact Jacobian from the same generator (one lane), so that the comparison
is of methods and of stepping many patients at once, not of Python against machine code. Errors are the largest over
patients, times and states of |y - reference| / (1e-3 scale + |reference|) against the engine at tolerance 1e-10; the
reference itself is checked against CVODE at 1e-10 (``reference_gap``).
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from sksundae.cvode import CVODE
from synthetic import patients, synthetic

from charcot.core.expression import symbol
from charcot.core.program import Program, Readout
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.engine import codegen, compiled, simulate
from charcot.engine.graph import build
from charcot.engine.vector import Lanes

HORIZON, DOSE_EVERY = 1825.0, 28.0
TIMES = np.linspace(0.0, HORIZON, 61)


def observed(program: Program) -> Program:
    """The same program with every state as a read-out."""
    readouts = tuple(Readout(state.name, state.unit, symbol(state.name)) for state in program.states)
    return Program(program.states, program.parameters, program.inputs, readouts, program.title)


class Cvode:
    """One patient at a time with CVODE: dense exact Jacobian, restarted at every dose."""

    def __init__(self, program: Program) -> None:
        self.program, self.model = program, build(program)
        lanes = Lanes(1, fused=True)
        text = codegen.generate(self.model, lanes).replace("define internal", "define")
        machine = compiled._target_machine()
        self.engine = llvm.create_mcjit_compiler(llvm.parse_assembly(text), machine)
        self.engine.finalize_object()
        pointer = ctypes.c_void_p
        self.rates = ctypes.CFUNCTYPE(None, *[pointer] * 4)(self.engine.get_function_address("rates"))
        self.jacobian = ctypes.CFUNCTYPE(None, *[pointer] * 5)(self.engine.get_function_address("jacobian"))
        self.prologue = ctypes.CFUNCTYPE(None, *[pointer] * 2)(self.engine.get_function_address("prologue_pack"))

    def run(self, parameters: np.ndarray, doses: list[float], tolerance: float) -> np.ndarray:
        """States at TIMES, (times, states)."""
        model, program = self.model, self.program
        derived, inputs = np.zeros(len(model.patient_nodes)), np.array([entry.value for entry in program.inputs])
        matrix, waste = np.zeros(model.elimination.size), np.zeros(len(program.states))
        self.prologue(parameters.ctypes.data, derived.ctypes.data)
        rows, columns, _ = (np.array(column) for column in zip(*model.entries, strict=True))
        slots = np.array([model.elimination.slot[row, column] for row, column, _ in model.entries])
        fixed = (derived.ctypes.data, inputs.ctypes.data)

        def rates(_: float, y: np.ndarray, out: np.ndarray) -> None:
            self.rates(y.ctypes.data, *fixed, out.ctypes.data)

        def jacobian(_: float, y: np.ndarray, __: np.ndarray, out: np.ndarray) -> None:
            self.jacobian(y.ctypes.data, *fixed, waste.ctypes.data, matrix.ctypes.data)
            out[rows, columns] = matrix[slots]

        scales = np.array([state.scale for state in program.states])
        options = {"rtol": tolerance, "atol": tolerance * 1e-3 * scales, "jacfn": jacobian, "max_num_steps": 10**6}
        y, t = program.initial_states(parameters[None, :])[0], 0.0
        found = {0.0: y.copy()}
        depot = program.index("state", "drug.depot")
        for limit in [*(dose for dose in doses if dose < HORIZON), HORIZON]:
            if limit > t:
                grid = np.unique(
                    [
                        t,
                        0.5 * (t + limit),
                        *TIMES[np.searchsorted(TIMES, t, "right") : np.searchsorted(TIMES, limit, "right")],
                        limit,
                    ]
                )
                solution = CVODE(rates, **options).solve(grid, y)
                found |= dict(zip(grid[1:], solution.y[1:].copy(), strict=True))
                y, t = solution.y[-1].copy(), limit
            if limit < HORIZON:
                y[depot] += 100.0
        return np.array([found[time] for time in TIMES])


def timed(function: Callable[[], Any], repeats: int = 3) -> tuple[float, Any]:
    """(shortest wall time in seconds, last result)."""
    best, result = np.inf, None
    for _ in range(repeats):
        begin = time.perf_counter()
        result = function()
        best = min(best, time.perf_counter() - begin)
    return best, result


def error(values: np.ndarray, reference: np.ndarray, scales: np.ndarray) -> float:
    return float(np.max(np.abs(values - reference) / (1e-3 * scales + np.abs(reference))))


def measure(regions: int, segments: int, cohort: int, few: int) -> dict[str, Any]:
    """All numbers for one size of the synthetic program."""
    program = observed(synthetic(regions, segments))
    begin = time.perf_counter()
    compiled.kernel(program)
    cold = time.perf_counter() - begin
    compiled._kernels.clear()
    warm, _ = timed(lambda: compiled.kernel(program), 1)
    report: dict[str, Any] = {"states": len(program.states), "compile_cold_s": cold, "compile_warm_s": warm, "runs": []}
    scales, table = np.array([state.scale for state in program.states]), patients(program, cohort)
    peer = Cvode(program)
    for label, doses in [("smooth", []), ("dosed", list(np.arange(0.0, HORIZON, DOSE_EVERY)))]:
        events = [[Event(float(t), "drug.depot", EventKind.ADD, 100.0) for t in doses]] * cohort
        schedule = Schedule.pack(program, events)
        first = {"schedule": schedule.take(range(few))}
        exact = simulate(program, table[:few], TIMES, tolerance=1e-10, **first).values
        gap = error(peer.run(table[0], doses, 1e-10), exact[0], scales)
        for tolerance in (1e-3, 1e-4, 1e-6):
            ask = lambda t=tolerance, s=schedule: simulate(program, table, TIMES, tolerance=t, schedule=s)  # noqa: E731
            seconds, result = timed(ask)
            other, states = timed(lambda t=tolerance, d=doses: [peer.run(table[i], d, t) for i in range(few)], 1)
            report["runs"].append(
                {
                    "case": label,
                    "tolerance": tolerance,
                    "patients_per_s": cohort / seconds,
                    "error": error(result.values[:few], exact, scales),
                    "steps": float(result.steps.mean()),
                    "rejected": float(result.rejected.mean()),
                    "cvode_patients_per_s": few / other,
                    "cvode_error": error(np.array(states), exact, scales),
                    "reference_gap": gap,
                }
            )
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="FILE", help="also write the numbers here")
    parser.add_argument("--patients", type=int, default=256, help="in each ensemble of the engine")
    parser.add_argument("--few", type=int, default=4, help="patients that CVODE is given")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CHARCOT_CACHE"] = folder  # so that the first start is a cold one
        reports = [measure(4, segments, options.patients, options.few) for segments in (1, 6, 9)]
    for report in reports:
        print(f"{report['states']} states: compiled in {report['compile_cold_s']:.2f} s, ", end="")
        print(f"from the cache in {report['compile_warm_s'] * 1e3:.0f} ms")
        for run in report["runs"]:
            print(
                f"  {run['case']:7}{run['tolerance']:.0e}  {run['patients_per_s']:8.0f} patients/s"
                f" (error {run['error']:.0e}, {run['steps']:.0f} + {run['rejected']:.1f} steps)"
                f"   CVODE {run['cvode_patients_per_s']:6.1f} patients/s (error {run['cvode_error']:.0e})"
            )
    if options.json:
        machine = {"processor": llvm.get_host_cpu_name(), "system": platform.platform(), "threads": 1}
        with open(options.json, "w") as file:
            json.dump({"machine": machine, "programs": reports}, file, indent=1)


if __name__ == "__main__":
    main()
