"""A posterior for each patient of one's own cohort: virtual patients, weighted by what was recorded.

A particle is a virtual patient j, the month a of whose course the first visit meets, and the pace q at which the course
is walked from there on (time is stretched before and after the first visit, :class:`charcot.fitting.own_cohort.assumed.
Paces`). Recorded totals are

    y_k = total_j(a + q t_k) + level + e_k,    level ~ N(0, offset_sd), e_k ~ N(0, residual_sd),

with the level of the person and rater integrated out exactly; vital capacity and the logarithm of NfL likewise, each
with a level of its own. Items enter as the profile over the four domains at the same total. Particles come from the
virtual patients and months whose total is near the first visits (importance sampling, all weights exact); where fewer
than ``ENOUGH`` are effective, more are drawn about the best of them and weighed again by the mixture they come from.
The paces and the noise of the cohort, and how much each plausible model counts in it, are learnt from all patients
together, starting from a prior (empirical Bayes), between a first and a last drawing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from charcot.clinic.observation import ITEMS
from charcot.core.random import stream
from charcot.core.units import DAYS_PER_MONTH
from charcot.fitting.own_cohort.assumed import (
    Clouds,
    Paces,
    hazard_factor,
    learn,
    log_alive,
    log_level,
    log_nfl,
    log_normal,
    log_pace_after,
    numbers,
    start,
)
from charcot.fitting.own_cohort.library import SITES, Library, at
from charcot.fitting.own_cohort.reading import Subject
from charcot.patients.courses import DOMAINS

ENOUGH = 100.0  # effective particles
FIRST, LAST = 2000, 8000  # particles of each patient before and after the paces are learnt
WIDER = 1.3  # by which the pace after is drawn wider than it is
SLOWEST, FASTEST = 0.02, 20.0  # paces
CELLS, REACH = 60_000, 4.5  # months of virtual patients looked at, and how far their totals may be, in SDs
NEAR = 200  # ancestors of a refinement
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Seen:
    """What is used of a subject; months from the first scored visit.

    Attributes:
        months, total: (visits,); ``profile``: (4,) mean domain scores, NaN without items; ``rated``: visits with items.
        items: (12,) mean of the last rated visits; ``since``: months from onset to the first scored visit.
        age: years at onset; ``alive``: month up to which the subject was alive.
    """

    subject: Subject
    months: np.ndarray
    total: np.ndarray
    profile: np.ndarray
    rated: np.ndarray
    item_scores: np.ndarray
    svc_months: np.ndarray
    svc: np.ndarray
    nfl_months: np.ndarray
    nfl: np.ndarray
    since: float
    age: float
    alive: float


def see(subject: Subject) -> Seen:
    """The numbers of a subject on the clock of a fit."""
    scored = subject.scored
    zero = float(subject.days[scored][0])

    def months(which: np.ndarray) -> np.ndarray:
        return np.asarray((subject.days[which] - zero) / DAYS_PER_MONTH)

    rated = np.isfinite(subject.items).all(axis=1)
    scores = subject.items[rated]
    places = [[ITEMS.index(item) for item in items] for items in DOMAINS.values()]
    profile = np.array([scores[:, at].sum(axis=1).mean() if len(scores) else np.nan for at in places])
    svc, nfl = np.isfinite(subject.svc), np.isfinite(subject.nfl)
    since = (zero - subject.onset) / DAYS_PER_MONTH
    since = max(since, 0.5) if np.isfinite(since) else np.nan
    last = (max(subject.end, float(subject.days[-1])) - zero) / DAYS_PER_MONTH
    return Seen(
        subject, months(scored), subject.total[scored], profile, months(rated), scores, months(svc), subject.svc[svc],
        months(nfl), np.log(subject.nfl[nfl]), since, subject.age - (since if np.isfinite(since) else 12.0) / 12, last,
    )  # fmt: skip


@dataclass(frozen=True)
class Cloud:
    """The posterior of one patient: particles with weights (1 in all).

    Attributes:
        row: place in the library; ``start``: month of the course at the first visit; ``pace``: after it.
        effective: the effective sample size, 1 / sum of squared weights; ``refined``: drawn again about the best.
    """

    seen: Seen
    row: np.ndarray
    start: np.ndarray
    pace: np.ndarray
    weight: np.ndarray
    effective: float
    refined: bool


@dataclass(frozen=True)
class Fit:
    """The posterior of a cohort."""

    library: Library
    paces: Paces
    clouds: tuple[Cloud, ...]

    @property
    def few(self) -> list[str]:
        """Names of the subjects who have fewer than ``ENOUGH`` effective particles."""
        return [cloud.seen.subject.name for cloud in self.clouds if cloud.effective < ENOUGH]


@dataclass
class _Draw:
    """Particles of one patient, and the log density from which they came."""

    row: np.ndarray
    start: np.ndarray
    log_pace: np.ndarray
    proposed: np.ndarray


def fit(
    subjects: Sequence[Subject], library: Library, seed: int = 1, workers: int = 1, progress: Progress | None = None,
    paces: Paces | None = None,
) -> Fit:  # fmt: skip
    """Fit every subject (each with a total).

    Args:
        paces: those of a cohort that is known already; None learns them.
        progress: called with numbers of patients, twice the number of subjects in all (once with ``paces``).
    """
    seen = [see(subject) for subject in subjects]
    cells = _cells(library)

    def over(work: Callable[[Seen], object]) -> list:  # type: ignore[type-arg]
        with ThreadPoolExecutor(workers) as pool:
            out = []
            for one in pool.map(work, seen):
                out.append(one)
                if progress is not None:
                    progress(1)
            return out

    if paces is None:
        prior = start(library.models)
        learnt_from = over(lambda one: _parts(one, library, _first(one, library, cells, prior, seed, FIRST)))
        paces = learn(_stack(learnt_from), prior)
    known = paces
    return Fit(library, known, tuple(over(lambda one: _cloud(one, library, cells, known, seed))))


@dataclass(frozen=True)
class _Cells:
    """Months of virtual patients, ordered by the total in their middle: (cells,) ``total``, ``row``, ``month``."""

    total: np.ndarray
    row: np.ndarray
    month: np.ndarray

    def near(self, total: float, reach: float) -> slice:
        """Those whose total is within ``reach`` points, every so many of them that no more than ``CELLS`` are left."""
        first, last = np.searchsorted(self.total, [total - reach, total + reach])
        return slice(int(first), int(last), max(1, int(last - first) // CELLS))


def _cells(library: Library) -> _Cells:
    total = library.total
    middle = 0.5 * (total[:, :-1] + total[:, 1:])
    row, month = np.nonzero(np.isfinite(middle) & (middle > 0))
    order = np.argsort(middle[row, month], kind="stable")
    return _Cells(middle[row, month][order], row[order], month[order])


def _alike(seen: Seen, library: Library) -> np.ndarray:
    """(patients,) log weight of virtual patients by age, site of onset and riluzole."""
    n, person = numbers(), seen.subject
    out = np.zeros(len(library))
    if np.isfinite(seen.age):
        out += -0.5 * ((library.age - seen.age) / n["age_sd"]) ** 2
    if person.site:
        bulbar = SITES.index("bulbar")
        same = library.site != bulbar if person.site == "limb" else library.site == SITES.index(person.site)
        out += np.where(same, 0.0, np.log(n["other_site"]))
    if person.riluzole:
        out += np.where(library.riluzole == (person.riluzole == "yes"), 0.0, np.log(n["other_treatment"]))
    return np.asarray(out - np.log(np.exp(out).sum()))


def _log_start(months: np.ndarray, since: float, paces: Paces) -> np.ndarray:
    """Log density of the month of the course that the first visit meets."""
    n = numbers()
    if np.isfinite(since):
        return np.asarray(log_normal(np.log(months / since), paces.before, paces.before_sd) - np.log(months))
    unknown = log_normal(np.log(months / n["months_at_entry"]), 0.0, n["months_at_entry_log_sd"])
    return np.asarray(unknown - np.log(months))


def _first(seen: Seen, library: Library, cells: _Cells, paces: Paces, seed: int, count: int) -> _Draw:
    """Particles from the virtual patients and months whose total is near that of the first visits."""
    early = seen.total[seen.months <= 3.5]
    near = float(np.sqrt(paces.residual_sd**2 / len(early) + paces.offset_sd**2 + 1.0))
    # A course is met at the first visit, while the early total is that of the middle of the early visits.
    there = cells.near(float(early.mean()), REACH * near)
    cell_row, cell_month, cell_total = cells.row[there], cells.month[there], cells.total[there]
    who = np.log(paces.models)[library.model] - np.log(np.bincount(library.model))[library.model]
    month = np.arange(library.total.shape[1]) + 0.5
    log_q = (who + _alike(seen, library))[cell_row] + _log_start(month, seen.since, paces)[cell_month]
    log_q = log_q - 0.5 * ((cell_total - early.mean()) / near) ** 2
    top = float(log_q.max())
    summed = np.cumsum(np.exp(log_q - top))
    draw = stream(seed, seen.subject.name, "particles")
    wanted = (np.arange(count) + draw.random()) / count * summed[-1]
    at_cell = np.minimum(np.searchsorted(summed, wanted), len(summed) - 1)
    row, months = cell_row[at_cell], cell_month[at_cell] + draw.random(count)
    mean = paces.after + np.zeros(count)
    sd = np.hypot(paces.after_sd, paces.kept * paces.before_sd)
    if np.isfinite(seen.since):
        mean, sd = mean + paces.kept * (np.log(np.maximum(months, 0.05) / seen.since) - paces.before), paces.after_sd
    log_pace = mean + WIDER * sd * draw.standard_normal(count)
    proposed = log_q[at_cell] - top - np.log(summed[-1]) + log_normal(log_pace, mean, WIDER * float(sd))
    return _Draw(row, np.maximum(months, 0.05), np.clip(log_pace, np.log(SLOWEST), np.log(FASTEST)), proposed)


@dataclass
class _Parts:
    """What the weights of some particles are made of."""

    p: np.ndarray
    sum1: np.ndarray
    sum2: np.ndarray
    nfl: np.ndarray
    fixed: np.ndarray
    draw: _Draw
    model: np.ndarray
    visits: int
    nfl_visits: int


def _parts(seen: Seen, library: Library, draw: _Draw) -> _Parts:
    """The likelihood of all that was recorded, and the parts of the prior that do not depend on the paces."""
    n = numbers()
    row, begin, pace = draw.row, draw.start, np.exp(draw.log_pace)

    def along(months: np.ndarray) -> np.ndarray:
        return np.asarray(begin[:, None] + pace[:, None] * months)

    residual = seen.total - at(library.total, row[:, None], along(seen.months))
    size = np.bincount(library.model)[library.model[row]]
    fixed = -np.log(size) + _alike(seen, library)[row] - draw.proposed - np.log(begin)
    if not np.isfinite(seen.since):
        fixed = fixed + np.log(begin) + _log_start(begin, np.nan, start(1))
    end = begin + pace * seen.alive
    hazard = at(library.hazard, row, end)
    fixed = fixed + log_alive(hazard)
    if seen.subject.died:  # the density of the event: the hazard at the end, as it is met at this pace
        rate = pace * (at(library.hazard, row, end + 0.5) - at(library.hazard, row, end - 0.5))
        fixed = fixed + np.log(np.maximum(rate, 1e-9)) - np.log1p(n["frailty"] * hazard_factor() * hazard)
    if np.isfinite(seen.profile).all():
        middle = along(np.array([seen.rated.mean()]))[:, 0]
        rest = seen.profile - np.stack([at(library.domains[:, d], row, middle) for d in range(4)], axis=1)
        rest = rest - rest.mean(axis=1, keepdims=True)
        sd = np.hypot(n["profile_sd"], n["item_noise_sd"] * np.sqrt(3 / len(seen.rated)))
        fixed = fixed - 0.5 * (rest**2).sum(axis=1) / sd**2
    if len(seen.svc):
        rest = seen.svc - at(library.svc, row[:, None], along(seen.svc_months))
        square, noise, offset = (rest**2).sum(axis=1), n["capacity_sd"], n["capacity_offset_sd"]
        fixed = fixed + log_level(rest.sum(axis=1), square, len(seen.svc), noise, offset)
    nfl = np.zeros(len(row))
    if len(seen.nfl):
        rest = seen.nfl - np.log(np.maximum(at(library.nfl, row[:, None], along(seen.nfl_months)), 1e-3))
        rest = rest - n["nfl_by_pace"] * draw.log_pace[:, None]
        nfl = rest.mean(axis=1)
        fixed = fixed - 0.5 * ((rest - nfl[:, None]) ** 2).sum(axis=1) / n["nfl_log_sd"] ** 2
    sum1, sum2 = residual.sum(axis=1), (residual**2).sum(axis=1)
    p = np.log(begin / seen.since) if np.isfinite(seen.since) else np.full(len(row), np.nan)
    return _Parts(p, sum1, sum2, nfl, fixed, draw, library.model[row], len(seen.total), len(seen.nfl))


def _stack(parts: Sequence[_Parts]) -> Clouds:
    def all_of(name: str) -> np.ndarray:
        return np.stack([getattr(part, name) for part in parts])

    return Clouds(
        all_of("p"), np.stack([part.draw.log_pace for part in parts]), all_of("model"), all_of("sum1"), all_of("sum2"),
        np.array([float(part.visits) for part in parts]), all_of("nfl"),
        np.array([float(part.nfl_visits) for part in parts]), all_of("fixed"),
    )  # fmt: skip


def _log_weight(parts: _Parts, paces: Paces) -> np.ndarray:
    out = parts.fixed + np.log(paces.models)[parts.model] + log_pace_after(parts.draw.log_pace, parts.p, paces)
    if np.isfinite(parts.p).all():
        out = out + log_normal(parts.p, paces.before, paces.before_sd)
    out = out + log_nfl(parts.nfl, parts.nfl_visits, paces.nfl_shift)
    return np.asarray(out + log_level(parts.sum1, parts.sum2, parts.visits, paces.residual_sd, paces.offset_sd))


def _weights(log_weight: np.ndarray) -> tuple[np.ndarray, float]:
    weight = np.exp(log_weight - log_weight.max())
    weight = np.asarray(weight / weight.sum())
    return weight, 1 / float((weight**2).sum())


def _cloud(seen: Seen, library: Library, cells: _Cells, paces: Paces, seed: int) -> Cloud:
    draw = _first(seen, library, cells, paces, seed, LAST)
    log_weight = _log_weight(_parts(seen, library, draw), paces)
    weight, effective = _weights(log_weight)
    refined = effective < ENOUGH
    if refined:
        for again in range(2):
            draw = _about(draw, log_weight, seed, seen.subject.name, again)
            log_weight = _log_weight(_parts(seen, library, draw), paces)
            weight, effective = _weights(log_weight)
            if effective >= ENOUGH:
                break
    return Cloud(seen, draw.row, draw.start, np.exp(draw.log_pace), weight, effective, refined)


def _about(draw: _Draw, log_weight: np.ndarray, seed: int, name: str, again: int) -> _Draw:
    """Particles about the best: virtual patients as they are, month and pace moved a little.

    The ancestors are weighed by a power of their weights (tempered), so that at least ``NEAR`` count; the density of
    what is drawn is that of the whole mixture over ancestors who are the same virtual patient.
    """
    power = 1.0
    while power > 0.02 and _weights(power * log_weight)[1] < NEAR:
        power *= 0.7
    weight, _ = _weights(power * log_weight)
    points = np.stack([np.log(draw.start), draw.log_pace], axis=1)
    centre = weight @ points
    width = 0.4 * np.sqrt(weight @ (points - centre) ** 2) + 1e-3
    kept = np.argsort(-weight)[: 3 * NEAR]
    share = weight[kept] / weight[kept].sum()
    random = stream(seed, name, f"particles again {again}")
    count = len(draw.row)
    wanted = (np.arange(count) + random.random()) / count
    mother = kept[np.minimum(np.searchsorted(np.cumsum(share), wanted), len(kept) - 1)]
    moved = points[mother] + width * random.standard_normal((count, 2))
    moved = np.clip(moved, np.log([0.05, SLOWEST]), np.log([180.0, FASTEST]))
    row = draw.row[mother]
    log_q = np.full(count, -np.inf)
    for virtual in np.unique(row):
        mine, theirs = row == virtual, draw.row[kept] == virtual
        apart = ((moved[mine][:, None] - points[kept][theirs][None]) / width) ** 2
        density = (share[theirs] * np.exp(-0.5 * apart.sum(axis=2))).sum(axis=1) / (2 * np.pi * width.prod())
        log_q[mine] = np.log(density)
    begin = np.exp(moved[:, 0])
    return _Draw(row, begin, moved[:, 1], log_q - np.log(begin))
