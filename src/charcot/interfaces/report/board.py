"""The experiment board as one self-contained page, or as a folder with a picture of each experiment."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from charcot.experiments.board import Board, Scored, expectation, record
from charcot.experiments.definition import Claim
from charcot.experiments.reading import products_given
from charcot.interfaces.report.charts.intervals import beside_expected
from charcot.interfaces.report.charts.lines import Axes, curves
from charcot.interfaces.report.compose import to_html
from charcot.interfaces.report.content import (
    Block,
    Figure,
    KeyMessage,
    Prose,
    Report,
    Section,
    Sheet,
    Table,
    simulated_text,
)
from charcot.interfaces.report.picture import draw
from charcot.interfaces.runs import jsonable, write_text
from charcot.treatments import standing_of_experiments

TITLES = {
    "calibration": "Calibration: experiments that set numbers",
    "validation": "Validation: experiments that set none",
    "fresh": "Fresh: experiments whose rules were fixed before the first run",
    "negative_controls": "Negative controls: nothing should happen",
    "claims": "Claims ledger",
}
DAYS = {"day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25}
MOST_POINTS = 160
RISK = (
    "A hit means that the simulated value lies in the stated range, no more. Many ranges hold a direction only, with a "
    "margin of the board's own. The board is no validation for any decision about a patient or a trial."
)


def board_page(board: Board) -> str:
    """The whole board as HTML."""
    return to_html(_report(board))


def write_folder(board: Board, folder: Path) -> None:
    """``board.html``, ``board.json`` and one SVG for each experiment."""
    folder.mkdir(parents=True, exist_ok=True)
    report = _report(board)
    write_text(folder / "board.html", to_html(report))
    content = {"experiments": [record(s) for s in board.scored], "outcomes": board.kinds(), **board.counts()}
    text = json.dumps(jsonable(content), indent=2, ensure_ascii=False)
    write_text(folder / "board.json", text + "\n")
    for section in report.sections:
        for block in section.blocks:
            if isinstance(block, Figure):
                svg = block.svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
                write_text(folder / f"{block.name}.svg", svg)


def _report(board: Board) -> Report:
    counts = {group: c for group, c in board.counts().items() if c["total"]}
    words = "; ".join(f"{TITLES[g].split(':')[0].lower()} {c['passed']} of {c['total']}" for g, c in counts.items())
    given = standing_of_experiments(products_given(s.content for s in board.scored))
    question = "What that laboratories and clinics have published does the model reproduce?"
    key = KeyMessage(question, words, "", RISK, given)
    sections = [_overview(board)]
    for group, title in TITLES.items():
        members = [s for s in board.scored if s.group == group]
        if members:
            blocks = tuple(block for s in members for block in _blocks(s))
            sections.append(Section(group.replace("_", "-"), title, blocks))
    return Report("The experiment board", f"{len(board.scored)} published experiments and claims", key, tuple(sections))


def _overview(board: Board) -> Section:
    rows = [(s.title, s.group.replace("_", " "), s.verdict, s.why) for s in board.scored]
    table = Table.of(("Experiment", "Counts as", "Verdict", "Where it misses, why"), rows)
    return Section("overview", "All at a glance", (Sheet("Every experiment and claim", table),))


def _blocks(scored: Scored) -> list[Block]:
    content = scored.content
    finding = f"{scored.title}: {scored.verdict}"
    lines = [f"Source: {', '.join(content.sources)}. Tolerance: {content.tolerance}"]
    if isinstance(content, Claim):
        lines.insert(0, f"{content.id}. {content.claim} Evidence ({content.strength}): {content.evidence}")
        lines.append(f"Contradicted by: {content.contradicted_by}")
        if content.not_testable:
            lines.append(f"Not testable here: {content.not_testable}")
    if scored.why:
        lines.append(f"Why it misses: {scored.why}")
    table = _table(scored)
    if not scored.verdicts:
        return [Prose((finding, *lines))]
    label = f"Simulated values beside the expected ranges of {len(scored.verdicts)} outcomes."
    note = " ".join(lines)
    blocks: list[Block] = []
    if scored.curves:
        blocks.append(Figure(scored.name, finding, label, _curves(scored, finding, label), table, note))
    else:
        svg = draw(beside_expected(_strips(scored)), scored.name, finding, label)
        blocks.append(Figure(scored.name, finding, label, svg, table, note))
    return blocks


def _table(scored: Scored) -> Table:
    rows = [
        (
            v.outcome.what,
            v.outcome.unit,
            v.outcome.published + (" (direction)" if v.outcome.sign else ""),
            expectation(v.outcome),
            simulated_text(v),
            "hit" if v.passed else "miss",
        )
        for v in scored.verdicts
    ]
    return Table.of(("Outcome", "Unit", "Published", "Expected", "Simulated", "Verdict"), rows)


def _strips(scored: Scored) -> Any:
    import pandas as pd

    rows = [
        (v.outcome.what, v.outcome.unit, v.simulated, *v.outcome.bounds, "hit" if v.passed else "miss")
        for v in scored.verdicts
    ]
    return pd.DataFrame(rows, columns=["quantity", "unit", "simulated", "lower", "upper", "verdict"])


def _curves(scored: Scored, finding: str, label: str) -> str:
    import pandas as pd

    wanted = scored.content.draw
    assert wanted is not None
    frames = [
        pd.DataFrame({"x": _thin(c.days), "y": _thin(c.values), "series": c.arm}).assign(
            x=lambda f: f["x"] / DAYS[wanted.unit]
        )
        for c in scored.curves
    ]
    series = [c.arm for c in scored.curves]
    axes = Axes(f"{wanted.unit}s", wanted.read, height=240).fitted(series)
    return draw(curves(pd.concat(frames), series, axes), scored.name, finding, label)


def _thin(values: Sequence[float]) -> list[float]:
    step = max(1, len(values) // MOST_POINTS)
    return list(values[::step])
