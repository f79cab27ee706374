"""Each mechanism switched off alone: what then happens to the same people."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from charcot import patients
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from charcot.disease import REGIONS
from charcot.patients import Courses, draw_cohort, load_population

MONTHS = np.arange(-12.0, 61.0, 3.0)  # since the onset of the whole model
SCORE_MONTHS = 24.0
FOLLOW_UP_YEARS = 10.0
PATIENTS = 30
SEED = 7
INNERVATION = tuple(f"{region}.nmj.innervation" for region in REGIONS)
READOUTS = (*INNERVATION, *(f"{region}.pool.neurons" for region in REGIONS))
GENES = {"sod1": "sod1", "fus": "fus", "dipeptide": "c9orf72"}  # word of a mechanism's name -> who shows it

RESULT_COLUMNS = (
    "mechanism", "population", "patients", "survival_with", "survival_without", "score_with", "score_without",
    "innervation_with", "innervation_without", "neurons_with", "neurons_without", "onset_share_without", "failed",
)  # fmt: skip


def population_for(mechanism: str) -> str:
    """Whose disease shows the mechanism: carriers for that of one gene, else sporadic patients."""
    words = mechanism.replace(".", "_").split("_")
    return next((population for word, population in GENES.items() if word in words), "sporadic")


def mechanism_names() -> list[str]:
    """The mechanisms of the disease and of the clinic, without those of products."""
    return [mechanism.name for mechanism in patients.definition().mechanisms]


def ablate(
    names: Iterable[str] | None = None,
    n: int = PATIENTS,
    seed: int = SEED,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Results (a row per mechanism) and curves (mechanism, month, with, without: mean ALSFRS-R, 0 after death).

    With and without a mechanism are the same people with the same draws; months count from the onset that each has
    with all mechanisms on. Who fails without the mechanism is counted in ``failed`` and left out of both sides.
    """
    chosen = mechanism_names() if names is None else list(names)
    whole: dict[str, Courses] = {}
    results, curves = [], []
    for name in chosen:
        population = population_for(name)
        if population not in whole:
            cohort = draw_cohort(load_population(population), n, seed)
            courses = patients.simulate(
                cohort, readouts=READOUTS, workers=workers, progress=progress, model=patients.laboratory()
            )
            whole[population] = courses.take(np.flatnonzero(np.isfinite(courses.onset) & ~courses.failed))
        reference = whole[population]
        without = patients.simulate(
            reference.cohort, readouts=READOUTS, workers=workers, progress=progress, off=frozenset({name})
        )
        sound = np.flatnonzero(~without.failed)
        failed = len(reference.onset) - len(sound)
        reference, without = reference.take(sound), without.take(sound)
        results.append((*_result(name, population, reference, without), failed))
        curves += [
            (name, float(month), with_it, without_it)
            for month, with_it, without_it in zip(
                MONTHS, _curve(reference, reference), _curve(without, reference), strict=True
            )
        ]
    return (
        pd.DataFrame(results, columns=list(RESULT_COLUMNS)),
        pd.DataFrame(curves, columns=["mechanism", "month", "with_it", "without_it"]),
    )


def _score(courses: Courses, days: np.ndarray) -> np.ndarray:
    values = courses.at("clinic.alsfrs_r.total", days)
    dead = courses.death[:, None] <= days if days.ndim == 2 else courses.death <= days
    return np.asarray(np.where(dead, 0.0, values))


def _curve(courses: Courses, reference: Courses) -> list[float]:
    days = reference.onset[:, None] + MONTHS[None, :] * DAYS_PER_MONTH
    scores = _score(courses, np.maximum(days, 0.0))
    return [round(_mean(column[np.isfinite(column)]), 2) for column in scores.T]


def _mean(values: np.ndarray) -> float:
    """The mean over patients; NaN when none is left."""
    return float(values.mean()) if len(values) else float("nan")


def _result(name: str, population: str, reference: Courses, without: Courses) -> tuple[object, ...]:
    when = reference.onset + SCORE_MONTHS * DAYS_PER_MONTH
    limit = FOLLOW_UP_YEARS * DAYS_PER_YEAR

    def lived(courses: Courses) -> float:
        return round(_mean(np.clip(courses.death - reference.onset, 0.0, limit)) / DAYS_PER_MONTH, 1)

    def mean_of(courses: Courses, readouts: tuple[str, ...]) -> float:
        values = np.mean([courses.at(readout, when) for readout in readouts], axis=0)
        return round(_mean(np.where(courses.death <= when, 0.0, values)), 3)

    pairs = [
        (lived(c), round(_mean(_score(c, when)), 1), mean_of(c, INNERVATION), mean_of(c, READOUTS[4:]))
        for c in (reference, without)
    ]
    both = [value for with_it, without_it in zip(*pairs, strict=True) for value in (with_it, without_it)]
    ill = round(_mean(np.isfinite(without.onset).astype(float)), 3)
    return (name, population, len(reference.onset), *both, ill)
