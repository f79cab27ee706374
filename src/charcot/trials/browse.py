"""One simulated trial, patient by patient: who came, why some were not randomised, what each visit recorded, and the
true course behind it, which no trial sees.

It is the first replicate of :func:`charcot.trials.run.run_trial`, to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from charcot.trials.conduct import Conducted, Randomised, conduct, enrol, treated_by, treated_together
from charcot.trials.enrolment import NEVER_CAME, Enrolled, Recruiter
from charcot.trials.outcome import TrialOutcome, outcome_of
from charcot.trials.pool import Pool, SharedPool
from charcot.trials.protocol import Protocol
from charcot.trials.run import analysed
from charcot.trials.screening import RULES
from charcot.trials.world import World, real_world

REPLICATE = 0


@dataclass(frozen=True)
class Browsed:
    """One simulated trial.

    Attributes:
        outcome: as of a trial with one replicate.
        conducted: the randomised patients in the order of enrolment, their visits and true values.
        left_out: a row for each person who was drawn before the trial was full and not randomised, in the order of
            screening: ``number``, ``age`` (years, at screening; NaN for who never fell ill), ``sex``, ``came`` (bool:
            to the screening visit) and ``reason`` (a sentence: the first rule that leaves the person out).
    """

    outcome: TrialOutcome
    conducted: Conducted
    left_out: pd.DataFrame


def browse(protocol: Protocol, workers: int = 1, world: World | None = None) -> Browsed:
    """Simulate a protocol once.

    Args:
        workers: threads of the simulator; the numbers do not depend on it.
        world: where products, cohorts and courses come from; the default is Charcot's own.

    Raises:
        Problems: the trial cannot be filled (with the exclusions by rule).
    """
    world = world or real_world()
    once = protocol.model_copy(update={"simulate": protocol.simulate.model_copy(update={"replicates": 1})})
    randomised, conducted = _conducted(once, world, workers)
    replicate, tables = analysed(once, conducted)
    parts = [_left_out(once, entry) for entry in randomised.enrolled]
    return Browsed(outcome_of(once, [replicate], tables), conducted, pd.concat(parts, ignore_index=True))


def _conducted(protocol: Protocol, world: World, workers: int) -> tuple[Randomised, Conducted]:
    recruiter = Recruiter(protocol)
    if protocol.simulate.pool == "shared":
        shared = SharedPool(protocol, world, workers).reordered(REPLICATE)
        randomised = enrol(protocol, shared, recruiter, REPLICATE)
        return randomised, conduct(protocol, randomised, treated_together(protocol, shared, [randomised])[0])
    pool = Pool(protocol, world, f"replicate {REPLICATE}", workers)
    randomised = enrol(protocol, pool, recruiter, REPLICATE)
    return randomised, conduct(protocol, randomised, treated_by(pool, randomised))


def _left_out(protocol: Protocol, entry: Enrolled) -> pd.DataFrame:
    """The people of one batch who were looked at and are out."""
    screened, reasons = entry.screened, entry.screened.verdicts.reason[: entry.considered]
    out = np.flatnonzero(reasons != "")
    age = np.where(screened.batch.too_old, np.nan, screened.clocks.age)[out]
    return pd.DataFrame(
        {
            "number": screened.batch.numbers[out],
            "age": np.where(np.isfinite(age), age, np.nan),
            "sex": np.asarray(screened.batch.cohort.columns["sex"])[out],
            "came": ~np.isin(reasons[out], NEVER_CAME),
            "reason": [_sentence(protocol, str(reason)) for reason in reasons[out]],
        }
    )


def _sentence(protocol: Protocol, reason: str) -> str:
    if reason in NEVER_CAME:
        return reason.replace("_", " ")
    rule, _, kind = reason.rpartition(".")
    return RULES[rule].reason(protocol, kind)
