"""The mechanism chain: one box per step, in causal order, with what moved and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charcot.interfaces.report.charts.shapes import arrow, bar, box, canvas, words, wrapped
from charcot.interfaces.report.content import number_text
from charcot.interfaces.report.theme import SOFT, style
from charcot.interfaces.report.views import records

if TYPE_CHECKING:
    import pandas as pd

_WIDTH = 1032.0
_GAP = 26.0
_HEIGHT = 158.0
_MOST_PER_ROW = 5
_COLUMNS = ("healthy", "before", "untreated", "treated")


def chain_picture(chain: pd.DataFrame) -> str:
    """Boxes with arrows from molecule to survival; a box shows healthy, untreated and treated as bars and numbers."""
    parts: list[str] = []
    y = 30.0
    parts += _legend(y - 16)
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
            parts += _line_of_boxes(line, y, width, more)
            y += _HEIGHT + (30 if more else 22)
    return canvas(_WIDTH, y, parts)


def _per_row(steps: int) -> int:
    """Boxes per row, so that the rows are about equally long."""
    rows = -(-steps // _MOST_PER_ROW)
    return max(3, -(-steps // rows))


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


def _line_of_boxes(rows: list[dict[str, Any]], y: float, width: float, more: bool) -> list[str]:
    parts: list[str] = []
    for i, row in enumerate(rows):
        x = 8 + i * (width + _GAP)
        parts += _step_box(row, x, y, width)
        if i + 1 < len(rows):
            parts.append(arrow(x + width + 2, y + _HEIGHT / 2, x + width + _GAP - 2, y + _HEIGHT / 2))
    if more:
        x_end = 8 + (len(rows) - 1) * (width + _GAP) + width / 2
        middle = y + _HEIGHT + 12
        parts.append(
            f'<path d="M{x_end:.1f},{y + _HEIGHT:.1f}V{middle:.1f}H{8 + width / 2:.1f}" fill="none" '
            f'stroke="{SOFT}" stroke-width="1.4"/>'
        )
        parts.append(arrow(8 + width / 2, middle, 8 + width / 2, y + _HEIGHT + 29))
    return parts


def _step_box(row: dict[str, Any], x: float, y: float, width: float) -> list[str]:
    parts = [box(x, y, width, _HEIGHT)]
    title = wrapped(str(row["step"]), int(width / 7.2))[:2]
    for k, text in enumerate(title):
        parts.append(words(x + 10, y + 20 + 15 * k, text, bold=True, size=12.5))
    unit = str(row.get("unit") or "")
    if unit not in ("", "dimensionless", "fraction"):
        parts.append(words(x + 10, y + 20 + 15 * len(title), _short_unit(unit), size=11, color=SOFT))
    values = [float(row[c]) if row.get(c) is not None else float("nan") for c in _COLUMNS]
    largest = max((abs(v) for v in values if v == v), default=1.0) or 1.0
    for k, (value, color, hollow) in enumerate(zip(values, _paints(), (True, True, False, False), strict=True)):
        top = y + 62 + 17 * k
        if value == value:
            parts.append(bar(x + 10, top, (width - 76) * abs(value) / largest, 9, color, hollow=hollow))
        parts.append(words(x + width - 10, top + 9, number_text(value), size=11.5, anchor="end"))
    parts.append(words(x + 10, y + _HEIGHT - 10, _moved(values[2], values[3]), size=11.5, color=SOFT))
    return parts


def _short_unit(unit: str) -> str:
    return unit.replace("percent_predicted", "% of predicted").replace("_", " ")


def _paints() -> tuple[str, str, str, str]:
    return ("#1f2328", "#8b949e", style(1).line, style(0).line)


def _moved(untreated: float, treated: float) -> str:
    """The step's change under treatment, in words and in its own unit."""
    difference = treated - untreated
    if difference != difference:
        return "no value"
    if abs(difference) < 0.005 * max(abs(untreated), abs(treated), 1e-12):
        return "unchanged"
    return f"{'+' if difference > 0 else '−'}{number_text(abs(difference))} with treatment"


def _legend(y: float) -> list[str]:
    parts: list[str] = []
    x = 8.0
    names = ("healthy", "before treatment", "untreated", "treated")
    for name, color, hollow in zip(names, _paints(), (True, True, False, False), strict=True):
        parts.append(bar(x, y - 9, 16, 9, color, hollow=hollow))
        parts.append(words(x + 22, y, name, size=12))
        x += 40 + 7.2 * len(name)
    return parts
