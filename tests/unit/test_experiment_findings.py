"""Broken experiment files: each fault is named with its line and code before anything is simulated, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from charcot.core.errors import Problem
from charcot.core.yaml_file import Document, read_document
from charcot.disease.systems import problems_of
from charcot.experiments import cohorts
from charcot.experiments.arms import RunFailed
from charcot.experiments.board import Bench, Scored, Verdict, record, score
from charcot.experiments.definition import Experiment, Measure, Outcome
from charcot.experiments.findings import problems_in
from charcot.experiments.formula import always_zero_below
from charcot.experiments.reading import Entry, entries
from charcot.interfaces.cli.main import app

HEAD = """title: A trial of the form
dossier: none
sources: [walker2015]
use: validation
tolerance: none
"""
ANIMAL = (
    HEAD
    + """system: sod1-g93a
arms:
  plain: {}
  less: {like: plain, set: {sod1.synthesis: 0.5}, changes: [{day: 60, multiply: {transport.granule_velocity: 0.5}}]}
measures:
  end: {arm: plain, landmark: end}
  late: {arm: less, landmark: end}
  low: {arm: less, read: lumbar.pool.motor_units, take: lowest, since: 50, until: 100}
  day: {arm: less, read: lumbar.pool.motor_units, below: 0.5, share: true}
outcomes:
  - {what: it ends later, value: late / end, published: later, sign: true, above: 1.05}
draw: {read: lumbar.pool.motor_units, arms: [plain, less], until: end + 10}
"""
)
PEOPLE = (
    HEAD
    + """cohort:
  population: sporadic
  patients: 40
  seed: 7
  arms:
    riluzole: [{product: riluzole, dose: 50 mg}]
  set:
    blocked: {cytokine.tnf_strength: 0.1}
  off:
    blocked: [junction.sprouting]
measures:
  ratio: {arm: riluzole, statistic: hazard ratio, months: 18}
  fall: {arm: blocked, statistic: decline ratio, against: riluzole}
  nfl: {statistic: change before onset, read: biomarker.nfl_serum, months: 6}
outcomes:
  - {what: they live longer, value: ratio, published: longer, between: [0.5, 0.9]}
  - {what: and well, value: fall + nfl, published: well, unit: fold, about: 1, within: 0.5}
"""
)


def findings(tmp_path: Path, text: str) -> list[Problem]:
    path = tmp_path / "one.yaml"
    path.write_text(text, encoding="utf-8")
    document = read_document(path)
    short = Document("one.yaml", document.data)
    from pydantic import ValidationError

    try:
        content = Experiment.model_validate(document.data)
    except ValidationError as error:
        return problems_of(error, short)
    return problems_in(content, short)


OF_PERSONS = (
    HEAD
    + """cohort:
  patients: 40
  groups:
    trial: {months: 3, where: {clinic.vital_capacity: {above: 60}, person.base_tempo: {above_quantile: 0.2}}}
    carriers: {genotype: SOD1, onset_region: [lumbar], sex: F}
    others: {where: {months since onset: {below: 24}}}
measures:
  slope: {statistic: mean, read: clinic.alsfrs_r.total, of: slope, among: trial, until: 12, every: 3, recorded: true}
  fall: {statistic: standard deviation, read: clinic.alsfrs_r.total, of: change, since: 0, until: 6}
  units: {statistic: quantile, quantile: 0.25, read: [lumbar.pool.neurons, cervical.pool.neurons], months: 6}
  many: {statistic: share of patients, read: clinic.vital_capacity, below: 50, clock: onset, months: 20}
  both: {statistic: correlation, pair: [slope, units]}
  dead: {statistic: share with event, event: death, clock: onset, months: 60}
  wait: {statistic: median time, event: diagnosis, clock: onset}
  ratio: {statistic: hazard ratio of groups, among: carriers, versus: others, months: 24}
outcomes:
  - {what: all of it, value: slope + fall + units + many + both + dead + wait + ratio, published: some, above: 1}
