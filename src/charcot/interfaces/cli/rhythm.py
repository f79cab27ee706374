"""Lines about a long step where there is no terminal: a few, ever more seldom, also while nothing advances."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

FIRST, USUAL, SELDOM = 10.0, 30.0, 300.0  # seconds before the first line, the next ones, and in very long steps
LINES_KEPT = 20  # a line per twentieth of the time so far, once that is longer than the usual
HEAD_START = 1.0  # seconds: what is done by then was there before, and says nothing about the speed


class Count:
    """How much of something is done, in words. ``clock`` gives seconds."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.total, self.clock, self.began = total, clock, clock()
        self.done, self.before = 0, 0

    def advance(self, count: int) -> None:
        if self.clock() - self.began < HEAD_START:
            self.before += count
        self.done += count

    def words(self) -> str:
        """Such as ``120 of 480 (25 %), 2 min 0 s so far, about 6 min 0 s left``."""
        seconds = self.clock() - self.began
        share = f" ({100 * self.done // self.total} %)" if self.total else ""
        text = f"{self.done:,} of {self.total:,}{share}, {duration(seconds)} so far"
        fresh, left = self.done - self.before, self.total - self.done
        return text + (f", about {duration(left * seconds / fresh)} left" if fresh > 0 and left >= 0 else "")


@contextlib.contextmanager
def telling(say: Callable[[str], None], words: Callable[[], str]) -> Iterator[None]:
    """Say ``words`` now and then, until the end."""
    over, began = threading.Event(), time.monotonic()

    def tell() -> None:
        pause = FIRST
        with contextlib.suppress(OSError, ValueError):  # nobody may be there to read it any more
            while not over.wait(pause):
                say(words())
                pause = next_pause(time.monotonic() - began)

    thread = threading.Thread(target=tell, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()


def next_pause(seconds: float) -> float:
    """How long to be quiet after a line that was said ``seconds`` after the beginning."""
    return min(max(USUAL, seconds / LINES_KEPT), SELDOM)


def duration(seconds: float) -> str:
    """``65`` seconds as ``1 min 5 s``; the two largest units."""
    whole = round(seconds)
    days, hours, minutes, rest = whole // 86400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    named = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next((k for k, (count, _) in enumerate(named) if count), 3)
    return " ".join(f"{count} {unit}" for count, unit in named[first : first + 2])
