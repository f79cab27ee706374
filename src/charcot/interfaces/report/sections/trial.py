"""Sections about one simulated trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charcot.interfaces.report.charts.consort import consort
from charcot.interfaces.report.charts.intervals import beside_published
from charcot.interfaces.report.charts.lines import Axes, curves
from charcot.interfaces.report.charts.survival import survival_curves
from charcot.interfaces.report.content import Figure, Prose, Section, Sheet, Table, cell_text, say
from charcot.interfaces.report.layers import layers_section
from charcot.interfaces.report.picture import draw, dress
from charcot.interfaces.report.sections.closer import (
    burden_section,
    forest_section,
    means_sheet,
    numbers_section,
    pairs_section,
    past_section,
    waterfall_section,
)
from charcot.interfaces.report.views import Flow, TrialView, records
from charcot.interfaces.stored import GAPS, HINDCAST, stored

if TYPE_CHECKING:
    import pandas as pd


def trial_sections(view: TrialView) -> list[Section]:
    builders = (
        flow_section, baseline_section, scores_section, uncertain_section, published_section, estimates_section,
        estimands_section, survival_section, pairs_section, forest_section, waterfall_section, biomarker_section,
        burden_section,
    )  # fmt: skip
    built = [builder(view) for builder in builders]
    if view.closer is not None:
        built += [past_section(stored(HINDCAST)), numbers_section(stored(GAPS))]
    return [section for section in built if section is not None]


def flow_section(view: TrialView) -> Section | None:
    flow = view.flow
    if flow is None:
        return None
    excluded = sum(count for _, count in flow.excluded)
    if flow.screened is None:
        finding = f"{flow.randomised:,} simulated patients were randomised to {_arm_count(view)}."
    else:
        finding = (
            f"Of {flow.screened:,} simulated patients screened, {excluded:,} were excluded by a rule and "
            f"{flow.randomised:,} were randomised to {_arm_count(view)}."
        )
    label = "Flow diagram from screening to analysis; the counts are in the table below."
    svg = dress(consort(flow), "flow", finding, label)
    note = "Counts of the first replicate. Patients who fail several rules count under the first rule they fail."
    return Section("flow", "Who took part", (Figure("flow", finding, label, svg, _flow_table(flow), note),))


def _arm_count(view: TrialView) -> str:
    return "one arm" if len(view.arms) == 1 else f"{len(view.arms)} arms"


def _flow_table(flow: Flow) -> Table:
    rows: list[tuple[str, str, int | None]] = []
    if flow.drawn is not None:
        rows.append(("People simulated", "", flow.drawn))
    rows += [("Never came to screening", reason, count) for reason, count in flow.never_came]
    if flow.screened is not None:
        rows.append(("Screened", "", flow.screened))
    rows += [("Excluded", rule, count) for rule, count in flow.excluded]
    rows.append(("Randomised", "", flow.randomised))
    for arm in flow.arms:
        rows += [
            (arm.label, "randomised", arm.randomised),
            (arm.label, "died or permanently ventilated", arm.died),
            (arm.label, "left the trial", arm.withdrew),
            (arm.label, "simulation failed", arm.failed),
            (arm.label, "analysed", arm.analysed),
        ]
    return Table.of(("Stage", "Reason or state", "Patients"), rows, "Patient flow")


def baseline_section(view: TrialView) -> Section | None:
    if view.baseline.empty:
        return None
    columns = ["characteristic", "unit", *view.arms, "All", "published"]
    present = [c for c in columns if c in view.baseline]
    rows = [[_cell(row[c]) for c in present] for row in records(view.baseline)]
    heads = {"characteristic": "Characteristic", "unit": "Unit", "published": "Published"}
    table = Table.of([heads.get(c, c) for c in present], rows, "Baseline by arm, simulated beside published")
    note = (
        "Baseline is the visit of randomisation, week 0 of the curves below; eligibility was judged before, at "
        f"screening. Mean (SD), or per cent, averaged over {_trials(view)}. A dash: no value was published, or none "
        "was read."
    )
    title = "Patients at baseline (the visit of randomisation)"
    return Section("baseline", title, (Sheet("Baseline by arm", table, note),))


def scores_section(view: TrialView) -> Section | None:
    if view.scores.empty:
        return None
    last: Any = view.scores.sort_values("x").groupby("series").last()
    ends = ", ".join(f"{say(float(last.loc[arm, 'y']))} under {arm}" for arm in view.arms if arm in last.index)
    week = float(view.scores["x"].max())
    finding = f"By week {say(week)} the mean ALSFRS-R was {ends}."
    label = f"Line chart of the mean ALSFRS-R total by arm against weeks since randomisation; band: {_band(view)}."
    axes = Axes("Weeks since randomisation", "ALSFRS-R, points").fitted(view.arms)
    chart = curves(view.scores, view.arms, axes, marks=view.deaths)
    table = _curve_table(
        view.scores, "Weeks since randomisation", "Mean ALSFRS-R, points", f"ALSFRS-R by visit; band: {_band(view)}"
    )
    note = (
        f"Mean of {_trials(view)}; band: {_band(view)}. Week 0 is the visit of randomisation. A cross marks a death or "
        "permanent ventilation in the first replicate; such patients leave the mean at that point and are not imputed."
    )
    figure = Figure("scores", finding, label, draw(chart, "scores", finding, label), table, note)
    return Section("alsfrs-r", "Function over time", (figure,))


def _curve_table(frame: pd.DataFrame, x: str, y: str, caption: str) -> Table:
    with_count = "patients" in frame
    columns = ["Series", x, y, "Band from", "to", *(["Patients"] if with_count else [])]
    rows = []
    for row in records(frame):
        line: list[Any] = [str(row["series"]), *(_number(row.get(c)) for c in ("x", "y", "lower", "upper"))]
        rows.append([*line, round(float(row["patients"]))] if with_count else line)
    return Table.of(columns, rows, caption)


def uncertain_section(view: TrialView) -> Section | None:
    """The contrasts with their three layers of uncertainty."""
    if view.found is None or view.comparison.empty:
        return None
    frame = view.comparison[view.comparison["contrast"]]
    effects = [
        (f"{r['quantity']}, {r['unit']}".rstrip(", "), float(r["simulated"]), r["layers"]) for r in records(frame)
    ]
    return layers_section(effects, view.found)


def published_section(view: TrialView) -> Section | None:
    frame = view.comparison.dropna(subset=["published"]) if not view.comparison.empty else view.comparison
    if frame.empty:
        return None
    finding = _published_finding(view, frame)
    label = "Dot and interval chart: each quantity simulated (circle, with interval) beside published (diamond)."
    columns = ("Quantity", "Unit", "Simulated", "From", "to", "The interval is", "Published", "In words")
    rows = [
        [str(r["quantity"]), str(r["unit"]), *(_number(r[c]) for c in ("simulated", "lower", "upper")),
         str(r["interval"]) or "–", _number(r["published"]), str(r["verdict"])]
        for r in records(frame)
    ]  # fmt: skip
    svg = draw(beside_published(frame), "published", finding, label)
    note = (
        f"Circle: {_circle_words(view)}; bar: {_bar_words(frame)}. Diamond: the published value, bar: its published "
        "95 % confidence interval where there is one. Each pair was computed by the same analysis. Each quantity has "
        "its own scale, so hits and misses are drawn alike."
    )
    table = Table.of(columns, rows, "Published values and simulated values")
    return Section("published", "Beside the published trial", (Figure("published", finding, label, svg, table, note),))


def _published_finding(view: TrialView, frame: pd.DataFrame) -> str:
    if view.replicates == 1:
        return f"One simulated trial is set beside {len(frame)} published values; one trial gives no range."
    judged = int(frame["judged"].sum())
    open_ = len(frame) - judged
    few = f"{open_} {'is' if open_ == 1 else 'are'} not judged, for too few simulated trials gave an estimate"
    if not judged:
        return f"{view.replicates:,} simulated trials are set beside {len(frame)} published values; {few}."
    inside = int(frame["inside"].sum())
    outside = judged - inside
    return (
        f"{inside} of {judged} published values {'lies' if inside == 1 else 'lie'} inside the middle 95 % of "
        f"{view.replicates:,} simulated trials; {outside} {'does' if outside == 1 else 'do'} not"
        f"{f'; {few}' if open_ else ''}."
    )


def estimates_section(view: TrialView) -> Section | None:
    """Every estimate over the replicates; drawn where no published value is there to be drawn beside."""
    frame = view.comparison
    if frame.empty:
        return None
    twins = frame["permutation_power"].notna().any()
    powers = {"power": "Power", **({"permutation_power": "Power of the permutation twin"} if twins else {})}
    columns = (
        "Estimate", "Unit", "Mean", "SD between trials", "From", "to", "The interval is", *powers.values(), "Published"
    )  # fmt: skip
    rows = [
        [str(r["quantity"]), str(r["unit"]), *(_number(r.get(key)) for key in ("simulated", "sd", "lower", "upper")),
         str(r["interval"]) or "–", *(_number(r.get(key)) for key in (*powers, "published"))]
        for r in records(frame)
    ]  # fmt: skip
    table = Table.of(columns, rows, f"Estimates of {_trials(view)}")
    note = (
        "One trial gives no spread between trials and no power."
        if view.replicates == 1
        else "Power: share of all simulated trials in which the contrast is significant at the level of the protocol; "
        "a trial whose analysis failed counts as not significant."
    )
    contrasts = frame[frame["contrast"]]
    if frame["published"].notna().any() or contrasts.empty:
        return Section("estimates", "All estimates", (Sheet("Estimates by arm and contrast", table, note),))
    verdicts = [_power_words(value) if view.replicates > 1 else "" for value in contrasts["power"]]
    drawn = contrasts.assign(verdict=verdicts)
    first = contrasts.iloc[0]
    value = f"{say(float(first['simulated']))} {first['unit']}"
    finding = f"{first['quantity']}: {value} in {_trials(view)}."
    label = f"Dot and interval chart: each contrast between arms, {_circle_words(view)} with {_bar_words(contrasts)}."
    svg = draw(beside_published(drawn), "estimates", finding, label)
    return Section("estimates", "Effects", (Figure("estimates", finding, label, svg, table, note),))


def estimands_section(view: TrialView) -> Section | None:
    """The five attributes of what each endpoint estimates, and how."""
    if view.estimands.empty:
        return None
    twins = (view.estimands["permutation_twin"] != "").any()
    columns = {
        "variable": "Variable", "treatments": "Treatments", "population": "Population",
        "death": "Death or permanent ventilation", "withdrawal": "Leaving the trial", "summary": "Summary",
        "analysis": "Computed by", **({"permutation_twin": "The permutation twin sums"} if twins else {}),
    }  # fmt: skip
    rows = [[str(row[key]) for key in columns] for row in records(view.estimands)]
    note = "The attributes of ICH E9(R1). No value after death is imputed where this table does not say so."
    table = Table.of(list(columns.values()), rows, "What each endpoint estimates")
    return Section("estimands", "What is estimated", (Sheet("Estimands", table, note),))


def _power_words(power: float) -> str:
    return "" if power != power else f"significant in {100 * power:.0f} % of the trials"


def survival_section(view: TrialView) -> Section | None:
    if view.stairs.empty:
        return None
    last: Any = view.stairs.sort_values("x").groupby("series").last()
    parts = ", ".join(f"{100 * float(last.loc[a, 'y']):.0f} % under {a}" for a in view.arms if a in last.index)
    finding = f"At the end of follow-up, the share alive without permanent ventilation was {parts}."
    label = f"Kaplan-Meier curves by arm, and the numbers at risk below; band: {_band(view, 'Greenwood')}."
    chart = survival_curves(view.stairs, view.at_risk, view.arms, "Months since randomisation")
    table = _curve_table(view.stairs, "Months since randomisation", "Share event-free", "Kaplan-Meier estimate")
    note = (
        f"Event: death or permanent ventilation; time zero: randomisation. {_trials(view).capitalize()}; band: "
        f"{_band(view, 'Greenwood')}."
    )
    figure = Figure("survival", finding, label, draw(chart, "survival", finding, label), table, note)
    means = means_sheet(view)
    return Section("survival", "Survival in the trial", (figure, means) if means else (figure,))


def biomarker_section(view: TrialView) -> Section | None:
    if view.biomarkers.empty:
        return None
    blocks: list[Figure | Prose] = []
    for number, (readout, frame) in enumerate(view.biomarkers.groupby("readout", sort=False)):
        unit = str(frame["unit"].iloc[0])
        finding = _change_sentence(str(readout), unit, frame, view.arms)
        band = "95 % confidence interval of the mean of the patients seen"
        label = f"Line chart of mean {readout} by arm against weeks since randomisation; band: {band}."
        axes = Axes("Weeks since randomisation", f"{readout}, {unit}", height=250).fitted(view.arms)
        chart = curves(frame, view.arms, axes)
        table = _curve_table(frame, "Weeks since randomisation", f"{readout}, {unit}", str(readout))
        name = f"marker-{number}"
        note = f"First simulated trial; band: {band}. Week 0 is the visit of randomisation."
        blocks.append(Figure(name, finding, label, draw(chart, name, finding, label), table, note))
    return Section("biomarkers", "Biomarkers and vital capacity", tuple(blocks))


def _change_sentence(readout: str, unit: str, frame: pd.DataFrame, arms: tuple[str, ...]) -> str:
    parts = []
    for arm in arms:
        one = frame[frame["series"] == arm].dropna(subset=["y"]).sort_values("x")
        if len(one):
            parts.append(f"from {say(float(one['y'].iloc[0]))} to {say(float(one['y'].iloc[-1]))} under {arm}")
    return f"Mean {readout} ({unit}) went {', and '.join(parts)}."


def _trials(view: TrialView) -> str:
    return "one simulated trial" if view.replicates == 1 else f"{view.replicates:,} simulated trials"


def _band(view: TrialView, by: str = "normal distribution") -> str:
    """What a band is an interval of."""
    if view.replicates == 1:
        return f"95 % confidence interval over the patients seen ({by})"
    return f"middle 95 % of {_trials(view)}"


def _circle_words(view: TrialView) -> str:
    return "the estimate of one simulated trial" if view.replicates == 1 else f"mean of {_trials(view)}"


def _bar_words(frame: pd.DataFrame) -> str:
    """What the bars of a picture are, by the names that the estimates carry."""
    return " or ".join(dict.fromkeys(text for text in frame["interval"] if text)) or "none"


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _cell(value: Any) -> str | float:
    return value if isinstance(value, str) else cell_text(float(value) if value is not None else None)
