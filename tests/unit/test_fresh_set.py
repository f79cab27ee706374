"""The page of the fresh sets says what their files say, so that no accepted range is moved without a trace."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from charcot.experiments.definition import Experiment, Outcome
from charcot.experiments.reading import entries, fresh

PAGE = Path(__file__).parents[2] / "docs" / "fresh-experiments.md"
SETS = {name: entry.fresh for name, entry in fresh().items()}
# Those that were kept for validation, with the few that are calibration since: they are on the page as registered.
VALIDATION = {
    name: entry.content for name, entry in fresh().items() if entry.content.use == "validation" or entry.content.moved
}


def _rows() -> dict[str, list[tuple[str, str, str]]]:
    """Published value, accepted range and kind of each outcome by the name of its experiment, as the page has them."""
    out: dict[str, list[tuple[str, str, str]]] = {}
    name = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) == 6 and cells[0] != "name":
            name = cells[0].strip("`") or name
            out.setdefault(name, []).append((cells[3], cells[4], cells[5]))
    return out


ROWS = _rows()


def _accepted(outcome: Outcome) -> str:
    low, high = outcome.bounds
    unit = "" if outcome.unit in ("1", "fold") else f" {outcome.unit}"
    if outcome.between is not None or outcome.about is not None:
        return f"{low:g} to {high:g}{unit}"
    return f"above {low:g}{unit}" if outcome.above is not None else f"below {high:g}{unit}"


def test_the_page_names_every_experiment_that_is_kept_for_validation() -> None:
    assert set(ROWS) == set(VALIDATION)
    assert len(VALIDATION) >= 30


@pytest.mark.parametrize("name", sorted(VALIDATION))
def test_the_page_has_each_outcome_with_its_accepted_range(name: str) -> None:
    content: Experiment = VALIDATION[name]
    expected = [(f"{o.what}: {o.published}", _accepted(o)) for o in content.outcomes]
    assert [row[:2] for row in ROWS[name]] == expected
    kinds = ["direction" if row[2] == "direction" else "size" for row in ROWS[name]]
    assert kinds == [outcome.kind for outcome in content.outcomes]  # a null is a size of one


@pytest.mark.parametrize(
    ("number", "size", "sizes", "nulls"),
    [(1, 43, 10, 5), (2, 50, 10, 8), (3, 43, 10, 5), (4, 40, 10, 8), (5, 30, 10, 5), (6, 14, 9, 5), (7, 15, 8, 9)],
)
def test_a_set_has_at_least_so_many_sizes_and_nulls(number: int, size: int, sizes: int, nulls: int) -> None:
    own = {name for name in VALIDATION if SETS[name] == number}
    assert len(own) == size
    with_kind = Counter(kind for name in own for kind in {row[2] for row in ROWS[name]})
    assert with_kind["size"] >= sizes
    assert with_kind["null"] >= nulls


def test_the_page_counts_the_kinds_of_each_set() -> None:
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    told = re.findall(r"By outcome: (\d+) sizes, (\d+) nulls, (\d+) directions", page)
    kinds = [
        Counter(row[2] for name in VALIDATION if SETS[name] == number for row in ROWS[name])
        for number in (1, 2, 3, 4, 5, 6, 7)
    ]
    assert told == [tuple(str(own[kind]) for kind in ("size", "null", "direction")) for own in kinds]


def test_the_second_set_keeps_its_own_rules() -> None:
    second = {name: content for name, content in VALIDATION.items() if SETS[name] == 2}
    outcomes = [outcome for content in second.values() for outcome in content.outcomes]
    assert sum(outcome.kind == "size" for outcome in outcomes) >= len(outcomes) / 2
    assert sum(content.negative_control for content in second.values()) == 15
    for name, content in second.items():
        for outcome, row in zip(content.outcomes, ROWS[name], strict=True):
            low, high = outcome.bounds
            if row[2] == "null":  # the rules: 5, 10 or 20 % either way of one
                assert (low, high) in {(0.95, 1.05), (0.9, 1.1), (0.8, 1.2)}, name
            if row[2] == "direction":  # the least margin: 3 %, of shares 3 points
                assert (low, high) in {(1.03, float("inf")), (-float("inf"), 0.97), (3.0, float("inf"))}, name


def _ranges_of_the_rules(experiments: dict[str, Experiment]) -> None:
    """Nulls within 5 or 10 % of one, directions of 3 % and more."""
    for name, content in experiments.items():
        for outcome, row in zip(content.outcomes, ROWS[name], strict=True):
            if row[2] == "null":
                assert outcome.bounds in {(0.95, 1.05), (0.9, 1.1)}, name
            if row[2] == "direction":
                assert outcome.bounds in {(1.03, float("inf")), (-float("inf"), 0.97)}, name


def test_the_third_set_keeps_its_own_rules() -> None:
    third = {name: content for name, content in VALIDATION.items() if SETS[name] == 3}
    assert sum(content.negative_control for content in third.values()) == 8
    _ranges_of_the_rules(third)


def test_the_fourth_set_keeps_its_own_rules() -> None:
    fourth = {name: content for name, content in VALIDATION.items() if SETS[name] == 4}
    assert sum(content.negative_control for content in fourth.values()) == 7
    outcomes = [outcome for content in fourth.values() for outcome in content.outcomes]
    assert sum(outcome.kind == "size" for outcome in outcomes) >= 0.8 * len(outcomes)
    for name, content in fourth.items():
        if name.endswith("_in_people"):  # a drug that is no product keeps the human share
            (share,) = content.strengths.values()
            assert (share.low, share.middle, share.high) == (0, 0.3, 1), name
    _ranges_of_the_rules(fourth)


@pytest.mark.parametrize("number", [2, 3, 4, 5, 6, 7])
def test_no_two_files_cite_one_source_for_the_same_finding(number: int) -> None:
    """A source of a later set that was cited before gives another outcome here: none is measured twice."""
    earlier = {
        name: entry.content for name, entry in (*entries().items(), *fresh().items()) if SETS.get(name, 0) != number
    }
    said = {(s, o.what, o.published) for content in earlier.values() for s in content.sources for o in content.outcomes}
    for name, content in VALIDATION.items():
        if SETS[name] == number:
            again = {(s, o.what, o.published) for s in content.sources for o in content.outcomes} & said
            assert not again, name


@pytest.mark.parametrize("number", [6, 7])
def test_later_sets_keep_the_rules_of_the_fourth(number: int) -> None:
    _ranges_of_the_rules({name: content for name, content in VALIDATION.items() if SETS[name] == number})
