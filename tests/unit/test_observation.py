"""Measurement noise and stages: ends of the scale, calibration, addresses, the published item rules."""

from __future__ import annotations

import csv
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest

from charcot.clinic.measurements import measurements
from charcot.clinic.observation import (
    ITEMS,
    NO_NOISE,
    Noise,
    default_noise,
    observe_all_items,
    observe_items,
    recall_onset,
)
from charcot.clinic.stages import involved_regions, kings_stage, mitos_stage
from charcot.core.random import stream


def scores(**changed: float) -> np.ndarray:
    items = np.full(12, 4.0)
    for name, value in changed.items():
        items[ITEMS.index(name)] = value
    return items


def residual_sd(total: float, patients: int = 400) -> float:
    """Within-patient residual SD of the recorded total about the patient's own line, seven monthly visits."""
    months = np.arange(7.0)
    fixed = np.column_stack([np.ones(7), months])
    squares = []
    for patient in range(patients):
        rng = np.random.default_rng(patient)
        lost = rng.dirichlet(np.full(12, 1.5)) * (48 - total)
        latent = np.clip(4 - lost - np.outer(months - 3, rng.dirichlet(np.ones(12))), 0, 4)
        recorded = observe_items(latent, seed=5, patient=patient).sum(axis=1)
        residual = recorded - fixed @ np.linalg.lstsq(fixed, recorded, rcond=None)[0]
        squares.append(residual @ residual / 5)
    return float(np.sqrt(np.mean(squares)))


@pytest.mark.parametrize("total", [20, 24, 30, 36])
def test_residual_sd_of_the_total_at_mid_scale_is_that_of_placebo_arms(total: float) -> None:
    assert 1.6 <= residual_sd(total) <= 2.3


def falling(patients: int = 400, visits: int = 13, slope: float = 1.0) -> np.ndarray:
    """(patients, visits, 12) people of 38 points who lose ``slope`` points a visit, half of them in one domain and
    less and less in the others, as patients do."""
    out = []
    for patient in range(patients):
        rng = np.random.default_rng(patient)
        domains = rng.permutation([0.5, 0.3, 0.15, 0.05])
        weak = np.concatenate([share * rng.dirichlet(np.full(3, 5.0)) for share in domains])
        out.append(np.clip(4 - np.outer(10 + slope * np.arange(visits), weak), 0, 4))
    return np.array(out)


def test_ratings_that_persist_make_rises_rare() -> None:
    def rises(noise: Noise) -> float:
        return float(np.mean(np.diff(observe_all_items(falling(), 5, range(400), noise=noise).sum(axis=2), axis=1) > 0))

    anew = rises(replace(default_noise(), fall_margin=0.0, rise_margin=0.0))
    assert rises(default_noise()) < 0.7 * anew
    assert rises(NO_NOISE) == 0


def test_ratings_of_who_does_not_change_persist() -> None:
    total = observe_all_items(falling(slope=0.0), 5, range(400))
    same = np.mean(np.diff(total, axis=1) == 0)
    assert 0.4 < same < 1
    fresh = replace(default_noise(), fall_margin=0.0, rise_margin=0.0)
    anew = observe_all_items(falling(slope=0.0), 5, range(400), noise=fresh).sum(axis=2)
    assert same > 1.5 * np.mean(np.diff(anew, axis=1) == 0)


def test_the_slope_of_the_record_is_that_of_the_truth() -> None:
    latent = falling()
    recorded, true = observe_all_items(latent, 5, range(400)).sum(axis=2), latent.sum(axis=2)
    months = np.arange(13.0)
    slopes = [np.polyfit(months, total.mean(axis=0), 1)[0] for total in (recorded, true)]
    assert slopes[0] == pytest.approx(slopes[1], rel=0.1)


def test_a_series_goes_on_from_the_ratings_of_another() -> None:
    latent = falling(patients=200, visits=1, slope=0.0)
    first = observe_all_items(latent, 5, range(200), "screening")[:, 0]
    on = observe_all_items(latent, 5, range(200), "visits", before=first)[:, 0]
    anew = observe_all_items(latent, 5, range(200), "visits")[:, 0]
    assert np.std((on - first).sum(axis=1)) < np.std((anew - first).sum(axis=1))


def test_many_patients_are_recorded_as_each_alone() -> None:
    latent = falling(patients=5)
    together = observe_all_items(latent, 5, [f"p{k}" for k in range(5)])
    for k in range(5):
        assert np.array_equal(observe_items(latent[k], 5, f"p{k}"), together[k])


def test_a_healthy_item_stays_4_and_a_lost_one_0() -> None:
    latent = np.tile(np.where(np.arange(12) < 6, 4.0, 0.0), (500, 1))
    assert np.array_equal(observe_items(latent, 1, 1), latent)


def test_recorded_items_are_whole_numbers_from_0_to_4() -> None:
    latent = np.random.default_rng(0).uniform(0, 4, (300, 12))
    recorded = observe_items(latent, 1, 1)
    assert set(np.unique(recorded)) == {0.0, 1.0, 2.0, 3.0, 4.0}
    assert not np.array_equal(recorded, np.round(latent))


