"""One's own model with a table of parameter sets: the numbers, the folder, going on, the faults."""

import json
import os
import pickle
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from sbml_text import DELAY, apply, document, math_of, name, number
from typer.testing import CliRunner

from charcot.core.errors import Problems
from charcot.engine.campaign import FolderInTheWay
from charcot.interfaces.cli.main import app
from charcot.interfaces.exchange.sbml import read_sbml
from charcot.interfaces.own_model import open_model_run, prepare, simulate_model

DECAY = document(
    '<listOfCompartments><compartment id="c" size="2" constant="true" spatialDimensions="3"/></listOfCompartments>'
    '<listOfSpecies><species id="A" compartment="c" initialAmount="4" hasOnlySubstanceUnits="true"'
    ' boundaryCondition="false" constant="false"/></listOfSpecies>'
    '<listOfParameters><parameter id="k" value="0.5" constant="true"/></listOfParameters>'
    '<listOfReactions><reaction id="loss" reversible="false">'
    '<listOfReactants><speciesReference species="A" stoichiometry="1" constant="true"/></listOfReactants>'
    f"<kineticLaw>{math_of(apply('times', name('k'), name('A')))}</kineticLaw></reaction></listOfReactions>"
)
TIGHT = 1e-8


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "model.xml").write_text(DECAY)
    (tmp_path / "sets.csv").write_text("set,k,A\nslow,0.1,4\nfast,1,4\nmore,0.1,8\n")
    (tmp_path / "doses.csv").write_text("time,target,amount,set\n2,A,3,slow\n4,A,1,\n")
    return tmp_path


def call(*words):
    return CliRunner().invoke(app, ["simulate", *map(str, words)])


def bytes_of(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != ".lock"}


def exact(t, k, start, doses):
    return start * np.exp(-k * t) + sum(
        amount * np.where(t > when, np.exp(-k * np.maximum(t - when, 0)), 0) for when, amount in doses
    )


def test_the_numbers_are_those_of_the_solution(place):
    run = simulate_model(
        "model.xml", "sets.csv", "run", until=10, doses="doses.csv", readouts=["A"], points=41, tolerance=TIGHT
    )
    data = run.to_xarray()
    assert data["A"].dims == ("set", "time")
    assert list(data["set"].values) == ["slow", "fast", "more"]
    t = data["time"].values
    assert (t[0], t[-1], len(t)) == (0, 10, 41)
    for who, k, start, doses in (
        ("slow", 0.1, 4, [(2, 3), (4, 1)]),
        ("fast", 1, 4, [(4, 1)]),
        ("more", 0.1, 8, [(4, 1)]),
    ):
        np.testing.assert_allclose(data["A"].sel(set=who), exact(t, k, start, doses), rtol=1e-6, err_msg=who)


def test_a_species_is_reported_as_concentration_where_nothing_is_asked(place):
    frame = simulate_model("model.xml", pd.DataFrame({"k": [0.0, 0.0]}), "run", until=1, points=2).to_pandas()
    assert list(frame.columns) == ["set", "time", "status", "[A]"]
    assert frame["[A]"].tolist() == [2.0] * 4
    assert frame["set"].tolist() == [1, 1, 2, 2]


def test_units_are_in_the_metadata(place):
    units = DECAY.replace('<model id="m">', '<model id="m" timeUnits="second">')
    units = units.replace('<species id="A"', '<species id="A" substanceUnits="mole"')
    (place / "units.xml").write_text(units)
    table = simulate_model("units.xml", "sets.csv", "run", until=1, readouts=["A"]).to_arrow()
    assert table.field("A").metadata == {b"unit": b"mole"}
    assert table.field("time").metadata == {b"unit": b"second"}


def test_csv_parquet_frame_and_program_give_the_same(place):
    frame = pd.read_csv("sets.csv")
    frame.to_parquet("sets.parquet")
    program = read_sbml("model.xml").program
    runs = [
        simulate_model(model, sets, f"run{k}", until=3, readouts=["A"]).to_pandas()
        for k, (model, sets) in enumerate(
            [("model.xml", "sets.csv"), ("model.xml", "sets.parquet"), ("model.xml", frame), (program, frame)]
        )
    ]
    for other in runs[1:]:
        pd.testing.assert_frame_equal(runs[0], other)


def test_a_failed_set_is_a_named_result_without_numbers(place):
    run = simulate_model("model.xml", pd.DataFrame({"k": [0.1, -1e308]}), "run", until=5, readouts=["A"])
    counts = run.status_counts()
    assert counts.pop("completed") == 1
    assert sum(counts.values()) == 1
    frame = run.to_pandas()
    assert np.isfinite(frame[frame["set"] == 1]["A"]).all()
    assert frame[frame["set"] == 2]["A"].isna().iloc[-1]


