"""Double programming: known slopes and hazards go in, the analysis must give them back; errors are at their level."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

from charcot.core.units import DAYS_PER_MONTH
from charcot.trials.analysis import analyse_data
from charcot.trials.analysis_form import Design
from charcot.trials.estimands import ESTIMANDS
from charcot.trials.followup import arm_hazards, hazard_per_day, withdrawal_days, withdrawal_draws
from charcot.trials.protocol import Dropout, Withdrawal
from charcot.trials.randomisation import block_of, minimise, randomise
from charcot.trials.trial_data import TrialData

DESIGN = Design(("placebo", "active"))
DAYS = 28.0 * np.arange(7)
ALL = tuple(ESTIMANDS)


def trial(
    rng: np.random.Generator, n: int, slope: tuple[float, float], noise: float = 1.6, missing: float = 0.0
) -> TrialData:
    """``n`` patients per arm, true slopes per month, slope SD 0.65 between patients; ``missing``: share who leave."""
    arm = np.repeat([0, 1], n)
    intercept = 42 + 2.2 * rng.standard_normal(2 * n)
    rate = np.array(slope)[arm] + 0.65 * rng.standard_normal(2 * n)
    months = DAYS / DAYS_PER_MONTH
    values = intercept[:, None] + rate[:, None] * months + noise * rng.standard_normal((2 * n, 7))
    last = np.where(rng.random(2 * n) < missing, rng.integers(1, 7, 2 * n), 7)
    values[np.arange(7) >= last[:, None]] = np.nan
    nobody = np.zeros(2 * n, dtype=bool)
    nfl = 60 * np.exp(0.5 * rng.standard_normal((2 * n, 1)) + 0.15 * rng.standard_normal((2 * n, 7)))
    measures = {"alsfrs_r": values, "vital_capacity": 2 * values, "nfl": nfl}
    foretold = 0.5 * rate + 0.3 * rng.standard_normal(2 * n)
    return TrialData(arm, nobody.astype(int), DAYS, measures, DAYS[last - 1], nobody, foretold)


def dying(rng: np.random.Generator, data: TrialData, hazard: float) -> TrialData:
    """The same patients, who die at a hazard per day while they are in the trial."""
    death = rng.exponential(1 / hazard, len(data))
    gone = data.days > death[:, None]
    values = {measure: np.where(gone, np.nan, array) for measure, array in data.values.items()}
    return dataclasses.replace(data, values=values, times=np.minimum(data.times, death), died=death < data.times)


def events(rng: np.random.Generator, n: int, hazards: tuple[float, float], end: float) -> TrialData:
    """Exponential event times, hazards per day, everyone followed to ``end``."""
    times = np.concatenate([rng.exponential(1 / h, n) if h else np.full(n, np.inf) for h in hazards])
    arm = np.repeat([0, 1], n)
    none = {measure: np.full((2 * n, 2), np.nan) for measure in ("alsfrs_r", "vital_capacity", "nfl")}
    return TrialData(arm, 0 * arm, np.array([0.0, end]), none, np.minimum(times, end), times <= end)


def rows(data: TrialData, endpoint: str, design: Design = DESIGN) -> list[dict[str, Any]]:
    return list(analyse_data(data, design, [endpoint]))


def by_arm(found: list[dict[str, Any]], arm: str, reference: str = "") -> dict[str, Any]:
    return next(r for r in found if r["arm"] == arm and r["reference"] == reference)


def contrast(data: TrialData, endpoint: str, design: Design = DESIGN) -> dict[str, Any]:
    return by_arm(rows(data, endpoint, design), "active", "placebo")


def test_slopes_of_3000_patients_are_recovered() -> None:
    found = rows(trial(np.random.default_rng(1), 1500, (-1.36, -0.91), missing=0.3), "alsfrs_r_slope")
    for arm, truth in (("placebo", -1.36), ("active", -0.91)):
        row = by_arm(found, arm)
        assert row["estimate"] == pytest.approx(truth, abs=3 * row["standard_error"])
        assert row["standard_error"] < 0.03
    difference = by_arm(found, "active", "placebo")
    assert difference["lower"] < 0.45 < difference["upper"]
    assert difference["p_value"] < 1e-6
    assert difference["unit"] == "points/month"
    assert difference["converged"] is True


def test_the_mixed_model_agrees_with_generalised_least_squares_at_the_true_covariance() -> None:
    """The fixed effects of balanced data follow in closed form from each patient's own line."""
    data = trial(np.random.default_rng(2), 800, (-1.2, -1.0))
    months = DAYS / DAYS_PER_MONTH
    shape = np.column_stack([np.ones(7), months])
    covariance = shape @ np.diag([2.2**2, 0.65**2]) @ shape.T + 1.6**2 * np.eye(7)
    weight = np.linalg.inv(covariance)
    left, right = np.zeros((3, 3)), np.zeros(3)
    for arm, values in zip(data.arms, data.values["alsfrs_r"], strict=True):
        fixed = np.column_stack([shape, months * arm])
        left += fixed.T @ weight @ fixed
        right += fixed.T @ weight @ values
    truth = np.linalg.solve(left, right)
    difference = contrast(data, "alsfrs_r_slope")
    assert difference["estimate"] == pytest.approx(truth[2], abs=2e-3)
    assert difference["standard_error"] == pytest.approx(np.sqrt(np.linalg.inv(left)[2, 2]), rel=0.05)


