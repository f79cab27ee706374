"""A few seconds of fuzzing with fixed seeds; ``python -m tests.fuzz --minutes 10`` goes on for longer."""

from __future__ import annotations

import pytest

from .targets import TARGETS, Found, attempt, command

TRIES = {"protocol": 12, "experiment": 8, "product": 25, "setting": 8, "explain": 6, "population": 8, "others": 4}


@pytest.mark.parametrize("target", TARGETS)
def test_no_input_ends_in_a_traceback_or_without_its_line(target):
    for seed in range(TRIES[target]):
        attempt(target, seed)


def test_a_fault_would_be_seen(monkeypatch):
    def broken(*_words, **_options):
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr("charcot.interfaces.cli.rooms.explain", broken)
    with pytest.raises(Found, match="unexpected"):
        command("explain", "lumbar.nmj.innervation")
