"""The files of the record: what one says of a trial, read with everything that is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from charcot import evidence, treatments
from charcot.core.errors import Problem, Problems, raise_if_any
from charcot.core.form_words import in_words
from charcot.core.hashing import hash_files
from charcot.core.identifiers import did_you_mean
from charcot.core.yaml_file import Document, read_document
from charcot.patients import population_names, targets
from charcot.trials import entry_rules
from charcot.trials.entry_rules import EntryRules
from charcot.trials.world import real_world

HERE = Path(__file__).parent
PAST, RUNNING, CHOICES = HERE / "past", HERE / "running", HERE / "choices.yaml"
NORMAL_95 = 1.96
Mark = Literal["read", "secondary", "derived", "recalled", "assumed"]
Quantity = Literal["decline", "vital_capacity", "sd", "alive"]
Measure = Literal["slope", "survival", "vital_capacity", "joint_rank", "manifest", "nfl"]
UNITS: Mapping[str, str] = {
    "decline": "points/month",
    "vital_capacity": "%/month",
    "sd": "points/month",
    "alive": "%",
    "slope": "points/month",
    "survival": "log hazard ratio",
    "joint_rank": "chance of the better rank less a half",
    "manifest": "share that falls ill",
    "nfl": "log ratio",
}
# Readings of placebo arms whose targets are figures of the record.
READ_AS: Mapping[str, Quantity] = {
    "decline": "decline",
    "capacity_slope": "vital_capacity",
    "sd_of_decline": "sd",
    "alive": "alive",
}


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)


class Given(Form):
    """One treatment of the active arm; without a dose the product's own, from randomisation on."""

    product: str
    dose: str | None = None
    schedule: str = "label"


class Figure(Form):
    """A published figure of the placebo arm, in the unit of its quantity (:data:`UNITS`).

    ``between`` is the SD between trials of the same rules; ``decided`` whether numbers may have been set on it.
    """

    quantity: Quantity
    value: float
    standard_error: float = Field(gt=0)
    between: float = Field(ge=0)
    months: float = Field(gt=0)
    estimand: Literal["slope", "slope40", "observed", "locf"] = "slope"
    mark: Mark
    kind: Literal["calibration", "validation"] = "validation"
    note: str = ""

    @model_validator(mode="after")
    def _possible(self) -> Figure:
        if self.quantity == "alive" and not 0 < self.value < 100:
            raise ValueError("a share alive must lie between 0 and 100 %")
        return self


class Effect(Form):
    """The published difference of active less placebo arm: above zero is benefit in all but ``survival``, which is the
    logarithm of the hazard ratio. The standard error, or the 95 % interval of which it is a part."""

    measure: Literal["slope", "survival", "vital_capacity"]
    value: float
    standard_error: float | None = Field(default=None, gt=0)
    lower: float | None = None
    upper: float | None = None
    mark: Mark
    note: str = ""

    @model_validator(mode="after")
    def _one_way(self) -> Effect:
        both = self.lower is not None and self.upper is not None
        if both == (self.standard_error is not None):
            raise ValueError("give either standard_error, or lower and upper")
        if self.lower is not None and self.upper is not None and not self.lower < self.upper:
            raise ValueError("lower must be below upper")
        return self

    @property
    def error(self) -> float:
        if self.standard_error is not None:
            return self.standard_error
        assert self.lower is not None
        assert self.upper is not None
        return (self.upper - self.lower) / (2 * NORMAL_95)


class Sizes(Form):
    active: int = Field(gt=0)
    placebo: int = Field(ge=0)
    mark: Mark = "read"
    note: str = ""


class Design(Form):
    """What past and running trials have in common.

    ``rules`` is a set of ``entry_rules.csv`` by name, or the columns of a row of its own; ``no_target`` says why a drug
    without treatments is simulated as placebo.
    """

    name: str = Field(min_length=1)
    title: str
    drug: str
    rules: str | dict[str, str | float]
    registry: str = ""
    n: Sizes | None = None
    primary: Measure
    treatments: tuple[Given, ...] = ()
    no_target: str = ""
    stands_for: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _target(self) -> Design:
        if bool(self.treatments) == bool(self.no_target):
            raise ValueError("give either treatments, or no_target with the reason why there are none")
        return self

    @property
    def products(self) -> tuple[str, ...]:
        return tuple(given.product for given in self.treatments)


