"""Fit numbers of the model to experiments of the board, and keep what was found as data."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from charcot import patients
from charcot.core.errors import Problem, Where, raise_if_any
from charcot.core.identifiers import did_you_mean
from charcot.engine.campaign.files import appearing
from charcot.experiments.reading import entries
from charcot.fitting.estimation import (
    Curvature,
    Fit,
    FreeNumber,
    Identifiability,
    curvature,
    fit,
    identifiability,
)
from charcot.fitting.targets import Laboratory
from charcot.patients import Assumed

SHIPPED = Path(__file__).parent / "fitted.json"  # the fit from which the shipped values come
PATIENTS = 1000  # of each cohort at most: with half of them, fits end elsewhere


@dataclass(frozen=True)
class Calibration:
    """A fit with what its data say: ``found``, the Gaussian around it, and a verdict for each number where they were
    profiled."""

    found: Fit
    shape: Curvature
    verdicts: tuple[Identifiability, ...]
    experiments: tuple[str, ...]

    @property
    def log_evidence(self) -> float:
        return self.shape.log_evidence(self.found)


def check_experiments(names: Sequence[str]) -> list[Problem]:
    """Names that are no experiment of the board or a claim, and those that are kept for validation."""
    known = {name: entry for name, entry in entries().items() if not entry.is_claim}
    problems = []
    for name in names:
        where = Where(f"--experiment {name}")
        if name not in known:
            hint = did_you_mean(name, known)
            problems.append(Problem("unknown-experiment", f"no experiment is called {name!r}", where, hint))
        elif known[name].content.use == "validation":
            hint = "A fit to it would leave nothing to check the model with; move it to calibration first."
            problems.append(Problem("validation", f"{name} is only for checking the model", where, hint))
    return problems


def runs_of(free: int, rounds: int, profiles: bool = True) -> int:
    """How many times the model is run at most: each round its step and derivatives, then curvature and profiles."""
    return (rounds + 1) * (1 + free) + 2 * free + 2 * free * profiles


def calibrate(
    free: Sequence[FreeNumber],
    experiments: Sequence[str],
    changed: Callable[[Mapping[str, float]], Assumed],
    laboratory: Laboratory,
    rounds: int,
    progress: Callable[[int], None] | None = None,
    profiles: bool = True,
    begin: np.ndarray | None = None,
) -> Calibration:
    """Fit ``free`` to ``experiments``; ``changed`` makes the model with given values, ``profiles`` says of each number
    whether the data bound it, ``begin`` where the search begins.

    ``progress`` is called with the number of runs that are newly done. Raises :class:`charcot.core.errors.Problems`
    for experiments that cannot be fitted to.
    """
    raise_if_any(check_experiments(experiments), "this fit cannot be made")
    simulate = laboratory.simulate(experiments, changed, progress)
    found = fit(free, simulate, rounds=rounds, begin=begin)
    shape = curvature(found, simulate)
    verdicts = tuple(identifiability(found, simulate, shape)) if profiles else ()
    return Calibration(found, shape, verdicts, tuple(experiments))


def record(calibration: Calibration, command: str, rounds: int, at_most: int = 0) -> dict[str, Any]:
    """What is stored: the numbers with priors and verdicts, the figures before and after, how it was made and when."""
    found, shape = calibration.found, calibration.shape
    known = entries()
    cohorts = [known[name].content.cohort for name in calibration.experiments]
    profiled = {verdict.name: verdict for verdict in calibration.verdicts}
    numbers = []
    for j, (number, z) in enumerate(zip(found.free, found.z, strict=True)):
        row: dict[str, Any] = {
            "name": number.name,
            "unit": number.unit,
            "start": number.start,
            "prior_log_spread": number.spread,
            "value": _rounded(number.value(float(z))),
            "z": _rounded(float(z)),
            "posterior_log_spread": _rounded(number.spread * math.sqrt(shape.covariance[j, j])),
        }
        if number.name in profiled:
            verdict = profiled[number.name]
            row |= {
                "verdict": verdict.verdict,
                "side": verdict.side,
                "lower_rise": _rounded(verdict.lower_rise),
                "upper_rise": _rounded(verdict.upper_rise),
            }
        numbers.append(row)
    figures = [
        {
            "name": after.name,
            "unit": after.unit,
            "aim": _rounded(after.observed),
            "deviation": _rounded(after.tolerance),
            "before": _rounded(before.simulated),
            "after": _rounded(after.simulated),
        }
        for before, after in zip(found.start_residuals, found.residuals, strict=True)
    ]
    return {
        "command": command,
        "date": datetime.date.today().isoformat(),
        "seeds": sorted({cohort.seed for cohort in cohorts if cohort is not None}),
        "rounds": rounds,
        "patients_at_most": at_most or None,
        "evaluations": found.evaluations,
        "status": found.status,
        "remaining": _rounded(shape.remaining),
        "settled": shape.settled,
        "program_hash": patients.program().hash,
        "cost_before": _rounded(found.start_cost),
        "cost": _rounded(found.cost),
        "log_evidence": _rounded(calibration.log_evidence),
        "experiments": list(calibration.experiments),
        "numbers": numbers,
        "covariance": [[_rounded(float(v)) for v in row] for row in shape.covariance],
        "figures": figures,
    }


def _rounded(value: float) -> float | None:
    """Six significant digits; what is not a number is null, since JSON has no other word for it."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def write(path: Path, stored: Mapping[str, Any]) -> None:
    """Write a stored fit: a line per number and figure, so that two of them can be compared by eye."""
    lines = ["{"]
    entries_of = list(stored.items())
    for k, (key, value) in enumerate(entries_of):
        comma = "," if k + 1 < len(entries_of) else ""
        if isinstance(value, list) and value and isinstance(value[0], dict | list):
            inner = ",\n".join(f"  {json.dumps(row)}" for row in value)
            lines.append(f" {json.dumps(key)}: [\n{inner}\n ]{comma}")
        else:
            lines.append(f" {json.dumps(key)}: {json.dumps(value)}{comma}")
    path.parent.mkdir(parents=True, exist_ok=True)  # before the first fit is kept there is no folder for it
    with appearing(path) as temporary:
        temporary.write_text("\n".join([*lines, "}"]) + "\n", encoding="utf-8")


def read(path: Path = SHIPPED) -> dict[str, Any]:
    """A stored fit."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def starts() -> dict[str, float]:
    """Where the numbers stood before the stored fit: a fit again is centred there, and not on what the data made."""
    return {row["name"]: row["start"] for row in read()["numbers"]} if SHIPPED.exists() else {}


def where_it_ended(free: Sequence[FreeNumber]) -> np.ndarray:
    """Where the stored fit ended, for these numbers; zero for those that it did not have."""
    ended = {row["name"]: row["z"] for row in read()["numbers"]}
    return np.array([ended.get(number.name, 0.0) for number in free])


def covariance_of(stored: Mapping[str, Any]) -> np.ndarray:
    """(numbers, numbers) covariance of a stored fit, on the priors' scale."""
    return np.array(stored["covariance"], dtype=float)
