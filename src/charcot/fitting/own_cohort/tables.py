"""Rows of a user's table as fields, each bad cell with its line, what is wrong and what to do."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from charcot.core.errors import Problem, Severity, Where, readable
from charcot.core.identifiers import nearest
from charcot.fitting.own_cohort.columns import DAYS, MEASURES, PERSONAL, SUBJECT, Columns, Field, fields

LARGEST = 500_000_000  # bytes of one table; PRO-ACT's largest is a twentieth of it
NOTHING = ("", "na", "n/a", "nan", ".", "null", "none")
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}  # that a table may have instead of commas
DATES = ("date", "visit_date", "visitdate", "datum")  # columns that look like the day and cannot be it
NEAR = 0.75  # share of letters by which a name is likely a misspelt one
UNREAD = "unread-column"  # the code of a warning of a column that is not read for its spelling
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
LOOKS_LIKE_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?", re.ASCII)


@dataclass(frozen=True)
class Line:
    """One sound cell set of a row: where it stands, whose it is, and the values of its fields."""

    where: Where
    subject: str
    numbers: Mapping[str, float]
    words: Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """The rows of one file. ``visits``: rows have a day; ``rows``: how many there were, bad ones too; ``unread``: the
    columns that are no field."""

    file: str
    visits: bool
    lines: tuple[Line, ...]
    rows: int
    unread: tuple[str, ...] = ()


def read_table(path: Path, columns: Columns, problems: list[Problem]) -> Table:
    """Read one CSV table; what is wrong is appended to ``problems`` and its row is left out of the lines."""
    file = str(path)
    text = _text(path, file, problems)
    reader = csv.reader(io.StringIO(text, newline=""))
    header = next(reader, [])
    places = columns.find(header, file, problems) if text else {}
    if text:
        _check_header(places, columns, header, file, problems)
    used = {k for at in places.values() for k in at}
    unread = tuple(name.strip() for k, name in enumerate(header) if text and k not in used and name.strip())
    problems += misspelt(unread, places, file)
    visits = DAYS in places
    undated = not visits and any(name in places for name in MEASURES)
    if undated or SUBJECT not in places or not set(places) - {SUBJECT, DAYS}:
        return Table(file, visits, (), 0, unread)
    lines, rows = [], 0
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            rows += 1
            line = _line(cells, header, places, columns, Where(file, reader.line_num), problems)
            if line is not None:
                lines.append(line)
    except csv.Error as error:
        problems.append(Problem("not-csv", f"this is no CSV row: {error}", Where(file, reader.line_num)))
    return Table(file, visits, tuple(lines), rows, unread)


def misspelt(unread: Sequence[str], places: Mapping[str, list[int]], file: str) -> Iterator[Problem]:
    """Warnings of columns that are not read and are called nearly as a field that the table lacks."""
    missing = {alias: name for name, field in fields().items() if name not in places for alias in field.aliases}
    for text in unread:
        if close := nearest(text.lower(), missing, 1, NEAR):
            message = f"column {readable(text)!r} is not read; did you mean {close[0]!r}?"
            hint = f"Rename it, or say in --columns: 'columns: {{{missing[close[0]]}: {readable(text)}}}'."
            yield warning(UNREAD, message, Where(file, 1), hint)


def _text(path: Path, file: str, problems: list[Problem]) -> str:
    try:
        if path.is_file() and path.stat().st_size > LARGEST:
            problems.append(Problem("too-large", f"the file has more than {LARGEST:,} bytes", Where(file)))
            return ""
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        hint = "Check the path and the name."
        problems.append(Problem("no-file", f"the file cannot be read: {error.strerror}", Where(file), hint))
        return ""
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problems.append(Problem("not-text", "the file is not UTF-8 text", Where(file, line), "Save it as UTF-8 CSV."))
        return ""
    if "\x00" in text or not text.strip():
        message = "the file is empty" if not text.strip() else "the file holds zero bytes"
        problems.append(Problem("empty-file", message, Where(file), "Save it as UTF-8 CSV with a header."))
        return ""
    return text


def _check_header(
    places: Mapping[str, list[int]], columns: Columns, header: Sequence[str], file: str, problems: list[Problem]
) -> None:
    where = Where(file, 1)
    if SUBJECT not in places:
        name = columns.names.get(SUBJECT, "subject")
        hint = "Name the column of subjects in --columns: 'columns: {subject: NAME}'."
        other = next((words for mark, words in SEPARATORS.items() if len(header) == 1 and mark in header[0]), "")
        if other:
            hint = f"The cells stand between {other}: save the table with commas, and points in numbers."
        message = f"no column {readable(name)!r} says whose a row is; there are {', '.join(map(readable, header[:12]))}"
        problems.append(Problem("no-subject", message, where, hint))
    elif not set(places) - {SUBJECT, DAYS}:
        hint = f"Name columns in --columns; fields are {', '.join(fields())}."
        known = "those of the subject and the day" if DAYS in places else "that of the subject"
        problems.append(Problem("no-field", f"no column is known but {known}", where, hint))
    elif DAYS not in places and any(name in places for name in MEASURES):
        hint = "Name it in --columns: 'columns: {days: NAME}'."
        if any(name.strip().lower() in DATES for name in header):
            hint = "Dates are not read: give days since a day of the subject's own, such as the first visit."
        problems.append(Problem("no-days", "there are measures, and no column of days", where, hint))


def _line(
    cells: Sequence[str],
    header: Sequence[str],
    places: Mapping[str, list[int]],
    columns: Columns,
    where: Where,
    problems: list[Problem],
) -> Line | None:
    if len(cells) != len(header):
        message = f"the row has {len(cells)} cells, and the header has {len(header)}"
        problems.append(Problem("malformed-row", message, where, "Quote texts that contain commas."))
        return None
    known = fields()
    numbers: dict[str, float] = {}
    words: dict[str, str] = {}
    subject = cells[places[SUBJECT][0]].strip()
    before = len(problems)
    if subject.lower() in NOTHING:
        problems.append(Problem("no-subject", "the row does not say whose it is", where, "Fill in the subject."))
    for name, at in places.items():
        filled = [cells[k].strip() for k in at if cells[k].strip().lower() not in NOTHING]
        if name == SUBJECT:
            continue
        if not filled:
            if name == DAYS:
                problems.append(Problem("no-day", "the row does not say on which day", where, "Fill in the day."))
            continue
        if known[name].kind == "word":
            value = known[name].words.get(filled[0].lower())
            if value is None:
                hint = f"Write one of: {', '.join(sorted(set(known[name].words.values()) - {''}))}."
                problems.append(Problem("bad-word", f"{name} is {readable(filled[0])!r}", where, hint))
            elif value:
                words[name] = value
        else:
            number = _number(known[name], filled[0], columns.factors.get(name, 1.0), where, problems)
            if number is not None:
                numbers[name] = number
    return Line(where, subject, numbers, words) if len(problems) == before else None


def _number(field: Field, text: str, factor: float, where: Where, problems: list[Problem]) -> float | None:
    if text.lower().strip("+-") in ("inf", "infinity"):
        problems.append(Problem("no-number", f"{field.name} is not finite", where, "Leave it empty if not known."))
        return None
    if not NUMBER.fullmatch(text):
        hint = "Write a number with a point." if "," in text else f"Write a number of {field.unit}s, or leave it empty."
        if field.kind == "time" and LOOKS_LIKE_DATE.fullmatch(text):
            hint = "Dates are not read: give days since a day of the subject's own, such as the first visit."
        problems.append(Problem("no-number", f"{field.name} is {readable(text)!r}, which is no number", where, hint))
        return None
    value = float(text) * factor
    if not math.isfinite(value):
        problems.append(Problem("no-number", f"{field.name} is not finite", where, "Leave it empty if not known."))
        return None
    if not field.low <= value <= field.high:
        hint = f"Mend it ({field.low:g} to {field.high:g} {field.unit}), or leave it empty if not known."
        if field.units and factor == 1.0:
            hint += f" In another unit? Say so in --columns: 'units: {{{field.name}: {'|'.join(field.units)}}}'."
        if field.name == "svc":
            hint += " Litres cannot be used."
        if field.kind == "time":
            hint = "Is it a date? " + hint
        problems.append(Problem("out-of-range", f"{field.name} is {value:.12g}", where, hint))
        return None
    if field.whole and value != round(value):
        problems.append(Problem("not-whole", f"{field.name} is {value:g}, not a whole number", where, "Mend it."))
        return None
    return value


def personal(line: Line) -> dict[str, float | str]:
    """What a line says of its subject, whatever the day."""
    found: dict[str, float | str] = {name: line.numbers[name] for name in PERSONAL if name in line.numbers}
    found.update(line.words)
    return found


def warning(code: str, message: str, where: Where, hint: str = "") -> Problem:
    return Problem(code, message, where, hint, Severity.WARNING)
