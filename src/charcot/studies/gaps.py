"""What to measure next: how far each number's prior lets an endpoint move.

Gap = |d endpoint / d ln value| x width of the prior of ln value. The derivative is a central difference on one cohort
with the same draws on both sides, so that patients differ in nothing but the number. All numbers run in one program,
many of them in one ensemble.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from charcot import evidence, patients
from charcot.core import pieces
from charcot.core.errors import Problem, Where, raise_if_any
from charcot.core.identifiers import close_to
from charcot.core.program import Program
from charcot.core.result import failures_among
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from charcot.disease import REGIONS
from charcot.model.definition import number_symbols
from charcot.model.ports import Number
from charcot.patients import Assumed, Cohort, Courses, assemble, draw_cohort, load_population
from charcot.patients.cohort import DRAWN
from charcot.patients.courses import HORIZON_YEARS

FOLLOW_UP_YEARS = 10.0
SCORE_MONTHS = 24.0  # after the onset of the unchanged patient
MARKER_MONTHS = 12.0
CHUNK = 2000  # patients in one call
INNERVATION = tuple(f"{region}.nmj.innervation" for region in REGIONS)
READOUTS = ("clinic.vital_capacity", "biomarker.nfl_serum", *INNERVATION)

MOST_PATIENTS = 1_000_000  # they are simulated at once, in memory


@dataclass(frozen=True)
class Endpoint:
    """What moves, and in which unit."""

    name: str
    title: str
    unit: str


ENDPOINTS = {
    e.name: e
    for e in (
        Endpoint("survival", "Survival from onset, within ten years", "months"),
        Endpoint("alsfrs", "ALSFRS-R two years after onset (0 after death)", "points"),
        Endpoint("capacity", "Vital capacity two years after onset (0 after death)", "% of predicted"),
        Endpoint("innervation", "Muscle innervation two years after onset (0 after death)", "1"),
        Endpoint("nfl", "Natural logarithm of serum neurofilament a year after onset", "1"),
        Endpoint("onset", "Age at onset", "years"),
    )
}

NOT_A_COURSE = {
    "onset.": "says who falls ill and when, not how the disease goes",
    "diagnosis.": "says when a disease is noticed, not how it goes",
    "tempo.drift_interval": "says how often the tempo is drawn anew",
}
COURSE_ALL_THE_SAME = ("onset.seed_amount",)


@dataclass(frozen=True)
class Question:
    """Whose endpoints, and how far numbers are moved (``step``, natural logarithm)."""

    population: str = "sporadic"
    n: int = 100
    seed: int = 1
    step: float = 0.1
    endpoint: str = "survival"
    assume: tuple[str, ...] = ()

    def resolved(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Gaps:
    """``table``: a row per number and endpoint, widest gap first within each endpoint; ``not_varied``: number, why."""

    question: Question
    table: pd.DataFrame
    not_varied: pd.DataFrame
    base: dict[str, float]
    patients: int
    failures: dict[str, int]


def check_question(question: Question) -> list[Problem]:
    """Everything that is wrong with a question, at once."""
    problems = []
    if question.population not in patients.population_names():
        known = patients.population_names()
        problems.append(Problem("unknown-population", f"no population is called {question.population!r}",
                                Where("--population"), f"{close_to(question.population, known)} Known are: "
                                f"{', '.join(known)}."))  # fmt: skip
    if question.endpoint not in ENDPOINTS:
        problems.append(Problem("unknown-endpoint", f"no endpoint is called {question.endpoint!r}",
                                Where("--endpoint"), f"{close_to(question.endpoint, ENDPOINTS)} Known are: "
                                f"{', '.join(ENDPOINTS)}."))  # fmt: skip
    if not 2 <= question.n <= MOST_PATIENTS:
        words = f"{question.n:,} patients are too {'few' if question.n < 2 else 'many'}"
        problems.append(Problem("bad-size", words, Where("-n"), f"Give 2 to {MOST_PATIENTS:,}."))
    if not 0.005 <= question.step <= 0.7:
        words = f"a step of {question.step:g} is too small or too large for a derivative"
        problems.append(
            Problem("bad-step", words, Where("--step"), "Give the move of ln(value), between 0.005 and 0.7.")
        )
    return problems


@dataclass(frozen=True)
class _Varied:
    """A row of the tables that is moved: its parameters by full name, and the steps down and up of ln(value)."""

    label: str
    number: Number
    full: tuple[str, ...]
    down: float
    up: float
    width: float
    reason: str


def _rows(question: Question) -> tuple[list[_Varied], list[tuple[str, str]]]:
    """What is moved, and what is not with the reason."""
    whole = patients.definition()
    by_row: dict[int, list[str]] = {}
    for full, number in number_symbols(whole).items():
        by_row.setdefault(id(number), []).append(full)
    varied: list[_Varied] = []
    left: list[tuple[str, str]] = []
    for number in whole.numbers:
        label = f"{number.name} [{number.index}]" if number.index not in ("", "each") else number.name
        belief = evidence.prior(number)
        why = next((words for prefix, words in NOT_A_COURSE.items() if number.name.startswith(prefix)), "")
        if not belief.log_spread:
            left.append((label, belief.reason))
        elif why and number.name not in COURSE_ALL_THE_SAME:
            left.append((label, why))
        else:
            down, up = (min(question.step, room) for room in _room(number))
            varied.append(_Varied(label, number, tuple(by_row[id(number)]), down, up, belief.log_spread, belief.reason))
    return varied, left


def _room(number: Number) -> tuple[float, float]:
    """How far ln(value) may be moved down and up, short of the bounds of the number by a tenth."""
    size = abs(number.value)
    ends = (number.bounds.lower, number.bounds.upper)
    low, high = ends if number.value > 0 else (-ends[1], -ends[0])
    down = 0.9 * math.log(size / low) if low > 0 else math.inf
    return max(down, 0.0), max(0.9 * math.log(high / size), 0.0) if math.isfinite(high) else math.inf


def simulations(question: Question) -> int:
    """How many patients are simulated, at most (for a progress bar)."""
    return question.n * (2 + 2 * len(_rows(question)[0]))


def find_gaps(question: Question, workers: int = 1, progress: Callable[[int], None] | None = None) -> Gaps:
    """Rank the numbers by gap for every endpoint. Raises :class:`charcot.core.errors.Problems` for a bad question."""
    raise_if_any(check_question(question), "these gaps cannot be found")
    assumed = patients.assume(question.assume)
    drawn = assumed.people(draw_cohort(load_population(question.population), question.n, question.seed))
    courses = assumed.simulate(drawn, readouts=READOUTS, workers=workers, progress=progress)
    ill = np.flatnonzero(np.isfinite(courses.onset) & ~courses.failed)
    raise_if_any(
        [Problem("nobody-ill", "none of the people drawn falls ill", Where("-n"), "Draw more people.")]
        if not len(ill) else []
    )  # fmt: skip
    varied, left = _rows(question)
    varied = [row for row in varied if not set(row.full) & set(assumed.overrides)]
    known = assemble.numbers()
    moved = [*(row.number for row in varied), *(known[name] for name in assumed.overrides if name in known)]
    model = patients.laboratory(constants_free=frozenset(n.name for n in moved if n.role == "constant"))
    bench = _Bench(assumed, drawn.take(ill), courses.onset[ill], model, workers, progress)
    bench.failures |= failures_among(courses.result.status_counts())
    base = bench.read(courses.take(ill), np.arange(len(ill)))
    rows: list[dict[str, Any]] = []
    for row, low, high in bench.moved(varied):
        rows += _table_rows(row, base, low, high)
    table = pd.DataFrame(rows)
    table = table.sort_values(["endpoint", "gap"], ascending=[True, False], kind="stable", ignore_index=True)
    table["rank"] = table.groupby("endpoint")["gap"].rank(ascending=False, method="first").astype(int)
    means = {name: float(np.nanmean(values)) for name, values in base.items()}
    return Gaps(question, table, pd.DataFrame(left, columns=["number", "why"]), means, len(ill), bench.failures)


Values = dict[str, np.ndarray]


class _Bench:
    """Simulates moved numbers, many in one ensemble, and reads the endpoints."""

    def __init__(
        self,
        assumed: Assumed,
        cohort: Cohort,
        onset: np.ndarray,
        model: Program,
        workers: int,
        progress: Callable[[int], None] | None,
    ) -> None:
        self.assumed, self.cohort, self.onset, self.model = assumed, cohort, onset, model
        self.workers, self.progress = workers, progress
        self.failures: dict[str, int] = {}

    def moved(self, varied: Sequence[_Varied]) -> Iterator[tuple[_Varied, Values, Values]]:
        """Each number with the endpoints at its lower and at its higher value."""
        at_once = max(1, CHUNK // (2 * len(self.onset)))
        for first in range(0, len(varied), at_once):
            some = varied[first : first + at_once]
            moves = [(row, -row.down) for row in some] + [(row, row.up) for row in some]
            found = self._piece(moves)
            for k, row in enumerate(some):
                yield row, found[k], found[k + len(some)]

    def _piece(self, moves: Sequence[tuple[_Varied, float]]) -> list[Values]:
        """The endpoints after each move, and what failed on the way."""

        def compute() -> tuple[list[Values], dict[str, int]]:
            before, self.failures = self.failures, {}
            values = self._stacked(moves)
            failed, self.failures = self.failures, before
            return values, failed

        def found() -> None:
            if self.progress is not None:
                self.progress(len(moves) * len(self.onset))

        inputs = [[row.label, move] for row, move in moves]
        values, failed = pieces.piece("blocks of numbers", inputs, compute, found)
        for name, count in failed.items():
            self.failures[name] = self.failures.get(name, 0) + count
        return values

    def _stacked(self, moves: Sequence[tuple[_Varied, float]]) -> list[Values]:
        n = len(self.onset)
        rows = np.tile(np.arange(n), len(moves))
        cohort = self.cohort.take(rows)
        deviations = dict(cohort.deviations)
        for k, (row, move) in enumerate(moves):
            step = np.zeros(len(rows))
            step[k * n : (k + 1) * n] = move
            if row.number.name in DRAWN:
                cohort = replace(cohort, deviations=deviations)
                cohort = DRAWN[row.number.name](cohort, np.exp(step))
                deviations = dict(cohort.deviations)
                continue
            for full in row.full:
                deviations[full] = deviations.get(full, 0.0) + step
        values = self._simulate(replace(cohort, deviations=deviations), rows)
        return [{name: v[k * n : (k + 1) * n] for name, v in values.items()} for k in range(len(moves))]

    def _simulate(self, cohort: Cohort, rows: np.ndarray) -> Values:
        courses = self.assumed.simulate(
            cohort, readouts=READOUTS, workers=self.workers, progress=self.progress, model=self.model
        )
        for name, count in failures_among(courses.result.status_counts()).items():
            self.failures[name] = self.failures.get(name, 0) + count
        return self.read(courses, rows)

    def read(self, courses: Courses, rows: np.ndarray) -> Values:
        """The endpoints of each patient; NaN where the simulation failed."""
        onset = self.onset[rows]
        limit = FOLLOW_UP_YEARS * DAYS_PER_YEAR
        own = np.where(np.isfinite(courses.onset), courses.onset, 0.0)
        lived = np.where(np.isfinite(courses.onset), np.clip(courses.death - own, 0.0, limit), limit)
        late, soon = onset + SCORE_MONTHS * DAYS_PER_MONTH, onset + MARKER_MONTHS * DAYS_PER_MONTH
        alive = courses.death > late
        innervation = np.mean([courses.at(name, late) for name in INNERVATION], axis=0)
        with np.errstate(invalid="ignore"):
            nfl = np.log(courses.at("biomarker.nfl_serum", np.minimum(soon, courses.result.end_time)))
        seed_age = courses.cohort.columns["seed_age_years"]
        never = seed_age + HORIZON_YEARS
        out = {
            "survival": lived / DAYS_PER_MONTH,
            "alsfrs": np.where(alive, courses.at("clinic.alsfrs_r.total", late), 0.0),
            "capacity": np.where(alive, courses.at("clinic.vital_capacity", late), 0.0),
            "innervation": np.where(alive, innervation, 0.0),
            "nfl": nfl,
            "onset": np.where(np.isfinite(courses.onset), seed_age + own / DAYS_PER_YEAR, never),
        }
        return {name: np.where(courses.failed, np.nan, values) for name, values in out.items()}


def _table_rows(row: _Varied, base: Values, low: Values, high: Values) -> list[dict[str, Any]]:
    out = []
    for name, endpoint in ENDPOINTS.items():
        slope = (high[name] - low[name]) / (row.down + row.up)
        known = slope[np.isfinite(slope)]
        sensitivity = float(known.mean()) if len(known) else float("nan")
        error = float(known.std(ddof=1) / math.sqrt(len(known))) if len(known) > 1 else float("nan")
        down = float(np.nanmean(low[name] - base[name])) / row.down * row.width if row.down else float("nan")
        up = float(np.nanmean(high[name] - base[name])) / row.up * row.width if row.up else float("nan")
        out.append(
            {
                "number": row.label,
                "title": row.number.title,
                "value": row.number.value,
                "value_unit": row.number.unit,
                "grade": row.number.grade,
                "source": "; ".join(row.number.sources),
                "prior_log_spread": row.width,
                "prior_reason": row.reason,
                "endpoint": name,
                "unit": endpoint.unit,
                "sensitivity": sensitivity,
                "gap": abs(sensitivity) * row.width,
                "gap_error": error * row.width,
                "at_lower": down,
                "at_higher": up,
            }
        )
    return out
