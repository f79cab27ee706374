"""Row 3: what a clinic sees of a trajectory: ALSFRS-R items, vital capacity, biomarkers, stages, clocks, death."""

from charcot.clinic.definition import ClinicContent, content

__all__ = ["ClinicContent", "content"]
