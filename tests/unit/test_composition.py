"""Break the model in every way that composition must find, and read the message a user gets."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from charcot.core.errors import Problems
from charcot.core.expression import constant, substitute
from charcot.model.compose import check, compose
from charcot.model.definition import Definition, Modifier
from charcot.model.mechanism import Mechanism, mechanism
from charcot.model.ports import Number, Port, read_numbers, read_ports


def port(name: str, kind: str = "variable", scope: str = "person", unit: str = "1", healthy: float = 1.0) -> Port:
    return Port(name, kind, scope, unit, healthy, 1.0, name, readout=True)


def number(name: str, value: float = 1.0, unit: str = "1", index: str = "") -> Number:
    return Number(name, index, value, unit, 0.5, 0.0, ("free",), "F", "parameter", name, "")


@mechanism(scope="person")
def growth(cell_count, cell_drive):
    """Cells grow."""
    return {"d/dt cell.count": cell_drive * cell_count}


@mechanism(scope="person")
def driving(cell_rate):
    """A rate drives."""
    return {"cell.drive": cell_rate}


PORTS = (port("cell.count", "state"), port("cell.drive", unit="1/day"))
NUMBERS = (number("cell.rate", 0.5, "1/day"),)


def model(
    ports: tuple[Port, ...] = PORTS,
    numbers: tuple[Number, ...] = NUMBERS,
    mechanisms: tuple[Mechanism, ...] = (growth, driving),
    modifiers: tuple[Modifier, ...] = (),
) -> Definition:
    return Definition(ports, numbers, mechanisms, ("north", "south"), 3, modifiers)


def messages(definition: Definition) -> list[tuple[str, str, str]]:
    return [(problem.code, problem.message, problem.hint) for problem in check(definition)]


def test_a_sound_model_composes_and_substitutes_its_variables():
    program = compose(model())
    assert check(model()) == []
    assert str(program.states[0].rate) == "cell.rate * cell.count"
    assert program.readout_names == ("cell.count", "cell.drive")


def test_unknown_port_is_named_with_its_nearest_spelling():
    @mechanism(scope="person")
    def typo(cell_rat):
        """Reads what is not there."""
        return {"cell.drive": cell_rat}

    found = messages(model(mechanisms=(growth, typo)))
    assert (
        "unknown-port",
        "test_composition.typo reads 'cell_rat', which is no port and no number",
        "Did you mean cell_rate?",
    ) in [(c, m, h.split(",")[0].rstrip("?") + "?") for c, m, h in found]


def test_writing_an_unknown_port_is_named():
    @mechanism(scope="person")
    def lost(cell_rate):
        """Writes to nowhere."""
        return {"cell.drivee": cell_rate}

    found = messages(model(mechanisms=(growth, driving, lost)))
    assert found == [
        ("unknown-port", "test_composition.lost writes 'cell.drivee', which is no port", "Did you mean cell.drive?")
    ]


def test_two_writers_of_one_port_are_both_named():
    @mechanism(scope="person")
    def rival(cell_rate):
        """Also drives."""
        return {"cell.drive": 2 * cell_rate}

    found = messages(model(mechanisms=(growth, driving, rival)))
    assert found == [
        (
            "double-writer",
            "cell.drive is written by test_composition.driving and test_composition.rival",
            "Each port has one writer: move one of them to a port of its own and read both, or declare it a sum or a "
            "product (column combine).",
        )
    ]


def test_an_algebraic_loop_is_printed_as_a_path():
    @mechanism(scope="person")
    def forth(cell_back):
        """Reads back."""
        return {"cell.drive": cell_back}

    @mechanism(scope="person")
    def back(cell_drive):
        """Reads forth."""
        return {"cell.back": cell_drive}

    found = messages(model((*PORTS, port("cell.back", unit="1/day")), (), (growth, forth, back)))
    assert found == [
        (
            "algebraic-loop",
            "variables read each other: cell.drive -> cell.back -> cell.drive",
            "Make one of these a state with a rate, or read a state instead.",
        )
    ]


def test_a_unit_mismatch_names_the_equation():
    found = messages(model(numbers=(number("cell.rate", 0.5, "1/month"),)))
    assert [code for code, *_ in found] == ["unit-mismatch"]
    assert found[0][1].startswith("test_composition.driving: cell.drive should be in [[time]^-1]")


def test_adding_metres_to_millimetres_is_found():
    @mechanism(scope="person")
    def adding(cell_length, cell_step):
        """Adds lengths."""
        return {"cell.drive": cell_length + cell_step}

    found = messages(
        model(
            (PORTS[0], port("cell.drive", unit="mm")),
            (number("cell.length", 1, "m"), number("cell.step", 1, "mm")),
            (adding,),
        )
    )
    assert "test_composition.adding: cell.drive: adds [[length]] x 1 and [[length]] x 0.001" in found[-1][1]


def test_an_exponential_of_a_quantity_is_found():
    from charcot.model.algebra import exp

    @mechanism(scope="person")
    def steep(cell_rate):
        """An exponential of a rate."""
        return {"cell.drive": exp(cell_rate)}

    found = messages(model(mechanisms=(growth, steep)))
    assert found[0][0] == "unit-mismatch"
    assert "exp of a quantity in [[time]^-1]" in found[0][1]


def test_a_state_without_a_rate_and_a_variable_without_a_writer():
    found = messages(model(mechanisms=(), numbers=()))
    assert ("no-writer", "cell.count: no mechanism gives its rate", "Write it, or remove the row.") in found
    assert ("no-writer", "cell.drive: no mechanism computes it", "Write it, or remove the row.") in found


def test_every_problem_is_reported_at_once():
    @mechanism(scope="person")
    def typo(cell_rat):
        """Reads what is not there."""
        return {"cell.drive": cell_rat}

    @mechanism(scope="person")
    def lost(cell_rate):
        """Writes to nowhere."""
        return {"nowhere": cell_rate}

    with pytest.raises(Problems) as caught:
        compose(model(mechanisms=(growth, typo, lost)))
    codes = sorted(problem.code for problem in caught.value.problems)
    assert codes == ["no-writer", "unknown-port", "unknown-port"]


def test_a_product_that_acts_on_nothing_is_named():
    found = messages(model(modifiers=(Modifier("cell.drve", "cell.drive", "multiply"),)))
    assert found == [
        (
            "unknown-port",
            "a product acts on 'cell.drve', which is no variable and no number",
            "Did you mean cell.drive, cell.rate?",
        )
    ]


def test_a_product_that_adds_another_unit_is_named():
    ports = (*PORTS, port("drug.effect", "input", unit="mg"))
    found = messages(model(ports, modifiers=(Modifier("cell.drive", "drug.effect", "add"),)))
    assert found == [("unit-mismatch", "a product adds 'mg' to cell.drive, which is in '1/day'", "")]


def test_modifiers_multiply_variables_and_numbers():
    ports = (*PORTS, port("drug.effect", "input"))
    on_variable = compose(model(ports, modifiers=(Modifier("cell.drive", "drug.effect", "multiply"),)))
    on_number = compose(model(ports, modifiers=(Modifier("cell.rate", "drug.effect", "multiply"),)))
    assert str(on_variable.states[0].rate) == str(on_number.states[0].rate) == "cell.rate * drug.effect * cell.count"


def test_a_mechanism_that_branches_on_a_state_is_refused():
    @mechanism(scope="person")
    def branching(cell_rate):
        """Branches."""
        return {"cell.drive": 1 if cell_rate > 0 else 0}

    found = messages(model(mechanisms=(growth, branching)))
    assert found[0][0] == "broken-mechanism"
    assert "test_composition.branching failed when it was composed" in found[0][1]


def test_switching_a_mechanism_off_takes_the_healthy_value():
    program = compose(dataclasses.replace(model(), off=frozenset({"test_composition.driving"})))
    assert str(program.states[0].rate) == "cell.count"  # the drive's healthy value is one
    still = compose(dataclasses.replace(model(), off=frozenset({"test_composition.growth"})))
    assert str(still.states[0].rate) == "0"


def test_switching_off_an_unknown_mechanism_is_named():
    with pytest.raises(Problems, match=r"no mechanism is called 'driving'"):
        compose(dataclasses.replace(model(), off=frozenset({"driving"})))


def test_regions_and_classes_unroll():
    @mechanism(scope="region")
    def decay(axon_load, axon_rate, class_quantile):
        """Decays in each class, the faster the more its neurons resist."""
        return {"d/dt axon.load": -1 * axon_rate * class_quantile * axon_load}

    program = compose(model((port("axon.load", "state", "class"),), (number("axon.rate", 1, "1/day"),), (decay,)))
    at_one = dict.fromkeys((*program.state_names, "axon.rate"), constant(1))
    rates = substitute([state.rate for state in program.states[:3]], at_one)
    assert [rate.value for rate in rates] == pytest.approx([-1 / 6, -3 / 6, -5 / 6])
    assert program.state_names == tuple(f"{r}.axon.load.{s}" for r in ("north", "south") for s in (1, 2, 3))


NUMBER_HEADER = "name,index,value,unit,spread,between_patients,source,grade,role,title,note\n"


@pytest.mark.parametrize(
    ("row", "code", "text"),
    [
        ("a.b,,1,,0.5,0,free,F,,Title,", "no-unit", "a.b has no unit"),
        ("a.b,,1,1/day,,0,free,F,,Title,", "no-spread", "a.b has no spread"),
        ("a.b,,1,1/day,0.5,0,,F,,Title,", "no-source", "a.b has no source"),
        ("a.b,,1,1/day,0.5,0,free,,,Title,", "no-grade", "a.b has no grade"),
        ("a.b,,1,1/day,0.5,0,free,A,,Title,", "free-grade", "a.b: source 'free' and grade 'A' do not go together"),
        ("a.b,,one,1/day,0.5,0,free,F,,Title,", "not-a-number", "value is 'one', not a finite number"),
        ("a.b,,1,furlong/dy,0.5,0,free,F,,Title,", "unknown-unit", "a.b: unknown unit 'furlong/dy'"),
        ("A b,,1,1,0.5,0,free,F,,Title,", "bad-name", "'A b' is not a port name"),
        (
            "a.b,,1,1,0.5,ok.two,free,F,,Title,",
            "unknown-spread",
            "a.b: between_patients is 'ok.two', neither a value nor a number's name",
        ),
        ("a.b,,1,1", "malformed-row", "4 cells, but the header has 11"),
    ],
)
def test_a_number_without_its_evidence_is_found_with_file_and_line(tmp_path: Path, row: str, code: str, text: str):
    path = tmp_path / "numbers.csv"
    path.write_text(NUMBER_HEADER + "ok.one,,1,1,0.5,0,free,F,,Title,\n" + row + "\n", encoding="utf-8")
    problems: list = []
    read_numbers([path], problems)
    found = {p.code: p for p in problems}
    assert code in found
    assert found[code].message == text
    assert str(found[code].where) == "numbers.csv:3"


def test_a_spread_between_patients_can_be_held_by_another_number(tmp_path: Path):
    path = tmp_path / "numbers.csv"
    rows = "a.b,,1,1,0.5,c.spread,free,F,,Title,\nc.spread,,0.7,1,0.3,0,free,F,,Title,\n"
    path.write_text(NUMBER_HEADER + rows, encoding="utf-8")
    problems: list = []
    held, holder = read_numbers([path], problems)
    assert problems == []
    assert (held.between_patients, held.spread_by) == (0.7, "c.spread")
    assert (holder.between_patients, holder.spread_by) == (0.0, "")


def test_a_port_of_unknown_kind_is_found(tmp_path: Path):
    path = tmp_path / "ports.csv"
    path.write_text(
        "name,kind,scope,unit,healthy,scale,readout,title\na.b,thing,person,1,1,1,,Title\n", encoding="utf-8"
    )
    problems: list = []
    read_ports([path], problems)
    assert [str(p) for p in problems] == [
        "ports.csv:2: a.b: kind is 'thing', not one of state, variable, input [bad-port]"
    ]
