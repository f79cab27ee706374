"""A small trial on Charcot's own model: the rooms fit together, and threads change nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from charcot.core.errors import Problems
from charcot.trials import TrialOutcome, load_protocol, published_protocols, run_trial, templates

SMALL = {"arms.control.n": 8, "arms.treated.n": 8, "simulate.seed": 3, "eligibility.total_score.min": "20 points"}


def run(workers: int) -> TrialOutcome:
    return run_trial(load_protocol(templates()["aav-mir126"], SMALL), workers=workers)


@pytest.fixture(scope="module")
def outcome() -> TrialOutcome:
    return run(workers=2)


def test_a_small_trial_runs_on_the_model(outcome: TrialOutcome) -> None:
    adsl, adqs = outcome.tables["ADSL"], outcome.tables["ADQS"]
    assert adsl["ARMCD"].value_counts().to_dict() == {"control": 8, "treated": 8}
    assert (adsl["ONSETDY"] < adsl["DIAGDY"]).all()
    assert (adsl["DIAGDY"] < adsl["SCREENDY"]).all()
    assert adqs["AVAL"].between(0, 48).all()
    assert adqs.query("PARAMCD == 'ALSFRSR'").groupby("VISITDAY")["AVAL"].mean().iloc[-1] < adsl["BASETOT"].mean()
    assert np.isfinite(adsl[["BASESVC", "BASENFL", "ONSETMON"]].to_numpy()).all()
    assert outcome.failures.empty


def test_one_and_two_threads_give_the_same_trial(outcome: TrialOutcome) -> None:
    other = run(workers=1)
    for name, table in outcome.tables.items():
        pd.testing.assert_frame_equal(other.tables[name], table)


def test_a_patient_is_the_same_at_baseline_whatever_the_arm_then_gives(outcome: TrialOutcome) -> None:
    nothing = {"arms.treated.treatments.0.dose": "1 vg/kg"}
    other = run_trial(load_protocol(templates()["aav-mir126"], {**SMALL, **nothing}), workers=2)
    one, two = (o.tables["ADQS"].query("PARAMCD == 'ALSFRSR'") for o in (outcome, other))
    first = [table[table["VISITDAY"] == table["VISITDAY"].min()].reset_index(drop=True) for table in (one, two)]
    pd.testing.assert_frame_equal(*first)
    names = ["SUBJID", "BASETOT", "BASESVC", "BASENFL"]
    pd.testing.assert_frame_equal(outcome.tables["ADSL"][names], other.tables["ADSL"][names])


def test_every_shipped_protocol_and_example_is_sound() -> None:
    examples = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
    for path in (*published_protocols().values(), *templates().values(), *examples):
        if "charcot/protocol@1" in path.read_text():
            assert load_protocol(path).name


def test_a_wrong_population_override_is_named_with_its_line() -> None:
    with pytest.raises(Problems, match=r"population\.overrides: unknown key 'genotyps'") as caught:
        load_protocol(templates()["aav-mir126"], {"population.overrides.genotyps": {"sporadic": 1.0}})
    assert str(caught.value.problems[0].where) == "--set population.overrides.genotyps"
