"""The products: one YAML file each in ``products/``, found, read and checked; none is listed by hand."""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from pathlib import Path

from charcot.core.bounds import FRACTION
from charcot.core.errors import Problem, raise_if_any
from charcot.core.identifiers import is_port_name
from charcot.core.units import UnitError, parse_quantity
from charcot.model.ports import FREE, Number
from charcot.treatments.effects import DIRECTIONS, EFFECT_FORMS, Effect
from charcot.treatments.number_reading import check_sources, known_unit, number_of, numbers
from charcot.treatments.pharmacokinetics import FORMS
from charcot.treatments.product import DISTRIBUTION, DOSE_SLACK, LargestDose, People, Product
from charcot.treatments.reading import Entry, read_file
from charcot.treatments.safeguards import (
    HUMAN_SHARE,
    NO_INFECTION_RISK,
    check_human_share,
    check_infection_risk,
    rests_on_rodents,
)
from charcot.treatments.schedules import Cycle, Dosing, parse_days
from charcot.treatments.vector import Vector
from charcot.treatments.vector_reading import read_vector

HERE = Path(__file__).parent / "products"

PRODUCT_KEYS = (
    "title", "kind", "route", "dose_unit", "default_dose", "dosing", "dosing_reason", "schedules", "pharmacokinetics",
    "effects", "people", "largest_dose", "notes",
)  # fmt: skip
GIVEN = ("patients", "never")
KINDS = ("small molecule", "biologic", "antisense", "gene therapy", "cell therapy", "device", "nutrition", "training")
DOSING = ("bolus", "continuous")
VECTOR_FORM = "expression"
DECLARED = "declared"  # the source of a largest dose that is a bound of ours and stands in no paper


def products() -> dict[str, Product]:
    """Every product by name. Raises :class:`charcot.core.errors.Problems` when a product file is not sound."""
    found, problems = _read_all()
    raise_if_any(problems, "the products cannot be used")
    return dict(found)


def product_problems() -> list[Problem]:
    """Everything that is wrong with the product files."""
    return list(_read_all()[1])


@functools.cache
def _read_all() -> tuple[dict[str, Product], tuple[Problem, ...]]:
    found, problems = read_products(HERE)
    return found, tuple(problems)


def read_products(folder: Path) -> tuple[dict[str, Product], list[Problem]]:
    """The sound products of a folder by file name, and everything that is wrong with the others."""
    found: dict[str, Product] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        own: list[Problem] = []
        entry = read_file(path, own)
        product = _product(path.stem, entry) if entry is not None else None
        problems += own
        if product is not None and not own:
            found[product.name] = product
    return found, problems


def _product(name: str, entry: Entry) -> Product | None:
    if not is_port_name(name) or "." in name:
        hint = "Use lower case, digits and underscores."
        entry.report("bad-name", f"{name!r} cannot name a product", hint=hint)
    entry.check_keys(PRODUCT_KEYS, ("most_doses", "vector", HUMAN_SHARE, NO_INFECTION_RISK))
    unit = known_unit(entry, "dose_unit")
    dosing = entry.choice("dosing", DOSING)
    default = _default_dose(entry, unit)
    schedules = {key: _dosing(item) for key, item in entry.entries("schedules")}
    if "schedules" in entry.data and "label" not in schedules:
        hint = "It is the one taken when a regimen names none."
        entry.report("no-label", f"{name} has no schedule called 'label'", "schedules", hint)
    kinetics = entry.entry("pharmacokinetics")
    form_name = _form(kinetics, dosing) if kinetics else ""
    people, largest = _people(entry.entry("people"), unit), _largest_dose(entry.entry("largest_dose"), unit)
    if not (unit and default and kinetics and form_name and people and largest):
        return None
    _check_order(entry, unit, default, people, largest)
    most = entry.number("most_doses", math.inf)
    if not (most >= 1 and (math.isinf(most) or most.is_integer())):
        entry.report("bad-count", f"most_doses is {most:g}, not a whole number of doses", "most_doses")
    form = FORMS[form_name]
    own = numbers(kinetics, name, "", {k: u.format(dose=unit) for k, u in form.needs.items()})
    exposure_unit = form.exposure_unit.format(dose=unit, volume=own["volume"].unit if "volume" in own else "1")
    vector = _vector(entry, name, form_name, unit)
    others = {**form.states, **form.variables}
    read = {"exposure": exposure_unit, **{local: text.format(dose=unit) for local, text in others.items()}}
    effects = [_effect(item, name, i, read, vector) for i, item in enumerate(entry.items("effects"), start=1)]
    known = tuple(effect for effect in effects if effect is not None)
    check_human_share(entry, [effect.rests_on_rodents for effect in known])
    check_infection_risk(entry, [effect.target for effect in known])
    return Product(
        name,
        entry.text("title"),
        entry.choice("kind", KINDS),
        entry.text("route"),
        unit,
        default,
        dosing,
        entry.text("dosing_reason"),
        schedules,
        form_name,
        own,
        kinetics.text("exposure"),
        exposure_unit,
        known,
        _human_share(entry.entry(HUMAN_SHARE), name),
        people,
        largest,
        most,
        entry.text("notes"),
        entry.file,
        vector,
    )


