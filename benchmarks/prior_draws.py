"""How many simulations fail, or end in what cannot be, when every number is drawn from its prior.

    python benchmarks/prior_draws.py --patients 2000 [--width 1] [--seed 5]

All genotypes alike. Exit code 1 when half a per cent or more fail, or when one that says it ended well did not.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

from charcot.patients.prior_draws import Drawn, draws_of_all_genotypes

MOST = 0.005  # share that may fail


def show(drawn: Drawn) -> None:
    """Print counts by way of ending, and what went wrong with whom."""
    n = len(drawn.status)
    for status, count in zip(*np.unique(drawn.status, return_counts=True), strict=True):
        print(f"{status:32} {count:6}  {100 * count / n:.2f} %")
    print(f"{'failed':32} {drawn.failed.sum():6}  {100 * drawn.failed.mean():.2f} %")
    print(f"{'ended well, but impossible':32} {drawn.silent.sum():6}  {100 * drawn.silent.mean():.2f} %")
    for i in np.flatnonzero(drawn.failed | drawn.silent):
        print(f"  patient {i}, {drawn.genotype[i]}: {drawn.status[i]}; lowest: {drawn.state[i]} at {drawn.below[i]:g}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=2000)
    parser.add_argument("--width", type=float, default=1.0, help="of every prior, over its own")
    parser.add_argument("--seed", type=int, default=5)
    given = parser.parse_args()
    began = time.monotonic()
    drawn = draws_of_all_genotypes(given.patients, given.seed, given.width)
    show(drawn)
    print(f"{given.patients} patients, width {given.width:g}, seed {given.seed}; {time.monotonic() - began:.0f} s")
    return int(drawn.failed.mean() >= MOST or drawn.silent.any())


if __name__ == "__main__":
    sys.exit(main())
