"""``sweep``, ``evidence`` and ``--assume`` on the command line: messages, JSON, dry runs, reports."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from charcot.fitting import plausible
from charcot.interfaces.cli import laboratory
from charcot.interfaces.cli.main import app

TINY = [
    "-p", "treg_infusion", "-p", "translation_restorer", "--dose", "1", "--start=0,1", "-n", "2", "--follow-up",
    "3 years", "--at", "24 months", "--population", "sporadic", "--seed", "3", "--workers", "2", "--models", "1",
]  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def call(*args: str):
    return CliRunner().invoke(app, list(args))


def test_a_sweep_makes_a_run_folder_once(place: Path) -> None:
    first = call("sweep", *TINY, "--json")
    assert first.exit_code == 0, first.output
    told = json.loads(first.stdout)
    folder = Path(told["run"])
    assert told["existing"] is False
    assert {row["quantity"] for row in told["summary"]} >= {"treg infusion", "treg infusion + translation restorer"}
    cells = pd.read_parquet(folder / "tables" / "cells.parquet")
    assert set(cells["start_years"]) == {0.0, 1.0}
    assert set(cells["endpoint"]) == {"survival", "alsfrs", "alive", "innervation"}
    assert set(pd.read_parquet(folder / "tables" / "interactions.parquet")["pair"]) == {
        "treg_infusion + translation_restorer"
    }
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 3
    assert "Time of no return" in page
    assert "perfect treatment could gain" in page
    assert (folder / "protocol.yaml").read_text(encoding="utf-8").count("treg_infusion") >= 2
    again = json.loads(call("sweep", *TINY, "--json").stdout)
    assert (again["existing"], again["run"]) == (True, told["run"])


def test_a_sweep_tells_three_layers_of_each_treatment(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two models that differ in how fast everything is; a treatment that nobody was given has drawn effects too."""
    path = place / "ensemble.csv"
    path.write_text("model,person.base_tempo\n1,0.9\n2,1.1\n", encoding="utf-8")
    monkeypatch.setattr(plausible, "SHIPPED", path)
    done = call("sweep", *TINY[:-2], "--no-pairs", "--models", "2", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    for row in told["summary"][:2]:
        shown = row["layers"]
        models = shown["models"]
        if "sd" in models:
            assert models["what"] == "middle 95 % of 2 plausible models"
            assert models["sd"] > 0
        else:
            assert "not told apart from noise: 2 plausible models differ" in models["missing"]
        assert shown["patients"] == {
            "what": "gains of 2 patients",
            "unit": "months",
            "sd_unit": "months",
            "sd": shown["patients"]["sd"],
        }
        assert shown["monte_carlo"]["what"] == "95 % bootstrap interval over 2 patients"
    page = Path(told["report"]).read_text(encoding="utf-8")
    assert "What is uncertain, in three layers" in page
    words = " ".join(call("sweep", *TINY[:-2], "--no-pairs", "--models", "2").stdout.split())
    for layer in ("What the evidence leaves open", "Monte Carlo: ", "Between patients: an SD of "):
        assert layer in words
    alone = json.loads(call("sweep", *TINY, "--no-pairs", "--json").stdout)
    assert alone["run"] != told["run"]
    assert alone["summary"][0]["simulated"] == told["summary"][0]["simulated"]
    assert "one model, as asked for (--models 1)" in Path(alone["report"]).read_text(encoding="utf-8")


def test_a_dry_run_says_how_much_and_writes_nothing(place: Path) -> None:
    result = call("sweep", *TINY, "--dry-run", "--json")
    told = json.loads(result.stdout)
    assert told["simulations"] == 2 * (3 + 3 * 1 * 2 + 4 * 3)
    assert told["protocol"]["sweeps"][0]["arms"] == [
        "treg_infusion", "translation_restorer", "treg_infusion+translation_restorer",
    ]  # fmt: skip
    assert told["protocol"]["sweeps"][0]["doses_per_product"]["treg_infusion"] == ["7e+07 count"]
    assert not (place / "runs").exists()


def test_the_sweep_that_is_asked_for_by_default_covers_four_products_and_all_pairs_in_carriers(place: Path) -> None:
    told = json.loads(call("sweep", "--dry-run", "--json").stdout)
    sporadic, carriers = told["protocol"]["sweeps"]
    assert (sporadic["population"], carriers["population"]) == ("sporadic", "sod1")
    assert len(carriers["arms"]) == 10
    assert not any("tofersen" in arm for arm in sporadic["arms"])


def test_everything_wrong_with_a_sweep_comes_at_once(place: Path) -> None:
    result = call("sweep", "-p", "tofersn", "--dose", "0,x", "--start=a", "--endpoint", "surviva", "--at", "3")
    assert result.exit_code == 2
    for words in ("Did you mean tofersen?", "'x' is not a number", "'a' is not a number", "'3' has no unit",
                  "Did you mean survival?"):  # fmt: skip
        assert words in result.stderr


def test_an_unstudied_dose_is_a_warning(place: Path) -> None:
    result = call("sweep", "-p", "tofersen", "--dose", "tofersen=300 mg", "--population", "sod1", "--dry-run")
    assert result.exit_code == 0
    assert "outside what people were given (20 mg to 100 mg)" in result.stderr
    result = call("sweep", "-p", "tofersen", "--dose", "tofersen=3 g", "--population", "sod1", "--dry-run")
    assert result.exit_code == 2
    assert "above the largest that is taken, 1 g" in result.stderr


def test_contradictions_are_listed_with_what_selects_them(place: Path) -> None:
    told = json.loads(call("evidence", "contradictions", "--json").stdout)["contradictions"]
    by_key = {one["key"]: one for one in told}
    assert len(told) >= 38
    assert by_key["death_direction"]["selectable"] == ["death_direction=claim", "death_direction=counter_claim"]
    assert by_key["nk_role"]["selectable"] == ["nk_role=claim"]
    assert by_key["il10_sign"]["selectable"] == []
    page = call("evidence", "contradictions").stdout
    assert "--assume microglia_death_rate=claim: microglia.removal_rate = 0.015 1/day" in page
    assert "not in the model: no number yet (the model has no interleukin-10)" in page


def test_an_unknown_assumption_names_the_nearest(place: Path) -> None:
    result = call("explain", "pool.death_rate", "--assume", "death_directoin=claim")
    assert result.exit_code == 2
    assert "Did you mean death_direction?" in result.stderr


def test_explain_under_an_assumption(place: Path) -> None:
    result = call("explain", "pool.death_rate", "--assume", "death_direction=counter_claim")
    assert result.exit_code == 0
    assert "assumed 1.00" in result.stdout
    assert "dying forward" in result.stdout
    assert "--assume death_direction=claim" in result.stdout


def test_gaps_refuse_a_bad_question_and_tell_their_size(place: Path) -> None:
    bad = call("evidence", "gaps", "--endpoint", "survivl", "--population", "sporadik", "--json")
    assert bad.exit_code == 2
    assert len(json.loads(bad.stdout)["problems"]) == 2
    told = json.loads(call("evidence", "gaps", "-n", "10", "--dry-run", "--json").stdout)
    assert told["simulations"] > 10 * 2 * 180
    assert not (place / "runs").exists()


def test_gaps_make_a_report_with_a_tornado(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from charcot.studies import gaps as room

    real = room._rows
    monkeypatch.setattr(room, "_rows", lambda q: (real(q)[0][:4], real(q)[1]))
    result = call("evidence", "gaps", "-n", "3", "--endpoint", "alsfrs", "--json", "--workers", "2")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert [row["rank"] for row in told["summary"]] == [1, 2, 3, 4]
    page = (Path(told["run"]) / "report.html").read_text(encoding="utf-8")
    assert "leaves most open" in page
    assert "number higher" in page
    table = pd.read_parquet(Path(told["run"]) / "tables" / "gaps.parquet")
    assert len(table) == 4 * len(room.ENDPOINTS)


def test_a_run_under_an_assumption_says_so_and_is_another_run(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from test_cli_fakes import run_trial, use_fakes

    seen: list[tuple[str, ...]] = []

    def under(protocol: object, workers: int, progress: object, assumed: object) -> object:
        seen.append(assumed.lines)  # type: ignore[attr-defined]
        return run_trial(protocol, workers, progress)  # type: ignore[arg-type]

    use_fakes(monkeypatch, place)
    monkeypatch.setattr(laboratory, "run_trial_assuming", under)
    plain = json.loads(call("run", "p.yaml", "--json").stdout)
    result = call("run", "p.yaml", "--assume", "sprouting_gain=counter_claim", "--json")
    assert result.exit_code == 0, result.output
    assert "Assumed: sprouting_gain=counter_claim: Force falls in parallel" in result.stderr
    told = json.loads(result.stdout)
    assert told["run"] != plain["run"]
    assert len(seen) == 1
    assert "sprouting_gain=counter_claim" in (Path(told["run"]) / "protocol.yaml").read_text(encoding="utf-8")


def test_a_protocol_with_an_unstudied_dose_is_warned_of(place: Path) -> None:
    path = place / "protocol.yaml"
    text = (
        "schema: charcot/protocol@1\nname: t\ntitle: T\nscreening: {delay_after_diagnosis: {median: 90 days}}\narms:\n"
        "  - {id: a, n: 5}\n  - {id: b, n: 5, treatments: [{product: tofersen, dose: DOSE}]}\n"
        "visits: every 4 weeks until 24 weeks\n"
    )
    path.write_text(text.replace("DOSE", "500 mg"), encoding="utf-8")
    result = call("check", str(path))
    assert result.exit_code == 0
    assert "500 mg outside what people were given (20 mg to 100 mg)" in result.stdout
    path.write_text(text.replace("DOSE", "100 mg"), encoding="utf-8")
    assert "outside" not in call("check", str(path)).stdout
