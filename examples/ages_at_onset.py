"""Ages at onset by genotype: the law of the steps, the silent years that the model adds, and what a register would see.

python examples/ages_at_onset.py [patients of each genotype]
"""

import sys

import numpy as np

from charcot import disease, patients
from charcot.core.incidence import power_of_age
from charcot.core.units import DAYS_PER_YEAR
from charcot.patients.cohort import onset_process

n = int(sys.argv[1]) if len(sys.argv) > 1 else 500
low, high = 40.0, 70.0
process = onset_process()


def slope(ages: np.ndarray, weights: np.ndarray) -> float:
    """The slope of incidence between the two ages."""
    return power_of_age(ages, low, high, np.ones_like, weights)


print(
    "genotype    slope at seed, at onset (SE)   seed   silent, median   onset, mean (SD)   men   fall ill   in life, %"
)
for name, genotype in disease.genotypes().items():
    cohort = patients.draw_cohort(patients.Population(name, name, "", {name: 1.0}), n, 5)
    courses = patients.simulate(cohort, workers=2, tolerance=1e-3)
    ill = np.isfinite(courses.onset)
    seeded, men = cohort.columns["seed_age_years"][ill], cohort.columns["sex"] == "M"
    onset = seeded + courses.onset[ill] / DAYS_PER_YEAR
    weights = 1 / process.weight(seeded)
    again = np.random.default_rng(1).integers(0, len(onset), (100, len(onset)))
    error = np.nanstd([slope(onset[rows], weights[rows]) for rows in again])
    risk = 50 * sum(disease.lifetime_risk(genotype, process, male) for male in (True, False))
    print(
        f"{name:10s} {slope(seeded, weights):14.2f} {slope(onset, weights):10.2f} ({error:.2f}) {seeded.mean():8.1f}"
        f" {np.median(onset - seeded):12.1f} {onset.mean():16.1f} ({onset.std():.1f}) {men.mean():10.2f}"
        f" {ill.mean():8.2f} {risk:12.3g}"
    )
