"""``charcot explain``: what stands behind one port of the model, or another name of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from charcot.core.errors import Problem, Problems
from charcot.core.identifiers import nearest
from charcot.interfaces.cli import entries, laboratory, rooms
from charcot.interfaces.cli.kinds import completing
from charcot.interfaces.cli.options import AsJson, Assume
from charcot.interfaces.cli.talk import Talk
from charcot.interfaces.report.content import number_text
from charcot.interfaces.report.names import plain_unit

if TYPE_CHECKING:
    from rich.console import RenderableType

    from charcot.patients.explanation import Dispute, Explanation, NumberRow


def explain(
    port: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A port, such as lumbar.nmj.innervation; or a number, mechanism, product, genotype, exposure, system, "
            "hypothesis, experiment or source ('charcot list' has all names).",
            autocompletion=completing("readouts", "ports", "numbers", *entries.KINDS),
        ),
    ],
    assume: Assume = None,
    as_json: AsJson = False,
) -> None:
    """Show the equation of a port, its numbers with priors and sources, and what is disputed; or what a name is."""
    talk = Talk(as_json)
    assumed = laboratory.assume(assume) if assume else None
    try:
        found = laboratory.explain_assuming(port, assumed) if assumed else rooms.explain(port)
    except KeyError as error:
        other = entries.find(port)
        if other is None:
            raise Problems([_unknown(port, error)]) from None
        if assumed:
            message = f"{port} is a {other.what}: only ports and numbers are explained under an assumption"
            raise Problems([Problem("no-port", message, None, "Leave --assume out.")]) from None
        talk.show(*_entry_page(other))
        talk.data({"ok": True, **asdict(other)})
        return
    talk.show(*_page(found))
    talk.data(_record(found))


def _unknown(name: str, error: KeyError) -> Problem:
    message = str(error.args[0]) if error.args else f"no port is called {name!r}"
    near = nearest(name, entries.every_name())
    hint = f"Of another kind: {', '.join(near)}. " if near else ""
    return Problem("unknown-port", message, None, f"{hint}'charcot list KIND' has every name of a kind.")


def _entry_page(found: entries.Entry) -> list[RenderableType]:
    from rich.panel import Panel
    from rich.text import Text

    head = Text(found.title, style="bold")
    head.append(f"\n{found.name}, {found.what}", style="not bold")
    parts: list[RenderableType] = [Panel(head, expand=False)]
    for key, value in found.facts.items():
        if isinstance(value, tuple):
            parts += _list(_words(key), value)
        elif value != "":
            text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
            shown = number_text(text) if isinstance(text, float) else str(text)
            parts += [Text.assemble((f"{_words(key)}: ", "bold"), shown), ""]
    return parts


def _words(key: str) -> str:
    return key.replace("_", " ").capitalize()


def _record(found: Explanation) -> dict[str, object]:
    record = asdict(found)
    record["reads"] = [dict(zip(("port", "unit", "title"), row, strict=True)) for row in found.reads]
    return record


def _page(found: Explanation) -> list[RenderableType]:
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
    parts += _list("Assumed here", found.assumptions)
    if found.switched_off:
        parts += ["Under these assumptions its mechanism is off: it keeps its healthy value, or does not change.", ""]
    if found.published_equation:
        parts += [Text("Equation as published", style="bold"), Text(found.published_equation), ""]
    if found.equation_text:
        parts += [Text("Equation as computed", style="bold"), Text(found.equation_text), ""]
    if found.contributions:
        parts += [_contributions_table(found), ""]
    if found.reads:
        parts += [_table("Reads", ("Port", "Unit", "What it is"), found.reads), ""]
    parts += [_numbers_table(found.numbers), ""] if found.numbers else ["It has no numbers of its own.", ""]
    parts += [_behind_table(found.numbers_behind), ""] if found.numbers_behind else []
    parts += _list("Why the priors are as wide as they are", _reasons(found))
    parts += _list("Read by", found.readers or ("no other port",))
    parts += _list("Acted on by", found.acted_on_by)
    parts += _list("Sources for it", found.sources_for)
    parts += _list("Sources against it", found.sources_against)
    parts += _list("Disputed", [line for dispute in found.disputes for line in _dispute(dispute)])
    return parts


def _list(title: str, entries: Sequence[str]) -> list[RenderableType]:
    from rich.text import Text

    return [Text(title, style="bold"), *(Text(f"  {entry}") for entry in entries), ""] if entries else []


def _table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for heading in headings:
        numeric = heading in ("Value", "Between patients")
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _contributions_table(found: Explanation) -> RenderableType:
    nothing = "off: " + ("nothing is added" if found.combine == "sum" else "a factor of 1")
    rows = [(c.mechanism, nothing if c.switched_off else c.equation_text, c.claim) for c in found.contributions]
    return _table(f"The {found.combine} of", ("Mechanism", "What it gives", "Claim"), rows)


def _reasons(found: Explanation) -> list[str]:
    """One line per reason, naming the numbers that share it."""
    reasons: dict[str, list[str]] = {}
    for number in found.numbers:
        reasons.setdefault(f"{number_text(number.prior_spread)}: {number.prior_reason}", []).append(number.name)
    return [f"{reason} ({', '.join(names)})" for reason, names in reasons.items()]


def _dispute(dispute: Dispute) -> list[str]:
    lines = [
        f"{dispute.key}: {dispute.claim} ({', '.join(dispute.sources_for)})",
        f"    against: {dispute.counter_claim} ({', '.join(dispute.sources_against)})",
    ]
    if dispute.selectable:
        lines.append(f"    select: {' or '.join(f'--assume {side}' for side in dispute.selectable)}")
    return lines


NUMBER_HEADINGS = ("Name", "Value", "Unit", "Prior (95 %)", "Between patients", "Grade", "Source")


def _cells(n: NumberRow) -> tuple[str, ...]:
    value = number_text(n.value) + (f", assumed {number_text(n.assumed)}" if n.assumed is not None else "")
    prior = f"{number_text(n.prior_low)} to {number_text(n.prior_high)}" if n.prior_spread else "fixed"
    return (n.name, value, n.unit, prior, number_text(n.between_patients), n.grade, n.citation or n.source)


def _numbers_table(numbers: Sequence[NumberRow]) -> RenderableType:
    return _table("Numbers (between patients: SD of the natural logarithm)", NUMBER_HEADINGS, map(_cells, numbers))


def _behind_table(numbers: Sequence[tuple[str, NumberRow]]) -> RenderableType:
    rows = ((port, *_cells(number)) for port, number in numbers)
    return _table("Numbers of what it reads", ("Port", *NUMBER_HEADINGS), rows)
