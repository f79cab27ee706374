"""Operating characteristics: simulate the trials of a design on a library of twins, and say what they add up to.

Type I error is that of the same trials of the same people with every arm untreated. The estimates are held against
what all twins together give: every twin in every arm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

import pandas as pd

from charcot.core import pieces
from charcot.core.errors import Problem, Problems
from charcot.core.processes import WorkerPool
from charcot.core.units import DAYS_PER_MONTH
from charcot.trials.analysis import design_of
from charcot.trials.library.job import LibraryJob, days_of
from charcot.trials.library.replicates import Plan, Records, plan_of, records_of
from charcot.trials.library.twins import Library
from charcot.trials.power.grid import Cell, Grid
from charcot.trials.power.interim import LookTask, Rule, Stops, count_looks
from charcot.trials.power.tally import Aim, Contrast, Share, Tally, Task, aims, count, null_aim, ratio
from charcot.trials.statistics import group_sequential
from charcot.trials.world import World

CHUNK = 50  # replicates counted at once, and kept
ALONE = 4  # chunks that are not worth other processes
FEWEST_TWINS = 20  # a smaller library is no population

Progress = Callable[[int], None]


def library_job(grid: Grid, people: int, world: World) -> LibraryJob:
    """The library that holds every design of a grid: ``people`` are drawn for it."""
    days = days_of([grid.visits(months) for months in grid.months])
    return LibraryJob(tuple(grid.entries.values()), people, days, world)


class Bench:
    """Simulates the trials of a grid's designs from one library, on processes of this machine.

    The figures do not depend on the number of processes, nor on what was asked before.
    """

    def __init__(self, grid: Grid, library: Library, workers: int = 1, name: str = "") -> None:
        """``name`` tells this library's kept pieces from those of another one."""
        self.grid, self.library, self.workers, self.name = grid, library, workers, name
        self.design = design_of(grid.protocol)
        self._pool: WorkerPool | None = None
        self._records: dict[tuple[Any, ...], Records] = {}
        self._aims: dict[tuple[Any, ...], dict[Contrast, Aim]] = {}
        self._counted: dict[tuple[Any, ...], dict[Contrast, Tally]] = {}
        for entry in grid.entries:
            few(grid, library, entry)

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.end(at_once=kind is not None)

    def eligible(self, entry: str) -> int:
        """How many twins the entry rules let in."""
        return int(self.library.enters[list(self.grid.entries).index(entry)].sum())

    def records(self, cell: Cell) -> Records:
        """What the visits of a design would record of its twins; the last one asked for is kept, whatever its size."""
        key = (cell.months, cell.effect, cell.entry)
        if key not in self._records:
            entry = list(self.grid.entries).index(cell.entry)
            self._records = {key: records_of(self.library, self.grid.under(cell), entry, cell.effect)}
        return self._records[key]

    def plan(self, cell: Cell) -> Plan:
        return plan_of(self.library, self.grid.under(cell), self.grid.arm_sizes(cell.n), cell.effect)

    def aims(self, cell: Cell) -> dict[Contrast, Aim]:
        """What the estimates of a design aim at."""
        key = (cell.months, cell.effect, cell.entry)
        if key not in self._aims:
            records, plan = self.records(cell), self.plan(cell)
            inputs = [self.name, *key]
            self._aims[key] = pieces.piece(
                "large-sample values", inputs, lambda: aims(records, plan, self.design, self.grid.protocol.endpoints)
            )
        return self._aims[key]

    def treated(
        self, cell: Cell, replicates: int, progress: Progress | None = None, only: Contrast | None = None
    ) -> dict[Contrast, Tally]:
        """Trials of a design, counted; ``only`` one contrast, whose endpoint alone is then analysed."""
        targets = self.aims(cell)
        if only is not None:
            targets = {key: aim for key, aim in targets.items() if key[0] == only[0]}
        return self._count(cell, self.plan(cell), targets, replicates, progress, "treated")

    def null(self, cell: Cell, replicates: int, progress: Progress | None = None) -> dict[Contrast, Tally]:
        """The same trials with every arm untreated."""
        nothing = {contrast: null_aim(contrast[0]) for contrast in self.aims(cell)}
        return self._count(cell, self.plan(cell).null, nothing, replicates, progress, "null")

    def _count(
        self, cell: Cell, plan: Plan, targets: dict[Contrast, Aim], replicates: int, progress: Progress | None,
        kind: str,
    ) -> dict[Contrast, Tally]:  # fmt: skip
        endpoints = tuple(dict.fromkeys(endpoint for endpoint, _ in targets))
        words = [self.name, kind, cell.n, cell.months, None if kind == "null" else cell.effect, cell.entry, *endpoints]
        if (*words, replicates) in self._counted:
            if progress is not None:
                progress(replicates)
            return self._counted[*words, replicates]
        spans = [(first, min(first + CHUNK, replicates)) for first in range(0, replicates, CHUNK)]
        kept = {span: pieces.find("simulated trials", [*words, *span]) for span in spans}
        missing = [span for span in spans if kept[span] is None]
        done: dict[tuple[int, int], dict[Contrast, Tally]] = {span: one[0] for span, one in kept.items() if one}
        if progress is not None:
            progress(sum(last - first for first, last in done))
        tasks = {
            span: Task(self.records(cell), plan, self.design, endpoints, targets, *span) for span in missing
        }  # fmt: skip
        for span, tally in self._each(count, tasks):
            pieces.keep("simulated trials", [*words, *span], tally)
            done[span] = tally
            if progress is not None:
                progress(span[1] - span[0])
        total = {contrast: Tally() for contrast in targets}
        for span in spans:  # in their order, so that sums are the same to the last bit
            for contrast, tally in done[span].items():
                total[contrast].add(tally)
        self._counted[*words, replicates] = total
        return total

    def stops(
        self, cell: Cell, contrast: Contrast, replicates: int, null: bool = False, progress: Progress | None = None
    ) -> tuple[Rule, Stops]:
        """Trials of a design with the protocol's looks, counted for one contrast; ``null``: with every arm untreated.

        Raises:
            ValueError: the protocol has no looks.
        """
        interim = self.grid.protocol.analysis.interim
        if interim is None:
            raise ValueError("the protocol has no looks before the end")
        rule, plan = Rule.of(interim, self.design.alpha), self.plan(cell)
        words = [self.name, "null" if null else "treated", cell.n, cell.months, cell.effect, cell.entry, *contrast]
        total = Stops.none(len(rule.information))
        spans = [(first, min(first + CHUNK, replicates)) for first in range(0, replicates, CHUNK)]
        done = {span: kept[0] for span in spans if (kept := pieces.find("trials with looks", [*words, *span]))}
        tasks = {
            span: LookTask(self.records(cell), plan.null if null else plan, self.design, *contrast, rule, *span)
            for span in spans
            if span not in done
        }
        for span, found in self._each(count_looks, tasks):
            pieces.keep("trials with looks", [*words, *span], found)
            done[span] = found
        for span in spans:
            total.add(done[span])
        if progress is not None:
            progress(replicates)
        return rule, total

    def _each(self, work: Callable[[Any], Any], tasks: dict[tuple[int, int], Any]) -> Any:
        if self.workers == 1 or len(tasks) <= ALONE:
            return ((span, work(task)) for span, task in tasks.items())
        if self._pool is None:
            self._pool = WorkerPool(self.workers)
        return self._pool.each(work, tasks)


