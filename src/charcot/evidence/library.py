"""Sources, grades and contradictions: three CSV files, read once, every fault reported at once.

A number in the disease model cites a source by key. The source carries a grade, and the grade sets how wide the
prior of that number is when the source gives no spread of its own.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from charcot.core.errors import Problem, Severity, Where, raise_if_any
from charcot.core.identifiers import did_you_mean

HERE = Path(__file__).parent
SOURCES_FILE = HERE / "sources.csv"
GRADES_FILE = HERE / "grades.csv"
CONTRADICTIONS_FILE = HERE / "contradictions.csv"

FREE = "F"  # the grade of a number that no source gives
SYSTEMS = ("human", "primate", "mouse", "rat", "cells", "in vitro", "model", "review", "label")
READ = ("number", "direction", "citation")

_SOURCE_COLUMNS = ("key", "citation", "identifier", "system", "grade", "read", "note")
_GRADE_COLUMNS = ("letter", "meaning", "log_spread")
_CONTRADICTION_COLUMNS = ("key", "claim", "counter_claim", "sources_for", "sources_against", "mechanism", "note")


@dataclass(frozen=True)
class Source:
    """One paper, label, registry or trial that a number or a mechanism may cite.

    ``grade`` says where its statement was read (see :class:`Grade`); ``read`` says what was read there: a
    ``number``, a ``direction`` only, or no more than the ``citation``.
    """

    key: str
    citation: str
    identifier: str
    system: str
    grade: str
    read: str
    note: str

    @property
    def gives_a_number(self) -> bool:
        """Whether a number was read here. Grade A on a direction says nothing about the value of a parameter."""
        return self.read == "number"


@dataclass(frozen=True)
class Grade:
    """How well a statement is supported; ``log_spread`` is the prior sigma of ln(value) that it sets."""

    letter: str
    meaning: str
    log_spread: float


@dataclass(frozen=True)
class Contradiction:
    """Two published statements that cannot both hold as they stand; both sides are kept."""

    key: str
    claim: str
    counter_claim: str
    sources_for: tuple[str, ...]
    sources_against: tuple[str, ...]
    mechanism: str
    note: str


@dataclass(frozen=True)
class _Row:
    """One well-formed line of a CSV file and its place."""

    where: Where
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


def sources(path: Path = SOURCES_FILE, grades_path: Path = GRADES_FILE) -> dict[str, Source]:
    """All sources by key. Raises :class:`charcot.core.errors.Problems` with every fault of the file."""
    return dict(_sources(path, grades_path))


def grades(path: Path = GRADES_FILE) -> dict[str, Grade]:
    """All grades by letter. Raises :class:`charcot.core.errors.Problems` with every fault of the file."""
    return dict(_grades(path))


def contradictions(
    path: Path = CONTRADICTIONS_FILE, sources_path: Path = SOURCES_FILE, grades_path: Path = GRADES_FILE
) -> dict[str, Contradiction]:
    """All contradictions by key. Raises :class:`charcot.core.errors.Problems` with every fault of the file."""
    return dict(_contradictions(path, sources_path, grades_path))


def check_citations(used: Mapping[str, Where], known: Collection[str] | None = None) -> list[Problem]:
    """An error for each cited key that no source has. ``used`` maps a key to the place that cites it."""
    keys = sources() if known is None else known
    return [_unknown_source(key, where, keys) for key, where in used.items() if key not in keys]


def unused(used: Collection[str], path: Path = SOURCES_FILE, grades_path: Path = GRADES_FILE) -> list[Problem]:
    """A warning for each source that nothing cites, placed at its line in the sources file."""
    lines = {row["key"]: row.where for row in _read(path, _SOURCE_COLUMNS, [])}
    return [
        Problem(
            "unused-source",
            f"Source '{key}' is never cited.",
            lines[key],
            "Cite it where its number or mechanism is used, or leave it as background.",
            Severity.WARNING,
        )
        for key in sources(path, grades_path)
        if key not in used
    ]


@cache
def _grades(path: Path) -> Mapping[str, Grade]:
    problems: list[Problem] = []
    found: dict[str, Grade] = {}
    where: dict[str, Where] = {}
    for row in _unique(_read(path, _GRADE_COLUMNS, problems), "letter", problems):
        spread = _positive(row["log_spread"])
        _require(row, ("letter", "meaning"), problems)
        if spread is None:
            problems.append(
                Problem(
                    "bad-log-spread",
                    f"log_spread of grade '{row['letter']}' is '{row['log_spread']}', not a positive number.",
                    row.where,
                    "Write the prior sigma of ln(value), such as 0.3.",
                )
            )
        else:
            found[row["letter"]] = Grade(row["letter"], row["meaning"], spread)
            where[row["letter"]] = row.where
    wider = [grade for grade in found.values() if FREE in found and grade.log_spread > found[FREE].log_spread]
    problems += [
        Problem(
            "free-too-narrow",
            f"Grade '{FREE}' has a log_spread of {found[FREE].log_spread:g}, but grade '{grade.letter}' has"
            f" {grade.log_spread:g}.",
            where[FREE],
            "What no source gives is known no better than what any source gives: make it at least as wide.",
        )
        for grade in wider
    ]
    raise_if_any(problems, f"The grades in {path} cannot be used.")
    return found


@cache
def _sources(path: Path, grades_path: Path) -> Mapping[str, Source]:
    letters = _grades(grades_path)
    problems: list[Problem] = []
    found: dict[str, Source] = {}
    for row in _unique(_read(path, _SOURCE_COLUMNS, problems), "key", problems):
        _require(row, ("key", "citation", "note"), problems)
        _one_of(row, "grade", letters, problems)
        _one_of(row, "system", SYSTEMS, problems)
        _one_of(row, "read", READ, problems)
        found[row["key"]] = Source(**row.cells)
    raise_if_any(problems, f"The sources in {path} cannot be used.")
    return found


@cache
def _contradictions(path: Path, sources_path: Path, grades_path: Path) -> Mapping[str, Contradiction]:
    known = _sources(sources_path, grades_path)
    problems: list[Problem] = []
    found: dict[str, Contradiction] = {}
    for row in _unique(_read(path, _CONTRADICTION_COLUMNS, problems), "key", problems):
        _require(row, _CONTRADICTION_COLUMNS[:-1], problems)
        sides = {side: _split(row[side]) for side in ("sources_for", "sources_against")}
        for keys in sides.values():
            problems += [_unknown_source(key, row.where, known) for key in keys if key not in known]
        found[row["key"]] = Contradiction(
            row["key"],
            row["claim"],
            row["counter_claim"],
            sides["sources_for"],
            sides["sources_against"],
            row["mechanism"],
            row["note"],
        )
    raise_if_any(problems, f"The contradictions in {path} cannot be used.")
    return found


def _read(path: Path, columns: tuple[str, ...], problems: list[Problem]) -> Iterator[_Row]:
    """The well-formed lines of a CSV file, stripped. A fault of form is added to ``problems``."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        problems.append(Problem("missing-file", "There is no such file.", Where.of(path), "Check the path."))
        return
    except UnicodeDecodeError:
        problems.append(Problem("not-utf-8", "The file is not UTF-8 text.", Where.of(path), "Save it as UTF-8."))
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        header = tuple(cell.strip() for cell in next(reader, []))
        if header != columns:
            problems.append(
                Problem(
                    "wrong-header",
                    f"The first line must be '{','.join(columns)}', not '{','.join(header)}'.",
                    Where.of(path, 1),
                    "Keep the columns and their order.",
                )
            )
            return
        line = reader.line_num + 1
        for cells in reader:
            where = Where.of(path, line)
            line = reader.line_num + 1
            if len(cells) == len(columns):
                yield _Row(where, {name: cell.strip() for name, cell in zip(columns, cells, strict=True)})
            elif cells:
                problems.append(_wrong_width(where, len(cells), len(columns)))
    except csv.Error as error:
        problems.append(
            Problem(
                "malformed-line",
                f"This line is not CSV: {error}.",
                Where.of(path, line),
                "A quote that opens a cell must close it, and a quote inside a quoted cell is doubled.",
            )
        )


