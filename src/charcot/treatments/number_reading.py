"""Numbers with their evidence as a product's file writes them, and the texts beside them: units and sources."""

from __future__ import annotations

import math

from charcot import evidence
from charcot.core.bounds import NOT_NEGATIVE, POSITIVE, Bounds
from charcot.core.errors import Where
from charcot.core.identifiers import did_you_mean
from charcot.core.units import UnitError, dimension, factor
from charcot.model.ports import FREE, Number
from charcot.treatments.reading import Entry
from charcot.treatments.safeguards import HUMAN_SHARE

# Numbers of a form that are shares of a dose or of its effect; the forms cut off what is drawn above one.
SHARES = ("bioavailability", "adherence", "receptivity")
SIZES = ("_maximum", "_slope")  # how large an effect is
SHARE_ABOVE_ZERO = Bounds(0.0, 1.0, above=True)
NUMBER_KEYS = ("value", "unit", "spread", "source", "grade", "title")


def known_unit(entry: Entry, key: str) -> str:
    unit = entry.text(key)
    try:
        dimension(unit or "1")
    except UnitError as error:
        entry.report("unknown-unit", f"{entry.name_of(key)}: {error}", key, "Use a unit that pint knows, such as mg.")
        return ""
    return unit


def numbers(entry: Entry, product: str, prefix: str, needs: dict[str, str]) -> dict[str, Number]:
    """The numbers of a form in the units that it needs, named ``drug.<product>.<prefix><quantity>``."""
    outer = entry.entry("numbers")
    if outer is None:
        return {}
    outer.check_keys(needs)
    return {
        local: number_of(item, f"drug.{product}.{prefix}{local}", needs[local])
        for local, item in entry.entries("numbers")
        if local in needs
    }


def number_of(entry: Entry, name: str, wanted: str, index: str = "", bounds: Bounds | None = None) -> Number:
    """One number in the unit ``wanted`` with its evidence; ``bounds``: what it can be, by default above zero."""
    entry.check_keys(NUMBER_KEYS, ("note", "between_patients", "chance_of_none"))
    value, unit = entry.number("value"), known_unit(entry, "unit")
    spread, between = entry.number("spread"), entry.number("between_patients", 0.0)
    if bounds is None:
        bounds = SHARE_ABOVE_ZERO if name.rpartition(".")[2] in (*SHARES, HUMAN_SHARE) else POSITIVE
    if math.isfinite(value) and not bounds.hold(value):
        entry.report("out-of-range", f"{entry.path} is {value:g}, but must be {bounds}", "value")
    if name.endswith(SIZES):
        bounds = NOT_NEGATIVE  # an assumption may set what a product does to nothing
    none = entry.number("chance_of_none", 0.0)
    if not (0 <= none < 1):
        entry.report("bad-chance", f"{entry.path}.chance_of_none is {none:g}, not a share below 1", "chance_of_none")
    elif none and not name.endswith(SIZES):
        hint = "It is for the maximum or the slope of an effect, which may not be there at all."
        entry.report("bad-chance", f"{entry.path}: {name} cannot be nothing", "chance_of_none", hint)
    if spread < 0 or between < 0:
        entry.report("negative-spread", f"{entry.path}: a spread cannot be below zero")
    source, grade = entry.text("source"), entry.choice("grade", evidence.grades())
    check_sources(entry, "source", FREE)
    if grade and (source == FREE) != (grade == "F"):
        message = f"{entry.path}: source {source!r} and grade {grade!r} do not go together"
        entry.report("free-grade", message, "source", "A free number has source 'free' and grade F.")
    if unit and wanted:
        try:
            value, unit = value * factor(unit, wanted), wanted
        except UnitError as error:
            entry.report("wrong-unit", f"{entry.path}: {error}", "unit")
    return Number(
        name, index, value, unit or "1", spread, between, entry.names("source"), grade, "parameter",
        entry.text("title"), entry.text("note"), Where.of(entry.file, entry.line), bounds=bounds, chance_of_none=none,
    )  # fmt: skip


def check_sources(entry: Entry, key: str, *also: str) -> None:
    known = (*evidence.sources(), *also)
    for source in entry.names(key):
        if source not in known:
            message = f"{entry.path}: there is no source {source!r}"
            entry.report("unknown-source", message, key, did_you_mean(source, known))
