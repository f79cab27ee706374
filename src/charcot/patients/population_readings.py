"""Readings of incident patients: each makes one published figure from what is recorded of simulated people.

``record`` sees a cohort as a register and its clinics do, once; a reading is a pure function of these columns, and so
can be taken of any part of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from charcot.clinic.observation import TOTAL_MAXIMUM, recall_onset
from charcot.clinic.scores import Predictors, Score, encals
from charcot.clinic.stages import DEFINITE, involved_regions
from charcot.core.estimates import cox, least_squares, median_time, mixed_fit, mixed_slopes, share_without
from charcot.core.incidence import power_of_age
from charcot.core.units import DAYS_PER_MONTH
from charcot.patients.cohort import onset_process
from charcot.patients.people import DOMAIN_NAMES, People

Columns = Mapping[str, np.ndarray]
VISITS = np.arange(0.0, 25.0, 3.0)  # months after diagnosis
SHORTEST = 1.0  # month: a duration that is remembered as shorter counts as this long
FOLLOWED = 48.0  # months in which a study sees a second region
LEAST_VISITS = 3  # of a slope of one's own
_PURPOSE = "register"


def record(people: People) -> dict[str, np.ndarray]:
    """What is recorded of those who are diagnosed; each column has a row for each.

    Months unless said. ``group`` is the tenth of the patients to which the person belongs, for Monte-Carlo errors.
    """
    p = people.where(np.isfinite(people.diagnosis))
    ending = np.minimum(p.death, p.end)
    visits = p.diagnosis[:, None] + VISITS * DAYS_PER_MONTH
    pairs = zip(p.onset, p.diagnosis, p.ids, strict=True)
    recalled = np.array([recall_onset(onset, day, p.store.cohort.seed, who) for onset, day, who in pairs])
    items = p.recorded_items(visits, _PURPOSE)
    scores = items.sum(axis=2)
    delay = np.maximum((p.diagnosis - recalled) / DAYS_PER_MONTH, SHORTEST)
    return {
        "group": p.ids % 10,
        "sex": p.column("sex"),
        "genotype": p.column("genotype"),
        "domain": p.onset_domain,
        "age": p.onset_age,
        "delay": delay,
        "from_onset": (ending - p.onset) / DAYS_PER_MONTH,
        "from_diagnosis": (ending - p.diagnosis) / DAYS_PER_MONTH,
        "died": np.isfinite(p.death),
        "regions": (p.domain_onsets - p.onset[:, None]) / DAYS_PER_MONTH,  # (n, 4)
        "scores": scores,  # (n, visits) points
        "slope_before": (TOTAL_MAXIMUM - scores[:, 0]) / delay,
        "capacity": p.recorded_capacity(p.diagnosis[:, None], _PURPOSE)[:, 0],  # % predicted at diagnosis
        "involved": involved_regions(items[:, 0]),
        "nfl": p.recorded_nfl(p.diagnosis, _PURPOSE),  # pg/mL at diagnosis
        **{name: times[p.layer, p.rows] for name, times in p.store.stages.items()},
    }


# --- survival ----------------------------------------------------------------------------------------------------


def alive_after(c: Columns, clock: str, months: float) -> float:
    """Percent alive without permanent ventilation so long after onset or diagnosis (Kaplan and Meier)."""
    return 100 * share_without(c[f"from_{clock}"], c["died"], months)


def median_survival(c: Columns, clock: str, domain: str = "", youngest: float = 0.0, oldest: float = 200.0) -> float:
    """Kaplan-Meier median from onset or diagnosis, of one site of onset, of ages at onset from ``youngest`` to under
    ``oldest``."""
    rows = (c["age"] >= youngest) & (c["age"] < oldest) & ((c["domain"] == domain) | (domain == ""))
    return median_time(c[f"from_{clock}"][rows], c["died"][rows])


def sd_of_survival(c: Columns, months: float) -> float:
    """SD of the time from onset to death of those who die within ``months`` of onset."""
    return _sd(c["from_onset"][c["died"] & (c["from_onset"] <= months)])


def _hazard(c: Columns, covariate: np.ndarray) -> float:
    frame = {"time": np.maximum(c["from_onset"], 1e-3), "event": c["died"], "covariate": covariate}
    if len(np.unique(covariate)) < 2:
        return float("nan")
    return cox(pd.DataFrame(frame), "covariate")[0]


def age_hazard(c: Columns) -> float:
    """Cox hazard ratio of death after onset per decade of age at onset."""
    return _hazard(c, c["age"] / 10)


def bulbar_hazard(c: Columns) -> float:
    """Cox hazard ratio of bulbar against other onset."""
    return _hazard(c, (c["domain"] == "bulbar").astype(float))


def genotype_hazard(c: Columns, genotype: str) -> float:
    """Cox hazard ratio of carriers of one genotype against all others."""
    return _hazard(c, (c["genotype"] == genotype).astype(float))


def encals_score(c: Columns) -> Score:
    """The ENCALS score of each patient from what was recorded at diagnosis. Nobody has dementia, which the model does
    not have; three involved regions stand for a definite diagnosis."""
    return encals(
        Predictors(
            slope=np.maximum(c["slope_before"], 0.0),
            delay=c["delay"],
            age=c["age"],
            vital_capacity=np.clip(c["capacity"], 1.0, 200.0),
            bulbar=c["domain"] == "bulbar",
            definite=c["involved"] >= DEFINITE,
            dementia=np.zeros(len(c["age"])),
            c9orf72=c["genotype"] == "C9orf72",
        )
    )


def encals_concordance(c: Columns) -> float:
    """Harrell's c of the ENCALS score with the time from onset to death or permanent ventilation."""
    from lifelines.utils import concordance_index  # a second of import, for those who ask

    known = np.isfinite(c["slope_before"]) & np.isfinite(c["capacity"]) & np.isfinite(c["age"])
    rows = {name: column[known] for name, column in c.items()}
    if known.sum() < 2:
        return float("nan")
    return float(concordance_index(rows["from_onset"], -encals_score(rows).linear_predictor, rows["died"]))


