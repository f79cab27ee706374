"""Both sides of a contradiction as something that the model can be run with.

``alternatives.csv`` says for each side of each contradiction what it means for the model: that the shipped model takes
that side (``ships``); that a number is ``set``, or moved by one width of its prior (``raise``, ``lower``) where only
the direction is known; that a mechanism is ``off``; that it ``emerges`` from the whole model and no number carries it;
or that the model lacks it (``absent``).
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from charcot.core.errors import Problem, Where
from charcot.core.identifiers import did_you_mean
from charcot.evidence.library import contradictions, sources

ALTERNATIVES_FILE = Path(__file__).parent / "alternatives.csv"
SIDES = ("claim", "counter_claim")
CHANGES = ("set", "raise", "lower", "off")
ACTIONS = (*CHANGES, "ships", "emerges", "absent")


@dataclass(frozen=True)
class Alternative:
    """What one side of a contradiction does to one number or mechanism (``target``)."""

    contradiction: str
    side: str
    action: str
    target: str
    value: float
    unit: str
    source: str
    note: str
    where: Where

    @property
    def changes(self) -> bool:
        """Whether it changes the shipped model."""
        return self.action in CHANGES


@functools.cache
def _rows(path: Path) -> tuple[Alternative, ...]:
    with path.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        return tuple(
            Alternative(
                row["contradiction"], row["side"], row["action"], row["target"],
                float(row["value"]) if row["value"] else float("nan"), row["unit"], row["source"], row["note"],
                Where.of(path.name, reader.line_num),
            )
            for row in reader
        )  # fmt: skip


def alternatives(path: Path = ALTERNATIVES_FILE) -> dict[tuple[str, str], tuple[Alternative, ...]]:
    """(contradiction, side) -> what that side does."""
    out: dict[tuple[str, str], tuple[Alternative, ...]] = {}
    for row in _rows(path):
        key = (row.contradiction, row.side)
        out[key] = (*out.get(key, ()), row)
    return out


def check_alternatives(
    numbers: Mapping[str, str], mechanisms: Iterable[str], path: Path = ALTERNATIVES_FILE
) -> list[Problem]:
    """Everything wrong with the table: contradictions without a side, unknown targets, units that differ.

    ``numbers``: the unit of each number of the model (with all products) by name.
    """
    problems: list[Problem] = []
    known, given, library = set(mechanisms), alternatives(path), sources()
    for row in _rows(path):
        for what, name, names in (
            ("contradiction", row.contradiction, list(contradictions())),
            ("side", row.side, list(SIDES)),
            ("action", row.action, list(ACTIONS)),
            ("source", row.source, list(library)),
        ):
            if name not in names:
                problems.append(Problem(f"unknown-{what}", f"there is no {what} {name!r}", row.where,
                                        did_you_mean(name, names)))  # fmt: skip
        if row.action == "off" and row.target not in known:
            problems.append(Problem("unknown-mechanism", f"no mechanism is called {row.target!r}", row.where,
                                    did_you_mean(row.target, known)))  # fmt: skip
        if row.action in ("set", "raise", "lower"):
            if row.target not in numbers:
                problems.append(Problem("unknown-number", f"there is no number {row.target!r}", row.where,
                                        did_you_mean(row.target, numbers)))  # fmt: skip
            elif row.action == "set" and row.unit != numbers[row.target]:
                message = f"{row.target} is in {numbers[row.target]!r}, not in {row.unit!r}"
                problems.append(Problem("wrong-unit", message, row.where))
        if row.action in ("ships", "emerges", "absent") and not row.note:
            problems.append(Problem("no-note", f"{row.contradiction}={row.side} says nothing", row.where))
    for key in contradictions():
        for side in SIDES:
            if (key, side) not in given:
                problems.append(Problem("no-alternative", f"nothing says what {key}={side} means for the model",
                                        Where.of(path.name), "Add a row; 'absent' is an answer."))  # fmt: skip
    return problems
