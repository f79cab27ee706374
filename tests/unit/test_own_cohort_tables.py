"""A cohort's own tables: what is wrong is said by line, what is sound is read, nothing is left out unsaid."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from charcot.core.errors import Problems
from charcot.fitting.own_cohort.columns import read_columns
from charcot.fitting.own_cohort.reading import read_cohort
from charcot.interfaces.cli.main import app

ITEMS = "Q1_Speech,Q2_Salivation,Q3_Swallowing,Q4_Handwriting,Q5a_Cutting_without_Gastrostomy," + (
    "Q5b_Cutting_with_Gastrostomy,Q6_Dressing_and_Hygiene,Q7_Turning_in_Bed,Q8_Walking,Q9_Climbing_Stairs,"
    "R_1_Dyspnea,R_2_Orthopnea,R_3_Respiratory_Insufficiency"
)
PROACT = f"subject_id,ALSFRS_Delta,{ITEMS},ALSFRS_R_Total,ALSFRS_Total\n"
SOUND = "1,0,4,4,4,3,3,,3,3,2,2,4,4,4,40,\n1,30,4,4,4,3,,3,3,3,2,1,4,4,4,,\n"


def read(tmp_path, *tables, columns=None):
    files = []
    for k, text in enumerate(tables):
        files.append(tmp_path / f"{k}.csv")
        files[-1].write_text(text, encoding="utf-8")
    return read_cohort(files, columns)


def codes(found):
    return [(p.code, p.where.line) for p in found.errors]


def test_tables_of_proact_are_read_as_they_are(tmp_path):
    found = read(
        tmp_path,
        PROACT + SOUND,
        "subject_id,Slow_vital_Capacity_Delta,pct_of_Normal_Trial_1\n1,0,88\n1,45,80\n",
        "subject_id,Age,Sex\n1,61,Female\n",
        "subject_id,Onset_Delta,Site_of_Onset\n1,-400,Onset: Bulbar\n",
        "subject_id,Subject_Died,Death_Days\n1,Yes,300\n",
    )
    assert found.problems == []
    [one] = found.subjects
    assert one.days.tolist() == [0, 30, 45]
    assert one.total[:2].tolist() == [40, 39]  # the second one is summed
    assert np.isnan(one.total[2])
    assert one.svc[[0, 2]].tolist() == [88, 80]
    assert (one.age, one.sex, one.onset, one.site, one.died, one.end) == (61, "F", -400, "bulbar", True, 300)
    assert found.counts["visits with all items"] == 2
    early = one.until(10)
    assert (early.days.tolist(), early.died, early.end) == ([0], False, 10)


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (["subject,days,total\n1,0,49\n1,30,40\n"], [("out-of-range", 2)]),
        (["subject,days,total,walking\n1,0,40,5\n1,9,40,-1\n"], [("out-of-range", 2), ("out-of-range", 3)]),
        ([PROACT + SOUND.replace(",40,\n", ",41,\n")], [("wrong-sum", 2)]),
        (["subject,days,total\n1,soon,40\n1,1,40\n"], [("no-number", 2)]),
        (["subject,days,total\n1,,40\n1,inf,40\n1,2,40\n"], [("no-day", 2), ("no-number", 3)]),
        (["subject,days,total\n1,0,40\n1,0,41\n"], [("visit-twice", 3)]),
        (["subject,days,total\n1,0,40\n1,90,39\n", "subject,died,end\n1,yes,60\n"], [("after-death", 3)]),
        (["subject,days,total\n1,0,40\n", "subject,age\n1,60\n2,60\n"], [("unknown-subject", 3)]),
        (["subject,days,total\n1,0,40\n", "subject,age\n1,160\n"], [("out-of-range", 2)]),
        (["subject,days,svc,total\n1,0,0.9,40\n"], [("out-of-range", 2)]),
        (["subject,days,svc,total\n1,0,91,40\n1,9,5.5,40\n"], [("out-of-range", 3)]),
        (["subject;days;total\n1;0;40\n"], [("no-subject", 1)]),
        (["subject,date,total\n1,2024-01-01,40\n"], [("no-days", 1)]),
        (["subject,days,total\n1,2024-01-01,40\n1,20240101,40\n"], [("no-number", 2), ("out-of-range", 3)]),
        (["subject,days,total\n1,0,40\n1,45292,40\n"], [("units", 3)]),
        (["subject,days,total,onset\n1,45000,40,-300\n1,45030,39,-300\n"], [("units", 2)]),
        (["subject,days,total\n1,0,4_0\n1,1,0x10\n1,2,\u0664\u0660\n"], [("no-number", k) for k in (2, 3, 4)]),
        (["subject,days,total,age,onset\n1,0,40,60,-40000\n"], [("units", 2)]),
        (["subject,days,total,onset\n1,0,40,5\n"], [("wrong-order", 2)]),
        (["subject,days,total\n1,0,40,7\n1,3,40.5\n"], [("malformed-row", 2), ("not-whole", 3)]),
        (["subject,days,total,sex\n1,0,40,x\n"], [("bad-word", 2)]),
        (["days,total\n0,40\n"], [("no-subject", 1)]),
        (["subject,total\n1,40\n"], [("no-days", 1)]),
        (["subject,days,total,alsfrs_r\n1,0,40,40\n"], [("two-columns", 1)]),
        (["subject,days,total\n1,0,40\n", "subject,days,total,svc\n1,0,41,80\n"], [("contradiction", 2)]),
        (["subject,days,total\n1,0,40\n", "subject,died\n1,yes\n"], [("no-end", 2)]),
        ([""], [("empty-file", 0)]),
    ],
)
def test_each_bad_row_is_named_with_its_line_and_all_at_once(tmp_path, tables, expected):
    found = read(tmp_path, *tables)
    assert [pair for pair in codes(found) if pair[0] != "no-visits"] == expected
    assert all(p.hint for p in found.errors if p.code not in ("not-csv",))


def test_rows_of_the_old_scale_and_without_measures_are_told_and_not_wrong(tmp_path):
    old = "1,60,4,4,4,3,3,,3,3,2,2,,,,,32\n1,70,,,,,,,,,,,,,,,\n1,80,4,,,,,,,,,,,,,,\n"
    found = read(tmp_path, PROACT + SOUND + old)
    assert found.errors == []
    assert [(p.code, p.where.line) for p in found.problems] == [
        ("old-scale", 4),
        ("nothing-measured", 5),
        ("items-missing", 6),
    ]
    assert found.counts["visits with a score"] == 2


def test_a_word_that_says_nothing_is_not_known(tmp_path):
    found = read(tmp_path, "subject,days,total,Site_of_Onset\n1,0,40,Onset: Other\n1,9,40,\n")
    assert found.problems == []
    assert found.subjects[0].site == ""


def test_what_may_be_meant_otherwise_is_warned_of_by_line_and_used_as_it_is(tmp_path):
    rows = ["A,0,44", "A,30,43", "A,10,42", "a,0,40", "a,5,40", "007,0,30", "7,0,41", "7,9,39", "7,3,40"]
    found = read(tmp_path, "\ufeffsubject,days,total\n" + "\n".join(rows) + "\n")
    assert found.errors == []
    told = [(p.code, p.where.line) for p in found.problems]
    assert told == [("not-in-order", 4), ("similar-names", 5), ("similar-names", 8), ("one-visit", 7)]
    assert "and so do 1 rows more" in found.problems[0].message
    assert {one.name: one.days.tolist() for one in found.subjects}["A"] == [0, 10, 30]


def test_a_separator_that_is_no_comma_and_a_date_are_called_so(tmp_path):
    for text, hint in (("subject\tdays\ttotal\n1\t0\t40\n", "tabs"), ("subject,date,total\n1,1.2.24,40\n", "Dates")):
        assert hint in read(tmp_path, text).errors[0].hint


def test_columns_and_units_are_named_by_a_yaml(tmp_path):
    file = tmp_path / "columns.yaml"
    file.write_text("columns: {subject: WHO, total: SCORE, onset: first}\nunits: {days: months, onset: years}\n")
    columns = read_columns(file)
    [one] = read(tmp_path, "WHO,days,SCORE,first,total\na,0,44,-1,x\na,2,43,-1,x\n", columns=columns).subjects
    assert one.days == pytest.approx([0, 60.875])
    assert one.onset == pytest.approx(-365.25)
    assert one.total.tolist() == [44, 43]
    file.write_text("columns: {patient: WHO}\nunits: {days: fortnights}\nrows: 3\n")
    with pytest.raises(Problems) as caught:
        read_columns(file)
    assert {p.code for p in caught.value.problems} == {"unknown-field", "unknown-unit", "unknown-key"}
    assert all(p.where.line for p in caught.value.problems)


def test_the_verb_counts_lists_and_exits_by_what_it_found(tmp_path):
    path = tmp_path / "visits.csv"
    path.write_text("subject,days,total\n1,0,40\n2,0,77\n2,1,39\n")
    done = CliRunner().invoke(app, ["cohort", "check", str(path), "--json"])
    told = json.loads(done.stdout)
    assert done.exit_code == told["exit_code"] == 2
    assert told["counts"]["rows"] == 3
    assert told["set_aside"] == {"out-of-range": 1}
    words = CliRunner().invoke(app, ["cohort", "check", str(path)]).stdout
    assert f"{path}:3: total is 77" in words.replace("\n", "")
    path.write_text("subject,days,total\n1,0,40\n2,1,39\n")
    assert CliRunner().invoke(app, ["cohort", "check", str(path)]).exit_code == 0
    assert CliRunner().invoke(app, ["cohort", "check", str(tmp_path / "none.csv")]).exit_code == 2


def test_a_column_that_is_not_read_is_told_and_a_misspelt_one_warned_of(tmp_path):
    path = tmp_path / "visits.csv"
    path.write_text("subject,days,totl,svc,visit_no\n1,0,40,80,1\n1,30,39,79,2\n")
    done = CliRunner().invoke(app, ["cohort", "check", str(path)])
    words = " ".join(done.stdout.split())
    assert "warning:" in words
    assert "column 'totl' is not read; did you mean 'total'?" in words
    assert "'columns: {total: totl}'" in words
    assert "column 'visit_no' is not read 2 rows" in words  # a line of its own
    told = json.loads(CliRunner().invoke(app, ["cohort", "check", str(path), "--json"]).stdout)
    assert [one["column"] for one in told["columns_not_read"]] == ["totl", "visit_no"]
    refused = CliRunner().invoke(app, ["cohort", "fit", str(path)])
    assert refused.exit_code == 2  # nobody has a score
    assert "did you mean 'total'?" in refused.stderr
    file = tmp_path / "columns.yaml"
    file.write_text("columns: {total: totl}\n")
    assert "did you mean" not in CliRunner().invoke(app, ["cohort", "check", str(path), "--columns", str(file)]).stdout


def test_the_day_is_among_the_columns_that_are_known(tmp_path):
    found = read(tmp_path, "subject,days,totl\n1,0,40\n")
    assert codes(found) == [("no-field", 1)]
    assert found.errors[0].message == "no column is known but those of the subject and the day"
    assert [p.message for p in found.problems if p.code == "unread-column"] == [
        "column 'totl' is not read; did you mean 'total'?"
    ]
    assert read(tmp_path, "subject,colour\n1,red\n").errors[0].message == "no column is known but that of the subject"


def test_columns_that_a_table_has_already_are_not_proposed(tmp_path):
    found = read(tmp_path, "subject,days,total,totals,comment\n1,0,40,40,x\n1,30,39,39,y\n")
    assert found.problems == []
    assert [name for _, name in found.unread] == ["totals", "comment"]
