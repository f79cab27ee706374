"""Simulated trials drawn from a library: who enters, into which arm, and what the visits record.

A trial meets the library's people in an order of its own (addressed by seed and replicate) and takes as many as it
needs; the same replicate of a larger trial therefore holds the people of the smaller one, and of a null trial the same
people, both arms untreated. Within one trial everybody is another person as long as the library lasts: then the
contrast of the arms varies from trial to trial as if people were drawn from a population without end, whatever the size
of the library, while a trial that is larger than the library meets its people again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from charcot.core.random import stream
from charcot.core.units import DAYS_PER_MONTH
from charcot.trials.conduct import allocate, strata_of
from charcot.trials.followup import arm_hazards, endings, record, withdrawal_days, withdrawal_draws
from charcot.trials.library.job import UNTREATED
from charcot.trials.library.twins import Library
from charcot.trials.prognosis import forecast
from charcot.trials.protocol import Protocol
from charcot.trials.trial_data import TrialData


@dataclass(frozen=True)
class Records:
    """What the visits of one protocol would record of each twin of each kind if nobody left.

    Attributes:
        days: (visits,) from randomisation.
        values: measure -> (kinds, twins, visits), NaN after death.
        death: (kinds, twins) days from randomisation; inf when never.
        failed: (kinds, twins) bool: the simulation failed, and the twin is in no analysis.
        leaving: (twins,) standard exponential draws of withdrawal.
        strata: each twin's stratum.
        months: (twins,) from the remembered onset to randomisation.
    """

    days: np.ndarray
    values: dict[str, np.ndarray]
    death: np.ndarray
    failed: np.ndarray
    leaving: np.ndarray
    strata: tuple[str, ...]
    months: np.ndarray

    def __len__(self) -> int:
        return len(self.leaving)


@dataclass(frozen=True)
class Plan:
    """How a trial draws on records.

    Attributes:
        sizes: patients of each arm, in the protocol's order; ``kinds``: the kind of twin seen in each arm.
        hazards: of leaving, 1/day, for each arm.
        numbers: each arm's number in the analysis, in which the reference is 0.
        protocol: says how patients are allocated, and the seed.
    """

    sizes: tuple[int, ...]
    kinds: tuple[int, ...]
    hazards: tuple[float, ...]
    numbers: tuple[int, ...]
    protocol: Protocol

    @property
    def size(self) -> int:
        return sum(self.sizes)

    @property
    def null(self) -> Plan:
        """The same with every arm untreated."""
        return replace(self, kinds=(UNTREATED,) * len(self.kinds))


def records_of(library: Library, protocol: Protocol, entry: int = 0, slowed: float | None = None) -> Records:
    """The records of those whom the library's protocol number ``entry`` lets in, by the visits of ``protocol``.

    Args:
        slowed: the treated twin is the untreated one whose course is slowed by this share, for every treated arm.
    """
    people = np.flatnonzero(library.enters[entry])
    addresses = [address for address, enters in zip(library.addresses, library.enters[entry], strict=True) if enters]
    kinds = range(1 + len(library.job.kinds)) if slowed is None else (UNTREATED, UNTREATED)
    parts, deaths, failed = [], [], []
    for number, kind in enumerate(kinds):
        latent = library.latent(kind, protocol.visits, slowed if number else None).take(people)
        parts.append(record(protocol, latent, addresses, library.screened[people]))
        deaths.append(latent.death)
        failed.append(latent.failed)
    subjects = library.subjects.iloc[people].reset_index(drop=True)
    return Records(
        days=np.array(protocol.visits),
        values={
            "alsfrs_r": np.stack([part.items.sum(axis=2) for part in parts]),
            **{name: np.stack([part.measured[name] for part in parts]) for name in parts[0].measured},
        },
        death=np.stack(deaths),
        failed=np.stack(failed),
        leaving=withdrawal_draws(protocol.simulate.seed, addresses),
        strata=tuple(strata_of(protocol, subjects)),
        months=(subjects["randomisation"] - subjects["recalled_onset"]).to_numpy(dtype=float) / DAYS_PER_MONTH,
    )


def plan_of(library: Library, protocol: Protocol, sizes: Sequence[int], slowed: float | None = None) -> Plan:
    """The plan of trials of ``sizes`` patients in the protocol's arms."""
    reference = [arm.id for arm in protocol.arms].index(protocol.reference_arm)
    others = [number for number in range(len(protocol.arms)) if number != reference]
    numbers = {arm: number for number, arm in enumerate([reference, *others])}
    kinds = [library.kind_of(arm) for arm in range(len(protocol.arms))]
    if slowed is not None:
        kept = [number == reference or arm.external is not None for number, arm in enumerate(protocol.arms)]
        kinds = [UNTREATED if untreated else 1 for untreated in kept]
    return Plan(
        tuple(sizes),
        tuple(kinds),
        tuple(arm_hazards(protocol.dropout, [arm.id for arm in protocol.arms]).tolist()),
        tuple(numbers[arm] for arm in range(len(protocol.arms))),
        protocol,
    )


def people_of(records: Records, plan: Plan, replicate: int) -> np.ndarray:
    """(patients,) rows of the twins whom one trial enrols, in the order of enrolment."""
    random, wanted, parts = (
        stream(plan.protocol.simulate.seed, f"replicate {replicate}", "order of the library"),
        plan.size,
        [],
    )
    while wanted > 0:
        parts.append(random.permutation(len(records))[:wanted])
        wanted -= len(parts[-1])
    return np.concatenate(parts)


def trial_of(records: Records, plan: Plan, replicate: int) -> TrialData:
    """One simulated trial as the analyses read it."""
    rows = people_of(records, plan, replicate)
    strata = [records.strata[row] for row in rows]
    return seen(records, plan, rows, allocate(plan.protocol, strata, plan.sizes, f"replicate {replicate}"))


def seen(records: Records, plan: Plan, rows: np.ndarray, arms: np.ndarray) -> TrialData:
    """What a trial sees of twins ``rows`` (patients,) in ``arms`` (patients,)."""
    kinds = np.array(plan.kinds)[arms]
    leaving = withdrawal_days(np.array(plan.hazards)[arms], records.leaving[rows])
    last = endings(records.death[kinds, rows], leaving, records.days)
    values = {name: np.where(last.absent, np.nan, array[kinds, rows]) for name, array in records.values.items()}
    names = {stratum: number for number, stratum in enumerate(sorted(set(records.strata)))}
    strata = np.array([names[records.strata[row]] for row in rows], dtype=np.int64)
    score, capacity, nfl = (values[name][:, 0] for name in ("alsfrs_r", "vital_capacity", "nfl"))
    foretold = forecast(score, capacity, nfl, records.months[rows])
    data = TrialData(np.array(plan.numbers)[arms], strata, records.days, values, last.end, last.died, foretold)
    return data.take(~records.failed[kinds, rows])


def everybody(records: Records, plan: Plan, rows: np.ndarray) -> TrialData:
    """Twins ``rows`` in every arm at once: the trial whose estimate luck of randomisation does not touch."""
    arms = np.repeat(np.arange(len(plan.sizes)), len(rows))
    return seen(records, plan, np.tile(rows, len(plan.sizes)), arms)
