"""The checks of a protocol file: each is one function that yields findings; all of them run, none stops the others.

The models of ``protocol.py`` find what can be seen in one value (unit, type, unknown key). The checks here compare
values with each other and with what exists (products, cohorts). They read the raw file, and pass over any value that
the models have already refused, so that one mistake is reported once.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from charcot.core.errors import CharcotError, Problem, Problems
from charcot.core.identifiers import close_to, did_you_mean, nearest
from charcot.core.units import DAYS_PER_YEAR
from charcot.core.yaml_file import Document, Path_
from charcot.treatments import redosing
from charcot.treatments.regimen import DoseError, ScheduleError
from charcot.treatments.schedules import general
from charcot.trials.design_checks import DESIGN_CHECKS, LARGEST_VITAL_CAPACITY, OLDEST
from charcot.trials.estimands import ANALYSES, ESTIMANDS, endpoint_named
from charcot.trials.findings import ADD_ARM, Finding, dotted, follows, from_model
from charcot.trials.protocol import Protocol
from charcot.trials.quantities import (
    CONCENTRATION,
    DAYS,
    HAZARD,
    MONTHS,
    PERCENT_PREDICTED,
    POINTS,
    RATE,
    SHARE,
    YEARS,
    Quantity,
)
from charcot.trials.raw import Check, arm_ids, get, last_visit, mappings, number_at
from charcot.trials.world import World

BASELINE_QUANTITIES: dict[str, Quantity] = {
    "age": YEARS,
    "total_score": POINTS,
    "time_since_onset": MONTHS,
    "run_in_slope": RATE,
    "bulbar_share": SHARE,
    "riluzole_share": SHARE,
    "vital_capacity": PERCENT_PREDICTED,
}


def find_problems(document: Document, world: World) -> tuple[Protocol | None, list[Problem]]:
    """The protocol, when its single values are sound, and every problem of the file in the order of its lines."""
    protocol, findings = find(document, world)
    return protocol, [Problem(f.code, f.message, document.where(f.path), f.hint) for f in findings]


def find(document: Document, world: World) -> tuple[Protocol | None, list[Finding]]:
    """As :func:`find_problems`, each finding with its path, for whoever shows it at a place of its own."""
    data = _plain(document.data)
    protocol: Protocol | None = None
    findings: list[Finding] = []
    try:
        protocol = Protocol.model_validate(data)
    except ValidationError as error:
        findings += [from_model(entry) for entry in error.errors() if not follows(entry)]
    refused = {finding.path for finding in findings}
    for check in CHECKS:
        findings += [finding for finding in check(data, world) if finding.path not in refused]
    return protocol, sorted(findings, key=lambda finding: document.where(finding.path).line)


def _plain(value: Any) -> Any:
    """YAML containers as plain dictionaries and lists, with keys as texts."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


# --- the checks --------------------------------------------------------------------------------------------------

LONGEST = 20 * DAYS_PER_YEAR  # days: nothing in a trial takes longer, and the simulator follows a course for 30 years
LARGEST_MINIMUM_CAPACITY = 120.0  # % predicted: 100 is health; hardly anyone is above, and nobody with ALS to speak of


@dataclass(frozen=True)
class Range:
    """What a limit in the file may be: ``least`` to ``most``; a minimum at most ``largest_minimum``."""

    path: Path_
    quantity: Quantity | None
    least: float
    most: float
    largest_minimum: float = math.inf
    why: str = ""


