"""Assurance beside power: how often a trial would succeed when the model itself is one of those the evidence allows.

Power is that of the central model. Under each plausible model (:mod:`charcot.fitting.layers`) a library of twins of its
own is simulated and the same trials are drawn from it; assurance is the mean of the models' powers: the chance of
success where the model's numbers are as uncertain as the evidence leaves them.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from charcot.core import pieces
from charcot.core.errors import Problems
from charcot.core.units import DAYS_PER_MONTH
from charcot.fitting.layers import Model
from charcot.patients import Assumed
from charcot.trials.library.job import LibraryJob
from charcot.trials.library.twins import join
from charcot.trials.power.grid import Cell, Grid
from charcot.trials.power.operating import Bench, library_job, power_of
from charcot.trials.power.tally import ratio
from charcot.trials.real_world import RealWorld
from charcot.trials.world import World

PEOPLE = 600  # drawn under each model unless told otherwise
BLOCK = 200  # of them simulated at once, and kept
KEY = ["n", "patients", "months", "effect", "entry", "estimand", "arm"]

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Assured:
    """What plausible models make of the power of some designs.

    Attributes:
        table: a row for each design and contrast: the columns of ``KEY``, ``models``, ``assurance``, ``error`` (its
            Monte-Carlo standard error: of the models drawn and of their trials), ``lower``, ``upper`` (the lowest and
            highest power of a model), ``none`` (the share of models with an effect of none).
        powers: a row for each model, design and contrast: ``model``, ``power``, ``value`` (the large-sample effect).
        failed: models whose trial cannot be filled, by reason.
        note: why there is nothing, where there is nothing.
    """

    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    powers: pd.DataFrame = field(default_factory=pd.DataFrame)
    models: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    note: str = ""


def assurance(
    grid: Grid,
    cells: Sequence[Cell],
    chosen: Sequence[Model],
    replicates: int,
    people: int = PEOPLE,
    workers: int = 1,
    progress: Progress | None = None,
    world: Callable[[Assumed], World] = RealWorld,
) -> Assured:
    """Simulate the designs' trials ``replicates`` times under each of the models.

    Args:
        people: drawn for each model's library. A trial that is larger than what entry rules leave of them meets its
            twins again.
        progress: called with 1 after each model.
    """
    rows, failed = [], Counter[str]()
    for model in chosen:
        job = library_job(grid, people, world(model.assumed))
        try:
            rows += _powers(grid, cells, job, model, replicates, workers)
        except Problems as error:
            failed[error.problems[0].message] += 1
        if progress is not None:
            progress(1)
    powers = pd.DataFrame(rows)
    return Assured(_table(powers, chosen), powers, len(chosen), failed)


def _powers(
    grid: Grid, cells: Sequence[Cell], job: LibraryJob, model: Model, replicates: int, workers: int
) -> list[dict[str, object]]:
    spans = [(first, min(first + BLOCK, job.size)) for first in range(0, job.size, BLOCK)]
    blocks = (
        pieces.piece("twins of models", [model.number, *span], functools.partial(job.block, *span)) for span in spans
    )
    rows = []
    with Bench(grid, join(job, blocks), workers, f"model {model.number}") as bench:
        for cell in cells:
            size = sum(grid.arm_sizes(cell.n))
            tallies = bench.treated(cell, replicates)
            for (endpoint, arm), aim in bench.aims(cell).items():
                share = power_of(tallies[endpoint, arm], aim, endpoint, size)
                value = aim.at(endpoint, size)
                rows.append(
                    {
                        "model": model.number,
                        "n": cell.n,
                        "patients": size,
                        "months": grid.visits(cell.months)[-1] / DAYS_PER_MONTH,
                        "effect": math.nan if cell.effect is None else cell.effect,
                        "entry": cell.entry,
                        "estimand": endpoint,
                        "arm": arm,
                        "power": share.value,
                        "power_error": share.error,
                        "value": math.exp(value) if ratio(endpoint) else value,
                    }
                )
    return rows


def _table(powers: pd.DataFrame, chosen: Sequence[Model]) -> pd.DataFrame:
    if powers.empty:
        return powers
    nothing = {model.number for model in chosen if model.without}
    rows = []
    for key, group in powers.groupby(KEY, sort=False, dropna=False):
        values, count = group["power"], len(group)
        rows.append(
            {
                **dict(zip(KEY, key, strict=True)),
                "models": count,
                "assurance": float(values.mean()),
                "error": float(values.std(ddof=1)) / math.sqrt(count) if count > 1 else math.nan,
                "lower": float(values.min()),
                "upper": float(values.max()),
                "none": float(group["model"].isin(nothing).mean()),
            }
        )
    return pd.DataFrame(rows)
