"""What the explorer reads of a simulation, as data: the parts of the drawing, their levels, and one fixed list of
read-outs, so that one compiled kernel answers every question.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from charcot.disease import REGIONS
from charcot.model.mechanism import Mechanism
from charcot.patients.courses import ITEM_READOUTS
from charcot.patients.people import CAPACITY, NFL, TOTAL

PACKAGE = "charcot.interfaces.explorer"
CUMULATIVE_HAZARD = "clinic.survival.cumulative_hazard"
CLINIC = (TOTAL, CAPACITY, NFL, *ITEM_READOUTS)
REST = "body"  # the part of a mechanism whose module no part names


@dataclass(frozen=True)
class Part:
    """A part of the drawing, with the modules whose mechanisms happen in it."""

    name: str
    title: str
    sentence: str
    modules: tuple[str, ...]


@dataclass(frozen=True)
class Level:
    """A read-out of a part; ``healthy`` and ``ill`` are the ends of its scale in the read-out's unit, for drawing."""

    part: str
    readout: str
    title: str
    healthy: float
    ill: float


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (files(PACKAGE) / name).open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


@cache
def parts() -> tuple[Part, ...]:
    """The parts of the drawing, in reading order."""
    return tuple(
        Part(row["part"], row["title"], row["sentence"], tuple(row["modules"].split(";"))) for row in _rows("parts.csv")
    )


@cache
def levels() -> tuple[Level, ...]:
    """Every level of every part; ``{r}`` in a read-out stands for the region."""
    return tuple(
        Level(row["part"], row["readout"], row["title"], float(row["healthy"]), float(row["ill"]))
        for row in _rows("levels.csv")
    )


@cache
def _exceptions() -> dict[str, str]:
    return {row["mechanism"]: row["part"] for row in _rows("part_exceptions.csv")}


def part_of(mechanism: Mechanism) -> str:
    """Where a mechanism happens: by its own row, else by the longest module name that its code's path has."""
    own = _exceptions().get(mechanism.name)
    if own:
        return own
    path = mechanism.function.__module__.removeprefix("charcot.").replace("disease.mechanisms.", "") + "."
    found = [(len(module), part.name) for part in parts() for module in part.modules if path.startswith(f"{module}.")]
    return max(found)[1] if found else REST


def _all_readouts() -> Iterator[str]:
    yield from CLINIC
    yield CUMULATIVE_HAZARD
    for level in levels():
        if "{r}" in level.readout:
            yield from (level.readout.format(r=region) for region in REGIONS)
        else:
            yield level.readout


READOUTS = tuple(dict.fromkeys(_all_readouts()))
