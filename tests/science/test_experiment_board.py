"""The experiment board against its stored baseline: no later change may silently lose an experiment.

The whole board runs once in these tests. What was a hit in ``published/baseline.csv`` must stay one; negative controls
must all pass; a change that wins an experiment asks for a new baseline (``charcot reproduce --accept``).
"""

from __future__ import annotations

import pytest

from charcot.experiments.board import GROUPS, Board, baseline, run_board
from charcot.experiments.definition import Claim
from charcot.experiments.reading import entries


@pytest.fixture(scope="module")
def board() -> Board:
    return run_board(workers=2)


def test_no_experiment_is_lost(board):
    assert board.lost() == []


def test_the_baseline_is_up_to_date(board):
    """An experiment that is won, renamed or new is accepted by hand, so that it can be lost only visibly."""
    now = {s.name: s.passed for s in board.scored}
    assert now == baseline(), "look at the differences, then run: charcot reproduce --accept"


def test_every_negative_control_passes(board):
    failed = [s.name for s in board.scored if s.group == "negative_controls" and not s.passed]
    assert failed == []


def test_every_miss_says_why(board):
    silent = [s.name for s in board.scored if not s.passed and not s.failure and not s.content.miss]
    assert silent == []
    assert [s.name for s in board.scored if s.failure] == []


def test_no_claim_is_reproduced_by_assertion(board):
    """Each of the 24 claims has a check that ran and gave a number."""
    claims = [s for s in board.scored if isinstance(s.content, Claim)]
    assert sorted(s.content.id for s in claims) == sorted(
        [f"A{i}" for i in range(1, 5)]
        + [f"M{i}" for i in range(1, 7)]
        + [f"P{i}" for i in range(1, 7)]
        + [f"I{i}" for i in range(1, 6)]
        + [f"C{i}" for i in range(1, 4)]
    )
    for scored in claims:
        assert scored.verdicts
        assert all(v.simulated == v.simulated for v in scored.verdicts), scored.name


@pytest.mark.xfail(strict=True, reason="69 of 79 calibration experiments are met; wanted nine in ten")
def test_calibration_is_mostly_met(board):
    """Nine in ten of the experiments that set numbers."""
    count = board.counts()["calibration"]
    assert count["passed"] >= 0.9 * count["total"], count


def test_the_board_is_as_large_as_the_dossiers_ask():
    kinds = [e.content for e in entries().values() if not e.is_claim]
    assert len(kinds) >= 30
    controls = [k for k in kinds if k.negative_control]
    assert len([k for k in controls if "scott2008" in k.sources]) == 8
    assert set(GROUPS) == {"calibration", "validation", "fresh", "negative_controls"}