def test_ancova_agrees_with_the_textbook_and_recovers_the_difference() -> None:
    import statsmodels.formula.api as smf

    data = trial(np.random.default_rng(4), 1000, (-1.36, -0.91))
    values = data.values["alsfrs_r"]
    frame = pd.DataFrame({"change": values[:, -1] - values[:, 0], "base": values[:, 0], "active": data.arms})
    fit = smf.ols("change ~ active + base", data=frame).fit()
    found = rows(data, "alsfrs_r_change_observed")
    difference = by_arm(found, "active", "placebo")
    assert difference["estimate"] == pytest.approx(fit.params["active"], rel=1e-9)
    assert difference["standard_error"] == pytest.approx(fit.bse["active"], rel=1e-9)
    assert difference["p_value"] == pytest.approx(fit.pvalues["active"], rel=1e-6)
    assert difference["lower"] < 0.45 * 168 / DAYS_PER_MONTH < difference["upper"]
    assert by_arm(found, "placebo")["estimate"] == pytest.approx(-1.36 * 168 / DAYS_PER_MONTH, abs=0.4)


def test_an_analysis_adjusted_for_a_forecast_is_least_squares_with_errors_that_trust_no_model() -> None:
    import statsmodels.api as sm

    data = trial(np.random.default_rng(24), 60, (-1.36, -0.91), missing=0.2)
    values, known = data.values["alsfrs_r"], np.isfinite(data.values["alsfrs_r"][:, -1])
    assert data.forecast is not None
    columns = np.column_stack([np.ones(120), data.arms, values[:, 0], data.forecast])[known]
    fit = sm.OLS((values[:, -1] - values[:, 0])[known], columns).fit(cov_type="HC1")
    found = contrast(data, "alsfrs_r_change_prognostic")
    assert found["estimate"] == pytest.approx(fit.params[1])
    assert found["standard_error"] == pytest.approx(fit.bse[1])
    assert found["standard_error"] < 0.9 * contrast(data, "alsfrs_r_change_observed")["standard_error"]
    blind = contrast(dataclasses.replace(data, forecast=None), "alsfrs_r_change_prognostic")
    assert blind["note"] == "too few patients for a comparison: 0 patients at the last visit with a forecast"


