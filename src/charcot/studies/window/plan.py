"""What a sweep asks: who, which treatments at which doses and starts, what is gained; and what is wrong with it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from charcot import patients, treatments
from charcot.core.errors import Problem, Severity, Where
from charcot.core.identifiers import close_to, did_you_mean
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_YEAR, parse_quantity
from charcot.disease import REGIONS, genotypes
from charcot.patients import Traits, load_population
from charcot.patients.persons import trait_problems
from charcot.studies import rescue

DEFAULT_PRODUCTS = ("aav_mir126", "tofersen", "translation_restorer", "treg_infusion")
DEFAULT_POPULATIONS = ("sporadic", "sod1")
DEFAULT_MULTIPLES = (0.5, 1.0, 2.0)
DEFAULT_STARTS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)

MOST_PATIENTS = 1_000_000  # of each cell: they are simulated at once, in memory


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

WHILE_ALIVE = {
    e.name: e
    for e in (
        Endpoint("alsfrs", "ALSFRS-R while alive", "points", 48.0),
        Endpoint("innervation", "Muscle innervation while alive, mean of the regions", "1", 1.0),
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
    age: float | None = None  # of one patient: years at onset; None: the seed comes at 58 years
    person: int | None = None  # of one patient whose age is given: this drawn person, not the typical one
    n: int = 30
    seed: int = 1
    endpoint: str = "survival"
    at_months: float = 36.0
    follow_up_years: float = 10.0
    while_alive: bool = False  # nobody's course ends: function as it is while a person lives, and no survival

    def resolved(self) -> dict[str, Any]:
        """Everything that was asked for, defaults filled in, as plain data."""
        plain = {name: value for name, value in asdict(self).items() if value is not None}
        if not self.while_alive:
            del plain["while_alive"]
        plain["arms"] = ["+".join(arm) for arm in self.arms]
        plain["doses_per_product"] = {name: [text for _, text in self.levels(name)] for name in self.products}
        return plain

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """What is read, by name."""
        return WHILE_ALIVE if self.while_alive else ENDPOINTS

    @property
    def traits(self) -> Traits | None:
        """Who is swept, where it is one patient whose age at onset is given."""
        return None if self.age is None else Traits(self.population, self.age, self.patient, (), self.person)

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
    for arm in plan.arms:
        for clash in treatments.redosing(arm):
            report("redosing", clash, "Sweep them apart, or without pairs.", "--product")
    _check_doses(plan, known, report)
    _check_times(plan, report)
    if plan.patient and plan.patient not in REGIONS:
        report("unknown-region", f"there is no region {plan.patient!r}", did_you_mean(plan.patient, REGIONS),
               "--patient")  # fmt: skip
    if plan.patient and plan.population not in genotypes():
        report("unknown-genotype", f"one patient has a genotype, and {plan.population!r} is none",
               did_you_mean(plan.population, genotypes()), "--population")  # fmt: skip
    if not plan.patient and plan.population not in patients.population_names():
        hint = close_to(plan.population, patients.population_names())
        report("unknown-population", f"no population is called {plan.population!r}",
               f"{hint} Known are: {', '.join(patients.population_names())}.", "--population")  # fmt: skip
    problems += _person_problems(plan)
    if plan.endpoint not in plan.endpoints:
        alive = " that is read while alive" if plan.while_alive else ""
        report(
            "unknown-endpoint",
            f"no endpoint{alive} is called {plan.endpoint!r}",
            f"{close_to(plan.endpoint, plan.endpoints)} Known are: {', '.join(plan.endpoints)}.",
            "--endpoint",
        )
    if not any(problem.severity is Severity.ERROR for problem in problems):
        for name in plan.products:
            problems += treatments.doubts(known[name], [text for _, text in plan.levels(name)])
            problems += inert_here(name, plan.population, "--product")
    return problems


def _person_problems(plan: Plan) -> Iterator[Problem]:
    """What is wrong with the age of one patient and with which person it is."""
    if plan.traits is not None and plan.patient in REGIONS and plan.population in genotypes():
        yield from trait_problems(plan.traits)
    elif plan.age is not None and not plan.patient:
        yield Problem("age-of-many", "an age at onset is that of one patient", Where("--age"),
                      "Name the region where disease begins: --patient lumbar.")  # fmt: skip
    elif plan.age is None and plan.person is not None:
        yield Problem("person-without-age", "a drawn person needs an age at onset", Where("--person"),
                      "For example: --age 62.")  # fmt: skip


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


def inert_here(product: str, population: str, place: str) -> list[Problem]:
    """A warning that a product does nothing for a population (or genotype), where that is so."""
    if not inert(product, population):
        return []
    message = f"{product} acts on nothing that the patients of {population} have"
    hint = "Its benefit there is nothing. Choose a population of carriers."
    return [Problem("inert-product", message, Where(place), hint, Severity.WARNING)]


Report = Callable[[str, str, str, str], None]


def _check_doses(plan: Plan, known: Mapping[str, treatments.Product], report: Report) -> None:
    wrong = [multiple for multiple in plan.multiples if not (np.isfinite(multiple) and multiple > 0)]
    for multiple in wrong:
        report("bad-dose", f"{multiple:g} times the default dose is no dose", "Give numbers above zero.", "--dose")
    for name, texts in plan.doses.items():
        for text in texts if name in known else ():
            _check_dose(known[name], text, report)
    for name in () if wrong else plan.products:
        if name in known and name not in plan.doses:
            for _, text in plan.levels(name):
                _check_dose(known[name], text, report)
    if not plan.multiples:
        report("no-dose", "no dose is swept", "For example: --dose 0.5,1,2", "--dose")


def _check_dose(product: treatments.Product, text: str, report: Report) -> None:
    try:
        treatments.dose_of(product, text)
    except ValueError as error:  # a unit that does not fit is one too
        report("bad-dose", str(error), f"One dose of it is {product.default_dose}.", "--dose")


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
    if not 1 <= plan.n <= MOST_PATIENTS:
        hint = f"Give 1 to {MOST_PATIENTS:,}."
        report("bad-size", f"a cohort cannot have {plan.n:,} patients", hint, "-n")


def simulations(plan: Plan) -> int:
    """How many patients a sweep simulates, at most (for a progress bar)."""
    people = 1 if plan.patient else plan.n
    return people * (3 + len(plan.cells()) + len(rescue.NAMES) * len(rescue_starts(plan)))


def rescue_starts(plan: Plan) -> list[float]:
    """The starts of ideal rescues: those of the grid, and every half year between its ends."""
    steps = np.arange(np.ceil(min(plan.starts) * 2), np.floor(max(plan.starts) * 2) + 1) / 2
    return sorted({*plan.starts, *steps.tolist()})


def ceiling(plan: Plan, endpoint: str) -> float:
    """The value of someone who never falls ill."""
    own = ENDPOINTS[endpoint].ceiling
    return plan.follow_up_years * DAYS_PER_YEAR / DAYS_PER_MONTH if own is None else own
