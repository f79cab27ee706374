"""What is wrong with one experiment, claim or feasible experiment: names, numbers, windows, with line and nearest name.

All of it is found without a simulation, so that a wrong name never runs as something else.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from charcot import disease, patients, treatments
from charcot.core.errors import Problem
from charcot.core.identifiers import did_you_mean
from charcot.core.units import DAYS_PER_YEAR, UnitError, dimension
from charcot.core.yaml_file import Document, Path_
from charcot.disease import systems
from charcot.disease.systems import Happening, System
from charcot.experiments import cohorts
from charcot.experiments.arms import full_names
from charcot.experiments.cohort_findings import group_problems, statistic_problems
from charcot.experiments.definition import Arm, Cohort, Conduct, Experiment, Feasible, Given, Measure
from charcot.experiments.forms import OVER_AGES
from charcot.experiments.formula import FormulaError, always_zero_below, evaluate, names
from charcot.model.limits import value_problems
from charcot.patients.assemble import all_products, numbers
from charcot.treatments import Regimen, redosing

# How long a run may last: longer than anybody lives, and no more outputs than are held in memory with ease, for
# cultures that are looked at every few minutes. The longest shipped run lasts about 80 years, with 3,000 outputs.
LONGEST_YEARS = 150
MOST_OUTPUTS = 100_000
READINGS = ("day", "take", "below", "above", "landmark")  # one of them is what a measure of a trajectory reads


def problems_in(content: Conduct, document: Document) -> list[Problem]:
    """Everything that is wrong with one file of the board beyond its form."""
    return _Checker(content, document).problems()


def happening_problems(what: Happening, on: System | None = None) -> Iterator[tuple[Path_, str, str, str]]:
    """(place, code, message, hint) of what is wrong with something that is done: unknown names, impossible values.

    ``on``: the system on which it is done, whose own numbers are then what is multiplied.
    """
    known, model = numbers(all_products()), patients.program()
    rows = {number.name for number in known.values()}
    own = {setting.name: setting.value for setting in on.numbers} if on else {}
    for kind in ("set", "multiply"):
        values: dict[str, float] = {}
        places: dict[str, str] = {}
        for name, given in getattr(what, kind).items():
            full = full_names(known, name)
            if not full:
                hint = did_you_mean(name, [*rows, *known])
                yield (kind, name), "unknown-number", f"no number is called {name!r}", hint
            elif known[full[0]].role == "constant":
                yield (kind, name), "constant", f"{name} is compiled in and cannot be set", ""
            elif kind == "multiply" and given < 0:
                yield (kind, name), "out-of-range", f"{name} cannot be multiplied by {given:g}", ""
            for one in full:
                values[one] = given if kind == "set" else given * own.get(name, known[one].value)
                places[one] = name
        if kind == "multiply":  # whether a product is a share is known; whether sums hold depends on all that is done
            values = {one: value for one, value in values.items() if known[one].bounds.upper < math.inf}
        for problem in value_problems(known, patients.definition().sums, values):
            place = places[problem.message.split(" ")[0]]
            yield (kind, place), problem.code, problem.message, problem.hint
    for kind in ("add", "scale"):
        for name, given in getattr(what, kind).items():
            if not full_names(model.state_names, name):
                hint = did_you_mean(name, model.state_names)
                yield (kind, name), "unknown-state", f"no state is called {name!r}", hint
            elif kind == "scale" and given < 0:
                yield (kind, name), "out-of-range", f"{name} cannot be scaled by {given:g}", "No amount is negative."
    bounds = {port.name: port.bounds for port in patients.definition().ports if port.kind == "input"}
    for name, given in what.input.items():
        if name not in model.input_names:
            yield (
                ("input", name),
                "unknown-input",
                f"no input is called {name!r}",
                did_you_mean(name, model.input_names),
            )
        elif name in bounds and not bounds[name].hold(given):
            yield ("input", name), "out-of-range", f"{name} is {given:g}, but must be {bounds[name]}", ""


def setting_range(name: str, value: float, states: bool) -> str:
    """What is wrong with a system's own value of a number, or of a state at the start; empty if nothing is."""
    if states:
        lower = {state.name: state.lower for state in patients.program().states}
        full = full_names(lower, name)
        return f"{name} is {value:g}, but must be 0 or more" if full and value < lower[full[0]] else ""
    known = numbers()
    return next((p.message for p in value_problems(known, (), dict.fromkeys(full_names(known, name), value))), "")


