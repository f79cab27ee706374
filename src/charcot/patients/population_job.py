"""A whole population as a job for :mod:`charcot.engine.campaign`: every patient, in every arm, one row each.

Nobody is screened or randomised. Each patient is simulated untreated first; treatments start at the diagnosis of that
course (background treatments) or so many days after it (those of an arm), so that arms share all draws and the days
of onset and diagnosis.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from charcot import disease, treatments
from charcot.core.errors import Problem, raise_if_any
from charcot.core.identifiers import did_you_mean
from charcot.core.random import uniforms
from charcot.core.result import Status
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from charcot.engine.campaign import ArraySpec, Block
from charcot.engine.campaign.machine import made_by
from charcot.patients.arguments import late_starts
from charcot.patients.assemble import program
from charcot.patients.cohort import PHENOTYPES, Cohort, Population, draw_cohort
from charcot.patients.courses import HORIZON_YEARS, Courses, simulate

if TYPE_CHECKING:
    import pyarrow

TOTAL = "clinic.alsfrs_r.total"
SEXES = ("F", "M")
STATUSES = tuple(status.name.lower() for status in Status)
DEFAULT_MONTHS = (0, 6, 12, 24, 36)
LARGEST = 10**9  # more people than will ever have the disease


@dataclass(frozen=True)
class Arm:
    """One way to treat everybody; the regimens' starts are days after diagnosis."""

    id: str
    regimens: tuple[treatments.Regimen, ...] = ()


