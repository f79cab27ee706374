"""Kill a population's run at random moments, resume it, and compare every byte with an undisturbed run.

    python benchmarks/kill.py                  # ten kills of the process, ten of a dask worker
    python benchmarks/kill.py --times 3 --seed 2

The moments are uniform over the wall time of an undisturbed run, start-up included. ``kill -9`` each time.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

CHARCOT = [sys.executable, "-m", "charcot.interfaces.cli.main", "population"]
JOB = ["sporadic", "--patients", "600", "--horizon", "4 years", "--chunk", "20", "--trajectories", "3 months"]
SPAWNED = "spawn_main"  # in the command line of a worker's process


def start(place: Path, *more: str) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen([*CHARCOT, *more, "--workers", "2"], cwd=place, stdout=quiet, stderr=quiet)


def contents(place: Path) -> dict[str, str]:
    """Every file of the one run in ``place`` with its checksum; the manifest tells the time and is left out."""
    (folder,) = (place / "runs").iterdir()
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in (".lock", "manifest.json"))
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def undisturbed(place: Path, *more: str) -> tuple[dict[str, str], float]:
    began = time.monotonic()
    if start(place, *JOB, *more).wait() != 0:
        raise SystemExit("the undisturbed run failed")
    return contents(place), time.monotonic() - began


def kill_process(place: Path, moment: float) -> str:
    """Kill the whole run, then resume it as its own message would say; returns what was there at the kill."""
    process = start(place, *JOB)
    try:
        process.wait(timeout=moment)
        state = "it had finished"
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        state = f"{len(list(place.glob('runs/*/records/*.json')))} chunks were recorded"
    found = list(place.glob("runs/*/job.json"))
    resumed = start(place, "--resume", str(found[0].parent)) if found else start(place, *JOB)
    if resumed.wait() != 0:
        state += ", THE RESUMED RUN FAILED"
    return state


def kill_worker(place: Path, moment: float) -> str:
    """Kill one of the two dask workers; the run itself goes on."""
    process = start(place, *JOB, "--scheduler", "local")
    time.sleep(moment)
    workers: list[psutil.Process] = []
    while process.poll() is None and not workers:
        children = psutil.Process(process.pid).children(recursive=True)
        workers = [child for child in children if SPAWNED in " ".join(child.cmdline())]
        time.sleep(0.05)
    if not workers:
        return "it had finished"
    state = f"{len(list(place.glob('runs/*/records/*.json')))} chunks were recorded"
    random.choice(workers).kill()
    if process.wait(timeout=900) != 0:
        state += ", THE RUN FAILED"
    return state


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    draws = random.Random(asked.seed)
    random.seed(asked.seed)
    wrong = 0
    with tempfile.TemporaryDirectory() as root:
        reference: dict[str, str] = {}
        for name, kill, more in (("process", kill_process, ()), ("worker", kill_worker, ("--scheduler", "local"))):
            place = Path(root) / name
            place.mkdir()
            found, seconds = undisturbed(place, *more)
            reference = reference or found
            print(f"{name}: undisturbed {seconds:.1f} s, {len(found)} files, equal: {found == reference}", flush=True)
            wrong += found != reference
            for number in range(asked.times):
                trial = Path(root) / f"{name}-{number}"
                trial.mkdir()
                moment = draws.uniform(0, seconds)
                state = kill(trial, moment)
                equal = contents(trial) == reference
                wrong += not equal
                print(f"  kill -9 after {moment:5.1f} s, {state}; the final run is equal: {equal}", flush=True)
    print("all equal" if not wrong else f"{wrong} DIFFER")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
