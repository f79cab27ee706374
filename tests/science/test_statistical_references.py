"""The kernels of the analyses give the figures that others printed, and agree with the same equations written densely.

Where the rows come from is said in ``rows/README.md``. Wins are in ``test_references_of_wins.py``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reference_rows import given
from scipy.stats import norm

from charcot.core import mixed_model
from charcot.core.estimates import survival_curve
from charcot.trials.statistics import (
    ancova,
    covariances,
    group_sequential,
    leave_one_out,
    reference_based,
    repeated_measures,
    time_to_event,
)

# --- MMRM: PROC MIXED on fev_data ---------------------------------------------------------------------------------
# PROC MIXED stops when a Newton step promises less than 1e-8 of the deviance; the search here goes on. Its last digit
# can therefore differ by one, and its deviance lies up to 1e-5 above the least.


class Fev:
    def __init__(self) -> None:
        rows = given("fev_data")
        wide = rows.pivot(index="USUBJID", columns="AVISIT", values="FEV1")
        people = rows.drop_duplicates("USUBJID").set_index("USUBJID").loc[wide.index]
        self.values = wide.to_numpy()
        shape = self.values.shape
        ones = np.ones((*shape, 1))
        self.one = ones
        self.treated = ones * (people["ARMCD"] == "TRT").to_numpy()[:, None, None]
        self.female = ones * (people["SEX"] == "Female").to_numpy()[:, None, None]
        self.black = ones * people["RACE"].str.startswith("Black").to_numpy()[:, None, None]
        self.white = ones * (people["RACE"] == "White").to_numpy()[:, None, None]
        self.visits = np.broadcast_to(np.eye(shape[1])[:, 1:], (*shape, shape[1] - 1))


def errors(found: repeated_measures.Fit) -> np.ndarray:
    return np.sqrt(np.diag(found.covariance))


def test_mmrm_gives_what_proc_mixed_printed() -> None:
    fev = Fev()
    columns = [fev.one, fev.black, fev.white, fev.female, fev.treated, fev.visits, fev.visits * fev.treated]
    found = repeated_measures.fit(fev.values, np.concatenate(columns, axis=2))
    assert 3386.44987722 - 1e-5 < found.deviance <= 3386.44987722
    printed = {  # position: estimate, standard error, degrees of freedom
        0: (30.7774, 0.8865, 219), 1: (1.5305, 0.6244, 169), 2: (5.6436, 0.6656, 157), 3: (0.3262, 0.5319, 166),
        4: (3.7745, 1.0741, 146), 5: (4.8396, 0.8016, 144), 6: (10.3422, 0.8227, 156), 7: (15.0537, 1.3129, 138),
        8: (-0.04231, 1.1292, 139), 9: (-0.6939, 1.1876, 158), 10: (0.6240, 1.8510, 130),
    }  # fmt: skip
    units = np.eye(11)
    for place, (estimate, error, freedom) in printed.items():
        assert found.effects[place] == pytest.approx(estimate, abs=2.5e-4)
        assert errors(found)[place] == pytest.approx(error, abs=1.5e-4)
        assert round(found.freedom(units[place])) == freedom
    np.testing.assert_allclose(np.diag(found.visits), [40.5509, 26.5692, 14.8970, 95.5528], rtol=1e-4)
    lasting = np.array([0, 0, 0, 0, 1.0, 0, 0, 0, 0, 0, 1.0])  # the arms at visit 4
    assert lasting @ found.effects == pytest.approx(4.3985, abs=2.5e-4)
    for visit, (difference, error, freedom) in {8: (3.7322, 0.8588, 145), 9: (3.0806, 0.6896, 131)}.items():
        row = units[4] + units[visit]
        assert row @ found.effects == pytest.approx(difference, abs=1.5e-4)
        assert np.sqrt(row @ found.covariance @ row) == pytest.approx(error, abs=1.5e-4)
        assert round(found.freedom(row)) == freedom
    for arm, (mean, error, freedom) in {1.0: (52.7841, 1.1877, 133), 0.0: (48.3855, 1.1886, 134)}.items():
        row = np.array([1, 1 / 3, 1 / 3, 0.5, arm, 0, 0, 1, 0, 0, arm])  # least-squares mean at visit 4
        assert row @ found.effects == pytest.approx(mean, abs=2.5e-4)
        assert np.sqrt(row @ found.covariance @ row) == pytest.approx(error, abs=1.5e-4)
        assert round(found.freedom(row)) == freedom
    arms = units[4:5] + units[8:].mean(axis=0) * 0.75
    statistic, freedom = found.test(arms)
    assert (round(statistic, 2), round(freedom)) == (31.67, 169)
    statistic, freedom = found.test(units[5:8] + 0.5 * units[8:])
    assert statistic == pytest.approx(142.11, abs=0.01)
    assert round(freedom) == 148


def test_smaller_mmrms_give_what_proc_mixed_printed() -> None:
    fev = Fev()
    alone = repeated_measures.fit(fev.values, fev.one)
    assert alone.deviance == pytest.approx(3700.9465, abs=5e-5)
    assert alone.effects[0] == pytest.approx(42.8338, abs=1e-3)
    assert errors(alone)[0] == pytest.approx(0.3509, abs=1e-4)
    assert round(alone.freedom(np.ones(1))) == 171
    both = repeated_measures.fit(fev.values, np.concatenate([fev.one, fev.treated, fev.female], axis=2))
    assert both.deviance == pytest.approx(3666.96698, abs=1e-5)
    assert both.effects[1] == pytest.approx(3.8265, abs=5e-5)
    assert errors(both)[1] == pytest.approx(0.6421, abs=1e-4)
    assert round(both.freedom(np.eye(3)[1])) == 161
    printed = [108.64, 45.5282, 40.1475, -2.4314, 0.8698, 24.7713, -46.7566, -13.0626, 18.9219, 152.49]
    assert both.visits[np.tril_indices(4)] == pytest.approx(printed, rel=2e-3, abs=2e-3)


@pytest.mark.parametrize(
    ("structure", "error", "freedom", "tolerance"),
    [
        (covariances.UNSTRUCTURED, 0.66124382270307, 160.733266403768, 3e-4),
        (covariances.AUTOREGRESSIVE, 0.95865439662225, 188.46934887972, 1e-6),
        (covariances.TOEPLITZ_BY_VISIT, 0.72537324518435, 180.062730071701, 1e-4),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_kenward_and_rogers_adjustment_is_that_of_proc_mixed(
    structure: covariances.Structure, error: float, freedom: float, tolerance: float
) -> None:
    fev = Fev()
    found = repeated_measures.fit(fev.values, np.concatenate([fev.one, fev.treated], axis=2), structure)
    assert np.sqrt(found.adjusted[1, 1]) == pytest.approx(error, rel=tolerance)
    assert found.freedom(np.array([0.0, 1.0])) == pytest.approx(freedom, rel=tolerance)


@pytest.mark.parametrize(
    ("structure", "parameters", "deviance", "intercept"),
    [
        (covariances.AUTOREGRESSIVE, ("88.9866", "0.4272"), 3875.5, ("42.3255", "0.5013", 188)),
        (covariances.COMPOUND, ("86.8968", "0.067831"), 3918.0, ("42.2896", "0.4285", 187)),
        (
            covariances.AUTOREGRESSIVE_BY_VISIT, ("92.3009", "38.5178", "35.2148", "176.37", "0.4130"), 3740.0,
            ("41.6955", "0.3947", 191),
        ),
        (
            covariances.COMPOUND_BY_VISIT, ("104.61", "38.6137", "31.3143", "178.91", "0.1582"), 3784.9,
            ("41.9964", "0.3575", 199),
        ),
        (
            covariances.TOEPLITZ_BY_VISIT,
            ("90.4041", "38.5927", "36.1518", "175.78", "0.4295", "0.04570", "-0.3116"), 3722.4,
            ("41.6726", "0.3822", 185),
        ),
    ],
    ids=lambda value: getattr(value, "name", None),
)  # fmt: skip
def test_every_covariance_that_an_mmrm_falls_back_to_is_that_of_proc_mixed(
    structure: covariances.Structure, parameters: tuple[str, ...], deviance: float, intercept: tuple[str, str, int]
) -> None:
    """The listings of an intercept alone; of compound symmetry PROC MIXED prints 5.8943 and 81.0025, whose sum and
    share are given here. Its search ends sooner, and its covariance is met as that of the smaller MMRMs above; the
    deviance at what it printed is not below the one found."""
    fev = Fev()
    found = repeated_measures.fit(fev.values, fev.one, structure)
    assert round(found.deviance, 1) == deviance
    theirs = np.array(parameters, dtype=float)
    assert found.parameters == pytest.approx(theirs, rel=2e-3, abs=2e-3)
    assert 0 <= Dense(fev.values, fev.one, structure).deviance(theirs) - found.deviance < 1e-3
    for ours, printed in zip((found.effects[0], errors(found)[0]), intercept[:2], strict=True):
        assert ours == pytest.approx(float(printed), abs=1e-3)
    assert round(found.freedom(np.ones(1))) == intercept[2]


# --- MMRM: the same equations, written densely --------------------------------------------------------------------

STRUCTURES = [
    covariances.UNSTRUCTURED, covariances.TOEPLITZ_BY_VISIT, covariances.AUTOREGRESSIVE_BY_VISIT,
    covariances.COMPOUND_BY_VISIT, covariances.TOEPLITZ, covariances.AUTOREGRESSIVE, covariances.COMPOUND,
]  # fmt: skip


def small(seed: int, patients: int = 40, visits: int = 4) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    lags = np.abs(np.subtract.outer(np.arange(visits), np.arange(visits)))
    scale = 1 + 0.3 * np.arange(visits)
    covariance = np.outer(scale, scale) * 0.6**lags
    values = random.multivariate_normal(np.zeros(visits), covariance, patients)
    values[random.random(values.shape) < 0.15] = np.nan
    arm = np.arange(patients) % 2
    identity = np.broadcast_to(np.eye(visits), (patients, visits, visits))
    return values, np.concatenate([identity, identity * arm[:, None, None]], axis=2)


class Dense:
    """All observations as one vector with one large covariance."""

    def __init__(self, values: np.ndarray, fixed: np.ndarray, structure: covariances.Structure) -> None:
        self.seen = np.isfinite(values).ravel()
        self.y, self.x = values.ravel()[self.seen], fixed.reshape(-1, fixed.shape[2])[self.seen]
        self.patients, self.visits, self.structure = len(values), values.shape[1], structure

    def spread(self, matrix: np.ndarray) -> np.ndarray:
        return np.kron(np.eye(self.patients), matrix)[np.ix_(self.seen, self.seen)]

    def deviance(self, theta: np.ndarray) -> float:
        v = self.spread(self.structure.build(theta, self.visits).matrix)
        inverse = np.linalg.inv(v)
        information = self.x.T @ inverse @ self.x
        rest = self.y - self.x @ np.linalg.solve(information, self.x.T @ inverse @ self.y)
        constant = (len(self.y) - self.x.shape[1]) * np.log(2 * np.pi)
        logs = np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1]
        return float(constant + logs + rest @ inverse @ rest)

    def adjusted(self, theta: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """Kenward and Roger (1997), section 2, with derivatives by differences."""
        inverse = np.linalg.inv(self.spread(self.structure.build(theta, self.visits).matrix))
        phi = np.linalg.inv(self.x.T @ inverse @ self.x)
        step = 1e-4 * np.maximum(np.abs(theta), 0.1)

        def matrix(change: np.ndarray) -> np.ndarray:
            return self.spread(self.structure.build(theta + change, self.visits).matrix)

        units = np.diag(step)
        first = [(matrix(u) - matrix(-u)) / (2 * h) for u, h in zip(units, step, strict=True)]
        total = np.zeros_like(phi)
        for j, hj in enumerate(step):
            pj = -self.x.T @ inverse @ first[j] @ inverse @ self.x
            for k, hk in enumerate(step):
                pk = -self.x.T @ inverse @ first[k] @ inverse @ self.x
                q = self.x.T @ inverse @ first[j] @ inverse @ first[k] @ inverse @ self.x
                corners = matrix(units[j] + units[k]) - matrix(units[j] - units[k])
                second = (corners - matrix(units[k] - units[j]) + matrix(-units[j] - units[k])) / (4 * hj * hk)
                r = self.x.T @ inverse @ second @ inverse @ self.x
                total += spread[j, k] * (q - pj @ phi @ pk - r / 4)
        return phi + 2 * phi @ total @ phi


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda s: s.name)
def test_mmrm_is_the_dense_likelihood_at_its_least(structure: covariances.Structure) -> None:
    values, fixed = small(3)
    found = repeated_measures.fit(values, fixed, structure)
    dense = Dense(values, fixed, structure)
    theta = found.parameters
    assert found.deviance == pytest.approx(dense.deviance(theta), rel=1e-10)
    step = 1e-3 * np.maximum(np.abs(theta), 0.1)
    units = np.diag(step)
    for unit in units:
        assert min(dense.deviance(theta + unit), dense.deviance(theta - unit)) > found.deviance
    observed = [
        [
            dense.deviance(theta + a + b) - dense.deviance(theta + a - b)
            - dense.deviance(theta - a + b) + dense.deviance(theta - a - b)
            for b in units
        ]
        for a in units
    ] / np.outer(2 * step, 2 * step)  # fmt: skip
    np.testing.assert_allclose(2 * np.linalg.inv(observed), found.parameter_covariance, rtol=2e-3, atol=2e-4)
    np.testing.assert_allclose(found.adjusted, dense.adjusted(theta, found.parameter_covariance), rtol=1e-5, atol=1e-8)
    contrast = np.eye(fixed.shape[2])[-1]
    assert found.freedom(contrast) > 5


def test_balanced_mmrm_has_the_degrees_of_freedom_of_the_t_test() -> None:
    """Without missed visits the arms at one visit are two samples: Student's t with n - 2 degrees of freedom."""
    values, fixed = small(5, patients=30)
    values = np.where(np.isfinite(values), values, 0.3)
    found = repeated_measures.fit(values, fixed)
    last = np.eye(8)[7]
    one, other = values[1::2, 3], values[::2, 3]
    pooled = (one.var(ddof=1) + other.var(ddof=1)) / 2
    assert found.effects[7] == pytest.approx(one.mean() - other.mean())
    assert np.sqrt(found.covariance[7, 7]) == pytest.approx(np.sqrt(pooled * 2 / 15), rel=1e-6)
    assert found.freedom(last) == pytest.approx(28, rel=1e-4)
    assert found.adjusted[7, 7] == pytest.approx(found.covariance[7, 7], rel=1e-6)


