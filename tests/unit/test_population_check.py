"""Populations against published figures: readings find what was put in, and a constant patient fails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from population_fake import people

from charcot.patients import population_readings, targets
from charcot.trials import entry_rules, placebo_arms, population_check
from charcot.trials.world import real_world


@pytest.fixture(scope="module")
def varied():
    return people(400)


@pytest.fixture(scope="module")
def columns(varied):
    return population_readings.record(varied.on(0.5))


@pytest.fixture(scope="module")
def arm(varied):
    return placebo_arms.arm_of(entry_rules.load_rules()["ceftriaxone"], varied.on(0.5), real_world())


def test_every_target_can_be_read():
    assert population_check.target_problems() == []


def test_every_figure_that_the_stored_page_misses_says_why():
    page = (Path(__file__).parents[2] / "docs" / "population-check.md").read_text(encoding="utf-8")
    missed = {row.split("|")[1].strip() for row in page.splitlines() if "| **outside** |" in row}
    assert missed
    assert set(population_check.why_missed()) == missed
    assert all(reason.why in page for reason in population_check.why_missed().values())


def test_an_explanation_names_the_command_that_shows_it_or_says_that_it_is_a_guess():
    root, reasons = Path(__file__).parents[2], population_check.why_missed()
    for name, reason in reasons.items():
        if reason.why.startswith("As "):  # another row's reason
            assert not reason.measured_by, name
        elif not reason.measured_by:
            assert "Guess: " in reason.why, name
        elif reason.measured_by.startswith("python "):
            assert (root / reason.measured_by.split()[1]).is_file(), name
        else:
            assert reason.measured_by == "charcot population check", name
    assert {bool(reason.measured_by) for reason in reasons.values()} == {True, False}


def test_a_miss_of_no_target_is_named_with_its_line(tmp_path, monkeypatch):
    (tmp_path / "misses.csv").write_text("target,why,measured_by\nalive 60 month after diagnosis,because,\n")
    monkeypatch.setattr(population_check, "MISSES", tmp_path / "misses.csv")
    population_check.why_missed.cache_clear()
    (problem,) = population_check.target_problems()
    population_check.why_missed.cache_clear()
    assert "misses.csv:2" in str(problem.where)
    assert "alive 60 months after diagnosis" in problem.hint


def test_every_reading_is_asked_for():
    asked = {target.reading for target in targets.load()}
    known = {*population_readings.READINGS, *placebo_arms.READINGS, *placebo_arms.OVER_ALL}
    assert asked == known


def test_readings_of_incident_patients_find_the_lines_that_were_drawn(columns):
    assert population_readings.decline(columns, 12) == pytest.approx(1.1, abs=0.15)  # exp(0.6^2 / 2) less the fast dead
    assert 1.2 < population_readings.residual_sd(columns, 12) < 3.2  # all items of these people move at once
    assert population_readings.delay(columns) == pytest.approx(10.6, abs=0.6)
    assert population_readings.share_of_men(columns) == pytest.approx(58, abs=8)
    assert population_readings.share_of_onset(columns, "bulbar") == pytest.approx(28, abs=7)
    assert population_readings.second_region(columns, "mean") == pytest.approx(12)
    assert population_readings.next_region(columns, "bulbar", "fine motor") == pytest.approx(100)
    assert population_readings.median_survival(columns, "onset") == pytest.approx(32, abs=3)
    assert population_readings.nfl_slow_over_fast(columns, 1.0) < 0.6


def test_a_group_of_the_people_is_left_out_whole(columns):
    part = population_check._without(columns, 3)
    assert set(np.unique(part["group"])) == set(range(10)) - {3}
    assert len(part["scores"]) == len(part["age"]) < len(columns["age"])


def test_entry_rules_let_in_whom_they_say(arm):
    rules = entry_rules.load_rules()["ceftriaxone"]
    assert rules.protocol.eligibility.time_since_onset.max == pytest.approx(36 * 30.4375)
    assert 0 < len(arm) < len(arm.came)
    assert len(arm) < (~arm.excluded).sum()  # the older come less often, and rules do not exclude them
    assert (arm["months_since_onset"] <= 36).all()
    assert placebo_arms.share_excluded(arm) == pytest.approx(100 * (1 - (~arm.excluded).sum() / len(arm.came)))


def test_an_arm_reads_the_slope_of_those_let_in(arm):
    true = -float(np.mean(32 / arm["from_onset"]))
    slope = placebo_arms.decline(arm, "slope", 12)
    assert slope == pytest.approx(true, abs=0.12)
    observed, locf = (placebo_arms.decline(arm, estimand, 12) for estimand in ("observed", "locf"))
    assert observed < 0
    assert slope < locf < 0  # who dies or leaves carries an early value forward
    assert placebo_arms.decline(arm, "slope40", 12) == pytest.approx(10 / 12 * slope, abs=0.1)
    assert placebo_arms.capacity_slope(arm, 12) == pytest.approx(2.5 * slope, abs=0.3)


def test_a_constant_patient_fails_the_check(varied):
    alike = {name: people(size, alike=True) for name, size in population_check.sizes(60).items()}
    checked = population_check.score(alike, 60, with_errors=False)  # alike: their figures have none
    assert not checked.passed
    assert {v.target.name for v in checked.verdicts} == {target.name for target in targets.load()}
    spread = [v for v in checked.verdicts if v.target.name == "SD of age at onset"]
    assert spread[0].simulated == pytest.approx(0, abs=1e-6)
    assert not spread[0].inside


def test_a_figure_that_people_do_not_give_is_outside():
    alike = people(120, alike=True)
    columns = population_readings.record(alike.on(0.0))
    value = population_check._quietly(lambda c: population_readings.age_hazard(c), columns)
    target = next(t for t in targets.load() if t.reading == "age_hazard")
    assert not target.holds(value, 0.1)


def test_rules_that_cannot_be_are_named_with_their_line():
    words = (
        "trial title source cohort genotype riluzole_percent months withdrawal_percent_per_month category mark note "
    )
    words += "japan_grade_max"
    row = dict.fromkeys([*words.split(), *entry_rules._LIMITS], "")
    row |= {"trial": "a", "title": "A", "source": "x", "cohort": "nowhere", "months": "6", "age_min_years": "200"}
    where = targets.Where.of("entry_rules.csv", 7)
    rules, problems = entry_rules.read_row(row, where, real_world())
    assert rules is None
    assert {p.code for p in problems} >= {"impossible-value"}
    assert {str(p.where) for p in problems} == {"entry_rules.csv:7"}
    assert len(problems) == 2
