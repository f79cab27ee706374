"""Whoever adds content adds files, or rows at the end of a table: nothing that is there is edited, and a fault in what
is added is told with file and line. Done to a copy of the sources, by a process that knows nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "src" / "charcot"

MECHANISM = '''"""A second protein that misfolds."""

from charcot.model.mechanism import mechanism


@mechanism(scope="person", row="4 drill")
def second_protein(drill_protein):
    """A second protein that misfolds burdens every motor neuron.

    Sources: free
    """
    return {"soma.burden": drill_protein}
'''
BIOMARKER = '''"""A marker that leaks from sick neurons."""

from charcot.model.mechanism import mechanism


@mechanism(row="12 drill")
def drill_marker(soma_burden, drill_marker_gain):
    """What burdens neurons leaks.

    Sources: free
    """
    return {"drill.marker": drill_marker_gain * soma_burden}
'''
SERUM = '''"""The marker in the blood."""

from charcot.model.mechanism import mechanism


@mechanism(scope="person", row="12 drill")
def drill_serum(drill_protein, drill_serum_gain):
    """The misfolded protein is found in the blood.

    Sources: free
    """
    return {"drill.serum": drill_protein * drill_serum_gain}
'''
ANALYSIS = '''"""The value at the last visit, compared by Student's t-test."""

from scipy.stats import ttest_ind

from charcot.trials.analysis_form import Analysis, Strategies, row
from charcot.trials.endpoints import measure_of


def rows(data, design, endpoint):
    last = data.values[measure_of(endpoint)][:, -1]
    groups = [last[(data.arms == k) & (last == last)] for k in range(len(design.arms))]
    found = [row(arm, "", group.mean()) for arm, group in zip(design.arms, groups)]
    return found + [
        row(arm, design.reference, group.mean() - groups[0].mean(), p_value=ttest_ind(group, groups[0]).pvalue)
        for arm, group in zip(design.arms[1:], groups[1:])
    ]


def scores(data, design, endpoint):
    return data.values[measure_of(endpoint)][:, -1]


