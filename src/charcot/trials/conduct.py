"""One replicate of a trial, from the first person screened to the last visit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from charcot.clinic.stages import involved_regions, kings_stage, mitos_stage
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from charcot.trials.design_checks import STRATUM_QUANTITIES
from charcot.trials.enrolment import Enrolled, Recruiter, counts, person_addresses
from charcot.trials.followup import FollowUp, follow
from charcot.trials.pool import CourseRows, Failure, Latent, Pool, SharedPool, latent_at, reasons
from charcot.trials.protocol import Arm, Protocol, Stratum
from charcot.trials.randomisation import minimise, randomise
from charcot.trials.world import Courses


@dataclass(frozen=True)
class Conducted:
    """What one replicate produced.

    Attributes:
        subjects: one row per randomised patient, in the order of enrolment.
        followup: their visits, in the same order.
        flow: CONSORT counts.
        failures: simulations that failed, before or after randomisation.
        latent: their true values at the visits, also at those that did not take place; NaN after death.
    """

    replicate: int
    subjects: pd.DataFrame
    followup: FollowUp
    flow: dict[str, Any]
    failures: list[Failure]
    latent: Latent


@dataclass(frozen=True)
class Randomised:
    """The patients of one replicate with their arms, (patients,) in order of enrolment, before treatment."""

    replicate: int
    enrolled: list[Enrolled]
    subjects: pd.DataFrame
    arms: np.ndarray

    def arm_of(self, position: int) -> np.ndarray:
        """The arms of the people of one enrolled batch."""
        first = sum(len(entry.people) for entry in self.enrolled[:position])
        return self.arms[first : first + len(self.enrolled[position].people)]


BETWEEN_FACTORS = ", "  # of a stratum's name
# Courses of the people of one batch who are in one arm, by (position of the batch, arm), in the batch's order.
ArmCourses = Callable[[int, int], Courses]


def enrol(protocol: Protocol, pool: Pool, recruiter: Recruiter, replicate: int) -> Randomised:
    """Screen and randomise the patients of one replicate."""
    enrolled = recruiter.fill(pool, replicate)
    subjects = pd.concat([subjects_of(entry) for entry in enrolled], ignore_index=True)
    subjects["stratum"] = strata_of(protocol, subjects)
    sizes = [arm.n for arm in protocol.arms]
    arms = allocate(protocol, list(subjects["stratum"]), sizes, f"replicate {replicate}")
    subjects["arm_number"] = arms
    subjects["arm"] = [protocol.arms[arm].id for arm in arms]
    return Randomised(replicate, enrolled, subjects, arms)


def allocate(protocol: Protocol, strata: list[str], sizes: Sequence[int], address: str) -> np.ndarray:
    """The arm of each patient, (patients,), by the protocol's method; ``strata`` as of :func:`strata_of`."""
    asked, seed = protocol.randomisation, protocol.simulate.seed
    if asked.method == "minimisation":
        return minimise(
            [stratum.split(BETWEEN_FACTORS) for stratum in strata], list(sizes), seed, address, asked.follows / 100
        )
    return randomise(strata, list(sizes), seed, address)


def treated_by(pool: Pool, randomised: Randomised) -> ArmCourses:
    """Courses in an arm, simulated when they are asked for."""

    def courses(position: int, arm: int) -> Courses:
        entry = randomised.enrolled[position]
        people = entry.people[randomised.arm_of(position) == arm]
        return pool.in_arm(entry.screened.batch, people, arm, entry.screened.clocks.randomisation[people])

    return courses


