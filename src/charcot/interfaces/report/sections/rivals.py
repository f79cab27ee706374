"""Rival hypotheses side by side: evidence and hits, and the experiments that would tell them apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from charcot.interfaces.report.charts.intervals import bars_by_row, strips_by_row
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
from charcot.interfaces.report.layers import layers_section, rival_layers
from charcot.interfaces.report.names import plain_unit
from charcot.interfaces.report.picture import draw
from charcot.interfaces.report.sections.fit import words_of
from charcot.interfaces.report.views import records

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 12  # readings in the ranking's picture
PREDICTED = 6  # readings whose predictions are drawn


def rivals_key(found: Any, gained: Any) -> KeyMessage:
    """The plain-language box; ``gained``: a ``RivalGains`` of the command line."""
    table = found.rivals.sort_values("weight", ascending=False, kind="stable")
    best, next_best = table.iloc[0], table.iloc[1]
    first = found.ranking.iloc[0]
    return KeyMessage(
        "Where does ALS begin, as far as published experiments can tell, and what would tell?",
        f"Of {len(table)} accounts '{best['title']}' has the weight {say(float(best['weight']))}, "
        f"'{next_best['title']}' {say(float(next_best['weight']))}. What would separate them most: "
        f"{first['title']} ({say(float(first['bits']))} of at most "
        f"{say(math.log2(len(table)))} bits).",
        "A weight is relative to the accounts that are compared; all of them may be wrong."
        + ("" if table["settled"].all() else " Fits that have not settled leave the weights open.")
        + "".join(
            f" {name}, {say(value)}. {layers.sentence()}"
            for name, value, layers in rival_layers(gained, _titles(found))[:1]
        ),
        model_risk("", ""),
    )


def rivals_sections(found: Any, known: Mapping[str, Any], stored: Mapping[str, Any], gained: Any) -> list[Section]:
    """The sections of a :class:`charcot.fitting.comparison.Comparison`; ``known``: hypotheses by name."""
    treated = layers_section(rival_layers(gained, _titles(found)), gained.together, "treated")
    return [
        Section("rivals", "The hypotheses and how they stand", (_standing(found), _claims(known), _method(stored))),
        Section("apart", "What would tell them apart", (_ranking(found), _predictions(found), _pairs(found))),
        *([replace(treated, title="What a gene therapy gains under each")] if treated else []),
        Section("differences", "Experiments on which they differ", (_differences(found),)),
        Section("numbers", "Their fitted numbers", (_numbers(found),)),
    ]


def _titles(found: Any) -> dict[str, str]:
    return dict(zip(found.rivals["hypothesis"], found.rivals["title"], strict=True))


def _standing(found: Any) -> Figure:
    table = found.rivals.sort_values("weight", ascending=False, kind="stable")
    plot = table.assign(
        row=table["title"],
        value=table["weight"],
        text=[f"{number_text(float(w))} (ln evidence {say(float(e))})" for w, e in
              zip(table["weight"], table["log_evidence"], strict=True)],
    )  # fmt: skip
    best = table.iloc[0]
    finding = f"{best['title']} has the most weight: {say(float(best['weight']))}."
    label = "A bar for each hypothesis: its weight by the evidence of the calibration experiments."
    chart = bars_by_row(plot[["row", "value", "text"]], "Weight", 1.0)
    columns = ("Hypothesis", "ln evidence, to the best", "Weight", "Weight, tempered", "Fit settled",
               "Calibration hits", "of", "Validation hits", "of", "Natural history hits", "of", "Misfit, calibration",
               "Misfit, validation")  # fmt: skip
    rows = [
        (r["title"], float(r["log_evidence"]), float(r["weight"]), float(r["weight_tempered"]),
         "yes" if r["settled"] else "no",
         int(r["calibration_passed"]), int(r["calibration_total"]), int(r["validation_passed"]),
         int(r["validation_total"]), int(r["natural_history_passed"]), int(r["natural_history_total"]),
         float(r["calibration_loss"]), float(r["validation_loss"]))
        for r in records(table)
    ]  # fmt: skip
    note = (
        "Natural history: the untreated course of patients, most of which is calibration. A tolerance is read as two "
        "standard deviations and figures as independent, which they are not: differences of a few units of ln evidence "
        "decide nothing. Tempered: as if each experiment had given one figure. A fit that has not settled has a weight "
        "that is too small."
    )
    return Figure("standing", finding, label, draw(chart, "standing", finding, label),
                  Table.of(columns, rows, "How the hypotheses stand"), note)  # fmt: skip


def _claims(known: Mapping[str, Any]) -> Sheet:
    rows = [(one.title, one.claim, ", ".join(one.sources), ", ".join(one.against) or None) for one in known.values()]
    return Sheet("What they say", Table.of(("Hypothesis", "Claim", "Sources for", "Against"), rows, "What they say"))


def _method(stored: Mapping[str, Any]) -> Prose:
    dates = sorted({str(one["date"]) for one in stored.values()})
    return Prose((
        "All hypotheses run on the same mechanisms. They differ in what the last step to disease plants in one region, "
        "and in the numbers that their fit found; the same procedure fits each, with the same shared numbers and some "
        "of its own, from priors that stand where they stood before the shipped model was fitted. All other numbers "
        "stay as shipped, and those were found with the seed of TDP-43: an advantage that the evidence does not see.",
        f"Fits of {' and '.join(dates)}. Evidence: Laplace's approximation at the posterior mode, priors integrated "
        "out. Spread of predictions: draws from that Gaussian, with the error of the reading on top.",
    ))  # fmt: skip


def _ranking(found: Any) -> Figure:
    count = len(found.rivals)
    ranked = found.ranking[found.ranking["bits"].notna()]
    shown = ranked.head(SHOWN)
    plot = shown.assign(
        row=[f"{r['title']}: {r['reading']}" for r in records(shown)],
        value=shown["bits"],
        text=[number_text(float(b)) for b in shown["bits"]],
    )
    first = shown.iloc[0]
    finding = f"{first['title']} would tell most: {say(float(first['bits']))} of {say(math.log2(count))} bits."
    label = "A bar for each reading of a feasible experiment: expected information about which hypothesis holds."
    chart = bars_by_row(plot[["row", "value", "text"]], "Expected information, bits", math.log2(count))
    columns = ("Experiment", "Reading", "Bits, equal weights", "Bits, present weights", "Error of reading", "Unit",
               "How it would be done")  # fmt: skip
    rows = [
        (r["title"], r["reading"], float(r["bits"]), float(r["bits_at_weights"]), float(r["error"]),
         plain_unit(str(r["unit"])), r["how"])
        for r in records(found.ranking)
    ]  # fmt: skip
    note = (
        f"Expected information about which of {count} hypotheses holds when all are equally likely before; "
        f"log2({count}) bits would settle it. Errors of readings are our own estimates and stand in the table."
    )
    return Figure("ranking", finding, label, draw(chart, "ranking", finding, label),
                  Table.of(columns, rows, "Feasible experiments, most informative first"), note)  # fmt: skip


def _predictions(found: Any) -> Figure:
    titles = _titles(found)
    top = found.ranking[found.ranking["bits"].notna()].head(PREDICTED)
    order = {(r["experiment"], r["reading"]): k for k, r in enumerate(records(top))}
    readings: pd.DataFrame = found.readings
    keep = [(r["experiment"], r["reading"]) in order for r in records(readings)]
    own = readings[keep]
    own = own.assign(
        row=[f"{r['title']}: {r['reading']}" for r in records(own)],
        low=own["value"] - own["deviation"],
        high=own["value"] + own["deviation"],
        series=own["hypothesis"].map(titles),
        place=[order[r["experiment"], r["reading"]] for r in records(own)],
    ).sort_values("place", kind="stable")
    finding = "What each hypothesis predicts for the readings that separate most."
    label = "For each reading, on its own scale, a dot and a range of one standard deviation for each hypothesis."
    chart = strips_by_row(own[["row", "value", "low", "high", "series"]], tuple(titles.values()))
    columns = ("Experiment", "Reading", "Hypothesis", "Predicted", "Spread by the model", "Error of reading", "Unit")
    rows = [
        (r["title"], r["reading"], titles[r["hypothesis"]], float(r["value"]), float(r["model_deviation"]),
         float(r["error"]), plain_unit(str(r["unit"])))
        for r in records(readings)
    ]  # fmt: skip
    return Figure("predictions", finding, label, draw(chart, "predictions", finding, label),
                  Table.of(columns, rows, "Predictions of every reading"),
                  "Range: one standard deviation, of the fit and of the reading together.")  # fmt: skip


def _pairs(found: Any) -> Sheet:
    titles = _titles(found)
    rows = [
        (f"{titles[r['first']]} or {titles[r['second']]}", f"{r['title']}: {r['reading']}", float(r["at_first"]),
         float(r["at_second"]), float(r["bits"]))
        for r in records(found.pairs)
    ]  # fmt: skip
    columns = ("Pair", "Reading that separates it best", "First predicts", "Second predicts", "Bits of 1")
    return Sheet("Pair by pair", Table.of(columns, rows, "The best reading for each pair"))


def _differences(found: Any) -> Sheet:
    titles = _titles(found)
    wide = found.scores.pivot_table(index=["experiment", "title", "group"], columns="hypothesis", values="passed",
                                    aggfunc="first", sort=False)  # fmt: skip
    wide = wide[list(titles)].astype(bool)
    differing = wide[wide.nunique(axis=1) > 1].reset_index()
    rows = [(r["title"], r["group"], *("hit" if r[name] else "miss" for name in titles)) for r in records(differing)]
    title = f"{len(rows)} of {len(wide)} experiments"
    columns = ("Experiment", "Use", *titles.values())
    return Sheet(title, Table.of(columns, rows, "Where one hypothesis hits and another misses"))


def _numbers(found: Any) -> Sheet:
    titles = _titles(found)
    rows = [
        (titles[r["hypothesis"]], r["name"], r["unit"], number_text(float(r["start"])), number_text(float(r["value"])),
         float(r["z"]), words_of(r))
        for r in records(found.numbers)
    ]  # fmt: skip
    columns = ("Hypothesis", "Number", "Unit", "Start", "Fitted", "SD of prior moved", "What the data say")
    return Sheet("Fitted numbers", Table.of(columns, rows, "Fitted numbers of each hypothesis"))
