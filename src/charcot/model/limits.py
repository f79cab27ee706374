"""What values the numbers of a model may take, alone and together: refused where they are set, held where drawn."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from charcot.core.errors import Problem, Where
from charcot.core.identifiers import did_you_mean
from charcot.model.ports import Number

SLACK = 1e-9  # what rounding may add to a sum


@dataclass(frozen=True)
class Sum:
    """Numbers, one of each a person, that add up to at most ``most``."""

    numbers: tuple[str, ...]
    most: float
    title: str
    where: Where | None = None


def read_sums(path: Path) -> list[Sum]:
    """The declared sums of a table with the columns numbers (with semicolons), most and title."""
    with path.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        return [
            Sum(
                tuple(name.strip() for name in row["numbers"].split(";")),
                float(row["most"]),
                row["title"],
                Where.of(path.name, reader.line_num),
            )
            for row in reader
        ]


def table_problems(numbers: Mapping[str, Number], sums: Iterable[Sum]) -> list[Problem]:
    """Values of the tables that are out of their own bounds, and sums that name no number or are exceeded."""
    found = [
        Problem("out-of-range", f"{full} is {number.value:g}, but must be {number.bounds}", number.where)
        for full, number in numbers.items()
        if not number.bounds.hold(number.value)
    ]
    for one in sums:
        for name in one.numbers:
            if name not in numbers:
                hint = did_you_mean(name, numbers)
                found.append(Problem("unknown-number", f"there is no number {name!r}", one.where, hint))
        total = sum(numbers[name].value for name in one.numbers if name in numbers)
        if total > one.most + SLACK:
            found.append(_exceeded(one, total, one.where))
    return found


def value_problems(
    numbers: Mapping[str, Number],
    sums: Iterable[Sum],
    values: Mapping[str, float | np.ndarray],
    where: Callable[[str], Where | None] = lambda _name: None,
) -> list[Problem]:
    """What is wrong with values that are set, by full name: each out of its bounds, or too much together.

    ``numbers`` are those of the model by full name; a sum counts those that are not set at their own value. Names that
    are none of them are left to the caller.
    """
    found = []
    for full, value in values.items():
        if full not in numbers:
            continue
        bounds = numbers[full].bounds
        wrong = np.asarray(value, dtype=float)[~bounds.hold(value)]
        if wrong.size:
            message = f"{full} is {wrong.flat[0]:g}, but must be {bounds}"
            found.append(Problem("out-of-range", message, where(full), f"It is {numbers[full].value:g} as shipped."))
    if found:
        return found
    for one in sums:
        changed = [name for name in one.numbers if name in values]
        if changed and all(name in numbers for name in one.numbers):
            total = float(np.max(sum(np.asarray(values.get(name, numbers[name].value)) for name in one.numbers)))
            if total > one.most + SLACK:
                found.append(_exceeded(one, total, where(changed[0])))
    return found


def _exceeded(one: Sum, total: float, where: Where | None) -> Problem:
    message = f"{' + '.join(one.numbers)} is {total:g}, above {one.most:g}"
    return Problem("sum-exceeded", message, where, f"{one.title}. Set the others too, so that it holds.")


def hold(
    numbers: Mapping[str, Number],
    sums: Iterable[Sum],
    table: np.ndarray,
    names: Sequence[str],
    fixed: Iterable[str] = (),
) -> np.ndarray:
    """(rows, names) drawn values within bounds: each moved to its nearest end, sums that are exceeded scaled down.

    Those ``fixed`` keep their values; the others of a sum share what these leave, in the proportions that they had.
    What a row becomes depends on that row alone.
    """
    held = table.copy()
    place = {name: i for i, name in enumerate(names)}
    kept = set(fixed)
    for name, i in place.items():
        if name in numbers and name not in kept:
            held[:, i] = numbers[name].bounds.nearest(held[:, i])
    for one in sums:
        members = [name for name in one.numbers if name in place]
        columns = np.array([place[name] for name in members], dtype=int)
        free = np.array([place[name] for name in members if name not in kept], dtype=int)
        over = np.flatnonzero(held[:, columns].sum(axis=1) > one.most)
        if not len(free) or not len(over):
            continue
        whole, own = held[over][:, columns].sum(axis=1), held[over][:, free].sum(axis=1)
        left = np.maximum(one.most - (whole - own), 0.0)
        held[np.ix_(over, free)] *= (left / own)[:, None]
    return held
