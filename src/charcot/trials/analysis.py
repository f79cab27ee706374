"""The analysis of one replicate, from its ADaM tables to one row per estimand and arm or contrast.

Arm rows have an empty ``reference``; contrast rows compare ``arm`` with ``reference`` (difference, or ratio for
ratios). An analysis that fails or does not converge gives a row all the same, with missing numbers, ``converged`` false
and the reason in ``note``: nothing is left out, and no number stands where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from charcot.core.random import stream
from charcot.trials.analysis_form import Design, NoScores, Row
from charcot.trials.estimands import ESTIMANDS, interval_words, unit_of
from charcot.trials.protocol import Protocol
from charcot.trials.statistics import permutation
from charcot.trials.trial_data import TrialData, read_tables

COLUMNS = (
    "replicate",
    "estimand",
    "arm",
    "reference",
    "estimate",
    "standard_error",
    "lower",
    "upper",
    "interval",
    "p_value",
    "permutation_p",
    "unit",
    "converged",
    "note",
)


def analyse(
    tables: Mapping[str, pd.DataFrame], design: Design, endpoints: Sequence[str], replicate: int
) -> pd.DataFrame:
    """Every endpoint of one replicate; columns as :data:`COLUMNS`."""
    data = read_tables(tables, design.arms)
    rows = [{"replicate": replicate, **entry} for entry in analyse_data(data, design, endpoints, replicate)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def analyse_data(data: TrialData, design: Design, endpoints: Sequence[str], replicate: int = 0) -> Iterator[Row]:
    """The same of arrays, row by row."""
    twins = Twins(data, design, replicate)
    for endpoint in endpoints:
        estimand = ESTIMANDS[endpoint]
        for entry in estimand.computed_by.rows(data, design, endpoint):
            contrast = bool(entry["reference"])
            name = endpoint if contrast else estimand.computed_by.arms or endpoint
            bounded = np.isfinite(entry["lower"]) or np.isfinite(entry["upper"])
            yield {
                **entry,
                "estimand": name,
                "unit": unit_of(name),
                "interval": interval_words(name, design.alpha) if bounded else "",
                "permutation_p": twins.p_value(endpoint, entry["arm"]) if contrast else np.nan,
            }


def design_of(protocol: Protocol) -> Design:
    """What the analysis needs of the protocol."""
    reference = protocol.reference_arm
    others = tuple(arm.id for arm in protocol.arms if arm.id != reference)
    asked = protocol.analysis
    return Design(
        arms=(reference, *others),
        alpha=asked.alpha,
        freedom=asked.degrees_of_freedom,
        ties=asked.ties,
        restricted_to=asked.restricted_to,
        longer_by=asked.longer_by or 0.0,
        permutations=asked.permutations,
        seed=protocol.simulate.seed,
    )


class Twins:
    """The permutation twins of one trial: each contrast's labels are dealt once, for all endpoints."""

    def __init__(self, data: TrialData, design: Design, replicate: int) -> None:
        self.data, self.design, self.replicate = data, design, replicate
        self.deals: dict[str, tuple[TrialData, np.ndarray]] = {}

    def p_value(self, endpoint: str, arm: str) -> float:
        """Of ``arm`` against the reference; NaN where no twin is wanted, or where there is nothing to permute."""
        if not self.design.permutations:
            return np.nan
        two, deals = self._dealt(arm)
        try:
            scores = ESTIMANDS[endpoint].computed_by.scores(two, self.design, endpoint)
        except NoScores:
            return np.nan
        return permutation.p_value(scores, two.arms > 0, two.strata, deals)

    def _dealt(self, arm: str) -> tuple[TrialData, np.ndarray]:
        if arm not in self.deals:
            number = self.design.arms.index(arm)
            two = self.data.take((self.data.arms == 0) | (self.data.arms == number))
            random = stream(self.design.seed, f"replicate {self.replicate}", f"permutations, {arm}")
            deals = permutation.deal_again(two.arms > 0, two.strata, self.design.permutations, random)
            self.deals[arm] = two, deals
        return self.deals[arm]
