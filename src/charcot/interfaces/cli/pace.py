"""Progress of a long count of patients: how many, how fast, how long still."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from charcot.interfaces.cli.talk import Advance, Talk

FIRST_LINE, SELDOM = 10.0, 300.0  # seconds between two lines where there is no terminal: more rarely in longer runs
LINES_KEPT = 20  # about one line per twentieth of the time so far


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


def duration(seconds: float) -> str:
    """``65`` seconds as ``1 min 5 s``; the two largest units."""
    whole = round(seconds)
    days, hours, minutes, rest = whole // 86400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    named = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next((k for k, (count, _) in enumerate(named) if count), 3)
    return " ".join(f"{count} {unit}" for count, unit in named[first : first + 2])


@contextlib.contextmanager
def pacing(talk: Talk, text: str, pace: Pace) -> Iterator[Advance]:
    """Show ``pace`` while patients are counted: a bar on a terminal, elsewhere a line now and then."""
    if not talk.err.is_terminal:
        talk.say(f"{text} ...")
        yield _lines(talk, pace)
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


def _lines(talk: Talk, pace: Pace) -> Advance:
    last = pace.clock()

    def advance(count: int) -> None:
        nonlocal last
        pace.advance(count)
        now = pace.clock()
        if now - last >= min(max(FIRST_LINE, pace.seconds / LINES_KEPT), SELDOM):
            last = now
            talk.say(pace.words())

    return advance
