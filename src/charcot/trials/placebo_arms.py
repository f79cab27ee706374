"""Placebo arms of published trials, made of simulated people whom the trial's entry rules let in, and their readings.

Everybody of a population is screened by the rules as a trial screens (:mod:`charcot.trials.enrolment`); all who are
eligible are followed, so that an arm is as large as the population allows and its Monte-Carlo error is small.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from charcot.clinic.observation import ITEMS_40, TOTAL_MAXIMUM
from charcot.clinic.stages import KINGS_STAGES, kings_stage
from charcot.core.estimates import least_squares, median_time, mixed_fit, share_without
from charcot.core.units import DAYS_PER_MONTH
from charcot.patients import population_readings
from charcot.patients.people import People
from charcot.trials.enrolment import NEVER_CAME, person_addresses, screen
from charcot.trials.entry_rules import EntryRules
from charcot.trials.followup import follow
from charcot.trials.pool import Batch, Pool, latent_at
from charcot.trials.screening import referred
from charcot.trials.world import Courses, World

REPLICATE = 0
LEAST_VISITS = 3  # of a slope of one's own


class KnownPeople(Pool):
    """People who are simulated already."""

    def __init__(self, world: World, people: People) -> None:
        self.world, self.people = world, people

    def with_background(self, batch: Batch, rows: np.ndarray, days: np.ndarray | None = None) -> Courses:
        return self.people.take(rows)


@dataclass(frozen=True)
class Arm:
    """What a placebo arm recorded; days and months count from randomisation.

    Attributes:
        months: (visits,).
        columns: arrays with a row for each who was let in: ``items`` (n, visits, 12), ``capacity`` (n, visits),
            ``nfl`` and the baseline, when the person died, what the course is, and whose it is: ``row`` and ``layer``
            of the store, ``randomisation`` in days of the person's clock.
        came, excluded: arrays with a row for each who came to screening: the tenth to which the person belongs, and
            whether a rule excluded the person.
    """

    name: str
    months: np.ndarray
    columns: Mapping[str, np.ndarray]
    came: np.ndarray
    excluded: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]

    def __len__(self) -> int:
        return len(self.columns["group"])

    def where(self, keep: np.ndarray) -> Arm:
        rows = {name: column[keep] for name, column in self.columns.items()}
        return Arm(self.name, self.months, rows, self.came, self.excluded)

    def without(self, group: int) -> Arm:
        """The arm that a population without one tenth of its people gives."""
        arm, stay = self.where(self["group"] != group), self.came != group
        return Arm(arm.name, arm.months, arm.columns, self.came[stay], self.excluded[stay])


def arm_of(rules: EntryRules, people: People, world: World) -> Arm:
    """Screen people by the rules and follow those who are let in and would come.

    The rules judge everybody, since what published rules exclude was counted among incident patients.
    """
    p = people if not rules.genotype else people.where(people.column("genotype") == rules.genotype)
    protocol, n = rules.protocol, len(p)
    everybody = protocol.model_copy(update={"screening": protocol.screening.model_copy(update={"referral": None})})
    batch = Batch(
        numbers=p.ids,
        cohort=p.store.cohort.take(p.rows),
        onset=p.onset,
        diagnosis=p.diagnosis,
        death=p.death,
        failed=p.failed,
        reasons=[""] * n,
        background=[()] * n,
        too_old=np.zeros(n, dtype=bool),
    )
    with np.errstate(invalid="ignore"):  # who is never diagnosed is never screened
        screened = screen(everybody, KnownPeople(world, p), batch, REPLICATE)
        comes = referred(protocol, screened.clocks.age, person_addresses(REPLICATE, p.ids))
    came = ~np.isin(screened.verdicts.reason, NEVER_CAME)
    rows = np.flatnonzero(screened.eligible & comes)
    q, clocks = p.take(rows), screened.clocks.take(rows)
    visit = screened.visit.take(np.searchsorted(screened.rows, rows))
    latent = latent_at(q, clocks.randomisation[:, None] + np.array(protocol.visits))
    addresses = person_addresses(REPLICATE, q.ids)
    seen = follow(
        protocol, latent, q.death - clocks.randomisation, np.zeros(len(rows), dtype=np.int64), addresses, visit.items
    )
    ending = np.minimum(q.death, q.end)
    since_onset = (clocks.randomisation - clocks.recalled_onset) / DAYS_PER_MONTH
    before = (clocks.screening - clocks.recalled_onset) / DAYS_PER_MONTH
    columns = {
        "group": q.ids % 10,
        "row": q.rows,
        "layer": q.layer,
        "randomisation": clocks.randomisation,
        "items": seen.items,
        "capacity": seen.measured["vital_capacity"],
        "baseline_nfl": seen.measured["nfl"][:, 0],
        "age": clocks.age,
        "bulbar": (q.onset_domain == "bulbar").astype(float),
        "months_since_onset": since_onset,
        "slope_before": (TOTAL_MAXIMUM - visit.total) / np.maximum(before, population_readings.SHORTEST),
        "left": (ending - clocks.randomisation) / DAYS_PER_MONTH,
        "died": np.isfinite(q.death),
        "from_onset": (ending - q.onset) / DAYS_PER_MONTH,
        **{name: times[q.layer, q.rows] for name, times in q.store.stages.items()},
    }
    out = screened.verdicts.reason != ""
    return Arm(rules.name, np.array(protocol.visits) / DAYS_PER_MONTH, columns, p.ids[came] % 10, out[came])


def _total(arm: Arm, scale: float = TOTAL_MAXIMUM) -> np.ndarray:
    items = arm["items"]
    return np.asarray(items[:, :, ITEMS_40].sum(axis=2) if scale == 40 else items.sum(axis=2))


def _upto(arm: Arm, months: float) -> np.ndarray:
    """The visits up to a month, with a day's grace."""
    return np.flatnonzero(arm.months <= months + 1 / DAYS_PER_MONTH)


