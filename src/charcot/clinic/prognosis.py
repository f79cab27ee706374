"""The five risk groups in which a prognosis is told before any figure."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class RiskGroup:
    """One of the ENCALS groups; ``median`` months from onset to death or permanent ventilation, as recalled."""

    name: str
    words: str
    median: float
    source: str
    grade: str


@cache
def risk_groups() -> tuple[RiskGroup, ...]:
    """The groups of ``risk_groups.csv``, shortest first."""
    with (files("charcot.clinic") / "risk_groups.csv").open(encoding="utf-8") as file:
        return tuple(
            RiskGroup(row["group"], row["words"], float(row["median_months"]), row["source"], row["grade"])
            for row in csv.DictReader(file)
        )


def risk_group(median: float) -> RiskGroup:
    """The group whose median (months from onset) is nearest to ``median`` as a ratio; infinite: the longest."""
    if not math.isfinite(median) or median <= 0:
        return risk_groups()[-1 if median > 0 else 0]
    return min(risk_groups(), key=lambda group: abs(math.log(group.median / median)))
