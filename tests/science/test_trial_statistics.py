"""Double programming: known slopes and hazards go in, the analysis must give them back; errors are at their level."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from charcot.core.units import DAYS_PER_MONTH
from charcot.trials.analysis import (
    Design,
    ancova,
    change_carried,
    change_observed,
    fit_mixed_model,
    nfl_ratio,
    slopes,
    survival,
)
from charcot.trials.followup import arm_hazards, hazard_per_day, withdrawal_days
from charcot.trials.protocol import Dropout, Withdrawal
from charcot.trials.randomisation import block_of, randomise

DESIGN = Design(("placebo", "active"), 0.05, 6, 5.52)
DAYS = 28.0 * np.arange(7)


def adqs(
    rng: np.random.Generator, n: int, slope: tuple[float, float], noise: float = 1.6, missing: float = 0.0
) -> pd.DataFrame:
    """One parameter in ADaM shape: ``n`` patients per arm, true slopes per month, slope SD 0.65 between patients."""
    arm = np.repeat([0, 1], n)
    intercept = 42 + 2.2 * rng.standard_normal(2 * n)
    rate = np.array(slope)[arm] + 0.65 * rng.standard_normal(2 * n)
    months = DAYS / DAYS_PER_MONTH
    values = intercept[:, None] + rate[:, None] * months + noise * rng.standard_normal((2 * n, 7))
    last = np.where(rng.random(2 * n) < missing, rng.integers(1, 7, 2 * n), 7)
    frame = pd.DataFrame(
        {
            "USUBJID": np.repeat([f"{k:05d}" for k in range(2 * n)], 7),
            "ARMCD": np.repeat(np.array(DESIGN.arms)[arm], 7),
            "AVISITN": np.tile(np.arange(7), 2 * n),
            "VISITDAY": np.tile(DAYS, 2 * n),
            "AVAL": values.ravel(),
            "BASE": np.repeat(values[:, 0], 7),
        }
    )
    frame["CHG"] = frame["AVAL"] - frame["BASE"]
    return frame[frame["AVISITN"] < np.repeat(last, 7)]


def adtte(rng: np.random.Generator, n: int, hazards: tuple[float, float], end: float) -> pd.DataFrame:
    """Exponential event times, hazards per day, everyone followed to ``end``."""
    times = np.concatenate([rng.exponential(1 / h, n) if h else np.full(n, np.inf) for h in hazards])
    return pd.DataFrame(
        {
            "ARMCD": np.repeat(DESIGN.arms, n),
            "AVAL": np.minimum(times, end),
            "CNSR": (times > end).astype(int),
        }
    )


def by_arm(rows: list[dict[str, object]], arm: str, reference: str = "") -> dict[str, object]:
    return next(r for r in rows if r["arm"] == arm and r["reference"] == reference)


def test_slopes_of_3000_patients_are_recovered() -> None:
    rows = slopes(adqs(np.random.default_rng(1), 1500, (-1.36, -0.91), missing=0.3), DESIGN, "alsfrs_r_slope")
    for arm, truth in (("placebo", -1.36), ("active", -0.91)):
        row = by_arm(rows, arm)
        assert row["estimate"] == pytest.approx(truth, abs=3 * row["standard_error"])
        assert row["standard_error"] < 0.03
    contrast = by_arm(rows, "active", "placebo")
    assert contrast["lower"] < 0.45 < contrast["upper"]
    assert contrast["p_value"] < 1e-6
    assert contrast["unit"] == "points/month"
    assert contrast["converged"] is True


def test_the_mixed_model_agrees_with_generalised_least_squares_at_the_true_covariance() -> None:
    """The fixed effects of balanced data follow in closed form from each patient's own line."""
    rng = np.random.default_rng(2)
    data = adqs(rng, 800, (-1.2, -1.0))
    rows = slopes(data, DESIGN, "alsfrs_r_slope")
    months = DAYS / DAYS_PER_MONTH
    shape = np.column_stack([np.ones(7), months])
    covariance = shape @ np.diag([2.2**2, 0.65**2]) @ shape.T + 1.6**2 * np.eye(7)
    weight = np.linalg.inv(covariance)
    left, right = np.zeros((3, 3)), np.zeros(3)
    for _, patient in data.groupby("USUBJID"):
        fixed = np.column_stack([shape, months * (patient["ARMCD"].iloc[0] == "active")])
        left += fixed.T @ weight @ fixed
        right += fixed.T @ weight @ patient["AVAL"].to_numpy()
    truth = np.linalg.solve(left, right)
    contrast = by_arm(rows, "active", "placebo")
    assert contrast["estimate"] == pytest.approx(truth[2], abs=2e-3)
    assert contrast["standard_error"] == pytest.approx(np.sqrt(np.linalg.inv(left)[2, 2]), rel=0.05)


