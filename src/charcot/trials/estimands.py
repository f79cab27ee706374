"""The estimands that the analyses can report: their names, units, how they are computed, and their attributes.

A published value may stand beside a simulated one only when both were computed the same way: each estimand has one
analysis, each published value says its own, and the check of a protocol refuses a pair that differs. The analyses are
the files of ``analyses/``; nothing lists them.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Any

from charcot.trials import analyses
from charcot.trials.analysis_form import Analysis, Endpoint
from charcot.trials.quantities import Quantity

# Estimates of single arms that belong to no contrast: estimand -> title, analysis in words, what its interval is of
OF_ARMS = {
    "event_free_share": (
        "Event-free share at the end", "share without an event by Kaplan and Meier", "Kaplan and Meier"
    )
}  # fmt: skip
KAPLAN_MEIER = "kaplan_meier"


def find_analyses() -> dict[str, Analysis]:
    """Every analysis by its name, in the order of the files."""
    found: dict[str, Analysis] = {}
    for info in sorted(pkgutil.iter_modules(analyses.__path__), key=lambda info: info.name):
        analysis: Analysis = importlib.import_module(f"{analyses.__name__}.{info.name}").ANALYSIS
        if analysis.name in found:
            raise ValueError(f"two analyses are called {analysis.name}: one in {info.name}.py")
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
        return self.endpoint.null

    @property
    def analysis(self) -> str:
        return self.computed_by.name


FOUND = find_analyses()
# How a figure is computed from the visits -> in words, and what its interval comes from.
ANALYSES: dict[str, tuple[str, str]] = {name: (one.title, one.interval) for name, one in FOUND.items()} | {
    KAPLAN_MEIER: OF_ARMS["event_free_share"][1:]
}
ESTIMANDS: dict[str, Estimand] = {
    name: Estimand(name, endpoint, one) for one in FOUND.values() for name, endpoint in one.endpoints.items()
}
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