def _vector(entry: Entry, name: str, form: str, unit: str) -> Vector | None:
    """What a gene therapy says of its vector; only a product whose form is expression has one."""
    if form == VECTOR_FORM:
        return read_vector(entry, name, unit)
    if "vector" in entry.data:
        entry.report("no-vector", f"{name} has a vector, but its form is {form}", "vector", f"Use form: {VECTOR_FORM}.")
    return None


def _default_dose(entry: Entry, unit: str) -> str:
    return _dose(entry, "default_dose", unit)


def _dose(entry: Entry, key: str, unit: str) -> str:
    """A dose above zero in the product's unit, as text; empty when it is missing or something else."""
    text = entry.text(key)
    if not (text and unit):
        return ""
    try:
        value = parse_quantity(text, unit)
    except UnitError as error:
        entry.report("bad-dose", f"{entry.name_of(key)}: {error}", key)
        return ""
    if not value > 0:
        entry.report("bad-dose", f"{entry.name_of(key)}: {text!r} is not above zero", key)
        return ""
    return text


def _people(entry: Entry | None, unit: str) -> People | None:
    """Whether people were given the product, and the lowest and highest dose that was read in a source."""
    if entry is None:
        return None
    entry.check_keys(("given", "sources", "note"), ("lowest", "highest"))
    given = entry.choice("given", GIVEN)
    lowest, highest = _dose(entry, "lowest", unit), _dose(entry, "highest", unit)
    check_sources(entry, "sources")
    sources = entry.names("sources")
    if ("lowest" in entry.data) != ("highest" in entry.data):
        entry.report("half-range", f"{entry.path}: a range of doses has a lowest and a highest one")
    if given == "patients" and not sources:
        entry.report("no-source", f"{entry.path}: no source says that patients were given it", "given")
    if given == "never" and "highest" in entry.data:
        entry.report("never-given", f"{entry.path}: what nobody was given has no doses that were given", "highest")
    return People(given == "patients", lowest, highest, sources, entry.text("note")) if given else None


def _human_share(entry: Entry | None, product: str) -> Number | None:
    """Which part of an effect that only rodents have shown people keep."""
    if entry is None:
        return None
    return replace(number_of(entry, f"drug.{product}.{HUMAN_SHARE}", "1"), bounds=FRACTION)


def _largest_dose(entry: Entry | None, unit: str) -> LargestDose | None:
    """The dose above which a regimen is refused, with its source or, where it is a bound of ours, ``declared``."""
    if entry is None:
        return None
    entry.check_keys(("value", "source", "note"))
    check_sources(entry, "source", DECLARED)
    text = _dose(entry, "value", unit)
    return LargestDose(text, entry.names("source"), entry.text("note")) if text else None


