"""Doses that people were given: a table, and the doubts about a dose outside it."""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from charcot import treatments
from charcot.core.errors import Problem, Severity, Where
from charcot.core.units import parse_quantity

TABLE = Path(__file__).parent / "studied_doses.csv"
FAR = 10.0  # times the default dose: beyond this, say so for any product


@dataclass(frozen=True)
class Studied:
    """The range of one dose that people with the disease were given."""

    product: str
    lowest: str
    highest: str
    sources: tuple[str, ...]
    note: str
    where: Where


@functools.cache
def studied() -> dict[str, Studied]:
    """The studied range of each product that has one; a product that is not here was never given to patients, or its
    doses were not found in a source."""
    with TABLE.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        return {
            row["product"]: Studied(
                row["product"], row["lowest"], row["highest"],
                tuple(key.strip() for key in row["source"].split(";")), row["note"],
                Where.of(TABLE.name, reader.line_num),
            )
            for row in reader
        }  # fmt: skip


def doubts(product: treatments.Product, doses: Sequence[str]) -> list[Problem]:
    """Warnings about doses (text with a unit) outside the studied range, or far from the default dose."""
    unit, range_ = product.dose_unit, studied().get(product.name)
    default = parse_quantity(product.default_dose, unit)
    amounts = {text: parse_quantity(text, unit) for text in doses}
    found: list[Problem] = []
    if range_ is not None:
        low, high = parse_quantity(range_.lowest, unit), parse_quantity(range_.highest, unit)
        slack = 1e-9 * high
        outside = [text for text, amount in amounts.items() if amount < low - slack or amount > high + slack]
        if outside:
            given = range_.highest if range_.lowest == range_.highest else f"{range_.lowest} to {range_.highest}"
            found.append(_warning(
                "unstudied-dose", f"{product.name}: {', '.join(outside)} outside what people were given ({given})",
                f"The effect there is extrapolated. Studied: {'; '.join(range_.sources)} ({range_.note}).",
            ))  # fmt: skip
    far = [text for text, amount in amounts.items() if not default / FAR <= amount <= default * FAR]
    if far:
        found.append(_warning(
            "far-dose",
            f"{product.name}: {', '.join(far)} is more than {FAR:g} times above or below one dose of it "
            f"({product.default_dose})",
            "Check the unit. The model has no harm of overdose: a benefit at such a dose is no finding.",
        ))  # fmt: skip
    return found


def never_given(names: Iterable[str]) -> list[str]:
    """The products among ``names`` for which no studied dose is known."""
    return [name for name in names if name not in studied()]


def _warning(code: str, message: str, hint: str) -> Problem:
    return Problem(code, message, Where("--dose"), hint, Severity.WARNING)