def few(grid: Grid, library: Library, entry: str) -> None:
    """Refuse entry rules that leave nobody, or too few to stand for a population."""
    k = list(grid.entries).index(entry)
    there = int(library.enters[k].sum())
    if there >= FEWEST_TWINS:
        return
    worst = "; ".join(f"{reason.replace('.', ' ')}: {n}" for reason, n in library.reasons[k].most_common(4))
    head = "nobody is eligible" if not there else f"only {there} twins are eligible, {FEWEST_TWINS} are the fewest"
    text = f"{head} under the entry rules {entry!r}: of {library.drawn:,} people drawn. First reasons: {worst}"
    hint = "Widen the rule that excludes most, or draw more people (--people)."
    raise Problems([Problem("nobody-eligible" if not there else "too-few-eligible", text, None, hint)])


def power_of(tally: Tally, aim: Aim, endpoint: str, size: int) -> Share:
    """Power with its Monte-Carlo error: of the trials, and of the library's own large-sample effect, by which power
    moves as the normal density at its quantile per standard deviation of the estimates."""
    from scipy.stats import norm

    share = tally.significant / tally.trials if tally.trials else math.nan
    error, sd = aim.error_at(endpoint, size), tally.sd
    beside = 0.0
    if 0 < share < 1 and math.isfinite(error) and sd > 0:
        beside = float(norm.pdf(norm.ppf(share))) * error / sd
    return Share.of(tally.significant, tally.trials, beside)


