"""The bench for the shape of the course: every quantity has a target, and each number is what its name says."""

from __future__ import annotations

import csv
from types import SimpleNamespace

import numpy as np
import pytest

from charcot import evidence
from charcot.core.errors import Problems
from charcot.core.units import DAYS_PER_MONTH as MONTH
from charcot.core.units import DAYS_PER_YEAR as YEAR
from charcot.patients.courses import DOMAINS
from charcot.patients.readings import SCORE
from charcot.studies import course_shape as shape


@pytest.fixture(scope="module")
def bench() -> shape.Bench:
    return shape.simulate_bench(40, 5)


def test_every_quantity_has_a_target_and_every_target_a_quantity(bench):
    found = shape.quantities(bench)
    assert set(found) == set(shape.targets())
    frame = shape.table(found)
    assert set(frame["verdict"]) <= {"in", "OUT", ""}
    asked = frame[frame["verdict"] != ""]
    assert ((asked["verdict"] == "in") == asked["simulated"].between(asked["lower"], asked["upper"])).all()
    with shape.TARGETS.open(encoding="utf-8") as handle:
        named = {key for row in csv.DictReader(handle) for key in row["source"].split("; ")}
    assert named - {"design"} <= set(evidence.sources())


def test_a_number_is_changed_in_every_region_and_an_unknown_one_is_named(bench):
    under = shape.assumed({"axon.length": 900.0, "tempo.drift_spread": 0.1, "mouse:person.base_tempo": 0.5})
    assert {f"{region}.axon.length" for region in ("bulbar", "lumbar")} <= set(under.overrides)
    assert under.systems == {"mouse": {"person.base_tempo": 0.5}}
    with pytest.raises(Problems, match=r"onset\.first_step_rate is not read.*\n.*\n.*pool\.nothing is no number"):
        shape.assumed({"onset.first_step_rate": 0.5, "pool.nothing": 1.0})
    longer = shape.simulate_bench(40, 5, shape.assumed({"person.base_tempo": 0.3}))
    assert np.median(longer.course.survival) > 1.1 * np.median(bench.course.survival)


def line(onset: np.ndarray, death: np.ndarray, score, domains: dict[str, float] | None = None):  # type: ignore[no-untyped-def]
    """Courses whose score is a function of the months since onset, and whose domains hold still."""
    item = {
        f"clinic.alsfrs_r.{name}": (domains or {}).get(d, 12.0) / 3 for d, names in DOMAINS.items() for name in names
    }

    def at(readout: str, days: np.ndarray) -> np.ndarray:
        since = days - (onset if days.ndim == 1 else onset[:, None])
        value = score(since / MONTH) if readout == SCORE else np.full(days.shape, item[readout])
        return np.where(days <= (death if days.ndim == 1 else death[:, None]), value, np.nan)

    courses = SimpleNamespace(onset=onset, death=death, at=at)
    courses.take = lambda rows: line(onset[rows], death[rows], score, domains)
    return courses


def test_quarters_of_a_parabola_are_one_three_five_seven():
    onset, death = np.array([100.0, 400.0]), np.array([100.0, 400.0]) + 20 * MONTH
    bench = SimpleNamespace(ill=line(onset, death, lambda m: 48 - 0.05 * m**2), last=death)
    means, pooled = shape.quarter_slopes(bench)  # type: ignore[arg-type]
    np.testing.assert_allclose(means, np.array([1, 3, 5, 7]) * 0.25)
    np.testing.assert_allclose(pooled, means)


@pytest.mark.parametrize(
    ("arm", "later", "alive", "expected"), [(3, 4, 5, True), (5, 4, 5, False), (3, 2, 5, False), (3, 4, 2, False)]
)
def test_restricted_is_one_domain_lost_and_the_others_whole(arm, later, alive, expected):
    """Of those alive at three years: the arm is lost, and no other domain is weak before."""
    onset = np.array([50.0])
    courses = line(onset, onset + alive * YEAR, lambda m: 48 - m, {"fine motor": float(arm)})
    courses.domain_onsets = onset[:, None] + np.array([[np.inf, 0.0, np.inf, later * YEAR]])
    assert shape.restricted(courses).tolist() == [expected]  # type: ignore[arg-type]


def test_medians_and_shares_alive_are_kaplan_meier_s():
    time, observed = np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, True, False, True])
    assert shape.median(time, observed) == 2.0
    assert shape.alive_at(time, observed, 0.5) == 1.0
    assert shape.alive_at(time, observed, 2.0) == pytest.approx(0.5)
    assert shape.median(time, np.array([True, False, False, False])) == np.inf
