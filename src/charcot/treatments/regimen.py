"""A regimen: a product, a dose and a schedule between a start and a stop, and the events that it means."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from charcot.core.identifiers import did_you_mean
from charcot.core.schedule import Event, EventKind
from charcot.core.units import UnitError, parse_quantity
from charcot.treatments.library import products
from charcot.treatments.product import Product
from charcot.treatments.schedules import Dosing

LABEL = "label"


@dataclass(frozen=True)
class Regimen:
    """What one patient is given. ``start`` and ``stop`` are days after an origin (randomisation, or diagnosis);
    a negative start is background therapy. ``dose`` is one dose, in the product's unit.

    One patient should not get two regimens of one product at one time: a rate is set, not added to.
    """

    product: str
    dose: float
    start: float
    stop: float  # infinite for a treatment without an end
    schedule: str

    @classmethod
    def parse(
        cls,
        *,
        product: str,
        dose: str | None = None,
        start: str = "0 days",
        stop: str | None = None,
        schedule: str | None = None,
    ) -> Regimen:
        """Read a regimen as a person writes it; without a dose or schedule the product's own are taken.

        Raises :class:`KeyError` for an unknown product or schedule, :class:`charcot.core.units.UnitError` for a unit
        that does not fit, and :class:`ValueError` for a dose or time that is not possible.
        """
        known = products()
        if product not in known:
            hint = did_you_mean(product, known)
            raise KeyError(f"no product is called {product!r}. {hint} Known are: {', '.join(known)}.")
        chosen = known[product]
        amount = _dose(chosen, dose)
        name = schedule if schedule is not None else LABEL
        _dosing(chosen, name)
        begin = parse_quantity(start, "day")
        end = math.inf if stop is None else parse_quantity(stop, "day")
        if end <= begin:
            raise ValueError(
                f"the treatment with {product} stops on day {end:g}, but it starts on day {begin:g}: "
                "let it stop later, or leave the stop out"
            )
        return cls(product, amount, begin, end, name)

    def events(self, origin: float, until: float = math.inf) -> list[Event]:
        """Doses on the patient's clock before the day ``until``, when start and stop refer to the day ``origin``.

        A bolus is added to a state. A continuous dose sets a rate at the start of each period on treatment and sets
        it to zero at its end. An origin that never comes (not finite) means no events.
        """
        if not math.isfinite(origin + self.start):
            return []
        chosen = products()[self.product]
        dosing = _dosing(chosen, self.schedule)
        begin = origin + self.start
        end = min(origin + self.stop, until) - begin
        if end <= 0:
            return []
        if dosing.repeats and not math.isfinite(end) and not _endless(chosen, dosing):
            raise ValueError(f"the doses of {self.product} never end: give a stop, or the day until which to list them")
        make = self._rates if chosen.dosing == "continuous" else self._doses
        return [event for event in make(chosen, dosing, begin, end) if event.time < until]

    def _doses(self, chosen: Product, dosing: Dosing, begin: float, end: float) -> Iterator[Event]:
        for day in dosing.dose_days(end):
            yield Event(begin + day, chosen.dose_port, EventKind.ADD, self.dose)

    def _rates(self, chosen: Product, dosing: Dosing, begin: float, end: float) -> Iterator[Event]:
        last = -math.inf
        for on, off, per_day in dosing.intervals(end):
            if on > last > -math.inf:
                yield Event(begin + last, chosen.dose_port, EventKind.SET, 0.0)
            yield Event(begin + on, chosen.dose_port, EventKind.SET, self.dose * per_day)
            last = off
        if -math.inf < last < math.inf:
            yield Event(begin + last, chosen.dose_port, EventKind.SET, 0.0)


def _dose(chosen: Product, text: str | None) -> float:
    given = chosen.default_dose if text is None else text
    try:
        amount = parse_quantity(given, chosen.dose_unit)
    except UnitError as error:
        raise UnitError(f"the dose of {chosen.name}: {error} (one dose of it is {chosen.default_dose})") from error
    if not amount > 0:
        raise ValueError(
            f"the dose of {chosen.name} is {amount:g} {chosen.dose_unit}, but a dose must be above zero: "
            "leave the treatment out to give none"
        )
    return amount


def _dosing(chosen: Product, name: str) -> Dosing:
    found = chosen.schedule(name)
    if found is None:
        hint = did_you_mean(name, chosen.schedules)
        known = ", ".join(chosen.schedules)
        raise KeyError(
            f"{chosen.name} has no schedule called {name!r}. {hint} It has: {known}, or for example 'every 28 days'."
        )
    return found


def _endless(chosen: Product, dosing: Dosing) -> bool:
    """Whether the schedule is one rate without an end, which needs no list of doses."""
    return chosen.dosing == "continuous" and dosing.is_steady
