"""From material to a report, and from a report to one self-contained page."""

from __future__ import annotations

import math
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from charcot import __version__
from charcot.interfaces.report.content import KeyMessage, Report, Section, cell_text, model_risk, say
from charcot.interfaces.report.layers import of_effect_without
from charcot.interfaces.report.names import plain_unit
from charcot.interfaces.report.sections.back import back_sections
from charcot.interfaces.report.sections.course import ablation_section, chain_section, history_section, typical_section
from charcot.interfaces.report.sections.trial import trial_sections
from charcot.interfaces.report.views import Material, TrialView

if TYPE_CHECKING:
    import pandas as pd

DISCLAIMER = "Charcot is a research tool. It is no medical device, and nothing here is medical advice."


def compose(material: Material) -> Report:
    """Choose, order and build the sections; what the material lacks is left out."""
    sections: list[Section | None] = []
    if material.typical is not None:
        sections += [typical_section(material.typical), chain_section(material.typical.chain)]
    if material.trial is not None:
        sections += trial_sections(material.trial)
    if material.history is not None:
        sections += [history_section(material.history), ablation_section(material.history.ablations)]
    sections += material.sections
    sections += back_sections(material)
    key = replace(key_message(material), given=tuple(material.given))
    return Report(material.title, material.subtitle, key, tuple(s for s in sections if s))


def key_message(material: Material) -> KeyMessage:
    """The plain-language box. The answer is the first contrast that the trial estimates."""
    if material.key is not None:
        return material.key
    view = material.trial
    if view is None:
        question = "How does the model's untreated disease run, and what moves when treatment starts early or late?"
        return KeyMessage(question, _history_answer(material), "", model_risk("", ""))
    question = view.question or view.title
    answer, interval = _trial_answer(view)
    interval = " ".join(text for text in (interval, material.also) if text)
    return KeyMessage(question, answer, interval, model_risk(view.influence, view.consequence))


def _trial_answer(view: TrialView) -> tuple[str, str]:
    frame = view.comparison
    if frame.empty:
        return "This run simulates each patient once; it estimates no effect.", ""
    contrasts = frame[frame["contrast"]] if "contrast" in frame and frame["contrast"].any() else frame
    row = contrasts.iloc[0]
    value = f"{say(float(row['simulated']))} {row['unit']}"
    answer = f"{row['who']}: {value} ({row['title']}).{_both_arms(frame, row)}{_significant(row, view.replicates)}"
    published = row.get("published")
    if published is not None and published == published:
        answer += f" Published: {say(float(published))}. {str(row['verdict'])[:1].upper()}{str(row['verdict'])[1:]}."
    if "layers" in row:
        return answer, " ".join(text for text in (row["layers"].sentence(), of_effect_without(view.found)) if text)
    low, high = float(row["lower"]), float(row["upper"])
    if low != low:
        return answer, ""
    return answer, f"{say(low)} to {say(high)} {row['unit']} ({row['interval']})"


def _both_arms(frame: pd.DataFrame, row: pd.Series[Any]) -> str:
    """What either arm of a contrast has, and of a rate of loss how much slower one is."""
    same = frame[frame["title"] == row["title"]]
    known = dict(zip(same["who"], same["simulated"], strict=True))
    arms = [str(row.get(side, "")) for side in ("arm", "reference")]
    if any(arm not in known for arm in arms):
        return ""
    first, second = (float(known[arm]) for arm in arms)
    words = f" In the model {arms[0]} {say(first)}, {arms[1]} {say(second)} {row['unit']}"
    if not str(row["unit"]).endswith("/month") or not (first < 0 and second < 0):
        return f"{words}."
    share = 100 * (1 - first / second)
    return f"{words}: {abs(share):.0f} % {'slower' if share >= 0 else 'faster'}."


def _significant(row: pd.Series[Any], replicates: int) -> str:
    """In how many simulated trials; nothing of one trial."""
    power = float(row.get("power", math.nan))
    if replicates < 2 or not math.isfinite(power):
        return ""
    return f" Significant in {round(power * replicates):,} of {replicates:,} simulated trials."


def _history_answer(material: Material) -> str:
    if material.history is None or material.history.summary.empty:
        return "See the sections below."
    row = material.history.summary.iloc[0]
    answer = f"{row['quantity']}: {say(float(row['simulated']))} {plain_unit(str(row['unit']))}"
    published = row["published"]
    if published is None or published != published:
        return f"{answer}."
    return f"{answer}, published {published if isinstance(published, str) else say(float(published))}."


def to_html(report: Report) -> str:
    """One HTML page that needs nothing else: no network, no scripts, no fonts."""
    import jinja2

    folder = files("charcot.interfaces.report") / "templates"
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["cell"] = cell_text
    template = environment.from_string((folder / "report.html.j2").read_text(encoding="utf-8"))
    style = (folder / "report.css").read_text(encoding="utf-8")
    return template.render(report=report, style=style, version=__version__, disclaimer=DISCLAIMER)


def write_report(material: Material) -> str:
    """The whole way: material in, page out."""
    return to_html(compose(material))