def test_ancova_agrees_with_the_textbook_and_recovers_the_difference() -> None:
    import statsmodels.formula.api as smf

    data = adqs(np.random.default_rng(4), 1000, (-1.36, -0.91))
    last = data[data["AVISITN"] == 6]
    rows = ancova(last, DESIGN, "alsfrs_r_change_observed", "")
    fit = smf.ols("CHG ~ C(ARMCD, Treatment('placebo')) + BASE", data=last).fit()
    contrast = by_arm(rows, "active", "placebo")
    assert contrast["estimate"] == pytest.approx(fit.params.iloc[1], rel=1e-9)
    assert contrast["standard_error"] == pytest.approx(fit.bse.iloc[1], rel=1e-9)
    assert contrast["p_value"] == pytest.approx(fit.pvalues.iloc[1], rel=1e-6)
    assert contrast["lower"] < 0.45 * 168 / DAYS_PER_MONTH < contrast["upper"]
    assert by_arm(rows, "placebo")["estimate"] == pytest.approx(-1.36 * 168 / DAYS_PER_MONTH, abs=0.4)


def test_locf_and_observed_differ_as_they_must_when_patients_leave() -> None:
    data = adqs(np.random.default_rng(5), 1000, (-1.5, -1.5), missing=0.5)
    observed = by_arm(change_observed(data, DESIGN, "alsfrs_r_change_observed"), "placebo")
    carried = by_arm(change_carried(data, DESIGN, "alsfrs_r_change_locf"), "placebo")
    assert observed["estimate"] == pytest.approx(-1.5 * 168 / DAYS_PER_MONTH, abs=0.5)
    assert carried["estimate"] > observed["estimate"] + 1  # early leavers had less time to decline
    assert "carried forward" in carried["note"]


def test_nfl_ratio_is_recovered() -> None:
    rng = np.random.default_rng(6)
    data = adqs(rng, 500, (0.0, 0.0))
    data = data.assign(BASE=60 * np.exp(0.5 * rng.standard_normal(len(data))))
    factor = np.where(data["ARMCD"] == "active", 0.5, 1.0)
    data["AVAL"] = data["BASE"] * factor * np.exp(0.15 * rng.standard_normal(len(data)))
    contrast = by_arm(nfl_ratio(data, DESIGN, "nfl_ratio"), "active", "placebo")
    assert contrast["estimate"] == pytest.approx(0.5, rel=0.03)
    assert contrast["lower"] < 0.5 < contrast["upper"]
    assert "standard error of the logarithm" in contrast["note"]


def test_hazard_ratio_and_event_free_share_of_4000_patients_are_recovered() -> None:
    hazards = (0.024 / DAYS_PER_MONTH, 0.012 / DAYS_PER_MONTH)
    rows = survival(adtte(np.random.default_rng(7), 2000, hazards, 730.5), DESIGN, "survival")
    contrast = by_arm(rows, "active", "placebo")
    assert contrast["estimate"] == pytest.approx(0.5, rel=0.12)
    assert contrast["lower"] < 0.5 < contrast["upper"]
    assert contrast["p_value"] < 1e-6
    share = by_arm(rows, "placebo")
    assert share["estimand"] == "event_free_share"
    assert share["estimate"] == pytest.approx(np.exp(-0.024 * 24), abs=0.03)