def characteristics(
    bench: Bench, cells: Sequence[Cell], replicates: int, progress: Progress | None = None
) -> pd.DataFrame:
    """A row for each design and contrast, each figure with its Monte-Carlo standard error.

    Columns: the design (``n``, ``patients``, ``months``, ``effect``, ``entry``, ``twins``), the contrast
    (``estimand``, ``arm``, ``reference``), ``trials``, ``estimated``; ``power`` and ``type_one`` (with ``_error``,
    ``_lower`` and ``_upper``: Wilson's interval), ``value`` (large-sample; of a ratio the ratio), ``bias`` (of a
    ratio that of the logarithm), ``coverage``, ``sd`` (of the estimates between trials), ``mean_error`` (root of the
    mean squared standard error that analyses give), ``twin_power``, ``twin_type_one`` (of the permutation twin; NaN
    without one).
    """
    rows = []
    for cell in cells:
        treated, null = bench.treated(cell, replicates, progress), bench.null(cell, replicates, progress)
        size = sum(bench.grid.arm_sizes(cell.n))
        for (endpoint, arm), aim in bench.aims(cell).items():
            rows.append(
                {
                    "n": cell.n,
                    "patients": size,
                    "months": bench.grid.visits(cell.months)[-1] / DAYS_PER_MONTH,
                    "effect": math.nan if cell.effect is None else cell.effect,
                    "entry": cell.entry,
                    "twins": bench.eligible(cell.entry),
                    "estimand": endpoint,
                    "arm": arm,
                    "reference": bench.grid.protocol.reference_arm,
                    **_figures(treated[endpoint, arm], null[endpoint, arm], aim, endpoint, size),
                }
            )
    return pd.DataFrame(rows)


def _figures(treated: Tally, null: Tally, aim: Aim, endpoint: str, size: int) -> dict[str, float]:
    power, type_one = power_of(treated, aim, endpoint, size), Share.of(null.significant, null.trials)
    coverage = Share.of(treated.covered, treated.estimated)
    value, value_error = aim.at(endpoint, size), aim.error_at(endpoint, size)
    root = math.sqrt(treated.estimated) if treated.estimated else math.nan
    return {
        "trials": treated.trials,
        "estimated": treated.estimated,
        **_named("power", power),
        **_named("type_one", type_one),
        "value": math.exp(value) if ratio(endpoint) else value,
        "value_error": value_error,
        "bias": treated.mean,
        "bias_error": treated.sd / root,
        "coverage": coverage.value,
        "coverage_error": coverage.error,
        "sd": treated.sd,
        "sd_error": treated.sd / (math.sqrt(2) * root),
        "mean_error": math.sqrt(treated.variance / treated.with_error) if treated.with_error else math.nan,
        "twin_power": treated.twin_significant / treated.twins if treated.twins else math.nan,
        "twin_type_one": null.twin_significant / null.twins if null.twins else math.nan,
    }


def _named(name: str, share: Share) -> dict[str, float]:
    ends = {f"{name}_{end}": getattr(share, end) for end in ("error", "lower", "upper")}
    return {name: share.value, **ends}


def looks_table(
    bench: Bench, cells: Sequence[Cell], endpoint: str, replicates: int, progress: Progress | None = None
) -> pd.DataFrame:
    """A row for each design, contrast, hypothesis and look of the protocol's interim analyses.

    Columns: the design (``n``, ``months``, ``effect``, ``entry``), ``estimand``, ``arm``, ``treated`` (bool), ``look``
    (from 1), ``information``, ``bound``, ``spent`` (alpha, two-sided, by this look), ``difference`` and ``nothing``
    (shares of trials that end here), ``significant`` (share of all looks, with ``_error``), ``patients`` (expected).
    """
    rows = []
    for cell in cells:
        for contrast in (one for one in bench.aims(cell) if one[0] == endpoint):
            for null in (False, True):
                rule, stops = bench.stops(cell, contrast, replicates, null, progress)
                whole = Share.of(int(stops.difference.sum()), stops.trials)
                spent = 2 * group_sequential.crossing(rule.bounds, rule.information)
                for look, time in enumerate(rule.information):
                    rows.append(
                        {
                            "n": cell.n,
                            "months": bench.grid.visits(cell.months)[-1] / DAYS_PER_MONTH,
                            "effect": math.nan if cell.effect is None else cell.effect,
                            "entry": cell.entry,
                            "estimand": endpoint,
                            "arm": contrast[1],
                            "treated": not null,
                            "look": look + 1,
                            "information": time,
                            "bound": rule.bounds[look],
                            "spent": float(spent[look]),
                            "difference": stops.difference[look] / stops.trials,
                            "nothing": stops.futility[look] / stops.trials,
                            "significant": whole.value,
                            "significant_error": whole.error,
                            "patients": stops.patients / stops.trials,
                        }
                    )
    return pd.DataFrame(rows)
