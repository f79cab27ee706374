"""Wins, losses and ties of pairs are those that others printed, also where times are censored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reference_rows import given
from scipy.stats import norm

from charcot.trials.statistics import censored_pairs, pairs


def test_win_statistics_of_an_ordinal_outcome_are_those_of_hce() -> None:
    """The counts of eight classes in two arms, as the vignette of the R package hce gives them."""
    counts = {True: (34, 95, 28, 58, 38, 14, 117, 157), False: (58, 121, 24, 60, 33, 8, 102, 115)}
    values = np.concatenate([np.repeat(np.arange(8), counts[arm]) for arm in (True, False)])
    active = np.repeat([True, False], [sum(counts[True]), sum(counts[False])])
    found = pairs.count_wins(pairs.better_by_value(values), active)
    assert (found.wins, found.losses, found.ties) == (135744, 97143, 48974)
    assert round(found.ratio, 7) == 1.3973627
    assert round(found.odds, 7) == 1.3173641
    interval = found.odds * np.exp(norm.ppf([0.025, 0.975]) * found.log_odds_error)
    assert interval.round(2).tolist() == [1.15, 1.51]


def test_win_statistics_of_death_then_events_then_slope_are_those_of_sas() -> None:
    rows = given("khce")
    better = pairs.better_by_value(rows["AVAL"].to_numpy())
    found = pairs.count_wins(better, (rows["TRTP"] == "A").to_numpy())
    assert (found.wins, found.losses, found.ties) == (319841, 242258, 401)
    assert found.odds == pytest.approx(1.3199846571681, rel=1e-12)
    assert found.probability == pytest.approx(0.5689626666667, rel=1e-12)
    assert found.probability_error == pytest.approx(0.0147431746263, rel=1e-11)
    assert 2 * norm.sf((found.probability - 0.5) / found.probability_error) == pytest.approx(2.902527050e-6, rel=1e-9)


def test_survival_decides_a_pair_before_function_and_ties_are_ties() -> None:
    """Six patients by hand: days, whether they died, change at two visits."""
    missing = np.nan
    times = np.array([100.0, 200.0, 336.0, 336.0, 150.0, 100.0])
    died = np.array([True, True, False, False, False, True])
    change = np.array(
        [[-1, missing], [-9, missing], [-4, -8], [-4, -6], [-5, missing], [-3, missing]], dtype=float
    )  # fmt: skip
    better = pairs.better_by_death_then_function(times, died, change)
    expected = np.zeros((6, 6), dtype=bool)
    expected[1, [0, 5]] = True  # died later than two others, whatever the function
    expected[2, [0, 1, 5]] = True  # outlived all who died
    expected[3, [0, 1, 5, 2]] = True  # and lost less than patient 2 by the last visit
    expected[4, [0, 5]] = True  # left alive on day 150: outlived those who died on day 100
    expected[4, 1] = True  # left before the other died: function at visit 1 decides, -5 against -9
    expected[[2, 3], 4] = True  # all three alive at visit 1: -4 against -5
    assert better.tolist() == expected.tolist()
    assert not better[0, 5]
    assert not better[5, 0]  # died on one day: a tie
    assert pairs.net_scores(better).tolist() == [-4, -1, 4 - 1, 5, 3 - 2, -4]


def test_equal_scores_share_a_rank() -> None:
    """A rank is not the position in a sorted list: four equal patients have rank 2.5 each."""
    from scipy.stats import rankdata

    better = pairs.better_by_value(np.zeros(4))
    assert rankdata(pairs.net_scores(better)).tolist() == [2.5] * 4
    found = pairs.count_wins(better, np.array([True, True, False, False]))
    assert (found.wins, found.losses, found.ties) == (0, 0, 4)
    assert np.isnan(found.ratio)
    assert found.odds == 1.0


# --- recurrent events and death: the R package WR on HF-ACTION ----------------------------------------------------


def better_by_death_then_events(stratum: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """(n, n) who did better, and (n,) who was treated: who is known to have outlived the other; else who had fewer
    hospitalisations while both were followed; of as many, whose last one came later."""
    people = [group for _, group in stratum.groupby("patid")]
    end, died = np.array([(group["time"].max(), group["status"].iloc[-1] == 1) for group in people]).T
    died = died == 1
    both = np.minimum(end[:, None], end[None, :])
    count, last = np.zeros(both.shape), np.zeros(both.shape)
    for i, group in enumerate(people):
        events = np.concatenate([[0.0], group["time"].to_numpy()[(group["status"] == 2).to_numpy()]])
        count[i] = np.searchsorted(events, both[i], side="right") - 1
        last[i] = events[count[i].astype(int)]
    gone = died[None, :] & (end[None, :] <= both)  # within the follow-up of both
    outlived, lost = gone & ~gone.T, gone.T & ~gone
    fewer = (count < count.T) | ((count == count.T) & (last > last.T))
    return outlived | (fewer & ~outlived & ~lost), np.array([group["trt_ab"].iloc[0] == 1 for group in people])


@pytest.mark.parametrize(
    ("all_events", "ratio", "limits", "p_value"),
    [(True, 1.32, (1.05, 1.66), 0.0189), (False, 1.27, (1.0, 1.6), 0.0494)],
)
def test_win_ratios_of_recurrent_events_are_those_of_wr(
    all_events: bool, ratio: float, limits: tuple[float, float], p_value: float
) -> None:
    """Strata by age, weighted by their sizes. With the first hospitalisation alone it is the win ratio of Pocock."""
    rows = given("hfaction").sort_values(["patid", "time"])
    total = rows["patid"].nunique()
    if not all_events:
        rows = rows.drop_duplicates(["patid", "status"])
    shares, variance = np.zeros(2), np.zeros((2, 2))
    for _, stratum in rows.groupby("age60"):
        better, active = better_by_death_then_events(stratum)
        found = pairs.count_wins(better, active)
        weight = len(active) / total
        won, lost = better[np.ix_(active, ~active)], better[np.ix_(~active, active)].T
        shares += weight * np.array([found.wins, found.losses]) / won.size
        for axis in (0, 1):
            parts = np.array([side.mean(axis=axis) - side.mean() for side in (won, lost)])
            variance += weight**2 * parts @ parts.T / parts.shape[1] ** 2
        own = parts_error(won, lost)
        assert found.log_ratio_error == pytest.approx(own)
    slope = np.array([1, -1]) / shares
    log_ratio, error = np.log(shares[0] / shares[1]), np.sqrt(slope @ variance @ slope)
    assert round(np.exp(log_ratio), 2) == ratio
    assert np.exp(log_ratio + error * norm.ppf([0.025, 0.975])).round(2).tolist() == list(limits)
    assert round(2 * norm.sf(abs(log_ratio) / error), 4) == p_value


def parts_error(won: np.ndarray, lost: np.ndarray) -> float:
    """The delta method of WR for the logarithm of one stratum's ratio."""
    slope = np.array([1 / won.mean(), -1 / lost.mean()])
    variance = np.zeros((2, 2))
    for axis in (0, 1):
        parts = np.array([side.mean(axis=axis) - side.mean() for side in (won, lost)])
        variance += parts @ parts.T / parts.shape[1] ** 2
    return float(np.sqrt(slope @ variance @ slope))


