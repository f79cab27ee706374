"""Small models on which a number was once wrong, missing or refused: ``engine/cases.csv`` has the right values.

Each stands for a kind; the files are read by the SBML reader and run by the engine.
"""

import csv
from pathlib import Path

import numpy as np
import pytest

from charcot.engine import simulate
from charcot.interfaces.exchange.sbml import read_sbml
from charcot.interfaces.exchange.sbml.importing import with_readouts

FOLDER = Path(__file__).parent / "engine"
CASES = list(csv.DictReader((FOLDER / "cases.csv").open()))


def numbers(text: str) -> np.ndarray:
    return np.array([float(word) for word in text.split()])


@pytest.mark.parametrize("case", CASES, ids=[f"{case['file']}-{case['column']}" for case in CASES])
@pytest.mark.filterwarnings("ignore:Compiling")
def test_the_value_is_the_right_one(case):
    model = read_sbml(FOLDER / case["file"])
    program = with_readouts(model.program, [case["column"]])
    times = numbers(case["times"])
    result = simulate(program, program.parameter_table(1), times, tolerance=float(case["tolerance"]))
    assert result.status_counts() == {"completed": 1}
    np.testing.assert_allclose(
        result[case["column"]][0], numbers(case["right"]), rtol=float(case["relative_distance"]), atol=1e-300
    )
