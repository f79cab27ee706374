"""The doors to the rooms below: every call of the command line into the science goes through here, loaded late."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from charcot.core.units import DAYS_PER_MONTH as DAYS_PER_MONTH
from charcot.core.units import DAYS_PER_YEAR as DAYS_PER_YEAR
from charcot.interfaces.report.views import SourceLine

if TYPE_CHECKING:
    import pyarrow

    from charcot.core.errors import Problem
    from charcot.engine.campaign import Folder
    from charcot.experiments.definition import Cohort, Conduct
    from charcot.interfaces.exchange.export_patient import Exported
    from charcot.interfaces.record_shapes import PopulationOptions
    from charcot.patients import Explanation, PopulationJob
    from charcot.studies.course import TypicalPatient
    from charcot.studies.natural_history import NaturalHistory
    from charcot.trials import Protocol, TrialOutcome

Progress = Callable[[int], None]


def load_protocol(path: Path, overrides: Mapping[str, object]) -> Protocol:
    from charcot.trials import load_protocol as load

    return load(path, overrides=overrides)


def run_trial(protocol: Protocol, workers: int, progress: Progress) -> TrialOutcome:
    from charcot.trials import run_trial as run

    return run(protocol, workers=workers, progress=progress)


def published_protocols() -> Mapping[str, Path]:
    from charcot.trials import published_protocols as published

    return published()


def templates() -> Mapping[str, Path]:
    from charcot.trials import templates as shipped

    return shipped()


def typical_patient(seed: int, workers: int) -> TypicalPatient:
    from charcot.studies.course import typical_patient as simulate

    return simulate(seed, workers=workers)


def natural_history(n: int, seed: int, workers: int, progress: Progress, ablation_patients: int) -> NaturalHistory:
    from charcot.studies.course import natural_history as simulate

    return simulate(n, seed, workers, progress, ablation_patients)


def ablation_count() -> int:
    """How many mechanisms ``natural_history`` switches off, one at a time."""
    from charcot.studies.natural_history import ABLATIONS

    return len(ABLATIONS)


def check_all(fresh: bool = False) -> list[Problem]:
    from charcot.soundness import check_all as check

    return list(check(fresh))


def is_experiment(path: Path) -> bool:
    from charcot.experiments.reading import is_experiment as look

    return look(path)


def arms_of_cohort(cohort: Cohort) -> tuple[str, ...]:
    from charcot.experiments.cohorts import arm_names

    return arm_names(cohort)


def check_experiment(path: Path) -> tuple[Conduct | None, list[Problem]]:
    from charcot.experiments.reading import check_file

    return check_file(path)


def explain(port: str) -> Explanation:
    from charcot.patients import explain as look_up

    return look_up(port)


def export_model(
    genotype: str,
    region: str,
    seed_age_years: float,
    products: Sequence[str],
    start: str,
    years: float,
    overrides: Mapping[str, object],
) -> Exported:
    """The model of one typical person as SBML."""
    from charcot.interfaces.exchange.export_patient import export_patient

    return export_patient(genotype, region, seed_age_years, products, start, years, overrides)


def sources_used() -> list[SourceLine]:
    """The sources that the model's numbers and mechanisms cite, with the grades of what rests on them."""
    from charcot.evidence import sources
    from charcot.patients import definition
    from charcot.treatments import products

    whole = definition(tuple(sorted(products())))
    grades: dict[str, set[str]] = {}
    for number in whole.numbers:
        for key in number.sources:
            grades.setdefault(key, set()).add(number.grade)
    for mechanism in whole.mechanisms:
        for key in (*mechanism.sources, *mechanism.against):
            grades.setdefault(key, set())
    return [
        SourceLine(s.key, s.citation, s.identifier, ", ".join(sorted(grades[s.key])) or s.grade, s.read, s.note)
        for s in sorted(sources().values(), key=lambda source: source.key)
        if s.key in grades
    ]


def standing_in_experiments(which: Iterable[str | Conduct]) -> tuple[str, ...]:
    """A sentence on the products that some experiments (their names or contents) give: which people never had."""
    from charcot.experiments.reading import products_given
    from charcot.treatments import standing_of_experiments

    return standing_of_experiments(products_given(which))


