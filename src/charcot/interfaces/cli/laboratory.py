"""The doors to sweeps, gaps, contradictions and mechanism pages, loaded late like those of ``rooms``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Progress = Callable[[int], None]


def window() -> Any:
    """The room of therapeutic windows: plans, their check, endpoints."""
    from charcot.studies import window as room

    return room


def sweep_size(plan: Any) -> int:
    return int(window().simulations(plan))


def sweep(plan: Any, workers: int, progress: Progress) -> Any:
    return window().sweep(plan, workers, progress)


def population_title(name: str) -> str:
    from charcot.patients import load_population

    return load_population(name).title


def assume(texts: Sequence[str]) -> Any:
    """Sides of contradictions as changes of the model."""
    from charcot.patients.assumptions import assume as read

    return read(texts)


def run_trial_assuming(protocol: Any, workers: int, progress: Progress, assumed: Any) -> Any:
    from charcot.trials import run_trial
    from charcot.trials.real_world import RealWorld

    return run_trial(protocol, workers=workers, progress=progress, world=RealWorld(assumed))


def explain_assuming(port: str, assumed: Any) -> Any:
    from charcot.patients import explain

    return explain(port, assumed)


def gaps() -> Any:
    """The room of evidence gaps."""
    from charcot.studies import gaps as room

    return room


def contradictions() -> list[dict[str, Any]]:
    """Every contradiction with both sides and what each means for the model."""
    from dataclasses import asdict

    from charcot.evidence import SIDES, alternatives
    from charcot.evidence import contradictions as listed

    given = alternatives()
    return [
        {
            **asdict(one),
            "sides": {
                side: [
                    {"action": row.action, "target": row.target, "source": row.source, "note": row.note,
                     "value": row.value, "unit": row.unit}
                    for row in given.get((key, side), ())
                ]
                for side in SIDES
            },
        }
        for key, one in listed().items()
    ]  # fmt: skip
