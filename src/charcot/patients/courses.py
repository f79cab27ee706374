"""``simulate``: a cohort and its treatments become courses, with the clocks that a clinic reads off them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from charcot import disease, treatments
from charcot.core.errors import Problem, raise_if_any
from charcot.core.identifiers import did_you_mean
from charcot.core.program import Program
from charcot.core.result import Result, Status
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from charcot.engine import Stop
from charcot.engine import simulate as run_engine
from charcot.model.compose import switch_name
from charcot.model.limits import hold, value_problems
from charcot.patients.arguments import cohort_problems, late_starts, run_problems, tell_of_late_starts
from charcot.patients.assemble import all_products, definition, laboratory, numbers, program
from charcot.patients.cohort import Cohort, deviation, start_days, tempo_paths, value
from charcot.patients.eligibility import withheld
from charcot.patients.output_days import output_days

HORIZON_YEARS = 30.0
# Against a tenth of it this tolerance moves no read-out of any patient by a thousandth, treated or not, but for
# carriers of SOD1 whom an antisense drug holds near the threshold of misfolding, and the innervation that is left, a
# hundredth, in one patient given a vector, by 1.24 thousandths of it (science/test_numerical_limits.py).
TOLERANCE = 1e-4
AT_RISK = "survival.at_risk"  # set when the hazard begins to count
TEMPO_TARGET = "person.tempo_target"
STOP_STATE = "clinic.survival.cumulative_hazard"
DOMAINS = {
    "bulbar": ("speech", "salivation", "swallowing"),
    "fine motor": ("handwriting", "cutting_food", "dressing"),
    "gross motor": ("turning_in_bed", "walking", "climbing_stairs"),
    "respiratory": ("dyspnoea", "orthopnoea", "respiratory_insufficiency"),
}
ITEM_READOUTS = tuple(f"clinic.alsfrs_r.{item}" for items in DOMAINS.values() for item in items)
NEEDED = (*ITEM_READOUTS, "clinic.alsfrs_r.total")


@dataclass(frozen=True)
class Courses:
    """Courses of a cohort on each patient's own clock, whose day 0 is the day on which disease was seeded.

    The clocks are never mixed: ``onset`` (first domain of the ALSFRS-R noticeably weak), ``diagnosis``, ``death``
    (death or permanent ventilation), each (patients,) in days and infinite where it never comes within the horizon. A
    patient whose simulation failed has NaN everywhere: nothing is known of that course, and who failed is no survivor.

    ``not_eligible`` (patients,) bool: from whom a vector of their regimens was withheld, because their antibodies would
    neutralise it; their course is that without it.

    ``result`` has a row for each day of ``grid`` (times,), which is the same for all, and for the days of events and
    those asked for, which are each patient's own; without a ``grid`` all rows are of it.
    """

    cohort: Cohort
    result: Result
    grid: np.ndarray | None = None
    refused: np.ndarray | None = None

    @property
    def not_eligible(self) -> np.ndarray:
        """(patients,) bool; nobody where no vector was to be given."""
        return np.zeros(len(self.cohort), dtype=bool) if self.refused is None else self.refused

    @property
    def failed(self) -> np.ndarray:
        """(patients,) whose simulation failed; ``result.status`` says how."""
        return self.result.failed

    @cached_property
    def death(self) -> np.ndarray:
        stopped = self.result.status == int(Status.STOPPED)
        return self._of_sound(np.where(stopped, self.result.end_time, np.inf))

    @cached_property
    def domain_scores(self) -> dict[str, np.ndarray]:
        """Latent score (0 to 12 points) of each ALSFRS-R domain, (patients, times)."""
        return {
            domain: np.sum([self.result[f"clinic.alsfrs_r.{item}"] for item in items], axis=0)
            for domain, items in DOMAINS.items()
        }

    @cached_property
    def onset(self) -> np.ndarray:
        return np.asarray(np.min(self.domain_onsets, axis=1))

    @cached_property
    def onset_domain(self) -> np.ndarray:
        """(patients,) the domain in which weakness is noticed first; empty when there is no onset."""
        names = np.array(list(self.domain_scores))
        return np.where(np.isfinite(self.onset), names[self.domain_onsets.argmin(axis=1)], "")

    @cached_property
    def domain_onsets(self) -> np.ndarray:
        """(patients, 4) the day on which each domain becomes weak, in the order of ``DOMAINS``; infinite if never, NaN
        where the simulation failed."""
        share = value("diagnosis.onset_share")
        return np.stack([self.first_below(s, share * s[:, :1]) for s in self.domain_scores.values()], axis=1)

    @cached_property
    def diagnosis(self) -> np.ndarray:
        """The day of diagnosis: the loss that brings a patient to a work-up, then the wait for its result.

        Infinite where death or the end of the simulation comes before that result.
        """
        total = self.result["clinic.alsfrs_r.total"]
        needed = self.cohort.columns["diagnosis_loss_needed"][:, None]
        seen = np.maximum(self.first_below(total, total[:, :1] - needed), self.onset)
        day = seen + self.cohort.columns["diagnosis_wait_days"]
        seen = (day < self.death) & (day <= self.result.end_time)
        return self._of_sound(np.where(seen, day, np.inf))

    def _of_sound(self, days: np.ndarray) -> np.ndarray:
        return np.where(self.failed, np.nan, days)

    def first_below(self, values: np.ndarray, threshold: np.ndarray) -> np.ndarray:
        """(patients,) the first time at which ``values`` fall to ``threshold``, by linear interpolation."""
        below = values <= threshold
        found = below.any(axis=1)
        k = np.where(found, below.argmax(axis=1), 1)
        k = np.maximum(k, 1)
        rows = np.arange(len(k))
        before, after = values[rows, k - 1], values[rows, k]
        t0, t1 = self.result.times[rows, k - 1], self.result.times[rows, k]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.clip((before - threshold[:, 0]) / (before - after), 0.0, 1.0)
        return self._of_sound(np.where(found, t0 + np.nan_to_num(share) * (t1 - t0), np.inf))

    def at(self, readout: str, days: np.ndarray) -> np.ndarray:
        """A read-out at ``days`` on the patients' clocks, (patients,) or (patients, k).

        On a reported day, what was reported; between two, on the line between them, which no event interrupts: the day
        of each event is reported, with values before it. NaN after the patient's end, and for a patient whose
        simulation failed.
        """
        days = np.asarray(days, dtype=float)
        wanted = days[:, None] if days.ndim == 1 else days
        if readout not in self.result.readout_names:
            hint = did_you_mean(readout, self.result.readout_names)
            raise KeyError(f"{readout!r} was not asked for when these courses were simulated. {hint}")
        values, times = self.result[readout], self.result.times
        known = np.isfinite(wanted) & (wanted >= times[:, :1]) & (wanted <= self.result.end_time[:, None])
        known &= ~self.failed[:, None]
        before = np.zeros(wanted.shape, dtype=np.int64)
        for column in range(wanted.shape[1]):
            before[:, column] = np.maximum((times <= wanted[:, column : column + 1]).sum(axis=1) - 1, 0)
        after = np.minimum(before + 1, times.shape[1] - 1)
        rows = np.arange(len(wanted))[:, None]
        left, right = values[rows, before], values[rows, after]
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            share = (wanted - times[rows, before]) / (times[rows, after] - times[rows, before])
            between = left + share * (right - left)
        # Between the last output and death the last value holds.
        out = np.where(np.isfinite(right) & (share > 0), between, left)
        out = np.where(known, out, np.nan)
        return out[:, 0] if days.ndim == 1 else out

    def on_grid(self, readout: str, every: int = 1) -> np.ndarray:
        """(patients, times) a read-out on each ``every``-th day of the regular grid, NaN after the patient's end."""
        grid = self.grid if self.grid is not None else self.result.times[0]
        grid = grid[::every]
        values, times = self.result[readout], self.result.times
        rows = np.array([np.searchsorted(mine, grid) for mine in times], dtype=np.int64).reshape(len(times), len(grid))
        rows = np.minimum(rows, times.shape[1] - 1)
        there = np.take_along_axis(times, rows, axis=1) == grid
        return np.asarray(np.where(there, np.take_along_axis(values, rows, axis=1), np.nan))

    def take(self, index: np.ndarray) -> Courses:
        """The courses of some patients."""
        rows = np.asarray(index)
        refused = None if self.refused is None else self.refused[rows]
        return Courses(self.cohort.take(rows), self.result.take(rows), self.grid, refused)


