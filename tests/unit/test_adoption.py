"""Fitted values are written into a copy of the tables: the value changes, and nothing else."""

import shutil
from pathlib import Path

import pytest

import charcot
from charcot.fitting.adoption import adopt


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for folder in ("disease/parameters", "disease/systems", "clinic"):
        shutil.copytree(Path(charcot.__file__).parent / folder, tmp_path / folder)
    return tmp_path


def lines(package: Path) -> list[str]:
    files = sorted(p for p in package.rglob("*") if p.suffix in (".csv", ".yaml"))
    return [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_value_is_written_into_its_line_and_all_else_stays(package):
    before = lines(package)
    values = {
        "pool.death_constant": 0.0051234,
        "lumbar.spread.weight.thoracic": 1.2345,
        "respiration.half": 0.4,
        "sod1-g93a/pool.death_constant": 0.15678,
        "mouse/clock.glia": 12.345,
    }
    assert {path.name for path in adopt(values, package)} == {
        "mouse.yaml", "parameters.csv", "pool.csv", "sod1-g93a.yaml", "system.csv",
    }  # fmt: skip
    moved = [(old, new) for old, new in zip(before, lines(package), strict=True) if old != new]
    assert len(moved) == len(values)
    texts = ("value: 0.157", "value: 12.3", ",0.00512,", ",0.4,", ",1.23,")
    for (old, new), text in zip(sorted(moved), texts, strict=True):
        assert text in new
        assert len(old.split(",")) == len(new.split(","))


def test_a_number_that_no_table_has_is_named(package):
    with pytest.raises(KeyError, match="nothing"):
        adopt({"nothing.like_it": 1.0}, package)
