"""Sections about one typical patient, the mechanism chain, and the untreated course of many patients."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from charcot.interfaces.report.charts.chain import chain_columns, chain_picture
from charcot.interfaces.report.charts.intervals import change_by_row
from charcot.interfaces.report.charts.lines import Axes, curves, with_rules
from charcot.interfaces.report.charts.survival import survival_curves
from charcot.interfaces.report.content import Cell, Figure, Section, Sheet, Table, number_text, say
from charcot.interfaces.report.names import plain_unit, readout_name, unit_name, without
from charcot.interfaces.report.picture import draw, dress
from charcot.interfaces.report.views import NaturalHistoryLike, TypicalPatientLike, records

if TYPE_CHECKING:
    import pandas as pd

# What is drawn, in this order: read-outs, or the ends of their names where the region is part of them.
_PANELS = (
    "clinic.alsfrs_r.total",
    "clinic.vital_capacity",
    "biomarker.nfl_serum",
    ".terminal.mir126",
    ".axon.tdp43_terminal",
    ".axon.atp_terminal",
)
CLOCK = "Months since the onset of the untreated course"
_TABLE_ROWS = 30
_BEFORE_ONSET = 24.0  # months of silence that the pictures show
_LEAST_SHOWN = 60.0


def typical_section(typical: TypicalPatientLike) -> Section:
    """One patient, several courses: function first, then the markers that are there."""
    series = list(typical.arms)
    known = sorted({name for readouts in typical.arms.values() for name in readouts})
    drawn = [name for panel in _PANELS for name in known if name == panel or (panel[0] == "." and name.endswith(panel))]
    figures: list[Any] = [_panel(typical, series, name, number) for number, name in enumerate(drawn)]
    return Section(
        "typical",
        "One typical patient",
        (*figures, _events_sheet(typical)),
        "One simulated person with sporadic disease, followed with and without treatment: the same person, the same "
        "random draws. Onset is that of the untreated course; a treated one may have its own later. "
        f"{_untried(typical)}It is an illustration of the model, not a forecast for anyone. The tables of the run hold "
        "every read-out.",
    )


def _untried(typical: TypicalPatientLike) -> str:
    from charcot.treatments import never_given, products

    titles = [products()[name].title for name in never_given(typical.products)]
    return f"Never given to people: {', '.join(titles)}. " if titles else ""


def _panel(typical: TypicalPatientLike, series: list[str], readout: str, number: int) -> Figure:
    import pandas as pd

    frames = [
        pd.DataFrame({"x": typical.arms[arm][readout][0], "y": typical.arms[arm][readout][1], "series": arm})
        for arm in series
        if readout in typical.arms[arm]
    ]
    frame = pd.concat(frames, ignore_index=True).dropna(subset=["y"])
    whole = float(frame["x"].max())
    reach = _window(typical, frame)
    frame = frame[frame["x"].between(*reach)]
    title, unit = _title(typical, readout), unit_name(readout)
    finding = _panel_finding(typical, frame, series, readout)
    label = f"Line chart of {title} by course against months since the onset of the untreated course."
    bounds = (0.0, 50.0) if readout == "clinic.alsfrs_r.total" else None
    axes = Axes(CLOCK, f"{title}{', ' + unit if unit else ''}", reach, bounds,
                height=330 if number == 0 else 230).fitted(series)  # fmt: skip
    chart = with_rules(curves(frame, series, axes), _rules(typical, reach), reach, axes)
    name = f"typical-{number}"
    columns = ("Course", CLOCK, f"{title}{', ' + unit if unit else ''}")
    rows = [
        (str(r["series"]), float(r["x"]), float(r["y"]))
        for arm in series
        for r in records(_thin(frame[frame["series"] == arm]))
    ]
    note = "A curve ends at death or permanent ventilation." if number == 0 else ""
    if whole > reach[1] + 1:
        note += f" Shown to month {say(reach[1])}; the longest course was simulated to month {say(whole)}."
    return Figure(name, finding, label, draw(chart, name, finding, label), Table.of(columns, rows, title), note)


def _title(typical: TypicalPatientLike, readout: str) -> str:
    """What a read-out is called: as the chain calls it where it is a step of the chain."""
    steps = {str(row["readout"]): str(row["step"]) for row in records(typical.chain)}
    name = readout_name(readout)
    return steps.get(readout, name) if name == readout.replace(".", " ").replace("_", " ") else name


def _window(typical: TypicalPatientLike, frame: pd.DataFrame) -> tuple[float, float]:
    """From two years before onset to the end of the longest course, at most to twice the untreated one."""
    first = frame[frame["series"] == next(iter(typical.arms))]
    latest = max(_LEAST_SHOWN, 2.0 * float(first["x"].max()))
    return max(-_BEFORE_ONSET, min(0.0, float(frame["x"].min()))), min(latest, float(frame["x"].max()))


def _thin(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[:: max(1, len(frame) // _TABLE_ROWS)]


def _panel_finding(typical: TypicalPatientLike, frame: pd.DataFrame, series: list[str], readout: str) -> str:
    """Compare the courses at the last month that the first (untreated) course reaches."""
    first = frame[frame["series"] == series[0]]
    month = float(first["x"].max())
    parts = []
    for arm in series:
        one = frame[(frame["series"] == arm) & (frame["x"] <= month + 1e-9)]
        if len(one):
            parts.append(f"{say(float(one['y'].iloc[-1]))} ({arm})")
    title = _title(typical, readout)
    return f"At month {say(month)}, where the first course ends, {title} was {', '.join(parts)}."


def _rules(typical: TypicalPatientLike, reach: tuple[float, float]) -> list[tuple[float, str]]:
    """Onset and diagnosis of the first course, and every start of treatment; deaths are the ends of the curves."""
    words: dict[float, list[str]] = {}
    for number, events in enumerate(typical.events.values()):
        for name, month in events.items():
            starts = name == "treatment_start"
            if name == "death" or (number and not starts) or not reach[0] <= month <= reach[1]:
                continue
            words.setdefault(round(month, 2), []).append("treatment" if starts else name.replace("_", " "))
    return sorted((month, ", ".join(dict.fromkeys(texts))) for month, texts in words.items())


def _events_sheet(typical: TypicalPatientLike) -> Sheet:
    names: list[str] = []
    for events in typical.events.values():
        names += [name for name in events if name not in names]
    rows = [
        [arm, *(say(round(float(events[n]), 1)) if n in events else "–" for n in names)]
        for arm, events in typical.events.items()
    ]
    heads = ["Course", *(name.replace("_", " ").capitalize() for name in names)]
    title = "When it happened, months since the onset of the untreated course"
    return Sheet(title, Table.of(heads, rows, "Events by course"), _fading(typical))


def _fading(typical: TypicalPatientLike) -> str:
    """Why an earlier dose need not be the better one: what was measured with a vector that does not fade."""
    if not typical.lasting:
        return ""
    deaths = {arm: float(typical.events[arm]["death"]) for arm in typical.lasting}
    starts = {arm: float(typical.events[arm]["treatment_start"]) for arm in typical.lasting}
    order = sorted(deaths, key=lambda arm: starts[arm])
    reversed_ = all(deaths[a] < deaths[b] for a, b in itertools.pairwise(order))
    after = ", ".join(f"{_whole(deaths[arm] - starts[arm])} ({arm})" for arm in order)
    lived = ", ".join(f"{_lived(typical.lasting[arm])} ({arm})" for arm in order)
    why = "The earlier dose does not give the longer life here, because the vector fades" if reversed_ else "It fades"
    return (
        f"{why}: what it makes halves every {say(round(typical.half_life_years, 1))} years (grade F: set by hand). "
        f"Months from the dose to death: {after}. Measured in this run with a vector that does not fade, up to month "
        f"{_whole(typical.horizon)}: {lived}. The order of these lives is a statement about a half-life that "
        "nobody has measured."
    )


def _whole(months: float) -> str:
    """Whole months in words; a death that never comes within the simulated span is "never"."""
    return say(round(months)) if math.isfinite(months) else say(months)


def _lived(death: float) -> str:
    if math.isnan(death):
        return "unknown, as the simulation failed"
    return "alive" if math.isinf(death) else f"dead at month {say(round(death, 1))}"


def chain_section(chain: pd.DataFrame) -> Section | None:
    if chain.empty:
        return None
    moved = chain.assign(change=(chain["treated"] - chain["untreated"]).abs() / chain["healthy"].abs().clip(lower=1e-9))
    most = moved.sort_values("change", ascending=False).iloc[0]
    finding = (
        f"Of the {len(chain)} links, treatment moved “{most['step']}” most against its healthy value: "
        f"{say(round(float(most['untreated']), 3))} without, {say(round(float(most['treated']), 3))} with treatment, "
        f"{say(round(float(most['healthy']), 3))} in health."
    )
    label = "Boxes joined by arrows, one per step of the mechanism; the numbers are in the table below."
    svg = dress(chain_picture(chain), "chain", finding, label)
    values = chain_columns(chain)
    columns = ("Step", "Region", "Read-out", "Unit", *(name.capitalize() for name in values.values()))
    rows: list[list[Cell]] = [
        [str(r["step"]), str(r["region"] or "whole person"), str(r["readout"]), plain_unit(str(r["unit"])),
         *(float(r[c]) for c in values)]
        for r in records(chain)
    ]  # fmt: skip
    note = (
        "Untreated and treated: 24 months after the onset of the untreated course. Bars compare values inside one box, "
        "never between boxes."
    )
    figure = Figure("chain", finding, label, svg, Table.of(columns, rows, "The chain in numbers"), note)
    return Section("chain", "What moved, and by how much", (figure,))


def history_section(history: NaturalHistoryLike) -> Section:
    blocks: list[Figure | Sheet] = [_summary_sheet(history.summary)]
    variants = list(dict.fromkeys(history.survival["variant"]))
    if variants:
        blocks.append(_survival_figure(history.survival, variants[:1], "history"))
    if len(variants) > 1:
        blocks.append(_survival_figure(history.survival, variants, "variants"))
    return Section(
        "natural-history",
        "Untreated disease beside published cohorts",
        tuple(blocks),
        "Simulated patients with sporadic disease and no study treatment, from symptom onset.",
    )


def _summary_sheet(summary: pd.DataFrame) -> Sheet:
    columns = (
        "Quantity",
        "Unit",
        "Simulated",
        "95 % bootstrap interval over patients from",
        "to",
        "Published",
        "Computed",
        "Source",
    )
    rows = [
        [str(r["quantity"]), plain_unit(str(r["unit"])),
         *(_plain(r[c]) for c in ("simulated", "lower", "upper", "published")), _ways(r), str(r["source"])]
        for r in records(summary)
    ]  # fmt: skip
    return Sheet("Natural history, simulated and published", Table.of(columns, rows, "Natural history"))


def _ways(row: dict[str, Any]) -> str:
    """How both values were computed; where the ways differ, that they are not to be judged by each other."""
    here, there = str(row.get("simulated_as", "–")), str(row.get("published_as", "–"))
    return here if here == there else f"NOT ALIKE: published is a {there}, simulated is {here}"


def _survival_figure(survival: pd.DataFrame, series: list[str], name: str) -> Figure:
    import numpy as np

    frame = survival.rename(columns={"months_since_onset": "x", "alive": "y", "variant": "series"})
    frame = frame[frame["series"].isin(series)]
    reach = float(frame["x"].max())
    grid = np.linspace(0.0, reach, 9)
    risk_rows = []
    for variant in series:
        one = frame[frame["series"] == variant]
        for x in grid:
            before = one[one["x"] <= x + 1e-9]
            if len(before):
                risk_rows.append((float(x), float(before["at_risk"].iloc[-1]), variant))
    import pandas as pd

    at_risk = pd.DataFrame(risk_rows, columns=["x", "count", "series"])
    finding = _survival_finding(frame, series)
    label = "Survival curves from symptom onset by variant, with the numbers at risk below."
    svg = draw(survival_curves(frame, at_risk, series, "Months since symptom onset"), name, finding, label)
    columns = ("Variant", "Months since onset", "Share alive", "At risk")
    rows = [
        (str(r["series"]), float(r["x"]), float(r["y"]), int(r["at_risk"]))
        for variant in series
        for r in records(_thin(frame[frame["series"] == variant]))
    ]
    return Figure(name, finding, label, svg, Table.of(columns, rows, "Survival from onset"))


def _survival_finding(frame: pd.DataFrame, series: list[str]) -> str:
    if len(series) == 1:
        below = frame[frame["y"] <= 0.5]
        if below.empty:
            return "More than half of the simulated patients outlive the time that is shown."
        half = f"{say(float(frame['x'][frame['y'] > 0.5].max()))} and {say(float(below['x'].iloc[0]))} months"
        return f"Half of the simulated patients had died or needed permanent ventilation between {half} after onset."
    ends: Any = frame.groupby("series", sort=False)["y"].last()
    best = ends.drop(series[0]).idxmax()
    return (
        f"After {say(float(frame['x'].max()))} months {100 * ends[series[0]]:.0f} % are alive in the whole model, and "
        f"{100 * ends[best]:.0f} % {without(str(best))}, where survival is best."
    )


def ablation_section(ablations: pd.DataFrame) -> Section | None:
    if ablations.empty:
        return None
    frame = ablations.reset_index(drop=True)
    reference = float(frame["median_survival_months"].iloc[0])
    plot = frame.iloc[1:].assign(
        label=[without(str(name)) for name in frame["mechanism"].iloc[1:]],
        value=frame["median_survival_months"].iloc[1:].where(lambda v: v.abs() != math.inf),
        text=[_ablation_text(row) for row in records(frame.iloc[1:])],
    )
    finding = _ablation_finding(frame, plot.dropna(subset=["value"]), reference)
    label = "Dot chart: median survival with one mechanism switched off, against the full model (dashed line)."
    columns = (
        "Switched off",
        "Median survival, months",
        "Decline, points per month",
        "Share with onset",
        "Failed",
        "Why",
    )
    rows = [
        (str(r["mechanism"]), _plain(r["median_survival_months"]), _plain(r["decline_points_per_month"]),
         _plain(r["onset_share"]), int(r["failed"]), str(r["explanation"]))
        for r in records(frame)
    ]  # fmt: skip
    table = Table.of(columns, rows, "One mechanism switched off at a time: patients whose simulation failed are in no "
                     "figure")  # fmt: skip
    if plot.empty:
        return Section("ablations", "Which mechanisms carry the disease", (Sheet(finding, table),))
    chart = change_by_row(plot, reference, "Median survival from onset, months")
    note = "The dashed line is the full model. Never reached: half of the patients or more outlive the simulated span."
    figure = Figure("ablations", finding, label, draw(chart, "ablations", finding, label), table, note)
    return Section("ablations", "Which mechanisms carry the disease", (figure,))


def _ablation_text(row: dict[Any, Any]) -> str:
    decline = float(row["decline_points_per_month"])
    share = float(row["onset_share"])
    return f"{say(decline)} points/month, onset in {100 * share:.0f} %"


def _ablation_finding(frame: pd.DataFrame, shown: pd.DataFrame, reference: float) -> str:
    lasting = frame.iloc[1:][frame["median_survival_months"].iloc[1:].abs() == math.inf]
    if len(lasting):
        names = ", ".join(without(str(name)) for name in lasting["mechanism"])
        return f"Median survival is {say(reference)} months; it is never reached {names}."
    if shown.empty:
        return f"Median survival is {say(reference)} months in the full model."
    place: Any = (shown["value"] - reference).abs().idxmax()
    most = shown.loc[place]
    return (
        f"Switching off {most['label']} moves median survival most: from {say(reference)} to "
        f"{say(float(most['value']))} months."
    )


def _plain(value: Any) -> float | str | None:
    if value is None or isinstance(value, str):
        return value
    number = float(value)
    return number_text(number) if math.isinf(number) else number
