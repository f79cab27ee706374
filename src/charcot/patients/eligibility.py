"""Who cannot be given a vector: antibodies against its serotype, drawn once for each person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from charcot import treatments
from charcot.core.units import DAYS_PER_YEAR
from charcot.patients.cohort import Cohort


def not_eligible(cohort: Cohort, products: Iterable[str], days: np.ndarray) -> np.ndarray:
    """(patients,) bool: whom antibodies keep from one of the products on ``days`` of the patients' clocks.

    Typical persons, who do not vary, have none; nor has anybody on a day that never comes.
    """
    out = np.zeros(len(cohort), dtype=bool)
    if not cohort.vary:
        return out
    known = treatments.products()
    when = np.asarray(days, dtype=float)
    age = np.where(np.isfinite(when), cohort.columns["seed_age_years"] + when / DAYS_PER_YEAR, np.nan)
    for vector in {v.serotype: v for name in products if (v := known[name].vector) is not None}.values():
        out |= vector.neutralised(cohort.seed, cohort.columns["id"], age)
    return out


def withheld(
    cohort: Cohort, regimens: Sequence[Sequence[treatments.Regimen]], origins: np.ndarray | None
) -> tuple[list[list[treatments.Regimen]], np.ndarray]:
    """What each patient is really given, and (patients,) bool: who is not eligible for a vector of the own regimens.

    A vector is not given to who has antibodies against it; everything else is.
    """
    given = [list(mine) for mine in regimens]
    refused = np.zeros(len(cohort), dtype=bool)
    if origins is None:
        return given, refused
    known = treatments.products()
    vectors = {r.product for mine in given for r in mine if known[r.product].vector is not None}
    for product in sorted(vectors):
        barred = not_eligible(cohort, [product], np.asarray(origins, dtype=float))
        for row in np.flatnonzero(barred):
            kept = [regimen for regimen in given[row] if regimen.product != product]
            refused[row] |= len(kept) < len(given[row])
            given[row] = kept
    return given, refused
