"""How the command line talks: data on stdout, everything else on stderr, progress on anything slow."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from charcot.interfaces.cli.rhythm import Count, telling
from charcot.interfaces.runs import jsonable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Advance = Callable[[int], None]
_PIPE_WIDTH = 140  # a file or a pipe has no width of its own


def console(*, stderr: bool = False) -> Console:
    """A console for one stream; rich honours NO_COLOR."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=False, emoji=False)


class Talk:
    """The two streams of one command."""

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json
        self.err = console(stderr=True)

    def say(self, text: str) -> None:
        """A message to the person, on stderr."""
        self.err.print(text, markup=False, soft_wrap=True)

    def show(self, *things: RenderableType) -> None:
        """Something to read, on stdout; nothing when JSON was asked for."""
        if not self.as_json:
            out = console()
            for thing in things:
                out.print(thing, markup=False, soft_wrap=isinstance(thing, str))

    def data(self, content: object) -> None:
        """The JSON of the verb, on stdout, when it was asked for."""
        if self.as_json:
            sys.stdout.write(json.dumps(jsonable(content), indent=2, ensure_ascii=False) + "\n")

    @contextlib.contextmanager
    def stage(self, text: str, total: int | None = None) -> Iterator[Advance]:
        """One slow step. On a terminal a bar with the time left; elsewhere a line, and more now and then."""
        if not self.err.is_terminal:
            self.say(f"{text} ...")
            if total is None:
                yield _ignore
                return
            count = Count(total)
            with telling(self.say, count.words):
                yield count.advance
            return
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        columns = (
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TextColumn("left"), TimeRemainingColumn(), TextColumn("so far"), TimeElapsedColumn(),
        )  # fmt: skip
        with Progress(*columns, console=self.err, transient=True) as progress:
            task = progress.add_task(text, total=total)
            yield lambda done: progress.advance(task, done)
        self.say(f"{text}: done")


def _ignore(_done: int) -> None:
    """Progress that nobody watches."""
