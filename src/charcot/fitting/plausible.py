"""Plausible models: vectors of numbers, drawn from their priors, whose simulated patients are like published ones.

Each model is a vector z of numbers in standard deviations of their priors (``plausible.csv``). Its patients are drawn
anew, pass the entry rules of published trials, and give the figures of ``patients/targets``; those for calibration
move the ensemble (:mod:`charcot.fitting.smoother`), those for validation only judge it. What has no prior here stays at
its shipped value: the ensemble says what these numbers leave open, and no more.

A fit is a folder with one campaign for each round, so that a killed one goes on where it stood, and the same command
gives the same bytes.
"""

from __future__ import annotations

import csv
import functools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from charcot.core import parquet
from charcot.core.hashing import hash_text
from charcot.core.random import normals, stream
from charcot.engine import campaign
from charcot.engine.campaign import Block, Folder
from charcot.engine.campaign.files import appearing
from charcot.engine.campaign.machine import made_by
from charcot.fitting.estimation import FreeNumber
from charcot.fitting.numbers import changed, free_numbers
from charcot.fitting.smoother import effective_size, inflations, move
from charcot.patients import program, targets
from charcot.patients.targets import Target
from charcot.trials import population_check

if TYPE_CHECKING:
    import pyarrow

DECLARED = Path(__file__).parent / "plausible.csv"
SHIPPED = Path(__file__).parent / "ensemble.csv"
MADE_BY = Path(__file__).parent / "ensemble.json"
MOST_DRAWS = 20  # of one model until its patients fall ill and can be read
LEAST_READ = 0.8  # share of the targets that a model must give a figure for
Progress = Callable[[int], None]


def declared() -> dict[str, str]:
    """The numbers that differ between plausible models, each with the reason."""
    with DECLARED.open(newline="", encoding="utf-8") as handle:
        return {row["number"]: row["why"] for row in csv.DictReader(handle)}


def numbers() -> tuple[FreeNumber, ...]:
    """The declared numbers with their priors."""
    return _numbers()


@functools.cache
def _numbers() -> tuple[FreeNumber, ...]:
    return free_numbers(declared())


def values_at(z: Sequence[float] | np.ndarray) -> dict[str, float]:
    """The value of each declared number, in its unit, at a point in prior standard deviations."""
    return {number.name: number.value(float(at)) for number, at in zip(numbers(), z, strict=True)}


@dataclass(frozen=True)
class RoundJob:
    """The models of one round: model 0 is the shipped one (z = 0) and is never moved, the others follow ``points``.

    Attributes:
        points: (models, numbers) in prior standard deviations; None in round 0, where models are drawn.
        models: how many beside model 0.
        width: of the draws of round 0, as a share of the priors' width.
    """

    models: int
    patients: int
    seed: int
    round: int
    points: tuple[tuple[float, ...], ...] | None
    width: float = 1.0

    @property
    def size(self) -> int:
        return self.models + 1

    def description(self) -> dict[str, Any]:
        points = hash_text(repr(self.points), 16) if self.points is not None else "drawn"
        plain = {name: getattr(self, name) for name in ("models", "patients", "seed", "round", "width")}
        return {**plain, "points": points, "numbers": list(declared()), "targets": targets.frozen_hash()}

    def fingerprint(self) -> dict[str, str]:
        return made_by()

    def arrays(self) -> tuple[()]:
        return ()

    def block(self, first: int, last: int) -> Block:
        import pyarrow

        rows = [self._row(model) for model in range(first, last)]
        return Block(pyarrow.Table.from_pylist(rows, schema=_schema()))

    def _row(self, model: int) -> dict[str, Any]:
        if model == 0:
            z, draws = np.zeros(len(numbers())), 0
            figures, failed, errors = self._figures(z, model, 0, with_errors=True)
        elif self.points is not None:
            z, draws, errors = np.array(self.points[model - 1]), 1, None
            figures, failed, _ = self._figures(z, model, 0)
        else:
            for draws in range(1, MOST_DRAWS + 1):
                address = f"{model} draw {draws}"
                z = self.width * np.array([normals(self.seed, [address], f"plausible {n.name}")[0] for n in numbers()])
                figures, failed, errors = self._figures(z, model, draws)
                if np.isfinite(figures).mean() >= LEAST_READ:
                    break
        return {
            "model": model,
            "draws": draws,
            "failed": failed,
            "z": z.tolist(),
            "figures": figures.tolist(),
            "errors": [] if errors is None else errors.tolist(),
        }

    def _figures(
        self, z: np.ndarray, model: int, draw: int, with_errors: bool = False
    ) -> tuple[np.ndarray, int, np.ndarray]:
        """(targets,) of the model's own patients, how many of them failed, and Monte-Carlo errors where asked for."""
        seed = int(stream(self.seed, f"{self.round}/{model}/{draw}", "patients of a model").integers(2**31))
        try:
            checked = population_check.check(self.patients, seed, changed(values_at(z)), with_errors=with_errors)
        except ValueError:  # nobody falls ill, or nobody is diagnosed: there is nothing to read
            return np.full(len(targets.load()), np.nan), 0, np.zeros(len(targets.load()))
        found = np.array([verdict.simulated for verdict in checked.verdicts])
        return found, checked.failed, np.array([verdict.monte_carlo for verdict in checked.verdicts])


