"""The three layers of uncertainty of a course, as reports name them: between patients, Monte Carlo, and what the
evidence leaves open.

For the third the same drawn persons are simulated under plausible models of the stored ensemble
(:mod:`charcot.fitting.layers`), each person with the onset at the age that was asked for. Persons stand where the
replicates of a trial do: the Monte-Carlo variance of a model's mean is subtracted from the variance between models. Of
products that nobody was ever given each model has its own draw of the effect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from charcot.core.errors import Problem, Problems, raise_if_any
from charcot.core.random import stream
from charcot.fitting import layers as room
from charcot.interfaces.explorer import opened_shapes as made
from charcot.interfaces.explorer.patient import CLOCK, title_of, unit_of
from charcot.interfaces.explorer.people import CHUNK, RESAMPLES, SHOWN, TREATED, UNTREATED, Tell
from charcot.interfaces.explorer.questions import Question
from charcot.interfaces.report.layers import MODELS, MONTE_CARLO, PATIENTS, of_effect_without
from charcot.patients import Assumed, live

PERSONS = 20  # in each model
FEWEST_MODELS, MOST_MODELS = 2, 12
EVERY = 3  # months, from onset on
USUAL_MODELS, ensemble_hash = room.MODELS, room.stored_hash
GAIN = "gain"
MIDDLE = (0.025, 0.975)


@dataclass(frozen=True)
class Run:
    """The persons of one model who fall ill: ids (persons,), and arm -> read-out -> (persons, months); how many
    simulations failed, and how many persons may not be given what they should be."""

    ids: np.ndarray
    values: dict[str, dict[str, np.ndarray]]
    failed: int


def checked_models(count: int) -> int:
    """How many plausible models; raises :class:`charcot.core.errors.Problems` where that is too many or too few."""
    problems = room.check_count(count)
    if not FEWEST_MODELS <= count <= MOST_MODELS:
        hint = f"Give {FEWEST_MODELS} to {MOST_MODELS}; more is a run of its own: charcot run --models."
        problems = [Problem("bad-size", f"{count:,} plausible models cannot be simulated in the explorer", None, hint)]
    raise_if_any(problems)
    return count


def opened(asked: Question, count: int, tell: Tell) -> made.Opened:
    """What is uncertain of the course of persons with these traits, in three layers."""
    checked_models(count)
    months = np.arange(0, asked.months + 1, EVERY, dtype=float)
    chosen = room.models(count, asked.traits.seed or 0, [one.product for one in asked.treatments])
    total = PERSONS * (count + 1)
    central = _run(asked, months, None, lambda done: tell(done, total))
    raise_if_any(
        []
        if len(central.ids)
        else [Problem("no-onset", "of the people drawn nobody falls ill", None, "Change the age.")],
        "this cannot be simulated",
    )
    runs: dict[int, Run] = {}
    failed: Counter[str] = Counter()
    for place, model in enumerate(chosen, 1):
        begun = place * PERSONS
        try:
            runs[model.number] = _run(asked, months, model.assumed, lambda done, at=begun: tell(at + done, total))  # type: ignore[misc]
        except Problems as error:
            failed[error.problems[0].message] += 1
    tell(total, total)
    series = [_series(arm, name, central, list(runs.values())) for arm in _arms(central) for name in SHOWN]
    found = room.Open(models=count, without=Counter(name for model in chosen for name in model.without))
    used = min((one.models for one in series), default=0)
    return made.Opened(
        hash=asked.hash(answer="opened", models=count),
        clock=CLOCK,
        persons=len(central.ids),
        models=count,
        used=used,
        months=months.tolist(),
        series=series,
        layers=layer_words(len(central.ids), count),
        without=of_effect_without(found),
        failed=[f"{times} of the models: {why}" for why, times in failed.items()],
        failed_persons=central.failed + sum(one.failed for one in runs.values()),
    )


def _run(asked: Question, months: np.ndarray, under: Assumed | None, tell: Callable[[int], None]) -> Run:
    ids: list[np.ndarray] = []
    values: dict[str, dict[str, list[np.ndarray]]] = {}
    failed = 0
    for first in range(0, PERSONS, CHUNK):
        tell(first)
        count = min(CHUNK, PERSONS - first)
        lives = live(asked.traits, asked.treatments, SHOWN, n=count, first=first, under=under)
        arms = {UNTREATED: lives.untreated, **({TREATED: lives.treated} if lives.treated is not None else {})}
        bad = np.any([arm.failed for arm in arms.values()], axis=0)
        fine = np.flatnonzero(~bad & np.isfinite(lives.onset))
        failed += int(bad.sum())
        ids.append(lives.cohort.columns["id"][fine])
        for label, courses in arms.items():
            for name in SHOWN:
                own = lives.on_months(courses, name, months)[fine]
                values.setdefault(label, {}).setdefault(name, []).append(own)
    joined = {label: {name: np.concatenate(rows) for name, rows in own.items()} for label, own in values.items()}
    return Run(np.concatenate(ids), joined, failed)


def _arms(central: Run) -> tuple[str, ...]:
    return (UNTREATED, TREATED, GAIN) if TREATED in central.values else (UNTREATED,)


def _of(run: Run, arm: str, name: str) -> np.ndarray:
    """(persons, months) of an arm; what is gained is treated less untreated, person by person."""
    if arm == GAIN:
        return np.asarray(run.values[TREATED][name] - run.values[UNTREATED][name])
    return run.values[arm][name]


def _series(arm: str, name: str, central: Run, runs: Sequence[Run]) -> made.OpenSeries:
    others = [(run.ids, _of(run, arm, name)) for run in runs]
    return three_layers(name, title_of(name), unit_of(name), arm, _of(central, arm, name), others)


def three_layers(
    readout: str, title: str, unit: str, arm: str, own: np.ndarray, others: Sequence[tuple[np.ndarray, np.ndarray]]
) -> made.OpenSeries:
    """The three ranges around a mean.

    Args:
        own: (persons, columns) in the central model.
        others: under each plausible model, (persons,) ids and (persons, columns) of the same persons.
    """
    draws = stream(0, 0, "explorer: persons drawn again").integers(0, len(own), (RESAMPLES, len(own)))
    chance = np.quantile(own[draws].mean(axis=1), MIDDLE, axis=0)
    patients = np.quantile(own, MIDDLE, axis=0)
    _, common = room.common({k: (ids, values.T) for k, (ids, values) in enumerate(others)}, PERSONS)
    spreads = (
        [room.spread(cell[:, np.isfinite(cell).all(axis=0)]) for cell in common]
        if common.size
        else [room.Spread(0, 0)] * own.shape[1]
    )
    return made.OpenSeries(
        readout=readout,
        title=title,
        unit=unit,
        arm=arm,
        mean=own.mean(axis=0).tolist(),
        patients_low=patients[0].tolist(),
        patients_high=patients[1].tolist(),
        chance_low=chance[0].tolist(),
        chance_high=chance[1].tolist(),
        models_low=[one.lower for one in spreads],
        models_high=[one.upper for one in spreads],
        models_middle=[one.middle for one in spreads],
        noise=[one.noise for one in spreads],
        models=min(one.models for one in spreads),
    )


def layer_words(persons: int, models: int) -> list[made.OpenLayer]:
    """What each layer is, for people who read them for the first time."""
    return [
        made.OpenLayer(
            name="patients",
            title=PATIENTS,
            words=f"how far {persons} virtual persons with the same gene, age and site differ: the middle 95 % of "
            "them. Nothing makes it smaller: people do differ.",
        ),
        made.OpenLayer(
            name="monte_carlo",
            title=MONTE_CARLO,
            words="which persons happened to be drawn: the 95 % bootstrap interval of their mean. More "
            "simulated persons make it smaller.",
        ),
        made.OpenLayer(
            name="models",
            title=MODELS,
            words="what if the numbers of the model are others that the evidence allows as well: the middle 95 % of "
            f"the means under {models} plausible models, their Monte-Carlo noise taken off. Better evidence makes "
            "it smaller. All models share the same equations.",
        ),
    ]
