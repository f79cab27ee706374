"""Read-outs and units as a reader calls them."""

from __future__ import annotations

_NAMES = {
    "clinic.alsfrs_r.total": ("ALSFRS-R", "points"),
    "clinic.vital_capacity": ("vital capacity", "% of predicted"),
    "clinic.survival.hazard": ("hazard of death or permanent ventilation", "per day"),
    "biomarker.nfl_serum": ("serum NfL", "pg/mL"),
    "biomarker.nfl_csf": ("CSF NfL", "pg/mL"),
    "biomarker.sod1_csf": ("CSF SOD1", "1 = healthy"),
    "biomarker.mir126_serum": ("serum miR-126", "1 = healthy"),
    "biomarker.mir126_muscle_vesicles": ("miR-126 in vesicles of muscle", "1 = healthy"),
    "nutrition.body_mass": ("body mass index", "kg/m2"),
    "biomarker.creatinine": ("serum creatinine", "1 = healthy"),
}


def readout_name(readout: str) -> str:
    """``clinic.vital_capacity`` is called vital capacity; an unlisted read-out keeps its path, made legible."""
    if readout in _NAMES:
        return _NAMES[readout][0]
    return readout.replace(".", " ").replace("_", " ")


def unit_name(readout: str) -> str:
    return _NAMES[readout][1] if readout in _NAMES else ""


_UNITS = {
    "1": "",
    "dimensionless": "",
    "month": "months",
    "year": "years",
    "point": "points",
    "point/month": "points/month",
    "percent_predicted": "% of predicted",
    "percent_predicted/month": "% of predicted/month",
}


def plain_unit(unit: str) -> str:
    """A unit as a reader writes it; nothing for a pure number."""
    return _UNITS.get(unit, unit)


_SEXES = {"F": "woman", "M": "man"}


def sex_name(sex: str) -> str:
    """``F`` and ``M`` of tables in words."""
    return _SEXES[sex]


def without(mechanism: str) -> str:
    """``spread`` and ``without spread`` both become ``without spread``."""
    return mechanism if mechanism.startswith("without ") else f"without {mechanism}"