def _schema() -> pyarrow.Schema:
    import pyarrow

    many = pyarrow.list_(pyarrow.float64())
    whole = pyarrow.int64()
    fields = {"model": whole, "draws": whole, "failed": whole, "z": many, "figures": many, "errors": many}
    return pyarrow.schema(list(fields.items()))


@dataclass(frozen=True)
class Ensemble:
    """What a fit found.

    Attributes:
        rounds: for each round, (models + 1, numbers) points and (models + 1, targets) figures, model 0 first.
        errors: (targets,) Monte-Carlo errors of one model's figures.
        draws: (models,) how many draws of the priors each model took until its patients could be read.
        failed: (rounds,) simulated patients that failed.
        width: of the first draws, as a share of the priors' width.
    """

    numbers: tuple[FreeNumber, ...]
    targets: tuple[Target, ...]
    rounds: tuple[tuple[np.ndarray, np.ndarray], ...]
    errors: np.ndarray
    draws: np.ndarray
    failed: tuple[int, ...]
    width: float = 1.0

    @property
    def points(self) -> np.ndarray:
        """(models, numbers) of the last round, without the shipped model."""
        return np.asarray(self.rounds[-1][0][1:])

    def shares_inside(self, place: int, kind: str) -> np.ndarray:
        """(models + 1,) the share of the targets of a kind that each model of a round is inside of."""
        figures = self.rounds[place][1]
        mine = [k for k, target in enumerate(self.targets) if target.kind == kind]
        held = [[self.targets[k].holds(row[k], self.errors[k]) for k in mine] for row in figures]
        return np.asarray(np.mean(held, axis=1))

    def costs(self, place: int) -> np.ndarray:
        """(models + 1,) the sum of squared misses of the calibration targets, each nine at most."""
        observed, error, mine = observations(self.targets, self.errors)
        misses = (self.rounds[place][1][:, mine] - observed) / error
        return np.asarray(np.minimum(np.where(np.isfinite(misses), misses**2, 9.0), 9.0).sum(axis=1))

    def effective_size(self, place: int) -> float:
        """What the models of a round would be worth if they were weighed and not moved."""
        return effective_size(self.costs(place)[1:])


