"""Rules by which trials choose: categories, grades, scores and slopes, each on people for whom the answer is known."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from population_fake import people

from charcot.clinic import criteria
from charcot.clinic.criteria import CATEGORIES, doubt_of, el_escorial, gold_coast, japan_grade, supine_capacity
from charcot.clinic.observation import ITEMS
from charcot.core.errors import Problems, Where
from charcot.evidence import sources
from charcot.trials import entry_rules, load_protocol, placebo_arms
from charcot.trials.protocol import Referral
from charcot.trials.screening import RULES, referred
from charcot.trials.world import real_world

WELL, ILL = 0.97, 0.5


def signs(*regions: str) -> np.ndarray:
    """``"ul"`` has upper and lower signs, ``"u"`` and ``"l"`` one of them, ``""`` none: (2, 1, 4)."""
    whole = [*regions, *[""] * (4 - len(regions))]
    return np.array([[[ILL if letter in region else WELL for region in whole]] for letter in "ul"])


@pytest.mark.parametrize(
    ("regions", "category", "gold"),
    [
        ((), "none", 0),
        (("l",), "none", 0),
        (("l", "l"), "none", 1),
        (("ul",), "possible", 1),
        (("u", "u"), "possible", 0),
        (("ul", "l"), "probable_laboratory", 1),
        (("ul", "ul"), "probable", 1),
        (("ul", "ul", "ul"), "definite", 1),
        (("ul", "ul", "ul", "ul"), "definite", 1),
    ],
)
def test_categories_by_regions_with_signs(regions, category, gold):
    upper, lower = signs(*regions)
    assert CATEGORIES[int(el_escorial(upper, lower)[0])] == category
    assert gold_coast(upper, lower)[0] == gold


def test_signs_are_found_sooner_in_some_people_than_in_others(monkeypatch):
    spread = {"sign_spread_of_people": 1.0, "sign_spread_of_regions": 1.0}
    monkeypatch.setattr(criteria, "values", lambda known=criteria.values(): known | spread)
    draws = np.random.default_rng(1).standard_normal((3000, 10))
    doubt = doubt_of(draws)
    assert doubt.shape == (3000, 2, 4)
    assert np.median(doubt) == pytest.approx(1, abs=0.05)
    upper, lower = (np.repeat(one, 3000, axis=0) for one in signs("ul", "ul"))
    found = np.bincount(el_escorial(upper, lower, doubt).astype(int), minlength=5) / 3000
    assert (found[[0, 3]] > 0.01).all()  # alike in everybody they would all be probable
    assert (el_escorial(upper, lower, np.full((3000, 2, 4), 1e-9)) == 4).all()  # any loss shows
    assert (el_escorial(upper, lower, np.full((3000, 2, 4), 1e9)) == 0).all()  # none does
    assert (gold_coast(upper, lower, np.full((3000, 2, 4), 1e9)) == 0).all()


def test_who_is_not_seen_has_no_category():
    upper, lower = signs("ul", "ul")
    upper[0, 3] = np.nan
    assert np.isnan(el_escorial(upper, lower)).all()
    assert np.isnan(gold_coast(upper, lower)).all()


@pytest.mark.parametrize(
    ("changed", "grade"),
    [
        ({}, 1),
        ({"speech": 3}, 1),
        ({"walking": 3}, 2),
        ({"dressing": 1}, 3),
        ({"dyspnoea": 2}, 4),
        ({"respiratory_insufficiency": 3}, 4),
        ({"swallowing": 0}, 5),
        ({"respiratory_insufficiency": 1}, 5),
    ],
)
def test_grades_of_japan(changed, grade):
    items = np.full(12, 4.0)
    for name, value in changed.items():
        items[ITEMS.index(name)] = value
    assert japan_grade(items) == grade


def test_lying_costs_the_weak_more():
    sitting = np.array([105.0, 100.0, 80.0, 50.0, 5.0])
    loss = sitting - supine_capacity(sitting)
    assert loss[:2].tolist() == [0, 0]
    assert (np.diff(loss[1:4]) > 0).all()
    assert supine_capacity(sitting).min() == 0


TEMPLATE = Path(entry_rules.__file__).parent / "templates" / "edaravone-like.yaml"


def arm_under(**eligibility):
    """The arm of people under one rule of one's own."""
    rules = entry_rules.load_rules()["epos"]
    chosen = rules.protocol.model_copy(update={"eligibility": rules.protocol.eligibility.model_validate(eligibility)})
    from dataclasses import replace

    return placebo_arms.arm_of(replace(rules, protocol=chosen), people(300).on(0.5), real_world())


@pytest.mark.parametrize(
    ("rule", "limits"),
    [
        ("slope_since_onset", {"min": "0.5 points/month", "max": "1.5 points/month"}),
        ("time_since_diagnosis", {"max": "4 months"}),
        ("score_at_randomisation", {"min": "38 points"}),
        ("alsfrs_40", {"min": "30 points"}),
        ("supine_vital_capacity", {"min": "70 %"}),
        ("serum_nfl", {"max": "60 pg/mL"}),
        ("tricals", {"min": -6.0, "max": -2.0}),
        ("japan_grade", {"max": 2}),
        ("el_escorial", {"min": "definite"}),
        ("gold_coast", "als"),
    ],
)
def test_each_rule_excludes_some_and_lets_others_in(rule, limits):
    assert rule in RULES
    everyone, chosen = arm_under(), arm_under(**{rule: limits})
    assert 0 < len(chosen) < len(everyone)
    if rule == "slope_since_onset":
        assert ((chosen["slope_before"] >= 0.5 - 1e-9) & (chosen["slope_before"] <= 1.5 + 1e-9)).all()
    if rule == "score_at_randomisation":
        assert (chosen["items"][:, 0].sum(axis=1) >= 38).all()


