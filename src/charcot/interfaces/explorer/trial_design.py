"""The design form and the protocol that it makes: a template with the form's values written into it, comments and all.

Nothing is checked here: a protocol is read by the checks of ``charcot check``, and what they find stands at the control
whose value is at fault, and at its line.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from charcot import treatments, trials
from charcot.core.errors import Problem, Problems
from charcot.core.identifiers import close_to
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_WEEK
from charcot.core.yaml_file import read_document
from charcot.trials.protocol import MOST_PATIENTS, Protocol

USUAL_TEMPLATE = "aav-mir126"
CONTROL, TREATED = 0, 1  # the places of the two arms in every template
FEWEST_FOR_ONE, SCREENED_FOR_ONE = 5, 20  # people who may be screened for one patient: fewer are made more
WHOLE = re.compile(r"-?[0-9]{1,9}")
HALF_MONTHS = 2.0  # in a month: the steps in which the form tells a duration
RULES: dict[str, tuple[str, str, str]] = {  # control -> (rule of the protocol, its limit, unit)
    "age_min": ("age", "min", "years"),
    "age_max": ("age", "max", "years"),
    "onset_max": ("time_since_onset", "max", "months"),
    "capacity_min": ("vital_capacity", "min", "%"),
    "score_min": ("total_score", "min", "points"),
}
# The start of a finding's path -> the control that makes it; the longest that fits is taken.
PLACES: dict[tuple[str | int, ...], str] = {
    ("arms",): "drug",
    ("arms", CONTROL, "n"): "control",
    ("arms", TREATED, "n"): "treated",
    ("arms", TREATED, "treatments"): "drug",
    ("arms", TREATED, "treatments", 0, "dose"): "dose",
    ("arms", TREATED, "treatments", 0, "stop"): "duration",
    ("visits",): "duration",
    ("population", "background"): "riluzole",
    ("endpoints",): "primary",
    ("analysis", "alpha"): "alpha",
    ("simulate", "seed"): "draw",
    ("simulate", "screened_per_replicate"): "treated",
    **{("eligibility", rule): name for name, (rule, _, _) in RULES.items()},
    **{("eligibility", rule, limit): name for name, (rule, limit, _) in RULES.items()},
}


@dataclass(frozen=True)
class Design:
    """What the form says, as it was typed; None: as in the template; empty, of an entry rule or riluzole: none.

    Attributes:
        drug: the product of the treated arm.
        control, treated: patients in the two arms.
        duration: months to the last visit, about: visits fall on whole intervals; ``every``: weeks between them.
        onset_max: months since onset; ``capacity_min``: % predicted; ``score_min``: points of the ALSFRS-R.
        primary: the first endpoint; the template's others follow.
        riluzole: % of patients; ``draw``: the seed.
    """

    template: str = USUAL_TEMPLATE
    drug: str | None = None
    dose: str | None = None
    control: str | None = None
    treated: str | None = None
    duration: str | None = None
    every: str | None = None
    age_min: str | None = None
    age_max: str | None = None
    onset_max: str | None = None
    capacity_min: str | None = None
    score_min: str | None = None
    primary: str | None = None
    alpha: str | None = None
    riluzole: str | None = None
    draw: str | None = None


CONTROLS = tuple(entry.name for entry in fields(Design))


def values_of(design: Design) -> dict[str, str]:
    """The value of every control, the template's where nothing was typed."""
    typed = {name: value for name in CONTROLS if (value := getattr(design, name)) is not None}
    known = {**template_values(design.template), **typed}
    if design.drug is not None and design.dose is None:
        known["dose"] = _usual_dose(design)
    return known


@cache
def template_values(name: str) -> dict[str, str]:
    """Of each control, what the template says; raises Problems where there is none of this name."""
    protocol, data = _template(name)
    treatment = data["arms"][TREATED]["treatments"][0]
    rules = protocol.eligibility
    ends = {
        control: f"{number:g}" if (number := getattr(getattr(rules, rule), limit)) is not None else ""
        for control, (rule, limit, _) in RULES.items()
    }
    if ends["onset_max"]:
        ends["onset_max"] = f"{float(ends['onset_max']) / DAYS_PER_MONTH:.4g}"
    return {
        "template": name,
        "drug": str(treatment["product"]),
        "dose": str(treatment["dose"]),
        "control": str(protocol.arms[CONTROL].n),
        "treated": str(protocol.arms[TREATED].n),
        "duration": f"{round(HALF_MONTHS * protocol.length / DAYS_PER_MONTH) / HALF_MONTHS:g}",
        "every": f"{(protocol.visits[1] - protocol.visits[0]) / DAYS_PER_WEEK:g}",
        **ends,
        "primary": protocol.endpoints[0],
        "alpha": f"{protocol.analysis.alpha:g}",
        "riluzole": f"{protocol.population.background.get('riluzole', 0):g}",
        "draw": str(protocol.simulate.seed),
    }


@cache
def template_title(name: str) -> str:
    return _template(name)[0].title


def _template(name: str) -> tuple[Protocol, Any]:
    known = trials.templates()
    if name not in known:
        hint = f"{close_to(name, known)} There are: {', '.join(sorted(known))}."
        raise Problems([Problem("unknown-template", f"no template is called '{name}'", None, hint)])
    return trials.load_protocol(known[name]), read_document(known[name]).data