def test_what_mmrm_cannot_fit_is_refused_in_words() -> None:
    values, fixed = small(7)
    with pytest.raises(repeated_measures.NotFitted, match="cannot be told apart"):
        repeated_measures.fit(values, np.concatenate([fixed, fixed[:, :, :1]], axis=2))
    with pytest.raises(repeated_measures.NotFitted, match="do not differ"):
        repeated_measures.fit(fixed @ np.arange(8.0), fixed)
    with pytest.raises(repeated_measures.NotFitted, match="no more observations"):
        repeated_measures.fit(values[:2], fixed[:2])
    apart = values.copy()
    apart[::2, 0] = np.nan
    apart[1::2, 3] = np.nan
    fixed = fixed[:, :, :4]
    with pytest.raises(repeated_measures.NotFitted, match="never attended by the same patient"):
        repeated_measures.fit(apart, fixed)
    fallback = (covariances.UNSTRUCTURED, covariances.AUTOREGRESSIVE)
    found, note = repeated_measures.first_that_fits(apart, fixed, fallback)
    assert note == ("covariance autoregressive, after unstructured: two visits were never attended by the same patient")
    assert len(found.parameters) == 2


# --- random intercept and slope: lme4 on sleepstudy ---------------------------------------------------------------


def test_random_slopes_give_what_lme4_printed() -> None:
    rows = given("sleepstudy")
    days = rows["Days"].to_numpy(float)
    both = np.column_stack([np.ones(len(days)), days])
    found = mixed_model.fit(rows["Reaction"].to_numpy(float), both, pd.factorize(rows["Subject"])[0], both)
    assert found.deviance == pytest.approx(1743.6282722424, abs=1e-6)
    assert found.effects == pytest.approx([251.405104848485, 10.467285959595], rel=1e-10)
    assert np.sqrt(np.diag(found.covariance)).round(4) == pytest.approx([6.8246, 1.5458], abs=1.01e-4)
    assert np.sqrt(np.diag(found.random)).round(3) == pytest.approx([24.741, 5.922], abs=1.01e-3)
    assert round(np.sqrt(found.residual), 3) == 25.592


