"""What every verb that makes a run folder has in common."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from charcot.core.pieces import keeping
from charcot.interfaces import runs
from charcot.interfaces.cli import rooms
from charcot.interfaces.cli.talk import Talk
from charcot.interfaces.provenance import manifest, versions
from charcot.interfaces.report.content import say

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

    from charcot.interfaces.report.views import Material

REPORT = "report.html"
SUMMARY = "summary.json"
MOST_LAYERED = 3  # figures of a group whose layers are printed
MOST_GROUPS = 12  # of key figures that are printed; all are in the summary
GIVEN = "given_to_people"  # of the manifest and of --json: a sentence for each treatment


@dataclass(frozen=True)
class Job:
    """One run to be made: what it is, where it goes, how it is computed."""

    title: str
    identity: Mapping[str, object]
    root: Path
    force_new: bool
    workers: int


@dataclass(frozen=True)
class Product:
    """What a run computed. ``material`` is asked for the report once the manifest is known. ``given`` says of each
    treatment whether people were ever given it; each row of ``summary`` with ``lower`` and ``upper`` names in
    ``interval`` what they are."""

    summary: Sequence[Mapping[str, object]]
    failures: Mapping[str, int]
    tables: Mapping[str, pd.DataFrame]
    material: Callable[[Mapping[str, object]], Material]
    protocol: Mapping[str, object] = field(default_factory=dict)
    given: Sequence[str] = ()


def identity(verb: str, **inputs: object) -> dict[str, object]:
    """What the run's name is the hash of: inputs, versions, and the model's and the evidence's content."""
    return {
        "verb": verb,
        **inputs,
        "versions": versions(),
        "program_hash": rooms.program_hash(),
        "evidence_hash": rooms.evidence_hash(),
    }


def execute(talk: Talk, job: Job, compute: Callable[[], Product]) -> None:
    """Compute into a new run folder, or name the identical run that is there already."""
    runs.sweep(job.root)
    name = runs.run_name(job.title, job.identity)
    target, known = runs.place_for(job.root, name, force_new=job.force_new)
    if known:
        talk.say(f"An identical run is there and was left as it is: {target}. With --force-new it is run again.")
        _announce(talk, target, stored_summary(target), stored_given(target), existing=True)
        return
    began = time.monotonic()
    with runs.making(target) as making:
        take_up(talk, making)
        with keeping(making.pieces):
            product = compute()
            if making.pieces.trouble:
                talk.say(f"note: an interruption would have lost what was finished: {making.pieces.trouble}")
        with making.writing() as folder:
            _write(talk, folder, job, product, began)
    failed = sum(product.failures.values())
    if failed:
        talk.say(f"{failed:,} simulated patients failed; the report counts them by reason.")
    _announce(talk, target, list(product.summary), list(product.given), existing=False)


def take_up(talk: Talk, making: runs.Making) -> None:
    """Say what an interrupted run has left to go on from."""
    if kept := making.kept():
        talk.say(f"Goes on from an interrupted run of the same: {kept} there already.")


def _write(talk: Talk, folder: Path, job: Job, product: Product, began: float) -> None:
    files = [REPORT, SUMMARY, "manifest.json"]
    with talk.stage("Writing tables"):
        files += runs.write_tables(folder / "tables", product.tables)
        if product.protocol:
            runs.write_yaml(folder / "protocol.yaml", product.protocol)
            files.append("protocol.yaml")
        runs.write_json(folder / SUMMARY, list(product.summary))
    made = manifest(
        job.identity, seconds=time.monotonic() - began, workers=job.workers, failures=product.failures, files=files
    ) | {GIVEN: list(product.given)}
    with talk.stage("Drawing the report"):
        from charcot.interfaces.report.compose import write_report

        (folder / REPORT).write_text(write_report(product.material(made)), encoding="utf-8")
    runs.write_json(folder / "manifest.json", made)


