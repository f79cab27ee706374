"""Milestones of a course in plain words: the day from which an ALSFRS-R item would be scored so low.

The words follow the anchors of the ALSFRS-R. A latent item ``x`` is recorded as the nearest whole number
(:mod:`charcot.clinic.observation`), so that a score of k is reached when x falls to k + 1/2.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

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


@cache
def milestones() -> tuple[Milestone, ...]:
    """Every milestone of ``milestones.csv``, in the order of the ALSFRS-R."""
    with (files("charcot.clinic") / "milestones.csv").open(encoding="utf-8") as file:
        return tuple(
            Milestone(row["milestone"], row["item"], int(row["score"]), row["words"]) for row in csv.DictReader(file)
        )
