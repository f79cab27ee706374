"""What a visit records of a true course: ratings that persist and step down, and the recalled onset. What is measured
by an instrument is in :mod:`charcot.clinic.measurements`.

ALSFRS-R item scores are whole numbers. A rater who knows the last rating changes it only for a reason: of a latent item
``x`` (0 to 4) a visit perceives

    y = x + h(x) * (item_sd * e + (day_sd * d + rater_sd * r) / 12),      h(x) = sqrt(x * (4 - x)) / 2,

with independent standard normal ``e`` (each item and visit), ``d`` (the day: shared by the items of a visit) and
``r`` (the rater: the same from visit to visit until another rates, with probability ``rater_change`` at each). ``h``
is the shape of a binomial standard deviation: 1 in the middle and 0 at both ends, so that a healthy item stays 4 and
a lost one 0. Between two scores lies a boundary of the person's own, about half way
(``boundary_sd``, and no nearer to 0 or 4 than ``boundary_edge``), the same at all visits. A rating falls where ``y`` is
below a boundary by ``fall_margin``, rises where it is above one by ``rise_margin``, and else stays what it was. So
scores go down in steps, rises are rare, and what is off stays off for some visits, as in real series. Patients have
been rated before their first record (``EARLIER_VISITS`` times, while they came to the state of that day), so that a
series begins as it goes on. The numbers are in ``observation.csv``.

Every draw is addressed by (seed, patient, purpose); row k of a patient's visits is the same however many visits
follow, so that a death or a withdrawal changes nothing that was seen before it.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from importlib.resources import files

import numpy as np
from scipy.special import ndtri

from charcot.core.random import stream

ITEMS = (
    "speech",
    "salivation",
    "swallowing",
    "handwriting",
    "cutting_food",
    "dressing",
    "turning_in_bed",
    "walking",
    "climbing_stairs",
    "dyspnoea",
    "orthopnoea",
    "respiratory_insufficiency",
)
ITEM_MAXIMUM = 4  # every ALSFRS-R item is scored 0 to 4
TOTAL_MAXIMUM = ITEM_MAXIMUM * len(ITEMS)
# The scale before the ALSFRS-R had one item on breathing, of which the first of its three is the successor.
ITEMS_40 = [k for k, item in enumerate(ITEMS) if item not in ("orthopnoea", "respiratory_insufficiency")]


@dataclass(frozen=True)
class Noise:
    """What makes a record differ from the truth; units as in ``observation.csv``."""

    item_sd: float
    day_sd: float
    rater_sd: float
    rater_change: float
    boundary_sd: float
    boundary_edge: float
    earlier_step: float
    fall_margin: float
    rise_margin: float
    onset_recall_sd: float


NO_NOISE = Noise(*(0.0,) * len(fields(Noise)))
# Patients were rated so often before their first record, while each item fell to where it is by ``earlier_step`` of its
# loss at a time: a series then begins as it goes on, with ratings that lag behind.
EARLIER, EARLIER_VISITS = "earlier", 3


@cache
def default_noise() -> Noise:
    """The measurement noise of ``observation.csv``."""
    with (files("charcot.clinic") / "observation.csv").open(encoding="utf-8") as file:
        values = {row["name"]: float(row["value"]) for row in csv.DictReader(file)}
    return Noise(**{field.name: values[field.name] for field in fields(Noise)})


def observe_items(
    latent: np.ndarray, seed: int, patient: int | str, purpose: str = "visits", noise: Noise | None = None
) -> np.ndarray:
    """Recorded item scores of one patient.

    Args:
        latent: (visits, 12) true item scores, 0 to 4; NaN where the patient is not seen.
        purpose: which series of visits this is, so that screening and trial visits have their own draws.

    Returns:
        (visits, 12) whole numbers 0 to 4 as floats; NaN where ``latent`` is NaN.
    """
    latent = np.asarray(latent, dtype=float)
    if latent.ndim != 2 or latent.shape[1] != len(ITEMS):
        raise ValueError(f"latent item scores have shape {latent.shape}; expected (visits, {len(ITEMS)})")
    return np.asarray(observe_all_items(latent[None], seed, [patient], purpose, noise)[0])


def observe_all_items(
    latent: np.ndarray,
    seed: int,
    patients: Sequence[int | str] | np.ndarray,
    purpose: str = "visits",
    noise: Noise | None = None,
    before: np.ndarray | None = None,
) -> np.ndarray:
    """Recorded item scores of many patients, as of each alone.

    Args:
        latent: (patients, visits, 12) true item scores, 0 to 4; NaN where a patient is not seen.
        before: (patients, 12) ratings of an earlier series, from which these visits go on; NaN where there are none.

    Returns:
        (patients, visits, 12) whole numbers 0 to 4 as floats; NaN where ``latent`` is NaN.
    """
    noise = noise or default_noise()
    latent = np.asarray(latent, dtype=float)
    if not latent.size:
        return np.full(latent.shape, np.nan)
    boundaries = np.stack([_boundaries(seed, patient, noise) for patient in patients])
    earlier, rater = _drawn(seed, patients, EARLIER, noise, EARLIER_VISITS)
    rating = np.full((len(latent), len(ITEMS)), np.nan)
    if before is None:
        lost = noise.earlier_step * np.arange(EARLIER_VISITS, 0, -1.0)[:, None]
        start = latent[:, :1] + (ITEM_MAXIMUM - latent[:, :1]) * lost
        rating = _rated(_perceived(start, earlier, noise), rating, boundaries, noise)[:, -1]
    else:
        rating = np.array(before, dtype=float)
    draws, _ = _drawn(seed, patients, purpose, noise, latent.shape[1], rater)
    recorded = _rated(_perceived(latent, draws, noise), rating, boundaries, noise)
    return np.asarray(np.where(np.isfinite(latent), recorded, np.nan))


def _rated(seen: np.ndarray, rating: np.ndarray, boundaries: np.ndarray, noise: Noise) -> np.ndarray:
    """(patients, visits, 12) ratings that go on from one to the next; who is not seen keeps the last."""
    out = np.empty(seen.shape)
    for visit in range(seen.shape[1]):
        now = seen[:, visit, :, None]  # NaN compares as false
        high = (now + noise.fall_margin > boundaries).sum(axis=2).astype(float)
        low = (now - noise.rise_margin > boundaries).sum(axis=2).astype(float)
        changed = np.where(np.isnan(rating), high, np.clip(rating, low, high))
        rating = np.where(np.isfinite(seen[:, visit]), changed, rating)
        out[:, visit] = rating
    return out


def _drawn(
    seed: int,
    patients: Sequence[int | str] | np.ndarray,
    purpose: str,
    noise: Noise,
    visits: int,
    rater: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """(patients, visits, 14) standard normal noise of each item, of the day and of the rater; and who rated last, from
    whom another series goes on (``rater``)."""
    items = len(ITEMS)
    # A row for each visit: its items, the day, the rater, and whether the rater is another one.
    draws = np.stack(
        [stream(seed, one, f"item noise, {purpose}").standard_normal((visits, items + 3)) for one in patients]
    )
    now = draws[:, 0, items + 1] if rater is None else rater
    another = float(ndtri(noise.rater_change)) if noise.rater_change > 0 else -np.inf
    for visit in range(visits):
        now = np.where(draws[:, visit, items + 2] < another, draws[:, visit, items + 1], now)
        draws[:, visit, items + 1] = now
    return draws[:, :, : items + 2], now


def _perceived(latent: np.ndarray, draws: np.ndarray, noise: Noise) -> np.ndarray:
    """(patients, visits, 12) what each visit perceives, before it is put into whole numbers."""
    items = len(ITEMS)
    inside = np.clip(latent, 0.0, ITEM_MAXIMUM)
    height = np.sqrt(inside * (ITEM_MAXIMUM - inside)) / (ITEM_MAXIMUM / 2)
    shared = (noise.day_sd * draws[:, :, items] + noise.rater_sd * draws[:, :, items + 1]) / items
    return np.asarray(inside + height * (noise.item_sd * draws[:, :, :items] + shared[:, :, None]))


@lru_cache(maxsize=16_384)
def _boundaries(seed: int, patient: int | str, noise: Noise) -> np.ndarray:
    """(12, 4) where a person's ratings go over from 0 to 1, 1 to 2, ..., the same at every visit of every series."""
    middle, edge = np.arange(ITEM_MAXIMUM) + 0.5, noise.boundary_edge
    draws = stream(seed, patient, "item boundaries").standard_normal((len(ITEMS), ITEM_MAXIMUM))
    found = np.sort(np.clip(middle + noise.boundary_sd * draws, edge, ITEM_MAXIMUM - edge), axis=1)
    found.setflags(write=False)
    return found


def recall_onset(onset: float, diagnosis: float, seed: int, patient: int | str, noise: Noise | None = None) -> float:
    """The day of the first symptom as the patient remembers it: never after the day of diagnosis."""
    noise = noise or default_noise()
    error = noise.onset_recall_sd * float(stream(seed, patient, "onset recall").standard_normal())
    return min(onset + error, diagnosis)
