"""``charcot cohort fit`` and ``forecast``: a run folder with tables and a report from a cohort's own tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charcot.core.errors import Problem, Problems, Where, raise_if_any
from charcot.core.hashing import hash_files
from charcot.core.identifiers import did_you_mean
from charcot.interfaces import runs
from charcot.interfaces.cli import cohort_rooms as rooms
from charcot.interfaces.cli import layer_rooms
from charcot.interfaces.cli.cohort import ColumnNames, Tables, count_lines
from charcot.interfaces.cli.execute import Job, Product, execute, identity
from charcot.interfaces.cli.options import LARGEST_SEED, AsJson, ForceNew, Out, Workers, worker_count
from charcot.interfaces.cli.rooms import sources_used
from charcot.interfaces.cli.talk import Talk
from charcot.interfaces.report.content import number_text
from charcot.interfaces.report.views import Material, records

if TYPE_CHECKING:
    import pandas as pd

    from charcot.fitting.own_cohort.reading import OwnCohort
    from charcot.fitting.own_cohort.results import Forecasts

SetAside = Annotated[
    bool, typer.Option("--set-aside", help="Go on without the rows that are wrong; they are counted and listed.")
]
CohortModels = Annotated[
    int | None,
    typer.Option(
        "--models",
        min=1,
        help="Plausible models whose virtual patients are the prior, beside the central one [all that are stored]. "
        "1: the central model alone.",
    ),
]
OwnSeed = Annotated[int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Seed of all random draws.")]
BAND = "90 % of draws"


def cohort_fit(
    files: Tables, columns: ColumnNames = None, set_aside: SetAside = False, models: CohortModels = None,
    seed: OwnSeed = 1, workers: Workers = 0, out: Out = runs.DEFAULT_ROOT, force_new: ForceNew = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Fit each patient: virtual patients weighed by what was recorded, and what the whole cohort says of its pace.

    The library of virtual patients is made once and kept. Who rests on fewer than 100 effective particles is named.
    """
    _run("fit", files, columns, set_aside, models, seed, workers, out, force_new, as_json, 0, ())


