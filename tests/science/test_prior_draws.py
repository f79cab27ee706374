"""Every number drawn from its prior, at the width of the evidence and at twice it: nobody fails, no state is negative.

Before shares were held together, 9 of 360 such patients failed at the width of the evidence and 19 ended with pools of
neurons below zero without a word.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from charcot import disease, evidence, patients
from charcot.core.random import uniforms
from charcot.model.definition import number_symbols
from charcot.patients.cohort import DRAWN, Population

EACH = 10  # patients of each genotype


def uncertain(cohort: patients.Cohort, seed: int, width: float) -> patients.Cohort:
    """The cohort with each number at a draw from its prior, each patient at one of their own."""
    deviations = dict(cohort.deviations)
    for full, number in number_symbols(patients.definition()).items():
        belief = evidence.prior(number)
        if not belief.log_spread:
            continue
        wide = replace(belief, log_spread=width * belief.log_spread)
        draws = uniforms(seed, cohort.columns["id"], f"prior {number.name} [{number.index}]")
        moved = np.log(wide.quantile(draws) / number.value)
        if number.name in DRAWN:
            cohort = DRAWN[number.name](replace(cohort, deviations=deviations), np.exp(moved))
            deviations = dict(cohort.deviations)
        else:
            deviations[full] = deviations.get(full, 0.0) + moved
    return replace(cohort, deviations=deviations)


@pytest.mark.parametrize("width", [1.0, 2.0])
def test_draws_from_the_priors_neither_fail_nor_go_below_zero(width):
    genotypes = tuple(disease.genotypes())
    everyone = Population("all", "all", "", dict.fromkeys(genotypes, 1 / len(genotypes)))
    drawn = patients.draw_cohort(everyone, EACH * len(genotypes), 5)
    courses = patients.simulate(uncertain(drawn, 11, width), tolerance=1e-3)
    assert courses.result.status_counts().keys() <= {"completed", "stopped"}
    states = patients.program().states
    scaled = courses.result.final_states / np.array([state.scale for state in states])
    bounded = [state.lower == 0 for state in states]
    assert scaled[:, bounded].min() > -1e-5
