"""What a treatment does in a trial: the same people with and without it, and the chance that the trial shows it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import norm, rankdata

from charcot import evidence, treatments
from charcot.clinic.observation import TOTAL_MAXIMUM, observe_all_items
from charcot.core.estimates import least_squares
from charcot.core.random import uniforms
from charcot.core.units import DAYS_PER_MONTH
from charcot.patients.assemble import all_products, numbers
from charcot.patients.people import CAPACITY, NFL
from charcot.trials.placebo_arms import Arm
from charcot.trials.record.files import Given, Measure, Trial
from charcot.trials.record.twins import Chosen, Dosing, Overrides, Seen, Twins

GROUPS = 10
LEAST_VISITS = 3
ALPHA_Z = 1.96  # two-sided 5 %, and the effect on the side of benefit
UNREAD = 100.0  # patients of an arm whose size was not read
NO_EVENT = 0.5  # added to both counts of events, so that a ratio exists where nobody died
BENEFIT_IS_NEGATIVE: tuple[Measure, ...] = ("survival", "manifest", "nfl")


@dataclass(frozen=True)
class Pair:
    """People without and with a treatment, and on which visits they are seen (months)."""

    without: Seen
    with_it: Seen
    visits: np.ndarray
    groups: np.ndarray
    addresses: np.ndarray
    seed: int

    def where(self, keep: np.ndarray) -> Pair:
        index = np.flatnonzero(keep)
        return Pair(
            self.without.take(index), self.with_it.take(index), self.visits, self.groups[index],
            self.addresses[index], self.seed,
        )  # fmt: skip

    @property
    def length(self) -> float:
        return float(self.visits[-1])

    def __len__(self) -> int:
        return len(self.groups)


def dosing_of(given: tuple[Given, ...], factor: float = 1.0) -> Dosing:
    """Treatments with their doses, multiplied by ``factor`` and held at the largest dose of a product."""
    return tuple((one.product, _dose(one, factor), one.schedule) for one in given)


def _dose(one: Given, factor: float) -> str:
    product = treatments.products()[one.product]
    text = one.dose or product.default_dose
    raised = factor * treatments.dose_of(product, text)
    largest = treatments.dose_of(product, product.largest_dose.text)
    return text if factor == 1 else f"{min(raised, largest)!r} {product.dose_unit}"


def chosen_of(cohort: str, arm: Arm, most: int, seed: int) -> Chosen:
    """At most so many people of an arm of a population, the same ones first in every trial."""
    return first_of(Chosen(cohort, arm["row"], arm["layer"], arm["randomisation"]), most, seed)


def first_of(people: Chosen, most: int, seed: int) -> Chosen:
    """At most so many of some people, in the order of one draw for each person."""
    return people.take(np.sort(np.argsort(uniforms(seed, people.rows, "twins of a trial"))[:most]))


def pair(
    twins: Twins, people: Chosen, dosing: Dosing, visits: np.ndarray, seed: int, overrides: Overrides = ()
) -> Pair:
    """The twins, who are the same person at randomisation; those of whom a simulation failed are left out of both
    arms."""
    without = twins.untreated(people)
    with_it = twins.treated(people, dosing, overrides) if dosing else without
    with_it.values[:, :, 0] = without.values[:, :, 0]
    fine = ~without.failed & ~with_it.failed
    both = Pair(without, with_it, visits, people.rows % GROUPS, people.rows, seed)
    return both if fine.all() else both.where(fine)


# --- measures: active less placebo ---------------------------------------------------------------------------------


def _slopes(values: np.ndarray, visits: np.ndarray) -> np.ndarray:
    enough = np.isfinite(values).sum(axis=1) >= min(LEAST_VISITS, len(visits))
    return np.where(enough, least_squares(visits, values), np.nan)


def _difference(both: Pair, read: Callable[[Seen], np.ndarray]) -> float:
    return float(
        np.nanmean(_slopes(read(both.with_it), both.visits)) - np.nanmean(_slopes(read(both.without), both.visits))
    )


def slope(both: Pair) -> float:
    """Difference of mean slopes of the ALSFRS-R, points a month."""
    return _difference(both, lambda seen: seen.total(both.visits))


def capacity(both: Pair) -> float:
    """Difference of mean slopes of vital capacity, % predicted a month."""
    return _difference(both, lambda seen: seen.at(CAPACITY, both.visits))


def survival(both: Pair) -> float:
    """Logarithm of the ratio of events over time at risk."""
    rates = []
    for seen in (both.with_it, both.without):
        at_risk = np.clip(seen.death, 0, both.length)
        rates.append((float((seen.death <= both.length).sum()) + NO_EVENT) / float(at_risk.sum()))
    return math.log(rates[0] / rates[1])


def joint_rank(both: Pair) -> float:
    """Chance that a person of the active arm ranks above one of the placebo arm, less a half: whoever dies ranks below
    whoever does not, by the day of death; the others rank by the recorded change of the score."""
    scores = []
    for seen in (both.with_it, both.without):
        ends = both.visits[[0, -1]]
        recorded = observe_all_items(seen.items(ends), both.seed, [str(a) for a in both.addresses], "joint rank")
        change = recorded.sum(axis=2)
        change = change[:, 1] - change[:, 0]
        below_all = np.where(seen.death <= both.length, seen.death - both.length - TOTAL_MAXIMUM, np.nan)
        scores.append(np.where(np.isfinite(below_all), below_all, np.nan_to_num(change)))
    ranks = rankdata(np.concatenate(scores))
    n = len(both)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * n) - 0.5)


def manifest(both: Pair) -> float:
    """Difference of the shares who fall ill within the trial."""
    return float(np.mean(both.with_it.onset <= both.length) - np.mean(both.without.onset <= both.length))


def nfl(both: Pair) -> float:
    """Difference of the mean log of serum NfL at the last visit at which both twins live, from baseline."""
    last = np.array([both.length])
    changes = [
        np.log(s.at(NFL, last)[:, 0]) - np.log(s.at(NFL, both.visits[:1])[:, 0]) for s in (both.with_it, both.without)
    ]
    return float(np.nanmean(changes[0] - changes[1]))


MEASURES: Mapping[Measure, Callable[[Pair], float]] = {
    "slope": slope, "vital_capacity": capacity, "survival": survival, "joint_rank": joint_rank, "manifest": manifest,
    "nfl": nfl,
}  # fmt: skip


def with_error(measure: Measure, both: Pair) -> tuple[float, float]:
    """The measure and its Monte-Carlo error by leaving out each tenth of the people; NaN of nobody."""
    read = MEASURES[measure]
    if len(both) < GROUPS:
        return math.nan, math.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = np.array([read(both.where(both.groups != group)) for group in range(GROUPS)])
        return read(both), float(np.sqrt((GROUPS - 1) * np.nanmean((parts - np.nanmean(parts)) ** 2)))


# --- what evidence leaves open -----------------------------------------------------------------------------------


def draws_of(products: tuple[str, ...], count: int, seed: int) -> list[Overrides]:
    """Numbers of products at draws from their priors, one set for each draw; in each number every draw lies in another
    ``count``-th of the prior."""
    known = numbers(all_products())
    names = [full for full in known if any(full.startswith(f"drug.{product}.") for product in products)]
    who = np.arange(count)
    drawn: dict[str, np.ndarray] = {}
    for full in names:
        belief = evidence.prior(known[full])
        if not belief.log_spread and not belief.none:
            continue
        place = np.argsort(uniforms(seed, who, f"order of {full}"))
        drawn[full] = belief.quantile((place + uniforms(seed, who, f"prior {full}")) / count)
    return [tuple((full, float(values[k])) for full, values in drawn.items()) for k in range(count)]


# --- a trial of finite size ----------------------------------------------------------------------------------------


def variance_of_share(share: float, n: float) -> float:
    """Of a share of n people, held away from nobody and everybody by half a person."""
    held = (n * share + NO_EVENT) / (n + 1)
    return held * (1 - held) / n


@dataclass(frozen=True)
class Precision:
    """What a trial's placebo arm says of its errors.

    Attributes:
        sd: of the patients' own recorded slopes, points a month; ``sd_capacity`` of those of vital capacity.
        events: share with an event by the end of the trial; ``ill``: share who fall ill, of a presymptomatic trial.
        sd_nfl: of the change of log NfL.
        active, placebo: patients.
    """

    sd: float
    sd_capacity: float
    events: float
    active: float
    placebo: float
    ill: float = math.nan
    sd_nfl: float = math.nan

    def error(self, measure: Measure, effect: float = 0.0) -> float:
        """The standard error that the trial's estimate has."""
        share = 1 / self.active + 1 / self.placebo
        if measure == "slope":
            return self.sd * math.sqrt(share)
        if measure == "vital_capacity":
            return self.sd_capacity * math.sqrt(share)
        if measure == "nfl":
            return self.sd_nfl * math.sqrt(share)
        if measure == "joint_rank":  # of a rank sum under no effect
            return math.sqrt((self.active + self.placebo + 1) / (12 * self.active * self.placebo))
        if measure == "manifest":
            ill = min(max(self.ill + effect, 0.0), 1.0)
            return math.sqrt(variance_of_share(self.ill, self.placebo) + variance_of_share(ill, self.active))
        treated = 1 - (1 - self.events) ** math.exp(effect)
        events = (max(self.placebo * self.events, NO_EVENT), max(self.active * treated, NO_EVENT))
        return math.sqrt(1 / events[0] + 1 / events[1])

    def more(self, factor: float) -> Precision:
        return replace(self, active=factor * self.active, placebo=factor * self.placebo)


