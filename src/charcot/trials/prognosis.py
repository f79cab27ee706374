"""What the model foretells of a patient's loss of function from what baseline records, for analyses that adjust for it.

The forecast is the regression of the untreated loss of the model's own people on what the visit of randomisation
records of them: the rows of ``prognosis.csv``, which ``benchmarks/prognosis.py`` fits. It looks at nothing that comes
after randomisation, so an analysis that adjusts for it is valid however good the forecast is; a better one makes it
more powerful.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from charcot.clinic.observation import TOTAL_MAXIMUM

TERMS = Path(__file__).parent / "prognosis.csv"
SHORTEST = 1.0  # months since onset below which a past slope is that over a month


def columns(total: ArrayLike, capacity: ArrayLike, nfl: ArrayLike, months: ArrayLike) -> dict[str, np.ndarray]:
    """What is regressed on, by name, (patients,) each: ALSFRS-R in points, vital capacity in % predicted, serum NfL in
    pg/mL, and months since the remembered onset."""
    score, breath = np.asarray(total, dtype=float), np.asarray(capacity, dtype=float)
    past = (TOTAL_MAXIMUM - score) / np.maximum(np.asarray(months, dtype=float), SHORTEST)
    with np.errstate(divide="ignore", invalid="ignore"):
        marker = np.log(np.asarray(nfl, dtype=float))
    return {"constant": np.ones(score.shape), "past_loss": past, "log_nfl": marker, "score": score, "capacity": breath}


@cache
def coefficients() -> dict[str, float]:
    """Term -> points a month for one unit of it."""
    import pandas as pd

    table = pd.read_csv(TERMS)
    return dict(zip(table["term"], table["coefficient"].astype(float), strict=True))


def forecast(total: ArrayLike, capacity: ArrayLike, nfl: ArrayLike, months: ArrayLike) -> np.ndarray:
    """(patients,) change of the ALSFRS-R that is foretold, in points a month; NaN where a value is missing."""
    found = columns(total, capacity, nfl, months)
    value = np.sum([coefficients()[name] * column for name, column in found.items()], axis=0)
    return np.where(np.isfinite(value), value, np.nan)
