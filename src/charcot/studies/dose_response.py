"""Graded doses: what less transport, mutant FUS, miR-126 from a vector, or a mouse's transgene leaves of the leg.

A pool that is one switch answers every dose with nothing or everything; one that is a distribution answers in part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from charcot import patients
from charcot.core.units import DAYS_PER_YEAR
from charcot.experiments.arms import RunFailed, Trace, trace
from charcot.experiments.definition import Arm
from charcot.patients import Assumed, Cohort, Courses
from charcot.patients.cohort import START_AGE
from charcot.studies.course_shape import TYPICAL_SEED_AGE, median, program_under

UNITS = "lumbar.pool.motor_units"
YEARS = (5, 10, 20)
DAYS = (400, 730)
TRANSPORT = (1.0, 0.8, 0.7, 0.6, 0.55, 0.5, 0.45, 0.4)
SEEDED_TRANSPORT = (1.0, 0.9, 0.8, 0.7, 0.6)
FUS = (0.0, 0.25, 0.5, 0.6, 0.7, 0.75, 0.85, 1.0)
MIR126 = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
TDP43 = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
SOD1 = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
FUS_SEED_AGE = 45.0
REFERENCE_AGE = 60.0  # years from which an unseeded life is read
LIFELONG_YEARS = 60.0  # horizon after the seed where a treatment may save a life
MOUSE_DAYS = 900.0  # how long SOD1 mice are watched


@dataclass(frozen=True)
class Response:
    """Answers to a dose. ``left[label]``: (doses,) what is left, or a time; NaN where nobody lives to say."""

    title: str
    doses: tuple[float, ...]
    left: dict[str, np.ndarray]


def units_left(courses: Courses, origin_years: float = 0.0) -> dict[str, np.ndarray]:
    """Units of the leg 5, 10 and 20 years after ``origin_years`` on the patients' clock."""
    n = len(courses.onset)
    return {f"{y} y": courses.at(UNITS, np.full(n, (origin_years + y) * DAYS_PER_YEAR)) for y in YEARS}


def transport(under: Assumed, doses: Sequence[float] = TRANSPORT, classes: int = 0) -> Response:
    """Lifelong transport competence without a seed: units 5, 10 and 20 years after the age of 60.

    ``classes`` of neurons in a pool; 0: as shipped.
    """
    life = patients.typical_cohort(["lumbar"], START_AGE, copies=len(doses))
    life.columns["event_draw"][:] = np.inf  # who would die of it is followed all the same
    horizon = REFERENCE_AGE - START_AGE + max(YEARS)
    overrides = {"transport.competence": np.array(doses)}
    courses = _simulate(under, life, overrides, classes, seeded=False, horizon_years=horizon + 1, step_days=91.0)
    left = units_left(courses, REFERENCE_AGE - START_AGE)
    return Response("transport competence, no seed, after the age of 60", tuple(doses), left)


def transport_of_patients(under: Assumed, doses: Sequence[float] = SEEDED_TRANSPORT) -> Response:
    """Lifelong transport competence in a typical patient: poorer transport must not lengthen life."""
    people = patients.typical_cohort(["lumbar"], TYPICAL_SEED_AGE, copies=len(doses))
    courses = _simulate(under, people, {"transport.competence": np.array(doses)}, horizon_years=LIFELONG_YEARS)
    left = {**units_left(courses), **_death(courses)}
    return Response("transport competence, after the seed", tuple(doses), left)


def fus(under: Assumed, doses: Sequence[float] = FUS) -> Response:
    """Dose of mutant FUS in a typical carrier: units after the seed, and years from seed to death."""
    carriers = patients.typical_cohort(["lumbar"], FUS_SEED_AGE, "FUS", copies=len(doses))
    courses = _simulate(under, carriers, {"genotype.fus_mutant": np.array(doses)})
    return Response("FUS dose, after the seed", tuple(doses), {**units_left(courses), **_death(courses)})


def mir126(under: Assumed, doses: Sequence[float] = MIR126) -> Response:
    """miR-126 from a vector all life long in a typical patient."""
    people = patients.typical_cohort(["lumbar"], TYPICAL_SEED_AGE, copies=len(doses))
    overrides = {"mir126.vector_supply": np.array(doses)}
    courses = _simulate(under, people, overrides, horizon_years=LIFELONG_YEARS)
    left = {**units_left(courses), **_death(courses)}
    return Response("miR-126 vector, lifelong, after the seed", tuple(doses), left)


