"""PEtab problems: the scores of a published one, every noise model, every fault by file and line."""

import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sbml_text import apply, document, math_of, name
from typer.testing import CliRunner

from charcot.core.errors import Problems
from charcot.interfaces.cli.main import app
from charcot.interfaces.own_model.petab import open_petab_run, prepare_petab, read_problem, simulate_petab

FIEDLER = Path(__file__).parents[2] / "examples/models/Fiedler_BMCSystBiol2016"
PUBLISHED = FIEDLER / "Fiedler_BMCSystBiol2016.yaml"
# of the nominal parameters, by PEtab.jl (its test of the log-likelihoods of the benchmark collection)
PUBLISHED_LOG_LIKELIHOOD = 58.58390161681

DECAY = document(
    '<listOfCompartments><compartment id="c" size="2" constant="true" spatialDimensions="3"/></listOfCompartments>'
    '<listOfSpecies><species id="A" compartment="c" initialConcentration="4" hasOnlySubstanceUnits="false"'
    ' boundaryCondition="false" constant="false"/></listOfSpecies>'
    '<listOfParameters><parameter id="k" value="0.5" constant="true"/><parameter id="start" constant="true"/>'
    '<parameter id="double" constant="false"/></listOfParameters>'
    f'<listOfInitialAssignments><initialAssignment symbol="start">{math_of(name("k"))}</initialAssignment>'
    "</listOfInitialAssignments>"
    f'<listOfRules><assignmentRule variable="double">{math_of(apply("plus", name("A"), name("start")))}'
    "</assignmentRule></listOfRules>"
    '<listOfReactions><reaction id="loss" reversible="false">'
    '<listOfReactants><speciesReference species="A" stoichiometry="1" constant="true"/></listOfReactants>'
    f"<kineticLaw>{math_of(apply('times', name('c'), name('k'), name('A')))}</kineticLaw></reaction></listOfReactions>"
)
FILES = {
    "problem.yaml": "format_version: 1\nparameter_file: p.tsv\nproblems:\n- sbml_files: [model.xml]\n"
    "  condition_files: [c.tsv]\n  observable_files: [o.tsv]\n  measurement_files: [m.tsv]\n",
    "model.xml": DECAY,
    "p.tsv": "parameterId parameterScale lowerBound upperBound nominalValue estimate\n"
    "k log10 1e-5 10 0.25 1\nscaling lin 0 10 2 1\nmuch lin 0 10 6 1\nsd lin 0 10 0.5 1\n",
    # the second condition leaves A to the model, 4, and gives what has a formula in the model a number
    "c.tsv": "conditionId A start c\nfirst much 1 2\nsecond _ 3 5\n",
    "o.tsv": "observableId observableFormula noiseFormula observableTransformation noiseDistribution\n"
    "linear scaling*A+observableParameter1_linear noiseParameter1_linear lin normal\n"
    "natural double+time 0.3+0.1*sd log normal\n"
    "ten piecewise(A,time>1,2*A) sd log10 normal\n"
    "wide A sd*noiseParameter1_wide lin laplace\n"
    "wider A sd log laplace\n"
    "widest A sd log10 laplace\n",
    "m.tsv": "observableId simulationConditionId measurement time observableParameters noiseParameters\n"
    "linear first 12 0 1.5 sd\nlinear second 3 4 scaling 0.7\nnatural first 8 2 _ _\nnatural second 7 1 _ _\n"
    "ten first 5 1 _ _\nten second 2.5 2 _ _\nwide first 3 3 _ sd\nwider second 1.5 4 _ _\nwidest first 0.9 8 _ _\n",
}


def write(folder, **changes):
    for file, text in {**FILES, **changes}.items():
        rows = [line.replace(" ", "\t").replace("_\t", "\t") for line in text.split("\n")]
        plain = not file.endswith(".tsv")
        content = text if plain else "\n".join(row.removesuffix("_") for row in rows)
        (folder / file).write_text(content)
    return folder / "problem.yaml"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    write(tmp_path)
    return tmp_path


def call(*words):
    return CliRunner().invoke(app, ["simulate", *map(str, words)])


def by_petab(yaml, rows):
    """Log-likelihood and chi2 by the library's own calculator, of a simulation table with these numbers."""
    from petab.v1 import Problem
    from petab.v1.calculate import calculate_chi2, calculate_llh

    problem = Problem.from_yaml(str(yaml))
    simulated = problem.measurement_df.rename(columns={"measurement": "simulation"})
    simulated["simulation"] = rows["simulation"].to_numpy()
    tables = (problem.measurement_df, simulated, problem.observable_df, problem.parameter_df)
    return calculate_llh(*tables), calculate_chi2(*tables)


