"""Covariances of one patient's visits: how few numbers describe them, and how they change with each number.

Every structure but the unstructured one is V_ab = sqrt(v_a v_b) c_ab(rho): variances v, one for all visits or one for
each, and a correlation c. The parameters are those of SAS PROC MIXED (variances and correlations), since the adjustment
of Kenward and Roger depends on how a covariance is written down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# rho (k,), lags (T, T) -> c (T, T), its first (k, T, T) and second derivatives (k, k, T, T)
Correlation = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Covariance:
    """V (T, T), its first derivatives (q, T, T) and its second (q, q, T, T)."""

    matrix: np.ndarray
    first: np.ndarray
    second: np.ndarray


@dataclass(frozen=True)
class Structure:
    """One structure.

    Attributes:
        name: as a note of an analysis says it.
        start: parameters (q,) near a rough covariance (T, T).
        build: parameters (q,), visits T -> :class:`Covariance`.
    """

    name: str
    start: Callable[[np.ndarray], np.ndarray]
    build: Callable[[np.ndarray, int], Covariance]


def _unstructured_start(rough: np.ndarray) -> np.ndarray:
    return rough[np.tril_indices(len(rough))]


def _unstructured(parameters: np.ndarray, visits: int) -> Covariance:
    rows, columns = np.tril_indices(visits)
    count = len(rows)
    first = np.zeros((count, visits, visits))
    first[np.arange(count), rows, columns] = first[np.arange(count), columns, rows] = 1.0
    matrix = np.zeros((visits, visits))
    matrix[rows, columns] = matrix[columns, rows] = parameters
    return Covariance(matrix, first, np.zeros((0, 0, visits, visits)))


def _equal(rho: np.ndarray, lags: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    off = (lags > 0).astype(float)
    return 1 - off + rho[0] * off, off[None], np.zeros((1, 1, *lags.shape))


def _autoregressive(rho: np.ndarray, lags: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r = float(rho[0])
    first = lags * np.power(r, np.maximum(lags - 1, 0))
    second = lags * (lags - 1) * np.power(r, np.maximum(lags - 2, 0))
    return np.power(r, lags), first[None], second[None, None]


def _banded(rho: np.ndarray, lags: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    c = np.concatenate([[1.0], rho])[lags]
    first = np.array([lags == k + 1 for k in range(len(rho))], dtype=float)
    return c, first, np.zeros((len(rho), len(rho), *lags.shape))


def _structure(name: str, each_visit: bool, lagged: bool, correlation: Correlation) -> Structure:
    """A structure of variances and a correlation; ``lagged``: one correlation for each lag."""

    def start(rough: np.ndarray) -> np.ndarray:
        visits = len(rough)
        variances = np.diag(rough)
        scale = np.sqrt(variances)
        correlations = rough / np.outer(scale, scale)
        by_lag = np.array([np.diag(correlations, k).mean() for k in range(1, visits)]) if visits > 1 else np.zeros(0)
        rho = by_lag if lagged else by_lag[: 1 if correlation is _autoregressive else None].mean(keepdims=True)
        return np.concatenate([variances if each_visit else [variances.mean()], np.clip(0.9 * rho, -0.9, 0.95)])

    def build(parameters: np.ndarray, visits: int) -> Covariance:
        count = visits if each_visit else 1
        v, rho = parameters[:count], parameters[count:]
        lags = np.abs(np.subtract.outer(np.arange(visits), np.arange(visits)))
        c, c1, c2 = correlation(rho, lags)
        scale = np.sqrt(np.broadcast_to(v, visits))
        outer = np.outer(scale, scale)
        belongs = np.eye(visits) if each_visit else np.ones((1, visits))  # (variances, visits)
        d = (belongs[:, :, None] + belongs[:, None, :]) / (2 * v[:, None, None])  # d log sqrt(v_a v_b) / d v
        matrix = outer * c
        first = np.concatenate([d * matrix, outer * c1])
        second = np.zeros((len(first), len(first), visits, visits))
        second[:count, :count] = d[:, None] * d[None, :] * matrix
        second[np.arange(count), np.arange(count)] -= d * matrix / v[:, None, None]
        second[:count, count:] = d[:, None] * (outer * c1)[None]
        second[count:, :count] = np.swapaxes(second[:count, count:], 0, 1)
        second[count:, count:] = outer * c2
        return Covariance(matrix, first, second)

    return Structure(name, start, build)


UNSTRUCTURED = Structure("unstructured", _unstructured_start, _unstructured)
TOEPLITZ_BY_VISIT = _structure("Toeplitz with a variance for each visit", True, True, _banded)
AUTOREGRESSIVE_BY_VISIT = _structure("autoregressive with a variance for each visit", True, False, _autoregressive)
COMPOUND_BY_VISIT = _structure("compound symmetry with a variance for each visit", True, False, _equal)
TOEPLITZ = _structure("Toeplitz", False, True, _banded)
AUTOREGRESSIVE = _structure("autoregressive", False, False, _autoregressive)
COMPOUND = _structure("compound symmetry", False, False, _equal)