def evidence_hash() -> str:
    """The hash of every source and grade."""
    from dataclasses import asdict

    from charcot.core.hashing import hash_json
    from charcot.evidence import grades, sources

    return hash_json(
        {"sources": [asdict(s) for s in sources().values()], "grades": [asdict(g) for g in grades().values()]}
    )


def program_hash() -> str:
    """The hash of the composed model with every product in it."""
    from charcot.patients import program
    from charcot.treatments import products

    return str(program(tuple(sorted(products()))).hash)


def model_counts() -> dict[str, int]:
    """How large the shipped model is."""
    from charcot.evidence import sources
    from charcot.experiments.reading import entries, fresh_names
    from charcot.patients import definition, program
    from charcot.treatments import products

    names = tuple(sorted(products()))
    whole, composed = definition(names), program(names)
    return {
        "states": len(composed.states),
        "parameters": len(composed.parameters),
        "mechanisms": len(whole.mechanisms),
        "products": len(names),
        "sources": len(sources()),
        "experiments and claims": len(entries()),
        "fresh experiments": len(fresh_names()),
    }


# Populations: charcot population -------------------------------------------------------------------------------------

ALSFRS_R = "clinic.alsfrs_r.total"


def quantity(text: str, unit: str) -> float:
    from charcot.core.units import parse_quantity

    return parse_quantity(text, unit)


def population_names() -> tuple[str, ...]:
    from charcot.patients import population_names as names

    return names()


def population_job(name: str, patients: int, seed: int | None, options: PopulationOptions) -> PopulationJob:
    """``patients`` untreated patients of a shipped population."""
    from charcot.patients import PopulationJob, load_population

    return PopulationJob(load_population(name), patients, 1 if seed is None else seed, **options)


def protocol_population_job(
    protocol: Protocol, patients: int, seed: int | None, options: PopulationOptions
) -> PopulationJob:
    """``patients`` patients of a protocol's cohort in each of its arms."""
    from charcot.trials.population import population_of

    return population_of(protocol, patients, seed, options)


def stored_population_job(path: Path) -> PopulationJob:
    """The job of a folder."""
    from charcot.engine.campaign import OtherJob
    from charcot.patients import PopulationJob

    words = open_campaign(path).content["job"]
    try:
        return PopulationJob.from_description(words)
    except (KeyError, TypeError) as error:
        raise OtherJob(f"{path} was begun by another version of Charcot, whose job cannot be read ({error}).") from None


def open_campaign(path: Path) -> Folder:
    from charcot.engine.campaign import Folder

    return Folder.open(path)


def begin_campaign(path: Path, job: PopulationJob, chunk: int | None) -> Folder:
    from charcot.engine.campaign import Folder

    return Folder.begin(path, job, chunk)


def run_campaign(
    job: PopulationJob, folder: Folder, workers: int, scheduler: str | None, progress: Progress, found: Progress
) -> None:
    from charcot.engine.campaign import run

    run(job, folder, workers=workers, scheduler=scheduler, progress=progress, found=found)


def resumable_errors() -> tuple[type[Exception], ...]:
    """Errors after which a campaign can be gone on with."""
    from charcot.engine.campaign import ChunkFailed, ClusterTrouble, NotWritten

    return ChunkFailed, ClusterTrouble, NotWritten


def population_tables(job: PopulationJob, folder: Folder) -> Mapping[str, pyarrow.Table]:
    from charcot.patients import summarise

    return summarise(job, folder.parts())


def write_population_tables(folder: Path, tables: Mapping[str, pyarrow.Table]) -> list[str]:
    """One Parquet file per table, each there whole or not at all; returns the file names."""
    import pyarrow.parquet as parquet

    from charcot.engine.campaign.files import appearing

    folder.mkdir(exist_ok=True)
    for name, table in tables.items():
        with appearing(folder / f"{name}.parquet") as temporary:
            parquet.write_table(table, temporary, compression="zstd")
    return [f"{folder.name}/{name}.parquet" for name in tables]


def write_json(path: Path, content: object) -> None:
    from charcot.engine.campaign.files import write_json as write

    write(path, content)


def read_json(path: Path) -> object:
    from charcot.engine.campaign.files import read_json as read

    return read(path)