def test_mmrm_recovers_the_difference_where_those_who_fare_badly_leave() -> None:
    """Who has lost eight points leaves: the observed change is too good, the model's is not (missing at random)."""
    data = trial(np.random.default_rng(14), 1500, (-1.5, -1.0))
    values = data.values["alsfrs_r"].copy()
    bad = np.cumsum(values - values[:, :1] < -8, axis=1) > 0
    values[:, 1:][bad[:, :-1]] = np.nan
    left = dataclasses.replace(data, values={**data.values, "alsfrs_r": values})
    months = 168 / DAYS_PER_MONTH
    found = rows(left, "alsfrs_r_mmrm")
    for arm, slope in (("placebo", -1.5), ("active", -1.0)):
        row = by_arm(found, arm)
        assert row["estimate"] == pytest.approx(slope * months, abs=3 * row["standard_error"])
        assert by_arm(rows(left, "alsfrs_r_change_observed"), arm)["estimate"] > slope * months + 0.5
    difference = by_arm(found, "active", "placebo")
    assert difference["estimate"] == pytest.approx(0.5 * months, abs=3 * difference["standard_error"])


def test_mmrm_of_whole_data_is_the_ancova_of_the_last_visit() -> None:
    """Without missed visits the other visits add nothing: estimates, errors and p values are the same."""
    data = trial(np.random.default_rng(15), 40, (-1.5, -1.0))
    model, ancova = contrast(data, "alsfrs_r_mmrm"), contrast(data, "alsfrs_r_change_observed")
    for key in ("estimate", "standard_error", "lower", "upper", "p_value"):
        assert model[key] == pytest.approx(ancova[key], rel=1e-4), key
    satterthwaite = contrast(data, "alsfrs_r_mmrm", dataclasses.replace(DESIGN, freedom="satterthwaite"))
    assert satterthwaite["standard_error"] == pytest.approx(model["standard_error"], rel=1e-6)
    few = trial(np.random.default_rng(16), 12, (-1.5, -1.0), missing=0.4)
    adjusted, plain = (
        contrast(few, "alsfrs_r_mmrm", dataclasses.replace(DESIGN, freedom=freedom))["standard_error"]
        for freedom in ("kenward_roger", "satterthwaite")
    )
    assert adjusted > 1.01 * plain


def test_an_mmrm_that_falls_back_says_to_what_and_why() -> None:
    data = trial(np.random.default_rng(17), 30, (-1.5, -1.0))
    values = data.values["alsfrs_r"].copy()
    values[::2, 1] = np.nan
    values[1::2, 2:4] = np.nan
    found = contrast(dataclasses.replace(data, values={**data.values, "alsfrs_r": values}), "alsfrs_r_mmrm")
    assert found["converged"]
    assert found["note"].startswith(
        "covariance Toeplitz with a variance for each visit, after unstructured: two visits were never attended"
    )


def test_who_jumps_to_the_reference_loses_what_treatment_gave() -> None:
    """A quarter of the treated leave after half of the time: their gain of 0.5 points a month is lost from then on."""
    data = trial(np.random.default_rng(21), 40, (-1.5, -1.0))
    values = data.values["alsfrs_r"].copy()
    leaves = (data.arms == 1) & (np.arange(80) % 4 == 0)
    values[leaves, 4:] = np.nan
    left = dataclasses.replace(data, values={**data.values, "alsfrs_r": values})
    model = contrast(left, "alsfrs_r_mmrm")
    jump, copy = (contrast(left, f"alsfrs_r_{name}_reference") for name in ("jump_to", "copy"))
    months = 168 / DAYS_PER_MONTH
    assert jump["estimate"] == pytest.approx(model["estimate"] - 0.5 * months / 4, abs=0.5)
    assert jump["estimate"] < copy["estimate"] < model["estimate"]  # a copy keeps a part: it carries its gain on
    assert jump["note"] == "10 of 80 imputed at the last visit, 0 of them after death"


