"""Virtual patients: who they are, where and when disease begins, and their own values of the model's numbers.

They are drawn from the law of :mod:`charcot.disease.onset`: among people at risk, those whom steps to disease seed
before another death takes them. Every draw is addressed by (seed, patient, purpose), so that patient 17 of seed 1 is
the same person in any cohort, on any machine, and whether or not patient 16 was drawn.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml.comments import CommentedMap
from scipy.special import ndtri

from charcot import disease
from charcot.core.bounds import FRACTION
from charcot.core.errors import Problem, Where, raise_if_any
from charcot.core.identifiers import did_you_mean
from charcot.core.random import normals, stream, uniforms
from charcot.core.units import DAYS_PER_YEAR, UnitError, parse_quantity
from charcot.core.yaml_file import Document, read_document
from charcot.model.definition import number_symbols
from charcot.model.ports import Number
from charcot.patients.assemble import definition

POPULATIONS = Path(__file__).parent / "populations"
OLDEST = 110.0  # years: nobody falls ill later
MOST = 10_000_000  # patients of a cohort, which is held in memory; more are a PopulationJob
TDP43_SEED, UPPER_SEED = "soma.aggregate", "upper.aggregate"  # ports that a seed of TDP-43 is planted in
# Drawn labels of a patient: the column, by what the numbers of such patients are multiplied, and which numbers.
LABELS = (
    (
        "restricted",
        "onset.restricted_spread",
        ("spread.rate", "spread.sod1_rate", "spread.fus_rate", "spread.lesion_rate"),
    ),
    ("upper_only", "onset.upper_only_descending", ("spread.descending",)),
)
PHENOTYPES = tuple(label for label, _, _ in LABELS)
START_AGE = 16.0  # years: the age at which the healthy values of the model hold


@dataclass(frozen=True)
class Population:
    """A declared distribution of patients: shares of genotypes; all else follows from them and from the tables."""

    name: str
    title: str
    description: str
    genotypes: dict[str, float]
    male_share: float | None = None

    @classmethod
    def from_mapping(cls, name: str, data: Mapping[str, Any], file: str = "") -> Population:
        """Check and build a population; unknown keys and genotypes are named with their nearest spelling.

        A share is a number from 0 to 1 or a text such as ``"6.9 %"``; shares of genotypes sum to one.
        """
        where = Where.of(file or name)
        known = ("title", "description", "genotypes", "male_share")
        problems = [
            Problem("unknown-key", f"unknown key {key!r}", _line(data, file, key), did_you_mean(str(key), known))
            for key in data
            if key not in known
        ]
        given = data.get("genotypes")
        shares: dict[str, float] = {}
        if not isinstance(given, Mapping):
            message = f"genotypes is {given!r}, no list of genotypes with their shares"
            problems.append(Problem("bad-shares", message, where, "Write {sporadic: 90 %, SOD1: 10 %}."))
        for genotype, text in given.items() if isinstance(given, Mapping) else ():
            shares[str(genotype)] = _share(text)
        male = data.get("male_share")
        men = None if male is None else _share(male)
        found = share_problems(shares, men, where) if isinstance(given, Mapping) else []
        given_texts = {**(given if isinstance(given, Mapping) else {}), "male_share": male}
        found = [_in_words(problem, given_texts) for problem in found]
        raise_if_any([*problems, *found], f"the population {name!r} cannot be used")
        return cls(name, data.get("title", name), data.get("description", ""), shares, men)

    def __post_init__(self) -> None:
        where = Where.of(self.name)
        raise_if_any(share_problems(self.genotypes, self.male_share, where), f"{self.name!r} cannot be used")


def share_problems(genotypes: Mapping[str, float], male: float | None, where: Where) -> list[Problem]:
    """What is wrong with shares of genotypes and of men: unknown genotypes, no shares, a sum that is not one."""
    known = disease.genotypes()
    found = [
        Problem("unknown-genotype", f"no genotype is called {name!r}", where, did_you_mean(name, known))
        for name in genotypes
        if name not in known
    ]
    wrong = {name: share for name, share in genotypes.items() if not FRACTION.hold(share)}
    for name, share in wrong.items():
        message = f"the share of {name} is {share:g}, but must be {FRACTION}"
        found.append(Problem("bad-shares", message, where, "Write 0.07 or 7 %."))
    total = sum(genotypes.values())
    if not wrong and abs(total - 1) > 1e-6:
        found.append(Problem("bad-shares", f"the shares of genotypes sum to {total:g}, not to 1", where))
    if male is not None and not FRACTION.hold(male):
        found.append(Problem("bad-shares", f"male_share is {male:g}, but must be {FRACTION}", where))
    return found


def _in_words(problem: Problem, given: Mapping[str, Any]) -> Problem:
    """A problem with a share that is no number, with what was written in its place."""
    for name, text in given.items():
        if problem.message.startswith((f"the share of {name} is nan", f"{name} is nan")):
            return replace(problem, message=problem.message.replace("is nan", f"is {text!r}", 1))
    return problem


def _share(given: Any) -> float:
    """A share as a number, or as a text with %; NaN for what is neither."""
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        return math.nan
    try:
        return parse_quantity(given, "1") if isinstance(given, str) else float(given)
    except UnitError:
        return math.nan


def _line(data: Mapping[str, Any], file: str, key: Any) -> Where:
    """The line of a key, where the data are those of a file."""
    return Document(file, data).where((key,)) if isinstance(data, CommentedMap) else Where.of(file)


@functools.cache
def population_names() -> tuple[str, ...]:
    """The shipped populations."""
    return tuple(sorted(path.stem for path in POPULATIONS.glob("*.yaml")))


def load_population(name: str) -> Population:
    """A shipped population by name; raises :class:`KeyError` with the nearest names."""
    path = POPULATIONS / f"{name}.yaml"
    if name not in population_names():
        raise KeyError(f"no population is called {name!r}. {did_you_mean(name, population_names())}")
    return Population.from_mapping(name, read_document(path, path.name).data, path.name)


@dataclass(frozen=True)
class Cohort:
    """Virtual patients as columns, each of shape (patients,).

    ``columns`` holds who they are (``id``, ``sex``, ``genotype``, ``onset_region`` (where disease is seeded),
    ``seed_age_years``, ``seed_amount``, ``seed_port``, ``exposure.<name>``, ``restricted`` and ``upper_only``: whether
    disease hardly spreads, or begins in upper neurons alone), ``deviations`` the natural logarithm of each varying
    number over its shared value, by full name, and ``event_draw`` the Exp(1) draw that the cumulative hazard must reach
    for death or permanent ventilation. A cohort that does not ``vary`` holds typical persons, who
    have no draws of their own, for treatments either.
    """

    seed: int
    columns: dict[str, np.ndarray]
    deviations: dict[str, np.ndarray]
    vary: bool = True

    def __len__(self) -> int:
        return len(self.columns["id"])

    def take(self, index: np.ndarray | list[int]) -> Cohort:
        """Some patients, in the order asked for."""
        rows = np.asarray(index)
        return Cohort(
            self.seed,
            {name: column[rows] for name, column in self.columns.items()},
            {name: column[rows] for name, column in self.deviations.items()},
            self.vary,
        )


@functools.cache
def _numbers() -> dict[str, list[Number]]:
    return definition().number_rows


def value(name: str) -> float:
    """The value of a shared number of the disease."""
    return _numbers()[name][0].value


def _bounded(name: str, values: np.ndarray) -> np.ndarray:
    return _numbers()[name][0].bounds.nearest(values)


def _between(name: str) -> float:
    return _numbers()[name][0].between_patients


def _choose(draws: np.ndarray, shares: Mapping[str, float | np.ndarray]) -> np.ndarray:
    """(n,) a name for each draw; a share is one for all, or (n,)."""
    names = np.array(list(shares))
    edges = np.cumsum([np.broadcast_to(share, draws.shape) for share in shares.values()], axis=0)
    place: np.ndarray = np.minimum((edges <= draws * edges[-1]).sum(axis=0), len(names) - 1)
    return np.take(names, place)


def _regional_shares(seed_age_years: np.ndarray) -> dict[str, np.ndarray]:
    """(n,) chance of each region, not normed, to be the first of a person in whom disease begins at that age.

    The older, the more often it is the bulbar region: its share is multiplied by exp(b (age - reference age)).
    Source: chen2015_china.
    """
    shares = {row.index: np.full(len(seed_age_years), row.value) for row in _numbers()["onset.regional_share"]}
    shares["bulbar"] *= np.exp(value("onset.bulbar_by_age") * (seed_age_years - value("onset.regional_share_age")))
    return shares


def draw_cohort(population: Population, n: int, seed: int, first: int = 0) -> Cohort:
    """Draw patients ``first`` to ``first + n - 1`` of a population.

    Returns a :class:`Cohort`; drawing again with another ``first`` or ``n`` gives the same persons where they overlap.
    """
    if not 0 <= n <= MOST:
        raise ValueError(
            f"a cohort cannot have {n:,} patients: it is held in memory, and takes up to {MOST:,}. A larger population "
            "is simulated chunk by chunk: charcot population, or PopulationJob"
        )
    if seed < 0 or first < 0:
        raise ValueError(f"seed ({seed}) and first ({first}) cannot be negative")
    ids = np.arange(first, first + n)
    draw = functools.partial(uniforms, seed, ids)
    genotype = _choose(draw("genotype"), population.genotypes)
    columns = {"id": ids, "genotype": genotype, **_who_falls_ill(population, genotype, draw)}
    columns["seed_amount"] = _log_normal("onset.seed_amount", seed, ids, "seed amount")
    ports = {name: disease.genotypes()[name].seed for name in population.genotypes}
    upper_only = draw("upper neurons alone") < value("onset.upper_only_share")
    columns["upper_only"] = upper_only & np.isin(genotype, [name for name, port in ports.items() if port == TDP43_SEED])
    columns["restricted"] = (draw("restricted disease") < value("onset.restricted_share")) & ~columns["upper_only"]
    names, place = np.unique(genotype, return_inverse=True)
    columns["seed_port"] = np.array([ports[name] for name in names], dtype=object)[place]
    columns["seed_port"][columns["upper_only"]] = UPPER_SEED
    columns["event_draw"] = -np.log(draw("death or permanent ventilation"))
    columns["drift_spread"] = np.full(n, value("tempo.drift_spread"))
    columns["diagnosis_loss_needed"] = _log_normal("diagnosis.loss_needed", seed, ids)
    columns["diagnosis_wait_days"] = _log_normal("diagnosis.wait", seed, ids)
    deviations = _deviations(seed, ids)
    for label, multiplier, numbers in LABELS:
        for name in numbers:
            own = deviations.get(name, np.zeros(n))
            deviations[name] = own + np.where(columns[label], np.log(value(multiplier)), 0.0)
    return Cohort(seed, columns, deviations)


def onset_process() -> disease.Process:
    """The numbers of the steps to disease that all genotypes share."""
    mortality = disease.Mortality(
        value("onset.mortality_rate"), value("onset.mortality_reference_age"), value("onset.mortality_doubling_time")
    )
    return disease.Process(
        first_rate=value("onset.first_step_rate"),
        men_first=value("onset.male_first_step"),
        men_neuron=value("onset.male_neuron_steps"),
        silence=value("onset.silence"),
        growth=value("onset.births_growth"),
        youngest=value("onset.youngest_age"),
        oldest=value("onset.oldest_age"),
        mortality=mortality,
    )


def _who_falls_ill(
    population: Population, genotype: np.ndarray, draw: Callable[[str], np.ndarray]
) -> dict[str, np.ndarray]:
    """Sex, exposures, age at the seed and its region of each patient, by the law of the own genotype."""
    n, process = len(genotype), onset_process()
    chance = {name: draw(name) for name in ("sex", "seed age", "onset region")}
    exposure_draws = {name: draw(f"exposure: {name}") for name in disease.exposures()}
    out: dict[str, np.ndarray] = {
        "sex": np.full(n, "F"),
        "onset_region": np.full(n, "", dtype=f"<U{max(map(len, disease.REGIONS))}"),
        "seed_age_years": np.zeros(n),
        **{f"exposure.{name}": np.zeros(n, dtype=bool) for name in disease.exposures()},
    }
    for name in np.unique(genotype):
        rows, own = genotype == name, disease.genotypes()[name]
        law = disease.patients_with(own, process)
        male = chance["sex"][rows] < (law.men if population.male_share is None else population.male_share)
        exposed = law.exposed(male, {key: column[rows] for key, column in exposure_draws.items()})
        out["sex"][rows] = np.where(male, "M", "F")
        out["seed_age_years"][rows] = law.seed_ages(chance["seed age"][rows], male, exposed)
        shares = dict(own.sites) or _regional_shares(out["seed_age_years"][rows])
        out["onset_region"][rows] = _choose(chance["onset region"][rows], shares)
        for key, column in exposed.items():
            out[f"exposure.{key}"][rows] = column
    return out


def typical_cohort(
    regions: Sequence[str], seed_age_years: float, genotype: str = "sporadic", copies: int = 1
) -> Cohort:
    """Persons with every number at its shared value and a tempo that does not drift, one per region of onset.

    The draw for death is the median one, so that death falls where half of such patients have died. ``copies``
    repeats each person, for one arm each.
    """
    if not 0 <= seed_age_years <= OLDEST:
        raise ValueError(f"seed_age_years is {seed_age_years:g}: nobody falls ill at that age; give 16 to {OLDEST:g}")
    for name, given, known in (("region", regions, disease.REGIONS), ("genotype", [genotype], disease.genotypes())):
        for one in given:
            if one not in known:
                raise KeyError(f"no {name} is called {one!r}. {did_you_mean(one, known)}")
    region = np.repeat(np.array(regions), copies)
    n = len(region)
    chosen = disease.genotypes()[genotype]
    columns = {
        "id": np.arange(n),
        "sex": np.full(n, "M"),
        "genotype": np.full(n, genotype),
        "onset_region": region,
        "seed_age_years": np.full(n, float(seed_age_years)),
        "seed_amount": np.full(n, value("onset.seed_amount")),
        "seed_port": np.full(n, chosen.seed, dtype=object),
        "event_draw": np.full(n, np.log(2)),
        "drift_spread": np.zeros(n),
        "diagnosis_loss_needed": np.full(n, value("diagnosis.loss_needed")),
        "diagnosis_wait_days": np.full(n, value("diagnosis.wait")),
    }
    for exposure in disease.exposures():
        columns[f"exposure.{exposure}"] = np.zeros(n, dtype=bool)
    for label in PHENOTYPES:
        columns[label] = np.zeros(n, dtype=bool)
    return Cohort(0, columns, {}, vary=False)


def _log_normal(name: str, seed: int, ids: np.ndarray, purpose: str = "") -> np.ndarray:
    return _bounded(name, value(name) * np.exp(_between(name) * normals(seed, ids, purpose or name)))


def deviation(number: Number, full: str, seed: int, ids: np.ndarray) -> np.ndarray:
    """(patients,) ln(own value / shared value) of one number, addressed by its full name."""
    return number.between_patients * normals(seed, ids, f"number: {full}")


def _deviations(seed: int, ids: np.ndarray) -> dict[str, np.ndarray]:
    """ln(own value / shared value) of every number that differs between patients."""
    out: dict[str, np.ndarray] = {}
    for full, number in number_symbols(definition()).items():
        if number.between_patients > 0 and full != "person.base_tempo":
            out[full] = deviation(number, full, seed, ids)
    z = ndtri(uniforms(seed, ids, "number: person.base_tempo"))
    # Split log-normal: longer towards slow disease, as the long tail of survivors asks.
    spread = np.where(z < 0, value("tempo.spread_slow"), value("tempo.spread_fast"))
    out["person.base_tempo"] = spread * z
    return out


def _column(cohort: Cohort, column: str, factor: np.ndarray, number: str) -> Cohort:
    moved = _bounded(number, cohort.columns[column] * factor)
    return replace(cohort, columns={**cohort.columns, column: moved})


def _tempo(cohort: Cohort, factor: np.ndarray, slow: bool) -> Cohort:
    own = cohort.deviations.get("person.base_tempo")
    if own is None:  # typical persons have no tempo of their own
        return cohort
    moved = np.where((own < 0) == slow, own * factor, own)
    return replace(cohort, deviations={**cohort.deviations, "person.base_tempo": moved})


def _spread(cohort: Cohort, spread: str, factor: np.ndarray) -> Cohort:
    held = {full for full, number in number_symbols(definition()).items() if number.spread_by == spread}
    own = {full: column * factor if full in held else column for full, column in cohort.deviations.items()}
    return replace(cohort, deviations=own)


# Numbers that a person is drawn with and no mechanism reads: the cohort when one of them is multiplied.
DRAWN: dict[str, Callable[[Cohort, np.ndarray], Cohort]] = {
    "onset.seed_amount": lambda c, f: _column(c, "seed_amount", f, "onset.seed_amount"),
    "tempo.drift_spread": lambda c, f: _column(c, "drift_spread", f, "tempo.drift_spread"),
    "tempo.spread_slow": lambda c, f: _tempo(c, f, slow=True),
    "tempo.spread_fast": lambda c, f: _tempo(c, f, slow=False),
    "tempo.spread_between_regions": lambda c, f: _spread(c, "tempo.spread_between_regions", f),
    "diagnosis.loss_needed": lambda c, f: _column(c, "diagnosis_loss_needed", f, "diagnosis.loss_needed"),
    "diagnosis.wait": lambda c, f: _column(c, "diagnosis_wait_days", f, "diagnosis.wait"),
}


def tempo_paths(cohort: Cohort, until: float) -> tuple[np.ndarray, np.ndarray]:
    """Times (k,) in days since the seed and targets (patients, k), natural logarithm, of the drifting tempo."""
    interval = value("tempo.drift_interval")
    count = int(np.ceil(until / interval)) + 1
    noise = [stream(cohort.seed, int(i), "tempo drift").standard_normal(count) for i in cohort.columns["id"]]
    targets = np.array(noise).reshape(len(cohort), count) * cohort.columns["drift_spread"][:, None]
    return np.arange(count) * interval, targets


def start_days(cohort: Cohort) -> np.ndarray:
    """(patients,) the day on the patient's clock on which the simulation starts: :data:`START_AGE`, before the seed."""
    return -(cohort.columns["seed_age_years"] - START_AGE) * DAYS_PER_YEAR
