"""``charcot explain``: what stands behind one port of the model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charcot.core.errors import Problem, Problems
from charcot.interfaces.cli import rooms
from charcot.interfaces.cli.options import AsJson
from charcot.interfaces.cli.talk import Talk
from charcot.interfaces.report.content import number_text
from charcot.interfaces.report.names import plain_unit

if TYPE_CHECKING:
    from rich.console import RenderableType


def explain(
    port: Annotated[str, typer.Argument(metavar="PORT", help="A port, such as lumbar.nmj.innervation.")],
    as_json: AsJson = False,
) -> None:
    """Show the equation of a port, what it reads, its numbers with their sources, and who reads it."""
    talk = Talk(as_json)
    try:
        found = rooms.explain(port)
    except KeyError as error:
        message = str(error.args[0]) if error.args else f"no port is called {port!r}"
        raise Problems([Problem("unknown-port", message)]) from None
    talk.show(*_page(found))
    talk.data(_record(found))


def _record(found: Any) -> dict[str, Any]:
    record = asdict(found)
    record["reads"] = [dict(zip(("port", "unit", "title"), row, strict=True)) for row in found.reads]
    return record


def _page(found: Any) -> list[RenderableType]:
    from rich.panel import Panel
    from rich.text import Text

    head = Text()
    head.append(found.title or found.name, style="bold")
    unit = plain_unit(found.unit) or "dimensionless"
    head.append(f"\n{found.name}, {unit}, {found.kind}; healthy: {number_text(found.healthy)}")
    if found.mechanism:
        head.append(f"\nMechanism: {found.mechanism}")
    if found.claim:
        head.append(f"\n\n{found.claim}")
    parts: list[RenderableType] = [Panel(head, expand=False)]
    if found.published_equation:
        parts += [Text("Equation as published", style="bold"), Text(found.published_equation), ""]
    if found.equation_text:
        parts += [Text("Equation as computed", style="bold"), Text(found.equation_text), ""]
    if found.reads:
        parts += [_table("Reads", ("Port", "Unit", "What it is"), found.reads), ""]
    parts += [_numbers_table(found.numbers), ""] if found.numbers else ["It has no numbers of its own.", ""]
    parts += [_behind_table(found.numbers_behind), ""] if found.numbers_behind else []
    parts += _list("Read by", found.readers or ("no other port",))
    parts += _list("Acted on by", found.acted_on_by)
    parts += _list("Sources for it", found.sources_for)
    parts += _list("Sources against it", found.sources_against)
    return parts


def _list(title: str, entries: Sequence[str]) -> list[RenderableType]:
    from rich.text import Text

    return [Text(title, style="bold"), *(Text(f"  {entry}") for entry in entries), ""] if entries else []


def _table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for heading in headings:
        numeric = heading in ("Value", "Spread", "Between patients")
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


NUMBER_HEADINGS = ("Name", "Value", "Unit", "Spread", "Between patients", "Grade", "Source")


def _cells(n: Any) -> tuple[str, ...]:
    spreads = number_text(n.spread), number_text(n.between_patients)
    return (n.name, number_text(n.value), n.unit, *spreads, n.grade, n.citation or n.source)


def _numbers_table(numbers: Sequence[Any]) -> RenderableType:
    return _table("Numbers (spread: SD of the natural logarithm)", NUMBER_HEADINGS, map(_cells, numbers))


def _behind_table(numbers: Sequence[tuple[str, Any]]) -> RenderableType:
    rows = ((port, *_cells(number)) for port, number in numbers)
    return _table("Numbers of what it reads", ("Port", *NUMBER_HEADINGS), rows)
