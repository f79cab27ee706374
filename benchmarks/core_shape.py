"""The shape of the simulated course beside the published one, for those who change the disease core.

    python benchmarks/core_shape.py --patients 600 --seed 5 [--set pool.death_constant=0.004 ...]
    python benchmarks/core_shape.py --doses [--set tdp43-dose:NAME=VALUE ...]

``--set`` changes a number for this run: a local name in every region, a full name, or SYSTEM:NAME for what a mouse has
of its own.
"""

from __future__ import annotations

import argparse
import sys
import time

import pandas as pd

from charcot.core.errors import Problems
from charcot.patients import Assumed
from charcot.studies import course_shape, dose_response


def show(frame: pd.DataFrame) -> None:
    """The table as lines of text."""
    width = max(len(name) for name in frame["quantity"])
    for row in frame.to_dict("records"):
        asked = f"{row['lower']:g} to {row['upper']:g}" if row["verdict"] else ""
        print(
            f"{row['quantity']:{width}}  {row['simulated']:9.3g} {row['unit']:12} {asked:16} {row['verdict']:4}"
            f" {row['published']}"
        )


def course(patients: int, seed: int, under: Assumed, workers: int) -> None:
    """Print the table of the course."""
    bench = course_shape.simulate_bench(patients, seed, under, workers)
    frame = course_shape.table(course_shape.quantities(bench))
    show(frame)
    counts = frame["verdict"].value_counts()
    print(f"\n{counts.get('in', 0)} in, {counts.get('OUT', 0)} out; {patients} patients, seed {seed}, of whom "
          f"{len(bench.ill.onset)} fell ill and {bench.failed} failed")  # fmt: skip


def setting(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    return name.strip(), float(number)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=600)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--set", type=setting, action="append", default=[], metavar="NAME=VALUE", dest="values")
    parser.add_argument("--doses", action="store_true", help="graded doses in place of the course")
    given = parser.parse_args()
    began = time.monotonic()
    try:
        under = course_shape.assumed(dict(given.values))
        if given.doses:
            print(dose_response.text(under, given.workers))
        else:
            course(given.patients, given.seed, under, given.workers)
    except Problems as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
