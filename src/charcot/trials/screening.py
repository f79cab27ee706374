"""The screening visit: what it records of each person, and the rules that let a person into the trial.

Rules are judged on recorded values, in the order written here. Those that need only the clocks (age, time since
onset) come first, so that nobody is simulated further in vain; a person whom they exclude is not judged by the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from charcot.clinic.criteria import (
    CATEGORIES,
    LOWER,
    UPPER,
    doubt_of,
    el_escorial,
    gold_coast,
    japan_grade,
    supine_capacity,
)
from charcot.clinic.measurements import measurements
from charcot.clinic.observation import (
    ITEMS,
    ITEMS_40,
    TOTAL_MAXIMUM,
    observe_all_items,
    recall_onset,
)
from charcot.clinic.scores import Predictors, tricals
from charcot.clinic.stages import DEFINITE, involved_regions
from charcot.core.random import stream
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from charcot.treatments import products
from charcot.trials.pool import Batch, asks_for_signs, latent_at
from charcot.trials.protocol import Protocol
from charcot.trials.world import Courses, World


@dataclass(frozen=True)
class Clocks:
    """When each person of a batch is screened and would be randomised; (people,) days on the person's clock."""

    recalled_onset: np.ndarray
    diagnosis: np.ndarray
    screening: np.ndarray
    randomisation: np.ndarray
    age: np.ndarray  # years, at screening
    onset_age: np.ndarray  # years, at the remembered onset
    bulbar: np.ndarray  # bool: disease began in the bulbar region
    dosable: np.ndarray  # 1.0 where no antibodies keep the person from a vector of the trial at randomisation, else 0.0

    def take(self, rows: np.ndarray) -> Clocks:
        return Clocks(*(getattr(self, entry.name)[rows] for entry in fields(self)))


@dataclass(frozen=True)
class Visit:
    """What the screening period recorded of each person.

    Attributes:
        items: (people, 12) at screening.
        baseline_items: (people, 12) at randomisation; NaN when the person died before.
        vital_capacity: (people,) % predicted, at screening.
        baseline_vital_capacity: (people,) at randomisation; NaN when the person died before.
        alive: (people,) 1.0 when seen alive and without permanent ventilation at randomisation, else 0.0.
        nfl: (people,) serum NfL, pg/mL, at screening.
        category, gold_coast: (people,) rank of the El Escorial category, and whether the Gold Coast criteria are met;
            NaN where no rule asks.
    """

    items: np.ndarray
    baseline_items: np.ndarray
    vital_capacity: np.ndarray
    baseline_vital_capacity: np.ndarray
    alive: np.ndarray
    nfl: np.ndarray
    category: np.ndarray
    gold_coast: np.ndarray

    def take(self, rows: np.ndarray) -> Visit:
        return Visit(*(getattr(self, entry.name)[rows] for entry in fields(self)))

    @property
    def total(self) -> np.ndarray:
        """ALSFRS-R at screening, points."""
        return self.items.sum(axis=1)  # type: ignore[no-any-return]

    @property
    def decline(self) -> np.ndarray:
        """Points lost in the run-in; NaN when the person died in it."""
        return self.total - self.baseline_items.sum(axis=1)  # type: ignore[no-any-return]


def clocks_of(protocol: Protocol, batch: Batch, addresses: list[str], world: World) -> Clocks:
    """Draw the screening day of each person (log-normal delay after diagnosis) and the recalled onset, and see who has
    antibodies against a vector of the trial."""
    seed, delay = protocol.simulate.seed, protocol.screening.delay_after_diagnosis
    normal = np.array([stream(seed, address, "screening delay").standard_normal() for address in addresses])
    screening = batch.diagnosis + delay.median * np.exp(delay.log_sd * normal)
    recalled = [
        recall_onset(onset, diagnosis, seed, address)
        for onset, diagnosis, address in zip(batch.onset, batch.diagnosis, addresses, strict=True)
    ]
    run_in = protocol.screening.run_in
    age = np.asarray(batch.cohort.columns["seed_age_years"], dtype=float) + screening / DAYS_PER_YEAR
    randomisation = screening + (run_in.duration if run_in else 0.0)
    with np.errstate(invalid="ignore"):  # who never falls ill remembers no onset
        onset_age = age - (screening - np.array(recalled)) / DAYS_PER_YEAR
    bulbar = np.asarray(batch.cohort.columns["onset_region"]) == "bulbar"
    dosable = 1.0 - world.not_eligible(batch.cohort, vectors_of(protocol), randomisation)
    return Clocks(np.array(recalled), batch.diagnosis, screening, randomisation, age, onset_age, bulbar, dosable)


def referred(protocol: Protocol, age: np.ndarray, addresses: list[str]) -> np.ndarray:
    """(people,) bool: who comes to be screened, by age at screening (people,) in years; all where no rule says."""
    rule = protocol.screening.referral
    if rule is None:
        return np.ones(len(addresses), dtype=bool)
    chance = np.exp(-rule.falls_per_year * np.maximum(age - rule.until, 0.0))
    drawn = np.array([stream(protocol.simulate.seed, address, "referral").random() for address in addresses])
    return np.asarray(drawn < chance)


