"""The part ``vector`` of a product's file, checked: every mistake with its line."""

from __future__ import annotations

import math

from charcot.core.bounds import FRACTION, NOT_NEGATIVE, Bounds
from charcot.model.ports import Number
from charcot.treatments.number_reading import number_of
from charcot.treatments.product import DISTRIBUTION
from charcot.treatments.reading import Entry
from charcot.treatments.vector import ANTIBODY_NUMBERS, ROUTES, SEROTYPES, TISSUES, Harm, Vector

KEYS = ("serotype", "promoter", "tissue", "biodistribution", "antibodies", "harms")
# The regions of the disease, which stands in the same row of the house; a test holds the two together.
REGIONS = ("bulbar", "cervical", "thoracic", "lumbar")
BELOW_ONE = Bounds(0.0, 1.0, above=True)
ROUNDING = 1e-6


def read_vector(entry: Entry, product: str, unit: str) -> Vector | None:
    """The vector of a gene therapy; None, with a problem, where it is missing or not whole."""
    inner = entry.entry("vector")
    if inner is None:
        hint = "A product whose form is expression says what its vector is: serotype, promoter, tissue, ..."
        entry.report("no-vector", f"{product} is given by a vector that is not described", hint=hint)
        return None
    _check_route(entry, unit)
    inner.check_keys(KEYS)
    serotype, tissue = inner.choice("serotype", SEROTYPES), inner.choice("tissue", TISSUES)
    distribution = _distribution(inner, product)
    antibodies = _antibodies(inner, product)
    harms = {name: _harm(item, product, name, unit) for name, item in inner.entries("harms")}
    if not (serotype and tissue and distribution and antibodies):
        return None
    return Vector(serotype, inner.text("promoter"), tissue, distribution, antibodies, harms)


def _check_route(entry: Entry, unit: str) -> None:
    route = entry.choice("route", ROUTES)
    if route and unit and unit != ROUTES[route]:
        hint = f"Write dose_unit: {ROUTES[route]}."
        entry.report("wrong-unit", f"an {route} dose of vector is not counted in {unit}", "dose_unit", hint)


def _distribution(entry: Entry, product: str) -> dict[str, Number]:
    inner = entry.entry(DISTRIBUTION)
    if inner is None:
        return {}
    inner.check_keys(REGIONS)
    name = f"drug.{product}.{DISTRIBUTION}"
    found = {
        region: number_of(item, name, "1", region, NOT_NEGATIVE)
        for region, item in entry.entries(DISTRIBUTION)
        if region in REGIONS
    }
    mean = sum(number.value for number in found.values()) / len(REGIONS)
    if len(found) == len(REGIONS) and math.isfinite(mean) and abs(mean - 1) > ROUNDING:
        hint = "Each value is the supply in a region over the mean of the regions."
        entry.report("bad-distribution", f"{inner.path}: the mean of the regions is {mean:g}", DISTRIBUTION, hint)
    return found


def _antibodies(entry: Entry, product: str) -> dict[str, Number]:
    inner = entry.entry("antibodies")
    if inner is None:
        return {}
    inner.check_keys(ANTIBODY_NUMBERS)
    bounds = {"share": BELOW_ONE}
    found = {
        local: number_of(item, f"drug.{product}.antibody_{local}", ANTIBODY_NUMBERS[local], "", bounds.get(local))
        for local, item in entry.entries("antibodies")
        if local in ANTIBODY_NUMBERS
    }
    if "share" in found and found["share"].value >= 1:
        entry.report("out-of-range", f"{inner.path}.share: nobody could be given it", "antibodies")
    return found


def _harm(entry: Entry, product: str, name: str, unit: str) -> Harm:
    entry.check_keys(("title", "most", "half_dose"))
    units = {"most": ("1", FRACTION), "half_dose": (unit, None)}
    numbers = {
        local: number_of(item, f"drug.{product}.{name}_{local}", wanted, "", bounds)
        for local, (wanted, bounds) in units.items()
        if (item := entry.entry(local)) is not None
    }
    return Harm(entry.text("title"), numbers)
