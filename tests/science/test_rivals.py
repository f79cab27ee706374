"""Fits to the board and rival hypotheses: small problems through the whole way, from experiment to page."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from charcot.core.errors import Problems
from charcot.disease import hypotheses
from charcot.experiments.reading import feasible
from charcot.fitting import comparison
from charcot.fitting.calibration import SHIPPED, calibrate, covariance_of, read, record
from charcot.fitting.comparison import compare
from charcot.fitting.numbers import changed, free_numbers
from charcot.fitting.rivals import numbers_of
from charcot.fitting.targets import Laboratory
from charcot.interfaces.cli import fitting_rooms, layer_rooms
from charcot.interfaces.cli.main import app
from charcot.interfaces.report.layers import stored_sentence

EXPERIMENTS = ("sod1_g93a_natural_history", "corticospinal_loss")
NUMBERS = ("sod1-g93a/pool.death_constant", "sod1-g93a/upper.death_constant", "sod1-seedable/person.base_tempo")


@pytest.fixture(scope="module")
def fitted():
    with Laboratory(1) as laboratory:
        return calibrate(free_numbers(NUMBERS), EXPERIMENTS, changed, laboratory, rounds=3)


def test_a_fit_comes_nearer_and_says_what_the_data_bound(fitted):
    assert fitted.found.cost <= fitted.found.start_cost
    verdicts = {row.name: row.verdict for row in fitted.verdicts}
    assert verdicts["sod1-g93a/pool.death_constant"] in ("bounded", "one-sided")
    assert verdicts["sod1-seedable/person.base_tempo"] == "flat"  # another line of mice


def test_a_stored_fit_holds_what_it_takes_to_repeat_it(fitted, tmp_path):
    stored = record(fitted, "charcot fit", 3)
    assert stored["command"] == "charcot fit"
    assert stored["experiments"] == list(EXPERIMENTS)
    again = json.loads(json.dumps(stored))
    assert [row["value"] for row in again["numbers"]] == pytest.approx(list(fitted.found.values.values()), rel=1e-5)
    np.testing.assert_allclose(covariance_of(again), fitted.shape.covariance, rtol=1e-4)


def stored_fit(name: str, evidence: float) -> dict:
    """A fit as it is stored: every number at its start, and a narrow posterior."""
    free = free_numbers(numbers_of(hypotheses.hypothesis(name)))
    numbers = [
        {"name": n.name, "unit": n.unit, "start": n.start, "prior_log_spread": n.spread, "value": n.start, "z": 0.0,
         "posterior_log_spread": n.spread}
        for n in free
    ]  # fmt: skip
    covariance = (0.01 * np.eye(len(free))).tolist()
    return {"numbers": numbers, "covariance": covariance, "log_evidence": evidence, "cost": 1.0, "date": "2026-01-01",
            "settled": True, "experiments": ["a"], "figures": [{}, {}], "program_hash": ""}  # fmt: skip


@pytest.fixture
def small(monkeypatch):
    """Two experiments to score, two feasible ones to tell apart by."""
    known = feasible()
    chosen = {name: known[name] for name in ("nerve_biopsy_of_spared_muscle", "cell_bodies_after_early_death")}
    monkeypatch.setattr(comparison, "feasible", lambda: chosen)
    monkeypatch.setattr(
        comparison,
        "experiments",
        lambda use: ("sod1_g93a_natural_history",) if use == "calibration" else ("length_decides_in_health",),
    )
    names = ("tdp43_aggregation_first", "axonal_translation_first")
    return {name: stored_fit(name, -2.0 * k) for k, name in enumerate(names)}


def test_rivals_are_weighed_scored_and_told_apart(small):
    with Laboratory(1) as laboratory:
        found = compare(small, laboratory, draws=2)
        again = compare(small, laboratory, draws=2)
    assert found.rivals["weight"].tolist() == pytest.approx([1 / (1 + np.exp(-2)), 1 / (1 + np.exp(2))])
    assert found.rivals["validation_total"].tolist() == [1, 1]
    assert len(found.ranking) == 4  # readings
    assert found.ranking["bits"].is_monotonic_decreasing
    assert 0.0 <= found.ranking["bits"].min() <= found.ranking["bits"].max() <= 1.0
    [pair] = found.pairs.to_dict("records")
    assert pair["bits"] == pytest.approx(found.ranking["bits"].max())
    pd.testing.assert_frame_equal(found.readings, again.readings)  # draws are addressed
    loads = found.readings[found.readings["reading"] == "aggregate load where weakness began"]["value"].tolist()
    assert loads[0] > loads[1]  # the seed is there from the start only where TDP-43 comes first


def test_a_comparison_may_be_of_some_experiments_only(small):
    board, candidates = ("length_decides_in_health",), ("nerve_biopsy_of_spared_muscle",)
    with Laboratory(1) as laboratory:
        with pytest.raises(Problems, match="no experiment to fit to"):  # it is for validation
            compare(small, laboratory, draws=2, board=board, candidates=candidates)
        found = compare(small, laboratory, draws=2, board=("sod1_g93a_natural_history",), candidates=candidates)
    assert set(found.scores["experiment"]) == {"sod1_g93a_natural_history"}
    assert set(found.ranking["experiment"]) == set(candidates)


def test_the_verb_writes_its_report_and_page(small, monkeypatch, tmp_path):
    monkeypatch.setattr(fitting_rooms, "stored_fits", lambda names: {name: small[name] for name in names})
    monkeypatch.setattr(fitting_rooms, "check_comparison", lambda *asked: [])
    monkeypatch.setattr(layer_rooms, "GENE_THERAPY_PATIENTS", 8)
    words = [word for name in small for word in ("--hypothesis", name)]
    told = CliRunner().invoke(
        app,
        ["compare", *words, "--draws", "2", "--models", "3",
         "--workers", "1", "--out", str(tmp_path / "runs"), "--docs", str(tmp_path),
         "--json"],
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    record = json.loads(told.stdout)
    gains = [row for row in record["summary"] if row["group"].startswith("What a gene therapy gains")]
    assert len(gains) == 3  # all by their weight, then each
    for row in gains:
        assert list(row["layers"]) == ["patients", "monte_carlo", "models"]
        told = stored_sentence(row["layers"])
        for text in ("Between patients: an SD", "Monte Carlo: ", "hat the evidence leaves open"):
            assert text in told
    each = [row["simulated"] for row in gains[1:]]
    assert min(each) <= gains[0]["simulated"] <= max(each)
    folder = Path(record["run"])
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert report.count("<svg") == 4
    assert "TDP-43 aggregation first" in report
    page = (tmp_path / "hypotheses.md").read_text(encoding="utf-8")
    assert page.count("![") == 4
    assert all(
        (tmp_path / f"hypotheses-{name}.svg").exists() for name in ("standing", "ranking", "predictions", "treated")
    )
    assert {path.stem for path in (folder / "tables").glob("*.parquet")} == {
        "rivals", "scores", "readings", "ranking", "pairs", "numbers",
    }  # fmt: skip


def test_what_is_stored_is_whole_or_not_at_all():
    for words in (["fit", "--number", "pool.death_constant"], ["compare"], ["compare", "--fit", *HYPOTHESES]):
        told = CliRunner().invoke(app, [*words, "--store"])
        assert told.exit_code == 2, words
        assert "--store keeps" in told.output


HYPOTHESES = ("--hypothesis", "immune_attack_first", "--hypothesis", "energy_failure_first")


def test_wrong_names_are_all_reported():
    told = CliRunner().invoke(app, ["compare", "--hypothesis", "imune_attack_first", "--hypothesis", "nothing"])
    assert told.exit_code == 2
    assert "immune_attack_first" in told.output
    assert "'nothing'" in told.output
    told = CliRunner().invoke(app, ["compare", "--hypothesis", "immune_attack_first"])
    assert told.exit_code == 2
    assert "needs two" in told.output
    some = ["--experiment", "sod1_g93a_natural_histroy", "--candidate", "nothing"]
    told = CliRunner().invoke(app, ["compare", *HYPOTHESES, "--fit", *some])
    assert told.exit_code == 2
    assert "sod1_g93a_natural_history" in told.output
    assert "no feasible experiment is called 'nothing'" in told.output
    told = CliRunner().invoke(app, ["compare", *HYPOTHESES, "--experiment", "sod1_g93a_natural_history"])
    assert told.exit_code == 2
    assert "--experiment needs --fit" in told.output
    told = CliRunner().invoke(app, ["fit", "--number", "pool.death_constnt", "--experiment", "nk_depletion"])
    assert told.exit_code == 2
    assert "pool.death_constant" in told.output


def test_the_shipped_values_are_those_of_the_stored_fit():
    """No number that was fitted can be changed without a new fit, or the other way round.

    A fit that was not adopted started from the shipped values. Where no fit is stored there is none to go on from.
    """
    if not SHIPPED.exists():
        told = CliRunner().invoke(app, ["fit", "--continue", "--dry-run"])
        assert told.exit_code == 2
        assert "--continue goes on from a stored fit, and there is none" in told.output
        return
    stored = read(SHIPPED)
    key = "value" if stored["adopted"] else "start"
    shipped = {number.name: number.start for number in free_numbers([row["name"] for row in stored["numbers"]])}
    for row in stored["numbers"]:
        assert shipped[row["name"]] == pytest.approx(row[key], rel=0.006), row["name"]  # three digits are shipped


def test_every_hypothesis_has_a_stored_fit_of_its_present_numbers_or_none_has_and_a_comparison_says_so():
    if not any(hypotheses.stored(name) for name in hypotheses.hypotheses()):
        told = CliRunner().invoke(app, ["compare", "--dry-run"])
        assert told.exit_code == 2
        for name in hypotheses.hypotheses():
            assert f"no fit of {name} with its present numbers is stored" in told.output
        assert "charcot compare --fit --store" in told.output
        return
    assert comparison.unfitted(tuple(hypotheses.hypotheses())) == []
    for name in hypotheses.hypotheses():
        stored = hypotheses.stored(name)
        assert stored["command"].startswith("charcot compare --fit")
        assert all(0 < row["posterior_log_spread"] < 1.5 * row["prior_log_spread"] for row in stored["numbers"])