def test_a_killed_run_goes_on_to_the_same_bytes(place):
    rows = 6000
    pd.DataFrame({"k": np.linspace(0.01, 2, rows)}).to_csv("many.csv", index=False)
    words = ["model.xml", "--parameters", "many.csv", "--until", "50", "--workers", "1", "--chunk", "100"]
    assert call(*words, "--out", "whole").exit_code == 0
    command = [sys.executable, "-m", "charcot.interfaces.cli.main", "simulate", *words, "--out", "killed"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    records = place / "killed" / "records"
    until = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < until and len(list(records.glob("*.json"))) < 2:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = len(list(records.glob("*.json")))
    assert 2 <= done < rows // 100, "the run was killed in its middle"
    with pytest.raises(FolderInTheWay, match="unfinished"):
        open_model_run("killed")
    again = call(*words, "--out", "killed")
    assert again.exit_code == 0, again.output
    assert "were there already" in again.output
    assert bytes_of(place / "killed") == bytes_of(place / "whole")


def test_workers_and_chunk_borders_change_no_number(place):
    sets = pd.DataFrame({"k": np.linspace(0.01, 2, 50)})
    one = simulate_model("model.xml", sets, "one", until=5, chunk=7).to_pandas()
    two = simulate_model("model.xml", sets, "two", until=5, chunk=50, workers=2).to_pandas()
    pd.testing.assert_frame_equal(one, two)


def test_a_job_reads_its_file_again_on_a_worker(place):
    job = prepare("model.xml", "sets.csv", until=5, doses="doses.csv", readouts=["A"])
    other = pickle.loads(pickle.dumps(job))
    assert other.description() == job.description()
    assert other.block(0, 3).table.equals(job.block(0, 3).table)


def test_a_program_of_python_is_not_sent_to_a_cluster(place):
    with pytest.raises(Problems, match="SBML file"):
        simulate_model(read_sbml("model.xml"), "sets.csv", "run", until=5, scheduler="local")


def test_another_table_is_refused_in_the_same_folder(place):
    words = ("model.xml", "--parameters", "sets.csv", "--until", 5, "--out", "run", "--json")
    first, second = call(*words), call(*words)
    assert json.loads(first.stdout)["existing"] is False
    assert json.loads(second.stdout)["existing"] is True
    (place / "sets.csv").write_text("k\n0.1\n0.2\n0.4\n")
    third = call(*words)
    assert third.exit_code == 2
    assert "sets" in json.loads(third.stdout)["message"]


def test_every_fault_is_told_at_once_with_its_line(place):
    (place / "sets.csv").write_text("set,k,kk\na,1,1\n\na,fast,1\n")
    (place / "doses.csv").write_text("time,target,amount,set\n99,A,1,\n1,B,x,zz\n")
    words = ("--parameters", "sets.csv", "--doses", "doses.csv", "--until", 5, "--out", "run", "--readouts", "A,Q")
    result = call("model.xml", *words, "--json")
    assert result.exit_code == 2
    found = {(p["code"], p["file"], p["line"]) for p in json.loads(result.stdout)["problems"]}
    assert found == {
        ("unknown-readout", None, None),
        ("unknown-parameter", "sets.csv", 1),
        ("bad-set", "sets.csv", 4),
        ("bad-number", "sets.csv", 4),
        ("bad-time", "doses.csv", 2),
        ("unknown-target", "doses.csv", 3),
        ("bad-number", "doses.csv", 3),
        ("unknown-set", "doses.csv", 3),
    }
    assert not (place / "run").exists()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "unreadable-table"),
        ("k,k\n1,2\n", "doubled-column"),
        ("k,\n1,2\n", "nameless-column"),
        ("k\n1,2\n", "bad-row"),
        ("k\n", "no-set"),
        ("k\nnan\n", "bad-number"),
        ("time\n1\n", "unknown-parameter"),
    ],
)
def test_a_table_that_is_none(place, text, code):
    (place / "sets.csv").write_text(text)
    with pytest.raises(Problems) as error:
        simulate_model("model.xml", "sets.csv", "run", until=5)
    assert [problem.code for problem in error.value.problems] == [code]


def test_what_the_engine_lacks_is_refused_by_name(place):
    law = math_of(apply("times", name("k"), apply(DELAY, name("A"), number(1))))
    (place / "delay.xml").write_text(DECAY.replace(math_of(apply("times", name("k"), name("A"))), law))
    result = call("delay.xml", "--parameters", "sets.csv", "--until", 5, "--out", "run")
    assert result.exit_code == 2
    assert "[sbml-refused-delay]" in result.output
    assert not (place / "run").exists()