class Past(Design):
    """A trial that has been published; ``outcome`` is that of its primary endpoint."""

    year: int = Field(ge=1990, le=2100)
    outcome: Literal["met", "failed", "exploratory"]
    sources: tuple[str, ...]
    placebo: tuple[Figure, ...] = ()
    effect: Effect | None = None


class Running(Design):
    """A trial whose result is not known. ``registry_version`` is the date of the record that was read, which is checked
    again on the day of sealing; ``nfl_at_entry``: a presymptomatic trial randomises when serum NfL reaches it."""

    registry_version: str
    phase: str
    expected: str
    contradicted_by: str = Field(min_length=1)
    nfl_at_entry: float | None = Field(default=None, gt=0)


@dataclass(frozen=True)
class Trial:
    """A file of the record with its entry rules, and the placebo figures that the targets of populations hold too."""

    content: Past | Running
    rules: EntryRules
    figures: tuple[Figure, ...]
    document: Document

    @property
    def name(self) -> str:
        return self.content.name


class Choices(Form):
    """What is chosen for all trials: ``choices.yaml``."""

    draws: int = Field(ge=2)
    twins: int = Field(ge=10)
    twins_of_draws: int = Field(ge=10)
    target_products: dict[str, str]
    dose_factor: float = Field(gt=1)
    start_after_onset: str
    patients_rules: str
    power_factor: float = Field(gt=1)
    least_inside: float = Field(gt=0, le=1)
    least_trials: int = Field(gt=0)


@cache
def choices() -> Choices:
    """The choices; raises :class:`Problems`."""
    document = read_document(CHOICES, CHOICES.name)
    try:
        return Choices.model_validate(dict(document.data))
    except ValidationError as error:
        raise Problems(form_problems(error, document)) from None


def record_hash() -> str:
    """The hash of all files of the record and of the choices."""
    return hash_files([*sorted(PAST.glob("*.yaml")), *sorted(RUNNING.glob("*.yaml")), CHOICES])


@cache
def past() -> Mapping[str, Trial]:
    """All past trials by name; raises everything that is wrong with their files."""
    return _all(PAST, Past)


@cache
def running() -> Mapping[str, Trial]:
    """All running trials by name; raises everything that is wrong with their files."""
    return _all(RUNNING, Running)


def problems() -> list[Problem]:
    """Everything that is wrong with the files of the record."""
    found: list[Problem] = []
    for load in (past, running, choices):
        try:
            load()
        except Problems as error:
            found += error.problems
    return found


def _all(folder: Path, form: type[Past | Running]) -> Mapping[str, Trial]:
    out: dict[str, Trial] = {}
    wrong: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            out[path.stem] = read_file(path, form)
        except Problems as error:
            wrong += error.problems
    raise_if_any(wrong, "the record of trials cannot be read")
    return out


def read_file(path: Path, form: type[Past | Running]) -> Trial:
    """One file; raises :class:`Problems` with file, line and remedy."""
    document = read_document(path, f"{path.parent.name}/{path.name}")
    try:
        content = form.model_validate(_plain(document.data))
    except ValidationError as error:
        raise Problems(form_problems(error, document)) from None
    found = list(_content_problems(content, document, path))
    rules, wrong = _rules(content, document)
    raise_if_any([*found, *wrong], f"{document.file} is not sound")
    assert rules is not None
    own = content.placebo if isinstance(content, Past) else ()
    known = () if isinstance(content.rules, dict) else _target_figures(content.rules)
    return Trial(content, rules, (*known, *own), document)


def _content_problems(content: Past | Running, document: Document, path: Path) -> Iterator[Problem]:
    if content.name != path.stem:
        message = f"the trial is called {content.name!r}, its file {path.stem!r}"
        yield Problem("wrong-name", message, document.where(("name",)), "Give both the same name.")
    for key in content.sources if isinstance(content, Past) else ():
        if key not in evidence.sources():
            hint = did_you_mean(key, evidence.sources())
            yield Problem("unknown-source", f"no source is called {key!r}", document.where(("sources",)), hint)
    known = treatments.products()
    for k, given in enumerate(content.treatments):
        where = document.where(("treatments", k))
        if given.product not in known:
            hint = did_you_mean(given.product, known)
            yield Problem("unknown-product", f"no product is called {given.product!r}", where, hint)
            continue
        try:
            real_world().regimen(given.product, given.dose, "0 days", None, given.schedule)
        except Exception as error:  # every reader of a dose or schedule says in a sentence what is wrong
            yield Problem("bad-treatment", str(error), where)
    if content.primary in ("survival", "joint_rank", "manifest") and isinstance(content, Running) and not content.n:
        yield Problem("no-size", "the size of the arms is missing", document.where(("primary",)), "Give n.")


