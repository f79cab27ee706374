"""The estimands an analysis can report: their names, units and what a published value of them looks like."""

from __future__ import annotations

from dataclasses import dataclass

from charcot.trials.quantities import CAPACITY_RATE, POINTS, RATE, RATIO, Quantity


@dataclass(frozen=True)
class Estimand:
    """One thing that is estimated per arm and between arms.

    Attributes:
        title: what a reader sees.
        quantity: how a value of it is written in a protocol (its unit).
        null: the value of the contrast when the arms do not differ.
    """

    title: str
    quantity: Quantity
    null: float = 0.0

    @property
    def unit(self) -> str:
        return self.quantity.unit


ESTIMANDS: dict[str, Estimand] = {
    "alsfrs_r_slope": Estimand("ALSFRS-R slope, mixed model with random intercept and slope", RATE),
    "alsfrs_r_change_observed": Estimand("ALSFRS-R change from baseline at the last visit, as observed", POINTS),
    "alsfrs_r_change_locf": Estimand(
        "ALSFRS-R change from baseline at the last visit, last observation carried forward", POINTS
    ),
    "vital_capacity_slope": Estimand("Slow vital capacity slope, mixed model", CAPACITY_RATE),
    "nfl_ratio": Estimand("Serum NfL at the last visit as a ratio to baseline", RATIO, null=1.0),
    "survival": Estimand("Death or permanent ventilation: hazard ratio to the reference arm", RATIO, null=1.0),
}
DEFAULT_ENDPOINTS = ("alsfrs_r_slope", "alsfrs_r_change_observed", "alsfrs_r_change_locf", "survival")
