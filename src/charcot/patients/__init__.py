"""Row 4: cohorts with declared distributions, and ``simulate``: cohort + regimens -> courses."""

from charcot.patients.assemble import definition, laboratory, model_problems, program
from charcot.patients.assumptions import Assumed, assume
from charcot.patients.cohort import (
    Cohort,
    Population,
    draw_cohort,
    load_population,
    population_names,
    typical_cohort,
)
from charcot.patients.courses import Courses, simulate
from charcot.patients.eligibility import not_eligible
from charcot.patients.explanation import Explanation, explain
from charcot.patients.persons import Lives, Traits, Treatment, at_age, live, without_end
from charcot.patients.population_job import Arm, PopulationJob
from charcot.patients.population_summary import summarise

__all__ = [
    "Arm",
    "Assumed",
    "Cohort",
    "Courses",
    "Explanation",
    "Lives",
    "Population",
    "PopulationJob",
    "Traits",
    "Treatment",
    "assume",
    "at_age",
    "definition",
    "draw_cohort",
    "explain",
    "laboratory",
    "live",
    "load_population",
    "model_problems",
    "not_eligible",
    "population_names",
    "program",
    "simulate",
    "summarise",
    "typical_cohort",
    "without_end",
]