def test_locf_and_observed_differ_as_they_must_when_patients_leave() -> None:
    data = trial(np.random.default_rng(5), 1000, (-1.5, -1.5), missing=0.5)
    observed = by_arm(rows(data, "alsfrs_r_change_observed"), "placebo")
    carried = by_arm(rows(data, "alsfrs_r_change_locf"), "placebo")
    assert observed["estimate"] == pytest.approx(-1.5 * 168 / DAYS_PER_MONTH, abs=0.5)
    assert carried["estimate"] > observed["estimate"] + 1  # early leavers had less time to decline
    assert "carried forward" in carried["note"]


def test_nfl_ratio_is_recovered() -> None:
    data = trial(np.random.default_rng(6), 500, (0.0, 0.0))
    nfl = data.values["nfl"].copy()
    nfl[data.arms == 1, 1:] *= 0.5
    found = contrast(dataclasses.replace(data, values={**data.values, "nfl": nfl}), "nfl_ratio")
    assert abs(np.log(found["estimate"] / 0.5)) < 3 * found["standard_error"] < 0.05
    assert "standard error of the logarithm" in found["note"]


def test_hazard_ratio_and_event_free_share_of_4000_patients_are_recovered() -> None:
    hazards = (0.02 / DAYS_PER_MONTH, 0.012 / DAYS_PER_MONTH)
    found = rows(events(np.random.default_rng(7), 2000, hazards, 365.25), "survival")
    ratio = by_arm(found, "active", "placebo")
    assert ratio["lower"] < 0.6 < ratio["upper"]
    assert ratio["p_value"] < 1e-3
    for arm, hazard in zip(DESIGN.arms, hazards, strict=True):
        share = by_arm(found, arm)
        assert share["estimand"] == "event_free_share"
        assert share["lower"] < np.exp(-hazard * 365.25) < share["upper"]


def test_restricted_mean_and_log_rank_of_4000_patients_are_recovered() -> None:
    hazards = np.array([0.02, 0.012])
    data = events(np.random.default_rng(18), 2000, tuple(hazards / DAYS_PER_MONTH), 365.25)
    truth = (1 - np.exp(-12 * hazards)) / hazards
    found = rows(data, "survival_rmst")
    for arm, mean in zip(DESIGN.arms, truth, strict=True):
        assert by_arm(found, arm)["lower"] < mean < by_arm(found, arm)["upper"]
    assert by_arm(found, "active", "placebo")["note"] == "over 12.0 months"
    sooner = contrast(data, "survival_rmst", dataclasses.replace(DESIGN, restricted_to=6 * DAYS_PER_MONTH))
    assert sooner["estimate"] == pytest.approx(np.diff((1 - np.exp(-6 * hazards)) / hazards)[0], abs=0.06)
    peto = contrast(data, "survival_log_rank")
    assert peto["lower"] < 0.6 < peto["upper"]
    assert peto["p_value"] == pytest.approx(contrast(data, "survival")["p_value"], rel=1e-6)


def test_net_benefit_counts_a_life_as_longer_from_a_threshold_on() -> None:
    hazards = np.array([0.03, 0.015])
    data = events(np.random.default_rng(28), 1500, tuple(hazards / DAYS_PER_MONTH), 365.25)
    found = contrast(data, "survival_net_benefit")
    share, ratio = 1 - np.exp(-12 * hazards.sum()), hazards / hazards.sum()  # pairs in which somebody died by the end
    assert found["estimate"] == pytest.approx(share * (ratio[0] - ratio[1]), abs=3 * found["standard_error"])
    assert found["lower"] < found["estimate"] < found["upper"]
    longer = contrast(data, "survival_net_benefit", dataclasses.replace(DESIGN, longer_by=6 * DAYS_PER_MONTH))
    later = 1 - np.exp(-6 * hazards.sum())  # somebody died in the first half, and the other lived half a year more
    wins = ratio[0] * later * np.exp(-6 * hazards[1]) - ratio[1] * later * np.exp(-6 * hazards[0])
    assert longer["estimate"] == pytest.approx(wins, abs=3 * longer["standard_error"])


