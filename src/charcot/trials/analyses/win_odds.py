"""Win odds of function and survival: the win ratio with half of each tie on either side."""

from __future__ import annotations

import numpy as np

from charcot.trials.analyses.win_ratio import scores, wins_by_arm
from charcot.trials.analysis_form import Analysis, Design, Row, Strategies, ratio_row, row
from charcot.trials.trial_data import TrialData


def rows(data: TrialData, design: Design, endpoint: str) -> list[Row]:
    """Odds that a patient of an arm does better than one of the reference; p of the probability against one half."""
    from scipy.special import ndtr

    found = []
    for arm, wins, note in wins_by_arm(data, design):
        if wins.log_odds_error > 0:
            p_value = 2 * float(ndtr(-abs(wins.probability - 0.5) / wins.probability_error))
            found.append(ratio_row(design, arm, np.log(wins.odds), wins.log_odds_error, p_value, note))
        else:
            note = f"{note}: the win odds are not defined where one arm wins every pair, or all tie"
            found.append(row(arm, design.reference, note=note, converged=False))
    return found


ANALYSIS = Analysis(
    name="win_odds",
    title="win odds of function and survival: pairs of one patient of each arm, ties by half",
    interval="the win odds' U-statistic",
    of="function_and_survival",
    strategies=Strategies(
        death="composite: who died loses to all who are known to have lived longer",
        withdrawal="compared with others at the last visit that both attended",
        summary="odds that a patient of the arm does better",
    ),
    rows=rows,
    scores=scores,
    twin="wins less losses (the net benefit)",
    null=1.0,
)