def vectors_of(protocol: Protocol) -> list[str]:
    """The products of a trial that are given by a vector, against which people may have antibodies."""
    known = products()
    named = [*protocol.population.background, *(t.product for arm in protocol.arms for t in arm.treatments)]
    return [name for name in dict.fromkeys(named) if name in known and known[name].vector is not None]


def see(protocol: Protocol, clocks: Clocks, courses: Courses, addresses: list[str]) -> Visit:
    """Record the screening visit, and scores and vital capacity at randomisation, of every person of ``courses``."""
    seed, size = protocol.simulate.seed, len(addresses)
    latent = latent_at(courses, np.column_stack([clocks.screening, clocks.randomisation]))
    items = observe_all_items(latent.items[:, :1], seed, addresses, "screening")[:, 0]
    later = items  # without a run-in screening and randomisation are one visit, at which each item is rated once
    if protocol.screening.run_in is not None:
        # Randomisation is the first of the trial's visits, and this is what that visit will record.
        later = observe_all_items(latent.items[:, 1:], seed, addresses, "visits", before=items)[:, 0]

    def measured(name: str, day: int, purpose: str) -> np.ndarray:
        true, one = latent.measured[name][:, day : day + 1], measurements()[name]
        return np.array([one.observe(true[i], seed, who, purpose)[0] for i, who in enumerate(addresses)]).reshape(size)

    capacity = measured("vital_capacity", 0, "screening")
    later_capacity = measured("vital_capacity", 1, "visits")
    # A course also ends at the simulator's horizon: whoever cannot be seen cannot be randomised.
    alive = (latent.death > clocks.randomisation) & np.isfinite(latent.items[:, 1]).all(axis=1)
    nfl = measured("nfl", 0, "screening")
    category = met = np.full(size, np.nan)
    if asks_for_signs(protocol):
        upper, lower = (np.stack([courses.at(n, clocks.screening) for n in names], axis=1) for names in (UPPER, LOWER))
        doubt = doubt_of(
            np.array([stream(seed, who, "signs").standard_normal(10) for who in addresses]).reshape(-1, 10)
        )
        category, met = el_escorial(upper, lower, doubt), gold_coast(upper, lower, doubt)
    return Visit(items, later, capacity, later_capacity, alive.astype(float), nfl, category, met)


def slope_since_onset(clocks: Clocks, visit: Visit) -> np.ndarray:
    """(people,) points lost a month since the remembered onset, from what is missing of 48 at screening; infinite for
    those who remember none before that day."""
    months = (clocks.screening - clocks.recalled_onset) / DAYS_PER_MONTH
    with np.errstate(divide="ignore"):
        return np.where(months > 0, (TOTAL_MAXIMUM - visit.total) / np.maximum(months, 0.0), np.inf)


def tricals_profile(clocks: Clocks, visit: Visit) -> np.ndarray:
    """(people,) the TRICALS risk profile from what the screening visit recorded; nobody has dementia, and three
    involved regions stand for a definite diagnosis. NaN for whom a predictor is impossible."""
    delay = (clocks.diagnosis - clocks.recalled_onset) / DAYS_PER_MONTH
    slope, capacity = slope_since_onset(clocks, visit), np.minimum(visit.vital_capacity, 200.0)
    possible = np.isfinite(slope) & (slope >= 0) & (slope <= 48) & (delay > 0) & (delay <= 600) & (capacity >= 1)
    possible &= (clocks.onset_age > 0) & (clocks.onset_age <= 120)
    none = np.zeros(int(possible.sum()))
    predictors = Predictors(
        slope=slope[possible],
        delay=delay[possible],
        age=clocks.onset_age[possible],
        vital_capacity=capacity[possible],
        bulbar=clocks.bulbar[possible],
        definite=(involved_regions(visit.items) >= DEFINITE)[possible],
        dementia=none,
        c9orf72=none,
    )
    out = np.full(len(slope), np.nan)
    out[possible] = tricals(predictors).linear_predictor
    return out


Limits = tuple[float | int | None, float | int | None]
Value = Callable[[Clocks, Visit], np.ndarray]
BELOW, ABOVE, MISSING = "below", "above", "missing"
KINDS = (BELOW, ABOVE, MISSING)


