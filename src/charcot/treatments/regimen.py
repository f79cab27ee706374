"""A regimen: a product, a dose and a schedule between a start and a stop, and the events that it means."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from charcot.core.identifiers import close_to
from charcot.core.schedule import Event, EventKind, Series
from charcot.core.units import UnitError, parse_quantity
from charcot.treatments.library import products
from charcot.treatments.product import DOSE_SLACK, Product
from charcot.treatments.schedules import Dosing

LABEL = "label"


class DoseError(ValueError):
    """A dose that is not possible."""


class ScheduleError(ValueError):
    """A schedule that gives more doses than one person can get."""


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
            hint = close_to(product, known)
            raise KeyError(f"no product is called {product!r}. {hint} Known are: {', '.join(known)}.")
        chosen = known[product]
        amount = dose_of(chosen, dose)
        name = schedule if schedule is not None else LABEL
        _check_count(chosen, _dosing(chosen, name))
        begin = parse_quantity(start, "day")
        end = math.inf if stop is None else parse_quantity(stop, "day")
        if end <= begin:
            raise ValueError(
                f"the treatment with {product} stops on day {end:g}, but it starts on day {begin:g}: "
                "let it stop later, or leave the stop out"
            )
        return cls(product, amount, begin, end, name)

    def events(self, origin: float, until: float = math.inf) -> list[Event]:
        """:meth:`series` as single events."""
        return list(self.series(origin, until))

    def series(self, origin: float, until: float = math.inf) -> Series:
        """Doses on the patient's clock before the day ``until``, when start and stop refer to the day ``origin``.

        A bolus is added to a state. A continuous dose sets a rate at the start of each period on treatment and sets
        it to zero at its end. An origin that never comes (not finite) means no events.
        """
        chosen = products()[self.product]
        none = Series(chosen.dose_port, EventKind.SET, np.zeros(0), np.zeros(0))
        if not math.isfinite(origin + self.start):
            return none
        dosing = _dosing(chosen, self.schedule)
        begin = origin + self.start
        end = min(origin + self.stop, until) - begin
        if end <= 0:
            return none
        if dosing.repeats and not math.isfinite(end) and not _endless(chosen, dosing):
            raise ValueError(f"the doses of {self.product} never end: give a stop, or the day until which to list them")
        rates = chosen.dosing == "continuous"
        days, doses = (_changes_of_rate if rates else _single_doses)(dosing, end)
        times, values = begin + days, self.dose * doses
        before = times < until
        kind = EventKind.SET if rates else EventKind.ADD
        return Series(chosen.dose_port, kind, times[before], values[before])


SPAN = 1000.0  # days: a schedule is laid out so far at a time, for all who follow it


def _single_doses(dosing: Dosing, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Days before ``end`` on which a dose is given, (doses,), and how many doses that is."""
    days = _dose_days(dosing, SPAN * math.ceil(end / SPAN) if math.isfinite(end) else end)
    days = days[: np.searchsorted(days, end)]
    return days, np.ones(len(days))


def _changes_of_rate(dosing: Dosing, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Days on which the rate of a continuous dose changes, (changes,), and the rate from then on, doses a day.

    What is on at ``end`` is set to zero there; an end that never comes (infinite) changes nothing.
    """
    days, rates = _laid_out(dosing, SPAN * math.ceil(end / SPAN) if math.isfinite(end) else end)
    count = int(np.searchsorted(days, end))
    days, rates = days[:count], rates[:count]
    if count and rates[-1] != 0.0 and math.isfinite(end):
        return np.append(days, end), np.append(rates, 0.0)
    return days, rates


@functools.lru_cache(maxsize=256)
def _dose_days(dosing: Dosing, end: float) -> np.ndarray:
    return np.array(dosing.dose_days(end), dtype=float)


@functools.lru_cache(maxsize=256)
def _laid_out(dosing: Dosing, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Every change of rate before ``end``, and the rates; where one rate follows another there is no zero between."""
    days: list[float] = []
    rates: list[float] = []
    last = -math.inf
    for on, off, per_day in dosing.intervals(end):
        if on > last > -math.inf:
            days.append(last)
            rates.append(0.0)
        days.append(on)
        rates.append(per_day)
        last = off
    if -math.inf < last < end:
        days.append(last)
        rates.append(0.0)
    return np.array(days), np.array(rates)


def dose_of(chosen: Product, text: str | None) -> float:
    """One dose in the product's unit, the default one without a text. Raises :class:`charcot.core.units.UnitError` for
    another unit and :class:`ValueError` for a dose that is not above zero, or above the product's largest."""
    given = chosen.default_dose if text is None else text
    try:
        amount = parse_quantity(given, chosen.dose_unit)
    except UnitError as error:
        raise UnitError(f"the dose of {chosen.name}: {error} (one dose of it is {chosen.default_dose})") from error
    if not amount > 0:
        raise DoseError(
            f"the dose of {chosen.name} is {amount:g} {chosen.dose_unit}, but a dose must be above zero: "
            "leave the treatment out to give none"
        )
    largest = chosen.largest_dose
    if amount > parse_quantity(largest.text, chosen.dose_unit) * (1 + DOSE_SLACK):
        raise DoseError(
            f"one dose of {chosen.name} is {amount:g} {chosen.dose_unit}, above the largest that is taken, "
            f"{largest.text} ({largest.note}): check the unit"
        )
    return amount


def _dosing(chosen: Product, name: str) -> Dosing:
    found = chosen.schedule(name)
    if found is None:
        hint = close_to(name, chosen.schedules)
        known = ", ".join(chosen.schedules)
        raise KeyError(
            f"{chosen.name} has no schedule called {name!r}. {hint} It has: {known}, or for example 'every 28 days'."
        )
    return found


def _check_count(chosen: Product, dosing: Dosing) -> None:
    if dosing.doses > chosen.most_doses:
        count = "one dose" if chosen.most_doses == 1 else f"{chosen.most_doses:g} doses"
        raise ScheduleError(
            f"{chosen.name} is given at most {count} in a life, and this schedule gives more: {chosen.notes}"
        )


def _endless(chosen: Product, dosing: Dosing) -> bool:
    """Whether the schedule is one rate without an end, which needs no list of doses."""
    return chosen.dosing == "continuous" and dosing.is_steady
