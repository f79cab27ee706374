"""Contradictions as selectable sides: complete, checked, and taken by the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from charcot import evidence, patients, treatments
from charcot.core.errors import Problems
from charcot.patients import assume, draw_cohort, explain, load_population
from charcot.treatments import Regimen
from charcot.trials.real_world import RealWorld

HEADER = "contradiction,side,action,target,value,unit,source,note\n"


@pytest.fixture(scope="module")
def content():
    whole = patients.definition(tuple(sorted(treatments.products())))
    return {n.name: n.unit for n in whole.numbers}, [m.name for m in whole.mechanisms]


def test_every_side_of_every_contradiction_says_what_it_means_for_the_model(content):
    assert evidence.check_alternatives(*content) == []
    assert set(evidence.alternatives()) == {(k, s) for k in evidence.contradictions() for s in evidence.SIDES}


def test_a_side_cites_a_source_of_its_own_side():
    for (key, side), rows in evidence.alternatives().items():
        one = evidence.contradictions()[key]
        own = one.sources_for if side == "claim" else one.sources_against
        assert {row.source for row in rows} <= set(own), (key, side)


def test_all_that_is_wrong_with_a_table_comes_at_once(content, tmp_path: Path):
    path = tmp_path / "alternatives.csv"
    path.write_text(
        HEADER
        + "nk_rule,claim,absent,,,,garofalo2020,x\n"
        + "nk_role,clam,absent,,,,garofalo2020,x\n"
        + "nk_role,claim,set,pool.death_constent,1,1/day,garofalo2020,x\n"
        + "nk_role,claim,set,pool.death_constant,1,1,garofalo2020,x\n"
        + "nk_role,claim,off,lower.pool,,,garofalo2020,x\n"
        + "nk_role,claim,ships,,,,garofalo2020,\n"
    )
    found = evidence.check_alternatives(*content, path)
    codes = [p.code for p in found if p.code != "no-alternative"]
    assert codes == [
        "unknown-contradiction", "unknown-side", "unknown-number", "wrong-unit", "unknown-mechanism", "no-note",
    ]  # fmt: skip
    assert "Did you mean nk_role" in found[0].hint
    assert found[0].where is not None
    assert found[0].where.line == 2
    assert sum(p.code == "no-alternative" for p in found) >= 2 * (len(evidence.contradictions()) - 1)


def test_a_side_sets_numbers_and_switches_mechanisms():
    found = assume(["death_direction=counter_claim", "mir126_target=claim"])
    assert found.off == {"mir126.mir126_arm_b"}
    assert found.overrides["pool.death_by_burden"] == 1
    assert found.overrides["bulbar.pool.forward_death"] == 1
    assert any("dying forward" in line for line in found.lines)


def test_a_direction_moves_a_number_by_one_width_of_its_prior():
    number = patients.definition().number_rows["axonal_tdp43.half_life"][0]
    up, down = (assume([f"tdp43_half_life={side}"]).overrides["axonal_tdp43.half_life"] for side in evidence.SIDES)
    width = evidence.prior(number).log_spread
    assert np.log(up / number.value) == pytest.approx(width)
    assert np.log(down / number.value) == pytest.approx(-width)


def test_everything_wrong_with_assumptions_comes_at_once():
    with pytest.raises(Problems) as caught:
        assume(["cd8_rule=claim", "il10_sign=claim", "cd8_role=both", "perk_upr=claim", "perk_upr=counter_claim"])
    assert [p.code for p in caught.value.problems] == [
        "unknown-contradiction", "not-selectable", "unknown-side", "both-sides",
    ]  # fmt: skip
    text = str(caught.value)
    assert "Did you mean cd8_role" in text
    assert "interleukin-10" in text


def test_two_assumptions_that_clash_are_named():
    with pytest.raises(Problems, match=r"two assumptions give microglia.removal_rate different values"):
        assume(["microglia_turnover=claim", "microglia_death_rate=claim"])


def test_an_assumption_changes_the_course_and_only_its_own():
    cohort = draw_cohort(load_population("sporadic"), 4, 1)
    shipped = patients.simulate(cohort, horizon_years=12)
    same = assume([]).simulate(cohort, horizon_years=12)
    other = assume(["sprouting_gain=counter_claim"]).simulate(cohort, horizon_years=12)
    # The program of an assumption has switches and products that do nothing: the same up to round-off.
    np.testing.assert_allclose(same.onset, shipped.onset, rtol=1e-9)
    assert (other.onset < shipped.onset).all()  # without sprouting weakness comes earlier


def test_a_number_that_a_person_is_drawn_with_changes_the_cohort():
    cohort = draw_cohort(load_population("sporadic"), 3, 1)
    steady = assume(["preslope_value=claim"]).people(cohort)
    assert (steady.columns["drift_spread"] == 0).all()
    assert (cohort.columns["drift_spread"] > 0).all()


def test_explain_shows_prior_dispute_and_what_is_assumed():
    found = explain("pool.death_rate", assume(["death_direction=counter_claim"]))
    rows = {row.name: row for row in found.numbers}
    assert rows["pool.death_by_burden"].assumed == 1
    assert rows["pool.death_constant"].assumed is None
    assert rows["pool.death_constant"].prior_spread == pytest.approx(0.7)
    assert rows["pool.death_constant"].prior_low < 0.0014 < rows["pool.death_constant"].prior_high
    assert "grade F" in rows["pool.death_constant"].prior_reason
    keys = {dispute.key: dispute for dispute in found.disputes}
    assert "fogarty2024" in keys["death_direction"].sources_against
    assert "death_direction=counter_claim" in keys["death_direction"].selectable
    off = explain("nmj.unit_size", assume(["sprouting_gain=counter_claim"]))
    assert off.switched_off


def test_a_trial_meets_its_people_under_the_assumptions():
    shipped, other = RealWorld(), RealWorld(assume(["sprouting_gain=counter_claim", "preslope_value=claim"]))
    population = load_population("sporadic")
    people, changed = shipped.draw(population, 3, 1, 0), other.draw(population, 3, 1, 0)
    assert (changed.columns["drift_spread"] == 0).all()
    np.testing.assert_array_equal(people.columns["seed_age_years"], changed.columns["seed_age_years"])
    before, after = (world.simulate(people, None, None, (), 1).onset for world in (shipped, other))
    assert (after < before).all()


def test_a_number_of_a_drug_changes_only_where_the_drug_is_given():
    cohort = patients.typical_cohort(["lumbar"], 58.0, copies=2)
    onset = patients.simulate(cohort).onset
    regimens = [[Regimen.parse(product="edaravone_oral")], []]
    shipped = patients.simulate(cohort, regimens, onset, model=patients.laboratory(treated=True))
    without = assume(["edaravone_slope=counter_claim"]).simulate(cohort, regimens, onset)
    assert without.death[0] == pytest.approx(without.death[1], abs=0.5)
    assert shipped.death[0] > shipped.death[1]
    assert without.death[1] == pytest.approx(shipped.death[1], abs=0.5)
