"""The board and the claims ledger as pages of the documentation, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from charcot.experiments.board import GROUPS, KINDS, Board, Scored, expectation
from charcot.experiments.definition import Claim
from charcot.interfaces.report.content import simulated_text
from charcot.interfaces.runs import write_text

MADE = "Made by `charcot reproduce --docs docs`; do not edit by hand."
NAMES = {
    "calibration": "Calibration",
    "validation": "Validation",
    "fresh": "Fresh",
    "negative_controls": "Negative controls",
}


def write_pages(board: Board, folder: Path) -> list[Path]:
    """Write ``board.md`` and ``claims.md``."""
    pages = {"board.md": _board(board), "claims.md": _claims(board)}
    for name, lines in pages.items():
        write_text(folder / name, "\n".join(lines) + "\n")
    return [folder / name for name in pages]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _rows(scored: Scored) -> Iterator[str]:
    for v in scored.verdicts:
        direction = " (direction)" if v.outcome.sign else ""
        cells = (
            v.outcome.what,
            v.outcome.published + direction,
            expectation(v.outcome),
            simulated_text(v),
            "hit" if v.passed else "miss",
        )
        yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _board(board: Board) -> Iterator[str]:
    counts = board.counts()
    yield "# The experiment board\n"
    yield f"{MADE} How it works: [experiments.md](experiments.md).\n"
    yield "| | hits | of |\n|---|--:|--:|"
    for group, name in ((group, name) for group, name in NAMES.items() if counts[group]["total"]):
        yield f"| {name} | {counts[group]['passed']} | {counts[group]['total']} |"
    kinds = board.kinds()
    yield "\n| outcomes that are | met | of |\n|---|--:|--:|"
    for kind in KINDS:
        yield f"| {kind}s | {kinds[kind]['met']} | {kinds[kind]['total']} |"
    first = board.as_first_registered()
    yield (
        f"\n{first['moved']} experiments were kept for validation at first; a mechanism was then built on them or "
        "numbers were fitted to them, so that they are calibration and marked as such. With all of them counted as "
        f"missed, validation stands at {first['passed']} of {first['total']}."
    )
    for group in (group for group in GROUPS if counts[group]["total"]):
        yield f"\n## {NAMES[group]}\n"
        for scored in (s for s in board.scored if s.group == group):
            yield f"### {scored.content.title}: {scored.verdict}\n"
            yield f"`{scored.name}`; {', '.join(scored.content.sources)}. "
            yield f"Tolerance: {_cell(scored.content.tolerance)}\n"
            if scored.content.moved:
                yield f"Validation at first: {_cell(scored.content.moved)}\n"
            yield "| outcome | published | expected | simulated | |\n|---|---|---|--:|---|"
            yield from _rows(scored)
            yield f"\nWhy it misses: {_cell(scored.why)}\n" if scored.why else ""


def _claims(board: Board) -> Iterator[str]:
    yield "# Claims ledger\n"
    yield f"{MADE} A verdict is computed from a check that ran; *contradicted* means that the model does not show it.\n"
    yield "| id | claim | evidence | verdict of the model |\n|---|---|---|---|"
    claims = sorted((s for s in board.scored if isinstance(s.content, Claim)), key=_place)
    for scored in claims:
        content = scored.content
        assert isinstance(content, Claim)
        yield f"| {content.id} | {_cell(content.claim)} | {content.strength} | {scored.verdict} |"
    for scored in claims:
        content = scored.content
        assert isinstance(content, Claim)
        yield f"\n## {content.id} {content.title}: {scored.verdict}\n"
        yield f"{content.claim} Mechanism: `{content.mechanism}`.\n"
        yield f"Evidence ({content.strength}): {_cell(content.evidence)} Sources: {', '.join(content.sources)}.\n"
        yield f"Check: {_cell(content.tolerance)}\n"
        yield f"Contradicted by: {_cell(content.contradicted_by)}\n"
        yield "| what the model shows | published | expected | simulated | |\n|---|---|---|--:|---|"
        yield from _rows(scored)
        if content.not_testable:
            yield f"\nNot testable here: {_cell(content.not_testable)}"
        if not scored.passed:
            yield f"\nWhy: {_cell(scored.why)}"


def _place(scored: Scored) -> tuple[int, str]:
    content = scored.content
    assert isinstance(content, Claim)
    return "AMPIC".index(content.id[0]), content.id
