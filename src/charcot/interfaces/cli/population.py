"""``charcot population``: very many virtual patients, chunk by chunk, on this machine or on a cluster."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charcot.core.errors import CharcotError, Problem, Problems, Where
from charcot.interfaces import given_to_people, runs
from charcot.interfaces.cli import rooms, signals
from charcot.interfaces.cli.execute import GIVEN, SUMMARY, identity, key_figures, stored_summary
from charcot.interfaces.cli.kinds import completing
from charcot.interfaces.cli.options import AsJson, ForceNew, Out, Seed, Settings, read_settings, worker_count
from charcot.interfaces.cli.pace import Pace, pacing, say_rate
from charcot.interfaces.cli.rhythm import duration
from charcot.interfaces.cli.talk import Talk
from charcot.interfaces.provenance import manifest

if TYPE_CHECKING:
    import pyarrow

    from charcot.engine.campaign import Folder
    from charcot.interfaces.record_shapes import PopulationOptions, StatusRow
    from charcot.patients import PopulationJob
    from charcot.trials import Protocol

TABLES = "tables"
PROTOCOL = "protocol.yaml"
SEAL = "checksums"  # in the manifest: of the files that the records of the chunks do not cover


class Unfinished(CharcotError):
    """The run was interrupted, and the same command continues it."""

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        return signals.exit_code()


def population(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="WHO",
            help="A shipped population (such as sporadic), or a protocol with its arms.",
            autocompletion=completing("populations"),
        ),
    ] = None,
    patients: Annotated[int | None, typer.Option("--patients", "-n", min=1, help="How many patients.")] = None,
    at: Annotated[
        list[str] | None,
        typer.Option("--at", metavar="TIME", help="Report scores so long after diagnosis. Repeatable."),
    ] = None,
    readout: Annotated[
        list[str] | None,
        typer.Option("--readout", metavar="NAME", help="Report this beside the ALSFRS-R total. Repeatable."),
    ] = None,
    horizon: Annotated[
        str | None, typer.Option("--horizon", metavar="TIME", help="Time simulated after the seed [30 years].")
    ] = None,
    trajectories: Annotated[
        str | None,
        typer.Option("--trajectories", metavar="TIME", help="Store whole courses too, one value every such time."),
    ] = None,
    chunk: Annotated[int | None, typer.Option("--chunk", min=1, help="Patients per file and task.")] = None,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="ADDRESS", help="A dask scheduler (tls://host:port), or local."),
    ] = None,
    resume: Annotated[
        Path | None, typer.Option("--resume", metavar="FOLDER", help="Go on with an unfinished run.")
    ] = None,
    settings: Settings = None,
    seed: Seed = None,
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="Threads, or processes with --scheduler local; 0 means all cores.")
    ] = 0,
    out: Out = runs.DEFAULT_ROOT,
    force_new: ForceNew = False,
    as_json: AsJson = False,
) -> None:
    """Simulate very many patients, untreated or in every arm of a protocol; killed runs go on where they stood."""
    talk = Talk(as_json)
    _check_scheduler(scheduler, workers)
    asked = Asked(what, patients, tuple(at or ()), tuple(readout or ()), horizon, trajectories, settings, seed)
    with talk.stage("Composing the model"):
        job, protocol = _job(talk, asked, resume)
        made_of = identity("population", job=job.description())
    known = False
    if resume is None:
        title = f"population-{protocol['name'] if protocol else job.population.name}"
        target, known = _place(out, runs.run_name(title, made_of), force_new)
    else:
        if force_new:
            raise _bad("--force-new begins another run, --resume goes on with one: leave one of them out")
        target = resume
        known = (target / runs.MANIFEST).is_file()
    if known:
        damaged = _damaged(talk, target, job, chunk)
        if not damaged:
            _known(talk, target, job, resumed=resume is not None)
            return
        talk.say(f"{target} was finished, but is damaged ({', '.join(damaged)}). What is damaged is computed again.")
        (target / runs.MANIFEST).unlink()  # until it is whole
    _Run(talk, job, protocol, target, made_of, worker_count(workers), scheduler).go(chunk)


class Asked:
    """What the command line says about the job itself."""

    def __init__(
        self,
        what: str | None,
        patients: int | None,
        at: tuple[str, ...],
        readouts: tuple[str, ...],
        horizon: str | None,
        trajectories: str | None,
        settings: list[str] | None,
        seed: int | None,
    ) -> None:
        self.what, self.patients, self.seed = what, patients, seed
        self.options: PopulationOptions = {}
        if at:
            self.options["score_days"] = tuple(sorted({_days(text, "--at") for text in at}))
        if readouts:
            self.options["readouts"] = tuple(dict.fromkeys(readouts))
        if horizon is not None:
            self.options["horizon_years"] = _years(horizon)
        if trajectories is not None:
            self.options["trajectory_months"] = _months(trajectories)
        self.settings = read_settings(settings)

    @property
    def anything(self) -> bool:
        return any((self.what, self.patients, self.seed is not None, self.options, self.settings))


def _job(talk: Talk, asked: Asked, resume: Path | None) -> tuple[PopulationJob, Mapping[str, object] | None]:
    """The job, and the resolved protocol where it came from one."""
    if resume is not None and not asked.anything:
        return rooms.stored_population_job(resume), None
    if asked.what is None or asked.patients is None:
        missing = "who (a population or a protocol)" if asked.what is None else "--patients"
        hint = "For example: charcot population sporadic --patients 10000"
        if resume is not None:
            hint = "Leave everything but --resume out to go on with what the folder says."
        raise _bad(f"{missing} is missing", hint)
    if asked.what in rooms.population_names():
        if asked.settings:
            raise _bad("--set changes a protocol, and a shipped population has none")
        return rooms.population_job(asked.what, asked.patients, asked.seed, asked.options), None
    protocol = _protocol(asked)
    job = rooms.protocol_population_job(protocol, asked.patients, asked.seed, asked.options)
    talk.say(
        f"From the protocol {protocol.name}: cohort, background and the arms' treatments, which start at diagnosis "
        "where a trial would start them at randomisation. Not used: screening, eligibility, sizes of arms, visits, "
        "dropout, endpoints, analysis."
    )
    return job, protocol.resolved()


def _protocol(asked: Asked) -> Protocol:
    from charcot.core.identifiers import close_to
    from charcot.interfaces.cli.options import protocol_file

    assert asked.what is not None
    path = protocol_file(Path(asked.what))
    names = rooms.population_names()
    if not path.exists():
        hint = f"{close_to(asked.what, names)} Populations: {', '.join(names)}."
        raise _bad(f"{asked.what!r} is neither a shipped population nor a protocol file", hint)
    return rooms.load_protocol(path, asked.settings)


def _place(out: Path, name: str, force_new: bool) -> tuple[Path, bool]:
    """Where the run goes, and whether it is there and finished. An unfinished one is taken up."""
    target = out / name
    if target.exists() and not (target / runs.MANIFEST).is_file() and not force_new:
        return target, False
    return runs.place_for(out, name, force_new=force_new)


def _damaged(talk: Talk, target: Path, job: PopulationJob, chunk: int | None) -> list[str]:
    """What of a finished run is not as it was when it was finished, in words."""
    with talk.stage(f"Checking {target}"):
        folder = rooms.open_campaign(target)
        folder.check(job, chunk)
        made = rooms.read_json(target / runs.MANIFEST)
        seal = made.get(SEAL) if isinstance(made, dict) else None
        return folder.damaged(seal) if isinstance(seal, dict) else [runs.MANIFEST]


def _known(talk: Talk, target: Path, job: PopulationJob, *, resumed: bool) -> None:
    how = "This run is finished" if resumed else "An identical run is there and was left as it is"
    more = "" if resumed else " With --force-new it is run again."
    talk.say(f"{how}: {target}.{more}")
    _announce(talk, target, stored_summary(target), _given(job), existing=True)


def _given(job: PopulationJob) -> tuple[str, ...]:
    """A sentence on each product of the arms, then of the background."""
    arms = [regimen.product for arm in job.arms for regimen in arm.regimens]
    return tuple(given_to_people.standing([*arms, *job.background]))


class _Run:
    """One session of work on one population."""

    def __init__(
        self,
        talk: Talk,
        job: PopulationJob,
        protocol: Mapping[str, object] | None,
        target: Path,
        made_of: Mapping[str, object],
        workers: int,
        scheduler: str | None,
    ) -> None:
        self.talk, self.job, self.protocol, self.target = talk, job, protocol, target
        self.made_of, self.workers, self.scheduler = made_of, workers, scheduler
        self.pace = Pace(job.size)

    @property
    def how_to_go_on(self) -> str:
        words = ["charcot", "population", "--resume", str(self.target)]
        if self.scheduler is not None:
            words += ["--scheduler", self.scheduler]
        return f"Go on with: {shlex.join(words)}"

    def go(self, chunk: int | None) -> None:
        began = time.monotonic()
        folder = self._begin(chunk)
        try:
            self._simulate(folder)
            self._finish(folder, began)
        except KeyboardInterrupt:
            kept = f"Interrupted; finished chunks are kept in {self.target}."
            raise Unfinished(f"{kept} {self.how_to_go_on}") from None
        except rooms.resumable_errors() as error:
            raise type(error)(f"{error} Finished chunks are kept. {self.how_to_go_on}") from error
        except OSError as error:
            raise runs.CannotWrite(
                f"{self.target} could not be written ({error.strerror or error}). Finished chunks are kept. "
                f"{self.how_to_go_on}"
            ) from error

    def _begin(self, chunk: int | None) -> Folder:
        try:
            folder = rooms.begin_campaign(self.target, self.job, chunk)
        except ValueError as error:
            raise _bad(str(error), where="--chunk") from None
        except (FileExistsError, NotADirectoryError):
            raise runs.CannotWrite(f"{self.target.parent} cannot be a folder: a file is in the way.") from None
        if self.protocol is not None and not (self.target / PROTOCOL).exists():
            runs.write_yaml(self.target / PROTOCOL, self.protocol)
        return folder

    def _simulate(self, folder: Folder) -> None:
        arms = len(self.job.arms)
        text = f"Simulating {self.job.size:,} patients" + (f" in {arms} arms" if arms > 1 else "")

        def found(count: int) -> None:
            self.pace.already(count)
            if count:
                self.talk.say(f"{count:,} of {self.job.size:,} patients were there already in {self.target}.")

        if any(self.target.glob("records/*.json")):
            self.talk.say("Checking the finished chunks ...")
        with pacing(self.talk, text, self.pace) as advance:
            rooms.run_campaign(self.job, folder, self.workers, self.scheduler, advance, found)
        if self.pace.done:
            rate, seconds = say_rate(self.pace.rate), duration(self.pace.seconds)
            self.talk.say(f"{self.pace.done:,} patients in {seconds}: {rate}/s.")

    def _finish(self, folder: Folder, began: float) -> None:
        with self.talk.stage("Counting tables"):
            tables = rooms.population_tables(self.job, folder)
            files = rooms.write_population_tables(self.target / TABLES, tables)
        rows = summary_rows(self.job, tables)
        rooms.write_json(self.target / SUMMARY, runs.jsonable(rows))
        failures = _failures(tables["status"].to_pylist())
        files = ["job.json", "patients/", "records/", *files, SUMMARY, runs.MANIFEST]
        files += ["arrays.zarr/"] if self.job.trajectory_months else []
        files += [PROTOCOL] if (self.target / PROTOCOL).exists() else []
        made = manifest(
            self.made_of,
            seconds=time.monotonic() - began,
            workers=self.workers,
            failures=failures,
            files=files,
        )
        more = {
            GIVEN: list(_given(self.job)),
            "scheduler": self.scheduler,
            "patients_computed_in_this_session": self.pace.done,
            SEAL: folder.seal(without=[runs.MANIFEST]),
        }
        rooms.write_json(self.target / runs.MANIFEST, runs.jsonable({**made, **more}))  # last: the run is finished
        if failures:
            self.talk.say(f"{sum(failures.values()):,} simulated patients failed; tables/status.parquet counts them.")
        _announce(self.talk, self.target, rows, _given(self.job), existing=False)


def _failures(rows: list[StatusRow]) -> dict[str, int]:
    from charcot.core.result import failures_among

    return {f"{row['arm']}: {row['status']}": row["patients"] for row in rows if failures_among({row["status"]: 1})}


def summary_rows(job: PopulationJob, tables: Mapping[str, pyarrow.Table]) -> list[dict[str, object]]:
    """The key figures: survival and mean ALSFRS-R of each arm."""
    rows: list[dict[str, object]] = []
    total = rooms.ALSFRS_R
    for outcome in (row for row in tables["outcomes"].to_pylist() if row["by"] == "all"):
        group = f"{outcome['arm']}, {outcome['patients']:,} patients"
        for clock, count in (("onset", "with_onset"), ("diagnosis", "diagnosed")):
            months = outcome[f"months_from_{clock}_until_50_percent_alive"]
            words = f"{outcome[count]:,} with a day of {clock}"
            shown = "not reached" if months is None else months
            rows.append(_figure(group, f"Median survival from {clock}", "months", shown, words))
        for score in tables["scores"].to_pylist():
            if (score["arm"], score["by"], score["readout"]) == (outcome["arm"], "all", total):
                when = f"{score['days_since_diagnosis'] / rooms.DAYS_PER_MONTH:.3g} months after diagnosis"
                spread = "" if score["sd"] is None else f"SD {score['sd']:.1f}, "
                words = f"{spread}{score['patients']:,} alive"
                rows.append(_figure(group, f"Mean ALSFRS-R, {when}", "points", score["mean"], words))
    return rows


def _figure(group: str, quantity: str, unit: str, value: float | str | None, verdict: str) -> dict[str, object]:
    return {"group": group, "quantity": quantity, "unit": unit, "simulated": value, "verdict": verdict}


def _announce(
    talk: Talk, target: Path, summary: list[dict[str, object]], given: Sequence[str], *, existing: bool
) -> None:
    if summary:
        talk.show(*key_figures(summary))
    talk.show(*given)
    talk.show(f"Run: {target}")
    talk.data({"ok": True, "existing": existing, "run": str(target), GIVEN: list(given), "summary": summary})


def _check_scheduler(scheduler: str | None, workers: int) -> None:
    if scheduler is None or scheduler == "local":
        return
    if not re.fullmatch(r"(tls|tcp|ws|wss)://[^\s/]+:\d{1,5}", scheduler):
        raise _bad(
            f"{scheduler!r} is not an address of a dask scheduler",
            "Give tls://host:port, or local for processes of this machine.",
        )
    if workers:
        hint = "Leave it out: the cluster's own workers are used."
        raise _bad(f"--workers counts threads and local processes, not those of {scheduler}", hint)


def _days(text: str, option: str, unit: str = "day") -> float:
    try:
        return rooms.quantity(text, unit)
    except ValueError as error:
        raise _bad(str(error), "For example: 6 months.", where=option) from None


def _years(text: str) -> float:
    return _days(text, "--horizon", "day") / rooms.DAYS_PER_YEAR


def _months(text: str) -> int:
    months = _days(text, "--trajectories") / rooms.DAYS_PER_MONTH
    if months < 1 or abs(months - round(months)) > 1e-9:
        raise _bad(f"courses are stored by whole months, not every {text}", "Give 1 month, 3 months, ...")
    return round(months)


def _bad(message: str, hint: str = "", where: str = "") -> Problems:
    return Problems([Problem("bad-request", message, Where(where) if where else None, hint)])
