"""Rival hypotheses as models: how much each weighs, draws from its posterior, and their effects pooled by weight.

A hypothesis counts where its stored fit, and those of all others, are of the present model. Its weight is that of the
calibration experiments' evidence, tempered as if each experiment had given one figure: figures of one experiment are
not independent, and untempered a few of them would settle everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from charcot import patients
from charcot.core.random import stream
from charcot.disease import hypotheses
from charcot.fitting.calibration import covariance_of
from charcot.fitting.separation import weights_of
from charcot.patients import Assumed
from charcot.patients.assumptions import under_hypothesis

SAID = "hypothesis="  # how the line of an assumed hypothesis begins
STRIDE = (np.sqrt(5.0) - 1) / 2  # of the golden ratio: models in a row take hypotheses in proportion to their weights


def numbers_of(one: hypotheses.Hypothesis) -> tuple[str, ...]:
    """The numbers that the fit of a hypothesis may move: the shared ones and its own."""
    return (*hypotheses.shared(), *one.free)


def tempered(stored: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """(hypotheses,) weights by fits to the same experiments, as if each experiment had given one figure."""
    share = len(stored[0]["experiments"]) / len(stored[0]["figures"])
    return weights_of(share * np.array([float(one["log_evidence"]) for one in stored]))


def weights() -> dict[str, float]:
    """The weight of each hypothesis; empty unless all have a stored fit of the present model and numbers."""
    found = {name: hypotheses.stored(name) for name in hypotheses.hypotheses()}
    fits = [one for one in found.values() if one is not None]
    now = patients.program().hash if fits else ""
    current = [
        one is not None
        and one["program_hash"] == now
        and tuple(row["name"] for row in one["numbers"]) == numbers_of(hypotheses.hypothesis(name))
        for name, one in found.items()
    ]
    if not fits or not all(current):
        return {}
    return dict(zip(found, tempered(fits).tolist(), strict=True))


def drawn_values(name: str, fitted: Mapping[str, Any], address: str, seed: int) -> dict[str, float]:
    """One draw of the fitted numbers from the Gaussian around the fit, the same whatever else is drawn."""
    rows = fitted["numbers"]
    z = np.linalg.cholesky(covariance_of(fitted)) @ stream(seed, f"{name} {address}", "posterior").standard_normal(
        len(rows)
    )
    moved = [row["value"] * np.exp(row["prior_log_spread"] * step) for row, step in zip(rows, z, strict=True)]
    return {row["name"]: float(value) for row, value in zip(rows, moved, strict=True)}


def of_model(number: int, shares: Mapping[str, float]) -> str:
    """The hypothesis that a model follows: the models 1, 2, 3, ... take each in proportion to its weight."""
    place = (number * STRIDE) % 1.0
    ends = np.cumsum(list(shares.values()))
    return list(shares)[min(int(np.searchsorted(ends, place * ends[-1], side="right")), len(shares) - 1)]


def is_assumed(base: Assumed | None) -> bool:
    """Whether somebody asked for a hypothesis, which then counts alone."""
    return base is not None and any(line.startswith(SAID) for line in base.lines)


def rival(name: str, number: int, seed: int) -> Assumed:
    """A draw from the posterior of a hypothesis that plants another seed than the model as shipped; for the shipped
    account nothing is changed: the plausible models are of it."""
    one = hypotheses.hypothesis(name)
    fitted = hypotheses.stored(name)
    if not one.seeds or fitted is None:
        return Assumed()
    return under_hypothesis(one, drawn_values(name, fitted, f"model {number}", seed))
