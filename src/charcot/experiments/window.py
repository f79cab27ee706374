"""The therapeutic window: dose x start x combination, and the time after which even a perfect treatment comes too late.

Every cell of the grid holds the same people, with the same draws, in one program with all products compiled in. Starts
count from each patient's own symptom onset when untreated; a negative start is before onset. Benefits are differences
between a patient treated and the same patient untreated.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from charcot import patients, treatments
from charcot.core.errors import Problem, Severity, Where, raise_if_any
from charcot.core.identifiers import did_you_mean
from charcot.core.program import Program
from charcot.core.random import stream
from charcot.core.result import Status
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_YEAR, UnitError, parse_quantity
from charcot.disease import REGIONS, genotypes
from charcot.experiments import rescue
from charcot.experiments.studied import doubts
from charcot.patients import Cohort, Courses, draw_cohort, load_population, typical_cohort
from charcot.patients.cohort import start_days
from charcot.treatments import Regimen

DEFAULT_PRODUCTS = ("aav_mir126", "tofersen", "translation_restorer", "treg_infusion")
DEFAULT_POPULATIONS = ("sporadic", "sod1")
DEFAULT_MULTIPLES = (0.5, 1.0, 2.0)
DEFAULT_STARTS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
TYPICAL_SEED_AGE = 58.0  # years
INNERVATION = tuple(f"{region}.nmj.innervation" for region in REGIONS)
READOUTS = INNERVATION
CHUNK = 1024  # patients simulated in one call: a bound on memory
GROUPS = 4  # cohorts are simulated in groups of like onset, so that slow courses do not lengthen all others
RESAMPLES = 200
KEPT = (0.5, 0.1)  # shares of the best benefit at which a window is called half closed, and closed


@dataclass(frozen=True)
class Endpoint:
    """What is gained; ``ceiling`` is the value of someone who never falls ill, None for the length of follow-up."""

    name: str
    title: str
    unit: str
    ceiling: float | None


ENDPOINTS = {
    e.name: e
    for e in (
        Endpoint("survival", "Survival from onset, within follow-up", "months", None),
        Endpoint("alsfrs", "ALSFRS-R (0 after death)", "points", 48.0),
        Endpoint("alive", "Share alive without permanent ventilation", "1", 1.0),
        Endpoint("innervation", "Muscle innervation, mean of the regions (0 after death)", "1", 1.0),
    )
}


@dataclass(frozen=True)
class Plan:
    """What is swept. ``doses`` holds absolute doses (text with a unit) by product, which replace the ``multiples``
    of its registered or default dose; ``starts`` are years from onset; ``at_months`` after onset the endpoints other
    than survival are read; ``follow_up_years`` after onset the follow-up ends."""

    products: tuple[str, ...] = DEFAULT_PRODUCTS
    pairs: bool = True
    combinations: tuple[tuple[str, ...], ...] = ()
    multiples: tuple[float, ...] = DEFAULT_MULTIPLES
    doses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    starts: tuple[float, ...] = DEFAULT_STARTS
    population: str = "sporadic"
    patient: str = ""  # a region: one typical patient whose disease begins there, instead of a cohort
    n: int = 30
    seed: int = 1
    endpoint: str = "survival"
    at_months: float = 36.0
    follow_up_years: float = 10.0

    def resolved(self) -> dict[str, Any]:
        """Everything that was asked for, defaults filled in, as plain data."""
        plain = asdict(self)
        plain["arms"] = ["+".join(arm) for arm in self.arms]
        plain["doses_per_product"] = {name: [text for _, text in self.levels(name)] for name in self.products}
        return plain

    @property
    def arms(self) -> list[tuple[str, ...]]:
        """Single products, then pairs, then further combinations."""
        singles = [(name,) for name in self.products]
        pairs = list(itertools.combinations(self.products, 2)) if self.pairs else []
        return list(dict.fromkeys([*singles, *pairs, *self.combinations]))

    def levels(self, product: str) -> list[tuple[float, str]]:
        """(multiple of the default dose, the dose with its unit) from low to high."""
        known = treatments.products()[product]
        one = parse_quantity(known.default_dose, known.dose_unit)
        if product in self.doses:
            amounts = sorted(parse_quantity(text, known.dose_unit) for text in self.doses[product])
            return [(amount / one, f"{amount:g} {known.dose_unit}") for amount in amounts]
        return [(m, f"{m * one:g} {known.dose_unit}") for m in sorted(self.multiples)]

    def cells(self) -> list[tuple[tuple[str, ...], int, float]]:
        """(arm, level, start): a combination takes the same level of each of its products."""
        return [
            (arm, level, start)
            for arm in self.arms
            for level in range(min(len(self.levels(name)) for name in arm))
            for start in self.starts
        ]


def check_plan(plan: Plan) -> list[Problem]:
    """Everything that is wrong with a plan (errors), and what to know about it (warnings), at once."""
    known = treatments.products()
    problems: list[Problem] = []

    def report(code: str, message: str, hint: str, place: str) -> None:
        problems.append(Problem(code, message, Where(place), hint))

    named = [*plan.products, *itertools.chain(*plan.combinations), *plan.doses]
    for name in dict.fromkeys(named):
        if name not in known:
            report("unknown-product", f"no product is called {name!r}", did_you_mean(name, known), "--product")
        elif name not in plan.products:
            report("unused-product", f"{name} is given doses or combined, but is not swept",
                   f"Add --product {name}.", "--product")  # fmt: skip
    if not plan.products:
        report("no-product", "nothing is swept", f"Name a product: {', '.join(known)}.", "--product")
    for name in {p for p in plan.products if plan.products.count(p) > 1}:
        report("double-product", f"{name} is named twice", "Name it once.", "--product")
    _check_doses(plan, known, report)
    _check_times(plan, report)
    if plan.patient and plan.patient not in REGIONS:
        report("unknown-region", f"there is no region {plan.patient!r}", did_you_mean(plan.patient, REGIONS),
               "--patient")  # fmt: skip
    if plan.patient and plan.population not in genotypes():
        report("unknown-genotype", f"one patient has a genotype, and {plan.population!r} is none",
               did_you_mean(plan.population, genotypes()), "--population")  # fmt: skip
    if not plan.patient and plan.population not in patients.population_names():
        hint = did_you_mean(plan.population, patients.population_names())
        report("unknown-population", f"no population is called {plan.population!r}",
               f"{hint} Known are: {', '.join(patients.population_names())}.", "--population")  # fmt: skip
    if plan.endpoint not in ENDPOINTS:
        report(
            "unknown-endpoint",
            f"no endpoint is called {plan.endpoint!r}",
            f"{did_you_mean(plan.endpoint, ENDPOINTS)} Known are: {', '.join(ENDPOINTS)}.",
            "--endpoint",
        )
    if not any(problem.severity is Severity.ERROR for problem in problems):
        for name in plan.products:
            problems += doubts(known[name], [text for _, text in plan.levels(name)])
            if inert(name, plan.population):
                problems.append(
                    Problem("inert-product", f"{name} acts on nothing that the patients of {plan.population} have",
                            Where("--product"), "Its benefit there is nothing. Choose a population of carriers.",
                            Severity.WARNING)
                )  # fmt: skip
    return problems


def inert(product: str, population: str) -> bool:
    """Whether a product acts only on the gene of carriers, and the population (or genotype) has none of them."""
    known = set(patients.definition().number_rows)
    flags = set()
    for effect in treatments.products()[product].effects:
        gene = effect.target.partition(".")[0]
        flag = {f"genotype.{gene}_mutant", f"genotype.{gene}_expansion"} & known
        if not flag:
            return False
        flags |= flag
    people = [population] if population in genotypes() else list(load_population(population).genotypes)
    carried = {effect.parameter for name in people for effect in genotypes()[name].effects}
    return not flags & carried


Report = Callable[[str, str, str, str], None]


def _check_doses(plan: Plan, known: Mapping[str, treatments.Product], report: Report) -> None:
    for multiple in plan.multiples:
        if not (np.isfinite(multiple) and multiple > 0):
            report("bad-dose", f"{multiple:g} times the default dose is no dose", "Give numbers above zero.", "--dose")
    for name, texts in plan.doses.items():
        for text in texts if name in known else ():
            try:
                if not parse_quantity(text, known[name].dose_unit) > 0:
                    report("bad-dose", f"{name}: {text!r} is not above zero", "Leave it out to give none.", "--dose")
            except UnitError as error:
                report("bad-dose", f"{name}: {error}", f"One dose of it is {known[name].default_dose}.", "--dose")
    if not plan.multiples:
        report("no-dose", "no dose is swept", "For example: --dose 0.5,1,2", "--dose")


def _check_times(plan: Plan, report: Report) -> None:
    for start in plan.starts:
        if not abs(start) < plan.follow_up_years:
            report(
                "bad-start",
                f"a start {start:g} years from onset lies outside the follow-up of {plan.follow_up_years:g} years",
                "Starts are years from onset, negative before it.",
                "--start",
            )
    if not plan.starts:
        report("no-start", "no start is swept", "For example: --start=-1,0,1", "--start")
    if not 0 < plan.follow_up_years <= 20:
        report("bad-follow-up", f"a follow-up of {plan.follow_up_years:g} years cannot be simulated",
               "Give a number of years between 1 and 20.", "--follow-up")  # fmt: skip
    if not 0 < plan.at_months <= plan.follow_up_years * DAYS_PER_YEAR / DAYS_PER_MONTH:
        report("bad-time", f"{plan.at_months:g} months after onset lies outside the follow-up",
               f"Give a number of months up to {plan.follow_up_years * 12:g}.", "--at")  # fmt: skip
    if plan.n < 1:
        report("bad-size", f"a cohort cannot have {plan.n} patients", "Give at least one.", "-n")


@dataclass(frozen=True)
class Window:
    """Tables, one row each per

    ``cells``: combination, dose, start and endpoint (benefit over the same patients untreated, 95 % interval over
    patients); ``interactions``: pair, dose, start and endpoint (benefit beside what its parts alone would let one
    expect); ``rescues``: ideal rescue, start and endpoint; ``no_return``: treatment or rescue and endpoint (when the
    window is half closed, and closed); ``people``: patient (clocks, untreated).
    """

    plan: Plan
    cells: pd.DataFrame
    interactions: pd.DataFrame
    rescues: pd.DataFrame
    no_return: pd.DataFrame
    people: pd.DataFrame
    notes: tuple[str, ...]
    failures: dict[str, int]


def simulations(plan: Plan) -> int:
    """How many patients a sweep simulates, at most (for a progress bar)."""
    people = 1 if plan.patient else plan.n
    return people * (3 + len(plan.cells()) + len(rescue.NAMES) * len(rescue_starts(plan)))


def rescue_starts(plan: Plan) -> list[float]:
    """The starts of ideal rescues: those of the grid, and every half year between its ends."""
    steps = np.arange(np.ceil(min(plan.starts) * 2), np.floor(max(plan.starts) * 2) + 1) / 2
    return sorted({*plan.starts, *steps.tolist()})


def sweep(plan: Plan, workers: int = 1, progress: Callable[[int], None] | None = None) -> Window:
    """Simulate the grid and the ideal rescues. Raises :class:`charcot.core.errors.Problems` for a bad plan."""
    raise_if_any((p for p in check_plan(plan) if p.severity is Severity.ERROR), "this sweep cannot be run")
    cohort, onset, people, notes = _people(plan, workers, progress)
    bench = _Bench(plan, cohort, onset, workers, progress)
    values = bench.treated()
    rescued = bench.rescued()
    base, ideal_base = values.pop(None), rescued.pop(None)
    cells = _cell_table(plan, values, base)
    rescues = _rescue_table(plan, rescued, ideal_base)
    interactions = _interaction_table(plan, values, base)
    if bench.early:
        notes.append(f"{bench.early:,} treatments would have begun before the age of 16, when a life begins to be "
                     "simulated; they begin then.")  # fmt: skip
    people = people.assign(**{f"untreated_{name}": base[name] for name in ENDPOINTS})
    return Window(
        plan, cells, interactions, rescues, _no_return(plan, cells, rescues), people, tuple(notes), bench.failures
    )


def _people(
    plan: Plan, workers: int, progress: Callable[[int], None] | None
) -> tuple[Cohort, np.ndarray, pd.DataFrame, list[str]]:
    """Who is swept, sorted by when they fall ill; those who never do are left out and counted."""
    if plan.patient:
        cohort = typical_cohort([plan.patient], TYPICAL_SEED_AGE, plan.population)
    else:
        cohort = draw_cohort(load_population(plan.population), plan.n, plan.seed)
    courses = patients.simulate(cohort, workers=workers, progress=progress)
    order = np.argsort(courses.onset, kind="stable")
    ill = order[np.isfinite(courses.onset[order]) & ~courses.failed[order]]
    notes = []
    if len(ill) < len(cohort):
        notes.append(f"{len(cohort) - len(ill)} of {len(cohort)} people drawn never fall ill and are left out.")
    if not len(ill):
        raise_if_any([Problem("nobody-ill", "none of the people drawn falls ill", None, "Draw more people (-n).")])
    c = courses.take(ill)
    people = pd.DataFrame(
        {
            "id": c.cohort.columns["id"],
            "genotype": c.cohort.columns["genotype"].astype(str),
            "onset_region": c.cohort.columns["onset_region"].astype(str),
            "onset_years_after_seed": c.onset / DAYS_PER_YEAR,
            "diagnosis_months_after_onset": (c.diagnosis - c.onset) / DAYS_PER_MONTH,
            "death_months_after_onset": (c.death - c.onset) / DAYS_PER_MONTH,
        }
    )
    return c.cohort, c.onset, people, notes


Values = dict[str, np.ndarray]  # endpoint -> (patients,)


class _Bench:
    """Simulates cells of the grid in groups of people with like onset, and reads the endpoints."""

    def __init__(
        self, plan: Plan, cohort: Cohort, onset: np.ndarray, workers: int, progress: Callable[[int], None] | None
    ) -> None:
        self.plan, self.cohort, self.onset = plan, cohort, onset
        self.workers, self.progress = workers, progress
        self.groups = [g for g in np.array_split(np.arange(len(onset)), min(GROUPS, len(onset))) if len(g)]
        self.failures: dict[str, int] = {}
        self.early = 0

    def treated(self) -> dict[Any, Values]:
        """Endpoints of each cell of the grid; the key None is untreated."""
        return self._all([None, *self.plan.cells()], patients.program(self._products), self._dosed)

    def rescued(self) -> dict[Any, Values]:
        """Endpoints of each ideal rescue by (layer, start); the key None is untreated."""
        keys = [None, *itertools.product(rescue.NAMES, rescue_starts(self.plan))]
        return self._all(keys, rescue.program(), self._rescued)

    @property
    def _products(self) -> tuple[str, ...]:
        return tuple(sorted(self.plan.products))

    def _all(self, keys: Sequence[Any], model: Program, arrange: Callable[..., dict[str, Any]]) -> dict[Any, Values]:
        out: dict[Any, Values] = {key: {name: np.full(len(self.onset), np.nan) for name in ENDPOINTS} for key in keys}
        for group in self.groups:
            at_once = max(1, CHUNK // len(group))
            for first in range(0, len(keys), at_once):
                some = keys[first : first + at_once]
                rows = np.tile(group, len(some))
                found = self._read(self._simulate(rows, some, model, arrange), rows)
                for k, key in enumerate(some):
                    for name in ENDPOINTS:
                        out[key][name][group] = found[name][k * len(group) : (k + 1) * len(group)]
        return out

    def _simulate(
        self, rows: np.ndarray, keys: Sequence[Any], model: Program, arrange: Callable[..., dict[str, Any]]
    ) -> Courses:
        cohort, onset = self.cohort.take(rows), self.onset[rows]
        each = np.repeat(np.arange(len(keys)), len(rows) // len(keys))
        courses = patients.simulate(
            cohort,
            readouts=READOUTS,
            workers=self.workers,
            progress=self.progress,
            horizon_years=float(onset.max() / DAYS_PER_YEAR + self.plan.follow_up_years + 0.25),
            model=model,
            **arrange([keys[int(k)] for k in each], cohort, onset),
        )
        for name, count in courses.result.status_counts().items():
            if name in _FAILED:
                self.failures[name] = self.failures.get(name, 0) + count
        return courses

    def _dosed(self, keys: Sequence[Any], cohort: Cohort, onset: np.ndarray) -> dict[str, Any]:
        first = start_days(cohort)
        regimens = []
        for row, key in enumerate(keys):
            mine = []
            if key is not None:
                arm, level, start = key
                day = self._not_before(start, onset[row], first[row])
                for name in arm:
                    dose = self.plan.levels(name)[level][1]
                    mine.append(Regimen.parse(product=name, dose=dose, start=f"{day!r} days"))
            regimens.append(mine)
        return {"regimens": regimens, "origins": onset, "products": self._products}

    def _rescued(self, keys: Sequence[Any], cohort: Cohort, onset: np.ndarray) -> dict[str, Any]:
        first = start_days(cohort)
        given = [
            rescue.events(key[0], onset[row] + self._not_before(key[1], onset[row], first[row])) if key else []
            for row, key in enumerate(keys)
        ]
        return {"events": given}

    def _not_before(self, start: float, onset: float, first: float) -> float:
        """Days from onset at which a treatment starts; counted when it cannot be as early as asked."""
        day = start * DAYS_PER_YEAR
        if onset + day < first + 1:
            self.early += 1
            day = float(first + 1 - onset)
        return float(day)

    def _read(self, courses: Courses, rows: np.ndarray) -> Values:
        onset = self.onset[rows]
        limit = self.plan.follow_up_years * DAYS_PER_YEAR
        lived = np.clip(courses.death - onset, 0.0, limit)
        when = onset + self.plan.at_months * DAYS_PER_MONTH
        alive = courses.death > when
        score = courses.at("clinic.alsfrs_r.total", when)
        innervation = np.mean([courses.at(name, when) for name in INNERVATION], axis=0)
        out = {
            "survival": lived / DAYS_PER_MONTH,
            "alsfrs": np.where(alive, score, 0.0),
            "alive": alive.astype(float),
            "innervation": np.where(alive, innervation, 0.0),
        }
        return {name: np.where(courses.failed, np.nan, values) for name, values in out.items()}


_FAILED = frozenset(status.name.lower() for status in Status if status.failed)


def ceiling(plan: Plan, endpoint: str) -> float:
    """The value of someone who never falls ill."""
    own = ENDPOINTS[endpoint].ceiling
    return plan.follow_up_years * DAYS_PER_YEAR / DAYS_PER_MONTH if own is None else own


def _mean_and_range(differences: np.ndarray, draws: np.ndarray) -> tuple[float, float, float]:
    """Mean over patients with a 95 % bootstrap interval; no interval for one patient."""
    known = np.isfinite(differences)
    if not known.any():
        return np.nan, np.nan, np.nan
    mean = float(differences[known].mean())
    if len(differences) < 2:
        return mean, np.nan, np.nan
    means = np.nanmean(differences[draws], axis=1)
    lower, upper = np.percentile(means, [2.5, 97.5])
    return mean, float(lower), float(upper)


def _draws(plan: Plan, n: int) -> np.ndarray:
    return stream(plan.seed, "therapeutic window", "bootstrap").integers(0, n, (RESAMPLES, n))


def _cell_table(plan: Plan, values: Mapping[Any, Values], base: Values) -> pd.DataFrame:
    draws = _draws(plan, len(base["survival"]))
    beyond = {
        (name, level): bool(doubts(treatments.products()[name], [text]))
        for name in plan.products
        for level, (_, text) in enumerate(plan.levels(name))
    }
    rows = []
    for (arm, level, start), found in values.items():
        doses = [plan.levels(name)[level] for name in arm]
        for endpoint in ENDPOINTS:
            gained = found[endpoint] - base[endpoint]
            rows.append(
                {
                    "combination": " + ".join(arm),
                    "products": len(arm),
                    "dose_level": level,
                    "dose_multiple": doses[0][0],
                    "dose": " + ".join(text for _, text in doses),
                    "start_years": start,
                    "endpoint": endpoint,
                    "unit": ENDPOINTS[endpoint].unit,
                    "untreated": float(np.nanmean(base[endpoint])),
                    "treated": float(np.nanmean(found[endpoint])),
                    **dict(zip(("benefit", "lower", "upper"), _mean_and_range(gained, draws), strict=True)),
                    "beyond_studied": any(beyond[name, level] for name in arm),
                    "patients": int(np.isfinite(gained).sum()),
                }
            )
    return pd.DataFrame(rows)


def _rescue_table(plan: Plan, values: Mapping[Any, Values], base: Values) -> pd.DataFrame:
    draws = _draws(plan, len(base["survival"]))
    rows = []
    for (layer, start), found in values.items():
        for endpoint in ENDPOINTS:
            low_high = _mean_and_range(found[endpoint] - base[endpoint], draws)
            rows.append(
                {
                    "layer": layer,
                    "title": rescue.layer_title(layer),
                    "start_years": start,
                    "endpoint": endpoint,
                    "unit": ENDPOINTS[endpoint].unit,
                    "untreated": float(np.nanmean(base[endpoint])),
                    "treated": float(np.nanmean(found[endpoint])),
                    **dict(zip(("benefit", "lower", "upper"), low_high, strict=True)),
                }
            )
    return pd.DataFrame(rows)


def _interaction_table(plan: Plan, values: Mapping[Any, Values], base: Values) -> pd.DataFrame:
    """Pairs beside their parts. Bliss: what is left of the loss is the product of what each part alone leaves.

    The loss is counted from the value of someone who never falls ill. ``excess`` is the benefit above Bliss, with its
    interval over patients; ``added`` is the plain sum of the parts' benefits.
    """
    draws = _draws(plan, len(base["survival"]))
    rows = []
    for (arm, level, start), found in values.items():
        if len(arm) != 2 or any((part,) not in plan.arms for part in arm):
            continue
        parts = [values[(name,), level, start] for name in arm]
        for endpoint in ENDPOINTS:
            top = ceiling(plan, endpoint)
            unit = _bliss(base[endpoint], parts[0][endpoint], parts[1][endpoint], found[endpoint], top)
            first, second = (part[endpoint][draws].T for part in parts)
            spread = _bliss(base[endpoint][draws].T, first, second, found[endpoint][draws].T, top)
            lower, upper = np.nanpercentile(spread["excess"], [2.5, 97.5]) if len(draws[0]) > 1 else (np.nan, np.nan)
            rows.append(
                {
                    "pair": " + ".join(arm),
                    "dose_level": level,
                    "dose_multiple": plan.levels(arm[0])[level][0],
                    "start_years": start,
                    "endpoint": endpoint,
                    "unit": ENDPOINTS[endpoint].unit,
                    "first": float(np.nanmean(parts[0][endpoint] - base[endpoint])),
                    "second": float(np.nanmean(parts[1][endpoint] - base[endpoint])),
                    "both": float(np.nanmean(found[endpoint] - base[endpoint])),
                    "added": float(np.nanmean(parts[0][endpoint] + parts[1][endpoint] - 2 * base[endpoint])),
                    "bliss": float(unit["bliss"]),
                    "excess": float(unit["excess"]),
                    "excess_lower": float(lower),
                    "excess_upper": float(upper),
                    "verdict": _interaction(float(unit["excess"]), float(lower), float(upper)),
                }
            )
    columns = [
        "pair", "dose_level", "dose_multiple", "start_years", "endpoint", "unit", "first", "second", "both", "added",
        "bliss", "excess", "excess_lower", "excess_upper", "verdict",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _bliss(base: np.ndarray, a: np.ndarray, b: np.ndarray, both: np.ndarray, top: float) -> dict[str, np.ndarray]:
    """Expected and excess benefit of a pair from group means: expected loss = loss_a loss_b / loss_untreated."""
    means = [np.nanmean(v, axis=0) for v in (base, a, b, both)]
    lost, lost_a, lost_b, lost_both = (top - m for m in means)
    with np.errstate(invalid="ignore", divide="ignore"):
        left = np.where(lost > 0, lost_a * lost_b / lost, 0.0)
    return {"bliss": lost - left, "excess": left - lost_both}


def _interaction(excess: float, lower: float, upper: float) -> str:
    if not np.isfinite(lower):
        return "more than its parts" if excess > 0 else "less than its parts" if excess < 0 else "as its parts"
    if lower > 0:
        return "more than its parts"
    return "less than its parts" if upper < 0 else "as its parts"


def _no_return(plan: Plan, cells: pd.DataFrame, rescues: pd.DataFrame) -> pd.DataFrame:
    """When each window is half closed, and closed: the latest start that keeps a share of the earliest starts' best."""
    curves: list[tuple[str, str, pd.DataFrame]] = [
        (name, "rescue", rescues[rescues["layer"] == layer])
        for layer, name in ((layer, rescue.layer_title(layer)) for layer in (rescue.FULL, *rescue.NAMES[:-1]))
    ]
    if not cells.empty:
        for combination in cells["combination"].unique():
            own = cells[cells["combination"] == combination]
            nearest_to_one = own.loc[(own["dose_multiple"] - 1).abs().idxmin(), "dose_level"]
            curves.append((str(combination), "treatment", own[own["dose_level"] == nearest_to_one]))
    rows = []
    for name, kind, curve in curves:
        for endpoint in ENDPOINTS:
            own = curve[curve["endpoint"] == endpoint].sort_values("start_years")
            starts, benefit = own["start_years"].to_numpy(), own["benefit"].to_numpy()
            rows.append(
                {
                    "what": name,
                    "kind": kind,
                    "endpoint": endpoint,
                    "unit": ENDPOINTS[endpoint].unit,
                    "dose": str(own["dose"].iloc[0]) if kind == "treatment" else "",
                    "best_benefit": float(np.nanmax(benefit)),
                    "best_start_years": float(starts[np.nanargmax(benefit)]),
                    "half_closed_years": latest(starts, benefit, KEPT[0]),
                    "closed_years": latest(starts, benefit, KEPT[1]),
                }
            )
    return pd.DataFrame(rows)


def latest(starts: np.ndarray, benefit: np.ndarray, share: float) -> float:
    """The latest start, by linear interpolation, that keeps ``share`` of the best benefit; infinite when even the
    last start does, NaN when nothing helps."""
    best = np.nanmax(benefit)
    if not best > 0:
        return float("nan")
    wanted = share * best
    enough = np.flatnonzero(benefit >= wanted)
    last = int(enough[-1])
    if last == len(starts) - 1:
        return float("inf")
    fall = benefit[last] - benefit[last + 1]
    return float(starts[last] + (benefit[last] - wanted) / fall * (starts[last + 1] - starts[last]))