def test_joint_rank_and_wins_are_those_of_pairs_taken_one_by_one() -> None:
    rng = np.random.default_rng(19)
    data = trial(rng, 30, (-1.5, -1.0), missing=0.3)
    died = rng.random(60) < 0.3
    values = {**data.values, "alsfrs_r": np.round(data.values["alsfrs_r"])}
    data = dataclasses.replace(data, died=died, values=values)

    def better(i: int, j: int) -> float:
        """1, 0 or 0.5 for a tie."""
        if died[i] and died[j]:
            return 0.5 + 0.5 * float(np.sign(data.times[i] - data.times[j]))
        if died[j] and data.times[i] >= data.times[j]:
            return 1.0
        if died[i] and data.times[j] >= data.times[i]:
            return 0.0
        a, b = values["alsfrs_r"][i], values["alsfrs_r"][j]
        common = np.flatnonzero(np.isfinite(a) & np.isfinite(b))[-1]
        return 0.5 + 0.5 * float(np.sign((a[common] - a[0]) - (b[common] - b[0])))

    table = np.array([[better(i, j) for j in range(60)] for i in range(60)])
    pairs = table[np.ix_(data.arms == 1, data.arms == 0)]
    wins, losses, ties = ((pairs == value).sum() for value in (1.0, 0.0, 0.5))
    assert ties > 20  # two visits of whole points: many
    ratio, odds = contrast(data, "win_ratio"), contrast(data, "win_odds")
    assert ratio["estimate"] == pytest.approx(wins / losses)
    assert odds["estimate"] == pytest.approx((wins + ties / 2) / (losses + ties / 2))
    assert ratio["note"] == odds["note"] == f"{wins} wins, {losses} losses, {ties} ties"
    ranks = pd.Series(table.sum(axis=1)).rank().to_numpy()
    found = rows(data, "joint_rank")
    for number, arm in enumerate(DESIGN.arms):
        assert by_arm(found, arm)["estimate"] == pytest.approx(ranks[data.arms == number].mean())
    difference = by_arm(found, "active", "placebo")
    spread = np.sqrt(np.mean([ranks[data.arms == number].var(ddof=1) for number in (0, 1)]) * 2 / 30)
    assert difference["standard_error"] == pytest.approx(spread)


def test_every_analysis_compares_three_arms_as_it_compares_two() -> None:
    """Rows of a contrast do not depend on what the third arm is called, and no analysis forgets an arm."""
    rng = np.random.default_rng(20)
    data = trial(rng, 60, (-1.5, -1.0), missing=0.2)
    data = dataclasses.replace(dying(rng, data, 1 / 400), arms=np.repeat([0, 1, 2], 40))
    design = Design(("placebo", "low", "high"), permutations=99)
    found = {(r["estimand"], r["arm"], r["reference"]): r for r in analyse_data(data, design, ALL)}
    for endpoint in ALL:
        for arm in ("low", "high"):
            row = found[endpoint, arm, "placebo"]
            assert row["converged"], row["note"]
            assert row["lower"] < row["estimate"] < row["upper"], endpoint
            assert 0.01 <= row["permutation_p"] <= 1, endpoint


def test_the_permutation_twin_agrees_with_its_analysis_and_keeps_to_strata() -> None:
    """Twins test the same thing: their p values follow those of the analyses over trials."""
    design = dataclasses.replace(DESIGN, permutations=499)
    plain, twin = {name: [] for name in ALL}, {name: [] for name in ALL}
    for seed in range(12):
        rng = np.random.default_rng(100 + seed)
        data = dying(rng, trial(rng, 40, (-1.3, -1.1), missing=0.2), 1 / 400)
        for row in analyse_data(data, design, ALL, seed):
            if row["reference"]:
                plain[row["estimand"]].append(row["p_value"])
                twin[row["estimand"]].append(row["permutation_p"])
    for name in ALL:
        assert np.corrcoef(plain[name], twin[name])[0, 1] > 0.93, name
    apart = dataclasses.replace(data, strata=data.arms)  # each stratum is one arm: labels cannot be dealt again
    assert {r["permutation_p"] for r in analyse_data(apart, design, ["joint_rank"]) if r["reference"]} == {1.0}


