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
# rows are given as it sees them.
#
# Its printed standard errors are of 100 bootstrap samples; 200 here. The log of their ratio has a standard deviation of
# sqrt(1/200 + 1/400) = 0.087 for normal estimates; three of these, 0.26, are allowed.
ERRORS = {"intercept": 2.2274, "time": 0.1785, "treatment": 1.0341, "event": 0.1907, "association": 0.0165}
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


def test_errors_by_bootstrap_are_joiners() -> None:
    values, fixed, times, died, treated = mental()
    errors = hazard_joint_model.bootstrap_errors(
        values, fixed, WEEKS, times, died, treated, 200, 1, points=3, tolerance=1e-3
    )
    np.testing.assert_allclose(np.log(errors / list(ERRORS.values())), 0.0, atol=0.26)


def drawn(seed: int, patients: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two arms with random lines; the hazard is 0.04 a month and rises with the own departure from the mean (-0.06 a
    point): deaths come on a grid, so that it is constant within a step."""
    random = np.random.default_rng(seed)
    visits, arm = 2.0 * np.arange(7), np.arange(patients) % 2
    u = random.multivariate_normal([0, 0], [[16, -0.4], [-0.4, 0.36]], patients)
    line = 38 + u[:, :1] + (-1 + 0.25 * arm + u[:, 1])[:, None] * visits
    values = line + 1.5 * random.standard_normal(line.shape)
    step = 0.25
    grid = step * np.arange(1, 49)
    hazard = 0.04 * np.exp(-0.4 * arm[:, None] - 0.06 * (u[:, :1] + u[:, 1:] * grid))
    dies = random.random(hazard.shape) < 1 - np.exp(-step * hazard)
    died = dies.any(axis=1)
    times = np.where(died, grid[dies.argmax(axis=1)], 12.0)
    values[times[:, None] < visits] = np.nan
    ones = np.ones_like(values)
    fixed = np.stack([ones, ones * visits, visits * arm[:, None]], axis=2)
    return values, fixed, visits, times, died, arm[:, None].astype(float)


def test_the_model_gives_back_what_it_was_drawn_from() -> None:
    data = drawn(1, 800)
    found = hazard_joint_model.fit(*data, slopes=True, points=5, tolerance=1e-4)
    assert found.converged
    errors = hazard_joint_model.bootstrap_errors(*data, 12, 1, slopes=True, points=3, tolerance=1e-3)
    estimates = np.concatenate([found.effects, found.log_ratios, [found.association]])
    truth = np.array([38, -1, 0.25, -0.4, -0.06])
    assert np.all(np.abs(estimates - truth) < 4 * errors), (estimates, errors)
    assert errors[-1] < 0.015  # so that no association at all is refuted
    np.testing.assert_allclose(found.spread, [[16, -0.4], [-0.4, 0.36]], atol=1.6)
    assert found.residual == pytest.approx(2.25, rel=0.05)
    middle = np.exp(found.log_ratios[0] * 0.5)  # h0 is of the mean covariate; its sum is a rate times months
    assert found.hazard.sum() / middle == pytest.approx(0.04 * 12, rel=0.2)


def test_the_log_likelihood_is_the_integral_over_the_intercept() -> None:
    values, fixed, visits, times, died, arm = drawn(2, 30)
    found = hazard_joint_model.fit(values, fixed, visits, times, died, arm, tolerance=1e-6)
    ratio = np.exp((arm[:, 0] - arm.mean()) * found.log_ratios[0])
    total = 0.0
    for i in range(30):
        seen = np.isfinite(values[i])
        rest = values[i, seen] - fixed[i, seen] @ found.effects
        passed = found.hazard[found.times <= times[i]].sum()
        step = found.hazard[found.times == times[i]].sum()

        def density(u: float, rest=rest, passed=passed, step=step, ratio=ratio[i], died=died[i]) -> float:
            risk = ratio * np.exp(found.association * u)
            scores = norm.pdf(rest, u, np.sqrt(found.residual)).prod() * norm.pdf(u, 0, np.sqrt(found.spread[0, 0]))
            return float(scores * (risk * step if died else 1.0) * np.exp(-risk * passed))

        total += np.log(
            quad(density, rest.mean() - 20, rest.mean() + 20, points=[rest.mean()], epsabs=0, epsrel=1e-10)[0]
        )
    assert found.log_likelihood == pytest.approx(total, abs=1e-5)


def test_the_end_of_the_search_is_the_greatest_likelihood() -> None:
    """Each parameter moved by a twentieth, either way, is less likely."""
    values, fixed, visits, times, died, arm = drawn(3, 150)
    found = hazard_joint_model.fit(values, fixed, visits, times, died, arm, tolerance=1e-6)
    data = hazard_joint_model._Data(values, fixed, visits, times, died, arm, False)
    state = {
        "effects": found.effects, "log_ratios": found.log_ratios, "association": found.association,
        "spread": found.spread, "residual": found.residual, "hazard": found.hazard,
    }  # fmt: skip
    assert hazard_joint_model._log_likelihood(data, hazard_joint_model._State(**state)) == found.log_likelihood
    for name, value in state.items():
        for place in np.ndindex(np.shape(value)):
            if name == "hazard" and place[0] % 10:
                continue
            for factor in (0.95, 1.05):
                moved = np.array(value, dtype=float)
                moved[place] *= factor
                other = hazard_joint_model._State(**{**state, name: moved})
                assert hazard_joint_model._log_likelihood(data, other) < found.log_likelihood, (name, place, factor)


def test_without_deaths_there_is_no_fit() -> None:
    values, fixed, visits, times, died, arm = drawn(4, 20)
    with pytest.raises(joint_model.NotFitted, match="nobody died"):
        hazard_joint_model.fit(values, fixed, visits, times, died & False, arm)