# --- decline -----------------------------------------------------------------------------------------------------


def _until(months: float) -> tuple[np.ndarray, slice]:
    visits = VISITS[: int(np.searchsorted(VISITS, months, side="right"))]
    return visits, slice(0, len(visits))


def _own_slopes(c: Columns, months: float) -> np.ndarray:
    visits, upto = _until(months)
    scores = c["scores"][:, upto]
    enough = np.isfinite(scores).sum(axis=1) >= LEAST_VISITS
    return np.where(enough, -least_squares(visits, scores), np.nan)


def decline(c: Columns, months: float) -> float:
    """Mean fall of the ALSFRS-R by a mixed model of quarterly visits for so long after diagnosis, points a month."""
    visits, upto = _until(months)
    return -mixed_slopes(visits, c["scores"][:, upto])[0]


def sd_of_true_slopes(c: Columns, months: float) -> float:
    """SD between patients of true slopes by the same mixed model, points a month."""
    visits, upto = _until(months)
    return mixed_slopes(visits, c["scores"][:, upto])[1]


def residual_sd(c: Columns, months: float) -> float:
    """SD within patients about their own lines by the same mixed model, points."""
    visits, upto = _until(months)
    fit = mixed_fit(visits, c["scores"][:, upto])
    return float("nan") if fit is None else float(np.sqrt(fit.residual))


def sd_of_decline(c: Columns, months: float) -> float:
    """SD of each patient's least-squares slope over at least three visits, points a month."""
    return _sd(_own_slopes(c, months))


def slope_before(c: Columns) -> float:
    """Mean of what is missing of 48 at diagnosis over the remembered time since onset, points a month."""
    return float(np.nanmean(c["slope_before"]))


def sd_of_slope_before(c: Columns) -> float:
    """SD of that slope."""
    return _sd(c["slope_before"])


def _slopes(c: Columns, months: float) -> tuple[np.ndarray, np.ndarray]:
    after = _own_slopes(c, months)
    both = np.isfinite(after) & np.isfinite(c["slope_before"])
    return c["slope_before"][both], after[both]


def slope_correlation(c: Columns, months: float) -> float:
    """Correlation of the slope before diagnosis with the own slope after."""
    return _correlation(*_slopes(c, months))


def slope_regression(c: Columns, months: float) -> float:
    """Least-squares slope of the own slope after diagnosis on that before."""
    before, after = _slopes(c, months)
    return float(np.cov(before, after)[0, 1] / np.var(before, ddof=1)) if len(before) > 2 else float("nan")


def rises(c: Columns, step: float, months: float) -> float:
    """Percent of pairs of visits ``step`` months apart at which the later total is above the earlier."""
    every = round(step / VISITS[1])
    scores = c["scores"][:, _until(months)[1]][:, ::every]
    change = np.diff(scores, axis=1)
    return _percent(change[np.isfinite(change)] > 0)


def reversals(c: Columns, points: float, months: float) -> float:
    """Percent of those followed for so long whose total is at some visit ``points`` above that ``months`` before."""
    apart = round(months / VISITS[1])
    change = c["scores"][:, apart:] - c["scores"][:, :-apart]
    followed = np.isfinite(change).any(axis=1)
    return _percent(np.nanmax(change[followed], axis=1, initial=-np.inf) >= points)


# --- stages, regions, who ----------------------------------------------------------------------------------------


def _share_of_course(c: Columns, reached: np.ndarray) -> float:
    rows = c["died"] & np.isfinite(reached) & (c["from_onset"] > 0)
    return float(np.median(np.clip(reached[rows] / c["from_onset"][rows], 0, 1))) if rows.any() else float("nan")


