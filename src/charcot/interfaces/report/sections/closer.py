"""Sections that look closely at one simulated trial, and at what stands behind the model's word on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from charcot.interfaces.report.charts.heat import tornado
from charcot.interfaces.report.charts.intervals import range_by_row
from charcot.interfaces.report.charts.patients import shares, waterfall
from charcot.interfaces.report.content import Cell, Figure, Section, Sheet, Table, say
from charcot.interfaces.report.names import plain_unit
from charcot.interfaces.report.picture import draw
from charcot.interfaces.report.views import TrialView, records

if TYPE_CHECKING:
    import pandas as pd

Rows = list[list[Cell]]
FIRST = "Of the first simulated trial."
INSIDE, OUTSIDE = "published value inside", "published value outside"
WIDEST = 12  # numbers of the tornado
ENDPOINT = "alsfrs"  # of the stored ranking of gaps


def pairs_section(view: TrialView) -> Section | None:
    """Wins, ties and losses of the joint rank."""
    if view.closer is None or view.closer["pairs"].empty:
        return None
    frame = view.closer["pairs"].assign(row=lambda t: t["arm"].map(view.labels))
    outcomes = list(dict.fromkeys(frame["outcome"]))
    part = {row["outcome"]: row for row in records(frame[frame["arm"] == frame["arm"].iloc[0]])}
    won, lost = (sum(100 * part[name]["share"] for name in names) for names in (outcomes[:2], outcomes[3:]))
    finding = (
        f"A patient under {frame['row'].iloc[0]} did better than one of the reference arm in {say(round(won, 1))} % of "
        f"the pairs and worse in {say(round(lost, 1))} %; survival decided "
        f"{say(round(100 * (part[outcomes[0]]['share'] + part[outcomes[-1]]['share']), 1))} % of them."
    )
    label = "Stacked bars: the share of pairs that each arm's patient won by survival, by function, tied, or lost."
    rows: Rows = [[str(r["row"]), str(r["outcome"]), int(r["pairs"]), 100 * float(r["share"])] for r in records(frame)]
    table = Table.of(
        ("Arm", "Its patient", "Pairs", "%"), rows, "Every patient of the arm against every one of the reference"
    )
    note = (
        f"{FIRST} Survival decides a pair where one is known to have outlived the other, else the last visit of both."
    )
    svg = draw(shares(frame, outcomes), "pairs", finding, label)
    return Section("pairs", "Wins, ties and losses", (Figure("pairs", finding, label, svg, table, note),))


def waterfall_section(view: TrialView) -> Section | None:
    """Each patient's change as a bar."""
    if view.closer is None or view.closer["changes"].empty:
        return None
    frame = (
        view.closer["changes"].assign(series=lambda t: t["arm"].map(view.labels)).rename(columns={"change": "value"})
    )
    middle = frame.groupby("series")["value"].median()
    ends = ", ".join(f"{say(round(float(middle[arm]), 2))} under {arm}" for arm in view.arms if arm in middle.index)
    finding = f"The median patient changed by {ends} points a month; single patients from {_ends(frame['value'])}."
    label = (
        "Waterfall: a bar for each patient, the change of the ALSFRS-R a month, who lost most first; crosses: deaths."
    )
    rows = [
        [k, str(r["series"]), float(r["value"]), "died" if r["died"] else "–"] for k, r in enumerate(records(frame), 1)
    ]
    table = Table.of(
        ("Patient", "Arm", "Points a month", "In the trial"), rows, "Change of each patient, who lost most first"
    )
    note = (
        f"{FIRST} From randomisation to the last visit attended, of patients seen for three months or more. A cross: "
        "death or permanent ventilation."
    )
    svg = draw(waterfall(frame, view.arms, "ALSFRS-R, points a month"), "waterfall", finding, label)
    return Section("waterfall", "Patient by patient", (Figure("waterfall", finding, label, svg, table, note),))


def _ends(values: pd.Series[float]) -> str:
    return f"{say(round(float(values.min()), 2))} to {say(round(float(values.max()), 2))}"


def forest_section(view: TrialView) -> Section | None:
    """The first endpoint in parts of the trial."""
    if view.closer is None or view.closer["subgroups"]["estimate"].isna().all():
        return None
    every = view.closer["subgroups"]
    several = every["arm"].nunique() > 1
    every = every.assign(
        series=every["arm"].map(view.labels),
        row=[_subgroup(r, view.labels if several else {}) for r in records(every)],
        value=every["estimate"], low=every["lower"], high=every["upper"],
    )  # fmt: skip
    frame = every.dropna(subset=["value", "low", "high"])
    if frame.empty:
        return None
    title, unit = view.first_endpoint
    whole = frame.iloc[0]
    apart = int(((frame["low"] > whole["value"]) | (frame["high"] < whole["value"])).sum())
    finding = (
        f"{title}: {say(float(whole['value']))} {plain_unit(unit)} in all; "
        f"of the {len(frame) - 1} intervals of subgroups {apart or 'none'} lie beside it."
    )
    label = "Forest: the contrast of the first endpoint in all patients and in subgroups, each with its interval."
    rows = [
        [str(r["subgroup"]), str(r["series"]), int(r["patients"]),
         *(None if r[k] != r[k] else float(r[k]) for k in ("value", "low", "high")),
         "" if r["value"] == r["value"] else str(r["note"])]
        for r in records(every)
    ]  # fmt: skip
    table = Table.of(
        ("Subgroup", "Arm", "Patients", "Estimate", "from", "to", "Not estimated"), rows, f"{title} in subgroups"
    )
    note = f"{FIRST} Each subgroup by itself; nothing is corrected for the number of looks. In brackets: patients."
    svg = draw(
        range_by_row(frame, f"{title}, {plain_unit(unit)}", list(dict.fromkeys(frame["series"]))),
        "forest",
        finding,
        label,
    )
    return Section("forest", "In subgroups", (Figure("forest", finding, label, svg, table, note),))


