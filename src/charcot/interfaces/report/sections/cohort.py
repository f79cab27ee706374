"""One's own cohort: how it was fitted, what is forecast of it, and of single patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from charcot.interfaces.report.charts.intervals import ranges
from charcot.interfaces.report.charts.lines import Axes, curves
from charcot.interfaces.report.content import (
    Block,
    Figure,
    KeyMessage,
    Prose,
    Section,
    Sheet,
    Table,
    model_risk,
    number_text,
    say,
)
from charcot.interfaces.report.picture import draw

SHOWN = 6  # patients with a picture of their own
NOW = "recorded"


def cohort_key(fitted: pd.DataFrame, survival: pd.DataFrame | None) -> KeyMessage:
    """The plain-language box."""
    enough = int(fitted["enough"].sum())
    decline = float(fitted["decline_now"].median())
    answer = f"The median patient loses {say(decline)} points a month about the last visit."
    interval = ""
    if survival is not None and len(survival):
        answer += f" {100 * float(survival['alive_12'].mean()):.0f} % are forecast to live a year after it."
        interval = "Intervals of single patients hold 50 and 90 % of draws of their posterior."
    few = f"{enough:,} of {len(fitted):,} patients rest on 100 effective particles or more."
    return KeyMessage("How will these patients fare?", f"{answer} {few}", interval, model_risk("", ""))


def fit_sections(fitted: pd.DataFrame, paces: pd.DataFrame, aside: pd.DataFrame, counts: str) -> list[Section]:
    """How the cohort was read and fitted."""
    frame = fitted.sort_values("decline_now").reset_index(drop=True)
    every = max(1, len(frame) // 24)
    shown = frame.iloc[::every]
    label = "For some patients, ordered by it, the decline about the last visit with its 90 % interval."
    low, high = frame["decline_now"].quantile([0.1, 0.9])
    finding = f"Four in five patients lose between {say(float(low))} and {say(float(high))} points a month."
    chart = ranges(
        pd.DataFrame(
            {
                "label": shown["subject"].astype(str),
                "mean": shown["decline_now"],
                "inner_low": shown["decline_now"],
                "inner_high": shown["decline_now"],
                "low": shown["decline_now_low_90"],
                "high": shown["decline_now_high_90"],
            }
        ),
        "decline about the last visit, points/month",
    )
    columns = ("Patient", "Visits", "Last total", "Decline, points/month", "5 %", "95 %", "Effective particles")
    rows = [
        (
            str(row["subject"]), int(row["visits"]), float(row["last_total"]), float(row["decline_now"]),
            float(row["decline_now_low_90"]), float(row["decline_now_high_90"]), float(row["effective_particles"]),
        )
        for row in frame.to_dict("records")
    ]  # fmt: skip
    table = Table.of(columns, rows, "Posterior of each patient")
    few = [str(name) for name in fitted.loc[~fitted["enough"], "subject"]]
    named = f"Under 100 effective particles, to be taken with care: {', '.join(few) if few else 'nobody'}."
    moved = [(r["words"], r["unit"], float(r["assumed"]), float(r["fitted"])) for r in paces.to_dict("records")]
    blocks: list[Block] = [
        Prose((counts, named)),
        Figure("decline", finding, label, draw(chart, "decline", finding, label), table),
        Sheet("What the cohort moved", Table.of(("Number", "Unit", "Assumed", "Fitted"), moved)),
    ]
    if len(aside):
        lines = [tuple(row) for row in aside[["place", "message", "code"]].itertuples(index=False)]
        blocks.append(Sheet("Rows that were set aside", Table.of(("Row", "What is wrong", "Kind"), lines)))
    return [Section("fit", "The fit", tuple(blocks))]


def forecast_sections(
    scores: pd.DataFrame, survival: pd.DataFrame, milestones: pd.DataFrame, recorded: pd.DataFrame,
    chosen: Sequence[str], never: str,
) -> list[Section]:  # fmt: skip
    """What is forecast of the cohort, and of the chosen patients; ``never``: what it means that a time never comes."""
    return [
        Section("survival", "How long the cohort lives", (_alive(survival),)),
        *(_patient(name, scores, survival, milestones, recorded, never) for name in chosen[:SHOWN]),
    ]


def _alive(survival: pd.DataFrame) -> Figure:
    months = [int(str(name).removeprefix("alive_")) for name in survival if str(name).startswith("alive_")]
    means = [100 * float(survival[f"alive_{month}"].mean()) for month in months]
    frame = pd.DataFrame({"x": [0, *months], "y": [100.0, *means], "series": "forecast"})
    finding = f"{means[1]:.0f} % of these patients are forecast to be alive {months[1]} months after their last visit."
    label = "Mean chance of being alive without permanent ventilation, by months after each patient's last visit."
    axes = Axes("months after the last visit", "alive, %", y_domain=(0.0, 102.0)).fitted(["forecast"])
    chart = curves(frame, ["forecast"], axes)
    rows = [(int(x), float(y)) for x, y in zip(frame["x"], frame["y"], strict=True)]
    table = Table.of(("Months after the last visit", "Alive, %"), rows, "Chance of being alive")
    return Figure("alive", finding, label, draw(chart, "alive", finding, label), table)


def _patient(
    name: str,
    scores: pd.DataFrame,
    survival: pd.DataFrame,
    milestones: pd.DataFrame,
    recorded: pd.DataFrame,
    never: str,
) -> Section:
    mine = scores[(scores["subject"] == name)]
    total = mine[mine["quantity"] == "ALSFRS-R total"].dropna(subset=["median"])
    before = recorded[recorded["subject"] == name]
    anchor = f"patient-{list(dict.fromkeys(scores['subject'])).index(name) + 1}"
    blocks: list[Block] = []
    if len(total):
        last = total.iloc[-1]
        finding = (
            f"In {int(last['month'])} months patient {name}, if alive (chance {100 * last['alive']:.0f} %), scores "
            f"{say(last['low_90'])} to {say(last['high_90'])} points (90 %), in the middle {say(last['median'])}."
        )
        frame = pd.concat(
            [
                pd.DataFrame({"x": before["month"], "y": before["total"], "series": NOW}),
                pd.DataFrame({"x": total["month"], "y": total["median"], "lower": total["low_90"],
                              "upper": total["high_90"], "series": "forecast, 90 %"}),
                pd.DataFrame({"x": total["month"], "y": total["median"], "lower": total["low_50"],
                              "upper": total["high_50"], "series": "forecast, 50 %"}),
            ],
            ignore_index=True,
        )  # fmt: skip
        names = [NOW, "forecast, 90 %", "forecast, 50 %"]
        label = f"Recorded ALSFRS-R totals of patient {name}, then the median forecast with its 50 and 90 % bands."
        axes = Axes("months after the last visit", "ALSFRS-R total, points", y_domain=(0.0, 48.5)).fitted(names)
        rows = [
            (
                int(r["month"]), float(r["median"]), f"{r['low_50']:.0f} to {r['high_50']:.0f}",
                f"{r['low_90']:.0f} to {r['high_90']:.0f}", 100 * float(r["alive"]),
            )
            for r in total.to_dict("records")
        ]  # fmt: skip
        table = Table.of(("Months", "Median", "50 %", "90 %", "Alive, %"), rows, f"Forecast of patient {name}")
        picture = draw(curves(frame, names, axes), anchor, finding, label)
        blocks.append(Figure(anchor, finding, label, picture, table))
    blocks.append(_later(mine, name))
    row = survival[survival["subject"] == name].iloc[0]
    lives = f"Alive without permanent ventilation: {_months(row, 90)} (90 %), middle half {_months(row, 50)}."
    sentences = [str(text) for text in milestones.loc[milestones["subject"] == name, "sentence"]]
    blocks.append(Prose((lives, *sentences, f"{never.capitalize()}.")))
    return Section(anchor, f"Patient {name}", tuple(blocks))


def _months(row: Any, width: int) -> str:
    low, high = float(row[f"low_{width}"]), float(row[f"high_{width}"])
    return f"{number_text(low)} to {number_text(high)} months" if high < float("inf") else f"{number_text(low)} or more"


def _later(mine: pd.DataFrame, name: str) -> Sheet:
    month = 12 if (mine["month"] == 12).any() else int(mine["month"].max())
    rows = [
        (
            str(r["quantity"]).replace("_", " "), str(r["unit"]), float(r["median"]),
            f"{r['low_50']:.0f} to {r['high_50']:.0f}", f"{r['low_90']:.0f} to {r['high_90']:.0f}",
        )
        for r in mine[mine["month"] == month].dropna(subset=["median"]).to_dict("records")
    ]  # fmt: skip
    table = Table.of(("Quantity", "Unit", "Median", "50 %", "90 %"), rows, f"Patient {name} in {month} months")
    return Sheet(f"All quantities in {month} months, while alive", table)
