"""Forecasts of one's own cohort: what would be recorded, how long patients live, and when milestones come.

From a posterior (:mod:`charcot.fitting.own_cohort.posterior`) as many equal draws are taken of each patient. A draw
walks its virtual course at its pace; the patient's level is drawn given the visits and lasts, and so does the distance
of each item from the virtual one, as far as it is more than noise. Scores are recorded with the noise of the cohort in
whole numbers, while alive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from charcot.clinic.milestones import Milestone, milestones
from charcot.clinic.observation import ITEM_MAXIMUM, ITEMS, TOTAL_MAXIMUM
from charcot.core.random import stream
from charcot.fitting.own_cohort.assumed import hazard_factor, numbers
from charcot.fitting.own_cohort.library import Library, at
from charcot.fitting.own_cohort.posterior import Cloud, Fit

DRAWS = 600
BANDS = {50: (0.25, 0.75), 90: (0.05, 0.95)}
FURTHEST = 60  # months after the last visit in which milestones and deaths are told
NEVER = f"never: not within {FURTHEST} months after the last visit, or death comes first"
MOVED_LATE = 3.0  # visits of which the ratings say where an item is now


@dataclass(frozen=True)
class Draws:
    """Equal draws of one patient; months count from the last visit.

    Attributes:
        total: (draws, months), ``svc``: likewise, ``items``: (draws, 12, months), as they would be recorded; NaN after
            death.
        death: (draws,) months after the last visit; infinite where the virtual patient outlives what was simulated.
        reached: (draws, milestones) months after the last visit at which a milestone comes; infinite where death comes
            first; 0 where the last rating is there already.
    """

    months: np.ndarray
    total: np.ndarray
    svc: np.ndarray
    items: np.ndarray
    death: np.ndarray
    reached: np.ndarray


@dataclass(frozen=True)
class _Own:
    """What a draw keeps of a patient: its course, and how far the patient is from it."""

    row: np.ndarray
    now: np.ndarray
    pace: np.ndarray
    level: np.ndarray
    capacity: np.ndarray
    shift: np.ndarray


def draw(fit: Fit, cloud: Cloud, months: Sequence[float], seed: int = 1, draws: int = DRAWS) -> Draws:
    """Draw futures of one patient at ``months`` after the last visit with a score."""
    random = stream(seed, cloud.seen.subject.name, "futures")
    library, n, when = fit.library, numbers(), np.asarray(months, dtype=float)
    own = _own(fit, cloud, random, draws)
    row, course = own.row[:, None], own.now[:, None] + own.pace[:, None] * when
    death = _death(library, own, cloud, random)
    alive = death[:, None] > when
    total = at(library.total, row, course) + own.level[:, None]
    total = total + fit.paces.residual_sd * random.standard_normal(total.shape)
    total = np.clip(np.round(total), 0, TOTAL_MAXIMUM) + 0.0  # a negative zero is none
    svc = at(library.svc, row, course) + own.capacity[:, None]
    svc = np.maximum(svc + n["capacity_sd"] * random.standard_normal(svc.shape), 0.0)
    items = _items(library, own, when)
    items = np.clip(np.round(items + n["item_noise_sd"] * random.standard_normal(items.shape)), 0, ITEM_MAXIMUM) + 0.0
    return Draws(
        when,
        np.where(alive, total, np.nan),
        np.where(alive, svc, np.nan),
        np.where(alive[:, None], items, np.nan),
        death,
        _reached(library, own, death, cloud),
    )


def _death(library: Library, own: _Own, cloud: Cloud, random: np.random.Generator) -> np.ndarray:
    """(draws,) months after the last visit to death, given that the patient was alive on the last day known."""
    seen, frailty, factor = cloud.seen, numbers()["frailty"], hazard_factor()
    known = max(seen.alive - float(seen.months[-1]), 0.0)
    hazard = at(library.hazard, own.row, own.now + own.pace * known)
    count = len(own.row)
    # A gamma frailty of those who lived to that hazard is gamma again, with less of it.
    frail = random.gamma(1 / frailty, size=count) / (1 / frailty + factor * hazard)
    wanted = hazard + random.exponential(size=count) / (factor * frail)
    courses = library.hazard[own.row]
    before = (courses <= wanted[:, None]).sum(axis=1) - 1
    ends = before >= courses.shape[1] - 1
    before = np.clip(before, 0, courses.shape[1] - 2)
    rows = np.arange(count)
    low, high = courses[rows, before], courses[rows, before + 1]
    month = before + np.clip((wanted - low) / np.maximum(high - low, 1e-12), 0, 1)
    return np.where(ends, np.inf, np.maximum((month - own.now) / own.pace, known + 1e-6))


def _items(library: Library, own: _Own, months: np.ndarray) -> np.ndarray:
    """(draws, 12, months) latent item scores of the patient."""
    course = own.now[:, None] + own.pace[:, None] * months
    values = [at(library.items[:, k], own.row[:, None], course) for k in range(len(ITEMS))]
    return np.asarray(np.clip(np.stack(values, axis=1) + own.shift[:, :, None], 0, ITEM_MAXIMUM))


def _own(fit: Fit, cloud: Cloud, random: np.random.Generator, draws: int) -> _Own:
    n, library, seen = numbers(), fit.library, cloud.seen
    wanted = (np.arange(draws) + random.random()) / draws
    place = np.minimum(np.searchsorted(np.cumsum(cloud.weight), wanted), len(cloud.weight) - 1)
    row, begin, pace = cloud.row[place], cloud.start[place], cloud.pace[place]

    def level(course: np.ndarray, at_months: np.ndarray, values: np.ndarray, noise: float, offset: float) -> np.ndarray:
        """The patient's distance from the course, given its recorded values: normal, by Bayes."""
        count = len(values)
        rest = values - at(course, row[:, None], begin[:, None] + pace[:, None] * at_months) if count else np.zeros(1)
        mean = np.broadcast_to(rest.sum(axis=-1), draws) * offset**2 / (noise**2 + count * offset**2)
        sd = noise * offset / np.sqrt(noise**2 + count * offset**2)
        return np.asarray(mean + sd * random.standard_normal(draws))

    own_level = level(library.total, seen.months, seen.total, fit.paces.residual_sd, fit.paces.offset_sd)
    capacity = level(library.svc, seen.svc_months, seen.svc, n["capacity_sd"], n["capacity_offset_sd"])
    shift = np.zeros((draws, len(ITEMS)))
    late = seen.rated > (seen.rated[-1] if len(seen.rated) else 0.0) - MOVED_LATE - 0.5
    for k in range(len(ITEMS)):
        rated = seen.item_scores[late, k] if len(seen.item_scores) else np.zeros(0)
        shift[:, k] = level(library.items[:, k], seen.rated[late], rated, n["item_noise_sd"], n["item_sd"])
    return _Own(row, begin + pace * seen.months[-1], pace, own_level, capacity, shift)


