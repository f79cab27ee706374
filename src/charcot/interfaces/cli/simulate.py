"""``charcot simulate``: one's own model, or a PEtab problem, chunk by chunk, on threads or a cluster."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charcot.core.errors import CharcotError, Problem, raise_if_any
from charcot.interfaces.cli import signals
from charcot.interfaces.cli.options import AsJson, Seed, worker_count
from charcot.interfaces.cli.pace import Pace, pacing, say_rate
from charcot.interfaces.cli.rhythm import duration
from charcot.interfaces.cli.talk import Talk

if TYPE_CHECKING:
    from charcot.engine.campaign import Job
    from charcot.interfaces.own_model.job import ModelJob
    from charcot.interfaces.own_model.petab.job import PetabJob

FOR_PETAB = "The measurement table of a PEtab problem says what is computed, and when."
FOR_SBML = "An SBML model needs a table of parameter sets and an end: --parameters sets.csv --until 100."


class Interrupted(CharcotError):
    """The run was interrupted, and the same command goes on with it."""

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        return signals.exit_code()


def simulate(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="An SBML file, also packed, a COMBINE archive, or a PEtab problem (.yaml)."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the run goes, or goes on.")],
    parameters: Annotated[
        Path | None,
        typer.Option("--parameters", metavar="TABLE", help="One row per parameter set: CSV, TSV or Parquet."),
    ] = None,
    until: Annotated[
        float | None, typer.Option("--until", metavar="TIME", help="The end, in the model's unit of time.")
    ] = None,
    doses: Annotated[
        Path | None, typer.Option("--doses", metavar="TABLE", help="Columns time, target, amount and, if need be, set.")
    ] = None,
    readouts: Annotated[
        str | None, typer.Option("--readouts", metavar="A,B", help="What to report [concentrations of all species].")
    ] = None,
    points: Annotated[
        int | None, typer.Option("--points", help="Outputs, evenly spaced from 0 to the end [101].")
    ] = None,
    tolerance: Annotated[float, typer.Option("--tolerance", help="Relative tolerance of the solver.")] = 1e-6,
    seed: Seed = None,
    chunk: Annotated[int | None, typer.Option("--chunk", min=1, help="Parameter sets per file and task.")] = None,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="ADDRESS", help="A dask scheduler (tls://host:port), or local.")
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="Threads, or processes with --scheduler local; 0 means all cores.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Simulate your own model for every parameter set of a table, or score a PEtab problem; a killed run goes on."""
    from charcot.interfaces.own_model.job import ModelJob

    talk = Talk(as_json)
    petab = model.suffix.lower() in (".yaml", ".yml")
    own = {"--until": until, "--doses": doses, "--readouts": readouts, "--points": points}
    if petab:
        _refuse([name for name, value in own.items() if value is not None], "says nothing here", FOR_PETAB)
    else:
        needed = {"--parameters": parameters, "--until": until}
        _refuse([name for name, value in needed.items() if value is None], "is missing", FOR_SBML)
    chosen = 1 if seed is None else seed
    with talk.stage("Reading the model and the tables"):
        if petab:
            from charcot.interfaces.own_model.petab import prepare_petab

            job: ModelJob | PetabJob = prepare_petab(model, parameters, tolerance=tolerance, seed=chosen)
        else:
            from charcot.interfaces.own_model import prepare

            assert parameters is not None
            assert until is not None
            asked = None if readouts is None else [name.strip() for name in readouts.split(",") if name.strip()]
            job = prepare(
                *(model, parameters),
                until=until,
                doses=doses,
                readouts=asked,
                points=101 if points is None else points,
                tolerance=tolerance,
                seed=chosen,
            )
    pace = _run(job, out, chunk, workers, scheduler, talk)
    told = _count(job, out, talk) if isinstance(job, ModelJob) else _score(job, out, talk)
    talk.show(f"Run: {out}")
    talk.data({"ok": True, "run": str(out), "existing": not pace.done, "sets": job.size, **told})


