"""The library of virtual patients from whom the posterior of a real one is made: courses under plausible models.

Each plausible model of the stored ensemble (:mod:`charcot.fitting.plausible`), and the central one, gives as many
incident patients, half of them on riluzole from diagnosis, on a monthly grid from onset. What evidence leaves open
about the model is so part of the prior of every patient. Virtual patients do not die here: the hazard is recorded and
stops nothing, so that who lives longer than the model has it has a course too. One model is one piece: an interrupted
build goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from charcot.clinic.observation import ITEMS
from charcot.core.hashing import hash_files, rooms_hash
from charcot.core.pieces import Pieces
from charcot.core.random import stream, uniforms
from charcot.core.units import DAYS_PER_MONTH
from charcot.fitting import layers
from charcot.patients import draw_cohort, load_population
from charcot.patients.assumptions import Assumed
from charcot.patients.courses import DOMAINS, ITEM_READOUTS
from charcot.patients.people import AGE, CAPACITY, NFL, RILUZOLE, program_under
from charcot.treatments import Regimen

MONTHS = 181  # of the grid from onset: fifteen years
LATER = 24  # months for which a course is followed after the day of death; then it stays where it is
PEOPLE, SEED = 100, 23  # of each model
RILUZOLE_SHARE = 0.5
POPULATION = "incident"
HAZARD = "clinic.survival.cumulative_hazard"
BELOW = ("core", "evidence", "model", "engine", "disease", "treatments", "clinic", "patients")
KIND = "virtual patients of models"
SITES = ("bulbar", "cervical", "lumbar", "thoracic")  # by the domain of the first symptom, in the order of DOMAINS
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Library:
    """Virtual patients; month k is k months after onset.

    Attributes:
        items: (patients, 12, months) latent item scores; ``svc``: (patients, months) % predicted; ``nfl``: pg/mL.
        hazard: (patients, months) cumulative hazard of death or permanent ventilation since onset.
        age: (patients,) years at onset; ``site``: place in ``SITES``; ``riluzole``: bool; ``model``: 0 is central.
    """

    items: np.ndarray
    svc: np.ndarray
    nfl: np.ndarray
    hazard: np.ndarray
    age: np.ndarray
    site: np.ndarray
    riluzole: np.ndarray
    male: np.ndarray
    model: np.ndarray

    def __len__(self) -> int:
        return len(self.age)

    @cached_property
    def total(self) -> np.ndarray:
        """(patients, months) points."""
        return np.asarray(self.items.sum(axis=1))

    @cached_property
    def domains(self) -> np.ndarray:
        """(patients, 4, months) points of each domain, in the order of ``charcot.patients.courses.DOMAINS``."""
        places = [[ITEMS.index(item) for item in items] for items in DOMAINS.values()]
        return np.stack([self.items[:, at].sum(axis=1) for at in places], axis=1)

    @cached_property
    def models(self) -> int:
        return int(self.model.max()) + 1


def at(course: np.ndarray, rows: np.ndarray, months: np.ndarray) -> np.ndarray:
    """A course (patients, ..., grid) of ``rows`` at ``months`` of the same shape, on the line between two months.

    ``rows`` and ``months`` are broadcast against each other; the value at the ends of the grid holds beyond them.
    """
    place = np.clip(months, 0.0, course.shape[-1] - 1.001)
    before = place.astype(np.int64)
    left, right = course[rows, before], course[rows, before + 1]
    return np.asarray(left + (place - before) * (right - left))


def of_model(under: Assumed, people: int, seed: int, model: int = 0, workers: int = 1) -> Library:
    """The drawn incident patients who fall ill under a model, from their onset on, without an end."""
    cohort = under.people(draw_cohort(load_population(POPULATION), people, seed))
    program = program_under(under)
    untreated = under.simulate(cohort, readouts=(AGE,), workers=workers, model=program)
    ill = np.flatnonzero(np.isfinite(untreated.onset) & (untreated.onset < untreated.death) & ~untreated.failed)
    onset, diagnosis = untreated.onset[ill], untreated.diagnosis[ill]
    takes = uniforms(seed, cohort.columns["id"][ill], f"background {RILUZOLE}") < RILUZOLE_SHARE
    until = np.minimum(onset + MONTHS * DAYS_PER_MONTH, untreated.death[ill] + LATER * DAYS_PER_MONTH)
    takes &= diagnosis < until
    endless = cohort.take(ill)
    endless = replace(endless, columns={**endless.columns, "event_draw": np.full(len(ill), np.inf)})
    regimens = [[Regimen.parse(product=RILUZOLE)] if one else [] for one in takes]
    courses = under.simulate(
        endless, regimens, np.where(takes, diagnosis, onset), readouts=(CAPACITY, NFL, HAZARD), workers=workers,
        model=program, until=until,
    )  # fmt: skip
    days = onset[:, None] + np.arange(MONTHS) * DAYS_PER_MONTH

    def course(readout: str, goes_on: bool = False) -> np.ndarray:
        """Its months; after the last simulated one it stays, or goes on by as much each month as in the last."""
        values = np.asarray(courses.at(readout, days))
        last = np.maximum(np.isfinite(values).sum(axis=1) - 1, 1)[:, None]
        end, before = (np.take_along_axis(values, last - k, axis=1) for k in (0, 1))
        later = np.arange(MONTHS) - last
        return np.where(later <= 0, values, end + goes_on * later * (end - before)).astype(np.float32)

    items = np.stack([course(readout) for readout in ITEM_READOUTS], axis=1)
    hazard = course(HAZARD, goes_on=True)
    found = Library(
        items, course(CAPACITY), course(NFL), hazard - hazard[:, :1], untreated.at(AGE, untreated.onset)[ill],
        untreated.domain_onsets[ill].argmin(axis=1), takes, cohort.columns["sex"][ill] == "M",
        np.full(len(ill), model),
    )  # fmt: skip
    sound = np.isfinite(items).all(axis=(1, 2)) & np.isfinite(hazard).all(axis=1)
    return Library(*(getattr(found, name)[sound] for name in Library.__dataclass_fields__))


def join(parts: list[Library]) -> Library:
    """Several libraries as one."""
    names = list(Library.__dataclass_fields__)
    return Library(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def build(
    folder: Path | None, people: int = PEOPLE, models: int | None = None, seed: int = SEED, workers: int = 1,
    progress: Progress | None = None,
) -> Library:  # fmt: skip
    """The library, model by model, each a piece in ``folder``; what is there already is read.

    Args:
        folder: where pieces are kept, None for nowhere. ``models``: of the ensemble, default all that are stored.
        progress: called with 1 after each model.

    Raises:
        charcot.core.errors.Problems: more models than are stored.
    """
    pieces = Pieces(folder) if folder is not None else None
    count = layers.stored() if models is None else models
    parts = []
    for number, assumed in _models(count, seed):
        inputs = {**identity(people, count, seed), "model": number, "models": None}
        there = pieces.find(KIND, inputs) if pieces is not None else None
        part = there[0] if there is not None else _of_model(number, assumed, people, seed, workers)
        if there is None and pieces is not None:
            pieces.keep(KIND, inputs, part)
        parts.append(part)
        if progress is not None:
            progress(1)
    return join(parts)


def _of_model(number: int, assumed: Assumed, people: int, seed: int, workers: int) -> Library:
    own = int(stream(seed, number, "virtual patients of a model").integers(2**31))
    return of_model(assumed, people, own, number, workers)


def _models(count: int, seed: int) -> list[tuple[int, Assumed]]:
    return [(0, Assumed()), *((model.number, model.assumed) for model in (layers.models(count, seed) if count else ()))]


def identity(people: int, models: int | None, seed: int) -> dict[str, Any]:
    """What tells one library from another."""
    return {
        "people": people, "models": models, "seed": seed, "population": POPULATION, "share": RILUZOLE_SHARE,
        "code": rooms_hash(*BELOW) + hash_files([Path(__file__)]), "ensemble": layers.stored_hash(), "months": MONTHS,
    }  # fmt: skip
