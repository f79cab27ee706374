"""``explain``: equation, what is read, numbers with their evidence, who reads it, and names that are nearly right."""

from __future__ import annotations

import pytest

from charcot import evidence, patients


def test_a_variable_is_explained_with_equation_reads_and_readers():
    found = patients.explain("lumbar.nmj.innervation")
    assert found.name == "lumbar.nmj.innervation"
    assert found.kind == "variable"
    assert found.mechanism == "junction.innervation"
    assert found.row.startswith("8")
    assert found.equation_text == "lumbar.nmj.innervation = lumbar.pool.motor_units * lumbar.nmj.unit_size"
    assert found.published_equation.startswith("I = u s")
    assert {name for name, _, _ in found.reads} == {"lumbar.pool.motor_units", "lumbar.nmj.unit_size"}
    assert all(unit and title for _, unit, title in found.reads)
    assert {
        "lumbar.muscle.mir126",
        "lumbar.muscle.mass",
        "lumbar.nmj.endplate_competence",
        "lumbar.function.drive",
    } <= set(found.readers)
    assert any("hegedus2007" in line for line in found.sources_for)


def test_a_state_of_a_class_is_explained_with_what_it_reads_of_its_own_class_and_no_other():
    found = patients.explain("lumbar.axon.tdp43.4")
    assert found.kind == "state"
    assert found.equation_text.startswith("d/dt lumbar.axon.tdp43.4 = ")
    reads = {name for name, _, _ in found.reads}
    assert {"lumbar.axon.tdp43.4", "lumbar.axon.supply.4", "lumbar.axon.atp.4"} <= reads
    assert not any(name.endswith((".1", ".2", ".3")) for name in reads)


def test_a_variable_of_a_class_is_explained_with_numbers_and_their_evidence():
    found = patients.explain("lumbar.axon.supply.4")
    numbers = {row.name: row for row in found.numbers}
    assert {"lumbar.axon.length", "axon.length_lost_by_resistance", "transport.mrna_half_life"} <= set(numbers)
    for row in found.numbers:
        assert row.unit, row
        assert row.source, row
        assert row.grade in evidence.grades(), row
        assert row.citation or row.source == "free", row
    length = numbers["lumbar.axon.length"]
    assert (length.value, length.unit, length.grade) == (1000.0, "mm", "D")
    assert length.citation.startswith("magrane2009: ")


@pytest.mark.parametrize(
    ("local", "full"),
    [
        ("nmj.innervation", "lumbar.nmj.innervation"),
        ("axon.tdp43", "lumbar.axon.tdp43.4"),
        ("lumbar.axon.tdp43", "lumbar.axon.tdp43.4"),
        ("immune.treg", "immune.treg"),
    ],
)
def test_a_local_name_is_enough(local, full):
    assert patients.explain(local).name == full
    assert patients.explain(local) == patients.explain(full)


def test_a_number_is_explained_with_its_readers():
    found = patients.explain("transport.granule_velocity")
    assert (found.kind, found.unit) == ("number", "mm/day")
    assert found.readers == ("delivery.transport", "tdp43.shuttling")
    row = found.numbers[0]
    assert row.value == found.healthy > 0
    assert "millecamps2013" in row.citation
    assert any("millecamps2013" in line for line in found.sources_for)


def test_what_acts_on_a_port_is_named():
    assert "tofersen" in patients.explain("sod1.synthesis").acted_on_by
    assert "riluzole" in patients.explain("glutamate.release").acted_on_by


def test_evidence_against_is_shown():
    assert any("gowing2008" in line for line in patients.explain("lumbar.microglia.toxic").sources_against)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("lumbar.nmj.inervation", "lumbar.nmj.innervation"), ("transport.granule_velocty", "transport.granule_velocity")],
)
def test_an_unknown_name_gets_the_nearest_ones(typed, meant):
    with pytest.raises(KeyError) as caught:
        patients.explain(typed)
    assert typed in str(caught.value)
    assert meant in str(caught.value)


@pytest.mark.parametrize("name", patients.program().readout_names[::9])
def test_every_read_out_can_be_explained(name):
    found = patients.explain(name)
    assert found.name == name
    assert found.equation_text
    assert found.claim
