"""Experiments of the board as residuals of a fit, simulated side by side in worker processes."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import TypeVar

from charcot import clinic, patients
from charcot.core import pieces
from charcot.core.processes import WorkerPool
from charcot.disease.systems import documents
from charcot.experiments.board import Bench, Scored, Verdict, forget, score
from charcot.experiments.cohorts import MOST, WORKERS
from charcot.experiments.definition import Feasible, Reading
from charcot.experiments.reading import entries, feasible
from charcot.fitting.estimation import Residual
from charcot.model.definition import number_symbols
from charcot.patients import Assumed
from charcot.patients.cohort import DRAWN

TOLERANCE_IN_DEVIATIONS = 2.0  # a stated tolerance is read as two standard deviations: what it excludes is unlikely
SIGN_DEVIATION = 0.05  # of a bound that only states a direction: how far past it is one standard deviation
LEAST_DEVIATION = 0.02  # of the outcome's unit: where that bound is small
ZERO_DEVIATION = 1.0  # where that bound is zero, in the unit of the outcome


def experiments(use: str) -> tuple[str, ...]:
    """The experiments of one ``use`` (calibration, validation) by name; negative controls have a use too."""
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


_Job = tuple[tuple[str, ...], Assumed, int]  # names, what is changed, and the most patients of a cohort
_Found = TypeVar("_Found")
Progress = Callable[[int], None]


class Laboratory:
    """Runs experiments under many changes of the model at once: ``with Laboratory(workers) as laboratory``."""

    def __init__(self, workers: int = 1, at_most: int = 0) -> None:
        """``at_most``: the most patients that are drawn for an experiment; 0 draws as many as its file says."""
        self.workers, self.at_most = workers, at_most
        self._pool: WorkerPool | None = None
        self._known: dict[tuple[str, Assumed], Scored] = {}

    def __enter__(self) -> Laboratory:
        if self.workers > 1:
            self._pool = WorkerPool(self.workers)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.end(at_once=error is not None)

    def run(
        self, names: Sequence[str], changes: Sequence[Assumed], progress: Progress | None = None
    ) -> list[list[Scored]]:
        """The named experiments under each change, in order; ``progress`` is called with the changes newly done.

        An experiment is run again only if something that it depends on has changed since the last call of a single
        change: a number of a mouse line moves no patient.
        """
        wanted = [{name: seen_by(name, under) for name in names} for under in changes]
        jobs: dict[tuple[tuple[str, ...], Assumed, int], None] = {}
        asked: set[tuple[str, Assumed]] = set()
        for under, seen in zip(changes, wanted, strict=True):
            new = [name for name in names if (name, seen[name]) not in self._known and (name, seen[name]) not in asked]
            asked |= {(name, seen[name]) for name in new}
            if new:
                jobs[tuple(new), under, self.at_most] = None
        if progress is not None:
            progress(len(changes) - len(jobs))  # those of which everything is known
        found = self._each("points", _run, list(jobs), progress)
        known = dict(self._known)
        for (some, under, _), scored in zip(jobs, found, strict=True):
            known |= {(name, seen_by(name, under)): one for name, one in zip(some, scored, strict=True)}
        boards = [[known[name, seen[name]] for name in names] for seen in wanted]
        # What the last reference point gave is kept, for the points beside it.
        if len(changes) == 1:
            self._known = {(name, wanted[0][name]): one for name, one in zip(names, boards[0], strict=True)}
        return boards

    def predict(
        self, names: Sequence[str], changes: Sequence[Assumed], progress: Progress | None = None
    ) -> list[list[float]]:
        """Every reading of the named feasible experiments under each change, in order; NaN where one cannot be run."""
        jobs = [(tuple(names), under, self.at_most) for under in changes]
        return self._each("predictions", _predict, jobs, progress)

    def _each(
        self, kind: str, work: Callable[..., _Found], jobs: Sequence[_Job], progress: Progress | None
    ) -> list[_Found]:
        """What ``work`` makes of each job, in order; each is kept as a piece as soon as it is finished."""
        words = [[list(names), under.key, at_most] for names, under, at_most in jobs]
        there = {k: kept for k in range(len(jobs)) if (kept := pieces.find(kind, words[k])) is not None}
        out: dict[int, _Found] = {k: kept[0] for k, kept in there.items()}
        missing = [k for k in range(len(jobs)) if k not in there]
        report = progress or (lambda count: None)
        report(len(there))
        # A point alone has all threads, as one of many has its share of them; no result depends on it.
        work = functools.partial(work, threads=max(1, self.workers // max(1, len(missing))))
        if self._pool is not None:
            finished = self._pool.each(work, {k: jobs[k] for k in missing})
        else:
            finished = ((k, work(jobs[k])) for k in missing)
        for k, result in finished:
            pieces.keep(kind, words[k], result)
            out[k] = result
            report(1)
        return [out[k] for k in range(len(jobs))]

    def simulate(
        self,
        names: Sequence[str],
        changed: Callable[[Mapping[str, float]], Assumed],
        progress: Progress | None = None,
    ) -> Callable[[Sequence[Mapping[str, float]]], list[list[Residual]]]:
        """What a fit asks for: from values of numbers to residuals of the named experiments."""

        def simulate(points: Sequence[Mapping[str, float]]) -> list[list[Residual]]:
            found = self.run(names, [changed(values) for values in points], progress)
            return [[r for scored in board for r in residuals(scored)] for board in found]

        return simulate


def seen_by(name: str, under: Assumed) -> Assumed:
    """The part of a change that an experiment can feel.

    A system's own number is felt by the systems of its line. What persons are drawn with, and what only turns a course
    into scores, is not felt by an experiment without patients.
    """
    lines, clinical = _feels(name)
    systems = {system: own for system, own in under.systems.items() if system in lines}
    overrides = under.overrides
    if not clinical:
        overrides = {full: value for full, value in overrides.items() if full not in _of_the_clinic()}
    return replace(under, systems=systems, overrides=overrides)


@functools.cache
def _feels(name: str) -> tuple[frozenset[str], bool]:
    """The systems that an experiment's arms run on, with their bases; whether it draws or scores patients."""
    content = entries()[name].content
    lines: set[str] = set()
    for arm in content.arms.values():
        place: str | None = arm.system or content.system
        while place is not None:
            lines.add(place)
            place = documents()[place][0].base
    human = content.cohort is not None or any(documents()[line][0].species == "human" for line in lines)
    return frozenset(lines), human


