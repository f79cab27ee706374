"""Kill commands at random moments, run them again, and compare every byte with an undisturbed run.

    python benchmarks/kill.py                              # each command ten times
    python benchmarks/kill.py --only trial fit --times 3 --seed 2
    python benchmarks/kill.py --only power --also="--people 20000" --times 3    # a large library of twins

``kill -9`` each time, at a moment uniform over the wall time of an undisturbed run; every other time from the moment on
at which the first piece is finished, since much of a short run is its start-up. Where a run had ended before its kill,
it is run again with half the moment. Then it is run again as its own message would say. What is in the folder must be
the same, nothing may be left beside it or in the cache, and no process of the killed command may live on.

``worker`` kills one of two dask workers of a population; the run itself goes on. Other load makes all of it slower, and
the moments less even: nothing else depends on it.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import random
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

CHARCOT = [sys.executable, "-m", "charcot.interfaces.cli.main"]
PROTOCOL = Path(__file__).parents[1] / "examples" / "first-trial.yaml"
SMALL_TRIAL = ["--set", "arms.0.n=6", "--set", "arms.1.n=6", "--replicates"]
POPULATION = ["population", "sporadic", "-n", "600", "--horizon", "4 years", "--chunk", "20", "--trajectories"]
MOUSE = ["rnls8_transgene_on", "rnls8_transgene_off", "rnls8_off_in_old_mice", "sod1_g93a_natural_history"]
COMMANDS: dict[str, list[str]] = {
    "population": [*POPULATION, "3 months"],
    "trial": ["trial", str(PROTOCOL), *SMALL_TRIAL, "8"],
    "shared": ["trial", str(PROTOCOL), *SMALL_TRIAL, "40", "--set", "simulate.pool=shared",
               "--set", "simulate.screened_per_replicate=100"],
    "power": ["power", str(PROTOCOL), "--n", "20", "--people", "3000", "--replicates", "20", "--models", "1"],
    "fit": ["fit", "--number", "person.base_tempo", "--number", "spread.rate",
            *(word for name in MOUSE for word in ("--experiment", name)), "--rounds", "2"],
    "compare": ["compare", "--fit", "--hypothesis", "energy_failure_first", "--hypothesis", "muscle_mir126_first",
                *(word for name in MOUSE[:2] for word in ("--experiment", name)), "--rounds", "1", "--draws", "2",
                "--candidate", "neurofilament_course_before_onset"],
    "board": ["reproduce", *MOUSE, "human_decline_of_score", "riluzole_survival", "--folder", "board"],
    "sweep": ["sweep", "--product", "tofersen", "--population", "sod1", "--no-pairs", "--start=-1,0,1", "-n", "8"],
    "gaps": ["evidence", "gaps", "-n", "4"],
    "demo": ["demo", "--replicates", "2"],
}  # fmt: skip
FINISHED = "it had finished"
SPAWNED = "spawn_main"  # in the command line of a worker's process
MARK = "CHARCOT_KILL"  # in the environment of a command and of all its processes
WORK = ("*/records/*.json", "*/pieces/*.piece")  # what a finished piece of work looks like in runs/ or the cache
# what tells when and how fast a run was made
TIMES = re.compile(rb'(date|wall time seconds)</th><td>[^<]*|"(date|seconds|wall_time_seconds)": "?[-+:.T\d]+')


def _hear_signals() -> None:
    """Under nohup, or as a job in the background, a command is born deaf to what it is to be ended by."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


