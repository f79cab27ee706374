"""The price of derivatives: compile time, and processor time per chosen parameter over that of a plain run.

    python benchmarks/sensitivity.py [--patients 64]

One core. ``gap`` is the largest difference, over patients, times, read-outs and parameters, between derivatives at
tolerance 1e-6 and central differences of runs at 1e-9, relative to the largest derivative by each parameter.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from precision import Question, disease, dosed

from charcot.core.program import Program
from charcot.engine import Stop, compiled, sensitivities, simulate
from charcot.engine.sensitivity import tangent_program

FEW = 2  # patients compared with central differences
STEP = 1e-3  # of ln p


def timed(function: Callable[[], Any], repeats: int = 1) -> float:
    """The shortest processor time in seconds."""
    best = np.inf
    for _ in range(repeats):
        begin = time.process_time()
        function()
        best = min(best, time.process_time() - begin)
    return best


def compile_times(program: Program) -> tuple[float, float]:
    """Seconds until the kernel is there: without a cache, and from the cache on disk."""
    cold = timed(lambda: compiled.kernel(program))
    compiled._kernels.clear()
    return cold, timed(lambda: compiled.kernel(program))


def gap(question: Question, chosen: tuple[str, ...]) -> float:
    """How far derivatives are from central differences."""
    _, program, table, times, options = question
    few = options | {"schedule": options["schedule"].take(range(FEW))}
    few |= {name: options[name][:FEW] for name in ("start",) if name in options}
    if "stop" in options:
        few["stop"] = Stop(options["stop"].state, options["stop"].thresholds[:FEW])
    found = sensitivities(program, table[:FEW], times, chosen, logarithmic=True, tolerance=1e-6, **few).derivatives
    worst = 0.0
    for place, name in enumerate(chosen):
        values = []
        for sign in (1, -1):
            moved = table[:FEW].copy()
            moved[:, program.index("parameter", name)] *= np.exp(sign * STEP)
            values.append(simulate(program, moved, times, tolerance=1e-9, **few).values)
        difference = (values[0] - values[1]) / (2 * STEP)
        both = np.isfinite(difference) & np.isfinite(found[..., place])
        largest = np.abs(difference[both]).max()
        if largest > 1e-4:  # below, the difference is of round-off
            worst = max(worst, np.abs(difference - found[..., place])[both].max() / largest)
    return worst


def measure(question: Question, chosen: tuple[str, ...]) -> None:
    """Print everything about one program."""
    name, program, table, times, options = question
    plain, tangent = compile_times(program), compile_times(tangent_program(program, chosen))
    print(f"{name}, {len(chosen)} parameters chosen")
    for label, (cold, warm) in (("plain", plain), ("with derivatives", tangent)):
        print(f"  compile {label:18}{cold:6.2f} s, from the cache {warm * 1e3:.0f} ms")
    for tolerance in (1e-3, 1e-4):
        ask = {"tolerance": tolerance, **options}
        alone = timed(lambda ask=ask: simulate(program, table, times, **ask), 3)
        both = timed(lambda ask=ask: sensitivities(program, table, times, chosen, **ask), 2)
        print(f"  {tolerance:.0e}: plain {alone:.3f} s, each parameter {(both - alone) / len(chosen) / alone:.2f} runs")
    print(f"  largest gap to central differences {gap(question, chosen):.1e}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=64)
    given = parser.parse_args()
    synthetic = "transport", "translate", "turnover", "supply", "death", "absorb", "eliminate", "soma_seed"
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CHARCOT_CACHE"] = folder  # so that the first start is a cold one
        measure(dosed(4, 6, given.patients), synthetic)
        question = disease(given.patients)
        measure(question, question[1].parameter_names[:160:20])


if __name__ == "__main__":
    main()
