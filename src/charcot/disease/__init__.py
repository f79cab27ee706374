"""Row 3: the ALS content: mechanisms, ports, numbers, regions, genotypes, exposures."""

from charcot.disease.definition import REGIONS, content_problems, definition
from charcot.disease.genotypes import Effect, Exposure, Genotype, exposures, genotypes
from charcot.disease.onset import Mortality, Process, lifetime_risk, odds_ratio, patients_with, seeded_by

__all__ = [
    "REGIONS",
    "Effect",
    "Exposure",
    "Genotype",
    "Mortality",
    "Process",
    "content_problems",
    "definition",
    "exposures",
    "genotypes",
    "lifetime_risk",
    "odds_ratio",
    "patients_with",
    "seeded_by",
]