@dataclass(frozen=True)
class PopulationJob:
    """``size`` patients of a population in every arm.

    Attributes:
        background: product -> share (0 to 1) of patients who take it from diagnosis on, in every arm.
        score_days: days after diagnosis at which ALSFRS-R and ``readouts`` are reported.
        readouts: reported beside the ALSFRS-R total.
        horizon_years: simulated time after the seed; who is alive then is censored.
        trajectory_months: 0, or the interval at which whole courses of the total and ``readouts`` are stored.
    """

    population: Population
    size: int
    seed: int
    arms: tuple[Arm, ...] = (Arm("untreated"),)
    background: Mapping[str, float] = field(default_factory=dict)
    score_days: tuple[float, ...] = tuple(months * DAYS_PER_MONTH for months in DEFAULT_MONTHS)
    readouts: tuple[str, ...] = ()
    horizon_years: float = HORIZON_YEARS
    trajectory_months: int = 0

    def __post_init__(self) -> None:
        raise_if_any(self._problems(), "this population cannot be run")

    def _problems(self) -> Iterator[Problem]:
        if not 1 <= self.size <= LARGEST or int(self.size) != self.size:
            yield Problem("bad-size", f"{self.size:,} patients are not possible", None, f"Give 1 to {LARGEST:,}.")
        if not 0 <= self.seed < 2**63:
            yield Problem("bad-seed", f"the seed is {self.seed}", None, "Give a whole number from 0 to 2^63 - 1.")
        ids = [arm.id for arm in self.arms]
        for name in sorted({name for name in ids if ids.count(name) > 1}):
            yield Problem("duplicate-arm", f"two arms are called {name!r}", None, "Give each arm its own id.")
        if not self.arms:
            yield Problem("no-arm", "there is no arm", None, "An arm without treatments is the untreated course.")
        for name in (*self.background, *(r.product for arm in self.arms for r in arm.regimens)):
            if name not in treatments.products():
                hint = did_you_mean(name, treatments.products())
                yield Problem("unknown-product", f"no product is called {name!r}", None, hint)
        for arm in self.arms:
            names = [*self.background, *(regimen.product for regimen in arm.regimens)]
            for name in sorted({name for name in names if names.count(name) > 1}):
                text = f"arm {arm.id!r} would give {name} twice to one patient"
                yield Problem("product-twice", text, None, "Give it in the background or in the arm, and once.")
            for text in treatments.redosing(list(dict.fromkeys(names))):
                yield Problem("redosing", f"arm {arm.id!r}: {text}", None, "Nobody is given two such vectors.")
        yield from self._problems_of_numbers()

    def _problems_of_numbers(self) -> Iterator[Problem]:
        known = program().readout_names
        for name in self.readouts:
            if name not in known:
                yield Problem("unknown-readout", f"no read-out is called {name!r}", None, did_you_mean(name, known))
        for product, share in self.background.items():
            if not 0 <= share <= 1:
                yield Problem("bad-share", f"the share of {product} is {share:g}", None, "It must lie from 0 to 1.")
        days = self.score_days
        if any(not (math.isfinite(day) and day >= 0) for day in days) or list(days) != sorted(set(days)):
            yield Problem("bad-days", "the days after diagnosis must ascend from 0 on", None, "")
        if days and days[-1] > 100 * DAYS_PER_YEAR:
            yield Problem("bad-days", f"{days[-1]:g} days after diagnosis are beyond a life", None, "")
        if not 0 < self.horizon_years <= 100:
            yield Problem("bad-horizon", f"a horizon of {self.horizon_years:g} years is not possible", None, "")
        yield from late_starts((regimen for arm in self.arms for regimen in arm.regimens), self.horizon_years)
        if self.trajectory_months < 0:
            yield Problem("bad-interval", "courses are stored every 1, 2, ... months", None, "")

    # what the campaign asks -----------------------------------------------------------------------------------

    def description(self) -> dict[str, Any]:
        """What is asked for, JSON-able; :meth:`from_description` reads it back."""
        arms = [{"id": arm.id, "regimens": [_regimen_words(r) for r in arm.regimens]} for arm in self.arms]
        plain = {name: getattr(self, name) for name in ("size", "seed", "horizon_years", "trajectory_months")}
        return {
            "population": asdict(self.population),
            **plain,
            "arms": arms,
            "background": dict(self.background),
            "score_days": list(self.score_days),
            "readouts": list(self.readouts),
        }

    @classmethod
    def from_description(cls, words: Mapping[str, Any]) -> PopulationJob:
        """The job that :meth:`description` described."""
        arms = tuple(Arm(arm["id"], tuple(_regimen(r) for r in arm["regimens"])) for arm in words["arms"])
        return cls(
            Population(**words["population"]),
            words["size"],
            words["seed"],
            arms,
            dict(words["background"]),
            tuple(words["score_days"]),
            tuple(words["readouts"]),
            words["horizon_years"],
            words["trajectory_months"],
        )

    def fingerprint(self) -> dict[str, str]:
        """The code, the libraries and the kind of processor that decide the last bit."""
        return made_by()

    @cached_property
    def reported(self) -> tuple[str, ...]:
        """The read-outs that are reported: the ALSFRS-R total first."""
        return tuple(dict.fromkeys([TOTAL, *self.readouts]))

    @property
    def score_columns(self) -> dict[str, tuple[str, float]]:
        """Column -> (read-out, days after diagnosis)."""
        return {f"{name}@{day:g}": (name, day) for name in self.reported for day in self.score_days}

    @cached_property
    def grid(self) -> np.ndarray:
        """The days after the seed at which whole courses are stored, (times,)."""
        horizon = self.horizon_years * DAYS_PER_YEAR
        return np.arange(0.0, horizon + DAYS_PER_MONTH / 2, DAYS_PER_MONTH)[:: self.trajectory_months or 1]

    def arrays(self) -> tuple[ArraySpec, ...]:
        """One array (patients, arms, times) per reported read-out, where courses are to be stored."""
        if not self.trajectory_months:
            return ()
        units = {readout.name: readout.unit for readout in program().readouts}
        shared = {"arms": [arm.id for arm in self.arms], "days_since_seed": [float(day) for day in self.grid]}
        shape = (len(self.arms), len(self.grid))
        return tuple(ArraySpec(name, shape, ("arm", "time"), {"unit": units[name], **shared}) for name in self.reported)

    def block(self, first: int, last: int) -> Block:
        """Patients ``first`` to ``last - 1`` in every arm: rows by patient, then arm."""
        cohort = draw_cohort(self.population, last - first, self.seed, first)
        natural = simulate(cohort, readouts=self.readouts, horizon_years=self.horizon_years)
        diagnosis = natural.diagnosis
        seen = [self._in_arm(arm, cohort, natural, diagnosis) for arm in self.arms]
        arrays = {}
        if self.trajectory_months:
            arrays = {name: np.stack([arm.courses[k] for arm in seen], axis=1) for k, name in enumerate(self.reported)}
        return Block(self._table(cohort, natural.onset, diagnosis, seen), arrays)

    # how a block is computed ----------------------------------------------------------------------------------

    def _in_arm(self, arm: Arm, cohort: Cohort, natural: Courses, diagnosis: np.ndarray) -> _Seen:
        """One arm. Who is never diagnosed, or gets nothing, goes on as in the untreated course."""
        seen = self._see(natural, diagnosis)
        takes = self._background(cohort)
        known = np.isfinite(diagnosis)
        # Patients are simulated together with those who get the same products: with others on board the program
        # would be another one, and the last bit would depend on the company.
        for combination in np.unique(takes, axis=0):
            taken = [product for product, takes_it in zip(self.background, combination, strict=True) if takes_it]
            regimens = [treatments.Regimen.parse(product=product) for product in taken]
            regimens += arm.regimens
            rows = np.flatnonzero(known & (takes == combination).all(axis=1))
            if not regimens or not len(rows):
                continue
            courses = simulate(
                cohort.take(rows),
                [regimens] * len(rows),
                diagnosis[rows],
                self.readouts,
                horizon_years=self.horizon_years,
            )
            # Until the first dose nobody is another person than untreated.
            before = np.array(self.score_days) <= min(regimen.start for regimen in regimens)
            seen.put(rows, self._see(courses, diagnosis[rows]), before)
        return seen

    def _background(self, cohort: Cohort) -> np.ndarray:
        """(patients, background products) bool: who takes what."""
        ids = cohort.columns["id"]
        draws = [uniforms(self.seed, ids, f"background {p}") < share for p, share in self.background.items()]
        return np.array(draws, dtype=bool).reshape(len(draws), len(cohort)).T

    def _see(self, courses: Courses, diagnosis: np.ndarray) -> _Seen:
        days = diagnosis[:, None] + np.array(self.score_days)[None, :]
        scores = np.stack([courses.at(name, days) for name in self.reported])
        stored = np.zeros((len(self.reported), len(diagnosis), 0))
        if self.trajectory_months:
            stored = np.stack([courses.on_grid(name, self.trajectory_months) for name in self.reported])
        refused = courses.not_eligible.copy()
        return _Seen(courses.death.copy(), courses.result.status.copy(), scores, stored, refused)

    def _table(self, cohort: Cohort, onset: np.ndarray, diagnosis: np.ndarray, seen: list[_Seen]) -> pyarrow.Table:
        import pyarrow

        arms, columns = len(self.arms), cohort.columns
        n = len(cohort)

        def each(values: np.ndarray) -> np.ndarray:
            return np.repeat(values, arms)

        def by_arm(values: list[np.ndarray]) -> np.ndarray:
            return np.stack(values, axis=1).ravel()

        def words(values: np.ndarray, known: tuple[str, ...]) -> pyarrow.Array:
            place = {word: k for k, word in enumerate(known)}
            index = np.array([place[str(value)] for value in values], dtype=np.int32)
            return pyarrow.DictionaryArray.from_arrays(pyarrow.array(each(index)), pyarrow.array(list(known)))

        def days(values: np.ndarray) -> pyarrow.Array:
            return pyarrow.array(values, mask=~np.isfinite(values))  # what never happens, or is not known, is null

        ids = tuple(arm.id for arm in self.arms)
        arm_index = pyarrow.array(np.tile(np.arange(arms, dtype=np.int32), n))
        status = pyarrow.array(by_arm([arm.status for arm in seen]).astype(np.int32))
        table: dict[str, pyarrow.Array] = {
            "patient": pyarrow.array(each(columns["id"].astype(np.int64))),
            "arm": pyarrow.DictionaryArray.from_arrays(arm_index, pyarrow.array(list(ids))),
            "genotype": words(columns["genotype"], tuple(disease.genotypes())),
            "sex": words(columns["sex"], SEXES),
            "onset_region": words(columns["onset_region"], disease.REGIONS),
            "seed_age_years": pyarrow.array(each(columns["seed_age_years"])),
            **{
                name: pyarrow.array(each(columns[name].astype(bool)))
                for name in columns
                if name.startswith("exposure.") or name in PHENOTYPES
            },
            "status": pyarrow.DictionaryArray.from_arrays(status, pyarrow.array(list(STATUSES))),
            "not_eligible": pyarrow.array(by_arm([arm.refused for arm in seen])),
            "onset_day": days(each(onset)),
            "diagnosis_day": days(each(diagnosis)),
            "death_day": days(by_arm([arm.death for arm in seen])),
        }
        for column, (name, day) in self.score_columns.items():
            r, d = self.reported.index(name), self.score_days.index(day)
            table[column] = days(by_arm([arm.scores[r, :, d] for arm in seen]))
        return pyarrow.table(table)


@dataclass
class _Seen:
    """What is kept of the courses of one arm: death (patients,), status (patients,), scores (read-outs, patients,
    days), courses (read-outs, patients, times) and who was not eligible for its vector (patients,)."""

    death: np.ndarray
    status: np.ndarray
    scores: np.ndarray
    courses: np.ndarray
    refused: np.ndarray

    def put(self, rows: np.ndarray, other: _Seen, before: np.ndarray) -> None:
        """Take what another course shows of some patients, but for the scores ``before`` (days,) bool, of who lives."""
        self.death[rows], self.status[rows] = other.death, other.status
        kept = np.isfinite(other.scores) & before
        self.scores[:, rows] = np.where(kept, self.scores[:, rows], other.scores)
        self.courses[:, rows] = other.courses
        self.refused[rows] = other.refused


def _regimen_words(regimen: treatments.Regimen) -> dict[str, Any]:
    return {name: None if value == math.inf else value for name, value in asdict(regimen).items()}


def _regimen(words: Mapping[str, Any]) -> treatments.Regimen:
    known: dict[str, Any] = {name: math.inf if value is None else value for name, value in words.items()}
    return treatments.Regimen(**known)
