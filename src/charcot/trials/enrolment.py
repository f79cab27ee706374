"""Screening until the trial is full: who came, who was excluded by which rule, who is ready to be randomised."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from charcot.core.errors import Problem, Problems
from charcot.trials.pool import Batch, Failure, Pool, reasons
from charcot.trials.protocol import Protocol
from charcot.trials.screening import (
    ABOVE,
    BELOW,
    CLOCK_RULES,
    KINDS,
    NO_VISIT,
    RULES,
    VISIT_RULES,
    Clocks,
    Rule,
    Visit,
    clocks_of,
    referred,
    see,
)
from charcot.trials.world import Courses

SMALLEST_BATCH = 128  # people; smaller calls would spend their time on overhead
LARGEST_BATCH = 4096  # people; larger calls would only need more memory
# Reasons of people who never came to a screening visit: they are no part of the flow's "screened".
NEVER_CAME = ("simulation_failed", "never_diagnosed", "died_before_screening", "not_referred")


@dataclass
class Verdicts:
    """Why each person of a batch is out; arrays are (people,).

    Attributes:
        reason: the first failing rule with the bound that is violated (``age.above``), or a reason of
            ``NEVER_CAME``, or "" while nothing speaks against the person.
        judged: rule -> bool: was the rule judged.
        failing: rule -> text: the bound that the person violates, or "".
    """

    reason: np.ndarray
    judged: dict[str, np.ndarray] = field(default_factory=dict)
    failing: dict[str, np.ndarray] = field(default_factory=dict)

    def exclude(self, rows: np.ndarray, reason: str) -> None:
        """The first reason stands."""
        self.reason[rows[self.reason[rows] == ""]] = reason

    def judge(self, rule: Rule, rows: np.ndarray, fails: np.ndarray) -> None:
        """Note the verdict of one rule on some people; ``fails`` as from :meth:`Rule.fails`."""
        self.judged[rule.name] = np.zeros(len(self.reason), dtype=bool)
        self.judged[rule.name][rows] = True
        self.failing[rule.name] = np.full(len(self.reason), "", dtype=object)
        self.failing[rule.name][rows] = fails
        for kind in KINDS:
            self.exclude(rows[fails == kind], f"{rule.name}.{kind}")


@dataclass(frozen=True)
class Screened:
    """A batch after screening.

    Attributes:
        rows: the people of the batch who were simulated with their background treatment: the rows of ``courses`` and
            ``visit`` in order.
    """

    batch: Batch
    clocks: Clocks
    verdicts: Verdicts
    rows: np.ndarray
    courses: Courses
    visit: Visit
    failures: list[Failure]

    @property
    def eligible(self) -> np.ndarray:
        """(people,) bool."""
        return self.verdicts.reason == ""  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Enrolled:
    """The people of one screened batch who enter the trial.

    Attributes:
        people: their rows in the batch.
        considered: how many people of the batch, from the first, were screened before the trial was full.
    """

    screened: Screened
    people: np.ndarray
    considered: int

    @property
    def course_rows(self) -> np.ndarray:
        """Their rows in ``screened.courses`` and ``screened.visit``."""
        return np.searchsorted(self.screened.rows, self.people)


def person_addresses(replicate: int, numbers: np.ndarray) -> list[str]:
    """The address of each person's draws in one replicate."""
    return [f"replicate {replicate}, patient {number}" for number in numbers]


def screen(protocol: Protocol, pool: Pool, batch: Batch, replicate: int) -> Screened:
    """Screen every person of a batch."""
    addresses = person_addresses(replicate, batch.numbers)
    clocks = clocks_of(protocol, batch, addresses, pool.world)
    verdicts = judge_clocks(protocol, batch, clocks, addresses)
    rows = np.flatnonzero(verdicts.reason == "")
    courses = pool.with_background(batch, rows, seen_on(protocol, clocks.take(rows)))
    visit = see(protocol, clocks.take(rows), courses, [addresses[row] for row in rows])
    judge_visits(protocol, verdicts, clocks.take(rows), courses, visit, rows)
    failures = _failures(replicate, batch, np.arange(batch.size), batch.reasons, "natural history")
    failures += _failures(replicate, batch, rows, reasons(courses), "with background treatment")
    return Screened(batch, clocks, verdicts, rows, courses, visit, failures)


def judge_clocks(protocol: Protocol, batch: Batch, clocks: Clocks, addresses: list[str]) -> Verdicts:
    """Who is out before any visit: who never came, and whom the rules exclude that need only the clocks."""
    verdicts = Verdicts(np.full(batch.size, "", dtype=object))
    verdicts.exclude(np.flatnonzero(batch.failed), "simulation_failed")
    verdicts.exclude(np.flatnonzero(~np.isfinite(batch.diagnosis) & ~batch.too_old), "never_diagnosed")
    verdicts.exclude(np.flatnonzero((batch.death <= clocks.screening) & ~batch.too_old), "died_before_screening")
    # Who was above the age limit before disease began has no clocks, and is at least as old as then.
    age = np.where(batch.too_old, batch.cohort.columns["seed_age_years"], clocks.age)
    verdicts.exclude(np.flatnonzero(~referred(protocol, age, addresses)), "not_referred")
    for rule in CLOCK_RULES:
        # People above the age limit from the start have no clocks: only the age rule is judged (and failed) by them.
        has_clocks = np.ones(batch.size, dtype=bool) if rule.name == "age" else ~batch.too_old
        came = np.flatnonzero(~np.isin(verdicts.reason, NEVER_CAME) & has_clocks)
        if rule.applies(protocol):
            verdicts.judge(rule, came, rule.fails(protocol, clocks.take(came), NO_VISIT))
    return verdicts


