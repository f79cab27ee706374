"""The books of a trial: who is counted as what, in which order, with which sign, from draws of their own."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from charcot.clinic.observation import ITEMS
from charcot.core.random import normals, stream, uniforms
from charcot.core.units import DAYS_PER_MONTH
from charcot.trials import Protocol
from charcot.trials.adam import adtte
from charcot.trials.analysis import analyse_data
from charcot.trials.analysis_form import Design
from charcot.trials.conduct import _with_baseline
from charcot.trials.followup import FollowUp, follow, withdrawal_days, withdrawal_draws
from charcot.trials.pool import Latent
from charcot.trials.randomisation import randomise
from charcot.trials.screening import Visit
from charcot.trials.trial_data import TrialData

PROTOCOL: dict[str, Any] = {
    "schema": "charcot/protocol@1",
    "name": "books",
    "title": "Books",
    "screening": {"delay_after_diagnosis": {"median": "30 days", "log_sd": 0.5}},
    "arms": [{"id": "placebo", "n": 20}, {"id": "other", "n": 20}],
    "visits": "every 4 weeks until 24 weeks",
    "endpoints": ["survival"],
    "dropout": {"share": "60 %", "at": "24 weeks"},
    "simulate": {"replicates": 1, "seed": 4},
}


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return Protocol.model_validate(PROTOCOL)


@pytest.fixture(scope="module")
def leaving(protocol: Protocol) -> np.ndarray:
    hazard = np.full(40, -np.log(0.4) / 168)
    return withdrawal_days(hazard, withdrawal_draws(protocol.simulate.seed, [f"p{i}" for i in range(40)]))


def followed(protocol: Protocol, death: np.ndarray) -> FollowUp:
    count, visits = len(death), len(protocol.visits)
    latent = Latent(
        items=np.full((count, visits, len(ITEMS)), 3.0),
        measured={"vital_capacity": np.full((count, visits), 90.0), "nfl": np.full((count, visits), 60.0)},
        death=death,
        failed=np.zeros(count, dtype=bool),
    )
    return follow(protocol, latent, death, np.zeros(count, dtype=int), [f"p{i}" for i in range(count)])


def test_what_comes_first_ends_the_observation(protocol: Protocol, leaving: np.ndarray) -> None:
    """A death after the patient has left is never seen; one before it is no withdrawal; nobody is both."""
    left = leaving < protocol.length
    assert 10 < left.sum() < 35
    after = followed(protocol, leaving + 1.0)
    assert not after.died[left].any()
    assert after.withdrew[left].all()
    np.testing.assert_allclose(after.end[left], leaving[left])
    before = followed(protocol, np.minimum(leaving, protocol.length) - 1.0)
    assert before.died.all()
    assert not before.withdrew.any()
    never = followed(protocol, np.full(40, np.inf))
    assert not never.died.any()
    np.testing.assert_array_equal(never.withdrew, left)


def test_an_event_is_not_censored(protocol: Protocol, leaving: np.ndarray) -> None:
    death = np.where(np.arange(40) % 2 == 0, 10.0, np.inf)
    seen = followed(protocol, death)
    subjects = pd.DataFrame({"number": np.arange(40), "arm": "placebo", "failed": False})
    conducted: Any = SimpleNamespace(subjects=subjects, followup=seen, replicate=1)
    table = adtte(protocol, conducted)
    died = leaving > 10.0
    died[1::2] = False
    assert died.sum() > 10
    np.testing.assert_array_equal(table["CNSR"].to_numpy() == 0, died)
    np.testing.assert_array_equal(table["AVAL"].to_numpy()[died], 10.0)


def test_each_stratum_has_blocks_of_its_own() -> None:
    """Two strata that fill at the same pace do not get the same arms."""
    strata = ["women", "men"] * 100
    arms = randomise(strata, [100, 100], seed=1, address="replicate 1")
    women, men = arms[0::2], arms[1::2]
    assert (women != men).sum() > 20
    alone = randomise(["women"] * 100, [50, 50], seed=1, address="replicate 1")
    np.testing.assert_array_equal(women[:90], alone[:90])  # the end may be bent to the sizes of the arms


def test_a_run_in_loses_points_and_its_slope_falls() -> None:
    """Four points lost in three months: a decline of 4 points and a slope of -4/3 points a month."""
    screening, later = np.full((1, len(ITEMS)), 4.0), np.full((1, len(ITEMS)), 4.0)
    later[0, :4] = 3.0
    unasked = np.full(1, np.nan)
    visit = Visit(
        screening, later, np.array([90.0]), np.array([88.0]), np.array([1.0]), np.array([60.0]), unasked, unasked
    )
    assert visit.decline.tolist() == [4.0]
    subjects = pd.DataFrame(
        {
            "randomisation": [100.0 + 3 * DAYS_PER_MONTH],
            "screening": [100.0],
            "recalled_onset": [0.0],
            "diagnosis": [50.0],
            "run_in_decline": visit.decline,
        }
    )
    measured = {"vital_capacity": np.full((1, 1), 90.0), "nfl": np.full((1, 1), 60.0)}
    seen = FollowUp(later[:, None, :], measured, np.array([1.0]), np.zeros(1, bool), np.zeros(1, bool))
    found = _with_baseline(subjects, seen)
    assert found["run_in_slope"].tolist() == pytest.approx([-4 / 3])
    assert found["months_since_onset"].tolist() == pytest.approx([100 / DAYS_PER_MONTH + 3])


def test_each_purpose_has_draws_of_its_own() -> None:
    people = [f"patient {i}" for i in range(200)]
    for draw in (uniforms, normals):
        first, second = draw(1, people, "tempo"), draw(1, people, "sex")
        assert abs(np.corrcoef(first, second)[0, 1]) < 0.25
    assert stream(1, "patient 1", "tempo").random() != stream(1, "patient 1", "sex").random()


def carried(values: np.ndarray, arms: np.ndarray) -> list[dict[str, Any]]:
    """Last observation carried forward, of scores (patients, visits)."""
    days, nobody = 28.0 * np.arange(values.shape[1]), np.zeros(len(values), dtype=bool)
    data = TrialData(arms, 0 * arms, days, {"alsfrs_r": values}, np.full(len(values), days[-1]), nobody)
    return list(analyse_data(data, Design(("a", "b")), ["alsfrs_r_change_locf"]))


def test_who_was_never_seen_again_has_no_last_observation() -> None:
    """Carried forward is the last visit *after* baseline; a baseline alone is no change of zero."""
    start = np.array([40.0, 41, 42, 43] * 2 + [44.0])
    values = start[:, None] - np.array([0.0, 1.0, 2.0])
    values[4:8] -= 0.5
    values[4:8, 0] += 0.5
    values[8, 1:] = np.nan
    found = carried(values, np.array([0] * 4 + [1] * 4 + [0]))
    assert found[0]["estimate"] == pytest.approx(-2.0)
    assert found[0]["note"] == "8 patients, 0 carried forward"


def test_a_stream_is_the_generator_of_its_address():
    """The numbers of every result so far: Philox under the digest of the address."""
    digest = hashlib.blake2b(b"7\x1f3\x1ftempo", digest_size=16).digest()
    expected = np.random.Generator(np.random.Philox(key=np.frombuffer(digest, dtype=np.uint64)))
    np.testing.assert_array_equal(stream(7, 3, "tempo").standard_normal(9), expected.standard_normal(9))


def test_an_interval_leaves_half_of_alpha_on_either_side() -> None:
    rng = np.random.default_rng(5)
    base = rng.normal(40, 3, 20)
    for found in carried(np.column_stack([base, base + rng.normal(size=20)]), np.repeat([0, 1], 10)):
        half = (found["upper"] - found["lower"]) / 2
        assert half / found["standard_error"] == pytest.approx(2.1098, abs=1e-4)  # 97.5 % of Student's t, 17 degrees
