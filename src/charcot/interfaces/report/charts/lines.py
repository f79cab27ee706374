"""Curves by series, with a band, direct labels at their ends, and marks for events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from charcot.interfaces.report.theme import INK, RULE, SOFT, scales, style

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Axes:
    """What the axes are called and how far they reach."""

    x: str
    y: str
    x_domain: tuple[float, float] | None = None
    y_domain: tuple[float, float] | None = None
    width: int = 820
    height: int = 330
    label_room: float = 0.2  # part of the x range kept free on the right for direct labels
    log_y: bool = False

    def fitted(self, series: Sequence[str]) -> Axes:
        """These axes with just enough room at the right for the longest label."""
        pixels = 7.0 * max((len(name) for name in series), default=0) + 24
        return replace(self, label_room=min(0.45, pixels / self.width))


def curves(
    frame: pd.DataFrame, series: Sequence[str], axes: Axes, marks: pd.DataFrame | None = None, step: bool = False
) -> Any:
    """Curves of ``frame`` (columns x, y, series and, if wanted, lower, upper).

    ``marks`` (columns x, y, series) draws a cross for each event on a curve; ``step`` draws stairs.
    """
    import altair as alt

    frame = frame[frame["series"].isin(list(series))].dropna(subset=["y"])
    look = scales(series)
    x_domain, y_domain = _domains(frame, axes)
    x = alt.X("x:Q", title=axes.x, scale=alt.Scale(domain=list(x_domain), nice=False), axis=_x_axis(frame, axes))
    y_scale = alt.Scale(domain=list(y_domain), type="log" if axes.log_y else "linear", nice=False, zero=False)
    y = alt.Y("y:Q", title=axes.y, scale=y_scale)
    color = alt.Color("series:N", scale=look["color"], legend=None)
    interpolate: Any = "step-after" if step else "linear"
    base = alt.Chart(frame)
    layers = []
    if "lower" in frame and frame["lower"].notna().any():
        band = alt.Chart(frame.dropna(subset=["lower", "upper"]))
        layers.append(
            band.mark_area(opacity=0.14, clip=True, interpolate=interpolate).encode(
                x=x, y=alt.Y("lower:Q", scale=y_scale, title=axes.y), y2="upper:Q", color=color
            )
        )
    layers.append(
        base.mark_line(strokeWidth=2.4, clip=True, interpolate=interpolate).encode(
            x=x, y=y, color=color, strokeDash=alt.StrokeDash("series:N", scale=look["dash"], legend=None)
        )
    )
    layers.append(_markers(frame, series, x, y, color, look))
    if marks is not None and len(marks):
        layers.append(alt.Chart(marks).mark_text(text="×", fontSize=19, fontWeight="bold", color=INK).encode(x=x, y=y))
    layers.append(_end_labels(frame, series, x_domain, y_domain, axes))
    return alt.layer(*layers).properties(width=axes.width, height=axes.height)


def with_rules(chart: Any, rules: Sequence[tuple[float, str]], reach: tuple[float, float], axes: Axes) -> Any:
    """Add thin vertical rules with a word each: ``(x, text)``; words that would touch go one line higher."""
    import altair as alt
    import pandas as pd

    if not rules:
        return chart
    per_pixel = (reach[1] - reach[0]) / (1 - axes.label_room) / axes.width
    lane_ends: list[float] = []
    rows = []
    for place, text in sorted(rules):
        lane = next((k for k, end in enumerate(lane_ends) if end <= place), len(lane_ends))
        lane_ends[lane : lane + 1] = [place + per_pixel * (14 + 6.2 * len(text))]
        rows.append({"x": place, "text": text, "dy": -29 - 15 * lane})
    data = pd.DataFrame(rows)
    rule = alt.Chart(data).mark_rule(color="#8b949e", strokeDash=[2, 2]).encode(x="x:Q")
    words = [
        alt.Chart(part)
        .mark_text(align="left", dx=3, dy=float(dy), fontSize=11.5, color=INK, baseline="bottom")
        .encode(x="x:Q", y=alt.value(0), text="text:N")
        for dy, part in _groups(data, "dy")
    ]
    return alt.layer(chart, rule, *words)


def _groups(frame: pd.DataFrame, column: str) -> Any:
    return frame.groupby(column)


def spread(values: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move ``values`` apart until neighbours are at least ``gap`` apart, staying inside low..high where they fit."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    placed = [min(max(values[i], low), high) for i in order]
    for k in range(1, len(placed)):
        placed[k] = max(placed[k], placed[k - 1] + gap)
    overflow = placed[-1] - high if placed else 0.0
    if overflow > 0:
        placed[-1] = high
        for k in range(len(placed) - 2, -1, -1):
            placed[k] = min(placed[k], placed[k + 1] - gap)
    result = [0.0] * len(values)
    for place, i in zip(placed, order, strict=True):
        result[i] = place
    return result


def _x_axis(frame: pd.DataFrame, axes: Axes) -> Any:
    import altair as alt

    low, high = axes.x_domain or (float(frame["x"].min()), float(frame["x"].max()))
    span = high - low
    for step in (1, 2, 3, 4, 6, 12, 24, 60, 120):
        if span / step <= 12:
            break
    first = int(low // step) * step
    values = [v for v in range(first, int(high) + 1, step) if v >= low]
    return alt.Axis(values=values, format="d", domain=True, ticks=True, domainColor=RULE, labelFlush=False)


def _domains(frame: pd.DataFrame, axes: Axes) -> tuple[tuple[float, float], tuple[float, float]]:
    x_low, x_high = axes.x_domain or (float(frame["x"].min()), float(frame["x"].max()))
    x_high = x_low + (x_high - x_low) / (1 - axes.label_room)
    if axes.y_domain:
        return (x_low, x_high), axes.y_domain
    columns = [c for c in ("y", "lower", "upper") if c in frame]
    low, high = float(frame[columns].min().min()), float(frame[columns].max().max())
    if axes.log_y:
        low = max(low, high * 1e-4)
        return (x_low, x_high), (low / 1.15, high * 1.15)
    pad = 0.06 * ((high - low) or abs(high) or 1.0)
    return (x_low, x_high), (0.0 if 0 <= low < 0.5 * high else low - pad, high + pad)


def _markers(frame: pd.DataFrame, series: Sequence[str], x: Any, y: Any, color: Any, look: dict[str, Any]) -> Any:
    """A few markers along each curve, so that curves are told apart by shape."""
    import altair as alt
    import pandas as pd

    parts = []
    for name in series:
        part = frame[frame["series"] == name]
        if len(part):
            stride = max(1, len(part) // 8)
            parts.append(part.iloc[::stride])
    data = pd.concat(parts) if parts else frame
    return (
        alt.Chart(data)
        .mark_point(filled=True, size=42, opacity=1)
        .encode(x=x, y=y, color=color, shape=alt.Shape("series:N", scale=look["shape"], legend=None))
    )


def _end_labels(
    frame: pd.DataFrame,
    series: Sequence[str],
    x_domain: tuple[float, float],
    y_domain: tuple[float, float],
    axes: Axes,
) -> Any:
    """The names of the curves at the right, each tied to its curve's end by a thin line where that is far away."""
    import altair as alt
    import pandas as pd

    ends = [frame[frame["series"] == name].iloc[-1] for name in series if (frame["series"] == name).any()]
    right = max((float(end["x"]) for end in ends), default=0.0)
    heights = [_pixel(float(end["y"]), y_domain, axes) for end in ends]
    places = spread(heights, 17, 8, axes.height - 8)
    unit = (x_domain[1] - x_domain[0]) / axes.width
    data = pd.DataFrame(
        [
            (
                right + 9 * unit,
                place,
                end["series"],
                style(list(series).index(end["series"])).ink,
                float(end["x"]),
                height,
            )
            for end, place, height in zip(ends, places, heights, strict=True)
        ],
        columns=["x", "pixel", "name", "ink", "from_x", "from_pixel"],
    )
    ink = alt.Color("ink:N", scale=None)
    pixel = alt.Y("pixel:Q", scale=None, axis=None)
    text = alt.Chart(data).mark_text(align="left", fontWeight="bold").encode(x="x:Q", y=pixel, text="name:N", color=ink)
    far = data[data["from_x"] < right - 12 * unit].assign(x=right + 5 * unit)
    leader = (
        alt.Chart(far)
        .mark_rule(strokeWidth=1, strokeDash=[1, 3], color=SOFT)
        .encode(x=alt.X("from_x:Q"), x2="x:Q", y=alt.Y("from_pixel:Q", scale=None, axis=None), y2="pixel:Q")
    )
    return alt.layer(leader, text) if len(far) else text


def _ink(name: str, series: Sequence[str]) -> str:
    return style(list(series).index(name)).ink


def _pixel(value: float, domain: tuple[float, float], axes: Axes) -> float:
    """How far below the top of the picture ``value`` is drawn."""
    low, high = domain
    if axes.log_y:
        part = (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))
    else:
        part = (value - low) / (high - low)
    return axes.height * (1 - min(max(part, 0.0), 1.0))
