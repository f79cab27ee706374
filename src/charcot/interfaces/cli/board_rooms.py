"""The doors to the experiment board: every call of ``charcot reproduce`` goes through here, loaded late."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from charcot.interfaces.cli.rooms import Progress

if TYPE_CHECKING:
    from charcot.core.errors import Problem
    from charcot.experiments.board import Board
    from charcot.experiments.definition import Experiment, Outcome
    from charcot.experiments.reading import Entry


def check_board(fresh: bool) -> list[Problem]:
    """Everything that is wrong with the board; ``fresh``: with the fresh sets too."""
    from charcot.experiments.reading import check_board as check
    from charcot.experiments.reading import check_fresh

    return [*check(), *(check_fresh() if fresh else ())]


def wanted(words: Sequence[str], fresh: bool) -> list[Entry[Experiment]]:
    """The experiments and claims that are meant: names and files. Without words all of the board, the fresh sets among
    it, or with ``fresh`` these alone.

    Raises :class:`charcot.core.errors.Problems`: an unknown name with the nearest ones, what is wrong in a file.
    """
    from charcot.core.errors import Problem, raise_if_any
    from charcot.core.identifiers import close_to
    from charcot.experiments.reading import entries, fresh_names, read_file
    from charcot.experiments.reading import fresh as fresh_entries

    asked = not words or not set(words).isdisjoint(fresh_names())
    known = {**entries(), **(fresh_entries() if asked else {})}
    found, problems = [], []
    for word in dict.fromkeys(words):
        if word in known:
            found.append(known[word])
        elif Path(word).suffix in (".yaml", ".yml") or _is_there(Path(word)):
            entry, wrong = read_file(Path(word))
            problems += wrong
            found += [entry] if entry else []
        else:
            hint = f"{close_to(word, (*known, *fresh_names()))} A file of your own ends in .yaml."
            problems.append(Problem("unknown-experiment", f"no experiment or claim is called {word!r}", None, hint))
    names = [entry.name for entry in found]
    for name in sorted({name for name in names if names.count(name) > 1}):
        message = f"two of the experiments that are to be run are called {name!r}"
        problems.append(Problem("name-twice", message, None, "Rename one of the files."))
    raise_if_any(problems, "these experiments cannot be run")
    return found or [entry for entry in known.values() if entry.fresh or not fresh]


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def cache_folder() -> Path:
    from charcot.engine.compiled import cache_folder as folder

    return folder()


def run_board(entries: Sequence[Entry[Experiment]], progress: Progress, workers: int) -> Board:
    from charcot.experiments.board import run_board as run

    return run(entries, progress, workers)


def store_baseline(board: Board) -> None:
    from charcot.experiments.board import store_baseline as store

    store(board)


def board_records(board: Board) -> list[dict[str, object]]:
    """Every experiment of a board for tools."""
    from charcot.experiments.board import record

    return [record(scored) for scored in board.scored]


def expectation(outcome: Outcome) -> str:
    from charcot.experiments.board import expectation as words

    return words(outcome)


def write_board_pages(board: Board, folder: Path) -> None:
    from charcot.interfaces.report.board_pages import write_pages

    write_pages(board, folder)
