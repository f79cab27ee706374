"""The doors to the experiment board: every call of ``charcot reproduce`` goes through here, loaded late."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from charcot.interfaces.cli.rooms import Progress


def check_board() -> list[Any]:
    from charcot.experiments.reading import check_board as check

    return list(check())


def board_names(names: Sequence[str]) -> list[str]:
    """The experiments and claims that are meant; an unknown name is a problem with the nearest ones."""
    from charcot.core.errors import Problem, raise_if_any
    from charcot.core.identifiers import did_you_mean
    from charcot.experiments.reading import entries

    known = entries()
    raise_if_any(
        Problem("unknown-experiment", f"no experiment or claim is called {name!r}", None, did_you_mean(name, known))
        for name in names
        if name not in known
    )
    return list(dict.fromkeys(names)) or list(known)


def cache_folder() -> Path:
    from charcot.engine.compiled import cache_folder as folder

    return folder()


def run_board(names: Sequence[str], progress: Progress, workers: int) -> Any:
    from charcot.experiments.board import run_board as run

    return run(names, progress, workers)


def store_baseline(board: Any) -> None:
    from charcot.experiments.board import store_baseline as store

    store(board)


def board_records(board: Any) -> list[dict[str, Any]]:
    """Every experiment of a board for tools."""
    from charcot.experiments.board import record

    return [record(scored) for scored in board.scored]


def expectation(outcome: Any) -> str:
    from charcot.experiments.board import expectation as words

    return words(outcome)


def write_board_pages(board: Any, folder: Path) -> None:
    from charcot.interfaces.report.board_pages import write_pages

    write_pages(board, folder)
