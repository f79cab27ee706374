"""A few SVG words: text, boxes and arrows for the hand-made pictures."""

from __future__ import annotations

import html
import textwrap

from charcot.interfaces.report.theme import FONT, INK, SOFT

LINE = 16


def words(
    x: float, y: float, text: str, *, size: float = 12.5, color: str = INK, bold: bool = False, anchor: str = "start"
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}" text-anchor="{anchor}"{weight}>'
        f"{html.escape(text)}</text>"
    )


def wrapped(text: str, characters: int) -> list[str]:
    return textwrap.wrap(text, characters, break_long_words=True) or [""]


def box(x: float, y: float, width: float, height: float, *, fill: str = "#ffffff", edge: str = "#8b949e") -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="6" fill="{fill}" '
        f'stroke="{edge}" stroke-width="1.2"/>'
    )


def bar(x: float, y: float, width: float, height: float, color: str, *, hollow: bool = False) -> str:
    paint = f'fill="none" stroke="{color}" stroke-width="1.4"' if hollow else f'fill="{color}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1.0):.1f}" height="{height:.1f}" {paint}/>'


def arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    """A straight arrow, horizontal or vertical, with its head drawn (no shared marker definitions)."""
    if abs(y2 - y1) < 1e-6:
        sign = 1 if x2 > x1 else -1
        head = f"{x2:.1f},{y2:.1f} {x2 - 7 * sign:.1f},{y2 - 4:.1f} {x2 - 7 * sign:.1f},{y2 + 4:.1f}"
    else:
        sign = 1 if y2 > y1 else -1
        head = f"{x2:.1f},{y2:.1f} {x2 - 4:.1f},{y2 - 7 * sign:.1f} {x2 + 4:.1f},{y2 - 7 * sign:.1f}"
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{SOFT}" stroke-width="1.4"/>'
        f'<polygon points="{head}" fill="{SOFT}"/>'
    )


def canvas(width: float, height: float, parts: list[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}">'
        f'<g font-family="{html.escape(FONT)}">{"".join(parts)}</g></svg>'
    )
