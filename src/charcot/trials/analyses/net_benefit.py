"""Net benefit of survival: how much more often an active patient lives longer than a reference patient."""

from __future__ import annotations

import numpy as np

from charcot.trials.analysis_form import Analysis, Design, NoScores, Row, Strategies, row
from charcot.trials.statistics import censored_pairs
from charcot.trials.trial_data import TrialData


def rows(data: TrialData, design: Design, endpoint: str) -> list[Row]:
    """Share of pairs won less share lost, of each arm against the reference; censored pairs count in part."""
    from scipy.special import ndtri

    z = float(ndtri(1 - design.alpha / 2))
    found = []
    for number, arm in enumerate(design.arms[1:], start=1):
        two = data.take((data.arms == 0) | (data.arms == number))
        if len(np.unique(two.arms)) < 2 or not two.died.any():
            found.append(row(arm, design.reference, note="no test without events", converged=False))
            continue
        wins = censored_pairs.soft_wins(two.times, two.died, two.arms == number, design.longer_by)
        note = f"{wins.wins:.1f} wins, {wins.losses:.1f} losses, {wins.open:.1f} open or tied"
        if not wins.error > 0:
            found.append(row(arm, design.reference, note=f"{note}: no error can be told", converged=False))
            continue
        found.append(row(arm, design.reference, wins.benefit, wins.error, wins.interval(z), wins.p_value, note))
    return found


def scores(data: TrialData, design: Design, endpoint: str) -> np.ndarray:
    """Wins less losses of each patient against all others, by one curve of all."""
    if not data.died.any():
        raise NoScores("no events")
    return censored_pairs.pooled_scores(data.times, data.died, design.longer_by)


ANALYSIS = Analysis(
    name="net_benefit",
    title="net benefit of survival: pairs won less pairs lost, censored pairs by each arm's Kaplan-Meier curve",
    interval="the net benefit, on the scale of the inverse hyperbolic tangent",
    of="survival",
    strategies=Strategies(
        death="the event itself",
        withdrawal="censored: nobody leaves because death is near",
        summary="chance to live longer than a patient of the reference arm, by the threshold or more, less the reverse",
    ),
    rows=rows,
    scores=scores,
    twin="wins less losses against all others, by one curve of all",
)