def seen_on(protocol: Protocol, clocks: Clocks) -> np.ndarray:
    """(people, 1 + visits) the days of screening and of the visits that would follow."""
    return np.column_stack([clocks.screening, clocks.randomisation[:, None] + np.array(protocol.visits)])


def judge_visits(
    protocol: Protocol, verdicts: Verdicts, clocks: Clocks, courses: Courses, visit: Visit, rows: np.ndarray
) -> None:
    """Judge ``rows`` of the batch, whose clocks, courses and visits are given in their order, by all other rules."""
    verdicts.exclude(rows[np.asarray(courses.failed, dtype=bool)], "simulation_failed")
    verdicts.exclude(rows[np.asarray(courses.death) <= clocks.screening], "died_before_screening")
    came = np.flatnonzero(verdicts.reason[rows] == "")
    for rule in VISIT_RULES:
        if rule.applies(protocol):
            verdicts.judge(rule, rows[came], rule.fails(protocol, clocks.take(came), visit.take(came)))


def _failures(replicate: int, batch: Batch, rows: np.ndarray, sentences: list[str], stage: str) -> list[Failure]:
    pairs = zip(rows, sentences, strict=True)
    return [Failure(replicate, int(batch.numbers[row]), stage, sentence) for row, sentence in pairs if sentence]


class Recruiter:
    """Fills one replicate after another, and learns from the yield of screening how large a batch to ask for."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.screened, self.eligible = 0, 0

    def fill(self, pool: Pool, replicate: int) -> list[Enrolled]:
        """Screen in the order of numbers until the trial is full; raises Problems when the cap is reached first."""
        wanted, cap = self.protocol.size, self.protocol.simulate.screened_per_replicate
        found: list[Enrolled] = []
        first, count = 0, 0
        while count < wanted and first < cap:
            size = min(self._batch_size(wanted - count), cap - first)
            screened = screen(self.protocol, pool, pool.batch(first, size), replicate)
            eligible = np.flatnonzero(screened.eligible)
            self.screened += size
            self.eligible += len(eligible)
            people = eligible[: wanted - count]
            first, count = first + size, count + len(people)
            found.append(Enrolled(screened, people, int(people[-1]) + 1 if count == wanted else size))
        if count < wanted:
            raise too_few(self.protocol, found, count)
        return found

    def _batch_size(self, missing: int) -> int:
        """Enough people for the ``missing`` ones, by the yield so far (one more eligible person is assumed)."""
        expected = missing * (self.screened + SMALLEST_BATCH) / (self.eligible + 1) if self.screened else 2 * missing
        margin = math.sqrt(missing) / missing  # about one standard deviation of the count
        return int(min(max(expected * (1 + margin), SMALLEST_BATCH), LARGEST_BATCH))


def counts(protocol: Protocol, enrolled: list[Enrolled]) -> dict[str, Any]:
    """The first half of the CONSORT flow.

    ``drawn`` people minus ``never_came`` (by reason) were ``screened``; ``excluded`` gives for each bound of each rule
    (``age.below``, ``age.above``) the number for whom it was the first failing one, who violated it at all, and for
    whom the rule was judged. People above the age limit before disease began count as screened and excluded by age
    without having been simulated (``excluded_unseen``).
    """
    first = Counter(reason for entry in enrolled for reason in entry.screened.verdicts.reason[: entry.considered])
    never = {reason: first.get(reason, 0) for reason in NEVER_CAME}
    drawn = sum(first.values())
    unseen = sum(int(entry.screened.batch.too_old[: entry.considered].sum()) for entry in enrolled)
    return {
        "drawn": drawn,
        "never_came": never,
        "screened": drawn - sum(never.values()),
        "excluded": _excluded(protocol, enrolled, first),
        "excluded_unseen": unseen,
        "eligible": first.get("", 0),
    }


def _excluded(protocol: Protocol, enrolled: list[Enrolled], first: Counter[str]) -> dict[str, Any]:
    """Counts and sentence of each bound that the protocol sets, and of values that were missing."""
    out: dict[str, Any] = {}
    for rule in RULES.values():
        if not rule.applies(protocol):
            continue
        judged, failing = 0, Counter[str]()
        for entry in enrolled:
            verdicts, upto = entry.screened.verdicts, entry.considered
            judged += int(verdicts.judged[rule.name][:upto].sum())
            failing.update(verdicts.failing[rule.name][:upto])
        low, high = rule.limits(protocol)
        set_ = {BELOW: low is not None, ABOVE: high is not None}
        for kind in KINDS:
            name = f"{rule.name}.{kind}"
            # The dead have no score at randomisation, and are out for another reason: that is not worth a line.
            if set_.get(kind) or first[name]:
                sentence = rule.reason(protocol, kind)
                out[name] = {"sentence": sentence, "first": first[name], "any": failing[kind], "judged": judged}
    return out


def too_few(protocol: Protocol, enrolled: list[Enrolled], count: int) -> Problems:
    """Why the trial could not be filled, with the exclusions, most frequent first."""
    flow = counts(protocol, enrolled)
    ordered = sorted(flow["excluded"].items(), key=lambda pair: -pair[1]["first"])
    lines = [f"{entry['sentence']}: {entry['first']}" for _, entry in ordered if entry["first"]]
    lines += [f"{reason.replace('_', ' ')}: {n}" for reason, n in flow["never_came"].items() if n]
    head = "nobody is eligible" if count == 0 else f"only {count} of {protocol.size} patients could be enrolled"
    message = f"{head}: of {flow['drawn']} people drawn, {flow['screened']} came to screening. Excluded by first "
    message += "failing rule: " + ("; ".join(lines) or "none")
    hint = "Widen the rule that excludes most, or raise simulate.screened_per_replicate."
    return Problems([Problem("nobody-eligible" if count == 0 else "too-few-eligible", message, None, hint)])
