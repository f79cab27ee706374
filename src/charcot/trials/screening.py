"""The screening visit: what it records of each person, and the rules that let a person into the trial.

Rules are judged on recorded values, in the order of :data:`RULES`. Those that need only the clocks (age, time since
onset) come first, so that nobody is simulated further in vain; a person whom they exclude is not judged by the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from charcot.clinic.observation import observe_items, observe_vital_capacity, recall_onset
from charcot.clinic.stages import involved_regions
from charcot.core.random import stream
from charcot.core.units import DAYS_PER_YEAR
from charcot.trials.pool import Batch, Latent
from charcot.trials.protocol import Protocol


@dataclass(frozen=True)
class Clocks:
    """When each person of a batch is screened and would be randomised; (people,) days on the person's clock."""

    recalled_onset: np.ndarray
    screening: np.ndarray
    randomisation: np.ndarray
    age: np.ndarray  # years, at screening


@dataclass
class Seen:
    """What the screening period recorded of each person; (people,) unless stated."""

    clocks: Clocks
    items: np.ndarray = field(default_factory=lambda: np.zeros((0, 12)))  # (people, 12) at screening
    baseline_items: np.ndarray = field(default_factory=lambda: np.zeros((0, 12)))  # (people, 12) at randomisation
    vital_capacity: np.ndarray = field(default_factory=lambda: np.zeros(0))  # % predicted

    @property
    def total(self) -> np.ndarray:
        return self.items.sum(axis=1)  # type: ignore[no-any-return]

    @property
    def decline(self) -> np.ndarray:
        """Points lost in the run-in; NaN when the person died in it."""
        return self.total - self.baseline_items.sum(axis=1)  # type: ignore[no-any-return]


def clocks_of(protocol: Protocol, batch: Batch, addresses: list[str]) -> Clocks:
    """Draw the screening day of each person (log-normal delay after diagnosis) and the recalled onset."""
    seed, delay = protocol.simulate.seed, protocol.screening.delay_after_diagnosis
    normal = np.array([stream(seed, address, "screening delay").standard_normal() for address in addresses])
    screening = batch.diagnosis + delay.median * np.exp(delay.log_sd * normal)
    recalled = [
        recall_onset(onset, diagnosis, seed, address)
        for onset, diagnosis, address in zip(batch.onset, batch.diagnosis, addresses, strict=True)
    ]
    run_in = protocol.screening.run_in
    age = np.asarray(batch.cohort.columns["seed_age_years"], dtype=float) + screening / DAYS_PER_YEAR
    return Clocks(np.array(recalled), screening, screening + (run_in.duration if run_in else 0.0), age)


def see(protocol: Protocol, clocks: Clocks, latent: Latent, addresses: list[str]) -> Seen:
    """Record the screening visit (day 0 of ``latent``) and the first item scores at randomisation (day 1)."""
    seed = protocol.simulate.seed
    items = [observe_items(latent.items[i, :1], seed, a, "screening")[0] for i, a in enumerate(addresses)]
    # The visit of randomisation is the first of the trial's visits and keeps its draws (see observe_items).
    later = [observe_items(latent.items[i, 1:2], seed, a, "visits")[0] for i, a in enumerate(addresses)]
    capacity = [
        observe_vital_capacity(latent.vital_capacity[i, :1], seed, a, "screening")[0] for i, a in enumerate(addresses)
    ]
    return Seen(clocks, np.array(items), np.array(later), np.array(capacity))


Limits = tuple[float | int | None, float | int | None]


@dataclass(frozen=True)
class Rule:
    """One inclusion rule: a recorded value between two limits."""

    name: str
    sentence: str
    value: Callable[[Seen], np.ndarray]
    limits: Callable[[Protocol], Limits]
    needs_visit: bool = True

    def applies(self, protocol: Protocol) -> bool:
        return any(limit is not None for limit in self.limits(protocol))

    def fails(self, protocol: Protocol, seen: Seen) -> np.ndarray:
        """(people,) bool: outside the limits; a missing value is outside."""
        low, high = self.limits(protocol)
        value = self.value(seen)
        inside = np.isfinite(value)
        if low is not None:
            inside &= value >= low
        if high is not None:
            inside &= value <= high
        return ~inside  # type: ignore[no-any-return]


def _limits(name: str) -> Callable[[Protocol], Limits]:
    def limits(protocol: Protocol) -> Limits:
        found = getattr(protocol.eligibility, name)
        return found.min, getattr(found, "max", None)

    return limits


def _decline_limits(protocol: Protocol) -> Limits:
    run_in = protocol.screening.run_in
    return (run_in.decline.min, run_in.decline.max) if run_in else (None, None)


RULES: tuple[Rule, ...] = (
    Rule("age", "age at screening", lambda s: s.clocks.age, _limits("age"), needs_visit=False),
    Rule(
        "time_since_onset",
        "time since the recalled onset",
        lambda s: s.clocks.screening - s.clocks.recalled_onset,
        _limits("time_since_onset"),
        needs_visit=False,
    ),
    Rule(
        "involved_regions",
        "number of involved regions",
        lambda s: involved_regions(s.items).astype(float),
        _limits("involved_regions"),
    ),
    Rule("every_item", "every ALSFRS-R item", lambda s: s.items.min(axis=1), _limits("every_item")),
    Rule("total_score", "ALSFRS-R total", lambda s: s.total, _limits("total_score")),
    Rule("vital_capacity", "slow vital capacity", lambda s: s.vital_capacity, _limits("vital_capacity")),
    Rule("run_in_decline", "decline in the run-in", lambda s: s.decline, _decline_limits),
)
DIED_IN_RUN_IN = "died_in_run_in"


def rules_of(protocol: Protocol, needs_visit: bool) -> list[Rule]:
    """The rules that this protocol sets."""
    return [rule for rule in RULES if rule.needs_visit is needs_visit and rule.applies(protocol)]


def sentence_of(rule: str) -> str:
    """The rule in words."""
    known = {found.name: found.sentence for found in RULES}
    return known.get(rule, "died before randomisation")


