"""A patient whose simulation failed has no times and is in no statistic: no survivor, nobody who stays well."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from charcot import patients
from charcot.core.result import Status
from charcot.experiments import cohorts
from charcot.experiments.board import score
from charcot.experiments.definition import Cohort, Experiment, Measure
from charcot.experiments.reading import Entry
from charcot.patients import Courses
from charcot.patients.population_job import PopulationJob
from charcot.patients.population_summary import Tally
from charcot.patients.readings import READOUTS, read_courses
from charcot.studies import ablation

PATIENTS = 60


def failing(courses: Courses, rows: list[int], way: Status = Status.NON_FINITE) -> Courses:
    """The same courses, those of ``rows`` ended by a failure half-way."""
    status = courses.result.status.copy()
    status[rows] = int(way)
    return Courses(courses.cohort, replace(courses.result, status=status))


@pytest.fixture(scope="module")
def sound() -> Courses:
    cohort = patients.draw_cohort(patients.load_population("sporadic"), PATIENTS, 4)
    return patients.simulate(cohort, readouts=cohorts.COHORT_READOUTS, tolerance=1e-3)


def test_a_failed_patient_has_no_times_and_no_values(sound):
    courses = failing(sound, [3])
    for days in (courses.onset, courses.diagnosis, courses.death, *courses.domain_onsets.T):
        assert np.isnan(days[3])
        assert not np.isnan(np.delete(days, 3)).any()
    assert courses.onset_domain[3] == ""
    assert np.isnan(courses.at("clinic.alsfrs_r.total", np.zeros(PATIENTS))[3])
    np.testing.assert_array_equal(np.delete(courses.death, 3), np.delete(sound.death, 3))


def test_nobody_can_be_treated_from_the_diagnosis_of_a_failed_course(sound):
    regimens = [[cohorts._regimen(cohorts.Given(product="riluzole"))] for _ in range(PATIENTS)]
    origins = np.where(np.arange(PATIENTS) == 3, failing(sound, [3]).diagnosis, 1000.0)
    with pytest.raises(ValueError, match=r"rows \[3\] are treated but have no finite origin"):
        patients.simulate(sound.cohort, regimens, origins)


def test_summaries_leave_failed_patients_out(sound):
    course, ill = read_courses(failing(sound, [3, 5]))
    known, _ = read_courses(sound.take(np.delete(np.arange(PATIENTS), [3, 5])))
    assert not ill[[3, 5]].any()
    np.testing.assert_array_equal(course.survival, known.survival)
    assert set(READOUTS) <= set(sound.result.readout_names)


@pytest.fixture
def group(sound, monkeypatch):
    """Two arms: the untreated one, and one in which everybody goes on as untreated, but for those who fail."""

    def arrange(rows: list[int]) -> Cohort:
        arms = {cohorts.UNTREATED: sound, "drug": failing(sound, rows)}
        monkeypatch.setattr(cohorts.Group, "courses", lambda self, arm: arms[arm])
        return Cohort(patients=PATIENTS, arms={"drug": ()})

    return arrange


@pytest.mark.parametrize("name", cohorts.OF_PAIRS)
def test_a_pair_with_a_failed_patient_is_in_no_comparison(group, name):
    measure = Measure(arm="drug", statistic=name, read="person.age" if "other arm" in name else None, months=12.0)
    with_it = cohorts.statistic(group([2, 7]), measure)
    expected = {"responders": 0.0, "no decline in a year": with_it}.get(name, 1.0)
    assert with_it == pytest.approx(expected, abs=1e-6)


def test_an_arm_that_fails_too_often_has_no_statistic_and_says_why(group):
    measure = Measure(arm="drug", statistic="alive after diagnosis", months=12.0)
    with pytest.raises(cohorts.FailedArm, match=r"arm 'drug': 6 of 60 simulations failed \(non_finite 6\)"):
        cohorts.statistic(group(list(range(6))), measure)
    assert cohorts.failures(group([0, 1]), [measure]) == {"drug": {"non_finite": 2}}


def test_the_board_counts_failed_simulations_by_arm_and_way(group):
    content = Experiment.model_validate(
        {
            "title": "t", "sources": ["free"], "dossier": "d", "use": "validation", "tolerance": "t",
            "cohort": {"arms": {"drug": []}},
            "measures": {"alive": {"statistic": "alive after diagnosis", "arm": "drug", "months": 0.0}},
            "outcomes": [{"what": "w", "value": "alive", "published": "p", "above": 0.9}],
        }
    )  # fmt: skip
    group([0, 1])
    scored = score(Entry("test", content, None))  # type: ignore[arg-type]
    assert scored.passed, scored.failure
    assert scored.failed == {"drug": {"non_finite": 2}}


def test_a_population_counts_failed_patients_and_no_times_of_theirs(sound, monkeypatch):
    from charcot.patients import population_job

    job = PopulationJob(patients.load_population("sporadic"), PATIENTS, 4)
    monkeypatch.setattr(population_job, "simulate", lambda *args, **options: failing(sound, [1, 2]))
    block = job.block(0, PATIENTS)
    failed = block.table.filter(np.isin(np.arange(PATIENTS), [1, 2])).to_pydict()
    for column in ("onset_day", "diagnosis_day", "death_day", "clinic.alsfrs_r.total@0"):
        assert failed[column] == [None, None], column
    assert set(failed["status"]) == {"non_finite"}
    tally = Tally(job)
    tally.add(block.table)
    outcomes = tally.tables()["outcomes"].to_pylist()[0]
    assert outcomes["failed"] == 2
    assert outcomes["died"] == int(np.isfinite(np.delete(sound.death, [1, 2])).sum())


def test_an_ablation_compares_those_who_succeed_on_both_sides(sound, monkeypatch):
    ill = sound.take(np.flatnonzero(np.isfinite(sound.onset)))
    runs = iter([sound, failing(ill, [0, 1])])
    monkeypatch.setattr(ablation.patients, "simulate", lambda *args, **options: next(runs))
    monkeypatch.setattr(Courses, "at", lambda self, name, days: np.where(np.isfinite(days), 1.0, np.nan))
    table, _ = ablation.ablate(["junction.sprouting"], n=PATIENTS)
    row = table.iloc[0]
    assert row["failed"] == 2
    assert row["survival_without"] == row["survival_with"]
    assert np.isfinite(row["score_without"])


def test_the_chain_shows_no_value_after_death():
    from charcot.studies.course import _value

    arm = {"clinic.alsfrs_r.total": (np.array([-12.0, 0.0, 12.0]), np.array([48.0, 40.0, 20.0]))}
    assert _value(arm, "clinic.alsfrs_r.total", 6.0) == 30.0
    assert np.isnan(_value(arm, "clinic.alsfrs_r.total", 24.0))
