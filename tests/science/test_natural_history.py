"""Untreated courses of 400 sporadic patients: where they should lie, what moves them, and what must not."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from virtual_experiments import drawn_courses, drawn_summaries

from charcot import patients
from charcot.core.estimates import ROUNDING, kaplan_meier
from charcot.core.units import DAYS_PER_MONTH as MONTH
from charcot.interfaces.cli.demo import _against_range
from charcot.patients import readings
from charcot.patients.readings import measured_slopes, median_survival, slope_correlation
from charcot.studies import natural_history
from charcot.studies.course import typical_patient
from charcot.studies.natural_history import ABLATIONS


@pytest.fixture(scope="module")
def courses():
    return drawn_courses()


@pytest.fixture(scope="module")
def course():
    return drawn_summaries()


def test_no_simulation_fails(courses):
    assert not courses.failed.any(), courses.result.status_counts()


def test_median_survival_from_onset(course):
    """Median survival from onset is about 2.7 to 3.3 years in registers: japan_spread, ludolph2024."""
    years = median_survival(course) / 12
    assert 2.0 < years < 4.5, years


def test_decline_in_the_year_after_diagnosis(course):
    """Placebo groups decline by about one point a month: hct_placebo_slopes."""
    points = float(np.nanmean(course.decline))
    assert 0.7 < points < 1.3, points


ABLATED = {a.label: a.off for a in ABLATIONS if a.label in ("sprouting", "microglia and T cells", "excitotoxicity")}


def missed(label: str, sign: int, measured: str) -> object:
    """A mechanism that contributes less to the present model than is wanted."""
    why = f"measured {measured}; wanted more than 5 % in each, survival up and decline down"
    return pytest.param(label, sign, marks=pytest.mark.xfail(strict=True, raises=AssertionError, reason=why))


@pytest.mark.parametrize(
    ("label", "sign"),
    [
        missed("sprouting", -1, "survival 10.2 % longer and decline 7.9 % slower without: onset is felt earlier"),
        ("microglia and T cells", 1),
        missed("excitotoxicity", 1, "survival 3.2 % longer and decline 7.3 % slower without"),
    ],
)
def test_what_a_mechanism_contributes(course, label, sign):
    """Without sprouting life is shorter, without immune killing or excitotoxicity longer, by more than 5 %; decline
    moves the other way."""
    without = drawn_summaries(ABLATED[label])
    survival = median_survival(without) / median_survival(course) - 1
    decline = float(np.nanmean(without.decline) / np.nanmean(course.decline)) - 1
    assert sign * survival > 0.05, (survival, decline)
    assert -sign * decline > 0.05, (survival, decline)


def test_slopes_as_measured_tell_less_of_each_other_than_true_ones(course):
    """The published correlation (0.26 to 0.31: aan2025_005042) holds the noise of the score; so does the model's."""
    true = slope_correlation(course.decline_before, course.decline)
    measured = slope_correlation(course.measured_before, course.measured_decline)
    assert 0.3 < measured < true - 0.05, (measured, true)


def test_the_noise_of_the_score_does_not_bias_slopes(course):
    both = np.isfinite(course.decline) & np.isfinite(course.measured_decline)
    assert abs(np.mean(course.measured_decline[both]) - np.mean(course.decline[both])) < 0.1


def test_measured_slopes_of_a_patient_do_not_depend_on_who_else_is_read(courses):
    rows = np.array([30, 3, 17, 101])
    few, all_ = measured_slopes(courses.take(rows)), measured_slopes(courses)
    for one, whole in zip(few, all_, strict=True):
        np.testing.assert_array_equal(one, whole[rows])


def test_the_slope_after_diagnosis_is_least_squares_over_the_visits_that_took_place(courses, monkeypatch):
    """Without noise the least-squares slope of scores on a line is that of the line, also when visits are missed."""
    few = courses.take(np.flatnonzero(np.isfinite(courses.diagnosis))[:6])
    lost, last = 1.5, np.array([12.0, 9.0, 6.0, 4.0, 3.0, 2.0])  # points a month in each item; the last month lived

    class Line:
        cohort, diagnosis, onset = few.cohort, few.diagnosis, few.diagnosis - 10 * MONTH

        def at(self, readout, days):
            months = (days - self.diagnosis[:, None]) / MONTH
            return np.where(months <= last[:, None] + 1e-9, 20.0 - lost * months, np.nan)

    monkeypatch.setattr(readings, "observe_all_items", lambda latent, *_: latent)
    after, before = measured_slopes(Line())
    np.testing.assert_allclose(after[:5], 12 * lost)
    assert np.isnan(after[5])  # one visit is no slope
    np.testing.assert_allclose(before, (48 - 12 * 20) / 10)


# Logarithms and drifts may be negative; nothing else may.
SIGNED = ("person.tempo_drift",)


