"""Persons by their traits: who falls ill at a given age, in a given region; with and without treatment, and no end.

A person here does not die: the cumulative hazard is reported, but stops nothing. What function would be while a person
lives, and how long a person lives, are two questions, and a reader may want only the first answered.

The age at onset is asked for, while the model takes the age at the seed: the silent years between them are found by
running the person with seeds at several ages.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import PchipInterpolator

from charcot import disease, treatments
from charcot.core.errors import Problem, Problems, raise_if_any
from charcot.core.identifiers import close_to
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from charcot.patients.assumptions import Assumed
from charcot.patients.cohort import START_AGE, Cohort, Population, draw_cohort, onset_process, typical_cohort
from charcot.patients.courses import Courses

YOUNGEST, OLDEST_ONSET = 18.0, 90.0  # years, at onset
LARGEST_SEED = 2**53 - 1  # what a browser holds exactly
NODES = (16.0, 28.0, 40.0, 52.0, 64.0, 76.0, 88.0)  # years at the seed, at which one person's silence is measured
SILENCES = (8.0, 1.0)  # years before the onset asked for, at which the silence of many persons is measured
ITERATIONS = 40  # silence changes by about a tenth of a year per year, so that each shrinks the error tenfold
LONGEST_SILENCE = 40.0  # years that are simulated for an onset to come
UNTIL_DEATH = math.log(2.0)  # a cumulative hazard at which a run that only looks for the onset may end
SEEN_YEARS = 11.0  # after onset: what a course of one person covers
SITES = {"bulbar": "speech and swallowing", "cervical": "arms and hands", "thoracic": "trunk and breathing",
         "lumbar": "legs"}  # fmt: skip


@dataclass(frozen=True)
class Traits:
    """Who a person is. ``seed``: None is the typical person, whose numbers are all shared values; a number draws one.

    ``exposures`` change who falls ill and when; with the age at onset given, they change nothing of the course.
    """

    genotype: str = "sporadic"
    age_at_onset: float = 62.0
    site: str = "lumbar"
    exposures: tuple[str, ...] = ()
    seed: int | None = None


@dataclass(frozen=True)
class Treatment:
    """A product from ``start`` months after the diagnosis of the untreated course (negative: before it)."""

    product: str
    dose: str | None = None
    start: float = 0.0


@dataclass(frozen=True)
class Lives:
    """Persons untreated and treated, row by row the same; without treatments ``treated`` is None.

    ``onset`` (persons,) days from the seed to the onset of the untreated course, the zero of every clock here.
    """

    cohort: Cohort
    untreated: Courses
    treated: Courses | None
    onset: np.ndarray

    def on_months(self, courses: Courses, readout: str, months: np.ndarray) -> np.ndarray:
        """(persons, months) a read-out at months since the onset of the untreated course."""
        days = self.onset[:, None] + np.asarray(months, dtype=float)[None, :] * DAYS_PER_MONTH
        return np.asarray(courses.at(readout, days))

    def month_of(self, days: np.ndarray) -> np.ndarray:
        """(persons,) days on the patients' clocks as months since the onset of the untreated course."""
        return np.asarray((days - self.onset) / DAYS_PER_MONTH)


def trait_problems(traits: Traits) -> list[Problem]:
    """Everything that no person can be, at once."""
    found = []
    for what, name, known in (
        ("genotype", traits.genotype, tuple(disease.genotypes())),
        ("site of onset", traits.site, disease.REGIONS),
        *(("exposure", one, tuple(disease.exposures())) for one in traits.exposures),
    ):
        if name not in known:
            hint = f"{close_to(name, known)} Known are: {', '.join(known)}."
            found.append(Problem(f"unknown-{what.split()[0]}", f"no {what} is called {name!r}", None, hint))
    if not YOUNGEST <= traits.age_at_onset <= OLDEST_ONSET:
        message = f"an age at onset of {traits.age_at_onset:g} years is not possible here"
        found.append(Problem("bad-age", message, None, f"Give {YOUNGEST:g} to {OLDEST_ONSET:g} years."))
    if traits.seed is not None and not 0 <= traits.seed <= LARGEST_SEED:
        found.append(Problem("bad-seed", f"{traits.seed} is not a seed", None, f"Give 0 to {LARGEST_SEED}."))
    return found


