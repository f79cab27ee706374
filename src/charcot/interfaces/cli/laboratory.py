"""The doors to sweeps, gaps, contradictions and mechanism pages, loaded late like those of ``rooms``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charcot.core.errors import Problem
    from charcot.interfaces.record_shapes import Contradiction
    from charcot.patients import Assumed, Explanation
    from charcot.studies.gaps import Gaps
    from charcot.studies.window import Plan, Window
    from charcot.trials import Protocol, TrialOutcome
    from charcot.trials.browse import Browsed

Progress = Callable[[int], None]


def sweep_size(plan: Plan) -> int:
    from charcot.studies.window import simulations

    return simulations(plan)


def sweep(plan: Plan, workers: int, progress: Progress) -> Window:
    from charcot.studies.window import sweep as run

    return run(plan, workers, progress)


def inert_here(products: Sequence[str], genotype: str) -> list[Problem]:
    """Warnings of products that act on nothing that persons of a genotype have."""
    from charcot.studies.window import inert_here as look

    return [problem for name in dict.fromkeys(products) for problem in look(name, genotype, "--treat")]


def population_title(name: str) -> str:
    from charcot.patients import load_population

    return load_population(name).title


def assume(texts: Sequence[str]) -> Assumed:
    """Sides of contradictions as changes of the model."""
    from charcot.patients.assumptions import assume as read

    return read(texts)


def run_trial_assuming(protocol: Protocol, workers: int, progress: Progress, assumed: Assumed) -> TrialOutcome:
    from charcot.trials import run_trial
    from charcot.trials.real_world import RealWorld

    return run_trial(protocol, workers=workers, progress=progress, world=RealWorld(assumed))


def browse_trial(protocol: Protocol, workers: int, assumed: Assumed | None) -> Browsed:
    """A protocol simulated once, with everybody who was screened and the true course of each patient."""
    from charcot.trials.browse import browse
    from charcot.trials.real_world import RealWorld

    return browse(protocol, workers, RealWorld(assumed))


def explain_assuming(port: str, assumed: Assumed) -> Explanation:
    from charcot.patients import explain

    return explain(port, assumed)


def store_gaps(found: Gaps) -> None:
    """Keep the widest gaps of every endpoint where the explorer reads them."""
    from dataclasses import asdict

    from charcot.core.hashing import hash_json
    from charcot.interfaces.report.views import records
    from charcot.interfaces.stored import GAPS, GAPS_KEPT, store

    asked = {name: value for name, value in asdict(found.question).items() if name != "endpoint"}
    columns = ["rank", "number", "title", "grade", "value_unit", "prior_log_spread", "sensitivity", "gap", "gap_error",
               "prior_reason"]  # fmt: skip
    rows = {
        name: records(own.sort_values("rank").head(GAPS_KEPT)[columns])
        for name, own in found.table.groupby("endpoint", sort=False)
    }
    store(GAPS, {"question": asked, "hash": hash_json(rows), "patients": found.patients, "endpoints": rows})


def contradictions() -> list[Contradiction]:
    """Every contradiction with both sides and what each means for the model."""
    from charcot.evidence import SIDES, alternatives
    from charcot.evidence import contradictions as listed

    given = alternatives()
    return [
        {
            "key": key,
            "claim": one.claim,
            "counter_claim": one.counter_claim,
            "sources_for": one.sources_for,
            "sources_against": one.sources_against,
            "mechanism": one.mechanism,
            "note": one.note,
            "sides": {
                side: [
                    {"action": row.action, "target": row.target, "source": row.source, "note": row.note,
                     "value": row.value, "unit": row.unit}
                    for row in given.get((key, side), ())
                ]
                for side in SIDES
            },
            "selectable": [
                f"{key}={side}" for side in SIDES if any(row.changes for row in given.get((key, side), ()))
            ],
        }
        for key, one in listed().items()
    ]  # fmt: skip