def precision_of(trial: Trial, arm: Arm, both: Pair) -> Precision:
    """From what the placebo arm recorded; where a trial's size was not read, a hundred patients in each arm."""
    visits = arm.months
    size = trial.content.n
    nfl_change = np.log(both.without.at(NFL, both.visits[[0, -1]]))
    with np.errstate(invalid="ignore"):
        own = _slopes(arm["items"].sum(axis=2), visits)
        capacity_own = _slopes(arm["capacity"], visits)
    return Precision(
        sd=float(np.nanstd(own, ddof=1)),
        sd_capacity=float(np.nanstd(capacity_own, ddof=1)),
        events=float(np.mean(both.without.death <= both.length)),
        active=float(size.active if size else UNREAD),
        placebo=float(size.placebo if size else UNREAD),
        ill=float(np.mean(both.without.onset <= both.length)),
        sd_nfl=float(np.nanstd(nfl_change[:, 1] - nfl_change[:, 0])),
    )


def z_of(measure: Measure, effect: float, precision: Precision) -> float:
    """How many standard errors of benefit the trial would see on average."""
    sign = -1.0 if measure in BENEFIT_IS_NEGATIVE else 1.0
    return sign * effect / precision.error(measure, effect)


def power(measure: Measure, effect: float, precision: Precision) -> float:
    """The chance of a significant benefit."""
    return float(norm.cdf(z_of(measure, effect, precision) - ALPHA_Z))


def visits_of(trial: Trial) -> np.ndarray:
    """(visits,) months from randomisation."""
    return np.array(trial.rules.protocol.visits) / DAYS_PER_MONTH
