"""How sure a gain is: the three layers of uncertainty of one product at one dose and start.

The gain is that of persons who share the traits, each from the same number of years after the own onset on, under the
central model and under plausible ones; persons stand where the replicates of a trial do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from charcot.core.errors import Problem, Problems, raise_if_any
from charcot.fitting import layers as room
from charcot.interfaces.explorer import opened_shapes as made
from charcot.interfaces.explorer.openness import GAIN, PERSONS, checked_models, layer_words, three_layers
from charcot.interfaces.explorer.people import Tell
from charcot.interfaces.explorer.treatment_questions import CLOCK, gained_of, mark
from charcot.interfaces.report.layers import of_effect_without
from charcot.patients import Assumed, Traits, live
from charcot.studies.window import Plan
from charcot.studies.window.bench import Bench

ARMS = 3  # simulations of a person: for the onset, untreated, treated
HINT = "Choose another person or another product."


@dataclass(frozen=True)
class Gains:
    """(persons,) ids and (persons, 1) gains of those who fall ill and may be given it; how many simulations failed, and
    how many persons have antibodies against the vector."""

    ids: np.ndarray
    values: np.ndarray
    failed: int
    refused: int


def opened_gain(traits: Traits, plan: Plan, count: int, tell: Tell) -> made.Opened:
    """What is uncertain of a gain, while alive; ``plan`` has one product, dose and start.

    Raises :class:`charcot.core.errors.Problems` where nobody is left to tell of.
    """
    checked_models(count)
    chosen = room.models(count, traits.seed or 0, plan.products)
    total = ARMS * PERSONS * (count + 1)
    done = 0

    def progress(finished: int) -> None:
        nonlocal done
        done = min(done + finished, total)
        tell(done, total)

    tell(0, total)
    central = _gains(traits, plan, Assumed(), progress)
    raise_if_any(
        [] if len(central.ids) else [Problem("nobody", "nobody of those drawn can be given this", None, HINT)],
        "this cannot be simulated",
    )
    runs: list[Gains] = []
    failed: Counter[str] = Counter()
    for model in chosen:
        try:
            runs.append(_gains(traits, plan, model.assumed, progress))
        except Problems as error:
            failed[error.problems[0].message] += 1
    gained = gained_of(plan)
    others = [(run.ids, run.values) for run in runs]
    series = three_layers(plan.endpoint, gained.title, gained.unit, GAIN, central.values, others)
    without = room.Open(models=count, without=Counter(name for model in chosen for name in model.without))
    refused = f"{central.refused} of the persons have antibodies against the vector, and are left out"
    return made.Opened(
        hash=mark(plan, "opened gain", models=count),
        clock=CLOCK,
        persons=len(central.ids),
        models=count,
        used=series.models,
        months=[plan.at_months],
        series=[series],
        layers=layer_words(len(central.ids), count),
        without=of_effect_without(without),
        failed=[*([refused] if central.refused else []), *(f"{n} of the models: {why}" for why, n in failed.items())],
        failed_persons=sum(run.failed for run in (central, *runs)),
    )


def _gains(traits: Traits, plan: Plan, under: Assumed, progress: Callable[[int], None]) -> Gains:
    lives = live(traits, n=PERSONS, under=under)
    progress(PERSONS)
    ill = np.flatnonzero(np.isfinite(lives.onset) & ~lives.untreated.failed)
    if not len(ill):
        return Gains(np.zeros(0, dtype=int), np.zeros((0, 1)), 0, 0)
    cohort, onset = lives.cohort.take(ill), lives.onset[ill]
    bench = Bench(plan, cohort, onset, 1, progress, under)
    cell = (plan.products, 0, plan.starts[0])
    values = bench.treated([cell])
    gained = values[cell][plan.endpoint] - values[None][plan.endpoint]
    known = np.isfinite(gained)
    ids = cohort.columns["id"][known]
    return Gains(ids, gained[known, None], sum(bench.failures.values()), bench.refused)
