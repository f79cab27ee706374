"""Many persons who share their traits: bands over persons, the chance of sampling, and how long they live.

Three layers of uncertainty are kept apart: differences between persons (quantiles), the chance of having drawn these
persons (Monte Carlo), and what the evidence leaves open about the model itself, which ``openness`` computes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from charcot.clinic.prognosis import risk_group
from charcot.core.random import stream
from charcot.interfaces.explorer import shapes
from charcot.interfaces.explorer.patient import CLOCK, title_of, unit_of
from charcot.interfaces.explorer.questions import MONTHS_BEFORE, Question, checked_persons
from charcot.interfaces.explorer.readouts import CUMULATIVE_HAZARD, READOUTS
from charcot.patients import live
from charcot.patients.people import CAPACITY, NFL, TOTAL

CHUNK = 10  # persons simulated before progress is told and a cancelled run ends
SEEN_YEARS = 16.0  # after onset
SURVIVAL_MONTHS = np.arange(0.0, 12 * 15 + 1, 3.0)
RESAMPLES = 400
UNTREATED, TREATED = "untreated", "treated"
SHOWN = (TOTAL, CAPACITY, NFL)
UPTO = ("group", "middle", "curve")


class Cancelled(Exception):
    """Nobody waits for the answer any more."""


Tell = Callable[[int, int], None]  # (done, of all); may raise Cancelled


@dataclass(frozen=True)
class People:
    """Read-outs and cumulative hazards of persons: arm -> read-out -> (persons, months); counts of who is not there."""

    values: dict[str, dict[str, np.ndarray]]
    hazards: dict[str, np.ndarray]
    never_ill: int
    failed: int
    not_eligible: int


def gather(asked: Question, persons: int, tell: Tell) -> People:
    """Simulate ``persons`` drawn persons in chunks."""
    seen = np.arange(-MONTHS_BEFORE, asked.months + 1, dtype=float)
    values: dict[str, dict[str, list[np.ndarray]]] = {}
    hazards: dict[str, list[np.ndarray]] = {}
    found = failed = refused = 0
    checked_persons(persons)
    for first in range(0, persons, CHUNK):
        tell(first, persons)
        count = min(CHUNK, persons - first)
        lives = live(asked.traits, asked.treatments, READOUTS, n=count, first=first, seen_years=SEEN_YEARS)
        arms = {UNTREATED: lives.untreated, **({TREATED: lives.treated} if lives.treated is not None else {})}
        bad = np.any([arm.failed for arm in arms.values()], axis=0)
        fine = np.flatnonzero(~bad & np.isfinite(lives.onset))
        found, failed = found + len(lives.cohort), failed + int(bad.sum())
        refused += 0 if lives.treated is None else int(lives.treated.not_eligible.sum())
        for label, courses in arms.items():
            for name in SHOWN:
                own = lives.on_months(courses, name, seen)[fine]
                values.setdefault(label, {}).setdefault(name, []).append(own)
            hazards.setdefault(label, []).append(lives.on_months(courses, CUMULATIVE_HAZARD, SURVIVAL_MONTHS)[fine])
    tell(persons, persons)
    return People(
        {label: {name: np.concatenate(rows) for name, rows in own.items()} for label, own in values.items()},
        {label: np.concatenate(rows) for label, rows in hazards.items()},
        persons - found,
        failed,
        refused,
    )


def ensemble(asked: Question, persons: int, people: People) -> shapes.Ensemble:
    """Bands of function and markers over persons, while alive."""
    seen = np.arange(-MONTHS_BEFORE, asked.months + 1, dtype=float)
    bands = [_band(name, label, rows) for label, own in people.values.items() for name, rows in own.items()]
    return shapes.Ensemble(
        hash=asked.hash(answer="ensemble", persons=persons),
        clock=CLOCK,
        persons=len(people.hazards[UNTREATED]),
        never_ill=people.never_ill,
        failed=people.failed,
        not_eligible=people.not_eligible,
        months=seen.tolist(),
        bands=bands,
        layers=_layers(len(people.hazards[UNTREATED])),
    )


def _layers(persons: int) -> list[shapes.Layer]:
    return [
        shapes.Layer(
            name="persons",
            title="Between patients",
            words=f"The bands hold the middle half and the middle nine tenths of {persons} virtual persons with the "
            "same gene, age and site of onset.",
            computed=True,
        ),
        shapes.Layer(
            name="monte_carlo",
            title="Monte Carlo",
            words="The range of the median (95 %, by order statistics) says how far it may move because only so many "
            "persons were drawn.",
            computed=True,
        ),
        shapes.Layer(
            name="evidence",
            title="What the evidence leaves open",
            words="Plausible models are simulated when they are asked for, below. Only better evidence makes this "
            "layer smaller.",
            computed=False,
        ),
    ]


def _band(name: str, arm: str, rows: np.ndarray) -> shapes.Band:
    """(persons, months) as quantiles over persons, and the order-statistic interval of the median."""
    ordered = np.sort(rows, axis=0)
    count = len(rows)
    below, above = (int(binom.ppf(share, count, 0.5)) for share in (0.025, 0.975))
    low, lower, median, upper, high = np.quantile(rows, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    return shapes.Band(
        readout=name,
        title=title_of(name),
        unit=unit_of(name),
        arm=arm,
        low=low.tolist(),
        lower=lower.tolist(),
        median=median.tolist(),
        upper=upper.tolist(),
        high=high.tolist(),
        median_low=ordered[max(below - 1, 0)].tolist(),
        median_high=ordered[min(above, count - 1)].tolist(),
    )


def prognosis(asked: Question, persons: int, people: People, upto: str) -> shapes.Prognosis:
    """What was asked for, and no more: the risk group, then the middle and its range, then the curve."""
    alive = {label: np.exp(-(own - own[:, :1])) for label, own in people.hazards.items()}
    middle = time_of(alive[UNTREATED].mean(axis=0), 0.5)
    group = risk_group(middle if middle is not None else float("inf"))
    more = UPTO.index(upto)
    return shapes.Prognosis(
        hash=asked.hash(answer="prognosis", persons=persons, upto=upto),
        clock=CLOCK,
        upto=upto,
        persons=len(people.hazards[UNTREATED]),
        seen=float(SURVIVAL_MONTHS[-1]),
        group=group.name,
        group_words=group.words,
        group_source=f"the nearest of the five ENCALS groups by their medians ({group.source}, grade {group.grade}); "
        "the persons are untreated",
        times=[_times(label, own) for label, own in alive.items()] if more >= 1 else None,
        months=SURVIVAL_MONTHS.tolist() if more >= 2 else None,
        curves=[_curve(label, own) for label, own in alive.items()] if more >= 2 else None,
    )


def time_of(alive: np.ndarray, share: float) -> float | None:
    """The month at which the share alive falls to ``share``, on the line between two months; none if it does not."""
    below = np.flatnonzero(alive <= share)
    if not len(below):
        return None
    k = int(below[0])
    if k == 0:
        return 0.0
    part = (alive[k - 1] - share) / (alive[k - 1] - alive[k])
    return float(SURVIVAL_MONTHS[k - 1] + part * (SURVIVAL_MONTHS[k] - SURVIVAL_MONTHS[k - 1]))


def _resampled(alive: np.ndarray) -> np.ndarray:
    """(resamples, months) mean curves of persons drawn again with replacement."""
    draws = stream(0, 0, "explorer: persons drawn again").integers(0, len(alive), (RESAMPLES, len(alive)))
    return np.asarray(alive[draws].mean(axis=1))


def _times(arm: str, alive: np.ndarray) -> shapes.Times:
    mean = alive.mean(axis=0)
    medians = [time_of(curve, 0.5) for curve in _resampled(alive)]
    known = np.array([np.inf if month is None else month for month in medians])
    low, high = np.quantile(known, [0.025, 0.975], method="nearest")
    return shapes.Times(
        arm=arm,
        median=time_of(mean, 0.5),
        lower_quartile=time_of(mean, 0.75),
        upper_quartile=time_of(mean, 0.25),
        median_low=float(low),
        median_high=float(high),
    )


def _curve(arm: str, alive: np.ndarray) -> shapes.Curve:
    low, high = np.quantile(_resampled(alive), [0.025, 0.975], axis=0)
    return shapes.Curve(arm=arm, alive=alive.mean(axis=0).tolist(), low=low.tolist(), high=high.tolist())
