"""Stores of made-up people, whose truth is known: straight lines, drawn without the engine."""

from __future__ import annotations

import numpy as np

from charcot.clinic.criteria import LOWER, UPPER
from charcot.clinic.observation import ITEMS
from charcot.core.random import normals, uniforms
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from charcot.patients.cohort import START_AGE, Cohort
from charcot.patients.people import READOUTS, Store

MONTHS = 361
SILENT = 24  # months from the seed to onset


def people(n: int, seed: int = 1, slope: float = 1.0, spread: float = 0.6, alike: bool = False) -> Store:
    """``n`` people who lose ``slope`` points a month from onset in the median, are diagnosed after 10 months and die at
    a score of 16. ``spread``: SD of the log of the slope; ``alike``: everybody is the median person."""
    ids = np.arange(n)

    def normal(purpose: str) -> np.ndarray:
        return np.zeros(n) if alike else normals(seed, ids, purpose)

    own = slope * np.exp(spread * normal("slope"))
    age = 60 + 11 * normal("age") - SILENT / 12
    men = np.full(n, True) if alike else uniforms(seed, ids, "sex") < 0.58
    bulbar = np.zeros(n, dtype=bool) if alike else uniforms(seed, ids, "site") < 0.28
    month = np.arange(MONTHS) - SILENT
    total = np.clip(48 - own[:, None] * np.maximum(month, 0), 0, 48)
    death = np.minimum(SILENT + 32 / own, MONTHS - 1) * DAYS_PER_MONTH
    values = np.zeros((len(READOUTS), n, MONTHS), dtype=np.float32)
    for k in range(len(ITEMS)):
        values[k] = total / 12
    values[READOUTS.index("clinic.alsfrs_r.total")] = total
    values[READOUTS.index("clinic.vital_capacity")] = 100 - 2.5 * (48 - total)
    values[READOUTS.index("biomarker.nfl_serum")] = (60 * own)[:, None]
    values[READOUTS.index("person.age")] = np.maximum(START_AGE, age[:, None] + np.arange(MONTHS) / 12)
    for name in (*UPPER, *LOWER):
        values[READOUTS.index(name)] = total / 48
    after = np.arange(MONTHS)[None, :] * DAYS_PER_MONTH > death[:, None]
    values[:, after] = np.nan
    onset = np.full(n, SILENT * DAYS_PER_MONTH)
    wait = np.zeros(n) if alike else 0.1 * DAYS_PER_YEAR * uniforms(seed, ids, "delay")
    first = np.where(bulbar, 0, 2)
    domains = onset[:, None] + np.full((n, 4), 12 * DAYS_PER_MONTH)
    domains[ids, first] = onset
    columns = {
        "id": ids,
        "sex": np.where(men, "M", "F"),
        "genotype": np.full(n, "sporadic"),
        "seed_age_years": age,
        "onset_region": np.where(bulbar, "bulbar", "lumbar"),
    }
    return Store(
        cohort=Cohort(seed, columns, {}),
        values=np.repeat(values[None], 2, axis=0),
        death=np.repeat(death[None], 2, axis=0),
        end=np.repeat(death[None], 2, axis=0),
        onset=onset,
        diagnosis=onset + 10 * DAYS_PER_MONTH + wait,
        domain_onsets=domains,
        failed=np.zeros(n, dtype=bool),
    )
