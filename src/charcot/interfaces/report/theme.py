"""Colours, dashes, markers and type of the pictures.

The palette is Okabe and Ito's, in an order in which the first four pass 3:1 on white. A series is always told apart
by dash, marker and a direct label as well as by colour; labels use darker inks that pass 4.5:1.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
INK = "#1f2328"
SOFT = "#57606a"
RULE = "#d5dae0"
GRID = "#eceff2"


@dataclass(frozen=True)
class Style:
    """How one series looks."""

    line: str
    ink: str
    dash: tuple[int, ...]
    shape: str


_STYLES = (
    Style("#0072B2", "#005a8c", (1, 0), "circle"),
    Style("#D55E00", "#a84300", (7, 3), "square"),
    Style("#009E73", "#00684c", (2, 3), "triangle-up"),
    Style("#000000", "#000000", (10, 3, 2, 3), "diamond"),
    Style("#B0578D", "#8a3a6b", (4, 2), "triangle-down"),
    Style("#8C6A00", "#6e5300", (12, 4), "cross"),
    Style("#5B6B7B", "#4a5866", (1, 0), "triangle-left"),
    Style("#2B7A9B", "#1f6480", (7, 3), "triangle-right"),
)


def style(index: int) -> Style:
    """The look of series number ``index``; after eight series the looks repeat and the direct label tells."""
    return _STYLES[index % len(_STYLES)]


def scales(series: Sequence[str]) -> dict[str, Any]:
    """Vega-Lite scales that give each series its colour, dash and marker."""
    import altair as alt

    looks = [style(i) for i in range(len(series))]
    names = list(series)
    return {
        "color": alt.Scale(domain=names, range=[look.line for look in looks]),
        "dash": alt.Scale(domain=names, range=[list(look.dash) for look in looks]),
        "shape": alt.Scale(domain=names, range=[look.shape for look in looks]),
    }


@functools.cache
def config() -> dict[str, Any]:
    """The Vega-Lite configuration that all pictures share."""
    axis = {
        "labelFont": FONT, "titleFont": FONT, "labelFontSize": 12.5, "titleFontSize": 12.5, "titleFontWeight": "normal",
        "labelColor": SOFT, "titleColor": INK, "gridColor": GRID, "domainColor": RULE, "tickColor": RULE,
        "titlePadding": 10, "labelPadding": 5,
    }  # fmt: skip
    return {
        "aria": False,
        "background": "transparent",
        "font": FONT,
        "view": {"stroke": None},
        "axis": axis,
        "axisX": {"grid": False},
        "axisY": {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "start", "titleY": -12, "titleX": -34,
                  "domain": False, "ticks": False, "labelFlush": False},
        "text": {"font": FONT, "fontSize": 12.5, "color": INK},
        "header": {"labelFont": FONT, "labelFontSize": 13, "labelColor": INK, "title": None, "labelAnchor": "start",
                   "labelFontWeight": "bold"},
        "title": {"font": FONT, "fontSize": 13, "color": INK, "anchor": "start", "fontWeight": "bold"},
        "padding": {"left": 6, "right": 10, "top": 8, "bottom": 6},
    }  # fmt: skip
