"""Row 3: what a clinic sees of a trajectory: ALSFRS-R items, vital capacity, biomarkers, stages, clocks, death."""

from charcot.clinic.definition import ClinicContent, content
from charcot.clinic.measurements import MEASUREMENTS, read_measurements
from charcot.clinic.milestones import MILESTONES, read_milestones
from charcot.clinic.prognosis import RISK_GROUPS, read_risk_groups
from charcot.core.errors import Problem

__all__ = ["ClinicContent", "content", "problems"]


def problems() -> list[Problem]:
    """What is wrong with the tables that no mechanism reads: measurements, milestones and risk groups."""
    found: list[Problem] = []
    read_measurements(MEASUREMENTS, found)
    read_milestones(MILESTONES, found)
    read_risk_groups(RISK_GROUPS, found)
    return found