class _Checker:
    """The findings about one file."""

    def __init__(self, content: Conduct, document: Document) -> None:
        self.content, self.document = content, document
        self.found: list[Problem] = []

    def _report(self, code: str, message: str, place: Path_, hint: str = "") -> None:
        self.found.append(Problem(code, message, self.document.where(place), hint))

    def _known(self, name: str, known: Iterable[str], what: str, place: Path_) -> bool:
        options = list(known)
        if name not in options:
            self._report(f"unknown-{what}", f"no {what} is called {name!r}", place, did_you_mean(name, options))
        return name in options

    def problems(self) -> list[Problem]:
        self._system(self.content.system, ("system",))
        for label, arm in self.content.arms.items():
            self._arm(label, arm)
        if self.content.cohort is not None:
            self._cohort(self.content.cohort)
        for label, measure in self.content.measures.items():
            self._measure(label, measure)
        for formula, place in self.content.formulas():
            self._formula(formula, place)
            self._reads_something(formula, place)
        self._strengths()
        self._units()
        self._drawing()
        self._rings()
        self._unread()
        return self.found

    # arms and cohorts ---------------------------------------------------------------------------------------------

    def _system(self, name: str, place: Path_) -> None:
        self._known(name, systems.system_names(), "system", place)

    def _run(self, label: str) -> tuple[System | None, float]:
        """The system on which an arm runs, and the day on which it ends."""
        seen: list[str] = []
        name, end = None, None
        while label in self.content.arms and label not in seen:
            seen.append(label)
            arm = self.content.arms[label]
            name, end = name or arm.system, arm.end if end is None else end
            label = arm.like or ""
        name = name or self.content.system
        on = systems.system(name) if name in systems.system_names() else None
        return on, end if end is not None else (on.end if on else math.inf)

    def _arm(self, label: str, arm: Arm) -> None:
        place: Path_ = ("arms", label)
        if arm.system:
            self._system(arm.system, (*place, "system"))
        if arm.like:
            self._known(arm.like, self.content.arms, "arm", (*place, "like"))
            self._likeness(label)
        if arm.genotype:
            self._known(arm.genotype, disease.genotypes(), "genotype", (*place, "genotype"))
        self._mechanisms(arm.off, (*place, "off"))
        on, end = self._run(label)
        if on and arm.end is not None and arm.end <= max(on.start, on.reported):
            message = f"the run would end on day {arm.end:g}, but {on.name} is reported from day {on.reported:g} on"
            self._report("bad-end", message, (*place, "end"))
        if on and arm.end is not None and arm.end > (last := _last_day(on)):
            message = (
                f"the run would end on day {arm.end:g}, but a run of {on.name} may last to day {last:,.0f} at most"
            )
            self._report("bad-end", message, (*place, "end"), "Days are meant, on the clock of the system.")
        for i, given in enumerate(arm.given):
            self._given(given, (*place, "given", i))
        self._doubled(arm.given, (*place, "given"))
        if isinstance(arm.origin, str):
            self._formula(arm.origin, (*place, "origin"))
        self._happening(arm, place, on)
        for i, change in enumerate(arm.changes):
            self._happening(change, (*place, "changes", i), on)
            self._formula(change.day, (*place, "changes", i, "day"))
            day = _number(change.day)
            if on and day is not None and not day < end:
                message = f"day {day:g} is not before the end of the run on day {end:g}"
                self._report("never-happens", message, (*place, "changes", i, "day"))

    def _likeness(self, label: str) -> None:
        path = [label]
        while (like := self.content.arms[path[-1]].like) in self.content.arms and like is not None:
            if like in path:
                if like == label:
                    ring = " -> ".join([*path, like])
                    self._report("arms-in-a-ring", f"arms are like each other: {ring}", ("arms", label, "like"))
                return
            path.append(like)

    def _mechanisms(self, off: Iterable[str], place: Path_) -> None:
        known = [mechanism.name for mechanism in patients.definition(all_products()).mechanisms]
        for name in off:
            self._known(name, known, "mechanism", place)

    def _happening(self, what: Happening, place: Path_, on: System | None) -> None:
        for inner, code, message, hint in happening_problems(what, on):
            self._report(code, message, (*place, *inner), hint)

    def _given(self, given: Given, place: Path_) -> None:
        """What a protocol would refuse too: an unknown product, a dose in another unit, an unknown schedule."""
        if not self._known(given.product, treatments.products(), "product", (*place, "product")):
            return
        label = {"product": given.product, "start": "0 days"}
        tried: dict[str, Any] = {"dose": given.dose, "schedule": given.schedule, "start": cohorts.start_text(given)}
        for key, text in tried.items():
            if text is None:
                continue
            try:
                Regimen.parse(**{**label, key: text})
            except (KeyError, ValueError) as error:
                self._report(f"bad-{key}", str(error.args[0]), (*place, key))

    def _doubled(self, given: Iterable[Given], place: Path_) -> None:
        products = [one.product for one in given]
        for name in sorted({name for name in products if products.count(name) > 1}):
            self._report("product-twice", f"{name} is given twice", place, "Give each product once.")
        for clash in redosing(list(dict.fromkeys(products))):
            self._report("redosing", clash, place, "Nobody is given two vectors of one serotype.")

    def _cohort(self, cohort: Cohort) -> None:
        self._known(cohort.population, patients.population_names(), "population", ("cohort", "population"))
        for label, given in cohort.arms.items():
            for i, one in enumerate(given):
                self._given(one, ("cohort", "arms", label, i))
            self._doubled(given, ("cohort", "arms", label))
        known = numbers(all_products())
        settable = patients.program(all_products()).parameter_names
        for label, values in cohort.set.items():
            place: Path_ = ("cohort", "set", label)
            for name in values:
                if name in known and known[name].role == "constant":
                    self._report("constant", f"{name} is compiled in and cannot be set", (*place, name))
                elif self._known(name, settable, "number", (*place, name)) and name.startswith("drug."):
                    product = name.split(".")[1]
                    if product not in [one.product for one in cohort.arms.get(label, ())]:
                        self._report("not-given", f"{label} does not give {product}", (*place, name))
            for problem in value_problems(known, patients.definition().sums, values):
                name = problem.message.split(" ")[0]
                self._report(problem.code, problem.message, (*place, name) if name in values else place, problem.hint)
        for label, off in cohort.off.items():
            self._mechanisms(off, ("cohort", "off", label))
        for where, code, message, hint in group_problems(cohort, self.content.measures):
            self._report(code, message, where, hint)
        if not any(measure.statistic for measure in self.content.measures.values()):
            self._report("unread-cohort", "no measure asks for a statistic of the cohort", ("cohort",))

    # measures -----------------------------------------------------------------------------------------------------

    def _measure(self, label: str, measure: Measure) -> None:
        place: Path_ = ("measures", label)
        if measure.statistic:
            self._statistic(label, measure, place)
        else:
            self._reading(label, measure, place)

    def _only(self, label: str, measure: Measure, allowed: Iterable[str], what: str, place: Path_) -> None:
        for key in sorted(measure.given - set(allowed)):
            message = f"{label}: {key} means nothing beside {what}"
            self._report("idle-key", message, (*place, key), "Take it out, or say what is meant.")

    def _needs(self, label: str, measure: Measure, needed: Iterable[str], what: str, place: Path_) -> None:
        for key in sorted(set(needed) - measure.given):
            self._report("missing-key", f"{label}: {what} needs {key}", place, f"Add '{key}: ...'.")

    def _statistic(self, label: str, measure: Measure, place: Path_) -> None:
        cohort, name = self.content.cohort, measure.statistic or ""
        if cohort is None:
            self._report("no-cohort", f"{label} asks for a statistic, but there is no cohort", place)
            return
        for inner, code, message, hint in statistic_problems(label, measure, cohort, self.content.measures):
            self._report(code, message, (*place, *inner), hint)
        if name == "hazard ratio":
            if {"since", "until"} & measure.given and not measure.read:
                self._report(
                    "missing-key", f"{label}: since and until are quantiles of a read-out", place, "Add 'read'."
                )
            self._window(label, measure, 0.0, 1.0, "quantiles from 0 to 1", place)
        elif name in OVER_AGES:
            self._window(label, measure, 1.0, 120.0, "ages from 1 to 120", place)

    def _reading(self, label: str, measure: Measure, place: Path_) -> None:
        known = self._known(measure.arm, self.content.arms, "arm", (*place, "arm"))
        for read in measure.reads:
            self._known(read, patients.program().readout_names, "read-out", (*place, "read"))
        chosen = [key for key in READINGS if key in measure.given]
        if len(chosen) != 1:
            message = f"{label} reads {' and '.join(chosen) if chosen else 'nothing'}"
            self._report("bad-measure", message, place, f"Give one of {', '.join(READINGS)}, or a statistic.")
            return
        way = chosen[0]
        extra = {"take": ("since", "until"), "below": ("share",), "above": ("share",)}.get(way, ())
        allowed = {"arm", way, *extra} | ({"read"} if way != "landmark" else set())
        self._only(label, measure, allowed, way, place)
        self._needs(label, measure, {"read"} if way != "landmark" else (), way, place)
        on, end = self._run(measure.arm)
        if measure.landmark and on:
            self._known(measure.landmark, on.landmarks, "landmark", (*place, "landmark"))
        for field in ("day", "since", "until", "below", "above"):
            if (text := getattr(measure, field)) is not None:
                self._formula(text, (*place, field))
        if known and on:
            words = f"days of the run from {on.reported:g} to {end:g}"
            self._window(label, measure, on.reported, end, words, place, ("day", "since", "until"))

    def _window(
        self, label: str, measure: Measure, low: float, high: float, words: str, place: Path_,
        keys: tuple[str, ...] = ("since", "until"),
    ) -> None:  # fmt: skip
        """Numbers of a window that lie outside of what there is, or in the wrong order."""
        given = {key: _number(value) for key in keys if (value := getattr(measure, key)) is not None}
        for key, value in given.items():
            inside = (key == "since" and measure.statistic is None) or value is None or value >= low
            if value is not None and not (inside and value <= high):
                self._report("out-of-window", f"{label}: {key} is {value:g}, outside the {words}", (*place, key))
        since, until = given.get("since"), given.get("until")
        if since is not None and until is not None and not since < until:
            message = f"{label}: nothing lies between {since:g} and {until:g}"
            self._report("empty-window", message, (*place, "since"), "Give the earlier first.")

    # the rest -----------------------------------------------------------------------------------------------------

    def _strengths(self) -> None:
        """A name that means two things in the formulas of one file."""
        content = self.content
        used = {content.system, *(arm.system for arm in content.arms.values() if arm.system)}
        marks = {mark for name in used.intersection(systems.system_names()) for mark in systems.system(name).landmarks}
        for what, taken in (("measure", set(content.measures)), ("landmark", marks - set(content.measures))):
            for name in sorted(taken.intersection(content.strengths)):
                message = f"a {what} is called {name!r} too"
                self._report("name-twice", message, ("strengths", name), "Give the strength a name of its own.")

    def _units(self) -> None:
        content, group = self.content, ""
        entries: tuple[Any, ...] = ()
        if isinstance(content, Experiment):
            entries, group = content.outcomes, "outcomes"
        elif isinstance(content, Feasible):
            entries, group = content.readings, "readings"
        for i, entry in enumerate(entries):
            try:
                dimension(entry.unit)
            except UnitError as error:
                self._report("unknown-unit", str(error), (group, i, "unit"), "Use a unit that pint knows.")

    def _drawing(self) -> None:
        draw = self.content.draw
        if draw is None:
            return
        self._known(draw.read, patients.program().readout_names, "read-out", ("draw", "read"))
        for name in draw.arms:
            self._known(name, self.content.arms, "arm", ("draw", "arms"))
        if not self.content.arms:
            self._report("nothing-drawn", "a picture shows arms, and there are none", ("draw",))
        for key in ("since", "until"):
            if (text := getattr(draw, key)) is not None:
                self._formula(text, ("draw", key))
        since, until = _number(draw.since), _number(draw.until)
        if since is not None and until is not None and not since < until:
            self._report("empty-window", f"nothing lies between {since:g} and {until:g}", ("draw", "since"))

    def _rings(self) -> None:
        """Measures that need each other: their days and levels, and those of what is done in their arms."""
        needs = {label: self._needed(measure) for label, measure in self.content.measures.items()}
        reported: set[frozenset[str]] = set()
        for label in needs:
            path, stack = [label], [iter(sorted(needs[label]))]
            while stack:
                following = next(stack[-1], None)
                if following is None:
                    stack.pop()
                    path.pop()
                elif following in path:
                    ring = path[path.index(following) :]
                    if frozenset(ring) not in reported:
                        reported.add(frozenset(ring))
                        words = " -> ".join([*ring, following])
                        self._report("measures-in-a-ring", f"measures need each other: {words}", ("measures", label))
                elif following in needs:
                    path.append(following)
                    stack.append(iter(sorted(needs[following])))

    def _needed(self, measure: Measure) -> set[str]:
        if measure.statistic:
            return set()
        texts = [getattr(measure, key) for key in ("day", "since", "until", "below", "above")]
        label, seen = measure.arm, set()
        while label in self.content.arms and label not in seen:
            seen.add(label)
            arm = self.content.arms[label]
            texts += [arm.origin, *(change.day for change in arm.changes)]
            label = arm.like or ""
        found: set[str] = set()
        for text in texts:
            if isinstance(text, str):
                try:
                    found |= names(text)
                except FormulaError:
                    continue  # reported where it stands
        return found

    def _unread(self) -> None:
        """Arms that are run for nothing: most often a name that is written in two ways."""
        measures = self.content.measures.values()
        if self.content.draw is None:
            read = {measure.arm for measure in measures if not measure.statistic}
            read |= {arm.like for arm in self.content.arms.values() if arm.like}
            for label in self.content.arms:
                if label not in read:
                    hint = did_you_mean(label, sorted(read))
                    self._report("unread-arm", f"no measure reads the arm {label!r}", ("arms", label), hint)
        cohort = self.content.cohort
        if cohort is not None:
            read = {name for m in measures if m.statistic for name in cohorts.arms_of(m, self.content.measures)}
            for group in ("arms", "set", "off"):
                for label in getattr(cohort, group):
                    if label not in read:
                        hint = did_you_mean(label, sorted(read))
                        message = f"no measure reads the arm {label!r} of the cohort"
                        self._report("unread-arm", message, ("cohort", group, label), hint)

    def _formula(self, text: str | float, place: Path_) -> None:
        try:
            for name in names(text):
                if name in self.content.strengths and name not in self.content.measures:
                    message = f"{name!r} is a strength: a day, a level and an outcome take measures, not strengths"
                    self._report("strength-as-measure", message, place, "Strengths are for numbers that an arm sets.")
                else:
                    self._known(name, self.content.measures, "measure", place)
            if zero := always_zero_below(text):
                self._report("division-by-zero", f"{text!r} divides by {zero}, which is always 0", place)
        except FormulaError as error:
            self._report("bad-formula", str(error), place)

    def _reads_something(self, text: str | float, place: Path_) -> None:
        if _number(text) is not None:
            message = f"{text!r} reads no measure: it says nothing of the model"
            self._report("no-measure", message, place, "Write a formula of measures.")


def _last_day(on: System) -> float:
    """The latest day on which a run on a system may end."""
    return on.start + min(LONGEST_YEARS * DAYS_PER_YEAR, MOST_OUTPUTS * on.step)


def _number(text: str | float | None) -> float | None:
    """The value of a formula that reads no measure."""
    try:
        return None if text is None or names(text) else evaluate(text, _nothing)
    except (FormulaError, ArithmeticError, TypeError, ValueError):
        return None


def _nothing(name: str) -> float:
    raise KeyError(name)