def test_the_published_problem_has_its_published_score(tmp_path):
    run = simulate_petab(PUBLISHED, tmp_path / "run", tolerance=1e-8)
    rows, scores = run.to_pandas(), run.scores().iloc[0]
    assert scores["log_likelihood"] == pytest.approx(PUBLISHED_LOG_LIKELIHOOD, abs=1e-4)
    expected = by_petab(PUBLISHED, rows)
    assert (scores["log_likelihood"], scores["chi2"]) == pytest.approx(expected, rel=1e-12)
    parts = run.scores_by_condition()
    assert list(parts["condition"]) == ["model1_data1", "model1_data2", "model1_data3"]
    assert parts["log_likelihood"].sum() == pytest.approx(scores["log_likelihood"])
    assert parts["measurements"].sum() == len(rows) == 72
    keys = ["observableId", "simulationConditionId", "time", "datasetId", "observableParameters", "noiseParameters"]
    measured = pd.read_csv(FIEDLER / "measurementData_Fiedler_BMCSystBiol2016.tsv", sep="\t")
    theirs = pd.read_csv(FIEDLER / "simulatedData_Fiedler_BMCSystBiol2016.tsv", sep="\t")
    keys = [key for key in keys if key in theirs and key in measured]
    joined = measured.merge(theirs.drop_duplicates(keys), on=keys, how="left")["simulation"].to_numpy()
    assert np.abs(joined - rows["simulation"]).max() < 2e-7 * np.abs(joined).max()


def test_every_noise_model_scores_as_the_library_does(place):
    run = simulate_petab("problem.yaml", "run", tolerance=1e-9)
    rows = run.to_pandas()
    a = {"first": lambda t: 6 * np.exp(-0.25 * t), "second": lambda t: 4 * np.exp(-0.25 * t)}
    expected = [2 * 6 + 1.5, 2 * a["second"](4) + 2, a["first"](2) + 1 + 2, a["second"](1) + 3 + 1]
    expected += [2 * a["first"](1), a["second"](2), a["first"](3), a["second"](4), a["first"](8)]
    assert rows["simulation"].to_numpy() == pytest.approx(expected, rel=1e-7)
    noise = [0.5, 0.7, 0.35, 0.35, 0.5, 0.5, 0.25, 0.5, 0.5]
    assert rows["noise"].to_numpy() == pytest.approx(noise, rel=1e-7)
    total = run.scores().iloc[0]
    assert (total["log_likelihood"], total["chi2"]) == pytest.approx(by_petab("problem.yaml", rows), rel=1e-12)


def test_rows_of_a_table_are_scored_one_by_one_and_a_run_goes_on(place):
    (place / "sets.csv").write_text("set,k,sd\nslow,0.25,0.5\nfast,1,0.5\nsure,0.25,0.1\nvoid,0.25,-1\n")
    told = json.loads(call("problem.yaml", "--parameters", "sets.csv", "--out", "run", "--chunk", 3, "--json").stdout)
    scores = open_petab_run("run").scores().set_index("set")
    alone = simulate_petab("problem.yaml", "alone").scores().iloc[0]
    assert scores.loc["slow", "log_likelihood"] == alone["log_likelihood"]
    assert scores["log_likelihood"].isna().tolist() == [False, False, False, True]  # of a noise below 0
    assert told["best"]["set"] == scores["log_likelihood"].idxmax()
    before = {p: p.read_bytes() for p in (place / "run").rglob("*.parquet")}
    next(iter((place / "run/patients").glob("*3-*.parquet"))).unlink()
    again = call("problem.yaml", "--parameters", "sets.csv", "--out", "run", "--chunk", 3)
    assert again.exit_code == 0
    assert "9 measurements under 2 conditions" in again.output
    assert {p: p.read_bytes() for p in (place / "run").rglob("*.parquet")} == before


def test_a_worker_reads_the_files_itself(place):
    job = prepare_petab("problem.yaml")
    table = pickle.loads(pickle.dumps(job)).block(0, 1).table
    assert table.equals(job.block(0, 1).table)


def faults(folder, **changes):
    with pytest.raises(Problems) as caught:
        read_problem(write(folder, **changes))
    return {(str(p.where).replace(f"{folder}/", ""), p.code) for p in caught.value.problems}


