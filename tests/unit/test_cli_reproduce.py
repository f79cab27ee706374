"""``charcot reproduce``: counts at the end of the JSON, exit codes, page, folder and pages of the documentation."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from charcot.interfaces.cli import board_rooms
from charcot.interfaces.cli.main import app
from charcot.interfaces.report.board_pages import write_pages

FEW = ("stathmin2_null", "tnf_knockout", "claim_m1", "rnls8_low_doxycycline_onset")


def _run(*words: str):
    return CliRunner().invoke(app, ["reproduce", *words])


@pytest.fixture(scope="module")
def told():
    return _run(*FEW, "--json", "--workers", "1")


def test_the_json_ends_with_the_counts(told):
    assert told.exit_code == 0, told.output
    record = json.loads(told.stdout)
    assert list(record)[-5:] == ["calibration", "validation", "fresh", "negative_controls", "claims"]
    assert record["fresh"] == {"passed": 0, "total": 0}
    assert record["outcomes"] == {"size": {"met": 3, "total": 4}, "direction": {"met": 6, "total": 6}}
    assert record["calibration"] == {"passed": 1, "total": 1}
    assert record["negative_controls"] == {"passed": 1, "total": 1}
    assert record["validation"] == {"passed": 0, "total": 1}
    assert record["claims"] == {"passed": 1, "total": 1}


def test_a_record_has_expected_simulated_and_verdict(told):
    records = {r["name"]: r for r in json.loads(told.stdout)["experiments"]}
    first = records["tnf_knockout"]["outcomes"][0]
    assert first["expected"] == "1 ± 0.03"
    assert abs(first["simulated"] - 1) < 0.03
    missed = records["rnls8_low_doxycycline_onset"]
    assert missed["verdict"] == "MISS"
    assert missed["miss"].startswith("Guess: ") or "(Measured: `" in missed["miss"]
    assert missed["outcomes"][0]["simulated"] is None  # the mice of a low dose live
    assert missed["outcomes"][0]["reading"] == "never"
    assert records["claim_m1"]["verdict"] == "reproduced"


def test_an_unknown_name_is_bad_input():
    done = _run("tnf_knockot")
    assert done.exit_code == 2
    assert "tnf_knockout" in done.stderr


def test_a_baseline_needs_the_whole_board():
    assert _run("tnf_knockout", "--accept").exit_code == 2


def test_a_lost_experiment_fails(monkeypatch):
    from charcot.experiments import board

    monkeypatch.setattr(board, "baseline", lambda: {"rnls8_low_doxycycline_onset": True})
    done = _run("rnls8_low_doxycycline_onset")
    assert done.exit_code == 1
    assert "LOST: rnls8_low_doxycycline_onset" in done.stdout


def test_the_page_and_the_folder_hold_a_picture_of_each(tmp_path):
    page = tmp_path / "board.html"
    done = _run(*FEW, "--html", str(page), "--folder", str(tmp_path / "board"))
    assert done.exit_code == 0, done.output
    text = page.read_text(encoding="utf-8")
    for name in FEW[:3]:
        assert f"figure-{name}" in text
        assert (tmp_path / "board" / f"{name}.svg").read_text(encoding="utf-8").startswith("<svg xmlns")
    assert "Why it misses" in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert json.loads((tmp_path / "board" / "board.json").read_text(encoding="utf-8"))["claims"]["total"] == 1


def test_the_pages_of_the_documentation(tmp_path):
    board = board_rooms.run_board(FEW, lambda _n: None, 1)
    write_pages(board, tmp_path)
    claims = (tmp_path / "claims.md").read_text(encoding="utf-8")
    assert "| M1 |" in claims
    assert "Why it misses" in (tmp_path / "board.md").read_text(encoding="utf-8")
