"""What a visit records of a true course: rating, spirometry and assay noise, and the recall of the first symptom.

ALSFRS-R item scores are whole numbers with a floor and a ceiling. A latent item ``x`` (0 to 4) is recorded as

    round( x + h(x) * (item_sd * e + visit_sd / 12 * v) ),      h(x) = sqrt(x * (4 - x)) / 2,

with independent standard normal ``e`` (each item) and ``v`` (shared by the items of one visit). ``h`` is the shape of
a binomial standard deviation: 1 in the middle and 0 at both ends, so that a healthy item stays 4 and a lost one 0.
The numbers are in ``observation.csv``.

Every draw is addressed by (seed, patient, purpose); row k of a patient's visits has the same noise however many
visits follow, so that a death or a withdrawal changes nothing that was seen before it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

import numpy as np

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


@dataclass(frozen=True)
class Noise:
    """Standard deviations of what a visit records; units as in ``observation.csv``."""

    item_sd: float
    visit_sd: float
    vital_capacity_sd: float
    nfl_log_sd: float
    onset_recall_sd: float


NO_NOISE = Noise(0.0, 0.0, 0.0, 0.0, 0.0)


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
    noise = noise or default_noise()
    latent = np.asarray(latent, dtype=float)
    if latent.ndim != 2 or latent.shape[1] != len(ITEMS):
        raise ValueError(f"latent item scores have shape {latent.shape}; expected (visits, {len(ITEMS)})")
    draws = stream(seed, patient, f"item noise, {purpose}").standard_normal((len(latent), len(ITEMS) + 1))
    inside = np.clip(latent, 0.0, ITEM_MAXIMUM)
    height = np.sqrt(inside * (ITEM_MAXIMUM - inside)) / (ITEM_MAXIMUM / 2)
    error = noise.item_sd * draws[:, 1:] + noise.visit_sd / len(ITEMS) * draws[:, :1]
    # Adding 0.0 turns the -0.0 that rounding can give into 0.0.
    return np.clip(np.round(inside + height * error), 0.0, ITEM_MAXIMUM) + 0.0  # type: ignore[no-any-return]


def observe_vital_capacity(
    latent: np.ndarray, seed: int, patient: int | str, purpose: str = "visits", noise: Noise | None = None
) -> np.ndarray:
    """Recorded slow vital capacity, % predicted, (visits,), never below 0; ``latent`` likewise."""
    noise = noise or default_noise()
    latent = np.asarray(latent, dtype=float)
    draws = stream(seed, patient, f"vital capacity noise, {purpose}").standard_normal(latent.shape)
    return np.maximum(latent + noise.vital_capacity_sd * draws, 0.0)  # type: ignore[no-any-return]


def observe_nfl(
    latent: np.ndarray, seed: int, patient: int | str, purpose: str = "visits", noise: Noise | None = None
) -> np.ndarray:
    """Recorded serum NfL, pg/mL, (visits,): ``latent`` times a log-normal reading error."""
    noise = noise or default_noise()
    latent = np.asarray(latent, dtype=float)
    draws = stream(seed, patient, f"nfl noise, {purpose}").standard_normal(latent.shape)
    return latent * np.exp(noise.nfl_log_sd * draws)  # type: ignore[no-any-return]


def recall_onset(onset: float, diagnosis: float, seed: int, patient: int | str, noise: Noise | None = None) -> float:
    """The day of the first symptom as the patient remembers it: never after the day of diagnosis."""
    noise = noise or default_noise()
    error = noise.onset_recall_sd * float(stream(seed, patient, "onset recall").standard_normal())
    return min(onset + error, diagnosis)
