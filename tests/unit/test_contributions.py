"""Sums and products: several mechanisms contribute to one port, each in its own file, and nothing else is edited."""

from __future__ import annotations

import dataclasses
import importlib
import io
import re
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from charcot import patients
from charcot.core.errors import Problem
from charcot.core.expression import Expression, to_python
from charcot.interfaces import pages
from charcot.interfaces.cli import explain as command
from charcot.interfaces.cli.main import app
from charcot.interfaces.exchange.export_evidence import evidence_of
from charcot.model.algebra import Indexed
from charcot.model.compose import check, compose, put_together, switch_name
from charcot.model.definition import Definition, Modifier, trace
from charcot.model.mechanism import Mechanism, discover, mechanism
from charcot.model.ports import Number, Port, read_numbers, read_ports
from charcot.patients import draw_cohort, load_population


def port(name: str, kind: str = "variable", scope: str = "region", unit: str = "1", combine: str = "") -> Port:
    healthy = 1.0 if combine == "product" else 0.0
    return Port(name, kind, scope, unit, healthy, 1.0, name, readout=True, combine=combine)


def number(name: str, value: float, unit: str = "1") -> Number:
    return Number(name, "", value, unit, 0.5, 0.0, ("free",), "F", "parameter", name, "")


@mechanism()
def cells(cell_count, cell_harm, cell_factor, cell_rate):
    """Harm removes cells.

    Sources: free
    """
    return {"d/dt cell.count": -cell_rate * cell_factor * cell_harm * cell_count}


@mechanism()
def poison(cell_toxin):
    """A toxin harms, and makes cells vulnerable."""
    return {"cell.harm": cell_toxin, "cell.factor": 1 + cell_toxin}


@mechanism()
def anoxia(cell_anoxia):
    """So does want of oxygen."""
    return {"cell.harm": cell_anoxia, "cell.factor": 1 + cell_anoxia}


@mechanism(scope="person")
def fever(person_fever):
    """Fever harms all regions alike."""
    return {"cell.harm": person_fever}


PORTS = (port("cell.count", "state"), port("cell.harm", combine="sum"), port("cell.factor", combine="product"))
NUMBERS = (
    number("cell.rate", 0.5, "1/day"),
    number("cell.toxin", 0.3),
    number("cell.anoxia", 0.2),
    number("person.fever", 0.05),
)
ALL = (cells, poison, anoxia, fever)


def model(mechanisms: tuple[Mechanism, ...] = ALL, ports: tuple[Port, ...] = PORTS, **changes) -> Definition:
    whole = Definition(ports, NUMBERS, mechanisms, ("north", "south"), 3)
    return dataclasses.replace(whole, **changes)


def values(definition: Definition, **given: float) -> dict[str, float]:
    """The variables of the program as its read-outs have them, with numbers of ``given`` by identifier."""
    program = compose(definition)
    own = {p.name: p.value for p in program.parameters} | {n.replace("__", "."): v for n, v in given.items()}
    names = {"p": tuple(own), "x": program.state_names, "u": program.input_names}
    roots = [r.expression for r in program.readouts]
    found = to_python(roots, names)(list(own.values()), [1.0] * len(program.states), [2.0] * len(program.inputs))
    return dict(zip(program.readout_names, map(float, found), strict=True))


def messages(definition: Definition) -> list[tuple[str, str]]:
    return [(problem.code, problem.message) for problem in check(definition)]


def test_a_sum_adds_and_a_product_multiplies_in_every_region():
    assert messages(model()) == []
    found = values(model())
    for region in ("north", "south"):
        assert found[f"{region}.cell.harm"] == pytest.approx(0.3 + 0.2 + 0.05)
        assert found[f"{region}.cell.factor"] == pytest.approx(1.3 * 1.2)


def test_the_order_is_that_of_the_names_whatever_the_order_of_files():
    one, other = compose(model()), compose(model(ALL[::-1]))
    assert [str(s.rate) for s in one.states] == [str(s.rate) for s in other.states]
    harm = put_together(model(), trace(model(), []))["north.cell.harm"]
    assert str(harm) == "cell.anoxia + person.fever + cell.toxin"  # anoxia, fever, poison


