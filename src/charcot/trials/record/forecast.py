"""What the model says of a trial that is running: of its primary endpoint, and of its placebo arm."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from charcot.core.units import DAYS_PER_MONTH
from charcot.patients import load_population
from charcot.patients.assumptions import Assumed
from charcot.patients.people import NFL, UNTREATED, Store, simulate_people
from charcot.trials import placebo_arms
from charcot.trials.forecast_scores import CONSTANT_MEAN, CONSTANT_SPREAD, meta_analysis
from charcot.trials.placebo_arms import Arm, arm_of
from charcot.trials.record import discrepancy, effects, files
from charcot.trials.record.effects import Pair, Precision
from charcot.trials.record.files import Measure, Running, Trial, hazard_of
from charcot.trials.record.placebo import read_with_error
from charcot.trials.record.predictive import Mixture
from charcot.trials.record.twins import Chosen, Seen, Twins
from charcot.trials.world import real_world

FEWEST = 20  # people let in, below which nothing is said
# Spread between trials of the same rules, as in the table of targets: points a month; shares of SD and of the hazard.
# It is that of the model alone; where its miss of past trials is stored, what that leaves open takes its place.
BETWEEN_SLOPE, BETWEEN_SD, BETWEEN_HAZARD = 0.11, 0.11, 0.2
MODEL_ALONE = "model alone"  # a rival of what takes in how far the model missed past trials


@dataclass(frozen=True)
class Quantity:
    """A predicted figure of the placebo arm: its distribution, on the scale of ``unit``, and what it is of."""

    what: str
    unit: str
    months: float
    model: Mixture
    rivals: Mapping[str, Mixture]


@dataclass(frozen=True)
class Forecast:
    """A prediction of one trial.

    Attributes:
        people: simulated people whom the rules let in; ``pairs``: how many of them are twins.
        chance: that the primary endpoint shows a significant benefit; None where no target is in the model.
        estimate: of the effect that the trial will report; ``effect``: of the true one.
        rivals: of the estimate and of the chance: no effect at all; a coin, and the share of past trials.
        placebo: by name.
    """

    trial: Trial
    people: int
    pairs: int
    chance: float | None
    estimate: Mixture | None
    effect: Mixture | None
    rivals: Mapping[str, Mixture]
    chances: Mapping[str, float]
    placebo: Mapping[str, Quantity]

    @property
    def content(self) -> Running:
        assert isinstance(self.trial.content, Running)
        return self.trial.content


def simulate(
    trial: Trial,
    patients: int,
    seed: int,
    under: Assumed | None = None,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Store:
    """People of the trial's population."""
    return simulate_people(load_population(trial.rules.cohort), patients, seed, under, workers, progress)


def forecast(
    trial: Trial, store: Store, seed: int, workers: int = 1, progress: Callable[[int], None] | None = None
) -> Forecast | None:
    """The prediction; None where fewer than :data:`FEWEST` people are let in."""
    content, cohort = trial.content, trial.rules.cohort
    assert isinstance(content, Running)
    early = content.nfl_at_entry is not None
    arm = None if early else arm_of(trial.rules, store.on(trial.rules.riluzole), real_world())
    people = before_symptoms(trial, store) if arm is None else effects.chosen_of(cohort, arm, len(arm), seed)
    if len(people) < FEWEST:
        return None
    twins, visits = Twins({cohort: store}, workers, progress), effects.visits_of(trial)
    everybody = effects.pair(twins, people, (), visits, seed)
    precision = (
        effects.precision_of(trial, arm, everybody) if arm is not None else precision_early(trial, everybody.without)
    )
    chances = {"a coin": 0.5, "past trials": share_of_past_trials()}
    placebo = _placebo(trial, arm, everybody, precision)
    if not content.treatments:
        return Forecast(trial, len(people), 0, None, None, None, {}, chances, placebo)
    found = open_effect(trial, people, twins, seed, content.primary)
    errors = np.array([precision.error(content.primary, float(draw)) for draw in found.draws])
    estimate = Mixture(found.draws, np.hypot(errors, found.monte_carlo))
    chance = float(np.mean([effects.power(content.primary, float(draw), precision) for draw in found.draws]))
    rivals = {"no effect": Mixture.of(0.0, precision.error(content.primary))}
    placebo = {**placebo, **_active_nfl(trial, people, twins, seed, precision)}
    true = Mixture(found.draws, np.full(len(found.draws), found.monte_carlo))
    return Forecast(trial, len(people), found.people, chance, estimate, true, rivals, chances, placebo)


