"""What to measure next: a tornado of the widest gaps, and the table of all."""

from __future__ import annotations

from typing import Any

from charcot.interfaces.report.charts.heat import tornado
from charcot.interfaces.report.content import (
    Figure,
    KeyMessage,
    Prose,
    Section,
    Sheet,
    Table,
    model_risk,
    number_text,
    say,
)
from charcot.interfaces.report.names import plain_unit
from charcot.interfaces.report.picture import draw
from charcot.interfaces.report.views import records

SHOWN = 25


def gaps_key(found: Any, endpoint: Any) -> KeyMessage:
    """The plain-language box."""
    own = found.table[found.table["endpoint"] == endpoint.name]
    best = records(own.head(3))
    unit = plain_unit(endpoint.unit)
    named = ", ".join(f"{row['title'].lower()} ({say(float(row['gap']))} {unit})" for row in best)
    return KeyMessage(
        f"Which number, if it were measured, would say most about: {endpoint.title}?",
        f"{named[0].upper()}{named[1:]}.",
        f"{len(own)} numbers moved in {found.patients} patients; unchanged: {say(found.base[endpoint.name])} {unit}.",
        model_risk("", ""),
    )


def gaps_sections(found: Any, endpoint: Any) -> list[Section]:
    own = found.table[found.table["endpoint"] == endpoint.name].reset_index(drop=True)
    unit = plain_unit(endpoint.unit)
    shown = own.head(SHOWN)
    plot = shown.assign(
        row=[f"{r['number']} (grade {r['grade']})" for r in records(shown)],
        low=shown["at_lower"],
        high=shown["at_higher"],
    )
    first = shown.iloc[0]
    finding = f"{first['title']} leaves most open: {say(float(first['gap']))} {unit} either way.".replace("  ", " ")
    label = f"Tornado: how far {endpoint.title} moves when a number moves by one width of its prior, widest on top."
    chart = tornado(plot[["row", "low", "high"]], f"Change of {endpoint.title}, {unit or 'relative'}")
    columns = ("Rank", "Number", "What it is", "Value", "Unit", "Grade", "Prior (SD of ln)", "Sensitivity", "Gap",
               "± SE", "At lower", "At higher", "Why so wide")  # fmt: skip
    rows = [
        (int(r["rank"]), r["number"], r["title"], number_text(float(r["value"])), r["value_unit"], r["grade"],
         float(r["prior_log_spread"]), float(r["sensitivity"]), float(r["gap"]), float(r["gap_error"]),
         float(r["at_lower"]), float(r["at_higher"]), r["prior_reason"])
        for r in records(own)
    ]  # fmt: skip
    note = (
        f"Each bar: a derivative at a step of {found.question.step:g} in ln(value), scaled to one width of the prior. "
        "Bars of unequal length show a curved response. A wide gap means that the endpoint is sensitive, the evidence "
        "weak, or both; the grade stands in the label."
    )
    table = Table.of(columns, rows, "All numbers, widest gap first")
    figure = Figure("gaps", finding, label, draw(chart, "gaps", finding, label), table, note)
    left = [(r["number"], r["why"]) for r in records(found.not_varied)]
    how = Prose((
        "Gap = |change of the endpoint per unit of ln(value)| times the prior's width. The width comes from the "
        "grades' one table; independent sources narrow it; the spread between patients is no part of it.",
    ))  # fmt: skip
    sheet = Sheet("Numbers that were not moved", Table.of(("Number", "Why"), left, "Numbers that were not moved"))
    return [Section("gaps", f"What to measure next: {endpoint.title}", (figure, how, sheet))]
