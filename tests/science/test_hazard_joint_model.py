"""The joint model with proportional hazards gives what joineR printed, its own likelihood's maximum, and the truth."""

from __future__ import annotations

import numpy as np
import pytest
from reference_rows import given
from scipy.integrate import quad
from scipy.stats import norm

from charcot.trials.statistics import hazard_joint_model, joint_model

# Rule, fixed before the first run on these rows: every figure that joineR prints for `mental`, to half a unit of its
# last digit here. joineR counts who left before the first death as at risk at it (`pmax(findInterval(s, sf), 1)`); the
# rows are given as it sees them. Its printed standard errors are of 100 bootstrap samples with unknown seeds.
PRINTED = {
    "log_likelihood": (-2883.039, 5e-4),
    "intercept": (61.8734, 5e-5),
    "time": (-0.5941, 5e-5),
    "treatment": (-3.8583, 5e-5),
    "event": (-0.6154, 5e-5),
    "association": (0.0890, 5e-5),
    "u0": (99.956, 5e-4),
    "residual": (64.363, 5e-4),
}
WEEKS = np.array([0.0, 1, 2, 4, 6, 8])


def mental() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rows = given("mental")
    values = rows[[f"Y.t{week:g}" for week in WEEKS]].to_numpy(float)
    treated = rows["treat"].to_numpy(float)
    died = rows["cens.ind"].to_numpy() == 1
    times = rows["surv.time"].to_numpy(float)
    times = np.maximum(times, times[died].min())
    ones = np.ones_like(values)
    fixed = np.stack([ones, ones * WEEKS, ones * treated[:, None]], axis=2)
    return values, fixed, times, died, treated[:, None]


def test_the_shared_intercept_model_gives_what_joiner_printed() -> None:
    values, fixed, times, died, treated = mental()
    found = hazard_joint_model.fit(values, fixed, WEEKS, times, died, treated, points=3, tolerance=1e-3)
    assert found.converged
    computed = {
        "log_likelihood": found.log_likelihood,
        **dict(zip(("intercept", "time", "treatment"), found.effects, strict=True)),
        "event": found.log_ratios[0],
        "association": found.association,
        "u0": found.spread[0, 0],
        "residual": found.residual,
    }
    assert {name: computed[name] for name in PRINTED} == {
        name: pytest.approx(value, abs=within) for name, (value, within) in PRINTED.items()
    }
