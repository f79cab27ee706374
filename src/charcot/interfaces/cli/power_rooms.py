"""The doors to operating characteristics: a protocol's grid of designs, its library of twins, and what is simulated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from charcot.interfaces.cli import layer_rooms
from charcot.interfaces.power_asked import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from charcot.fitting.assurance import Assured
    from charcot.patients import Assumed
    from charcot.trials import Protocol
    from charcot.trials.library.job import LibraryJob
    from charcot.trials.library.twins import Library
    from charcot.trials.power.grid import Cell, Grid
    from charcot.trials.power.operating import Bench

Progress = Callable[[int], None]


def grid(
    protocol: Protocol,
    sizes: Sequence[int],
    months: Sequence[float],
    effects: Sequence[float | None],
    entries: Mapping[str, Protocol],
) -> Grid:
    from charcot.trials.power.grid import Grid

    return Grid(protocol, tuple(sizes), tuple(months) or (None,), tuple(effects) or (None,), entries)


def library_job(grid: Grid, people: int, assumed: Assumed | None) -> LibraryJob:
    from charcot.trials.power.operating import library_job as job
    from charcot.trials.real_world import RealWorld

    return job(grid, people, RealWorld(assumed))


def build(job: LibraryJob, place: Path, workers: int, progress: Progress) -> Library:
    from charcot.trials.library.twins import build as make

    return make(job, place, workers, progress)


@contextmanager
def bench(grid: Grid, library: Library, workers: int) -> Iterator[Bench]:
    from charcot.trials.power.operating import Bench

    with Bench(grid, library, workers) as one:
        yield one


def characteristics(bench: Bench, cells: Sequence[Cell], replicates: int, progress: Progress) -> pd.DataFrame:
    from charcot.trials.power.operating import characteristics as measure

    return measure(bench, cells, replicates, progress)


def sizes(bench: Bench, asked: Asked, progress: Progress) -> tuple[pd.DataFrame, pd.DataFrame, list[Cell]]:
    """The smallest size of each design: a row each, what was tried, and the designs that were found."""
    import pandas as pd

    from charcot.core.units import DAYS_PER_MONTH
    from charcot.trials.power.sample_size import smallest

    assert asked.target is not None  # the caller asks only then
    rows, tried, found = [], [], []
    start = bench.grid.sizes[0]
    for cell in (one for one in bench.grid.cells() if one.n == start):
        months = bench.grid.visits(cell.months)[-1] / DAYS_PER_MONTH
        design = {"months": months, "effect": cell.effect, "entry": cell.entry}
        for endpoint, arm in bench.aims(cell):
            if endpoint != asked.endpoint:
                continue
            one = smallest(bench, cell, (endpoint, arm), asked.target, asked.replicates, progress)
            rows.append(
                {
                    **design, "estimand": endpoint, "arm": arm, "target": asked.target, "n": one.n,
                    "n_lower": one.lower, "n_upper": one.upper, "patients": one.patients, "power": one.power.value,
                    "power_error": one.power.error, "note": one.note,
                }
            )  # fmt: skip
            tried += [
                {**design, "arm": arm, "n": n, "trials": trials, "significant": hits, "power": hits / trials}
                for n, trials, hits in one.tried
            ]
            if one.n is not None:
                found.append(type(cell)(one.n, cell.months, cell.effect, cell.entry))
    columns = ["months", "effect", "entry"]
    table, history = pd.DataFrame(rows), pd.DataFrame(tried)
    for frame in (table, history):
        frame[columns] = frame[columns].astype({"months": float, "effect": float})
    return table, history, list(dict.fromkeys(found))


def looks(bench: Bench, cells: Sequence[Cell], asked: Asked, progress: Progress) -> pd.DataFrame:
    from charcot.trials.power.operating import looks_table

    return looks_table(bench, cells, asked.endpoint, asked.replicates, progress)


def assurance(
    grid: Grid, cells: Sequence[Cell], plausible: layer_rooms.Plausible, products: Sequence[str], base: Assumed | None,
    asked: Asked, workers: int, progress: Progress,
) -> Assured:  # fmt: skip
    from charcot.fitting import assurance as room
    from charcot.fitting import layers

    chosen = layers.models(plausible.count, grid.protocol.simulate.seed, products, base)
    return room.assurance(grid, cells, chosen, asked.model_replicates, asked.model_people, workers, progress)
