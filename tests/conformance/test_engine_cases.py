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
# what is still wrong; a case that passes leaves this list
OPEN = {"sum_of_500_terms.xml"}


def numbers(text: str) -> np.ndarray:
    return np.array([float(word) for word in text.split()])


def named(case: dict[str, str]) -> object:
    marks = [pytest.mark.xfail(reason="not yet")] if case["file"] in OPEN else []
    return pytest.param(case, id=f"{case['file']}-{case['column']}", marks=marks)


@pytest.mark.parametrize("case", [named(case) for case in CASES])
def test_the_value_is_the_right_one(case):
    model = read_sbml(FOLDER / case["file"])
    program = with_readouts(model.program, [case["column"]])
    times = numbers(case["times"])
    result = simulate(program, program.parameter_table(1), times, tolerance=float(case["tolerance"]))
    assert result.status_counts() == {"completed": 1}
    np.testing.assert_allclose(
        result[case["column"]][0], numbers(case["right"]), rtol=float(case["relative_distance"]), atol=1e-300
    )