def cohort_forecast(
    files: Tables, columns: ColumnNames = None,
    months: Annotated[int, typer.Option("--months", min=3, max=60, help="How far after the last visit.")] = 24,
    subject: Annotated[
        list[str] | None, typer.Option("--subject", metavar="NAME", help="Show this patient first. Repeatable.")
    ] = None,
    set_aside: SetAside = False, models: CohortModels = None, seed: OwnSeed = 1, workers: Workers = 0,
    out: Out = runs.DEFAULT_ROOT, force_new: ForceNew = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Forecast each living patient: score, items, vital capacity, survival, and milestones in plain words.

    The whole cohort is fitted first, since it says how fast such patients are. Each forecast has its 50 and 90 %
    interval, of what would be recorded while the patient lives.
    """
    shown = tuple(subject or ())
    _run("forecast", files, columns, set_aside, models, seed, workers, out, force_new, as_json, months, shown)


def _run(
    verb: str, files: Sequence[Path], columns: Path | None, set_aside: bool, asked: int | None, seed: int, workers: int,
    out: Path, force_new: bool, as_json: bool, months: int, chosen: tuple[str, ...],
) -> None:  # fmt: skip
    talk = Talk(as_json)
    cohort = rooms.read(files, columns)
    _refuse(cohort, set_aside, chosen, str(files[0]))
    for line in count_lines(cohort):
        talk.say(line)
    for problem in cohort.misspelt:
        talk.say(f"warning: {problem}")
    plausible = layer_rooms.plausible(asked, layer_rooms.stored())
    if plausible.note:
        talk.say(f"{plausible.note}.")
    with talk.stage("Composing the model"):
        made_of = identity(
            f"cohort {verb}", tables=hash_files(list(files)), columns=hash_files([columns]) if columns else None,
            set_aside=set_aside, seed=seed, months=months, subjects=list(chosen),
            library=rooms.library_identity(plausible.count),
        )  # fmt: skip
    job = Job(f"cohort {verb} {files[0].stem}", made_of, out, force_new, worker_count(workers))
    execute(talk, job, lambda: _compute(talk, cohort, plausible, job.workers, seed, months, chosen))


def _refuse(cohort: OwnCohort, set_aside: bool, chosen: Sequence[str], file: str) -> None:
    """What is wrong with the tables, unless it is to be set aside; and what cannot be done with what is left."""
    known = [one.name for one in cohort.subjects]
    asked = [
        Problem("unknown-subject", f"no subject is called {name!r}", Where("--subject"), did_you_mean(name, known))
        for name in chosen
        if name not in known
    ]
    if cohort.errors and not set_aside:
        hint = "Mend these rows, or go on without them with --set-aside."
        raise Problems([*cohort.errors, *asked], f"{len(cohort.errors):,} things are wrong with the tables. {hint}")
    raise_if_any(asked, "this cannot be shown")
    if not cohort.subjects:
        raise Problems(
            [*cohort.errors, Problem("nobody", "no subject has an ALSFRS-R score", Where(file)), *cohort.misspelt],
            "nobody can be fitted",
        )


def _compute(
    talk: Talk, cohort: OwnCohort, plausible: layer_rooms.Plausible, workers: int, seed: int, months: int,
    chosen: tuple[str, ...],
) -> Product:  # fmt: skip
    import pandas as pd

    from charcot.interfaces.report.sections.cohort import cohort_key, fit_sections, forecast_sections

    models = 1 + plausible.count
    with talk.stage(f"Virtual patients of {models} models (made once, then read)", total=models) as advance:
        library = rooms.build(plausible.count, workers, advance)
    total = 2 * len(cohort.subjects)
    with talk.stage(f"Fitting {len(cohort.subjects):,} patients, twice", total=total) as advance:
        found = rooms.fit(cohort.subjects, library, seed, workers, advance)
    tables = rooms.fit_tables(found)
    aside = pd.DataFrame(
        [{"place": str(p.where or ""), "message": p.message, "code": p.code} for p in cohort.errors],
        columns=["place", "message", "code"],
    )
    tables["set_aside"] = aside
    open_layer = plausible.note or (
        f"Virtual patients come from the central model and {plausible.count} plausible ones: what the evidence leaves "
        "open is part of each interval"
    )
    told = ". ".join([*count_lines(cohort), open_layer])
    sections = fit_sections(tables["fit"], tables["paces"], aside, f"{told}.")
    summary, survival = _fit_rows(tables, found.few), None
    if months:
        living = sum(not one.died for one in cohort.subjects)
        with talk.stage(f"Forecasting {living:,} living patients", total=living) as advance:
            made = rooms.forecasts(found, months, seed, workers, advance)
        tables |= {"forecast": made.scores, "survival": made.survival, "milestones": made.milestones}
        if living:
            survival = made.survival
            order = list(dict.fromkeys([*chosen, *made.survival["subject"]]))
            summary += [row for name in order for row in _patient_rows(name, made, months)]
            sections += forecast_sections(
                made.scores, survival, made.milestones, tables["recorded"], order, rooms.never()
            )
    few = found.few
    if few:
        talk.say(f"Under 100 effective particles, to be taken with care: {', '.join(few)}")
    key = cohort_key(tables["fit"], survival)

    def material(manifest: Mapping[str, object]) -> Material:
        what = f"{len(cohort.subjects):,} patients of one's own" + (f", {months} months ahead" if months else "")
        return Material("Cohort", what, manifest, sources=sources_used(), sections=sections, key=key)

    return Product(summary=summary, failures={}, tables=tables, material=material)


def _fit_rows(tables: Mapping[str, pd.DataFrame], few: Sequence[str]) -> list[dict[str, object]]:
    fitted = tables["fit"]
    rows = [
        {"group": "The cohort", "quantity": row["words"], "unit": row["unit"], "simulated": row["fitted"],
         "verdict": f"assumed {row['assumed']:.3g} before"}
        for row in records(tables["paces"])
    ]  # fmt: skip
    effective = {
        "group": "The cohort", "quantity": "effective particles of a patient, median", "unit": "1",
        "simulated": float(fitted["effective_particles"].median()),
        "verdict": f"under 100 in {len(few)} of {len(fitted)}" + (f": {', '.join(few)}" if few else ""),
    }  # fmt: skip
    return [*rows, effective]


def _patient_rows(name: str, made: Forecasts, months: int) -> list[dict[str, object]]:
    """What is told of one patient: scores in half a year, a year and at the end; survival; milestones to come."""
    group = f"Patient {name}, after the last visit"
    band = f"{BAND}; {rooms.never()}"
    mine = made.scores[made.scores["subject"] == name]
    shown = sorted({m for m in (6, 12, 24, months - months % 3) if m <= months})
    rows = []
    for row in records(mine[mine["month"].isin(shown)].sort_values("month", kind="stable")):
        quantity = str(row["quantity"]).replace("_", " ")
        if quantity not in ("ALSFRS-R total", "vital capacity") and row["month"] != min(12, shown[-1]):
            continue
        rows.append(
            {
                "group": group, "subject": name, "quantity": f"{quantity} in {row['month']} months",
                "unit": row["unit"],
                "simulated": row["median"], "lower": row["low_90"], "upper": row["high_90"], "interval": band,
                "low_50": row["low_50"], "high_50": row["high_50"], "alive": row["alive"],
                "verdict": f"50 %: {row['low_50']:.0f} to {row['high_50']:.0f}; alive {100 * row['alive']:.0f} %",
            }
        )  # fmt: skip
    lives = made.survival[made.survival["subject"] == name].iloc[0]
    rows.append(
        {
            "group": group, "subject": name, "quantity": "alive without ventilation for", "unit": "month",
            "simulated": float(lives["median"]), "lower": float(lives["low_90"]), "upper": float(lives["high_90"]),
            "interval": band, "low_50": float(lives["low_50"]), "high_50": float(lives["high_50"]),
            "verdict": f"50 %: {number_text(float(lives['low_50']))} to {number_text(float(lives['high_50']))}",
        }
    )  # fmt: skip
    for row in records(made.milestones[made.milestones["subject"] == name]):
        if not row["already"]:
            rows.append(
                {
                    "group": group, "subject": name, "quantity": row["words"], "unit": "month",
                    "simulated": row["median"], "lower": row["low_90"], "upper": row["high_90"], "interval": band,
                    "low_50": row["low_50"], "high_50": row["high_50"], "comes": row["comes"],
                    "verdict": str(row["sentence"]).split(": ", 1)[1],
                }
            )  # fmt: skip
    return rows
