"""The power of age in simulated incidence, recovered from people whose law is known."""

from __future__ import annotations

import numpy as np
import pytest

from charcot.core.incidence import power_of_age
from charcot.disease import Mortality
from charcot.experiments.cohorts import statistic
from charcot.experiments.definition import Cohort, Measure

MORTALITY = Mortality(0.02, 75.0, 8.0)


@pytest.mark.parametrize("power", [1.0, 3.0, 4.8])
def test_the_power_of_a_known_law_is_recovered_whoever_dies_of_other_causes(power: float):
    rng = np.random.default_rng(5)
    ages = 90 * rng.random(400_000) ** (1 / (power + 1))  # density a^power up to 90
    ill = ages[rng.random(len(ages)) < MORTALITY.survival(ages)]
    assert power_of_age(ill, 40, 70, MORTALITY.survival) == pytest.approx(power, abs=0.1)
    everybody = power_of_age(ill, 40, 70, np.ones_like)
    assert everybody < power - 0.2  # what a register of cases would read that forgot the dead


def test_nobody_ill_in_the_window_has_no_slope():
    assert np.isnan(power_of_age(np.array([20.0, 80.0, 85.0]), 40, 70, np.ones_like))


def test_statistics_at_onset_read_people_and_not_the_law():
    cohort = Cohort(population="incident", patients=60, seed=77)
    share = statistic(cohort, Measure(statistic="carriers among the ill"))
    assert 0.02 < share < 0.3
    earlier = statistic(cohort, Measure(statistic="years that carriers fall ill earlier"))
    assert abs(earlier) < 40
    slope = statistic(cohort, Measure(statistic="slope of incidence at onset", since=40, until=70))
    nobody = statistic(
        cohort.model_copy(update={"set": {"slower": {"person.base_tempo": 0.4}}}),
        Measure(arm="slower", statistic="slope of incidence at onset", since=40, until=70),
    )
    assert slope != nobody  # a law of seed ages would not know the tempo