def _subgroup(row: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    arm = f", {labels[row['arm']]}" if labels else ""
    return f"{row['subgroup']}{arm} ({row['patients']})"


def burden_section(view: TrialView) -> Section | None:
    """What the design asks of people."""
    if view.closer is None:
        return None
    burden = records(view.closer["burden"])
    rows: Rows = [
        [str(r["what"]), None if r["value"] != r["value"] else float(r["value"]), str(r["unit"])] for r in burden
    ]
    table = Table.of(("What is asked", "Value", "Unit"), rows, "What the design asks of patients")
    note = (
        f"{FIRST} Months and deaths are counted until an arm's first treatment of the trial begins, or to the end. Who "
        "leaves the window of the entry rules, and how well one person can tell, is of the untreated reference arm."
    )
    return Section("burden", "What the design asks of patients", (Sheet("The burden of the design", table, note),))


def means_sheet(view: TrialView) -> Sheet | None:
    """Restricted means by arm, beside the survival curves."""
    if view.closer is None or view.closer["restricted_means"].empty:
        return None
    frame = view.closer["restricted_means"]
    rows: Rows = [[view.labels[r["arm"]], float(r["months"]), float(r["error"])] for r in records(frame)]
    table = Table.of(("Arm", "Months without the event", "Standard error"), rows, "Restricted mean survival times")
    return Sheet(
        f"Mean time without the event, up to month {say(round(float(frame['horizon'].iloc[0]), 1))}", table, FIRST
    )


def past_section(record: Mapping[str, Any]) -> Section | None:
    """How past placebo arms come out in the same machine: the stored board."""
    import pandas as pd

    found = record["placebo"]
    rows = [
        (f"{trial['title']}", figure)
        for trial in record["trials"]
        for figure in trial["figures"]
        if figure["main"] and figure["quantity"] == "decline" and figure["lower"] is not None
    ]
    if not rows:
        return None
    frame = pd.DataFrame(
        [
            (name, f["predicted"], f["lower"], f["upper"], f["published"], INSIDE if f["inside"] else OUTSIDE)
            for name, f in rows
        ],
        columns=["row", "value", "low", "high", "published", "series"],
    )
    finding = (
        f"Of past trials in the same machine {found['inside']} of {found['total']} placebo arms lie inside their "
        f"predictive interval; the error (CRPS) is {say(round(found['crps'], 3))}, of the mean of other trials "
        f"{say(round(found['crps_meta'], 3))}, of a constant {say(round(found['crps_constant'], 3))}; of the model "
        f"alone, without how far it missed the other trials, {say(round(found['crps_model_alone'], 3))}. "
        f"{record['verdict']}"
    )
    label = (
        "Dots with intervals: the predicted decline of each past placebo arm, coloured by whether it was met; "
        "diamonds: the decline that was published."
    )
    table = Table.of(
        ("Trial", "Predicted, points a month", "from", "to", "Published", "Inside"),
        [[name, *(float(f[k]) for k in ("predicted", "lower", "upper", "published")), "yes" if f["inside"] else "NO"]
         for name, f in rows],
        "Decline of past placebo arms, predicted beside published",
    )  # fmt: skip
    note = "As last stored by 'charcot hindcast --store'; survival and vital capacity of other trials are in the count."
    svg = draw(range_by_row(frame, "Points a month", [INSIDE, OUTSIDE]), "past", finding, label)
    return Section("past", "Past trials in the same machine", (Figure("past", finding, label, svg, table, note),))


def numbers_section(record: Mapping[str, Any]) -> Section | None:
    """Which numbers of the disease move an untreated course most, with their grades: the stored ranking."""
    import pandas as pd

    widest = [row for row in record["endpoints"].get(ENDPOINT, ()) if row["gap"] is not None][:WIDEST]
    if not widest:
        return None
    moved = [float(row["sensitivity"]) * float(row["prior_log_spread"]) for row in widest]
    frame = pd.DataFrame(
        {"row": [f"{r['number']} (grade {r['grade']})" for r in widest], "low": [-m for m in moved], "high": moved}
    )
    finding = (
        f"{widest[0]['title']} (grade {widest[0]['grade']}) leaves most open of the ALSFRS-R two years after onset."
    )
    label = (
        "Tornado: how far the ALSFRS-R two years after onset moves with one width of a number's prior, widest on top."
    )
    rows = [
        [r["number"], r["title"], r["grade"], float(r["gap"]), float(r["gap_error"]), r["prior_reason"]] for r in widest
    ]
    columns = ("Number", "What it is", "Grade", "Moves the score by, points", "±", "Why so wide")
    table = Table.of(columns, rows, "Numbers that move an untreated course most")
    note = (
        "A derivative times the width of the prior, as last stored by 'charcot evidence gaps --store'; no treatment "
        "is in it."
    )
    svg = draw(tornado(frame, "Change of the ALSFRS-R, points"), "numbers", finding, label)
    return Section("numbers", "Numbers that matter most", (Figure("numbers", finding, label, svg, table, note),))
