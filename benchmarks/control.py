"""One commit against another, side by side: the same problems in turns, so that other work on the machine hits both.

    git worktree add --detach ../before COMMIT
    python benchmarks/control.py --before ../before

Each measurement is a process of its own, with the kernel compiled before. ``ms`` is processor time of all threads for
each patient; ``cores`` is processor time over time on the wall: how many of the workers' cores were busy, where nothing
else runs. Numbers are medians over the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
# name: (patients, years, workers)
COURSES = {
    "population, 5 years": (512, 5, 1),
    "the same on two workers": (512, 5, 2),
    "8 patients, 5 years": (8, 5, 1),
    "population, 30 years": (256, 30, 1),
}
ENGINE = {"als-undosed": (256, 1e-4), "als-daily": (16, 1e-5)}  # problem: (patients, tolerance)


def problems() -> dict[str, tuple[int, Callable[[int], Any]]]:
    """{problem: (patients, what to run with so many)}, in the tree that is first in the path."""
    from problems import TIMES, build

    from charcot import patients
    from charcot.engine import simulate

    cohort = patients.draw_cohort(patients.load_population("sporadic"), 512, seed=1)
    found: dict[str, tuple[int, Callable[[int], Any]]] = {}
    for name, (count, years, workers) in COURSES.items():

        def course(few: int, years: int = years, workers: int = workers) -> Any:
            return patients.simulate(cohort.take(range(few)), horizon_years=years, workers=workers)

        found[name] = count, course
    for name, (count, tolerance) in ENGINE.items():
        problem = build(name, count)

        def run(few: int, problem: Any = problem, tolerance: float = tolerance) -> Any:
            doses = problem.schedule(few)
            return simulate(problem.program, problem.table[:few], TIMES, schedule=doses, tolerance=tolerance)

        found[f"{name}, tolerance {tolerance:g}"] = count, run
    return found


def measure() -> dict[str, tuple[float, float]]:
    """{problem: (milliseconds of processor time a patient, cores in use)} in this process."""
    rows = {}
    for name, (count, run) in problems().items():
        run(1)  # compiles
        turns = max(1, 64 // count)
        cpu, wall = time.process_time(), time.monotonic()
        for _ in range(turns):
            run(count)
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
        rows[name] = (1e3 * cpu / count / turns, cpu / wall)
    return rows


def in_tree(tree: Path) -> dict[str, tuple[float, float]]:
    """The same in a process of ``tree``."""
    path = os.pathsep.join([str(tree / "src"), str(tree / "benchmarks")])
    command = [sys.executable, "-P", __file__, "--here"]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{tree}: the run failed:\n{done.stderr}")
    rows: dict[str, tuple[float, float]] = json.loads(done.stdout)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, help="a checkout of the other commit")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--here", action="store_true", help="measure the tree in PYTHONPATH and print JSON")
    asked = parser.parse_args()
    if asked.here:
        print(json.dumps(measure()))
        return
    if asked.before is None:
        parser.error("name the checkout to compare with: --before FOLDER")
    rounds = [[in_tree(tree) for tree in (asked.before.resolve(), HERE)] for _ in range(asked.rounds)]
    print("| problem | before, ms a patient | now | ratio | cores in use, before | now |\n|---|--:|--:|--:|--:|--:|")
    for name in rounds[0][0]:
        old, new = ([statistics.median(r[k][name][i] for r in rounds) for i in (0, 1)] for k in (0, 1))
        ratio = statistics.median(r[0][name][0] / r[1][name][0] for r in rounds)
        print(f"| {name} | {old[0]:.2f} | {new[0]:.2f} | **{ratio:.2f}** | {old[1]:.2f} | {new[1]:.2f} |")


if __name__ == "__main__":
    main()
