"""A trial's exported tables are enough: a script that imports nothing of Charcot finds the same estimates."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from test_trials_run import protocol
from trials_fake_world import FakeWorld

from charcot.interfaces.runs import write_tables
from charcot.trials import TrialOutcome, run_trial
from charcot.trials.estimands import ESTIMANDS

SCRIPT = Path(__file__).parent / "reanalyse.py"


@pytest.fixture(scope="module")
def outcome() -> TrialOutcome:
    """Every endpoint of one trial of 100 patients, of whom many die and some leave."""
    simulate = {"replicates": 1, "seed": 4}
    asked = protocol(
        endpoints=list(ESTIMANDS), simulate=simulate, published=None, visits="every 10 weeks until 40 weeks"
    )
    return run_trial(asked, world=FakeWorld(death_hazard=0.06))


def test_an_independent_script_finds_the_same_estimates(outcome: TrialOutcome, tmp_path: Path) -> None:
    """Two of the tables are read as Parquet, two as CSV."""
    write_tables(tmp_path / "tables", outcome.tables)
    for name in ("ADSL.csv", "ADTTE.csv", "ADQS.parquet", "ADLB.parquet"):
        (tmp_path / "tables" / name).unlink()
    assert "charcot" not in [line.split()[1].partition(".")[0] for line in imports()]
    words = [sys.executable, "-I", str(SCRIPT), str(tmp_path / "tables"), "active"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    theirs: dict[str, Any] = json.loads(done.stdout)
    ours = outcome.tables["estimates"].query("reference == 'placebo'").set_index("estimand")["estimate"]
    assert set(theirs) == set(ESTIMANDS)
    assert {name: theirs[name] for name in ours.index} == pytest.approx(ours.to_dict(), rel=1e-3, abs=1e-3)


def imports() -> list[str]:
    return [line for line in SCRIPT.read_text(encoding="utf-8").splitlines() if line.startswith(("import ", "from "))]
