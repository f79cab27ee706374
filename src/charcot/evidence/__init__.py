"""Evidence: sources, grades, priors and contradictions, read from CSV files and checked as a whole."""

from charcot.evidence.alternatives import SIDES, Alternative, alternatives, check_alternatives
from charcot.evidence.library import (
    Contradiction,
    Grade,
    Source,
    check_citations,
    contradictions,
    grades,
    sources,
    unused,
)
from charcot.evidence.priors import Prior, check_narrow, independent, prior, shared

__all__ = [
    "SIDES",
    "Alternative",
    "Contradiction",
    "Grade",
    "Prior",
    "Source",
    "alternatives",
    "check_alternatives",
    "check_citations",
    "check_narrow",
    "contradictions",
    "grades",
    "independent",
    "prior",
    "shared",
    "sources",
    "unused",
]
