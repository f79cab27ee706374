"""The estimands that the analyses can report: their names, units, how they are computed, and their attributes.

A published value may stand beside a simulated one only when both were computed the same way: each estimand has one
analysis, each published value says its own, and the check of a protocol refuses a pair that differs. The analyses are
the files of ``analyses/``, the endpoints the rows of ``endpoints.csv``; nothing else lists them.
"""

from __future__ import annotations

import importlib
import pkgutil
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charcot.clinic.measurements import measurements
from charcot.core.errors import Problem, Where
from charcot.core.identifiers import close_to
from charcot.trials import analyses
from charcot.trials.analysis_form import Analysis
from charcot.trials.endpoints import ALSFRS_R, ENDPOINTS, Endpoint, read_endpoints
from charcot.trials.quantities import Quantity

# Estimates of single arms that belong to no contrast: estimand -> title, analysis in words, what its interval is of
OF_ARMS = {
    "event_free_share": (
        "Event-free share at the end", "share without an event by Kaplan and Meier", "Kaplan and Meier"
    )
}  # fmt: skip
KAPLAN_MEIER = "kaplan_meier"


def find_analyses(problems: list[Problem]) -> dict[str, Analysis]:
    """Every sound analysis by its name, in the order of the files; what is wrong with another is appended with file and
    line."""
    found: dict[str, Analysis] = {}
    for info in sorted(pkgutil.iter_modules(analyses.__path__), key=lambda info: info.name):
        file = f"{info.name}.py"
        try:
            analysis: Analysis = importlib.import_module(f"{analyses.__name__}.{info.name}").ANALYSIS
        except Exception as error:  # whatever somebody's file does
            lines = [
                one.lineno or 1 for one in traceback.extract_tb(error.__traceback__) if one.filename.endswith(file)
            ]
            line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else 1
            message = f"the analysis cannot be read: {error}"
            hint = "A file of analyses/ holds ANALYSIS, as win_odds.py does."
            problems.append(Problem("bad-analysis", message, Where.of(file, line or 1), hint))
            continue
        if analysis.name in found:
            message = f"two analyses are called {analysis.name}"
            problems.append(Problem("analysis-twice", message, Where.of(file, 1), "Give this one another name."))
            continue
        found[analysis.name] = analysis
    return found


@dataclass(frozen=True)
class Estimand:
    """One thing that is estimated per arm and between arms: an endpoint with its analysis."""

    name: str
    endpoint: Endpoint
    computed_by: Analysis

    @property
    def title(self) -> str:
        return self.endpoint.title

    @property
    def quantity(self) -> Quantity:
        return self.endpoint.quantity

    @property
    def unit(self) -> str:
        return self.endpoint.quantity.unit

    @property
    def null(self) -> float:
        return self.computed_by.null

    @property
    def analysis(self) -> str:
        return self.computed_by.name


FOUND = find_analyses([])
# How a figure is computed from the visits -> in words, and what its interval comes from.
ANALYSES: dict[str, tuple[str, str]] = {name: (one.title, one.interval) for name, one in FOUND.items()} | {
    KAPLAN_MEIER: OF_ARMS["event_free_share"][1:]
}


def estimands_of(path: Path, problems: list[Problem]) -> dict[str, Estimand]:
    """Each sound endpoint of a table with its analysis; what is wrong is appended with file and line."""
    found: dict[str, Estimand] = {}
    for name, one in read_endpoints(path, problems).items():
        analysis = FOUND.get(one.analysis)
        if analysis is None:
            hint = f"{close_to(one.analysis, FOUND)} The analyses are {', '.join(FOUND)}."
            problems.append(Problem("unknown-analysis", f"{name}: no analysis {one.analysis!r}", one.where, hint))
            continue
        known = (ALSFRS_R, *measurements()) if analysis.of == "visits" else (analysis.of,)
        if one.measure not in known:
            hint = f"{close_to(one.measure, known)} {analysis.name} is of {', '.join(known)}."
            problems.append(Problem("unknown-measure", f"{name}: no measure {one.measure!r}", one.where, hint))
        elif one.variant not in (analysis.variants or ("",)):
            hint = f"{analysis.name} has {', '.join(analysis.variants) or 'none'}."
            problems.append(Problem("unknown-variant", f"{name}: no variant {one.variant!r}", one.where, hint))
        else:
            found[name] = Estimand(name, one, analysis)
    return found


def endpoint_problems() -> list[Problem]:
    """Everything that is wrong with the analyses and the table of endpoints."""
    problems: list[Problem] = []
    find_analyses(problems)
    estimands_of(ENDPOINTS, problems)
    return problems


# What is wrong with others is said by ``charcot check``; a protocol that names one is told that there is none.
ESTIMANDS = estimands_of(ENDPOINTS, [])
DEFAULT_ENDPOINTS = ("alsfrs_r_slope", "alsfrs_r_change_observed", "alsfrs_r_change_locf", "survival")


def analysis_of(estimand: str) -> str:
    """The analysis of an estimand; of what has no entry (the share without an event) Kaplan and Meier's."""
    return ESTIMANDS[estimand].analysis if estimand in ESTIMANDS else KAPLAN_MEIER


def title_of(estimand: str) -> str:
    return ESTIMANDS[estimand].title if estimand in ESTIMANDS else OF_ARMS[estimand][0]


def unit_of(estimand: str) -> str:
    return ESTIMANDS[estimand].unit if estimand in ESTIMANDS else "fraction"


def interval_words(estimand: str, alpha: float) -> str:
    """What the interval of one trial's estimate is."""
    return f"{100 * (1 - alpha):g} % confidence interval of {ANALYSES[analysis_of(estimand)][1]}"


def endpoint_named(value: Any) -> Any:
    """The name of an endpoint that was written as a measure with its analysis; any other value as it is.

    Raises:
        ValueError: no such pair, with those there are.
    """
    if not isinstance(value, dict):
        return value
    if set(value) != {"measure", "analysis"}:
        raise ValueError("write an endpoint's name, or {measure: alsfrs_r, analysis: mmrm}")
    pairs = {(one.endpoint.measure, one.analysis): name for name, one in reversed(ESTIMANDS.items())}
    wanted = (str(value["measure"]), str(value["analysis"]))
    if wanted not in pairs:
        known = ", ".join(f"{measure} by {analysis}" for measure, analysis in sorted(pairs))
        raise ValueError(f"there is no {wanted[0]} by {wanted[1]}; there are: {known}")
    return pairs[wanted]
