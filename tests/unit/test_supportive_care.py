"""Body mass, and care that does not touch the nerve cell: a tube, calories, exercise, a device to speak with."""

from __future__ import annotations

import numpy as np
import pytest

from charcot.patients import Courses, laboratory, simulate, typical_cohort
from charcot.treatments import Regimen

TOTAL, DEATH = "clinic.alsfrs_r.total", "clinic.survival.cumulative_hazard"
BODY, EXPECTED, UNDERSTOOD = "nutrition.body_mass", "nutrition.expected_body_mass", "clinic.communication"
ARMS = ("gastrostomy", "high_calorie_nutrition", "physiotherapy", "communication_aid")
SEED_AGE = 60.0
READ = (BODY, EXPECTED, UNDERSTOOD, DEATH, "clinic.vital_capacity", "clinic.alsfrs_r.swallowing")


@pytest.fixture(scope="module")
def untreated() -> Courses:
    return simulate(typical_cohort(["bulbar"], SEED_AGE), readouts=READ)


@pytest.fixture(scope="module")
def cared_for(untreated: Courses) -> Courses:
    """One typical patient with bulbar onset in five arms from diagnosis: none, then each of the four."""
    origins = np.full(1 + len(ARMS), untreated.diagnosis[0])
    regimens = [[], *([Regimen.parse(product=name)] for name in ARMS)]
    days = np.tile(untreated.diagnosis[0] + np.array([30.0, 200.0, 300.0]), (1 + len(ARMS), 1))
    cohort = typical_cohort(["bulbar"], SEED_AGE, copies=1 + len(ARMS))
    return simulate(cohort, regimens, origins, READ, days=days, model=laboratory(treated=True))


def late(courses: Courses, readout: str, day: float) -> np.ndarray:
    return courses.at(readout, np.full(len(courses.cohort), day))


def test_a_healthy_person_keeps_the_weight() -> None:
    healthy = simulate(typical_cohort(["bulbar"], 40.0), seeded=False, readouts=READ, horizon_years=5.0)
    assert healthy.result[BODY][0] == pytest.approx(26.0, rel=0.01)


def test_a_typical_course_is_what_it_is_without_malnutrition(untreated: Courses) -> None:
    """The two hazards have the weight of typical patients in them already."""
    assert np.allclose(untreated.result[BODY], untreated.result[EXPECTED], rtol=1e-6, equal_nan=True)
    without = simulate(typical_cohort(["bulbar"], SEED_AGE), off=frozenset(["nutrition.malnutrition"]))
    assert without.death[0] == pytest.approx(untreated.death[0], abs=0.5)


def test_body_mass_falls_before_diagnosis_and_faster_after_it(untreated: Courses) -> None:
    diagnosis = float(untreated.diagnosis[0])
    before, then, after = (float(late(untreated, BODY, day)[0]) for day in (0.0, diagnosis, diagnosis + 200))
    assert 0.02 < 1 - then / before < 0.12  # 6.9 % of those who lose weight, bulbar onset (weight_umc)
    assert 0.3 < (then - after) * 365 / 200 < 6


def test_a_tube_holds_weight_and_does_not_slow_the_disease(untreated: Courses, cared_for: Courses) -> None:
    day = float(untreated.diagnosis[0]) + 300
    body, total = late(cared_for, BODY, day), late(cared_for, TOTAL, day)
    assert body[1] > body[0] + 0.3
    assert total[1] == pytest.approx(total[0], abs=0.01)  # peg_comparison
    early = late(cared_for, DEATH, float(untreated.diagnosis[0]) + 30)
    assert 0.005 < early[1] - early[0] < 0.015  # one in a hundred of the operation


def test_calories_hold_weight_and_lower_the_hazard_a_little(untreated: Courses, cared_for: Courses) -> None:
    day = float(untreated.diagnosis[0]) + 300
    body = late(cared_for, BODY, day)
    assert 0.3 < body[2] - body[0] < 2
    gone = late(cared_for, DEATH, day) - late(cared_for, DEATH, float(untreated.diagnosis[0]) + 30)
    assert 0.85 < gone[2] / gone[0] < 1  # lipcal2020: 0.97, up to 1.44


def test_exercise_adds_a_little_function_and_no_breath(untreated: Courses, cared_for: Courses) -> None:
    day = float(untreated.diagnosis[0]) + 200
    total, capacity = late(cared_for, TOTAL, day), late(cared_for, "clinic.vital_capacity", day)
    assert 0 < total[3] - total[0] < 1
    assert capacity[3] == pytest.approx(capacity[0], rel=1e-6)
    assert cared_for.death[3] == pytest.approx(cared_for.death[0], abs=10)


def test_a_device_is_understood_and_changes_nothing_else(untreated: Courses, cared_for: Courses) -> None:
    day = float(untreated.diagnosis[0]) + 300
    understood = late(cared_for, UNDERSTOOD, day)
    assert understood[0] < 0.7 < understood[4] <= 1
    for readout in (TOTAL, BODY, DEATH):
        assert late(cared_for, readout, day)[4] == pytest.approx(late(cared_for, readout, day)[0], rel=1e-4)


def test_the_lighter_of_two_persons_dies_sooner() -> None:
    cohort = typical_cohort(["lumbar"], SEED_AGE, copies=2)
    own = np.array([0.85, 1.15])
    courses = simulate(cohort, readouts=READ, overrides={"nutrition.own_body_mass": own})
    assert courses.death[0] < courses.death[1]
    assert courses.onset[0] == pytest.approx(courses.onset[1], abs=1)