def stored_summary(target: Path) -> list[dict[str, object]]:
    try:
        stored: list[dict[str, object]] = json.loads((target / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    # JSON has no infinity: a median that is never reached was written as the word "inf".
    return [{k: float(v) if v in ("inf", "-inf") else v for k, v in row.items()} for row in stored]


def stored_given(target: Path) -> list[str]:
    """What the manifest of a finished run says of its treatments."""
    try:
        stored: list[str] = json.loads((target / runs.MANIFEST).read_text(encoding="utf-8")).get(GIVEN, [])
    except (OSError, ValueError):
        return []
    return stored


def _announce(
    talk: Talk, target: Path, summary: Sequence[Mapping[str, object]], given: Sequence[str], *, existing: bool
) -> None:
    """The key figures, what was given to people, and where everything lies, on stdout."""
    if summary:
        talk.show(*key_figures(summary))
    talk.show(*given)
    talk.show(f"Report: {target / REPORT}")
    talk.data(
        {
            "ok": True,
            "existing": existing,
            "run": str(target),
            "report": str(target / REPORT),
            GIVEN: list(given),
            "summary": [dict(row) for row in summary],
        }
    )


def key_figures(summary: Sequence[Mapping[str, object]]) -> list[RenderableType]:
    """Simulated beside published: one table per group, one line per figure.

    Where a group has published values, its other figures are left to the report, and their number is said.
    """
    groups: dict[str, list[Mapping[str, object]]] = {}
    for row in summary:
        groups.setdefault(str(row.get("group") or "Key figures"), []).append(row)
    parts: list[RenderableType] = []
    for group, rows in list(groups.items())[:MOST_GROUPS]:
        compared = [row for row in rows if not _missing(row.get("published"))]
        shown = compared or rows
        parts.append(_figures_table(group, shown, bool(compared)))
        parts += _layer_lines(shown)
        if len(shown) < len(rows):
            parts.append(f"... and {len(rows) - len(shown)} more figures in the report.")
        parts.append("")
    if len(groups) > MOST_GROUPS:
        parts.append(f"... and {len(groups) - MOST_GROUPS:,} more groups in {SUMMARY}.")
    return parts


def _layer_lines(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """The three layers of the first figures of a group that have them; the report has all."""
    layered = [row for row in rows if row.get("layers")]
    if not layered:
        return []
    from charcot.interfaces.report.layers import stored_sentence

    told = [stored_sentence(cast("Mapping[str, Mapping[str, object]]", row["layers"])) for row in layered]
    lines = [f"{row['quantity']}: {sentence}" for row, sentence in zip(layered, told, strict=True)]
    more = len(lines) - MOST_LAYERED
    return [*lines[:MOST_LAYERED], *([f"... and the layers of {more} more in the report."] if more > 0 else [])]


def _figures_table(title: str, rows: Sequence[Mapping[str, object]], published: bool) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    spans = [_span(row) for row in rows]
    kinds = list(dict.fromkeys(kind for _, kind in spans if kind))
    if len(kinds) == 1:
        table.caption = f"Range: {kinds[0]}."
        table.caption_justify = "left"
    ranged = ["Range"] if kinds else []
    told = ["Range is"] if len(kinds) > 1 else []
    headings = ["Figure", "Unit", "Simulated", *ranged, *told, *(["Published"] if published else []), "In words"]
    for heading in headings:
        right = heading in ("Simulated", "Published")
        table.add_column(heading, justify="right" if right else "left", overflow="fold", no_wrap=heading == "Range")
    for row, (span, kind) in zip(rows, spans, strict=True):
        beside = [_text(row.get("published"))] if published else []
        ranges = [span, kind][: len(ranged) + len(told)]
        cells = [row["quantity"], row["unit"], _text(row["simulated"]), *ranges, *beside, row.get("verdict") or ""]
        table.add_row(*(Text(str(cell)) for cell in cells))
    return table


def _span(row: Mapping[str, object]) -> tuple[str, str]:
    """The interval of a figure and what it is; nothing where there is none. An interval without a name is an error of
    the verb that made it."""
    low, high = row.get("lower"), row.get("upper")
    if _missing(low) and _missing(high):
        return "", ""
    if not row.get("interval"):
        raise ValueError(f"the interval of {row['quantity']!r} does not say what it is")
    return f"{_text(low)} to {_text(high)}", str(row["interval"])


def _missing(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float) and value != value)


def _text(value: object) -> str:
    if _missing(value):
        return "–"
    return say(float(value)) if isinstance(value, int | float) else str(value)