def _reached(library: Library, own: _Own, death: np.ndarray, cloud: Cloud) -> np.ndarray:
    months = np.arange(FURTHEST + 1.0)
    known = milestones()
    latent = _items(library, own, months)
    out = np.full((len(own.row), len(known)), np.inf)
    for m, one in enumerate(known):
        below = latent[:, ITEMS.index(one.item)] <= one.threshold
        first = np.where(below.any(axis=1), months[below.argmax(axis=1)], np.inf)
        out[:, m] = 0.0 if already(cloud, one) else np.where(first < death, np.maximum(first, 0.5), np.inf)
    return out


def already(cloud: Cloud, one: Milestone) -> bool:
    """Whether the last rating of a patient is at or past a milestone."""
    scores = cloud.seen.item_scores
    return bool(len(scores) and scores[-1, ITEMS.index(one.item)] <= one.score)


def quantiles(values: np.ndarray) -> dict[str, float]:
    """Median and the ends of each band of recorded values, the dead left out; NaN where hardly anybody lives."""
    living = values[np.isfinite(values)]
    out = {"median": float(np.median(living)) if len(living) >= 10 else np.nan}
    for width, ends in BANDS.items():
        low, high = np.quantile(living, ends, method="closest_observation") if len(living) >= 10 else (np.nan, np.nan)
        out[f"low_{width}"], out[f"high_{width}"] = float(low), float(high)
    return out


def time_quantiles(months: np.ndarray) -> dict[str, float]:
    """Median and bands of a time, infinite where it does not come."""
    ordered = np.sort(months)

    def at_share(share: float) -> float:
        return float(ordered[min(int(share * len(ordered)), len(ordered) - 1)])

    out = {"median": at_share(0.5)}
    for width, (low, high) in BANDS.items():
        out[f"low_{width}"], out[f"high_{width}"] = at_share(low), at_share(high)
    return out


def in_words(one: Milestone, reached: np.ndarray) -> str:
    """A milestone as a sentence, with the digits of the figures beside it: what comes within a month is half of one."""
    ends = time_quantiles(reached)
    if np.all(reached == 0):
        return f"{one.words}: already"
    comes = 100 * float(np.mean(np.isfinite(reached) & (reached <= FURTHEST)))
    low, high = ends["low_90"], ends["high_90"]
    if not np.isfinite(low):
        return f"{one.words}: hardly (in {comes:.0f} % of draws before death or within {FURTHEST} months)"
    until = f"to {high:.3g} months" if np.isfinite(high) else f"months or later, or never ({100 - comes:.0f} %)"
    if not np.isfinite(ends["low_50"]):
        half = "never"
    elif not np.isfinite(ends["high_50"]):
        half = f"{ends['low_50']:.3g} or later"
    else:
        half = f"{ends['low_50']:.3g} to {ends['high_50']:.3g}"
    return f"{one.words}: in {low:.3g} {until} (90 %; middle half {half})"