@dataclass(frozen=True)
class Rule:
    """One inclusion rule: a recorded value between two limits.

    Attributes:
        what: the recorded value, as a reader calls it.
        unit, scale: of a limit as it is shown: the limit over ``scale``, in ``unit``.
        sentence: replaces the sentence that is made from the bound, where there is no bound to speak of.
    """

    name: str
    what: str
    value: Value
    limits: Callable[[Protocol], Limits]
    unit: str = ""
    scale: float = 1.0
    sentence: str = ""

    def applies(self, protocol: Protocol) -> bool:
        return any(limit is not None for limit in self.limits(protocol))

    def fails(self, protocol: Protocol, clocks: Clocks, visit: Visit) -> np.ndarray:
        """(people,) text: which bound is violated (``BELOW``, ``ABOVE``), ``MISSING`` without a value, or ""."""
        low, high = self.limits(protocol)
        value = self.value(clocks, visit)
        out = np.full(len(value), "", dtype=object)
        if low is not None:
            out[value < low] = BELOW
        if high is not None:
            out[value > high] = ABOVE
        out[~np.isfinite(value) & (out == "")] = MISSING  # an infinite age is above any maximum
        return out

    def reason(self, protocol: Protocol, kind: str) -> str:
        """Why a person is out, from the bound that the person violates."""
        if self.sentence:
            return self.sentence
        if kind == MISSING:
            return f"{self.what} not recorded"
        low, high = self.limits(protocol)
        bound, word = (low, "minimum") if kind == BELOW else (high, "maximum")
        assert bound is not None  # a bound that is not there cannot be violated
        return f"{self.what} {kind} the {word} of {bound / self.scale:g} {self.unit}".strip()


def _limits(name: str) -> Callable[[Protocol], Limits]:
    def limits(protocol: Protocol) -> Limits:
        found = getattr(protocol.eligibility, name)
        return found.min, getattr(found, "max", None)

    return limits


def _decline_limits(protocol: Protocol) -> Limits:
    run_in = protocol.screening.run_in
    return (run_in.decline.min, run_in.decline.max) if run_in else (None, None)


CLOCK_RULES: tuple[Rule, ...] = (
    Rule("age", "age at screening", lambda c, v: c.age, _limits("age"), "years"),
    Rule(
        "time_since_onset",
        "time from the recalled onset to screening",
        lambda c, v: c.screening - c.recalled_onset,
        _limits("time_since_onset"),
        "months",
        DAYS_PER_MONTH,
    ),
    Rule(
        "time_since_diagnosis",
        "time from diagnosis to screening",
        lambda c, v: c.screening - c.diagnosis,
        _limits("time_since_diagnosis"),
        "months",
        DAYS_PER_MONTH,
    ),
    Rule(
        "antibodies",
        "",
        lambda c, v: c.dosable,
        lambda protocol: (1, None) if vectors_of(protocol) else (None, None),
        sentence="not eligible: antibodies against the vector",
    ),
)
VISIT_RULES: tuple[Rule, ...] = (
    Rule(
        "involved_regions",
        "number of involved regions",
        lambda c, v: involved_regions(v.items).astype(float),
        _limits("involved_regions"),
    ),
    Rule(
        "el_escorial",
        "",
        lambda c, v: v.category,
        lambda p: (CATEGORIES.index(least) if (least := p.eligibility.el_escorial.min) else None, None),
        sentence="El Escorial category below the least that is asked for",
    ),
    Rule(
        "gold_coast",
        "",
        lambda c, v: v.gold_coast,
        lambda p: (1 if p.eligibility.gold_coast else None, None),
        sentence="Gold Coast criteria not met",
    ),
    Rule("japan_grade", "Japan's grade of severity", lambda c, v: japan_grade(v.items), _limits("japan_grade")),
    Rule("every_item", "lowest ALSFRS-R item", lambda c, v: v.items.min(axis=1), _limits("every_item"), "points"),
    Rule("total_score", "ALSFRS-R total at screening", lambda c, v: v.total, _limits("total_score"), "points"),
    Rule(
        "alsfrs_40",
        "ALSFRS of 40 points at screening",
        lambda c, v: v.items[:, ITEMS_40].sum(axis=1),
        _limits("alsfrs_40"),
        "points",
    ),
    Rule(
        "slope_since_onset",
        "points lost a month since onset",
        lambda c, v: slope_since_onset(c, v),
        _limits("slope_since_onset"),
        "points/month",
    ),
    Rule(
        "vital_capacity", "vital capacity at screening", lambda c, v: v.vital_capacity, _limits("vital_capacity"), "%"
    ),
    Rule(
        "supine_vital_capacity",
        "supine vital capacity at screening",
        lambda c, v: supine_capacity(v.vital_capacity),
        _limits("supine_vital_capacity"),
        "%",
    ),
    Rule("serum_nfl", "serum NfL at screening", lambda c, v: v.nfl, _limits("serum_nfl"), "pg/mL"),
    Rule("tricals", "TRICALS risk profile", tricals_profile, _limits("tricals")),
    Rule(
        "alive",
        "",
        lambda c, v: v.alive,
        lambda protocol: (1, None),
        sentence="died or ventilated before randomisation",
    ),
    Rule(
        "score_at_randomisation",
        "ALSFRS-R total at randomisation",
        lambda c, v: v.baseline_items.sum(axis=1),
        _limits("score_at_randomisation"),
        "points",
    ),
    Rule("run_in_decline", "points lost in the run-in", lambda c, v: v.decline, _decline_limits, "points"),
)
RULES = {rule.name: rule for rule in (*CLOCK_RULES, *VISIT_RULES)}
NO_VISIT = Visit(np.zeros((0, len(ITEMS))), np.zeros((0, len(ITEMS))), *(np.zeros(0) for _ in range(6)))
