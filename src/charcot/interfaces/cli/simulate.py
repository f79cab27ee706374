"""``charcot simulate``: one's own model with a table of parameter sets, chunk by chunk, on threads or a cluster."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from charcot.core.errors import CharcotError
from charcot.interfaces.cli import signals
from charcot.interfaces.cli.options import AsJson, Seed, worker_count
from charcot.interfaces.cli.pace import Pace, pacing, say_rate
from charcot.interfaces.cli.rhythm import duration
from charcot.interfaces.cli.talk import Talk


class Interrupted(CharcotError):
    """The run was interrupted, and the same command goes on with it."""

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        return signals.exit_code()


def simulate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="An SBML file, also packed, or a COMBINE archive.")],
    parameters: Annotated[
        Path, typer.Option("--parameters", metavar="TABLE", help="One row per parameter set: CSV or Parquet.")
    ],
    until: Annotated[float, typer.Option("--until", metavar="TIME", help="The end, in the model's unit of time.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the run goes, or goes on.")],
    doses: Annotated[
        Path | None, typer.Option("--doses", metavar="TABLE", help="Columns time, target, amount and, if need be, set.")
    ] = None,
    readouts: Annotated[
        str | None, typer.Option("--readouts", metavar="A,B", help="What to report [concentrations of all species].")
    ] = None,
    points: Annotated[int, typer.Option("--points", help="Outputs, evenly spaced from 0 to the end.")] = 101,
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
    """Simulate your own model for every parameter set of a table; a killed run goes on when called again."""
    from charcot.core.result import failures_among
    from charcot.engine.campaign import CampaignError, Folder, FolderInTheWay, run
    from charcot.interfaces.own_model import open_model_run, prepare

    talk = Talk(as_json)
    asked = None if readouts is None else [name.strip() for name in readouts.split(",") if name.strip()]
    with talk.stage("Reading the model and the tables"):
        job = prepare(
            *(model, parameters),
            until=until,
            doses=doses,
            readouts=asked,
            points=points,
            tolerance=tolerance,
            seed=1 if seed is None else seed,
        )
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
    counts = open_model_run(out).status_counts()
    failures = failures_among(counts)
    if failures:
        talk.say(f"{sum(failures.values()):,} sets failed; the column 'status' of the table says how.")
    talk.show(f"Run: {out}")
    talk.data(
        {
            "ok": True,
            "run": str(out),
            "existing": not pace.done,
            "sets": job.size,
            "readouts": list(job.readouts),
            "until": until,
            "time_unit": job.time_unit,
            "status": counts,
            "failures": failures,
        }
    )
