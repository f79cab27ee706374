"""Evidence: the shipped tables are sound, and every broken table is named with its line and its remedy."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from charcot.core.errors import Problems, Severity, Where
from charcot.evidence import Contradiction, Source, check_citations, contradictions, grades, sources, unused

SOURCE_HEADER = "key,citation,identifier,system,grade,read,note\n"
GRADE_HEADER = "letter,meaning,log_spread\n"
CONTRADICTION_HEADER = "key,claim,counter_claim,sources_for,sources_against,mechanism,note\n"
GOOD = 'smith2001,"Smith 2001, Brain 1:1",10.1/x,human,A,number,Five per day\n'
DOI = re.compile(r"\b10\.\d{4,9}/[^\s;,|`\"]+")
DOSSIERS = Path(__file__).resolve().parents[3] / "shared" / "dossiers"
READINGS = Path(__file__).resolve().parents[2] / "docs" / "readings.md"

Write = Callable[[str], Path]


@pytest.fixture
def table(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / f"table{len(list(tmp_path.iterdir()))}.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def faults(load: Callable[[], object], path: Path) -> list[str]:
    """The problems that ``load`` raises, as the user reads them, with the folder taken away."""
    with pytest.raises(Problems) as caught:
        load()
    return [str(problem).replace(str(path), "table.csv") for problem in caught.value.problems]


# The shipped tables


def test_shipped_sources_are_many_and_have_known_grades() -> None:
    found = sources()
    assert len(found) >= 130
    assert {source.grade for source in found.values()} == set(grades())
    assert all(key == source.key and re.fullmatch(r"[a-z][a-z0-9_]*", key) for key, source in found.items())


def test_grade_spreads_are_the_table_of_the_project() -> None:
    assert {letter: grade.log_spread for letter, grade in grades().items()} == {
        "A": 0.15,
        "B": 0.3,
        "C": 0.7,
        "D": 0.4,
        "F": 0.7,
    }


def test_a_recalled_number_is_wider_than_a_derived_and_a_read_one() -> None:
    spread = {letter: grade.log_spread for letter, grade in grades().items()}
    assert spread["A"] < spread["B"] < spread["D"] < spread["C"] <= spread["F"]


def test_a_free_number_may_not_be_narrower_than_any_other(tmp_path: Path) -> None:
    file = tmp_path / "grades.csv"
    file.write_text(GRADE_HEADER + "C,recalled,0.7\nF,free,0.5\n", encoding="utf-8")
    with pytest.raises(Problems, match=r"grades.csv:3: Grade 'F' has a log_spread of 0.5, but grade 'C' has 0.7"):
        grades(file)
    same = tmp_path / "same.csv"
    same.write_text(GRADE_HEADER + "C,recalled,0.7\nF,free,0.7\n", encoding="utf-8")
    assert grades(same)["F"].log_spread == 0.7


@pytest.mark.parametrize(
    ("key", "grade", "read"),
    [
        ("ionescu2025", "A", "direction"),
        ("millecamps2013", "A", "number"),
        ("ling2010", "C", "citation"),
        ("crisp2015", "C", "citation"),
        ("schwanhausser2011", "A", "number"),
        ("schwanhausser2011_protein", "C", "citation"),
        ("picchiarelli2019", "B", "number"),
        ("mirocals2025", "B", "number"),
        ("dossier_clinical", "D", "number"),
        ("feasibility_sketch", "F", "citation"),
    ],
)
def test_known_marks(key: str, grade: str, read: str) -> None:
    source = sources()[key]
    assert (source.grade, source.read, source.gives_a_number) == (grade, read, read == "number")


def test_a_recalled_source_never_gives_a_number() -> None:
    assert not [source.key for source in sources().values() if source.grade in "CF" and source.gives_a_number]


def test_a_source_that_says_its_number_was_read_prints_one() -> None:
    silent = [s.key for s in sources().values() if s.gives_a_number and not re.search(r"\d", s.note)]
    assert not silent


def test_doi_marked_as_recalled_are_left_out() -> None:
    for key in ("bensimon1994", "centaur2020", "courage2025", "valor2022", "vitality2019"):
        assert not DOI.search(sources()[key].identifier), key


def test_no_two_sources_share_a_doi() -> None:
    seen: dict[str, str] = {}
    for source in sources().values():
        for doi in DOI.findall(source.identifier):
            assert doi.lower() not in seen, f"{source.key} and {seen[doi.lower()]} share {doi}"
            seen[doi.lower()] = source.key


@pytest.mark.skipif(not DOSSIERS.is_dir(), reason="the dossiers are not beside this checkout")
def test_every_doi_and_accession_stands_in_a_dossier_or_among_the_readings() -> None:
    files = [READINGS, *(path for path in DOSSIERS.iterdir() if path.suffix in {".md", ".csv"})]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    pattern = re.compile(rf"{DOI.pattern}|PMC\d+|NCT\d{{8}}|PMID \d+")
    found = pattern.findall(text)
    printed = {*found, *(name.rstrip(".") for name in found), *(name.rstrip(").:") for name in found)}
    since = (Path(__file__).parent / "sources_read_since.txt").read_text(encoding="utf-8").split()
    assert set(since) <= set(sources())
    known = [source for source in sources().values() if source.key not in since]
    cited = [(s.key, name) for s in known for name in pattern.findall(s.identifier)]
    assert len(cited) > 150
    assert not [pair for pair in cited if pair[1] not in printed]


def test_what_is_said_of_a_source_is_whole_and_names_no_file_that_a_reader_lacks() -> None:
    said = [(s.key, text) for s in sources().values() for text in (s.citation, s.note)]
    said += [(key, text) for key, c in contradictions().items() for text in (c.claim, c.counter_claim, c.note)]
    assert len(said) > 900
    assert [key for key, text in said if text.count("(") != text.count(")")] == []
    assert [key for key, text in said if re.search(r"dossier|[a-z]\.(md|csv)\b", text)] == []


def test_contradictions_keep_both_sides() -> None:
    found = contradictions()
    assert {"t_cells_protect", "curvature_alsfrsr", "tdp43_half_life", "nk_role", "minocycline_sign"} <= set(found)
    half_life = found["tdp43_half_life"]
    assert half_life.sources_for == ("austin2014", "tdp43_stability2013")
    assert half_life.sources_against == ("barmada2014",)
    assert all(c.sources_for and c.sources_against and c.claim != c.counter_claim for c in found.values())


def test_records_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        sources()["ling2010"].grade = "A"  # type: ignore[misc]


def test_changing_the_returned_dictionary_changes_nothing() -> None:
    sources().clear()
    grades().clear()
    contradictions().clear()
    assert sources()
    assert grades()
    assert contradictions()


# Citations


def test_known_citation_gives_no_problem() -> None:
    assert check_citations({"ling2010": Where("p.csv", 3)}) == []


def test_unknown_citation_names_the_place_and_the_nearest_key() -> None:
    (problem,) = check_citations({"pinarbasi2108": Where("p.csv", 7), "ling2010": Where("p.csv", 8)})
    assert problem.severity is Severity.ERROR
    assert str(problem).startswith(
        "p.csv:7: There is no source 'pinarbasi2108'. [unknown-source]\n    Did you mean pinarbasi2018"
    )


def test_unknown_citation_far_from_every_key_says_so() -> None:
    (problem,) = check_citations({"zzzzzzzz": Where("p.csv")}, known=["ling2010"])
    assert str(problem) == (
        "p.csv: There is no source 'zzzzzzzz'. [unknown-source]\n    No known name is close to it. Known are: ling2010."
    )


def test_unused_source_is_a_warning_at_its_line(table: Write) -> None:
    path = table(SOURCE_HEADER + GOOD + GOOD.replace("smith2001", "jones2002"))
    (problem,) = unused({"smith2001": Where("p.csv")}, path)
    assert problem.severity is Severity.WARNING
    assert problem.where == Where(str(path), 3)
    assert str(problem).replace(str(path), "table.csv") == (
        "table.csv:3: Source 'jones2002' is never cited. [unused-source]\n"
        "    Cite it where its number or mechanism is used, or leave it as background."
    )


def test_nothing_is_unused_when_all_is_cited() -> None:
    assert unused(sources()) == []


# Broken tables


def test_good_source_is_read_with_its_quoted_comma(table: Write) -> None:
    found = sources(table(SOURCE_HEADER + "\n" + GOOD))
    assert found == {
        "smith2001": Source("smith2001", "Smith 2001, Brain 1:1", "10.1/x", "human", "A", "number", "Five per day")
    }


BROKEN_SOURCES = [
    (
        "smith2001,Smith 2003,,human,A,number,x\n",
        "table.csv:3: 'smith2001' is already defined in line 2. [duplicate-key]\n"
        "    Give this line another name or remove it.",
    ),
    (
        "jones2002,Jones 2002,,human,Z,number,x\n",
        "table.csv:3: Unknown grade 'Z' of source 'jones2002'. [unknown-grade]\n    Write one of A, B, C, D, F.",
    ),
    (
        "jones2002,,,human,A,number,x\n",
        "table.csv:3: The citation is empty. [empty-cell]\n    Every line needs a citation.",
    ),
    (
        ",Jones 2002,,human,A,number,x\n",
        "table.csv:3: The key is empty. [empty-cell]\n    Every line needs a key.",
    ),
    (
        "jones2002,Jones 2002,,human,A,number,  \n",
        "table.csv:3: The note is empty. [empty-cell]\n    Every line needs a note.",
    ),
    (
        "jones2002,Jones 2002,,yeast,A,number,x\n",
        "table.csv:3: Unknown system 'yeast' of source 'jones2002'. [unknown-system]\n"
        "    Write one of human, primate, mouse, rat, cells, in vitro, model, review, label.",
    ),
    (
        "jones2002,Jones 2002,,human,A,figure,x\n",
        "table.csv:3: Unknown read 'figure' of source 'jones2002'. [unknown-read]\n"
        "    Write one of number, direction, citation.",
    ),
    (
        "jones2002,Jones 2002, Brain,,human,A,number,x\n",
        "table.csv:3: This line has 8 cells, the header has 7. [malformed-line]\n"
        '    Put double quotes around a cell that holds a comma: "Neurology, 1999".',
    ),
    (
        'jones2002,"Jones 2002,,human,A,number,x\n',
        "table.csv:3: This line is not CSV: unexpected end of data. [malformed-line]\n"
        "    A quote that opens a cell must close it, and a quote inside a quoted cell is doubled.",
    ),
]


@pytest.mark.parametrize(("line", "message"), BROKEN_SOURCES)
def test_broken_source_is_named(table: Write, line: str, message: str) -> None:
    path = table(SOURCE_HEADER + GOOD + line)
    assert faults(lambda: sources(path), path) == [message]


def test_all_faults_come_at_once_and_in_the_order_of_the_file(table: Write) -> None:
    path = table(SOURCE_HEADER + GOOD + GOOD + "a,b\n" + "jones2002,,,human,Z,number,x\n")
    with pytest.raises(Problems) as caught:
        sources(path)
    assert sorted((p.where.line if p.where else 0, p.code) for p in caught.value.problems) == [
        (3, "duplicate-key"),
        (4, "malformed-line"),
        (5, "empty-cell"),
        (5, "unknown-grade"),
    ]
    assert str(caught.value).startswith(f"The sources in {path} cannot be used.\n  {path}:3: 'smith2001'")


def test_line_number_after_a_cell_of_two_lines(table: Write) -> None:
    path = table(SOURCE_HEADER + GOOD.replace("Five per day", '"Five\nper day"') + "jones2002,,,human,A,number,x\n")
    assert faults(lambda: sources(path), path) == [
        "table.csv:4: The citation is empty. [empty-cell]\n    Every line needs a citation."
    ]


def test_wrong_header(table: Write) -> None:
    path = table("key,citation\nsmith2001,Smith\n")
    assert faults(lambda: sources(path), path) == [
        "table.csv:1: The first line must be 'key,citation,identifier,system,grade,read,note', not 'key,citation'."
        " [wrong-header]\n    Keep the columns and their order."
    ]


def test_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "absent.csv"
    assert faults(lambda: sources(path), path) == [
        "table.csv: There is no such file. [missing-file]\n    Check the path."
    ]


def test_file_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes(SOURCE_HEADER.encode() + "smith2001,Réu,,human,A,number,x\n".encode("latin-1"))
    assert faults(lambda: sources(path), path) == [
        "table.csv: The file is not UTF-8 text. [not-utf-8]\n    Save it as UTF-8."
    ]


@pytest.mark.parametrize("spread", ["wide", "0", "-0.3", "nan", "inf", ""])
def test_log_spread_must_be_a_positive_number(table: Write, spread: str) -> None:
    path = table(GRADE_HEADER + f"A,read,{spread}\n")
    assert faults(lambda: grades(path), path) == [
        f"table.csv:2: log_spread of grade 'A' is '{spread}', not a positive number. [bad-log-spread]\n"
        "    Write the prior sigma of ln(value), such as 0.3."
    ]


def test_grade_without_meaning_and_grade_twice(table: Write) -> None:
    path = table(GRADE_HEADER + "A,,0.1\nA,read,0.1\n")
    assert faults(lambda: grades(path), path) == [
        "table.csv:2: The meaning is empty. [empty-cell]\n    Every line needs a meaning.",
        "table.csv:3: 'A' is already defined in line 2. [duplicate-key]\n    Give this line another name or remove it.",
    ]


def test_sources_are_checked_against_the_grades_given(table: Write) -> None:
    path, own = table(SOURCE_HEADER + GOOD), table(GRADE_HEADER + "X,own,0.2\n")
    assert faults(lambda: sources(path, own), path) == [
        "table.csv:2: Unknown grade 'A' of source 'smith2001'. [unknown-grade]\n    Write one of X."
    ]


def test_contradiction_cites_unknown_source(table: Write) -> None:
    known = table(SOURCE_HEADER + GOOD)
    path = table(CONTRADICTION_HEADER + "k,up,down,smith2001; smith2010,jones,spread,n\n")
    assert faults(lambda: contradictions(path, known), path) == [
        "table.csv:2: There is no source 'smith2010'. [unknown-source]\n    Did you mean smith2001?",
        "table.csv:2: There is no source 'jones'. [unknown-source]\n"
        "    No known name is close to it. Known are: smith2001.",
    ]


def test_contradiction_with_one_side_only(table: Write) -> None:
    known = table(SOURCE_HEADER + GOOD)
    path = table(CONTRADICTION_HEADER + "k,up,down,smith2001,,spread,\n")
    assert faults(lambda: contradictions(path, known), path) == [
        "table.csv:2: The sources_against is empty. [empty-cell]\n    Every line needs a sources_against."
    ]


def test_good_contradiction(table: Write) -> None:
    known = table(SOURCE_HEADER + GOOD)
    path = table(CONTRADICTION_HEADER + "k,up,down,smith2001;,smith2001,spread,\n")
    assert contradictions(path, known) == {
        "k": Contradiction("k", "up", "down", ("smith2001",), ("smith2001",), "spread", "")
    }