@dataclass(frozen=True)
class OpenEffect:
    """An effect at the shipped numbers of the products and at draws from their priors.

    ``draws``: (draws,); differences from the shipped numbers are taken among the same people.
    """

    simulated: float
    monte_carlo: float
    draws: np.ndarray
    people: int

    @property
    def sd(self) -> float:
        return float(np.std(self.draws, ddof=1))

    def predictive(self, error: float) -> Mixture:
        """Of an estimate with this standard error."""
        return Mixture(self.draws, np.full(len(self.draws), math.hypot(error, self.monte_carlo)))


def open_effect(trial: Trial, people: Chosen, twins: Twins, seed: int, measure: Measure) -> OpenEffect:
    """The effect of a trial's treatments on one measure, with what the evidence on the products leaves open."""
    chosen = files.choices()
    dosing, visits = effects.dosing_of(trial.content.treatments), effects.visits_of(trial)
    both = effects.pair(twins, effects.first_of(people, chosen.twins, seed), dosing, visits, seed)
    simulated, error = effects.with_error(measure, both)
    if not math.isfinite(simulated):
        return OpenEffect(simulated, error, np.full(chosen.draws, math.nan), len(both))
    few = effects.first_of(people, chosen.twins_of_draws, seed)
    read = effects.MEASURES[measure]
    shipped = read(effects.pair(twins, few, dosing, visits, seed))
    draws = [
        simulated + read(effects.pair(twins, few, dosing, visits, seed, changed)) - shipped
        for changed in effects.draws_of(trial.content.products, chosen.draws, seed)
    ]
    return OpenEffect(simulated, error, np.array(draws), len(both))


def before_symptoms(trial: Trial, store: Store) -> Chosen:
    """Whom a presymptomatic trial meets: carriers, in the first month in which NfL reaches its bound before onset."""
    content = trial.content
    assert isinstance(content, Running)
    assert content.nfl_at_entry is not None
    whole = store.on(0.0)
    if trial.rules.genotype:
        whole = whole.where(whole.column("genotype") == trial.rules.genotype)
    course = whole.course(NFL)
    month = np.arange(course.shape[1])
    with np.errstate(invalid="ignore"):
        reached = (course >= content.nfl_at_entry) & (month * DAYS_PER_MONTH < whole.onset[:, None])
    come = np.flatnonzero(reached.any(axis=1))
    days = reached[come].argmax(axis=1) * DAYS_PER_MONTH
    return Chosen(trial.rules.cohort, whole.rows[come], np.full(len(come), UNTREATED), days)


def precision_early(trial: Trial, seen: Seen) -> Precision:
    """Of a presymptomatic trial, whose people do not decline yet."""
    size = trial.content.n
    assert size is not None
    last = float(effects.visits_of(trial)[-1])
    change = np.diff(np.log(seen.at(NFL, np.array([0.0, last]))), axis=1)[:, 0]
    return Precision(
        sd=math.nan, sd_capacity=math.nan, events=float(np.mean(seen.death <= last)), active=size.active,
        placebo=size.placebo, ill=float(np.mean(seen.onset <= last)), sd_nfl=float(np.nanstd(change)),
    )  # fmt: skip


