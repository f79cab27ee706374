"""Which column of a user's table is which field: by its own name, by names that are known, by a small YAML.

The fields are rows of ``fields.csv``: kind, the range that is possible, unit, and names under which tables have them,
those of PRO-ACT among them, so that its tables are read as they are. ``words.csv`` has what may stand in a cell of
words.
A YAML file names what is called otherwise::

    columns: {subject: ID, total: ALSFRSR, onset: first_symptom}
    units: {days: months, onset: months, svc: share}
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from charcot.core.errors import Problem, Where, raise_if_any, readable
from charcot.core.identifiers import close_to
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from charcot.core.yaml_file import Document, read_document

HERE = Path(__file__).parent
SUBJECT, DAYS, TOTAL = "subject", "days", "total"
MEASURES = ("total", "svc", "nfl")
PERSONAL = ("onset", "diagnosis", "age", "sex", "site", "riluzole", "died", "end")
EITHER = ("cutting_food",)  # fields that may stand in two columns of one table, of which each row fills one
UNITS: Mapping[str, Mapping[str, float]] = {
    "time": {"days": 1.0, "weeks": 7.0, "months": DAYS_PER_MONTH, "years": DAYS_PER_YEAR},
    "svc": {"percent": 1.0, "share": 100.0},
    "nfl": {"pg/mL": 1.0, "ng/L": 1.0},
    "age": {"years": 1.0, "months": 1 / 12, "days": 1 / DAYS_PER_YEAR},
}


@dataclass(frozen=True)
class Field:
    """One field: ``low`` and ``high`` (in its unit) are the possible ends; ``words`` map what is written to a value."""

    name: str
    kind: str
    low: float
    high: float
    whole: bool
    unit: str
    aliases: tuple[str, ...]
    note: str
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def units(self) -> Mapping[str, float]:
        """Units that a column may have: name -> factor to ours."""
        return UNITS["time"] if self.kind == "time" else UNITS.get(self.name, {})


@cache
def fields() -> dict[str, Field]:
    """Every field by name, in the order of the table."""
    words: dict[str, dict[str, str]] = {}
    with (HERE / "words.csv").open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            words.setdefault(row["field"], {}).update(dict.fromkeys(row["words"].split("|"), row["value"]))
    with (HERE / "fields.csv").open(newline="", encoding="utf-8") as handle:
        return {
            row["field"]: Field(
                row["field"], row["kind"], float(row["low"] or "-inf"), float(row["high"] or "inf"),
                row["whole"] == "yes", row["unit"], tuple(row["aliases"].split("|")), row["note"],
                words.get(row["field"], {}),
            )
            for row in csv.DictReader(handle)
        }  # fmt: skip


@dataclass(frozen=True)
class Columns:
    """What a user says of the own tables: field -> name of its column, field -> factor of its unit."""

    names: Mapping[str, str] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)
    file: str = ""

    def find(self, header: Sequence[str], file: str, problems: list[Problem]) -> dict[str, list[int]]:
        """The places of each field in a header; what stands twice is a problem."""
        lower = [name.strip().lower() for name in header]
        places: dict[str, list[int]] = {}
        for name, one in fields().items():
            if name in self.names:
                found = [k for k, text in enumerate(lower) if text == self.names[name].strip().lower()]
            else:
                taken = {text.strip().lower() for text in self.names.values()}
                found = [k for k, text in enumerate(lower) if text in one.aliases and text not in taken]
            if len(found) > 1 and name not in EITHER:
                said = ", ".join(readable(header[k]) for k in found)
                hint = f"Say in --columns which one it is: 'columns: {{{name}: {readable(header[found[0]])}}}'."
                problems.append(Problem("two-columns", f"{name} may be any of {said}", Where(file, 1), hint))
            if found:
                places[name] = found
        return places


def read_columns(path: Path | None) -> Columns:
    """The columns of a YAML file; without one, the known names. Raises :class:`charcot.core.errors.Problems`."""
    if path is None:
        return Columns()
    document = read_document(path, hint="Write 'columns:' with lines 'field: name of the column'.")
    problems: list[Problem] = []
    for key in document.data:
        if key not in ("columns", "units"):
            problems.append(
                _problem(document, (key,), "unknown-key", f"'{key}' is no key here", "Keys: columns, units.")
            )
    names = {key: str(value) for key, value in _mapping(document, "columns", problems).items()}
    factors: dict[str, float] = {}
    for key, value in _mapping(document, "units", problems).items():
        units = fields()[key].units
        if str(value) in units:
            factors[key] = units[str(value)]
        else:
            hint = f"Known are: {', '.join(units)}." if units else f"{key} has no other unit."
            message = f"{readable(str(value))} is no unit of {key}"
            problems.append(_problem(document, ("units", key), "unknown-unit", message, hint))
    raise_if_any(problems, "the columns cannot be read")
    return Columns(names, factors, document.file)


def _mapping(document: Document, part: str, problems: list[Problem]) -> dict[str, Any]:
    """The entries of one part whose keys are fields."""
    given = document.data.get(part) or {}
    if not isinstance(given, Mapping):
        problems.append(_problem(document, (part,), "not-a-mapping", f"'{part}' holds no keys", "Write 'field: name'."))
        return {}
    known = {}
    for key, value in given.items():
        if key in fields():
            known[str(key)] = value
        else:
            hint = f"{close_to(str(key), fields())} Fields: {', '.join(fields())}."
            problems.append(_problem(document, (part, key), "unknown-field", f"no field is called {key!r}", hint))
    return known


def _problem(document: Document, path: Sequence[Any], code: str, message: str, hint: str) -> Problem:
    return Problem(code, message, document.where(path), hint)