def observations(known: Sequence[Target], errors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value and error of each calibration target, the Monte-Carlo error included, and where they stand among all."""
    mine = np.array([k for k, target in enumerate(known) if target.kind == "calibration"])
    error = np.array([math.hypot(known[k].error, known[k].between, np.nan_to_num(errors[k])) for k in mine])
    return np.array([known[k].value for k in mine]), error, mine


def fit(
    folder: Path,
    models: int,
    patients: int,
    rounds: int,
    seed: int,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Progress | None = None,
    width: float = 1.0,
) -> Ensemble:
    """Fit an ensemble into ``folder``, or go on with the one that was begun there.

    Args:
        models: how many; ``patients``: incident ones of each, those of other populations beside (
            :func:`charcot.trials.population_check.sizes`).
        rounds: steps of the smoother; one more round of simulation reads where it ended.
        progress: called with numbers of models that are done.
        width: of the first draws, as a share of the priors' width, around the shipped numbers. Some fifty models in
            forty numbers cannot search priors of full width: drawn narrower they stay where figures are met, and say
            what is open near the shipped numbers, not how far away others might do as well.

    Raises:
        charcot.engine.campaign.CampaignError: what ended it; what is done is kept.
    """
    known = targets.load()
    points: tuple[tuple[float, ...], ...] | None = None
    found, failed = [], []
    errors = np.zeros(len(known))
    draws = np.ones(models)
    steps = inflations(rounds)
    for k in range(rounds + 1):
        job = RoundJob(models, patients, seed, k, points, width)
        table = _run(job, folder / f"round-{k}", workers, scheduler, progress)
        z, figures = np.array(table["z"].to_pylist()), np.array(table["figures"].to_pylist(), dtype=float)
        if k == 0:
            errors = np.array(table["errors"].to_pylist()[0])
            draws = np.array(table["draws"].to_pylist()[1:])
        found.append((z, figures))
        failed.append(int(np.sum(table["failed"].to_pylist())))
        if k < rounds:
            observed, error, mine = observations(known, errors)
            addresses = [f"{k}/{model}" for model in range(1, models + 1)]
            noise = np.stack([normals(seed, addresses, f"noise {known[place].name}") for place in mine], axis=1)
            moved = move(z[1:], figures[1:, mine], observed, error, steps[k], noise)
            points = tuple(tuple(float(f"{at:.9g}") for at in row) for row in moved)
    return Ensemble(numbers(), known, tuple(found), errors, draws, tuple(failed), width)


def _run(job: RoundJob, path: Path, workers: int, scheduler: str | None, progress: Progress | None) -> pyarrow.Table:
    import pyarrow

    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Folder.begin(path, job, 1)
    campaign.run(job, folder, workers=workers, scheduler=scheduler, progress=progress, found=progress)
    return pyarrow.concat_tables([parquet.read(part) for part in folder.parts()])


def record(found: Ensemble, command: str) -> dict[str, Any]:
    """What a fit found, JSON-able: command and hashes, each round, and the ends of each number."""
    rounds = [
        {
            "calibration_inside": 100 * float(np.median(found.shares_inside(k, "calibration")[1:])),
            "validation_inside": 100 * float(np.median(found.shares_inside(k, "validation")[1:])),
            "cost": float(np.median(found.costs(k)[1:])),
            "effective_size": found.effective_size(k),
            "failed_patients": found.failed[k],
        }
        for k in range(len(found.rounds))
    ]
    middle = np.nanmedian(found.rounds[-1][1][1:], axis=0)
    inside = {kind: [] for kind in targets.KINDS}  # type: dict[str, list[bool]]
    for target, figure, error in zip(found.targets, middle, found.errors, strict=True):
        inside[target.kind].append(target.holds(float(figure), float(np.nan_to_num(error))))
    ends = np.percentile(found.points, (2.5, 50.0, 97.5), axis=0)
    return {
        "command": command,
        "targets": targets.frozen_hash(),
        "program": program().hash,
        "numbers_hash": hash_text(DECLARED.read_text(encoding="utf-8"), 12),
        "models": len(found.points),
        "width_of_first_draws": found.width,
        "redrawn": int((found.draws > 1).sum()),
        "rounds": rounds,
        "median_model": {kind: f"{sum(held)} of {len(held)}" for kind, held in inside.items()},
        "numbers": [
            {
                "name": number.name,
                "unit": number.unit,
                "shipped": number.start,
                **{key: number.value(float(at)) for key, at in zip(("low", "median", "high"), column, strict=True)},
                "width_left": float(width),
            }
            for number, column, width in zip(found.numbers, ends.T, found.points.std(axis=0), strict=True)
        ],
    }


def store(found: Ensemble, told: Mapping[str, Any], folder: Path = SHIPPED.parent) -> None:
    """Write the models of the last round, and what made them, beside the numbers that they move."""
    with appearing(folder / SHIPPED.name) as temporary, temporary.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, ["model", *(n.name for n in found.numbers)], lineterminator="\n")
        writer.writeheader()
        for k, z in enumerate(found.points, 1):
            writer.writerow({"model": k, **{name: f"{value:.6g}" for name, value in values_at(z).items()}})
    with appearing(folder / MADE_BY.name) as temporary:
        temporary.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def read(path: Path = SHIPPED) -> list[dict[str, float]]:
    """The numbers of each model of a stored ensemble, in their units."""
    with path.open(newline="", encoding="utf-8") as handle:
        return [{name: float(text) for name, text in row.items() if name != "model"} for row in csv.DictReader(handle)]
