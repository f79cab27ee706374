"""``charcot population check``: the shipped patients beside every published figure that they are held against."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from charcot.core.errors import EXIT_CHECK_FAILED
from charcot.interfaces import runs
from charcot.interfaces.cli import population_rooms as rooms
from charcot.interfaces.cli.options import LARGEST_SEED, AsJson, Workers, worker_count
from charcot.interfaces.cli.talk import Talk

if TYPE_CHECKING:
    from rich.console import RenderableType

    from charcot.interfaces.record_shapes import CheckRecord, TargetRecord
    from charcot.trials.population_check import Checked

FEWEST = 100
TITLES = {False: "All incident patients", True: "Patients whom a trial's entry rules let in"}


def population_check(
    patients: Annotated[
        int,
        typer.Option("--patients", "-n", min=FEWEST, help="Incident patients; other populations have a tenth or more."),
    ] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Seed of all random draws.")] = 11,
    docs: Annotated[
        Path | None, typer.Option("--docs", help="Write population-check.md, a page of the documentation, here.")
    ] = None,
    store: Annotated[
        bool, typer.Option("--store", help="Keep the figures in the package: the explorer shows them.")
    ] = False,
    workers: Workers = 0,
    as_json: AsJson = False,
) -> None:
    """Hold the shipped patients against published figures, all of them and those that entry rules let into trials.

    Every target is printed, hit or missed. Exit code 1 when fewer are inside than are asked for.
    """
    talk = Talk(as_json)
    runs.check_places([docs] if docs else [])
    began = time.monotonic()
    total = rooms.people_to_simulate(patients)
    with talk.stage(f"Simulating {total:,} courses", total=total) as advance:
        stores = rooms.simulate(patients, seed, worker_count(workers), advance)
    with talk.stage("Reading what is recorded of them"):
        checked = rooms.score(stores, patients, seed)
    found = record(checked)
    for conditional, title in TITLES.items():
        talk.show(_table(title, [row for row in found["targets"] if row["conditional"] is conditional]), "")
    talk.show(_placebo_table(checked), *placebo_lines(checked), "")
    talk.show(*summary_lines(checked))
    if docs is not None:
        runs.write_text(docs / "population-check.md", rooms.page(found))
    if store:
        rooms.store_check(found)
    talk.say(f"{len(checked.verdicts)} targets in {time.monotonic() - began:.0f} s")
    talk.data(found)
    if not checked.passed:
        raise typer.Exit(EXIT_CHECK_FAILED)


def summary_lines(checked: Checked) -> list[str]:
    """How many targets are inside, how many are asked for, and the hashes of what was frozen."""
    lines = [
        f"{name}: {count['inside']} of {count['total']} inside ({100 * count['inside'] / count['total']:.0f} %, "
        f"{100 * rooms.least()[name]:.0f} % asked for)"
        for name, count in checked.counts().items()
    ]
    lines.append(f"ENCALS score among incident patients: c-index {checked.concordance:.2f} (published 0.78)")
    if checked.failed:
        lines.append(f"{checked.failed} simulated patients failed, and are in no figure")
    hashes = rooms.hashes()
    return [*lines, f"Frozen targets {hashes['targets']}, entry rules {hashes['entry_rules']}"]


def placebo_lines(checked: Checked) -> list[str]:
    """How well the decline of placebo arms was predicted, beside two rivals that know nothing of a trial's rules."""
    found = checked.placebo
    return [
        f"Placebo arms, {found.trials} trials, points/month: bias {found.bias:+.2f}, mean absolute error "
        f"{found.mean_absolute_error:.2f} (a constant {found.mean_absolute_error_constant:.2f}), "
        f"{100 * found.inside:.0f} % inside",
        f"Mean CRPS {found.crps:.3f}; mean of the other trials {found.crps_others:.3f}, a constant "
        f"{found.crps_constant:.3f}. SD between trials taken as {checked.predictions[0].between:.2f}, found "
        f"{found.between_found:.2f} in these",
    ]


def _placebo_table(checked: Checked) -> RenderableType:
    from rich.table import Table

    table = Table(title="Decline of placebo arms, points/month", title_justify="left", title_style="bold", box=None,
                  pad_edge=False)  # fmt: skip
    for heading in ("Trial", "Published (SE)", "Predicted", "95 % predictive interval", "CRPS", "Verdict"):
        table.add_column(heading, justify="left" if heading in ("Trial", "Verdict") else "right")
    for p in checked.predictions:
        table.add_row(
            p.trial,
            f"{p.published:.2f} ({p.standard_error:.2f})",
            f"{p.simulated:.2f}",
            f"{p.simulated - 1.96 * p.sd:.2f} to {p.simulated + 1.96 * p.sd:.2f}",
            f"{p.crps:.3f}",
            "inside" if p.inside else "OUTSIDE",
        )
    return table


def record(checked: Checked) -> CheckRecord:
    """The check for tools."""
    found: dict[str, object] = {
        "ok": checked.passed,
        "patients": checked.patients,
        "seed": checked.seed,
        "failed": checked.failed,
        "encals_concordance": checked.concordance,
        "placebo_arms": {
            **asdict(checked.placebo),
            "predicted": [rooms.prediction_record(p) for p in checked.predictions],
        },
        "targets": [rooms.verdict_record(verdict) for verdict in checked.verdicts],
        **checked.counts(),
        "hash": rooms.hashes()["targets"],
        "entry_rules_hash": rooms.hashes()["entry_rules"],
    }
    return cast("CheckRecord", found)


def _table(title: str, targets: Sequence[TargetRecord]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    from charcot.interfaces.report.population_page import cells

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for heading in ("Target", "Kind", "Unit", "Published", "Simulated", "May differ by", "Verdict"):
        table.add_column(heading, justify="right" if heading in ("Published", "Simulated", "May differ by") else "left")
    for row in targets:
        table.add_row(*(Text(cell) for cell in cells(row)))
    return table