def _visit(arm: Arm, months: float) -> int:
    """The visit nearest to a month."""
    return int(np.abs(arm.months - months).argmin())


def _changes(arm: Arm, estimand: str, months: float) -> np.ndarray:
    """(n,) change of the total from baseline over the months: as observed, or the last observation carried forward."""
    total, last = _total(arm), _visit(arm, months)
    if estimand == "observed":
        return np.asarray(total[:, last] - total[:, 0])
    there = np.isfinite(total[:, : last + 1])
    latest = last - there[:, ::-1].argmax(axis=1)
    return np.asarray(total[np.arange(len(total)), latest] - total[:, 0])


def _own_slopes(arm: Arm, months: float, scale: float = TOTAL_MAXIMUM) -> np.ndarray:
    visits = _upto(arm, months)
    values = _total(arm, scale)[:, visits]
    enough = np.isfinite(values).sum(axis=1) >= LEAST_VISITS
    return np.where(enough, least_squares(arm.months[visits], values), np.nan)


def decline(arm: Arm, estimand: str, months: float) -> float:
    """Mean change of the score, points a month: ``slope`` and ``slope40`` by a mixed model, ``observed`` and ``locf``
    as the change from baseline at the last visit over the months."""
    if estimand in ("slope", "slope40"):
        visits = _upto(arm, months)
        fit = mixed_fit(arm.months[visits], _total(arm, 40 if estimand == "slope40" else TOTAL_MAXIMUM)[:, visits])
        return math.nan if fit is None else float(fit.effects[1])
    return _mean(_changes(arm, estimand, months)) / months


def sd_of_decline(arm: Arm, estimand: str, months: float) -> float:
    """SD between patients of that change over the months, or of each patient's own slope."""
    return _sd(_own_slopes(arm, months)) if estimand == "slope" else _sd(_changes(arm, estimand, months)) / months