def yaml_of(design: Design) -> str:
    """The protocol of a design as a commented YAML file: the template with what the form says otherwise."""
    data, values = _template(design.template)[1], values_of(design)
    changed = {name for name, value in values.items() if value != template_values(design.template)[name]}
    _write_treatment(data, changed, values)
    for place, name in ((CONTROL, "control"), (TREATED, "treated")):
        if name in changed:
            data["arms"][place]["n"] = _number(values[name])
    if changed & {"duration", "every"}:
        data["visits"] = _visits(values)
    for name in changed & set(RULES):
        rule, limit, unit = RULES[name]
        _write_rule(data["eligibility"], rule, limit, values[name], unit)
    if "primary" in changed:
        others = [one for one in data["endpoints"] if one != values["primary"]]
        data["endpoints"] = CommentedSeq([values["primary"], *others])
    if "alpha" in changed:
        data["analysis"]["alpha"] = _number(values["alpha"])
    if "riluzole" in changed:
        _write_riluzole(data["population"], values["riluzole"])
    if "draw" in changed:
        data["simulate"]["seed"] = _number(values["draw"])
    _leave_room(data)
    text = _spaced(_dump(data))
    if "drug" not in changed:
        return text
    _, _, rest = text.partition("\n")  # the first line says what the template is a trial of
    return f"# A trial made with charcot explore, from the template {design.template}.\n{rest}"


def _write_treatment(data: Any, changed: set[str], values: Mapping[str, str]) -> None:
    """The treated arm: the template's treatment with another dose, or another product from the first day on; and the
    words that say what is asked."""
    arm = data["arms"][TREATED]
    given, known = arm["treatments"][0], treatments.products().get(values["drug"])
    if "drug" in changed:
        given = CommentedMap({"product": values["drug"], "dose": values["dose"], "start": "0 weeks"})
        given.fa.set_flow_style()
        arm["treatments"] = CommentedSeq([given])
    elif "dose" in changed:
        given["dose"] = values["dose"]
    if changed & {"drug", "dose"} and known:  # of what is unknown the checks speak
        arm["title"] = known.title
    if "drug" in changed and known:
        data["name"] = f"{known.name}-trial".replace("_", "-")
        data["title"] = f"{known.title} beside no treatment"
    if changed & {"duration", "every"} and "stop" in given:
        given["stop"] = _last_visit(values)
    if changed & {"drug", "dose", "duration"}:
        data["question"] = f"Does {arm['title']} slow the loss of function in {_last_visit(values)}?"


def _last_visit(values: Mapping[str, str]) -> str:
    return _visits(values).rpartition(" until ")[2]


def _usual_dose(design: Design) -> str:
    given = _template(design.template)[1]["arms"][TREATED]["treatments"][0]
    known = treatments.products().get(design.drug or "")
    return str(given["dose"]) if known is None or known.name == given["product"] else known.default_dose


def _visits(values: Mapping[str, str]) -> str:
    """The plan of visits; what is no number is left for the protocol's own checks to refuse."""
    duration, every = values["duration"], values["every"]
    try:
        months, weeks = float(duration), float(every)
        if not (math.isfinite(months) and math.isfinite(weeks) and weeks > 0):
            raise ValueError
        count = round(months * DAYS_PER_MONTH / DAYS_PER_WEEK / weeks)
        return f"every {weeks:g} weeks until {count * weeks:.12g} weeks"
    except (ValueError, OverflowError):
        return f"every {every} weeks until {duration} months"


def _write_rule(rules: Any, rule: str, limit: str, value: str, unit: str) -> None:
    """One limit of one rule; empty takes it away, and with its last limit the rule."""
    if value.strip():
        if rule not in rules:
            rules[rule] = CommentedMap()
            rules[rule].fa.set_flow_style()
        rules[rule][limit] = f"{value.strip()} {unit}"
        return
    if rule in rules:
        rules[rule].pop(limit, None)
        if not rules[rule]:
            del rules[rule]


def _write_riluzole(population: Any, share: str) -> None:
    background = population["background"]
    if share.strip() in ("", "0"):
        background.pop("riluzole", None)
    else:
        background["riluzole"] = f"{share.strip()} %"
    if not background:
        del population["background"]


def _leave_room(data: Any) -> None:
    """Enough people to screen for a larger trial."""
    numbers = [arm["n"] for arm in data["arms"]]
    if not all(isinstance(n, int) and n <= MOST_PATIENTS for n in numbers):
        return
    if sum(numbers) > data["simulate"]["screened_per_replicate"] / FEWEST_FOR_ONE:
        data["simulate"]["screened_per_replicate"] = SCREENED_FOR_ONE * sum(numbers)


def _number(text: str) -> int | float | str:
    """A number where it is one; anything else is left for the protocol's own checks to refuse."""
    text = text.strip()
    if WHOLE.fullmatch(text):
        return int(text)
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) and not text.isdigit() else text


def _dump(data: Any) -> str:
    writer, out = YAML(), io.StringIO()
    writer.width, writer.preserve_quotes = 120, True
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.dump(data, out)
    return out.getvalue()


def _spaced(text: str) -> str:
    """A line of space before each part: one goes where the end of the part before it was replaced."""
    lines: list[str] = []
    for line in text.split("\n"):
        if line.startswith(tuple(f"{name}:" for name in _PARTS)) and lines and lines[-1].strip():
            lines.append("")
        lines.append(line)
    return "\n".join(lines)


_PARTS = (
    "population", "screening", "eligibility", "arms", "randomisation", "visits", "endpoints", "dropout", "analysis",
    "simulate",
)  # fmt: skip


def control_of(path: tuple[str | int, ...]) -> str:
    """The control at whose value a finding points; empty where the form has none."""
    found = (PLACES[path[:length]] for length in range(len(path), 0, -1) if path[:length] in PLACES)
    return next(found, "")
