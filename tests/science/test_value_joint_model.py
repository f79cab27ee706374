"""The joint model with the marker's present value gives JMbayes2's posterior, within Monte-Carlo error."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reference_rows import given
from scipy.optimize import approx_fprime

from charcot.trials.statistics import joint_model, value_joint_model

# Rule, fixed before the first run on these rows. JMbayes2's figures are means over three chains, and it prints R-hat:
# R^2 - 1 is about the variance of a chain's mean in units of the posterior variance, so that a third of it is the
# Monte-Carlo variance of the printed mean. 1/300 is added, for R of three chains is itself rough (and for the draws
# here). Means may differ by three of these errors, standard deviations by as many in proportion (a standard deviation
# from N independent draws errs by 1/sqrt(2 N)). Of D no R is printed: 1.02 is taken, as of the association.
# mean, standard deviation, R-hat
PRINTED = {
    "b0_0": (0.7239, 0.1720, 0.9997),
    "b1_0": (0.2668, 0.0381, 1.0024),
    "b0_1": (-0.2639, 0.1823, 0.9999),
    "b1_1": (-0.0886, 0.0404, 1.0028),
    "g_0": (-0.1581, 0.2717, 1.0015),
    "a": (1.2433, 0.0847, 1.0183),
    "s": (0.3465, 0.0065, 1.0101),
}
SPREAD = {"sd0": 1.0028, "sd1": 0.1829, "correlation": 0.3994}


def monte_carlo(r_hat: float) -> float:
    return float(np.sqrt(max(r_hat**2 - 1, 0) / 3 + 1 / 300))


def wide(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Values and times of visits, (patients, most visits)."""
    place = rows.groupby("id").cumcount()
    who = rows["id"].astype(int).rank(method="dense").astype(int) - 1
    shape = (who.max() + 1, place.max() + 1)
    values, visits = np.full(shape, np.nan), np.full(shape, np.nan)
    values[who, place], visits[who, place] = np.log(rows["serBilir"]), rows["year"]
    return values, visits


@pytest.fixture(scope="module")
def found() -> value_joint_model.ValueFit:
    rows = given("pbc2")
    values, visits = wide(rows)
    people = rows.drop_duplicates("id")
    assert len(people) == 312
    assert np.isfinite(values).sum() == 1945
    female = (people["sex"] == "female").to_numpy(float)[:, None]
    died = (people["status"] != "alive").to_numpy()
    assert died.sum() == 169
    columns = np.concatenate([np.ones_like(female), female], axis=1)
    return value_joint_model.fit(values, visits, columns, people["years"].to_numpy(), died, female, 1500, 1)


def test_the_posterior_is_what_jmbayes2_printed(found: value_joint_model.ValueFit) -> None:
    assert found.effective > 300
    at = {name: place for place, name in enumerate(found.names)}
    means = {name: found.means[at[name]] for name in PRINTED}
    assert means == {
        name: pytest.approx(mean, abs=3 * sd * monte_carlo(r_hat)) for name, (mean, sd, r_hat) in PRINTED.items()
    }
    ratios = {name: np.log(found.deviations[at[name]] / PRINTED[name][1]) for name in PRINTED if name != "g_0"}
    assert ratios == {name: pytest.approx(0, abs=3 * monte_carlo(PRINTED[name][2]) / 2**0.5) for name in ratios}
    sds = np.sqrt(np.diag(found.covariance))
    spread = {"sd0": sds[0], "sd1": sds[1], "correlation": found.covariance[0, 1] / sds.prod()}
    assert spread == {
        name: pytest.approx(value, abs=3 * found.deviations[at[name]] * monte_carlo(1.02))
        for name, value in SPREAD.items()
    }


@pytest.mark.xfail(
    strict=True,
    reason="0.216 here, 0.272 printed. JMbayes2 (0.6-5, src/mcmc_fit.cpp) draws a new precision of the splines and "
    "then accepts g against the posterior density at the old one, which widens g and no other; that step in a sampler "
    "of the hazard alone widens g from 0.206 to 0.269",
)
def test_the_spread_of_the_covariate_is_what_jmbayes2_printed(found: value_joint_model.ValueFit) -> None:
    _, deviation, r_hat = PRINTED["g_0"]
    ratio = found.deviations[found.names.index("g_0")] / deviation
    assert np.log(ratio) == pytest.approx(0, abs=3 * monte_carlo(r_hat) / 2**0.5)


def drawn(seed: int, patients: int) -> tuple[np.ndarray, ...]:
    """Patients of two arms whose hazard is 0.02 a month at a value of 0; its log rises by 0.5 for a unit of it."""
    random = np.random.default_rng(seed)
    visits = np.broadcast_to(2.0 * np.arange(7), (patients, 7)).copy()
    arm = np.arange(patients) % 2
    u = random.multivariate_normal([0, 0], [[1.0, 0.03], [0.03, 0.01]], patients)
    step = 0.02
    grid = np.arange(step, 12, step)
    start, slope = 1.0 + u[:, :1], 0.15 - 0.1 * arm[:, None] + u[:, 1:]
    hazard = 0.02 * np.exp(-0.3 * arm[:, None] + 0.5 * (start + slope * grid))
    dies = random.random(hazard.shape) < step * hazard
    died = dies.any(axis=1)
    times = np.where(died, grid[dies.argmax(axis=1)], 12.0)
    values = start + slope * visits + 0.4 * random.standard_normal(visits.shape)
    values[visits > times[:, None]] = np.nan
    columns = np.stack([np.ones(patients), arm], axis=1).astype(float)
    return values, visits, columns, times, died, columns[:, 1:]


def test_the_model_gives_back_what_it_was_drawn_from() -> None:
    data = drawn(1, 800)
    assert 0.25 < data[4].mean() < 0.5
    found = value_joint_model.fit(*data, draws=600, seed=1, points=5)
    truth = np.array([1.0, 0.0, 0.15, -0.1, -0.3, 0.5, 0.4, 1.0, 0.1, 0.3])
    assert np.all(np.abs(found.means - truth) < 3.5 * found.deviations), (found.means, found.deviations)
    assert found.deviations[found.names.index("a")] < 0.1
    assert found.effective > 100
    # the mode is near the means: what is far in the draws is near in the posterior
    assert np.all(np.abs(found.mode - found.means) < 0.6 * found.deviations)


def test_the_gradient_is_that_of_the_density() -> None:
    data = drawn(2, 60)
    posterior = value_joint_model._Posterior(*data, points=11)
    theta = posterior.start() + 0.05 * np.random.default_rng(3).standard_normal(len(posterior.start()))
    theta[posterior.splines + 1] = 0.4  # the association
    exact = posterior._evaluate(theta, True)[1]
    by_differences = approx_fprime(theta, posterior.deviance, 1e-6)
    np.testing.assert_allclose(exact, by_differences, rtol=2e-3, atol=0.02)


def test_without_deaths_there_is_no_fit() -> None:
    values, visits, columns, times, died, covariates = drawn(4, 20)
    with pytest.raises(joint_model.NotFitted, match="nobody died"):
        value_joint_model.fit(values, visits, columns, times, died & False, covariates, 10, 1)
