"""``charcot reproduce``: every published experiment and every claim, run beside what was published."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charcot.core.errors import EXIT_CHECK_FAILED, Problem, Problems, raise_if_any
from charcot.core.pieces import keeping
from charcot.interfaces import runs
from charcot.interfaces.cli import board_rooms, rooms
from charcot.interfaces.cli.execute import GIVEN, identity, take_up
from charcot.interfaces.cli.kinds import completing
from charcot.interfaces.cli.options import AsJson, Workers, worker_count
from charcot.interfaces.cli.talk import Talk
from charcot.interfaces.report.content import simulated_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from charcot.experiments.board import Board, Scored
    from charcot.experiments.definition import Experiment
    from charcot.experiments.reading import Entry

GROUPS = {
    "calibration": "Calibration: used to set numbers",
    "validation": "Validation: never used to set a number",
    "fresh": "Fresh: rules fixed before the first run",
    "negative_controls": "Negative controls: nothing should happen",
    "claims": "Claims ledger",
}


def reproduce(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAMES OR FILES]",
            help="Experiments or claims of the board, or files of your own; without, all.",
            autocompletion=completing("experiments"),
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="The fresh sets alone.")] = False,
    html: Annotated[Path | None, typer.Option("--html", help="Write the board with its pictures to this file.")] = None,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Write board.html, board.json and a picture of each to this folder.")
    ] = None,
    docs: Annotated[
        Path | None, typer.Option("--docs", help="Write board.md and claims.md, pages of the documentation, here.")
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="For developers: make this board the baseline of later ones.")
    ] = False,
    workers: Workers = 0,
    as_json: AsJson = False,
) -> None:
    """Run published experiments and claims, or files of your own; print expected, simulated and verdict.

    Misses stay on the board. Exit code 1 when an experiment is missed that the stored baseline has as a hit.
    """
    talk = Talk(as_json)
    if names and fresh:
        raise Problems([Problem("idle-option", "--fresh means all of the fresh sets: leave it out beside names")])
    if (names or fresh) and (accept or docs):
        message = "--accept and --docs need the whole board: leave names, files and --fresh out"
        raise Problems([Problem("partial-board", message)])
    runs.check_places([folder, docs], [html])
    with talk.stage("Checking the board"):
        wanted = board_rooms.wanted(names or (), fresh)
        if not all(entry.outside for entry in wanted):
            raise_if_any(board_rooms.check_board(any(entry.fresh for entry in wanted)), "the board is not sound")
    began = time.monotonic()
    with _board(talk, wanted, worker_count(workers)) as board:
        seconds = time.monotonic() - began
        given = rooms.standing_in_experiments([entry.content for entry in wanted])
        talk.show(*_page(board), *given)
        _write(talk, board, html, folder)
        if docs is not None:
            board_rooms.write_board_pages(board, docs)
    if accept:
        board_rooms.store_baseline(board)
    lost = board.lost()
    talk.show(*(f"LOST: {name} was a hit in the stored baseline" for name in lost))
    talk.say(f"{len(wanted)} experiments and claims in {seconds:.0f} s")
    talk.data(
        {
            "ok": not lost,
            "seconds": round(seconds, 1),
            "lost": lost,
            GIVEN: list(given),
            "experiments": board_rooms.board_records(board),
            "validation_as_first_registered": board.as_first_registered(),
            "outcomes": board.kinds(),
            "fresh_sets": board.fresh_sets(),
            **board.counts(),
        }
    )
    if lost:
        raise typer.Exit(EXIT_CHECK_FAILED)


@contextlib.contextmanager
def _board(talk: Talk, wanted: Sequence[Entry[Experiment]], workers: int) -> Iterator[Board]:
    """The board. It has no run folder: finished experiments lie in the cache until all is printed and written."""
    root = board_rooms.cache_folder()
    runs.sweep(root)
    place = root / runs.run_name("board", identity("reproduce", names=[[one.name, one.outside] for one in wanted]))
    with contextlib.ExitStack() as stack:
        try:
            making = stack.enter_context(runs.making(place))
        except (runs.CannotWrite, OSError):  # another one is at it, or there is no cache: nothing is kept
            pass
        else:
            take_up(talk, making)
            stack.enter_context(keeping(making.pieces))
        with talk.stage(_to_run(len(wanted)), total=len(wanted)) as advance:
            board = board_rooms.run_board(wanted, advance, workers)
        yield board


def _to_run(count: int) -> str:
    return "Running one experiment or claim" if count == 1 else f"Running {count} experiments and claims"


def _write(talk: Talk, board: Board, html: Path | None, folder: Path | None) -> None:
    if html is None and folder is None:
        return
    with talk.stage("Drawing"):
        from charcot.interfaces.report.board import board_page, write_folder

        if html is not None:
            runs.write_text(html, board_page(board))
        if folder is not None:
            write_folder(board, folder)
    talk.show(*(f"Board: {place}" for place in (html, folder and folder / "board.html") if place))


def _page(board: Board) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for group, title in GROUPS.items():
        members = [s for s in board.scored if s.group == group]
        if members:
            parts += [_table(title, members), ""]
    for group, count in board.counts().items():
        if count["total"]:
            parts.append(f"{group.replace('_', ' ')}: {count['passed']} of {count['total']}{_by_set(board, group)}")
    parts.append(_kinds(board.kinds()))
    first = board.as_first_registered()
    if first["moved"]:
        parts.append(
            f"validation as first registered: {first['passed']} of {first['total']} ({first['moved']} of them are "
            "calibration now, and counted as missed)"
        )
    return parts


def _by_set(board: Board, group: str) -> str:
    """Of the fresh ones how many of each set, where there is more than one of them."""
    own = [(number, one) for number, one in enumerate(board.fresh_sets(), start=1) if one["total"]]
    if group != "fresh" or len(own) < 2:
        return ""
    return " (" + ", ".join(f"set {number}: {one['passed']} of {one['total']}" for number, one in own) + ")"


def _kinds(kinds: Mapping[str, Mapping[str, int]]) -> str:
    """How many outcomes are sizes, how many directions, and how many of each are met."""
    words = ", ".join(f"{kinds[kind]['met']} of {kinds[kind]['total']} {kind}s" for kind in ("size", "direction"))
    share = 100 * kinds["size"]["total"] / max(sum(one["total"] for one in kinds.values()), 1)
    return f"outcomes met: {words}; {share:.0f} % of all outcomes are sizes"


def _table(title: str, members: Sequence[Scored]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for heading in ("Experiment", "Outcome", "Published", "Expected", "Simulated", "Verdict"):
        table.add_column(heading, justify="right" if heading == "Simulated" else "left", overflow="fold")
    for scored in members:
        first = True
        for line in lines_of(scored):
            table.add_row(Text(scored.title if first else ""), *(Text(cell) for cell in line))
            first = False
        if scored.why:
            table.add_row("", Text(scored.why, style="italic"))
    return table


def lines_of(scored: Scored) -> list[tuple[str, ...]]:
    """A line for each outcome; the last cell of the first is the verdict of the whole."""
    rows = [
        (
            v.outcome.what,
            v.outcome.published,
            board_rooms.expectation(v.outcome),
            simulated_text(v),
            "" if v.passed else "missed",
        )
        for v in scored.verdicts
    ]
    if not rows:
        return [("could not be run", "", "", "–", scored.verdict)]
    return [(*rows[0][:4], scored.verdict), *rows[1:]]
