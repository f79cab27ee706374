"""Run a trial: every replicate screened, randomised, followed and analysed."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import pandas as pd

from charcot.core import pieces
from charcot.trials.adam import tables
from charcot.trials.analysis import analyse, design_of
from charcot.trials.conduct import Conducted, conduct, enrol, treated_by, treated_together
from charcot.trials.enrolment import Recruiter
from charcot.trials.outcome import Replicate, TrialOutcome, outcome_of, replicate_of
from charcot.trials.pool import Pool, SharedPool
from charcot.trials.protocol import Protocol
from charcot.trials.world import Progress, World, real_world

REPLICATES = "replicates"  # how the finished pieces of a trial are called
TOGETHER = 2048  # patients of one shared pool whose treated courses are held at once, over all arms

Analysed = tuple[Replicate, dict[str, pd.DataFrame]]


def run_trial(
    protocol: Protocol, workers: int = 1, progress: Progress | None = None, world: World | None = None
) -> TrialOutcome:
    """Simulate and analyse all replicates of a protocol.

    Args:
        workers: threads of the simulator; the numbers do not depend on it.
        progress: called with 1 after each finished replicate.
        world: where products, cohorts and courses come from; the default is Charcot's own.

    Raises:
        Problems: when a replicate cannot be filled (with the exclusions by rule).
    """
    world = world or real_world()
    recruiter = Recruiter(protocol)
    conducted = _shared if protocol.simulate.pool == "shared" else _independent
    replicates: list[Replicate] = []
    first: dict[str, pd.DataFrame] = {}
    for replicate, adam_tables in conducted(protocol, world, workers, recruiter):
        replicates.append(replicate)
        first = first or adam_tables
        if progress is not None:
            progress(1)
    return outcome_of(protocol, replicates, first)


def _independent(protocol: Protocol, world: World, workers: int, recruiter: Recruiter) -> Iterator[Analysed]:
    """Replicates that share nobody, one after the other."""

    def one(number: int) -> Analysed:
        pool = Pool(protocol, world, f"replicate {number}", workers)
        randomised = enrol(protocol, pool, recruiter, number)
        return analysed(protocol, conduct(protocol, randomised, treated_by(pool, randomised)))

    for number in range(protocol.simulate.replicates):
        yield pieces.piece(REPLICATES, number, functools.partial(one, number))


def _shared(protocol: Protocol, world: World, workers: int, recruiter: Recruiter) -> Iterator[Analysed]:
    """Replicates that meet the same people, who are screened first.

    Some replicates are treated together, in one call for each arm: one ensemble, and yet memory that does not grow with
    the replicates.
    """
    at_once = max(1, TOGETHER // protocol.size)
    pool: SharedPool | None = None
    for first in range(0, protocol.simulate.replicates, at_once):
        numbers = range(first, min(first + at_once, protocol.simulate.replicates))
        there = {number: kept[0] for number in numbers if (kept := pieces.find(REPLICATES, number)) is not None}
        missing = [number for number in numbers if number not in there]
        conducted: Iterator[Conducted] = iter(())
        if missing:
            pool = pool or SharedPool(protocol, world, workers)
            conducted = _conducted_together(protocol, pool, recruiter, missing)
        for number in numbers:
            if number not in there:
                there[number] = analysed(protocol, next(conducted))
                pieces.keep(REPLICATES, number, there[number])
            yield there.pop(number)


def _conducted_together(
    protocol: Protocol, pool: SharedPool, recruiter: Recruiter, numbers: Sequence[int]
) -> Iterator[Conducted]:
    trials = [enrol(protocol, pool.reordered(number), recruiter, number) for number in numbers]
    for randomised, treated in zip(trials, treated_together(protocol, pool, trials), strict=True):
        yield conduct(protocol, randomised, treated)


def analysed(protocol: Protocol, conducted: Conducted) -> Analysed:
    """One replicate with its estimates, and its ADaM tables where it is the first: only those are shown."""
    adam_tables = tables(protocol, conducted)
    estimates = analyse(adam_tables, design_of(protocol), protocol.endpoints, conducted.replicate)
    return replicate_of(protocol, conducted, estimates), {} if conducted.replicate else adam_tables
