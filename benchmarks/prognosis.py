"""Fit the model's own forecast of a patient's loss of function: the rows of ``trials/prognosis.csv``.

    python benchmarks/prognosis.py --people 1000 --library FOLDER

People of the template of AAV-miR-126 are simulated untreated (a library of twins); their change of the ALSFRS-R over
twelve months, as visits record it, is regressed on what the visit of randomisation recorded. Prints the table, and the
share of the variance that it explains in the half of the people that it was not fitted to.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

MONTHS = 12.0


def main() -> None:
    from charcot.core.units import DAYS_PER_MONTH
    from charcot.trials import load_protocol, templates
    from charcot.trials.library.replicates import records_of
    from charcot.trials.library.twins import build
    from charcot.trials.power.grid import Grid
    from charcot.trials.power.operating import library_job
    from charcot.trials.prognosis import columns
    from charcot.trials.real_world import RealWorld

    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--people", type=int, default=1000)
    words.add_argument("--workers", type=int, default=2)
    words.add_argument("--library", type=Path, required=True)
    given = words.parse_args()
    grid = Grid(load_protocol(templates()["aav-mir126"]), (150,), (MONTHS,))
    library = build(library_job(grid, given.people, RealWorld()), given.library, given.workers)
    records = records_of(library, grid.under(grid.cells()[0]))
    score, capacity, nfl = (records.values[name][0] for name in ("alsfrs_r", "vital_capacity", "nfl"))
    change = (score[:, -1] - score[:, 0]) / (records.days[-1] / DAYS_PER_MONTH)
    terms = columns(score[:, 0], capacity[:, 0], nfl[:, 0], records.months)
    table = np.column_stack(list(terms.values()))
    known = np.isfinite(change) & np.isfinite(table).all(axis=1)
    table, change = table[known], change[known]
    half = np.arange(len(change)) % 2 == 0
    trained = np.linalg.lstsq(table[half], change[half], rcond=None)[0]
    rest = change[~half] - table[~half] @ trained
    found = np.linalg.lstsq(table, change, rcond=None)[0]
    print("term,coefficient")
    for name, value in zip(terms, found, strict=True):
        print(f"{name},{value:.5g}")
    print(
        f"# {len(change)} people; explains {1 - rest.var() / change[~half].var():.2f} of the variance in the other half"
    )


if __name__ == "__main__":
    main()
