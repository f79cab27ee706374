"""Heat maps in panels, and bars to both sides of a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from charcot.interfaces.report.theme import INK, SOFT, style

if TYPE_CHECKING:
    import pandas as pd


def heat_panels(frame: pd.DataFrame, panels: Sequence[str], x: str, y: str, value: str, columns: int = 2) -> Any:
    """One panel per ``panel``; ``frame``: panel, x (number), row (text), order, value, text (what is printed in a
    cell). Colour runs from nothing to the largest value; where something is lost, from loss through nothing to gain."""
    import altair as alt

    low, high = float(frame["value"].min()), float(frame["value"].max())
    loses = low < -0.02 * max(high, 1e-9)
    scale = (
        alt.Scale(scheme="purplegreen", domain=[-max(abs(low), high), max(abs(low), high)])
        if loses
        else alt.Scale(scheme="blues", domain=[0, high or 1.0])
    )
    dark = 0.6 * (max(abs(low), high) if loses else high)
    rows = list(dict.fromkeys(frame.sort_values("order", ascending=False)["row"]))
    across = alt.X("x:O", title=x, axis=alt.Axis(labelAngle=0, domain=False, ticks=False))
    down = alt.Y("row:O", title=y, sort=rows, axis=alt.Axis(domain=False, ticks=False, titleX=-6))
    base = alt.Chart(frame).encode(x=across, y=down)
    cells = base.mark_rect(stroke="#ffffff", strokeWidth=2).encode(
        color=alt.Color("value:Q", scale=scale, title=value, legend=alt.Legend(orient="bottom", gradientLength=260))
    )
    loud = f"abs(datum.value) > {dark}" if loses else f"datum.value > {dark}"
    ink = alt.condition(loud, alt.value("#ffffff"), alt.value(INK))
    words = base.mark_text(fontSize=11.5).encode(text="text:N", color=ink)
    count = frame["x"].nunique()
    panel = alt.layer(cells, words).properties(width=max(46 * count, 180), height=max(30 * len(rows), 60))
    return panel.facet(facet=alt.Facet("panel:N", sort=list(panels), title=None), columns=columns).resolve_axis(
        x="independent", y="independent"
    )


def tornado(frame: pd.DataFrame, title: str) -> Any:
    """Bars to both sides of zero, longest on top; ``frame``: row, low (at the lower value), high (at the higher)."""
    import altair as alt

    order = list(frame["row"])
    long = frame.melt(id_vars=["row"], value_vars=["low", "high"], var_name="side", value_name="moved")
    long["side"] = long["side"].map({"low": "number lower", "high": "number higher"})
    names = ["number lower", "number higher"]
    looks = [style(1), style(0)]
    colour = alt.Color(
        "side:N",
        scale=alt.Scale(domain=names, range=[look.line for look in looks]),
        legend=alt.Legend(title=None, orient="top", symbolType="square"),
    )
    y = alt.Y("row:N", sort=order, title=None, axis=alt.Axis(labelLimit=420, domain=False, ticks=False))
    bars = (
        alt.Chart(long)
        .mark_bar(height={"band": 0.42})
        .encode(x=alt.X("moved:Q", title=title), y=y, yOffset=alt.YOffset("side:N", sort=names), color=colour)
    )
    zero = alt.Chart(long.head(1)).mark_rule(color=SOFT).encode(x=alt.datum(0))
    return alt.layer(bars, zero).properties(width=440, height=22 * len(order))
