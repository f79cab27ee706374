"""Experiment files outside of the package, and the fresh set, beside the board: run, counted and refused apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from charcot.experiments import board, reading
from charcot.interfaces.cli import board_rooms
from charcot.interfaces.cli.main import app

OWN = """title: Half of the synthesis lengthens life
dossier: made up for this test
sources: [free]
use: validation
tolerance: made up
system: sod1-g93a
arms:
  plain: {end: 60}
  less: {like: plain, set: {sod1.synthesis: 0.5}}
measures:
  plain: {arm: plain, read: lumbar.pool.neurons, day: 50}
  less: {arm: less, read: lumbar.pool.neurons, day: 50}
outcomes:
  - {what: more neurons, value: less - plain, published: more, sign: true, above: -1}
  - {what: their share, value: less, unit: "1", published: nearly all, about: 1, within: 0.2}
"""


def _run(*words: str):
    return CliRunner().invoke(app, [*words])


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "half_of_synthesis.yaml"
    path.write_text(OWN, encoding="utf-8")
    return path


@pytest.fixture
def fresh_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "fresh"
    folder.mkdir()
    (folder / "sound_one.yaml").write_text(OWN, encoding="utf-8")
    monkeypatch.setattr(reading, "FRESH", folder)
    reading.fresh.cache_clear()
    yield folder
    reading.fresh.cache_clear()


def test_a_file_is_run_beside_a_name_and_never_meets_the_baseline(own, tmp_path, monkeypatch):
    monkeypatch.setattr(board, "baseline", lambda: {"half_of_synthesis": True, "tnf_knockout": True})
    bad = tmp_path / "tnf_missed.yaml"
    bad.write_text(OWN.replace("about: 1, within: 0.2", "about: 9, within: 0.2"), encoding="utf-8")
    done = _run("reproduce", str(own), "tnf_knockout", str(bad), "--json", "--folder", str(tmp_path / "out"))
    record = json.loads(done.stdout)
    # "half_of_synthesis" is of the made-up baseline, and its only run is a file's: it counts as gone, not as a hit.
    assert (done.exit_code, record["lost"]) == (1, ["half_of_synthesis"])
    assert [(one["name"], one["verdict"]) for one in record["experiments"]] == [
        ("half_of_synthesis", "hit"), ("tnf_knockout", "hit"), ("tnf_missed", "MISS"),
    ]  # fmt: skip
    assert record["validation"] == {"passed": 1, "total": 2}
    assert [one["kind"] for one in record["experiments"][0]["outcomes"]] == ["direction", "size"]
    assert record["outcomes"]["size"] == {"met": 3, "total": 4}
    assert (tmp_path / "out" / "half_of_synthesis.svg").exists()
    words = _run("reproduce", str(own)).stdout
    assert "outcomes met: 1 of 1 sizes, 1 of 1 directions; 50 % of all outcomes are sizes" in words


def test_a_file_that_is_wrong_is_bad_input_with_its_line(own):
    own.write_text(OWN.replace("sod1.synthesis: 0.5", "sod1.synthesis: -0.5").replace("[free]", "[walkr2015]"))
    done = _run("reproduce", str(own), "tnf_knockot")
    assert done.exit_code == 2
    assert "half_of_synthesis.yaml:9: sod1.synthesis is -0.5" in done.stderr
    assert "half_of_synthesis.yaml:3: There is no source 'walkr2015'" in done.stderr
    assert "tnf_knockout" in done.stderr
    own.write_text(OWN.replace("outcomes:", "readings:"), encoding="utf-8")
    assert _run("reproduce", str(own)).exit_code == 2
    assert "no such file" in _run("reproduce", "nowhere.yaml").stderr
    assert _run("reproduce", str(own), "--accept").exit_code == 2


def test_two_files_of_one_title_are_told_apart_by_their_names(own, tmp_path):
    (tmp_path / "other.yml").write_text(OWN, encoding="utf-8")
    done = _run("reproduce", str(own), str(tmp_path / "other.yml"), "tnf_knockout", "--html", str(tmp_path / "b.html"))
    words, page = done.stdout, (tmp_path / "b.html").read_text(encoding="utf-8")
    for text in ("(half_of_synthesis.yaml)", "(other.yml)"):
        assert text in words
        assert text in page
    assert "(tnf_knockout" not in words + page
    assert "Half of the synthesis lengthens life (other.yml): hit" in page


def test_two_of_one_name_are_refused(own, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / own.name).write_text(OWN, encoding="utf-8")
    done = _run("reproduce", str(own), str(other / own.name))
    assert done.exit_code == 2
    assert "called 'half_of_synthesis'" in done.stderr


def test_an_interrupted_run_of_a_file_goes_on_unless_the_file_has_changed(own, monkeypatch):
    """What makes the folder of kept experiments, and the pieces in it, is the content of the file."""
    (before,) = board_rooms.wanted([str(own)], fresh=False)
    own.write_text(OWN.replace("within: 0.2", "within: 0.3"), encoding="utf-8")
    (after,) = board_rooms.wanted([str(own)], fresh=False)
    assert before.outside
    assert before.outside != after.outside
    asked = []

    def piece(kind, inputs, compute):
        asked.append(inputs)
        return compute()

    monkeypatch.setattr(board.pieces, "piece", piece)
    seen = []
    board.run_board([before, after], seen.append)
    assert asked == [["half_of_synthesis", before.outside], ["half_of_synthesis", after.outside]]
    assert seen == [1, 1]


def test_the_fresh_set_runs_with_the_board_and_is_counted_apart(fresh_folder):
    assert list(reading.fresh()) == ["sound_one"]
    everything = [entry.name for entry in board_rooms.wanted([], fresh=False)]
    assert everything == [*reading.entries(), "sound_one"]
    assert [entry.name for entry in board_rooms.wanted([], fresh=True)] == ["sound_one"]
    assert [one["name"] for one in json.loads(_run("reproduce", "sound_one", "--json").stdout)["experiments"]] == [
        "sound_one"
    ]
    assert "Did you mean sound_one?" in _run("reproduce", "sound_on").stderr
    refused = _run("reproduce", "--fresh", "sound_one")
    assert refused.exit_code == 2
    assert "leave it out beside names" in refused.stderr
    record = json.loads(_run("reproduce", "--fresh", "--json").stdout)
    assert [one["name"] for one in record["experiments"]] == ["sound_one"]
    assert record["fresh"] == {"passed": 1, "total": 1}
    assert record["validation"] == {"passed": 0, "total": 0}
    assert record["experiments"][0]["group"] == "fresh"
    (fresh_folder / "sound_one.yaml").write_text(OWN.replace("use: validation", "use: calibration"), encoding="utf-8")
    reading.fresh.cache_clear()
    assert json.loads(_run("reproduce", "--fresh", "--json").stdout)["calibration"] == {"passed": 1, "total": 1}
    both = board_rooms.wanted(["tnf_knockout", "sound_one"], fresh=False)
    assert [(entry.name, entry.fresh) for entry in both] == [("tnf_knockout", False), ("sound_one", True)]
    # A file of the set that is named as a file is asked for, and counts there.
    (named,) = board_rooms.wanted([str(fresh_folder / "sound_one.yaml")], fresh=False)
    assert (named.fresh, named.outside) == (True, "")


def test_each_fresh_set_is_counted_by_itself(fresh_folder):
    second = fresh_folder / "second"
    second.mkdir()
    (second / "of_the_second.yaml").write_text(OWN, encoding="utf-8")
    (second / "missed_one.yaml").write_text(OWN.replace("above: -1", "above: 9"), encoding="utf-8")
    reading.fresh.cache_clear()
    assert reading.fresh_names() == ("sound_one", "missed_one", "of_the_second")
    record = json.loads(_run("reproduce", "--fresh", "--json").stdout)
    assert record["fresh"] == {"passed": 2, "total": 3}
    assert record["fresh_sets"] == [
        {"passed": 1, "total": 1},
        {"passed": 1, "total": 2},
        *[{"passed": 0, "total": 0}] * (len(reading.FRESH_SETS) - 2),
    ]
    numbers = {"sound_one": 1, "missed_one": 2, "of_the_second": 2}
    assert {one["name"]: one["fresh_set"] for one in record["experiments"]} == numbers
    assert "fresh: 2 of 3 (set 1: 1 of 1, set 2: 1 of 2)" in _run("reproduce", "--fresh").stdout
    alone = board_rooms.wanted([str(second / "missed_one.yaml")], fresh=False)
    assert [(entry.fresh, entry.outside) for entry in alone] == [(2, "")]
    (second / "sound_one.yaml").write_text(OWN, encoding="utf-8")
    reading.fresh.cache_clear()
    assert [problem.code for problem in reading.check_fresh()] == ["name-twice"]


def test_fresh_files_are_checked_when_asked_or_named(fresh_folder):
    path = fresh_folder / "ahead_of_the_model.yaml"
    path.write_text(OWN.replace("sod1.synthesis", "sarm2.activity"), encoding="utf-8")
    reading.fresh.cache_clear()
    assert [p.code for p in reading.check_fresh()] == ["unknown-number"]
    assert _run("check", str(path)).exit_code == 2
    assert _run("reproduce", "--fresh").exit_code == 2
    assert _run("reproduce", "stathmin2_null").exit_code == 0  # what is not asked for stops nobody
    assert "walker2015" not in {key for key, _ in reading._cited_by_fresh()}
    path.write_text("title: [", encoding="utf-8")
    reading.fresh.cache_clear()
    assert reading.fresh_names() == ("ahead_of_the_model", "sound_one")
    assert list(reading.entries())  # a broken file of the set harms nobody else
    assert list(reading.cited())
    assert next(p.where.file for p in reading.check_fresh() if p.where).endswith("ahead_of_the_model.yaml")


def test_the_check_of_the_model_leaves_the_fresh_set_out_until_asked(fresh_folder, monkeypatch):
    from charcot import soundness as check

    (fresh_folder / "ahead.yaml").write_text(OWN.replace("sod1.synthesis", "sarm2.activity"), encoding="utf-8")
    reading.fresh.cache_clear()
    monkeypatch.setattr(reading, "check_board", list)
    assert "unknown-number" not in {p.code for p in check.check_all()}
    assert "unknown-number" in {p.code for p in check.check_all(fresh=True)}


STRONG = OWN.replace(
    "arms:", "strengths: {lowering: {low: 0.2, middle: 0.5, high: 0.9, why: made up}}\narms:"
).replace("sod1.synthesis: 0.5}", "sod1.synthesis: 1 - lowering}").replace("day: 50", "day: 60")  # fmt: skip


def test_a_strength_is_judged_at_its_middle_and_told_at_its_ends(own):
    own.write_text(STRONG, encoding="utf-8")
    entry, wrong = reading.read_file(own)
    assert wrong == []
    values = [one.arms["less"].set["sod1.synthesis"] for one in (
        reading.at_strength(entry, "low"), entry.content, reading.at_strength(entry, "high")
    )]  # fmt: skip
    assert values == pytest.approx([0.8, 0.5, 0.1])
    (outcome, _) = json.loads(_run("reproduce", str(own), "--json").stdout)["experiments"][0]["outcomes"]
    plain = [0.8, 0.5, 0.1]
    for i, synthesis in enumerate(plain):
        own.write_text(OWN.replace("synthesis: 0.5", f"synthesis: {synthesis}").replace("day: 50", "day: 60"))
        (alone,) = json.loads(_run("reproduce", str(own), "--json").stdout)["experiments"]
        plain[i] = alone["outcomes"][0]["simulated"]
    ends = outcome["at_strengths"]
    assert [ends["low"], outcome["simulated"], ends["high"]] == pytest.approx(plain)
    assert plain[0] != plain[2]
    own.write_text(STRONG, encoding="utf-8")
    assert " to " in _run("reproduce", str(own)).stdout.split("nearly all")[1].split("outcomes met")[0]


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("1 - lowering", "1 - lowring", "unknown-strength", 10),
        ("1 - lowering", "1 - (lowering", "bad-formula", 10),
        ("1 - lowering", "0.5", "unread-strength", 7),
        ("1 - lowering", "0.6 - lowering", "out-of-range", 10),  # at the high end only
        ("high: 0.9", "high: 0.3", "bad-value", 7),
        ("low: 0.2", "low: -0.2", "bad-value", 7),
        (", why: made up", "", "bad-value", 7),
        ("lowering", "plain", "name-twice", 7),  # a measure
        ("lowering", "signs", "name-twice", 7),  # a landmark
        ("lowering", "max", "bad-name", 7),
        ("middle: 0.5", "middle: 50 %", "bad-value", 7),
        ("1 - lowering", "0.1 / (0.9 - lowering)", "bad-formula", 10),  # at the high end only
        (
            "read: lumbar.pool.neurons, day: 60",
            "read: lumbar.pool.neurons, day: 60 * lowering",
            "strength-as-measure",
            12,
        ),
    ],
)
def test_what_is_wrong_with_a_strength_is_named_with_its_line(own, old, new, code, line):
    own.write_text(STRONG.replace(old, new), encoding="utf-8")
    _, found = reading.read_file(own)
    assert (code, line) in [(problem.code, problem.where.line) for problem in found], found


def test_a_strength_in_quotation_marks_is_the_same_number(own):
    own.write_text(STRONG.replace("middle: 0.5", 'middle: "0.5"'), encoding="utf-8")
    entry, wrong = reading.read_file(own)
    assert wrong == []
    assert entry.content.arms["less"].set["sod1.synthesis"] == 0.5


def test_what_is_wrong_with_a_strength_has_no_false_errors_behind_it(own):
    def found(old: str, new: str) -> list[tuple[str, str]]:
        own.write_text(STRONG.replace(old, new), encoding="utf-8")
        return [(problem.message, problem.hint) for problem in reading.read_file(own)[1]]

    (percent,) = found("middle: 0.5", "middle: 50 %")
    assert percent == ("strengths.lowering.middle: must be a number, not '50 %'", "Write 0.5.")
    ((message, _),) = found(
        "set: {sod1.synthesis: 1 - lowering}", "changes: [{day: 9 * lowering, set: {sod1.synthesis: 0.5}}]"
    )
    assert message == "'lowering' is a strength: a day, a level and an outcome take measures, not strengths"
    ((message, _),) = found("1 - lowering", "0.5")
    assert message == "no arm uses the strength 'lowering'"


def test_a_wrong_outcome_is_not_said_to_be_missing(own):
    text = OWN.splitlines()
    own.write_text("\n".join(text[:-1]).replace("above: -1", "above: banana") + "\n", encoding="utf-8")
    assert [problem.message for problem in reading.read_file(own)[1]] == [
        "outcomes.0.above: must be a number, not 'banana'"
    ]
    own.write_text("\n".join(text[:-3]) + "\noutcomes: []\n", encoding="utf-8")
    assert [problem.message for problem in reading.read_file(own)[1]] == ["outcomes: needs 1 entry or more, and has 0"]


def test_a_file_without_keys_is_not_taken_for_a_protocol(tmp_path):
    path = tmp_path / "nothing.yaml"
    for text, words in (("", "the file is empty"), ("- 1\n", "the file holds no keys")):
        path.write_text(text, encoding="utf-8")
        done = _run("check", str(path))
        assert done.exit_code == 2
        assert words in done.output
        assert "A protocol is a list" not in done.output
        assert "an experiment file has keys such as 'arms'" in " ".join(done.output.split())


def _reason(path: Path, value: str, measures: str = "") -> tuple[str, str]:
    """What the JSON and the terminal say of one outcome that is no number."""
    text = OWN.replace("value: less - plain", f"value: {value}").replace("outcomes:", f"{measures}outcomes:")
    path.write_text(text, encoding="utf-8")
    (one,) = json.loads(_run("reproduce", str(path), "--json").stdout)["experiments"]
    assert (one["verdict"], one["outcomes"][0]["reading"], one["outcomes"][1]["reason"]) == ("MISS", "none", "")
    return one["outcomes"][0]["reason"], " ".join(_run("reproduce", str(path)).stdout.split())


def test_a_miss_without_a_number_says_why(own):
    same = "  same: {arm: plain, read: lumbar.pool.neurons, day: 50}\n"
    reason, words = _reason(own, "1 + less / (plain - same)", same)
    assert reason == "division by zero: plain - same is 0"
    assert "No number: division by zero" in words
    assert _reason(own, "log(plain - plain - 1)")[0] == "log(plain - plain - 1) is no number"
    never = "  never: {arm: plain, read: lumbar.pool.neurons, below: -1}\n"
    assert _reason(own, "never - never", never)[0] == "never never comes"
    after = "  after: {arm: plain, read: lumbar.pool.neurons, day: 99 * plain / plain}\n"
    assert _reason(own, "after", after)[0] == "day 99 is outside of the run of arm 'plain', from day 0 to 60"
    on_it = never + "  on_it: {arm: plain, read: lumbar.pool.neurons, day: never}\n"
    assert _reason(own, "on_it", on_it)[0] == "the day on which on_it is read never comes"


def test_a_group_that_nobody_is_in_is_named_and_so_is_one_without_values(tmp_path):
    path, page = tmp_path / "halves.yaml", tmp_path / "board.html"
    head = OWN.split("system:")[0]
    path.write_text(
        head
        + """cohort:
  population: sporadic
  patients: 1
  groups:
    low: {where: {biomarker.nfl_serum: {below_quantile: 0.5}}}
    high: {where: {biomarker.nfl_serum: {above_quantile: 0.5}}}
measures:
  low: {statistic: mean, read: clinic.alsfrs_r.total, among: low, months: 0}
  high: {statistic: mean, read: clinic.alsfrs_r.total, among: high, months: 0}
  spread: {statistic: standard deviation, read: clinic.alsfrs_r.total, among: low, months: 0}
  late: {statistic: mean, read: clinic.alsfrs_r.total, among: low, months: 350}
outcomes:
  - {what: a, value: low - high, published: more, sign: true, above: 0}
  - {what: b, value: spread, published: more, sign: true, above: 0}
  - {what: c, value: late, published: more, sign: true, above: 0}
""",
        encoding="utf-8",
    )
    (one,) = json.loads(_run("reproduce", str(path), "--json", "--html", str(page)).stdout)["experiments"]
    assert [outcome["reason"] for outcome in one["outcomes"]] == [
        "nobody is in group 'high'",
        "only one person in group 'low' has a value",
        "nobody in group 'low' has a value",
    ]
    assert "No number: nobody is in group &#39;high&#39;" in page.read_text(encoding="utf-8").replace("&#x27;", "&#39;")
