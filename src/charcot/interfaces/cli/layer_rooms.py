"""The doors to plausible models: what the evidence leaves open beside the central model (``--models``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

import typer

from charcot.interfaces.cli.rooms import Progress
from charcot.interfaces.cli.talk import Talk

if TYPE_CHECKING:
    from collections import Counter

    import numpy as np

    from charcot.core.errors import Problem
    from charcot.fitting.layers import Model, Open
    from charcot.interfaces.record_shapes import GainCell, StoredFit
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


def of_posteriors(asked: int | None) -> Plausible:
    """How many draws of the posterior of each rival hypothesis are simulated beside its fit; needs no ensemble."""
    from charcot.fitting import layers
    from charcot.interfaces.report.layers import NOT_SHOWN

    if asked == 1:
        return Plausible(0, 0, "", f"{NOT_SHOWN} of each hypothesis, as asked for (--models 1)")
    return Plausible(layers.MODELS if asked is None else asked, 1, "", "")


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
    from charcot.fitting import layers

    chosen = layers.models(asked.count, plan.seed, plan.products)
    found, failed, failures = _gains(plan, cells, chosen, workers, progress)
    return layers.open_of_people(found, _people(plan), len(cells), chosen, failed, failures)


def _people(plan: Plan) -> int:
    return 1 if plan.patient else plan.n


def _gains(
    plan: Plan, cells: Sequence[tuple[tuple[str, ...], int, float]], chosen: Sequence[Model], workers: int,
    progress: Progress,
) -> tuple[dict[int, tuple[np.ndarray, np.ndarray]], Counter[str], Counter[str]]:  # fmt: skip
    """By model what each person gains; models that gave nothing, and simulations that failed, by reason."""
    from collections import Counter

    from charcot.core.errors import Problems
    from charcot.studies.window import gains

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
    return found, failed, failures


@dataclass(frozen=True)
class RivalGains:
    """What patients gain in survival by AAV-miR-126 from onset on under each rival hypothesis, and under all by weight.

    Attributes:
        cells: a row of a sweep for each hypothesis, as fitted; ``opened``: what the evidence leaves open of it.
        together: the same of all hypotheses by their weight.
        weights: by hypothesis, 1 in all, of those under which somebody falls ill.
        failed: hypotheses under which nobody does, by reason.
    """

    cells: Mapping[str, GainCell]
    opened: Mapping[str, Open]
    together: Open
    weights: Mapping[str, float]
    failed: Mapping[str, str]


def rival_gains(
    stored: Mapping[str, StoredFit], weights: Mapping[str, float], seed: int, asked: Plausible, workers: int,
    progress: Progress,
) -> RivalGains:  # fmt: skip
    """The gains of :class:`RivalGains`; ``progress`` counts models, those as fitted included."""
    from collections import Counter

    from charcot.core.errors import Problems
    from charcot.disease.hypotheses import hypothesis
    from charcot.fitting import layers
    from charcot.interfaces.report.views import records
    from charcot.patients.assumptions import under_hypothesis
    from charcot.studies import window
    from charcot.studies.course import PRODUCT

    plan = window.Plan(products=(PRODUCT,), pairs=False, multiples=(1.0,), starts=(0.0,), n=GENE_THERAPY_PATIENTS,
                       seed=seed)  # fmt: skip
    cells: dict[str, GainCell] = {}
    opened: dict[str, Open] = {}
    failed: dict[str, str] = {}
    parts, everyone = [], []
    all_failed, all_failures = Counter[str](), Counter[str]()
    for name, fitted in stored.items():
        values = {row["name"]: float(row["value"]) for row in fitted["numbers"] if row["value"] is not None}
        try:
            table = window.cells(plan, workers, under=under_hypothesis(hypothesis(name), values))
        except Problems as error:
            failed[name] = error.problems[0].message
            progress(1 + asked.count)
            continue
        progress(1)
        cells[name] = cast("GainCell", next(row for row in records(table) if row["endpoint"] == plan.endpoint))
        chosen = layers.of_hypothesis(name, fitted, asked.count, seed, plan.products)
        found, none, failures = _gains(plan, plan.cells(), chosen, workers, progress)
        opened[name] = (
            layers.open_of_people(found, _people(plan), 1, chosen, none, failures) if chosen else nothing(asked.note)
        )
        parts.append((weights[name], found))
        everyone += chosen
        all_failed.update(none)
        all_failures.update(failures)
    whole = sum(weights[name] for name in cells)
    together = (
        layers.open_by_weight(parts, _people(plan), 1, everyone, all_failed, all_failures)
        if everyone
        else nothing(asked.note)
    )
    return RivalGains(cells, opened, together, {name: weights[name] / whole for name in cells}, failed)


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