# --- reference-based imputation -----------------------------------------------------------------------------------


def test_jump_to_reference_is_that_of_rbmi() -> None:
    """The vignette of the R package rbmi on inference by conditional means: visit 7 of the antidepressant trial."""
    rows = given("antidepressant")
    wide = rows.pivot(index="PATIENT", columns="VISIT", values="CHANGE")
    people = rows.drop_duplicates("PATIENT").set_index("PATIENT").loc[wide.index]
    values, base = wide.to_numpy(float), people["BASVAL"].to_numpy(float)
    drug = (people["THERAPY"] == "DRUG").to_numpy(float)
    visits = np.broadcast_to(np.eye(4), (len(values), 4, 4))
    columns = [visits, visits * (base - base.mean())[:, None, None]]
    own = np.concatenate([*columns, visits * drug[:, None, None]], axis=2)
    reference = np.concatenate([*columns, 0 * visits], axis=2)
    left = np.isnan(values).any(axis=1) & (wide.index != 3618)  # one missed a visit and went on

    def summarise(imputed: np.ndarray, kept: np.ndarray) -> np.ndarray:
        found = ancova.fit(imputed[:, -1], base[kept], drug[kept][:, None])
        return np.array([-found.estimates[-1], found.estimates[0], found.estimates[0] + found.estimates[-1]])

    asked = (values, own, reference, "jump_to_reference", left, summarise)
    found = reference_based.jackknife(*asked)
    assert found.estimates.round(3).tolist() == [2.126, -4.839, -6.965]
    assert round(np.sqrt(found.covariance[0, 0]), 3) == 0.858
    anchored = reference_based.jackknife(*asked, anchored=True)
    assert anchored.estimates.round(3)[0] == 2.126
    assert round(np.sqrt(anchored.covariance[0, 0]), 3) == 1.123


