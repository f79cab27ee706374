"""Dosing schedules: days on which a product is given, in cycles of which the last may repeat."""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from charcot.core.units import UnitError, parse_quantity

_EVERY = re.compile(r"^every\s+(.+)$")


@dataclass(frozen=True)
class Cycle:
    """``length`` days, with doses on the days in ``on`` (0 is the first)."""

    length: float
    on: tuple[int, ...]
    doses_per_day: float = 1.0


@dataclass(frozen=True)
class Dosing:
    """Cycles one after the other; the last one repeats for ever if ``repeats``."""

    title: str
    cycles: tuple[Cycle, ...]
    repeats: bool

    @property
    def is_steady(self) -> bool:
        """Whether treatment ends up without a break."""
        return self.repeats and _is_full(self.cycles[-1])

    @property
    def doses(self) -> float:
        """How many doses it gives, infinite when it repeats."""
        return math.inf if self.repeats else float(sum(len(c.on) * c.doses_per_day for c in self.cycles))

    @property
    def length(self) -> float:
        """Days from its start to the end of the last day with a dose, infinite when it repeats."""
        if self.repeats:
            return math.inf
        return max((day + cycle.on[-1] + 1.0 for day, cycle in self.placed() if cycle.on), default=0.0)

    def placed(self) -> Iterator[tuple[float, Cycle]]:
        """Each cycle with the day on which it starts, day 0 being the first day of treatment."""
        endless = itertools.repeat(self.cycles[-1]) if self.repeats else ()
        day = 0.0
        for cycle in itertools.chain(self.cycles, endless):
            yield day, cycle
            day += cycle.length

    def dose_days(self, end: float) -> list[float]:
        """The days before ``end`` on which a dose is given."""
        days: list[float] = []
        for day, cycle in self.placed():
            if day >= end:
                break
            days += [day + on for on in cycle.on if day + on < end]
        return days

    def intervals(self, end: float) -> list[tuple[float, float, float]]:
        """(from, to, doses per day) before ``end``; neighbouring days with the same rate are one interval."""
        out: list[tuple[float, float, float]] = []
        for number, (day, cycle) in enumerate(self.placed()):
            if day >= end:
                break
            if self.is_steady and number >= len(self.cycles) - 1:
                _join(out, day, end, cycle.doses_per_day / min(cycle.length, 1.0))
                break
            for on in cycle.on:
                if day + on < end:
                    _join(out, day + on, min(day + on + 1.0, end), cycle.doses_per_day)
        return out


def _is_full(cycle: Cycle) -> bool:
    """Whether every day of the cycle is a dosing day, so that its repeats leave no gap."""
    return cycle.length <= 1.0 or (cycle.length == len(cycle.on) and cycle.on == tuple(range(len(cycle.on))))


def _join(intervals: list[tuple[float, float, float]], start: float, end: float, per_day: float) -> None:
    if intervals and intervals[-1][1] == start and intervals[-1][2] == per_day:
        start = intervals.pop()[0]
    intervals.append((start, end, per_day))


ONCE = Dosing("One dose", (Cycle(1.0, (0,)),), repeats=False)
DAILY = Dosing("One dose every day", (Cycle(1.0, (0,)),), repeats=True)


def general(dosing: str) -> dict[str, Dosing]:
    """The schedules that every product of a kind of ``dosing`` has beside its own."""
    named = {"once": ONCE, "daily": DAILY}
    if dosing == "continuous":
        named["continuous"] = Dosing("The dose every day without a break", DAILY.cycles, repeats=True)
    return named


@functools.lru_cache(maxsize=256)
def every(text: str) -> Dosing | None:
    """Read ``every 28 days``; None when the text is not of this kind. Raises :class:`UnitError` on a bad interval."""
    match = _EVERY.match(text.strip())
    if match is None:
        return None
    days = parse_quantity(match.group(1), "day")
    if days <= 0:
        raise UnitError(f"{text!r} is not a schedule: the interval must be above zero, such as 'every 28 days'")
    return Dosing(f"One dose {text.strip()}", (Cycle(days, (0,)),), repeats=True)


def parse_days(text: str) -> tuple[int, ...]:
    """Read ``0-4, 7-11`` as days; raises ValueError with a sentence when it is something else."""
    days: list[int] = []
    for part in str(text).split(","):
        match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+))?\s*", part)
        if match is None:
            raise ValueError(f"{text!r} is not a list of days, such as '0-13' or '0, 14'")
        first = int(match.group(1))
        last = int(match.group(2) or first)
        if last < first or (days and first <= days[-1]):
            raise ValueError(f"{text!r} does not name ascending days")
        days += range(first, last + 1)
    return tuple(days)
