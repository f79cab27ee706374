"""The therapeutic window: heat maps of benefit, what pairs do together, and the time of no return."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from charcot.interfaces.report.charts.heat import heat_panels
from charcot.interfaces.report.charts.lines import Axes, curves, with_rules
from charcot.interfaces.report.content import Figure, KeyMessage, Prose, Section, Table, model_risk, say
from charcot.interfaces.report.gain_words import NEVER_GIVEN, OUTSIDE, lost, spoken, untried, when
from charcot.interfaces.report.names import plain_unit
from charcot.interfaces.report.picture import draw
from charcot.interfaces.report.views import records

if TYPE_CHECKING:
    import pandas as pd

START = "Start, years from symptom onset when untreated"


def window_sections(window: Any, endpoint: Any, population: str) -> list[Section]:
    """The sections of one sweep (``charcot.studies.window.Window``) for its chosen endpoint."""
    tag = population.replace(" ", "-").lower()
    unit = plain_unit(endpoint.unit)
    cells = window.cells[window.cells["endpoint"] == endpoint.name]
    return [
        Section(f"window-{tag}", f"Benefit by dose and start: {population}", _heat(cells, endpoint, unit, tag),
                _lead(window, cells)),
        Section(f"no-return-{tag}", f"Time of no return: {population}", _no_return(window, endpoint, unit, tag)),
        *_pairs(window, endpoint, unit, tag, population),
    ]  # fmt: skip


def key_of(windows: Sequence[tuple[str, Any]], endpoint: Any, uncertain: Sequence[str]) -> KeyMessage:
    """The plain-language box of a sweep; ``uncertain``: the layers of what gains most in each of the windows."""
    parts = []
    for population, window in windows:
        cells = window.cells[window.cells["endpoint"] == endpoint.name]
        best = cells.sort_values("benefit", ascending=False, kind="stable").iloc[0]
        full = _row(window.no_return, "full rescue", endpoint.name)
        parts.append(
            f"{population}: most is gained by {spoken(best['combination'])}{untried(best)} at {best['dose']}, started "
            f"{when(float(best['start_years']))}: {say(float(best['benefit']))} {plain_unit(endpoint.unit)}"
            f"{_all(float(best['benefit']), float(full['best_benefit']))}. "
            f"Of what a perfect treatment could give, half is {lost(float(full['half_closed_years']))}."
        )
    question = f"Which treatment, dose and start gains most ({endpoint.title}), and when is it too late?"
    interval = " ".join(f"{name}: {text}" for (name, _), text in zip(windows, uncertain, strict=True))
    return KeyMessage(question, " ".join(parts), interval, model_risk("", ""))


def _all(gain: float, perfect: float) -> str:
    """Where a gain is as large as a perfect treatment's, other cells may have it too."""
    return ", as much as a perfect treatment could show in this follow-up" if gain > 0.99 * perfect > 0 else ""


def _short(value: float, high: float) -> str:
    """A value for a cell of a heat map whose largest is ``high``: no digits that nobody can use."""
    digits = 0 if high >= 100 else 1 if high >= 1 else 3
    text = f"{value:.{digits}f}"
    return "0" if float(text) == 0 else text.replace("-", "−")


def _row(frame: pd.DataFrame, what: str, endpoint: str) -> Any:
    return frame[(frame["what"] == what) & (frame["endpoint"] == endpoint)].iloc[0]


def _lead(window: Any, cells: pd.DataFrame) -> str:
    plan = window.plan
    which = "typical" if plan.person is None else f"drawn (number {plan.person})"
    who = f"one {which} patient ({plan.patient} onset)" if plan.patient else f"{len(window.people)} patients"
    return (
        f"{who.capitalize()}, each against the same person untreated, with the same draws. Follow-up ends "
        f"{say(plan.follow_up_years)} years after onset. Untreated: {say(float(cells['untreated'].iloc[0]))} "
        f"{plain_unit(str(cells['unit'].iloc[0]))}. " + " ".join(window.notes)
    )


