"""A fit and its forecasts as tables: a row for each patient, quantity and month, for people and for tools."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from charcot.clinic.milestones import milestones
from charcot.clinic.observation import ITEMS
from charcot.fitting.own_cohort import forecast
from charcot.fitting.own_cohort.assumed import start
from charcot.fitting.own_cohort.library import at
from charcot.fitting.own_cohort.posterior import ENOUGH, Cloud, Fit

EVERY = 3  # months between two forecasts
FEWEST = 10  # draws that live, for a quantity to be told
QUANTITIES = (("ALSFRS-R total", "point"), ("vital capacity", "% predicted"), *((item, "point") for item in ITEMS))
ALIVE_AT = (6, 12, 24, 36, 48, 60)
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of a cohort.

    Attributes:
        scores: subject, month (after the last visit), quantity, unit, alive (share), median, low_50, high_50, low_90,
            high_90: as recorded, while alive.
        survival: subject, median and bands (months after the last visit), alive_6 to alive_60 (shares).
        milestones: subject, milestone, words, comes (share), median and bands (months), sentence.
    """

    scores: pd.DataFrame
    survival: pd.DataFrame
    milestones: pd.DataFrame


def fit_table(fit: Fit) -> pd.DataFrame:
    """A row for each patient: how many particles count, and what the fit says of its paces."""
    rows = []
    for cloud in fit.clouds:
        seen = cloud.seen
        rows.append(
            {
                "subject": seen.subject.name,
                "visits": len(seen.total),
                "last_total": float(seen.total[-1]),
                "months_since_onset": seen.since + float(seen.months[-1]),
                "effective_particles": cloud.effective,
                "drawn_again": cloud.refined,
                "enough": cloud.effective >= ENOUGH,
                **_spread("pace_before", cloud.start / seen.since, cloud.weight),
                **_spread("pace_after", cloud.pace, cloud.weight),
                **_spread("decline_now", _decline(fit, cloud), cloud.weight),
            }
        )
    return pd.DataFrame(rows)


def _decline(fit: Fit, cloud: Cloud) -> np.ndarray:
    """(particles,) points/month about the last visit: half a year centred on it."""
    now = cloud.start + cloud.pace * float(cloud.seen.months[-1])
    total = fit.library.total
    return np.asarray((at(total, cloud.row, now - 3 * cloud.pace) - at(total, cloud.row, now + 3 * cloud.pace)) / 6)


def _spread(name: str, values: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    order = np.argsort(values)
    summed = np.cumsum(weight[order])
    ends = {"": 0.5, "_low_90": 0.05, "_high_90": 0.95}
    places = {key: min(int(np.searchsorted(summed, share)), len(order) - 1) for key, share in ends.items()}
    return {name + key: float(values[order][place]) for key, place in places.items()}


def paces_table(fit: Fit) -> pd.DataFrame:
    """What the cohort has moved, beside where it stood before."""
    first, now = start(len(fit.paces.models)), fit.paces
    words = {
        "before": ("logarithm of the pace before the first visit, mean", "1"),
        "before_sd": ("its SD between patients", "1"),
        "after": ("logarithm of the pace after it, mean", "1"),
        "after_sd": ("its SD between patients of one pace before", "1"),
        "kept": ("how much of the pace before is kept", "1"),
        "residual_sd": ("SD of a recorded total about the course", "point"),
        "offset_sd": ("SD between persons and raters of a level that lasts", "point"),
        "nfl_shift": ("logarithm by which NfL is higher throughout", "1"),
    }
    rows = [
        {"number": key, "words": text, "unit": unit, "assumed": getattr(first, key), "fitted": getattr(now, key)}
        for key, (text, unit) in words.items()
    ]
    models = float(1 / (now.models**2).sum())
    total = float(len(now.models))
    rows.append({"number": "models", "words": "plausible models that count", "unit": "1", "assumed": total,
                 "fitted": models})  # fmt: skip
    return pd.DataFrame(rows)


def forecasts(fit: Fit, months: int, seed: int = 1, workers: int = 1, progress: Progress | None = None) -> Forecasts:
    """Forecast every living patient every ``EVERY`` months up to ``months`` after the last visit."""
    when = np.arange(EVERY, months + 0.5, EVERY)
    living = [cloud for cloud in fit.clouds if not cloud.seen.subject.died]
    parts: list[tuple[list[dict[str, Any]], dict[str, Any], list[dict[str, Any]]]] = []
    with ThreadPoolExecutor(workers) as pool:
        for part in pool.map(lambda cloud: _one(fit, cloud, when, seed), living):
            parts.append(part)
            if progress is not None:
                progress(1)
    return Forecasts(
        pd.DataFrame([row for scores, _, _ in parts for row in scores]),
        pd.DataFrame([row for _, row, _ in parts]),
        pd.DataFrame([row for _, _, rows in parts for row in rows]),
    )


def _one(
    fit: Fit, cloud: Cloud, when: np.ndarray, seed: int
) -> tuple[list[dict[str, Any]], dict[str, Any], list[dict[str, Any]]]:
    name, drawn = cloud.seen.subject.name, forecast.draw(fit, cloud, when.tolist(), seed)
    values = np.concatenate([drawn.total[:, None], drawn.svc[:, None], drawn.items], axis=1)
    rated = bool(len(cloud.seen.item_scores))
    shares = [0.5, *(end for ends in forecast.BANDS.values() for end in ends)]
    keys = ["median", *(f"{side}_{width}" for width in forecast.BANDS for side in ("low", "high"))]
    scores = []
    for k, month in enumerate(when):
        alive = drawn.death > month
        if alive.sum() >= FEWEST:
            ends = np.quantile(values[alive, :, k], shares, axis=0, method="closest_observation")
        else:
            ends = np.full((len(shares), len(QUANTITIES)), np.nan)
        scores += [
            {
                "subject": name, "month": int(month), "quantity": quantity, "unit": unit, "alive": float(alive.mean()),
                **dict(zip(keys, ends[:, q].tolist(), strict=True)), "from_own_items": rated or q < 2,
            }
            for q, (quantity, unit) in enumerate(QUANTITIES)
        ]  # fmt: skip
    survival = {
        "subject": name,
        **forecast.time_quantiles(drawn.death),
        **{f"alive_{month}": float((drawn.death > month).mean()) for month in ALIVE_AT},
    }
    reached = [
        {
            "subject": name, "milestone": one.name, "words": one.words,
            "comes": float(np.mean(drawn.reached[:, m] <= forecast.FURTHEST)),
            "already": forecast.already(cloud, one), **forecast.time_quantiles(drawn.reached[:, m]),
            "sentence": forecast.in_words(one, drawn.reached[:, m]),
        }
        for m, one in enumerate(milestones())
    ]  # fmt: skip
    return scores, survival, reached


def courses(fit: Fit) -> pd.DataFrame:
    """subject, month (after the last visit), total: what was recorded, before what is forecast."""
    rows = []
    for cloud in fit.clouds:
        last = float(cloud.seen.months[-1])
        rows += [
            {"subject": cloud.seen.subject.name, "month": float(month) - last, "total": float(total)}
            for month, total in zip(cloud.seen.months, cloud.seen.total, strict=True)
        ]
    return pd.DataFrame(rows)
