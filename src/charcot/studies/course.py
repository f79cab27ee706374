"""One typical patient, with and without a treatment started early and late, and what moved along the chain."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from charcot import patients
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from charcot.patients import Courses
from charcot.studies.natural_history import Ablation, NaturalHistory, natural_history
from charcot.treatments import Regimen

__all__ = ["Ablation", "NaturalHistory", "TypicalPatient", "natural_history", "typical_patient"]

UNTREATED = "untreated"
EARLY = "AAV-miR-126, 6 months before onset"
AT_ONSET = "AAV-miR-126, at onset"
LATE = "AAV-miR-126, 12 months after onset"
PRODUCT, DOSE = "aav_mir126", "1.1e14 vg/kg"
STARTS = {EARLY: -6.0, AT_ONSET: 0.0, LATE: 12.0}  # months since the onset of the untreated course
FADING = f"drug.{PRODUCT}.half_life"  # of the vector: why a dose that came early does not act for ever
LASTING = 1e6  # days: a half-life at which a vector loses 2 % in 80 years
CHAIN_MONTHS = 24.0
SEED_AGE = 58.0

# The chain from molecule to survival: (step, read-out); "{r}" is the region in which disease begins.
CHAIN = (
    ("mRNA delivered to the ending", "{r}.axon.mrna_terminal"),
    ("local protein synthesis", "{r}.axon.translation_terminal"),
    ("energy at the ending", "{r}.axon.atp_terminal"),
    ("miR-126 in the ending", "{r}.terminal.mir126"),
    ("TDP-43 in the ending", "{r}.axon.tdp43_terminal"),
    ("TDP-43 condensate", "{r}.axon.condensate_terminal"),
    ("TDP-43 aggregate", "{r}.soma.aggregate"),
    ("nuclear TDP-43", "{r}.soma.tdp43_nuclear"),
    ("reactive oxygen", "{r}.soma.reactive_oxygen"),
    ("toxic microglia", "{r}.microglia.toxic"),
    ("regulatory T cells", "immune.treg"),
    ("muscle innervation", "{r}.nmj.innervation"),
    ("working motor units", "{r}.pool.motor_units"),
    ("living motor neurons", "{r}.pool.neurons"),
    ("serum neurofilament light", "biomarker.nfl_serum"),
    ("vital capacity", "clinic.vital_capacity"),
    ("ALSFRS-R", "clinic.alsfrs_r.total"),
)


@dataclass(frozen=True)
class TypicalPatient:
    """One patient in several arms.

    All months count from the onset of the untreated course, also in a treated course, whose own onset may come later.
    ``arms[label][readout]`` is (months, values) up to the arm's end; ``events[label]`` holds onset, diagnosis,
    treatment_start and death in months (infinite when never). ``chain`` has a row per step. ``products`` are what is
    given. ``lasting`` is the month of death of each treated course if the vector did not fade, ``horizon`` the last
    month that was simulated: the measurement of why an earlier dose need not be the better one.
    """

    region: str
    arms: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]]
    events: dict[str, dict[str, float]]
    chain: pd.DataFrame
    products: tuple[str, ...] = (PRODUCT,)
    half_life_years: float = float("nan")
    lasting: dict[str, float] = field(default_factory=dict)
    horizon: float = float("nan")


def typical_patient(seed: int = 1, region: str = "lumbar", workers: int = 1) -> TypicalPatient:
    """Simulate the typical sporadic patient: every number at its shared value, no drift, median draw for death.

    ``seed`` changes nothing today: this patient is not drawn. Onset of the untreated arm is the zero of every clock.
    The treated arms are simulated a second time with a vector that does not fade.
    """
    readouts = tuple(dict.fromkeys(name.format(r=region) for _, name in CHAIN))
    alone = patients.typical_cohort([region], SEED_AGE)
    natural = patients.simulate(alone, readouts=readouts, workers=workers, model=patients.laboratory())
    onset = float(natural.onset[0])
    cohort = patients.typical_cohort([region], SEED_AGE, copies=len(STARTS))
    regimens = [
        [Regimen.parse(product=PRODUCT, dose=DOSE, start=f"{month} months", schedule="once")]
        for month in STARTS.values()
    ]
    treated, lasting = (
        patients.simulate(
            cohort, regimens, np.full(len(STARTS), onset), readouts=readouts, workers=workers,
            model=patients.laboratory(treated=True), overrides=overrides,
        )
        for overrides in ({}, {FADING: LASTING})
    )  # fmt: skip
    arms = {UNTREATED: _arm(natural, 0, onset)}
    events = {UNTREATED: _clock(natural, 0, onset, np.inf)}
    for row, (label, month) in enumerate(STARTS.items()):
        arms[label] = _arm(treated, row, onset)
        events[label] = _clock(treated, row, onset, month)
    deaths = (lasting.death - onset) / DAYS_PER_MONTH
    return TypicalPatient(
        region,
        arms,
        events,
        _chain(arms, region),
        half_life_years=_value_of(FADING) / DAYS_PER_YEAR,
        lasting={label: float(month) for label, month in zip(STARTS, deaths, strict=True)},
        horizon=float((np.max(lasting.result.end_time) - onset) / DAYS_PER_MONTH),
    )


def _value_of(number: str) -> float:
    return next(float(n.value) for n in patients.definition((PRODUCT,)).numbers if n.name == number)


def _arm(courses: Courses, row: int, onset: float) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    out = {}
    months = (courses.result.times[row] - onset) / DAYS_PER_MONTH
    for name in courses.result.readout_names:
        values = courses.result[name][row]
        known = np.isfinite(values)
        out[name] = (months[known], values[known])
    return out


def _clock(courses: Courses, row: int, onset: float, start: float) -> dict[str, float]:
    def months(day: float) -> float:
        return float((day - onset) / DAYS_PER_MONTH)

    return {
        "onset": months(courses.onset[row]),
        "diagnosis": months(courses.diagnosis[row]),
        "treatment_start": start,
        "death": months(courses.death[row]),
    }


def _value(arm: dict[str, tuple[np.ndarray, np.ndarray]], name: str, month: float) -> float:
    months, values = arm[name]
    return float(np.interp(month, months, values, right=np.nan))  # nobody has a value after death


def _chain(arms: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]], region: str) -> pd.DataFrame:
    ports = {port.name: port for port in patients.definition((PRODUCT,)).ports}
    untreated = arms[UNTREATED]
    first = untreated["clinic.alsfrs_r.total"][0][0]
    rows = []
    for step, template in CHAIN:
        name = template.format(r=region)
        unit = ports[name.removeprefix(f"{region}.")].unit
        rows.append(
            (
                region,
                step,
                name,
                unit,
                _value(untreated, name, first),
                _value(untreated, name, 0.0),
                _value(untreated, name, CHAIN_MONTHS),
                _value(arms[EARLY], name, CHAIN_MONTHS),
                _value(arms[AT_ONSET], name, CHAIN_MONTHS),
                _value(arms[LATE], name, CHAIN_MONTHS),
            )
        )
    columns = [
        "region", "step", "readout", "unit", "healthy", "before", "untreated", "treated", "treated_at_onset",
        "treated_late",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
