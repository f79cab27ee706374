"""Classes by which trials choose: El Escorial, Gold Coast, Japan's grade of severity, supine capacity.

The rules of the categories are the field's standard ones, written from memory as those of the stages are. El Escorial
(Airlie House): definite with upper and lower signs in three of the four regions, probable in two, laboratory-supported
with upper signs in one and denervation in two, possible with both signs in one region or upper signs in two. That upper
signs be above lower ones is not asked. Gold Coast: both signs in one region, or lower signs in two. When a sign shows
is free (``criteria.csv``).
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

import numpy as np

from charcot.clinic.observation import ITEMS

REGIONS = ("bulbar", "cervical", "thoracic", "lumbar")
UPPER = tuple(f"{region}.upper.neurons" for region in REGIONS)
LOWER = tuple(f"{region}.nmj.innervation" for region in REGIONS)
CATEGORIES = ("none", "possible", "probable_laboratory", "probable", "definite")  # by rank
ALIKE = np.ones((1, 2, len(REGIONS)))  # signs are found in everybody alike


@cache
def values() -> dict[str, float]:
    """The numbers of ``criteria.csv``."""
    with (files("charcot.clinic") / "criteria.csv").open(encoding="utf-8") as file:
        return {row["name"]: float(row["value"]) for row in csv.DictReader(file)}


def doubt_of(draws: np.ndarray) -> np.ndarray:
    """(people, 2, 4) by how much more (above one) or less must be lost before upper and lower signs of a region are
    found: people differ in how they show signs and examiners in how they find them, and so do regions.

    Args:
        draws: (people, 10) standard normal: of the person for upper and lower signs, then of each region.
    """
    number = values()
    person, region = draws[:, :2], draws[:, 2:].reshape(-1, 2, len(REGIONS))
    return np.asarray(
        np.exp(number["sign_spread_of_people"] * person[:, :, None] + number["sign_spread_of_regions"] * region)
    )


def _signs(upper: np.ndarray, lower: np.ndarray, doubt: np.ndarray) -> tuple[np.ndarray, ...]:
    """(people, 4) bool: upper signs, lower signs, denervation."""
    number = values()
    above, below = doubt[:, 0], doubt[:, 1]
    return (
        1 - upper > (1 - number["upper_sign"]) * above,
        1 - lower > (1 - number["lower_sign"]) * below,
        1 - lower > (1 - number["electromyography"]) * below,
    )


def el_escorial(upper: np.ndarray, lower: np.ndarray, doubt: np.ndarray = ALIKE) -> np.ndarray:
    """(people,) rank of the category in :data:`CATEGORIES`; NaN where a value is missing.

    Args:
        upper: (people, 4) living upper motor neurons of each region; ``lower``: innervated fibres, both as fractions.
        doubt: of :func:`doubt_of`.
    """
    up, low, denervated = _signs(upper, lower, doubt)
    both = (up & low).sum(axis=1)
    rank = np.zeros(len(upper))
    rank[(both >= 1) | (up.sum(axis=1) >= 2)] = 1
    rank[(up.sum(axis=1) >= 1) & (denervated.sum(axis=1) >= 2)] = 2
    rank[both >= 2] = 3
    rank[both >= 3] = 4
    return np.where(_known(upper, lower), rank, np.nan)


def gold_coast(upper: np.ndarray, lower: np.ndarray, doubt: np.ndarray = ALIKE) -> np.ndarray:
    """(people,) 1 where the Gold Coast criteria are met, else 0. Arguments and NaN as of :func:`el_escorial`."""
    up, low, _ = _signs(upper, lower, doubt)
    met = (up & low).any(axis=1) | (low.sum(axis=1) >= 2)
    return np.where(_known(upper, lower), met.astype(float), np.nan)


def _known(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    return np.asarray(np.isfinite(upper).all(axis=1) & np.isfinite(lower).all(axis=1))


def japan_grade(items: np.ndarray) -> np.ndarray:
    """Japan's grade of severity, 1 to 5, from (..., 12) ALSFRS-R items; NaN where one is missing.

    The grades are in words (1: works, 2: lives alone, 3: needs help, 4: breathes, coughs or swallows badly, 5:
    ventilated or tube-fed); their reading in items is a choice: a limb item at 3 or less ends grade 1, one of self-care
    or walking at 1 or less grade 2, dyspnoea or swallowing at 2 or less or any help in breathing grade 3, and
    swallowing at 0 or a ventilator by night and day grade 4.
    """
    items = np.asarray(items, dtype=float)
    score = {name: items[..., k] for k, name in enumerate(ITEMS)}
    limbs = ("handwriting", "cutting_food", "dressing", "turning_in_bed", "walking", "climbing_stairs")
    care = ("cutting_food", "dressing", "turning_in_bed", "walking")
    breath = score["respiratory_insufficiency"]
    grade = np.ones(items.shape[:-1])
    grade = np.where(np.min([score[name] for name in limbs], axis=0) <= 3, 2.0, grade)
    grade = np.where(np.min([score[name] for name in care], axis=0) <= 1, 3.0, grade)
    grade = np.where((score["dyspnoea"] <= 2) | (score["swallowing"] <= 2) | (breath < 4), 4.0, grade)
    grade = np.where((score["swallowing"] <= 0) | (breath <= 1), 5.0, grade)
    return np.asarray(np.where(np.isfinite(items).all(axis=-1), grade, np.nan))


def supine_capacity(sitting: np.ndarray) -> np.ndarray:
    """Vital capacity lying, % predicted, from that sitting: what is missing of 100 counts more; never below 0."""
    missing = np.maximum(100.0 - sitting, 0.0)
    return np.asarray(np.maximum(sitting - values()["supine_share"] * missing, 0.0))
