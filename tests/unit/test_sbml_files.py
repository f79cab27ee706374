"""SBML in: what a file may be wrapped in, the bounds that it must keep, and models made of other models."""

import bz2
import codecs
import gzip
import zipfile

import numpy as np
import pytest
from sbml_text import course, document, formula, name, number, parameters, rules

from charcot.core.errors import Problems
from charcot.interfaces.exchange.sbml import Refusal, files, read_sbml

MODEL = document(parameters(x=3) + rules(rate_x=formula("-x")))
MANIFEST = (
    '<omexManifest xmlns="http://identifiers.org/combine.specifications/omex-manifest">'
    '<content location="." format="http://identifiers.org/combine.specifications/omex"/>{}</omexManifest>'
)
ENTRY = '<content location="{}" format="http://identifiers.org/combine.specifications/sbml.level-3.version-2"{}/>'


def archive(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for member, text in members.items():
            target.writestr(member, text)
    return path


def codes(path):
    with pytest.raises(Problems) as caught:
        read_sbml(path)
    assert path.name in str(caught.value)
    return [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF8 + MODEL.encode(),
        codecs.BOM_UTF16_LE + MODEL.replace("UTF-8", "UTF-16").encode("utf-16-le"),
        MODEL.replace("UTF-8", "ISO-8859-1").replace('id="m"', 'id="m" name="Mod\u00e8le"').encode("latin-1"),
        gzip.compress(MODEL.encode()),
        bz2.compress(MODEL.encode()),
    ],
)
def test_a_file_is_read_in_any_encoding_and_compression(tmp_path, data):
    path = tmp_path / "model.xml"
    path.write_bytes(data)
    assert read_sbml(path).program.state_names == ("x",)


def test_the_master_of_an_archive_is_read(tmp_path):
    other = document(parameters(y=1) + rules(rate_y=number(1)))
    entries = ENTRY.format("./a.xml", "") + ENTRY.format("./deep/b.xml", ' master="true"')
    path = archive(tmp_path / "m.omex", {"manifest.xml": MANIFEST.format(entries), "a.xml": other, "deep/b.xml": MODEL})
    assert read_sbml(path).program.state_names == ("x",)
    assert read_sbml(archive(tmp_path / "m.zip", {"only.xml": MODEL})).program.state_names == ("x",)


def test_an_archive_without_a_model_of_its_own_is_told_so(tmp_path):
    entries = ENTRY.format("a.xml", "") + ENTRY.format("b.xml", "")
    two = archive(tmp_path / "two.omex", {"manifest.xml": MANIFEST.format(entries), "a.xml": MODEL, "b.xml": MODEL})
    assert codes(two) == ["sbml-no-master"]
    gone = archive(tmp_path / "gone.omex", {"manifest.xml": MANIFEST.format(ENTRY.format("a.xml", ""))})
    assert codes(gone) == ["sbml-broken-archive"]
    cut = tmp_path / "cut.omex"
    cut.write_bytes(two.read_bytes()[:60])
    assert codes(cut) == ["sbml-broken-archive"]
    half = tmp_path / "half.xml.gz"
    half.write_bytes(gzip.compress(MODEL.encode())[:-30])
    assert codes(half) == ["sbml-broken-archive"]


def test_what_unpacks_beyond_the_bound_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LARGEST", 10_000)
    bomb = tmp_path / "bomb.xml.gz"
    bomb.write_bytes(gzip.compress(b" " * 10_000_000))
    assert codes(bomb) == ["sbml-too-large"]
    with pytest.raises(Problems, match="sbml-too-large"):
        read_sbml(archive(tmp_path / "bomb.omex", {"a.xml": " " * 10_000_000}))


@pytest.mark.parametrize("deep", [8_000, 200_000])
def test_elements_nested_too_deep_are_refused_before_libsbml_runs_out_of_stack(tmp_path, deep):
    path = tmp_path / "deep.xml"
    path.write_text(document(parameters(x=1) + "\n" + rules(x="<apply><sin/>" * deep + number(1) + "</apply>" * deep)))
    with pytest.raises(Problems) as caught:
        read_sbml(path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.where.line) == ("sbml-too-deep", 5)
    assert "assignment rules" in problem.hint


def test_a_document_type_is_refused(tmp_path):
    path = tmp_path / "entities.xml"
    path.write_text(MODEL.replace("<sbml", '<!DOCTYPE sbml [<!ENTITY a "1">]>\n<sbml', 1))
    assert codes(path) == ["sbml-doctype"]


def test_long_sums_and_long_chains_of_rules_are_read(tmp_path):
    """400 terms as a common parser nests them, and 200 rules each of which reads the one before."""
    path = tmp_path / "long.xml"
    nested = "<apply><plus/>" * 399 + name("x") + (name("x") + "</apply>") * 399
    chain = {f"y{i}": formula(f"y{i - 1} + 1") for i in range(1, 200)}
    body = parameters(x=0.5, s=0, **{f"y{i}": 0 for i in range(200)})
    path.write_text(document(body + rules(s=nested, y0=name("x"), **chain, rate_x=number(0))))
    program = read_sbml(path).program
    readouts = program.initial_states(program.parameter_table(1))
    assert readouts[0, 0] == 0.5
    assert program.readouts[program.index("readout", "y199")].expression.operation == "add"
    assert program.readouts[program.index("readout", "s")].expression.operation == "add"


COMP = 'xmlns:comp="http://www.sbml.org/sbml/level3/version1/comp/version1" comp:required="true"'
TWICE = """<comp:listOfSubmodels><comp:submodel comp:id="a" comp:modelRef="part"/>
<comp:submodel comp:id="b" comp:modelRef="part"/></comp:listOfSubmodels>"""
INSIDE = "<comp:listOfModelDefinitions><comp:modelDefinition id='part'>{}</comp:modelDefinition>"
OUTSIDE = '<comp:listOfExternalModelDefinitions><comp:externalModelDefinition comp:id="part" comp:source="{}"/>'


def composed(definitions, closing):
    return document(TWICE, attributes=COMP).replace("<model", f"{definitions}</comp:{closing}>\n<model", 1)


def test_submodels_are_written_out(tmp_path):
    path = tmp_path / "model.xml"
    inside = INSIDE.format(parameters(x=3) + rules(rate_x=formula("-x")))
    path.write_text(composed(inside, "listOfModelDefinitions"))
    imported = read_sbml(path)
    assert imported.program.state_names == ("a__x", "b__x")
    np.testing.assert_allclose(course(imported, [0.0, 1.0])["b__x"][0], 3 * np.exp([0.0, -1.0]), rtol=1e-7)


def test_models_of_other_files_are_read_beside_the_model_and_nowhere_else(tmp_path):
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder" / "model.xml"
    path.write_text(composed(OUTSIDE.format("part.xml"), "listOfExternalModelDefinitions"))
    with pytest.raises(Refusal) as caught:
        read_sbml(path)
    assert caught.value.features == ("external-model",)
    assert "no such file" in str(caught.value)
    (tmp_path / "folder" / "part.xml").write_text(MODEL)
    assert read_sbml(path).program.state_names == ("a__x", "b__x")
    (tmp_path / "part.xml").write_text(MODEL)
    path.write_text(composed(OUTSIDE.format("../part.xml"), "listOfExternalModelDefinitions"))
    with pytest.raises(Refusal, match="does not lie in the folder"):
        read_sbml(path)
