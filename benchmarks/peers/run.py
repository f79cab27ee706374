"""Run one peer on one problem: ``python run.py PEER FOLDER OUT --tolerances 1e-4 1e-6 --few 2 --budget 10``.

Writes ``OUT`` (JSON: set-up time, memory, and per tolerance the seconds and the states' file) after every tolerance,
so that a process that is stopped for taking too long has said what it had measured by then.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from peers.problem import Problem

ABSENT = 3
LEAST = 0.1  # seconds of processor time of one measurement: the clock of some machines ticks every four milliseconds


def peak_megabytes() -> float:
    """The most memory that this process has held; what Linux tells of the program alone, not of its parent."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
        return float(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(name: str, folder: Path, out: Path, tolerances: list[float], few: int, budget: float) -> None:
    """Measure until all tolerances are done, or the budget in seconds is spent."""
    module = importlib.import_module(f"peers.{name}")
    problem = Problem.load(folder)
    loaded = peak_megabytes()  # with the peer's libraries in memory
    begin = time.process_time()
    peer = module.Peer(problem)
    report: dict[str, object] = {"setup_s": time.process_time() - begin, "points": [], "problem": problem.name}
    report |= getattr(peer, "extras", {})
    report["setup_s"] = report.get("build_s", report["setup_s"])  # with the compilers that the peer started
    spent = 0.0
    for tolerance in tolerances:
        point: dict[str, object] = {"tolerance": tolerance}
        if hasattr(peer, "ensemble"):
            states, measured = peer.ensemble(tolerance, few)
            point |= measured
        else:
            if hasattr(peer, "prepare"):
                peer.prepare(tolerance)
            states, seconds = [], []
            for patient in range(few):
                begin, runs, taken = time.process_time(), 0, 0.0
                while taken < LEAST:
                    answer = peer.run(patient, tolerance)
                    runs, taken = runs + 1, time.process_time() - begin
                states.append(answer)
                seconds.append(taken / runs)
                spent += taken
                if spent > budget:
                    break
            point |= {"patients": len(states), "patients_per_s": len(states) / sum(seconds)}
        point["error"] = error(np.array(states), problem)
        report["points"].append(point)  # type: ignore[attr-defined]
        report["memory_mb"] = peak_megabytes() - loaded
        out.write_text(json.dumps(report), encoding="utf-8")
        if spent > budget:
            break


def error(states: np.ndarray, problem: Problem) -> float:
    """The largest over patients, times and states of |y - reference| / (1e-3 scale + |reference|)."""
    reference = problem.reference[: len(states)]
    worst = np.abs(states - reference) / (1e-3 * problem.scales + np.abs(reference))
    return float(np.max(np.where(np.isnan(worst), np.inf, worst)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("peer")
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tolerances", type=float, nargs="+", required=True)
    parser.add_argument("--few", type=int, default=2)
    parser.add_argument("--budget", type=float, default=10.0)
    parser.add_argument("--limit", type=int, default=60, help="seconds of processor time after which to give up")
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CPU, (given.limit, given.limit + 5))
    try:
        run(given.peer, given.folder, given.out, given.tolerances, given.few, given.budget)
    except ModuleNotFoundError as missing:
        print(f"not installed: {missing.name}", file=sys.stderr)
        sys.exit(ABSENT)


if __name__ == "__main__":
    main()