_RANGES: tuple[Range, ...] = (
    Range(("eligibility", "age"), YEARS, 0.0, OLDEST, 100.0, "There would be nobody to enrol."),
    Range(("eligibility", "time_since_onset"), DAYS, 0.0, LONGEST),
    Range(("eligibility", "time_since_diagnosis"), DAYS, 0.0, LONGEST),
    Range(("eligibility", "involved_regions"), None, 0.0, 4.0),
    Range(("eligibility", "japan_grade"), None, 1.0, 5.0),
    Range(("eligibility", "alsfrs_40"), POINTS, 0.0, 40.0),
    Range(("eligibility", "serum_nfl"), CONCENTRATION, 0.0, 10_000.0),
    Range(("eligibility", "tricals"), None, -20.0, 5.0, why="Most patients have -6 to -2."),
    Range(("eligibility", "every_item"), POINTS, 0.0, 4.0),
    Range(("eligibility", "total_score"), POINTS, 0.0, 48.0),
    Range(("eligibility", "score_at_randomisation"), POINTS, 0.0, 48.0),
    Range(
        ("eligibility", "slope_since_onset"), RATE, 0.0, 48.0, 10.0, "It is points lost a month, as a positive number."
    ),
    Range(
        ("eligibility", "vital_capacity"), PERCENT_PREDICTED, 0.0, LARGEST_VITAL_CAPACITY, LARGEST_MINIMUM_CAPACITY,
        "A healthy person has about 100 %.",
    ),
    Range(
        ("eligibility", "supine_vital_capacity"), PERCENT_PREDICTED, 0.0, LARGEST_VITAL_CAPACITY,
        LARGEST_MINIMUM_CAPACITY, "A healthy person has about 100 %.",
    ),
    Range(("screening", "run_in", "decline"), POINTS, -48.0, 48.0),
)  # fmt: skip


def check_ranges(data: Mapping[str, Any], world: World) -> Iterator[Finding]:
    """Limits are possible values, and no minimum is above its maximum."""
    for one in _RANGES:
        path, unit = one.path, f" {one.quantity.unit}" if one.quantity else ""
        ends = {end: number_at(data, one.quantity, *path, end) for end in ("min", "max")}
        possible = True
        for end, value in ends.items():
            most = min(one.most, one.largest_minimum) if end == "min" else one.most
            if value is not None and not one.least <= value <= most:
                text = f"{dotted(path)}.{end}: {value:g}{unit} is not possible"
                hint = f"It must lie from {one.least:g} to {most:g}{unit}."
                hint += f" {one.why}" if one.why and value > most else ""
                possible = False
                yield Finding((*path, end), "impossible-value", text, hint)
        if possible and ends["min"] is not None and ends["max"] is not None and ends["min"] > ends["max"]:
            text = f"{dotted(path)}: the minimum {ends['min']:g}{unit} is above the maximum {ends['max']:g}{unit}"
            yield Finding((*path, "min"), "empty-range", text, "Nobody could be eligible: swap or correct them.")


def check_times(data: Mapping[str, Any], world: World) -> Iterator[Finding]:
    """Screening times are not negative, a run-in takes time, and nothing takes decades."""
    path: Path_ = ("screening", "delay_after_diagnosis", "median")
    delay = number_at(data, DAYS, *path)
    if delay is not None and delay < 0:
        yield Finding(path, "impossible-value", f"{dotted(path)}: screening cannot come before diagnosis")
    path = ("screening", "run_in", "duration")
    run_in = number_at(data, DAYS, *path)
    if run_in is not None and run_in <= 0:
        yield Finding(path, "impossible-value", f"{dotted(path)}: a run-in must take more than 0 days")
    end = last_visit(data)
    times: list[tuple[Path_, float | None]] = [
        (("screening", "delay_after_diagnosis", "median"), delay), (path, run_in), (("visits",), end),
    ]  # fmt: skip
    for path, days in times:
        if days is not None and days > LONGEST:
            yield _too_long(path, days)


def check_horizon(data: Mapping[str, Any], world: World) -> Iterator[Finding]:
    """A restricted mean looks no further than the last visit, and no life within the trial is longer than it."""
    path: Path_ = ("analysis", "longer_by")
    longer, end = number_at(data, DAYS, *path), last_visit(data)
    if longer is not None and end is not None and not 0 < longer < end:
        text = f"{dotted(path)}: {longer:g} days is no difference that a trial of {end:g} days can show"
        yield Finding(path, "after-end", text, "Let it be above 0 and below the last visit, or leave it out: 0.")
    path = ("analysis", "restricted_to")
    horizon = number_at(data, DAYS, *path)
    if horizon is not None and end is not None and not 0 < horizon <= end:
        text = f"{dotted(path)}: day {horizon:g} is not within the trial, whose last visit is on day {end:g}"
        yield Finding(
            path, "after-end", text, "Let it lie within the visits, or leave it out: it is then the last one."
        )


