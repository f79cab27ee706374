"""Patients of whom each has every number of the model at a draw from its prior: what the evidence leaves open."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from charcot import disease, evidence
from charcot.core.random import uniforms
from charcot.core.result import Status
from charcot.model.definition import number_symbols
from charcot.patients.assemble import definition, program
from charcot.patients.cohort import DRAWN, Cohort, Population, draw_cohort
from charcot.patients.courses import simulate

SLACK = 1e-5  # of a state's scale: the solver's error may leave it this far below its bound
FAILED = tuple(status.name.lower() for status in Status if status.failed)


def uncertain(cohort: Cohort, seed: int, width: float = 1.0) -> Cohort:
    """The cohort with each number at a draw from its prior, each patient at one of their own.

    ``width`` multiplies the widths (SD of the natural logarithm) of all priors.
    """
    deviations = dict(cohort.deviations)
    for full, number in number_symbols(definition()).items():
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


@dataclass(frozen=True)
class Drawn:
    """How simulations of :func:`draws_of_all_genotypes` ended: (patients,) genotype and way of ending, and the state
    furthest below its bound, in units of its scale (0 where none is), with its name."""

    genotype: np.ndarray
    status: np.ndarray
    below: np.ndarray
    state: np.ndarray

    @property
    def failed(self) -> np.ndarray:
        """(patients,) bool: the simulation says that it failed."""
        return np.isin(self.status, FAILED)

    @property
    def silent(self) -> np.ndarray:
        """(patients,) bool: it says that it ended well, but a state is below its bound, or is no number."""
        return ~self.failed & ~(self.below > -SLACK)


def draws_of_all_genotypes(patients: int, seed: int = 5, width: float = 1.0) -> Drawn:
    """Simulate ``patients`` in all, of every genotype alike, each with every number drawn from its prior."""
    genotypes = tuple(disease.genotypes())
    everyone = Population("all", "all", "", dict.fromkeys(genotypes, 1 / len(genotypes)))
    people = uncertain(draw_cohort(everyone, patients, seed), seed + 6, width)
    result = simulate(people, tolerance=1e-3).result
    states = program().states
    bounded = [i for i, state in enumerate(states) if state.lower == 0]
    scaled = (result.final_states / np.array([state.scale for state in states]))[:, bounded]
    lowest = np.argmin(scaled, axis=1)  # the first that is no number, where one is
    return Drawn(
        genotype=np.array(people.columns["genotype"]),
        status=np.array([Status(code).name.lower() for code in result.status]),
        below=np.minimum(scaled[np.arange(len(lowest)), lowest], 0.0),
        state=np.array([states[bounded[i]].name for i in lowest]),
    )