def _check_order(entry: Entry, unit: str, default: str, people: People, largest: LargestDose) -> None:
    low, high, default_, most = (
        parse_quantity(text or largest.text, unit) for text in (people.lowest, people.highest, default, largest.text)
    )
    if low > high:
        entry.report("bad-dose", f"people: {people.lowest} to {people.highest} is no range", "people")
    if max(default_, high) > most * (1 + DOSE_SLACK):
        message = f"largest_dose: {largest.text} is below the default dose, or below what people were given"
        entry.report("bad-dose", message, "largest_dose")


def _dosing(entry: Entry) -> Dosing:
    entry.check_keys(("title", "cycles"), ("then",))
    cycles = [cycle for item in entry.items("cycles") if (cycle := _cycle(item)) is not None]
    then = entry.choice("then", ("repeat the last cycle", "stop")) or "stop"
    if not cycles:
        entry.report("no-cycles", f"{entry.path} has no cycles", "cycles")
    return Dosing(entry.text("title"), tuple(cycles), repeats=then != "stop")


def _cycle(entry: Entry) -> Cycle | None:
    entry.check_keys(("days", "on"), ("doses_per_day",))
    length, per_day = entry.number("days"), entry.number("doses_per_day", 1.0)
    try:
        on = parse_days(entry.text("on"))
    except ValueError as error:
        entry.report("bad-days", f"{entry.path}.on: {error}", "on")
        return None
    if not (length >= 1 and on[-1] < length and per_day > 0):
        message = f"{entry.path}: a dose falls after the end of the cycle, or nothing is given"
        entry.report("bad-cycle", message, hint="Day 0 is the first day; a cycle of 28 days has the days 0 to 27.")
        return None
    return Cycle(length, on, per_day)


def _form(entry: Entry, dosing: str) -> str:
    entry.check_keys(("form", "exposure", "numbers"))
    name = entry.choice("form", FORMS)
    if name and dosing and dosing not in FORMS[name].dosing:
        message = f"{name} does not go with {dosing} dosing"
        entry.report("wrong-dosing", message, "form", f"It takes {' or '.join(FORMS[name].dosing)} dosing.")
        return ""
    return name


def _effect(entry: Entry, product: str, index: int, read: dict[str, str], vector: Vector | None) -> Effect | None:
    """One effect; ``read``: the unit of each quantity that it may read."""
    entry.check_keys(
        ("target", "direction", "form", "claim", "numbers"), ("unit", "sources", "against", "reads", "scaled_by")
    )
    reads = entry.choice("reads", read) or "exposure"
    scaled = entry.choice("scaled_by", (DISTRIBUTION,)) if "scaled_by" in entry.data else ""
    if scaled and vector is None:
        hint = "Only a vector has one: describe it under 'vector'."
        entry.report("no-vector", f"{entry.path}: there is no biodistribution", "scaled_by", hint)
    direction, form = entry.choice("direction", DIRECTIONS), entry.choice("form", EFFECT_FORMS)
    unit = known_unit(entry, "unit") if "unit" in entry.data else "1"
    check_sources(entry, "sources", FREE)
    check_sources(entry, "against")
    if not (direction and form and unit):
        return None
    if direction == "decrease" and form != "emax":
        hint = "A linear decrease would go below zero at a high dose."
        entry.report("bad-decrease", f"{entry.path}: a decrease needs the form emax", "form", hint)
        return None
    if direction != "add" and unit != "1":
        entry.report("bad-unit", f"{entry.path}: only an addition has a unit", "unit", "Leave the unit out.")
    needs = {k: u.format(effect=unit, exposure=read[reads]) for k, u in EFFECT_FORMS[form].needs.items()}
    found = numbers(entry, product, f"effect_{index}_", needs)
    if direction == "decrease" and "maximum" in found and found["maximum"].value > 1:
        message = f"{entry.path}: a decrease of {found['maximum'].value:g} would take more than everything"
        entry.report("bad-maximum", message, "numbers", "The maximum of a decrease lies between 0 and 1.")
    sources = tuple(k for k in entry.names("sources") if k != FREE)
    return Effect(
        entry.text("target"), direction, form, unit, entry.text("claim"),
        sources, entry.names("against"), found, entry.line, rests_on_rodents(sources), reads, bool(scaled),
    )  # fmt: skip
