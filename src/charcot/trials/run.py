"""Run a trial: every replicate screened, randomised, followed and analysed."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from charcot.trials.adam import tables
from charcot.trials.analysis import Design, analyse
from charcot.trials.conduct import Conducted, conduct, enrol, treated_by, treated_together
from charcot.trials.enrolment import Recruiter
from charcot.trials.outcome import Replicate, TrialOutcome, outcome_of, replicate_of
from charcot.trials.pool import Pool, SharedPool
from charcot.trials.protocol import Protocol
from charcot.trials.world import Progress, World, real_world


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
    conducted = _shared(protocol, world, workers, recruiter) if protocol.simulate.pool == "shared" else None
    conducted = conducted or _independent(protocol, world, workers, recruiter)
    replicates: list[Replicate] = []
    first: dict[str, pd.DataFrame] = {}
    for one in conducted:
        replicate, adam_tables = analysed(protocol, one)
        replicates.append(replicate)
        first = first or adam_tables
        if progress is not None:
            progress(1)
    return outcome_of(protocol, replicates, first)


def _independent(protocol: Protocol, world: World, workers: int, recruiter: Recruiter) -> Iterator[Conducted]:
    """Replicates that share nobody, one after the other."""
    for number in range(protocol.simulate.replicates):
        pool = Pool(protocol, world, f"replicate {number}", workers)
        randomised = enrol(protocol, pool, recruiter, number)
        yield conduct(protocol, randomised, treated_by(pool, randomised))


def _shared(protocol: Protocol, world: World, workers: int, recruiter: Recruiter) -> Iterator[Conducted]:
    """Replicates that meet the same people: everyone is screened first, then each arm is simulated in one call."""
    pool = SharedPool(protocol, world, workers)
    trials = [enrol(protocol, pool.reordered(n), recruiter, n) for n in range(protocol.simulate.replicates)]
    for randomised, treated in zip(trials, treated_together(protocol, pool, trials), strict=True):
        yield conduct(protocol, randomised, treated)


def analysed(protocol: Protocol, conducted: Conducted) -> tuple[Replicate, dict[str, pd.DataFrame]]:
    """One replicate with its estimates, and its ADaM tables."""
    adam_tables = tables(protocol, conducted)
    estimates = analyse(adam_tables, design_of(protocol), protocol.endpoints, conducted.replicate)
    return replicate_of(protocol, conducted, estimates), adam_tables


def design_of(protocol: Protocol) -> Design:
    """What the analysis needs of the protocol."""
    reference = protocol.reference_arm
    others = tuple(arm.id for arm in protocol.arms if arm.id != reference)
    return Design((reference, *others), protocol.analysis.alpha, len(protocol.visits) - 1)
