"""The numbers that a fit of one's own cohort starts from (``numbers.csv``), and how a cohort moves some of them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


@cache
def numbers() -> dict[str, float]:
    """Every number of ``numbers.csv`` by name."""
    with (HERE / "numbers.csv").open(newline="", encoding="utf-8") as handle:
        return {row["name"]: float(row["value"]) for row in csv.DictReader(handle)}


@dataclass(frozen=True)
class Paces:
    """How the paces of a cohort lie about those of the virtual patients, and how noisy its totals are.

    The pace before the first visit is p = a / d, where d is the time from onset to that visit and a the age of the
    virtual course that it meets; the pace after it, q, is by how much the course is then walked faster:

        log p ~ N(before, before_sd),   log q | p ~ N(after + kept (log p - before), after_sd).

    Attributes:
        residual_sd: SD of a recorded total about the course and its level, points.
        offset_sd: SD of that level between persons and raters, points.
        nfl_shift: by which the logarithm of NfL is higher throughout the cohort: assays differ.
        models: (models,) share of each plausible model, 1 in all.
    """

    before: float
    before_sd: float
    after: float
    after_sd: float
    kept: float
    residual_sd: float
    offset_sd: float
    nfl_shift: float
    models: np.ndarray


def start(models: int) -> Paces:
    """The prior, before a cohort is seen."""
    n = numbers()
    own = n["pace_after_sd"] ** 2 - (n["pace_kept"] * n["pace_before_sd"]) ** 2
    return Paces(
        0.0, n["pace_before_sd"], 0.0, float(np.sqrt(own)), n["pace_kept"], n["residual_sd"],
        n["offset_sd"], 0.0, np.full(models, 1 / models),
    )  # fmt: skip


@dataclass(frozen=True)
class Clouds:
    """Particles of all patients, (patients, particles), from which the paces of the cohort are learnt.

    Attributes:
        p, q: logarithms of the paces before and after; p is NaN where the onset is not known.
        model: of each particle; ``sum1``, ``sum2``: sum and sum of squares of the residuals of the total.
        visits: (patients,) scored visits; ``nfl``: mean residual of the logarithm of NfL, over ``nfl_visits``.
        fixed: log weight without what depends on :class:`Paces`.
    """

    p: np.ndarray
    q: np.ndarray
    model: np.ndarray
    sum1: np.ndarray
    sum2: np.ndarray
    visits: np.ndarray
    nfl: np.ndarray
    nfl_visits: np.ndarray
    fixed: np.ndarray


def log_normal(x: np.ndarray, mean: np.ndarray | float, sd: float) -> np.ndarray:
    """The logarithm of a normal density."""
    return np.asarray(-0.5 * ((x - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi))


def log_level(
    sum1: np.ndarray, sum2: np.ndarray, visits: np.ndarray | float, noise: float, offset: float
) -> np.ndarray:
    """Log likelihood of residuals that share a normal level, which is integrated out (a random intercept)."""
    shared = offset**2 / (noise**2 + visits * offset**2)
    quadratic = (sum2 - shared * sum1**2) / noise**2
    determinant = (visits - 1) * np.log(noise**2) + np.log(noise**2 + visits * offset**2)
    return np.asarray(-0.5 * (quadratic + determinant + visits * np.log(2 * np.pi)))


def log_nfl(mean: np.ndarray, visits: np.ndarray | float, shift: float) -> np.ndarray:
    """Log likelihood of the mean residual of the logarithm of NfL over some visits, with a level of the person; 0
    without visits."""
    n, count = numbers(), np.asarray(visits, dtype=float)
    variance = n["nfl_offset_log_sd"] ** 2 + n["nfl_log_sd"] ** 2 / np.maximum(count, 1)
    return np.asarray(np.where(count > 0, -0.5 * ((mean - shift) ** 2 / variance + np.log(variance)), 0.0))


def hazard_factor() -> float:
    """By which the hazard is raised, so that a frailty of mean 1 leaves the median survival of a course unchanged."""
    frailty = numbers()["frailty"]
    return float((2**frailty - 1) / (frailty * np.log(2)))


def log_alive(hazard: np.ndarray) -> np.ndarray:
    """Log probability of being alive at a cumulative hazard, with a gamma frailty."""
    frailty = numbers()["frailty"]
    return np.asarray(-np.log1p(frailty * hazard_factor() * hazard) / frailty)


def log_pace_after(q: np.ndarray, p: np.ndarray, paces: Paces) -> np.ndarray:
    """Log density of the logarithm of the pace after, given that before (NaN: not known)."""
    known = np.isfinite(p)
    mean = np.where(known, paces.after + paces.kept * (np.where(known, p, 0.0) - paces.before), paces.after)
    sd = np.where(known, paces.after_sd, np.hypot(paces.after_sd, paces.kept * paces.before_sd))
    return np.asarray(-0.5 * ((q - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi))


def log_weights(clouds: Clouds, paces: Paces) -> np.ndarray:
    """(patients, particles) normalised log weights under some paces."""
    p = clouds.p
    out = clouds.fixed + np.log(paces.models)[clouds.model] + log_pace_after(clouds.q, p, paces)
    known = np.isfinite(p)
    out = out + np.where(known, log_normal(np.where(known, p, 0.0), paces.before, paces.before_sd), 0.0)
    out = out + log_level(clouds.sum1, clouds.sum2, clouds.visits[:, None], paces.residual_sd, paces.offset_sd)
    out = out + log_nfl(clouds.nfl, clouds.nfl_visits[:, None], paces.nfl_shift)
    top = out.max(axis=1, keepdims=True)
    return np.asarray(out - top - np.log(np.exp(out - top).sum(axis=1, keepdims=True)))


def learn(clouds: Clouds, paces: Paces, rounds: int = 24) -> Paces:
    """The paces that a cohort makes most likely, with the prior worth ``prior_patients`` (expectation maximisation)."""
    n, first = numbers(), paces
    for _ in range(rounds):
        w = np.exp(log_weights(clouds, paces))
        known = np.isfinite(clouds.p)
        wk, p = w * known, np.where(known, clouds.p, 0.0)
        count, worth = float(wk.sum()), n["prior_patients"]
        before = float((wk * p).sum() + worth * first.before) / (count + worth)
        centred = p - before
        spread = float((wk * centred**2).sum()) + worth * first.before_sd**2
        kept = float((wk * centred * (clouds.q - paces.after)).sum()) + worth * first.before_sd**2 * first.kept
        kept = kept / spread
        rest = clouds.q - np.where(known, kept * centred, 0.0)
        everybody = float(w.sum())
        after = (float((w * rest).sum()) + worth * first.after) / (everybody + worth)
        after_var = (float((w * (rest - after) ** 2).sum()) + worth * first.after_sd**2) / (everybody + worth)
        k, noise, offset = clouds.visits[:, None], paces.residual_sd, paces.offset_sd
        level = clouds.sum1 * offset**2 / (noise**2 + k * offset**2)
        left = noise**2 * offset**2 / (noise**2 + k * offset**2)
        squares = clouds.sum2 - 2 * level * clouds.sum1 + k * (level**2 + left)
        residual = float((w * squares).sum()) + 4 * worth * first.residual_sd**2
        residual /= float(clouds.visits.sum()) + 4 * worth
        level_var = (float((w * (level**2 + left)).sum()) + worth * first.offset_sd**2) / (everybody + worth)
        assayed = w * (clouds.nfl_visits > 0)[:, None]
        precision = (n["nfl_offset_log_sd"] / n["nfl_assay_log_sd"]) ** 2
        shift = float((assayed * clouds.nfl).sum()) / (float(assayed.sum()) + precision)
        share = np.bincount(clouds.model.ravel(), w.ravel(), minlength=len(first.models)) + n["model_patients"]
        paces = Paces(
            before, float(np.sqrt(spread / (count + worth))), after, float(np.sqrt(after_var)), kept,
            float(np.sqrt(residual)), float(np.sqrt(level_var)), shift, share / share.sum(),
        )  # fmt: skip
    return paces