def parameters_of(
    cohort: Cohort,
    model: Program,
    products: Iterable[str] = (),
    shared: Mapping[str, float] | None = None,
    off: Iterable[str] = (),
) -> np.ndarray:
    """(patients, parameters): shared values, times what differs between patients, with genotypes applied.

    ``products`` are those that are given; of others that the model has, nobody has numbers of the own. ``shared``:
    values of numbers by full name in place of those in the tables. ``off``: mechanisms whose switch the model has
    (:func:`charcot.patients.laboratory`), switched off.
    What is drawn stays within the bounds of each number, and within the declared sums
    (:func:`charcot.model.limits.hold`).
    """
    table = model.parameter_table(len(cohort))
    column = {name: i for i, name in enumerate(model.parameter_names)}
    for name, number in (shared or {}).items():
        table[:, model.index("parameter", name)] = number
    for mechanism in off:
        table[:, _switch(model, mechanism)] = 0.0
    known = numbers(tuple(sorted(set(products))))
    for name in column.keys() & cohort.deviations.keys():
        table[:, column[name]] *= np.exp(cohort.deviations[name])
    if cohort.vary:  # the numbers of treatments are drawn with the treatment
        for name in column.keys() & known.keys() - cohort.deviations.keys():
            if known[name].between_patients > 0:
                own = deviation(known[name], name, cohort.seed, cohort.columns["id"])
                table[:, column[name]] *= np.exp(own)
    places: dict[str, list[int]] = {}
    for name, entry in known.items():
        places.setdefault(entry.name, [])
        if name in column:
            places[entry.name].append(column[name])
    for genotype in np.unique(cohort.columns["genotype"]):
        rows = cohort.columns["genotype"] == genotype
        for effect in disease.genotypes()[genotype].effects:
            if not any(number.name == effect.parameter and number.role != "constant" for number in known.values()):
                raise KeyError(f"genotype {genotype} acts on {effect.parameter!r}, which is no parameter of the model")
            for i in places[effect.parameter]:
                table[rows, i] = effect.on(table[rows, i])
    return hold(known, definition().sums, table, model.parameter_names)


