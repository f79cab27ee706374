"""The width of a prior: one table, independent sources, a floor; the spread between patients has no part in it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

from charcot import evidence, patients, treatments
from charcot.core.bounds import FRACTION, POSITIVE, Bounds
from charcot.evidence import Source, check_narrow, independent, prior, shared


@dataclass(frozen=True)
class Row:
    """A number as a table's row gives it."""

    name: str = "transport.velocity"
    value: float = 2.0
    spread: float = 0.01
    between_patients: float = 0.0
    sources: tuple[str, ...] = ("a",)
    grade: str = "A"
    bounds: Bounds = POSITIVE


def source(key: str, citation: str, identifier: str = "", **changed: str) -> Source:
    fields = {"system": "human", "grade": "A", "read": "number", "note": "5 per day", **changed}
    return Source(key, citation, identifier, **fields)


LIBRARY = {
    s.key: s
    for s in (
        source("a", "Altman, Perlson and others 2021, Nat Commun 12:6914", "10.1000/a"),
        source("b", "Berry 2025", "10.1000/b"),
        source("c", "Ionescu, Perlson and others 2025", "10.1000/c"),  # shares Perlson with a
        source("d", "Dorrbaum 2018", "10.1000/b; PMC9"),  # the same paper as b
        source("e", "Emery 2001", grade="B"),
        source("f", "Foster 2002", read="direction"),
        source("g", "Geevasinga 2003"),
        source("h", "Hedlund 2004"),
        source("i", "Ilieva 2005"),
        source("j", "Review of all of them", system="review"),
    )
}


def width(*keys: str, grade: str = "A", **changed: float) -> float:
    row = replace(Row(), sources=keys, grade=grade, **changed)
    return prior(row, LIBRARY, narrow={}).log_spread


@pytest.mark.parametrize("letter", ["A", "B", "C", "D"])
def test_one_source_has_the_width_of_the_table(letter: str) -> None:
    assert width("a", grade=letter) == evidence.grades()[letter].log_spread


def test_a_free_number_has_the_width_of_its_grade() -> None:
    assert width("free", grade="F") == evidence.grades()["F"].log_spread


def test_two_independent_sources_combine_by_inverse_variance() -> None:
    assert width("a", "b") == pytest.approx(0.15 / math.sqrt(2))
    # 0.15 (grade A) and 0.3 (read in a secondary copy): 1 / sqrt(1 / 0.0225 + 1 / 0.09)
    assert width("a", "e") == pytest.approx(1 / math.sqrt(1 / 0.15**2 + 1 / 0.3**2))


def test_many_sources_stop_at_the_floor() -> None:
    assert width("a", "b", "g", "h") == pytest.approx(0.075)
    assert width("a", "b", "g", "h", "i") == pytest.approx(0.075)


@pytest.mark.parametrize("keys", [("a", "c"), ("b", "d"), ("a", "f"), ("a", "j"), ("a", "a")])
def test_what_is_not_independent_or_gives_no_number_does_not_narrow(keys: tuple[str, str]) -> None:
    """One laboratory, one paper, a direction only, a review, the same source twice."""
    assert width(*keys) == width("a")


def test_the_reason_of_dependence_is_named() -> None:
    assert shared(LIBRARY["a"], LIBRARY["c"]) == "the author Perlson"
    assert shared(LIBRARY["b"], LIBRARY["d"]) == "the record 10.1000/b"
    assert shared(LIBRARY["a"], LIBRARY["b"]) is None


def test_of_dependent_sources_the_best_is_kept() -> None:
    worse = replace(LIBRARY["c"], grade="B")
    assert [s.key for s in independent([worse, LIBRARY["a"]])] == ["a"]


def test_a_source_cannot_make_a_number_surer_than_it_is_itself() -> None:
    assert width("e") == 0.3  # the number says A, but its only source was read in a secondary copy


def test_the_spread_between_patients_does_not_enter() -> None:
    narrow, wide = Row(between_patients=0.0), Row(between_patients=2.0)
    assert prior(narrow, LIBRARY) == prior(wide, LIBRARY)


def test_no_number_of_the_model_changes_its_prior_with_its_spread_between_patients() -> None:
    for number in patients.definition().numbers:
        assert prior(number) == prior(replace(number, between_patients=3.0)), number.name


def test_a_wider_spread_of_the_row_widens_and_a_narrower_one_needs_a_reason() -> None:
    assert width("a", spread=0.9) == 0.9
    assert width("a", spread=0.05) == 0.15
    listed = prior(Row(spread=0.05), LIBRARY, narrow={"transport.velocity": "counted in a register"})
    assert listed.log_spread == 0.05
    assert "counted in a register" in listed.reason


def test_zero_definitions_and_fixed_rows_have_no_width() -> None:
    assert prior(Row(value=0.0), LIBRARY).log_spread == 0
    assert prior(Row(sources=("definition",)), LIBRARY).log_spread == 0
    assert prior(Row(spread=0.0), LIBRARY).log_spread == 0
    assert prior(Row(spread=0.0), LIBRARY).interval() == (2.0, 2.0)


def test_the_prior_is_log_normal_around_the_value() -> None:
    found = prior(Row(), LIBRARY)
    assert float(found.quantile(0.5)) == pytest.approx(2.0)
    low, high = found.interval(0.6826894921370859)  # one standard deviation
    assert (math.log(high / 2), math.log(2 / low)) == pytest.approx((0.15, 0.15))


def test_a_share_never_leaves_zero_to_one() -> None:
    found = prior(Row(value=0.9, grade="F", sources=("free",), bounds=FRACTION), LIBRARY)
    drawn = found.quantile(np.linspace(1e-6, 1 - 1e-6, 999))
    assert drawn.max() < 1
    assert drawn.min() > 0
    assert (np.diff(drawn) > 0).all()


def test_a_prior_is_cut_off_at_the_lower_end_too_and_for_negative_numbers() -> None:
    above_one = prior(Row(value=1.2, grade="F", sources=("free",), bounds=Bounds(1.0)), LIBRARY)
    drawn = above_one.quantile(np.array([0.0, 0.5, 0.999]))
    assert drawn[0] == pytest.approx(1.0)
    assert (np.diff(drawn) > 0).all()
    negative = prior(Row(value=-0.8, grade="F", sources=("free",), bounds=Bounds(-1.0, 0.0)), LIBRARY)
    drawn = negative.quantile(np.array([0.0, 0.5, 1.0 - 1e-9]))
    assert drawn[0] == pytest.approx(-1.0)
    assert (np.diff(drawn) > 0).all()
    assert drawn[-1] < 0


def test_every_number_of_the_model_has_a_prior_that_holds_its_value() -> None:
    whole = patients.definition(tuple(sorted(treatments.products())))
    for number in whole.numbers:
        found = prior(number)
        assert found.reason
        low, high = found.interval()
        assert low <= number.value <= high or found.bounds.upper < math.inf, number.name
        if number.free and found.log_spread:
            listed = evidence.priors.narrow_reasons().get(number.name)
            assert found.log_spread >= evidence.grades()["F"].log_spread or listed, number.name


def test_the_list_of_reasons_names_numbers_of_the_model() -> None:
    whole = patients.definition()
    assert check_narrow(whole.numbers) == []
    missing = check_narrow([n for n in whole.numbers if n.name != "axon.length"])
    assert [problem.code for problem in missing] == ["unknown-number"]
    assert "axon.length" in missing[0].message
