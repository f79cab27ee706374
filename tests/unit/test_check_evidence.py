"""``charcot check`` fails on a number without unit, spread or source, and on a DOI that no source holds."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from charcot import disease, patients
from charcot import soundness as check
from charcot.disease.genotypes import genotype_table_problems
from charcot.model.ports import read_numbers

NUMBERS = "name,index,value,unit,spread,between_patients,source,grade,role,title,note\n"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("a.rate,,1,,0.5,0,free,F,,Rate,", "no-unit"),
        ("a.rate,,1,1/day,,0,free,F,,Rate,", "no-spread"),
        ("a.rate,,1,1/day,0.5,0,,A,,Rate,", "no-source"),
        ("a.rate,,1,1/day,0.5,0,free,A,,Rate,", "free-grade"),
        ("a.rate,,1,blip per smidgen,0.5,0,free,F,,Rate,", "unknown-unit"),
    ],
)
def test_a_number_that_lacks_something_is_named_with_its_line(tmp_path: Path, row: str, code: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(NUMBERS + row + "\n", encoding="utf-8")
    problems: list = []
    read_numbers([path], problems)
    assert code in [p.code for p in problems]
    assert str(problems[0].where) == "a.csv:2"


def test_a_spread_between_patients_is_no_substitute_for_a_spread() -> None:
    whole = patients.definition()
    number = replace(whole.numbers[0], spread=0.0, between_patients=0.3)
    (found,) = check._variability_for_uncertainty(replace(whole, numbers=(number,)))
    assert found.code == "no-uncertainty"
    assert check._variability_for_uncertainty(whole) == []


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    for name in ("genotypes.csv", "genotype_effects.csv", "genotype_sites.csv", "exposures.csv"):
        shutil.copy(Path(disease.__file__).parent / name, tmp_path)
    return tmp_path


def test_the_other_tables_are_complete(tables: Path) -> None:
    assert check.table_problems(tables) == []


@pytest.mark.parametrize(
    ("name", "row", "codes"),
    [
        ("genotype_effects.csv", "SOD1,spread.sod1_rate,multiply,2,,,,,",
         ["no-unit", "no-spread", "no-source", "no-grade"]),
        ("genotype_sites.csv", "TARDBP,bulbar,1,,free,F,", ["no-spread"]),
        ("exposures.csv", "noise,Noise,2,1,3,0.1,,zhu2023,A,", ["no-spread"]),
        ("genotypes.csv", "NEK1,NEK1,soma.aggregate,4,taken,60,0.01,free,A,", ["free-grade"]),
    ],
)  # fmt: skip
def test_a_table_row_that_lacks_something_is_named(tables: Path, name: str, row: str, codes: list[str]) -> None:
    path = tables / name
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, row]) + "\n", encoding="utf-8")
    found = check.table_problems(tables)
    assert [p.code for p in found] == codes
    assert {str(p.where) for p in found} == {f"{name}:{len(lines) + 1}"}


def test_a_doi_that_no_source_holds_fails(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('"""See 10.1234/made.up and (10.5555/held)."""\n', encoding="utf-8")
    (tmp_path / "b.yaml").write_text("x: 1\nsource: https://doi.org/10.9999/also-made-up\n", encoding="utf-8")
    found = check.unheld_identifiers(tmp_path, ["10.5555/HELD; PMC1"])
    assert [(p.code, str(p.where)) for p in found] == [("unheld-doi", "a.py:1"), ("unheld-doi", "b.yaml:2")]
    assert "10.1234/made.up" in found[0].message


def test_no_doi_of_the_package_and_the_docs_is_unheld() -> None:
    held = [source.identifier for source in check._library()]
    root = Path(__file__).parents[2]
    for folder in (root / "src", root / "docs", root / "examples"):
        assert check.unheld_identifiers(folder, held) == []


EFFECTS, SITES = "genotype_effects.csv", "genotype_sites.csv"


@pytest.mark.parametrize(
    ("table", "old", "new", "code", "text"),
    [
        ("genotypes.csv", "soma.fus_condensate", "soma.fus_condensat", "unknown-state", "called 'soma.fus_condensat'"),
        ("genotypes.csv", "soma.aggregate,7,", "soma.aggregate,-7,", "out-of-range", "steps is '-7'"),
        ("genotypes.csv", "soma.aggregate,7,", "soma.aggregate,1,", "out-of-range", "1 steps leave none for neurons"),
        ("genotypes.csv", "7,open", "7,opened", "unknown-step", "first_step is 'opened'"),
        ("genotypes.csv", "taken,120", "taken,0", "out-of-range", "seed_age_scale is '0', but must be above 0"),
        (SITES, "C9orf72,bulbar,0.4", "C9orf72,bulbar,0.6", "bad-shares", "the sites of C9orf72 sum to 1.2, not to 1"),
        (SITES, "C9orf72,bulbar", "C9orf72,bulbus", "unknown-region", "no region is called 'bulbus'"),
        (SITES, "C9orf72,bulbar,0.4", "C9orf71,bulbar,1", "unknown-genotype", "no genotype is called 'C9orf71'"),
        ("genotypes.csv", "0.895", "1.895", "out-of-range", "share_of_cases is '1.895', but must be 0 to 1"),
        (EFFECTS, "pool.death_constant", "pool.deth_constant", "unknown-number", "'pool.deth_constant'"),
        (EFFECTS, "sod1_mutant,set", "sod1_mutant,add", "unknown-operation", "the operation is 'add'"),
        (EFFECTS, "sod1_mutant,set,1", "sod1_mutant,set,-1", "out-of-range", "value is '-1', but must be 0 or more"),
        (EFFECTS, "SOD1,", "SOD2,", "unknown-genotype", "no genotype is called 'SOD2'"),
        ("exposures.csv", "0.05,0.5", "nan,0.5", "out-of-range", "prevalence is 'nan', but must be 0 to 1"),
    ],
)
def test_impossible_genotypes_and_exposures_are_named(
    tables: Path, table: str, old: str, new: str, code: str, text: str
) -> None:
    assert check.genotype_problems(tables) == []
    whole = (tables / table).read_text(encoding="utf-8")
    assert old in whole
    (tables / table).write_text(whole.replace(old, new, 1), encoding="utf-8")
    found = check.genotype_problems(tables)
    assert (code, True) in [(problem.code, text in problem.message) for problem in found]
    assert all(problem.where and problem.where.file == table and problem.where.line > 1 for problem in found)


@pytest.mark.parametrize(
    ("table", "row", "code", "text"),
    [
        ("genotypes.csv", "SOD1,Again,soma.aggregate,2,taken,50,0,free,F,", "row-twice", "already stands in line"),
        ("genotypes.csv", "X,X,soma.aggregate,two,taken,50,0,free,F,", "bad-cell", "steps must be a whole number"),
        (EFFECTS, "SOD1,spread.rate,add,2,1,0,free,F,", "bad-cell", "operation must be 'set' or 'multiply'"),
        (SITES, "X,lumbar,half,0,free,F,", "bad-cell", "share must be a number, not 'half'"),
        ("exposures.csv", "noise,Noise,high,1,3,0.1,0,free,F,", "bad-cell", "odds_ratio must be a number"),
        ("exposures.csv", "lead,Lead,3,1,3,0.1,0,free,F,", "row-twice", "lead already stands in line 2"),
        ("exposures.csv", "noise,Noise", "malformed-row", "the row has 2 cells"),
    ],
)
def test_rows_that_cannot_be_read_or_stand_twice_are_named(
    tables: Path, table: str, row: str, code: str, text: str
) -> None:
    assert genotype_table_problems(tables) == []
    lines = (tables / table).read_text(encoding="utf-8").splitlines()
    (tables / table).write_text("\n".join([*lines, row]) + "\n", encoding="utf-8")
    (found,) = genotype_table_problems(tables)
    assert (found.code, str(found.where)) == (code, f"{table}:{len(lines) + 1}")
    assert text in found.message