def _too_long(path: Path_, days: float) -> Finding:
    text = f"{dotted(path)}: {days / DAYS_PER_YEAR:,.3g} years is not possible"
    return Finding(path, "impossible-value", text, f"Nothing in a trial takes above {LONGEST / DAYS_PER_YEAR:g} years.")


def check_arm_ids(data: Mapping[str, Any], world: World) -> Iterator[Finding]:
    """Every arm has its own id."""
    seen: dict[str, int] = {}
    for position, arm in mappings(data, "arms"):
        name = arm.get("id")
        if isinstance(name, str) and name in seen:
            text = f"arms.{position}.id: '{name}' is also the id of arms.{seen[name]}"
            yield Finding(("arms", position, "id"), "duplicate-arm", text, "Give each arm its own id.")
        elif isinstance(name, str):
            seen[name] = position


def check_endpoints(data: Mapping[str, Any], world: World) -> Iterator[Finding]:
    """Every endpoint is named once: twice, each of its trials would be counted twice in its ranges."""
    listed = get(data, "endpoints")
    seen: dict[str, int] = {}
    for position, asked in enumerate(listed if isinstance(listed, list) else []):
        try:
            name = endpoint_named(asked)
        except ValueError:
            continue  # the models say what is wrong with it
        if not isinstance(name, str):
            continue
        if name in seen:
            path: Path_ = ("endpoints", position)
            text = f"{dotted(path)}: endpoint named twice: '{name}' is also {dotted(('endpoints', seen[name]))}"
            yield Finding(path, "duplicate-endpoint", text, "Name each endpoint once: remove this one.")
        seen.setdefault(name, position)


def check_reference(data: Mapping[str, Any], world: World) -> Iterator[Finding]:
    """There is something to compare, and it is clear with which arm: the one without treatment, or the one named."""
    arms, listed = mappings(data, "arms"), get(data, "arms")
    if isinstance(listed, list) and len(listed) == 1:
        yield Finding(("arms",), "one-arm", "a trial compares two arms or more, and there is one", ADD_ARM)
    if len(arms) < 2 or get(data, "analysis", "reference_arm") is not None:
        return
    untreated = [str(arm.get("id")) for _, arm in arms if not arm.get("treatments")]
    if len(untreated) != 1:
        named = f"{' and '.join(untreated)} are without treatment" if untreated else "every arm is treated"
        text = f"{named}, and no reference arm is named: it is not clear with which arm the others are compared"
        hint = f"Write for example: analysis: {{reference_arm: {(untreated or arm_ids(data))[0]}}}"
        yield Finding(("arms",), "no-reference", text, hint)


def check_references_to_arms(data: Mapping[str, Any], world: World) -> Iterator[Finding]:
    """Arms that are named elsewhere exist."""
    known = arm_ids(data)
    named: list[tuple[Path_, Any]] = [(("analysis", "reference_arm"), get(data, "analysis", "reference_arm"))]
    dropout = get(data, "dropout", "arms")
    named += [(("dropout", "arms", key), key) for key in (dropout if isinstance(dropout, Mapping) else ())]
    for position, entry in mappings(data, "published", "values"):
        named.append((("published", "values", position, "arm"), entry.get("arm")))
    for path, name in named:
        if isinstance(name, str) and name not in known:
            text = f"{dotted(path)}: no arm is called '{name}'"
            yield Finding(path, "unknown-arm", text, did_you_mean(name, known))


def check_cohort(data: Mapping[str, Any], world: World) -> Iterator[Finding]:
    """The cohort exists and takes the overrides."""
    population = get(data, "population")
    name = population.get("cohort", "sporadic") if isinstance(population, Mapping) else "sporadic"
    known = list(world.cohorts())
    if not isinstance(name, str) or not isinstance(population, Mapping):
        return
    if name not in known:
        hint = f"{close_to(name, known)} Known: {', '.join(known)}."
        yield Finding(("population", "cohort"), "unknown-cohort", f"no cohort is called '{name}'", hint)
    elif isinstance(population.get("overrides"), Mapping):
        try:
            world.population(name, population["overrides"])
        except (ValueError, KeyError, TypeError, CharcotError) as error:
            yield Finding(("population", "overrides"), "bad-override", f"population.overrides: {_words(error)}")


