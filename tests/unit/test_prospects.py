"""The eligibility clock and the limits of a trial of one person, on patients whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from test_trials_run import protocol

from charcot.trials import prospects

MONTH = 30.4375


def tables() -> dict[str, pd.DataFrame]:
    """Four patients: too long ill after 5 months, an item too low at the second visit, dead, still in the window."""
    names, visits = list("abcd"), (0.0, 56.0, 112.0)
    people = pd.DataFrame(
        {"USUBJID": names, "FASFL": "Y", "ARMCD": "placebo", "AGE": 50.0, "ONSETMON": [13.0, 8, 8, 8], "DIAGMON": 4.0}
    )
    scores = [
        (name, code, day, 1.0 if (name, code, day) == ("b", "ALSFRS03", 56.0) else value)
        for name in names for day in visits for code, value in (("ALSFRS01", 3.0), ("ALSFRS03", 3.0), ("ALSFRSR", 36.0))
    ]  # fmt: skip
    breath = [(name, "SVC", day, 90.0) for name in names for day in visits]
    columns = ["USUBJID", "PARAMCD", "VISITDAY", "AVAL"]
    ends = pd.DataFrame({"USUBJID": names, "AVAL": [168.0, 168, 70, 168], "CNSR": [1, 1, 0, 1]})
    shape = {"ADQS": pd.DataFrame(scores, columns=columns), "ADLB": pd.DataFrame(breath, columns=columns)}
    return {"ADSL": people, "ADTTE": ends, **shape}


def test_each_patient_leaves_the_window_by_the_first_rule_that_is_broken() -> None:
    found = prospects.eligibility_clock(protocol(), tables(), "placebo")
    assert found["months"].tolist() == pytest.approx([5.0, 56 / MONTH, 70 / MONTH, 168 / MONTH], abs=0.01)
    assert found["out"].tolist() == [True, True, True, False]
    assert found["rule"].tolist() == [
        "time from the recalled onset to screening above the maximum of 18 months",
        "lowest ALSFRS-R item below the minimum of 2 points", "died or ventilated", "",
    ]  # fmt: skip


def lines(seed: int, people: int, noise: float, turn: float) -> tuple[np.ndarray, np.ndarray]:
    """Monthly scores over a year, a point lost a month; after half a year each pace changes by ``turn`` (SD)."""
    random, days = np.random.default_rng(seed), MONTH * np.arange(13)
    months = days / MONTH
    turns = turn * random.standard_normal((people, 1)) * np.maximum(months - 6, 0)
    return days, 40 - months + turns + noise * random.standard_normal((people, 13))


def test_one_person_needs_as_long_as_the_errors_of_two_slopes_say() -> None:
    """SD 1.5, a point a month: 0.3 = 2.80 * 1.5 * sqrt(24 / (L (L + 1) (L + 2))) holds at L = 16."""
    alone, own = prospects.single_person(*lines(1, 4000, 1.5, 0.0))
    lengths = np.arange(2, 100)
    errors = 1.5 * np.sqrt(24 / (lengths * (lengths + 1) * (lengths + 2)))
    assert alone == lengths[np.argmax(2.8016 * errors <= 0.3)]
    assert alone == 16
    assert alone <= own <= alone + 1


def test_paces_that_change_by_themselves_hide_a_slowing_for_ever() -> None:
    alone, own = prospects.single_person(*lines(2, 400, 1.0, 0.4))
    assert alone < 20
    assert own == np.inf
    assert np.isnan(prospects.single_person(MONTH * np.arange(3), np.zeros((5, 3)))).all()
