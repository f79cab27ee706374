"""The commands that a user waits for, one commit against another, in turns, so that other work hits both.

    git worktree add --detach ../before COMMIT
    python benchmarks/side_by_side.py ../before [--only demo board] [--rounds 3] [--json FILE]

Each command is a process of its own in either tree, first with an empty kernel cache (cold: what it needs is compiled),
then again with what that left (warm). ``processor`` is the time of all its processes and threads, ``wall`` the time
that passes; the medians over the rounds are given, and how many times less the new tree takes. The tests keep their
kernels by themselves where the tree knows how to.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
CHARCOT = (sys.executable, "-c", "from charcot.interfaces.cli.main import main; main()")
# {out} is an empty folder, {n} the size of the population.
COMMANDS: dict[str, tuple[str, ...]] = {
    "demo": (*CHARCOT, "demo", "--force-new", "--out", "{out}"),
    "board": (*CHARCOT, "reproduce"),
    "population": (*CHARCOT, "population", "sporadic", "-n", "{n}", "--out", "{out}"),
    "fit": (*CHARCOT, "fit", "--number", "pool.death_constant", "--rounds", "1", "--force-new", "--out", "{out}"),
    "tests": (sys.executable, "-m", "pytest"),
}
TITLES = {
    "demo": "`charcot demo`",
    "board": "`charcot reproduce`",
    "population": "`charcot population sporadic -n {n}`",
    "fit": "`charcot fit` of one number in one round",
    "tests": "`make test`",
}
WARMTH = ("cold", "warm")
Seconds = tuple[float, float]  # processor, wall


def run(command: Sequence[str], tree: Path, cache: Path) -> Seconds:
    """Run a command with the sources of ``tree``. A failure ends the benchmark, with the end of what it wrote."""
    env = {**os.environ, "PYTHONPATH": str(tree / "src"), "CHARCOT_CACHE": str(cache)}
    with tempfile.TemporaryFile() as written:
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=tree, env=env, stdout=written, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):  # 1: an experiment missed, a test failed; the time counts all the same
            written.seek(0)
            tail = written.read().decode(errors="replace")[-2000:]
            raise SystemExit(f"{' '.join(command)} in {tree} ended with {process.returncode}:\n{tail}")
    return used.ru_utime + used.ru_stime, wall


def command_for(name: str, tree: Path, out: Path, patients: int) -> list[str]:
    """The command as it is called in one tree: tests run side by side where the tree's ``make test`` does so."""
    words = [word.format(out=out, n=patients) for word in COMMANDS[name]]
    if name == "tests" and "--dist loadfile" in (tree / "Makefile").read_text(encoding="utf-8"):
        words = [*words[:3], "-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder"]
    return words


def measure(name: str, trees: dict[str, Path], rounds: int, patients: int) -> dict[str, dict[str, list[Seconds]]]:
    """{tree: {cold or warm: seconds of each round}}; the trees take turns."""
    found: dict[str, dict[str, list[Seconds]]] = {tree: {warmth: [] for warmth in WARMTH} for tree in trees}
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as scratch:
            for warmth in WARMTH:
                order = list(trees) if number % 2 == 0 else list(trees)[::-1]
                for tree in order:
                    place = Path(scratch) / tree
                    if name == "tests" and warmth == "cold":
                        shutil.rmtree(trees[tree] / ".pytest_cache" / "d" / "kernels", ignore_errors=True)
                    out = place / f"out-{warmth}"
                    command = command_for(name, trees[tree], out, patients)
                    found[tree][warmth].append(run(command, trees[tree], place / "cache"))
                    print(f"{name}, {warmth}, {tree}: {found[tree][warmth][-1][1]:.1f} s", file=sys.stderr, flush=True)
    return found


def table(found: dict[str, dict[str, dict[str, list[Seconds]]]], patients: int) -> str:
    """The measurements as a table for docs/benchmarks.md."""
    lines = [
        "| command | kernels | processor before, s | now, s | times less | wall before, s | now, s | times less |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, trees in found.items():
        for warmth in WARMTH:
            cells = []
            for which in (0, 1):
                before, now = (
                    statistics.median(seconds[which] for seconds in trees[tree][warmth]) for tree in ("before", "now")
                )
                cells += [f"{before:.1f}", f"{now:.1f}", f"{before / now:.1f}"]
            lines.append(f"| {TITLES[name].format(n=patients)} | {warmth} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="a checkout of the commit to compare with")
    parser.add_argument("--only", nargs="+", choices=COMMANDS, default=list(COMMANDS))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--patients", type=int, default=4096, help="of the population")
    parser.add_argument("--json", type=Path, help="write every measurement to this file")
    chosen = parser.parse_args()
    trees = {"before": chosen.before.resolve(), "now": HERE}
    if not (trees["before"] / "src" / "charcot").is_dir():
        parser.error(f"{chosen.before} is no checkout of Charcot")
    found = {}
    for name in chosen.only:
        found[name] = measure(name, trees, chosen.rounds, chosen.patients)
        if chosen.json:
            chosen.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(table(found, chosen.patients))


if __name__ == "__main__":
    main()
