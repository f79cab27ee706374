"""The solver's tolerance does not matter for what a clinic sees, with doses every day as without."""

import numpy as np
import pytest

from charcot import patients
from charcot.treatments import Regimen


@pytest.mark.parametrize("product", ["edaravone_iv", "low_dose_il2", "tofersen"])
def test_treated_courses_do_not_depend_on_the_tolerance(product):
    cohort = patients.draw_cohort(patients.load_population("sporadic"), 16, 7)
    untreated = patients.simulate(cohort)
    known = np.flatnonzero(np.isfinite(untreated.diagnosis))
    cohort, origins = cohort.take(known), untreated.diagnosis[known]
    given = [[Regimen.parse(product=product)]] * len(cohort)
    model = patients.laboratory(treated=True)
    usual, sharp = (patients.simulate(cohort, given, origins, model=model, **own) for own in ({}, {"tolerance": 1e-7}))
    total = "clinic.alsfrs_r.total"
    assert np.nanmax(np.abs(usual.result[total] - sharp.result[total])) < 0.05
    dead = np.isfinite(usual.death)
    np.testing.assert_array_equal(dead, np.isfinite(sharp.death))
    assert np.max(np.abs(usual.death[dead] - sharp.death[dead])) < 1.0
