"""What is measured of a cohort: values, changes and slopes of each person, groups, survival with the censored."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from lifelines import CoxPHFitter, KaplanMeierFitter
from scipy.stats import spearmanr

from charcot import patients
from charcot.core.estimates import least_squares, mixed_slopes, share_without
from charcot.core.units import DAYS_PER_MONTH as MONTH
from charcot.experiments.board import Bench
from charcot.experiments.cohorts import Group, follow_up, statistic_of
from charcot.experiments.definition import Bound, Cohort, Criteria, Experiment, Given, Measure, Outcome
from charcot.experiments.persons import each, entries_into, quantity_of, time_to, within, zero_day
from charcot.experiments.summaries import SUMMARIES
from charcot.patients import readings

SCORE, CAPACITY = "clinic.alsfrs_r.total", "clinic.vital_capacity"
REGIONS = ("bulbar", "cervical", "thoracic", "lumbar")
COHORT = Cohort(
    patients=40,
    seed=3,
    arms={"drug": (Given(product="low_dose_il2"),)},
    groups={
        "limb": Criteria(onset_region=("cervical", "lumbar"), clock="onset"),
        "bulbar": Criteria(onset_region=("bulbar", "thoracic"), clock="onset"),
        "trial": Criteria(months=3, where={"months since onset": {"below": 24}, CAPACITY: {"above": 60}}),
    },
)


def _of(measures: dict[str, Measure], name: str) -> float:
    return statistic_of(Group.of(COHORT, measures), measures[name])


@pytest.fixture(scope="module")
def courses():
    return Group(COHORT).courses("untreated")


def test_values_and_changes_are_those_of_the_persons(courses):
    at = {m: courses.at(SCORE, courses.diagnosis + m * MONTH) for m in (0.0, 9.0)}
    change = at[9.0] - at[0.0]
    window = {"read": SCORE, "of": "change", "since": 0, "until": 9}
    measures = {
        "mean": Measure(statistic="mean", **window),
        "spread": Measure(statistic="standard deviation", **window),
        "low": Measure(statistic="quantile", quantile=0.2, **window),
        "many": Measure(statistic="share of patients", below=-5, **window),
        "middle": Measure(statistic="median", read=SCORE, months=9),
        "ratio": Measure(statistic="mean", read=SCORE, of="ratio", since=0, until=9),
    }
    assert _of(measures, "mean") == pytest.approx(np.nanmean(change))
    assert _of(measures, "spread") == pytest.approx(np.nanstd(change, ddof=1))
    assert _of(measures, "low") == pytest.approx(np.nanquantile(change, 0.2))
    assert _of(measures, "many") == pytest.approx(np.mean(change[np.isfinite(change)] <= -5))
    assert _of(measures, "middle") == pytest.approx(np.nanmedian(at[9.0]))
    assert _of(measures, "ratio") == pytest.approx(np.nanmean(at[9.0] / at[0.0]))
    # A last value carried forward is that of the last day; who has died is then in it.
    carried = Measure(statistic="mean", carried=True, **window)
    last = courses.at(SCORE, np.minimum(courses.diagnosis + 9 * MONTH, courses.result.end_time))
    assert _of({"a": carried}, "a") == pytest.approx(np.nanmean(last - at[0.0]))
    assert np.isfinite(last - at[0.0]).sum() > np.isfinite(change).sum()


def test_a_sum_of_read_outs_is_their_sum_in_an_arm_too(courses):
    units = tuple(f"{region}.pool.motor_units" for region in REGIONS)
    summed = np.sum([courses.at(read, courses.onset) for read in units], axis=0)
    assert _of({"a": Measure(statistic="mean", read=units, clock="onset")}, "a") == pytest.approx(np.nanmean(summed))
    # Read-outs that are not reported of every cohort are reported where a measure asks.
    more = ("lumbar.nmj.innervation", "cervical.nmj.innervation")
    assert 0 < _of({"a": Measure(statistic="mean", read=more)}, "a") < 2


def test_slopes_are_least_squares_over_the_visits_and_are_compared_person_by_person(courses):
    months = np.arange(0.0, 13.0, 3.0)
    scores = courses.at(SCORE, courses.diagnosis[:, None] + months * MONTH)
    own = np.full(len(scores), np.nan)
    for i, row in enumerate(scores):
        if (seen := np.isfinite(row)).sum() > 1:
            own[i] = np.polyfit(months[seen], row[seen], 1)[0]
    measures = {
        "slope": Measure(statistic="mean", read=SCORE, of="slope", until=12, every=3),
        "nfl": Measure(statistic="mean", read="biomarker.nfl_serum"),
        "both": Measure(statistic="correlation", pair=("slope", "nfl")),
        "ranks": Measure(statistic="rank correlation", pair=("slope", "nfl")),
        "mixed": Measure(statistic="slope of a mixed model", read=SCORE, until=12, every=3),
        "spread": Measure(statistic="standard deviation of slopes of a mixed model", read=SCORE, until=12, every=3),
    }
    assert _of(measures, "slope") == pytest.approx(np.nanmean(own))
    nfl = courses.at("biomarker.nfl_serum", courses.diagnosis)
    known = np.isfinite(own) & np.isfinite(nfl)
    assert _of(measures, "both") == pytest.approx(np.corrcoef(own[known], nfl[known])[0, 1])
    assert _of(measures, "ranks") == pytest.approx(spearmanr(own[known], nfl[known]).statistic)
    assert (_of(measures, "mixed"), _of(measures, "spread")) == pytest.approx(mixed_slopes(months, scores))


def test_a_visit_records_the_same_whoever_looks(courses):
    recorded = Measure(statistic="mean", read=SCORE, months=6, recorded=True)
    nobody = entries_into(courses, None)
    first = each(courses, recorded, nobody)
    true = each(courses, recorded.model_copy(update={"recorded": False}), nobody)
    seen = np.isfinite(true)
    assert (first[seen] == np.round(first[seen])).all()
    assert 0.3 < np.std(first[seen] - true[seen]) < 4
    change = Measure(statistic="mean", read=SCORE, of="change", since=6, until=9, recorded=True)
    later = each(courses, recorded.model_copy(update={"months": 9.0}), nobody)
    np.testing.assert_array_equal(each(courses, change, nobody), later - first)
    rows = np.array([7, 2])
    np.testing.assert_array_equal(each(courses.take(rows), recorded, nobody[rows]), first[rows])


def fake(**changed):
    """Four patients whom nobody simulated: two die 10 and 20 months after diagnosis, two are lost after 12 and 30."""
    zero = np.full(4, 1000.0)
    months = np.array([10.0, 20.0, 12.0, 30.0])
    dies = np.array([True, True, False, False])
    columns = {"sex": np.array(list("FMFM")), "genotype": np.array(["SOD1", "sporadic", "sporadic", "FUS"]),
               "onset_region": np.array(["bulbar", "lumbar", "lumbar", "bulbar"]), "id": np.arange(4)}  # fmt: skip
    cohort = patients.Cohort(1, columns, {"person.base_tempo": np.array([0.3, -0.2, 0.1, 0.0])})
    end = zero + months * MONTH
    values = {"person.age": np.array([40.0, 50.0, 60.0, 70.0]), SCORE: np.array([42.0, 36.0, 30.0, 44.0])}
    fields = {
        "cohort": cohort, "onset": zero - 10 * MONTH, "diagnosis": zero, "death": np.where(dies, end, np.inf),
        "failed": np.zeros(4, dtype=bool), "result": SimpleNamespace(end_time=end, readout_names=tuple(values)),
        "at": lambda name, days: np.where(days <= end, values[name], np.nan),
    }  # fmt: skip
    return SimpleNamespace(**{**fields, **changed})


def test_who_is_lost_to_sight_counts_neither_as_dead_nor_as_alive():
    measure = Measure(statistic="alive after diagnosis", months=24)
    # 3/4 live past 10 months; one is lost at 12; of two at risk one dies at 20.
    assert SUMMARIES["alive after diagnosis"](fake(), measure, {}) == pytest.approx(0.75 * 0.5)
    dies = Measure(statistic="share with event", months=24, clock="onset")
    assert SUMMARIES["share with event"](fake(), dies, {}) == pytest.approx(0.25)  # by 24 - 10 months after diagnosis
    assert SUMMARIES["median time"](fake(), Measure(statistic="median time"), {}) == 20.0
    assert np.isnan(SUMMARIES["alive after diagnosis"](fake(), measure.model_copy(update={"months": 40.0}), {}))
    # Dying undiagnosed is the end of waiting for a diagnosis, and no diagnosis.
    undiagnosed = fake(diagnosis=np.array([1000.0, 1000.0, np.inf, np.inf]))
    months, observed, known = time_to(undiagnosed, "diagnosis", undiagnosed.onset)
    np.testing.assert_allclose(months, [10, 10, 22, 40])
    assert (observed.tolist(), known.all()) == ([True, True, False, False], True)


def test_shares_alive_of_the_natural_history_take_who_is_censored_as_censored():
    """Five years after onset, and one after diagnosis: as lifelines has it, where some courses end with the horizon."""
    rng = np.random.default_rng(5)
    survival, observed = rng.exponential(50.0, 300), rng.random(300) < 0.6
    course = SimpleNamespace(survival=survival, observed=observed, after_diagnosis=survival - 8, site=np.full(300, ""))
    for name in ("decline", "measured_decline", "measured_before", "delay", "nfl", "onset_age", "second_region"):
        setattr(course, name, survival)
    course.after_diagnosis = np.where(survival > 8, survival - 8, np.nan)
    known = readings.statistics(course)
    rows = np.arange(300)
    fitted = KaplanMeierFitter().fit(survival, observed)
    assert known["Alive five years after onset"](rows) == pytest.approx(100 * fitted.predict(60))
    late = survival > 8
    fitted = KaplanMeierFitter().fit(survival[late] - 8, observed[late])
    assert known["Alive one year after diagnosis"](rows) == pytest.approx(100 * fitted.predict(12))
    assert np.isnan(share_without(np.array([3.0, 4.0]), np.array([True, False]), 5.0))


def test_nobody_is_in_both_halves_of_a_group_of_odd_size():
    values, seen = np.array([3.0, 1.0, 2.0, 9.0]), np.array([True, True, True, False])
    assert within(Bound(above_quantile=0.5), values, seen).tolist() == [True, False, False, True]
    assert within(Bound(below_quantile=0.5), values, seen).tolist() == [False, True, True, False]
    assert within(Bound(above_quantile=0), values, seen).tolist() == [True, True, True, True]


def test_groups_hold_those_who_live_and_meet_all_of_it_at_their_time():
    people = fake()

    def members(**criteria) -> list[bool]:
        return np.isfinite(entries_into(people, Criteria(**criteria))).tolist()

    assert members(sex="F") == [True, False, True, False]
    assert members(genotype="sporadic", onset_region=["bulbar", "lumbar"]) == [False, True, True, False]
    assert members(months=11) == [False, True, True, True]
    assert members(clock="onset", months=23) == [False, True, False, True]
    assert members(where={"age": {"above": 50, "below": 60}}) == [False, True, True, False]
    assert members(where={SCORE: {"below_quantile": 0.5}}) == [False, True, True, False]
    assert members(where={"person.base_tempo": {"above_quantile": 0.5}}) == [True, False, True, False]
    assert members(where={"decline since onset": {"above": 1}}) == [False, True, True, False]
    np.testing.assert_allclose(quantity_of(people, "months since onset", people.diagnosis), 10)
    entry = entries_into(people, Criteria(months=2))
    np.testing.assert_allclose(zero_day(people, "entry", entry), people.diagnosis + 2 * MONTH)
    with pytest.raises(KeyError, match="months since onset"):
        entries_into(people, Criteria(where={"month since onset": {"above": 1}}))


def test_hazard_ratios_between_groups_and_of_a_trials_arms_are_those_of_cox(courses):
    measures = {
        "groups": Measure(statistic="hazard ratio of groups", among="bulbar", versus="limb", months=40),
        "arms": Measure(statistic="hazard ratio", arm="drug", among="trial", months=12),
        "slope": Measure(statistic="mean", read=SCORE, of="change", since=0, until=6, among="trial"),
    }
    region = courses.cohort.columns["onset_region"]
    months = (np.minimum(courses.death, courses.result.end_time) - courses.onset) / MONTH
    ill = np.isfinite(months)
    import pandas as pd

    frame = pd.DataFrame({
        "time": np.clip(months[ill], 1e-3, 40), "event": np.isfinite(courses.death[ill]) & (months[ill] <= 40),
        "group": np.isin(region[ill], ("bulbar", "thoracic")).astype(float),
    })  # fmt: skip
    theirs = np.exp(CoxPHFitter().fit(frame, "time", "event").params_["group"])
    assert _of(measures, "groups") == pytest.approx(theirs, rel=1e-6)
    entry = courses.diagnosis + 3 * MONTH
    inside = (courses.at(CAPACITY, entry) >= 60) & (entry - courses.onset <= 24 * MONTH) & (courses.death > entry)
    fall = courses.at(SCORE, entry + 6 * MONTH) - courses.at(SCORE, entry)
    assert 0 < inside.sum() < len(inside)
    assert _of(measures, "slope") == pytest.approx(np.nanmean(fall[inside]))
    assert 0.2 < _of(measures, "arms") < 5
    assert Group.of(COHORT, measures).followed["drug"] == 15  # three months to entry, then twelve


def test_a_comparison_of_nobody_says_so():
    nobody = COHORT.model_copy(update={"groups": {"nobody": Criteria(where={SCORE: {"above": 49}})}})
    measure = Measure(statistic="hazard ratio", arm="drug", among="nobody", months=12)
    with pytest.raises(ValueError, match="nobody is diagnosed and in both arms, in the group 'nobody'"):
        statistic_of(Group.of(nobody, {"a": measure}), measure)
    alone = measure.model_copy(update={"statistic": "mean", "read": (SCORE,), "months": None})
    assert np.isnan(statistic_of(Group.of(nobody, {"a": alone}), alone))
    with pytest.raises(KeyError, match=r"no group called 'nobdy'.*nobody"):
        statistic_of(Group.of(nobody, {}), measure.model_copy(update={"among": "nobdy"}))


def test_groups_that_overlap_or_without_events_have_no_hazard_ratio():
    both = {"all": Criteria(), "women": Criteria(sex="F"), "men": Criteria(sex="M")}
    measure = Measure(statistic="hazard ratio of groups", among="women", versus="all")
    with pytest.raises(ValueError, match="2 persons are in both groups"):
        SUMMARIES["hazard ratio of groups"](fake(), measure, both)
    early = measure.model_copy(update={"versus": "men", "months": 5.0})
    with pytest.raises(ValueError, match="0 events among 2"):
        SUMMARIES["hazard ratio of groups"](fake(), early, both)


def test_a_measure_of_values_says_how_long_it_looks():
    change = Measure(arm="drug", statistic="mean", read=SCORE, of="change", since=0, until=6)
    assert follow_up([change])["drug"] == 6
    assert follow_up([change.model_copy(update={"clock": "onset"})])["drug"] == np.inf
    assert follow_up([change.model_copy(update={"among": "trial"})], COHORT.groups)["drug"] == 9


def test_a_mixed_model_finds_the_slopes_behind_the_noise():
    rng = np.random.default_rng(2)
    months = np.arange(0.0, 13.0, 3.0)
    scores = 38 - (0.9 + rng.normal(0, 0.5, (400, 1))) * months + rng.normal(0, 2.0, (400, 5))
    scores[:, 3:][rng.random((400, 2)) < 0.3] = np.nan
    mean, spread = mixed_slopes(months, scores)
    assert mean == pytest.approx(-0.9, abs=0.06)
    assert spread == pytest.approx(0.5, abs=0.05)
    assert np.nanstd(least_squares(months, scores)) > spread + 0.03  # the noise is in each patient's own slope
    assert np.isnan(mixed_slopes(months, np.full((3, 5), np.nan))[0])


def test_an_outcome_that_is_a_share_alone_is_in_percent_where_it_says_so():
    measures = {"dead": Measure(statistic="share with event", event="death", months=24)}
    asked = [("dead", "%"), ("dead", "1"), ("100 * dead", "%"), ("dead + 0", "%")]
    outcomes = [
        Outcome(what=str(k), value=value, unit=unit, published="", above=0) for k, (value, unit) in enumerate(asked)
    ]
    content = Experiment(
        title="shares", sources=("free",), tolerance="", use="validation", dossier="",
        cohort=COHORT, measures=measures, outcomes=tuple(outcomes),
    )  # fmt: skip
    bench = Bench(content)
    percent, share, formula, other = (bench.verdict(outcome).simulated for outcome in outcomes)
    assert 0.05 < share < 1
    assert percent == formula == pytest.approx(100 * share)
    assert other == share  # a formula does its own arithmetic
