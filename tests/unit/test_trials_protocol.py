"""Protocol files: all problems at once, each with its line and its words; round trips; the published schema."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import get_args

import pytest
from ruamel.yaml import YAML
from trials_fake_world import FakeProduct, FakeWorld

from charcot.core.errors import Problem, Problems
from charcot.trials import Protocol, load_protocol, protocol_schema, published_protocols, templates
from charcot.trials.estimands import ESTIMANDS
from charcot.trials.protocol import SCHEMA_NAME, Endpoint
from charcot.trials.quantities import DAYS, PERCENT_PREDICTED, POINTS

GOOD = """\
schema: charcot/protocol@1
name: good
title: A good protocol
population:
  cohort: sporadic
  background:
    riluzole: 91 %
screening:
  delay_after_diagnosis: {median: 60 days, log_sd: 0.5}
  run_in:
    duration: 12 weeks
    decline: {min: 1 point, max: 4 points}
eligibility:
  age: {min: 20 years, max: 75 years}
  time_since_onset: {max: 24 months}
  involved_regions: {min: 2}
  every_item: {min: 2 points}
  vital_capacity: {min: 80 %}
arms:
  - id: placebo
    n: 68
  - id: active
    n: 69
    treatments:
      - {product: slower, dose: 60 mg, start: 0 weeks, stop: 24 weeks, schedule: label}
randomisation:
  stratify:
    - {by: age, cuts: [65 years]}
visits: every 4 weeks until 24 weeks
dropout: {share: 5 %, at: 24 weeks}
simulate: {replicates: 2, seed: 1}
published:
  source: paper
  values:
    - {name: a, estimand: alsfrs_r_slope, analysis: mixed_model_slope, arm: placebo,
       value: -1.36 points/month, mark: read}
