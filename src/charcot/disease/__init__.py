"""Row 3: the ALS content: mechanisms, ports, numbers, regions, genotypes, exposures."""

from charcot.disease.definition import REGIONS, content_problems, definition
from charcot.disease.genotypes import Effect, Exposure, Genotype, Mortality, exposures, genotypes, seed_age_quantile

__all__ = [
    "REGIONS",
    "Effect",
    "Exposure",
    "Genotype",
    "Mortality",
    "content_problems",
    "definition",
    "exposures",
    "genotypes",
    "seed_age_quantile",
]
