"""Every verb: what it prints where, which code it returns, what it leaves behind."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from test_cli_fakes import use_fakes
from typer.testing import CliRunner, Result

from charcot import __version__
from charcot.core.errors import Problem, Where
from charcot.interfaces import runs
from charcot.interfaces.cli import doctor, rooms
from charcot.interfaces.cli.main import app
from charcot.interfaces.cli.options import read_settings
from charcot.interfaces.opened import NoRun, open_run


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, with stand-ins for the rooms below."""
    stock = tmp_path / "stock"
    work = tmp_path / "work"
    stock.mkdir()
    work.mkdir()
    use_fakes(monkeypatch, stock)
    monkeypatch.chdir(work)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return work


def call(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def left_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


VERBS = {
    "demo": ("demo", "--replicates", "2"),
    "init": ("init", "study"),
    "check": ("check",),
    "run": ("run", "p.yaml"),
    "trial": ("trial", "p.yaml"),
    "explain": ("explain", "lumbar.nmj.innervation"),
    "export": ("export", "--genotype", "FUS"),
    "doctor": ("doctor",),
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_works_and_ends_with_zero(place: Path, verb: str) -> None:
    result = call(*VERBS[verb])
    assert result.exit_code == 0, result.output
    assert result.stdout.strip()
    assert "Traceback" not in result.output


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_speaks_json_on_stdout_alone(place: Path, verb: str) -> None:
    result = call(*VERBS[verb], "--json")
    assert result.exit_code == 0, result.output
    assert isinstance(json.loads(result.stdout), dict)


def test_version_and_help() -> None:
    assert call("--version").stdout.strip() == __version__
    bare = call()
    assert bare.exit_code == 0
    assert all(verb in bare.stdout for verb in VERBS)
    assert "no medical device" in bare.stdout


def test_what_is_no_finished_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoRun, match="there is no folder"):
        open_run(tmp_path / "nowhere")
    finished = tmp_path / "trial-1"
    finished.mkdir()
    with pytest.raises(NoRun, match="it holds no finished run"):
        open_run(tmp_path)
    (finished / "manifest.json").write_text('{"verb": "trial"}', encoding="utf-8")
    with pytest.raises(NoRun, match="it holds the runs trial-1"):
        open_run(tmp_path)
    (finished / "tables").mkdir()
    pd.DataFrame({"a": [1]}).to_parquet(finished / "tables" / "estimates.parquet")
    assert repr(open_run(finished)) == f"Run(trial, {finished}, tables: estimates)"
    with pytest.raises(KeyError, match="Did you mean estimates"):
        open_run(finished)["estimate"]
    (finished / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(NoRun, match="damaged"):
        open_run(finished)


def test_help_loads_nothing_of_the_science() -> None:
    """A verb loads what it needs when it is called."""
    code = (
        "import sys; from charcot.interfaces.cli.main import app; "
        "print([m for m in ('numpy','pandas','altair','scipy','pydantic','llvmlite') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_trial_writes_a_whole_run_folder(place: Path) -> None:
    result = call("trial", "p.yaml", "--replicates", "3", "--seed", "7")
    assert result.exit_code == 0, result.output
    (folder,) = (place / "runs").iterdir()
    assert folder.name.startswith("mci186-19-")
    assert left_in(folder) == ["manifest.json", "protocol.yaml", "report.html", "summary.json", "tables"]
    assert {
        "ADSL.parquet",
        "ADQS.parquet",
        "ADTTE.parquet",
        "ADLB.parquet",
        "estimates.parquet",
        "flow.parquet",
    } <= set(left_in(folder / "tables"))
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["seed"] == 7
    assert manifest["program_hash"] == "abc"
    assert manifest["evidence_hash"] == "def"
    assert {"charcot", "python", "numpy", "llvmlite"} <= set(manifest["versions"])
    assert {"command", "date", "wall_time_seconds", "failures"} <= set(manifest)
    assert manifest["failures"]["total"] == 0
    flow = pd.read_parquet(folder / "tables" / "flow.parquet").set_index("stage")
    assert flow.loc["screened", "first_replicate"] == 10
    run = open_run(folder)
    assert run["flow"].set_index("stage").equals(flow)
    assert {f"{name}.parquet" for name in run} == {n for n in left_in(folder / "tables") if n.endswith(".parquet")}
    assert run.manifest == manifest
    assert run.summary == json.loads((folder / "summary.json").read_text())
    assert run.report == folder / "report.html"
    assert str(Path("runs") / folder.name / "report.html") in result.stdout.replace("\n", "")
    assert "Trial mci186-19" in result.stdout
    assert "Simulating" in result.stderr
    assert "Simulating" not in result.stdout


def test_run_simulates_once(place: Path) -> None:
    result = call("run", "p.yaml", "--json")
    data = json.loads(result.stdout)
    assert "run-mci186-19-" in data["run"]
    own = (data["summary"][0]["lower"], data["summary"][0]["upper"])  # the one trial's own interval
    assert own == pytest.approx((0.2, 0.6))
    manifest = json.loads((place / data["run"] / "manifest.json").read_text())
    assert manifest["protocol"]["simulate"]["replicates"] == 1


def test_an_identical_run_is_left_and_a_new_one_gets_a_number(place: Path) -> None:
    first = json.loads(call("trial", "p.yaml", "--json").stdout)
    report = place / first["report"]
    report.write_text("mine")
    again = call("trial", "p.yaml", "--json")
    data = json.loads(again.stdout)
    assert data["existing"] is True
    assert data["run"] == first["run"]
    assert data["summary"] == first["summary"]
    assert "left as it is" in again.stderr
    assert report.read_text() == "mine"
    forced = json.loads(call("trial", "p.yaml", "--json", "--force-new").stdout)
    assert forced["run"] == first["run"] + "-2"
    other = json.loads(call("trial", "p.yaml", "--json", "--seed", "9").stdout)
    assert other["run"] not in (first["run"], forced["run"])


def test_workers_do_not_change_the_name(place: Path) -> None:
    names = [json.loads(call("trial", "p.yaml", "--json", "--workers", w).stdout)["run"] for w in ("1", "2")]
    assert names[0] == names[1]


@pytest.mark.parametrize("verb", ["trial", "run", "demo"])
@pytest.mark.parametrize(
    ("accident", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "Interrupted. Nothing half-written"),
        (OSError(errno.ENOSPC, "No space left on device"), 2, "The disk is full"),
        (PermissionError(errno.EACCES, "Permission denied"), 2, "the run folder cannot be written"),
        (
            OSError(errno.ENAMETOOLONG, "File name too long", "x" * 300),
            2,
            "xxx cannot be written or read (File",
        ),
    ],
)
def test_an_accident_midway_leaves_no_folder(
    place: Path, monkeypatch: pytest.MonkeyPatch, verb: str, accident: BaseException, code: int, words: str
) -> None:
    def break_down(folder: Path, tables: Any) -> list[str]:
        folder.mkdir()
        (folder / "ADSL.parquet").write_text("half")
        raise accident

    monkeypatch.setattr(runs, "write_tables", break_down)
    result = call(*VERBS[verb])
    assert result.exit_code == code
    assert words in result.stderr
    assert result.stdout == ""
    assert not list(place.rglob("ADSL.parquet"))
    if verb == "demo":  # its typical patient was finished
        assert "Finished and kept: 1 typical patient. The same command goes on from there." in result.stderr
        assert [path.suffix for path in (place / "runs").iterdir()] == [".unfinished"]
    else:
        assert left_in(place) == []


def test_interruption_as_json(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rooms, "run_trial", stop)
    result = call("trial", "p.yaml", "--json")
    assert json.loads(result.stdout)["exit_code"] == 130


@pytest.mark.parametrize("verb", ["trial", "run", "check"])
def test_all_problems_of_a_protocol_are_shown_with_their_lines(place: Path, verb: str) -> None:
    result = call(verb, "bad.yaml")
    assert result.exit_code == 2
    for words in ("bad.yaml:7: 'doze' is no key of a treatment", "Did you mean dose?", "bad.yaml:8: 60 has no unit"):
        assert words in result.output
    assert left_in(place) == []
    data = json.loads(call(verb, "bad.yaml", "--json").stdout)
    assert [(p["line"], p["code"]) for p in data["problems"]] == [(7, "unknown-key"), (8, "no-unit")]
    assert data["exit_code"] == 2


def test_a_surprise_is_one_calm_line_and_a_log(place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("matrix is singular\nsecond line")

    monkeypatch.setattr(rooms, "run_trial", fail)
    result = call("trial", "p.yaml")
    assert result.exit_code == 1
    assert "Something unexpected went wrong (RuntimeError: matrix is singular)" in result.stderr
    assert "Traceback" not in result.output
    (log,) = (tmp_path / "state" / "charcot").iterdir()
    assert str(log) in result.stderr
    assert "Traceback" in log.read_text()
    assert left_in(place) == []


def test_settings_reach_the_protocol_and_mistakes_are_collected(place: Path) -> None:
    data = json.loads(call("check", "p.yaml", "--set", "simulate.replicates=50", "--json").stdout)
    assert data["counts"]["replicates"] == 50
    wrong = call("trial", "p.yaml", "--set", "nonsense", "--set", "a=[1")
    assert wrong.exit_code == 2
    assert "--set nonsense: this is not PATH=VALUE" in wrong.stderr
    assert "is not a YAML value" in wrong.stderr


def test_settings_are_read_as_yaml() -> None:
    values = read_settings(["arms.0.n=80", "a.dose=60 mg", "b=[1, 2]", "c=", "d==x"], seed=3)
    assert values == {"arms.0.n": 80, "a.dose": "60 mg", "b": [1, 2], "c": None, "d": "=x", "simulate.seed": 3}


def test_check_of_the_model_counts_and_warns(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = call("check")
    assert "120 states, 90 parameters, 30 mechanisms, 60 sources" in result.stdout
    assert "warning: x is cited by nothing" in result.stdout
    assert "sound, with 1 warning" in result.stdout
    wrong = [Problem("unit", "days are not meters", Where("a.csv", 3))]
    monkeypatch.setattr(rooms, "check_all", lambda fresh=False: wrong)
    failed = call("check")
    assert failed.exit_code == 1
    assert "a.csv:3: days are not meters [unit]" in failed.stdout
    assert json.loads(call("check", "--json").stdout)["problems"][0]["line"] == 3


def test_check_accepts_a_protocol_folder(place: Path) -> None:
    (place / "study").mkdir()
    result = call("check", "study")
    assert result.exit_code == 0
    assert "protocol.yaml: sound" in result.stdout


def test_init_never_overwrites(place: Path) -> None:
    made = call("init", "study")
    assert made.stdout.strip() == str(Path("study") / "protocol.yaml")
    assert "# a comment" in (place / "study" / "protocol.yaml").read_text()
    assert "no medical device" in (place / "study" / "README.md").read_text()
    (place / "study" / "protocol.yaml").write_text("mine")
    again = call("init", "study")
    assert again.exit_code == 2
    assert "left as it is" in again.stderr
    assert (place / "study" / "protocol.yaml").read_text() == "mine"


def test_init_names_the_templates(place: Path) -> None:
    result = call("init", "study", "--template", "aav-mir127")
    assert result.exit_code == 2
    assert "Did you mean aav" in result.stderr
    assert left_in(place) == []


def test_export_never_overwrites_and_says_what_was_found(place: Path) -> None:
    result = call("export", "--genotype", "SOD1", "-o", "model.xml")
    assert result.exit_code == 0
    assert result.stdout.strip() == "model.xml"
    assert "1 finding" in result.stderr
    assert "Warning 10533, line 3: Units differ." in result.stderr
    (place / "model.xml").write_text("mine", encoding="utf-8")
    assert call("export", "-o", "model.xml").exit_code == 2
    assert (place / "model.xml").read_text(encoding="utf-8") == "mine"


def test_export_names_formats_and_missing_folders(place: Path) -> None:
    assert "There is: sbml" in call("export", "--format", "smbl").stderr
    result = call("export", "-o", "nowhere/model.xml")
    assert result.exit_code == 2
    assert "there is no folder nowhere" in result.stderr
    assert left_in(place) == []


def test_explain_shows_equation_numbers_and_readers(place: Path) -> None:
    text = call("explain", "lumbar.nmj.innervation").stdout
    for words in (
        "innervated muscle fibres",
        "d/dt lumbar.nmj.innervation",
        "0.020",
        "1/day",
        "henderson2019",
        "walking",
    ):
        assert words in text
    data = json.loads(call("explain", "lumbar.nmj.innervation", "--json").stdout)
    assert data["reads"][0]["port"] == "lumbar.pool.motor_units"
    assert data["numbers"][0]["grade"] == "B"


def test_explain_of_an_unknown_port_gives_the_nearest(place: Path) -> None:
    result = call("explain", "lumbar.nmj.inervation")
    assert result.exit_code == 2
    assert "Did you mean lumbar.nmj.innervation?" in result.stderr
    assert '"no port' not in result.stderr


def test_demo_shows_figures_beside_the_published_ones(place: Path) -> None:
    result = call("demo", "--replicates", "2")
    assert result.exit_code == 0
    for words in ("Median survival from onset", "24 to 48", "model", "Median survival, without spread", "never"):
        assert words in result.stdout
    (folder,) = (place / "runs").iterdir()
    page = (folder / "report.html").read_text()
    assert all(f'id="{anchor}"' in page for anchor in ("typical", "chain", "flow", "natural-history", "ablations"))
    assert {"typical_patient.parquet", "chain.parquet", "ablations.parquet"} <= set(left_in(folder / "tables"))


def test_demo_writes_where_it_is_told(place: Path) -> None:
    result = call("demo", "--out", "elsewhere", "--json")
    assert json.loads(result.stdout)["run"].startswith("elsewhere")
    assert left_in(place) == ["elsewhere"]


def test_doctor_reports_what_is_wrong(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def look_at_engine() -> list[Any]:
        raise ImportError("no llvmlite")

    monkeypatch.setattr(doctor, "LOOKS", (doctor.look_at_python, look_at_engine))
    result = call("doctor")
    assert result.exit_code == 1
    assert "ImportError: no llvmlite" in result.stdout
    assert "Something needs mending." in result.stdout
    assert json.loads(call("doctor", "--json").stdout)["ok"] is False


def test_doctor_tests_the_engine_against_the_exact_solution(place: Path) -> None:
    (finding,) = doctor.look_at_engine()
    assert finding.verdict == doctor.GOOD, finding
    assert "exact solution" in finding.detail


def test_wrong_usage_is_bad_input(place: Path) -> None:
    assert call("trial").exit_code == 2
    assert call("trial", "p.yaml", "--seed", "-1").exit_code == 2
    assert call("nonsense").exit_code == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(place: Path) -> None:
    place.chmod(0o500)
    try:
        result = call("trial", "p.yaml")
    finally:
        place.chmod(0o700)
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_a_miss_is_called_a_miss_only_where_enough_trials_stand_behind_it() -> None:
    from charcot.interfaces.report.gather import verdict

    assert verdict(-0.1, -0.8, 1.0, 2.49, "points") == "MISS: model 2.59 points below"
    assert verdict(2.0, 1.0, 3.0, 2.49, "points") == "inside the range: model 0.49 points below"
    assert verdict(2.0, float("nan"), float("nan"), 2.49, "points") == "model 0.49 points below"
