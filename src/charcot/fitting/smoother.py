"""Many models at once brought to what was observed: an ensemble smoother with multiple data assimilation.

Every model of an ensemble is a point z in prior standard deviations; its figures g(z) are those of simulated patients.
One step moves each model by the regression of points on figures over the ensemble,

    z_j += C_zg (C_gg + a R)^-1 (d + sqrt(a) R^(1/2) e_j - g_j),   e_j standard normal,

with d what was observed and R the variances of its errors. Of several steps the inflations a have inverses that add up
to one; for a linear model and normal priors the ensemble then is a sample of the posterior (Emerick and Reynolds,
Comput. Geosci. 55:3, 2013). No derivative is needed, and the sampling error of simulated patients averages out over
the models.

An ensemble of N models sees correlations of about 1/sqrt(N) where there are none. Each covariance of a number and a
figure is therefore weighed by how far its correlation r stands out, t = r^4 / (r^4 + (3/N)^2): a tenth at chance, nine
tenths at three times that and more. The weight is a choice of ours; the tests show what it costs and what it saves.
"""

from __future__ import annotations

import numpy as np


def inflations(rounds: int) -> np.ndarray:
    """(rounds,) equal inflations whose inverses add up to one."""
    return np.full(rounds, float(rounds))


def move(
    points: np.ndarray,
    figures: np.ndarray,
    observed: np.ndarray,
    error: np.ndarray,
    inflation: float,
    noise: np.ndarray,
) -> np.ndarray:
    """One step of the smoother.

    Args:
        points: (models, numbers) in prior standard deviations.
        figures: (models, figures) that these models give; NaN where a model gives none, which says nothing.
        observed, error: (figures,) what was observed, and its standard error; both in the figure's unit.
        inflation: of the variances of the errors in this step.
        noise: (models, figures) standard normal draws.

    Returns:
        (models, numbers) the moved points.
    """
    known = np.isfinite(figures).sum(axis=0) > len(figures) // 2
    figures, observed, error = figures[:, known], observed[known], error[known]
    filled = np.where(np.isfinite(figures), figures, np.nanmean(figures, axis=0)) / error
    wanted = observed / error
    models = len(points)
    off_z, off_g = points - points.mean(axis=0), filled - filled.mean(axis=0)
    c_zg, c_gg = _tapers(off_z, off_g) * (off_z.T @ off_g) / (models - 1), off_g.T @ off_g / (models - 1)
    miss = wanted + np.sqrt(inflation) * noise[:, known] - filled
    gain = c_zg @ np.linalg.inv(c_gg + inflation * np.eye(len(wanted)))
    return np.asarray(points + miss @ gain.T)


def _tapers(off_z: np.ndarray, off_g: np.ndarray) -> np.ndarray:
    """(numbers, figures) how far each covariance is no chance, 0 to 1."""
    spread = np.outer(np.sqrt((off_z**2).sum(axis=0)), np.sqrt((off_g**2).sum(axis=0)))
    squared = (off_z.T @ off_g / np.where(spread > 0, spread, 1.0)) ** 2
    return np.asarray(squared**2 / (squared**2 + (3 / len(off_z)) ** 2))


def effective_size(cost: np.ndarray) -> float:
    """How many models of equal weight those with these costs (minus twice the log-likelihood) are worth (Kish)."""
    weight = np.exp(-0.5 * (cost - cost.min()))
    return float(weight.sum() ** 2 / (weight**2).sum())
