"""Which experiment would tell rival hypotheses apart: the information that its result is expected to give.

Each hypothesis predicts a reading as a Gaussian: its value at the fit, with the spread that its fitted numbers leave
open and the error of the reading. The expected information about which hypothesis holds is the mutual information of
hypothesis and result (Lindley, Ann. Math. Stat. 27:986, 1956), which for equal weights is the Jensen-Shannon divergence
of the predictions,

    I = H(sum_h w_h p_h) - sum_h w_h H(p_h),

in bits: 0 when all predict the same, log2 of the number of hypotheses when one look would settle it.
"""

from __future__ import annotations

import math

import numpy as np

REACH = 6.0  # standard deviations to either side of the predictions
GRID = 4001
NOTHING = 1e-12


def information(means: np.ndarray, deviations: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Expected information of one reading, bits.

    Args:
        means: (hypotheses,) predicted value under each; ``deviations``: (hypotheses,) its standard deviation, above 0.
        weights: (hypotheses,) of the hypotheses, summing to one; equal ones where left out.
    """
    w = np.full(len(means), 1 / len(means)) if weights is None else np.asarray(weights, dtype=float)
    held = w > NOTHING  # what has no weight tells nothing, and would only break the logarithm
    means, deviations, w = means[held], deviations[held], w[held] / w[held].sum()
    low, high = float((means - REACH * deviations).min()), float((means + REACH * deviations).max())
    # Predictions far narrower than the space between them are integrated on their own points too.
    points = np.concatenate([np.linspace(low, high, GRID)] + [
        m + s * np.linspace(-REACH, REACH, GRID // 4) for m, s in zip(means, deviations, strict=True)
    ])  # fmt: skip
    x = np.unique(points)
    each = np.exp(-0.5 * ((x - means[:, None]) / deviations[:, None]) ** 2) / (
        deviations[:, None] * math.sqrt(2 * math.pi)
    )
    mixture = w @ each
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(each > 0, each * np.log2(each / mixture), 0.0)
    return max(float(w @ np.trapezoid(ratio, x, axis=1)), 0.0)


def weights_of(log_evidence: np.ndarray) -> np.ndarray:
    """Posterior weights of hypotheses that were equally likely before, from ln evidence."""
    shifted = np.exp(log_evidence - log_evidence.max())
    return np.asarray(shifted / shifted.sum())
