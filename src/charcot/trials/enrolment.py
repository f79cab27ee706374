"""Screening until the trial is full: who came, who was excluded by which rule, who is ready to be randomised."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from charcot.clinic.stages import involved_regions
from charcot.core.errors import Problem, Problems
from charcot.core.random import stream
from charcot.core.units import DAYS_PER_MONTH
from charcot.trials.pool import Batch, Failure, Latent, Pool, latent_at, reasons
from charcot.trials.protocol import Protocol
from charcot.trials.screening import (
    DIED_IN_RUN_IN,
    Clocks,
    Rule,
    Seen,
    clocks_of,
    rules_of,
    see,
    sentence_of,
)
from charcot.trials.world import Courses

SMALLEST_BATCH = 128  # people; smaller calls would spend their time on overhead
LARGEST_BATCH = 4096  # people; larger calls would only need more memory
NEVER_SCREENED = ("never_diagnosed", "died_before_screening")


@dataclass(frozen=True)
class Judged:
    """The verdict on every person of a batch.

    Attributes:
        batch, clocks: who they are, and their days.
        eligible: (people,) bool.
        first_reason: (people,) why not: a rule, a reason of ``NEVER_SCREENED``, "simulation_failed", or "".
        judged, failing: rule -> (people,) bool: was this rule judged, and did the person fail it.
        seen_row: (people,) the person's row in ``seen`` and ``courses``; -1 where there was no visit.
    """

    batch: Batch
    clocks: Clocks
    eligible: np.ndarray
    first_reason: np.ndarray
    judged: dict[str, np.ndarray]
    failing: dict[str, np.ndarray]
    seen_row: np.ndarray
    seen: Seen
    courses: Courses
    failures: list[Failure]


@dataclass
class _Verdicts:
    """Verdicts while they are being collected."""

    reason: np.ndarray
    judged: dict[str, np.ndarray] = field(default_factory=dict)
    failing: dict[str, np.ndarray] = field(default_factory=dict)

    def exclude(self, rows: np.ndarray, reason: str) -> None:
        """The first reason stands."""
        free = rows[self.reason[rows] == ""]
        self.reason[free] = reason

    def judge(self, protocol: Protocol, rule: Rule, seen: Seen, rows: np.ndarray) -> None:
        fails = rule.fails(protocol, seen)
        for table, values in ((self.judged, np.ones(len(rows), dtype=bool)), (self.failing, fails)):
            table[rule.name] = np.zeros(len(self.reason), dtype=bool)
            table[rule.name][rows] = values
        self.exclude(rows[fails], rule.name)


@dataclass(frozen=True)
class Enrolment:
    """The people of one replicate up to the last one enrolled.

    Attributes:
        subjects: one row per enrolled person (see :func:`_subjects`).
        latent: true values at the trial's visits under background treatment alone.
        judged: the verdicts, batch by batch; ``last`` is the number of the last person screened.
        failures: simulations that failed among the people up to ``last``.
    """

    subjects: pd.DataFrame
    latent: Latent
    judged: list[Judged]
    last: int
    failures: list[Failure]


def judge(protocol: Protocol, pool: Pool, batch: Batch, replicate: int, cached: Courses | None = None) -> Judged:
    """Screen every person of a batch; ``cached`` holds the courses of all of them when they are already known."""
    addresses = person_addresses(replicate, batch.numbers)
    clocks = clocks_of(protocol, batch, addresses)
    verdicts = _Verdicts(np.full(batch.size, "", dtype=object))
    verdicts.exclude(np.flatnonzero(batch.failed), "simulation_failed")
    verdicts.exclude(np.flatnonzero(~np.isfinite(batch.diagnosis)), "never_diagnosed")
    verdicts.exclude(np.flatnonzero(batch.death <= clocks.screening), "died_before_screening")
    came = np.flatnonzero(verdicts.reason == "")
    for rule in rules_of(protocol, needs_visit=False):
        verdicts.judge(protocol, rule, Seen(_clock_rows(clocks, came)), came)
    rows = np.flatnonzero(verdicts.reason == "") if cached is None else np.arange(batch.size)
    courses = pool.with_background(batch, rows) if cached is None else cached
    failures = _failed(replicate, batch, batch.reasons, np.arange(batch.size), "natural history")
    failures += _failed(replicate, batch, reasons(courses), rows, "with background treatment")
    seen = _visit(protocol, clocks, courses, rows, addresses)
    _judge_visit(protocol, verdicts, courses, seen, rows)
    seen_row = np.full(batch.size, -1)
    seen_row[rows] = np.arange(len(rows))
    eligible = verdicts.reason == ""
    return Judged(
        batch, clocks, eligible, verdicts.reason, verdicts.judged, verdicts.failing, seen_row, seen, courses, failures
    )


def person_addresses(replicate: int, numbers: np.ndarray) -> list[str]:
    """The address of each person's draws in one replicate."""
    return [f"replicate {replicate}, patient {number}" for number in numbers]


def _clock_rows(clocks: Clocks, rows: np.ndarray) -> Clocks:
    return Clocks(clocks.recalled_onset[rows], clocks.screening[rows], clocks.randomisation[rows], clocks.age[rows])


def _visit(protocol: Protocol, clocks: Clocks, courses: Courses, rows: np.ndarray, addresses: list[str]) -> Seen:
    mine = _clock_rows(clocks, rows)
    days = np.column_stack([mine.screening, mine.randomisation])
    latent = latent_at(courses, np.where(np.isfinite(days), days, 0.0))
    return see(protocol, mine, latent, [addresses[row] for row in rows])


def _judge_visit(protocol: Protocol, verdicts: _Verdicts, courses: Courses, seen: Seen, rows: np.ndarray) -> None:
    """Judge the people who could be seen by the rules that need a visit."""
    verdicts.exclude(rows[np.asarray(courses.failed, dtype=bool)], "simulation_failed")
    verdicts.exclude(rows[courses.death <= seen.clocks.screening], "died_before_screening")
    came = np.flatnonzero(verdicts.reason[rows] == "")
    part = Seen(_clock_rows(seen.clocks, came), seen.items[came], seen.baseline_items[came], seen.vital_capacity[came])
    died = courses.death[came] <= part.clocks.randomisation
    for rule in rules_of(protocol, needs_visit=True):
        if rule.name != "run_in_decline":
            verdicts.judge(protocol, rule, part, rows[came])
    verdicts.judged[DIED_IN_RUN_IN] = verdicts.failing[DIED_IN_RUN_IN] = np.zeros(len(verdicts.reason), dtype=bool)
    verdicts.judged[DIED_IN_RUN_IN] = verdicts.judged[DIED_IN_RUN_IN].copy()
    verdicts.judged[DIED_IN_RUN_IN][rows[came]] = True
    verdicts.failing[DIED_IN_RUN_IN][rows[came[died]]] = True
    verdicts.exclude(rows[came[died]], DIED_IN_RUN_IN)
    for rule in rules_of(protocol, needs_visit=True):
        if rule.name == "run_in_decline":
            verdicts.judge(protocol, rule, part, rows[came])


def _failed(replicate: int, batch: Batch, sentences: list[str], rows: np.ndarray, stage: str) -> list[Failure]:
    return [
        Failure(replicate, int(batch.numbers[row]), stage, sentence)
        for row, sentence in zip(rows, sentences, strict=True)
        if sentence
    ]