def mir126_cohort(
    under: Assumed, doses: Sequence[float] = MIR126, n: int = 100, seed: int = 5, workers: int = 1
) -> Response:
    """The same in drawn patients: median seed to death and onset to death, years (Kaplan-Meier)."""
    drawn = under.people(patients.draw_cohort(patients.load_population("sporadic"), n, seed))
    every = drawn.take(np.tile(np.arange(n), len(doses)))
    overrides = {"mir126.vector_supply": np.repeat(doses, n)}
    courses = _simulate(under, every, overrides, horizon_years=LIFELONG_YEARS, workers=workers)
    end = np.minimum(courses.death, courses.result.end_time).reshape(len(doses), n) / DAYS_PER_YEAR
    seen = np.isfinite(courses.death).reshape(len(doses), n)
    onset = courses.onset.reshape(len(doses), n) / DAYS_PER_YEAR
    seed_to_death = [median(end[k], seen[k]) for k in range(len(doses))]
    ill = np.isfinite(onset)
    onset_to_death = [median((end - onset)[k][ill[k]], seen[k][ill[k]]) for k in range(len(doses))]
    left = {
        "seed to death, y": np.array(seed_to_death),
        "over untreated": np.array(seed_to_death) / seed_to_death[0],
        "onset to death, y": np.array(onset_to_death),
    }
    return Response(f"miR-126 vector, lifelong, medians of {n} patients", tuple(doses), left)  # fmt: skip


def tdp43(under: Assumed, doses: Sequence[float] = TDP43) -> Response:
    """Transgene of cytoplasmic TDP-43 in mice: units on two days, and the end."""
    traces = [_mouse(under, Arm(system="tdp43-dose", set={"tdp43.transgene": dose}), DAYS[-1] + 1.0) for dose in doses]
    left = {f"{day} d": np.array([t.at(UNITS, day) if t else np.nan for t in traces]) for day in DAYS}
    return Response("mouse, TDP-43 transgene", tuple(doses), {**left, "end, d": _ends(traces)})


def sod1(under: Assumed, doses: Sequence[float] = SOD1) -> Response:
    """SOD1-G93A mice with less of the transgene, by copies and by synthesis from birth.

    The day of the end, and the units of the leg on the day on which the first of ``doses`` ends.
    """
    left = {}
    for label, name in (("by copies", "genotype.sod1_mutant"), ("by synthesis", "sod1.synthesis")):
        arms = [Arm(system="sod1-g93a", multiply={name: dose}) for dose in doses]
        traces = [_mouse(under, arm, MOUSE_DAYS) for arm in arms]
        ends = _ends(traces)
        left[f"{label}, end, d"] = ends
        left[f"{label}, units"] = np.array([t.at(UNITS, ends[0]) if t else np.nan for t in traces])
    return Response("mouse, SOD1 amount", tuple(doses), left)


def _mouse(under: Assumed, arm: Arm, end: float) -> Trace | None:
    whole = arm.model_copy(update={"end": end})
    try:
        return trace(whole, arm.system or "", [UNITS, "lumbar.nmj.innervation"], {}, under)
    except RunFailed:
        return None


def _ends(traces: Sequence[Trace | None]) -> np.ndarray:
    return np.array([t.landmark("end") if t else np.nan for t in traces])


def _simulate(
    under: Assumed, cohort: Cohort, overrides: dict[str, np.ndarray], classes: int = 0, **more: Any
) -> Courses:
    return under.simulate(cohort, readouts=[UNITS], model=program_under(under, classes), overrides=overrides, **more)


def _death(courses: Courses) -> dict[str, np.ndarray]:
    return {"seed to death, y": courses.death / DAYS_PER_YEAR}


def responses(under: Assumed, workers: int = 1) -> list[Response]:
    """Every response of this module."""
    cohorts = mir126_cohort(under, workers=workers)
    return [
        transport(under),
        transport_of_patients(under),
        fus(under),
        mir126(under),
        cohorts,
        tdp43(under),
        sod1(under),
    ]


def _cell(value: float) -> str:
    if np.isnan(value):
        return f"{'.':>8}"
    return f"{value:8.0f}" if value >= 100 else f"{value:8.2f}"


def text(under: Assumed, workers: int = 1) -> str:
    """The responses as tables; a point stands for the dead."""
    lines = []
    for one in responses(under, workers):
        width = max(len(label) for label in one.left)
        lines += [one.title, f"  {'dose':{width}}" + "".join(f"{dose:8g}" for dose in one.doses)]
        for label, values in one.left.items():
            lines.append(f"  {label:{width}}" + "".join(_cell(value) for value in values))
        lines.append("")
    return "\n".join(lines)
