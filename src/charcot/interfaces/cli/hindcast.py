"""``charcot hindcast``: past trials simulated by their own rules, beside what was published of them."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charcot.core.errors import EXIT_CHECK_FAILED, Problem, Problems, Where
from charcot.interfaces import runs
from charcot.interfaces.cli import record_rooms as rooms
from charcot.interfaces.cli.options import LARGEST_SEED, AsJson, Workers, worker_count
from charcot.interfaces.cli.talk import Talk

if TYPE_CHECKING:
    from rich.table import Table

    from charcot.interfaces.record_shapes import HindcastRecord

FEWEST = 100
NOT_JUDGED = "A part of the board is not judged: leave out --trial for all of it."
SCORES = (
    "CRPS: how far the prediction lies from what was published, in SDs among the published figures of the kind; 0 is "
    "best. PIT: the chance that was predicted of a figure at or below the published one."
)


def hindcast(
    trial: Annotated[
        list[str] | None,
        typer.Option("--trial", metavar="NAME", help="Only this past trial, beside rivals that know all. Repeatable."),
    ] = None,
    patients: Annotated[
        int,
        typer.Option("--patients", "-n", min=FEWEST, help="Incident patients; other populations have a tenth or more."),
    ] = 4000,
    seed: Annotated[int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Seed of all random draws.")] = 11,
    causes: Annotated[bool, typer.Option("--causes/--no-causes", help="Also why trials failed.")] = True,
    docs: Annotated[
        Path | None, typer.Option("--docs", help="Write hindcast.md, a page of the documentation, here.")
    ] = None,
    store: Annotated[
        bool, typer.Option("--store", help="Keep the figures in the package: explorer and predictions use them.")
    ] = False,
    workers: Workers = 0,
    as_json: AsJson = False,
) -> None:
    """Hold past trials against the model: placebo arms, effects of drugs, and why trials failed.

    A placebo figure is predicted by what the model says, set right by how far it missed the other trials; the model
    alone is scored beside it. Every figure is printed, hit or miss. Exit code 1 when the whole board does not pass:
    fewer than 85 % of the trials' placebo figures inside, or a CRPS that is not below those of both rivals. A part of
    the board (--trial) is not judged: ``ok`` then says that it ran.
    """
    talk = Talk(as_json)
    runs.check_places([docs] if docs else [])
    if store and (trial or not causes):
        hint = "Leave out --trial and --no-causes, or --store."
        raise Problems([Problem("part-of-the-board", "a part of the board cannot be stored", Where("--store"), hint)])
    began = time.monotonic()
    trials, everyone = rooms.wanted(trial or ()), rooms.wanted(())
    total = rooms.courses_to_simulate(everyone, patients)
    with talk.stage(f"Simulating {total:,} courses", total=total) as advance:
        stores = rooms.simulate(everyone, patients, seed, worker_count(workers), advance)
    with talk.stage(f"Scoring {len(trials)} trials, with treated twins", total=len(trials)) as advance:
        board = rooms.score(trials, everyone, stores, seed, worker_count(workers), causes, advance)
    record = rooms.hindcast_record(board)
    talk.show(_figures(record), SCORES, "", _effects(record), "")
    if causes:
        talk.show(_causes(record), "")
    part = bool(trial)
    talk.show(*_summary(record, part))
    if docs is not None:
        rooms.write_hindcast(record, docs)
    if store:
        rooms.store_hindcast(record, board)
    talk.say(f"{len(record['trials'])} trials in {time.monotonic() - began:.0f} s")
    talk.data({**record, "ok": True, "verdict": NOT_JUDGED} if part else record)
    if not part and not record["ok"]:
        raise typer.Exit(EXIT_CHECK_FAILED)


def _table(title: str, headings: tuple[str, ...], texts: int) -> Table:
    """A table of which the first columns and the last one are texts."""
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for k, heading in enumerate(headings):
        table.add_column(heading, justify="left" if k < texts or k == len(headings) - 1 else "right")
    return table


def _figures(record: HindcastRecord) -> Table:
    headings = (
        "Trial", "Quantity", "Published (SE)", "Simulated", "Predicted", "95 % interval", "PIT", "CRPS", "Alone",
        "Verdict",
    )  # fmt: skip
    table = _table("Placebo arms", headings, 2)
    for row in record["trials"]:
        for p in row["figures"]:
            table.add_row(
                row["trial"], f"{p['quantity']}, {p['unit']}", f"{p['published']:g} ({p['standard_error']:.2g})",
                number(p["simulated"]), number(p["predicted"]), f"{number(p['lower'])} to {number(p['upper'])}",
                number(p["pit"]), number(p["crps"]), number(p["crps_model_alone"]),
                "inside" if p["inside"] else "OUTSIDE",
            )  # fmt: skip
    return table


def _effects(record: HindcastRecord) -> Table:
    headings = ("Drug", "Trial", "Measure", "Published (SE)", "Simulated", "95 % interval", "PIT", "Verdict")
    table = _table("Effects of drugs whose target is in the model, active less placebo", headings, 3)
    for row in record["trials"]:
        e = row["effect"]
        if e is not None:
            table.add_row(
                row["drug"], row["trial"], e["measure"], f"{e['published']:.2f} ({e['standard_error']:.2f})",
                number(e["simulated"]), f"{number(e['lower'])} to {number(e['upper'])}", number(e["pit"]),
                "hit" if e["hit"] else "MISS",
            )  # fmt: skip
    return table


def _causes(record: HindcastRecord) -> Table:
    causes = [(row["trial"], row["cause"]) for row in record["trials"] if row["cause"] is not None]
    factors = tuple(causes[0][1]["shares"]) if causes else ()
    table = _table(
        "Why trials failed: shares of the power that was lacking",
        ("Trial", "Power", "All mended", *factors, "First"),
        1,
    )
    for trial, cause in causes:
        shares = (number(cause["shares"][name]) for name in factors)
        table.add_row(
            trial, number(cause["power"]), number(cause["mended"]), *shares, cause["first"] or "too few people"
        )
    return table


def _summary(record: HindcastRecord, part: bool) -> list[str]:
    alone = sorted(row["trial"] for row in record["trials"] if row["no_target"])
    found, effects = record["placebo"], record["effects"]
    lines = [
        f"Placebo, one figure for each trial: {found['inside']} of {found['total']} inside "
        f"({100 * record['asked']['least_inside']:.0f} % asked for); mean CRPS {found['crps']:.3f}, of other trials "
        f"{found['crps_meta']:.3f}, of a constant {found['crps_constant']:.3f}",
        f"The model alone, without how far it missed the other trials: {found['inside_model_alone']} of "
        f"{found['total']} inside; mean CRPS {found['crps_model_alone']:.3f}. "
        f"{NOT_JUDGED if part else record['verdict']}",
        f"Drug effects: {effects['hit']} of {effects['total']} inside",
    ]
    if alone:
        lines.append(f"Simulated as placebo, since the drug's target is not in the model: {', '.join(alone)}")
    if record["failed"]:
        lines.append(f"{record['failed']} simulated patients failed, and are in no figure")
    return [
        *lines,
        f"Record {record['hash']}, entry rules {record['entry_rules_hash']}, targets {record['targets_hash']}",
    ]


def number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "none"
