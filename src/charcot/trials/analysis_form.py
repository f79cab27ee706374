"""What an analysis is: a file in ``analyses/`` with one :class:`Analysis`, and the rows that it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from charcot.trials.trial_data import TrialData

Row = dict[str, Any]
KINDS = Literal["visits", "survival", "function_and_survival"]  # what an analysis can be of


@dataclass(frozen=True)
class Design:
    """What the analyses must know of the trial.

    Attributes:
        arms: the reference first.
        alpha: two-sided; intervals cover 1 - alpha.
        freedom: of the degrees of freedom of an MMRM.
        ties: how Cox's model takes deaths on one day.
        restricted_to: days over which restricted means run; None: to the last visit.
        longer_by: days by which a time must be longer for a net benefit to call it longer; 0: by any.
        permutations: deals of the permutation twin; 0: no twin.
        seed: of those deals.
    """

    arms: tuple[str, ...]
    alpha: float = 0.05
    freedom: Literal["kenward_roger", "satterthwaite"] = "kenward_roger"
    ties: Literal["efron", "breslow"] = "efron"
    restricted_to: float | None = None
    longer_by: float = 0.0
    permutations: int = 0
    seed: int = 1

    @property
    def reference(self) -> str:
        return self.arms[0]


# The five attributes of an estimand (ICH E9(R1)) that an analysis fixes; population and treatments are the protocol's.
@dataclass(frozen=True)
class Strategies:
    """What an analysis makes of what comes in between.

    Attributes:
        death: of death or permanent ventilation; withdrawal: of leaving the trial.
        summary: what is compared between the arms.
    """

    death: str
    withdrawal: str
    summary: str


@dataclass(frozen=True)
class Analysis:
    """One analysis.

    Attributes:
        name: as a protocol and a published value name it.
        title: how a figure is computed, in words.
        interval: what the interval of one trial comes from, in words.
        of: what it is of: the ``visits`` of a measure, ``survival``, or ``function_and_survival``; a row of
            ``endpoints.csv`` asks for it.
        strategies: the estimand's.
        rows: data, design, the endpoint's name (of ``endpoints.csv``) -> one row per arm and contrast (:func:`row`).
        scores: data of two arms, design, the endpoint's name -> (patients,) scores that do not look at the arms, of
            which the permutation twin sums the active arm's; the direction does not matter. Raises :class:`NoScores`.
        twin: what the twin's statistic is, in words.
        null: the value of the contrast when the arms do not differ; 1 makes it a ratio.
        arms: the estimand of one arm, where it is another thing than the contrast (``event_free_share``).
        grows_with_patients: whether the contrast is in proportion to the number of patients, as a difference of ranks.
        variants: ways of the analysis, one of which each endpoint names; without any, none does.
    """

    name: str
    title: str
    interval: str
    of: KINDS
    strategies: Strategies
    rows: Callable[[TrialData, Design, str], list[Row]]
    scores: Callable[[TrialData, Design, str], np.ndarray]
    twin: str
    null: float = 0.0
    arms: str = ""
    grows_with_patients: bool = False
    variants: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.of not in get_args(KINDS):
            raise ValueError(f"{self.name} is of {self.of!r}; it can be of {', '.join(get_args(KINDS))}")


class NoScores(ValueError):
    """There is nothing to permute; the message says why."""


def row(
    arm: str,
    reference: str,
    estimate: float = np.nan,
    error: float = np.nan,
    limits: tuple[float, float] = (np.nan, np.nan),
    p_value: float = np.nan,
    note: str = "",
    converged: bool = True,
) -> Row:
    """One estimate: of an arm (``reference`` empty), or of a contrast of ``arm`` with ``reference``."""
    return {
        "arm": arm, "reference": reference, "estimate": estimate, "standard_error": error, "lower": limits[0],
        "upper": limits[1], "p_value": p_value, "converged": converged, "note": note,
    }  # fmt: skip


def missing(design: Design, note: str, arms: bool = True) -> list[Row]:
    """Rows that say why there is no estimate."""
    found = [(arm, "") for arm in design.arms] if arms else []
    found += [(arm, design.reference) for arm in design.arms[1:]]
    return [row(arm, reference, note=note, converged=False) for arm, reference in found]


def dummies(data: TrialData, design: Design) -> np.ndarray:
    """(patients, arms - 1): 1 where the patient belongs to that arm; the reference arm has none."""
    return np.asarray(data.arms[:, None] == np.arange(1, len(design.arms)), dtype=float)


def contrasts(design: Design, common: np.ndarray, places: Iterable[int]) -> list[tuple[str, str, np.ndarray]]:
    """(arm, reference, weights of the coefficients): ``common`` and the arm's own coefficient for each arm, its own
    alone for each contrast; ``places`` are those of the arms but the reference."""
    own = [np.zeros_like(common)]
    for place in places:
        own.append(np.zeros_like(common))
        own[-1][place] = 1.0
    rows = [(arm, "", common + extra) for arm, extra in zip(design.arms, own, strict=True)]
    return rows + [(arm, design.reference, extra) for arm, extra in zip(design.arms[1:], own[1:], strict=True)]


def linear_rows(
    design: Design,
    weights: Iterable[tuple[str, str, np.ndarray]],
    estimates: np.ndarray,
    covariance: np.ndarray,
    freedom: Callable[[np.ndarray], float],
    note: str = "",
) -> list[Row]:
    """Rows for linear combinations of coefficients, by Student's t with ``freedom`` of each (infinite: the normal)."""
    from scipy.special import stdtr, stdtrit

    rows = []
    for arm, reference, weight in weights:
        value = float(weight @ estimates)
        error = float(np.sqrt(weight @ covariance @ weight))
        degrees = freedom(weight)
        width = float(stdtrit(degrees, 1 - design.alpha / 2)) * error
        p_value = 2 * float(stdtr(degrees, -abs(value / error))) if error > 0 else np.nan
        rows.append(row(arm, reference, value, error, (value - width, value + width), p_value, note))
    return rows


def ratio_row(
    design: Design, arm: str, log_ratio: float, log_error: float, p_value: float | None = None, note: str = ""
) -> Row:
    """A contrast that is a ratio: normal on the scale of logarithms, ``standard_error`` of the logarithm."""
    from scipy.special import ndtr, ndtri

    width = float(ndtri(1 - design.alpha / 2)) * log_error
    limits = (float(np.exp(log_ratio - width)), float(np.exp(log_ratio + width)))
    own = 2 * float(ndtr(-abs(log_ratio / log_error))) if log_error > 0 else np.nan
    p_value = own if p_value is None else p_value
    return row(arm, design.reference, float(np.exp(log_ratio)), log_error, limits, p_value, note)
