"""``charcot population``: what it writes, how it is interrupted and gone on with, what it refuses."""

from __future__ import annotations

import errno
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
from campaign_jobs import contents
from typer.testing import CliRunner, Result

from charcot.engine.campaign import NotWritten
from charcot.interfaces.cli import rooms
from charcot.interfaces.cli.main import app
from charcot.interfaces.cli.pace import Pace
from charcot.interfaces.cli.rhythm import Count, duration, next_pause, telling
from charcot.trials import load_protocol
from charcot.trials.population import population_of

SMALL = ("population", "sporadic", "--patients", "30", "--horizon", "4 years", "--chunk", "10", "--workers", "1")
EXAMPLE = Path(__file__).parents[2] / "examples" / "first-trial.yaml"


def call(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def run_folder(place: Path) -> Path:
    (folder,) = (place / "runs").iterdir()
    return folder


def kept(folder: Path) -> dict[str, str]:
    """Everything but the manifest, which tells the time."""
    return {name: digest for name, digest in contents(folder).items() if name != "manifest.json"}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("undisturbed")
    result = call(*SMALL, "--out", str(place / "runs"))
    assert result.exit_code == 0, result.output
    return run_folder(place)


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def test_a_run_folder_is_whole(undisturbed):
    assert {p.name for p in undisturbed.iterdir()} == {
        ".lock", "job.json", "manifest.json", "patients", "records", "summary.json", "tables"
    }  # fmt: skip
    assert {p.stem for p in (undisturbed / "tables").iterdir()} == {"outcomes", "scores", "status", "survival"}
    assert parquet.read_table(undisturbed / "patients").num_rows == 30
    manifest = json.loads((undisturbed / "manifest.json").read_text())
    assert manifest["verb"] == "population"
    assert manifest["job"]["size"] == 30
    assert {"program_hash", "evidence_hash", "versions", "command", "wall_time_seconds"} <= set(manifest)
    assert manifest["failures"]["total"] == 0
    for name in manifest["files"]:
        assert (undisturbed / name).exists(), name


def test_what_nobody_reaches_is_said(place):
    words = ["--horizon", "30 days", "--workers", "1", "--json"]
    told = json.loads(call("population", "sporadic", "-n", "3", *words).stdout)
    shown = {row["quantity"]: (row["simulated"], row["verdict"]) for row in told["summary"]}
    assert shown["Median survival from diagnosis"] == ("not reached", "0 with a day of diagnosis")
    assert shown["Mean ALSFRS-R, 12 months after diagnosis"] == (None, "0 alive")


def test_an_identical_run_is_left_and_told(undisturbed):
    root = str(undisturbed.parent)
    before = contents(undisturbed)
    again = call(*SMALL, "--out", root, "--json")
    told = json.loads(again.stdout)
    assert told["existing"] is True
    assert told["run"] == str(undisturbed)
    assert told["summary"][0]["quantity"] == "Median survival from onset"
    assert "left as it is" in again.stderr
    resumed = call("population", "--resume", str(undisturbed))
    assert resumed.exit_code == 0
    assert "This run is finished" in resumed.stderr
    assert contents(undisturbed) == before


def test_an_interrupted_run_says_how_to_go_on_and_ends_the_same(place, monkeypatch, undisturbed):
    run_campaign = rooms.run_campaign

    def interrupted(job, folder, workers, scheduler, progress, found):
        def stop(count: int) -> None:
            progress(count)
            raise KeyboardInterrupt

        run_campaign(job, folder, workers, scheduler, stop, found)

    with monkeypatch.context() as patch:
        patch.setattr(rooms, "run_campaign", interrupted)
        result = call(*SMALL)
    folder = run_folder(place)
    assert result.exit_code == 130
    assert f"Go on with: charcot population --resume runs/{folder.name}\n" in result.stderr
    assert not (folder / "manifest.json").exists()
    gone_on = call("population", "--resume", str(folder), "--json")
    assert gone_on.exit_code == 0, gone_on.output
    assert json.loads(gone_on.stdout)["existing"] is False
    assert kept(folder) == kept(undisturbed)


def test_the_same_command_takes_up_an_unfinished_run(place, undisturbed):
    assert call(*SMALL).exit_code == 0
    folder = run_folder(place)
    (folder / "manifest.json").unlink()
    (folder / "patients" / "000000000010-000000000020.parquet").write_bytes(b"PAR1")
    result = call(*SMALL)
    assert result.exit_code == 0
    assert "20 of 30 patients were there already" in result.stderr
    assert kept(run_folder(place)) == kept(undisturbed)


@pytest.mark.parametrize("name", ["SIGTERM"])
def test_polite_kills_leave_a_folder_that_resumes(place, name):
    words = [sys.executable, "-m", "charcot.interfaces.cli.main", "population", "sporadic", "-n", "100000"]
    process = subprocess.Popen([*words, "--chunk", "10", "--workers", "1"], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list(place.glob("runs/*/records/*.json")) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(getattr(signal, name))
    _, told = process.communicate(timeout=120)
    folder = run_folder(place)
    assert process.returncode == 128 + getattr(signal, name)
    assert f"Go on with: charcot population --resume runs/{folder.name}" in told
    assert list(folder.glob("records/*.json"))
    assert not list(folder.rglob("*.partial*"))


DAMAGE = {
    "a truncated part": lambda run: (run / "patients" / "000000000010-000000000020.parquet").write_bytes(b"PAR1"),
    "no records": lambda run: shutil.rmtree(run / "records"),
    "no patients": lambda run: shutil.rmtree(run / "patients"),
    "no tables": lambda run: shutil.rmtree(run / "tables"),
    "a table cut short": lambda run: (run / "tables" / "status.parquet").write_bytes(b"PAR1"),
    "a broken summary": lambda run: (run / "summary.json").write_text("[{"),
    "a broken manifest": lambda run: (run / "manifest.json").write_text("{"),
}


@pytest.mark.parametrize("way", DAMAGE)
def test_a_finished_run_that_is_damaged_is_mended(place, undisturbed, way):
    folder = place / "runs" / undisturbed.name
    shutil.copytree(undisturbed, folder)
    DAMAGE[way](folder)
    words = SMALL if way != "no records" else ["population", "--resume", str(folder)]
    result = call(*words, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["existing"] is False
    assert "was finished, but is damaged" in result.stderr
    assert kept(folder) == kept(undisturbed)
    assert "left as it is" in call(*SMALL).stderr


@pytest.mark.parametrize("content", [None, "{"])
@pytest.mark.parametrize("resumed", [True, False])
def test_a_run_that_does_not_say_what_it_is_says_what_to_do(place, undisturbed, content, resumed):
    folder = place / "runs" / undisturbed.name
    shutil.copytree(undisturbed, folder)
    (folder / "job.json").unlink() if content is None else (folder / "job.json").write_text(content)
    words = ["population", "--resume", str(folder)] if resumed else SMALL
    for _ in range(2):
        result = call(*words)
        assert result.exit_code == 2
        assert "job.json is missing or damaged, and nothing else says what is in the folder" in result.stderr
        assert "away, and begin anew with the command that made it" in result.stderr
        (folder / "manifest.json").unlink(missing_ok=True)


def test_what_ended_a_run_is_said_with_how_to_go_on(place, monkeypatch):
    def full(*_args):
        raise NotWritten("patients 0 to 9 could not be written to runs/x: No space left on device.")

    monkeypatch.setattr(rooms, "run_campaign", full)
    result = call(*SMALL, "--scheduler", "local")
    assert result.exit_code == 2
    assert "No space left on device. Finished chunks are kept. Go on with: charcot population --resume" in result.stderr
    assert "--scheduler local" in result.stderr


def test_a_full_disk_at_the_end_is_resumable_too(place, monkeypatch):
    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(rooms, "write_population_tables", full)
        result = call(*SMALL)
    assert result.exit_code == 2
    assert "No space left on device" in result.stderr
    assert "Go on with: charcot population --resume" in result.stderr
    assert call("population", "--resume", str(run_folder(place))).exit_code == 0


def test_another_job_does_not_go_on_in_a_folder(undisturbed):
    words = ["--resume", str(undisturbed), "--horizon", "4 years"]
    (undisturbed / "manifest.json").rename(undisturbed.parent / "aside.json")
    try:
        for change, told in (
            (["sporadic", "-n", "31"], "job.size: 30 there, 31 now"),
            (["sporadic", "-n", "30", "--seed", "2"], "job.seed: 1 there, 2 now"),
            (["sod1", "-n", "30"], "job.population.name: 'sporadic' there, 'sod1' now"),
            (["sporadic", "-n", "30", "--chunk", "20"], "chunk: 10 there, 20 now"),
        ):
            result = call("population", *change, *words)
            assert result.exit_code == 2, change
            assert told in result.stderr
            assert "Traceback" not in result.output
    finally:
        (undisturbed.parent / "aside.json").rename(undisturbed / "manifest.json")


def test_a_folder_of_another_version_is_refused(place, undisturbed):
    old = place / "old"
    old.mkdir()
    content = json.loads((undisturbed / "job.json").read_text())
    content["job"]["arms"][0]["regimens"] = [{"product": "riluzole", "amount": "50 mg"}]
    (old / "job.json").write_text(json.dumps(content))
    result = call("population", "--resume", str(old))
    assert result.exit_code == 2
    assert "was begun by another version of Charcot" in result.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["sporadic"], "--patients is missing"),
        ([], "who (a population or a protocol) is missing"),
        (["sporadik", "-n", "9"], "Did you mean sporadic"),
        (["sporadic", "-n", "9", "--at", "6"], "has no unit"),
        (["sporadic", "-n", "9", "--readout", "clinic.vital_capacty"], "Did you mean clinic.vital_capacity"),
        (["sporadic", "-n", "9", "--trajectories", "10 days"], "by whole months, not every 10 days"),
        (["sporadic", "-n", "9", "--set", "name=x"], "--set changes a protocol"),
        (["sporadic", "-n", "9", "--scheduler", "host"], "'host' is not an address"),
        (["sporadic", "-n", "9", "--scheduler", "tcp://a:1", "--workers", "2"], "Leave it out"),
        (["sporadic", "-n", "9000", "--chunk", "1500"], "--chunk: a chunk of 1,500 is not possible"),
        (["--resume", "nowhere"], "nowhere holds no campaign"),
        (["--resume", "nowhere", "--force-new"], "nowhere holds no campaign"),
    ],
)
def test_bad_requests_are_named(place, words, told):
    result = call("population", *words)
    assert result.exit_code == 2, result.output
    assert told in result.stderr
    assert not (place / "runs").exists()


