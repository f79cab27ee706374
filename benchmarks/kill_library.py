"""Kill the build of a library of twins three times, go on, and compare every byte with an undisturbed build.

    python benchmarks/kill_library.py --people 20000 --workers 2

``kill -9`` of all its processes at a sixth, a third and a half of the undisturbed wall time, each of a build that goes
on from what the one before had finished.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def build(place: Path, people: int, workers: int) -> None:
    from charcot.trials import load_protocol, templates
    from charcot.trials.library import twins
    from charcot.trials.power.grid import Grid
    from charcot.trials.power.operating import library_job
    from charcot.trials.real_world import RealWorld

    grid = Grid(load_protocol(templates()["aav-mir126"]), (150,), (12.0,))
    twins.build(library_job(grid, people, RealWorld()), place, workers)


def same(one: Path, other: Path) -> bool:
    files = [sorted(p.relative_to(place) for p in place.rglob("*") if p.is_file()) for place in (one, other)]
    return files[0] == files[1] and not any(filecmp.cmpfiles(one, other, [str(p) for p in files[0]], shallow=False)[1:])


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--people", type=int, default=20_000)
    words.add_argument("--workers", type=int, default=2)
    words.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.build:
        build(given.build, given.people, given.workers)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        whole, killed = Path(folder, "whole"), Path(folder, "killed")
        command = [sys.executable, __file__, "--people", str(given.people), "--workers", str(given.workers), "--build"]
        begun = time.monotonic()
        subprocess.run([*command, str(whole)], check=True)
        wall = time.monotonic() - begun
        print(f"undisturbed: {wall:.0f} s")
        for share in (1 / 6, 1 / 3, 1 / 2):
            one = subprocess.Popen([*command, str(killed)], start_new_session=True)
            time.sleep(share * wall)
            ended = one.poll() is not None
            if not ended:
                os.killpg(one.pid, signal.SIGKILL)
            one.wait()
            print("it had finished" if ended else f"killed with {sum(p.is_file() for p in killed.rglob('*'))} files")
        subprocess.run([*command, str(killed)], check=True)
        alike = same(whole, killed)
        print("the same bytes" if alike else "NOT the same bytes")
        return 0 if alike else 1


if __name__ == "__main__":
    sys.exit(main())