def regimens_of(given: Sequence[Treatment]) -> tuple[list[treatments.Regimen], list[Problem]]:
    """The regimens, and everything that is wrong with the treatments."""
    found: list[treatments.Regimen] = []
    problems: list[Problem] = []
    for one in given:
        try:
            if not -600 <= one.start <= 600:
                raise ValueError(f"a start {one.start:g} months after diagnosis is not possible: give -600 to 600")
            start = f"{one.start * DAYS_PER_MONTH!r} days"
            found.append(treatments.Regimen.parse(product=one.product, dose=one.dose, start=start))
        except (KeyError, ValueError) as error:
            problems.append(Problem("bad-treatment", str(error.args[0])))
    names = [one.product for one in given]
    for name in sorted({n for n in names if names.count(n) > 1}):
        problems.append(Problem("bad-treatment", f"{name} is given twice: give one regimen of each product"))
    problems += [Problem("bad-treatment", sentence) for sentence in treatments.redosing(names)]
    return found, problems


def live(
    traits: Traits,
    given: Sequence[Treatment] = (),
    readouts: Sequence[str] = (),
    n: int | None = None,
    first: int = 0,
    seen_years: float = SEEN_YEARS,
    workers: int = 1,
    under: Assumed | None = None,
) -> Lives:
    """One person by the traits; with ``n``, the drawn persons ``first`` to ``first + n - 1`` who share them.

    Drawn persons who never fall ill are left out of the rows. ``under``: a changed model, in which the
    same persons fall ill at the same age. Raises :class:`charcot.core.errors.Problems`.
    """
    regimens, wrong = regimens_of(given)
    raise_if_any([*trait_problems(traits), *wrong], "this person cannot be simulated")
    under = under or Assumed()
    find = _one_untreated if n is None else _untreated
    cohort, untreated = find(traits, tuple(readouts), n, first, seen_years, workers, under)
    if n is None and (len(cohort) == 0 or not np.isfinite(untreated.onset).all()):
        raise _never_ill()
    treated = _treated(cohort, untreated, regimens, tuple(readouts), workers, under) if regimens else None
    return Lives(cohort, untreated, treated, untreated.onset)


def at_age(
    traits: Traits, n: int | None = None, first: int = 0, workers: int = 1, under: Assumed | None = None
) -> Cohort:
    """The persons of :func:`live` alone, unsimulated, who die at their own draws (of the typical person: the median).

    Raises :class:`charcot.core.errors.Problems` where nobody falls ill at that age.
    """
    raise_if_any(trait_problems(traits), "this person cannot be simulated")
    cohort, seeds = _seeds(traits, (), n, first, workers, under or Assumed())
    if not len(cohort):
        raise _never_ill()
    return _seeded(cohort, seeds)


def _never_ill() -> Problems:
    hint = "Choose another age at onset, or another drawn person."
    message = "this person does not fall ill at that age: the seed would have to come before the age of "
    return Problems([Problem("no-onset", f"{message}{START_AGE:g}, or disease stays silent", None, hint)])


def _untreated(
    traits: Traits,
    readouts: tuple[str, ...],
    n: int | None,
    first: int,
    seen_years: float,
    workers: int,
    under: Assumed,
) -> tuple[Cohort, Courses]:
    """The persons with seeds so early that onset comes at the age asked for, and their untreated courses."""
    age = traits.age_at_onset
    people, seeds = _seeds(traits, readouts, n, first, workers, under)
    cohort = _seeded(people, seeds, np.inf)
    years = math.ceil(float(np.max(age - seeds, initial=0.0)) + seen_years)
    return cohort, _run(cohort, readouts, workers, years, under)


def _seeds(
    traits: Traits, readouts: tuple[str, ...], n: int | None, first: int, workers: int, under: Assumed
) -> tuple[Cohort, np.ndarray]:
    """Those who fall ill at the age asked for, and (persons,) their ages at the seed, years."""
    age = traits.age_at_onset
    people = under.people(_people(traits, n, first))
    if n is None:
        onsets = _onsets_of_one(replace(traits, age_at_onset=NODES[-1]), readouts, under)
    else:
        nodes = tuple(max(age - silence, START_AGE) for silence in SILENCES)
        onsets = _onset_ages(people, nodes, readouts, workers, under)
    seeds = np.array([_seed_age(age, *own) for own in onsets])
    ill = np.flatnonzero(np.isfinite(seeds) & (seeds >= START_AGE))
    return people.take(ill), seeds[ill]


def _run(cohort: Cohort, readouts: tuple[str, ...], workers: int, years: float, under: Assumed) -> Courses:
    model = under.program(products=())
    return under.simulate(cohort, readouts=readouts, workers=workers, model=model, horizon_years=years)


Onsets = list[tuple[np.ndarray, np.ndarray]]  # of each person: ages at the seed, and the ages at onset that follow