def test_a_protocol_gives_cohort_background_and_arms(place):
    words = ["--set", "population.background.edaravone_oral=25 %", "--horizon", "3 years"]
    result = call("population", str(EXAMPLE), "-n", "20", *words, "--workers", "1", "--json")
    assert result.exit_code == 0, result.output
    assert "Not used: screening, eligibility" in result.stderr
    folder = run_folder(place)
    job = json.loads((folder / "job.json").read_text())["job"]
    assert [arm["id"] for arm in job["arms"]] == ["control", "riluzole"]
    assert job["background"] == {"edaravone_oral": 0.25}
    assert job["arms"][1]["regimens"] == [
        {"product": "riluzole", "dose": 50.0, "start": 0.0, "stop": None, "schedule": "label"}
    ]
    assert (folder / "protocol.yaml").is_file()
    assert parquet.read_table(folder / "patients").num_rows == 40
    groups = {row["group"] for row in json.loads(result.stdout)["summary"]}
    assert groups == {"control, 20 patients", "riluzole, 20 patients"}


def test_the_seed_of_a_protocol_holds_unless_another_is_given():
    protocol = load_protocol(EXAMPLE, {"simulate.seed": 7})
    assert population_of(protocol, 5).seed == 7
    assert population_of(protocol, 5, seed=8).seed == 8


