"""The mechanism chain: one box per step, in causal order, with what moved and by how much."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from charcot.interfaces.report.charts.shapes import arrow, bar, box, canvas, words, wrapped
from charcot.interfaces.report.content import number_text
from charcot.interfaces.report.names import plain_unit
from charcot.interfaces.report.theme import SOFT, style
from charcot.interfaces.report.views import records

if TYPE_CHECKING:
    import pandas as pd

_WIDTH = 1032.0
_GAP = 26.0
_MOST_PER_ROW = 5
_FIRST = {"healthy": "healthy", "before": "at onset", "untreated": "untreated", "treated": "treated"}


def chain_picture(chain: pd.DataFrame) -> str:
    """Boxes with arrows from molecule to survival; a box shows healthy, untreated and treated as bars and numbers."""
    columns = chain_columns(chain)
    bars = _Bars(tuple(columns), 92.0 + 17.0 * len(columns))
    parts: list[str] = _legend(columns, 14.0)
    y = 30.0
    groups = _rows_by_region(chain)
    per_row = _per_row(max(len(rows) for _, rows in groups))
    width = (_WIDTH - 16 - (per_row - 1) * _GAP) / per_row
    for region, rows in groups:
        if region:
            parts.append(words(8, y + 16, region[:1].upper() + region[1:], bold=True, size=13.5))
            y += 26
        for start in range(0, len(rows), per_row):
            line = rows[start : start + per_row]
            more = start + per_row < len(rows)
            parts += _line_of_boxes(line, y, width, more, bars)
            y += bars.height + (30 if more else 22)
    return canvas(_WIDTH, y, parts)


def _per_row(steps: int) -> int:
    """Boxes per row, so that the rows are about equally long."""
    rows = -(-steps // _MOST_PER_ROW)
    return max(3, -(-steps // rows))


@dataclass(frozen=True)
class _Bars:
    """The columns that become bars, from top to bottom, and the height of a box that holds them."""

    columns: tuple[str, ...]
    height: float


def chain_columns(chain: pd.DataFrame) -> dict[str, str]:
    """The columns of values and what they are called; every further ``treated_...`` column is shown as well."""
    more = [c for c in chain.columns if str(c).startswith("treated_")]
    names = {**_FIRST, **{str(c): str(c).replace("_", " ") for c in more}}
    return {**names, "treated": "treated early"} if "treated_late" in more else names


def _rows_by_region(chain: pd.DataFrame) -> list[tuple[str, list[dict[str, Any]]]]:
    """Rows grouped by region in the order given; what belongs to the whole person ends the only region's row."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in records(chain):
        groups.setdefault(str(row["region"] or ""), []).append(row)
    whole = [name for name in groups if name.lower() in ("", "person", "patient", "body", "whole person")]
    regions = [name for name in groups if name not in whole]
    if len(regions) == 1:
        only = regions[0]
        return [(only, groups[only] + [row for name in whole for row in groups[name]])]
    return [*((name, groups[name]) for name in regions), *(("Whole person", groups[name]) for name in whole)]


def _line_of_boxes(rows: list[dict[str, Any]], y: float, width: float, more: bool, bars: _Bars) -> list[str]:
    parts: list[str] = []
    for i, row in enumerate(rows):
        x = 8 + i * (width + _GAP)
        parts += _step_box(row, x, y, width, bars)
        if i + 1 < len(rows):
            parts.append(arrow(x + width + 2, y + bars.height / 2, x + width + _GAP - 2, y + bars.height / 2))
    if more:
        x_end = 8 + (len(rows) - 1) * (width + _GAP) + width / 2
        middle = y + bars.height + 12
        parts.append(
            f'<path d="M{x_end:.1f},{y + bars.height:.1f}V{middle:.1f}H{8 + width / 2:.1f}" fill="none" '
            f'stroke="{SOFT}" stroke-width="1.4"/>'
        )
        parts.append(arrow(8 + width / 2, middle, 8 + width / 2, y + bars.height + 29))
    return parts


def _step_box(row: dict[str, Any], x: float, y: float, width: float, bars: _Bars) -> list[str]:
    parts = [box(x, y, width, bars.height)]
    step = str(row["step"])
    title = wrapped(_headed(step), int(width / 7.2))[:2]
    for k, text in enumerate(title):
        parts.append(words(x + 10, y + 20 + 15 * k, text, bold=True, size=12.5))
    unit = plain_unit(str(row.get("unit") or ""))
    if unit:
        parts.append(words(x + 10, y + 20 + 15 * len(title), unit, size=11, color=SOFT))
    values = [float(row[c]) if row.get(c) is not None else math.nan for c in bars.columns]
    largest = max((abs(v) for v in values if v == v), default=1.0) or 1.0
    for k, (column, value) in enumerate(zip(bars.columns, values, strict=True)):
        color, hollow = _paint(column, k)
        top = y + 62 + 17 * k
        if value == value:
            parts.append(bar(x + 10, top, (width - 76) * abs(value) / largest, 9, color, hollow=hollow))
        parts.append(words(x + width - 10, top + 9, number_text(round(value, 3)), size=11.5, anchor="end"))
    moved = _moved(float(row["untreated"]), float(row["treated"]))
    parts.append(words(x + 10, y + bars.height - 10, moved, size=11.5, color=SOFT))
    return parts


def _paint(column: str, place: int) -> tuple[str, bool]:
    """Colour, and whether the bar is hollow: the states before any treatment are outlines."""
    if column == "healthy":
        return "#1f2328", True
    if column == "before":
        return "#6e7781", True
    if column == "untreated":
        return style(1).line, False
    return (style(0).line, style(2).line, style(4).line, style(5).line)[(place - 3) % 4], False


def _moved(untreated: float, treated: float) -> str:
    """The step's change under treatment, in words and in its own unit."""
    difference = treated - untreated
    if difference != difference:
        return "no value"
    if abs(difference) < 0.005 * max(abs(untreated), abs(treated), 1e-12):
        return "unchanged"
    return f"{'+' if difference > 0 else '−'}{number_text(abs(difference))} with treatment"


def _headed(step: str) -> str:
    """A heading's capital, except where the first word carries capitals of its own (mRNA, miR-126)."""
    first = step.split()[0]
    return step if first != first.lower() else step[:1].upper() + step[1:]


def _legend(columns: Mapping[str, str], y: float) -> list[str]:
    parts: list[str] = []
    x = 8.0
    for place, (column, name) in enumerate(columns.items()):
        color, hollow = _paint(column, place)
        parts.append(bar(x, y - 9, 16, 9, color, hollow=hollow))
        parts.append(words(x + 22, y, name, size=12))
        x += 40 + 7.2 * len(name)
    return parts
