"""What is wrong with the groups of a cohort and with what is measured of it, found without a simulation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from charcot import disease, patients
from charcot.core.identifiers import did_you_mean
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_YEAR, UnitError, parse_quantity
from charcot.core.yaml_file import Path_
from charcot.experiments.cohorts import UNTREATED, arm_names, readouts, start_text
from charcot.experiments.definition import Bound, Cohort, Criteria, Given, Measure
from charcot.experiments.forms import MIXED, OF_PAIRS, OF_THE_LAW, OF_TWO, OF_VALUES, form_of, statistic_names
from charcot.experiments.persons import OWN_QUANTITIES, RECORDED, clock_of, taken_of_each, visit_months
from charcot.patients.courses import HORIZON_YEARS

Finding = tuple[Path_, str, str, str]  # place, code, message, hint
ORDER = ("seed", "onset", "diagnosis", "death")  # of what persons come to
OVER_MONTHS = ("hazard ratio", "hazard ratio of groups", "decline ratio", "responders", "share with event",
               "alive after diagnosis")  # fmt: skip
LAST_MONTH = HORIZON_YEARS * DAYS_PER_YEAR / DAYS_PER_MONTH
# What each quantity of a person looks at beside its read-out.
_KEYS_OF = {"value": {"months"}, "change": {"since", "until"}, "ratio": {"since", "until"},
            "slope": {"since", "until", "every"}}  # fmt: skip
_WINDOW = {"months", "since", "until", "every"}


def _unknown(what: str, name: str, known: Iterable[str], place: Path_) -> Iterator[Finding]:
    options = list(known)
    if name not in options:
        yield place, f"unknown-{what}", f"no {what} is called {name!r}", did_you_mean(name, options)


def group_problems(cohort: Cohort, measures: Mapping[str, Measure]) -> Iterator[Finding]:
    """Of the groups of a cohort, and of an untreated arm that is none."""
    place: Path_ = ("cohort", "groups")
    for kind in ("arms", "set", "off"):
        if getattr(cohort, kind).get(UNTREATED):
            message = f"something is done to the arm {UNTREATED!r}: it is the one beside which others stand"
            yield ("cohort", kind, UNTREATED), "treated-untreated", message, "Give the arm another name."
    for label, given in cohort.arms.items():
        for i, one in enumerate(given):
            yield from _start_problems(one, ("cohort", "arms", label, i, "start"))
    asked = {name for measure in measures.values() for name in (measure.among, measure.versus)}
    for label, group in cohort.groups.items():
        yield from _criteria_problems(group, (*place, label))
        if label not in asked:
            hint = did_you_mean(label, sorted(name for name in asked if name))
            yield (*place, label), "unread-group", f"no measure asks for the group {label!r}", hint


def _start_problems(given: Given, place: Path_) -> Iterator[Finding]:
    """A product that is given so long before or after diagnosis that nobody is followed there."""
    try:
        days = parse_quantity(start_text(given), "day")
    except UnitError:
        return  # told with what is wrong with the product
    if not abs(days) < HORIZON_YEARS * DAYS_PER_YEAR:
        yield place, "never-happens", f"nobody is followed for {days:g} days from diagnosis", ""


def _criteria_problems(group: Criteria, place: Path_) -> Iterator[Finding]:
    if group.months > LAST_MONTH:
        message = f"nobody is followed to month {group.months:g} after {group.clock}"
        hint = f"A life is followed for {LAST_MONTH:g} months after the seed."
        yield (*place, "months"), "out-of-window", message, hint
    for name in group.genotype:
        yield from _unknown("genotype", name, disease.genotypes(), (*place, "genotype"))
    for name in group.onset_region:
        yield from _unknown("region", name, disease.REGIONS, (*place, "onset_region"))
    own = patients.draw_cohort(patients.load_population("sporadic"), 0, 0).deviations  # the same in all populations
    for name, bound in group.where.items():
        here = (*place, "where", name)
        yield from _unknown("quantity", name, (*OWN_QUANTITIES, *readouts(), *own), here)
        if name in own and _absolute(bound):
            message = f"{name} differs between patients as drawn: only its quantiles can be asked for"
            yield here, "no-quantile", message, "Give above_quantile or below_quantile."


def _absolute(bound: Bound) -> bool:
    return bound.above is not None or bound.below is not None


def statistic_problems(
    label: str, measure: Measure, cohort: Cohort, measures: Mapping[str, Measure]
) -> Iterator[Finding]:
    """Of a measure that asks for a statistic, by its place within the measure."""
    name = measure.statistic or ""
    form = form_of(name)
    if form is None:
        yield from _unknown("statistic", name, statistic_names(), ("statistic",))
        return
    what = f"the statistic {name!r}"
    for key in sorted(measure.given - {"arm", "statistic", *form.takes}):
        yield (key,), "idle-key", f"{label}: {key} means nothing beside {what}", "Take it out, or say what is meant."
    for key in sorted(form.needs - measure.given):
        yield (), "missing-key", f"{label}: {what} needs {key}", f"Add '{key}: ...'."
    yield from _whom(label, measure, cohort, what)
    for read in measure.reads:
        yield from _unknown("read-out", read, readouts(), ("read",))
    texts = [key for key in ("since", "until", "above", "below") if isinstance(getattr(measure, key), str)]
    for key in texts:
        yield (key,), "bad-value", f"{label}: {key} is {getattr(measure, key)!r}, but must be a number", ""
    if name not in OF_VALUES:
        yield from _months_problems(label, measure)
    if name in OF_VALUES and not texts:
        yield from _value_problems(label, measure)
    if name in OF_TWO:
        yield from _pair_problems(label, measure, measures)
    yield from _order_problems(label, measure)


def _months_problems(label: str, measure: Measure) -> Iterator[Finding]:
    months = measure.months
    if months is None:
        return
    if months < 0:
        yield ("months",), "bad-value", f"{label}: months is {months:g}, but must be 0 or more", ""
    elif months == 0 and measure.statistic in OVER_MONTHS:
        yield ("months",), "empty-window", f"{label}: nothing happens in no months", "Say how long to look."
    elif months > LAST_MONTH:
        yield ("months",), "out-of-window", f"{label}: nobody is followed to month {months:g}", _followed(measure)


def _whom(label: str, measure: Measure, cohort: Cohort, what: str) -> Iterator[Finding]:
    """Of the arms and groups that a measure names."""
    name = measure.statistic or ""
    if name in OF_THE_LAW:
        kind = OF_THE_LAW[name]
        known = disease.genotypes() if kind == "genotype" else disease.exposures()
        yield from _unknown(kind, measure.arm, known, ("arm",))
        return
    for key in ("arm", "against"):
        if getattr(measure, key):
            yield from _unknown("arm", getattr(measure, key), arm_names(cohort), (key,))
    if name in OF_PAIRS and (measure.arm or UNTREATED) == (measure.against or UNTREATED):
        yield (), "one-arm", f"{label}: {what} compares an arm with itself", "Name another arm."
    for key in ("among", "versus"):
        if getattr(measure, key) is not None:
            yield from _unknown("group", getattr(measure, key), cohort.groups, (key,))
    if measure.among is not None and measure.among == measure.versus:
        yield ("versus",), "one-group", f"{label}: {what} compares a group with itself", "Name another group."
    if measure.clock == "entry" and measure.among is None:
        yield ("clock",), "missing-key", f"{label}: only a group has an entry", "Add 'among', or take another clock."


def _value_problems(label: str, measure: Measure) -> Iterator[Finding]:
    """Of the quantity that a measure takes of each person."""
    of = taken_of_each(measure)
    for key in sorted(measure.given & (_WINDOW - _KEYS_OF[of])):
        yield (key,), "idle-key", f"{label}: {key} means nothing beside the {of} of each person", "Take it out."
    for key in sorted({"until"} & _KEYS_OF[of] - measure.given):
        yield (), "missing-key", f"{label}: the {of} of each person needs {key}", f"Add '{key}: ...'."
    if measure.statistic == "share of patients" and measure.above is None and measure.below is None:
        yield (), "missing-key", f"{label}: a share lies above or below something", "Add 'above: ...' or 'below: ...'."
    for read in measure.reads if measure.recorded else ():
        if read not in RECORDED:
            hint = f"Recorded are {', '.join(RECORDED)}."
            yield ("recorded",), "not-recorded", f"{label}: no visit records {read} with a noise that is known", hint
    yield from _window_problems(label, measure, of)


def _window_problems(label: str, measure: Measure, of: str) -> Iterator[Finding]:
    if of == "value":
        months = measure.months or 0.0
        if not _possible(measure, months):
            yield ("months",), "out-of-window", f"{label}: nobody is followed to month {months:g}", _followed(measure)
        return
    if measure.until is None:
        return
    since, until = float(measure.since or 0.0), float(measure.until)
    beyond = [(key, month) for key, month in (("since", since), ("until", until)) if not _possible(measure, month)]
    for key, month in beyond:
        yield (key,), "out-of-window", f"{label}: nobody is followed to month {month:g}", _followed(measure)
    if not since < until:
        message = f"{label}: nothing lies between {since:g} and {until:g}"
        yield ("since" if measure.since is not None else "until",), "empty-window", message, "Give the earlier first."
    elif of == "slope" and not beyond and len(visit_months(measure)) < 2:
        message = f"{label}: one visit every {measure.every:g} months is no two between {since:g} and {until:g}"
        yield ("every",), "empty-window", message, "A slope takes two visits."


def _possible(measure: Measure, month: float) -> bool:
    earliest = 0.0 if clock_of(measure) == "seed" else -LAST_MONTH
    return earliest <= month <= LAST_MONTH


def _followed(measure: Measure) -> str:
    return f"Months count from {clock_of(measure)}; a life is followed for {LAST_MONTH:g} months after the seed."


def _pair_problems(label: str, measure: Measure, measures: Mapping[str, Measure]) -> Iterator[Finding]:
    for name in measure.pair or ():
        yield from _unknown("measure", name, measures, ("pair",))
        if name in measures and measures[name].statistic not in set(OF_VALUES) - set(MIXED):
            hint = "It must be a mean, standard deviation, median, quantile or share of a value of each person."
            yield ("pair",), "bad-pair", f"{label}: {name} takes no value of each person", hint


def _order_problems(label: str, measure: Measure) -> Iterator[Finding]:
    clock = clock_of(measure)
    if "event" in measure.given and clock in ORDER and ORDER.index(measure.event) <= ORDER.index(clock):
        message = f"{label}: {measure.event} does not come after {clock}"
        yield ("event",), "no-event", message, "Take an earlier clock, or a later event."
