"""``patients.simulate`` refuses what would silently mean something else, and keeps its clocks in order."""

from __future__ import annotations

import numpy as np
import pytest

from charcot import patients
from charcot.treatments import Regimen


@pytest.fixture(scope="module")
def cohort():
    return patients.draw_cohort(patients.load_population("incident"), 120, seed=3)


@pytest.fixture(scope="module")
def courses(cohort):
    return patients.simulate(cohort)


RILUZOLE = Regimen.parse(product="riluzole", dose="50 mg", start="0 days", schedule="label")


def test_nobody_dies_of_the_disease_before_it_is_seeded(courses):
    assert (courses.death >= 0).all()
    ill = np.isfinite(courses.onset)
    assert ill.mean() > 0.9
    assert (courses.onset[ill] <= courses.diagnosis[ill]).all()
    assert (courses.diagnosis[np.isfinite(courses.diagnosis)] <= courses.death[np.isfinite(courses.diagnosis)]).all()


def test_no_genotype_piles_up_at_the_youngest_age():
    for name in ("fus", "sod1", "c9orf72"):
        drawn = patients.draw_cohort(patients.load_population(name), 2000, seed=1)
        _, counts = np.unique(drawn.columns["seed_age_years"], return_counts=True)
        assert counts.max() <= 2, name


def test_regimens_without_origins_are_refused(cohort):
    with pytest.raises(ValueError, match="regimens need origins, the day to which their starts refer"):
        patients.simulate(cohort, [[RILUZOLE]] * len(cohort))


def test_a_patient_who_is_never_diagnosed_cannot_be_treated_from_diagnosis(cohort):
    origins = np.full(len(cohort), 100.0)
    origins[4] = np.inf
    with pytest.raises(ValueError, match=r"patients in rows \[4\] are treated but have no finite origin"):
        patients.simulate(cohort, [[RILUZOLE]] * len(cohort), origins)


def test_regimens_must_be_one_list_per_patient(cohort):
    with pytest.raises(ValueError, match="give one list of regimens per patient: 120 lists"):
        patients.simulate(cohort, [RILUZOLE] * len(cohort), np.zeros(len(cohort)))  # type: ignore[list-item]
    with pytest.raises(ValueError, match="give one list of regimens per patient"):
        patients.simulate(cohort, [[RILUZOLE]], np.zeros(1))


def test_two_regimens_of_one_product_are_refused(cohort):
    with pytest.raises(ValueError, match="two regimens of riluzole"):
        patients.simulate(cohort, [[RILUZOLE, RILUZOLE]] * len(cohort), np.zeros(len(cohort)))


def test_a_readout_that_was_not_asked_for_is_named(courses):
    with pytest.raises(KeyError, match=r"'clinic\.alsfrs_r\.totl' was not asked for"):
        courses.at("clinic.alsfrs_r.totl", np.zeros(120))