ANALYSIS = Analysis(
    name="last_value", title="value at the last visit", interval="the t-test", of="visits",
    strategies=Strategies("left out", "left out", "difference in means"), rows=rows, scores=scores, twin="the value",
)
'''
HYPOTHESIS = """title: A second protein first
claim: The last step to disease is a second protein.
sources: [altman2021]
seed: soma.aggregate
numbers:
  - {name: drill.protein, value: 0.2, unit: "1", spread: 0.5, source: free, grade: F}
free: [drill.protein]
"""
EXPERIMENT = """title: Half of the synthesis of mutant SOD1 spares motor neurons
dossier: made up for this test
sources: [free]
use: validation
tolerance: made up
system: sod1-g93a
arms:
  plain: {end: 60}
  less: {like: plain, set: {sod1.synthesis: 0.5}}
measures:
  plain: {arm: plain, read: lumbar.drill.marker, day: 50}
  less: {arm: less, read: lumbar.drill.marker, day: 50}
outcomes:
  - {what: less of the marker, value: plain - less, published: less, sign: true, above: 0}
"""
NUMBERS = """name,index,value,unit,spread,between_patients,source,grade,role,title,note
drill.protein,,0.05,1,0.5,0,free,F,,Misfolded protein of the drill,
drill.marker_gain,,2,1,0.5,0,free,F,,Marker for a burden of one,
drill.serum_gain,,1000,pg/mL,0.5,0,free,F,,Marker in the blood for a protein of one,
"""
PORTS = """name,kind,scope,unit,healthy,scale,readout,combine,title
drill.marker,variable,region,1,0,1,yes,,Marker of the drill
drill.serum,variable,person,pg/mL,50,50,yes,,Marker of the drill in the blood
"""
FILES = {
    "disease/mechanisms/soma/second_protein.py": MECHANISM,
    "disease/mechanisms/biomarker/drill_marker.py": BIOMARKER,
    "disease/mechanisms/biomarker/drill_serum.py": SERUM,
    "trials/analyses/last_value.py": ANALYSIS,
    "disease/parameters/drill.csv": NUMBERS,
    "disease/ports/drill.csv": PORTS,
    "disease/hypotheses/second_protein_first.yaml": HYPOTHESIS,
    "experiments/published/drill_experiment.yaml": EXPERIMENT,
}
ROWS = {
    "disease/genotypes.csv": "DRILL,A mutation of the drill,soma.aggregate,3,taken,120,0,alchalabi2014,D,made up\n",
    "disease/genotype_sites.csv": "DRILL,lumbar,1,0.3,free,F,made up\n",
    "disease/genotype_effects.csv": "DRILL,drill.protein,multiply,2,1,0.5,free,F,made up\n",
    "disease/exposures.csv": "drilling,Drilling,1.5,1.1,2,0.1,0.5,zhu2023,A,made up\n",
    "clinic/measurements.csv": "drill,drill.serum,DRILL,Drill (pg/mL),drill,pg/mL,times,0.1,0.5,free,F,-\n",
    "trials/endpoints.csv": "drill_last,drill,last_value,,Marker of the drill at the last visit,pg/mL,60 pg/mL\n"
    "drill_ratio,drill,ancova_log_ratio,,Marker of the drill as a ratio to baseline,fold,1.0 fold\n",
}
TELL = """
import json
from charcot import disease, patients, soundness, treatments, trials
from charcot.disease import hypotheses
problems = soundness.errors(soundness.check_all())
told = {"problems": [str(p.where) + ": " + p.message for p in problems]}
if not problems:
    from charcot.experiments.reading import entries
    told |= {
        "mechanisms": [m.name for m in patients.definition().mechanisms],
        "burden": [c.mechanism for c in patients.explain("soma.burden").contributions],
        "readouts": patients.program().readout_names,
        "products": list(treatments.products()), "genotypes": list(disease.genotypes()),
        "exposures": list(disease.exposures()), "experiments": list(entries()),
        "trials": list(trials.published_protocols()), "hypotheses": list(hypotheses.hypotheses()),
    }
    from charcot.clinic.measurements import measurements
    from charcot.patients.persons import Traits, odds_by_exposure
    small = {"arms.0.n": 6, "arms.1.n": 6, "simulate.screened_per_replicate": 120, "visits": ["26 weeks", "52 weeks"]}
    protocol = trials.load_protocol(trials.published_protocols()["drill_trial"], overrides=small)
    found = trials.run_trial(protocol)
    serum, estimates = found.tables["ADLB"].query("PARAMCD == 'DRILL'"), found.tables["estimates"]
    told |= {
        "protocol": protocol.arms[1].treatments[0].product, "measurements": list(measurements()),
        "odds": dict(odds_by_exposure(Traits(exposures=("drilling",)))),
        "serum": [serum["AVAL"].min(), serum["AVAL"].max(), serum["PARAM"].iloc[0]],
        "estimates": {
            name: estimates.query("estimand == @name and reference != ''")["estimate"].tolist()
            for name in ("drill_last", "drill_ratio")
        },
    }
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Path:
    """A copy of the sources with one more of everything."""
    place = tmp_path_factory.mktemp("house") / "charcot"
    shutil.copytree(SOURCES, place, ignore=shutil.ignore_patterns("__pycache__", "assets"))
    for name, text in FILES.items():
        _add(place / name, text)
    product = (place / "treatments/products/translation_restorer.yaml").read_text(encoding="utf-8")
    _add(place / "treatments/products/drill_drug.yaml", product)
    trial = (place / "trials/templates/aav-mir126.yaml").read_text(encoding="utf-8")
    drug = "product: aav_mir126, dose: 1.1e14 vg/kg"
    assert drug in trial
    trial = trial.replace(drug, "product: drill_drug, dose: 100 mg").replace(
        "  - nfl_ratio\n", "  - drill_last\n  - drill_ratio\n"
    )
    _add(place / "trials/published/drill_trial.yaml", trial)
    for name, row in ROWS.items():
        with (place / name).open("a", encoding="utf-8") as table:
            table.write(row)
    return place


def _add(path: Path, text: str) -> None:
    assert not path.exists()
    assert path.parent.is_dir()
    path.write_text(text, encoding="utf-8")


def _told(house: Path) -> dict[str, list[str]]:
    environment = os.environ | {"PYTHONPATH": str(house.parent)}
    done = subprocess.run([sys.executable, "-c", TELL], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_one_more_of_everything_is_found_and_sound(house: Path):
    told = _told(house)
    assert told["problems"] == []
    assert {"second_protein.second_protein", "drill_marker.drill_marker"} <= set(told["mechanisms"])
    assert "second_protein.second_protein" in told["burden"]
    assert "lumbar.drill.marker" in told["readouts"]
    assert "drill_drug" in told["products"]
    assert told["protocol"] == "drill_drug"
    assert "DRILL" in told["genotypes"]
    assert "drilling" in told["exposures"]
    assert 1.45 < told["odds"]["drilling"] <= 1.5  # of the table, less where onset has other causes
    assert "drill_experiment" in told["experiments"]
    assert "drill_trial" in told["trials"]
    assert "drill" in told["measurements"]
    low, high, name = told["serum"]  # true values are 1000 pg/mL times 0.05, readings off by a tenth
    assert 30 < low < 50 < high < 80
    assert name == "Drill (pg/mL)"
    assert [abs(value) < 20 for value in told["estimates"]["drill_last"]] == [True]
    assert [0.7 < value < 1.4 for value in told["estimates"]["drill_ratio"]] == [True]
    assert "second_protein_first" in told["hypotheses"]


def test_nothing_that_was_there_is_edited(house: Path):
    edited = []
    for path in (p for p in SOURCES.rglob("*") if p.is_file() and not {"__pycache__", "assets"} & set(p.parts)):
        name = str(path.relative_to(SOURCES))
        old, new = path.read_bytes(), (house / name).read_bytes()
        if old != new:
            edited.append(name)
            assert new == old + ROWS[name].encode(), name
    assert sorted(edited) == sorted(ROWS)


PLANTED = {  # file, what is replaced by what, the line and the words of the complaint
    "what does not compose": [
        ("disease/mechanisms/soma/second_protein.py", "n(drill_protein", "n(drill_protien", "drill_protien"),
        ("treatments/products/drill_drug.yaml", "target: translation.restoration", "target: translation.rest", "rest"),
        ("disease/ports/drill.csv", "drill.marker,variable", "drill.marked,variable", "drill.marked"),
    ],
    "what is said of the model": [
        ("disease/hypotheses/second_protein_first.yaml", "[drill.protein]", "[drill.protien]", "drill.protien"),
        ("experiments/published/drill_experiment.yaml", "set: {sod1.synthesis", "set: {sod1.syntesis", "sod1.syntesis"),
        ("trials/published/drill_trial.yaml", "drill_drug", "dril_drug", "dril_drug"),
        ("disease/genotype_effects.csv", "DRILL,drill.protein", "DRILL,drill.protien", "drill.protien"),
        ("disease/genotype_sites.csv", "DRILL,lumbar,1", "DRILL,lumbar,0.5", "DRILL"),
        ("clinic/measurements.csv", "drill,drill.serum", "drill,drill.serun", "drill.serun"),
        ("trials/endpoints.csv", "ratio,drill,", "ratio,dril,", "dril"),
        ("trials/analyses/last_value.py", "Strategies(", "Strategis(", "Strategis"),
    ],
    "what cannot be read": [
        ("disease/exposures.csv", "drilling,Drilling,1.5", "drilling,Drilling,x", "drilling"),
        ("clinic/measurements.csv", "drill,pg/mL,times", "drill,pg/mL,tines", "error"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("what", PLANTED)
def test_a_fault_in_each_is_told_with_file_and_line(house: Path, what: str):
    before, lines = {}, {}
    for name, old, new, _ in PLANTED[what]:
        path = house / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, (name, old)
        before[path], lines[name] = text, text[: text.index(old)].count("\n") + 1
        path.write_text(text.replace(old, new), encoding="utf-8")
    try:
        told = _told(house)["problems"]
    finally:
        for path, text in before.items():
            path.write_text(text, encoding="utf-8")
    for name, _, _, words in PLANTED[what]:
        line = lines[name] - ("/mechanisms/" in name)  # a mechanism begins with its decorator
        start = f"{Path(name).name}:{line}: "
        assert any(start in one and words in one for one in told), (start, told)
