"""Win ratio of function and survival."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from charcot.trials.analyses.joint_rank import compare
from charcot.trials.analysis_form import Analysis, Design, Row, Strategies, ratio_row, row
from charcot.trials.statistics import pairs
from charcot.trials.trial_data import TrialData


def wins_by_arm(data: TrialData, design: Design) -> Iterator[tuple[str, pairs.Wins, str]]:
    """Each arm but the reference, its wins against that one, and these in words."""
    for number, arm in enumerate(design.arms[1:], start=1):
        two = data.take((data.arms == 0) | (data.arms == number))
        wins = pairs.count_wins(compare(two), two.arms == number)
        yield arm, wins, f"{wins.wins} wins, {wins.losses} losses, {wins.ties} ties"


def rows(data: TrialData, design: Design, endpoint: str) -> list[Row]:
    """Wins over losses of each arm against the reference, in all pairs of one patient of either, without ties."""
    found = []
    for arm, wins, note in wins_by_arm(data, design):
        if wins.log_ratio_error > 0:
            found.append(ratio_row(design, arm, np.log(wins.ratio), wins.log_ratio_error, note=note))
        else:
            note = f"{note}: the win ratio is not defined without a win and a loss"
            found.append(row(arm, design.reference, note=note, converged=False))
    return found


def scores(data: TrialData, design: Design, endpoint: str) -> np.ndarray:
    """Wins less losses against all others, of which the arm's sum is its wins less losses against the other arm."""
    return pairs.net_scores(compare(data))


ANALYSIS = Analysis(
    name="win_ratio",
    title="win ratio of function and survival: pairs of one patient of each arm, ties left out",
    interval="the win ratio's U-statistic",
    of="function_and_survival",
    strategies=Strategies(
        death="composite: who died loses to all who are known to have lived longer",
        withdrawal="compared with others at the last visit that both attended",
        summary="pairs won over pairs lost",
    ),
    rows=rows,
    scores=scores,
    twin="wins less losses (the net benefit)",
    null=1.0,
)
