"""Commands that are killed leave nothing alive, go on from their finished pieces, and give the same bytes.

One kill of each kind; ``benchmarks/kill.py`` kills every long command ten times at random moments.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from charcot.interfaces.cli.main import app

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import kill

TINY = [
    "trial", str(kill.PROTOCOL), "--set", "arms.0.n=4", "--set", "arms.1.n=4", "--set", "simulate.pool=shared",
    "--set", "simulate.screened_per_replicate=48", "--replicates", "4", "--workers", "1", "--models", "1",
]  # fmt: skip
FIT = [
    "fit", "--number", "person.base_tempo", "--experiment", "rnls8_transgene_on", "--experiment",
    "sod1_g93a_natural_history", "--rounds", "9", "--workers",
]  # fmt: skip
BOARD = ["reproduce", "rnls8_transgene_on", "rnls8_transgene_off", "sod1_g93a_natural_history", "--folder", "board"]


@pytest.fixture
def place(tmp_path: Path, kernel_cache: Path, monkeypatch: pytest.MonkeyPatch) -> kill.Place:
    made = kill.Place(tmp_path / "place", kernel_cache)
    monkeypatch.chdir(made.work)
    monkeypatch.setenv("CHARCOT_CACHE", str(made.cache))
    return made


def again(place: kill.Place, words: list[str]) -> str:
    """Run a command in this process, which has its kernels; returns what it told."""
    result = CliRunner().invoke(app, words)
    assert result.exit_code in (0, 1), result.output
    return result.stderr


def end_after_the_first_piece(place: kill.Place, words: list[str], number: int, more_than: int = 0) -> int:
    """Send a signal; returns how the command ended, when all its processes had."""
    process = place.start(words)
    kill.wait_for_work(place, process, more_than + 1)
    assert process.poll() is None, (place.root / "told.txt").read_text()
    process.send_signal(number)
    code = process.wait(timeout=30)
    assert place.wait_for_nobody(10.0) == []
    return code


@pytest.mark.parametrize(
    ("words", "number", "code"),
    [(TINY, signal.SIGKILL, -signal.SIGKILL), (BOARD, signal.SIGHUP, 129)],
    ids=["trial", "board"],
)
def test_a_killed_command_goes_on_and_gives_the_same_bytes(
    place: kill.Place, words: list[str], number: int, code: int
) -> None:
    assert end_after_the_first_piece(place, words, number) == code
    assert place.pieces() >= 1
    told = again(place, words)
    assert "Goes on from an interrupted run of the same: " in told
    resumed = place.contents()
    undisturbed = kill.Place(place.root.parent / "undisturbed", place.cache)
    os.chdir(undisturbed.work)
    assert "Goes on" not in again(undisturbed, words)
    assert resumed == undisturbed.contents()
    assert not any("left" in name or "/." in name for name in resumed)


def test_a_fit_ends_with_its_workers_and_keeps_what_it_has(place: kill.Place) -> None:
    assert end_after_the_first_piece(place, [*FIT, "2"], signal.SIGKILL) == -signal.SIGKILL
    kept = place.pieces()
    assert kept >= 1
    assert end_after_the_first_piece(place, [*FIT, "1"], signal.SIGINT, more_than=kept) == 130
    assert place.pieces() > kept
    (left,) = (place.work / "runs").iterdir()
    assert left.suffix == ".unfinished"
    assert sorted(path.name for path in left.iterdir()) == ["lock", "pieces"]
    told = (place.root / "told.txt").read_text()
    assert f"Goes on from an interrupted run of the same: {kept} point" in told
    assert "The same command goes on from there." in told