def _placebo(trial: Trial, arm: Arm | None, everybody: Pair, precision: Precision) -> dict[str, Quantity]:
    """Slope, SD of slopes, events and NfL of the placebo arm, or of all where there is none."""
    n = precision.placebo or precision.active
    last = everybody.length
    found: dict[str, Quantity] = {}
    if arm is not None:
        slope, error = read_with_error(lambda a: placebo_arms.decline(a, "slope", last), arm)
        own = precision.sd / math.sqrt(n)
        what = "decline of the ALSFRS-R, mixed model"
        found["slope"] = Quantity(
            what,
            "points/month",
            last,
            *_set_right("decline", slope, own, error, BETWEEN_SLOPE, _slope_rivals(precision.sd, n)),
        )
        sd, error = read_with_error(lambda a: placebo_arms.sd_of_decline(a, "slope", last), arm)
        own = sd / math.sqrt(2 * n)
        found["sd"] = Quantity(
            "SD of the patients' own slopes", "points/month", last,
            *_set_right("sd", sd, own, error, BETWEEN_SD * sd, {}),
        )  # fmt: skip
        alive, error = read_with_error(lambda a: hazard_of(placebo_arms.alive(a, last), last), arm)
        events = max(n * precision.events, effects.NO_EVENT)
        own = 1 / math.sqrt(events)
        found["hazard"] = Quantity(
            "logarithm of the mean monthly hazard of death or permanent ventilation", "log(1/month)", last,
            *_set_right("alive", alive, own, error, BETWEEN_HAZARD, {}),
        )  # fmt: skip
    else:
        spread = effects.variance_of_share
        width = math.sqrt(spread(precision.ill, n) + spread(precision.ill, len(everybody)))
        rivals = {"a coin": Mixture.of(0.5, width)}
        found["ill"] = Quantity("share who fall ill", "1", last, Mixture.of(precision.ill, width), rivals)
    change = _nfl_change(everybody.without, last)
    width = precision.sd_nfl * math.sqrt(1 / n + 1 / len(everybody))
    what = "change of the logarithm of serum NfL, of those who live"
    none = {"no change": Mixture.of(0.0, precision.sd_nfl / math.sqrt(n))}
    found["nfl"] = Quantity(what, "log ratio", last, Mixture.of(change, width), none)
    return found


def _set_right(
    quantity: files.Quantity, simulated: float, own: float, monte_carlo: float, between: float,
    rivals: Mapping[str, Mixture],
) -> tuple[Mixture, Mapping[str, Mixture]]:  # fmt: skip
    """The prediction as the past trials lie to theirs, and its rivals, of which the model alone is one.

    ``own``: the error of a trial of this size, ``monte_carlo``: of the simulated figure; ``between``: the spread of the
    model alone. Where nothing of that quantity is stored the model alone is the prediction.
    """
    alone = Mixture.of(simulated, math.hypot(own, monte_carlo, between))
    miss = discrepancy.stored().get(quantity)
    if miss is None:
        return alone, rivals
    return Mixture.of(*miss.predict(simulated, own, monte_carlo)), {**rivals, MODEL_ALONE: alone}


def _active_nfl(trial: Trial, people: Chosen, twins: Twins, seed: int, precision: Precision) -> dict[str, Quantity]:
    """The difference of the changes of NfL between active and placebo arm."""
    found = open_effect(trial, people, twins, seed, "nfl")
    last = float(effects.visits_of(trial)[-1])
    error = precision.error("nfl")
    rivals = {"no change": Mixture.of(0.0, error)}
    what = "change of the logarithm of serum NfL, active less placebo"
    return {"nfl_effect": Quantity(what, "log ratio", last, found.predictive(error), rivals)}


def _nfl_change(seen: Seen, months: float) -> float:
    return float(np.nanmean(np.diff(np.log(seen.at(NFL, np.array([0.0, months]))), axis=1)))


def _slope_rivals(sd: float, n: float) -> dict[str, Mixture]:
    """The random-effects mean of all past trials with a decline of the whole scale, and one constant."""
    figures = [
        f for t in files.past().values() for f in t.figures if f.quantity == "decline" and f.estimand != "slope40"
    ]
    values, errors = np.array([f.value for f in figures]), np.array([f.standard_error for f in figures])
    mean, error, between = meta_analysis(values, errors)
    own = sd / math.sqrt(n)
    return {
        "past trials": Mixture.of(mean, math.sqrt(error**2 + between**2 + own**2)),
        "a constant": Mixture.of(CONSTANT_MEAN, math.hypot(CONSTANT_SPREAD, own)),
    }


def share_of_past_trials() -> float:
    """The share of the record's trials with a decision whose primary endpoint was met."""
    outcomes = [t.content.outcome for t in files.past().values() if isinstance(t.content, files.Past)]
    decided = [outcome for outcome in outcomes if outcome != "exploratory"]
    return decided.count("met") / len(decided)
