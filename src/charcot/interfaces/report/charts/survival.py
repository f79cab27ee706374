"""Kaplan-Meier curves, and the numbers at risk below them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from charcot.interfaces.report.charts.lines import Axes, curves
from charcot.interfaces.report.theme import style

if TYPE_CHECKING:
    import pandas as pd


def survival_curves(
    stairs: pd.DataFrame, at_risk: pd.DataFrame, series: Sequence[str], x_title: str, width: int = 820
) -> Any:
    """``stairs``: x, y (0..1), series, maybe lower, upper. ``at_risk``: x, count, series."""
    import altair as alt

    data = stairs.copy()
    for column in ("y", "lower", "upper"):
        if column in data:
            data[column] = 100.0 * data[column]
    reach = (0.0, float(data["x"].max()))
    lowest = float(data[[c for c in ("y", "lower") if c in data]].min().min())
    floor = 0.0 if lowest < 60 else 10.0 * ((lowest - 5) // 10)
    title = "Alive without permanent ventilation, %" + (f" (axis starts at {floor:.0f})" if floor else "")
    axes = Axes(x_title, title, reach, (floor, 100.0 + 0.02 * (100 - floor)), width, 320).fitted(series)
    chart = curves(data, series, axes, step=True)
    return alt.vconcat(chart, _risk_rows(at_risk, series, reach, axes), spacing=6)


def _risk_rows(at_risk: pd.DataFrame, series: Sequence[str], reach: tuple[float, float], axes: Axes) -> Any:
    import altair as alt

    high = reach[0] + (reach[1] - reach[0]) / (1 - axes.label_room)
    data = at_risk[at_risk["series"].isin(list(series))].copy()
    data["text"] = [f"{int(count):,}" for count in data["count"]]
    data["ink"] = [style(list(series).index(name)).ink for name in data["series"]]
    text = alt.Chart(data, width=axes.width, height=20 * len(series))
    names = data.loc[data.groupby("series")["x"].idxmax()].assign(place=reach[1])
    x_scale = alt.Scale(domain=[reach[0], high], nice=False)
    y = alt.Y("series:N", sort=list(series), axis=None, scale=alt.Scale(domain=list(series)))
    ink = alt.Color("ink:N", scale=None)
    numbers = text.mark_text(fontSize=12).encode(
        x=alt.X("x:Q", scale=x_scale, axis=None), y=y, text="text:N", color=ink
    )
    words = (
        alt.Chart(names)
        .mark_text(align="left", dx=24, fontSize=12)
        .encode(x=alt.X("place:Q", scale=x_scale, axis=None), y=y, text=alt.Text("series:N"), color=ink)
    )
    return alt.layer(numbers, words).properties(title="Number at risk")
