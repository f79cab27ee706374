"""A fit: where each number came to lie in its prior, what the data say about it, and the figures before and after."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from charcot.interfaces.report.charts.intervals import range_by_row
from charcot.interfaces.report.content import (
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

WORDS = {"bounded": "bounded on both sides", "flat": "not bounded, at most tied to others"}


def fit_key(stored: Mapping[str, Any]) -> KeyMessage:
    """The plain-language box."""
    counts = _counts(stored)
    return KeyMessage(
        "Which of these numbers do the experiments say something about?",
        f"{counts['bounded']} of {len(stored['numbers'])} are bounded on both sides, {counts['one-sided']} on one, and "
        f"{counts['flat']} on none: those stay within what was assumed, or move only together with others.",
        f"The misfit fell from {say(float(stored['cost_before']))} to {say(_misfit(stored))} (squared tolerances of "
        f"{len(stored['figures'])} figures), at {stored['evaluations']} runs. {settled(stored)}",
        model_risk("", ""),
    )


def _counts(stored: Mapping[str, Any]) -> dict[str, int]:
    verdicts = [row["verdict"] for row in stored["numbers"]]
    return {kind: verdicts.count(kind) for kind in ("bounded", "one-sided", "flat")}


def _misfit(stored: Mapping[str, Any]) -> float:
    """The cost of the data alone."""
    return float(stored["cost"]) - sum(float(row["z"]) ** 2 for row in stored["numbers"])


def words_of(row: Mapping[str, Any]) -> str:
    """What the data say about a number, in words."""
    if "verdict" not in row:
        return f"{_width(row):.0%} of its prior's width left"
    return WORDS.get(row["verdict"]) or f"bounded at its {row['side']} end only"


def settled(stored: Mapping[str, Any]) -> str:
    """Whether the search came to its end, in a sentence."""
    left = f"the cost would still fall by about {say(float(stored['remaining']))}"
    return f"The fit has settled ({left})." if stored["settled"] else f"The fit has not settled: {left}."


def fit_sections(stored: Mapping[str, Any]) -> list[Section]:
    return [
        Section("numbers", "The numbers", (_numbers(stored), _method(stored))),
        Section("figures", "The figures, before and after", (_figures(stored),)),
    ]


def _numbers(stored: Mapping[str, Any]) -> Figure:
    import pandas as pd

    rows = sorted(stored["numbers"], key=lambda row: row["posterior_log_spread"] / row["prior_log_spread"])
    plot = pd.DataFrame([
        {"row": row["name"], "value": row["z"], "low": row["z"] - _width(row), "high": row["z"] + _width(row),
         "series": row["verdict"]}
        for row in rows
    ])  # fmt: skip
    counts = _counts(stored)
    finding = (
        f"The data bound {counts['bounded']} of {len(rows)} numbers on both sides, {counts['one-sided']} on one, "
        f"{counts['flat']} on none."
    )
    label = "One line a number: fitted value and its standard deviation in units of the prior; zero is the start."
    chart = range_by_row(plot, "Standard deviations of the prior from the start", ("bounded", "one-sided", "flat"))
    columns = ("Number", "Unit", "Start", "Fitted", "Prior (SD of ln)", "After (SD of ln)", "What the data say",
               "Rise of misfit below", "above")  # fmt: skip
    cells = [
        (row["name"], row["unit"], number_text(row["start"]), number_text(row["value"]), row["prior_log_spread"],
         row["posterior_log_spread"], words_of(row), _rise(row["lower_rise"]), _rise(row["upper_rise"]))
        for row in rows
    ]  # fmt: skip
    note = (
        "Most firmly bounded on top. Each number was then moved two standard deviations of its prior either way, the "
        "others following: where the misfit rises by more than 3.84, the data bound it on that side."
    )
    return Figure("fit-numbers", finding, label, draw(chart, "fit-numbers", finding, label),
                  Table.of(columns, cells, "Fitted numbers"), note)  # fmt: skip


def _rise(value: Any) -> float:
    return float(value) if value is not None else math.inf


def _width(row: Mapping[str, Any]) -> float:
    return float(row["posterior_log_spread"]) / float(row["prior_log_spread"])


def _figures(stored: Mapping[str, Any]) -> Sheet:
    def miss(row: Mapping[str, Any], key: str) -> float:
        return math.nan if row[key] is None else (row[key] - row["aim"]) / row["deviation"]

    rows = sorted(stored["figures"], key=lambda row: -abs(miss(row, "after")) if row["after"] is not None else -1e9)
    columns = ("Experiment: figure", "Unit", "Aim", "Before", "After", "Miss before", "Miss after")
    cells = [
        (row["name"], row["unit"], row["aim"], row["before"], row["after"], miss(row, "before"), miss(row, "after"))
        for row in rows
    ]
    note = (
        "Misses in standard deviations; a stated tolerance is two of them. A figure of which only the direction was "
        "read misses nothing on its side of the bound, which then is its aim."
    )
    return Sheet("Figures", Table.of(columns, cells, "Worst after the fit on top"), note)


def _method(stored: Mapping[str, Any]) -> Prose:
    seeds = ", ".join(str(seed) for seed in stored["seeds"]) or "none"
    return Prose((
        "Posterior mode under log-normal priors whose width follows from the grade of each number's evidence; Cauchy "
        "loss with five standard deviations; trust-region reflective least squares (scipy).",
        f"Made by '{stored['command']}' on {stored['date']}; {stored['evaluations']} runs for the fit; seeds of the "
        f"drawn patients: {seeds}. ln evidence (Laplace) {say(float(stored['log_evidence']))}.",
    ))  # fmt: skip
