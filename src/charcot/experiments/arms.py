"""One arm of an experiment as a trajectory: a system, cut into phases wherever something is done to it.

Numbers do not change in time inside a program; where an experiment switches a transgene or crushes a nerve, the run
ends, the change is made, and a new run goes on from the final states.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from charcot import disease, patients
from charcot.core.bounds import UNBOUNDED
from charcot.core.program import Program
from charcot.core.result import Status
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.disease.systems import CLOCK, Happening, Landmark, System, documents, system
from charcot.engine import simulate as run_engine
from charcot.experiments.definition import Arm
from charcot.model.limits import value_problems
from charcot.model.units_check import Unit
from charcot.patients import Assumed
from charcot.patients.assemble import all_products, numbers
from charcot.patients.cohort import value
from charcot.patients.courses import parameters_of
from charcot.treatments import Regimen
from charcot.treatments.safeguards import HUMAN_SHARE

TOLERANCE = 1e-4
SLACK = 1e-5  # of a state's scale: the solver's error may leave it this far below its bound
DAY = Unit.of("day")
SHIPPED = Assumed()


@dataclass(frozen=True)
class Trace:
    """A trajectory: ``days`` (times,) and values by read-out; ``system`` says which landmarks there are."""

    days: np.ndarray
    values: Mapping[str, np.ndarray]
    system: System

    def series(self, read: str | Sequence[str]) -> np.ndarray:
        """(times,) of a read-out, or of the sum of several."""
        names = (read,) if isinstance(read, str) else read
        return np.asarray(np.sum([self.values[name] for name in names], axis=0))

    def at(self, read: str | Sequence[str], day: float) -> float:
        """The value on a day, by linear interpolation; NaN outside the run."""
        if not self.days[0] <= day <= self.days[-1]:
            return float("nan")
        return float(np.interp(day, self.days, self.series(read)))

    def window(self, read: str | Sequence[str], since: float, until: float) -> np.ndarray:
        """The values on the days that are reported from ``since`` to ``until``."""
        chosen = (self.days >= since) & (self.days <= until)
        return np.asarray(self.series(read)[chosen])

    def crossing(self, series: np.ndarray, level: float, falling: bool) -> float:
        """The first day on which ``series`` passes ``level``, by linear interpolation; infinite if never."""
        past = series <= level if falling else series >= level
        if not past.any():
            return float("inf")
        k = int(past.argmax())
        if k == 0:
            return float(self.days[0])
        before, after = series[k - 1], series[k]
        part = (before - level) / (before - after)
        return float(self.days[k - 1] + part * (self.days[k] - self.days[k - 1]))

    def landmark(self, name: str) -> float:
        """The day of a landmark of the system; infinite if it never comes."""
        mark = self.system.landmarks[name]
        falling = mark.below is not None
        level = mark.below if mark.below is not None else mark.above
        assert level is not None
        found = []
        for group in mark.reads:
            series = self.series(group)
            found.append(self.crossing(series, level * series[0] if mark.share else level, falling))
        return min(found)


def reads_of(mark: Landmark) -> set[str]:
    """The read-outs that a landmark needs."""
    return {read for group in mark.reads for read in group}


def full_names(known: Iterable[str], name: str) -> list[str]:
    """The full names that ``name`` stands for: itself, or the same in every region and class."""
    return list(_full_names(tuple(known), name))


@functools.lru_cache(maxsize=4096)
def _full_names(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    if name in names:
        return (name,)
    return tuple(
        full for full in names if _local(full) == name or (_local(full).rpartition(".")[0] == name and _ends(full))
    )


def _own(name: str, number: str, value: float, under: Assumed) -> float:
    """A system's own number as it is, or as ``under`` has it for the system, of its line, that sets it."""
    place: str | None = name
    while place is not None:
        own, _ = documents()[place]
        if any(setting.name == number for setting in own.settings):
            return under.systems.get(place, {}).get(number, value)
        place = own.base
    return value


def _planted(happening: Happening, under: Assumed) -> Happening:
    """What happens in a person, with the seed planted where ``under`` plants it, and as much of it."""
    more = under.overrides.get("onset.seed_amount", 0.0) / value("onset.seed_amount") or 1.0
    add = {}
    for name, amount in happening.add.items():
        port = _local(name)
        add[name.removesuffix(port) + under.seeds.get(port, port)] = amount * more
    return happening.model_copy(update={"add": add})