def sd_of_true_slopes(arm: Arm, months: float, scale: float = TOTAL_MAXIMUM) -> float:
    """SD between patients of true slopes by a mixed model, points a month."""
    visits = _upto(arm, months)
    fit = mixed_fit(arm.months[visits], _total(arm, scale)[:, visits])
    return math.nan if fit is None else float(np.sqrt(fit.random[1, 1]))


def residual_sd(arm: Arm, months: float, scale: float = TOTAL_MAXIMUM) -> float:
    """SD within patients about their own lines by the same mixed model, points."""
    visits = _upto(arm, months)
    fit = mixed_fit(arm.months[visits], _total(arm, scale)[:, visits])
    return math.nan if fit is None else float(np.sqrt(fit.residual))


def capacity_slope(
    arm: Arm, months: float, total_min: float = 0, total_max: float = TOTAL_MAXIMUM, spinal: float | None = None
) -> float:
    """Slope of vital capacity by a mixed model, % predicted a month, of those with such a score at baseline and, where
    said, spinal (1) or bulbar (0) onset."""
    first = _total(arm)[:, 0]
    keep = (first >= total_min) & (first <= total_max)
    if spinal is not None:
        keep &= arm["bulbar"] == 1 - spinal
    visits = _upto(arm, months)
    fit = mixed_fit(arm.months[visits], arm["capacity"][keep][:, visits])
    return math.nan if fit is None else float(fit.effects[1])


def alive(arm: Arm, months: float) -> float:
    """Percent without death or permanent ventilation at a month (Kaplan and Meier)."""
    return 100 * share_without(arm["left"], arm["died"], months)


def median_survival(arm: Arm) -> float:
    """Kaplan-Meier median from randomisation, months."""
    return median_time(arm["left"], arm["died"])


_BASELINE: dict[str, Callable[[Arm], np.ndarray]] = {
    "total": lambda arm: _total(arm)[:, 0],
    "capacity": lambda arm: arm["capacity"][:, 0],
    "months_since_onset": lambda arm: arm["months_since_onset"],
    "slope_before": lambda arm: arm["slope_before"],
    "age": lambda arm: arm["age"],
    "bulbar": lambda arm: 100 * arm["bulbar"],
}


def baseline(arm: Arm, variable: str, statistic: str) -> float:
    """Mean, SD or percent at randomisation (age: at screening)."""
    values = _BASELINE[variable](arm)
    return _sd(values) if statistic == "sd" else _mean(values)


def kings_progression(arm: Arm, months: float) -> float:
    """Percent who reach a later King's stage, or die, by a month."""
    order = {"": -1, **{stage: min(rank, 4) for rank, stage in enumerate(KINGS_STAGES)}}
    named = kings_stage(arm["items"][:, _upto(arm, months)])
    rank = np.select([named == stage for stage in order], list(order.values()), -1)
    died = arm["died"] & (arm["left"] <= months)
    return 100 * _mean((rank.max(axis=1, initial=-1) > rank[:, 0]) | died) if len(rank) else math.nan


def kings_share(arm: Arm, stage: float) -> float:
    """Median share of the course from onset to death at which a King's stage is reached."""
    return population_readings.kings_share(arm.columns, stage)


def modifier(arm: Arm, covariate: str, months: float) -> float:
    """How many points a month more are lost for a unit of the covariate, the others held: ``bulbar``, ``age`` (years),
    ``years_since_onset``."""
    known = {"bulbar": arm["bulbar"], "age": arm["age"], "years_since_onset": arm["months_since_onset"] / 12}
    lost = -_own_slopes(arm, months)
    there = np.isfinite(lost)
    if there.sum() <= len(known) + 1:
        return math.nan
    design = np.column_stack([np.ones(there.sum()), *(column[there] for column in known.values())])
    return float(np.linalg.lstsq(design, lost[there], rcond=None)[0][1 + list(known).index(covariate)])


