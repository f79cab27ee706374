"""The doors to one's own cohort: every call of ``charcot cohort`` into the science goes through here, loaded late."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from charcot.interfaces.cli.rooms import Progress

if TYPE_CHECKING:
    import pandas as pd

    from charcot.fitting.own_cohort.library import Library
    from charcot.fitting.own_cohort.posterior import Fit
    from charcot.fitting.own_cohort.reading import OwnCohort, Subject
    from charcot.fitting.own_cohort.results import Forecasts


def read(files: Sequence[Path], columns: Path | None) -> OwnCohort:
    from charcot.fitting.own_cohort.columns import read_columns
    from charcot.fitting.own_cohort.reading import read_cohort

    return read_cohort(files, read_columns(columns))


def library_identity(models: int | None = None) -> dict[str, object]:
    """What tells the library from others; ``models``: plausible ones, None for what all libraries of a folder share."""
    from charcot.fitting.own_cohort import library

    return library.identity(library.PEOPLE, models, library.SEED)


def library_folder() -> Path:
    """Where the library is kept: beside compiled code, in a private folder of the user."""
    from charcot.core.hashing import hash_json
    from charcot.engine.compiled import cache_folder

    return cache_folder() / f"virtual-patients-{hash_json(library_identity(), 12)}"


def build(models: int, workers: int, progress: Progress) -> Library:
    """Virtual patients of the central model and of the first ``models`` plausible ones."""
    from charcot.fitting.own_cohort.library import build as make

    return make(library_folder(), models=models, workers=workers, progress=progress)


def fit(subjects: Sequence[Subject], library: Library, seed: int, workers: int, progress: Progress) -> Fit:
    from charcot.fitting.own_cohort.posterior import fit as run

    return run(subjects, library, seed, workers, progress)


def forecasts(found: Fit, months: int, seed: int, workers: int, progress: Progress) -> Forecasts:
    from charcot.fitting.own_cohort.results import forecasts as run

    return run(found, months, seed, workers, progress)


def never() -> str:
    """What it means that a milestone never comes."""
    from charcot.fitting.own_cohort.forecast import NEVER

    return NEVER


def fit_tables(found: Fit) -> dict[str, pd.DataFrame]:
    from charcot.fitting.own_cohort import results

    tables = {"fit": results.fit_table, "paces": results.paces_table, "recorded": results.courses}
    return {name: table(found) for name, table in tables.items()}