@pytest.mark.parametrize(
    ("name", "harm", "factor"), [("poison", 0.25, 1.2), ("anoxia", 0.35, 1.3), ("fever", 0.5, 1.56)]
)
def test_a_contributor_that_is_off_or_switched_off_gives_nothing(name: str, harm: float, factor: float):
    name = f"test_contributions.{name}"
    off = values(model(off=frozenset({name})))
    switched = values(model(switches=frozenset({name})), **{switch_name(name).replace(".", "__"): 0.0})
    assert off == pytest.approx(switched)
    assert (off["south.cell.harm"], off["south.cell.factor"]) == pytest.approx((harm, factor))
    assert values(model(switches=frozenset({name}))) == values(model())


def test_without_contributors_in_a_region_a_port_is_empty():
    @mechanism(scope="person")
    def local(cell_toxin):
        """Only in the north."""
        return {"cell.harm": Indexed({"north": cell_toxin}), "cell.factor": 1 + cell_toxin}

    found = values(model((cells, local)))
    assert (found["north.cell.harm"], found["south.cell.harm"]) == (0.3, 0.0)
    assert found["south.cell.factor"] == 1.3


def test_a_person_and_a_class_of_neurons_can_be_contributed_to():
    @mechanism(scope="person")
    def person(cell_toxin):
        """One value for the person, one for all places."""
        return {"body.harm": cell_toxin, "axon.harm": cell_toxin}

    @mechanism(scope="person")
    def body(cell_harm):
        """From the regions to the person."""
        return {"body.harm": cell_harm["north"] + cell_harm["south"]}

    @mechanism()
    def far(cell_anoxia, class_quantile):
        """More in neurons that resist."""
        return {"axon.harm": cell_anoxia * class_quantile}

    axon = port("axon.harm", scope="class", combine="sum")
    whole = model((*ALL, person, body, far), (*PORTS, axon, port("body.harm", scope="person", combine="sum")))
    assert messages(whole) == []
    variables = put_together(whole, trace(whole, []))
    assert evaluate(variables["south.axon.harm.3"]) == pytest.approx(0.3 + 0.2 * 5 / 6)
    assert evaluate(variables["south.axon.harm.1"]) == pytest.approx(0.3 + 0.2 / 6)
    assert values(whole)["body.harm"] == pytest.approx(0.3 + 2 * 0.55)


def evaluate(expression: Expression) -> float:
    names = tuple(n.name for n in NUMBERS)
    return float(to_python([expression], {"p": names})([n.value for n in NUMBERS])[0])


def test_a_product_acts_on_what_is_put_together():
    ports = (*PORTS, port("drug.effect", "input", "person"))
    doubled = model(ports=ports, modifiers=(Modifier("cell.factor", "drug.effect", "multiply"),))
    raised = model(ports=ports, modifiers=(Modifier("cell.harm", "drug.effect", "add"),))
    assert values(doubled)["north.cell.factor"] == pytest.approx(2 * 1.56)
    assert values(raised)["north.cell.harm"] == pytest.approx(2 + 0.55)


# what is wrong


def test_every_contribution_has_its_unit_checked():
    @mechanism()
    def wrong(cell_rate):
        """A rate is no harm."""
        return {"cell.harm": cell_rate, "cell.factor": cell_rate}

    found = messages(model((*ALL, wrong)))
    assert [code for code, _ in found] == ["unit-mismatch", "unit-mismatch"]
    assert all(text.startswith("test_contributions.wrong: cell.") for _, text in found)


def test_a_port_that_nobody_contributes_to_and_a_state_with_two_rates():
    @mechanism()
    def second(cell_rate, cell_count):
        """A second rate."""
        return {"d/dt cell.count": cell_rate * cell_count}

    found = check(model((cells, second)))
    assert [(p.code, p.message) for p in found] == [
        ("double-writer", "cell.count is written by test_contributions.cells and test_contributions.second"),
        ("no-writer", "cell.harm: no mechanism contributes to it"),
        ("no-writer", "cell.factor: no mechanism contributes to it"),
    ]
    assert "column combine" not in found[0].hint