def test_every_fault_is_named_with_file_and_line_at_once(place):
    found = faults(
        place,
        **{
            "p.tsv": FILES["p.tsv"].replace("sd lin", "sd ln").replace("k log10 1e-5 10 0.25", "k log10 1e-5 10 fast")
            + "more lin 0 1 1 2\nmore lin 0 1 1 0\n",
            "c.tsv": "conditionId A start nothing\nfirst most 1 0\nsecond _ _ 0\n",
            "o.tsv": FILES["o.tsv"].replace("double+time", "double+tine").replace("2*A) sd", "2*A sd")
            + "odd A sd cubic cauchy\n",
            "m.tsv": FILES["m.tsv"].replace("linear first 12 0 1.5 sd", "linear first 12 0 1.5;2 std")
            + "linear third 1 inf 1 1\nunheard first none -1 _ _\nwider first -1 1 _ _\n",
        },
    )
    assert found == {
        ("p.tsv:2", "bad-number"),
        ("p.tsv:5", "petab-scale"),
        ("p.tsv:6", "petab-estimate"),
        ("p.tsv:7", "doubled-identifier"),
        ("c.tsv:1", "unknown-name"),
        ("c.tsv:2", "unknown-parameter"),
        ("c.tsv:3", "petab-empty-setting"),
        ("o.tsv:3", "unknown-name"),
        ("o.tsv:4", "petab-formula"),
        ("o.tsv:8", "petab-noise-model"),
        ("m.tsv:2", "petab-placeholders"),
        ("m.tsv:2", "unknown-parameter"),
        ("m.tsv:11", "unknown-condition"),
        ("m.tsv:11", "petab-steady-state"),
        ("m.tsv:12", "unknown-observable"),
        ("m.tsv:12", "bad-number"),
        ("m.tsv:12", "bad-time"),
        ("m.tsv:13", "petab-not-positive"),
    } | {("m.tsv:6", "unknown-observable"), ("m.tsv:7", "unknown-observable")}  # of the formula that cannot be read


def test_what_is_not_supported_is_refused_by_name(place):
    prior = (
        FILES["p.tsv"]
        .replace("estimate\n", "estimate objectivePriorType\n")
        .replace("k log10 1e-5 10 0.25 1", "k log10 1e-5 10 0.25 1 normal")
    )
    before = FILES["m.tsv"].replace("noiseParameters\n", "noiseParameters preequilibrationConditionId\n")
    before = before.replace("linear first 12 0 1.5 sd", "linear first 12 0 1.5 sd second")
    changed = FILES["c.tsv"].replace("start", "double")
    several = FILES["problem.yaml"] + "- sbml_files: [model.xml]\n"
    found = faults(place, **{"p.tsv": prior, "m.tsv": before, "c.tsv": changed, "problem.yaml": several})
    assert found >= {
        ("problem.yaml:8", "petab-several-problems"),
        ("p.tsv:2", "petab-prior"),
        ("m.tsv:2", "petab-preequilibration"),
        ("c.tsv:1", "petab-assigned"),
    }
    newer = FILES["problem.yaml"].replace("version: 1", "version: 2.0.0")
    assert faults(place, **{"problem.yaml": newer}) == {("problem.yaml:1", "petab-version")}


def test_what_the_library_alone_finds_is_refused_too(place):
    unused = FILES["p.tsv"] + "unused lin 0 1 1 1\n"
    assert faults(place, **{"p.tsv": unused}) == {("problem.yaml:3", "petab-lint")}


def test_words_that_do_not_fit_are_refused(place):
    refused = call("problem.yaml", "--out", "run", "--until", 3)
    assert (refused.exit_code, "--until" in refused.stderr) == (2, True)
    (place / "sets.csv").write_text("kk\n1\n")
    refused = call("problem.yaml", "--out", "run", "--parameters", "sets.csv")
    assert (refused.exit_code, "sets.csv:1" in refused.stderr, "Did you mean k" in refused.stderr) == (2, True, True)
    refused = call("model.xml", "--out", "run")
    assert (refused.exit_code, "--parameters" in refused.stderr, "--until" in refused.stderr) == (2, True, True)
    assert not (place / "run").exists()


def test_without_the_library_it_says_what_to_install(place, monkeypatch):
    monkeypatch.setattr("charcot.interfaces.own_model.petab.library.find_spec", lambda name: None)
    refused = call("problem.yaml", "--out", "run")
    assert refused.exit_code == 2
    assert "charcot[petab]" in refused.stderr