def test_fits_without_each_patient_are_the_fits_made_anew() -> None:
    """By one Newton step: with 300 patients a variance by jackknife is that of fits made anew to a thousandth."""
    values, fixed = small(9, patients=300)
    whole = repeated_measures.fit(values, fixed)
    effects, visits = leave_one_out.without_each(values, fixed, whole, covariances.UNSTRUCTURED)
    start = whole.parameters
    anew = [repeated_measures.fit(np.delete(values, k, 0), np.delete(fixed, k, 0), start=start) for k in range(300)]
    theirs = np.array([fit.effects for fit in anew])
    assert np.abs(effects - theirs).max() < 0.01 * np.abs(theirs - whole.effects).max()
    assert effects.var(axis=0) == pytest.approx(theirs.var(axis=0), rel=1e-3)
    theirs = np.array([fit.visits for fit in anew])
    assert np.abs(visits - theirs).max() < 0.05 * np.abs(theirs - whole.visits).max()


def test_conditional_means_are_those_of_the_normal_distribution() -> None:
    """Two patients by hand: V = [[4, 2], [2, 3]], the second score missing, the first one above or below its mean."""
    covariance = np.array([[4.0, 2.0], [2.0, 3.0]])
    values = np.array([[-1.0, np.nan], [-1.0, np.nan]])
    own, reference = np.array([[-2.0, -3.0]] * 2), np.array([[-4.0, -8.0]] * 2)
    left = np.array([True, False])
    for strategy, expected in (
        ("jump_to_reference", -8 + 0.5),
        ("copy_reference", -8 + 1.5),
        ("missing_at_random", -2.5),
    ):
        found = reference_based.conditional_means(values, own, reference, covariance, strategy, left)
        assert found.tolist() == [[-1.0, expected], [-1.0, -3 + 0.5]]


