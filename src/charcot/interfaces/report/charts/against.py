"""Predicted against published, a panel for each quantity, with the line on which both are equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charcot.interfaces.report.theme import INK, SOFT, style

if TYPE_CHECKING:
    import pandas as pd

SIZE = 250  # pixels of a panel
AT_ONCE = 3  # panels beside each other


def against(frame: pd.DataFrame) -> Any:
    """``frame``: panel (quantity and unit), name, published, predicted, lower, upper, inside.

    A filled circle where the published figure is inside the interval of the prediction, a large open square where it is
    not, with its name: misses are at least as large as hits.
    """
    import altair as alt

    panels = [_panel(part, str(name)) for name, part in frame.groupby("panel", sort=False)]
    rows = [alt.hconcat(*panels[k : k + AT_ONCE], spacing=34) for k in range(0, len(panels), AT_ONCE)]
    return alt.vconcat(*rows, spacing=26)


def _panel(frame: pd.DataFrame, title: str) -> Any:
    import altair as alt
    import pandas as pd

    shown = frame[["published", "predicted", "lower", "upper"]].to_numpy(dtype=float)
    low, high = float(shown.min()), float(shown.max())
    pad = 0.06 * ((high - low) or abs(high) or 1.0)
    scale = alt.Scale(domain=[low - pad, high + pad], nice=False, zero=False)
    x = alt.X("published:Q", scale=scale, title="published", axis=alt.Axis(tickCount=5))
    y = alt.Y("predicted:Q", scale=scale, title="predicted", axis=alt.Axis(tickCount=5))
    ends = pd.DataFrame({"published": [low - pad, high + pad], "predicted": [low - pad, high + pad]})
    line = alt.Chart(ends).mark_line(strokeDash=[4, 3], color=SOFT).encode(x=x, y=y)
    hits, misses = frame[frame["inside"]], frame[~frame["inside"]]
    layers = [line]
    for part, look, shape, filled, size in (
        (hits, style(0), "circle", True, 60),
        (misses, style(1), "square", False, 90),
    ):
        base = alt.Chart(part)
        layers.append(
            base.mark_rule(strokeWidth=2, opacity=0.45, color=look.line).encode(
                x=x, y=alt.Y("lower:Q", scale=scale, title="predicted"), y2="upper:Q"
            )
        )
        layers.append(
            base.mark_point(filled=filled, size=size, color=look.line, shape=shape, opacity=1).encode(x=x, y=y)
        )
    layers.append(
        alt.Chart(misses).mark_text(align="left", dx=8, fontSize=11, color=INK).encode(x=x, y=y, text="name:N")
    )
    return alt.layer(*layers).properties(width=SIZE, height=SIZE, title=title)