def check_background(data: Mapping[str, Any], world: World) -> Iterator[Finding]:
    """Background products exist, and their shares lie from 0 to 100 %."""
    background = get(data, "population", "background")
    for name in background if isinstance(background, Mapping) else ():
        path: Path_ = ("population", "background", name)
        if name not in world.products():
            yield _unknown_product(path, name, world)
        share = number_at(background, SHARE, name)
        if share is not None and not 0 <= share <= 100:
            yield Finding(path, "impossible-value", f"{dotted(path)}: a share of {share:g} % is not possible")


def check_treatments(data: Mapping[str, Any], world: World) -> Iterator[Finding]:
    """Products exist, doses are above zero and in the product's unit, and treatment ends after it starts."""
    for position, arm in mappings(data, "arms"):
        for number, entry in mappings(arm, "treatments"):
            yield from _treatment(("arms", position, "treatments", number), entry, world, last_visit(data))


def _treatment(path: Path_, entry: Mapping[str, Any], world: World, end: float | None) -> Iterator[Finding]:
    product, dose = entry.get("product"), entry.get("dose")
    start = number_at(entry, DAYS, "start") if "start" in entry else 0.0
    stop = number_at(entry, DAYS, "stop")
    if start is not None and start < 0:
        text = f"{dotted(path)}.start: {start:g} days is before randomisation"
        yield Finding(
            (*path, "start"), "start-before-randomisation", text, "A trial treatment starts on day 0 or later."
        )
    if start is not None and end is not None and start >= end and (stop is None or stop > start):
        text = f"{dotted(path)}.start: day {start:g} is not before the last visit, on day {end:g}"
        hint = "Nobody would see what the treatment does: let it start sooner, or add visits."
        yield Finding((*path, "start"), "start-after-end", text, hint)
    if stop is not None and stop > LONGEST:
        yield _too_long((*path, "stop"), stop)
    times_are_sound = start is not None and start >= 0
    if start is not None and stop is not None and stop <= start:
        times_are_sound = False
        text = f"{dotted(path)}: the treatment stops on day {stop:g} but starts on day {start:g}"
        yield Finding((*path, "stop"), "stop-before-start", text, "Let it stop later, or leave 'stop' out.")
    if not isinstance(product, str):
        return
    if product not in world.products():
        yield _unknown_product((*path, "product"), product, world)
        return
    finding = _dose_problem((*path, "dose"), dose, world.products()[product].dose_unit)
    if finding is not None:
        yield finding
    elif times_are_sound and isinstance(dose, str):
        yield from _regimen_problem(path, entry, world)


def _dose_problem(path: Path_, dose: Any, unit: str) -> Finding | None:
    if dose is None:
        return None  # the models report a missing dose
    try:
        value = Quantity(unit, f"60 {unit}").read(dose)
    except ValueError as error:
        return Finding(path, "bad-dose", f"{dotted(path)}: {error}")
    if value <= 0:
        return Finding(path, "bad-dose", f"{dotted(path)}: a dose of {value:g} {unit} is not above zero")
    return None


def _regimen_problem(path: Path_, entry: Mapping[str, Any], world: World) -> Iterator[Finding]:
    """What the product itself says against this regimen, such as an unknown schedule."""
    schedule = entry.get("schedule", "label")
    if not isinstance(schedule, str):
        return  # told as no text
    schedules = list(world.products()[entry["product"]].schedules)
    understood = schedule.startswith("every ") or schedule in general("continuous")
    if schedule not in schedules and not understood:
        text = f"{dotted(path)}.schedule: {entry['product']} has no schedule called '{schedule}'"
        hint = f"{close_to(schedule, schedules)} It has: {', '.join(schedules)}, or 'every 28 days'."
        yield Finding((*path, "schedule"), "unknown-schedule", text, hint)
        return
    try:
        world.regimen(entry["product"], entry["dose"], entry.get("start", "0 days"), entry.get("stop"), schedule)
    except DoseError as error:
        yield Finding((*path, "dose"), "bad-dose", f"{dotted(path)}.dose: {_words(error)}")
    except ScheduleError as error:
        yield Finding((*path, "schedule"), "bad-schedule", f"{dotted(path)}.schedule: {_words(error)}")
    except (ValueError, KeyError, TypeError, CharcotError) as error:
        yield Finding(path, "bad-regimen", f"{dotted(path)}: {_words(error)}")


