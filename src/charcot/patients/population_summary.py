"""The final tables of a population, counted from its parts in bounded memory.

They are the same to the last bit in whatever pieces and order the rows come: times are counted by whole days, and sums
are exact until they are rounded once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from charcot import disease
from charcot.core.result import Status
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from charcot.patients.population_job import SEXES, STATUSES, PopulationJob

if TYPE_CHECKING:
    import pyarrow

ROWS = 100_000  # counted at once
CLOCKS = ("onset", "diagnosis")
QUANTILES = (0.9, 0.75, 0.5, 0.25, 0.1)  # share still alive
FAILED = np.array([status.failed for status in Status])
_MANTISSA = 53  # bits of a float


@dataclass
class ExactSum:
    """A sum of floats without rounding: it does not depend on the order, nor on how the terms were grouped."""

    total: Fraction = field(default_factory=Fraction)

    def add(self, values: np.ndarray) -> None:
        """Add finite floats of any shape."""
        if not values.size:
            return
        mantissa, exponent = np.frexp(values.ravel())
        whole = (mantissa * 2.0**_MANTISSA).astype(np.int64)
        for power in np.flatnonzero(np.bincount(exponent - exponent.min())) + exponent.min():
            mine = whole[exponent == power]
            # in two halves, so that no 64-bit sum of up to 2^36 of them overflows
            number = (int((mine >> 27).sum()) << 27) + int((mine & (2**27 - 1)).sum())
            self.total += number * Fraction(2) ** (int(power) - _MANTISSA)


@dataclass
class Scores:
    """One read-out at one time in one group: how many were seen, their exact sum and sum of squares."""

    count: int = 0
    sum: ExactSum = field(default_factory=ExactSum)
    squares: ExactSum = field(default_factory=ExactSum)

    def add(self, values: np.ndarray) -> None:
        self.count += len(values)
        self.sum.add(values)
        self.squares.add(values * values)

    @property
    def mean(self) -> float | None:
        return float(self.sum.total / self.count) if self.count else None

    @property
    def sd(self) -> float | None:
        if self.count < 2:
            return None
        spread = self.squares.total - self.sum.total * self.sum.total / self.count
        return math.sqrt(max(spread / (self.count - 1), Fraction(0)))


@dataclass
class Group:
    """The counts of one arm in one group. ``ends[clock]`` is (2, days): censored and died by day since that clock."""

    days: int
    patients: int = 0
    with_onset: int = 0
    diagnosed: int = 0
    died: int = 0
    not_eligible: int = 0
    statuses: np.ndarray = field(default_factory=lambda: np.zeros(len(STATUSES), dtype=np.int64))
    ends: dict[str, np.ndarray] = field(default_factory=dict)
    scores: dict[str, Scores] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ends = {clock: np.zeros((2, self.days), dtype=np.int64) for clock in CLOCKS}

    @property
    def failed(self) -> int:
        return int(self.statuses[FAILED].sum())


class Tally:
    """Counts rows of a :class:`PopulationJob`; :meth:`tables` are its results so far."""

    def __init__(self, job: PopulationJob) -> None:
        self.job = job
        self.horizon = job.horizon_years * DAYS_PER_YEAR
        days = int(self.horizon) + 2
        genotypes = [name for name in disease.genotypes() if job.population.genotypes.get(name)]
        self.names: list[tuple[str, str]] = [("all", "all")]
        self.names += [("genotype", name) for name in genotypes]
        self.names += [("onset_region", name) for name in disease.REGIONS] + [("sex", name) for name in SEXES]
        self.groups = {(arm.id, *name): Group(days) for arm in job.arms for name in self.names}

    def add(self, rows: pyarrow.RecordBatch | pyarrow.Table) -> None:
        """Count some rows."""
        columns = {name: rows.column(name) for name in rows.schema.names}
        status = _places(columns["status"], STATUSES)
        failed = FAILED[status]
        refused = _floats(columns["not_eligible"]).astype(bool)
        onset, diagnosis, death = (_floats(columns[f"{clock}_day"]) for clock in (*CLOCKS, "death"))
        died = np.isfinite(death) & ~failed
        end = np.where(died, death, self.horizon)
        since = {"onset": onset, "diagnosis": diagnosis}
        scores = {name: _floats(columns[name]) for name in self.job.score_columns}
        for (arm, by, value), mine in self._members(columns):
            group = self.groups[arm, by, value]
            group.patients += int(mine.sum())
            group.statuses += np.bincount(status[mine], minlength=len(STATUSES))
            sound = mine & ~failed
            group.with_onset += int((sound & np.isfinite(onset)).sum())
            group.diagnosed += int((sound & np.isfinite(diagnosis)).sum())
            group.died += int((sound & died).sum())
            group.not_eligible += int((mine & refused).sum())
            for clock, begin in since.items():
                known = sound & np.isfinite(begin)
                day = np.maximum(np.floor(end[known] - begin[known]), 0).astype(np.int64)
                for kind in (0, 1):
                    group.ends[clock][kind] += np.bincount(day[died[known] == bool(kind)], minlength=group.days)
            for name, values in scores.items():
                group.scores.setdefault(name, Scores()).add(values[sound & np.isfinite(values)])

    def _members(self, columns: dict[str, Any]) -> Iterator[tuple[tuple[str, str, str], np.ndarray]]:
        arms = _places(columns["arm"], tuple(arm.id for arm in self.job.arms))
        known = {"genotype": tuple(disease.genotypes()), "onset_region": disease.REGIONS, "sex": SEXES}
        places = {by: _places(columns[by], words) for by, words in known.items()}
        for k, arm in enumerate(self.job.arms):
            here = arms == k
            for by, value in self.names:
                yield (arm.id, by, value), here if by == "all" else here & (places[by] == known[by].index(value))

    def tables(self) -> dict[str, pyarrow.Table]:
        """``outcomes`` (counts and quantiles of survival), ``survival`` (Kaplan-Meier by month), ``scores`` (mean and
        SD of those alive and diagnosed, by day after diagnosis), ``status`` (how the simulations ended)."""
        import pyarrow

        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("outcomes", "survival", "scores", "status")}
        for (arm, by, value), group in self.groups.items():
            head = {"arm": arm, "by": by, "group": value}
            rows["outcomes"].append({**head, **_outcomes(group)})
            rows["survival"] += [{**head, **row} for row in self._survival(group)]
            rows["scores"] += [{**head, **row} for row in self._scores(group)]
            if by == "all":
                counts = zip(STATUSES, group.statuses, strict=True)
                rows["status"] += [{"arm": arm, "status": s, "patients": int(n)} for s, n in counts if n]
        return {name: pyarrow.Table.from_pylist(entries) for name, entries in rows.items() if entries}

    def _survival(self, group: Group) -> Iterator[dict[str, Any]]:
        months = int(self.horizon / DAYS_PER_MONTH)
        for clock in CLOCKS:
            risk, alive = kaplan_meier(group.ends[clock])
            for month in range(months + 1):
                day = math.ceil(month * DAYS_PER_MONTH)
                # on the morning of that day: deaths of the days before it count
                share = float(alive[day - 1]) if day else 1.0
                if not risk[day]:
                    break
                yield {"since": clock, "month": month, "at_risk": int(risk[day]), "alive": share}

    def _scores(self, group: Group) -> Iterator[dict[str, Any]]:
        for column, (readout, day) in self.job.score_columns.items():
            seen = group.scores.get(column, Scores())
            row = {"readout": readout, "days_since_diagnosis": float(day), "patients": seen.count}
            yield {**row, "mean": seen.mean, "sd": seen.sd}


def kaplan_meier(ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(at risk on each day, share alive after it), each (days,), from ``ends`` (2, days): censored, died."""
    leaving = ends.sum(axis=0)
    risk = leaving[::-1].cumsum()[::-1]
    hazard = ends[1] / np.maximum(risk, 1)
    return risk, np.cumprod(1.0 - hazard)


