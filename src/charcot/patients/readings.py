"""What is read off a course: survival, decline, sites, visits as a study records them, and the quantities of cohorts.

Experiments, studies and fits read courses through this one place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from charcot.clinic.measurements import measurements
from charcot.clinic.observation import TOTAL_MAXIMUM, observe_all_items
from charcot.core.estimates import least_squares, median_time, mixed_slopes, share_without
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from charcot.patients.courses import ITEM_READOUTS, Courses

READOUTS = ("clinic.vital_capacity", "biomarker.nfl_serum", "person.age", *(
    f"{region}.pool.motor_units" for region in ("bulbar", "cervical", "thoracic", "lumbar")
))  # fmt: skip
SCORE, DEATH = "clinic.alsfrs_r.total", "clinic.survival.cumulative_hazard"
REGION_OF_DOMAIN = {"bulbar": "bulbar", "fine motor": "cervical", "gross motor": "lumbar", "respiratory": "thoracic"}

SITES = {"bulbar": "bulbar", "upper limb": "cervical", "lower limb": "lumbar"}
# How a figure is computed from patients, in words. A published value of one way and a simulated value of another are
# not judged by each other.
ANALYSES = {
    "kaplan_meier": "median by Kaplan and Meier",
    "share": "share of patients",
    "own_slope": "each patient's slope over recorded visits",
    "mixed_model": "slopes of a mixed model over recorded visits",
    "mean": "mean over patients",
    "median": "median over patients",
    "ratio_of_means": "ratio of two group means",
}
VISIT_MONTHS = np.arange(0.0, 13.0, 3.0)  # of a study, from diagnosis
SPREAD = "Between-patient SD of that decline"
CAPACITY = "Decline of vital capacity in the year after diagnosis"
SLOPES = "Correlation of the slope before diagnosis with the slope after, as measured"


@dataclass(frozen=True)
class Course:
    """What is read off each course of those who fell ill, (patients,) each, in months unless said."""

    survival: np.ndarray
    observed: np.ndarray  # death seen within the horizon
    decline: np.ndarray  # points per month in the year after diagnosis; NaN with under two months of it
    decline_before: np.ndarray
    measured_decline: np.ndarray  # both slopes again as a study has them: see measured_slopes
    measured_before: np.ndarray
    scores: np.ndarray  # (patients, visits) as recorded on VISIT_MONTHS after diagnosis
    capacities: np.ndarray
    second_region: np.ndarray
    delay: np.ndarray
    onset_age: np.ndarray
    units: np.ndarray  # share of motor units that work at diagnosis where disease began
    healthy_units: np.ndarray
    nfl: np.ndarray
    after_diagnosis: np.ndarray  # months from diagnosis to death or the last sight
    site: np.ndarray

    @property
    def units_lost(self) -> np.ndarray:
        """(patients,) share of motor units lost at diagnosis where disease began."""
        return np.asarray(1 - self.units / self.healthy_units)


def read_courses(courses: Courses) -> tuple[Course, np.ndarray]:
    """Summaries of the patients who fall ill, and (patients,) bool: who falls ill at all."""
    ill = np.isfinite(courses.onset) & ~courses.failed
    c = courses.take(np.flatnonzero(ill))
    onset, diagnosis, death = c.onset, c.diagnosis, c.death
    end = np.where(np.isfinite(death), death, c.result.end_time)
    year_on = np.minimum(diagnosis + DAYS_PER_YEAR, end)
    months = (year_on - diagnosis) / DAYS_PER_MONTH
    enough = np.isfinite(diagnosis) & (months > 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        total = [c.at("clinic.alsfrs_r.total", day) for day in (np.zeros(len(onset)), diagnosis, year_on)]
        decline = np.where(enough, (total[1] - total[2]) / months, np.nan)
        before = np.where(enough, (total[0] - total[1]) / ((diagnosis - onset) / DAYS_PER_MONTH), np.nan)
        ordered = np.sort(c.domain_onsets, axis=1)
        second = (ordered[:, 1] - ordered[:, 0]) / DAYS_PER_MONTH
        delay = (diagnosis - onset) / DAYS_PER_MONTH
    visits = diagnosis[:, None] + VISIT_MONTHS * DAYS_PER_MONTH
    site = np.array([REGION_OF_DOMAIN[d] for d in c.onset_domain])
    units = np.stack([c.at(f"{r}.pool.motor_units", diagnosis) for r in REGION_OF_DOMAIN.values()], axis=1)
    own = units[np.arange(len(site)), [list(REGION_OF_DOMAIN.values()).index(s) for s in site]]
    healthy = np.nanmax(c.result["lumbar.pool.motor_units"], axis=1)
    return (
        Course(
            (end - onset) / DAYS_PER_MONTH,
            np.isfinite(death),
            decline,
            before,
            *measured_slopes(c),
            recorded_scores(c, visits),
            recorded_capacities(c, visits),
            second,
            delay,
            c.at("person.age", np.minimum(onset, c.result.end_time)),
            own,
            healthy,
            c.at("biomarker.nfl_serum", diagnosis),
            np.where(np.isfinite(diagnosis), (end - diagnosis) / DAYS_PER_MONTH, np.nan),
            site,
        ),
        ill,
    )


def measured_slopes(c: Courses) -> tuple[np.ndarray, np.ndarray]:
    """Slopes after and before diagnosis as a study has them, points a month lost, (patients,) each.

    The score is recorded with the noise of the ALSFRS-R (``clinic/observation.csv``) at diagnosis and every three
    months of the year after it, while the patient lives. After: least squares over these visits, of which there must
    be two. Before: what is missing of 48 at diagnosis over the time since onset; one recorded score is in both. Onset
    is taken as remembered without error, since no size of that error was found. The noise of a patient depends on
    the cohort's seed and the patient's number only.
    """
    scores = recorded_scores(c, c.diagnosis[:, None] + VISIT_MONTHS * DAYS_PER_MONTH)
    with np.errstate(invalid="ignore", divide="ignore"):
        before = (TOTAL_MAXIMUM - scores[:, 0]) / ((c.diagnosis - c.onset) / DAYS_PER_MONTH)
    return -least_squares(VISIT_MONTHS, scores), before


def recorded_scores(c: Courses, days: np.ndarray) -> np.ndarray:
    """ALSFRS-R totals as visits on ``days`` (patients, visits) record them, with noise; NaN where there is no visit."""
    latent = np.stack([c.at(readout, days) for readout in ITEM_READOUTS], axis=2)
    recorded = observe_all_items(latent, c.cohort.seed, c.cohort.columns["id"], "natural history")
    return np.asarray(recorded.sum(axis=2))


def recorded_capacities(c: Courses, days: np.ndarray) -> np.ndarray:
    """Slow vital capacity, % predicted, as visits on ``days`` (patients, visits) record it; NaN where there is none."""
    latent, ids = c.at("clinic.vital_capacity", days), c.cohort.columns["id"]
    observe = measurements()["vital_capacity"].observe
    recorded = [observe(latent[i], c.cohort.seed, ids[i], "natural history") for i in range(len(ids))]
    return np.array(recorded).reshape(latent.shape)


def slope_correlation(before: np.ndarray, after: np.ndarray) -> float:
    """Correlation of two slopes over the patients who have both."""
    both = np.isfinite(before) & np.isfinite(after)
    return float(np.corrcoef(before[both], after[both])[0, 1])


def median_survival(course: Course, rows: np.ndarray | None = None) -> float:
    """Kaplan-Meier median of survival from onset to death or permanent ventilation, months."""
    keep = np.arange(len(course.survival)) if rows is None else rows
    return median_time(course.survival[keep], course.observed[keep])


def statistics(k: Course) -> dict[str, Callable[[np.ndarray], float]]:
    """Each quantity of the published table as a function of the rows (so that it can be bootstrapped)."""

    def alive(time: np.ndarray, months: float) -> Callable[[np.ndarray], float]:
        def share(r: np.ndarray) -> float:
            known = r[np.isfinite(time[r])]
            return 100 * share_without(time[known], k.observed[known], months)

        return share

    def at_site(statistic: Callable[[np.ndarray], float], site: str) -> Callable[[np.ndarray], float]:
        return lambda r: statistic(r[k.site[r] == site])

    def median(values: np.ndarray) -> Callable[[np.ndarray], float]:
        return lambda r: float(np.nanmedian(values[r][np.isfinite(values[r])]))

    def mean(values: np.ndarray) -> Callable[[np.ndarray], float]:
        return lambda r: float(np.nanmean(values[r]))

    def survival(r: np.ndarray) -> float:
        return median_survival(k, r)

    def second(r: np.ndarray) -> float:
        # A study sees a second region only within its follow-up: four years here.
        seen = k.second_region[r]
        return float(np.mean(seen[np.isfinite(seen) & (seen < 48)]))

    def tracking(r: np.ndarray) -> float:
        return slope_correlation(k.measured_before[r], k.measured_decline[r])

    return {
        "Median survival from onset": survival,
        "Alive one year after diagnosis": alive(k.after_diagnosis, 12),
        "Alive five years after onset": alive(k.survival, 60),
        **{f"Median survival from onset: {name}": at_site(survival, site) for name, site in SITES.items()},
        "Decline of the ALSFRS-R in the year after diagnosis": mean(k.measured_decline),
        SPREAD: lambda r: mixed_slopes(VISIT_MONTHS, k.scores[r])[1],
        SLOPES: tracking,
        CAPACITY: lambda r: -mixed_slopes(VISIT_MONTHS, k.capacities[r])[0],
        "Onset to second region": second,
        **{f"Onset to second region: {name} first": at_site(second, site) for name, site in SITES.items()},
        "Delay from onset to diagnosis": median(k.delay),
        "Lower motor units lost at diagnosis": lambda r: (
            100 * (1 - float(np.nanmean(k.units[r]) / np.nanmean(k.healthy_units[r])))
        ),
        "Serum neurofilament light at diagnosis": median(k.nfl),
        "Age at onset": mean(k.onset_age),
    }


def computed_by(quantity: str) -> str:
    """How the simulated value of a quantity is computed: a key of :data:`ANALYSES`."""
    if quantity.startswith("Median survival"):
        return "kaplan_meier"
    if quantity.startswith("Onset to second region"):
        return "mean"
    return _COMPUTED[quantity]


_COMPUTED = {
    "Alive one year after diagnosis": "share",
    "Alive five years after onset": "share",
    "Decline of the ALSFRS-R in the year after diagnosis": "own_slope",
    SPREAD: "mixed_model",
    SLOPES: "own_slope",
    CAPACITY: "mixed_model",
    "Delay from onset to diagnosis": "median",
    "Lower motor units lost at diagnosis": "ratio_of_means",
    "Serum neurofilament light at diagnosis": "median",
    "Age at onset": "mean",
}


# The ports that each quantity is read from (diagnosis and onset follow from the score).
READ_BY: dict[str, tuple[str, ...]] = {
    "Median survival from onset": (DEATH,),
    "Alive one year after diagnosis": (DEATH,),
    "Alive five years after onset": (DEATH,),
    **{f"Median survival from onset: {name}": (DEATH,) for name in SITES},
    "Decline of the ALSFRS-R in the year after diagnosis": (SCORE,),
    SPREAD: (SCORE,),
    SLOPES: (SCORE,),
    CAPACITY: ("clinic.vital_capacity",),
    "Onset to second region": (SCORE,),
    **{f"Onset to second region: {name} first": (SCORE,) for name in SITES},
    "Delay from onset to diagnosis": (SCORE,),
    "Lower motor units lost at diagnosis": ("pool.motor_units",),
    "Serum neurofilament light at diagnosis": ("biomarker.nfl_serum",),
    "Age at onset": (SCORE, "person.age"),
}
