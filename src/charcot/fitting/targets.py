"""Experiments of the board as residuals of a fit, simulated side by side in worker processes."""

from __future__ import annotations

import math
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from types import TracebackType

from charcot.experiments.board import Bench, Scored, Verdict, forget, score
from charcot.experiments.cohorts import MOST, WORKERS
from charcot.experiments.definition import Feasible, Reading
from charcot.experiments.reading import entries, feasible
from charcot.fitting.estimation import Residual
from charcot.patients import Assumed

TOLERANCE_IN_DEVIATIONS = 2.0  # a stated tolerance is read as two standard deviations: what it excludes is unlikely
SIGN_DEVIATION = 0.05  # of a bound that only states a direction: how far past it is one standard deviation
LEAST_DEVIATION = 0.02  # of the outcome's unit: where that bound is small
ZERO_DEVIATION = 1.0  # where that bound is zero, in the unit of the outcome


def experiments(use: str) -> tuple[str, ...]:
    """The experiments of one ``use`` (calibration, validation) by name; negative controls count as what they are."""
    return tuple(name for name, entry in entries().items() if not entry.is_claim and entry.content.use == use)


def residuals(scored: Scored) -> list[Residual]:
    """One residual for each outcome that the model can show; an experiment that could not be run has no answer."""
    if scored.failure:
        return [
            Residual(f"{scored.name}: {outcome.what}", outcome.unit, 0.0, math.nan, 1.0)
            for outcome in scored.content.outcomes
            if not outcome.absent
        ]
    return [_residual(scored.name, verdict) for verdict in scored.verdicts if not verdict.outcome.absent]


def _residual(name: str, verdict: Verdict) -> Residual:
    outcome, value = verdict.outcome, verdict.simulated
    low, high = outcome.bounds
    label = f"{name}: {outcome.what}"
    if math.isfinite(low) and math.isfinite(high) and not outcome.sign:
        middle, half = (low + high) / 2, (high - low) / 2
        return Residual(label, outcome.unit, middle, value, half / TOLERANCE_IN_DEVIATIONS)
    # Only a direction was read: on its side of the bound nothing is missed, and there is nothing to gain beyond it.
    bound = low if math.isfinite(low) and not value > high else high
    deviation = max(SIGN_DEVIATION * abs(bound), LEAST_DEVIATION) if bound else ZERO_DEVIATION
    if outcome.holds(value):
        reference = value if math.isfinite(value) else bound
        return Residual(label, outcome.unit, reference, reference, deviation)
    return Residual(label, outcome.unit, bound, value, deviation)


class Laboratory:
    """Runs experiments under many changes of the model at once: ``with Laboratory(workers) as laboratory``."""

    def __init__(self, workers: int = 1, patients: int = 0) -> None:
        """``patients``: the most that are drawn for an experiment; 0 draws as many as its file says."""
        self.workers, self.patients = workers, patients
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Laboratory:
        if self.workers > 1:
            # Spawned, not forked: compiled code and its threads do not survive a fork.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.workers, mp_context=context)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def run(self, names: Sequence[str], changes: Sequence[Assumed]) -> list[list[Scored]]:
        """The named experiments under each change, in order."""
        jobs = [(tuple(names), under, self.patients) for under in changes]
        return list(self._pool.map(_run, jobs)) if self._pool is not None else [_run(job) for job in jobs]

    def predict(self, names: Sequence[str], changes: Sequence[Assumed]) -> list[list[float]]:
        """Every reading of the named feasible experiments under each change, in order; NaN where one cannot be run."""
        jobs = [(tuple(names), under, self.patients) for under in changes]
        return list(self._pool.map(_predict, jobs)) if self._pool is not None else [_predict(job) for job in jobs]

    def simulate(
        self, names: Sequence[str], changed: Callable[[Mapping[str, float]], Assumed]
    ) -> Callable[[Sequence[Mapping[str, float]]], list[list[Residual]]]:
        """What a fit asks for: from values of numbers to residuals of the named experiments."""

        def simulate(points: Sequence[Mapping[str, float]]) -> list[list[Residual]]:
            found = self.run(names, [changed(values) for values in points])
            return [[r for scored in board for r in residuals(scored)] for board in found]

        return simulate


def _run(job: tuple[tuple[str, ...], Assumed, int]) -> list[Scored]:
    names, under, patients = job
    known = entries()
    with _at_most(patients):
        return [score(known[name], under) for name in names]


@contextmanager
def _at_most(patients: int) -> Iterator[None]:
    """One thread and a bound on cohorts, for this job alone; nothing of it is kept."""
    threads, most = WORKERS.set(1), MOST.set(patients)
    try:
        yield
    finally:
        WORKERS.reset(threads)
        MOST.reset(most)
        forget()  # each change is run once: what is kept would only fill memory


def _predict(job: tuple[tuple[str, ...], Assumed, int]) -> list[float]:
    names, under, patients = job
    known = feasible()
    with _at_most(patients):
        return [
            _reading(known[name].content, reading, under) for name in names for reading in known[name].content.readings
        ]


def _reading(content: Feasible, reading: Reading, under: Assumed) -> float:
    try:
        return Bench(content, under).number(reading.value)
    except Exception:  # whatever it is: a reading without an answer is NaN, and is counted
        return math.nan
