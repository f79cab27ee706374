"""A fitted MMRM without each of its patients in turn, all at once: one Newton step of the covariance, then the effects.

Without patient i the gradient of the restricted deviance at the fitted covariance follows exactly from sums over all
patients, less the patient's own part: with F = W X, u = W (y - X beta), M_i = M - X_i' W_i X_i and
delta_i = -M_i^-1 F_i' (y_i - X_i beta),

    dD/dV = sum W - sum F M_i^-1 F' - sum (u - F delta_i)(u - F delta_i)'      over all patients but i.

The covariance moves by a Newton step, with the second derivatives of the whole fit less what is expected of the
patient: a variance is then moved by just what the patient's square adds to it. The effects are then exact at the new
covariance. The tests hold both to fits made anew.
"""

from __future__ import annotations

import numpy as np

from charcot.trials.statistics.covariances import Structure
from charcot.trials.statistics.repeated_measures import Fit, NotFitted


def without_each(
    values: np.ndarray, fixed: np.ndarray, whole: Fit, structure: Structure
) -> tuple[np.ndarray, np.ndarray]:
    """Effects (patients, p) and covariances (patients, T, T) of the fits without each patient.

    Args:
        values: (patients, T), NaN where missed; ``fixed``: (patients, T, p), as ``whole`` was fitted to.

    Raises:
        NotFitted: without some patient the effects cannot be told apart, or there is no covariance.
    """
    count, visits, size = fixed.shape
    seen = np.isfinite(values)
    x, y = np.where(seen[:, :, None], fixed, 0.0), np.where(seen, values, 0.0)
    masks, pattern = np.unique(seen, axis=0, return_inverse=True)
    pattern = pattern.ravel()
    weights = _inverses(whole.visits[None], masks)[0][pattern]  # (patients, T, T)
    f, u = weights @ x, whole.scores
    information = np.einsum("kap,kaq->kpq", x, f)
    inverse = _inverted(information.sum(axis=0) - information)
    delta = -np.einsum("ipq,ip->iq", inverse, np.einsum("kap,ka->kp", x, u))
    flat = f.reshape(count, -1)
    squares = (flat.T @ flat).reshape(visits, size, visits, size).transpose(1, 3, 0, 2).reshape(size**2, visits**2)

    def spread(middle: np.ndarray) -> np.ndarray:
        """sum of F_k middle_i F_k' over all patients but i; ``middle`` (patients, p, p)."""
        everybody = (middle.reshape(count, -1) @ squares).reshape(count, visits, visits)
        return np.asarray(everybody - f @ middle @ f.transpose(0, 2, 1))

    moved = (f @ delta[:, :, None])[:, :, 0]
    cross = (u.T @ flat).reshape(visits, visits, size) @ delta.T  # (T, T, patients)
    cross = cross.transpose(2, 0, 1) - u[:, :, None] * moved[:, None, :]
    squared = u.T @ u - u[:, :, None] * u[:, None, :] - cross - cross.transpose(0, 2, 1)
    squared = squared + spread(delta[:, :, None] * delta[:, None, :])
    slope = weights.sum(axis=0) - weights - spread(inverse) - squared
    first = structure.build(whole.parameters, visits).first
    gradient = slope.reshape(count, -1) @ first.reshape(len(first), -1).T
    step = np.linalg.solve(_curvatures(whole, weights, first), gradient[:, :, None])[:, :, 0]
    covariances = np.array([structure.build(theta, visits).matrix for theta in whole.parameters - step])
    if not np.all(np.linalg.eigvalsh(covariances)[:, 0] > 0):
        raise NotFitted("without one of the patients there is no covariance")
    return _effects(x, y, pattern, covariances, masks), covariances


def _curvatures(whole: Fit, weights: np.ndarray, first: np.ndarray) -> np.ndarray:
    """(patients, q, q) second derivatives of the deviance without each patient: those of all, less what is expected of
    the patient, tr(W V_j W V_k)."""
    count, number = len(weights), len(first)
    turned = weights[:, None] @ first  # (patients, q, T, T)
    expected = turned.reshape(count, number, -1) @ turned.swapaxes(2, 3).reshape(count, number, -1).swapaxes(1, 2)
    return np.asarray(2 * np.linalg.inv(whole.parameter_covariance) - expected)


def _effects(
    x: np.ndarray, y: np.ndarray, pattern: np.ndarray, covariances: np.ndarray, masks: np.ndarray
) -> np.ndarray:
    """(patients, p) effects without each patient, at that fit's own covariance."""
    count, visits, size = x.shape
    weights = _inverses(covariances, masks)  # (fits, patterns, T, T)
    left, right = np.zeros((len(masks), visits, visits, size, size)), np.zeros((len(masks), visits, visits, size))
    for number in range(len(masks)):
        mine = x[pattern == number]
        flat = mine.reshape(len(mine), -1)
        left[number] = (flat.T @ flat).reshape(visits, size, visits, size).transpose(0, 2, 1, 3)
        right[number] = (flat.T @ y[pattern == number]).reshape(visits, size, visits).transpose(0, 2, 1)
    rows = weights.reshape(count, -1)
    information = (rows @ left.reshape(-1, size**2)).reshape(count, size, size)
    sums = rows @ right.reshape(-1, size)
    own = weights[np.arange(count), pattern] @ x
    information = information - x.transpose(0, 2, 1) @ own
    sums = sums - np.einsum("kap,ka->kp", own, y)
    return np.asarray((_inverted(information) @ sums[:, :, None])[:, :, 0])


def _inverses(covariances: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """(fits, patterns, T, T) inverses of the part that each pattern saw, zero elsewhere."""
    both = masks[:, :, None] & masks[:, None, :]
    filled = np.where(both[None], covariances[:, None], np.eye(covariances.shape[1]))
    return np.where(both[None], np.linalg.inv(filled), 0.0)


def _inverted(matrices: np.ndarray) -> np.ndarray:
    try:
        return np.asarray(np.linalg.inv(matrices))
    except np.linalg.LinAlgError as error:
        raise NotFitted("without one of the patients the fixed effects cannot be told apart") from error