# --- times to an event --------------------------------------------------------------------------------------------


def test_restricted_means_and_log_rank_of_pbc_are_those_of_survrm2() -> None:
    rows = given("pbc").iloc[:312]
    years, died = rows["time"].to_numpy() / 365.25, (rows["status"] == 2).to_numpy()
    treated = (rows["trt"] == 1).to_numpy()
    one, other = (time_to_event.restricted_mean(years[arm], died[arm], 10.0) for arm in (treated, ~treated))
    assert (round(one.mean, 3), round(np.sqrt(one.variance), 3)) == (7.146, 0.283)
    assert (round(other.mean, 3), round(np.sqrt(other.variance), 3)) == (7.283, 0.295)
    difference, error = one.mean - other.mean, np.sqrt(one.variance + other.variance)
    limits = difference + error * norm.ppf([0.025, 0.975])
    assert [round(difference, 3), *limits.round(3)] == [-0.137, -0.939, 0.665]
    assert round(2 * norm.sf(abs(difference) / error), 3) == 0.738
    assert round(time_to_event.log_rank(years, died, treated).statistic, 4) == 0.1017


def test_cox_and_log_rank_of_the_leukaemia_trial_are_the_textbook_s() -> None:
    """Freireich's 42 children (Kleinbaum and Klein, Survival Analysis): 16.79; 1.572 (Efron) and 1.509 (Breslow)."""
    from lifelines.datasets import load_leukemia

    rows = load_leukemia()
    times, died, placebo = rows["t"].to_numpy(float), (rows["status"] == 1).to_numpy(), (rows["Rx"] == 1).to_numpy()
    assert round(time_to_event.log_rank(times, died, placebo).statistic, 2) == 16.79
    efron, breslow = (time_to_event.cox(times, died, placebo, ties) for ties in ("efron", "breslow"))
    assert (round(efron.log_ratio, 3), round(efron.error, 3)) == (1.572, 0.412)
    assert (round(breslow.log_ratio, 3), round(breslow.error, 3)) == (1.509, 0.410)


