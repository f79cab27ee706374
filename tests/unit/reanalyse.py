"""Every endpoint of one trial, computed anew from its exported tables. Nothing of Charcot is imported.

    python tests/unit/reanalyse.py RUN/tables          # Parquet, or CSV where a table is there as .csv alone

Prints JSON: endpoint -> the estimate of the one active arm against the reference. Written from the description of the
analyses (docs/trials.md) with pandas, SciPy, statsmodels and lifelines; likelihoods are dense and searched numerically.
"""

from __future__ import annotations

import json
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm
from lifelines import KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from scipy.stats import norm, rankdata
from statsmodels.duration.hazard_regression import PHReg

MONTH = 365.25 / 12


class Trial:
    """The tables as arrays: patients by visits, the active arm as 1."""

    def __init__(self, folder: Path, active: str) -> None:
        people = self._read(folder, "ADSL").query("FASFL == 'Y'")
        self.ids, self.arm = list(people["USUBJID"]), (people["ARMCD"] == active).to_numpy(float)
        self.foretold = people["FORECAST"].to_numpy(float)
        self.scores = self._wide(self._read(folder, "ADQS"), "ALSFRSR")
        laboratory = self._read(folder, "ADLB")
        self.capacity, self.nfl = self._wide(laboratory, "SVC"), self._wide(laboratory, "NFL")
        ends = self._read(folder, "ADTTE").set_index("USUBJID").loc[self.ids]
        self.times, self.died = ends["AVAL"].to_numpy(float), (ends["CNSR"] == 0).to_numpy()

    @staticmethod
    def _read(folder: Path, name: str) -> pd.DataFrame:
        stored = folder / f"{name}.parquet"
        return pd.read_parquet(stored) if stored.is_file() else pd.read_csv(folder / f"{name}.csv")

    def _wide(self, rows: pd.DataFrame, code: str) -> np.ndarray:
        one = rows[rows["PARAMCD"] == code]
        self.days = np.sort(one["VISITDAY"].unique()).astype(float)
        return one.pivot(index="USUBJID", columns="AVISITN", values="AVAL").reindex(self.ids).to_numpy(float)


def regression(change: np.ndarray, base: np.ndarray, arm: np.ndarray) -> float:
    """The arms' difference in a change, the baseline being equal."""
    known = np.isfinite(change)
    columns = sm.add_constant(np.column_stack([base, arm])[known])
    return float(sm.OLS(change[known], columns).fit().params[-1])


def last_of(change: np.ndarray) -> np.ndarray:
    """Each patient's last value after baseline."""
    later = pd.DataFrame(change[:, 1:]).ffill(axis=1)
    return later.iloc[:, -1].to_numpy(float)


# Likelihoods: patients with the same visits together ----------------------------------------------------------------


