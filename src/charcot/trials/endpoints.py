"""The endpoints that a protocol can name: the rows of ``endpoints.csv``, each a measure with its analysis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from charcot.core.errors import Problem, Where
from charcot.core.tables import Row, read_rows
from charcot.trials.quantities import SPELLINGS, Quantity

ENDPOINTS = Path(__file__).parent / "endpoints.csv"
ALSFRS_R = "alsfrs_r"  # the measure that is rated; all others are those of the clinic, and survival


@dataclass(frozen=True)
class Endpoint:
    """One thing that is estimated, as a protocol names it.

    Attributes:
        measure: ``alsfrs_r``, a measurement of the clinic, ``survival`` or ``function_and_survival``.
        analysis: of ``analyses/``; ``variant``: which way of it, where it has several.
        title: what a reader sees.
        quantity: how a value of it is written in a protocol (its unit).
    """

    name: str
    measure: str
    analysis: str
    variant: str
    title: str
    quantity: Quantity
    where: Where


def _named(text: str) -> str:
    if not text.isidentifier():
        raise ValueError("is no name: use letters, digits and '_'")
    return text


class _Form(Row):
    name: Annotated[str, AfterValidator(_named)]
    measure: str = Field(min_length=1)
    analysis: str = Field(min_length=1)
    variant: str = ""
    title: str = Field(min_length=1)
    unit: str = Field(min_length=1)
    example: str = Field(min_length=1)


def read_endpoints(path: Path, problems: list[Problem]) -> dict[str, Endpoint]:
    """The endpoints of a table by name; what is wrong with a row is appended to ``problems`` with file and line."""
    found: dict[str, Endpoint] = {}
    for row, where in read_rows(path, _Form, ("name",), problems):
        quantity = Quantity(row.unit, row.example, SPELLINGS.get(row.unit, ()))
        try:
            quantity.read(row.example)
        except ValueError as error:
            problems.append(Problem("bad-example", f"{row.name}: the example {error}", where))
            continue
        found[row.name] = Endpoint(row.name, row.measure, row.analysis, row.variant, row.title, quantity, where)
    return found


@cache
def endpoints() -> dict[str, Endpoint]:
    """Every sound row of ``endpoints.csv``."""
    return read_endpoints(ENDPOINTS, [])


def measure_of(endpoint: str) -> str:
    return endpoints()[endpoint].measure


def is_rate(endpoint: str) -> bool:
    """Whether a value of it is a change in a month."""
    return endpoints()[endpoint].quantity.unit.endswith("/month")
