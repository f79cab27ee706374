"""The estimands an analysis can report: their names, units, how they are computed, and what a published value of them
looks like.

A published value may stand beside a simulated one only when both were computed the same way: each estimand names its
analysis, each published value says its own, and the check of a protocol refuses a pair that differs.
"""

from __future__ import annotations

from dataclasses import dataclass

from charcot.trials.quantities import CAPACITY_RATE, POINTS, RATE, RATIO, Quantity

# How a figure is computed from the visits -> in words, and what its interval comes from.
ANALYSES: dict[str, tuple[str, str]] = {
    "mixed_model_slope": ("slope of a mixed model with random intercept and slope, all visits", "the mixed model"),
    "ancova_observed": ("change from baseline at the last visit, those who attended it, ANCOVA", "the ANCOVA"),
    "ancova_locf": ("change from baseline, last observation carried forward, ANCOVA", "the ANCOVA"),
    "ancova_log_ratio": ("ratio to baseline at the last visit, ANCOVA of logarithms", "the ANCOVA of logarithms"),
    "cox": ("hazard ratio by a Cox model", "the Cox model"),
    "kaplan_meier": ("share without an event by Kaplan and Meier", "Kaplan and Meier"),
}


@dataclass(frozen=True)
class Estimand:
    """One thing that is estimated per arm and between arms.

    Attributes:
        title: what a reader sees.
        quantity: how a value of it is written in a protocol (its unit).
        analysis: how it is computed, a key of :data:`ANALYSES`.
        null: the value of the contrast when the arms do not differ.
    """

    title: str
    quantity: Quantity
    analysis: str
    null: float = 0.0

    @property
    def unit(self) -> str:
        return self.quantity.unit


ESTIMANDS: dict[str, Estimand] = {
    "alsfrs_r_slope": Estimand(
        "ALSFRS-R slope, mixed model with random intercept and slope", RATE, "mixed_model_slope"
    ),
    "alsfrs_r_change_observed": Estimand(
        "ALSFRS-R change from baseline at the last visit, as observed", POINTS, "ancova_observed"
    ),
    "alsfrs_r_change_locf": Estimand(
        "ALSFRS-R change from baseline at the last visit, last observation carried forward", POINTS, "ancova_locf"
    ),
    "alsfrs_r_rate_locf": Estimand(
        "ALSFRS-R change from baseline, last observation carried forward, over the months to the last visit",
        RATE,
        "ancova_locf",
    ),
    "vital_capacity_slope": Estimand("Slow vital capacity slope, mixed model", CAPACITY_RATE, "mixed_model_slope"),
    "nfl_ratio": Estimand("Serum NfL at the last visit as a ratio to baseline", RATIO, "ancova_log_ratio", null=1.0),
    "survival": Estimand("Death or permanent ventilation: hazard ratio to the reference arm", RATIO, "cox", null=1.0),
}
DEFAULT_ENDPOINTS = ("alsfrs_r_slope", "alsfrs_r_change_observed", "alsfrs_r_change_locf", "survival")


def analysis_of(estimand: str) -> str:
    """The analysis of an estimand; of what has no entry (the share without an event) Kaplan and Meier's."""
    return ESTIMANDS[estimand].analysis if estimand in ESTIMANDS else "kaplan_meier"


def interval_words(estimand: str, alpha: float) -> str:
    """What the interval of one trial's estimate is."""
    return f"{100 * (1 - alpha):g} % confidence interval of {ANALYSES[analysis_of(estimand)][1]}"