"""


class World(FakeWorld):
    def products(self) -> dict[str, FakeProduct]:  # type: ignore[override]
        real = {"edaravone_iv": FakeProduct(), "aav_mir126": FakeProduct("vector_genome/kg")}
        return {**super().products(), **real}


def load(tmp_path: Path, text: str, **overrides: object) -> Protocol:
    path = tmp_path / "protocol.yaml"
    path.write_text(text)
    return load_protocol(path, {k.replace("__", "."): v for k, v in overrides.items()}, world=World())


def problems(tmp_path: Path, text: str) -> list[Problem]:
    with pytest.raises(Problems) as caught:
        load(tmp_path, text)
    return list(caught.value.problems)


def only(tmp_path: Path, old: str, new: str) -> Problem:
    """The one problem of the good protocol with one change."""
    assert old in GOOD
    found = problems(tmp_path, GOOD.replace(old, new, 1))
    assert len(found) == 1, [str(p) for p in found]
    return found[0]


def lines_of(text: str, part: str) -> list[int]:
    return [k for k, line in enumerate(text.splitlines(), 1) if part in line]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("arms", 5, "arms: must be a list, not 5"),
        ("arms", [5, 6], "arms.0: must be keys with their values, not 5"),
        ("population__overrides", "abc", "population.overrides: must be keys with their values, not 'abc'"),
        ("dropout", "abc", "dropout: must be keys with their values, not 'abc'"),
        ("title", 4, "title: must be a text, not 4"),
        ("title", "", "title: must hold some text, not ''"),
        ("endpoints", [], "endpoints: needs 1 entry or more, and has 0"),
        ("arms", [{"id": f"a{k}", "n": 1} for k in range(51)], "arms: takes 50 entries at most, and has 51"),
        ("name", "a B", "name: 'a B' cannot be a name"),
    ],
)
def test_a_wrong_shape_is_told_in_the_words_of_the_file(tmp_path: Path, key: str, value: object, words: str) -> None:
    with pytest.raises(Problems) as caught:
        load(tmp_path, GOOD, **{key: value})
    told = [problem.message for problem in caught.value.problems]
    assert words in told
    assert not [text for text in told if "input should" in text or "tuple" in text or "dictionary" in text]


def test_a_good_protocol_is_held_in_the_units_of_the_house(tmp_path: Path) -> None:
    protocol = load(tmp_path, GOOD)
    assert protocol.visits == tuple(float(d) for d in range(0, 169, 28))
    assert protocol.eligibility.time_since_onset.max == pytest.approx(730.5)
    assert protocol.eligibility.vital_capacity.min == 80
    assert protocol.population.background == {"riluzole": 91.0}
    assert protocol.arms[1].treatments[0].stop == 168
    assert protocol.reference_arm == "placebo"
    assert (protocol.size, protocol.length) == (137, 168)
    assert protocol.simulate.pool == "independent"


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("joint_rnk", "endpoints.0: unknown word 'joint_rnk'"),
        (
            {"measure": "alsfrs_r", "analysis": "cox"},
            "endpoints.0: there is no alsfrs_r by cox; there are: alsfrs_r by",
        ),
        ({"measure": "alsfrs_r"}, "endpoints.0: write an endpoint's name, or {measure: alsfrs_r, analysis: mmrm}"),
    ],
)
def test_an_endpoint_that_no_analysis_has_is_refused(tmp_path: Path, endpoint: object, words: str) -> None:
    with pytest.raises(Problems) as caught:
        load(tmp_path, GOOD, endpoints=[endpoint])
    (problem,) = caught.value.problems
    assert problem.message.startswith(words)


def test_an_endpoint_may_be_a_measure_with_its_analysis(tmp_path: Path) -> None:
    pairs = [
        {"measure": "alsfrs_r", "analysis": "ancova_locf"},
        {"measure": "survival", "analysis": "rmst"},
        {"measure": "function_and_survival", "analysis": "joint_rank"},
    ]
    found = load(tmp_path, GOOD, endpoints=pairs)
    assert found.endpoints == ("alsfrs_r_change_locf", "survival_rmst", "joint_rank")
    assert found.resolved()["endpoints"] == list(found.endpoints)


def test_the_resolved_protocol_loads_again_unchanged(tmp_path: Path) -> None:
    protocol = load(tmp_path, GOOD)
    resolved = protocol.resolved()
    assert resolved["eligibility"]["age"] == {"min": "20 years", "max": "75 years"}
    assert resolved["visits"][:2] == ["0 days", "28 days"]
    assert resolved["simulate"]["screened_per_replicate"] == 20_000
    path = tmp_path / "again.yaml"
    YAML().dump(resolved, path)
    assert load_protocol(path, world=World()) == protocol


@pytest.mark.parametrize(
    ("old", "new", "code", "message", "hint"),
    [
        ("min: 20 years", "minn: 20 years", "unknown-key", "unknown key 'eligibility.age.minn'", "Did you mean min?"),
        ("eligibility:", "eligibilty:", "unknown-key", "unknown key 'eligibilty'", "Did you mean eligibility?"),
        ("dose: 60 mg", "dose: 60 days", "bad-dose", "'days' measures [time], but 'mg' measures [mass]", ""),
        ("dose: 60 mg", "dose: 60", "bad-quantity", "60 has no unit: write the number with its unit", ""),
        ("dose: 60 mg", "dose: -60 mg", "bad-dose", "a dose of -60 mg is not above zero", ""),
        ("dose: 60 mg", "dose: 0 mg", "bad-dose", "a dose of 0 mg is not above zero", ""),
        ("dose: 60 mg, ", "", "missing-key", "'arms.1.treatments.0.dose' is missing", "Add the key 'dose'."),
        ("n: 69", "n: 0", "empty-arm", "arms.1.n: an arm of 0 patients is empty", "Use n: 1 or more."),
        ("n: 69", "n: many", "bad-value", "arms.1.n: must be a whole number, not 'many'", ""),
        (
            "id: active",
            "id: placebo",
            "duplicate-arm",
            "'placebo' is also the id of arms.0",
            "Give each arm its own id.",
        ),
        (
            "min: 20 years",
            "min: -3 years",
            "impossible-value",
            "eligibility.age.min: -3 years is not possible",
            "from 0 to 100",
        ),
        ("max: 75 years", "max: 130 years", "impossible-value", "130 years is not possible", "from 0 to 120"),
        ("min: 20 years", "min: 80 years", "empty-range", "the minimum 80 years is above the maximum 75 years", "swap"),
        (
            "min: 20 years",
            "min: 20",
            "bad-quantity",
            "eligibility.age.min: 20 has no unit: write for example '60 years'",
            "",
        ),
        (
            "min: 80 %",
            "min: 80 mg",
            "bad-quantity",
            "'80 mg' is not in percent_predicted: write for example '80 %'",
            "",
        ),
        ("min: 80 %", "min: 8000 %", "impossible-value", "8000 percent_predicted is not possible", "from 0 to 120"),
        ("min: 2 points", "min: 2 %", "bad-quantity", "'2 %' is not in points: write for example '2 points'", ""),
        ("min: 2 points", "min: 5 points", "impossible-value", "eligibility.every_item.min: 5 points", "from 0 to 4"),
        ("product: slower", "product: slowr", "unknown-product", "no product is called 'slowr'", "Did you mean slower"),
        (
            "product: slower",
            "product: zzz",
            "unknown-product",
            "no product is called 'zzz'",
            "Known: aav_mir126, edaravone_iv",
        ),
        (
            "schedule: label",
            "schedule: dayly",
            "unknown-schedule",
            "slower has no schedule called 'dayly'",
            "Did you mean daily",
        ),
        (
            "riluzole: 91 %",
            "riluzol: 91 %",
            "unknown-product",
            "no product is called 'riluzol'",
            "Did you mean riluzole",
        ),
        ("riluzole: 91 %", "riluzole: 191 %", "impossible-value", "a share of 191 % is not possible", ""),
        (
            "cohort: sporadic",
            "cohort: sporadik",
            "unknown-cohort",
            "no cohort is called 'sporadik'",
            "Did you mean sporadic",
        ),
        ("cohort: sporadic", "cohort: sod1\n  overrides: {speed: 1}", "bad-override", "unknown override 'speed'", ""),
        (
            "start: 0 weeks",
            "start: 30 weeks",
            "stop-before-start",
            "stops on day 168 but starts on day 210",
            "Let it stop",
        ),
        ("start: 0 weeks", "start: -1 weeks", "start-before-randomisation", "-7 days is before randomisation", ""),
        (
            "start: 0 weeks, stop: 24 weeks",
            "start: 24 weeks",
            "start-after-end",
            "is not before the last visit, on day 168",
            "",
        ),
        ("stop: 24 weeks", "stop: 40 years", "impossible-value", "40 years is not possible", "above 20 years"),
        ("every 4 weeks until 24 weeks", "[4 weeks, 30 years]", "impossible-value", "visits: 30 years", "above 20"),
        ("median: 60 days", "median: 50 years", "impossible-value", "50 years is not possible", "above 20 years"),
        ("log_sd: 0.5", "log_sd: .inf", "bad-value", "log_sd: must be a finite number, not inf", ""),
        ("log_sd: 0.5", "log_sd: 4.0", "too-many", "log_sd: 4.0 is above the most that is possible, 3", ""),
        ("duration: 12 weeks", "duration: 900 months", "impossible-value", "75 years is not possible", ""),
        (
            "min: 80 %",
            "min: 149 %",
            "impossible-value",
            "149 percent_predicted is not",
            "A healthy person has about 100",
        ),
        ("min: 20 years", "min: 110 years", "impossible-value", "110 years is not possible", "There would be nobody"),
        ("max: 24 months", "max: 90 years", "impossible-value", "time_since_onset.max", ""),
        (
            "n: 69",
            "n: 1000000000000",
            "too-many",
            "1000000000000 is above the most that is possible, 100,000",
            "populat",
        ),
        ("replicates: 2", "replicates: 10000000", "too-many", "above the most that is possible, 100,000", ""),
        ("seed: 1", "seed: 99999999999999999999", "too-many", "above the most that is possible", ""),
        (
            "seed: 1}",
            "seed: 1}\nanalysis: {alpha: 60 %}",
            "bad-value",
            "analysis.alpha: must be below 0.5",
            "",
        ),
        ("seed: 1}", "seed: 1}\nanalysis: {alpha: .nan}", "bad-value", "analysis.alpha: must be", ""),
        ("cuts: [65 years]", "cuts: [165 years]", "impossible-value", "165 years divides nobody", "between 0 and 120"),
        ("{share: 5 %, at: 24 weeks}", "{hazard: 300 %/month}", "impossible-value", "300 %/month is not possible", ""),
        (
            "{share: 5 %, at: 24 weeks}",
            "{share: 5 %, at: 99 years}",
            "impossible-value",
            "99 years is not possible",
            "",
        ),
        ("{share: 5 %, at: 24 weeks}", "{share: 105 %, at: 24 weeks}", "impossible-value", "105 % is not possible", ""),
        ("every 4 weeks until 24 weeks", "[4 weeks, 12 weeks, 8 weeks]", "bad-quantity", "day 56 follows day 84", ""),
        ("every 4 weeks until 24 weeks", "[4 weeks, 4 weeks]", "bad-quantity", "visits must ascend", ""),
        ("every 4 weeks until 24 weeks", "weekly", "bad-quantity", "'weekly' is not a plan of visits", ""),
        (
            "every 4 weeks until 24 weeks",
            "every 5 weeks until 24 weeks",
            "bad-quantity",
            "not a multiple of the step",
            "",
        ),
        ("every 4 weeks until 24 weeks", "every 0 weeks until 24 weeks", "bad-quantity", "must be above zero", ""),
        ("every 4 weeks until 24 weeks", "every 1 hour until 24 weeks", "bad-quantity", "4032 visits; at most 500", ""),
        ("every 4 weeks until 24 weeks", "[0 days]", "bad-quantity", "no visit after randomisation", ""),
        ("duration: 12 weeks", "duration: 0 weeks", "impossible-value", "must take more than 0 days", ""),
        ("median: 60 days", "median: -6 days", "impossible-value", "screening cannot come before diagnosis", ""),
        ("{share: 5 %, at: 24 weeks}", "{share: 5 %}", "half-dropout", "a share needs the time", "at: 24 weeks"),
        ("{share: 5 %, at: 24 weeks}", "{hazard: -1 %/month}", "impossible-value", "dropout.hazard is below zero", ""),
        (
            "{share: 5 %, at: 24 weeks}",
            "{arms: {plac: {hazard: 1 %/month}}}",
            "unknown-arm",
            "no arm is called 'plac'",
            "placebo",
        ),
        ("arm: placebo", "arm: plcebo", "unknown-arm", "no arm is called 'plcebo'", "Did you mean placebo?"),
        ("-1.36 points/month", "-1.36 points", "bad-quantity", "'-1.36 points' is not in points/month", ""),
        (
            "alsfrs_r_slope",
            "alsfrs_slope",
            "unknown-word",
            "unknown word 'alsfrs_slope'",
            "Did you mean alsfrs_r_slope",
        ),
        (
            "analysis: mixed_model_slope",
            "analysis: ancova_locf",
            "other-analysis",
            "last observation carried forward, ANCOVA, but alsfrs_r_slope is a slope of a mixed model",
            "alsfrs_r_change_locf or alsfrs_r_rate_locf is computed that way",
        ),
        ("analysis: mixed_model_slope", "analysis: unknown", "unknown-word", "unknown word 'unknown'", "ancova_locf"),
        ("analysis: mixed_model_slope, ", "", "missing-key", "'published.values.0.analysis' is missing", ""),
        ("cuts: [65 years]", "cuts: [65]", "bad-quantity", "65 has no unit", ""),
        (", cuts: [65 years]", "", "bad-stratum", "'age' is a number and needs cuts", "cuts: [60 years]"),
        (
            "by: age, cuts: [65 years]",
            "by: sex, cuts: [65 years]",
            "bad-stratum",
            "'sex' has categories and no cuts",
            "",
        ),
        ("by: age, cuts: [65 years]", "by: {age: 65}", "unknown-word", "unknown word {'age': 65}", "Known: age"),
        ("by: age, cuts: [65 years]", "by: [age]", "unknown-word", "unknown word ['age']", "Known: age"),
        (
            "seed: 1",
            "seed: 1, screened_per_replicate: 100",
            "too-few-screened",
            "100 screened patients cannot give 137",
            "",
        ),
        (
            "schema: charcot/protocol@1",
            "schema: charcot/protocol@2",
            "unknown-word",
            "unknown word 'charcot/protocol@2'",
            "",
        ),
        ("seed: 1", "seed: 1, alpha: 2", "unknown-key", "unknown key 'simulate.alpha'", "replicates, seed"),
    ],
)
def test_one_mistake_gives_one_problem_on_its_line(
    tmp_path: Path, old: str, new: str, code: str, message: str, hint: str
) -> None:
    problem = only(tmp_path, old, new)
    assert problem.code == code
    assert message in problem.message
    assert hint in problem.hint
    assert problem.where is not None
    assert problem.where.file.endswith("protocol.yaml")
    text = GOOD.replace(old, new, 1)
    if code != "double-product":  # it is seen where the product is given, not where the file was changed
        assert not new or problem.where.line in lines_of(text, new.splitlines()[-1])


def test_all_problems_come_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    text = (
        GOOD.replace("max: 75 years", "max: 175 years")
        .replace("dose: 60 mg", "dose: 60 days")
        .replace("n: 68", "n: 0")
        .replace("cohort: sporadic", "cohort: sproadic")
        .replace("visits: every 4 weeks until 24 weeks", "vists: every 4 weeks until 24 weeks")
    )
    found = problems(tmp_path, text)
    assert [p.code for p in found] == [
        "missing-key",
        "unknown-cohort",
        "impossible-value",
        "empty-arm",
        "bad-dose",
        "unknown-key",
    ]
    lines = [p.where.line for p in found if p.where]
    assert lines == sorted(lines)
    assert "protocol.yaml: 6 problems" in str(Problems(found, "protocol.yaml: 6 problems"))


def test_the_arm_to_compare_with_is_clear(tmp_path: Path) -> None:
    one = GOOD.replace("  - id: placebo\n    n: 68\n", "").replace(", arm: placebo", "")
    assert [(p.code, p.message) for p in problems(tmp_path, one)] == [
        ("one-arm", "a trial compares two arms or more, and there is one")
    ]
    both = GOOD.replace("n: 68\n", "n: 68\n    treatments: [{product: slower, dose: 10 mg}]\n")
    (found,) = problems(tmp_path, both)
    assert (found.code, "every arm is treated" in found.message) == ("no-reference", True)
    assert "reference_arm: placebo" in found.hint
    assert load(tmp_path, both + "analysis: {reference_arm: active}\n").reference_arm == "active"
    twins = GOOD.replace("  - id: active", "  - id: nothing\n    n: 5\n  - id: active")
    (found,) = problems(tmp_path, twins)
    assert (found.code, "placebo and nothing are without treatment" in found.message) == ("no-reference", True)


def test_what_is_right_is_taken(tmp_path: Path) -> None:
    """A significance level in per cent, and single doses one after the other without a stop."""
    assert load(tmp_path, GOOD + "analysis: {alpha: 5 %}\n").analysis.alpha == 0.05
    path = tmp_path / "doses.yaml"
    doses = "".join(
        f"      - {{product: tofersen, dose: 100 mg, start: {week} weeks, schedule: once}}\n" for week in (0, 2, 4)
    )
    given = "      - {product: slower, dose: 60 mg, start: 0 weeks, stop: 24 weeks, schedule: label}\n"
    path.write_text(GOOD.replace(given, doses))
    assert len(load_protocol(path).arms[1].treatments) == 3
    again = "      - {product: tofersen, dose: 100 mg}\n      - {product: tofersen, dose: 100 mg, start: 4 weeks}\n"
    path.write_text(GOOD.replace(given, again))
    with pytest.raises(Problems, match="tofersen is given twice at one time"):
        load_protocol(path)


@pytest.mark.parametrize(
    ("treatments", "code", "message"),
    [
        (
            ["dose: 1.2e20 vg/kg"],
            "bad-dose",
            "treatments.0.dose: one dose of aav_mir126 is 1.2e+20 vector_genome/kg, above",
        ),
        (["dose: 1.1e14 vg/kg, schedule: daily"], "bad-schedule", "aav_mir126 is given at most one dose in a life"),
        (
            ["dose: 1.1e14 vg/kg, schedule: every 28 days"],
            "bad-schedule",
            "aav_mir126 is given at most one dose in a life",
        ),
        (["dose: 1.1e14 vg/kg, schedule: 28"], "bad-value", "treatments.0.schedule: must be a text, not 28"),
        (["dose: 1e14 vg/kg", "dose: 1e14 vg/kg, start: 8 weeks"], "double-product", "given once in a life at most"),
    ],
)
def test_a_vector_is_given_once_and_in_a_dose_that_exists(
    tmp_path: Path, treatments: list[str], code: str, message: str
) -> None:
    given = "      - {product: slower, dose: 60 mg, start: 0 weeks, stop: 24 weeks, schedule: label}\n"
    lines = "".join(f"      - {{product: aav_mir126, {text}}}\n" for text in treatments)
    path = tmp_path / "vector.yaml"
    path.write_text(GOOD.replace(given, lines))
    with pytest.raises(Problems) as caught:
        load_protocol(path)
    (problem,) = caught.value.problems
    assert (problem.code, message in problem.message) == (code, True), str(problem)
    assert problem.where is not None
    assert problem.where.line == 24 + len(treatments)


def test_no_arms_is_said(tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("arms:")] + "arms: []\n" + GOOD[GOOD.index("randomisation:") :]
    text = text[: text.index("published:")]
    found = problems(tmp_path, text)
    assert [(p.code, p.message) for p in found] == [
        ("no-arms", "a trial compares two arms or more, and there are none")
    ]


def test_arms_that_are_wrong_are_not_called_missing(tmp_path: Path) -> None:
    text = GOOD.replace("n: 69", "n: 0").replace("n: 68", "n: 0")
    assert text.count("n: 0") == 2
    assert {p.code for p in problems(tmp_path, text)} == {"empty-arm"}


@pytest.mark.parametrize(
    ("content", "code", "message", "line"),
    [
        ("", "empty-file", "the file is empty", 0),
        ("# only a comment\n", "empty-file", "the file is empty", 0),
        ("just words\n", "not-a-mapping", "the file holds no keys", 1),
        ("- a\n- b\n", "not-a-mapping", "the file holds no keys", 1),
        ("a: [1, 2\nb: 3\n", "not-yaml", "the file is not YAML: ", 2),
        ("a: 1\n\tb: 2\n", "tab", "the line is indented with a tab", 2),
        ("a: 1\na: 2\n", "not-yaml", 'found duplicate key "a"', 2),
    ],
)
def test_broken_files(tmp_path: Path, content: str, code: str, message: str, line: int) -> None:
    (problem,) = problems(tmp_path, content)
    assert problem.code == code
    assert message in problem.message
    assert problem.where is not None
    assert problem.where.line == line


def test_a_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(GOOD)
    with pytest.raises(Problems) as caught:
        load_protocol(tmp_path / "protocol.yaml", world=World())
    problem = caught.value.problems[0]
    assert (problem.code, problem.message) == ("no-file", "there is no such file")
    assert problem.hint == "In that folder: other.yaml."
    with pytest.raises(Problems, match="this is a folder, not a YAML file"):
        load_protocol(tmp_path, world=World())
    (tmp_path / "protocol.yaml").write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(Problems, match="the file is not UTF-8 text"):
        load_protocol(tmp_path / "protocol.yaml", world=World())


def test_overrides_set_values_by_path_and_report_their_own_mistakes(tmp_path: Path) -> None:
    protocol = load(tmp_path, GOOD, arms__active__n=10, simulate__seed=7, analysis__alpha=0.1)
    assert (protocol.arms[1].n, protocol.simulate.seed, protocol.analysis.alpha) == (10, 7, 0.1)
    with pytest.raises(Problems) as caught:
        load(tmp_path, GOOD, arms__activ__n=10, title__x=3)
    assert [str(p.where) for p in caught.value.problems] == ["--set arms.activ.n", "--set title.x"]
    assert caught.value.problems[0].message == "no entry is called 'activ'; there are placebo, active"
    with pytest.raises(Problems) as caught:
        load(tmp_path, GOOD, eligibility__age__max="300 years")
    assert str(caught.value.problems[0].where) == "--set eligibility.age.max"


def test_shipped_protocols_and_templates_load() -> None:
    assert set(published_protocols()) == {"mci186_19"}
    assert set(templates()) == {"aav-mir126", "edaravone-like"}
    for path in (*published_protocols().values(), *templates().values()):
        assert load_protocol(path, world=World()).name


def test_the_published_trial_is_the_one_of_the_dossier() -> None:
    protocol = load_protocol(published_protocols()["mci186_19"], world=World())
    assert [(arm.id, arm.n) for arm in protocol.arms] == [("placebo", 68), ("edaravone", 69)]
    assert protocol.arms[1].treatments[0].product == "edaravone_iv"
    assert protocol.length == 168
    assert protocol.published is not None
    values = {entry.name: entry.value for entry in protocol.published.values}
    assert values["placebo_rate"] == "-1.36 points/month"
    assert values["difference_week_24"] == "2.49 points"
    assert {entry.mark for entry in (*protocol.published.values, *protocol.published.baseline)} <= {"read", "derived"}


def test_every_line_of_a_template_that_can_be_edited_is_explained() -> None:
    """Each key of the first level is explained on its line, above it, or within its block."""
    for path in templates().values():
        blocks = textwrap.dedent(path.read_text()).split("\n\n")
        assert all("#" in block for block in blocks), path


def test_the_schema_knows_what_the_models_know() -> None:
    schema = protocol_schema()
    assert schema["$id"] == SCHEMA_NAME
    assert set(schema["required"]) == {"schema", "name", "title", "screening", "arms", "visits"}
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["Treatment"]["properties"]["start"]["examples"] == [DAYS.example]
    assert set(get_args(Endpoint)) == set(ESTIMANDS)


def test_quantities_refuse_what_could_be_misread() -> None:
    assert PERCENT_PREDICTED.read("80 %") == 80
    assert DAYS.read("1 month") == pytest.approx(30.4375)
    assert POINTS.write(2.5) == "2.5 points"
    for quantity, text in (
        (PERCENT_PREDICTED, "0.8"),
        (PERCENT_PREDICTED, 80),
        (DAYS, True),
        (DAYS, None),
        (DAYS, "1e999 d"),
    ):
        with pytest.raises(ValueError, match=r"no unit|not a quantity|not a finite number|too large for a number"):
            quantity.read(text)
