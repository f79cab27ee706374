"""Each case of the public SBML Test Suite at hand is passed, or refused by name; none gives a wrong number.

All cases of the folder that the environment names (CHARCOT_SBML_CASES) are run. Where it names none, every twelfth of
those that lie beside the project is: compiling some nine hundred models takes minutes.
"""

import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from sbml_cases import FAILED, FOLDER, PASSED, REFUSED, WRONG, Case, compare, folder, read_case, run_case

LEAST_SHARE = 0.93  # of all cases; of a sample less two standard errors
WORKERS = 2
EVERY = 12  # where no folder is named


def summary(outcomes):
    """``N cases, P passed, R refused (by reason), W wrong, F failed``, then the detail of the last two."""
    counts = Counter(outcome.verdict for outcome in outcomes)
    reasons = Counter(" and ".join(outcome.reasons) for outcome in outcomes if outcome.verdict == REFUSED)
    why = ", ".join(f"{name} {count}" for name, count in reasons.most_common())
    share = 100 * counts[PASSED] / len(outcomes)
    lines = [
        f"{len(outcomes)} cases, {counts[PASSED]} passed ({share:.1f} %), {counts[REFUSED]} refused ({why}), "
        f"{counts[WRONG]} wrong, {counts[FAILED]} failed"
    ]
    lines += [f"  {o.number} {o.verdict}: {o.detail}" for o in outcomes if o.verdict in {WRONG, FAILED}]
    return "\n".join(lines)


def test_cases_of_the_suite_are_passed_or_refused_by_name(capsys):
    if not folder().is_dir():
        pytest.skip(f"no cases of the SBML Test Suite in {folder()}; name their folder in CHARCOT_SBML_CASES.")
    every = 1 if FOLDER in os.environ else EVERY
    places = sorted(place for place in folder().iterdir() if place.is_dir())[::every]
    with ProcessPoolExecutor(WORKERS) as pool:
        outcomes = list(pool.map(run_case, places, chunksize=8))
    text = summary(outcomes)
    with capsys.disabled():
        print(f"\nSBML Test Suite: {text}")
    counts = Counter(outcome.verdict for outcome in outcomes)
    assert counts[WRONG] == counts[FAILED] == 0, text
    assert counts[PASSED] + counts[REFUSED] == len(outcomes), text
    chance = 2 * (LEAST_SHARE * (1 - LEAST_SHARE) * len(outcomes)) ** 0.5 if every > 1 else 0
    assert counts[PASSED] >= LEAST_SHARE * len(outcomes) - chance, text


def case(expected):
    return Case("0", folder(), frozenset(), frozenset(), 0.1, 0.01, ("a", "b"), np.array([0.0, 1.0]), expected)


def test_a_case_passes_within_its_tolerance_and_not_beyond():
    expected = np.array([[0.0, 10.0], [np.nan, np.inf]])
    assert compare(case(expected), expected + np.array([[0.1, 0.199], [0.0, 0.0]])).verdict == PASSED
    for row, column, value in ((0, 0, 0.1001), (0, 1, 10.201), (1, 0, 0.0), (1, 1, 1e300), (1, 1, -np.inf)):
        found = expected.copy()
        found[row, column] = value
        outcome = compare(case(expected), found)
        assert outcome.verdict == WRONG
        assert f"at {row}" in outcome.detail


def test_the_settings_of_a_case_are_read(tmp_path):
    place = tmp_path / "00007"
    place.mkdir()
    (place / "00007-sbml-l3v2.xml").write_text("<sbml/>")
    (place / "00007-results.csv").write_text("time,S1,S2\n0,1,2\n0.5,3,INF\n")
    settings = "start: 0\nduration: 0.5\nsteps: 1\nvariables: S1, S2\nabsolute: 1e-3\nrelative: 0.01\n"
    (place / "00007-settings.txt").write_text(settings + "amount: S1\nconcentration: S2\n")
    found = read_case(place)
    assert (found.columns, found.amounts, found.concentrations) == (("S1", "S2"), {"S1"}, {"S2"})
    assert (found.absolute, found.relative) == (1e-3, 0.01)
    np.testing.assert_array_equal(found.times, [0.0, 0.5])
    np.testing.assert_array_equal(found.expected, [[1.0, 2.0], [3.0, np.inf]])