def _heat(cells: pd.DataFrame, endpoint: Any, unit: str, tag: str) -> tuple[Figure, ...]:
    panels = [spoken(name) for name in cells["combination"].unique()]
    high = float(cells["benefit"].abs().max())
    plot = cells.assign(
        panel=[spoken(name) for name in cells["combination"]],
        x=cells["start_years"],
        row=[f"{say(float(m))}×" for m in cells["dose_multiple"]],
        order=cells["dose_multiple"],
        value=cells["benefit"],
        text=[_short(float(r["benefit"]), high) + ("*" if r["beyond_studied"] else "") for r in records(cells)],
    )
    best = cells.sort_values("benefit", ascending=False, kind="stable").iloc[0]
    finding = (
        f"{spoken(best['combination']).capitalize()}{untried(best)} gains most: "
        f"{say(float(best['benefit']))} {unit} when started "
        f"{when(float(best['start_years']))}."
    ).replace("  ", " ")
    label = f"Heat maps, one per treatment: gain in {endpoint.title} by dose (rows) and start (columns)."
    chart = heat_panels(plot, panels, START, "Dose", f"Gain, {unit or 'share'}")
    columns = ("Treatment", "Dose", "Start, years from onset", "Gain", "95 % bootstrap interval over patients from",
               "to", OUTSIDE.capitalize(), NEVER_GIVEN.capitalize())  # fmt: skip
    rows = [
        (spoken(r["combination"]), r["dose"], float(r["start_years"]), float(r["benefit"]), float(r["lower"]),
         float(r["upper"]), "yes" if r["beyond_studied"] else "no", spoken(r["never_given"]) or "–")
        for r in records(cells)
    ]  # fmt: skip
    note = (
        "Doses are multiples of one registered or default dose, given by the label's schedule; a pair gets the same "
        f"multiple of both. * {OUTSIDE.capitalize()}: extrapolated.{_starred(cells)} The model has no harm of "
        "overdose. Ranges are over patients; of the best of each treatment what the evidence leaves open stands below."
    )
    name = f"window-{tag}"
    table = Table.of(columns, rows, f"Gain in {endpoint.title}")
    return (Figure(name, finding, label, draw(chart, name, finding, label), table, note),)


def _starred(cells: pd.DataFrame) -> str:
    """Why whole maps are starred."""
    never = list(dict.fromkeys(n for text in cells["never_given"] for n in text.split(" + ") if n))
    return (
        f" {NEVER_GIVEN.capitalize()}, so that every cell with it is starred: {', '.join(map(spoken, never))}."
        if never
        else ""
    )


def _no_return(window: Any, endpoint: Any, unit: str, tag: str) -> tuple[Any, ...]:
    import pandas as pd

    rescues = window.rescues[window.rescues["endpoint"] == endpoint.name]
    parts = [
        pd.DataFrame({"x": own["start_years"], "y": own["benefit"], "lower": own["lower"], "upper": own["upper"],
                      "series": str(own["title"].iloc[0])})
        for _, own in rescues.groupby("layer", sort=False)
    ]  # fmt: skip
    cells = window.cells[(window.cells["endpoint"] == endpoint.name) & (window.cells["products"] == 1)]
    for combination in cells["combination"].unique():
        own = cells[cells["combination"] == combination]
        level = own.loc[(own["dose_multiple"] - 1).abs().idxmin(), "dose_level"]
        own = own[own["dose_level"] == level]
        name = f"{spoken(combination)}, {own['dose'].iloc[0]}"
        parts.append(pd.DataFrame({"x": own["start_years"], "y": own["benefit"], "series": name}))
    frame = pd.concat(parts, ignore_index=True)
    series = list(dict.fromkeys(frame["series"]))
    series = ["full rescue", *(name for name in series if name != "full rescue")]
    full = _row(window.no_return, "full rescue", endpoint.name)
    rules = [
        (float(full[column]), words)
        for column, words in (("half_closed_years", "half lost"), ("closed_years", "nine tenths lost"))
        if math.isfinite(float(full[column]))
    ]
    reach = (float(frame["x"].min()), float(frame["x"].max()))
    axes = Axes(START, f"Gain, {unit or 'share'}", x_domain=reach, height=360).fitted(series)
    chart = with_rules(curves(frame, series, axes), rules, reach, axes)
    finding = (
        f"A perfect treatment could gain {say(float(full['best_benefit']))} {unit} if it came early; half of that is "
        f"{lost(float(full['half_closed_years']))}."
    )
    label = "Curves of gain against start for ideal rescues of each layer of the disease and for each treatment."
    rows = [
        (str(r["what"]).replace("_", " "), str(r["dose"]) or "–", float(r["best_benefit"]),
         float(r["best_start_years"]), _until(float(r["half_closed_years"])), _until(float(r["closed_years"])))
        for r in records(window.no_return[window.no_return["endpoint"] == endpoint.name])
    ]  # fmt: skip
    columns = ("Rescue or treatment", "Dose", "Best gain", "at a start of, years", "Half lost, years", "Lost, years")
    table = Table.of(columns, rows, "When each window closes, years from symptom onset")
    note = (
        "Half lost: the latest start that keeps half of the best gain; lost: a tenth of it. Nothing was set for this: "
        "an ideal rescue switches off a layer's causes from its start on, and what it cannot bring back (dead neurons, "
        "endplates that lost competence, regions seeded meanwhile) makes the window close. An endpoint that is read at "
        "one time closes for a second reason: a late start leaves little time to gain in. Bands of the rescues: 95 % "
        "bootstrap interval over patients; none for a single patient."
    )
    name = f"no-return-{tag}"
    prose = Prose((
        "Misfolded protein: seeding stops and loads are cleared within weeks. The axon: every block of local "
        "translation is relieved, no condensate forms, no ending fails for lack of energy. Neurons and endings: no "
        "further ending is detached or neuron killed but for age. Full rescue: all of these at once.",
    ))  # fmt: skip
    return Figure(name, finding, label, draw(chart, name, finding, label), table, note), prose


