"""Sections about one typical patient, the mechanism chain, and the untreated course of many patients."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from charcot.interfaces.report.charts.chain import chain_picture
from charcot.interfaces.report.charts.intervals import change_by_row
from charcot.interfaces.report.charts.lines import Axes, curves, with_rules
from charcot.interfaces.report.charts.survival import survival_curves
from charcot.interfaces.report.content import Cell, Figure, Section, Sheet, Table, number_text, say
from charcot.interfaces.report.names import readout_name, unit_name
from charcot.interfaces.report.picture import draw, dress
from charcot.interfaces.report.views import NaturalHistoryLike, TypicalPatientLike, records

if TYPE_CHECKING:
    import pandas as pd

_PANELS = (
    "clinic.alsfrs_r.total",
    "clinic.vital_capacity",
    "biomarker.nfl_serum",
    "biomarker.mir126_serum",
)
_TABLE_ROWS = 30


def typical_section(typical: TypicalPatientLike) -> Section:
    """One patient, several courses: function first, then the markers that are there."""
    series = list(typical.arms)
    known = {name for readouts in typical.arms.values() for name in readouts}
    order = [name for name in _PANELS if name in known] + sorted(
        name for name in known if name not in _PANELS and not name.startswith("clinic.alsfrs_r.")
    )
    figures: list[Any] = [_panel(typical, series, name, number) for number, name in enumerate(order[:6])]
    return Section(
        "typical",
        "One typical patient",
        (*figures, _events_sheet(typical)),
        "One simulated person with sporadic disease, followed with and without treatment: the same person, the same "
        "random draws. It is an illustration of the model, not a forecast for anyone.",
    )


def _panel(typical: TypicalPatientLike, series: list[str], readout: str, number: int) -> Figure:
    import pandas as pd

    frames = [
        pd.DataFrame({"x": typical.arms[arm][readout][0], "y": typical.arms[arm][readout][1], "series": arm})
        for arm in series
        if readout in typical.arms[arm]
    ]
    frame = pd.concat(frames, ignore_index=True).dropna(subset=["y"])
    start = min(0.0, float(frame["x"].min()))
    title, unit = readout_name(readout), unit_name(readout)
    finding = _panel_finding(typical, frame, series, readout)
    label = f"Line chart of {title} by course against months since symptom onset."
    bounds = (0.0, 50.0) if readout == "clinic.alsfrs_r.total" else None
    reach = (start, float(frame["x"].max()))
    axes = Axes("Months since symptom onset", f"{title}{', ' + unit if unit else ''}", reach, bounds,
                height=330 if number == 0 else 230, label_room=0.24)  # fmt: skip
    chart = with_rules(curves(frame, series, axes), _rules(typical, reach), reach, axes)
    name = f"typical-{number}"
    columns = ("Course", "Months since onset", f"{title}{', ' + unit if unit else ''}")
    rows = [
        (str(r["series"]), float(r["x"]), float(r["y"]))
        for arm in series
        for r in records(_thin(frame[frame["series"] == arm]))
    ]
    note = "A curve ends at death or permanent ventilation." if number == 0 else ""
    return Figure(name, finding, label, draw(chart, name, finding, label), Table.of(columns, rows, title), note)


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
    title = readout_name(readout)
    return f"At month {say(month)}, where the first course ends, {title} was {', '.join(parts)}."


def _rules(typical: TypicalPatientLike, reach: tuple[float, float]) -> list[tuple[float, str]]:
    """Diagnosis and treatment starts; deaths are the ends of the curves."""
    rules: dict[float, str] = {}
    for arm, events in typical.events.items():
        for name, month in events.items():
            word = name.replace("_", " ")
            if word == "death" or not math.isfinite(month) or not reach[0] <= month <= reach[1]:
                continue
            text = f"starts: {arm}" if "start" in word or "treatment" in word else word
            rules.setdefault(round(month, 2), text)
    return sorted(rules.items())


def _events_sheet(typical: TypicalPatientLike) -> Sheet:
    names: list[str] = []
    for events in typical.events.values():
        names += [name for name in events if name not in names]
    rows = [
        [arm, *(say(float(events[n])) if n in events else "–" for n in names)] for arm, events in typical.events.items()
    ]
    heads = ["Course", *(name.replace("_", " ").capitalize() for name in names)]
    return Sheet("When it happened, months since symptom onset", Table.of(heads, rows, "Events by course"))


def chain_section(chain: pd.DataFrame) -> Section | None:
    if chain.empty:
        return None
    moved = chain.assign(change=(chain["treated"] - chain["untreated"]).abs() / chain["healthy"].abs().clip(lower=1e-9))
    most = moved.sort_values("change", ascending=False).iloc[0]
    finding = (
        f"Of the {len(chain)} links, treatment moved “{most['step']}” most against its healthy value: "
        f"{say(float(most['untreated']))} without, {say(float(most['treated']))} with treatment, "
        f"{say(float(most['healthy']))} in health."
    )
    label = "Boxes joined by arrows, one per step of the mechanism; the numbers are in the table below."
    svg = dress(chain_picture(chain), "chain", finding, label)
    columns = ("Step", "Region", "Read-out", "Unit", "Healthy", "Before treatment", "Untreated", "Treated")
    rows: list[list[Cell]] = [
        [str(r["step"]), str(r["region"] or "whole person"), str(r["readout"]), str(r["unit"]),
         *(float(r[c]) for c in ("healthy", "before", "untreated", "treated"))]
        for r in records(chain)
    ]  # fmt: skip
    note = "Values 24 months after symptom onset. Bars compare values inside one box, never between boxes."
    figure = Figure("chain", finding, label, svg, Table.of(columns, rows, "The chain in numbers"), note)
    return Section("chain", "What moved, and by how much", (figure,))


def history_section(history: NaturalHistoryLike) -> Section:
    blocks: list[Figure | Sheet] = [_summary_sheet(history.summary)]
    if not history.survival.empty:
        blocks.append(_survival_figure(history.survival))
    return Section(
        "natural-history",
        "Untreated disease beside published cohorts",
        tuple(blocks),
        "Simulated patients with sporadic disease and no study treatment, from symptom onset.",
    )


def _summary_sheet(summary: pd.DataFrame) -> Sheet:
    columns = ("Quantity", "Unit", "Simulated", "Lower 95 %", "Upper 95 %", "Published", "Source")
    rows = [
        [str(r["quantity"]), str(r["unit"]), *(_plain(r[c]) for c in ("simulated", "lower", "upper", "published")),
         str(r["source"])]
        for r in records(summary)
    ]  # fmt: skip
    return Sheet("Natural history, simulated and published", Table.of(columns, rows, "Natural history"))


def _survival_figure(survival: pd.DataFrame) -> Figure:
    import numpy as np

    frame = survival.rename(columns={"months_since_onset": "x", "alive": "y", "variant": "series"})
    series = list(dict.fromkeys(frame["series"]))[:6]
    reach = float(frame["x"].max())
    grid = np.linspace(0.0, reach, 9)
    risk_rows = []
    for name in series:
        one = frame[frame["series"] == name]
        for x in grid:
            before = one[one["x"] <= x + 1e-9]
            if len(before):
                risk_rows.append((float(x), float(before["at_risk"].iloc[-1]), name))
    import pandas as pd

    at_risk = pd.DataFrame(risk_rows, columns=["x", "count", "series"])
    first = frame[frame["series"] == series[0]]
    below = first[first["y"] <= 0.5]
    half = f"{say(float(below['x'].iloc[0]))} months" if len(below) else "more time than was simulated"
    finding = f"Half of the simulated patients ({series[0]}) had died or needed permanent ventilation after {half}."
    label = "Survival curves from symptom onset by variant, with the numbers at risk below."
    svg = draw(survival_curves(frame, at_risk, series, "Months since symptom onset"), "history", finding, label)
    columns = ("Variant", "Months since onset", "Share alive", "At risk")
    rows = [
        (str(r["series"]), float(r["x"]), float(r["y"]), int(r["at_risk"]))
        for name in series
        for r in records(_thin(frame[frame["series"] == name]))
    ]
    return Figure("history", finding, label, svg, Table.of(columns, rows, "Survival from onset"))


def ablation_section(ablations: pd.DataFrame) -> Section | None:
    if ablations.empty:
        return None
    frame = ablations.reset_index(drop=True)
    reference = float(frame["median_survival_months"].iloc[0])
    plot = frame.iloc[1:].assign(
        label=frame["mechanism"].iloc[1:].astype(str),
        value=frame["median_survival_months"].iloc[1:].where(lambda v: v.abs() != math.inf),
        text=[_ablation_text(row) for row in records(frame.iloc[1:])],
    )
    finding = _ablation_finding(frame, plot.dropna(subset=["value"]), reference)
    label = "Dot chart: median survival with one mechanism switched off, against the full model (dashed line)."
    columns = ("Switched off", "Median survival, months", "Decline, points per month", "Share with onset", "Why")
    rows = [
        (str(r["mechanism"]), _plain(r["median_survival_months"]), _plain(r["decline_points_per_month"]),
         _plain(r["onset_share"]), str(r["explanation"]))
        for r in records(frame)
    ]  # fmt: skip
    table = Table.of(columns, rows, "One mechanism switched off at a time")
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
    without = frame.iloc[1:][frame["median_survival_months"].iloc[1:].abs() == math.inf]
    if len(without):
        names = ", ".join(str(name) for name in without["mechanism"])
        return f"Median survival is {say(reference)} months; it is never reached without {names}."
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
