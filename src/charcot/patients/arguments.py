"""What Python callers may ask of a simulation: everything wrong with ages, draws, days and spans, at once."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from charcot import disease
from charcot.core.errors import CharcotWarning, Problem
from charcot.core.identifiers import did_you_mean
from charcot.core.result import Result, Status
from charcot.core.schedule import Event
from charcot.core.units import DAYS_PER_YEAR
from charcot.patients.cohort import OLDEST, START_AGE, Cohort
from charcot.treatments import Regimen

LONGEST_YEARS = 120.0  # of a simulation, from the seed on

# Columns that must be finite and not below zero; a draw for death may be infinite, so that death never comes.
_AMOUNTS = ("seed_amount", "drift_spread", "diagnosis_loss_needed", "diagnosis_wait_days")


class LateStart(CharcotWarning):
    """A treatment that some patients do not come to, because their simulation ends before it begins."""


def cohort_problems(cohort: Cohort) -> Iterator[Problem]:
    """Columns of a cohort that no person can have, with the first row in which that is so."""
    ages = cohort.columns["seed_age_years"]
    yield from _rows(
        "seed_age_years", ages, (ages >= START_AGE) & (ages <= OLDEST), f"{START_AGE:g} to {OLDEST:g} years"
    )
    for name in _AMOUNTS:
        column = cohort.columns[name]
        yield from _rows(name, column, np.isfinite(column) & (column >= 0), "0 or more")
    draws = cohort.columns["event_draw"]
    yield from _rows("event_draw", draws, draws > 0, "above 0")
    for name, column in cohort.deviations.items():
        yield from _rows(f"the deviation of {name}", column, np.isfinite(column), "a finite number")
    for name, known in (("onset_region", disease.REGIONS), ("genotype", tuple(disease.genotypes()))):
        for given in sorted({str(value) for value in cohort.columns[name]} - set(known)):
            yield Problem("unknown-name", f"{name} is {given!r}", None, did_you_mean(given, known))


def _rows(name: str, column: np.ndarray, fine: np.ndarray, wanted: str) -> Iterator[Problem]:
    wrong = np.flatnonzero(~np.asarray(fine))
    if len(wrong):
        row = int(wrong[0])
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        message = f"{name} of the patient in row {row} is {column[row]:g}, but must be {wanted}{more}"
        yield Problem("out-of-range", message)


def _late_origins(cohort: Cohort, origins: np.ndarray | None, horizon_years: float) -> Iterator[Problem]:
    """Finite days, to which starts of treatments refer, that no simulation reaches: nothing would be given."""
    if origins is None or np.shape(origins) != (len(cohort),) or not 0 < horizon_years <= LONGEST_YEARS:
        return
    given, horizon = np.asarray(origins, dtype=float), horizon_years * DAYS_PER_YEAR
    late = np.isfinite(given) & (given > horizon)
    hint = (
        "Days count from the seed on each patient's clock, such as courses.diagnosis; or give a longer horizon_years."
    )
    for problem in _rows("the origin", given, ~late, f"{horizon:g} days or less, where the simulation ends"):
        yield replace(problem, code="late-origin", hint=hint)


def late_starts(regimens: Iterable[Regimen], horizon_years: float) -> Iterator[Problem]:
    """Regimens that begin so long after the day to which they refer that no simulation comes to it."""
    horizon = horizon_years * DAYS_PER_YEAR
    for name, start in sorted({(regimen.product, regimen.start) for regimen in regimens}):
        if 0 < horizon <= start:
            message = (
                f"{name} would start {start:g} days after the origin, but the simulation ends {horizon:g} days after "
                "the seed: nobody would be given it"
            )
            yield Problem("late-start", message, None, "Give an earlier start, or a longer horizon_years.")


def tell_of_late_starts(regimens: Sequence[Sequence[Regimen]], origins: np.ndarray, result: Result) -> None:
    """Warn where somebody reaches the end of the simulation alive before a treatment of theirs begins.

    The text has no numbers in it, so that of very many blocks of a population one tells of it.
    """
    late: set[str] = set()
    for row in np.flatnonzero(result.status == int(Status.COMPLETED)).tolist():
        starts = [(mine.product, origins[row] + mine.start) for mine in regimens[row]]
        late |= {name for name, day in starts if np.isfinite(day) and day >= result.end_time[row]}
    for name in sorted(late):
        warnings.warn(
            f"Some patients go without {name}: their simulation ends before it would start. Give an earlier start, or "
            "a longer horizon_years.",
            LateStart,
            stacklevel=3,
        )


def run_problems(
    cohort: Cohort,
    origins: np.ndarray | None,
    days: np.ndarray | None,
    events: Sequence[Sequence[Event]] | None,
    horizon_years: float,
    step_days: float,
) -> Iterator[Problem]:
    """What is wrong with the rest of a request: its span, its steps, shapes of days, events that are no numbers.

    Origins may be infinite or NaN for those who are not treated: never diagnosed, or not known.
    """
    n = len(cohort)
    if not 0 < horizon_years <= LONGEST_YEARS:
        message = f"horizon_years is {horizon_years:g}"
        yield Problem("bad-horizon", message, None, f"Give years after the seed, above 0 to {LONGEST_YEARS:g}.")
    if not (step_days > 0 and math.isfinite(step_days)):
        yield Problem("bad-step", f"step_days is {step_days:g}", None, "Give the days between two outputs, above 0.")
    if origins is not None and np.shape(origins) != (n,):
        yield Problem("bad-shape", f"origins has the shape {np.shape(origins)}", None, f"Give one day for each of {n}.")
    yield from _late_origins(cohort, origins, horizon_years)
    if days is not None and (np.ndim(days) not in (1, 2) or len(days) != n):
        hint = f"Give ({n},) or ({n}, k) days on the patients' clocks."
        yield Problem("bad-shape", f"days has the shape {np.shape(days)}", None, hint)
    if events is not None and len(events) != n:
        yield Problem(
            "bad-shape", f"events has {len(events)} entries", None, f"Give one list for each of {n} patients."
        )
    for row, mine in enumerate(events or ()):
        for event in mine:
            if not (math.isfinite(event.time) and math.isfinite(event.value)):
                what = f"{event.target} of the patient in row {row} would become {event.value:g} on day {event.time:g}"
                yield Problem("bad-event", what, None, "Give finite days and values.")
