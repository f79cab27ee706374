"""``charcot cohort``: one's own patients, from their tables to forecasts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charcot.core.errors import EXIT_BAD_INPUT, Severity, readable
from charcot.interfaces.cli import cohort_rooms as rooms
from charcot.interfaces.cli.guard import as_record
from charcot.interfaces.cli.options import AsJson
from charcot.interfaces.cli.talk import Talk

if TYPE_CHECKING:
    from charcot.fitting.own_cohort.reading import OwnCohort

Tables = Annotated[
    list[Path],
    typer.Argument(metavar="VISITS.csv [MORE.csv]...", help="Visits; then more visits, covariates, events."),
]
ColumnNames = Annotated[
    Path | None, typer.Option("--columns", metavar="FILE", help="A YAML file that names columns and units.")
]


def cohort_check(files: Tables, columns: ColumnNames = None, as_json: AsJson = False) -> None:
    """List every row that is wrong, by file and line, with what to do. Exit code 2 when there is one.

    Columns are found by their names, those of PRO-ACT's tables among them; --columns names others.
    """
    talk = Talk(as_json)
    found = rooms.read(files, columns)
    talk.show(*(str(problem) for problem in found.errors))
    warnings = [problem for problem in found.problems if problem.severity is Severity.WARNING]
    talk.show(*(f"warning: {problem}" for problem in warnings))
    talk.show(*(f"{file}: column {readable(name)!r} is not read" for file, name in found.unread))
    talk.show(*count_lines(found))
    talk.data(record(found))
    if found.errors:
        raise typer.Exit(EXIT_BAD_INPUT)


def count_lines(found: OwnCohort) -> list[str]:
    """What was read, and what of it is not used, in words."""
    lines = [", ".join(f"{count:,} {name}" for name, count in found.counts.items())]
    if found.unscored:
        lines.append(f"Without an ALSFRS-R score: {', '.join(found.unscored)}")
    errors, warnings = len(found.errors), len(found.problems) - len(found.errors)
    kinds = ", ".join(f"{count:,} {code}" for code, count in found.set_aside.items())
    lines.append(f"{errors:,} problems{f' ({kinds})' if kinds else ''}, {warnings:,} warnings")
    return lines


def record(found: OwnCohort) -> dict[str, object]:
    """What was read, for tools."""
    return {
        "ok": not found.errors,
        "exit_code": EXIT_BAD_INPUT if found.errors else 0,
        "counts": found.counts,
        "set_aside": found.set_aside,
        "columns_not_read": [{"file": file, "column": name} for file, name in found.unread],
        "without_a_score": list(found.unscored),
        "problems": [as_record(problem) for problem in found.problems],
    }
