"""A run of a PEtab problem: its parameter sets, its folder, its scores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from charcot.core import parquet
from charcot.core.errors import Problem, Problems, Where, raise_if_any
from charcot.core.identifiers import did_you_mean
from charcot.engine.campaign import Folder, run
from charcot.engine.campaign.files import appearing
from charcot.interfaces.own_model.job import STATUSES
from charcot.interfaces.own_model.petab.job import PetabJob
from charcot.interfaces.own_model.petab.problem import PetabProblem
from charcot.interfaces.own_model.petab.reading import read_problem
from charcot.interfaces.own_model.results import finished
from charcot.interfaces.own_model.simulating import SET, Progress, set_names, tolerance_problems
from charcot.interfaces.own_model.tables import Table, read_table

if TYPE_CHECKING:
    import pandas as pd

    from charcot.interfaces.own_model.tables import Given

SCORES = {"scores": ["set"], "scores_by_condition": ["set", "condition"]}  # file -> what a row is for

FIGURES = ["log_likelihood", "chi2"]


@dataclass(frozen=True)
class PetabRun:
    """A finished run: a row for each set and measurement in ``patients/*.parquet``, and the tables of scores."""

    folder: Path
    size: int

    def to_pandas(self) -> pd.DataFrame:
        """A row for each set and measurement.

        Columns: set, measurement_number, condition, observable, time, status, measurement, simulation, noise, residual
        ((measurement - simulation) / noise, on the scale of the observable), log_likelihood.
        """
        import pandas as pd

        return pd.concat([_frame(part) for part in Folder.open(self.folder).parts()], ignore_index=True)

    def scores(self) -> pd.DataFrame:
        """A row for each set: status, measurements, log_likelihood, chi2; no number where a measurement has none."""
        return _frame(self.folder / "scores.parquet")

    def scores_by_condition(self) -> pd.DataFrame:
        """The same for each set and condition."""
        return _frame(self.folder / "scores_by_condition.parquet")

    def status_counts(self) -> dict[str, int]:
        """How many sets ended in which way; a set of which a condition failed as that condition."""
        return {str(status): int(count) for status, count in self.scores()["status"].value_counts().items()}


def simulate_petab(
    problem: str | Path | PetabProblem,
    out: str | Path,
    parameters: Given | None = None,
    *,
    tolerance: float = 1e-6,
    seed: int = 1,
    workers: int = 1,
    scheduler: str | None = None,
    chunk: int | None = None,
    progress: Progress | None = None,
) -> PetabRun:
    """Simulate a PEtab problem and score it, into the folder ``out``. Called again, it goes on where it stood.

    Args:
        problem: the YAML file of a PEtab 1 problem.
        parameters: one row per set (CSV, TSV, Parquet, data frame), on the linear scale. A column is called like a
            parameter of the problem; a column ``set`` names the rows. What has no column has its nominal value. By
            default one set, called ``nominal``.
        tolerance, seed: see :class:`~charcot.interfaces.own_model.petab.job.PetabJob`.
        workers, scheduler, chunk, progress: see :func:`charcot.engine.campaign.run`.

    Raises:
        Problems: everything that is wrong with what was given or not supported, with file and line.
        CampaignError: what ended the campaign; finished chunks are kept.
    """
    job = prepare_petab(problem, parameters, tolerance=tolerance, seed=seed)
    run(job, Folder.begin(Path(out), job, chunk), workers=workers, scheduler=scheduler, progress=progress)
    return score(out)


def prepare_petab(
    problem: str | Path | PetabProblem, parameters: Given | None = None, *, tolerance: float = 1e-6, seed: int = 1
) -> PetabJob:
    """The checked job of :func:`simulate_petab`, with the same arguments."""
    problems = tolerance_problems(tolerance)
    table: Table | None = None
    if parameters is not None:
        try:
            table = read_table(parameters, "the parameter sets")
        except Problems as error:
            problems += error.problems
    if not isinstance(problem, PetabProblem):
        try:
            problem = read_problem(problem)
        except Problems as error:
            raise Problems([*error.problems, *problems], error.title) from None
    sets = np.array(["nominal"], dtype=object) if table is None else set_names(table, problems)
    values = {name: np.full(len(sets), value) for name, value in problem.nominal.items()}
    for name in table.columns if table is not None else ():
        if name in values:
            values[name] = table.numbers(name, problems)  # type: ignore[union-attr]
        elif name != SET:
            text = f"the parameter table of the problem has no parameter called {name!r}"
            where = table.where()  # type: ignore[union-attr]
            problems.append(Problem("unknown-parameter", text, where, did_you_mean(name, values)))
    for name, value in problem.nominal.items():
        if np.isnan(value) and (table is None or name not in table.columns):
            text = f"the parameter {name!r} has no nominal value"
            hint = "Write its nominalValue into the parameter table, or give a column of --parameters."
            problems.append(Problem("petab-no-value", text, Where.of(problem.path), hint))
    raise_if_any(problems, "This cannot be simulated")
    return PetabJob(problem, sets, values, tolerance, seed)


def score(folder: str | Path) -> PetabRun:
    """Sum the scores of a finished run and write them beside it: of each set, and of each set and condition."""
    import pandas as pd

    found = finished(folder)
    made: dict[str, list[pd.DataFrame]] = {name: [] for name in SCORES}
    for part in found.parts():
        frame = _frame(part)
        # a set is as well as the worst of its conditions
        frame["status"] = frame["status"].map({status: k for k, status in enumerate(STATUSES)}).astype(int)
        frame["chi2"] = frame["residual"] ** 2
        for name, keys in SCORES.items():
            groups = frame.groupby(keys, sort=False, observed=True)
            sums = groups[FIGURES].sum()
            sums = sums.where(groups[FIGURES].count().eq(groups.size(), axis=0))  # a sum of some would mislead
            sums.insert(0, "measurements", groups.size())
            sums.insert(0, "status", groups["status"].max().map(dict(enumerate(STATUSES))))
            made[name].append(sums.reset_index())
    for name, frames in made.items():
        with appearing(Path(folder) / f"{name}.parquet") as temporary:
            pd.concat(frames, ignore_index=True).to_parquet(temporary, index=False)
    return PetabRun(Path(folder), found.size)


def open_petab_run(folder: str | Path) -> PetabRun:
    """Open the finished run in ``folder``.

    Raises:
        FolderInTheWay: it holds no run, or one that is not finished.
    """
    return PetabRun(Path(folder), finished(folder).size)


def _frame(file: Path) -> pd.DataFrame:
    frame: pd.DataFrame = parquet.read(file).to_pandas()
    return frame
