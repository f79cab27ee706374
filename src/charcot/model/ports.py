"""Ports and numbers: the named quantities that mechanisms read and write, as rows of CSV files."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from charcot.core.bounds import NOT_NEGATIVE, Bounds, read_bounds
from charcot.core.errors import Problem, Where
from charcot.core.identifiers import did_you_mean, is_port_name
from charcot.core.units import UnitError, dimension

SCOPES = ("person", "region", "class", "pair")
KINDS = ("state", "variable", "input")
NEUTRAL = {"sum": 0.0, "product": 1.0}  # how contributions are put together, and what one gives that is absent
FREE = "free"


@dataclass(frozen=True)
class Port:
    """A quantity of the model.

    ``kind``: a ``state`` has a rate, a ``variable`` is computed from others, an ``input`` is set by events.
    ``scope``: one per ``person``, per ``region``, or per ``class`` of neurons of each region.
    ``healthy``: the initial value of a state or input, and the value of a variable whose mechanism is switched off.
    ``bounds``: what a state may be; one below its lower bound is a failure of the simulation.
    ``combine``: ``sum`` or ``product`` where any number of mechanisms contribute to a variable; empty where one writes.
    """

    name: str
    kind: str
    scope: str
    unit: str
    healthy: float
    scale: float
    title: str
    readout: bool = False
    where: Where | None = None
    bounds: Bounds = NOT_NEGATIVE
    combine: str = ""

    @property
    def absent(self) -> float:
        """What a mechanism that is switched off writes here: nothing to add, no factor, or the healthy value."""
        return NEUTRAL.get(self.combine, self.healthy)


@dataclass(frozen=True)
class Number:
    """A parameter with its evidence.

    ``spread`` is the standard deviation of the natural logarithm of the value that its evidence leaves open;
    ``between_patients`` is the one between persons, held by the number ``spread_by`` where one is named. ``index``
    names the region (or ``receiver<-donor`` pair) that the row is for; empty means every region shares it, ``each``
    that every region has a draw of its own.
    ``chance_of_none``: the chance that an effect whose size this is does not exist at all: a prior in two parts.
    ``role``: ``parameter``, or ``constant`` for exponents and counts, which are compiled in. ``bounds``: the values
    that are possible at all; none other is taken from anybody, and draws are cut off there.
    """

    name: str
    index: str
    value: float
    unit: str
    spread: float
    between_patients: float
    sources: tuple[str, ...]
    grade: str
    role: str
    title: str
    note: str
    where: Where | None = None
    spread_by: str = ""
    bounds: Bounds = NOT_NEGATIVE
    chance_of_none: float = 0.0

    @property
    def free(self) -> bool:
        """Whether no source stands behind the value."""
        return self.sources == (FREE,)


def _rows(path: Path, columns: Sequence[str], problems: list[Problem]) -> Iterator[tuple[dict[str, str], Where]]:
    with path.open(newline="", encoding="utf-8") as handle:
        reader = csv.reader(handle)
        header = next(reader, [])
        missing = [c for c in columns if c not in header]
        if missing:
            problems.append(Problem("missing-column", f"columns missing: {', '.join(missing)}", Where.of(path.name, 1)))
            return
        for cells in reader:
            where = Where.of(path.name, reader.line_num)
            if not cells or cells[0].startswith("#"):
                continue
            if len(cells) != len(header):
                message = f"{len(cells)} cells, but the header has {len(header)}"
                problems.append(Problem("malformed-row", message, where, "Quote texts that contain commas."))
                continue
            yield dict(zip(header, (c.strip() for c in cells), strict=True)), where


def _number(text: str, column: str, where: Where, problems: list[Problem], default: float | None = None) -> float:
    if not text and default is not None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        problems.append(Problem("not-a-number", f"{column} is {text!r}, not a finite number", where))
        return 0.0
    return value


def _bounds(row: dict[str, str], unit: str, where: Where, problems: list[Problem]) -> Bounds:
    """The column ``range``; empty means 0 or more, and above 0 for a time or a length."""
    try:
        return read_bounds(row.get("range", ""), unit)
    except UnitError:
        return NOT_NEGATIVE  # the unit has a problem of its own
    except ValueError as error:
        hint = "Write share, any, 'above 0', '1 or more' or '0 to 10'; nothing means 0 or more."
        problems.append(Problem("bad-range", f"{row['name']}: {error}", where, hint))
        return NOT_NEGATIVE


def _check_name_and_unit(name: str, unit: str, where: Where, problems: list[Problem]) -> None:
    if not is_port_name(name):
        hint = "Use lower case, digits, underscores and dots, such as axon.tdp43."
        problems.append(Problem("bad-name", f"{name!r} is not a port name", where, hint))
    if not unit:
        problems.append(Problem("no-unit", f"{name} has no unit", where, "Write 1 for a relative quantity."))
        return
    try:
        dimension(unit)
    except UnitError as error:
        problems.append(Problem("unknown-unit", f"{name}: {error}", where, "Use a unit that pint knows."))


def _check_combine(row: dict[str, str], healthy: float, where: Where, problems: list[Problem]) -> str:
    """The column ``combine``, which may be left out, checked against the rest of its row."""
    name, word = row["name"], row.get("combine", "")
    if not word:
        return ""
    if word not in NEUTRAL:
        message = f"{name}: combine is {word!r}, not one of {', '.join(NEUTRAL)}"
        problems.append(Problem("bad-port", message, where, "Leave it empty for a port that one mechanism writes."))
        return word
    if row["kind"] != "variable":
        message = (
            f"{name}: combine is {word!r}, but its kind is {row['kind']}: only a variable is made of contributions"
        )
        hint = "Declare a variable for the contributions, and read it in the mechanism that gives the rate."
        problems.append(Problem("bad-port", message, where, hint if row["kind"] == "state" else ""))
    if healthy != NEUTRAL[word]:
        message = f"{name}: healthy is {row['healthy']}, but a {word} without contributions is {NEUTRAL[word]:g}"
        hint = f"Write {NEUTRAL[word]:g}; what health has is a contribution of its own."
        problems.append(Problem("bad-port", message, where, hint))
    if word == "product" and row["unit"] != "1":
        message = f"{name}: unit is {row['unit']!r}, but the factors of a product are bare numbers"
        problems.append(Problem("bad-port", message, where, "Write 1, and multiply by the quantity where it is read."))
    return word


PORT_COLUMNS = ("name", "kind", "scope", "unit", "healthy", "scale", "readout", "title")


def read_ports(paths: Iterable[Path], problems: list[Problem]) -> list[Port]:
    """Read port tables; what is wrong is appended to ``problems`` with file and line.

    The columns ``range`` and ``combine`` may be left out.
    """
    ports: list[Port] = []
    for path in paths:
        for row, where in _rows(path, PORT_COLUMNS, problems):
            _check_name_and_unit(row["name"], row["unit"], where, problems)
            for column, allowed in (("kind", KINDS), ("scope", SCOPES)):
                if row[column] not in allowed:
                    message = f"{row['name']}: {column} is {row[column]!r}, not one of {', '.join(allowed)}"
                    problems.append(Problem("bad-port", message, where))
            if not row["title"]:
                problems.append(Problem("no-title", f"{row['name']} has no title", where))
            healthy = _number(row["healthy"], "healthy", where, problems)
            ports.append(
                Port(
                    row["name"],
                    row["kind"],
                    row["scope"],
                    row["unit"],
                    healthy,
                    _number(row["scale"], "scale", where, problems, default=1.0),
                    row["title"],
                    row["readout"] == "yes",
                    where,
                    _bounds(row, "1", where, problems),
                    _check_combine(row, healthy, where, problems),
                )
            )
    return ports


NUMBER_COLUMNS = (
    "name", "index", "value", "unit", "spread", "between_patients", "source", "grade", "role", "title", "note",
)  # fmt: skip


def read_numbers(paths: Iterable[Path], problems: list[Problem]) -> list[Number]:
    """Read parameter tables; a number without unit, spread, source (or ``free``) or grade is a problem.

    ``between_patients`` may name another number of the tables, which then holds it. The column ``range`` may be left
    out; it says which values a number can have at all (:func:`charcot.core.bounds.read_bounds`).
    """
    numbers: list[Number] = []
    for path in paths:
        for row, where in _rows(path, NUMBER_COLUMNS, problems):
            numbers.append(_number_row(row, where, problems))
    return _spread_by_others(numbers, problems)


def _spread_by_others(numbers: list[Number], problems: list[Problem]) -> list[Number]:
    values = {number.name: number.value for number in numbers}
    for number in numbers:
        if number.spread_by and number.spread_by not in values:
            message = f"{number.name}: between_patients is {number.spread_by!r}, neither a value nor a number's name"
            hint = did_you_mean(number.spread_by, values)
            problems.append(Problem("unknown-spread", message, number.where, hint))
    return [
        replace(number, between_patients=values.get(number.spread_by, 0.0)) if number.spread_by else number
        for number in numbers
    ]


def _number_row(row: dict[str, str], where: Where, problems: list[Problem]) -> Number:
    name = row["name"]
    _check_name_and_unit(name, row["unit"], where, problems)
    for column in ("spread", "source", "grade", "title"):
        if not row[column]:
            hint = "Give it, or write 'free' as the source and F as the grade." if column != "title" else ""
            problems.append(Problem(f"no-{column}", f"{name} has no {column}", where, hint))
    if (row["source"] == FREE) != (row["grade"] == "F"):
        message = f"{name}: source {row['source']!r} and grade {row['grade']!r} do not go together"
        problems.append(Problem("free-grade", message, where, "A free number has source 'free' and grade F."))
    named = row["between_patients"][:1].isalpha()
    return Number(
        name,
        row["index"],
        _number(row["value"], "value", where, problems),
        row["unit"],
        _number(row["spread"], "spread", where, problems, default=0.0),
        0.0 if named else _number(row["between_patients"], "between_patients", where, problems, default=0.0),
        tuple(s.strip() for s in row["source"].split(";") if s.strip()),
        row["grade"],
        row["role"] or "parameter",
        row["title"],
        row["note"],
        where,
        row["between_patients"] if named else "",
        _bounds(row, row["unit"], where, problems),
    )
