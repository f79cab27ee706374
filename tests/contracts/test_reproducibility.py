"""The same seed gives the same patients and the same courses: in any piece, any order, on any number of threads."""

from __future__ import annotations

import numpy as np
import pytest

from charcot import patients
from charcot.core.random import normals, stream, uniforms
from charcot.patients import Cohort
from charcot.treatments import Regimen

READOUTS = ("biomarker.nfl_serum", "lumbar.pool.motor_units", "clinic.vital_capacity")
POPULATION = patients.load_population("sporadic")


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return patients.draw_cohort(POPULATION, 24, 9)


@pytest.fixture(scope="module")
def courses(cohort):
    return patients.simulate(cohort, readouts=READOUTS, horizon_years=12)


def assert_same_persons(left: Cohort, right: Cohort) -> None:
    assert left.columns.keys() == right.columns.keys()
    assert left.deviations.keys() == right.deviations.keys()
    for name, column in left.columns.items():
        assert np.array_equal(column, right.columns[name]), name
    for name, column in left.deviations.items():
        assert np.array_equal(column, right.deviations[name]), name


def assert_same_results(left, right) -> None:
    for name in ("times", "values", "end_time", "status", "steps", "final_states"):
        assert np.array_equal(getattr(left, name), getattr(right, name), equal_nan=True), name


def test_two_pieces_are_one_draw(cohort):
    """Patients 0 to 23 at once, or 0 to 9 and then 10 to 23."""
    first, second = patients.draw_cohort(POPULATION, 10, 9), patients.draw_cohort(POPULATION, 14, 9, first=10)
    assert_same_persons(first, cohort.take(np.arange(10)))
    assert_same_persons(second, cohort.take(np.arange(10, 24)))


def test_another_seed_gives_other_persons(cohort):
    other = patients.draw_cohort(POPULATION, 24, 10)
    assert not np.array_equal(other.columns["event_draw"], cohort.columns["event_draw"])


def test_the_number_of_threads_does_not_matter(cohort, courses):
    again = patients.simulate(cohort, readouts=READOUTS, horizon_years=12, workers=2)
    assert_same_results(again.result, courses.result)


def test_the_order_of_patients_does_not_matter(cohort, courses):
    backwards = np.arange(len(cohort))[::-1]
    again = patients.simulate(cohort.take(backwards), readouts=READOUTS, horizon_years=12)
    assert_same_results(again.take(backwards).result, courses.result)


def test_a_patient_alone_has_the_same_course_as_in_company(cohort, courses):
    alone = patients.simulate(cohort.take([17]), readouts=READOUTS, horizon_years=12)
    assert_same_results(alone.result, courses.take(np.array([17])).result)


def test_arms_share_their_draws(cohort, courses):
    """A treatment that never begins changes no draw: the same onset, diagnosis and death in both arms."""
    rows = np.flatnonzero(np.isfinite(courses.diagnosis))[:8]
    never = [[Regimen.parse(product="riluzole", start="11 years")] for _ in rows]
    arm = patients.simulate(cohort.take(rows), never, np.zeros(len(rows)), READOUTS, horizon_years=12)
    control = courses.take(rows)
    early = (control.death < 10.9 * 365.25) & np.isfinite(control.death)
    assert early.any()
    np.testing.assert_allclose(arm.onset, control.onset, rtol=1e-3)
    np.testing.assert_allclose(arm.death[early], control.death[early], rtol=1e-3)
    assert np.array_equal(arm.cohort.columns["event_draw"], control.cohort.columns["event_draw"])


def test_streams_do_not_depend_on_the_order_in_which_they_are_used():
    addresses = [(patient, purpose) for patient in range(5) for purpose in ("tempo drift", "seed age")]
    forwards = {address: stream(3, *address).random() for address in addresses}
    backwards = {address: stream(3, *address).random() for address in reversed(addresses)}
    assert forwards == backwards
    assert len(set(forwards.values())) == len(forwards)


def test_addressed_draws_do_not_depend_on_company():
    ids = np.arange(50)
    for draw in (uniforms, normals):
        together = draw(4, ids, "seed age")
        assert np.array_equal(draw(4, ids[::-1], "seed age")[::-1], together)
        assert draw(4, ids[20:21], "seed age")[0] == together[20]
        assert not np.array_equal(draw(4, ids, "sex"), together)