def _unique(rows: Iterator[_Row], column: str, problems: list[Problem]) -> Iterator[_Row]:
    """The rows with a new name in ``column``; a repeated name is a problem that points to the first."""
    first: dict[str, Where] = {}
    for row in rows:
        name = row[column]
        if name and name in first:
            problems.append(
                Problem(
                    "duplicate-key",
                    f"'{name}' is already defined in line {first[name].line}.",
                    row.where,
                    "Give this line another name or remove it.",
                )
            )
        else:
            first[name] = row.where
            yield row


def _require(row: _Row, columns: tuple[str, ...], problems: list[Problem]) -> None:
    for column in columns:
        if not row[column]:
            problems.append(
                Problem("empty-cell", f"The {column} is empty.", row.where, f"Every line needs a {column}.")
            )


def _one_of(row: _Row, column: str, known: Collection[str], problems: list[Problem]) -> None:
    if row[column] not in known:
        problems.append(
            Problem(
                f"unknown-{column}",
                f"Unknown {column} '{row[column]}' of source '{row['key']}'.",
                row.where,
                f"Write one of {', '.join(known)}.",
            )
        )


def _unknown_source(key: str, where: Where, known: Collection[str]) -> Problem:
    return Problem("unknown-source", f"There is no source '{key}'.", where, did_you_mean(key, known))


def _wrong_width(where: Where, found: int, expected: int) -> Problem:
    return Problem(
        "malformed-line",
        f"This line has {found} cells, the header has {expected}.",
        where,
        'Put double quotes around a cell that holds a comma: "Neurology, 1999".',
    )


def _split(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip())


def _positive(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None
