"""Look-alike cohorts: made without Charcot, the same for one seed, and with the moments that they say they have."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from charcot.fitting.own_cohort.reading import read_cohort

FOLDER = Path(__file__).parents[2] / "examples" / "lookalikes"
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
