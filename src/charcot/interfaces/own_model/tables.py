"""Tables of the user: CSV, Parquet, or a data frame; every fault with its file and line."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from charcot.core import parquet
from charcot.core.errors import Problem, Problems, Where

if TYPE_CHECKING:
    import pandas as pd

    Given = str | Path | pd.DataFrame | Mapping[str, Any]
READ = "Give a CSV file (.csv, a header, commas; .tsv with tabs), a Parquet file (.parquet) or a data frame."


@dataclass
class Table:
    """Columns of equal length, and where each row came from."""

    name: str
    columns: dict[str, np.ndarray]
    rows: int
    lines: list[int] = field(default_factory=list)

    def where(self, row: int | None = None) -> Where:
        """The place of a row (0-based), or of the header: a line of a CSV file, else the number of the row."""
        if self.lines:
            return Where(self.name, 1 if row is None else self.lines[row])
        return Where(self.name if row is None else f"{self.name}, row {row + 1}")

    def numbers(self, column: str, problems: list[Problem]) -> np.ndarray:
        """A column as finite numbers, (rows,); what is none becomes a problem and NaN."""
        given = self.columns[column]
        try:
            values = np.asarray(given, dtype=float)
        except (TypeError, ValueError):
            values = np.array([_number(cell) for cell in given])
        for row in np.flatnonzero(~np.isfinite(values)):
            text = f"{column} is {str(given[row])!r}, which is not a finite number"
            problems.append(Problem("bad-number", text, self.where(int(row)), "Write a number such as 0.25 or 1e-3."))
        return values


def _number(cell: Any) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return float("nan")


def read_table(given: Given, name: str) -> Table:
    """``name`` stands for a data frame in messages.

    Raises:
        Problems: there is no such file, it cannot be read, it has no header, a column twice, or rows of another length.
    """
    if not isinstance(given, str | Path):
        import pandas as pd

        return _of_frame(pd.DataFrame(given), name)
    path = Path(given)
    if not path.is_file():
        raise _unreadable("there is no such file", path)
    if path.suffix.lower() in (".parquet", ".pq"):
        try:
            return _of_frame(parquet.read(path).to_pandas(), str(path))
        except (OSError, ValueError) as error:
            raise _unreadable(f"it cannot be read as Parquet: {str(error).splitlines()[0]}", path) from None
    return _of_csv(path)


def _of_frame(frame: pd.DataFrame, name: str) -> Table:
    names = [str(column) for column in frame.columns]
    _refuse_doubled(names, Where(name))
    return Table(name, {names[k]: frame.iloc[:, k].to_numpy() for k in range(len(names))}, len(frame))


def _of_csv(path: Path) -> Table:
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            tabs = path.suffix.lower() == ".tsv"
            reader = csv.reader(file, delimiter="\t" if tabs else ",")
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    # an editor that strips the ends of lines takes empty last cells along with the tabs before them
                    missing = len(rows[0]) - len(cells) if tabs and rows else 0
                    rows.append([cell.strip() for cell in cells] + [""] * missing)
                    lines.append(reader.line_num)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(f"it cannot be read as CSV: {error}", path) from None
    if not rows:
        raise _unreadable("it is empty", path)
    names = rows[0]
    _refuse_doubled(names, Where.of(path, lines[0]))
    wrong = [
        Problem("bad-row", f"{len(row)} cells below {len(names)} headings", Where.of(path, line), "Mend the row.")
        for row, line in zip(rows[1:], lines[1:], strict=True)
        if len(row) != len(names)
    ]
    if wrong:
        raise Problems(wrong, "The table cannot be read")
    columns = {name: np.array([row[k] for row in rows[1:]], dtype=object) for k, name in enumerate(names)}
    return Table(str(path), columns, len(rows) - 1, lines[1:])


def _refuse_doubled(names: list[str], where: Where) -> None:
    doubled = sorted({name for name in names if names.count(name) > 1})
    found = [Problem("doubled-column", f"two columns are called {name!r}", where, "Keep one.") for name in doubled]
    if "" in names:
        found.append(Problem("nameless-column", "a column has no name", where, "Write its name into the header."))
    if found:
        raise Problems(found, "The table cannot be read")


def _unreadable(message: str, path: Path) -> Problems:
    return Problems([Problem("unreadable-table", message, Where.of(path), READ)], "The table cannot be read")