def _unknown_product(path: Path_, name: str, world: World) -> Finding:
    known = list(world.products())
    hint = did_you_mean(name, known) if nearest(name, known) else f"Known: {', '.join(sorted(known))}."
    return Finding(path, "unknown-product", f"{dotted(path)}: no product is called '{name}'", hint)


def _words(error: Exception) -> str:
    if isinstance(error, Problems):
        return "; ".join(problem.message for problem in error.problems)
    return str(error.args[0]) if error.args else type(error).__name__


def check_double_products(data: Mapping[str, Any], world: World) -> Iterator[Finding]:
    """Nobody gets one product twice at one time, by background and arm or twice in an arm, or too often in a life."""
    background = get(data, "population", "background")
    for position, arm in mappings(data, "arms"):
        spells: list[tuple[str, float, float]] = []
        for number, entry in mappings(arm, "treatments"):
            path: Path_ = ("arms", position, "treatments", number, "product")
            product = str(entry.get("product"))
            start, end = _spell(entry, world)
            most = getattr(world.products().get(product), "most_doses", math.inf)
            if isinstance(background, Mapping) and product in background:
                text = f"{dotted(path)}: {product} is also a background treatment, so that some would take it twice"
                yield Finding(path, "double-product", text, "Remove it from population.background or from the arm.")
            elif any(name == product and start < b and a < end for name, a, b in spells):
                text = f"{dotted(path)}: {product} is given twice at one time in this arm"
                hint = "Let the first end ('stop') before the other starts, or join the doses."
                yield Finding(path, "double-product", text, hint)
            elif sum(name == product for name, _, _ in spells) >= most:
                text = (
                    f"{dotted(path)}: {product} is given {'once' if most == 1 else f'{most:g} times'} in a life at most"
                )
                yield Finding(path, "double-product", text, "Remove this treatment.")
            before = [*(background if isinstance(background, Mapping) else ()), *(name for name, _, _ in spells)]
            for clash in redosing([*dict.fromkeys(map(str, before)), product]):
                if product in clash:
                    hint = "A vector is given once in a life, and no other of its serotype after it."
                    yield Finding(path, "redosing", f"{dotted(path)}: {clash}", hint)
            spells.append((product, start, end))


def _spell(entry: Mapping[str, Any], world: World) -> tuple[float, float]:
    """From the first dose of a treatment to the end of its last day with a dose; infinite where it goes on."""
    start, stop = number_at(entry, DAYS, "start") or 0.0, number_at(entry, DAYS, "stop")
    product = world.products().get(str(entry.get("product")))
    dosing = None
    with contextlib.suppress(ValueError, AttributeError):  # an unreadable schedule is another check's finding
        dosing = product.schedule(str(entry.get("schedule", "label"))) if product is not None else None
    length = math.inf if dosing is None else dosing.length
    return start, min(start + length, math.inf if stop is None else stop)


