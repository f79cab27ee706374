"""Courses are reported on the day of each dose and of each origin, so that nothing is smeared over the days before."""

from __future__ import annotations

import numpy as np
import pytest

from charcot import patients
from charcot.core.schedule import Event, EventKind
from charcot.core.units import DAYS_PER_MONTH
from charcot.patients.courses import schedule_of
from charcot.patients.output_days import output_days
from charcot.treatments import Regimen

TOTAL, NFL = "clinic.alsfrs_r.total", "biomarker.nfl_serum"
SEED = "lumbar.soma.aggregate"
ORIGIN = 1200.3  # days: between two monthly rows
YEARS = 5.0


@pytest.fixture(scope="module")
def person():
    return patients.typical_cohort(["lumbar"], 58.0, copies=3)


def regimen(product: str, start: str = "0 days", dose: str | None = None) -> Regimen:
    return Regimen.parse(product=product, dose=dose, start=start, schedule=None)


@pytest.fixture(scope="module")
def three(person):
    """The same person untreated, given a strong drug from the origin, and given it half a month later."""
    given = [[], [regimen("transport_restorer")], [regimen("transport_restorer", "15 days")]]
    options = {"readouts": (NFL, SEED), "horizon_years": YEARS, "model": patients.laboratory(treated=True)}
    return patients.simulate(person, given, np.full(3, ORIGIN), **options)


def test_the_same_person_is_the_same_in_every_arm_until_the_treatment_begins(three):
    days = np.tile([0.0, ORIGIN - 40.0, ORIGIN - 1.0, ORIGIN], (3, 1))
    for readout in (TOTAL, NFL, "clinic.alsfrs_r.walking"):
        values = three.at(readout, days)
        np.testing.assert_allclose(values[1], values[0], rtol=1e-5, err_msg=readout)
        np.testing.assert_allclose(values[2], values[0], rtol=1e-5, err_msg=readout)
    # Read early: a year on, neurofilament of one person steps with the classes of neurons that are breaking down.
    later = three.at(NFL, np.full(3, ORIGIN + 180.0))
    assert later[1] < later[2] < 0.999 * later[0]
    later = three.at(TOTAL, np.full(3, ORIGIN + 360.0))
    assert later[1] > later[2] > 1.001 * later[0]


def test_days_asked_for_are_exact_and_change_nothing_else(person):
    asked = ORIGIN + np.array([3.0, 33.3])
    coarse = {"step_days": 10 * DAYS_PER_MONTH, "readouts": (NFL,), "horizon_years": YEARS}
    one = person.take([0])
    with_days = patients.simulate(one, days=np.array([[*asked, np.nan, np.inf, -5.0, 1e9]]), **coarse)
    without = patients.simulate(one, **coarse)
    # Lines between rows a day apart miss the curve by 1e-5 of it, a hundredfold less at a tenth of a day.
    fine = patients.simulate(one, step_days=0.1, readouts=(NFL,), horizon_years=YEARS)
    np.testing.assert_allclose(with_days.at(NFL, asked[None, :]), fine.at(NFL, asked[None, :]), rtol=1e-6)
    assert np.abs(without.at(NFL, asked[None, :]) / fine.at(NFL, asked[None, :]) - 1).max() > 1e-4
    np.testing.assert_array_equal(with_days.on_grid(NFL), without.result[NFL])
    np.testing.assert_array_equal(with_days.on_grid(NFL, 2), without.result[NFL][:, ::2])
    np.testing.assert_array_equal(with_days.take(np.array([0])).on_grid(NFL), without.on_grid(NFL))
    assert with_days.result.end_time[0] == without.result.end_time[0]


def test_a_readout_that_jumps_has_a_row_on_either_side(person):
    """The seed is planted on day 0, and a hit on day 100.5: both raise the aggregate at once, and no day before."""
    hit = [Event(100.5, SEED, EventKind.ADD, 0.2)]
    courses = patients.simulate(
        person, events=[[], hit, hit], readouts=(SEED, "lumbar.nmj.innervation"), horizon_years=1.0, step_days=7.0
    )
    days = np.array([100.4, 100.5, 100.50001])
    without, before, after = courses.at(SEED, np.tile(days, (3, 1)))[:2].T
    np.testing.assert_allclose(without[1], without[0], rtol=1e-4)
    np.testing.assert_allclose(before[1], before[0], rtol=1e-4)
    assert after[1] - after[0] == pytest.approx(0.2, rel=1e-3)
    start = courses.at(SEED, np.tile([0.0, 1e-6], (3, 1)))[0]
    assert start[1] - start[0] == pytest.approx(person.columns["seed_amount"][0], rel=1e-3)


def test_nobody_s_rows_depend_on_the_company(person):
    given = [[], [regimen("tofersen")], [regimen("riluzole")]]
    origins = np.full(3, ORIGIN)
    options = {"readouts": (NFL,), "horizon_years": YEARS, "model": patients.laboratory(treated=True)}
    together = patients.simulate(person, given, origins, **options)
    alone = patients.simulate(person.take([2]), given[2:], origins[2:], **options)
    rows = np.isfinite(together.result.times[2])
    np.testing.assert_array_equal(together.result.times[2][rows], alone.result.times[0])
    np.testing.assert_array_equal(together.result[NFL][2][rows], alone.result[NFL][0])


def test_output_days_ascend_hold_the_grid_and_every_event_once(person):
    model = patients.program(("tofersen",))
    doses = [[Event(day, "drug.tofersen.amount", EventKind.ADD, 1.0) for day in (30.0, 45.5, 400.0)], [], []]
    happens = schedule_of(person, model, doses, 365.25)
    grid = np.arange(0.0, 361.0, 30.0)
    days = output_days(grid, happens, model, (TOTAL,), [np.array([np.nan, 77.0, 30.0])])
    assert days.shape[0] == 3
    for row, extra in zip(days, ([45.5], [77.0], []), strict=True):
        known = row[np.isfinite(row)]
        assert (np.diff(known) > 0).all()
        assert set(known) >= {*grid, *extra}
        assert 400.0 not in known
    short = output_days(grid, happens, model, (TOTAL,), until=np.array([31.0, 0.0, 1e9]))
    ends = np.nanmax(short, axis=1)
    np.testing.assert_array_equal(ends, [60.0, 30.0, 360.0])
    assert 45.5 in short[0]
