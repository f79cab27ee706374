"""Sections about the operating characteristics of a design."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from charcot.interfaces.report.charts.intervals import range_by_row
from charcot.interfaces.report.charts.lines import Axes, curves
from charcot.interfaces.report.content import Figure, KeyMessage, Prose, Section, Sheet, Table, model_risk, say
from charcot.interfaces.report.picture import draw
from charcot.interfaces.report.views import records

if TYPE_CHECKING:
    import pandas as pd

    from charcot.interfaces.power_asked import Asked, Measured

AS_WRITTEN = "as written"
KEYS = ("n", "effect", "entry", "estimand", "arm")
NULL = "no effect (type I error)"
MOST_CURVES = 6  # lines of one picture that can be told apart
MONTE_CARLO = (
    "± is a Monte-Carlo standard error: of so many simulated trials, and in power also of the library's own mean "
    "effect."
)


@dataclass(frozen=True)
class Words:
    """What endpoints and arms are called; an arm is named where there are more than two."""

    titles: Mapping[str, str]
    arms: Mapping[str, str]

    def design(self, row: Mapping[str, Any], sized: bool = True) -> str:
        """A design in words: ``100 per arm, 12 months, 30 % slower``; ``sized``: with its size."""
        parts = [f"{int(row['n']):,} per arm"] if sized else []
        parts.append(f"{say(round(float(row['months']), 1))} months")
        effect = row["effect"]
        parts.append("the treatment" if effect is None or effect != effect else f"{say(100 * float(effect))} % slower")
        parts += [str(row["entry"])] if row["entry"] != AS_WRITTEN else []
        parts += [self.arms.get(str(row["arm"]), str(row["arm"]))] if len(self.arms) > 2 else []
        return ", ".join(parts)


def assured_row(assured: Any, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """What plausible models make of a design and contrast; None where none were simulated."""
    for one in records(assured.table):
        same = all(one[key] == row[key] or (one[key] != one[key] and row[key] != row[key]) for key in KEYS)
        if same and abs(float(one["months"]) - float(row["months"])) < 1e-6:
            return one
    return None


def power_sections(measured: Measured, asked: Asked, words: Words) -> list[Section]:
    sections = [_size_section(measured, asked, words), _curve_section(measured, asked, words)]
    sections += [
        _looks_section(measured, asked, words),
        _characteristics_section(measured, words),
        _assurance_section(measured, asked, words),
    ]
    return [section for section in sections if section is not None]


def key_of(measured: Measured, asked: Asked, protocol: Any, words: Words) -> KeyMessage:
    question = protocol.question or protocol.title
    risk = model_risk("", "")
    if measured.sizes is not None:
        first = records(measured.sizes)[0]
        if first["note"]:
            return KeyMessage(question, f"{words.titles[asked.endpoint]}: {first['note']}.", "", risk)
        answer = (
            f"{int(first['n']):,} patients per arm have a power of {asked.target:g} ({words.titles[asked.endpoint]}, "
            f"{words.design(first, sized=False)})."
        )
        low, high = say(math.floor(first["n_lower"])), say(math.ceil(first["n_upper"]))
        return KeyMessage(question, answer, f"{low} to {high} per arm (95 % Monte-Carlo interval)", risk)
    row = next(one for one in records(measured.table) if one["estimand"] == asked.endpoint)
    answer = f"Power {_percent(row['power'])} ({words.titles[asked.endpoint]}; {words.design(row)})."
    interval = f"{_percent(row['power_lower'])} to {_percent(row['power_upper'])} (95 % Monte-Carlo interval)."
    beside = assured_row(measured.assured, row)
    if beside is not None:
        interval += f" Assurance over {int(beside['models'])} plausible models: {_percent(beside['assurance'])}."
    elif measured.assured.note:
        interval += f" {measured.assured.note}."
    return KeyMessage(question, answer, interval, risk)


def _percent(share: float) -> str:
    return f"{say(round(100 * share, 1))} %"


def _size_section(measured: Measured, asked: Asked, words: Words) -> Section | None:
    if measured.sizes is None:
        return None
    rows = [
        [words.design(row, sized=False), *(
            [None] * 4 if row["note"] else [int(row["n"]), row["n_lower"], row["n_upper"], int(row["patients"])]
        ), 100 * row["power"], 100 * row["power_error"], row["note"] or "found"]
        for row in records(measured.sizes)
    ]  # fmt: skip
    columns = ("Design", "Patients per arm", "from", "to", "in all", "Power there, %", "±", "In words")
    table = Table.of(columns, rows, f"Smallest size with a power of {asked.target:g}: {words.titles[asked.endpoint]}")
    tried = Table.of(
        ("Design", "Patients per arm", "Trials", "Significant"),
        [[words.design(r, sized=False), int(r["n"]), int(r["trials"]), int(r["significant"])]
         for r in (records(measured.tried) if measured.tried is not None else ())],
        "Sizes at which power was simulated",
    )  # fmt: skip
    note = (
        "From and to: 95 % Monte-Carlo interval of the size, where the band of power as the normal distribution of a "
        "line in the root of the size, fitted to all trials below, meets the target."
    )
    blocks = (Sheet("How many patients", table, note), Sheet("What was tried", tried))
    return Section("size", "How many patients are needed", blocks)


def _curve_section(measured: Measured, asked: Asked, words: Words) -> Section | None:
    rows = [row for row in records(measured.table) if row["estimand"] == asked.endpoint] if len(measured.table) else []
    if not rows:
        return None
    table = Table.of(
        ("Design", "Power, %", "±", "from", "to", "Type I error, %", "±", "from", "to"),
        [[words.design(row), *(100 * row[f"{figure}{end}"] for figure in ("power", "type_one")
          for end in ("", "_error", "_lower", "_upper"))] for row in rows],
        f"Power and type I error: {words.titles[asked.endpoint]}",
    )  # fmt: skip
    best, first = max(rows, key=lambda row: row["power"]), rows[0]
    finding = (
        f"The power of {words.design(best)} is {_percent(best['power'])}; with no effect "
        f"{_percent(first['type_one'])} of the trials of {words.design(first)} are significant."
    )
    label = "Power of each design with its 95 % Monte-Carlo interval, and beside it the type I error; "
    label += f"{words.titles[asked.endpoint]}."
    svg = draw(_chart(rows, measured, words), "power", finding, label)
    note = (
        f"{asked.replicates:,} simulated trials of each design. {MONTE_CARLO} Band or bar: 95 % Monte-Carlo interval."
    )
    return Section("power", "Power and type I error", (Figure("power", finding, label, svg, table, note),))


def _chart(rows: Sequence[Mapping[str, Any]], measured: Measured, words: Words) -> Any:
    """Curves over the size where several sizes were simulated, else dots with their intervals."""
    import pandas as pd

    points = [
        {
            "series": words.design(row, sized=False), "x": float(row["n"]),
            **{k: 100 * row[name] for k, name in (("y", "power"), ("lower", "power_lower"), ("upper", "power_upper"))},
        }
        for row in rows
    ]  # fmt: skip
    series = list(dict.fromkeys(point["series"] for point in points))
    sizes = {point["x"] for point in points}
    if len(sizes) < 2 or len(series) >= MOST_CURVES:
        return range_by_row(_dots(rows, measured, words), "Share of trials, %", ("power", "type I error", "assurance"))
    first = (rows[0]["months"], rows[0]["entry"], rows[0]["arm"], rows[0]["effect"])
    points += [
        {"series": NULL, "x": float(row["n"]), "y": 100 * row["type_one"], "lower": 100 * row["type_one_lower"],
         "upper": 100 * row["type_one_upper"]}
        for row in rows if repr((row["months"], row["entry"], row["arm"], row["effect"])) == repr(first)
    ]  # fmt: skip
    axes = Axes("Patients per arm", "Share of trials that are significant, %", y_domain=(0.0, 100.0))
    return curves(pd.DataFrame(points).sort_values("x"), [*series, NULL], axes.fitted([*series, NULL]))


def _dots(rows: Sequence[Mapping[str, Any]], measured: Measured, words: Words) -> pd.DataFrame:
    import pandas as pd

    out = []
    for row in rows:
        name_of = words.design(row)
        for name, figure in (("power", "power"), ("type I error", "type_one")):
            ends = [100 * row[figure + end] for end in ("", "_lower", "_upper")]
            out.append({"row": f"{name_of}: {name}", "value": ends[0], "low": ends[1], "high": ends[2], "series": name})
        beside = assured_row(measured.assured, row)
        if beside is not None:
            name, ends = "assurance", [100 * beside[name] for name in ("assurance", "lower", "upper")]
            out.append({"row": f"{name_of}: {name}", "value": ends[0], "low": ends[1], "high": ends[2], "series": name})
    return pd.DataFrame(out)


def _characteristics_section(measured: Measured, words: Words) -> Section | None:
    if not len(measured.table):
        return None
    columns = (
        "Design", "Endpoint", "Trials", "Gave no estimate", "Power, %", "±", "Type I error, %", "±",

        "Large-sample value", "±", "Bias", "±", "Coverage, %", "±", "SD between trials", "±",
        "Root mean squared standard error",
    )  # fmt: skip
    rows = [
        [words.design(r), words.titles[r["estimand"]], int(r["trials"]), int(r["trials"] - r["estimated"]),
         100 * r["power"], 100 * r["power_error"], 100 * r["type_one"], 100 * r["type_one_error"], r["value"],
         r["value_error"], r["bias"], r["bias_error"], 100 * r["coverage"], 100 * r["coverage_error"], r["sd"],
         r["sd_error"], r["mean_error"]]
        for r in records(measured.table)
    ]  # fmt: skip
    note = (
        f"{MONTE_CARLO} The large-sample value is what all {measured.twins:,} twins of the library give, each in "
        "every arm: bias is against it, and coverage is the share of intervals that hold it. Of ratios, bias and "
        "standard deviation are those of the logarithm. A trial whose analysis failed found nothing, and is counted."
    )
    table = Table.of(columns, rows, "Operating characteristics of every endpoint")
    blocks: list[Any] = [Sheet("Operating characteristics", table, note)]
    larger = [row for row in records(measured.table) if row["patients"] > row["twins"]]
    if larger:
        most, few = max(row["patients"] for row in larger), min(row["twins"] for row in larger)
        text = (
            f"Trials of {most:,} patients are larger than the library: {few:,} twins may enter, and such trials meet "
        )
        blocks.append(Prose((f"{text}some of them again. More people (--people) make this better.",)))
    return Section("characteristics", "Operating characteristics", tuple(blocks))


def _looks_section(measured: Measured, asked: Asked, words: Words) -> Section | None:
    if measured.looks is None:
        return None
    rows = [
        [words.design(r), "as treated" if r["treated"] else "nobody treated", int(r["look"]), 100 * r["information"],
         r["bound"], 100 * r["spent"], 100 * r["difference"], 100 * r["nothing"], 100 * r["significant"],
         100 * r["significant_error"], r["patients"]]
        for r in records(measured.looks)
    ]  # fmt: skip
    columns = (
        "Design", "Arms", "Look", "Patients who completed, %", "Bound", "Alpha spent, %", "Stops for a difference, %",
        "Ends without, %", "Significant at any look, %", "±", "Patients expected",
    )  # fmt: skip
    first, none = (next(r for r in records(measured.looks) if r["treated"] is one) for one in (True, False))
    lead = (
        f"With looks before the end {words.design(first)} is significant in {_percent(first['significant'])} of the "
        f"trials, after {say(round(first['patients']))} patients on average; with nobody treated in "
        f"{_percent(none['significant'])}, after {say(round(none['patients']))}."
    )
    note = (
        "Looks are taken when that share of the patients has made the last visit; bounds are of the standardised "
        "statistic, two-sided. They are those without futility, which makes type I error smaller where it is heeded."
    )
    table = Table.of(columns, rows, f"Looks before the end: {words.titles[asked.endpoint]}")
    return Section("looks", "Looks before the end", (Sheet("Looks before the end", table, note),), lead)


def _assurance_section(measured: Measured, asked: Asked, words: Words) -> Section | None:
    found = measured.assured
    if found.note:
        return Section("assurance", "Assurance", (Prose((f"{found.note}.",)),))
    if found.table.empty:
        reasons = "; ".join(f"{reason} ({count})" for reason, count in found.failed.items())
        return Section("assurance", "Assurance", (Prose((f"No plausible model could be simulated: {reasons}.",)),))
    rows = [
        [words.design(r), words.titles[r["estimand"]], int(r["models"]),
         100 * r["assurance"], 100 * r["error"], 100 * r["lower"], 100 * r["upper"], 100 * r["none"]]
        for r in records(found.table)
    ]  # fmt: skip
    columns = (
        "Design", "Endpoint", "Models", "Assurance, %", "±", "Lowest power, %", "Highest power, %",
        "Models without effect, %",
    )  # fmt: skip
    first = next(row for row in records(found.table) if row["estimand"] == asked.endpoint)
    lead = (
        f"Under {int(first['models'])} plausible models the power of {words.design(first)} is from "
        f"{_percent(first['lower'])} to {_percent(first['upper'])}, {_percent(first['assurance'])} on average."
    )
    note = (
        "Assurance: the mean power over plausible models, each with a library of twins of its own. The error is of "
        "the models drawn and of their trials. A model without effect is one in which the effect of a treatment that "
        "nobody was ever given was drawn as none."
    )
    left_out = tuple(f"Left out: {reason} ({count} models)." for reason, count in found.failed.items())
    blocks: list[Any] = [Sheet("Assurance", Table.of(columns, rows, "Power under plausible models"), note)]
    blocks += [Prose(left_out)] if left_out else []
    return Section("assurance", "Assurance: what the evidence leaves open", tuple(blocks), lead)
