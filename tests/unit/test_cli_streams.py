"""What nobody reads, and what cannot be written, ends no command; a wrong place is named before work begins."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from charcot.interfaces import runs
from charcot.interfaces.cli import streams
from charcot.interfaces.cli.main import app

MAIN = "from charcot.interfaces.cli.main import main; main()"


def charcot(*words: str, **streams_of: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", MAIN, *words], text=True, check=False, **streams_of)


def dead_pipe() -> int:
    """The writing end of a pipe whose reader has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def test_a_reader_that_went_away_is_no_error():
    end = dead_pipe()
    done = charcot("--help", stdout=end, stderr=subprocess.PIPE)
    os.close(end)
    assert (done.returncode, done.stderr) == (0, "")


def test_closed_streams_are_no_error_and_no_file_gets_their_words(tmp_path):
    command = f'exec "{sys.executable}" -c "{MAIN}" init study --json >&- 2>&-'
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, check=False)
    assert done.returncode == 0
    assert (tmp_path / "study" / "protocol.yaml").read_text(encoding="utf-8").startswith("#")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_words_that_reach_a_full_disk_are_missed_in_words():
    with open("/dev/full", "w") as full:
        done = charcot("--version", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr == (
        "What was to be printed could not be written (No space left on device). Runs and files are kept.\n"
    )


def test_a_stream_goes_on_when_its_reader_has_gone():
    outlet = streams._Outlet(dead_pipe(), "w")
    assert [outlet.write(b"one"), outlet.write(b"three")] == [3, 5]
    assert outlet.failure is None
    outlet.close()


WRONG = {
    "a file": lambda place: (place / "afile").write_text("") or "afile",
    "in a file": lambda place: (place / "afile").write_text("") or "afile/x",
    "too long": lambda place: "x" * 300,
    "in /proc": lambda place: "/proc/x",
    "a device": lambda place: os.devnull,
}


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this system has no /proc")
@pytest.mark.parametrize("what", WRONG)
def test_a_run_that_cannot_have_its_place_is_bad_input(tmp_path, monkeypatch, what):
    monkeypatch.chdir(tmp_path)
    root = Path(WRONG[what](tmp_path))
    with pytest.raises(runs.CannotWrite) as caught, runs.writing(runs.place_for(root, "run-1", force_new=False)[0]):
        pytest.fail("this place cannot be")
    assert str(root)[:200] in str(caught.value)
    with pytest.raises(runs.CannotWrite):
        runs.check_places([root])
    if what not in ("a file", "a device"):  # those can be written over
        with pytest.raises(runs.CannotWrite):
            runs.check_places(files=[root])


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this system has no /proc")
@pytest.mark.parametrize(
    "words",
    [("population", "sporadic", "-n", "5", "--out"), ("docs", "--to"), ("reproduce", "--html"), ("reproduce", "--docs"),
     ("reproduce", "--folder"), ("init",), ("export", "-o")],
    ids=" ".join,
)  # fmt: skip
def test_every_place_on_the_command_line_is_bad_input_where_it_cannot_be(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, [*words, "/proc/x"])
    assert result.exit_code == 2, result.output
    assert "/proc" in result.stderr
    assert "unexpected" not in result.stderr


def test_places_are_tried_before_work_begins(tmp_path):
    runs.check_places([tmp_path / "new" / "folder", None], [tmp_path / "board.html", None])
    assert (tmp_path / "new" / "folder").is_dir()
    assert list((tmp_path / "new" / "folder").iterdir()) == []
    with pytest.raises(runs.CannotWrite, match="is a folder: name a file in it"):
        runs.check_places(files=[tmp_path])
    with pytest.raises(runs.CannotWrite, match=r"missing cannot be written \(No such file"):
        runs.check_places(files=[tmp_path / "missing" / "board.html"])