def treated_together(protocol: Protocol, pool: SharedPool, trials: list[Randomised]) -> list[ArmCourses]:
    """Courses in each arm of several replicates of one shared pool, simulated in one call for each arm."""
    out: list[dict[tuple[int, int], Courses]] = [{} for _ in trials]
    for arm, design in enumerate(protocol.arms):
        if not design.treatments:
            continue
        places, numbers, starts = [], [], []
        for trial, randomised in enumerate(trials):
            for position, entry in enumerate(randomised.enrolled):
                people = entry.people[randomised.arm_of(position) == arm]
                places.append((trial, position, len(people)))
                numbers.append(entry.screened.batch.numbers[people])
                starts.append(entry.screened.clocks.randomisation[people])
        courses = pool.in_arm(pool.everyone, np.concatenate(numbers), arm, np.concatenate(starts))
        first = 0
        for trial, position, count in places:
            out[trial][position, arm] = CourseRows(courses, np.arange(first, first + count))
            first += count
    return [lambda position, arm, mine=mine: mine[position, arm] for mine in out]  # type: ignore[misc]


def conduct(protocol: Protocol, randomised: Randomised, treated: ArmCourses) -> Conducted:
    """Treat and follow the randomised patients of one replicate."""
    replicate, enrolled, arms = randomised.replicate, randomised.enrolled, randomised.arms
    subjects = randomised.subjects.copy()
    latent, failures = _latent(protocol, randomised, treated)
    subjects["failed"] = latent.failed
    addresses = person_addresses(replicate, subjects["number"].to_numpy())
    death = latent.death - subjects["randomisation"].to_numpy()
    screened = np.concatenate([entry.screened.visit.items[entry.course_rows] for entry in enrolled])
    followup = follow(protocol, latent, death, arms, addresses, screened)
    subjects = _with_baseline(subjects, followup)
    failures = [failure for entry in enrolled for failure in _considered(entry)] + failures
    return Conducted(replicate, subjects, followup, _flow(protocol, enrolled, subjects, followup), failures, latent)


def _considered(entry: Enrolled) -> list[Failure]:
    """The failures among the people who were screened before the trial was full."""
    upto = set(entry.screened.batch.numbers[: entry.considered].tolist())
    return [failure for failure in entry.screened.failures if failure.patient in upto]


def subjects_of(entry: Enrolled) -> pd.DataFrame:
    """Who was enrolled from one batch: days on the patient's clock, scores in points, vital capacity in % predicted.

    What has no other name is of the visit of randomisation, the trial's baseline; what screening recorded says so.
    """
    screened, people, rows = entry.screened, entry.people, entry.course_rows
    columns = screened.batch.cohort.columns
    clocks, visit = screened.clocks.take(people), screened.visit.take(rows)
    taken = [screened.batch.background[row] for row in people]
    return pd.DataFrame(
        {
            "number": screened.batch.numbers[people],
            "sex": np.asarray(columns["sex"])[people],
            "genotype": np.asarray(columns["genotype"])[people],
            "onset_region": np.asarray(columns["onset_region"])[people],
            "screening_age": clocks.age,
            "age": clocks.age + (clocks.randomisation - clocks.screening) / DAYS_PER_YEAR,
            "onset": screened.batch.onset[people],
            "recalled_onset": clocks.recalled_onset,
            "diagnosis": screened.batch.diagnosis[people],
            "screening": clocks.screening,
            "randomisation": clocks.randomisation,
            "background": ["+".join(products) for products in taken],
            "screening_total": visit.total,
            "total_score": visit.baseline_items.sum(axis=1),
            "run_in_decline": visit.decline,
            "involved_regions": involved_regions(visit.baseline_items),
            "screening_vital_capacity": visit.vital_capacity,
            "vital_capacity": visit.baseline_vital_capacity,
        }
    )


def strata_of(protocol: Protocol, subjects: pd.DataFrame) -> list[str]:
    """Each patient's stratum as text, such as ``age<65 years, sex=F``."""
    factors = [_factor(factor, subjects) for factor in protocol.randomisation.stratify]
    return (
        [BETWEEN_FACTORS.join(levels) for levels in zip(*factors, strict=True)] if factors else ["all"] * len(subjects)
    )


