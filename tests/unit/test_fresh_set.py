"""The page of the fresh set says what its files say, so that no accepted range is moved without a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from charcot.experiments.definition import Experiment, Outcome
from charcot.experiments.reading import fresh

PAGE = Path(__file__).parents[2] / "docs" / "fresh-experiments.md"
VALIDATION = {name: entry.content for name, entry in fresh().items() if entry.content.use == "validation"}


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


def test_there_are_at_least_ten_sizes_and_five_nulls() -> None:
    of_kind = {kind: {n for n, rows in ROWS.items() if kind in {row[2] for row in rows}} for kind in ("size", "null")}
    assert len(of_kind["size"]) >= 10
    assert len(of_kind["null"]) >= 5
