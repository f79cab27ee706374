"""``simulate``: many patients of one program, on one or several threads."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from charcot.core.errors import CharcotWarning
from charcot.core.expression import topological
from charcot.core.program import Program
from charcot.core.result import Result, Status
from charcot.core.schedule import Schedule
from charcot.engine.compiled import Kernel, kernel
from charcot.engine.functions import LIBRARY
from charcot.engine.lockstep import Lockstep
from charcot.engine.request import Request, Stop, empty_result, make_request
from charcot.engine.scales import LEAST_STEPS, MOST_RUNS, MOST_STEPS, RELATIVE_SCALE, SMALLER, Given, lowered, smaller
from charcot.engine.seats import Seats

# Below, round-off in single precision is no longer small beside the error that the step allows (docs/engine.md).
SINGLE_TOLERANCE = 1e-3
NAMED = 8  # states that a warning lists
SLACK = 1e-6  # of a state's scale: how far it may lie below its lower bound


class CoarseScale(CharcotWarning):
    """A state was followed to the error of a guessed scale only."""


def simulate(
    program: Program,
    parameters: np.ndarray,
    output_times: np.ndarray,
    *,
    start: np.ndarray | float = 0.0,
    initial_states: np.ndarray | None = None,
    schedule: Schedule | None = None,
    stop: Stop | None = None,
    readouts: Sequence[str] | None = None,
    tolerance: float = 1e-4,
    absolute_tolerances: Given | None = None,
    longest_step: np.ndarray | float | None = None,
    precision: str = "double",
    max_steps: int = 200_000,
    workers: int = 1,
    batch: int = 512,
    fallback: bool = True,
    progress: Callable[[int], None] | None = None,
) -> Result:
    """Integrate every patient from ``start`` to the patient's last output time.

    Outputs at the time of an event are values before the event; an event at the end is not applied, so that a run can
    be continued from ``final_states`` with the events from ``end_time`` on. Outputs at the time of a trigger are values
    after its assignments; what a trigger has delayed beyond the end is lost. A patient that stops or fails has NaN
    after that, and a status that says why. The result is the same to the last bit for any ``workers``, ``batch`` and
    order of patients.

    Args:
        program: what to integrate; compiled once and kept in a cache on disk.
        parameters: (patients, parameters).
        output_times: (times,) or (patients, times) in days, ascending, not before ``start``; a patient's row may be
            filled up with NaN.
        start: (patients,) or one number, days; the initial states hold here.
        initial_states: (patients, states); by default the program's own.
        schedule: the events; none may lie before ``start``.
        stop: ends a patient when a state rises to a threshold.
        readouts: the names of the read-outs to report; all by default.
        tolerance: relative; a step is accepted when for every state the estimated local error is at most
            tolerance x (size of the state + 1e-3 state.scale). Where the program gives no scale, it is the largest
            value that the state reaches (``charcot.engine.scales``).
        absolute_tolerances: the absolute part of that instead, in the unit of the state: by the name of the state, or
            as (states,) or (patients, states).
        longest_step: (patients,) or one number, days: no step is longer, so that what lasts longer is not stepped over.
        precision: ``"double"``, or ``"single"`` for states and rates in 32 bits (time stays in 64): faster, for
            tolerances from 1e-3 up and quantities between 1e-30 and 1e30.
        max_steps: accepted and rejected steps that a patient may take.
        workers: threads.
        batch: the most patients that are on board at a time, on all threads together.
        fallback: run a patient whose equations cannot be solved in the kernel's fixed order again, with a slow solver
            that pivots; ``Result.fallback`` says who. Otherwise such a patient ends as SMALL_PIVOT.
        progress: called with the number of newly finished patients, by the thread that finished them.

    Raises:
        ValueError: for a wrong shape, times that do not ascend, or an event before the start.
        KeyError: for an unknown read-out or stopping state, with the nearest names.
    """
    if workers < 1 or batch < 1 or max_steps < 1:
        raise ValueError(f"workers ({workers}), batch ({batch}) and max_steps ({max_steps}) must be at least 1.")
    _check_precision(program, precision, tolerance)
    request = make_request(
        program,
        *(parameters, output_times, start, initial_states, schedule, stop, readouts, tolerance, max_steps),
        absolute_tolerances,
        longest_step,
        jumps=precision == "double",
    )
    result = empty_result(program, request)
    if request.patients:
        code = kernel(program, precision == "single")
        _run(code, request, result, workers, batch, progress)
        if fallback:
            _run_pivoting(program, request, result)
        if request.guessed.any():
            _lower_scales(program, code, request, result, workers, batch, fallback)
    _name_negative(program, request, result, tolerance)
    return result


def _name_negative(program: Program, request: Request, result: Result, tolerance: float) -> None:
    """End as NEGATIVE_STATE whoever has a state below its lower bound, at the end or on a reported day.

    The solver leaves errors of the size of its tolerance on both sides of a bound; ten times that is no error.
    """
    slack = max(SLACK, 10 * tolerance * RELATIVE_SCALE)
    limits = {s.name: s.lower - slack * (s.scale or 1.0) for s in program.states if s.lower > -np.inf}
    below = np.zeros(request.patients, dtype=bool)
    for i, name in enumerate(program.state_names):
        if name in limits:
            below |= result.final_states[:, i] < limits[name]
    for i, place in enumerate(request.selected):
        expression = program.readouts[place].expression
        if expression.name in limits:
            below |= (result.values[:, :, i] < limits[expression.name]).any(axis=1)
    result.status[below & ~result.failed] = int(Status.NEGATIVE_STATE)


def _check_precision(program: Program, precision: str, tolerance: float) -> None:
    if precision not in ("double", "single"):
        raise ValueError(f"precision is {precision!r}; it is either 'double' or 'single'.")
    if precision == "single" and tolerance < SINGLE_TOLERANCE:
        raise ValueError(
            f"tolerance {tolerance:g} is below what single precision can keep: round-off would be mistaken for error "
            f"of the method. Ask for a tolerance of at least {SINGLE_TOLERANCE:g}, or for precision='double'."
        )
    if precision == "single":
        used = {node.operation for node in topological(program.roots())} & set(LIBRARY)
        double_only = sorted(used) + ["triggers"] * bool(program.triggers)
        if double_only:
            raise ValueError(f"{', '.join(double_only)} exist in double precision only; ask for precision='double'.")


class _Queue:
    """Hands out patients in order, to several threads."""

    def __init__(self, patients: np.ndarray) -> None:
        self._left = patients
        self._lock = threading.Lock()

    def take(self, count: int) -> np.ndarray:
        with self._lock:
            taken, self._left = self._left[:count], self._left[count:]
            return taken

    def share(self, most: int, least: int, workers: int) -> np.ndarray:
        """At most ``most``, and ever fewer towards the end, so that all workers end together."""
        with self._lock:
            count = min(most, max(least, len(self._left) // (4 * workers)))
            taken, self._left = self._left[:count], self._left[count:]
            return taken

    def close(self) -> None:
        with self._lock:
            self._left = self._left[:0]


def _run(
    code: Kernel,
    request: Request,
    result: Result,
    workers: int,
    batch: int,
    progress: Callable[[int], None] | None = None,
    patients: np.ndarray | None = None,
) -> None:
    """Simulate ``patients``, by default all, into ``result``."""
    patients = np.arange(request.patients) if patients is None else patients
    queue, lock = _Queue(patients), threading.Lock()
    workers = min(workers, -(-len(patients) // code.sizes.width))
    seats = min(-(-batch // workers), -(-len(patients) // workers))

    def report(count: int) -> None:
        if progress is not None:
            with lock:
                progress(count)

    def work() -> None:
        # NaN and infinity are expected values here: they mark steps to reject and patients that fail
        with np.errstate(all="ignore"):
            if request.triggers:
                Lockstep(code, request, result, seats).run(queue.take, report)
            else:
                least = min(seats, code.sizes.width)
                Seats(code, request, result, least).run(lambda most: queue.share(most, least, workers), report)

    if workers == 1:
        work()
        return
    with ThreadPoolExecutor(workers) as pool:
        try:
            for future in [pool.submit(work) for _ in range(workers)]:
                future.result()
        finally:
            queue.close()


def _run_pivoting(program: Program, request: Request, result: Result) -> None:
    """Simulate those who met a pivot too small with the solver that pivots; what it finds, stands."""
    weak = np.flatnonzero(result.status == int(Status.SMALL_PIVOT))
    if not len(weak):
        return
    result.fallback[weak] = True
    result.values[weak] = np.nan
    code = kernel(program)
    with np.errstate(all="ignore"):
        seats = min(len(weak), code.sizes.width)
        Lockstep(code, request, result, seats, pivoting=True).run(_Queue(weak).take, lambda count: None)


def _lower_scales(
    program: Program, code: Kernel, request: Request, result: Result, workers: int, batch: int, fallback: bool
) -> None:
    """Run those again who failed under a guessed scale, and in whom a state stays far below the one guessed for it.

    Where a run with lower scales does not come through, the one before it stands, ``Result.coarse`` says in whom, and a
    warning tells of it: what such a state holds may be round-off, or may be hard to compute. The same where guess and
    run do not agree after so many runs. Who fails under each guess has failed.
    """

    def again(patients: np.ndarray, tolerances: np.ndarray) -> Result:
        steps = np.minimum(request.max_steps, MOST_STEPS * (result.steps + result.rejected) + LEAST_STEPS)
        asked = replace(request, tolerances=tolerances, max_steps=steps)
        attempt = empty_result(program, asked)
        _run(code, asked, attempt, workers, batch, patients=patients)
        if fallback:
            _run_pivoting(program, asked, attempt)
        result.put(patients[~attempt.failed[patients]], attempt)
        return attempt

    tolerances = np.array(request.tolerances)
    for share in SMALLER:
        failed = np.flatnonzero(np.isin(result.status, [int(Status.NON_FINITE), int(Status.STEP_TOO_SMALL)]))
        if not len(failed):
            break
        tolerances[failed] = smaller(request.tolerances, request.guessed, share)[failed]
        again(failed, tolerances)
    named: set[str] = set()
    for run in range(MOST_RUNS):
        low, new = lowered(tolerances, request.guessed, result.largest)
        low = low[~result.failed[low]]
        if not len(low):
            break
        lost = low[again(low, new).failed[low]] if run < MOST_RUNS - 1 else low
        result.coarse[lost] = True
        changed = (new[lost] != tolerances[lost])[:, 1:].any(axis=0)
        named |= {name for name, its in zip(program.state_names, changed, strict=True) if its}
        tolerances = new
    _tell_of_coarse(result, sorted(named))


def _tell_of_coarse(result: Result, names: list[str]) -> None:
    if result.coarse.any():
        listed = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        warnings.warn(
            f"In {result.coarse_count()} of {len(result.status)} patients a run with the small scale of {listed} did "
            "not come through. Such a state is right to the error of a larger scale only, and may hold nothing but "
            "round-off; see Result.coarse. Say with absolute_tolerances how large an error matters.",
            CoarseScale,
            stacklevel=4,
        )
