"""The mixed model against a dense likelihood, against another library, and at its edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from statsmodels.regression.mixed_linear_model import MixedLM

from charcot.core import mixed_model


def trial(seed: int, patients: int = 40, slope_sd: float = 0.6, missing: float = 0.2):
    """Straight courses with unequal visits: values, fixed and random columns, patients."""
    rng = np.random.default_rng(seed)
    months = np.tile(np.arange(7) * 0.92, patients)
    groups = np.repeat(np.arange(patients), 7)
    treated = (groups % 2).astype(float)
    lines = rng.multivariate_normal([0, 0], [[16, 0.5 * slope_sd], [0.5 * slope_sd, slope_sd**2]], patients)
    values = 40 + lines[groups, 0] + (-0.9 + 0.3 * treated + lines[groups, 1]) * months
    values += rng.normal(0, 1.6, len(months))
    kept = (rng.uniform(size=len(months)) > missing) | (months == 0)
    random = np.column_stack([np.ones(len(months)), months])
    fixed = np.column_stack([random, treated * months])
    return values[kept], fixed[kept], groups[kept], random[kept]


def dense(values, fixed, groups, random, between, within):
    """(deviance, effects, their covariance) with the whole covariance matrix of all observations written out."""
    together = groups[:, None] == groups[None, :]
    covariance = together * (random @ between @ random.T) + within * np.eye(len(values))
    weight = np.linalg.inv(covariance)
    information = fixed.T @ weight @ fixed
    effects = np.linalg.solve(information, fixed.T @ weight @ values)
    ordinary = multivariate_normal(fixed @ effects, covariance).logpdf(values)
    restricted = ordinary - 0.5 * np.linalg.slogdet(information)[1] + 0.5 * fixed.shape[1] * np.log(2 * np.pi)
    return -2 * restricted, effects, np.linalg.inv(information)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_fit_is_the_least_of_the_dense_deviance(seed):
    data = trial(seed)
    found = mixed_model.fit(*data)
    assert found.converged
    deviance, effects, covariance = dense(*data, found.random, found.residual)
    assert found.deviance == pytest.approx(deviance, rel=1e-9)
    np.testing.assert_allclose(found.effects, effects, rtol=1e-9)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-8)
    rng = np.random.default_rng(seed)
    factor = np.linalg.cholesky(found.random)
    for size in (0.3, 0.03, 0.003):
        for _ in range(6):
            other = factor * (1 + size * rng.normal(size=(2, 2))) * np.tri(2)
            within = found.residual * np.exp(size * rng.normal())
            assert dense(*data, other @ other.T, within)[0] > deviance - 1e-7


@pytest.mark.filterwarnings("ignore")
def test_another_library_finds_no_better_and_nearly_the_same():
    """Where the other library's search converges. Where it does not, it stops above our deviance."""
    compared = 0
    for seed in (4, 5, 6):
        values, fixed, groups, random = data = trial(seed, patients=120)
        found = mixed_model.fit(*data)
        theirs = MixedLM(values, fixed, groups, exog_re=random).fit(reml=True, method="lbfgs")
        assert dense(*data, np.asarray(theirs.cov_re), theirs.scale)[0] > found.deviance - 1e-6
        if theirs.converged:
            compared += 1
            np.testing.assert_allclose(found.effects, theirs.fe_params, rtol=2e-3)
            np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), theirs.bse_fe, rtol=2e-2)
    assert compared


def test_units_and_origin_change_nothing():
    values, fixed, groups, random = trial(6)
    found = mixed_model.fit(values, fixed, groups, random)
    days = np.array([1.0, 30.4375, 30.4375])
    other = mixed_model.fit(1000 * values + 7e6, fixed * days, groups, random * days[:2])
    np.testing.assert_allclose(other.effects[1:] * days[1:], 1000 * found.effects[1:], rtol=1e-5)
    np.testing.assert_allclose(
        np.sqrt(other.covariance[2, 2]) * days[2], 1000 * np.sqrt(found.covariance[2, 2]), rtol=1e-4
    )


def test_patients_whose_slopes_are_alike_end_at_the_edge():
    """In about half of such trials the slopes' variance is estimated as zero: there the deviance is least."""
    edges = 0
    for seed in range(12):
        data = trial(seed, patients=30, slope_sd=1e-6)
        found = mixed_model.fit(*data)
        assert found.converged, seed
        edges += found.singular
        inside = found.random + np.diag([0.0, 1e-4])
        assert dense(*data, inside, found.residual)[0] > found.deviance - 1e-6
    assert 2 <= edges <= 11


def test_what_cannot_be_fitted_is_refused_in_words():
    values, fixed, groups, random = trial(7)
    with pytest.raises(np.linalg.LinAlgError, match="cannot be told apart"):
        mixed_model.fit(values, np.column_stack([fixed, fixed[:, 0]]), groups, random)
    with pytest.raises(np.linalg.LinAlgError, match="no more observations"):
        mixed_model.fit(values[:3], np.eye(3), groups[:3], random[:3])
    with pytest.raises(np.linalg.LinAlgError, match="do not differ"):
        mixed_model.fit(fixed @ [40.0, -1.0, 0.2], fixed, groups, random)
