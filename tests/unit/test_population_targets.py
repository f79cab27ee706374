"""The published figures that populations are held against: sound, frozen, and held out by a rule."""

from __future__ import annotations

from charcot.patients import targets
from charcot.patients.targets import Target, kind_of, read

HEADER = "name,value,error,between,unit,kind,population,rules,reading,arguments,source,mark,held_out,note\n"


def row(**changed: str) -> str:
    cells = {
        "name": "a figure",
        "value": "10",
        "error": "1",
        "between": "2",
        "unit": "month",
        "kind": kind_of("a figure"),
        "population": "incident",
        "rules": "",
        "reading": "median_survival",
        "arguments": "clock=onset; months=12",
        "source": "pupillo2014",
        "mark": "read",
        "held_out": "",
        "note": "",
    }
    return HEADER + ",".join({**cells, **changed}.values()) + "\n"


def only(text: str) -> Target:
    found, problems = read(text, "a.csv")
    assert not problems
    return found[0]


def test_there_are_enough_targets_and_a_share_of_each_is_held_out():
    found = targets.load()
    conditional = [target for target in found if target.conditional]
    held_out = [target for target in found if target.kind == "validation"]
    assert len(found) >= 60
    assert len(conditional) >= 20
    assert 0.3 < len(held_out) / len(found) < 0.6
    assert {target.kind for target in conditional} == {"calibration", "validation"}


def test_arguments_are_numbers_where_they_can_be():
    assert only(row()).arguments == {"clock": "onset", "months": 12.0}


def test_inside_takes_error_spread_between_studies_and_monte_carlo_together():
    target = only(row())
    reach = 1.96 * (1 + 4 + 4) ** 0.5
    assert target.holds(10 + reach - 1e-9, 2.0)
    assert not target.holds(10 + reach + 1e-9, 2.0)
    assert not target.holds(10 - reach - 1e-9, 2.0)
    assert not target.holds(float("nan"), 2.0)
    assert not target.holds(10.0, float("nan"))
    assert not target.holds(10.0, float("inf"))


def test_a_figure_cannot_be_moved_to_the_other_kind_by_hand():
    other = {"calibration": "validation", "validation": "calibration"}[kind_of("a figure")]
    found, problems = read(row(kind=other), "a.csv")
    assert not found
    assert [(p.code, p.where.line) for p in problems if p.where] == [("chosen-kind", 2)]


def test_what_an_experiment_holds_out_is_validation():
    assert kind_of("a figure", "some_experiment") == "validation"
    assert only(row(kind="validation", held_out="some_experiment")).kind == "validation"


def test_all_faults_of_a_table_are_told_at_once_with_their_lines():
    second = row(value="many", error="-1", mark="heard", arguments="months", source="").removeprefix(HEADER)
    found, problems = read(row() + second, "a.csv")
    assert len(found) == 1
    assert {p.code for p in problems} == {"no-number", "unknown-mark", "bad-arguments", "missing"}
    assert {str(p.where) for p in problems} == {"a.csv:3"}


def test_a_figure_without_any_spread_is_refused():
    _, problems = read(row(error="0", between="0"), "a.csv")
    assert [p.code for p in problems] == ["no-spread"]


def test_a_reading_that_does_not_exist_or_takes_other_arguments_is_named():
    target = only(row())
    assert [p.code for p in targets.unreadable((target,), {})] == ["unknown-reading"]
    assert [p.code for p in targets.unreadable((target,), {"median_survival": lambda people, clock: 0.0})] == [
        "bad-arguments"
    ]
    assert not targets.unreadable((target,), {"median_survival": lambda people, clock, months: 0.0})


def test_the_hash_is_that_of_the_frozen_tables():
    assert targets.frozen_hash() == FROZEN


# The tables are frozen: this changes only with a commit that says which figure was wrong and why.
FROZEN = "0143f7a8f5f4"
