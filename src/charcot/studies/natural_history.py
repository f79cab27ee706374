"""Untreated courses of many patients beside published ones, and what each mechanism contributes to them.

The published figures are data (``natural_history.csv``). Cohort summaries were used to calibrate the model's free
numbers: this table shows how near it came, it does not prove the model.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from charcot import patients
from charcot.core import pieces
from charcot.core.errors import Problem, Where
from charcot.core.estimates import kaplan_meier
from charcot.core.identifiers import close_to, did_you_mean
from charcot.core.random import stream
from charcot.patients import Courses
from charcot.patients.readings import (
    ANALYSES,
    READ_BY,
    READOUTS,
    Course,
    computed_by,
    median_survival,
    read_courses,
    statistics,
)

PUBLISHED = Path(__file__).parent / "natural_history.csv"
RESAMPLES, FEW = 200, 20  # of a bootstrap; few of what takes a mixed model each time
NORMAL_95 = 1.96


@dataclass(frozen=True)
class Ablation:
    """A part of the model that is switched off: which mechanisms, and why the course then changes."""

    label: str
    off: frozenset[str]
    explanation: str


ABLATIONS = (
    Ablation(
        "sprouting", frozenset({"junction.sprouting"}), "Lost units are no longer hidden, so weakness comes early."
    ),
    Ablation(
        "microglia and T cells",
        frozenset({"microglia.microglial_toxicity", "tcells.infiltration"}),
        "Sick neurons die of their own failure and of glutamate only, so the decline is slower, not absent.",
    ),
    Ablation(
        "excitotoxicity", frozenset({"oxidative.excitotoxicity"}), "The part of death that riluzole acts on is gone."
    ),
    Ablation(
        "spread between regions",
        frozenset({"spread.spread"}),
        "Disease stays where it began; one region that fails rarely kills.",
    ),
    Ablation(
        "miR-126 on TDP-43",
        frozenset({"mir126.mir126_arm_a"}),
        "Falling miR-126 no longer raises local TDP-43, so endings fail later.",
    ),
    Ablation(
        "condensates in the axon",
        frozenset({"tdp43.condensate"}),
        "Local translation goes on, endings keep their energy, and few detach or die.",
    ),
    Ablation(
        "upper motor neurons",
        frozenset({"upper.upper_motor_neurons"}),
        "Command is kept, and the cortex seeds less.",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class NaturalHistory:
    """``summary``: quantity, unit, simulated, lower, upper, published, simulated_as and published_as (how each was
    computed, in words), source. ``survival``: Kaplan-Meier steps by
    variant. ``ablations``: what each mechanism contributes. ``failures``: patients by status."""

    summary: pd.DataFrame
    survival: pd.DataFrame
    ablations: pd.DataFrame
    failures: dict[str, int]
    patients: int


def published_problems(path: Path = PUBLISHED) -> list[Problem]:
    """Published values that do not say how they were computed, or of quantities that the model does not compute."""
    found = []
    with path.open(newline="", encoding="utf-8") as handle:
        for line, row in enumerate(csv.DictReader(handle), start=2):
            where = Where.of(path.name, line)
            if row["analysis"] not in ANALYSES:
                hint = f"{close_to(row['analysis'], ANALYSES)} Known are: {', '.join(ANALYSES)}."
                message = f"{row['quantity']}: the analysis is {row['analysis']!r}"
                found.append(Problem("unknown-analysis", message, where, hint))
            if row["quantity"] not in READ_BY:
                message = f"no quantity is called {row['quantity']!r}"
                found.append(Problem("unknown-quantity", message, where, did_you_mean(row["quantity"], READ_BY)))
    return found


def summarise(course: Course, seed: int, resamples: int = RESAMPLES) -> pd.DataFrame:
    """Simulated value with a 95 % bootstrap interval beside the published one, a row per quantity.

    What a mixed model gives is resampled less often: its interval is 1.96 standard deviations of these either way.
    """
    with PUBLISHED.open(newline="", encoding="utf-8") as handle:
        published = {row["quantity"]: row for row in csv.DictReader(handle)}
    rows = np.arange(len(course.survival))
    rng = stream(seed, "natural history", "bootstrap")
    draws = [rng.integers(0, len(rows), len(rows)) for _ in range(resamples)]
    out = []
    for quantity, statistic in statistics(course).items():
        row = published[quantity]
        mixed = computed_by(quantity) == "mixed_model"
        some = draws[:FEW] if mixed else draws
        spread = np.array([statistic(draw) for draw in some]) if len(rows) > 1 else np.array([np.nan])
        with np.errstate(invalid="ignore"):
            lower, upper = np.nanpercentile(spread, [2.5, 97.5])
            if mixed:
                lower, upper = statistic(rows) + NORMAL_95 * np.nanstd(spread) * np.array([-1.0, 1.0])
        text = row["published"] + (f" ({row['lower']} to {row['upper']})" if row["lower"] else "")
        ends = (float(row["lower"] or "nan"), float(row["upper"] or "nan"))
        values = (statistic(rows), lower, upper, text, float(row["published"]), *ends)
        ways = (ANALYSES[computed_by(quantity)], ANALYSES[row["analysis"]])
        out.append((quantity, row["unit"], *values, *ways, row["source"]))
    columns = [
        "quantity", "unit", "simulated", "lower", "upper", "published", "published_value", "published_lower",
        "published_upper", "simulated_as", "published_as", "source",
    ]  # fmt: skip
    return pd.DataFrame(out, columns=columns)


def survival_steps(course: Course, variant: str) -> pd.DataFrame:
    """Kaplan-Meier of survival from onset at every month to ten years: share alive and number at risk."""
    times, alive = kaplan_meier(course.survival, course.observed)
    months = np.arange(0, 121)
    return pd.DataFrame(
        {
            "months_since_onset": months,
            "alive": np.concatenate([[1.0], alive])[np.searchsorted(times, months, side="right")],
            "at_risk": [int(np.sum(course.survival >= m)) for m in months],
            "variant": variant,
        }
    )


def _simulated(
    n: int, seed: int, workers: int, progress: Callable[[int], None] | None, off: frozenset[str] = frozenset()
) -> Courses:
    cohort = patients.draw_cohort(patients.load_population("sporadic"), n, seed)
    return patients.simulate(
        cohort, readouts=READOUTS, workers=workers, progress=progress, off=off, model=patients.laboratory()
    )


Read = tuple[Course, np.ndarray, np.ndarray]  # as read_courses gives it, then (patients,) bool: whose simulation failed


def _variant(
    n: int, seed: int, workers: int, progress: Callable[[int], None] | None, off: frozenset[str], first: int
) -> tuple[Read, Read, dict[str, int]]:
    """What is read off the courses with some mechanisms off, the same of the first few patients, and how all ended."""

    def read(courses: Courses) -> Read:
        return *read_courses(courses), courses.failed

    def compute() -> tuple[Read, Read, dict[str, int]]:
        courses = _simulated(n, seed, workers, progress, off)
        whole = read(courses)
        counts = courses.result.status_counts()
        counts["without_onset"] = int(np.sum(~whole[1] & ~courses.failed))
        return whole, whole if first >= n else read(courses.take(np.arange(first))), counts

    def found() -> None:
        if progress is not None:
            progress(n)

    return pieces.piece("cohorts", [n, seed, sorted(off), first], compute, found)


def natural_history(
    n: int = 1000,
    seed: int = 77,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
    ablation_patients: int = 300,
) -> NaturalHistory:
    """Simulate ``n`` untreated sporadic patients, and ``ablation_patients`` of them with each mechanism off.

    ``progress`` is called with numbers of newly finished patients; ``n + ablation_patients * len(ABLATIONS)`` in all.
    """
    few = min(ablation_patients, n)
    (course, _, _), reference, counts = _variant(n, seed, workers, progress, frozenset(), few)
    survival = [survival_steps(course, "whole model")]
    rows = [_ablation_row("whole model", *reference, "All mechanisms are on.")]
    for ablation in ABLATIONS:
        variant, _, _ = _variant(few, seed, workers, progress, ablation.off, few)
        without = variant[0]
        rows.append(_ablation_row(f"without {ablation.label}", *variant, ablation.explanation))
        if len(without.survival):
            survival.append(survival_steps(without, f"without {ablation.label}"))
    columns = [
        "mechanism", "median_survival_months", "decline_points_per_month", "onset_share", "failed", "explanation"
    ]  # fmt: skip
    return NaturalHistory(summarise(course, seed), pd.concat(survival), pd.DataFrame(rows, columns=columns), counts, n)


def _ablation_row(
    label: str, course: Course, ill: np.ndarray, failed: np.ndarray, explanation: str
) -> tuple[object, ...]:
    """The onset share is that of the patients whose simulation did not fail; those are counted."""
    seen = len(course.survival) > 0
    return (
        label,
        median_survival(course) if seen else float("nan" if failed.all() else "inf"),
        float(np.nanmean(course.decline)) if np.isfinite(course.decline).any() else float("nan"),
        float(ill[~failed].mean()) if not failed.all() else float("nan"),
        int(failed.sum()),
        explanation,
    )
