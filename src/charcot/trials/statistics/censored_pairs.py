"""Pairs of one active and one reference patient whose times may be censored, with a threshold below which two tie.

Who lives longer by at least the threshold wins. Where censoring hides who did, a pair is won and lost in part: with the
probabilities that Kaplan and Meier's curve of each patient's own arm gives to the times after censoring (Péron et al.,
Stat. Methods Med. Res. 27:1230, 2018). What that curve leaves alive at its end lies nowhere: it wins over whoever it
has already outlived by the threshold, and loses to nobody.

A censored patient's time is one of the arm's times of death t_k, reached through hazards h_k = d_k / Y_k. With g_k what
is gained at t_k and g of the end, the expected gain runs backwards, V_k = h_k g_k + (1 - h_k) V_k+1, and its derivative
by a hazard is the chance of being alive before t_k times g_k - V_k+1. So the standard error holds the spread of the
patients' own gains and, through the influence of each patient on the hazards, that of the curves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CLOSE = 1e-9  # of a time: two sums of days that differ by less are one


@dataclass(frozen=True)
class SoftWins:
    """Pairs won, lost and left open by the active arm, as sums of probabilities.

    Attributes:
        pairs: all; ``wins``, ``losses``: of them, ``open``: the rest.
        benefit, error: (wins - losses) / pairs, the net benefit, and its standard error.
    """

    pairs: int
    wins: float
    losses: float
    open: float
    benefit: float
    error: float

    def interval(self, z: float) -> tuple[float, float]:
        """Limits ``z`` errors away on the scale of the inverse hyperbolic tangent, which stay within -1 and 1."""
        middle, width = self._stretched()
        return float(np.tanh(middle - z * width)), float(np.tanh(middle + z * width))

    @property
    def p_value(self) -> float:
        """Two-sided, on the same scale."""
        from scipy.special import ndtr

        middle, width = self._stretched()
        return 2 * float(ndtr(-abs(middle / width)))

    def _stretched(self) -> tuple[float, float]:
        return float(np.arctanh(self.benefit)), self.error / (1 - self.benefit**2)


class Arm:
    """One arm's times as masses on its times of death and on the end.

    Attributes:
        deaths: (k,) times of death; ``hazards``: (k,), ``at_risk``: (k,); ``last``: the longest time observed.
        masses: (patients, k + 1), the last column what is alive at the end.

    ``weights``: (patients,) how much each counts for the curve; one, unless given.
    """

    def __init__(self, times: np.ndarray, died: np.ndarray, weights: np.ndarray | None = None) -> None:
        weights = np.ones(len(times)) if weights is None else weights
        self.times, self.died, self.last = times, died, float(times.max())
        self.deaths, place = np.unique(times[died], return_inverse=True)
        counts = np.bincount(place.ravel(), weights=weights[died], minlength=len(self.deaths))
        order = np.argsort(times)
        below = np.concatenate([[0.0], np.cumsum(weights[order])])
        self.at_risk = below[-1] - below[np.searchsorted(times[order], self.deaths, side="left")]
        self.hazards = counts / self.at_risk
        self.after = np.searchsorted(self.deaths, times, side="right")  # the first death after the own time
        self.masses = np.zeros((len(times), len(self.deaths) + 1))
        self.masses[died, self.after[died] - 1] = 1.0
        for row in np.flatnonzero(~died):
            first = self.after[row]
            alive = np.concatenate([[1.0], np.cumprod(1 - self.hazards[first:])])
            self.masses[row, first:] = np.concatenate([alive[:-1] * self.hazards[first:], alive[-1:]])

    def through_hazards(self, gains: np.ndarray) -> np.ndarray:
        """(patients,) how each patient moves the sum of all patients' expected gains through the hazards.

        ``gains``: (k + 1,) of a time at each death, and at the end.
        """
        value = np.empty(len(gains))
        value[-1] = gains[-1]
        for k in reversed(range(len(self.hazards))):
            value[k] = self.hazards[k] * gains[k] + (1 - self.hazards[k]) * value[k + 1]
        # alive before t_k of those who were censored before it: what their masses leave over from k on
        hidden, first = self.masses[~self.died], self.after[~self.died]
        left = hidden[:, ::-1].cumsum(axis=1)[:, ::-1][:, :-1]
        left = np.where(first[:, None] <= np.arange(len(self.deaths)), left, 0.0).sum(axis=0)
        slope = left * (gains[:-1] - value[1:])
        each = slope / self.at_risk
        so_far = np.concatenate([[0.0], np.cumsum(each * self.hazards)])
        own = np.where(self.died, each[np.maximum(self.after - 1, 0)], 0.0) if len(each) else np.zeros(len(self.times))
        return np.asarray(own - so_far[self.after])


def _outlived(winners: Arm, losers: Arm, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """(k + 1, m + 1) which times of one arm beat which of the other: where the winner's death was seen, and where only
    the curve tells of it. The first must be longer by the threshold, the second by more (as in the R package
    BuyseTest); without a threshold both must be longer."""
    gap = np.concatenate([winners.deaths, [winners.last]])[:, None] - losers.deaths[None, :]
    unbeaten = np.zeros((len(gap), 1))
    seen = gap >= threshold - CLOSE if threshold > 0 else gap > CLOSE
    told = gap > threshold + CLOSE
    told[-1] = gap[-1] >= threshold - CLOSE  # who was seen alive that late lives longer still
    return np.hstack([seen, unbeaten]), np.hstack([told, unbeaten])


def gains(winners: Arm, losers: Arm, threshold: float) -> np.ndarray:
    """(winners, m + 1) chance of each patient to beat each time of the other arm."""
    seen, told = _outlived(winners, losers, threshold)
    return np.asarray(np.where(winners.died[:, None], winners.masses @ seen, winners.masses @ told))


def soft_wins(times: np.ndarray, died: np.ndarray, active: np.ndarray, threshold: float = 0.0) -> SoftWins:
    """The active arm's pairs, and its net benefit.

    Args:
        times: (n,) to the event or to censoring; ``died``: (n,) which; ``active``: (n,) who is in the active arm.
        threshold: by how much a time must be longer to win, in the unit of the times; 0: by any.
    """
    one, other = Arm(times[active], died[active]), Arm(times[~active], died[~active])
    pairs = len(one.times) * len(other.times)
    won, lost = gains(one, other, threshold) @ other.masses.T, gains(other, one, threshold) @ one.masses.T
    wins, losses = float(won.sum()), float(lost.sum())
    benefit = (wins - losses) / pairs
    variance = 0.0
    for arm, rival, better in ((one, other, won - lost.T), (other, one, lost - won.T)):
        level = float(better.mean())
        own = better.mean(axis=1) - level + arm.through_hazards(_of_curve(arm, rival, threshold))
        variance += float(own @ own) / len(own) ** 2
    return SoftWins(pairs, wins, losses, pairs - wins - losses, benefit, float(np.sqrt(variance)))


def _of_curve(arm: Arm, rival: Arm, threshold: float) -> np.ndarray:
    """(k + 1,) wins less losses, against the mean rival, of a time that only the arm's curve tells of."""
    _, told = _outlived(arm, rival, threshold)
    seen_rival, told_rival = _outlived(rival, arm, threshold)
    hidden = np.where(rival.died[:, None], 0.0, rival.masses).mean(axis=0)
    known = rival.masses.mean(axis=0) - hidden
    return np.asarray(told @ (known + hidden) - known @ seen_rival - hidden @ told_rival)


def pooled_scores(times: np.ndarray, died: np.ndarray, threshold: float = 0.0) -> np.ndarray:
    """(n,) wins less losses of each patient against all others, by one curve of all: blind to the arms."""
    everybody = Arm(times, died)
    won = gains(everybody, everybody, threshold) @ everybody.masses.T
    return np.asarray(won.sum(axis=1) - won.sum(axis=0))