@functools.cache
def _of_the_clinic() -> frozenset[str]:
    """Numbers that move no state of the disease: those of the clinic, and those that only patients are drawn with."""
    clinical = {number.name for number in clinic.content().numbers}
    symbols = number_symbols(patients.definition())
    return frozenset({full for full, number in symbols.items() if number.name in clinical} | set(DRAWN))


def _run(job: _Job, threads: int = 1) -> list[Scored]:
    names, under, at_most = job
    known = entries()
    with _at_most(at_most, threads):
        # no curves: nobody looks at them here, and a fit keeps hundreds of boards
        return [replace(score(known[name], under, ends=False), curves=()) for name in names]


@contextmanager
def _at_most(count: int, workers: int) -> Iterator[None]:
    """So many threads and a bound on cohorts, for this job alone; nothing of it is kept."""
    threads, most = WORKERS.set(workers), MOST.set(count)
    try:
        yield
    finally:
        WORKERS.reset(threads)
        MOST.reset(most)
        forget()  # each change is run once: what is kept would only fill memory


def _predict(job: _Job, threads: int = 1) -> list[float]:
    names, under, at_most = job
    known = feasible()
    with _at_most(at_most, threads):
        return [
            _reading(known[name].content, reading, under) for name in names for reading in known[name].content.readings
        ]


def _reading(content: Feasible, reading: Reading, under: Assumed) -> float:
    try:
        return Bench(content, under).number(reading.value)
    except Exception:  # whatever it is: a reading without an answer is NaN, and is counted
        return math.nan