def _until(years: float) -> float | str:
    if years != years:
        return "no gain"
    return "later than looked at" if math.isinf(years) else years


def _pairs(window: Any, endpoint: Any, unit: str, tag: str, population: str) -> list[Section]:
    own = window.interactions[window.interactions["endpoint"] == endpoint.name]
    if own.empty:
        return []
    columns = ("Pair", "Dose", "Start, years", "First", "Second", "Both", "Bliss", "Excess",
               "95 % bootstrap interval over patients from", "to",
               "In words")  # fmt: skip
    rows = [
        (spoken(r["pair"]), f"{say(float(r['dose_multiple']))}×", float(r["start_years"]), float(r["first"]),
         float(r["second"]), float(r["both"]), float(r["bliss"]), float(r["excess"]), float(r["excess_lower"]),
         float(r["excess_upper"]), str(r["verdict"]))
        for r in records(own)
    ]  # fmt: skip
    more, less = (own[own["verdict"] == words] for words in ("more than its parts", "less than its parts"))
    title = f"Of {len(own)} cells, {len(more)} give more than the pair's parts would let one expect, {len(less)} less."
    note = (
        f"Gains in {unit or 'share'} over the same patients untreated. Bliss: each part alone leaves a share of the "
        "loss (counted from someone who never falls ill), and together they are expected to leave the product of the "
        "shares. Excess is the gain above that; ▲ and ▼ mark an excess whose 95 % range over patients excludes zero. "
        "Follow-up that ends, or a part that gains nearly all alone, leaves a pair little to add."
    )
    high = float(own["excess"].abs().max())
    plot = own.assign(
        panel=[spoken(name) for name in own["pair"]],
        x=own["start_years"],
        row=[f"{say(float(m))}×" for m in own["dose_multiple"]],
        order=own["dose_multiple"],
        value=own["excess"],
        text=[f"{_short(float(r['excess']), high)}{_SIGN[str(r['verdict'])]}" for r in records(own)],
    )
    label = "Heat maps, one per pair: gain of the pair above what its parts let one expect, by dose and start."
    panels = list(dict.fromkeys(plot["panel"]))
    chart = heat_panels(plot, panels, START, "Dose", f"Gain above Bliss, {unit or 'share'}")
    name = f"pairs-{tag}"
    table = Table.of(columns, rows, f"Pairs beside their parts: {population}")
    figure = Figure(name, title, label, draw(chart, name, title, label), table, note)
    return [Section(name, f"Pairs beside their parts: {population}", (figure,))]


_SIGN = {"more than its parts": " ▲", "less than its parts": " ▼", "as its parts": ""}