# --- censored times with a threshold: the R package BuyseTest -----------------------------------------------------


def test_net_benefit_of_censored_times_with_a_threshold_is_that_of_buysetest() -> None:
    """Its vignette on the veterans' trial. Its error, 0.09760901, takes the survival curve for the exponential of the
    cumulative hazard; the derivative here is that of the curve itself, 0.07 % less."""
    rows = given("veteran")
    died, active = (rows["status"] == 1).to_numpy(), (rows["trt"] == 2).to_numpy()
    found = censored_pairs.soft_wins(rows["time"].to_numpy(float), died, active, 20.0)
    assert (found.pairs, round(found.wins, 3), round(found.losses, 3)) == (4692, 1772.593, 2183.886)
    assert round(found.open, 4) == 735.5205
    assert round(found.benefit, 8) == -0.08765836
    assert found.error == pytest.approx(0.09760901, rel=1e-3)
    interval = found.interval(norm.ppf(0.975))
    assert interval == pytest.approx([-0.2735301, 0.1045245], abs=2e-4)
    assert found.p_value == pytest.approx(0.371617, abs=5e-4)


def censored(seed: int, patients: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    days, leaving = np.ceil(random.exponential(200, patients)), np.ceil(random.exponential(300, patients))
    end = np.minimum(leaving, 336.0)
    return np.minimum(days, end), days <= end, np.arange(patients) % 2 == 0


def test_without_censoring_wins_are_counts() -> None:
    """By a threshold of 30 days, and by any; the error is that of a U-statistic."""
    times, _, active = censored(1)
    everybody = np.ones(len(times), dtype=bool)
    for threshold in (0.0, 30.0):
        gap = times[active][:, None] - times[~active][None, :]
        won, lost = (gap >= threshold) & (gap > 0), (-gap >= threshold) & (gap < 0)
        found = censored_pairs.soft_wins(times, everybody, active, threshold)
        assert (found.wins, found.losses) == (pytest.approx(won.sum()), pytest.approx(lost.sum()))
        net = won.astype(float) - lost
        error = np.sqrt(net.mean(axis=1).var() / 30 + net.mean(axis=0).var() / 30)
        assert found.error == pytest.approx(error)


@pytest.mark.parametrize("threshold", [0.0, 25.0])
def test_the_error_of_a_net_benefit_is_how_each_patient_moves_it(threshold: float) -> None:
    """A patient who counts for a little more, by differences: the sum of squares of these is the variance."""
    times, died, active = censored(2)
    found = censored_pairs.soft_wins(times, died, active, threshold)

    def weighted(weights: np.ndarray) -> float:
        arms = []
        for mine in (active, ~active):
            arm = censored_pairs.Arm(times[mine], died[mine], weights[mine])
            arms.append((arm, weights[mine] / weights[mine].sum()))
        (one, w1), (other, w2) = arms
        won = censored_pairs.gains(one, other, threshold) @ other.masses.T
        lost = censored_pairs.gains(other, one, threshold) @ one.masses.T
        return float(w1 @ (won - lost.T) @ w2)

    units = 1e-5 * np.eye(len(times))
    moves = [(weighted(1 + unit) - weighted(1 - unit)) / 2e-5 for unit in units]
    assert weighted(np.ones(len(times))) == pytest.approx(found.benefit)
    assert np.sqrt(np.sum(np.square(moves))) == pytest.approx(found.error, rel=1e-6)


def test_censored_pairs_are_won_as_often_as_the_times_behind_them() -> None:
    """Of 4,000 exponential times with a hazard ratio of 0.6: 1 / 1.6 won, 0.6 / 1.6 lost."""
    random = np.random.default_rng(4)
    active = np.arange(4000) % 2 == 0
    times = random.exponential(np.where(active, 1 / 0.6, 1.0))
    leaving = random.exponential(2.0, 4000)
    found = censored_pairs.soft_wins(np.minimum(times, leaving), times <= leaving, active)
    assert found.benefit == pytest.approx(0.4 / 1.6, abs=3 * found.error)
    assert found.error < 0.03