def test_what_cannot_be_estimated_is_said_and_never_a_number() -> None:
    none = events(np.random.default_rng(8), 30, (0, 0), 168)
    reasons = {
        "survival": "no events: the hazard ratio is not defined",
        "survival_log_rank": "0 events; +0.00 in active beyond those expected: no test without events",
        "survival_rmst": "over 5.5 months: no test without events",
        "survival_net_benefit": "no test without events",
        "joint_rank": "all patients tie: the ranks do not differ",
        "win_ratio": "0 wins, 0 losses, 900 ties: the win ratio is not defined without a win and a loss",
        "win_odds": "0 wins, 0 losses, 900 ties: the win odds are not defined where one arm wins every pair",
        "alsfrs_r_slope": "no patient has two visits",
        "alsfrs_r_mmrm": "the MMRM failed: unstructured: there are no more observations than fixed effects",
        "alsfrs_r_change_observed": "too few patients for a comparison: 0 patients at the last visit",
    }
    for endpoint, reason in reasons.items():
        row = contrast(none, endpoint, dataclasses.replace(DESIGN, permutations=19))
        assert np.isnan([row[key] for key in ("estimate", "lower", "upper", "p_value", "permutation_p")]).all(), (
            endpoint
        )
        assert not row["converged"]
        assert row["note"].startswith(reason), endpoint
    one = contrast(events(np.random.default_rng(8), 60, (0.01, 0), 168), "survival")
    assert np.isnan(one["estimate"])
    assert one["p_value"] < 0.001
    assert one["note"].startswith("events in one arm only: the hazard ratio cannot be estimated; events: 0 in active")


def test_a_search_that_does_not_converge_gives_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    from charcot.core import mixed_model
    from charcot.trials.statistics import repeated_measures

    data = trial(np.random.default_rng(9), 20, (-1, -1))
    monkeypatch.setattr(mixed_model, "FLAT", -1.0)  # no slope of the deviance is flat enough
    row = contrast(data, "alsfrs_r_slope")
    assert (row["note"], row["converged"]) == ("the mixed model did not converge", False)
    assert np.isnan(row["estimate"])
    monkeypatch.setattr(repeated_measures, "MOST_STEPS", 1)
    row = contrast(data, "alsfrs_r_mmrm")
    assert "compound symmetry: the search did not converge in 1 steps" in row["note"]
    assert np.isnan(row["estimate"])


def type_one(data: list[TrialData], endpoint: str) -> np.ndarray:
    return np.array([contrast(one, endpoint)["p_value"] for one in data])


def test_type_one_error_of_ancova_is_nominal() -> None:
    rng = np.random.default_rng(10)
    p_values = type_one([trial(rng, 69, (-1.1, -1.1)) for _ in range(600)], "alsfrs_r_change_observed")
    assert abs(np.mean(p_values < 0.05) - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 600)
    assert np.mean(p_values < 0.5) == pytest.approx(0.5, abs=0.07)


def test_type_one_error_and_coverage_of_slopes_are_nominal() -> None:
    rng = np.random.default_rng(11)
    found = [contrast(trial(rng, 30, (-1.1, -1.1), missing=0.2), "alsfrs_r_slope") for _ in range(120)]
    rejected = np.mean([r["p_value"] < 0.05 for r in found])
    assert abs(rejected - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 120)
    estimates, errors = ([r[key] for r in found] for key in ("estimate", "standard_error"))
    assert np.std(estimates) == pytest.approx(np.mean(errors), rel=0.2)


