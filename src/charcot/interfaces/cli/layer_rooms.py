"""The doors to plausible models: what the evidence leaves open beside the central model (``--models``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

import typer

from charcot.interfaces.cli.rooms import Progress
from charcot.interfaces.cli.talk import Talk

if TYPE_CHECKING:
    from charcot.core.errors import Problem
    from charcot.fitting.layers import Open
    from charcot.interfaces.record_shapes import GainCell
    from charcot.patients import Assumed
    from charcot.studies.window import Plan
    from charcot.trials import Protocol

Models = Annotated[
    int | None,
    typer.Option(
        "--models",
        min=1,
        help="Plausible models to simulate beside the central one: what the evidence leaves open. 1: the central model "
        "alone. Without it: a few, where an ensemble is stored.",
    ),
]

GENE_THERAPY_PATIENTS = 60  # of the demo, each untreated and from three starts on


@dataclass(frozen=True)
class Plausible:
    """Which plausible models are simulated: ``count`` of them, none for the central model alone, and then why."""

    count: int
    replicates: int
    ensemble: str
    note: str

    def identity(self) -> dict[str, object]:
        """What a run's name is made of."""
        if not self.count:
            return {"models": 1}
        return {"models": self.count, "replicates": self.replicates, "ensemble": self.ensemble}


def plausible(asked: int | None, usual: int | None = None) -> Plausible:
    """The models to simulate, ``usual`` unless asked otherwise.

    Raises:
        charcot.core.errors.Problems: fewer are stored than asked for.
    """
    from charcot.core.errors import raise_if_any
    from charcot.interfaces.report.layers import NOT_SHOWN

    known = stored()
    if asked is None and known < 2:
        why = "no ensemble of plausible models is stored ('charcot population fit --store' makes one)"
        return Plausible(0, 0, "", f"{NOT_SHOWN}, for {why}")
    if asked == 1:
        return Plausible(0, 0, "", f"{NOT_SHOWN}, as asked for (--models 1)")
    from charcot.fitting import layers

    count = min(usual or layers.MODELS, known) if asked is None else asked
    raise_if_any(check_count(count), "these models cannot be simulated")
    return Plausible(count, layers.REPLICATES, layers.stored_hash(), "")


def stored() -> int:
    """How many models are stored."""
    from charcot.fitting.layers import stored as count

    return count()


def check_count(count: int) -> list[Problem]:
    from charcot.fitting.layers import check_count as check

    return check(count)


def nothing(note: str) -> Open:
    """What there is to say of one model."""
    from charcot.fitting.layers import Open

    return Open(note=note)


def open_of_trial(
    protocol: Protocol,
    asked: Plausible,
    products: Sequence[str],
    base: Assumed | None,
    workers: int,
    progress: Progress,
    share: float = 1.0,
) -> Open:
    """The estimates of a protocol under plausible models, with a share of its patients."""
    from charcot.fitting import layers

    chosen = layers.models(asked.count, protocol.simulate.seed, products, base)
    return layers.open_of_trial(protocol, chosen, asked.replicates, workers, progress, share=share)


def open_of_cells(
    talk: Talk, words: str, plan: Plan, cells: Sequence[GainCell], asked: Plausible, workers: int
) -> Open:
    """What the people of a sweep gain in some of its cells (rows of its table) under plausible models, with a bar;
    without models the reason is said."""
    if not asked.count:
        talk.say(f"{asked.note}.")
        return nothing(asked.note)
    keys = [
        (tuple(cell["combination"].split(" + ")), int(cell["dose_level"]), float(cell["start_years"])) for cell in cells
    ]
    with talk.stage(f"{words}, under {asked.count} plausible models", total=asked.count) as advance:
        return open_of_sweep(plan, keys, asked, workers, advance)


def open_of_sweep(
    plan: Plan, cells: Sequence[tuple[tuple[str, ...], int, float]], asked: Plausible, workers: int, progress: Progress
) -> Open:
    """What the people of a sweep gain in some of its cells under plausible models; ``progress`` counts models."""
    from collections import Counter

    from charcot.core.errors import Problems
    from charcot.fitting import layers
    from charcot.studies.window import gains

    chosen = layers.models(asked.count, plan.seed, plan.products)
    found, failed, failures = {}, Counter[str](), Counter[str]()
    for model in chosen:
        try:
            ids, values, ended = gains(plan, cells, model.assumed, workers)
        except Problems as error:
            failed[error.problems[0].message] += 1
        else:
            found[model.number] = (ids, values)
            failures.update(ended)
        progress(1)
    people = 1 if plan.patient else plan.n
    return layers.open_of_people(found, people, len(cells), chosen, failed, failures)


def gene_therapy(seed: int, workers: int) -> tuple[Plan, list[GainCell]]:
    """What patients gain in survival by AAV-miR-126 from three starts on: the plan, and its cells as rows."""
    from charcot.interfaces.report.views import records
    from charcot.studies import window
    from charcot.studies.course import PRODUCT, STARTS

    plan = window.Plan(
        products=(PRODUCT,),
        pairs=False,
        multiples=(1.0,),
        starts=tuple(months / 12 for months in STARTS.values()),
        n=GENE_THERAPY_PATIENTS,
        seed=seed,
    )
    table = window.cells(plan, workers)
    rows = cast("list[GainCell]", records(table))
    return plan, [row for row in rows if row["endpoint"] == plan.endpoint]