def _factor(factor: Stratum, subjects: pd.DataFrame) -> list[str]:
    quantity = STRATUM_QUANTITIES.get(factor.by)
    if quantity is None:
        return [f"{factor.by}={value}" for value in subjects[factor.by]]
    cuts = sorted(quantity.read(cut) for cut in factor.cuts)
    levels = np.searchsorted(cuts, subjects[factor.by].to_numpy(dtype=float), side="right")
    names = [f"{factor.by}<{cuts[0]:g}", *(f"{factor.by}>={cut:g}" for cut in cuts)]
    return [names[level] for level in levels]


def _latent(protocol: Protocol, randomised: Randomised, treated: ArmCourses) -> tuple[Latent, list[Failure]]:
    """True values at the visits. Arms without treatment keep the course that screening has already simulated."""
    parts: list[Latent] = []
    failures: list[Failure] = []
    visits = np.array(protocol.visits)
    for position, entry in enumerate(randomised.enrolled):
        screened, people = entry.screened, entry.people
        mine = randomised.arm_of(position)
        days = screened.clocks.randomisation[screened.rows][:, None] + visits
        part = latent_at(screened.courses, days).take(entry.course_rows)
        for arm, design in enumerate(protocol.arms):
            rows = np.flatnonzero(mine == arm)
            if not design.treatments or not len(rows):
                continue
            start = screened.clocks.randomisation[people[rows]]
            courses = treated(position, arm)
            part.put(rows, in_arm(design, courses, start, visits, part.take(rows)))
            numbers = screened.batch.numbers[people[rows]]
            stage = f"in arm {design.id}"
            pairs = zip(numbers, reasons(courses), strict=True)
            failures += [Failure(randomised.replicate, int(number), stage, text) for number, text in pairs if text]
        parts.append(part)
    return Latent.join(parts), failures


def in_arm(arm: Arm, courses: Courses, start: np.ndarray, days: np.ndarray, untreated: Latent) -> Latent:
    """True values of people in an arm, ``days`` (k,) after their ``start`` (people,); ``untreated``: the same without
    the arm's treatments."""
    seen = latent_at(courses, start[:, None] + days)
    # Until the first dose nobody is another person than in an arm without treatment.
    seen.keep(untreated, days <= min(treatment.start for treatment in arm.treatments))
    return seen


def _with_baseline(subjects: pd.DataFrame, followup: FollowUp) -> pd.DataFrame:
    """Add what the visit of randomisation recorded."""
    items = followup.items[:, 0]
    months = (subjects["randomisation"] - subjects["recalled_onset"]) / DAYS_PER_MONTH
    run_in = (subjects["randomisation"] - subjects["screening"]) / DAYS_PER_MONTH
    return subjects.assign(
        kings=kings_stage(items),
        mitos=mitos_stage(items),
        baseline_nfl=followup.measured["nfl"][:, 0],
        months_since_onset=months,
        months_since_diagnosis=(subjects["randomisation"] - subjects["diagnosis"]) / DAYS_PER_MONTH,
        run_in_slope=np.where(run_in > 0, -subjects["run_in_decline"] / np.where(run_in > 0, run_in, 1.0), np.nan),
    )


def _flow(protocol: Protocol, enrolled: list[Enrolled], subjects: pd.DataFrame, followup: FollowUp) -> dict[str, Any]:
    """The CONSORT counts: screening, then each arm."""
    flow = counts(protocol, enrolled)
    flow["randomised"] = protocol.size
    flow["arms"] = {}
    failed = subjects["failed"].to_numpy()
    completed = ~failed & ~followup.died & ~followup.withdrew
    for arm in protocol.arms:
        mine = (subjects["arm"] == arm.id).to_numpy()
        flow["arms"][arm.id] = {
            "randomised": int(mine.sum()),
            "simulation_failed": int((mine & failed).sum()),
            "died_or_ventilated": int((mine & ~failed & followup.died).sum()),
            "withdrew": int((mine & ~failed & followup.withdrew).sum()),
            "completed": int((mine & completed).sum()),
            "analysed": int((mine & ~failed).sum()),
        }
    return flow