def kings_share(c: Columns, stage: float) -> float:
    """Median share of the course from onset to death at which a King's stage is reached, by those who reach it."""
    return _share_of_course(c, c[f"kings_{stage:g}"])


def mitos_share(c: Columns, stage: float) -> float:
    """The same of a MiToS stage."""
    return _share_of_course(c, c[f"mitos_{stage:g}"])


def milestone_share(c: Columns, milestone: str) -> float:
    """The same of the failure of ``feeding`` or ``breathing`` (King's 4A and 4B)."""
    return _share_of_course(c, c[milestone])


def survival_after_feeding_failure(c: Columns) -> float:
    """Kaplan-Meier median from the failure of feeding to death, months."""
    rows = np.isfinite(c["feeding"]) & (c["feeding"] < c["from_onset"])
    return median_time((c["from_onset"] - c["feeding"])[rows], c["died"][rows])


def second_region(c: Columns, statistic: str, domain: str = "") -> float:
    """Mean or SD of the months from onset to the second domain, of those in whom four years show it."""
    rows = (c["domain"] == domain) | (domain == "")
    second = np.sort(c["regions"][rows], axis=1)[:, 1]
    seen = second[second < FOLLOWED]
    return _sd(seen) if statistic == "sd" else _mean(seen)


def next_region(c: Columns, first: str, second: str) -> float:
    """Percent of those with onset in ``first`` whose next domain is ``second``, of those in whom a second is seen."""
    regions = c["regions"][c["domain"] == first]
    order = np.argsort(regions, axis=1)[:, 1]
    seen = np.take_along_axis(regions, order[:, None], axis=1)[:, 0] < FOLLOWED
    return _percent(np.array(DOMAIN_NAMES)[order[seen]] == second)


def share_of_onset(c: Columns, domain: str) -> float:
    """Percent with onset in a domain."""
    return _percent(c["domain"] == domain)


def delay(c: Columns) -> float:
    """Median months from the remembered onset to diagnosis."""
    return float(np.median(c["delay"])) if len(c["delay"]) else float("nan")


def age_at_onset(c: Columns, statistic: str) -> float:
    """Mean or SD of the age at onset, years."""
    return _sd(c["age"]) if statistic == "sd" else _mean(c["age"])


def share_of_men(c: Columns) -> float:
    """Percent men."""
    return _percent(c["sex"] == "M")


def incidence_power(c: Columns, youngest: float, oldest: float) -> float:
    """The power of age with which incidence at onset rises between two ages, in a register's population."""
    weights = 1 / onset_process().weight(c["age"])
    return power_of_age(c["age"], youngest, oldest, np.ones_like, weights)


# --- neurofilament -----------------------------------------------------------------------------------------------


def nfl(c: Columns, spinal: float) -> float:
    """Median serum NfL at diagnosis after spinal (1) or bulbar (0) onset, pg/mL."""
    return _median(c["nfl"][(c["domain"] != "bulbar") == bool(spinal)])


def nfl_slow_over_fast(c: Columns, cut: float) -> float:
    """Median serum NfL of those whose slope before diagnosis is up to ``cut``, over that of the others."""
    slow = c["slope_before"] <= cut
    return _median(c["nfl"][slow]) / _median(c["nfl"][~slow])


def nfl_short_over_long_delay(c: Columns, cut: float) -> float:
    """Median serum NfL of those diagnosed within ``cut`` months, over that of the others."""
    short = c["delay"] <= cut
    return _median(c["nfl"][short]) / _median(c["nfl"][~short])


def _known(values: np.ndarray) -> np.ndarray:
    return np.asarray(values[np.isfinite(values)])


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _median(values: np.ndarray) -> float:
    return float(np.median(_known(values))) if len(_known(values)) else float("nan")


def _sd(values: np.ndarray) -> float:
    return float(np.std(_known(values), ddof=1)) if len(_known(values)) > 1 else float("nan")


def _percent(true: np.ndarray) -> float:
    return 100 * float(np.mean(true)) if len(true) else float("nan")


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.corrcoef(x, y)[0, 1]) if len(x) > 2 else float("nan")


READINGS: dict[str, Callable[..., float]] = {
    function.__name__: function
    for function in (
        alive_after, median_survival, sd_of_survival, age_hazard, bulbar_hazard, genotype_hazard, decline,
        sd_of_true_slopes, residual_sd, sd_of_decline, slope_before, sd_of_slope_before, slope_correlation,
        slope_regression, rises, reversals, kings_share, mitos_share, milestone_share, survival_after_feeding_failure,
        second_region, next_region, share_of_onset, delay, age_at_onset, share_of_men, incidence_power, nfl,
        nfl_slow_over_fast, nfl_short_over_long_delay,
    )
}  # fmt: skip