def _outcomes(group: Group) -> dict[str, Any]:
    names = ("patients", "failed", "with_onset", "diagnosed", "died", "not_eligible")
    counts = {name: getattr(group, name) for name in names}
    quantiles: dict[str, float | None] = {}
    for clock in CLOCKS:
        _, alive = kaplan_meier(group.ends[clock])
        for share in QUANTILES:
            reached = np.flatnonzero(alive <= share + 1e-12)
            # the middle of the day on which the curve passes
            months = (float(reached[0]) + 0.5) / DAYS_PER_MONTH if len(reached) else None
            quantiles[f"months_from_{clock}_until_{round(100 * share)}_percent_alive"] = months
    return {**counts, **quantiles}


def summarise(job: PopulationJob, parts: Iterable[Path]) -> dict[str, pyarrow.Table]:
    """The final tables from the Parquet parts of a population; some hundred thousand rows are in memory at a time."""
    tally = Tally(job)
    for rows in _in_pieces(parts):
        tally.add(rows)
    return tally.tables()


def _in_pieces(parts: Iterable[Path]) -> Iterator[pyarrow.Table]:
    """The rows of ``parts``: small ones together, large ones apart, because each piece has a cost of its own."""
    import pyarrow
    import pyarrow.parquet as parquet

    held: list[pyarrow.Table] = []
    for part in parts:
        with parquet.ParquetFile(part) as file:
            for batch in file.iter_batches(batch_size=ROWS):
                held.append(pyarrow.Table.from_batches([batch]))
                if sum(table.num_rows for table in held) >= ROWS:
                    yield pyarrow.concat_tables(held).unify_dictionaries()
                    held = []
    if held:
        yield pyarrow.concat_tables(held).unify_dictionaries()


def _floats(column: Any) -> np.ndarray:
    """A column as floats, NaN where it is null."""
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=float)


def _places(column: Any, known: tuple[str, ...]) -> np.ndarray:
    """A column of words as places in ``known``."""
    import pyarrow
    import pyarrow.compute as compute

    if isinstance(column, pyarrow.ChunkedArray):
        column = column.combine_chunks()
    if not pyarrow.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    places = compute.index_in(column.dictionary, value_set=pyarrow.array(list(known)))
    found: np.ndarray = places.to_numpy(zero_copy_only=False)
    return np.asarray(found[column.indices.to_numpy(zero_copy_only=False)])