def _switch(model: Program, mechanism: str) -> int:
    """The column that switches a mechanism; raises :class:`KeyError` with the nearest names."""
    name = switch_name(mechanism)
    if name not in model.parameter_names:
        known = [n.removeprefix(switch_name("")) for n in model.parameter_names if n.startswith(switch_name(""))]
        raise KeyError(
            f"no mechanism that can be switched off is called {mechanism!r}. {did_you_mean(mechanism, known)}"
        )
    return model.parameter_names.index(name)


def _schedule(cohort: Cohort, model: Program, doses: Schedule, horizon: float, seeded: bool) -> Schedule:
    """Everything that happens to each patient: the seed, the drifting tempo, the treatments."""
    n = len(cohort)
    begins = np.zeros(n) if seeded else start_days(cohort)
    at_risk = [[Event(float(day), AT_RISK, EventKind.SET, 1.0)] for day in begins]
    given = Schedule.merge([Schedule.pack(model, at_risk), doses])
    if not seeded:
        return given
    times, targets = tempo_paths(cohort, horizon)
    drift = Schedule.even(n, times, model.index("input", TEMPO_TARGET), EventKind.SET, targets)
    columns = cohort.columns
    ports = [f"{region}.{port}" for region, port in zip(columns["onset_region"], columns["seed_port"], strict=True)]
    seeds = Schedule.pack(
        model,
        [[Event(0.0, port, EventKind.ADD, float(a))] for port, a in zip(ports, columns["seed_amount"], strict=True)],
    )
    return Schedule.merge([seeds, drift, given])