def check_dropout(data: Mapping[str, Any], world: World) -> Iterator[Finding]:
    """A withdrawal is a hazard, or a share by a time; not both, and not half of one."""
    arms = get(data, "dropout", "arms")
    places: list[Path_] = [("dropout",)]
    places += [("dropout", "arms", key) for key in (arms if isinstance(arms, Mapping) else ())]
    for path in places:
        entry = get(data, *path)
        if not isinstance(entry, Mapping):
            continue
        if "hazard" in entry and ("share" in entry or "at" in entry):
            text = f"{dotted(path)}: give a hazard, or a share with a time, not both"
            yield Finding((*path, "hazard"), "double-dropout", text)
        if ("share" in entry) != ("at" in entry):
            text = f"{dotted(path)}: a share needs the time by which it has left"
            yield Finding(path, "half-dropout", text, "Write for example: {share: 10 %, at: 24 weeks}")
        share, hazard, at = (number_at(entry, q, k) for q, k in ((SHARE, "share"), (HAZARD, "hazard"), (DAYS, "at")))
        if share is not None and not 0 <= share < 100:
            yield Finding((*path, "share"), "impossible-value", f"{dotted(path)}.share: {share:g} % is not possible")
        if hazard is not None and hazard < 0:
            yield Finding((*path, "hazard"), "impossible-value", f"{dotted(path)}.hazard is below zero")
        if hazard is not None and hazard > 1:
            text = f"{dotted(path)}.hazard: {100 * hazard:g} %/month is not possible"
            yield Finding((*path, "hazard"), "impossible-value", text, "At 100 %/month two thirds leave in a month.")
        if at is not None and at <= 0:
            yield Finding((*path, "at"), "impossible-value", f"{dotted(path)}.at must be after day 0")
        if at is not None and at > LONGEST:
            yield _too_long((*path, "at"), at)


def check_published(data: Mapping[str, Any], world: World) -> Iterator[Finding]:
    """Published values are written in the unit of what they are compared with, and were computed in the same way."""
    for position, entry in mappings(data, "published", "values"):
        path: Path_ = ("published", "values", position)
        estimand = ESTIMANDS.get(str(entry.get("estimand")))
        if estimand is None:
            continue
        if "value" in entry:
            yield from _unreadable((*path, "value"), estimand.quantity, entry["value"])
        analysis = entry.get("analysis")
        if isinstance(analysis, str) and analysis in ANALYSES and analysis != estimand.analysis:
            same = [name for name, one in ESTIMANDS.items() if one.analysis == analysis]
            text = (
                f"{dotted(path)}: the published value is a {ANALYSES[analysis][0]}, but {entry['estimand']} is a "
                f"{ANALYSES[estimand.analysis][0]}"
            )
            hint = f"Compare like with like: {' or '.join(same) or 'no estimand'} is computed that way."
            yield Finding((*path, "analysis"), "other-analysis", text, hint)
    for position, entry in mappings(data, "published", "baseline"):
        quantity = BASELINE_QUANTITIES.get(str(entry.get("variable")))
        for key in ("mean", "sd"):
            if quantity is not None and key in entry:
                yield from _unreadable(("published", "baseline", position, key), quantity, entry[key])
        spread = None if quantity is None else number_at(entry, quantity, "sd")
        if spread is not None and spread <= 0:
            place: Path_ = ("published", "baseline", position, "sd")
            yield Finding(place, "impossible-value", f"{dotted(place)}: an SD of {spread:g} is not above zero")


def _unreadable(path: Path_, quantity: Quantity, value: Any) -> Iterator[Finding]:
    try:
        quantity.read(value)
    except ValueError as error:
        yield Finding(path, "bad-quantity", f"{dotted(path)}: {error}")


def check_pool(data: Mapping[str, Any], world: World) -> Iterator[Finding]:
    """The screening cap leaves room for the patients that are wanted."""
    numbers = [number_at(arm, None, "n") for _, arm in mappings(data, "arms")]
    wanted = sum(number for number in numbers if number is not None and number > 0)
    cap = number_at(data, None, "simulate", "screened_per_replicate")
    if cap is not None and 0 < cap < wanted:
        path: Path_ = ("simulate", "screened_per_replicate")
        text = f"{dotted(path)}: {cap:g} screened patients cannot give {wanted:g} randomised ones"
        yield Finding(path, "too-few-screened", text, "Raise it; several times the number of patients is usual.")


CHECKS: tuple[Check, ...] = (
    check_ranges,
    check_times,
    check_horizon,
    check_arm_ids,
    check_endpoints,
    check_reference,
    check_references_to_arms,
    check_cohort,
    check_background,
    check_treatments,
    check_double_products,
    check_dropout,
    *DESIGN_CHECKS,
    check_published,
    check_pool,
)
