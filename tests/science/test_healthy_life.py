"""A life without a seed of disease stays well: the healthy state is stable, for the typical person and for others."""

from __future__ import annotations

import numpy as np
import pytest
from virtual_experiments import REGIONS, person

from charcot import patients
from charcot.core.units import DAYS_PER_MONTH as MONTH
from charcot.core.units import DAYS_PER_YEAR as YEAR
from charcot.patients.cohort import START_AGE, value

AGE = 80.0


@pytest.fixture(scope="module")
def life():
    """The typical person from 20 to 80."""
    return person(age=START_AGE, seeded=False, horizon_years=AGE - START_AGE, step_days=91.0)


@pytest.fixture(scope="module")
def lives():
    """300 persons with numbers of their own, without a seed, from 20 to 80."""
    cohort = patients.draw_cohort(patients.load_population("sporadic"), 300, 31)
    cohort.columns["seed_age_years"][:] = START_AGE
    cohort.columns["event_draw"][:] = np.inf
    readouts = [f"{region}.pool.neurons" for region in REGIONS]
    return patients.simulate(cohort, readouts=readouts, seeded=False, horizon_years=AGE - START_AGE, step_days=5 * YEAR)


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="measured 91 %, 26 of 300 people are below; wanted 99 %")
def test_motor_neurons_of_99_of_100_persons_outlive_eighty_years(lives):
    """What ageing alone leaves is exp(-rate * 60 years); disease must not take a tenth of that without a seed."""
    assert not lives.failed.any()
    ageing = np.exp(-value("pool.ageing_rate") * (AGE - START_AGE) * YEAR)
    left = np.min([lives.result[f"{region}.pool.neurons"][:, -1] for region in REGIONS], axis=0) / ageing
    assert np.mean(left > 0.9) >= 0.99, np.sort(left)[:10]


def test_the_typical_person_keeps_every_healthy_value(life):
    """Aggregate stays below a thousandth, energy within 2 % between 40 and 80, and no marker of disease rises."""
    days = life.courses.result.times[0]
    grown = days > (40.0 - START_AGE) * YEAR
    for region in REGIONS:
        assert life.courses.result[f"{region}.soma.aggregate"][0].max() < 1e-3
        energy = life.courses.result[f"{region}.axon.atp_terminal"][0][grown]
        assert np.ptp(energy) < 0.02 * energy[0], region
        for readout, healthy, within in (
            ("soma.tdp43_nuclear", 0.785, 0.02),
            ("soma.reactive_oxygen", 1.0, 0.02),
            ("soma.er_stress", 0.0, 0.01),
            ("microglia.toxic", 0.0, 0.02),
            ("terminal.mir126", 1.0, 0.1),
        ):
            values = life.courses.result[f"{region}.{readout}"][0][grown]
            assert np.abs(values - healthy).max() < within, (region, readout)
    assert np.abs(life.courses.result["immune.treg"][0][grown] - 1).max() < 0.02


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="measured 3.07 % lost in the leg at 80 years; wanted under 3 %. 3.00 % before the tempo of people rose",
)
def test_the_typical_person_keeps_the_uptake_of_glutamate(life):
    grown = life.courses.result.times[0] > (40.0 - START_AGE) * YEAR
    uptake = [life.courses.result[f"{region}.glutamate.uptake"][0][grown] for region in REGIONS]
    assert np.abs(np.array(uptake) - 1).max() < 0.03


def test_the_typical_person_is_not_killed_by_the_clinical_hazard(life):
    assert life.course("clinic.survival.cumulative_hazard")[1][-1] < 0.05


def test_the_typical_person_keeps_function(life):
    """Ageing takes neurons, not the score of a healthy person: 45 of 48 points or more at 80, and no onset."""
    assert life.course("clinic.alsfrs_r.total")[1][-1] > 45
    assert not np.isfinite(life.onset), life.onset / YEAR + START_AGE


@pytest.mark.parametrize("genotype", ["sporadic", "SOD1", "FUS", "C9orf72"])
def test_a_small_perturbation_returns(genotype):
    """A seed a tenth of the usual size at 50 is gone ten years later, whatever is seeded."""
    small = person(age=50.0, genotype=genotype, seed_amount=0.1 * value("onset.seed_amount"), horizon_years=20.0)
    port = {"SOD1": "soma.sod1_misfolded", "FUS": "soma.fus_condensate"}.get(genotype, "soma.aggregate")
    assert small.at(f"lumbar.{port}", 30.0) > 2e-3
    assert small.at(f"lumbar.{port}", 10 * YEAR) < 1e-3
    none = person(age=50.0, genotype=genotype, seeded=False, horizon_years=20.0)
    left = [p.at("lumbar.pool.neurons", 20 * YEAR - MONTH) for p in (small, none)]
    assert left[0] > 0.98 * left[1], left