def patterns(values: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    seen = np.isfinite(values)
    kinds = np.unique(seen, axis=0)
    return [(kind, np.flatnonzero((seen == kind).all(axis=1))) for kind in kinds if kind.any()]


def restricted(values: np.ndarray, columns: np.ndarray, covariance: np.ndarray) -> tuple[float, np.ndarray]:
    """-2 log REML (without its constant) and the effects, at one covariance; columns (patients, visits, p)."""
    size = columns.shape[2]
    left, right, logs, square = np.zeros((size, size)), np.zeros(size), 0.0, 0.0
    for kind, rows in patterns(values):
        factor = cho_factor(covariance[np.ix_(kind, kind)], lower=True)
        x, y = columns[np.ix_(rows, kind)], values[np.ix_(rows, kind)]
        flat = x.transpose(1, 0, 2).reshape(kind.sum(), -1)
        weighted = cho_solve(factor, flat).reshape(kind.sum(), len(rows), size)
        left += np.einsum("tip,itq->pq", weighted, x)
        right += np.einsum("tip,it->p", weighted, y)
        square += float(np.sum(y.T * cho_solve(factor, y.T)))
        logs += 2 * len(rows) * float(np.log(np.diag(factor[0])).sum())
    effects = np.linalg.solve(left, right)
    return logs + np.linalg.slogdet(left)[1] + square - float(right @ effects), effects


def searched(deviance, start: np.ndarray) -> np.ndarray:  # type: ignore[no-untyped-def]
    found = minimize(deviance, start, method="BFGS", options={"gtol": 1e-6, "maxiter": 500})
    return np.asarray(minimize(deviance, found.x, method="BFGS", options={"gtol": 1e-7}).x)


def slope(values: np.ndarray, months: np.ndarray, arm: np.ndarray) -> float:
    """A random intercept and slope for each patient; the arms share the intercept."""
    line = np.column_stack([np.ones(len(months)), months])
    columns = np.stack([np.broadcast_to(line[:, k], values.shape) for k in (0, 1)] + [np.outer(arm, months)], axis=2)

    def covariance(theta: np.ndarray) -> np.ndarray:
        root = np.array([[np.exp(theta[0]), 0.0], [theta[1], np.exp(theta[2])]])
        return line @ root @ root.T @ line.T + np.exp(2 * theta[3]) * np.eye(len(months))

    spread = np.log(np.nanstd(values[:, 0]) + 1e-3)
    theta = searched(
        lambda theta: restricted(values, columns, covariance(theta))[0], np.array([spread, 0.0, -0.7, spread - 1])
    )
    return float(restricted(values, columns, covariance(theta))[1][2])


class Repeated:
    """change = visit + visit x baseline + visit x arm, any covariance."""

    def __init__(self, values: np.ndarray, arm: np.ndarray) -> None:
        self.base, self.arm = values[:, 0] - values[:, 0].mean(), arm
        self.change = (values - values[:, :1])[:, 1:]
        self.visits = self.change.shape[1]
        theta = searched(
            lambda theta: restricted(self.change, self.columns(arm), self.covariance(theta))[0], self.start()
        )
        self.v = self.covariance(theta)
        self.effects = restricted(self.change, self.columns(arm), self.v)[1]

    def columns(self, arm: np.ndarray) -> np.ndarray:
        each = np.column_stack([np.ones(len(arm)), self.base, arm])
        return np.einsum("ik,tu->itku", each, np.eye(self.visits)).reshape(len(arm), self.visits, -1)

    def start(self) -> np.ndarray:
        both = pd.DataFrame(self.change).cov().to_numpy()
        root = np.linalg.cholesky(both * (0.9 + 0.1 * np.eye(self.visits)) + 0.05 * np.diag(np.diag(both)))
        root[np.diag_indices(self.visits)] = np.log(np.diag(root))
        return np.asarray(root[np.tril_indices(self.visits)])

    def covariance(self, theta: np.ndarray) -> np.ndarray:
        root = np.zeros((self.visits, self.visits))
        root[np.tril_indices(self.visits)] = theta
        root[np.diag_indices(self.visits)] = np.exp(np.diag(root))
        return np.asarray(root @ root.T)

    @property
    def last(self) -> float:
        return float(self.effects[-1])

    def as_reference(self, jump: bool) -> float:
        """Who did not come to the last visit as a patient of the reference arm, from then on or all along."""
        own, other = self.columns(self.arm) @ self.effects, self.columns(0 * self.arm) @ self.effects
        filled = self.change.copy()
        for i, row in enumerate(self.change):
            seen = np.isfinite(row)
            if seen.all():
                continue
            left = not seen[-1]
            before, after = (own[i] if jump or not left else other[i]), (other[i] if left else own[i])
            filled[i, ~seen] = after[~seen]
            if seen.any():
                pull = np.linalg.solve(self.v[np.ix_(seen, seen)], (row - before)[seen])
                filled[i, ~seen] += self.v[np.ix_(~seen, seen)] @ pull
        return regression(filled[:, -1], self.base, self.arm)


def joint_slope(trial: Trial) -> float:
    """A random line for each patient, and a logarithm of the time to death that depends on it: normal together."""
    months, values = trial.days / MONTH, trial.scores
    line, logs = np.column_stack([np.ones(len(months)), months]), np.log(np.maximum(trial.times, 1e-300))

    def deviance(theta: np.ndarray) -> float:
        b0, b1, d, c, shift, a0, a1 = theta[:7]
        s, u0, u1, rho, v = np.exp(theta[7]), np.exp(theta[8]), np.exp(theta[9]), np.tanh(theta[10]), np.exp(theta[11])
        spread = np.array([[u0**2, rho * u0 * u1], [rho * u0 * u1, u1**2]])
        pull = np.array([a0 / u0, a1 / u1])
        total = 0.0
        for kind, rows in patterns(values):
            z = line[kind]
            both = z @ spread @ z.T + s**2 * np.eye(kind.sum())
            factor = cho_factor(both, lower=True)
            rest = values[np.ix_(rows, kind)] - b0 - np.outer(b1 + d * trial.arm[rows], months[kind])
            weights = cho_solve(factor, z @ spread @ pull)
            own = np.sqrt(pull @ spread @ pull + v**2 - weights @ z @ spread @ pull)
            total += len(rows) * (kind.sum() * np.log(2 * np.pi) + 2 * np.log(np.diag(factor[0])).sum())
            total += float(np.sum(rest.T * cho_solve(factor, rest.T)))
            score = (logs[rows] - c - shift * trial.arm[rows] - rest @ weights) / own
            dead = trial.died[rows]
            total -= 2 * float(np.where(dead, norm.logpdf(score) - np.log(own), norm.logsf(score)).sum())
        return total

    rough = regression(last_of(values - values[:, :1]), values[:, 0], trial.arm)
    start = np.array([40, -1, rough / months[-1], logs.max() + 0.3, 0, 0.1, 0.1, 0.3, 1.3, -0.7, 0.1, -0.5])
    return float(searched(deviance, start)[2])


# Pairs and times ------------------------------------------------------------------------------------------------------


def better(trial: Trial, i: int, j: int) -> bool:
    """Who lived longer; where nobody is known to have, who lost less by the last visit that both attended."""
    if trial.died[j] and (trial.times[i] > trial.times[j] or (trial.times[i] == trial.times[j] and not trial.died[i])):
        return True
    if trial.died[i] and (trial.times[j] > trial.times[i] or trial.times[j] == trial.times[i]):
        return False
    common = np.flatnonzero(np.isfinite(trial.scores[i]) & np.isfinite(trial.scores[j]))
    if not len(common) or common[-1] == 0:
        return False
    mine, theirs = (trial.scores[k, common[-1]] - trial.scores[k, 0] for k in (i, j))
    return bool(mine > theirs)


def of_pairs(trial: Trial) -> dict[str, float]:
    count = len(trial.arm)
    table = np.array([[i != j and better(trial, i, j) for j in range(count)] for i in range(count)])
    ranks = rankdata(table.sum(axis=1) - table.sum(axis=0).astype(float))
    active = trial.arm == 1
    wins, losses = table[np.ix_(active, ~active)].sum(), table[np.ix_(~active, active)].sum()
    half = (active.sum() * (~active).sum() - wins - losses) / 2
    return {
        "joint_rank": float(ranks[active].mean() - ranks[~active].mean()),
        "win_ratio": float(wins / losses),
        "win_odds": float((wins + half) / (losses + half)),
    }


def net_benefit(trial: Trial) -> float:
    """Chance of an active patient to live longer, less the reverse; hidden times by Kaplan and Meier of the own arm."""
    clouds = []
    for arm in (1, 0):
        mine = trial.arm == arm
        curve = KaplanMeierFitter().fit(trial.times[mine], trial.died[mine]).survival_function_.iloc[:, 0]
        drops = -np.diff(curve.to_numpy(), prepend=1.0)
        jumps = [(float(t), float(drop)) for t, drop in zip(curve.index, drops, strict=True) if drop > 1e-12]
        end, left = trial.times[mine].max(), float(curve.iloc[-1])
        cloud = []
        for time, died in zip(trial.times[mine], trial.died[mine], strict=True):
            if died:
                cloud.append([(time, 1.0, True)])
                continue
            later = [(t, drop, True) for t, drop in jumps if t > time]
            whole = sum(part[1] for part in later) + left
            cloud.append([(t, drop / whole, True) for t, drop, _ in later] + [(end, left / whole, False)])
        clouds.append(cloud)

    def beats(one: tuple[float, float, bool], other: tuple[float, float, bool]) -> bool:
        return other[2] and (one[0] > other[0] or (not one[2] and one[0] == other[0]))

    total = 0.0
    for mine, theirs in product(*clouds):
        for one, other in product(mine, theirs):
            total += one[1] * other[1] * (float(beats(one, other)) - float(beats(other, one)))
    return total / (len(clouds[0]) * len(clouds[1]))


def of_times(trial: Trial) -> dict[str, float]:
    active = trial.arm == 1
    excess = variance = 0.0
    for time in np.unique(trial.times[trial.died]):
        risk, mine = trial.times >= time, (trial.times >= time) & active
        dead = trial.died & (trial.times == time)
        n, n1, d = risk.sum(), mine.sum(), dead.sum()
        excess += (dead & active).sum() - d * n1 / n
        variance += d * n1 / n * (1 - n1 / n) * (n - d) / max(n - 1, 1)
    ends = [trial.times[active == side].max() for side in (True, False)]
    horizon = min([trial.days[-1], *ends])
    means = [
        restricted_mean_survival_time(KaplanMeierFitter().fit(trial.times[side], trial.died[side]), t=horizon)
        for side in (active, ~active)
    ]
    cox = PHReg(trial.times, trial.arm[:, None], status=trial.died, ties="efron").fit(disp=False)
    return {
        "survival": float(np.exp(cox.params[0])),
        "survival_log_rank": float(np.exp(excess / variance)),
        "survival_rmst": float((means[0] - means[1]) / MONTH),
        "survival_net_benefit": net_benefit(trial),
    }


def main(folder: Path, active: str) -> dict[str, float]:
    trial = Trial(folder, active)
    change, months = trial.scores - trial.scores[:, :1], trial.days / MONTH
    logs = np.log(trial.nfl)
    carried = regression(last_of(change), trial.scores[:, 0], trial.arm)
    function = Repeated(trial.scores, trial.arm)
    return {
        "alsfrs_r_change_observed": regression(change[:, -1], trial.scores[:, 0], trial.arm),
        "alsfrs_r_change_locf": carried,
        "alsfrs_r_rate_locf": carried / months[-1],
        "alsfrs_r_change_prognostic": regression(
            change[:, -1], np.column_stack([trial.scores[:, 0], trial.foretold]), trial.arm
        ),
        "nfl_ratio": float(np.exp(regression(logs[:, -1] - logs[:, 0], logs[:, 0], trial.arm))),
        "alsfrs_r_slope": slope(trial.scores, months, trial.arm),
        "vital_capacity_slope": slope(trial.capacity, months, trial.arm),
        "alsfrs_r_mmrm": function.last,
        "alsfrs_r_jump_to_reference": function.as_reference(jump=True),
        "alsfrs_r_copy_reference": function.as_reference(jump=False),
        "vital_capacity_mmrm": Repeated(trial.capacity, trial.arm).last,
        "alsfrs_r_joint_slope": joint_slope(trial),
        **of_pairs(trial),
        **of_times(trial),
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2])))
