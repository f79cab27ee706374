"""Two ranges for each row: what was allowed before, and what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charcot.interfaces.report.theme import SOFT, style

if TYPE_CHECKING:
    import pandas as pd


def before_and_after(frame: pd.DataFrame, x_title: str, zero: str, width: int = 520) -> Any:
    """``frame``: row, low, middle, high, before_low, before_high, in the order of the rows; a thin line is the range
    before, a thick one with its middle the range after. ``zero`` names the line at zero."""
    import altair as alt

    order = list(frame["row"])
    y = alt.Y("row:N", sort=order, axis=alt.Axis(title=None, domain=False, ticks=False, labelLimit=330))
    axis = alt.Axis(title=f"{x_title} (line at zero: {zero})", grid=True, domain=False)
    base = alt.Chart(frame)
    colour = style(0).line
    thin = base.mark_rule(strokeWidth=1.5, color=SOFT).encode(
        y=y, x=alt.X("before_low:Q", axis=axis), x2="before_high:Q"
    )
    thick = base.mark_rule(strokeWidth=5, color=colour, opacity=0.6).encode(y=y, x="low:Q", x2="high:Q")
    dots = base.mark_point(filled=True, size=60, color=colour, opacity=1).encode(y=y, x="middle:Q")
    none = alt.Chart(frame.head(1)).mark_rule(color=SOFT, strokeDash=[3, 3]).encode(x=alt.datum(0))
    return alt.layer(none, thin, thick, dots).properties(width=width, height=max(120, 18 * len(order)))
