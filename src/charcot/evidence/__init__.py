"""Evidence: sources, grades and contradictions, read from CSV files and checked as a whole."""

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

__all__ = [
    "Contradiction",
    "Grade",
    "Source",
    "check_citations",
    "contradictions",
    "grades",
    "sources",
    "unused",
]