@pytest.mark.parametrize("seed", range(4))
def test_times_to_an_event_agree_with_kept_libraries(seed: int) -> None:
    from lifelines import KaplanMeierFitter
    from lifelines.statistics import logrank_test
    from lifelines.utils import restricted_mean_survival_time
    from statsmodels.duration.hazard_regression import PHReg

    random = np.random.default_rng(seed)
    days, died = np.ceil(random.exponential(200, 120)), np.ones(120, dtype=bool)  # whole days: ties
    died[days > 336] = False
    days = np.minimum(days, 336.0)
    active = random.random(120) < 0.5
    curve = KaplanMeierFitter().fit(days, died)
    share, low, high = time_to_event.share_alive(survival_curve(days, died), norm.ppf(0.975))
    assert share == pytest.approx(float(curve.survival_function_.iloc[-1, 0]))
    assert [low, high] == pytest.approx(curve.confidence_interval_.iloc[-1].tolist(), rel=1e-6)
    assert time_to_event.restricted_mean(days, died, 300.0).mean == pytest.approx(
        restricted_mean_survival_time(curve, t=300.0)
    )
    theirs = logrank_test(days[active], days[~active], died[active], died[~active])
    assert time_to_event.log_rank(days, died, active).statistic == pytest.approx(theirs.test_statistic, rel=1e-9)
    for ties in ("efron", "breslow"):  # lifelines knows one of them, and stops its search sooner
        line = PHReg(days, active.astype(float)[:, None], status=died, ties=ties).fit(disp=False)
        ours = time_to_event.cox(days, died, active, ties)
        assert ours.log_ratio == pytest.approx(line.params[0], abs=1e-6)
        assert ours.error == pytest.approx(line.bse[0], rel=1e-5)


