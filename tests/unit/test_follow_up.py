"""Treated arms are simulated for as long as their measures look, and what is measured stays the same."""

from __future__ import annotations

import math

import numpy as np
import pytest

from charcot import patients
from charcot.experiments import cohorts
from charcot.experiments.cohorts import Group, follow_up, statistic
from charcot.experiments.definition import Cohort, Given, Measure
from charcot.experiments.reading import entries
from charcot.patients import draw_cohort, load_population

COHORT = Cohort(patients=16, arms={"drug": (Given(product="low_dose_il2"),)})


@pytest.mark.parametrize("name", ["decline ratio", "responders", "no decline in a year", "ratio to the other arm"])
def test_a_measure_is_the_same_with_nobody_followed_for_longer_than_it_looks(name: str):
    read = "biomarker.nfl_serum" if name.startswith("ratio") else None
    months = None if name == "no decline in a year" else 7.0
    measure = Measure(arm="drug", statistic=name, months=months, read=read)
    followed = follow_up([measure])
    assert followed == {"drug": months or 12.0, "untreated": months or 12.0}
    assert statistic(COHORT, measure, followed=followed) == pytest.approx(statistic(COHORT, measure), rel=1e-6)
    courses, whole = Group(COHORT, followed=followed).courses("drug"), Group(COHORT).courses("drug")
    assert courses.result.steps.sum() < 0.9 * whole.result.steps.sum()
    # The untreated arm is read to everybody's end, whatever a measure of pairs needs of it.
    assert Group(COHORT, followed=followed).courses("untreated") is Group(COHORT).courses("untreated")


def test_an_arm_is_followed_for_the_longest_that_any_measure_looks():
    short = Measure(arm="drug", statistic="decline ratio", months=6)
    long = Measure(arm="drug", statistic="hazard ratio", months=21)
    to_the_end = Measure(arm="drug", statistic="alive after diagnosis", months=24)
    assert follow_up([short, long])["drug"] == 21
    assert follow_up([short, long, to_the_end])["drug"] == math.inf
    assert follow_up([Measure(arm="drug", read="immune.treg", day=3)]) == {}


def test_every_statistic_of_pairs_says_how_long_it_looks():
    for entry in entries().values():
        for measure in entry.content.measures.values():
            if measure.statistic in cohorts.OF_PAIRS:
                assert math.isfinite(follow_up([measure])[measure.arm])


def test_a_course_ends_with_the_first_output_from_its_last_day_on():
    cohort = draw_cohort(load_population("sporadic"), 3, 2)
    whole = patients.simulate(cohort, horizon_years=3.0, step_days=100.0)
    short = patients.simulate(cohort, horizon_years=3.0, step_days=100.0, until=np.array([-5.0, 300.0, 301.0]))
    assert short.result.end_time.tolist() == [100.0, 300.0, 400.0]
    assert np.isfinite(short.result.times).sum(axis=1).tolist() == [2, 4, 5]
    day = np.array([100.0, 250.0, 300.5])
    total = "clinic.alsfrs_r.total"
    np.testing.assert_allclose(short.at(total, day), whole.at(total, day), rtol=1e-6)
    assert np.isnan(short.at(total, np.array([101.0, 300.1, 401.0]))).all()
    assert np.isinf(short.death).all()