def test_a_loop_through_a_contribution_is_printed_as_a_path():
    @mechanism()
    def back(cell_harm):
        """Harm harms."""
        return {"cell.factor": 1 + cell_harm}

    @mechanism()
    def forth(cell_factor):
        """And so on."""
        return {"cell.harm": cell_factor}

    found = messages(model((*ALL, back, forth)))
    assert found[0] == (
        "algebraic-loop", "variables read each other: north.cell.harm -> north.cell.factor -> north.cell.harm",
    )  # fmt: skip


def test_places_that_do_not_exist_and_a_person_written_once_per_region():
    @mechanism(scope="person")
    def nowhere(cell_toxin):
        """In no region of the model."""
        return {"cell.harm": Indexed({"east": cell_toxin})}

    @mechanism()
    def often(cell_toxin):
        """A person's port, once per region."""
        return {"body.harm": cell_toxin}

    ports = (*PORTS, port("body.harm", scope="person", combine="sum"))
    found = messages(model((*ALL, nowhere, often), ports))
    assert (
        "broken-mechanism",
        "test_contributions.nowhere failed when it was composed: ValueError: cell.harm is given for east, but there "
        "are north, south",
    ) in found
    assert (
        "wrong-scope",
        "test_contributions.often is computed once per region, but writes body.harm, of which a person has one",
    ) in found


def test_a_bad_declaration_is_named_with_file_and_line_and_all_at_once(tmp_path: Path):
    path = tmp_path / "ports.csv"
    rows = [
        "name,kind,scope,unit,healthy,scale,readout,title,combine",
        "a.good,variable,region,1,0,1,,Title,sum",
        "a.state,state,region,1,0,1,,Title,sum",
        "a.input,input,person,1,1,1,,Title,product",
        "a.word,variable,region,1,0,1,,Title,average",
        "a.sum,variable,region,1,0.5,1,,Title,sum",
        "a.product,variable,region,1,0,1,,Title,product",
        "a.unit,variable,region,mm/day,1,1,,Title,product",
        "a.plain,variable,region,1,7,1,,Title,",
    ]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    problems: list[Problem] = []
    ports = read_ports([path], problems)
    assert [p.combine for p in ports if p.name in ("a.good", "a.plain")] == ["sum", ""]
    assert {p.code for p in problems} == {"bad-port"}
    assert [f"{p.where}: {p.message}" for p in problems] == [
        "ports.csv:3: a.state: combine is 'sum', but its kind is state: only a variable is made of contributions",
        "ports.csv:4: a.input: combine is 'product', but its kind is input: only a variable is made of contributions",
        "ports.csv:5: a.word: combine is 'average', not one of sum, product",
        "ports.csv:6: a.sum: healthy is 0.5, but a sum without contributions is 0",
        "ports.csv:7: a.product: healthy is 0, but a product without contributions is 1",
        "ports.csv:8: a.unit: unit is 'mm/day', but the factors of a product are bare numbers",
    ]


# the shipped model: who adds what, and a mechanism more


def test_explain_shows_who_gives_what():
    found = patients.explain("soma.burden")
    assert found.mechanism == "a sum of contributions"
    given = {c.mechanism: c.equation_text for c in found.contributions}
    assert given["tdp43.aggregation"] == "lumbar.soma.aggregate"
    assert given["genetic.fus_condensation"] == "genotype.fus_mutant * fus.synthesis * lumbar.soma.fus_condensate"
    assert "lumbar.soma.sod1_misfolded" in given["genetic.sod1_misfolding"]
    assert list(given) == sorted(given)
    assert all(text in found.equation_text for text in given.values())
    sources = {key for m in patients.definition().mechanisms if m.name in given for key in m.sources}
    assert {line.split(":")[0] for line in found.sources_for} == sources - {"free"}
    off = patients.explain("soma.burden", patients.Assumed(off=frozenset({"tdp43.aggregation"})))
    assert [c.mechanism for c in off.contributions if c.switched_off] == ["tdp43.aggregation"]