def _onset_ages(
    people: Cohort, nodes: tuple[float, ...], readouts: tuple[str, ...], workers: int, under: Assumed
) -> Onsets:
    """Ages at onset (years) of the same people with a seed at each of the ages ``nodes``; who does not fall ill by
    then is left out of the node."""
    each = np.repeat(np.arange(len(people)), len(nodes))
    ages = np.tile(nodes, len(people))
    # Nobody's onset comes after the day on which half of such patients have died.
    courses = _run(_seeded(people.take(each), ages, UNTIL_DEATH), readouts, workers, LONGEST_SILENCE, under)
    onsets = ages + courses.onset / DAYS_PER_YEAR
    rows = zip(ages.reshape(len(people), -1), onsets.reshape(len(people), -1), strict=True)
    return [(seeds[np.isfinite(own)], own[np.isfinite(own)]) for seeds, own in rows]


@functools.lru_cache(maxsize=64)
def _onsets_of_one(traits: Traits, readouts: tuple[str, ...], under: Assumed) -> Onsets:
    """Of one person, kept: whoever changes the age asks for the same silence again."""
    return _onset_ages(under.people(_people(traits, None, 0)), NODES, readouts, 1, under)


def _seed_age(age: float, seeds: np.ndarray, onsets: np.ndarray) -> float:
    """The age at the seed (years) from which onset comes at ``age``; NaN where no two nodes fell ill.

    Silence is a smooth function of the age at the seed, so that seed = age - silence(seed) is found by repeating it.
    """
    if len(seeds) < 2 or seeds[0] == seeds[-1]:
        return math.nan
    silence = PchipInterpolator(seeds, onsets - seeds, extrapolate=True)
    seed = age - float(onsets[-1] - seeds[-1])
    for _ in range(ITERATIONS):
        seed = age - float(silence(min(max(seed, START_AGE), age)))
    return seed


# Of one person, kept: whoever changes a treatment asks for the same untreated course again.
_one_untreated = functools.lru_cache(maxsize=64)(_untreated)


def _people(traits: Traits, n: int | None, first: int) -> Cohort:
    if n is None and traits.seed is None:
        cohort = typical_cohort([traits.site], traits.age_at_onset, traits.genotype)
    else:
        population = Population(traits.genotype, traits.genotype, "", {traits.genotype: 1.0})
        cohort = draw_cohort(population, 1 if n is None else n, traits.seed or 0, first)
    size = len(cohort)
    columns = {**cohort.columns, "onset_region": np.full(size, traits.site)}
    for name in disease.exposures():
        columns[f"exposure.{name}"] = np.full(size, name in traits.exposures)
    return replace(cohort, columns=columns)


def _seeded(people: Cohort, ages: np.ndarray, draw: float | None = None) -> Cohort:
    """The same people seeded at these ages (years), who die at a cumulative hazard of ``draw``; None: their own."""
    own = {"seed_age_years": np.maximum(ages, START_AGE)}
    seeded = replace(people, columns={**people.columns, **own})
    return seeded if draw is None else _dying_at(seeded, draw)


def _dying_at(people: Cohort, draw: float) -> Cohort:
    return replace(people, columns={**people.columns, "event_draw": np.full(len(people), draw)})


def without_end(people: Cohort) -> Cohort:
    """The same people, whom no hazard stops: function as it is while they live."""
    return _dying_at(people, np.inf)


def _treated(
    cohort: Cohort,
    untreated: Courses,
    regimens: list[treatments.Regimen],
    readouts: tuple[str, ...],
    workers: int,
    under: Assumed,
) -> Courses:
    diagnosed = np.isfinite(untreated.diagnosis)
    given = [regimens if known else [] for known in diagnosed]
    origins = np.where(diagnosed, untreated.diagnosis, 0.0)
    assert untreated.grid is not None
    years = float(untreated.grid[-1]) / DAYS_PER_YEAR
    return under.simulate(cohort, given, origins, readouts, workers, horizon_years=years)


def lifetime_risks(traits: Traits) -> Iterator[tuple[str, float]]:
    """(sex, share of 1) of people with the genotype, whatever they are exposed to, who fall ill in their lives."""
    chosen, process = disease.genotypes()[traits.genotype], onset_process()
    for sex, male in (("women", False), ("men", True)):
        yield sex, disease.lifetime_risk(chosen, process, male)


def odds_by_exposure(traits: Traits) -> Iterator[tuple[str, float]]:
    """(exposure, odds ratio) of falling ill with each of the person's exposures, in this genotype."""
    chosen, process = disease.genotypes()[traits.genotype], onset_process()
    for name in traits.exposures:
        yield name, disease.odds_ratio(disease.exposures()[name], chosen, process)