def test_pace_counts_this_session_only():
    now = [100.0]
    pace = Pace(1_000_000, clock=lambda: now[0])
    assert pace.words() == "0 of 1,000,000 patients"
    now[0] = 200.0
    pace.already(400_000)
    now[0] = 210.0
    pace.advance(5_000)
    assert pace.words() == "405,000 of 1,000,000 patients, 500/s, 19 min 50 s left"
    assert [duration(s) for s in (0.2, 59.6, 3600, 90061)] == ["0 s", "1 min 0 s", "1 h 0 min", "1 d 1 h"]


def test_a_long_step_is_counted_in_words_what_was_there_before_says_nothing_of_the_speed():
    now = [0.0]
    count = Count(480, clock=lambda: now[0])
    count.advance(240)
    assert count.words() == "240 of 480 (50 %), 0 s so far"
    now[0] = 120.0
    count.advance(120)
    assert count.words() == "360 of 480 (75 %), 2 min 0 s so far, about 2 min 0 s left"
    count.advance(120)
    assert count.words() == "480 of 480 (100 %), 2 min 0 s so far, about 0 s left"


def test_lines_become_seldom_in_long_steps():
    assert [next_pause(seconds) for seconds in (10, 600, 1200, 10_000)] == [30, 30, 60, 300]


def test_lines_are_told_while_nothing_advances_and_end_with_the_step(monkeypatch):
    monkeypatch.setattr("charcot.interfaces.cli.rhythm.FIRST", 0.001)
    monkeypatch.setattr("charcot.interfaces.cli.rhythm.USUAL", 0.001)
    told, enough = [], threading.Event()

    def say(text):
        told.append(text)
        if len(told) == 3:
            enough.set()

    before = set(threading.enumerate())
    with telling(say, lambda: "0 of 2"):
        assert enough.wait(60)
    for thread in set(threading.enumerate()) - before:
        thread.join(60)
    assert set(threading.enumerate()) <= before
    assert set(told) == {"0 of 2"}
