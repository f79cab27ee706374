"""What is asked of a design: a protocol, and the sizes, durations, effects and entry rules to choose from."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from charcot.core.errors import Problem, Where, raise_if_any
from charcot.core.units import DAYS_PER_MONTH
from charcot.trials.protocol import MOST_PATIENTS, MOST_VISITS, Protocol

AS_WRITTEN = "as written"  # the name of the protocol's own entry rules
LONGEST_MONTHS = 120.0


@dataclass(frozen=True)
class Cell:
    """One design.

    Attributes:
        n: patients per arm, the mean of the arms; they keep the protocol's ratio.
        months: from randomisation to the visit of the analysis; None: the protocol's last visit.
        effect: the share by which every treated arm's disease is slowed; None: what the arms' treatments do.
        entry: the name of the entry rules.
    """

    n: int
    months: float | None = None
    effect: float | None = None
    entry: str = AS_WRITTEN


@dataclass(frozen=True)
class Grid:
    """Every combination of sizes, durations, effects and entry rules of one protocol.

    Attributes:
        entries: name -> the protocol under these entry rules; :data:`AS_WRITTEN` is the protocol itself.

    Raises:
        charcot.core.errors.Problems: sizes, months or effects that are not possible, all at once.
    """

    protocol: Protocol
    sizes: tuple[int, ...] = ()
    months: tuple[float | None, ...] = (None,)
    effects: tuple[float | None, ...] = (None,)
    entries: Mapping[str, Protocol] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.sizes:
            object.__setattr__(self, "sizes", (round(self.protocol.size / len(self.protocol.arms)),))
        if AS_WRITTEN not in self.entries:
            object.__setattr__(self, "entries", {AS_WRITTEN: self.protocol, **self.entries})
        raise_if_any(list(self._problems()), "this design cannot be simulated")

    def _problems(self) -> Iterator[Problem]:
        for n in self.sizes:
            if not 2 <= n <= MOST_PATIENTS:
                hint = f"Give 2 to {MOST_PATIENTS:,}."
                yield Problem("bad-size", f"{n:,} patients per arm are not possible", Where("--n"), hint)
        first = self.protocol.visits[1] / DAYS_PER_MONTH
        for months in self.months:
            if months is not None and not first - 0.05 <= months <= LONGEST_MONTHS:
                text = f"an analysis after {months:g} months is not possible"
                hint = f"Give {first:.2g} (the first visit after randomisation) to {LONGEST_MONTHS:g} months."
                yield Problem("bad-months", text, Where("--months"), hint)
        for effect in self.effects:
            if effect is not None and not 0 <= effect < 1:
                hint = "It is the share by which disease is slowed: 0.3 for 30 %."
                yield Problem("bad-effect", f"an effect of {effect:g} is not possible", Where("--effect"), hint)

    def cells(self) -> list[Cell]:
        """Every design, sizes changing fastest."""
        axes = itertools.product(self.entries, self.effects, self.months, self.sizes)
        return [Cell(n, months, effect, entry) for entry, effect, months, n in axes]

    def visits(self, months: float | None) -> tuple[float, ...]:
        """The plan of visits of a trial of so many months."""
        return visits_until(self.protocol.visits, months)

    def under(self, cell: Cell) -> Protocol:
        """The protocol of a design, with its visits and entry rules."""
        return self.entries[cell.entry].model_copy(update={"visits": self.visits(cell.months)})

    def arm_sizes(self, n: int) -> tuple[int, ...]:
        """Patients of each arm at ``n`` per arm."""
        return sizes_of([arm.n for arm in self.protocol.arms], n)


def sizes_of(ratio: Sequence[int], n: int) -> tuple[int, ...]:
    """``n`` times as many patients as there are arms, in the given ratio, by largest remainders; at least 1 in each."""
    total = n * len(ratio)
    exact = np.array(ratio, dtype=float) * total / sum(ratio)
    sizes = np.maximum(np.floor(exact), 1).astype(int)
    for arm in np.argsort(sizes - exact, kind="stable")[: max(0, total - int(sizes.sum()))]:
        sizes[arm] += 1
    return tuple(int(size) for size in sizes)


def visits_until(visits: Sequence[float], months: float | None) -> tuple[float, ...]:
    """The visits of a plan up to a last one after ``months``; beyond the plan they go on at its last step.

    A planned visit within half a step before the last one gives way to it.
    """
    if months is None:
        return tuple(visits)
    last, step = months * DAYS_PER_MONTH, visits[-1] - visits[-2]
    near = next((day for day in visits if abs(day - last) <= DAYS_PER_MONTH / 8), last)  # 12 months are 52 weeks
    plan = [*visits, *(visits[-1] + step * k for k in range(1, MOST_VISITS))]
    return (*(day for day in plan if day < near - step / 2 or (day == 0 and near > 0)), near)
