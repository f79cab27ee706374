"""What a report shows of one trial beside its estimates adds up, and is what the analyses see."""

from __future__ import annotations

import numpy as np
import pytest
from test_trials_run import protocol
from trials_fake_world import FakeWorld

from charcot.trials import TrialOutcome, run_trial
from charcot.trials.closer import OUTCOMES


@pytest.fixture(scope="module")
def outcome() -> TrialOutcome:
    asked = protocol(
        endpoints=["alsfrs_r_change_observed", "win_ratio", "survival_rmst"],
        simulate={"replicates": 1, "seed": 4},
        published=None,
    )
    return run_trial(asked, world=FakeWorld(death_hazard=0.06))


def estimate(
    outcome: TrialOutcome, estimand: str, arm: str = "active", reference: str = "placebo"
) -> dict[str, object]:
    rows = outcome.tables["estimates"].query("estimand == @estimand and arm == @arm and reference == @reference")
    return dict(rows.iloc[0])


def test_pairs_are_those_of_the_win_ratio(outcome: TrialOutcome) -> None:
    counts = outcome.tables["pairs"].set_index("outcome")["pairs"]
    assert tuple(counts.index) == OUTCOMES
    assert counts.sum() == 60 * 40
    won, lost = counts[list(OUTCOMES[:2])].sum(), counts[list(OUTCOMES[3:])].sum()
    assert estimate(outcome, "win_ratio")["note"] == f"{won} wins, {lost} losses, {counts['tie']} ties"
    assert counts["lived longer"] > 0
    assert counts["died sooner"] > 0


def test_the_subgroup_of_all_is_the_trial_and_parts_add_up(outcome: TrialOutcome) -> None:
    table = outcome.tables["subgroups"].set_index("subgroup")
    assert set(table["estimand"]) == {"alsfrs_r_change_observed"}
    assert table.loc["All", "estimate"] == pytest.approx(estimate(outcome, "alsfrs_r_change_observed")["estimate"])
    for one, other in (("Women", "Men"), ("Bulbar onset", "Other onset"), ("Under 60 years", "60 years and older")):
        assert table.loc[one, "patients"] + table.loc[other, "patients"] == 100


def test_each_patient_who_was_seen_for_three_months_has_a_bar(outcome: TrialOutcome) -> None:
    frame, people = outcome.tables["changes"], outcome.tables["ADQS"].query("PARAMCD == 'ALSFRSR' and VISITDAY > 92")
    assert len(frame) == people["USUBJID"].nunique()
    assert np.all(np.diff(frame["change"]) >= 0)
    slopes = frame.groupby("arm")["change"].median()
    assert slopes["placebo"] < slopes["active"] < 0


def test_restricted_means_are_those_of_the_analysis(outcome: TrialOutcome) -> None:
    means = outcome.tables["restricted_means"].set_index("arm")["months"]
    assert means["active"] - means["placebo"] == pytest.approx(estimate(outcome, "survival_rmst")["estimate"])


def test_the_burden_is_what_patients_without_treatment_go_through(outcome: TrialOutcome) -> None:
    ends = outcome.tables["ADTTE"].query("ARMCD == 'placebo'")
    burden = outcome.tables["burden"].set_index("what")["value"]
    assert burden["Months without it, all together"] == pytest.approx(ends["AVAL"].sum() / 30.4375)
    assert burden["Deaths without it"] == (ends["CNSR"] == 0).sum() > 0
    assert burden["Patients who wait without the trial's treatment, or get none"] == 40
    flow = outcome.flow["first"]
    assert burden["Screened who may enter"] == pytest.approx(100 * flow["eligible"] / flow["screened"])


def test_a_delayed_start_waits_no_longer_than_its_delay() -> None:
    arms = [
        {"id": "now", "n": 40, "treatments": [{"product": "slower", "dose": "60 mg"}]},
        {"id": "later", "n": 40, "treatments": [{"product": "slower", "dose": "60 mg", "start": "8 weeks"}]},
    ]
    asked = protocol(
        arms=arms, analysis={"reference_arm": "later"}, simulate={"replicates": 1, "seed": 4}, published=None
    )
    burden = run_trial(asked, world=FakeWorld()).tables["burden"].set_index("what")["value"]
    assert burden["Patients who wait without the trial's treatment, or get none"] == 50
    assert 40 * 56 / 30.4375 * 0.9 < burden["Months without it, all together"] <= 40 * 56 / 30.4375
