"""The tables of a PEtab problem: one or several files of a kind, with the file and line of every row."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from charcot.core.errors import Problem, Problems, Where
from charcot.interfaces.own_model.tables import read_table

EMPTY = frozenset({"", "nan", "na", "n/a", "null", "none"})  # cells that PEtab's own library reads as missing
Problems_ = list[Problem]


@dataclass
class Sheet:
    """All rows of one kind of table; a column that a file lacks is empty there.

    Attributes:
        kind: such as "measurement table", for messages.
        header: where the (first) table begins; ``places`` where each row stands.
        columns: name -> the cells as text, "" where nothing is given.
    """

    kind: str
    header: Where
    columns: dict[str, list[str]]
    places: list[Where]

    @property
    def rows(self) -> int:
        return len(self.places)

    def cell(self, column: str, row: int, default: str = "") -> str:
        """One cell; ``default`` where it is empty or the column is absent."""
        return (self.columns[column][row] if column in self.columns else "") or default

    def number(self, column: str, row: int, problems: Problems_, *, finite: bool = True) -> float:
        """One cell as a number; NaN, and a problem, where it is none."""
        text = self.cell(column, row)
        value = as_number(text)
        if value is None or math.isnan(value) or (finite and not math.isfinite(value)):
            given = f"is {text!r}, which is not a finite number" if text else "is empty"
            hint = "Write a number such as 0.25 or 1e-3."
            problems.append(Problem("bad-number", f"{column} {given}", self.places[row], hint))
            return math.nan
        return value

    def require(self, columns: Sequence[str], problems: Problems_) -> bool:
        """Whether every named column is there; a problem for each that is not."""
        missing = [name for name in columns if name not in self.columns]
        for name in missing:
            hint = f"A {self.kind} needs {', '.join(columns)}."
            problems.append(Problem("missing-column", f"the column {name!r} is missing", self.header, hint))
        return not missing

    def identifiers(self, column: str, problems: Problems_) -> dict[str, int]:
        """Identifier -> row, of a column that names the rows."""
        found: dict[str, int] = {}
        for row, name in enumerate(self.columns[column]):
            if not name.isidentifier() or not name.isascii():
                text = f"{column} is {name!r}, which is no identifier" if name else f"{column} is empty"
                hint = "Use letters, digits and underscores, a letter first."
                problems.append(Problem("bad-identifier", text, self.places[row], hint))
            elif name in found:
                text = f"{column} {name!r} is there twice, first in {self.places[found[name]]}"
                problems.append(Problem("doubled-identifier", text, self.places[row], "Give each its own name."))
            found.setdefault(name, row)
        return found


def as_number(text: str) -> float | None:
    """The number that a cell holds, None where it holds a name."""
    try:
        return float(text)
    except ValueError:
        return None


def read_sheet(kind: str, files: Iterable[Path], problems: Problems_) -> Sheet | None:
    """The rows of all ``files``; None, and what is wrong, where one of them cannot be read."""
    tables = []
    before = len(problems)
    for file in files:
        try:
            tables.append(read_table(file, str(file)))
        except Problems as error:
            problems += error.problems
    if len(problems) > before or not tables:
        return None
    names = dict.fromkeys(name for table in tables for name in table.columns)
    columns: dict[str, list[str]] = {name: [] for name in names}
    places: list[Where] = []
    for table in tables:
        places += [table.where(row) for row in range(table.rows)]
        for name in names:
            cells = table.columns.get(name, [""] * table.rows)
            columns[name] += ["" if str(cell).strip().lower() in EMPTY else str(cell).strip() for cell in cells]
    return Sheet(kind, tables[0].where(), columns, places)
