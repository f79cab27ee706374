"""Milestones of a course in plain words: the day from which an ALSFRS-R item would be scored so low.

The words follow the anchors of the ALSFRS-R. A latent item ``x`` is recorded as the nearest whole number
(:mod:`charcot.clinic.observation`), so that a score of k is reached when x falls to k + 1/2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from charcot.clinic.observation import ITEM_MAXIMUM, ITEMS
from charcot.core.errors import Problem, raise_if_any
from charcot.core.identifiers import did_you_mean
from charcot.core.tables import Row, read_table

MILESTONES = Path(__file__).parent / "milestones.csv"

ROUNDING = 0.5  # a latent score so far above a whole number is recorded as that number


@dataclass(frozen=True)
class Milestone:
    """``score``: the recorded score of ``item`` (0 to 4 points) at which the ``words`` hold."""

    name: str
    item: str
    score: int
    words: str

    @property
    def readout(self) -> str:
        return f"clinic.alsfrs_r.{self.item}"

    @property
    def threshold(self) -> float:
        """The latent score (points) at which the milestone is reached."""
        return self.score + ROUNDING


def _item(name: str) -> str:
    if name not in ITEMS:
        raise ValueError(f"is {name!r}, which is no item of the ALSFRS-R. {did_you_mean(name, ITEMS)}")
    return name


class _MilestoneRow(Row):
    milestone: str
    item: Annotated[str, AfterValidator(_item)]
    score: int = Field(ge=0, lt=ITEM_MAXIMUM)
    words: str = Field(min_length=1)


def read_milestones(path: Path, problems: list[Problem]) -> tuple[Milestone, ...]:
    """The milestones of a table; what is wrong is appended to ``problems`` with file and line."""
    rows = read_table(path, _MilestoneRow, ("milestone",), problems)
    return tuple(Milestone(row.milestone, row.item, row.score, row.words) for row in rows)


@cache
def milestones() -> tuple[Milestone, ...]:
    """Every milestone of ``milestones.csv``, in the order of the ALSFRS-R. Raises
    :class:`charcot.core.errors.Problems` with everything that is wrong with the table."""
    problems: list[Problem] = []
    found = read_milestones(MILESTONES, problems)
    raise_if_any(problems, "the milestones cannot be read")
    return found
