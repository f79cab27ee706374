"""Kill a population's run at random moments, resume it, and compare every byte with an undisturbed run.

    python benchmarks/kill.py                  # ten kills of the process, ten of a dask worker
    python benchmarks/kill.py --times 3 --seed 2

Half of the moments are uniform over the wall time of an undisturbed run, start-up included; the other half over its
time from the first finished chunk to the end. Where a run had ended before its kill, it is run again with half the
moment. ``kill -9`` each time.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

CHARCOT = [sys.executable, "-m", "charcot.interfaces.cli.main", "population"]
JOB = ["sporadic", "--patients", "600", "--horizon", "4 years", "--chunk", "20", "--trajectories", "3 months"]
FINISHED = "it had finished"
SPAWNED = "spawn_main"  # in the command line of a worker's process


def start(place: Path, *more: str) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen([*CHARCOT, *more, "--workers", "2"], cwd=place, stdout=quiet, stderr=quiet)


def contents(place: Path) -> dict[str, str]:
    """Every file of the one run in ``place`` with its checksum; the manifest tells the time and is left out."""
    (folder,) = (place / "runs").iterdir()
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in (".lock", "manifest.json"))
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def recorded(place: Path) -> int:
    """How many chunks are finished."""
    return len(list(place.glob("runs/*/records/*.json")))


def undisturbed(place: Path, *more: str) -> tuple[dict[str, str], float, float]:
    """What the run writes, its seconds, and its seconds from the first chunk on."""
    began = time.monotonic()
    process = start(place, *JOB, *more)
    first = wait_for_work(place, process)
    if process.wait() != 0:
        raise SystemExit("the undisturbed run failed")
    return contents(place), time.monotonic() - began, time.monotonic() - first


def wait_for_work(place: Path, process: subprocess.Popen[bytes]) -> float:
    """The time at which the first chunk is finished."""
    while process.poll() is None and not recorded(place):
        time.sleep(0.02)
    return time.monotonic()


def let_run(place: Path, process: subprocess.Popen[bytes], moment: float, from_work: bool) -> None:
    """Wait until the moment of the kill, or the end."""
    if from_work:
        wait_for_work(place, process)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=moment)


def kill_process(place: Path, moment: float, from_work: bool) -> str:
    """Kill the whole run, then resume it as its own message would say; returns what was there at the kill."""
    process = start(place, *JOB)
    let_run(place, process, moment, from_work)
    state = FINISHED
    if process.poll() is None:
        process.kill()
        process.wait()
        state = f"{recorded(place)} chunks were recorded"
    found = list(place.glob("runs/*/job.json"))
    resumed = start(place, "--resume", str(found[0].parent)) if found else start(place, *JOB)
    if resumed.wait() != 0:
        state += ", THE RESUMED RUN FAILED"
    return state


def kill_worker(place: Path, moment: float, from_work: bool) -> str:
    """Kill one of the two dask workers; the run itself goes on."""
    process = start(place, *JOB, "--scheduler", "local")
    let_run(place, process, moment, from_work)
    workers: list[psutil.Process] = []
    while process.poll() is None and not workers:
        children = psutil.Process(process.pid).children(recursive=True)
        workers = [child for child in children if SPAWNED in " ".join(child.cmdline())]
        time.sleep(0.05)
    if not workers:
        return FINISHED
    state = f"{recorded(place)} chunks were recorded"
    random.choice(workers).kill()
    if process.wait(timeout=900) != 0:
        state += ", THE RUN FAILED"
    return state


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=["process", "worker"], help="kill only these")
    asked = parser.parse_args()
    draws = random.Random(asked.seed)
    random.seed(asked.seed)
    wrong = 0
    with tempfile.TemporaryDirectory() as root:
        reference: dict[str, str] = {}
        for name, kill, more in (("process", kill_process, ()), ("worker", kill_worker, ("--scheduler", "local"))):
            if asked.only not in (None, name):
                continue
            place = Path(root) / name
            place.mkdir()
            found, seconds, working = undisturbed(place, *more)
            reference = reference or found
            print(f"{name}: undisturbed {seconds:.1f} s, {len(found)} files, equal: {found == reference}", flush=True)
            wrong += found != reference
            for number in range(asked.times):
                trial = Path(root) / f"{name}-{number}"
                trial.mkdir()
                from_work = number % 2 == 1
                moment = draws.uniform(0, working if from_work else seconds)
                while (state := kill(trial, moment, from_work)) == FINISHED:
                    shutil.rmtree(trial / "runs")
                    moment /= 2
                equal = contents(trial) == reference
                wrong += not equal
                since = "after the first chunk" if from_work else "after the start"
                print(f"  kill -9 {moment:4.1f} s {since}, {state}; the final run is equal: {equal}", flush=True)
    print("all equal" if not wrong else f"{wrong} DIFFER")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