def test_noise_hardly_shifts_the_middle_of_the_scale() -> None:
    recorded = observe_all_items(np.full((4000, 5, 12), 2.0), 1, range(4000))
    assert abs(recorded.mean() - 2.0) < 0.15


def test_without_noise_items_are_only_rounded() -> None:
    latent = np.array([[0.2, 1.4, 2.6, *[3.9] * 9]])
    assert observe_items(latent, 1, 1, noise=NO_NOISE).tolist() == [[0, 1, 3, *[4] * 9]]


def test_an_unseen_visit_stays_missing_and_the_next_goes_on_from_the_last_that_was_seen() -> None:
    latent = np.full((4, 12), 2.5)
    gap = latent.copy()
    gap[2] = np.nan
    seen, with_gap = observe_items(latent, 1, "a"), observe_items(gap, 1, "a")
    assert np.isnan(with_gap[2]).all()
    assert np.array_equal(seen[:2], with_gap[:2])
    assert np.isfinite(with_gap[3]).all()


def test_draws_are_addressed_and_do_not_depend_on_later_visits() -> None:
    latent = np.full((9, 12), 2.5)
    long = observe_items(latent, 1, "patient 3")
    assert np.array_equal(observe_items(latent[:4], 1, "patient 3"), long[:4])
    for other in (
        observe_items(latent, 2, "patient 3"),
        observe_items(latent, 1, "patient 4"),
        observe_items(latent, 1, "patient 3", "screening"),
    ):
        assert not np.array_equal(other, long)


def test_wrong_shape_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match=r"latent item scores have shape \(12,\); expected \(visits, 12\)"):
        observe_items(np.zeros(12), 1, 1)


def test_vital_capacity_and_nfl_have_the_declared_spread() -> None:
    capacity, nfl = measurements()["vital_capacity"], measurements()["nfl"]
    assert abs(capacity.observe(np.full(20_000, 80.0), 1, 1).std() / capacity.sd - 1) < 0.03
    logs = np.log(nfl.observe(np.full(20_000, 60.0), 1, 1) / 60.0)
    assert abs(logs.std() / nfl.sd - 1) < 0.03
    assert capacity.observe(np.zeros(1000), 1, 1).min() == 0.0
    drawn = stream(1, 1, "vital capacity noise, visits").standard_normal(1)
    assert capacity.observe(np.array([80.0]), 1, 1) == 80.0 + 5.0 * drawn
    drawn = stream(1, 1, "nfl noise, screening").standard_normal(1)
    assert nfl.observe(np.array([60.0]), 1, 1, "screening") == 60.0 * np.exp(0.15 * drawn)


def test_onset_is_never_recalled_after_diagnosis() -> None:
    recalled = np.array([recall_onset(100.0, 110.0, 1, patient) for patient in range(500)])
    assert recalled.max() == 110.0
    assert recalled.min() < 100.0


def test_every_number_has_unit_spread_source_and_grade() -> None:
    with (files("charcot.clinic") / "observation.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["name"] for row in rows} == set(vars(default_noise()))
    for row in rows:
        assert all(row[key] for key in ("value", "unit", "spread", "source", "grade", "note")), row["name"]


@pytest.mark.parametrize(
    ("items", "stage"),
    [
        (scores(), "0"),
        (scores(speech=3), "1"),
        (scores(salivation=3, swallowing=3), "1"),
        (scores(handwriting=3, walking=2), "2"),
        (scores(climbing_stairs=2), "0"),
        (scores(speech=3, cutting_food=3, walking=3), "3"),
        (scores(swallowing=1), "4A"),
        (scores(dyspnoea=1), "0"),
        (scores(dyspnoea=0), "4B"),
        (scores(respiratory_insufficiency=3), "4B"),
        (scores(swallowing=0, respiratory_insufficiency=3), "4B"),
        (scores(speech=np.nan), ""),
    ],
)
def test_kings_stage(items: np.ndarray, stage: str) -> None:
    assert kings_stage(items) == stage


def test_a_known_gastrostomy_overrules_the_swallowing_item() -> None:
    items = np.stack([scores(swallowing=3), scores(swallowing=1)])
    assert kings_stage(items, np.array([True, False])).tolist() == ["4A", "1"]


@pytest.mark.parametrize(
    ("items", "stage"),
    [
        (scores(), 0),
        (scores(walking=2, dressing=2), 0),
        (scores(walking=1), 1),
        (scores(walking=1, dressing=0), 1),
        (scores(speech=0), 0),
        (scores(speech=1, handwriting=1), 1),
        (scores(respiratory_insufficiency=2), 1),
        (scores(respiratory_insufficiency=3), 0),
        (scores(dressing=1, swallowing=1, speech=0, handwriting=0, dyspnoea=1), 4),
    ],
)
def test_mitos_stage(items: np.ndarray, stage: int) -> None:
    assert mitos_stage(items) == stage


def test_involved_regions_counts_four_regions() -> None:
    many = np.stack([scores(), scores(walking=3), scores(walking=3, climbing_stairs=3), scores(speech=1, dyspnoea=3)])
    assert involved_regions(many).tolist() == [0, 1, 1, 2]
    assert kings_stage(many).shape == (4,)
    with pytest.raises(ValueError, match="the last axis must hold the 12 items"):
        mitos_stage(np.zeros((2, 5)))
