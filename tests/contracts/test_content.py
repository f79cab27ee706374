"""Every number and mechanism of the shipped model carries its evidence, and the check that says so bites."""

from __future__ import annotations

import numpy as np
import pytest

from charcot import clinic, disease, evidence, patients, treatments
from charcot.core.errors import Where
from charcot.core.units import dimension
from charcot.model.ports import FREE
from charcot.soundness import DEFINITION, check_all, errors, literals


@pytest.fixture(scope="module")
def whole():
    """The model with every product in."""
    return patients.definition(tuple(sorted(treatments.products())))


def test_the_shipped_model_is_clean():
    found = errors(check_all())
    assert not found, "\n".join(map(str, found))


def test_every_number_has_unit_spread_source_and_grade(whole):
    known, grades = evidence.sources(), evidence.grades()
    assert len(whole.numbers) > 250
    for number in whole.numbers:
        dimension(number.unit)
        assert number.title, number.name
        assert np.isfinite(number.value), number.name
        assert np.isfinite(number.spread), number.name
        assert number.spread >= 0, number.name
        assert number.between_patients >= 0, number.name
        assert number.sources, number.name
        assert number.grade in grades, number.name
        assert number.free == (number.grade == "F"), number.name
        unknown = [key for key in number.sources if key not in known and key not in (FREE, DEFINITION)]
        assert not unknown, (number.name, unknown)


def test_every_number_says_where_it_stands(whole):
    for number in whole.numbers:
        assert number.where is not None, number.name
        assert number.where.line > 0, number.name


def test_numbers_come_from_disease_clinic_and_treatments(whole):
    names = {number.name for number in whole.numbers}
    assert {number.name for number in disease.definition().numbers} < names
    assert {number.name for number in clinic.content().numbers} < names
    for product in treatments.products():
        assert any(name.startswith(f"drug.{product}.") for name in names), product


def test_every_mechanism_has_claim_equation_and_sources(whole):
    known = evidence.sources()
    assert len(whole.mechanisms) > 40
    for mechanism in whole.mechanisms:
        assert mechanism.claim, mechanism.name
        assert mechanism.sources, mechanism.name
        for key in (*mechanism.sources, *mechanism.against):
            assert key in known or key in (FREE, DEFINITION), (mechanism.name, key)


# These state relations in words, or hand numbers on.
WITHOUT_EQUATION = {"microglia.cytokines"}


def test_every_mechanism_states_its_equation(whole):
    missing = {m.name for m in whole.mechanisms if "Equation" not in m.text}
    assert missing <= WITHOUT_EQUATION, missing - WITHOUT_EQUATION


def test_genotypes_and_exposures_cite_what_exists():
    known = evidence.sources()
    for item in (*disease.genotypes().values(), *disease.exposures().values()):
        for key in item.source.split(";"):
            assert key.strip() in known, (item.name, key)


def test_genotype_effects_name_numbers_of_the_model(whole):
    for genotype in disease.genotypes().values():
        for effect in genotype.effects:
            assert effect.parameter in whole.number_rows, (genotype.name, effect.parameter)
            assert effect.operation in ("set", "multiply")


def test_a_number_in_the_code_of_a_mechanism_is_found(tmp_path):
    folder = tmp_path / "disease" / "mechanisms" / "soma"
    folder.mkdir(parents=True)
    (folder / "hidden.py").write_text('"""Text with 0.5 in it."""\n\n\ndef rate(x):\n    return 2 * x - 0.37 * x**2\n')
    for root in (tmp_path / "disease", tmp_path / "disease" / "mechanisms"):
        found = literals([root])
        assert [(p.code, p.where) for p in found] == [("literal", Where.of("hidden.py", 5))]
        assert "0.37" in found[0].message
        assert "hidden.py:5" in str(found[0])


def test_algebra_and_docstrings_are_no_literals(tmp_path):
    folder = tmp_path / "mechanisms"
    folder.mkdir()
    (folder / "clean.py").write_text('"""9 of 10."""\n\n\ndef rate(x):\n    return 1 - x / 2 + x**2 - 0 * -1\n')
    assert literals([folder]) == []


def test_an_unknown_citation_is_named_with_the_nearest_key():
    found = evidence.check_citations({"altman2012": Where.of("axon.csv", 7), "altman2021": Where.of("axon.csv", 8)})
    assert len(found) == 1
    assert "altman2012" in found[0].message
    assert "altman2021" in found[0].hint
    assert "axon.csv:7" in str(found[0])


def test_the_whole_check_names_what_a_missing_source_leaves_uncited(monkeypatch):
    """With one source taken away, the check of the whole model says so."""
    rest = {key: source for key, source in evidence.sources().items() if key != "millecamps2013"}
    monkeypatch.setattr("charcot.evidence.library.sources", lambda *_: rest)
    found = [problem for problem in errors(check_all()) if "millecamps2013" in problem.message]
    assert [problem.code for problem in found] == ["unknown-source"]
