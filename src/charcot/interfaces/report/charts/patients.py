"""Pairs and patients of one trial: how pairs were decided, and each patient as a bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from charcot.interfaces.report.theme import INK, SOFT, style

if TYPE_CHECKING:
    import pandas as pd

# from the best outcome to the worst, the tie between them
PAINT = ("#0072B2", "#7FB8D8", "#d5dae0", "#E9A98A", "#D55E00")


def shares(frame: pd.DataFrame, outcomes: Sequence[str], width: int = 560) -> Any:
    """One bar of 100 % for each row; ``frame``: row, outcome, share (0 to 1)."""
    import altair as alt

    data = frame.assign(percent=100 * frame["share"], order=[list(outcomes).index(one) for one in frame["outcome"]])
    colour = alt.Color(
        "outcome:N",
        scale=alt.Scale(domain=list(outcomes), range=list(PAINT)),
        legend=alt.Legend(title=None, orient="top", symbolType="square", labelLimit=300),
    )
    y = alt.Y("row:N", sort=list(dict.fromkeys(frame["row"])), title=None, axis=alt.Axis(labelLimit=300, ticks=False))
    x = alt.X("percent:Q", title="Pairs, %", stack="zero", scale=alt.Scale(domain=[0, 100]))
    bars = alt.Chart(data).mark_bar(stroke="#ffffff").encode(x=x, y=y, color=colour, order=alt.Order("order:O"))
    return bars.properties(width=width, height=44 * data["row"].nunique())


def waterfall(frame: pd.DataFrame, series: Sequence[str], y_title: str, width: int = 760) -> Any:
    """A bar for each patient in the order of the rows; ``frame``: value, series, died (marked with a cross)."""
    import altair as alt
    import pandas as pd

    data = frame.assign(place=range(1, len(frame) + 1))
    colours = alt.Scale(domain=list(series), range=[style(k).line for k in range(len(series))])
    colour = alt.Color("series:N", scale=colours, legend=alt.Legend(title=None, orient="bottom", labelLimit=300))
    x = alt.X("place:O", title="Patients, who lost most first", axis=alt.Axis(labels=False, ticks=False))
    bars = alt.Chart(data).mark_bar().encode(x=x, y=alt.Y("value:Q", title=y_title), color=colour)
    dead = alt.Chart(data[data["died"]]).mark_text(text="×", fontSize=13, fontWeight="bold", color=INK, dy=8)
    zero = alt.Chart(pd.DataFrame({"value": [0.0]})).mark_rule(color=SOFT).encode(y="value:Q")
    return alt.layer(bars, dead.encode(x=x, y="value:Q"), zero).properties(width=width, height=260)