def _refuse(names: list[str], what: str, hint: str) -> None:
    raise_if_any([Problem("bad-request", f"{name} {what}", None, hint) for name in names], "This cannot be simulated")


def _run(job: Job, out: Path, chunk: int | None, workers: int, scheduler: str | None, talk: Talk) -> Pace:
    """The campaign, with its progress and what to do when it is interrupted."""
    from charcot.engine.campaign import CampaignError, Folder, FolderInTheWay, run

    try:
        folder = Folder.begin(out, job, chunk)
    except ValueError as error:
        raise FolderInTheWay(f"--chunk: {error}") from None
    except (FileExistsError, NotADirectoryError):
        raise FolderInTheWay(f"{out} cannot be a folder: a file is in the way.") from None
    pace = Pace(job.size)

    def found(count: int) -> None:
        pace.already(count)
        if count:
            talk.say(f"{count:,} of {job.size:,} parameter sets were there already in {out}.")

    go_on = f"Finished chunks are kept. Go on with: {shlex.join(['charcot', *sys.argv[1:]])}"
    try:
        with pacing(talk, f"Simulating {job.size:,} parameter sets", pace) as advance:
            run(job, folder, workers=worker_count(workers), scheduler=scheduler, progress=advance, found=found)
    except KeyboardInterrupt:
        raise Interrupted(f"Interrupted. {go_on}") from None
    except CampaignError as error:
        raise type(error)(f"{error} {go_on}") from error
    if pace.done:
        talk.say(f"{pace.done:,} parameter sets in {duration(pace.seconds)}: {say_rate(pace.rate)}/s.")
    return pace


def _count(job: ModelJob, out: Path, talk: Talk) -> dict[str, object]:
    """How the sets of an own model ended."""
    from charcot.interfaces.own_model import open_model_run

    counts = open_model_run(out).status_counts()
    return {
        "readouts": list(job.readouts),
        "until": float(job.times[-1]),
        "time_unit": job.time_unit,
        "status": counts,
        "failures": _failures(counts, talk),
    }


def _score(job: PetabJob, out: Path, talk: Talk) -> dict[str, object]:
    """How well the sets agree with the measurements, in a sentence, and the best one by condition."""
    from charcot.interfaces.own_model.petab.results import score

    done = score(out)
    scores, problem = done.scores(), job.problem
    counts = done.status_counts()
    failures = _failures(counts, talk)
    what = f"{len(problem.times):,} measurements under {len(problem.conditions):,} conditions"
    valid = scores.dropna(subset=["log_likelihood"])
    best = None
    if valid.empty:
        talk.show(f"No parameter set has a score for all {what}: see the empty cells of {out / 'scores.parquet'}.")
    else:
        row = valid.iloc[int(valid["log_likelihood"].to_numpy().argmax())]
        by = done.scores_by_condition()
        mine = by[by["set"] == row["set"]].drop(columns=["set", "status"])
        figures = {"log_likelihood": float(row["log_likelihood"]), "chi2": float(row["chi2"])}
        best = {"set": str(row["set"]), **figures, "conditions": mine.to_dict("records")}
        which = f"set {row['set']}" if job.size == 1 else f"the best of {len(valid):,} sets, {row['set']},"
        words = f"log-likelihood {figures['log_likelihood']:.6g} and chi2 {figures['chi2']:.6g}"
        talk.show(
            f"{what}: {which} has a {words}; scores.parquet has every set, scores_by_condition.parquet the parts."
        )
    return {
        "measurements": len(problem.times),
        "conditions": list(problem.conditions),
        "best": best,
        "status": counts,
        "failures": failures,
    }


def _failures(counts: dict[str, int], talk: Talk) -> dict[str, int]:
    from charcot.core.result import failures_among

    failures = failures_among(counts)
    if failures:
        talk.say(f"{sum(failures.values()):,} sets failed; the column 'status' of the table says how.")
    return failures
