"""The leaderboard: what was sealed of trials that had not read out, and how it did."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from charcot.interfaces.report.content import Block, Cell, Figure, Prose, Section, Sheet, Table
from charcot.interfaces.report.markdown import write_page
from charcot.interfaces.report.record_pages import MEASURES


def write_leaderboard(record: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write ``predictions.md`` of the record that ``charcot predict score`` prints as JSON."""
    sealed, done = record["sealed"], record["read_out"]
    lead = (
        f"Made by `charcot predict score --docs docs`; do not edit. {len(sealed)} predictions are sealed, "
        f"{len(done)} of the "
        "trials have read out. A sealed file is never changed: `sha256sum -c SEALS` in `predictions`, and a "
        "test, say so. "
        "How they are made and what is not in them: [record.md](record.md).",
        "Chances of success are scored by the squared error (Brier), distributions by CRPS; smaller is better. "
        "Rivals were "
        "sealed in the same files: a coin, the share of past trials that met their primary endpoint, no effect, "
        "the mean "
        'of past placebo arms, one constant. Where "model alone" is a rival of a figure, the prediction of it takes '
        "in how far it missed past trials; all other figures, and all that were sealed before that was so, do not.",
    )
    sections = (
        Section("sealed", "Sealed", _sealed(sealed, done)),
        Section("scores", "Scores", _scores(record)),
        Section("contradicted", "What would prove us wrong", _contradicted(sealed)),
        Section("hashes", "Seals", (_seals(record),)),
    )
    return write_page(folder, "predictions", "Predictions of running trials", lead, sections)


def _sealed(sealed: list[Mapping[str, Any]], done: list[str]) -> tuple[Block, ...]:
    if not sealed:
        return (Prose(("Nothing is sealed yet.",)),)
    rows: list[tuple[Cell, ...]] = []
    for one in sealed:
        chance, effect, placebo = one["primary"]["chance_met"], one["effect"], one["placebo"]
        estimate = effect["estimate"] if effect else None
        rows.append(
            (
                one["title"], one["registry"], str(one["sealed_on"]), one["drug"], MEASURES[one["primary"]["measure"]],
                "placebo only" if chance is None else f"{chance:.2f}",
                "none" if estimate is None else _of(estimate, "interval_80"),
                "none" if estimate is None else _of(estimate, "interval_95"),
                _of(placebo.get("slope"), "interval_95"), _of(placebo.get("sd"), "interval_95"),
                _events(placebo.get("hazard")), _of(placebo.get("nfl"), "interval_95"),
                "read out" if one["name"] in done else one["expected"],
            )
        )  # fmt: skip
    columns = (
        "trial", "registry", "sealed on", "drug", "primary", "chance that it is met", "effect, 80 %", "effect, 95 %",
        "placebo slope, points/month", "SD of slopes", "share with an event", "log change of NfL", "result",
    )  # fmt: skip
    note = "Means with intervals; effects are the estimates that a trial of that size would report."
    return _picture(sealed), Sheet("Every sealed prediction", Table.of(columns, rows), note)


def _picture(sealed: list[Mapping[str, Any]]) -> Figure:
    import pandas as pd

    from charcot.interfaces.report.charts.intervals import ranges
    from charcot.interfaces.report.picture import draw

    slopes = [(one["title"], one["placebo"]["slope"]) for one in sealed if "slope" in one["placebo"]]
    frame = pd.DataFrame(
        [
            {"label": title, "mean": d["mean"], "low": d["interval_95"][0], "high": d["interval_95"][1],
             "inner_low": d["interval_80"][0], "inner_high": d["interval_80"][1]}
            for title, d in slopes
        ],
        columns=["label", "mean", "low", "high", "inner_low", "inner_high"],
    )  # fmt: skip
    finding = f"Decline of {len(slopes)} placebo arms as it was sealed, with 80 and 95 % intervals."
    label = "A row for each trial: the mean as a dot, the 80 % interval thick, the 95 % interval thin."
    rows = [(title, _two(d["mean"]), _range(d["interval_80"]), _range(d["interval_95"])) for title, d in slopes]
    table = Table.of(("trial", "mean, points/month", "80 %", "95 %"), rows)
    svg = draw(ranges(frame, "placebo decline, points/month"), "predictions-placebo", finding, label)
    return Figure("placebo", finding, label, svg, table)


def _scores(record: Mapping[str, Any]) -> tuple[Block, ...]:
    if not record["scores"]:
        return (Prose(("No trial has read out yet.",)),)
    means = [
        (m["figure"], m["who"], m["trials"], m["score"], f"{m['mean']:.3f}", "" if m["inside"] is None else m["inside"])
        for m in record["means"]
    ]
    each = [
        (
            s["trial"], s["figure"], s["who"], _two(s["reported"]), _two(s["said"]),
            f"{(s['brier'] if s['brier'] is not None else s['crps']):.3f}", "" if s["pit"] is None else _two(s["pit"]),
            "" if s["inside"] is None else "inside" if s["inside"] else "**OUTSIDE**",
        )
        for s in record["scores"]
    ]  # fmt: skip
    return (
        Sheet("Means", Table.of(("figure", "who", "trials", "score", "mean", "inside 95 %"), means)),
        Sheet(
            "Every figure", Table.of(("trial", "figure", "who", "reported", "said", "score", "PIT", "verdict"), each)
        ),
    )


def _contradicted(sealed: list[Mapping[str, Any]]) -> tuple[Block, ...]:
    return tuple(Prose((f"**{one['title']}.** " + " ".join(one["contradicted_by"]),)) for one in sealed) or (
        Prose(("Nothing is sealed yet.",)),
    )


def _seals(record: Mapping[str, Any]) -> Sheet:
    rows = [(name, seal) for name, seal in record["seals"].items()]
    return Sheet("SHA-256 of the files", Table.of(("file", "seal"), rows))


def _of(content: Mapping[str, Any] | None, interval: str) -> str:
    return "none" if content is None else f"{_two(content['mean'])} ({_range(content[interval])})"


def _events(content: Mapping[str, Any] | None) -> str:
    if content is None:
        return "none"
    share = content["share_with_event"]
    return f"{_two(share['median'])} ({_range(sorted(share['interval_95']))})"


def _range(ends: list[float]) -> str:
    return f"{_two(ends[0])} to {_two(ends[1])}"


def _two(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "none"
