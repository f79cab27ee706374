"""How long simulated trials take from a built library, and how much memory: flat in their number.

    python benchmarks/power_replicates.py --replicates 24 100 1000 --workers 2

1,000 people are drawn for the template of AAV-miR-126; trials of 300 patients with 14 visits are analysed by every
endpoint but those that fit an MMRM. Each number of replicates runs in a process of its own; processor time is that of
all processes together.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

PEOPLE, PER_ARM, MONTHS = 1_000, 150, 12.0
MMRM = ("mmrm", "reference_based")


def measure(place: Path, replicates: int, workers: int) -> None:
    """Count trials, and print a row of the table."""
    from charcot.trials import load_protocol, templates
    from charcot.trials.estimands import ESTIMANDS
    from charcot.trials.library.twins import build
    from charcot.trials.power.grid import Grid
    from charcot.trials.power.operating import Bench, library_job
    from charcot.trials.real_world import RealWorld

    endpoints = tuple(name for name, one in ESTIMANDS.items() if one.analysis not in MMRM)
    protocol = load_protocol(templates()["aav-mir126"]).model_copy(update={"endpoints": endpoints})
    grid = Grid(protocol, (PER_ARM,), (MONTHS,))
    library = build(library_job(grid, PEOPLE, RealWorld()), place, workers)
    if not replicates:
        return
    cell = grid.cells()[0]
    with Bench(grid, library, workers) as bench:
        bench.aims(cell)
        began, used = time.monotonic(), time.process_time()
        bench.treated(cell, replicates)
        wall, used = time.monotonic() - began, time.process_time() - used
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = used + children.ru_utime + children.ru_stime
    print(f"| {replicates:,} | {wall:.0f} | {seconds:.0f} | {peak:.0f} | {children.ru_maxrss / 1024:.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, nargs="+", default=[24, 100, 1000])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        measure(Path(given.one[0]), int(given.one[1]), given.workers)
        return
    print(
        "| replicates | seconds | processor seconds | peak MB | peak MB of a worker |\n|--:|--:|--:|--:|--:|",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        for replicates in (0, *given.replicates):
            words = ["--one", folder + "/twins", str(replicates), "--workers", str(given.workers)]
            subprocess.run([sys.executable, __file__, *words], check=True)


if __name__ == "__main__":
    main()