class Place:
    """A folder in which a command runs, with a cache of its own for pieces; kernels are shared by a link."""

    def __init__(self, root: Path, kernels: Path) -> None:
        self.root, self.work, self.cache, self.mark = root, root / "work", root / "cache", secrets.token_hex(8)
        self.work.mkdir(parents=True)
        self.cache.mkdir(mode=0o700)
        for compiled in kernels.glob("[!.]*"):
            if compiled.is_file():
                try:
                    os.link(compiled, self.cache / compiled.name)
                except OSError:  # on another file system
                    shutil.copy2(compiled, self.cache / compiled.name)

    def start(self, words: list[str]) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "CHARCOT_CACHE": str(self.cache), MARK: self.mark}
        with (self.root / "told.txt").open("ab") as told:
            return subprocess.Popen(
                [*CHARCOT, *words], cwd=self.work, stdout=told, stderr=told, env=environment, preexec_fn=_hear_signals
            )

    def pieces(self) -> int:
        """How many pieces of work are finished."""
        return sum(len(list(folder.glob(how))) for folder in (self.work / "runs", self.cache) for how in WORK)

    def contents(self) -> dict[str, str]:
        """Every file, hidden ones too, with the checksum of its content but for times; and what is left elsewhere."""
        found = {}
        for path in sorted(p for p in self.work.rglob("*") if p.is_file() and p.name not in (".lock", "manifest.json")):
            text = TIMES.sub(b"", path.read_bytes()) if path.suffix in (".html", ".json") else path.read_bytes()
            found[str(path.relative_to(self.work))] = hashlib.sha256(text).hexdigest()
        left = [path.name for path in self.cache.iterdir() if path.name.startswith(".") or path.suffix == ".part"]
        return found | {f"left in the cache: {name}": "" for name in left}

    def processes(self) -> list[psutil.Process]:
        """Those of the command that are alive."""
        alive = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == self.mark:
                    alive.append(process)
        return alive

    def wait_for_nobody(self, seconds: float) -> list[psutil.Process]:
        """Those who are still alive after a while."""
        deadline = time.monotonic() + seconds
        while (alive := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return alive


def wait_for_work(place: Place, process: subprocess.Popen[bytes], wanted: int = 1) -> float:
    """The time at which the first pieces are finished."""
    while process.poll() is None and place.pieces() < wanted:
        time.sleep(0.02)
    return time.monotonic()


def undisturbed(place: Place, words: list[str]) -> tuple[dict[str, str], float, float]:
    """What the run writes, its seconds, and its seconds from the first finished piece on."""
    began = time.monotonic()
    process = place.start(words)
    first = wait_for_work(place, process)
    if process.wait() not in (0, 1):  # 1: the board has lost something
        raise SystemExit(f"the undisturbed run failed:\n{(place.root / 'told.txt').read_text()}")
    return place.contents(), time.monotonic() - began, time.monotonic() - first


def let_run(place: Place, process: subprocess.Popen[bytes], moment: float, from_work: bool) -> None:
    """Wait until the moment of the kill, or the end."""
    if from_work:
        wait_for_work(place, process)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=moment)


def kill_process(place: Place, words: list[str], moment: float, from_work: bool) -> str:
    """Kill the whole run, then run it again; returns what was there at the kill."""
    process = place.start(words)
    let_run(place, process, moment, from_work)
    if process.poll() is not None:
        return FINISHED
    process.kill()
    process.wait()
    state = f"{place.pieces()} pieces were kept"
    if place.wait_for_nobody(10.0):
        state += ", PROCESSES LIVE ON"
    if place.start(words).wait() not in (0, 1):
        state += ", THE RESUMED RUN FAILED"
    return state


def kill_worker(place: Place, words: list[str], moment: float, from_work: bool) -> str:
    """Kill one of the two dask workers; the run itself goes on."""
    process = place.start(words)
    let_run(place, process, moment, from_work)
    workers: list[psutil.Process] = []
    while process.poll() is None and not workers:
        children = psutil.Process(process.pid).children(recursive=True)
        workers = [child for child in children if SPAWNED in " ".join(child.cmdline())]
        time.sleep(0.05)
    if not workers:
        return FINISHED
    state = f"{place.pieces()} pieces were kept"
    random.choice(workers).kill()
    if process.wait(timeout=900) != 0:
        state += ", THE RUN FAILED"
    return state


Kill = Callable[[Place, list[str], float, bool], str]


def try_command(name: str, also: list[str], root: Path, kernels: Path, times: int, draws: random.Random) -> int:
    """How many of ``times`` kills did not end as they should; ``also``: further words of the command."""
    kill: Kill = kill_worker if name == "worker" else kill_process
    words = COMMANDS["population" if name == "worker" else name]
    words = [*words, *(["--scheduler", "local"] if name == "worker" else []), "--workers", "2", *also]
    reference, seconds, working = undisturbed(Place(root / name, kernels), words)
    print(f"{name}: undisturbed {seconds:.1f} s, {len(reference)} files", flush=True)
    wrong = int(any("left" in path or "/." in path for path in reference))
    for number in range(times):
        from_work = number % 2 == 1
        moment = draws.uniform(0, working if from_work else seconds)
        place = Place(root / f"{name}-{number}", kernels)
        while (state := kill(place, words, moment, from_work)) == FINISHED:
            shutil.rmtree(place.root)
            place = Place(place.root, kernels)
            moment /= 2
        found = place.contents()
        differing = [path for path in {*found, *reference} if found.get(path) != reference.get(path)]
        wrong += bool(differing) or state != state.lower()
        since = "after the first piece" if from_work else "after the start"
        ending = "equal" if not differing else f"DIFFERS in {', '.join(sorted(differing)[:5])}"
        print(f"  kill -9 {moment:4.1f} s {since}, {state}; the final run is {ending}", flush=True)
        shutil.rmtree(place.root)
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=[*COMMANDS, "worker"], nargs="+", help="kill only these")
    parser.add_argument(
        "--also", default="", help='further words of these: --also="--people 20000"; the last of an option counts'
    )
    asked = parser.parse_args()
    random.seed(asked.seed)
    wrong = 0
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        kernels = Path(os.environ.get("CHARCOT_CACHE") or Path.home() / ".cache" / "charcot")
        for name in asked.only or [*COMMANDS, "worker"]:
            wrong += try_command(name, asked.also.split(), root, kernels, asked.times, random.Random(asked.seed))
    print("all as they should be" if not wrong else f"{wrong} WRONG")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
