"""The record as pages of the documentation: the hindcast board and the leaderboard of sealed predictions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from charcot.interfaces.report.content import Block, Cell, Figure, Prose, Section, Sheet, Table
from charcot.interfaces.report.markdown import write_page

QUANTITIES = {
    "decline": "Decline, points/month",
    "alive": "Alive without ventilation, %",
    "vital_capacity": "Vital capacity, %/month",
    "sd": "SD of decline, points/month",
    "validation": "All on which no number may have been set",
}
SCALES = {"alive": "Hazard of death or ventilation, logarithm"}  # on which a quantity is scored, where it is another
MEASURES = {
    "slope": "slope, points/month",
    "survival": "log hazard ratio",
    "vital_capacity": "vital capacity, %/month",
    "joint_rank": "chance of the better rank less a half",
    "manifest": "share that falls ill",
    "nfl": "log ratio of NfL",
}
NOT_IN_IT = (
    "What is in a prediction of a placebo figure: what the model says of the trial's rules, set right by how the "
    "figures of the other trials lie to what it said of them (a random-effects regression; the trial itself is never "
    "in it). Its interval has the error of the published figure, the Monte-Carlo error, the errors of that line and "
    "the spread of trials about it. Where fewer than three other trials published the quantity, and for the model "
    "alone, nothing is moved, and a spread between trials that was written down before takes its place; with fewer "
    "than five the line has an offset only. In an interval of an "
    "effect: the error of the published estimate, the Monte-Carlo error, and draws of every number of the product "
    "from its prior. Not in either: what the evidence leaves open about the disease itself (its numbers are at their "
    "shipped values), rival hypotheses, rules of a trial that were not read, and for effects the spread between "
    "trials of one drug and any miss of other trials."
)


def write_hindcast(record: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write ``hindcast.md`` with its picture, of the record that the command prints as JSON."""
    found = record["placebo"]
    lead = (
        f"Made by `charcot hindcast --store --docs docs` ({record['patients']:,} people, seed {record['seed']}); "
        f"do not edit. {len(record['trials'])} past trials, "
        f"record `{record['hash']}`, entry rules `{record['entry_rules_hash']}`, "
        f"targets `{record['targets_hash']}`, code `{record['code']}`.",
        f"**The board {'passes' if record['ok'] else 'does not pass'}.** One placebo figure for each trial that "
        f"published one (decline, else survival, else vital capacity): {found['inside']} of {found['total']} "
        f"inside the "
        f"95 % predictive interval ({100 * record['asked']['least_inside']:.0f} % asked for). Mean CRPS "
        f"{found['crps']:.3f}; of the random-effects mean of the other trials {found['crps_meta']:.3f}, of one "
        f"constant "
        f"normal {found['crps_constant']:.3f} (below both is asked for). The model alone, without how far it missed "
        f"the other trials: {found['inside_model_alone']} of {found['total']} inside, mean CRPS "
        f"{found['crps_model_alone']:.3f}. **{record['verdict']}** CRPS is in units of the SD among the "
        f"published "
        "figures of a quantity; smaller is better.",
        NOT_IN_IT,
    )
    sections = (
        Section("placebo", "Placebo arms", (_picture(record), *_quantities(record))),
        Section("effects", "Drug effects", _effects(record)),
        Section("why", "Why trials failed", _causes(record)),
        Section("trials", "Every trial", (_trials(record),)),
    )
    return write_page(folder, "hindcast", "Past trials in the model", lead, sections)


def _picture(record: Mapping[str, Any]) -> Figure:
    import pandas as pd

    from charcot.interfaces.report.charts.against import against
    from charcot.interfaces.report.picture import draw

    rows = [{**figure, "name": row["trial"]} for row in record["trials"] for figure in row["figures"]]
    known = [row for row in rows if _known(row["predicted"])]
    frame = pd.DataFrame(known).assign(panel=[QUANTITIES[row["quantity"]] for row in known])
    missed = sum(not row["inside"] for row in known)
    finding = f"{len(known) - missed} of {len(known)} published placebo figures lie inside the interval predicted."
    label = "Predicted against published, a panel for each quantity; open squares with names are misses."
    cells = [
        (
            row["name"], row["quantity"], row["published"], _two(row["simulated"]), _two(row["predicted"]),
            _between(row["lower"], row["upper"]), _two(row["pit"]), _two(row["crps"]),
            _two(row["crps_model_alone"]), _two(row["crps_meta"]), _two(row["crps_constant"]), row["kind"],
            "inside" if row["inside"] else "**OUTSIDE**",
        )
        for row in rows
    ]  # fmt: skip
    table = Table.of(
        (
            "trial", "quantity", "published", "simulated", "predicted", "95 %", "PIT", "CRPS", "of the model alone",
            "of the others", "of a constant", "kind", "verdict",
        ),
        cells,
    )  # fmt: skip
    return Figure("placebo", finding, label, draw(against(frame), "hindcast-placebo", finding, label), table)


