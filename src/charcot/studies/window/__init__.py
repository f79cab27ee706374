"""The therapeutic window: dose x start x combination, and the time after which even a perfect treatment comes too late.

Every cell of the grid holds the same people, with the same draws, in one program with all products compiled in. Starts
count from each patient's own symptom onset when untreated; a negative start is before onset. Benefits are differences
between a patient treated and the same patient untreated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from charcot.core.errors import Problem, Severity, raise_if_any
from charcot.patients import Assumed
from charcot.studies.window import tables
from charcot.studies.window.bench import Bench, Values, gained, people
from charcot.studies.window.plan import (
    DEFAULT_MULTIPLES,
    DEFAULT_POPULATIONS,
    DEFAULT_PRODUCTS,
    DEFAULT_STARTS,
    ENDPOINTS,
    Endpoint,
    Plan,
    ceiling,
    check_plan,
    inert,
    inert_here,
    rescue_starts,
    simulations,
)
from charcot.studies.window.tables import latest

__all__ = [
    "DEFAULT_MULTIPLES", "DEFAULT_POPULATIONS", "DEFAULT_PRODUCTS", "DEFAULT_STARTS", "ENDPOINTS", "Endpoint", "Plan",
    "Window", "ceiling", "cells", "check_plan", "gains", "inert", "inert_here", "latest", "rescue_starts",
    "simulations", "sweep", "tables",
]  # fmt: skip


@dataclass(frozen=True)
class Window:
    """Tables, one row each per

    ``cells``: combination, dose, start and endpoint (benefit over the same patients untreated, 95 % interval over
    patients, SD between them); ``interactions``: pair, dose, start and endpoint (benefit beside what its parts alone
    would let one expect); ``rescues``: ideal rescue, start and endpoint; ``no_return``: treatment or rescue and
    endpoint (when the window is half closed, and closed); ``people``: patient (clocks, untreated).
    """

    plan: Plan
    cells: pd.DataFrame
    interactions: pd.DataFrame
    rescues: pd.DataFrame
    no_return: pd.DataFrame
    people: pd.DataFrame
    notes: tuple[str, ...]
    failures: dict[str, int]


def sweep(plan: Plan, workers: int = 1, progress: Callable[[int], None] | None = None) -> Window:
    """Simulate the grid and the ideal rescues. Raises :class:`charcot.core.errors.Problems` for a bad plan."""
    raise_if_any((p for p in check_plan(plan) if p.severity is Severity.ERROR), "this sweep cannot be run")
    assumed = of_person(plan)
    cohort, onset, persons, notes = people(plan, workers, progress, assumed)
    bench = Bench(plan, cohort, onset, workers, progress, assumed)
    values = bench.treated()
    rescued = bench.rescued()
    _raise_where_not_given(values, bench.refused)
    base, ideal_base = values.pop(None), rescued.pop(None)
    cells = tables.cell_table(plan, values, base)
    rescues = tables.rescue_table(plan, rescued, ideal_base)
    interactions = tables.interaction_table(plan, values, base)
    if bench.refused:
        notes.append(
            f"{bench.refused:,} treatments with a vector were not given: the person has antibodies against it (not "
            "eligible), and is in no cell of it."
        )
    if bench.early:
        notes.append(f"{bench.early:,} treatments would have begun before the age of 16, when a life begins to be "
                     "simulated; they begin then.")  # fmt: skip
    persons = persons.assign(**{f"untreated_{name}": base[name] for name in plan.endpoints})
    last = tables.no_return(plan, cells, rescues)
    return Window(plan, cells, interactions, rescues, last, persons, tuple(notes), bench.failures)


def _raise_where_not_given(values: Mapping[Any, Values], refused: int) -> None:
    """A treatment that antibodies keep from everybody has no gain to tell."""
    known: dict[tuple[str, ...], bool] = {}
    for key, found in values.items():
        if key is not None:
            known[key[0]] = known.get(key[0], False) or any(np.isfinite(one).any() for one in found.values())
    hint = "Choose other people, or another product."
    kept = [" + ".join(arm) for arm, fine in known.items() if refused and not fine]
    message = "antibodies of all these people forbid the vector of"
    raise_if_any([Problem("not-eligible", f"{message} {arm}", None, hint) for arm in kept], "this sweep cannot be run")


def of_person(plan: Plan) -> Assumed | None:
    """On which program a plan is simulated: that of one person with an age at onset is the program of all products,
    which the explorer has compiled, so that both have the same digits; others have one of just what is asked."""
    return None if plan.traits is None else Assumed()


def cells(
    plan: Plan, workers: int = 1, progress: Callable[[int], None] | None = None, under: Assumed | None = None
) -> pd.DataFrame:
    """The ``cells`` of a sweep alone, without rescues, ``under`` a changed model. Raises as :func:`sweep` does."""
    raise_if_any((p for p in check_plan(plan) if p.severity is Severity.ERROR), "this sweep cannot be run")
    assumed = under or of_person(plan)
    cohort, onset, _, _ = people(plan, workers, progress, assumed)
    values = Bench(plan, cohort, onset, workers, progress, assumed).treated()
    base = values.pop(None)
    return tables.cell_table(plan, values, base)


def gains(
    plan: Plan,
    some: Sequence[tuple[tuple[str, ...], int, float]],
    assumed: Assumed,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """What each person gains in some cells of a plan under a changed model: the plan's endpoint, against untreated.

    Returns:
        (people,) ids of those who fall ill, (cells, people) gains (NaN where a simulation failed or a vector was not
        given), and how many simulations failed, by reason.

    Raises:
        charcot.core.errors.Problems: nobody falls ill under this model.
    """
    cohort, onset, persons, _ = people(plan, workers, progress, assumed)
    bench = Bench(plan, cohort, onset, workers, progress, assumed)
    values = bench.treated(some)
    base = values[None][plan.endpoint]
    return (
        persons["id"].to_numpy(),
        np.array([gained(values[cell][plan.endpoint], base) for cell in some]),
        bench.failures,
    )
