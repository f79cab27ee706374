"""Look-alike cohorts: made without Charcot, the same for one seed, and with the moments that they say they have."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm
from test_own_cohort_fit import lines

from charcot.fitting.own_cohort import posterior
from charcot.fitting.own_cohort.reading import read_cohort

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "lookalikes"
sys.path.insert(0, str(ROOT / "benchmarks"))

import lookalikes  # noqa: E402
import own_patients  # noqa: E402

GENERATORS = ("intercept_and_slope", "speed_and_pathway")


def made(name: str, folder: Path, patients: int, seed: int = 5) -> dict[str, list[dict[str, str]]]:
    """The tables of a generator, run in a Python in which nothing of Charcot can be imported."""
    code = "import sys, runpy; sys.modules['charcot'] = None; path, *sys.argv[1:] = sys.argv[1:]; "
    code += "sys.path.insert(0, path.rpartition('/')[0]); runpy.run_path(path, run_name='__main__')"
    words = [str(FOLDER / f"{name}.py"), "--patients", str(patients), "--seed", str(seed), "--out", str(folder)]
    subprocess.run([sys.executable, "-c", code, *words], check=True, capture_output=True)
    return {path.stem: list(csv.DictReader(path.open(encoding="utf-8"))) for path in folder.glob("*.csv")}


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_needs_nothing_of_charcot_and_repeats_itself(name, tmp_path):
    assert not re.search(r"^\s*(?:import|from)\s+charcot", (FOLDER / f"{name}.py").read_text(encoding="utf-8"), re.M)
    assert made(name, tmp_path / "a", 20) == made(name, tmp_path / "b", 20) != made(name, tmp_path / "c", 20, seed=6)
    found = read_cohort([tmp_path / "a" / "visits.csv", tmp_path / "a" / "people.csv"])
    assert found.problems == []
    assert len(found.subjects) == 20


def test_slopes_and_events_have_the_published_moments(tmp_path):
    tables = made("intercept_and_slope", tmp_path, 1500)
    slope, event = (np.array([float(row[key]) for row in tables["truth"]]) for key in ("slope", "event_months"))
    assert slope.mean() == pytest.approx(1.03, abs=0.06)
    assert slope.std() == pytest.approx(0.66, abs=0.04)
    assert (event > 12).mean() == pytest.approx(0.80, abs=0.03)
    late = {row["subject"] for row in tables["later"] if row["days"] == "365"}
    assert late == {row["subject"] for row in tables["truth"] if float(row["event_months"]) > 12}


def test_speeds_and_pathways_have_the_published_shares(tmp_path):
    tables = made("speed_and_pathway", tmp_path, 400)
    site = [row["site"] for row in tables["people"]]
    assert site.count("bulbar") / len(site) == pytest.approx(0.27, abs=0.08)
    assert set(site) == {"bulbar", "cervical", "lumbar", "thoracic"}
    items = [int(value) for row in tables["visits"] for name, value in row.items() if name not in ("subject", "days")
             and name != "total"]  # fmt: skip
    assert set(items) <= {0, 1, 2, 3, 4}
    assert all(int(row["total"]) == sum(int(v) for k, v in row.items() if k not in ("subject", "days", "total"))
               for row in tables["later"])  # fmt: skip


def test_the_scorers_read_a_cohort_as_its_user_does(tmp_path):
    """Both benchmarks at small size, on virtual patients whose truth is straight lines."""
    virtual = lines(150)
    cohort, future, events = lookalikes.cohort_of(
        lookalikes.GENERATORS["intercept and slope"], 12, 7, tmp_path / "cohort"
    )
    truth = lookalikes.recorded(cohort, future)
    assert truth.shape == (12, 3)
    for k, subject in enumerate(cohort.subjects):  # recorded as long as the subject lives, and no longer
        assert np.isfinite(truth[k]).tolist() == [events[subject.name] > month for month in lookalikes.AHEAD]
    told = lookalikes.score("intercept and slope", 12, 7, virtual, tmp_path / "score", 1)
    assert {row["rival"].split()[0] for row in told["rivals"]} == {"own", "D50", "onset-anchored", "mixed"}
    assert 0 < told["coverage_90"] <= 1
    subjects, later = own_patients.recorded(lines(60, 9), 3)
    placed = own_patients.ranks(posterior.fit(subjects[:8], virtual), later[:8], 3)
    assert (np.isfinite(placed) == np.isfinite(later[:8])).all()
    assert ((placed[np.isfinite(placed)] >= 0) & (placed[np.isfinite(placed)] <= 1)).all()


def test_the_score_of_draws_is_that_of_the_normal_distribution():
    """Gneiting and Raftery 2007, equation 21, against their closed form for a normal (equation 5)."""
    draws = 3 + 2 * norm.ppf((np.arange(4000) + 0.5) / 4000)
    z = (4.5 - 3) / 2
    exact = 2 * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    assert lookalikes.sample_crps(draws, 4.5) == pytest.approx(exact, abs=0.01)
