"""Experiment and system files: formulas, findings with file and line, arms in phases, systems as data."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from charcot.core.errors import Problems
from charcot.core.yaml_file import Document, read_document
from charcot.disease.systems import Clock, System, problems_of, system, system_names
from charcot.experiments import reading
from charcot.experiments.arms import full_names, trace
from charcot.experiments.board import Board, Scored, expectation, run_board, score
from charcot.experiments.definition import Arm, Experiment, Outcome
from charcot.experiments.findings import problems_in
from charcot.experiments.formula import FormulaError, evaluate, names
from charcot.experiments.reading import Entry, check_board, entries, products_given
from charcot.patients import Assumed
from charcot.patients.assemble import numbers
from charcot.treatments import products, standing_of_experiments

GOOD = """
title: A trial of the form
dossier: none
sources: [walker2015]
use: validation
tolerance: none
system: mouse
arms:
  plain: {}
  slow: {like: plain, multiply: {transport.granule_velocity: 0.5}}
measures:
  a: {arm: plain, read: lumbar.axon.mrna_terminal, day: 20}
  b: {arm: slow, read: lumbar.axon.mrna_terminal, day: 20}
outcomes:
  - {what: less arrives, value: b / a, published: less, sign: true, below: 0.99}
"""


def _entry(tmp_path: Path, text: str) -> Entry:
    path = tmp_path / "one.yaml"
    path.write_text(text, encoding="utf-8")
    document = read_document(path)
    return Entry("one", Experiment.model_validate(document.data), Document("one.yaml", document.data))


def _problems(tmp_path: Path, text: str) -> list[str]:
    entry = _entry(tmp_path, text)
    return [str(p) for p in problems_in(entry.content, entry.document)]


# Formulas


@pytest.mark.parametrize(("text", "value"), [("1 - b / a", 0.5), ("max(a, b) ** 2", 16.0), ("-a + 0.5", -3.5)])
def test_formulas_are_arithmetic_on_measures(text, value):
    assert evaluate(text, {"a": 4.0, "b": 2.0}.__getitem__) == value
    assert names(text) <= {"a", "b"}


def test_division_by_zero_is_not_a_number():
    assert math.isnan(evaluate("1 / a", {"a": 0.0}.__getitem__))


@pytest.mark.parametrize("text", ["__import__('os')", "a.real", "[a]", "a if b else c", "'text'", "open(a)", "a +"])
def test_a_formula_is_no_program(text):
    with pytest.raises(FormulaError):
        names(text)


# Findings


def test_the_shipped_board_is_sound():
    assert [str(p) for p in check_board()] == []


def test_a_good_file_has_no_findings(tmp_path):
    assert _problems(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("system: mouse", "system: mose", 7, "unknown-system"),
        ("granule_velocity", "granule_velocty", 10, "unknown-number"),
        ("read: lumbar.axon.mrna_terminal, day: 20}\n  b", "read: lumbar.mrna, day: 20}\n  b", 12, "unknown-read-out"),
        ("b / a", "b / c", 15, "unknown-measure"),
        ("b / a", "b / a.x", 15, "bad-formula"),
        ("like: plain", "like: plian", 10, "unknown-arm"),
    ],
)
def test_findings_name_line_and_nearest(tmp_path, old, new, line, code):
    assert old in GOOD
    found = _problems(tmp_path, GOOD.replace(old, new))
    assert len(found) >= 1
    assert f"one.yaml:{line}" in found[0]
    assert f"[{code}]" in found[0]


def test_a_measure_with_a_name_that_python_keeps_is_named(tmp_path):
    (found,) = (line for line in _problems(tmp_path, GOOD.replace("b / a", "with / a")) if "[bad-formula]" in line)
    assert "keeps the name 'with' for itself" in found


def test_all_findings_come_at_once(tmp_path):
    text = GOOD.replace("mouse", "mose").replace("b / a", "b / c").replace("granule_velocity", "granule")
    assert len(_problems(tmp_path, text)) == 3


def test_an_unknown_key_is_an_error_with_its_line(tmp_path):
    from pydantic import ValidationError

    path = tmp_path / "one.yaml"
    path.write_text(GOOD.replace("tolerance: none", "tolerance: none\ntolerence: none"), encoding="utf-8")
    document = read_document(path)
    with pytest.raises(ValidationError) as error:
        Experiment.model_validate(document.data)
    found = problems_of(error.value, document)
    assert [p.code for p in found] == ["unknown-key"]
    assert found[0].where.line == 7


def test_an_outcome_has_one_expectation():
    with pytest.raises(ValueError, match="one of about"):
        Outcome(what="x", value="a", published="y", above=1, below=2)
    with pytest.raises(ValueError, match="about and within"):
        Outcome(what="x", value="a", published="y", about=1)
    absent = Outcome(what="x", published="y", absent="not in it")
    assert expectation(absent) == "not in the model"


def test_an_outcome_is_never_met_by_no_number():
    outcome = Outcome(what="x", value="a", published="y", above=1)
    assert not outcome.holds(math.nan)
    assert outcome.holds(2)


# Arms and systems


def test_an_experiment_runs_and_is_scored(tmp_path):
    scored = score(_entry(tmp_path, GOOD))
    assert scored.passed
    assert 0.5 < scored.verdicts[0].simulated < 0.99


def test_an_experiment_that_cannot_be_run_is_a_miss_that_says_why(tmp_path):
    ring = GOOD.replace("day: 20}\n  b", "day: b}\n  b").replace("day: 20}\noutcomes", "day: a}\noutcomes")
    scored = score(_entry(tmp_path, ring))
    assert not scored.passed
    assert "need each other" in scored.failure


def test_phases_join_without_a_seam():
    """A change that changes nothing leaves the trajectory as it was."""
    plain = trace(Arm(), "sod1-g93a", ("lumbar.nmj.innervation",), {})
    cut = trace(
        Arm.model_validate({"changes": [{"day": 33.5}, {"day": 71, "multiply": {"axon.length": 1.0}}]}),
        "sod1-g93a",
        ("lumbar.nmj.innervation",),
        {},
    )
    for day in (20, 50, 90, 130):
        assert cut.at("lumbar.nmj.innervation", day) == pytest.approx(plain.at("lumbar.nmj.innervation", day), abs=2e-3)


def test_inputs_stay_on_over_a_cut():
    """The hazard goes on counting in the phase after a change."""
    arm = Arm.model_validate({"changes": [{"day": 1500, "multiply": {"axon.length": 1.0}}]})
    read = "clinic.survival.cumulative_hazard"
    run = trace(arm, "patient", (read, *reads("patient")), {})
    plain = trace(Arm(), "patient", (read, *reads("patient")), {})
    assert run.landmark("death") == pytest.approx(plain.landmark("death"), rel=1e-2)


def reads(name: str) -> tuple[str, ...]:
    return tuple(r for mark in system(name).landmarks.values() for group in mark.reads for r in group)


def test_a_short_name_means_every_region_and_class():
    known = ("lumbar.axon.condensate.1", "bulbar.axon.condensate.1", "lumbar.axon.condensate_x", "immune.treg")
    assert full_names(known, "axon.condensate") == list(known[:2])
    assert full_names(known, "immune.treg") == ["immune.treg"]
    assert full_names(known, "lumbar.axon.condensate.1") == [known[0]]
    assert full_names(known, "axon") == []


def test_systems_inherit_and_override():
    line = system("sod1-g93a-c57")
    numbers = {s.name: s.value for s in line.numbers}
    assert (
        numbers["genotype.sod1_mutant"]
        == {s.name: s.value for s in system("sod1-g93a").numbers}["genotype.sod1_mutant"]
    )
    assert numbers["lumbar.axon.length"] == 40
    assert line.clocks == system("mouse").clocks
    with pytest.raises(KeyError, match="sod1-g93a"):
        system("sod1-g93")


def test_each_process_of_the_mouse_has_a_clock_of_its_own():
    """A faster process moves the course; another one moves it otherwise."""
    arm = Arm.model_validate({"system": "tdp43-dose", "set": {"tdp43.transgene": 1.2}, "end": 300})
    clocks = ({}, {"clock.loss": 23.0}, {"clock.glia": 23.0}, {"clock.loss": 11.5})
    reads = ["lumbar.nmj.innervation"]
    ends = [trace(arm, "tdp43-dose", reads, {}, Assumed(systems={"mouse": c})).landmark("end") for c in clocks]
    assert ends[1] < 0.9 * ends[0]
    assert ends[2] > 1.005 * ends[0]
    assert ends[3] == ends[0]


def test_a_number_has_one_clock_and_none_where_its_system_sets_it():
    more = Clock(value=2, unit="1", spread=0.7, source="free", grade="F", numbers=("sprouting.time", "nmj.nothing"))
    own = System.model_validate({**system("mouse").model_dump(), "clocks": {"more": more}})
    mine = Clock(value=2, unit="1", spread=0.7, source="dossier_axon", grade="F", numbers=("pool.death_constant",))
    pinned = System.model_validate({**system("mouse").model_dump(), "clocks": {"mine": mine}})
    found = [p.message for one in (own, pinned) for p in reading._clock_problems("mouse", one, numbers())]
    assert any("sprouting.time has two clocks, regrowth and more" in text for text in found), found
    assert any("nothing is called 'nmj.nothing'" in text for text in found), found
    assert any("has pool.death_constant, but the system sets" in text for text in found), found
    assert any("a free number has grade F" in text for text in found), found
    assert not list(reading._clock_problems("mouse", system("mouse"), numbers()))


def test_a_mouse_is_not_a_small_man():
    """A system changes numbers only: no system carries a mechanism, and all run on one program."""
    names = system_names()
    assert {"human", "mouse", "coculture", "tdp43-rnls8", "fus-mutant", "c9orf72-bac"} <= set(names)
    wild = trace(Arm(), "mouse", ("lumbar.nmj.innervation", "lumbar.pool.neurons"), {})
    assert wild.at("lumbar.nmj.innervation", 700) > 0.9
    assert wild.at("lumbar.pool.neurons", 700) > 0.9


@pytest.mark.parametrize("name", system_names())
def test_every_system_runs_untouched(name):
    loads = tuple(f"{r}.pool.neurons" for r in ("bulbar", "lumbar"))
    run = trace(Arm(), name, (*loads, *reads(name)), {})
    for values in run.values.values():
        assert np.isfinite(values).all()
        assert values.min() > -1e-6


# The board


def test_unknown_names_are_named_with_the_nearest():
    with pytest.raises(KeyError, match="rnls8_transgene_on"):
        run_board(["rnls8_transgene_onn"])


def test_lost_experiments_are_found():
    entry = next(e for e in entries().values() if not e.is_claim)
    from charcot.experiments import board as module

    passed = [name for name, ok in module.baseline().items() if ok]
    assert passed
    lost = Board((Scored(passed[0], entry.content, (), (), "it broke"),)).lost()
    assert passed[0] in lost


def test_problems_of_all_files_come_together(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("title: x\n", encoding="utf-8")
    monkeypatch.setattr(reading, "PUBLISHED", tmp_path)
    reading.entries.cache_clear()
    try:
        with pytest.raises(Problems) as error:
            reading.entries()
        files = {p.where.file for p in error.value.problems if p.where}
        assert len(files) == 2
    finally:
        monkeypatch.undo()
        reading.entries.cache_clear()


def test_experiments_say_what_nobody_was_ever_given():
    """The box of a report on experiments names the products in them that no patient was given."""
    vector = [name for name, entry in entries().items() if "aav_mir126" in entry.content.products]
    assert vector
    (sentence,) = standing_of_experiments(products_given(vector[:1]))
    assert "NEVER GIVEN TO PEOPLE: " in sentence
    assert products()["aav_mir126"].title in sentence
    untreated = [name for name, entry in entries().items() if not entry.content.products]
    assert standing_of_experiments(products_given(untreated)) == ("No treatment is given in these experiments.",)
    riluzole = standing_of_experiments(["riluzole", "riluzole"])
    assert riluzole == ("The experiments give 1 product; each of them was given to people.",)
