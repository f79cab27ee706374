"""Progress of a long count of patients: how many, how fast, how long still."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from charcot.interfaces.cli.rhythm import duration, telling
from charcot.interfaces.cli.talk import Advance, Talk


class Pace:
    """Counts patients, and puts the count into words. ``clock`` gives seconds."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.total, self.clock = total, clock
        self.before, self.done = 0, 0
        self.began = clock()

    def already(self, count: int) -> None:
        """So many were there before: they say nothing about the speed. The clock starts now."""
        self.before = count
        self.began = self.clock()

    def advance(self, count: int) -> None:
        self.done += count

    @property
    def seconds(self) -> float:
        return self.clock() - self.began

    @property
    def rate(self) -> float:
        """Patients per second of this session."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    def words(self) -> str:
        """Such as ``12,000 of 1,000,000 patients, 1,210/s, 13 min 37 s left``."""
        reached = self.before + self.done
        text = f"{reached:,} of {self.total:,} patients"
        if self.done and self.rate:
            text += f", {say_rate(self.rate)}/s, {duration((self.total - reached) / self.rate)} left"
        return text


def say_rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"


@contextlib.contextmanager
def pacing(talk: Talk, text: str, pace: Pace) -> Iterator[Advance]:
    """Show ``pace`` while patients are counted: a bar on a terminal, elsewhere a line now and then."""
    if not talk.err.is_terminal:
        talk.say(f"{text} ...")
        with telling(talk.say, pace.words):
            yield pace.advance
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"))
    with Progress(*columns, console=talk.err, transient=True) as progress:
        task = progress.add_task(text, total=pace.total, words=pace.words())

        def advance(count: int) -> None:
            pace.advance(count)
            progress.update(task, completed=pace.before + pace.done, words=pace.words())

        yield advance
    talk.say(f"{text}: {pace.words()}")