def test_type_one_error_of_the_log_rank_test_is_nominal() -> None:
    rng = np.random.default_rng(12)
    hazard = 0.02 / DAYS_PER_MONTH
    p_values = type_one([events(rng, 150, (hazard, hazard), 365) for _ in range(200)], "survival_log_rank")
    assert abs(np.mean(p_values < 0.05) - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 200)


def test_dropout_share_and_hazard_are_recovered_from_5000_patients() -> None:
    dropout = Dropout.model_validate(
        {"share": "20 %", "at": "24 weeks", "arms": {"b": {"hazard": "2 %/month"}, "c": {"hazard": "0 %/month"}}}
    )
    hazards = arm_hazards(dropout, ["a", "b", "c"])
    addresses = [f"patient {k}" for k in range(5000)]
    days = {
        arm: withdrawal_days(np.full(5000, hazard), withdrawal_draws(1, addresses))
        for arm, hazard in zip("abc", hazards, strict=True)
    }
    assert np.mean(days["a"] < 168) == pytest.approx(0.20, abs=0.018)
    assert 1 / np.mean(days["b"]) == pytest.approx(0.02 / DAYS_PER_MONTH, rel=0.05)
    assert np.isinf(days["c"]).all()
    assert np.all(np.argsort(days["a"]) == np.argsort(days["b"]))  # one draw per patient, whatever the arm
    assert hazard_per_day(Withdrawal()) == 0.0


def test_minimisation_balances_every_factor_and_keeps_the_sizes() -> None:
    """Many small factors, which blocks within strata cannot balance; in the ratio 2 : 1."""
    rng = np.random.default_rng(8)
    levels = [[f"{k}={rng.integers(2)}" for k in range(5)] for _ in range(150)]
    arms = minimise(levels, [100, 50], seed=1, address="r", follows=0.8)
    assert np.bincount(arms).tolist() == [100, 50]
    assert np.array_equal(arms, minimise(levels, [100, 50], seed=1, address="r", follows=0.8))

    def worst(arms: np.ndarray) -> float:
        own = np.array(levels)
        ones = own == [f"{k}=1" for k in range(5)]
        return float(abs(ones[arms == 1].mean(axis=0) - ones[arms == 0].mean(axis=0)).max())

    by_blocks = [worst(randomise(["x"] * 150, [100, 50], seed=s, address="r")) for s in range(20)]
    minimised = [worst(minimise(levels, [100, 50], seed=s, address="r", follows=0.8)) for s in range(20)]
    assert np.mean(minimised) < 0.5 * np.mean(by_blocks)
    first = [minimise([["a"]] * 4, [2, 2], seed=s, address="r", follows=0.8)[0] for s in range(400)]
    assert np.mean(first) == pytest.approx(0.5, abs=0.1)
    with pytest.raises(ValueError, match="cannot fill"):
        minimise([["a"]] * 3, [2, 2], seed=1, address="r", follows=0.8)


def test_blocks_follow_the_arm_ratio_and_randomisation_is_balanced_at_all_times() -> None:
    assert sorted(block_of([69, 68])) == [0, 0, 1, 1]
    assert sorted(block_of([60, 120])) == [0, 0, 1, 1, 1, 1]
    assert np.bincount(block_of([90, 60])).tolist() == [3, 2]
    arms = randomise(["x"] * 100 + ["y"] * 100, [100, 100], seed=1, address="r")
    for stratum in (arms[:100], arms[100:]):
        assert np.abs(np.cumsum(np.where(stratum == 0, 1, -1))).max() <= 2
    again = randomise(["x"] * 100 + ["z"] * 100, [100, 100], seed=1, address="r")
    assert np.array_equal(again[:100], arms[:100])  # a stratum's blocks do not depend on the others
    first = [randomise(["x"] * 4, [2, 2], seed=s, address="r")[0] for s in range(400)]
    assert np.mean(first) == pytest.approx(0.5, abs=0.08)
    with pytest.raises(ValueError, match=r"3 patients cannot fill arms of \[2, 2\]"):
        randomise(["x"] * 3, [2, 2], seed=1, address="r")