def _local(full: str) -> str:
    region, _, rest = full.partition(".")
    return rest if region in disease.REGIONS else full


def _ends(full: str) -> bool:
    """Whether the last part is a class's number or, for a coupling, the donor region."""
    last = full.rpartition(".")[2]
    return last.isdigit() or last in disease.REGIONS


def trace(
    arm: Arm,
    default_system: str,
    reads: Sequence[str],
    starts: Mapping[str, float],
    under: Assumed = SHIPPED,
) -> Trace:
    """Simulate an arm. ``starts``: days of changes and treatments that were formulas, resolved by the board; ``under``:
    what is changed in the model."""
    name = arm.system or default_system
    key = json.dumps([name, arm.model_dump(mode="json"), sorted(starts.items())])
    return _trace(key, name, tuple(sorted(set(reads))), under)


@functools.lru_cache(maxsize=4096)
def _trace(key: str, name: str, reads: tuple[str, ...], under: Assumed) -> Trace:
    _, arm_data, starts = json.loads(key)
    return _Run(system(name), Arm.model_validate(arm_data), dict(starts), under).trace(reads)


def forget_traces() -> None:
    """Let go of the trajectories that are kept."""
    _trace.cache_clear()


@functools.cache
def _limits(names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lower and upper bounds of parameters, and whether a sum counts them; those of no table have none."""
    known = numbers(all_products())
    bounds = [known[name].bounds if name in known else UNBOUNDED for name in names]
    summed = {name for one in patients.definition().sums for name in one.numbers}
    ends = np.array([(one.lower, one.upper) for one in bounds])
    return ends[:, 0], ends[:, 1], np.array([name in summed for name in names])


@functools.cache
def _is_a_time(name: str) -> bool:
    """Whether a number, by its local name, is a time, and not a rate."""
    return Unit.of(next(n.unit for full, n in numbers().items() if full == name or _local(full) == name)).same(DAY)


class RunFailed(ValueError):
    """An arm that cannot be simulated: a failure of the solver, or values that cannot be."""


class _Run:
    """The run of one arm: numbers and states as they stand, phase after phase."""

    def __init__(self, on: System, arm: Arm, starts: Mapping[str, float], under: Assumed) -> None:
        self.system, self.arm, self.starts, self.under = on, arm, starts, under
        given = tuple(sorted({one.product for one in arm.given}))
        self.model: Program = under.program(given or None)
        cohort = patients.typical_cohort(["lumbar"], 0.0, arm.genotype or "sporadic")
        off = under.off | frozenset(arm.off)
        self.table = parameters_of(cohort, self.model, given, under.shared(given), off)[0]
        self.column = {name: i for i, name in enumerate(self.model.parameter_names)}
        self.place = {name: i for i, name in enumerate(self.model.state_names)}
        self.inputs = {entry.name: entry.value for entry in self.model.inputs}
        self._scale_clocks()
        self._rodents_keep_all()
        for setting in on.numbers:
            number = _own(on.name, setting.name, setting.value, under)
            self._number(setting.name, lambda _old, new=number: new)  # type: ignore[misc]
        self.states = self.model.initial_states(self.table[None, :])[0]
        for setting in on.initial:
            number = _own(on.name, setting.name, setting.value, under)
            self._state(setting.name, lambda _old, new=number: new)  # type: ignore[misc]

    def _scale_clocks(self) -> None:
        for process, clock in self.system.clocks.items():
            faster = _own(self.system.name, f"{CLOCK}{process}", clock.value, self.under)
            for name in clock.numbers:
                factor = 1 / faster if _is_a_time(name) else faster
                self._number(name, lambda old, f=factor: old * f)  # type: ignore[misc]

    def _rodents_keep_all(self) -> None:
        """The share of a rodent's effect that people keep is one where the system is not a person."""
        if self.system.species != "human":
            for name, at in self.column.items():
                if name.endswith(f".{HUMAN_SHARE}"):
                    self.table[at] = 1.0

    def _number(self, name: str, change) -> None:  # type: ignore[no-untyped-def]
        for full in full_names(self.column, name):
            self.table[self.column[full]] = change(self.table[self.column[full]])

    def _state(self, name: str, change) -> None:  # type: ignore[no-untyped-def]
        for full in full_names(self.place, name):
            self.states[self.place[full]] = change(self.states[self.place[full]])

    def _apply(self, what: Happening) -> None:
        for name, number in what.set.items():
            self._number(name, lambda _old, new=number: new)  # type: ignore[misc]
        for name, factor in what.multiply.items():
            self._number(name, lambda old, f=factor: old * f)  # type: ignore[misc]
        for name, amount in what.add.items():
            self._state(name, lambda old, a=amount: old + a)  # type: ignore[misc]
        for name, factor in what.scale.items():
            self._state(name, lambda old, f=factor: old * f)  # type: ignore[misc]
        self.inputs.update(what.input)

    def _check_values(self, day: float) -> None:
        """Refuse numbers and states that cannot be, as they stand after all that has been done."""
        lower, upper, watched = _limits(self.model.parameter_names)
        outside = ~((self.table >= lower) & (self.table <= upper)) | watched
        values = {self.model.parameter_names[i]: float(self.table[i]) for i in np.flatnonzero(outside)}
        problems = value_problems(numbers(all_products()), patients.definition().sums, values)
        found = [problem.message for problem in problems]
        for state, at in zip(self.model.states, self.states, strict=True):
            if at < state.lower - SLACK * (state.scale or 1.0):
                found.append(f"{state.name} is {at:g}, but must be {state.lower:g} or more")
        if found:
            raise RunFailed(f"on day {day:g} {'; '.join(found)}")

    def _day(self, what: Happening) -> float:
        return self.starts[str(what.day)] if isinstance(what.day, str) else what.day

    def _events(self, end: float) -> list[Event]:
        out: list[Event] = []
        for given in self.arm.given:
            origin = self.arm.origin
            zero = self.starts[origin] if isinstance(origin, str) else origin
            days = self.starts.get(str(given.start))
            start = f"{days} days" if days is not None else str(given.start)
            start = start if not isinstance(given.start, float | int) else f"{given.start} days"
            regimen = Regimen.parse(product=given.product, dose=given.dose, schedule=given.schedule, start=start)
            out += regimen.events(zero, end)
        return sorted(out, key=lambda event: event.time)

    def trace(self, reads: tuple[str, ...]) -> Trace:
        end = self.arm.end if self.arm.end is not None else self.system.end
        self._apply(self.arm)
        planted = self.system.happenings
        if self.system.species == "human":
            planted = tuple(_planted(happening, self.under) for happening in planted)
        happenings = sorted((*planted, *self.arm.changes), key=self._day)
        cuts = sorted({day for h in happenings if self.system.start < (day := self._day(h)) < end})
        edges = [self.system.start, *cuts, end]
        events = self._events(end)
        # Without what happens before the start, what happens on it holds from it on.
        for h in (h for h in happenings if self._day(h) <= self.system.start):
            self._apply(h)
        days, values = [], []
        for begin, stop in itertools.pairwise(edges):
            for h in (h for h in happenings if self._day(h) == begin and begin > self.system.start):
                self._apply(h)
            self._check_values(begin)
            times = self._times(begin, stop)
            result = run_engine(
                self.model,
                self.table[None, :],
                times,
                start=begin,
                initial_states=self.states[None, :],
                schedule=Schedule.pack(self.model, [self._phase_events(events, begin, stop)]),
                readouts=reads,
                tolerance=TOLERANCE,
            )
            if result.failed[0]:
                how = Status(int(result.status[0]))
                place = f"{self.system.name}, between day {begin:g} and {stop:g}"
                raise RunFailed(f"the simulation failed ({place}): {how.name.lower()}. {how.sentence}")
            self.states = result.final_states[0].copy()
            shown = times >= self.system.reported
            days.append(times[shown])
            values.append(result.values[0][shown])
        return Trace(
            np.concatenate(days),
            dict(zip(reads, np.concatenate(values).T, strict=True)),
            self.system,
        )

    def _times(self, begin: float, stop: float) -> np.ndarray:
        step = self.system.step if stop > self.system.reported else stop - begin
        inner = np.arange(begin, stop, step)
        return np.unique(np.concatenate([inner, [min(max(self.system.reported, begin), stop), stop]]))

    def _phase_events(self, events: Sequence[Event], begin: float, stop: float) -> list[Event]:
        """Inputs as they stand, then the doses of this phase."""
        standing = dict(self.inputs)
        for event in events:
            if event.time < begin and event.kind is EventKind.SET:
                standing[event.target] = event.value
        held = [Event(begin, name, EventKind.SET, value) for name, value in standing.items()]
        return [*held, *(event for event in events if begin <= event.time < stop)]
