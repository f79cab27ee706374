"""``charcot hindcast`` on made-up people: its words, its JSON, its page, its exit codes."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from population_fake import people
from typer.testing import CliRunner

from charcot.interfaces.cli import record_rooms
from charcot.interfaces.cli.main import app
from charcot.trials.record.twins import Seen, Twins


@pytest.fixture(autouse=True)
def fake(monkeypatch):
    def simulate(trials, patients, seed, workers, progress):
        return {"incident": people(patients), "sod1": people(100)}

    def slower(self, asked, dosing, overrides=()):
        plain = self.untreated(asked)
        values = plain.values.copy()
        values[:12] += 0.2 / 12 * np.arange(33)
        return Seen(values, plain.death, plain.onset, plain.failed)

    monkeypatch.setattr(record_rooms, "simulate", simulate)
    monkeypatch.setattr(Twins, "treated", slower)


def test_the_board_ends_with_placebo_and_has_a_row_for_each_trial(tmp_path):
    done = CliRunner().invoke(app, ["hindcast", "-n", "300", "--no-causes", "--json", "--docs", str(tmp_path)])
    assert done.exit_code == 1, done.output  # these people are not the model
    record = json.loads(done.stdout)
    assert not record["ok"]
    assert list(record)[-1] == "placebo"
    placebo = record["placebo"]
    assert {"inside", "total", "crps", "crps_meta", "crps_constant"} <= set(placebo)
    assert {"crps_model_alone", "inside_model_alone"} <= set(placebo)
    assert set(record["misses"]) == {"decline", "alive", "vital_capacity", "sd"}
    assert len(record["trials"]) >= 30
    assert record["placebo"]["total"] == sum(figure["main"] for row in record["trials"] for figure in row["figures"])
    rows = {row["trial"]: row for row in record["trials"]}
    assert rows["licals"]["effect"] is None
    assert rows["licals"]["no_target"]
    centaur = rows["centaur"]["effect"]
    assert centaur["simulated"] == pytest.approx(0.2, abs=0.08)
    assert centaur["lower"] < centaur["published"] < centaur["upper"]
    assert centaur["hit"]
    alive = next(figure for figure in rows["licals"]["figures"] if figure["quantity"] == "alive")
    assert alive["lower"] < alive["predicted"] < alive["upper"] < 100
    assert alive["simulated"] != alive["predicted"]
    main = [figure for row in record["trials"] for figure in row["figures"] if figure["main"]]
    scores = [figure["crps_model_alone"] for figure in main if figure["crps_model_alone"] is not None]
    assert len(scores) == placebo["total"] - placebo["missing"]
    assert np.mean(scores) == pytest.approx(placebo["crps_model_alone"])
    page = (tmp_path / "hindcast.md").read_text()
    assert f"{placebo['inside_model_alone']} of {placebo['total']} inside, mean CRPS" in page
    for text in (
        record["verdict"],
        "of the model alone",
        "How far the model misses",
        "does not pass",
        "Drug effects",
        "centaur",
        "**OUTSIDE**",
        "hindcast-placebo.svg",
        "as placebo:",
    ):
        assert text in page
    assert "http://www.w3.org/2000/svg" in (tmp_path / "hindcast-placebo.svg").read_text()


def test_one_trial_alone_has_the_rivals_of_the_whole_board():
    done = CliRunner().invoke(app, ["hindcast", "-n", "300", "--trial", "phoenix", "--json"])
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    assert record["ok"]  # it ran; a part is not judged
    assert "not judged" in record["verdict"]
    assert [row["trial"] for row in record["trials"]] == ["phoenix"]
    assert np.isfinite(record["placebo"]["crps_meta"])
    cause = record["trials"][0]["cause"]
    assert sum(cause["shares"].values()) == pytest.approx(cause["mended"] - cause["power"])


def test_the_words_for_a_part_say_that_it_is_not_judged_and_what_the_scores_are():
    done = CliRunner().invoke(app, ["hindcast", "-n", "300", "--trial", "phoenix", "--no-causes"])
    assert done.exit_code == 0, done.output
    words = " ".join(done.output.split())
    assert "A part of the board is not judged" in words
    assert "smaller error than both rivals" not in words
    assert "in SDs among the published figures of the kind" in words
    assert "the chance that was predicted of a figure at or below the published one" in words


def test_what_is_stored_is_read_by_the_explorer_and_by_predictions(tmp_path, monkeypatch):
    from charcot.interfaces import stored
    from charcot.trials.record import discrepancy

    kept = {}
    monkeypatch.setattr(stored, "store", kept.__setitem__)
    write = discrepancy.write
    monkeypatch.setattr(discrepancy, "write", lambda found: write(found, tmp_path / "discrepancy.csv"))
    done = CliRunner().invoke(app, ["hindcast", "-n", "300", "--store"])
    assert done.exit_code == 1, done.output
    found = discrepancy.read(tmp_path / "discrepancy.csv")
    record = kept[stored.HINDCAST]
    figures = [figure for row in record["trials"] for figure in row["figures"] if np.isfinite(figure["simulated"])]
    assert {name: miss.trials for name, miss in found.items()} == Counter(figure["quantity"] for figure in figures)
    assert found["decline"].offset == pytest.approx(record["misses"]["decline"]["offset"], rel=1e-5)
    assert "The model alone, without how far it missed the other trials" in " ".join(done.output.split())
    assert record["verdict"] in " ".join(done.output.split())


def test_an_unknown_trial_is_named_with_its_neighbour():
    done = CliRunner().invoke(app, ["hindcast", "--trial", "centaurus"])
    assert done.exit_code == 2
    assert "centaur" in done.output


def test_a_part_of_the_board_is_not_stored():
    done = CliRunner().invoke(app, ["hindcast", "--store", "--trial", "phoenix"])
    assert done.exit_code == 2
    assert "a part of the board cannot be stored" in done.output
