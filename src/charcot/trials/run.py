"""Run a trial: every replicate screened, randomised, followed and analysed."""

from __future__ import annotations

import pandas as pd

from charcot.trials.adam import tables
from charcot.trials.analysis import Design, analyse
from charcot.trials.conduct import conduct
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
    shared = SharedPool(protocol, world, workers) if protocol.simulate.pool == "shared" else None
    recruiter = Recruiter(protocol)
    replicates: list[Replicate] = []
    first: dict[str, pd.DataFrame] = {}
    for number in range(protocol.simulate.replicates):
        pool = shared.reordered(number) if shared else Pool(protocol, world, f"replicate {number}", workers)
        replicate, adam_tables = run_replicate(protocol, pool, recruiter, number)
        replicates.append(replicate)
        first = first or adam_tables
        if progress is not None:
            progress(1)
    return outcome_of(protocol, replicates, first)


def run_replicate(
    protocol: Protocol, pool: Pool, recruiter: Recruiter, number: int
) -> tuple[Replicate, dict[str, pd.DataFrame]]:
    """One replicate and its ADaM tables; it does not depend on which replicates were run before it."""
    conducted = conduct(protocol, pool, recruiter, number)
    adam_tables = tables(protocol, conducted)
    estimates = analyse(adam_tables, design_of(protocol), protocol.endpoints, number)
    return replicate_of(protocol, conducted, estimates), adam_tables


def design_of(protocol: Protocol) -> Design:
    """What the analysis needs of the protocol."""
    reference = protocol.reference_arm
    others = tuple(arm.id for arm in protocol.arms if arm.id != reference)
    return Design((reference, *others), protocol.analysis.alpha, len(protocol.visits) - 1)
