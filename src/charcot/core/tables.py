"""A table of content: a CSV file whose rows have a form, read with everything that is wrong with it at once."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from charcot.core.errors import Problem, Where
from charcot.core.form_words import in_words


class Row(BaseModel):
    """One row: its columns are the fields of the form."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)


R = TypeVar("R", bound=Row)


def read_table(path: Path, form: type[R], key: Sequence[str], problems: list[Problem]) -> list[R]:
    """The rows of :func:`read_rows` without their places."""
    return [row for row, _ in read_rows(path, form, key, problems)]


def read_rows(path: Path, form: type[R], key: Sequence[str], problems: list[Problem]) -> list[tuple[R, Where]]:
    """The sound rows of a table in their order, each with its place; what is wrong with the others is appended with
    file and line.

    ``key``: the columns whose values name a row; a second row of the same name is a problem, and never replaces the
    first one.
    """
    rows: list[tuple[R, Where]] = []
    first: dict[tuple[str, ...], int] = {}
    with path.open(newline="", encoding="utf-8") as handle:
        reader = csv.reader(handle)
        header = [cell.strip() for cell in next(reader, [])]
        absent = [name for name, field in form.model_fields.items() if field.is_required() and name not in header]
        if absent:
            message = f"the columns {', '.join(absent)} are missing"
            problems.append(Problem("missing-column", message, Where.of(path.name, 1)))
            return rows
        for cells in reader:
            where = Where.of(path.name, reader.line_num)
            if not cells:
                continue
            if len(cells) != len(header):
                message = f"the row has {len(cells)} cells, but the header has {len(header)}"
                problems.append(Problem("malformed-row", message, where, "Quote texts that contain commas."))
                continue
            given = dict(zip(header, cells, strict=True))
            name = tuple(given[column].strip() for column in key)
            if name in first:
                message = f"{', '.join(name)} already stands in line {first[name]}"
                problems.append(Problem("row-twice", message, where, "Remove one of the two rows."))
                continue
            first[name] = where.line
            try:
                rows.append((form.model_validate(given), where))
            except ValidationError as error:
                problems += [
                    Problem("bad-cell", f"{', '.join(name)}: {entry['loc'][0]} {in_words(dict(entry))}", where)
                    for entry in error.errors()
                ]
    return rows