def schedule_of(cohort: Cohort, model: Program, regimens: Sequence[Sequence[Event]], horizon: float) -> Schedule:
    """What happens to each patient in a simulation: the seed, the drifting tempo, and the doses in ``regimens``.

    Times are days on each patient's clock, for ``horizon`` days after the seed; ``start_days`` is where they begin.
    """
    return _schedule(cohort, model, Schedule.pack(model, regimens), horizon, seeded=True)


def _check_treatments(
    cohort: Cohort, regimens: Sequence[Sequence[treatments.Regimen]], origins: np.ndarray | None
) -> None:
    if len(regimens) != len(cohort) or any(isinstance(mine, treatments.Regimen) for mine in regimens):
        raise ValueError(
            f"give one list of regimens per patient: {len(cohort)} lists, [] for those untreated, not {len(regimens)} "
            "entries that are not lists of regimens"
        )
    if not any(regimens):
        return
    if origins is None or np.shape(origins) != (len(cohort),):
        raise ValueError(
            f"regimens need origins, the day to which their starts refer: {len(cohort)} days on the patients' clocks, "
            "such as courses.diagnosis; day 0 is the day of the seed, years before onset"
        )
    lost = [row for row, mine in enumerate(regimens) if mine and not np.isfinite(origins[row])]
    if lost:
        raise ValueError(
            f"patients in rows {lost[:5]} are treated but have no finite origin (never diagnosed?): leave them out, or "
            "give them no regimen"
        )
    _one_regimen_each(regimens)


def _check_values(cohort: Cohort, values: Mapping[str, float | np.ndarray]) -> None:
    """Refuse values that no number can have, one for all or one for each patient; everything wrong at once."""
    problems: list[Problem] = []
    for name, given in values.items():
        if np.shape(given) not in ((), (len(cohort),)):
            message = f"{name} has the shape {np.shape(given)}"
            problems.append(Problem("bad-shape", message, None, f"Give one number, or one for each of {len(cohort)}."))
    raise_if_any(problems, "these values cannot be simulated")
    problems = value_problems(numbers(all_products()), definition().sums, values)
    raise_if_any(problems, "these values cannot be simulated")


def _overridden(
    table: np.ndarray, model: Program, products: Iterable[str], overrides: Mapping[str, float | np.ndarray]
) -> np.ndarray:
    if not overrides:
        return table
    for name, number in overrides.items():
        table[:, model.index("parameter", name)] = number
    known = numbers(tuple(sorted(set(products))))
    return hold(known, definition().sums, table, model.parameter_names, fixed=overrides)


def _one_regimen_each(regimens: Sequence[Sequence[treatments.Regimen]]) -> None:
    for row, mine in enumerate(regimens):
        names = [regimen.product for regimen in mine]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(
                f"patient in row {row} has two regimens of {', '.join(doubled)}: give one regimen per product, or make "
                "the product either a background treatment or an arm's treatment"
            )
        clashes = treatments.redosing(names)
        if clashes:
            raise ValueError(f"patient in row {row}: {'; '.join(clashes)}")


