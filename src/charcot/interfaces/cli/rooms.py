"""The doors to the rooms below: every call of the command line into the science goes through here, loaded late."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from charcot.interfaces.report.views import SourceLine

Progress = Callable[[int], None]


def load_protocol(path: Path, overrides: Mapping[str, Any]) -> Any:
    from charcot.trials import load_protocol as load

    return load(path, overrides=overrides)


def run_trial(protocol: Any, workers: int, progress: Progress) -> Any:
    from charcot.trials import run_trial as run

    return run(protocol, workers=workers, progress=progress)


def published_protocols() -> Mapping[str, Path]:
    from charcot.trials import published_protocols as published

    return published()


def templates() -> Mapping[str, Path]:
    from charcot.trials import templates as shipped

    return shipped()


def typical_patient(seed: int, workers: int) -> Any:
    from charcot.experiments.course import typical_patient as simulate

    return simulate(seed, workers=workers)


def natural_history(n: int, seed: int, workers: int, progress: Progress, ablation_patients: int) -> Any:
    from charcot.experiments.course import natural_history as simulate

    return simulate(n, seed, workers, progress, ablation_patients)


def ablation_count() -> int:
    """How many mechanisms ``natural_history`` switches off, one at a time."""
    from charcot.experiments.natural_history import ABLATIONS

    return len(ABLATIONS)


def check_all() -> list[Any]:
    from charcot.experiments.check import check_all as check

    return list(check())


def explain(port: str) -> Any:
    from charcot.patients import explain as look_up

    return look_up(port)


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
    }
