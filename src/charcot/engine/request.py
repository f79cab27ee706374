"""What is asked of an ensemble run, checked once and in one shape for every patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from charcot.core.program import Program
from charcot.core.result import Result, Status
from charcot.core.schedule import Schedule
from charcot.engine.plans import Plan, plans
from charcot.engine.scales import Given, tolerances_of


@dataclass(frozen=True)
class Stop:
    """End a patient when ``state`` rises to the patient's threshold.

    The crossing is located within the step whose end lies at or above the threshold, so the state should not fall back
    within one step; a cumulative hazard never does.

    Attributes:
        state: the name of the state.
        thresholds: (patients,), in the unit of the state; infinity means never.
    """

    state: str
    thresholds: np.ndarray


@dataclass(frozen=True)
class Request:
    """A checked run of ``patients`` patients.

    Attributes:
        parameters: (patients, parameters).
        times: (patients, times) in days; ``counts`` (patients,) says how many of a row are asked for (NaN pads).
        start, end: (patients,) days; the end is the last output time.
        initial: (patients, states), or None when the program's own initial values hold.
        schedule: the events.
        stop_state, thresholds: index of the stopping state (-1 for none) and (patients,) thresholds.
        selected: the indices of the read-outs to report.
        tolerances: (patients, 1 + states): the relative tolerance, then each state's absolute tolerance.
        guessed: (states,) bool: the absolute tolerance is a guess.
        longest_step: (patients,) days.
        usable: (patients,) bool: every number that describes the patient is finite.
        max_steps: (patients,) accepted and rejected.
        triggers: what the engine needs to know of the program's triggers.
    """

    parameters: np.ndarray
    times: np.ndarray
    counts: np.ndarray
    start: np.ndarray
    end: np.ndarray
    initial: np.ndarray | None
    schedule: Schedule
    stop_state: int
    thresholds: np.ndarray
    selected: np.ndarray
    tolerances: np.ndarray
    guessed: np.ndarray
    longest_step: np.ndarray
    inputs: np.ndarray
    max_steps: np.ndarray
    usable: np.ndarray
    triggers: tuple[Plan, ...]

    @property
    def patients(self) -> int:
        return len(self.parameters)


def make_request(
    program: Program,
    parameters: np.ndarray,
    output_times: np.ndarray,
    start: np.ndarray | float,
    initial_states: np.ndarray | None,
    schedule: Schedule | None,
    stop: Stop | None,
    readouts: Sequence[str] | None,
    tolerance: float,
    max_steps: int,
    absolute_tolerances: Given | None = None,
    longest_step: np.ndarray | float | None = None,
    jumps: bool = True,
) -> Request:
    """Check and broadcast the arguments of ``simulate``; a wrong shape or order raises ValueError."""
    parameters = _table("parameters", parameters, (-1, len(program.parameters)))
    patients = len(parameters)
    beginning = np.array(np.broadcast_to(np.asarray(start, dtype=float), (patients,)))
    times, counts, end = _output_times(output_times, beginning)
    if initial_states is not None:
        initial_states = _table("initial_states", initial_states, (patients, len(program.states)))
    schedule = schedule or Schedule.empty(patients)
    _check_schedule(schedule, beginning)
    names = program.readout_names if readouts is None else readouts
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance is {tolerance!r}; it is a relative error and must lie between 0 and 1 (try 1e-4).")
    thresholds = np.full(patients, np.inf)
    if stop is not None:
        thresholds = _table("stop.thresholds", stop.thresholds, (patients,))
    usable = np.isfinite(parameters).all(axis=1) & np.isfinite(beginning) & ~np.isnan(thresholds)
    if initial_states is not None:
        usable &= np.isfinite(initial_states).all(axis=1)
    owner = np.repeat(np.arange(patients), np.diff(schedule.offsets))
    usable[owner[~np.isfinite(schedule.values)]] = False
    begins = initial_states
    if begins is None and any(state.scale is None for state in program.states):
        with np.errstate(all="ignore"):
            begins = program.initial_states(parameters)
    tolerances, guessed = tolerances_of(program, begins, patients, tolerance, absolute_tolerances)
    longest = np.array(np.broadcast_to(np.inf if longest_step is None else longest_step, (patients,)), dtype=float)
    if not (longest > 0.0).all():
        raise ValueError("longest_step must be above zero, in days.")
    return Request(
        parameters=parameters,
        times=times,
        counts=counts,
        start=beginning,
        end=end,
        initial=initial_states,
        schedule=schedule,
        stop_state=-1 if stop is None else program.index("state", stop.state),
        thresholds=thresholds,
        selected=np.array([program.index("readout", name) for name in names], dtype=np.int64),
        tolerances=tolerances,
        guessed=guessed,
        longest_step=longest,
        inputs=np.array([entry.value for entry in program.inputs], dtype=float),
        max_steps=np.full(patients, max_steps, dtype=np.int64),
        usable=usable,
        triggers=plans(program, jumps),
    )


def empty_result(program: Program, request: Request) -> Result:
    """A result in which nobody has been simulated: NaN everywhere, status BAD_INPUT."""
    patients, times = request.times.shape
    return Result(
        readout_names=tuple(program.readouts[i].name for i in request.selected),
        readout_units=tuple(program.readouts[i].unit for i in request.selected),
        times=request.times,
        values=np.full((patients, times, len(request.selected)), np.nan),
        end_time=request.start.copy(),
        status=np.full(patients, int(Status.BAD_INPUT)),
        steps=np.zeros(patients, dtype=np.int64),
        rejected=np.zeros(patients, dtype=np.int64),
        final_states=np.full((patients, len(program.states)), np.nan),
        fallback=np.zeros(patients, dtype=bool),
        largest=np.zeros((patients, len(program.states))),
        coarse=np.zeros(patients, dtype=bool),
    )


def _table(name: str, values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    table = np.ascontiguousarray(values, dtype=float)
    if table.ndim != len(shape) or any(want not in (-1, have) for want, have in zip(shape, table.shape, strict=True)):
        wanted = ", ".join("patients" if size == -1 else str(size) for size in shape)
        raise ValueError(f"{name} has shape {table.shape}, but the program and the patients ask for ({wanted}).")
    return table


def _output_times(output_times: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(times (patients, times), counts, end); a row may end in NaN, which asks for nothing."""
    given = np.asarray(output_times, dtype=float)
    if given.ndim not in (1, 2) or (given.ndim == 2 and len(given) != len(start)):
        raise ValueError(
            f"output_times has shape {given.shape}; give (times,) for all or ({len(start)}, times) by patient."
        )
    times = np.array(np.broadcast_to(given, (len(start), given.shape[-1])))
    asked = ~np.isnan(times)
    if np.any(asked[:, 1:] & ~asked[:, :-1]):
        raise ValueError("output_times holds NaN before a number; NaN may only fill up the end of a patient's row.")
    if np.any(np.isinf(times)):
        raise ValueError("output_times holds infinity; give the days at which values are wanted.")
    if np.any(np.diff(times, axis=1) < 0):
        raise ValueError("output_times must ascend; sort each patient's times.")
    early = np.flatnonzero((times[:, :1] < start[:, None]).any(axis=1))
    if len(early):
        i = early[0]
        raise ValueError(
            f"patient {i} asks for output on day {times[i, 0]:g}, before the start on day {start[i]:g}. "
            "Begin output_times at the start, or give an earlier start."
        )
    counts = asked.sum(axis=1)
    last = np.take_along_axis(times, np.maximum(counts - 1, 0)[:, None], axis=1)[:, 0] if times.shape[1] else start
    return times, counts, np.where(counts > 0, last, start)


def _check_schedule(schedule: Schedule, start: np.ndarray) -> None:
    if schedule.patients != len(start):
        raise ValueError(f"the schedule has {schedule.patients} patients, the parameters have {len(start)}.")
    if not np.isfinite(schedule.times).all():
        raise ValueError("the schedule holds an event whose time is not a finite number of days.")
    owner = np.repeat(np.arange(len(start)), np.diff(schedule.offsets))
    if np.any((np.diff(schedule.times) < 0) & (np.diff(owner) == 0)):
        raise ValueError("the events of a patient are not sorted by time; make the schedule with Schedule.pack.")
    early = np.flatnonzero(schedule.times < start[owner])
    if len(early):
        i = early[0]
        raise ValueError(
            f"patient {owner[i]} has an event on day {schedule.times[i]:g}, before the start on day "
            f"{start[owner[i]]:g}, where it would be lost. Start earlier, or put its effect into initial_states."
        )