def test_states_never_fall_below_zero_and_pools_never_exceed_one(courses):
    names = patients.program().state_names
    final = courses.result.final_states
    checked = [i for i, name in enumerate(names) if name not in SIGNED]
    lowest = final[:, checked].min(axis=0)
    worst = int(lowest.argmin())
    assert lowest[worst] > -1e-6, (names[checked[worst]], lowest[worst])
    pools = [i for i, name in enumerate(names) if ".pool." in name or name.endswith(".upper.neurons")]
    regions, classes = patients.definition().regions, patients.definition().classes
    assert len(pools) == len(regions) * (2 * classes + 1)  # living and innervating of each class, and upper neurons
    assert final[:, pools].max() < 1 + 1e-6
    for k in range(1, classes + 1):
        alive, innervating = (
            final[:, [names.index(f"{region}.pool.{what}.{k}") for region in regions]]
            for what in ("alive", "innervating")
        )
        assert np.max(innervating - alive) < 1e-6  # who holds muscle is alive


def test_readouts_stay_in_their_range_along_the_way(courses):
    for readout in courses.result.readout_names:
        values = courses.result[readout]
        assert np.nanmin(values) > -1e-6, readout
    for region in ("bulbar", "cervical", "thoracic", "lumbar"):
        assert np.nanmax(courses.result[f"{region}.pool.motor_units"]) < 1 + 1e-6
    assert np.nanmax(courses.result["clinic.alsfrs_r.total"]) < 48 + 1e-6


def test_kaplan_meier_is_that_of_lifelines_and_a_half_is_a_half():
    rng = np.random.default_rng(3)
    time, observed = np.round(rng.exponential(10.0, 70), 1) + 0.1, rng.random(70) < 0.8
    times, alive = kaplan_meier(time, observed)
    theirs = KaplanMeierFitter().fit(time, observed).survival_function_at_times(times).to_numpy()
    np.testing.assert_allclose(alive, theirs, rtol=1e-12)
    # Six deaths: exactly half are alive after the third, whatever the last digit of a product of shares is.
    times, alive = kaplan_meier(np.arange(1.0, 7.0), np.ones(6, dtype=bool))
    assert times[(alive <= 0.5 + ROUNDING).argmax()] == 3.0


@pytest.fixture(scope="module")
def typical():
    return typical_patient()


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="measured 83, 77 and 63 months from dose to death; wanted within a tenth",
)
def test_a_typical_patient_lives_as_long_as_the_vector_lasts(typical):
    """The order of the treated lives is that of the doses' age."""
    treated = [label for label in typical.arms if label != "untreated"]
    from_dose = [typical.events[label]["death"] - typical.events[label]["treatment_start"] for label in treated]
    assert max(from_dose) < 1.1 * min(from_dose)


def lives(typical):
    """Months from onset to death under a vector that lasts, under one that fades (by start), and without one."""
    treated = [label for label in typical.arms if label != "untreated"]
    lasting = np.array([typical.lasting[label] for label in treated])
    fading = np.array([typical.events[label]["death"] for label in treated])
    return lasting, fading, typical.events["untreated"]["death"]


def test_a_vector_that_does_not_fade_prolongs_a_typical_life(typical):
    """Doses are graded: the vector slows disease and does not stop it, so that without fading life is longer, and ends
    all the same."""
    lasting, fading, untreated = lives(typical)
    assert (lasting > fading).all(), (lasting, fading)
    assert (fading > 2 * untreated).all(), (fading, untreated)
    assert np.isfinite(lasting).all()
    first = next(label for label in typical.arms if label != "untreated")
    assert typical.events[first]["onset"] > 12  # its own onset is not the zero of the clock
    assert typical.half_life_years == pytest.approx(2900 / 365.25)


def test_a_vector_that_does_not_fade_gains_six_months_more(typical):
    lasting, fading, _ = lives(typical)
    assert (lasting > fading + 6).all(), (lasting, fading)


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="73.2, 73.2 and 71.0 months, 3.1 % apart; wanted 2 %")
def test_a_vector_that_does_not_fade_gains_as_much_whenever_the_dose_came(typical):
    lasting, _, _ = lives(typical)
    assert max(lasting) < 1.02 * min(lasting)


def test_a_published_value_says_how_it_was_computed(tmp_path):
    assert natural_history.published_problems() == []
    table = natural_history.PUBLISHED.read_text(encoding="utf-8")
    path = tmp_path / "natural_history.csv"
    path.write_text(table.replace(",ratio_of_means,", ",,").replace("Age at onset", "Age at onse"), encoding="utf-8")
    found = natural_history.published_problems(path)
    assert [p.code for p in found] == ["unknown-analysis", "unknown-quantity"]
    assert found[1].hint.startswith("Did you mean Age at onset")


def test_what_was_computed_in_another_way_is_not_judged():
    row = {"simulated": 2.41, "upper": 2.5, "lower": 2.3, "published": "2.7", "published_value": 2.7,
           "published_lower": 2.6, "published_upper": 3.0}  # fmt: skip
    assert _against_range({**row, "published_as": "a mean", "simulated_as": "a mean"}, "%").startswith("MISS")
    other = _against_range({**row, "published_as": "a slope", "simulated_as": "a mean"}, "%")
    assert other.startswith("not computed alike (published: a slope; here: a mean): model 0.29 % below")


def test_every_published_figure_is_computed_as_it_was_published():
    with natural_history.PUBLISHED.open(newline="", encoding="utf-8") as handle:
        published = {row["quantity"]: row["analysis"] for row in csv.DictReader(handle)}
    assert published == {quantity: readings.computed_by(quantity) for quantity in published}