def test_scores_of_the_permutation_twins_are_what_they_stand_for() -> None:
    """Influences on the restricted mean are its jackknife; the log-rank excess is the sum of the arm's residuals."""
    random = np.random.default_rng(2)
    days, died = np.ceil(random.exponential(200, 80)), random.random(80) < 0.7
    active = random.random(80) < 0.5
    whole = time_to_event.restricted_mean(days, died, 250.0).mean
    without = [
        time_to_event.restricted_mean(np.delete(days, k), np.delete(died, k), 250.0).mean for k in range(80)
    ]  # fmt: skip
    jackknife = 79 * (whole - np.array(without))
    found = time_to_event.restricted_mean_scores(days, died, 250.0)
    assert np.corrcoef(jackknife, found)[0, 1] > 0.999
    assert found.std() == pytest.approx(jackknife.std(), rel=0.03)
    excess = time_to_event.log_rank(days, died, active).excess
    assert time_to_event.martingale_residuals(days, died)[active].sum() == pytest.approx(excess)


# --- group-sequential bounds: the R package rpact ---------------------------------------------------------------------

THIRDS = (1 / 3, 2 / 3, 1.0)


@pytest.mark.parametrize(
    ("shape", "printed", "digits"),
    [
        ("obrien_fleming", (3.4710914, 2.4544323, 2.0040356), 7),
        ("pocock", (2.28948, 2.28948, 2.28948), 5),
        ("lan_demets_obrien_fleming", (3.71031, 2.51143, 1.99305), 5),
        ("lan_demets_pocock", (2.27943, 2.29491, 2.29594), 5),
    ],
)
def test_bounds_of_three_looks_are_those_of_rpact(shape: str, printed: tuple[float, ...], digits: int):
    """The last printed digit of Lan and DeMets' first bound is off by one: that bound has a closed form."""
    found = group_sequential.bounds(shape, THIRDS, 0.025)
    assert found == pytest.approx(printed, abs=(0.8 if shape == "lan_demets_obrien_fleming" else 0.6) * 10**-digits)
    if shape == "lan_demets_obrien_fleming":
        assert found[0] == pytest.approx(norm.isf(2 * norm.sf(norm.isf(0.0125) / np.sqrt(1 / 3))), abs=1e-9)


def test_what_bounds_spend_is_that_of_rpact():
    found = group_sequential.bounds("obrien_fleming", THIRDS, 0.025)
    spent = group_sequential.crossing(found, THIRDS)
    assert spent == pytest.approx((0.00025917372, 0.0071600594, 0.02499999), abs=2e-8)
    times = (0.2, 0.5, 1.0)
    spent = group_sequential.crossing(group_sequential.wang_tsiatis(0.3, times, 0.025), times)
    assert spent == pytest.approx((0.0020595603, 0.0098772988, 0.025), abs=1e-8)


def test_conditional_power_is_the_share_of_paths_that_cross():
    """Of Brownian motion at t = 0.4, z = 1.2, with the drift that this suggests."""
    random = np.random.default_rng(3)
    end = 1.2 * np.sqrt(0.4) + 0.6 * 1.2 / np.sqrt(0.4) + np.sqrt(0.6) * random.standard_normal(200_000)
    found = group_sequential.conditional_power(1.2, 0.4, 1.98)
    assert found == pytest.approx(np.mean(end > 1.98), abs=0.004)
