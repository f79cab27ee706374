"""Populations and requests that make no sense are refused, all at once; shares may be written in per cent."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

from charcot import patients
from charcot.core.errors import Problems
from charcot.core.schedule import Event, EventKind
from charcot.core.units import DAYS_PER_YEAR
from charcot.patients import Population, PopulationJob
from charcot.patients.arguments import LateStart
from charcot.patients.assemble import laboratory
from charcot.patients.cohort import load_population
from charcot.treatments import Regimen


def test_shares_may_be_written_in_per_cent():
    half = Population.from_mapping("half", {"genotypes": {"sporadic": "93.1 %", "SOD1": "6.9 %"}, "male_share": "55 %"})
    assert half.genotypes == pytest.approx({"sporadic": 0.931, "SOD1": 0.069})
    assert half.male_share == pytest.approx(0.55)
    mixed = Population.from_mapping("mixed", {"genotypes": {"sporadic": "50 %", "SOD1": 0.5}})
    drawn = patients.draw_cohort(mixed, 2000, 1).columns["genotype"]
    assert np.mean(drawn == "SOD1") == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"genotypes": {"sporadic": 1.2, "SOD1": -0.2}}, "the share of SOD1 is -0.2, but must be 0 to 1"),
        ({"genotypes": {"sporadic": 0.5, "SOD1": 0.4}}, "the shares of genotypes sum to 0.9, not to 1"),
        ({"genotypes": {"sporadic": 90, "SOD1": 10}}, "the share of sporadic is 90, but must be 0 to 1"),
        ({"genotypes": {"sporadic": float("nan")}}, "the share of sporadic is nan, but must be 0 to 1"),
        ({"genotypes": {"sporadic": float("inf")}}, "the share of sporadic is inf, but must be 0 to 1"),
        ({"genotypes": {"sporadic": True}}, "the share of sporadic is True, but must be 0 to 1"),
        ({"genotypes": {"sporadic": "most"}}, "the share of sporadic is 'most', but must be 0 to 1"),
        ({"genotypes": {"sporadic": "1 day"}}, "the share of sporadic is '1 day'"),
        ({"genotypes": {}}, "the shares of genotypes sum to 0, not to 1"),
        ({"genotypes": ["sporadic"]}, "no list of genotypes with their shares"),
        ({}, "no list of genotypes with their shares"),
        ({"genotypes": {"sporadik": 1}}, "no genotype is called 'sporadik'"),
        ({"genotypes": {"sporadic": 1}, "male_share": -0.1}, "male_share is -0.1, but must be 0 to 1"),
        ({"genotypes": {"sporadic": 1}, "male_share": "120 %"}, "male_share is 1.2, but must be 0 to 1"),
        ({"genotypes": {"sporadic": 1}, "men": 0.5}, "unknown key 'men'"),
    ],
)
def test_a_population_that_cannot_be_is_refused(data, text):
    with pytest.raises(Problems) as found:
        Population.from_mapping("mine", data)
    assert text in str(found.value)


def test_a_population_made_in_python_is_checked_too():
    with pytest.raises(Problems, match="the share of SOD1 is -1"):
        Population("mine", "", "", {"sporadic": 2.0, "SOD1": -1.0})
    with pytest.raises(Problems, match="no genotype is called 'SOD3'"):
        Population("mine", "", "", {"SOD3": 1.0})


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"n": 10**12}, "a cohort cannot have 1,000,000,000,000 patients: it is held in memory"),
        ({"n": -1}, "a cohort cannot have -1 patients"),
        ({"n": 2, "seed": -1}, r"seed \(-1\) and first \(0\) cannot be negative"),
        ({"n": 2, "first": -5}, r"seed \(1\) and first \(-5\) cannot be negative"),
    ],
)
def test_a_cohort_that_cannot_be_drawn_is_refused(values, text):
    with pytest.raises(ValueError, match=text):
        patients.draw_cohort(load_population("sporadic"), **{"seed": 1, **values})


@pytest.mark.parametrize(
    ("size", "seed", "code"), [(10**12, 1, "bad-size"), (2.5, 1, "bad-size"), (10, -3, "bad-seed")]
)
def test_a_job_that_cannot_be_is_refused(size, seed, code):
    with pytest.raises(Problems) as found:
        PopulationJob(load_population("sporadic"), size, seed)
    assert code in [problem.code for problem in found.value.problems]


@pytest.mark.parametrize("age", [200.0, -1.0, float("nan"), float("inf")])
def test_nobody_is_of_an_impossible_age(age):
    with pytest.raises(ValueError, match="nobody falls ill at that age"):
        patients.typical_cohort(["lumbar"], age)
    cohort = patients.typical_cohort(["lumbar"], 58.0, copies=3)
    ages = np.array([58.0, age, 60.0])
    with pytest.raises(Problems, match=r"seed_age_years of the patient in row 1 is .*, but must be 16 to 110 years"):
        patients.simulate(replace(cohort, columns={**cohort.columns, "seed_age_years": ages}))


def test_unknown_regions_and_genotypes_of_a_typical_person_are_named():
    with pytest.raises(KeyError, match=r"no region is called 'lumber'.*lumbar"):
        patients.typical_cohort(["lumber"], 58.0)
    with pytest.raises(KeyError, match="no genotype is called 'SOD'"):
        patients.typical_cohort(["lumbar"], 58.0, "SOD")


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("seed_amount", -0.1, "seed_amount of the patient in row 1 is -0.1, but must be 0 or more"),
        ("drift_spread", np.nan, "drift_spread of the patient in row 1 is nan, but must be 0 or more"),
        ("diagnosis_wait_days", np.inf, "diagnosis_wait_days of the patient in row 1 is inf"),
        ("event_draw", np.nan, "event_draw of the patient in row 1 is nan, but must be above 0"),
    ],
)
def test_columns_that_no_person_can_have_are_named_with_their_row(column, value, text):
    cohort = patients.typical_cohort(["lumbar"], 58.0, copies=2)
    given = np.array([cohort.columns[column][0], value])
    with pytest.raises(Problems) as found:
        patients.simulate(replace(cohort, columns={**cohort.columns, column: given}))
    assert text in str(found.value)


def test_an_origin_that_no_simulation_reaches_is_refused():
    cohort = patients.typical_cohort(["lumbar"], 58.0, copies=3)
    regimen = [Regimen.parse(product="riluzole", dose="50 mg", start="0 days", schedule="label")]
    with pytest.raises(Problems, match=r"the origin of the patient in row 1 is 9000, but must be 3652\.5 days or less"):
        patients.simulate(cohort, [regimen, regimen, []], np.array([10.0, 9000.0, np.inf]), horizon_years=10)


def test_a_diagnosis_that_comes_after_the_end_is_none():
    """The same persons seen for long and for short: who waits for a result at the end has none yet."""
    cohort = patients.draw_cohort(patients.load_population("sporadic"), 60, 3)
    lives = patients.simulate(cohort, horizon_years=12)
    short = patients.simulate(cohort, horizon_years=4)
    known = lives.diagnosis <= 4 * DAYS_PER_YEAR
    np.testing.assert_array_equal(np.isfinite(short.diagnosis), known)
    assert 10 < np.count_nonzero(known) < 50
    brought = lives.diagnosis - cohort.columns["diagnosis_wait_days"]
    assert np.any(~known & (brought < 4 * DAYS_PER_YEAR))


def test_a_treatment_that_nobody_comes_to_is_refused_and_one_that_some_do_not_is_told_of():
    cohort = patients.typical_cohort(["lumbar"], 58.0, copies=2)
    late, model = Regimen.parse(product="riluzole", start="100 weeks"), laboratory(treated=True)
    with pytest.raises(Problems, match=r"riluzole would start 700 days .* simulation ends 365\.25 days"):
        patients.simulate(cohort, [[late], []], np.zeros(2), horizon_years=1)
    with pytest.raises(Problems, match="riluzole would start 700 days"):
        patients.PopulationJob(
            patients.load_population("sporadic"), 2, 1, (patients.Arm("late", (late,)),), horizon_years=1
        )
    with pytest.warns(LateStart, match="Some patients go without riluzole: their simulation ends before"):
        patients.simulate(cohort, [[late], [late]], np.array([0.0, 200.0]), horizon_years=2, model=model)
    with warnings.catch_warnings():
        warnings.simplefilter("error", LateStart)
        patients.simulate(cohort, [[late], []], np.array([0.0, np.inf]), horizon_years=2, model=model)


def test_everything_wrong_with_a_request_comes_at_once():
    cohort = patients.typical_cohort(["lumbar"], 58.0, copies=2)
    lost = replace(cohort, deviations={"energy.floor": np.array([0.0, np.nan])})
    bad = [[Event(5.0, "person.tempo_target", EventKind.SET, np.nan)], []]
    with pytest.raises(Problems) as found:
        patients.simulate(lost, origins=np.zeros(3), days=np.zeros(5), events=bad, horizon_years=-1, step_days=np.nan)
    codes = sorted(problem.code for problem in found.value.problems)
    assert codes == ["bad-event", "bad-horizon", "bad-shape", "bad-shape", "bad-step", "out-of-range"]
    assert "the deviation of energy.floor of the patient in row 1 is nan" in str(found.value)
    assert "person.tempo_target of the patient in row 0 would become nan on day 5" in str(found.value)