def correlation_of_changes(arm: Arm, first: float, second: float) -> float:
    """Correlation of the changes from baseline over two spans."""
    return _correlation(_changes(arm, "observed", first), _changes(arm, "observed", second))


def nfl_correlation(arm: Arm, slope: str, months: float = 0) -> float:
    """Rank correlation of serum NfL at baseline with the points lost a month before entry or on trial."""
    lost = arm["slope_before"] if slope == "before" else -_own_slopes(arm, months)
    both = np.isfinite(lost) & np.isfinite(arm["baseline_nfl"])
    return float(spearmanr(lost[both], arm["baseline_nfl"][both]).statistic) if both.sum() > 2 else math.nan


def no_decline(arm: Arm, months: float) -> float:
    """Percent, of those seen at a month, whose total is not below that at baseline."""
    change = _changes(arm, "observed", months)
    return 100 * _mean((change[np.isfinite(change)] >= 0).astype(float))


def rising_half_year(arm: Arm, months: float) -> float:
    """Percent with a least-squares slope above zero over the visits of some half year, of those followed for one."""
    visits = _upto(arm, months)
    at, total = arm.months[visits], _total(arm)[:, visits]
    rising, followed = np.zeros(len(total), dtype=bool), np.zeros(len(total), dtype=bool)
    for first in range(len(at)):
        last = int(np.abs(at - at[first] - 180 / DAYS_PER_MONTH).argmin())
        if at[last] - at[first] < 5:
            continue
        whole = np.isfinite(total[:, first : last + 1]).all(axis=1)
        slope = least_squares(at[first : last + 1], total[:, first : last + 1])
        rising |= whole & (np.nan_to_num(slope) > 0)
        followed |= whole
    return 100 * _mean(rising[followed].astype(float))


def share_excluded(arm: Arm) -> float:
    """Percent of those who came to screening whom a rule excluded."""
    return 100 * _mean(arm.excluded.astype(float))


# --- over all sets of rules --------------------------------------------------------------------------------------

Arms = Mapping[str, Arm]


def mean_excluded(arms: Arms) -> float:
    """Mean over the sets of the percent excluded."""
    return _mean(np.array([share_excluded(arm) for arm in arms.values()]))


def excluded_extreme(arms: Arms, which: str) -> float:
    """The largest or smallest percent that a set excludes."""
    shares = [share_excluded(arm) for arm in arms.values()]
    return max(shares) if which == "largest" else min(shares)


def mean_sd_of_survival(arms: Arms, months: float) -> float:
    """Mean over the sets of the SD of survival from onset of the eligible who die within ``months`` of onset."""
    return _mean(np.array([population_readings.sd_of_survival(arm.columns, months) for arm in arms.values()]))


def mean_sd_of_slopes(arms: Arms, months: float) -> float:
    """Mean over the sets of the SD of true slopes of the eligible."""
    return _mean(np.array([sd_of_true_slopes(arm, months) for arm in arms.values()]))


def _mean(values: np.ndarray) -> float:
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    return float(np.mean(known)) if len(known) else math.nan


def _sd(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.std(known, ddof=1)) if len(known) > 1 else math.nan


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    both = np.isfinite(x) & np.isfinite(y)
    return float(np.corrcoef(x[both], y[both])[0, 1]) if both.sum() > 2 else math.nan


READINGS: dict[str, Callable[..., float]] = {
    function.__name__: function
    for function in (
        decline, sd_of_decline, sd_of_true_slopes, residual_sd, capacity_slope, alive, median_survival, baseline,
        kings_progression, kings_share, modifier, correlation_of_changes, nfl_correlation, no_decline, rising_half_year,
    )
}  # fmt: skip
OVER_ALL: dict[str, Callable[..., float]] = {
    function.__name__: function
    for function in (mean_excluded, excluded_extreme, mean_sd_of_survival, mean_sd_of_slopes)
}
