"""What untreated patients are to look like: published figures as data, frozen before any run that they judge.

Two tables: ``course.csv`` of incident patients, and ``trials.csv`` of those whom the entry rules of a trial let in. A
row is one published figure with its standard error, the standard deviation between studies, the reading that makes
the same figure from simulated patients (the name of a function, with its arguments) and its source. A simulated figure
is inside where

    |simulated - published| <= 1.96 sqrt(error^2 + between^2 + Monte-Carlo error^2).

Which rows may be calibrated on is decided by the hash of a row's name, or by an experiment that is held out already
(:func:`kind_of`); nobody chooses. ``frozen_hash`` names the state of both tables, and every command that scores
prints it.
"""

from __future__ import annotations

import csv
import inspect
import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from charcot.core.errors import Problem, Where, raise_if_any
from charcot.core.hashing import hash_files, hash_text
from charcot.core.identifiers import did_you_mean

HERE = Path(__file__).parent
FILES = (HERE / "course.csv", HERE / "trials.csv")
KINDS = ("calibration", "validation")
CALIBRATION_TENTHS = 6  # of ten values of a name's hash, those on whose rows numbers may be set
# How a figure was met: in the publication, in a page about it, by arithmetic from such, or from memory.
MARKS = ("read", "secondary", "derived", "recalled")
NORMAL_95 = 1.96
_COLUMNS = (
    "name", "value", "error", "between", "unit", "kind", "population", "rules", "reading", "arguments", "source",
    "mark", "held_out", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """One published figure.

    Attributes:
        value, error, between: in ``unit``: as published, its standard error, the standard deviation between studies.
        kind: ``calibration`` or ``validation``.
        population: whose patients are simulated.
        rules: the set of entry rules that the patients have passed, ``every set`` for a figure over all sets, or
            nothing for a figure of all patients.
        reading, arguments: the function that makes the simulated figure.
        sources: keys of ``evidence/sources.csv``.
        mark: one of :data:`MARKS`.
        held_out: the experiment of the board that has this figure as validation or as a fresh one, or nothing.
    """

    name: str
    value: float
    error: float
    between: float
    unit: str
    kind: str
    population: str
    rules: str
    reading: str
    arguments: Mapping[str, float | str]
    sources: tuple[str, ...]
    mark: str
    held_out: str
    note: str
    where: Where

    @property
    def conditional(self) -> bool:
        """Whether the figure is of patients whom entry rules have chosen."""
        return bool(self.rules)

    def reach(self, monte_carlo: float) -> float:
        """How far from the published figure a simulated one may lie."""
        return NORMAL_95 * math.sqrt(self.error**2 + self.between**2 + monte_carlo**2)

    def holds(self, simulated: float, monte_carlo: float) -> bool:
        """Whether a simulated figure is inside; what could not be simulated is not."""
        distance = abs(simulated - self.value)
        return bool(math.isfinite(simulated) and math.isfinite(monte_carlo) and distance <= self.reach(monte_carlo))


def kind_of(name: str, held_out: str = "") -> str:
    """Whether a row may be calibrated on, by a rule that looks at no figure: what an experiment has held out is
    validation; of the others, the first eight digits of the hash of the name decide, six tenths for calibration."""
    tenth = int(hash_text(name)[:8], 16) % 10
    return "calibration" if not held_out and tenth < CALIBRATION_TENTHS else "validation"


def frozen_hash() -> str:
    """The hash of the tables as they stand."""
    return hash_files(list(FILES))


@cache
def load() -> tuple[Target, ...]:
    """All targets; raises :class:`charcot.core.errors.Problems` with everything that is wrong with the tables."""
    found: list[Target] = []
    problems: list[Problem] = []
    for path in FILES:
        rows, wrong = read(path.read_text(encoding="utf-8"), path.name)
        found += rows
        problems += wrong
    names = [target.name for target in found]
    problems += [
        Problem("name-twice", f"two targets are called {target.name!r}", target.where)
        for k, target in enumerate(found)
        if target.name in names[:k]
    ]
    raise_if_any(problems, "the targets of populations are not sound")
    return tuple(found)


def read(text: str, file: str) -> tuple[list[Target], list[Problem]]:
    """The targets of one table, and what is wrong with it: every fault with its line."""
    reader = csv.DictReader(io.StringIO(text))
    if tuple(reader.fieldnames or ()) != _COLUMNS:
        message = f"the columns are {', '.join(reader.fieldnames or ())}"
        return [], [Problem("bad-columns", message, Where.of(file, 1), f"Write {', '.join(_COLUMNS)}.")]
    found: list[Target] = []
    problems: list[Problem] = []
    for row in reader:
        where = Where.of(file, reader.line_num)
        wrong = list(_problems_of(row, where))
        problems += wrong
        if not wrong:
            found.append(_target(row, where))
    return found, problems


def _problems_of(row: Mapping[str, str], where: Where) -> list[Problem]:
    found = []
    for name in ("value", "error", "between"):
        number = _number(row[name])
        if math.isnan(number) or (name != "value" and number < 0):
            found.append(Problem("no-number", f"{row['name']}: {name} is {row[name]!r}", where))
    if _number(row["error"]) == 0 and _number(row["between"]) == 0:
        found.append(Problem("no-spread", f"{row['name']} has no error and no spread between studies", where))
    for name in ("name", "unit", "population", "reading", "source"):
        if not row[name]:
            found.append(Problem("missing", f"{row['name'] or 'a target'}: {name} is empty", where))
    if row["kind"] not in KINDS:
        found.append(Problem("unknown-kind", f"{row['name']}: kind is {row['kind']!r}", where, f"Write {KINDS}."))
    elif row["kind"] != (kind := kind_of(row["name"], row["held_out"])):
        hint = f"The rule makes it {kind}: nobody chooses which figures are held out."
        found.append(Problem("chosen-kind", f"{row['name']} is {row['kind']}", where, hint))
    if row["mark"] not in MARKS:
        found.append(
            Problem("unknown-mark", f"{row['name']}: mark is {row['mark']!r}", where, did_you_mean(row["mark"], MARKS))
        )
    try:
        _arguments(row["arguments"])
    except ValueError:
        message = f"{row['name']}: {row['arguments']!r} are no arguments"
        found.append(Problem("bad-arguments", message, where, "Write name=value; name=value."))
    return found


def _target(row: Mapping[str, str], where: Where) -> Target:
    return Target(
        name=row["name"],
        value=float(row["value"]),
        error=float(row["error"]),
        between=float(row["between"]),
        unit=row["unit"],
        kind=row["kind"],
        population=row["population"],
        rules=row["rules"],
        reading=row["reading"],
        arguments=_arguments(row["arguments"]),
        sources=tuple(key.strip() for key in row["source"].split(";")),
        mark=row["mark"],
        held_out=row["held_out"],
        note=row["note"],
        where=where,
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _arguments(text: str) -> dict[str, float | str]:
    """``months=12; domain=bulbar`` as a mapping; what reads as a number is one."""
    found: dict[str, float | str] = {}
    for part in text.split(";") if text else ():
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (name and equals and value):
            raise ValueError(part)
        number = _number(value)
        found[name] = value if math.isnan(number) else number
    return found


def unreadable(targets: tuple[Target, ...], readings: Mapping[str, Callable[..., Any]]) -> list[Problem]:
    """Targets whose reading does not exist, or does not take their arguments."""
    found = []
    for target in targets:
        reading = readings.get(target.reading)
        if reading is None:
            message = f"{target.name}: no reading is called {target.reading!r}"
            found.append(Problem("unknown-reading", message, target.where, did_you_mean(target.reading, readings)))
            continue
        try:
            inspect.signature(reading).bind(None, **target.arguments)
        except TypeError as error:
            message = f"{target.name}: the reading {target.reading} cannot be called with its arguments ({error})"
            found.append(Problem("bad-arguments", message, target.where))
    return found