def test_everything_wrong_with_the_rules_of_a_file_is_told_at_once_with_its_line(tmp_path):
    text = TEMPLATE.read_text()
    where = text.index("\n", text.index("\neligibility:") + 1) + 1
    wrong = (
        "  slope_since_onset: {min: 2 points/month, max: 1 points/month}\n"
        "  el_escorial: {min: certain}\n"
        "  tricals: {min: -60.0}\n"
        "  japan_grade: {max: 9}\n"
        "  serum_nfl: {min: 44}\n"
    )
    file = tmp_path / "a.yaml"
    file.write_text(text[:where] + wrong + text[where:])
    first = text[:where].count("\n") + 1
    with pytest.raises(Problems) as raised:
        load_protocol(file)
    lines = {problem.where.line for problem in raised.value.problems}
    assert lines >= set(range(first, first + 5))


def test_what_is_assumed_where_rules_say_nothing_is_part_of_their_hash(monkeypatch, tmp_path) -> None:
    """Else a delay to screening could be tuned under an unchanged hash."""
    before = entry_rules.rules_hash()
    other = tmp_path / entry_rules.ASSUMED.name
    text = entry_rules.ASSUMED.read_text()
    changed = re.sub(r"(?m)^(screening_delay_months,)[^,]*", r"\g<1>2", text)
    assert changed != text
    other.write_text(changed)
    monkeypatch.setattr(entry_rules, "ASSUMED", other)
    assert entry_rules.rules_hash() != before


@pytest.mark.parametrize(
    ("columns", "counts"),
    [
        ({"age_max_years": "75", "vital_capacity_min_percent": "60", "category": "probable"}, True),
        ({"since_diagnosis_max_months": "24", "vital_capacity_max_percent": "90", "age_min_years": "18"}, True),
        ({"vital_capacity_min_percent": "60", "category": "probable"}, False),
        ({"age_min_years": "18", "age_max_years": "80", "since_onset_min_months": "6"}, False),
        ({"age_max_years": "75", "vital_capacity_min_percent": "60", "category": "probable", "mark": "assumed"}, False),
    ],
)
def test_a_set_counts_in_what_rules_exclude_when_three_kinds_of_limits_were_read(columns, counts) -> None:
    row = {**dict.fromkeys(entry_rules.columns(), ""), "trial": "one", "title": "One", "source": "epos2015",
           "cohort": "sporadic", "months": "12", "mark": "read", **columns}  # fmt: skip
    found, problems = entry_rules.read_row(row, Where.of("rules.csv", 2), real_world())
    assert problems == []
    assert found.ruled is counts


REGISTRY = re.compile(r"NCT\d{8}|ISRCTN\d{8}|NTR\d+|EudraCT \d{4}-\d{6}-\d{2}")


def test_a_registry_entry_in_a_note_is_held_by_a_source_of_that_row() -> None:
    with entry_rules.FILE.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    held = {
        row["trial"]: "; ".join(sources()[key.strip()].identifier for key in row["source"].split(";")) for row in rows
    }
    named = [(row["trial"], entry) for row in rows for entry in REGISTRY.findall(row["note"])]
    assert len(named) > 25
    assert [(trial, entry) for trial, entry in named if entry not in held[trial]] == []


def with_referral(protocol, referral):
    screening = protocol.screening.model_copy(update={"referral": referral})
    return protocol.model_copy(update={"screening": screening})


def test_everybody_is_referred_up_to_an_age_and_the_fewer_the_older() -> None:
    protocol = with_referral(
        entry_rules.load_rules()["empower"].protocol, Referral(until="50 years", falls_per_year=0.05)
    )
    who = [f"patient {number}" for number in range(4000)]
    shares = [referred(protocol, np.full(len(who), age), who).mean() for age in (30.0, 50.0, 60.0, 75.0)]
    assert shares[:2] == [1.0, 1.0]
    assert shares[2:] == pytest.approx([np.exp(-0.5), np.exp(-1.25)], abs=0.025)
    assert referred(with_referral(protocol, None), np.full(4, 90.0), who[:4]).all()


def test_referral_makes_an_arm_younger_and_leaves_what_rules_exclude() -> None:
    rules = entry_rules.load_rules()["empower"]
    steep = replace(rules, protocol=with_referral(rules.protocol, Referral(until="50 years", falls_per_year=0.3)))
    everybody = replace(rules, protocol=with_referral(rules.protocol, None))
    one, other = (placebo_arms.arm_of(each, people(400, seed=4).on(0.0), real_world()) for each in (everybody, steep))
    assert 0 < len(other) < len(one)
    assert placebo_arms.baseline(other, "age", "mean") < placebo_arms.baseline(one, "age", "mean") - 1
    assert placebo_arms.share_excluded(other) == placebo_arms.share_excluded(one)
