"""The five risk groups in which a prognosis is told before any figure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import Field

from charcot.core.errors import Problem, raise_if_any
from charcot.core.tables import Row, read_table

RISK_GROUPS = Path(__file__).parent / "risk_groups.csv"


@dataclass(frozen=True)
class RiskGroup:
    """One of the ENCALS groups; ``median`` months from onset to death or permanent ventilation, as recalled."""

    name: str
    words: str
    median: float
    source: str
    grade: str


class _RiskGroupRow(Row):
    group: str
    words: str = Field(min_length=1)
    median_months: float = Field(gt=0)
    source: str
    grade: str


def read_risk_groups(path: Path, problems: list[Problem]) -> tuple[RiskGroup, ...]:
    """The risk groups of a table; what is wrong is appended to ``problems`` with file and line."""
    rows = read_table(path, _RiskGroupRow, ("group",), problems)
    return tuple(RiskGroup(row.group, row.words, row.median_months, row.source, row.grade) for row in rows)


@cache
def risk_groups() -> tuple[RiskGroup, ...]:
    """The groups of ``risk_groups.csv``, shortest first. Raises :class:`charcot.core.errors.Problems` with everything
    that is wrong with the table."""
    problems: list[Problem] = []
    found = read_risk_groups(RISK_GROUPS, problems)
    raise_if_any(problems, "the risk groups cannot be read")
    return found


def risk_group(median: float) -> RiskGroup:
    """The group whose median (months from onset) is nearest to ``median`` as a ratio; infinite: the longest."""
    if not math.isfinite(median) or median <= 0:
        return risk_groups()[-1 if median > 0 else 0]
    return min(risk_groups(), key=lambda group: abs(math.log(group.median / median)))
