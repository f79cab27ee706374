"""The shipped model of one typical person, with the disease and treatments on their days, as an SBML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from charcot import disease, patients, treatments
from charcot.core.errors import Problem, Problems, raise_if_any
from charcot.core.identifiers import close_to, did_you_mean
from charcot.core.units import DAYS_PER_YEAR, UnitError, parse_quantity
from charcot.interfaces.exchange.export import Finding, check_sbml, to_sbml
from charcot.interfaces.exchange.export_evidence import evidence_of
from charcot.model.compose import compose
from charcot.model.definition import Definition
from charcot.patients.cohort import START_AGE, start_days
from charcot.patients.courses import parameters_of, schedule_of

LONGEST = 120.0  # years of a life


@dataclass(frozen=True)
class Exported:
    """An exported model: its text, its size, and what libSBML says of it."""

    text: str
    states: int
    parameters: int
    readouts: int
    events: int
    findings: tuple[Finding, ...]


def export_patient(
    genotype: str = "sporadic",
    region: str = "lumbar",
    seed_age_years: float = 58.0,
    products: Sequence[str] = (),
    start: str = "3 years",
    years: float = 10.0,
    overrides: Mapping[str, object] | None = None,
) -> Exported:
    """The model of a typical person of ``genotype`` whose disease is seeded in ``region`` at ``seed_age_years``.

    Args:
        products: treatments, each at its own dose and schedule from ``start`` after the seed.
        years: after the seed; doses are written for so long.
        overrides: values of parameters by full name; one that is no finite number is told.

    Every computed port of the model is written under its own name. Raises
    :class:`charcot.core.errors.Problems` for names that are not known and times that cannot be.
    """
    _check(genotype, region, seed_age_years, products, start, years)
    cohort = patients.typical_cohort([region], seed_age_years, genotype)
    definition = patients.definition(tuple(sorted(set(products))))
    program = compose(definition, _all_computed(definition))
    horizon = years * DAYS_PER_YEAR
    try:
        regimens = [treatments.Regimen.parse(product=name, start=start) for name in dict.fromkeys(products)]
    except (UnitError, ValueError) as error:
        raise Problems([Problem("bad-start", str(error))]) from error
    doses = [event for regimen in regimens for event in regimen.events(0.0, horizon)]
    schedule = schedule_of(cohort, program, [doses], horizon)
    table = parameters_of(cohort, program, tuple(products))[0]
    _override(program.parameter_names, table, overrides or {})
    first = float(start_days(cohort)[0])
    text = to_sbml(
        program,
        table,
        schedule,
        start=first,
        evidence=evidence_of(definition),
        notes=_notes(genotype, region, seed_age_years, first, list(regimens)),
    )
    counts = (len(program.states), len(program.parameters), len(program.readouts))
    return Exported(text, *counts, len(schedule.times), tuple(check_sbml(text)))


def _all_computed(definition: Definition) -> list[str]:
    """The full names of all variables: in a file for other tools every named quantity has its own name."""
    names: list[str] = []
    for port in definition.ports:
        if port.kind == "variable":
            places = [port.name] if port.scope == "person" else [f"{r}.{port.name}" for r in definition.regions]
            if port.scope == "class":
                places = [f"{place}.{s}" for place in places for s in range(1, definition.classes + 1)]
            names += places
    return names


def _check(
    genotype: str, region: str, seed_age_years: float, products: Sequence[str], start: str, years: float
) -> None:
    regions = disease.definition().regions
    tables = (("genotype", [genotype], disease.genotypes()), ("region", [region], regions))
    problems = [
        Problem(
            f"unknown-{what}",
            f"no {what} is called {name!r}",
            hint=f"{close_to(name, known)} There are: {', '.join(known)}.",
        )
        for what, names, known in (*tables, ("product", products, treatments.products()))
        for name in names
        if name not in known
    ]
    if not START_AGE <= seed_age_years <= LONGEST:
        message = f"the disease cannot be seeded at {seed_age_years:g} years: the model begins at {START_AGE:g}"
        problems.append(Problem("bad-seed-age", message, hint=f"Give {START_AGE:g} to {LONGEST:g}."))
    if not 0 < years <= LONGEST:
        message = f"{years:g} years after the seed is no span: give more than 0, and up to {LONGEST:g}"
        problems.append(Problem("bad-years", message))
    try:
        parse_quantity(start, "day")
    except UnitError as error:
        problems.append(Problem("bad-start", str(error), hint="For example: '3 years'."))
    raise_if_any(problems, "the model cannot be exported")


def _override(names: Sequence[str], table: np.ndarray, overrides: Mapping[str, object]) -> None:
    problems = []
    for name, number in overrides.items():
        if name not in names:
            problems.append(
                Problem("unknown-parameter", f"no parameter is called {name!r}", hint=did_you_mean(name, names))
            )
        elif not isinstance(number, int | float) or not np.isfinite(number):
            problems.append(Problem("bad-value", f"{name} is set to {number!r}, which is not a number"))
        else:
            table[names.index(name)] = number
    raise_if_any(problems, "the model cannot be exported")


def _notes(genotype: str, region: str, age: float, first: float, regimens: Sequence[treatments.Regimen]) -> list[str]:
    given = [f"{regimen.product}, {regimen.dose:g} a dose, from day {regimen.start - first:g}" for regimen in regimens]
    return [
        "A mechanistic model of amyotrophic lateral sclerosis, from axonal protein synthesis to survival.",
        f"One typical person, genotype {genotype}; every number at its shared value. Time 0 is the age of "
        f"{START_AGE:g} years; on day {-first:g}, at {age:g} years, the disease is seeded in the {region} region.",
        f"Treatments: {'; '.join(given) or 'none'}.",
        "A name such as lumbar_axon_energy_4 is a port of the model, lumbar.axon.energy.4: region, port, class. "
        "Each parameter and each computed quantity carries its evidence as a note, and the DOIs of its sources.",
    ]