def test_no_events_and_events_in_one_arm_are_named() -> None:
    rng = np.random.default_rng(8)
    none = by_arm(survival(adtte(rng, 30, (0, 0), 168), DESIGN, "survival"), "active", "placebo")
    assert np.isnan(none["estimate"])
    assert none["note"] == "no events: the hazard ratio is not defined"
    one = by_arm(survival(adtte(rng, 60, (0.01, 0), 168), DESIGN, "survival"), "active", "placebo")
    assert np.isnan(one["estimate"])
    assert one["p_value"] < 0.001
    assert str(one["note"]).startswith(
        "events in one arm only: the hazard ratio cannot be estimated; events: 0 in active"
    )


def test_models_that_cannot_be_fitted_are_reported_not_hidden() -> None:
    data = adqs(np.random.default_rng(9), 20, (-1, -1))
    rows = slopes(data[data["AVISITN"] == 0], DESIGN, "alsfrs_r_slope")
    assert [(r["arm"], r["reference"]) for r in rows] == [("placebo", ""), ("active", ""), ("active", "placebo")]
    assert {r["note"] for r in rows} == {"no patient has two visits"}
    assert not any(r["converged"] for r in rows)
    rows = change_observed(data[data["ARMCD"] == "placebo"], DESIGN, "alsfrs_r_change_observed")
    assert str(rows[0]["note"]).startswith("too few patients for a comparison")


def test_a_singular_mixed_model_says_so() -> None:
    values, ones = np.ones(12), np.ones((12, 1))
    fit, note, converged = fit_mixed_model(values, np.hstack([ones, ones]), pd.Series(np.repeat(list("abcd"), 3)), ones)
    assert fit is None or not converged
    assert note


def test_type_one_error_of_ancova_is_nominal() -> None:
    rng = np.random.default_rng(10)
    p_values = []
    for _ in range(600):
        data = adqs(rng, 69, (-1.1, -1.1))
        rows = change_observed(data, DESIGN, "alsfrs_r_change_observed")
        p_values.append(by_arm(rows, "active", "placebo")["p_value"])
    share = float(np.mean(np.array(p_values) < 0.05))
    assert abs(share - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 600)
    assert np.mean(np.array(p_values) < 0.5) == pytest.approx(0.5, abs=0.07)


def test_type_one_error_and_coverage_of_slopes_are_nominal() -> None:
    rng = np.random.default_rng(11)
    rows = [
        by_arm(slopes(adqs(rng, 30, (-1.1, -1.1), missing=0.2), DESIGN, "alsfrs_r_slope"), "active", "placebo")
        for _ in range(120)
    ]
    rejected = np.mean([r["p_value"] < 0.05 for r in rows])
    assert abs(rejected - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 120)
    assert np.std([r["estimate"] for r in rows]) == pytest.approx(np.mean([r["standard_error"] for r in rows]), rel=0.2)


def test_type_one_error_of_the_log_rank_test_is_nominal() -> None:
    rng = np.random.default_rng(12)
    hazard = 0.02 / DAYS_PER_MONTH
    p_values = [
        by_arm(survival(adtte(rng, 150, (hazard, hazard), 365), DESIGN, "survival"), "active", "placebo")["p_value"]
        for _ in range(200)
    ]
    assert abs(np.mean(np.array(p_values) < 0.05) - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 200)


def test_dropout_share_and_hazard_are_recovered_from_5000_patients() -> None:
    dropout = Dropout.model_validate(
        {"share": "20 %", "at": "24 weeks", "arms": {"b": {"hazard": "2 %/month"}, "c": {"hazard": "0 %/month"}}}
    )
    hazards = arm_hazards(dropout, ["a", "b", "c"])
    addresses = [f"patient {k}" for k in range(5000)]
    days = {
        arm: withdrawal_days(np.full(5000, hazard), 1, addresses) for arm, hazard in zip("abc", hazards, strict=True)
    }
    assert np.mean(days["a"] < 168) == pytest.approx(0.20, abs=0.018)
    assert 1 / np.mean(days["b"]) == pytest.approx(0.02 / DAYS_PER_MONTH, rel=0.05)
    assert np.isinf(days["c"]).all()
    assert np.all(np.argsort(days["a"]) == np.argsort(days["b"]))  # one draw per patient, whatever the arm
    assert hazard_per_day(Withdrawal()) == 0.0


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
