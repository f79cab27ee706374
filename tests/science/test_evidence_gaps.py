"""What to measure next: derivatives that a plain simulation confirms, times the prior's width."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from charcot import evidence, patients
from charcot.core.errors import Problems
from charcot.model.compose import compose
from charcot.studies import gaps
from charcot.studies.gaps import Question, find_gaps

FEW = {"nmj.denervation_constant", "energy.exponent", "onset.seed_amount", "mir126.semaphorin_half",
       "pool.resting_innervation", "glutamate.release", "onset.male_first_step"}  # fmt: skip
QUESTION = Question(n=6, seed=2)


@pytest.fixture(scope="module")
def found():
    """The gaps of a few numbers in a few patients."""
    real = gaps._rows
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gaps, "_rows", lambda q: tuple([r for r in part if _name(r) in FEW] for part in real(q)))
        return find_gaps(QUESTION, workers=2)


def _name(row):
    return row[0] if isinstance(row, tuple) else row.number.name


def row(found, number, endpoint="survival"):
    table = found.table
    return table[(table["number"] == number) & (table["endpoint"] == endpoint)].iloc[0]


def people():
    return patients.draw_cohort(patients.load_population("sporadic"), QUESTION.n, QUESTION.seed)


def lived(courses):
    return np.clip(courses.death - courses.onset, 0, 3652.5).mean() / 30.4375


def test_a_derivative_is_what_plain_overrides_give(found):
    """Double programming, on a number that does not differ between patients."""
    value = patients.definition().number_rows["mir126.semaphorin_half"][0].value
    low, high = (
        lived(patients.simulate(people(), overrides={"mir126.semaphorin_half": value * np.exp(move)}))
        for move in (-QUESTION.step, QUESTION.step)
    )
    assert row(found, "mir126.semaphorin_half")["sensitivity"] == pytest.approx((high - low) / 0.2, abs=0.02)


def test_an_exponent_is_moved_as_if_it_were_compiled_in_anew(found):
    whole = patients.definition()
    low, high = (
        lived(patients.simulate(people(), model=compose(replace(whole, numbers=tuple(
            replace(n, value=n.value * np.exp(move)) if n.name == "energy.exponent" else n for n in whole.numbers
        )))))
        for move in (-QUESTION.step, QUESTION.step)
    )  # fmt: skip
    assert row(found, "energy.exponent")["sensitivity"] == pytest.approx((high - low) / 0.2, abs=0.05)


def test_faster_detachment_shortens_life_and_the_gap_is_sensitivity_times_width(found):
    one = row(found, "nmj.denervation_constant")
    assert one["sensitivity"] < -0.5
    width = evidence.prior(patients.definition().number_rows["nmj.denervation_constant"][0]).log_spread
    assert one["gap"] == pytest.approx(abs(one["sensitivity"]) * width)
    assert one["prior_log_spread"] == width
    assert one["at_lower"] > 0 > one["at_higher"]


def test_a_larger_seed_hastens_onset(found):
    assert row(found, "onset.seed_amount", "onset")["sensitivity"] < 0


def test_a_share_is_not_moved_beyond_one(found):
    """0.97 of endings work: a tenth more would be more than all."""
    one = row(found, "pool.resting_innervation", "innervation")
    assert np.isfinite(one["at_higher"])
    assert one["sensitivity"] > 0


def test_ranks_follow_gaps_and_what_is_not_moved_says_why(found):
    for _, own in found.table.groupby("endpoint"):
        assert list(own["rank"]) == list(range(1, len(own) + 1))
        assert own["gap"].is_monotonic_decreasing
    why = dict(found.not_varied.itertuples(index=False))
    assert why["glutamate.release"].startswith("fixed")
    assert "who falls ill" in why["onset.male_first_step"]
    assert found.failures == {}


def test_every_number_of_the_model_is_moved_or_says_why_not():
    varied, left = gaps._rows(Question())
    whole = patients.definition()
    assert len(varied) + len(left) == len(whole.numbers)
    assert len(varied) > 180
    assert all(reason for _, reason in left)


def test_everything_wrong_with_a_question_comes_at_once():
    with pytest.raises(Problems) as caught:
        find_gaps(Question(population="sporadik", endpoint="survivl", n=1, step=3.0))
    assert {p.code for p in caught.value.problems} == {
        "unknown-population", "unknown-endpoint", "bad-size", "bad-step",
    }  # fmt: skip
    assert "Did you mean survival" in str(caught.value)
