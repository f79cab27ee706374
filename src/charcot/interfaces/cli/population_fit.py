"""``charcot population fit``: an ensemble of plausible models, by what is published of patients."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charcot.interfaces import runs
from charcot.interfaces.cli import population_rooms as rooms
from charcot.interfaces.cli import rooms as shared
from charcot.interfaces.cli.options import LARGEST_SEED, AsJson, Workers, worker_count
from charcot.interfaces.cli.talk import Talk

if TYPE_CHECKING:
    from charcot.interfaces.record_shapes import EnsembleRecord

MODELS, PATIENTS, ROUNDS, SEED, WIDTH = 60, 400, 4, 5, 1.0
FEWEST_MODELS, FEWEST_PATIENTS = 10, 100


def population_fit(
    models: Annotated[int, typer.Option("--models", min=FEWEST_MODELS, help="How many models.")] = MODELS,
    patients: Annotated[
        int, typer.Option("--patients", "-n", min=FEWEST_PATIENTS, help="Incident patients of each model.")
    ] = PATIENTS,
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=20, help="Steps of the smoother.")] = ROUNDS,
    seed: Annotated[int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Seed of all random draws.")] = SEED,
    width: Annotated[
        float, typer.Option("--width", min=0.05, max=1.0, help="Of the first draws, as a share of the priors' width.")
    ] = WIDTH,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where rounds are kept; a fit that is there is gone on with.")
    ] = None,
    docs: Annotated[
        Path | None, typer.Option("--docs", help="Write plausible-models.md, a page of the documentation, here.")
    ] = None,
    store: Annotated[
        bool, typer.Option("--store", help="For developers: keep the models beside the numbers of the model.")
    ] = False,
    workers: Workers = 0,
    as_json: AsJson = False,
) -> None:
    """Find models whose patients are like published ones: what evidence and figures together leave open.

    Numbers are drawn from their priors and moved by the calibration targets of 'charcot population check'; the
    validation targets only judge. About 25 minutes on two cores; killed, the same command goes on where it stood.
    """
    talk = Talk(as_json)
    runs.check_places([docs] if docs else [])
    command = ["charcot", "population", "fit"]
    for option, given, usual in (
        ("--models", models, MODELS), ("--patients", patients, PATIENTS), ("--rounds", rounds, ROUNDS),
        ("--seed", seed, SEED), ("--width", width, WIDTH),
    ):  # fmt: skip
        command += [option, str(given)] if given != usual else []
    place = (
        folder
        or runs.DEFAULT_ROOT / f"plausible-{models}x{patients}x{rounds}-{seed}{f'-{width:g}' if width != WIDTH else ''}"
    )
    began = time.monotonic()
    total = (models + 1) * (rounds + 1)
    again = shlex.join([*command, *(["--folder", str(folder)] if folder else [])])
    try:
        with talk.stage(f"Simulating {models} models {rounds + 1} times", total=total) as advance:
            found = rooms.fit_ensemble(place, models, patients, rounds, seed, width, worker_count(workers), advance)
    except shared.resumable_errors() as error:
        raise type(error)(f"{error} What is done is kept in {place}. Go on with: {again}") from error
    told = rooms.ensemble_record(found, shlex.join(command))
    if store:
        rooms.store_ensemble(found, told)
        talk.say("Renew the patients of rare genotypes too: charcot population strata --make --store")
    if docs is not None:
        rooms.ensemble_page(found, told, docs)
    talk.show(*_lines(told))
    talk.say(f"{models} models in {time.monotonic() - began:.0f} s; rounds: {place}")
    talk.data(told)


def _lines(told: EnsembleRecord) -> list[str]:
    lines = []
    for k, row in enumerate(told["rounds"]):
        name = f"Drawn at {told['width_of_first_draws']:.0%} of the priors' width" if k == 0 else f"After step {k}"
        lines.append(
            f"{name}, medians over models: calibration {row['calibration_inside']:.0f} %, validation "
            f"{row['validation_inside']:.0f} % inside; effective size {row['effective_size']:.1f}"
        )
    mean = told["median_model"]
    lines.append(f"The median of the models: {mean['calibration']} and {mean['validation']} inside.")
    return [*lines, f"Frozen targets {told['targets']}, program {told['program']}, numbers {told['numbers_hash']}"]
