"""Commands that are killed leave nothing alive, go on from their finished pieces, and give the same bytes.

One kill of each kind; ``benchmarks/kill.py`` kills every long command ten times at random moments.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable
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


class Outran(Exception):
    """The command had ended before the signal reached it, as it may on a busy machine: nothing was shown."""


@pytest.fixture
def places(tmp_path: Path, kernel_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], kill.Place]:
    def new(name: str) -> kill.Place:
        made = kill.Place(tmp_path / name, kernel_cache)
        monkeypatch.chdir(made.work)
        monkeypatch.setenv("CHARCOT_CACHE", str(made.cache))
        return made

    return new


def until_it_is_hit(places: Callable[[str], kill.Place], attempt: Callable[[kill.Place], None]) -> kill.Place:
    """The place of the first attempt whose signals came in time; five that came too late are a fault."""
    for number in range(5):
        place = places(f"attempt {number}")
        with contextlib.suppress(Outran):
            attempt(place)
            return place
    raise AssertionError("the command ended before its signal five times")


def again(place: kill.Place, words: list[str]) -> str:
    """Run a command in this process, which has its kernels; returns what it told."""
    result = CliRunner().invoke(app, words)
    assert result.exit_code in (0, 1), result.output
    return result.stderr


def end_after_the_first_piece(place: kill.Place, words: list[str], number: int, more_than: int = 0) -> int:
    """Send a signal; returns how the command ended, when all its processes had."""
    process = place.start(words)
    kill.wait_for_work(place, process, more_than + 1)
    process.send_signal(number)  # to one that has ended it does nothing
    code = process.wait(timeout=30)
    if code in (0, 1):
        raise Outran
    assert place.wait_for_nobody(10.0) == []
    return code


@pytest.mark.parametrize(
    ("words", "number", "code"),
    [(TINY, signal.SIGKILL, -signal.SIGKILL), (BOARD, signal.SIGHUP, 129)],
    ids=["trial", "board"],
)
def test_a_killed_command_goes_on_and_gives_the_same_bytes(
    places: Callable[[str], kill.Place], words: list[str], number: int, code: int
) -> None:
    def attempt(place: kill.Place) -> None:
        assert end_after_the_first_piece(place, words, number) == code

    place = until_it_is_hit(places, attempt)
    assert place.pieces() >= 1
    told = again(place, words)
    assert "Goes on from an interrupted run of the same: " in told
    resumed = place.contents()
    undisturbed = places("undisturbed")
    assert "Goes on" not in again(undisturbed, words)
    assert resumed == undisturbed.contents()
    assert not any("left" in name or "/." in name for name in resumed)


def test_a_fit_ends_with_its_workers_and_keeps_what_it_has(places: Callable[[str], kill.Place]) -> None:
    kept = 0

    def attempt(place: kill.Place) -> None:
        nonlocal kept
        assert end_after_the_first_piece(place, [*FIT, "2"], signal.SIGKILL) == -signal.SIGKILL
        kept = place.pieces()
        assert kept >= 1
        assert end_after_the_first_piece(place, [*FIT, "1"], signal.SIGINT, more_than=kept) == 130
        assert place.pieces() > kept

    place = until_it_is_hit(places, attempt)
    (left,) = (place.work / "runs").iterdir()
    assert left.suffix == ".unfinished"
    assert sorted(path.name for path in left.iterdir()) == ["lock", "pieces"]
    told = (place.root / "told.txt").read_text()
    assert f"Goes on from an interrupted run of the same: {kept} point" in told
    assert "The same command goes on from there." in told