def _quantities(record: Mapping[str, Any]) -> tuple[Block, ...]:
    rows = [
        (
            QUANTITIES[name], part["inside"], part["inside_model_alone"], part["total"], _two(part["crps"]),
            _two(part["crps_model_alone"]), _two(part["crps_meta"]), _two(part["crps_constant"]),
        )
        for name, part in record["by_quantity"].items()
    ]  # fmt: skip
    columns = (
        "all figures of", "inside", "by the model alone", "of", "CRPS", "of the model alone", "of the others",
        "of a constant",
    )  # fmt: skip
    table = Table.of(columns, rows)
    note = "The constant of decline is that of another meta-analysis; of the others it is their own mean and SD."
    missed = [
        (
            SCALES.get(name) or QUANTITIES[name], f"{miss['offset']:.3g}", f"{miss['error']:.2g}",
            f"{miss['slope']:.2f}", f"{miss['slope_error']:.2f}", f"{miss['between']:.2g}", miss["trials"],
        )
        for name, miss in record["misses"].items()
    ]  # fmt: skip
    headings = (
        "quantity", "published less simulated", "its error", "slope of published on simulated", "its error",
        "spread between trials", "trials",
    )  # fmt: skip
    far = Table.of(headings, missed)
    use = (
        "Of all trials: predictions of running trials take it in; past ones are predicted by that of the others. A "
        "slope below one says that the model makes more of the differences between trials than there is."
    )
    return Sheet("By quantity", table, note), Sheet("How far the model misses", far, use)


def _effects(record: Mapping[str, Any]) -> tuple[Block, ...]:
    rows: list[tuple[Cell, ...]] = []
    for row in record["trials"]:
        e = row["effect"]
        if e is None:
            continue
        rows.append(
            (
                row["drug"], row["trial"], MEASURES[e["measure"]], f"{e['published']:.2f} ({e['standard_error']:.2f})",
                _two(e["simulated"]), _between(e["lower"], e["upper"]), _two(e["pit"]),
                "hit" if e["hit"] else "**MISS**",
            )
        )  # fmt: skip
    columns = ("drug", "trial", "measure", "published (SE)", "simulated", "95 % of the published", "PIT", "verdict")
    hits = sum(bool(row["effect"]["hit"]) for row in record["trials"] if row["effect"])
    lead = (
        f"{hits} of {len(rows)} published effects of drugs whose target is in the model lie inside the interval "
        f"predicted. An "
        "interval is wide where a trial was small: a hit shows no more than that trial and model do not disagree."
    )
    return Prose((lead,)), Sheet("Active less placebo", Table.of(columns, rows))


def _causes(record: Mapping[str, Any]) -> tuple[Block, ...]:
    from charcot.trials.record.why import FACTORS

    rows = [
        (
            row["trial"], row["drug"], _two(row["cause"]["power"]), _two(row["cause"]["mended"]),
            *(_two(row["cause"]["shares"][name]) for name in FACTORS), row["cause"]["first"] or "too few people",
        )
        for row in record["trials"]
        if row["cause"] is not None
    ]  # fmt: skip
    chosen = record["choices"]
    targets = ", ".join(sorted(set(chosen["targets"])))
    lead = (
        "Power is the simulated chance of a significant benefit. What a trial lacked against one in which "
        "everything is "
        "mended is split by Shapley values: the mean, over all orders of mending, of what one thing adds. They "
        "sum to the "
        f"difference and may be negative. Target: the drug acts on what drives the disease in the model "
        f"({targets}). Dose: "
        f"{chosen['dose_factor']:g} times, or the largest. Start: {chosen['start_after_onset']} after the first "
        f"symptom. "
        f"Patients: by the rules of {chosen['patients_rules']}. Power: {chosen['power_factor']:g} times as many. "
        f"Endpoint: "
        "the one of four with the most power. A drug without a target in the model has no effect here, so that "
        "its target "
        "is the first cause by construction."
    )
    return Prose((lead,)), Sheet("Shares of the power that was lacking", Table.of(
        ("trial", "drug", "power", "all mended", *FACTORS, "first"), rows,
    ))  # fmt: skip


def _trials(record: Mapping[str, Any]) -> Sheet:
    rows = [
        (
            row["title"], row["year"], row["primary"], row["outcome"], row["people"], len(row["figures"]),
            row["products"] or f"as placebo: {row['no_target']}",
        )
        for row in record["trials"]
    ]  # fmt: skip
    return Sheet(
        "Trials of the record",
        Table.of(
            ("trial", "year", "primary endpoint", "outcome", "people let in", "placebo figures", "simulated as"), rows
        ),
    )


def _known(value: float | None) -> bool:
    """Whether there is a number; what is stored has nothing where there is none."""
    return value is not None and math.isfinite(value)


def _two(value: float | None) -> str:
    return f"{value:.2f}" if value is not None and math.isfinite(value) else "none"


def _between(low: float | None, high: float | None) -> str:
    return f"{_two(low)} to {_two(high)}" if _known(low) else "none"