def simulate(
    cohort: Cohort,
    regimens: Sequence[Sequence[treatments.Regimen]] | None = None,
    origins: np.ndarray | None = None,
    readouts: Sequence[str] = (),
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
    *,
    off: frozenset[str] = frozenset(),
    classes: int = 0,
    horizon_years: float = HORIZON_YEARS,
    step_days: float = DAYS_PER_MONTH,
    tolerance: float = TOLERANCE,
    overrides: Mapping[str, float | np.ndarray] | None = None,
    shared: Mapping[str, float] | None = None,
    seeded: bool = True,
    products: Iterable[str] = (),
    model: Program | None = None,
    events: Sequence[Sequence[Event]] | None = None,
    until: np.ndarray | None = None,
    days: np.ndarray | None = None,
) -> Courses:
    """Simulate each patient from the age ``cohort.START_AGE``, through the seed at day 0, to death or the horizon.

    Args:
        regimens: for each patient the regimens given; ``origins`` (patients,) is the day to which their starts refer.
        readouts: what to report beside the ALSFRS-R items and total, which the clocks need.
        off: mechanisms switched off; ``overrides``: values of numbers by full name (experiments and sensitivity), one
            for all or one for each patient. ``shared``: values in place of those in the tables, which persons and
            genotypes differ from as they do from the tables. Values that a number cannot have are refused
            (:class:`charcot.core.errors.Problems`).
        seeded: False leaves the disease out: a healthy life.
        products: compiled in beside those given, so that several calls share one program.
        model: a program composed elsewhere, in place of the shipped one with the given products: :func:`laboratory`, or
            one from a changed definition with the same numbers; ``events``: what else happens to each patient on the
            own clock, such as to inputs of that program.
        until: (patients,) the last day that is asked for on each patient's clock: the simulation ends with the first
            output from it on, and what would come later, such as death, is not seen.
        step_days: between two days of the regular grid on which everybody is reported. ``days``: (patients,) or
            (patients, k) further days, such as visits, on which values are exact. The days of events and ``origins``
            are reported always, with values before what happens then.

    Returns the courses; a patient whose simulation fails is a named result in ``courses.result.status``. A regimen that
    nobody can come to is refused, and :class:`charcot.patients.arguments.LateStart` warns of those who do not come to
    theirs.
    """
    given = regimens if regimens is not None else [()] * len(cohort)
    _check_treatments(cohort, given, origins)
    given, refused = withheld(cohort, given, origins)
    asked_for = [*run_problems(cohort, origins, days, events, horizon_years, step_days)]
    asked_for += late_starts((regimen for mine in given for regimen in mine), horizon_years)
    raise_if_any([*cohort_problems(cohort), *asked_for], "this cannot be simulated")
    used = tuple(sorted({*products, *(regimen.product for patient in given for regimen in patient)}))
    wanted = tuple(dict.fromkeys([*NEEDED, *readouts]))
    if model is None:
        model = laboratory(regimens is not None) if off and not classes else program(used, off, classes)
    _check_values(cohort, {**(shared or {}), **(overrides or {})})
    table = parameters_of(cohort, model, used, shared, () if classes else off)
    table = _overridden(table, model, used, overrides or {})
    horizon = horizon_years * DAYS_PER_YEAR
    start = start_days(cohort)
    day_zero = np.zeros(len(cohort)) if origins is None else np.asarray(origins, dtype=float)
    doses = [[r.series(float(day_zero[row]), horizon) for r in given[row]] for row in range(len(cohort))]
    happens = Schedule.pack_series(model, doses)
    if events:
        happens = Schedule.merge([Schedule.pack(model, events), happens])
    schedule = _schedule(cohort, model, happens, horizon, seeded)
    grid = np.arange(0.0, horizon + step_days / 2, step_days)
    asked = [extra for extra in (origins, days) if extra is not None]
    result = run_engine(
        model,
        table,
        output_days(grid, _without_drift(schedule, model), model, wanted, asked, until),
        start=start,
        schedule=schedule,
        stop=Stop(STOP_STATE, cohort.columns["event_draw"]),
        readouts=wanted,
        tolerance=tolerance,
        workers=workers,
        progress=progress,
    )
    tell_of_late_starts(given, day_zero, result)
    return Courses(cohort, result, grid, refused)


def _without_drift(schedule: Schedule, model: Program) -> Schedule:
    """All events but the quarterly targets of the tempo, at which no read-out jumps or bends."""
    drift = model.index("input", TEMPO_TARGET)
    keep = ~((schedule.kinds == int(EventKind.SET)) & (schedule.targets == drift))
    owner = np.repeat(np.arange(schedule.patients), np.diff(schedule.offsets))[keep]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=schedule.patients))])
    columns = (getattr(schedule, name)[keep] for name in ("times", "targets", "kinds", "values"))
    return Schedule(offsets.astype(np.int64), *columns)