def test_the_command_says_what_each_gives_and_what_is_off():
    shown = CliRunner().invoke(app, ["explain", "axon.transport_factor"], env={"COLUMNS": "300"}).stdout
    table = shown.split("The product of")[1].split("Reads")[0]
    row = next(line for line in table.splitlines() if line.startswith("genetic.dipeptide_harm"))
    assert "1 / (1 + transport.inhibition_by_dipeptide_repeat * c9orf72.dipeptide_repeat)" in row
    off = patients.Assumed(off=frozenset({"genetic.dipeptide_harm"}))
    console = Console(width=200, record=True, file=io.StringIO())
    for part in command._page(patients.explain("axon.transport_factor", off)):
        console.print(part)
    assert re.search(r"genetic\.dipeptide_harm +off: a factor of 1", console.export_text())


def test_pages_and_exported_files_name_every_contributor():
    made = pages.pages(None)
    own = made["tdp43.aggregation.md"]
    assert "to the sum `soma.burden`" in own
    assert "lumbar.soma.burden += lumbar.soma.aggregate" in own
    lines = evidence_of(patients.definition())["lumbar.soma.burden"].lines
    for name in ("tdp43.aggregation", "genetic.sod1_misfolding", "genetic.fus_condensation"):
        assert any(line.startswith(f"Mechanism {name}: ") for line in lines), name
        assert f"[{name}]({name}.md)" in made["upper.upper_motor_neurons.md"], name


MECHANISM = '''"""A protein of this drill."""

from charcot.model.mechanism import mechanism


@mechanism(scope="person", row="5 drill")
def misfolding(drill_protein):
    """A protein that misfolds burdens every neuron.

    Equation: burden + p

    Sources: free
    """
    return {"soma.burden": drill_protein}
'''
ROW = """name,index,value,unit,spread,between_patients,source,grade,role,title,note
drill.protein,,0.05,1,0.5,0,free,F,,Misfolded protein of the drill,
"""


def test_two_files_of_one_name_lose_no_mechanism_silently(tmp_path: Path, monkeypatch):
    for folder in ("", "north", "south"):
        package = tmp_path / "twice_mechanisms" / folder
        package.mkdir()
        (package / "__init__.py").write_text("", encoding="utf-8")
        if folder:
            (package / "protein.py").write_text(MECHANISM, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = discover(importlib.import_module("twice_mechanisms"))
    assert [m.name for m in found] == ["protein.misfolding"] * 2
    whole = Definition((port("soma.burden", combine="sum"),), (number("drill.protein", 1),), tuple(found), ("a",), 1)
    assert [(p.code, p.message) for p in check(whole)] == [
        (
            "double-name",
            "twice_mechanisms.north.protein and twice_mechanisms.south.protein both have a mechanism that is called "
            "protein.misfolding",
        )
    ]


def test_adding_a_mechanism_edits_no_python_file(tmp_path: Path, monkeypatch):
    """One file of code and one row of a table: the model composes, and patients live differently."""
    package = tmp_path / "drill_mechanisms"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "protein.py").write_text(MECHANISM, encoding="utf-8")
    (tmp_path / "drill.csv").write_text(ROW, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    problems: list[Problem] = []
    numbers = read_numbers([tmp_path / "drill.csv"], problems)
    whole = patients.definition().extended((), numbers, discover(importlib.import_module("drill_mechanisms")), ())
    assert [*problems, *check(whole)] == []
    cohort = draw_cohort(load_population("sporadic"), 4, 5)
    options = {"horizon_years": 6.0, "step_days": 200.0, "readouts": ("lumbar.soma.er_stress",)}
    without = patients.simulate(cohort, model=patients.program(), **options)
    with_it = patients.simulate(cohort, model=compose(whole), **options)
    day = np.full(4, 400.0)
    stress = with_it.at("lumbar.soma.er_stress", day) - without.at("lumbar.soma.er_stress", day)
    assert (stress > 0.01).all()
    score = "clinic.alsfrs_r.total"
    assert with_it.at(score, 4 * day).sum() != pytest.approx(without.at(score, 4 * day).sum(), abs=0.1)