"""
)


@pytest.mark.parametrize("text", [ANIMAL, PEOPLE, OF_PERSONS])
def test_the_sound_files_are_sound(tmp_path, text):
    assert findings(tmp_path, text) == []


BROKEN = [
    # cohorts
    (PEOPLE, "arm: riluzole, statistic", "arm: riluzol, statistic", "unknown-arm", 17),
    (PEOPLE, "against: riluzole", "against: rilusole", "unknown-arm", 18),
    (PEOPLE, "    riluzole: [{", "    riluzol: [{", "unread-arm", 11),
    (PEOPLE, "  set:\n    blocked:", "  set:\n    bloked:", "unread-arm", 13),
    (PEOPLE, "population: sporadic", "population: sporadics", "unknown-population", 7),
    (PEOPLE, "patients: 40", "patients: 1000000000000", "bad-value", 8),
    (PEOPLE, "patients: 40", "patients: 0", "bad-value", 8),
    (PEOPLE, "seed: 7", "seed: -7", "bad-value", 9),
    (PEOPLE, "product: riluzole", "product: riluzol", "unknown-product", 11),
    (PEOPLE, "dose: 50 mg", "dose: 50 vg", "bad-dose", 11),
    (PEOPLE, "dose: 50 mg", "dose: 50 mg, start: soon", "bad-start", 11),
    (PEOPLE, "dose: 50 mg", "dose: 50 mg, schedule: evry day", "bad-schedule", 11),
    (PEOPLE, "dose: 50 mg}]", "dose: 50 mg}, {product: riluzole}]", "product-twice", 11),
    (PEOPLE, "cytokine.tnf_strength", "cytokine.tnf_strenght", "unknown-number", 13),
    (PEOPLE, "tnf_strength: 0.1", "tnf_strength: 1.1", "out-of-range", 13),
    (PEOPLE, "tnf_strength: 0.1", "tnf_strength: .inf", "bad-value", 13),
    (PEOPLE, "cytokine.tnf_strength: 0.1", "tdp43.cytoplasmic_share: 0.95", "sum-exceeded", 13),
    (PEOPLE, "cytokine.tnf_strength: 0.1", "respiration.exponent: 2", "constant", 13),
    (PEOPLE, "junction.sprouting", "junction.sproutin", "unknown-mechanism", 15),
    (PEOPLE, "statistic: hazard ratio", "statistic: hazzard ratio", "unknown-statistic", 17),
    (PEOPLE, "read: biomarker.nfl_serum", "read: biomarker.nfl", "unknown-read-out", 19),
    (PEOPLE, "read: biomarker.nfl_serum, months", "months", "missing-key", 19),
    (PEOPLE, "months: 18", "months: -18", "bad-value", 17),
    (PEOPLE, "months: 18", "day: 18", "idle-key", 17),
    (PEOPLE, "months: 18", "read: person.age, since: 0.9, until: 0.2", "empty-window", 17),
    (PEOPLE, "months: 18", "read: person.age, until: 40", "out-of-window", 17),
    (PEOPLE, "arm: riluzole, statistic", "arm: untreated, statistic", "one-arm", 17),
    (PEOPLE, "    riluzole: [{", "    untreated: [{", "treated-untreated", 11),
    (PEOPLE, "  set:\n    blocked: {", "  set:\n    untreated: {", "treated-untreated", 13),
    (PEOPLE, "dose: 50 mg", "dose: 50 mg, start: 2000 years", "never-happens", 11),
    (PEOPLE, "months: 18", "months: 0", "empty-window", 17),
    (PEOPLE, "months: 18", "months: 1800", "out-of-window", 17),
    (PEOPLE, "months: 18", "read: person.age, since: early", "bad-value", 17),
    (PEOPLE, "cytokine.tnf_strength: 0.1", "sod1.synthesis: -1", "out-of-range", 13),
    (OF_PERSONS, "months: 60}", "months: 6000}", "out-of-window", 18),
    (OF_PERSONS, "read: [lumbar.pool.neurons, cervical.pool.neurons]", "read: []", "bad-value", 15),
    # groups of a cohort, and what is taken of each person
    (OF_PERSONS, "clinic.vital_capacity: {above", "clinic.vital_capacty: {above", "unknown-quantity", 9),
    (OF_PERSONS, "{above_quantile: 0.2}", "{above: 0.2}", "no-quantile", 9),
    (OF_PERSONS, "{above: 60}", "{above: 60, below: 50}", "bad-value", 9),
    (OF_PERSONS, "{above: 60}", "{}", "bad-value", 9),
    (OF_PERSONS, "months: 3,", "months: -3,", "bad-value", 9),
    (OF_PERSONS, "months: 3,", "months: 6000,", "out-of-window", 9),
    (OF_PERSONS, "genotype: SOD1,", "genotype: SOD2,", "unknown-genotype", 10),
    (OF_PERSONS, "[lumbar], sex", "[lumber], sex", "unknown-region", 10),
    (OF_PERSONS, "sex: F", "sex: female", "bad-value", 10),
    (OF_PERSONS, "months since onset:", "months after onset:", "unknown-quantity", 11),
    (OF_PERSONS, "among: trial", "among: trail", "unknown-group", 13),
    (OF_PERSONS, "among: trial", "clock: diagnosis", "unread-group", 9),
    (OF_PERSONS, "among: trial", "clock: entry", "missing-key", 13),
    (OF_PERSONS, "of: slope, among", "of: slop, among", "bad-value", 13),
    (OF_PERSONS, "every: 3", "every: 20", "empty-window", 13),
    (OF_PERSONS, "every: 3", "every: 0", "bad-value", 13),
    (OF_PERSONS, "until: 12, every", "until: 10000000000000000000000000, every", "out-of-window", 13),
    (OF_PERSONS, "every: 3", "every: 3, months: 2", "idle-key", 13),
    (OF_PERSONS, "until: 12, every", "every", "missing-key", 13),
    (OF_PERSONS, "since: 0, until: 6", "since: 6, until: 6", "empty-window", 14),
    (OF_PERSONS, "since: 0, until: 6", "since: 0, until: 6000", "out-of-window", 14),
    (OF_PERSONS, "since: 0, until: 6", "since: start, until: 6", "bad-value", 14),
    (OF_PERSONS, "since: 0, until: 6", "since: 0, until: 6, quantile: 0.5", "idle-key", 14),
    (OF_PERSONS, "quantile: 0.25, read", "quantile: 25, read", "bad-value", 15),
    (OF_PERSONS, "cervical.pool.neurons]", "cervical.pool.neuron]", "unknown-read-out", 15),
    (OF_PERSONS, "below: 50, clock: onset", "clock: onset", "missing-key", 16),
    (OF_PERSONS, "read: clinic.vital_capacity, below", "recorded: true, read: immune.treg, below", "not-recorded", 16),
    (OF_PERSONS, "pair: [slope, units]", "pair: [slop, units]", "unknown-measure", 17),
    (OF_PERSONS, "pair: [slope, units]", "pair: [slope, dead]", "bad-pair", 17),
    (OF_PERSONS, "pair: [slope, units]", "pair: [slope]", "bad-value", 17),
    (OF_PERSONS, "event: death, clock: onset", "event: onset, clock: diagnosis", "no-event", 18),
    (OF_PERSONS, "event: death, clock", "event: died, clock", "bad-value", 18),
    (OF_PERSONS, "versus: others", "versus: carriers", "one-group", 20),
    (OF_PERSONS, ", versus: others", "", "missing-key", 20),
    # outcomes
    (PEOPLE, "between: [0.5, 0.9]", "between: [0.9, 0.5]", "bad-value", 21),
    (PEOPLE, "between: [0.5, 0.9]", "between: [0.5, .nan]", "bad-value", 21),
    (PEOPLE, "within: 0.5", "within: -0.5", "bad-value", 22),
    (PEOPLE, ", within: 0.5", "", "bad-value", 22),
    (PEOPLE, "unit: fold", "unit: folds of feet", "unknown-unit", 22),
    (PEOPLE, "value: ratio,", "value: 0.7,", "no-measure", 21),
    (PEOPLE, "value: ratio,", "value: ratoi,", "unknown-measure", 21),
    (PEOPLE, "value: ratio,", "value: 1 + fall / (ratio - ratio),", "division-by-zero", 21),
    (PEOPLE, "published: longer,", "publishd: longer,", "unknown-key", 21),
    # arms of a system
    (ANIMAL, "sod1.synthesis: 0.5", "sod1.synthesis: -0.5", "out-of-range", 9),
    (ANIMAL, "granule_velocity: 0.5", "granule_velocity: -0.5", "out-of-range", 9),
    (
        ANIMAL,
        "multiply: {transport.granule_velocity: 0.5}",
        "multiply: {macrophage.share_of_damage: 9}",
        "out-of-range",
        9,
    ),
    (ANIMAL, "multiply: {transport.granule_velocity: 0.5}", "scale: {soma.aggregate: -1}", "out-of-range", 9),
    (ANIMAL, "multiply: {transport.granule_velocity: 0.5}", "input: {person.tempo: 1}", "unknown-input", 9),
    (ANIMAL, "day: 60", "day: 6000", "never-happens", 9),
    (ANIMAL, "plain: {}", "plain: {end: 0}", "bad-end", 8),
    (ANIMAL, "plain: {}", "plain: {end: 1000000000}", "bad-end", 8),
    (
        ANIMAL,
        "system: sod1-g93a\narms:\n  plain: {}",
        "arms:\n  plain: {end: 39448}",
        "bad-end",
        7,
    ),  # day 39447 is 150 years
    (ANIMAL, "system: sod1-g93a\narms:\n  plain: {}", "system: cell-line\narms:\n  plain: {end: 501}", "bad-end", 8),
    (ANIMAL, "plain: {}", "plain: {like: less}", "arms-in-a-ring", 8),
    (
        ANIMAL,
        "plain: {}",
        "plain: {given: [{product: riluzole, dose: 1 kg}, {product: nothing}]}",
        "unknown-product",
        8,
    ),
    (ANIMAL, "since: 50, until: 100", "since: 100, until: 50", "empty-window", 13),
    (ANIMAL, "since: 50, until: 100", "since: 5000", "out-of-window", 13),
    (ANIMAL, "take: lowest, since: 50, until: 100", "day: 9000", "out-of-window", 13),
    (ANIMAL, "take: lowest, since", "take: least, since", "bad-value", 13),
    (ANIMAL, "take: lowest, since: 50, until: 100", "since: 50, until: 100", "bad-measure", 13),
    (ANIMAL, "take: lowest, since", "take: lowest, day: 5, since", "bad-measure", 13),
    (ANIMAL, "below: 0.5, share: true", "day: 50, share: true", "idle-key", 14),
    (ANIMAL, "landmark: end}\n  late", "landmark: ends}\n  late", "unknown-landmark", 11),
    (ANIMAL, "landmark: end}\n  late", "landmark: end, months: 3}\n  late", "idle-key", 11),
    (ANIMAL, "below: 0.5", "below: day / 2", "measures-in-a-ring", 14),
    (ANIMAL, "until: end + 10", "since: 9, until: 3", "empty-window", 17),
    (ANIMAL, "arms: [plain, less]", "arms: [plain, mess]", "unknown-arm", 17),
]


@pytest.mark.parametrize(("text", "old", "new", "code", "line"), BROKEN)
def test_a_broken_file_is_named_with_its_line(tmp_path, text, old, new, code, line):
    assert text.count(old) == 1 or old in text
    found = findings(tmp_path, text.replace(old, new, 1))
    assert (code, line) in [(problem.code, problem.where.line) for problem in found if problem.where], found


def test_faults_of_a_cohort_come_at_once_with_the_nearest_names(tmp_path):
    text = PEOPLE.replace("arm: riluzole,", "arm: riluzol,").replace("population: sporadic", "population: sporadi")
    text = text.replace("tnf_strength: 0.1", "tnf_strength: -1").replace("junction.sprouting", "junction.sproutin")
    found = {problem.code: problem for problem in findings(tmp_path, text)}
    assert {"unknown-arm", "unknown-population", "out-of-range", "unknown-mechanism"} <= set(found)
    assert "riluzole" in found["unknown-arm"].hint
    assert "sporadic" in found["unknown-population"].hint


def entry(**changed: object) -> Entry:
    data = {
        "title": "t", "dossier": "d", "sources": ["free"], "use": "validation", "tolerance": "t", "system": "mouse",
        "arms": {"plain": {}}, "outcomes": [{"what": "w", "value": "a", "published": "p", "above": 0}],
    }  # fmt: skip
    return Entry("one", Experiment.model_validate({**data, **changed}), None)  # type: ignore[arg-type]


def test_a_wrong_arm_never_runs_as_untreated():
    cohort = cohorts.Cohort(patients=8, arms={"riluzole": ()})
    with pytest.raises(KeyError, match=r"the cohort has no arm called 'riluzol'.*riluzole"):
        cohorts.statistic(cohort, Measure(arm="riluzol", statistic="alive after diagnosis", months=6))


def test_an_arm_that_cannot_be_run_is_named():
    wrong = {"less": {"set": {"sod1.synthesis": -1.0}}}
    scored = score(entry(arms=wrong, measures={"a": {"arm": "less", "read": "lumbar.pool.neurons", "day": 30}}))
    assert scored.failure == "RunFailed: arm 'less': on day 0 sod1.synthesis is -1, but must be 0 or more"
    gone = {"plain": {"changes": [{"day": 20, "add": {"lumbar.soma.aggregate": -1.0}}]}}
    with pytest.raises(
        RunFailed, match=r"arm 'plain': on day 20 lumbar.soma.aggregate is -0.9\d*, but must be 0 or more"
    ):
        Bench(
            entry(arms=gone, measures={"a": {"arm": "plain", "read": "lumbar.pool.neurons", "day": 30}}).content
        ).trace("plain")


def test_an_empty_window_says_which_days_there_are():
    arms = {"plain": {"end": 40.0}}
    measure = {"arm": "plain", "read": "lumbar.pool.neurons", "take": "mean", "since": 30.5, "until": 30.6}
    scored = score(entry(arms=arms, measures={"a": measure}))
    assert scored.failure.startswith(
        "ValueError: no day of arm 'plain' lies between 30.5 and 30.6: its run is reported"
    )
    assert scored.failure.endswith("to 40")


def test_the_record_says_what_a_simulated_value_is():
    content = next(iter(entries().values())).content
    outcome, absent = (Outcome(what="w", published="p", value="a", above=0, absent=why) for why in ("", "not there"))
    values = {"number": 1.5, "never": float("inf"), "none": float("nan")}
    verdicts = [Verdict(outcome, value, False) for value in values.values()] + [Verdict(absent, float("nan"), False)]
    found = record(Scored("one", content, tuple(verdicts), ()))["outcomes"]
    assert [one["reading"] for one in found] == [*values, "absent"]
    assert [one["simulated"] for one in found] == [1.5, None, None, None]
    assert {one["kind"] for one in found} == {"size"}


def test_the_command_line_checks_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(PEOPLE, encoding="utf-8")
    sound = CliRunner().invoke(app, ["check", str(path)])
    assert (sound.exit_code, "sound" in sound.output) == (0, True), sound.output
    path.write_text(
        PEOPLE.replace("arm: riluzole,", "arm: riluzol,").replace("walker2015", "walker1015"), encoding="utf-8"
    )
    broken = CliRunner().invoke(app, ["check", str(path)])
    assert broken.exit_code == 2
    assert "mine.yaml:17: no arm is called 'riluzol'" in broken.output
    assert "walker2015" in broken.output


def test_the_example_of_the_documentation_is_sound(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "experiments.md").read_text(encoding="utf-8")
    example = next(block for block in page.split("```yaml\n")[1:] if block.startswith("cohort:")).split("```")[0]
    measured = " + ".join(["placebo", "spread", "units", "fast", "tie", "dead", "wait", "risk", "sex"])
    outcomes = f"outcomes:\n  - {{what: all of it, value: {measured}, published: some, above: 1}}\n"
    assert findings(tmp_path, HEAD + example + outcomes) == []


def test_only_what_is_always_zero_is_refused_as_a_divisor():
    assert always_zero_below("1 / (a - a)") == "a - a"
    assert always_zero_below("b + a / (0 * b)") == "0 * b"
    for sound in ("a / b", "1 / (a - b)", "1 / max(a, 0)", "1 / (min(a, 0.5) - 0.5)", "a / (b / 2)", "1 / log(a)", "a"):
        assert always_zero_below(sound) == "", sound