def _rules(content: Past | Running, document: Document) -> tuple[EntryRules | None, list[Problem]]:
    where = document.where(("rules",))
    if isinstance(content.rules, str):
        known = entry_rules.load_rules()
        if content.rules not in known:
            hint = did_you_mean(content.rules, known)
            return None, [Problem("unknown-rules", f"no set of entry rules is called {content.rules!r}", where, hint)]
        return known[content.rules], []
    columns = entry_rules.columns()
    wrong = [
        Problem("unknown-rule", f"no rule of a trial is called {key!r}", where, did_you_mean(key, columns))
        for key in content.rules
        if key not in columns
    ]
    if "months" not in content.rules:
        wrong.append(Problem("no-length", "rules has no months", where, "Say how many months the trial goes on."))
    row = {**dict.fromkeys(columns, ""), "trial": content.name, "title": content.title, "cohort": "incident"}
    row |= {key: f"{value:g}" if isinstance(value, float) else str(value) for key, value in content.rules.items()}
    if row["cohort"] not in population_names():
        hint = did_you_mean(row["cohort"], population_names())
        wrong.append(Problem("unknown-population", f"no population is called {row['cohort']!r}", where, hint))
    return (None, wrong) if wrong else entry_rules.read_row(row, where, real_world())


@cache
def _target_figures(rules: str) -> tuple[Figure, ...]:
    """The placebo figures of a set of rules among the targets of populations."""
    return tuple(
        Figure(
            quantity=READ_AS[target.reading],
            value=target.value,
            standard_error=target.error,
            between=target.between,
            months=float(target.arguments["months"]),
            estimand=target.arguments.get("estimand", "slope"),  # type: ignore[arg-type]
            mark=target.mark,  # type: ignore[arg-type]
            kind=target.kind,  # type: ignore[arg-type]
            note=target.note,
        )
        for target in targets.load()
        if target.rules == rules and target.reading in READ_AS and set(target.arguments) <= {"months", "estimand"}
    )


def _plain(value: Any) -> Any:
    """YAML containers as plain ones; whole numbers of rules as numbers."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def form_problems(error: ValidationError, document: Document) -> list[Problem]:
    """What a form refuses, with file and line."""
    found = []
    for entry in error.errors():
        place = tuple(part for part in entry["loc"] if part not in ("str", "dict[str,union[str,float]]"))
        words = ".".join(str(part) for part in place) or "the file"
        unknown = entry["type"] == "extra_forbidden"
        message = f"unknown key {words!r}" if unknown else f"{words}: {in_words(dict(entry))}"
        found.append(Problem("unknown-key" if unknown else "bad-value", message, document.where(place)))
    return found


def log_hazard(figure: Figure) -> Figure:
    """A share alive as the logarithm of its mean hazard per month, on which trials of any length compare:
    ln(-ln(share) / months), with errors by the delta method. Other figures stay as they are."""
    if figure.quantity != "alive":
        return figure
    slope = 1 / abs(figure.value * math.log(figure.value / 100))
    return figure.model_copy(
        update={
            "value": hazard_of(figure.value, figure.months),
            "standard_error": slope * figure.standard_error,
            "between": slope * figure.between,
        }
    )


def hazard_of(percent: float, months: float) -> float:
    """ln(-ln(share) / months) of a percentage alive, which is held between 0.01 and 99.99 %."""
    if not math.isfinite(percent):
        return math.nan
    return math.log(-math.log(min(max(percent, 0.01), 99.99) / 100) / months)


def with_genotype(rules: EntryRules, other: EntryRules) -> EntryRules:
    """``rules`` for the people of another set: its population, genotype and share on riluzole."""
    return replace(rules, cohort=other.cohort, genotype=other.genotype, riluzole=other.riluzole)
