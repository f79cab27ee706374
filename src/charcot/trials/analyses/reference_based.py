"""Change at the last visit with those who left taken as patients of the reference arm from then on: a sensitivity."""

from __future__ import annotations

import numpy as np

from charcot.trials import change
from charcot.trials.analyses.mmrm import FALL_BACK, columns
from charcot.trials.analysis_form import (
    Analysis,
    Design,
    NoScores,
    Row,
    Strategies,
    contrasts,
    dummies,
    linear_rows,
    missing,
)
from charcot.trials.endpoints import endpoints, measure_of
from charcot.trials.statistics import ancova, reference_based
from charcot.trials.statistics.repeated_measures import NotFitted, first_that_fits
from charcot.trials.trial_data import TrialData

STRATEGIES: tuple[reference_based.Strategy, ...] = ("jump_to_reference", "copy_reference")


def _strategy(endpoint: str) -> reference_based.Strategy:
    return next(one for one in STRATEGIES if one == endpoints()[endpoint].variant)


def rows(data: TrialData, design: Design, endpoint: str) -> list[Row]:
    """ANCOVA of the change at the last visit, missing ones replaced by their conditional means; errors by jackknife.

    The strategy is for those who did not come to the last visit; a visit that was missed before another is missing at
    random. The MMRM is fitted once, and without each patient by one Newton step from there.
    """
    values, strategy = data.values[measure_of(endpoint)], _strategy(endpoint)
    arms = dummies(data, design)
    scores_, own = columns(values, arms)
    _, as_reference = columns(values, np.zeros_like(arms))
    left = ~np.isfinite(scores_[:, -1])
    baseline = values[:, 0]

    def summarise(imputed: np.ndarray, kept: np.ndarray) -> np.ndarray:
        found = ancova.fit(imputed[:, -1], baseline[kept], arms[kept])
        return np.concatenate([found.estimates[:1], found.estimates[found.covariates :]])

    reasons = []
    for structure in FALL_BACK:
        try:
            found = reference_based.jackknife(scores_, own, as_reference, strategy, left, summarise, structure)
        except NotFitted as error:
            reasons.append(f"{structure.name}: {error}")
            continue
        note = f"covariance {structure.name}, after {'; '.join(reasons)}; " if reasons else ""
        note += f"{left.sum()} of {len(data)} imputed at the last visit, {(left & data.died).sum()} of them after death"
        common = np.zeros(len(found.estimates))
        common[0] = 1.0
        weights = contrasts(design, common, range(1, len(common)))
        return linear_rows(design, weights, found.estimates, found.covariance, lambda _: np.inf, note)
    return missing(design, f"the imputation failed: {'; '.join(reasons)}")


def scores(data: TrialData, design: Design, endpoint: str) -> np.ndarray:
    """What the baseline does not explain of the change, missing ones by the model without arms."""
    values = data.values[measure_of(endpoint)]
    scores_, own = columns(values, np.zeros((len(data), 0)))
    try:
        found, _ = first_that_fits(scores_, own, FALL_BACK)
    except NotFitted as error:
        raise NoScores(str(error)) from error
    mean, nobody = own @ found.effects, np.zeros(len(data), dtype=bool)
    imputed = reference_based.conditional_means(scores_, mean, mean, found.visits, "missing_at_random", nobody)
    return change.scores(imputed[:, -1], values[:, 0])


_ENDS = "sensitivity: imputed, openly, as a patient of the reference arm"
ANALYSIS = Analysis(
    name="reference_based",
    title="change from baseline at the last visit, ANCOVA after reference-based imputation",
    interval="the jackknife",
    of="visits",
    strategies=Strategies(
        death=f"{_ENDS} who lived on",
        withdrawal=f"{_ENDS} from then on (jump), or all along (copy)",
        summary="difference in mean change at the last visit",
    ),
    rows=rows,
    scores=scores,
    twin="change that the baseline does not explain, missing ones by the MMRM without arms",
    variants=STRATEGIES,
)
