"""Dots with intervals: simulated beside published, and a value before and after a change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from charcot.interfaces.report.theme import INK, SOFT, style
from charcot.interfaces.report.views import records

if TYPE_CHECKING:
    import pandas as pd


def beside_published(frame: pd.DataFrame, width: int = 520) -> Any:
    """One strip per quantity, each on its own scale.

    ``frame``: quantity, unit, simulated, lower, upper, published, published_lower, published_upper, verdict.
    Simulated is a filled circle with its interval over replicates; published an open diamond on its own line.
    """
    import altair as alt

    strips = [_strip(row, width) for row in records(frame)]
    return alt.vconcat(*strips, spacing=14).resolve_scale(x="independent", color="shared")


def _strip(row: dict[str, Any], width: int) -> Any:
    import altair as alt
    import pandas as pd

    entries = [
        ("simulated", row["simulated"], row.get("lower"), row.get("upper")),
        ("published", row["published"], row.get("published_lower"), row.get("published_upper")),
    ]
    entries = [entry for entry in entries if entry[1] == entry[1]]
    kinds = [entry[0] for entry in entries]
    data = pd.DataFrame(entries, columns=["kind", "value", "low", "high"])
    sim, pub = style(0), style(1)
    colour = alt.Color(
        "kind:N", scale=alt.Scale(domain=["simulated", "published"], range=[sim.line, pub.line]), legend=None
    )
    shape = alt.Shape(
        "kind:N", scale=alt.Scale(domain=["simulated", "published"], range=["circle", "diamond"]), legend=None
    )
    x_scale = alt.Scale(domain=_reach(entries), nice=True, zero=False)
    axis = alt.Axis(title=None, tickCount=6, grid=True, domain=False, ticks=False, labelFlush=False)
    x = alt.X("value:Q", scale=x_scale, axis=axis)
    y = alt.Y("kind:N", sort=kinds, axis=alt.Axis(title=None, domain=False, labelFontSize=12.5))
    base = alt.Chart(data)
    bars = base.mark_rule(strokeWidth=3, opacity=0.65).encode(
        x=alt.X("low:Q", scale=x_scale, axis=axis), x2="high:Q", y=y, color=colour
    )
    dots = base.mark_point(filled=True, size=120, opacity=1).encode(x=x, y=y, color=colour, shape=shape)
    verdict = (
        alt.Chart(pd.DataFrame({"text": [str(row["verdict"])]}))
        .mark_text(align="left", fontSize=12.5, color=INK)
        .encode(x=alt.value(width + 22), y=alt.value(13.5 * len(kinds)), text="text:N")
    )
    title = alt.TitleParams(
        str(row["quantity"]), subtitle=str(row["unit"]), subtitleFontSize=12, subtitleColor=SOFT, anchor="start"
    )
    return alt.layer(bars, dots, verdict).properties(width=width, height=27 * len(kinds), title=title)


def _reach(entries: Sequence[tuple[str, Any, Any, Any]]) -> list[float]:
    values = [float(v) for entry in entries for v in entry[1:] if v is not None and float(v) == float(v)]
    low, high = min(values), max(values)
    pad = 0.12 * ((high - low) or abs(high) or 1.0)
    return [low - pad, high + pad]


FAR = 3.0


def change_by_row(frame: pd.DataFrame, reference: float, x_title: str, width: int = 520) -> Any:
    """How a quantity moves when something is switched off.

    ``frame``: label, value (NaN: never reached), text (written at the right), in the order of the rows.
    ``reference`` is the full model. A value beyond ``FAR`` times the reference is an arrow with its number, so that it
    does not squeeze all others into one corner.
    """
    import altair as alt
    import pandas as pd

    order = list(frame["label"])
    data = frame.assign(reference=reference)
    look = style(0)
    far = data["value"].isna() | (data["value"] > FAR * reference)
    finite = data[~far]
    words_beyond = ["never reached" if v != v else f"{v:.0f}" for v in data.loc[far, "value"].astype(float)]
    low = min([*finite["value"].astype(float), reference])
    high = max([*finite["value"].astype(float), reference])
    pad = 0.08 * ((high - low) or abs(high) or 1.0)
    scale = alt.Scale(domain=[low - pad, high + pad], nice=False, zero=False)
    y = alt.Y(
        "label:N", sort=order, axis=alt.Axis(title=None, labelLimit=330, ticks=False, domain=False, labelPadding=10)
    )
    x = alt.X("value:Q", scale=scale, title=x_title, axis=alt.Axis(grid=True, tickCount=8))
    base = alt.Chart(finite)
    beyond = alt.Chart(data[far].assign(beyond=words_beyond)).encode(x=alt.value(width - 4), y=y)
    stems = base.mark_rule(strokeWidth=3, color=look.line, opacity=0.55).encode(x=x, x2="reference:Q", y=y)
    dots = base.mark_point(filled=True, size=110, color=look.line, opacity=1).encode(x=x, y=y)
    words = alt.Chart(data).mark_text(align="left", fontSize=12, color=INK)
    words = words.encode(x=alt.value(width + 16), y=y, text="text:N")
    arrows = beyond.mark_point(shape="triangle-right", size=110, filled=True, color=look.line, opacity=1)
    arrow_words = beyond.mark_text(align="right", dx=-12, fontSize=12, color=INK).encode(text="beyond:N")
    line = alt.Chart(pd.DataFrame({"value": [reference]})).mark_rule(strokeDash=[4, 3], color=SOFT).encode(x="value:Q")
    return alt.layer(line, stems, dots, arrows, arrow_words, words).properties(width=width, height=34 * len(order))


def beside_expected(frame: pd.DataFrame, width: int = 520) -> Any:
    """One strip per outcome on its own scale: the expected range as a bar (open ends reach the edge), simulated as a
    dot.

    ``frame``: quantity, unit, simulated (NaN: not in the model), lower, upper (may be infinite), verdict.
    """
    import altair as alt

    return alt.vconcat(*(_expected(row, width) for row in records(frame)), spacing=12).resolve_scale(x="independent")


def _expected(row: dict[str, Any], width: int) -> Any:
    import altair as alt
    import pandas as pd

    known = [float(row[k]) for k in ("simulated", "lower", "upper") if abs(float(row[k])) < float("inf")] or [0.0, 1.0]
    low, high = min(known), max(known)
    pad = 0.25 * ((high - low) or abs(high) or 1.0)
    scale = alt.Scale(domain=[low - pad, high + pad], nice=False, zero=False)
    start, end = max(float(row["lower"]), low - pad), min(float(row["upper"]), high + pad)
    axis = alt.Axis(title=None, tickCount=6, grid=True, domain=False, ticks=False, labelFlush=False)
    bar = (
        alt.Chart(pd.DataFrame({"from": [start], "to": [end]}))
        .mark_rule(strokeWidth=11, opacity=0.3, color=style(1).line)
        .encode(x=alt.X("from:Q", scale=scale, axis=axis), x2="to:Q")
    )
    dot = (
        alt.Chart(pd.DataFrame({"value": [row["simulated"]]}))
        .mark_point(filled=True, size=120, opacity=1, color=style(0).line)
        .encode(x=alt.X("value:Q", scale=scale, axis=axis))
    )
    word = (
        alt.Chart(pd.DataFrame({"text": [str(row["verdict"])]}))
        .mark_text(align="left", fontSize=12.5, color=INK)
        .encode(x=alt.value(width + 22), y=alt.value(14), text="text:N")
    )
    title = alt.TitleParams(
        str(row["quantity"]), subtitle=str(row["unit"]), subtitleFontSize=12, subtitleColor=SOFT, anchor="start"
    )
    return alt.layer(bar, dot, word).properties(width=width, height=28, title=title)


def range_by_row(frame: pd.DataFrame, x_title: str, series: Sequence[str], width: int = 480) -> Any:
    """A dot with its range on each line; ``frame``: row, value, low, high, series (which sets the colour), and
    ``published`` where an open diamond is to stand on each line too."""
    import altair as alt
    import pandas as pd

    y = alt.Y("row:N", sort=list(frame["row"]), axis=alt.Axis(title=None, labelLimit=420, ticks=False, domain=False))
    layers = [_ranges(frame, y, x_title, series)]
    if "published" in frame:
        diamonds = alt.Chart(frame).mark_point(shape="diamond", filled=False, size=110, color=INK, opacity=1)
        layers.append(diamonds.encode(x=alt.X("published:Q", title=x_title or None), y=y))
    if float(frame["low"].min()) < 0 < float(frame["high"].max()):
        zero = alt.Chart(pd.DataFrame({"value": [0.0]})).mark_rule(strokeDash=[4, 3], color=SOFT)
        layers.insert(0, zero.encode(x="value:Q"))
    return alt.layer(*layers).properties(width=width, height=22 * len(frame))


def strips_by_row(frame: pd.DataFrame, series: Sequence[str], width: int = 480) -> Any:
    """One strip for each ``row`` on its own scale, in it a dot with its range for each of ``series``."""
    import altair as alt

    y = alt.Y("series:N", sort=list(series), axis=alt.Axis(title=None, labelLimit=240, ticks=False, domain=False))
    strips = [
        _ranges(frame[frame["row"] == row], y, "", series, legend=False).properties(
            width=width, height=18 * len(series), title=alt.TitleParams(row, anchor="start")
        )
        for row in dict.fromkeys(frame["row"])
    ]
    return alt.vconcat(*strips, spacing=14).resolve_scale(x="independent", color="shared")


def _ranges(frame: pd.DataFrame, y: Any, x_title: str, series: Sequence[str], legend: bool = True) -> Any:
    import altair as alt

    shown = alt.Legend(title=None, orient="top", symbolType="circle", labelLimit=300) if legend else None
    colours = alt.Scale(domain=list(series), range=[style(k).line for k in range(len(series))])
    colour = alt.Color("series:N", scale=colours, legend=shown)
    axis = alt.Axis(grid=True, tickCount=8)
    x = alt.X("value:Q", title=x_title or None, scale=alt.Scale(zero=False), axis=axis)
    low = alt.X("low:Q", title=x_title or None, axis=axis)
    base = alt.Chart(frame)
    lines = base.mark_rule(strokeWidth=3, opacity=0.6).encode(x=low, x2="high:Q", y=y, color=colour)
    return alt.layer(lines, base.mark_point(filled=True, size=80, opacity=1).encode(x=x, y=y, color=colour))


def bars_by_row(frame: pd.DataFrame, x_title: str, highest: float, width: int = 420) -> Any:
    """A bar on each line, in the order of the rows; ``frame``: row, value, text (printed behind the bar)."""
    import altair as alt

    order = list(frame["row"])
    y = alt.Y("row:N", sort=order, axis=alt.Axis(title=None, labelLimit=520, ticks=False, domain=False))
    x = alt.X("value:Q", title=x_title, scale=alt.Scale(domain=[0, highest]), axis=alt.Axis(grid=True, tickCount=6))
    base = alt.Chart(frame)
    bars = base.mark_bar(height={"band": 0.6}, color=style(0).line).encode(x=x, y=y)
    words = base.mark_text(align="left", dx=6, fontSize=12, color=INK).encode(x=x, y=y, text="text:N")
    return alt.layer(bars, words).properties(width=width, height=24 * len(order))


def ranges(frame: pd.DataFrame, x_title: str, width: int = 520) -> Any:
    """A row for each label: a dot at ``mean``, a thick line from ``inner_low`` to ``inner_high``, a thin one from
    ``low`` to ``high``."""
    import altair as alt

    look = style(0)
    y = alt.Y(
        "label:N",
        sort=list(frame["label"]),
        axis=alt.Axis(title=None, labelLimit=330, ticks=False, domain=False, labelPadding=10),
    )
    scale = alt.Scale(nice=True, zero=False)
    base = alt.Chart(frame)
    x = alt.X("low:Q", scale=scale, title=x_title, axis=alt.Axis(grid=True, tickCount=8))
    thin = base.mark_rule(strokeWidth=1.5, color=look.line).encode(x=x, x2="high:Q", y=y)
    thick = base.mark_rule(strokeWidth=5, color=look.line, opacity=0.55).encode(
        x=alt.X("inner_low:Q", scale=scale, title=x_title), x2="inner_high:Q", y=y
    )
    dots = base.mark_point(filled=True, size=90, color=look.line, opacity=1).encode(
        x=alt.X("mean:Q", scale=scale, title=x_title), y=y
    )
    return alt.layer(thin, thick, dots).properties(width=width, height=max(27 * len(frame), 27))
