"""The doors to the check of populations: every call of ``charcot population check`` goes through here, loaded late."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from charcot.interfaces.cli.rooms import Progress

if TYPE_CHECKING:
    from charcot.fitting.plausible import Ensemble
    from charcot.interfaces.record_shapes import CheckRecord, EnsembleRecord, StrataRecord, TargetRecord
    from charcot.patients.people import Store
    from charcot.trials.forecast_scores import Prediction
    from charcot.trials.population_check import Checked, Verdict


def people_to_simulate(patients: int) -> int:
    """How many courses a check simulates: of each population, untreated and with riluzole."""
    from charcot.trials.population_check import sizes

    return 2 * sum(sizes(patients).values())


def simulate(patients: int, seed: int, workers: int, progress: Progress) -> dict[str, Store]:
    from charcot.core.errors import raise_if_any
    from charcot.trials import population_check

    raise_if_any(population_check.target_problems(), "the targets of populations are not sound")
    return population_check.simulate(patients, seed, None, workers, progress)


def score(stores: Mapping[str, Store], patients: int, seed: int) -> Checked:
    from charcot.trials import population_check

    return population_check.score(stores, patients, seed)


def hashes() -> dict[str, str]:
    from charcot.trials.population_check import hashes as found

    return found()


def least() -> dict[str, float]:
    """The share of each group that must be inside."""
    from charcot.trials.population_check import LEAST

    return LEAST


def verdict_record(verdict: Verdict) -> TargetRecord:
    """One verdict for tools."""
    target = verdict.target
    return {
        "name": target.name,
        "kind": target.kind,
        "conditional": target.conditional,
        "rules": target.rules,
        "unit": target.unit,
        "published": target.value,
        "error": target.error,
        "between_studies": target.between,
        "simulated": verdict.simulated,
        "monte_carlo": verdict.monte_carlo,
        "may_differ_by": target.reach(verdict.monte_carlo),
        "inside": verdict.inside,
        "patients": verdict.patients,
        "mark": target.mark,
        "sources": list(target.sources),
    }


def prediction_record(prediction: Prediction) -> dict[str, object]:
    """One predicted placebo arm for tools."""
    from dataclasses import asdict

    return {**asdict(prediction), "predictive_sd": prediction.sd, "inside": prediction.inside, "crps": prediction.crps}


def page(record: CheckRecord) -> str:
    from charcot.interfaces.report.population_page import page as made

    return made(record)


def store_check(record: CheckRecord) -> None:
    """Keep what a check found where the explorer reads it."""
    from charcot.interfaces.stored import POPULATION, store

    store(POPULATION, record)


def fit_ensemble(
    folder: Path, models: int, patients: int, rounds: int, seed: int, width: float, workers: int, progress: Progress
) -> Ensemble:
    from charcot.fitting import plausible

    # Scoring a model is Python, which threads cannot share: processes use both cores.
    scheduler = "local" if workers > 1 else None
    return plausible.fit(folder, models, patients, rounds, seed, workers, scheduler, progress, width)


def ensemble_record(found: Ensemble, command: str) -> EnsembleRecord:
    """What a fit found, for tools."""
    from charcot.fitting import plausible

    return cast("EnsembleRecord", plausible.record(found, command))


def store_ensemble(found: Ensemble, told: EnsembleRecord) -> None:
    from charcot.fitting import plausible

    plausible.store(found, told)


def ensemble_page(found: Ensemble, told: EnsembleRecord, folder: Path) -> None:
    from charcot.interfaces.report.markdown import write_page
    from charcot.interfaces.report.sections.plausible import plausible_sections

    lead = [
        f"Made by `{told['command']} --docs docs`; do not edit by hand. Targets {told['targets']}, program "
        f"{told['program']}, numbers {told['numbers_hash']}.",
        "Each model is a vector of numbers whose simulated patients are like published ones. What has no prior here "
        "stays at its shipped value, so the ensemble says what these numbers leave open, and no more.",
    ]
    write_page(folder, "plausible-models", "Plausible models", lead, plausible_sections(found))


def strata(
    patients: int, seed: int, workers: int, command: str, progress: Progress
) -> tuple[list[dict[str, object]], StrataRecord]:
    """Patients of rare genotypes under every stored model, kept model by model beside compiled code; and what made
    them."""
    from charcot.core.hashing import hash_json
    from charcot.engine.compiled import cache_folder
    from charcot.fitting import strata as room

    folder = cache_folder() / f"rare-genotypes-{hash_json(room.made_by(), 12)}"
    rows = room.build(folder, patients, seed, workers, progress=progress)
    return rows, cast("StrataRecord", room.told(rows, command, patients, seed))


def stored_strata() -> StrataRecord | None:
    """What made the stored patients of rare genotypes, and each stratum in a line."""
    from charcot.fitting import strata as room

    found = room.stored()
    return cast("StrataRecord", found[1]) if found else None


def strata_are_current(told: StrataRecord) -> bool:
    """Whether they are of the present model and ensemble."""
    from charcot.fitting import strata as room

    return all(told[key] == value for key, value in room.made_by().items())  # type: ignore[literal-required]


def store_strata(rows: list[dict[str, object]], told: StrataRecord) -> None:
    from charcot.fitting import strata as room

    room.store(rows, told)


def stored_models() -> int:
    """How many models the stored ensemble has."""
    from charcot.fitting.layers import stored

    return stored()
