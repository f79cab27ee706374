"""Exact derivatives of a run with respect to parameters, by the same code generation as the run itself.

The derivative s = dy/dp of the states in the direction v of parameter space obeys the variational equation

    ds/dt = (df/dy) s + (df/dp) v,      s(0) = (dy0/dp) v,      dr = (dr/dy) s + (dr/dp) v   for a read-out r,

(Hairer, Nørsett and Wanner, Solving Ordinary Differential Equations I, section I.14). Its right-hand sides are the
directional derivatives of the program's own expressions, taken node by node (:func:`tangents`), so they cost about as
much as the expressions do. States and derivatives together are one ordinary program (:func:`tangent_program`), and the
direction is a set of parameters of it: every (patient, parameter) pair is a patient of the engine, whose step is
controlled for y and s alike. Because the step's Jacobian stays exact, s converges with the order of y.

What is and is not differentiated:

* Times, sizes and targets of events do not depend on parameters: a bolus leaves s as it is, and a new value of an
  input acts through the equations alone.
* At a kink (``minimum``, ``maximum``, ``select``) the derivative of the branch taken holds. A ``select`` whose branches
  differ at the switch makes the rates jump, and s would jump there too (by the saltation matrix); that is not followed.
  Write such a switch as a steep ``sigmoid`` where its derivative matters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from charcot.core.expression import (
    ZERO,
    Expression,
    maximum,
    partial_derivatives,
    power,
    select,
    symbol,
    to_python,
    topological,
)
from charcot.core.program import Parameter, Program, Readout, State
from charcot.core.result import Result, Status
from charcot.core.schedule import EventKind, Schedule
from charcot.engine.ensemble import simulate
from charcot.engine.request import Stop

FLOOR = 1e-30  # below it a base counts as 0: far below any quantity, far above the smallest float


@dataclass(frozen=True)
class Sensitivities:
    """A run and its derivatives.

    Derivatives are NaN where the run has no value, for patients whose run failed, and for pairs whose own
    integration failed. They are per unit of the parameter, or per unit of its natural logarithm where asked.

    Attributes:
        result: the run itself, the same to the last bit as :func:`charcot.engine.simulate` gives it.
        chosen: the parameters, along the last axis of what follows.
        derivatives: (patients, times, read-outs, chosen) of ``result.values``, at fixed times.
        final_derivatives: (patients, states, chosen) of ``result.final_states``, at the fixed time ``end_time``.
        end_time_derivatives: (patients, chosen) of ``result.end_time``, days, where the patient was stopped by a
            threshold; 0 where a bolus or the start itself lay at or above it; NaN for everyone else.
        status: (patients, chosen) of :class:`~charcot.core.result.Status`: how the integration of each pair ended.
    """

    result: Result
    chosen: tuple[str, ...]
    derivatives: np.ndarray
    final_derivatives: np.ndarray
    end_time_derivatives: np.ndarray
    status: np.ndarray

    def __getitem__(self, readout: str) -> np.ndarray:
        """The derivatives of one read-out, (patients, times, chosen)."""
        return self.derivatives[:, :, self.result.readout_names.index(readout)]  # type: ignore[no-any-return]

    @property
    def failed(self) -> np.ndarray:
        """(patients, chosen) bool: which pairs have no derivative because an integration failed."""
        return self.status >= int(Status.NON_FINITE)  # type: ignore[no-any-return]


def tangents(roots: Sequence[Expression], directions: Mapping[str, Expression]) -> list[Expression]:
    """The directional derivative of each root: d root = sum over symbols of (d root / d symbol) direction.

    ``directions`` maps symbol names to the change of each symbol; symbols that it does not name stand still.
    """
    moved: dict[int, Expression] = {}
    for node in topological(roots):
        inner = [moved[argument.serial] for argument in node.arguments]
        if node.operation == "symbol":
            moved[node.serial] = directions.get(node.name, ZERO)
        elif all(change is ZERO for change in inner):
            moved[node.serial] = ZERO
        else:
            moved[node.serial] = _tangent(node, dict(zip(node.arguments, inner, strict=True)), inner)
    return [moved[root.serial] for root in roots]


def _tangent(node: Expression, change: Mapping[Expression, Expression], inner: Sequence[Expression]) -> Expression:
    a = node.arguments
    match node.operation:
        case "minimum":
            return select(a[0], a[1], inner[0], inner[1])
        case "maximum":
            return select(a[1], a[0], inner[0], inner[1])
        case "select":
            return select(a[0], a[1], inner[2], inner[3])
        case "power" if 1 < node.value < 2:
            # x^e has a derivative at 0, but no second one, and the step's Jacobian needs that: take it as 0 there
            return node.value * power(maximum(a[0], FLOOR), node.value - 1.0) * inner[0]
        case "subtract":
            return inner[0] - inner[1]
    total = ZERO
    for argument, partial in partial_derivatives(node):
        total = total + partial * change[argument]
    return total


@lru_cache(maxsize=32)
def tangent_program(program: Program, chosen: tuple[str, ...]) -> Program:
    """``program`` with its variational equation: twice the states, one more parameter per chosen one.

    The states are those of ``program`` in their order (so that a schedule of ``program`` serves), then the derivative
    of each; the parameters those of ``program``, then the direction; the read-outs are the derivatives of the
    program's. The derivative of a state is of the size of the state when the direction is of the size of the
    parameters, and is held to the same absolute tolerance.

    Raises:
        KeyError: for an unknown parameter, with the nearest names.
        ValueError: for a program with triggers, or when nothing is chosen, or something twice.
    """
    if program.triggers:
        raise ValueError(
            "derivatives of a run with triggers are not supported: the time of a trigger depends on the parameters. "
            "Give its events in a schedule, or use finite differences."
        )
    if not chosen or len(set(chosen)) < len(chosen):
        raise ValueError(f"choose at least one parameter, and each once; got {list(chosen)}.")
    listed = [program.parameters[program.index("parameter", name)] for name in chosen]
    derivative, direction = "derivative of {}".format, "direction of {}".format
    changes = {name: symbol(derivative(name)) for name in program.state_names}
    changes |= {parameter.name: symbol(direction(parameter.name)) for parameter in listed}
    initial = tangents([state.initial for state in program.states], changes)
    rates = tangents([state.rate for state in program.states], changes)
    readouts = tangents([readout.expression for readout in program.readouts], changes)
    return Program(
        states=(
            *program.states,
            *(
                State(derivative(state.name), state.unit, first, rate, state.scale)
                for state, first, rate in zip(program.states, initial, rates, strict=True)
            ),
        ),
        parameters=(*program.parameters, *(Parameter(direction(p.name), p.unit, 0.0) for p in listed)),
        inputs=program.inputs,
        readouts=tuple(
            Readout(derivative(readout.name), readout.unit, change)
            for readout, change in zip(program.readouts, readouts, strict=True)
        ),
        title=f"{program.title}, with derivatives",
    )


def sensitivities(
    program: Program,
    parameters: np.ndarray,
    output_times: np.ndarray,
    chosen: Sequence[str],
    *,
    start: np.ndarray | float = 0.0,
    initial_states: np.ndarray | None = None,
    initial_derivatives: np.ndarray | None = None,
    schedule: Schedule | None = None,
    stop: Stop | None = None,
    threshold_derivatives: np.ndarray | None = None,
    readouts: Sequence[str] | None = None,
    logarithmic: bool = False,
    tolerance: float = 1e-4,
    max_steps: int = 200_000,
    workers: int = 1,
    batch: int = 512,
    progress: Callable[[int], None] | None = None,
) -> Sensitivities:
    """Run every patient and differentiate its read-outs, final states and stopping time by the ``chosen`` parameters.

    The cost is one plain run plus, for each chosen parameter, one run of twice the states. Arguments that
    :func:`charcot.engine.simulate` has too mean the same here; derivatives are held to ``tolerance`` like states,
    measured per natural logarithm of the parameter (per unit, where a parameter is 0).

    Args:
        chosen: the names of the parameters.
        initial_derivatives: (patients, states, chosen) of ``initial_states``, for a run that continues another;
            0 by default. Without ``initial_states`` those of the program are used for both.
        threshold_derivatives: (patients, chosen) of the stop's thresholds; 0 by default.
        logarithmic: give dr/d(ln p) = p dr/dp, here and in ``initial_derivatives`` and ``threshold_derivatives``.
        progress: called with the number of newly finished integrations, of which there are patients x (1 + chosen)
            unless a patient fails.

    Raises:
        KeyError: for an unknown parameter, read-out or state, with the nearest names.
        ValueError: as ``simulate`` does; for triggers; and for a logarithm of a parameter that is not above 0.
    """
    tangent = tangent_program(program, tuple(chosen))
    options = {"tolerance": tolerance, "max_steps": max_steps, "workers": workers, "batch": batch, "progress": progress}
    names = program.readout_names if readouts is None else tuple(readouts)
    result = simulate(
        program,
        parameters,
        output_times,
        start=start,
        initial_states=initial_states,
        schedule=schedule,
        stop=stop,
        readouts=names,
        **options,  # type: ignore[arg-type]
    )
    table = np.asarray(parameters, dtype=float)
    patients, count, states = len(table), len(chosen), len(program.states)
    values = table[:, [program.index("parameter", name) for name in chosen]]
    size = _sizes(values, tuple(chosen), logarithmic)
    unit = np.ones_like(size) if logarithmic else size  # direction x derivative = unit
    whole = np.flatnonzero(~result.failed)
    owner = np.repeat(whole, count)  # the patient of each lane
    lane = np.tile(np.arange(count), len(whole))
    direction = np.zeros((len(owner), count))
    direction[np.arange(len(owner)), lane] = size[owner, lane]
    begin = np.broadcast_to(np.asarray(start, dtype=float), (patients,))
    run = simulate(
        tangent,
        np.concatenate([table[owner], direction], axis=1),
        _times_until(result)[owner],
        start=begin[owner],
        initial_states=_beginning(initial_states, initial_derivatives, unit, states, owner, lane),
        schedule=None if schedule is None else schedule.take(owner),
        readouts=[tangent.readout_names[program.index("readout", name)] for name in names],
        **options,  # type: ignore[arg-type]
    )
    status = np.repeat(result.status[:, None], count, axis=1)
    status[owner, lane] = np.where(run.failed, run.status, result.status[owner])
    derivatives = np.full((*result.values.shape, count), np.nan)
    final = np.full((patients, states, count), np.nan)
    scale = np.where(run.failed, np.nan, unit[owner, lane])
    asked = result.values.shape[1]
    reached = result.times[owner] <= result.end_time[owner, None]
    derivatives[owner, :, :, lane] = np.where(reached[:, :, None], run.values[:, :asked], np.nan) / scale[:, None, None]
    final[owner, :, lane] = run.final_states[:, states:] / scale[:, None]
    ends = np.full((patients, count), np.nan)
    if stop is not None:
        ends = _end_times(program, table, result, final, schedule, stop, threshold_derivatives, begin)
    return Sensitivities(result, tuple(chosen), derivatives, final, ends, status)


def _sizes(values: np.ndarray, chosen: Sequence[str], logarithmic: bool) -> np.ndarray:
    """The length of each direction: that of the parameter, so that the derivative is of the size of the states."""
    bad = np.argwhere(values <= 0)
    if logarithmic and len(bad):
        i, j = bad[0]
        raise ValueError(
            f"patient {i} has {chosen[j]} = {values[i, j]:g}: a derivative by its logarithm needs a value above 0. "
            "Ask for it without logarithmic=True."
        )
    return np.where(values == 0, 1.0, np.abs(values))


def _beginning(
    initial_states: np.ndarray | None,
    initial_derivatives: np.ndarray | None,
    unit: np.ndarray,
    states: int,
    owner: np.ndarray,
    lane: np.ndarray,
) -> np.ndarray | None:
    """(lanes, 2 states): where each pair begins, or None when the program says it."""
    if initial_states is None:
        if initial_derivatives is not None:
            raise ValueError("initial_derivatives need the initial_states to which they belong.")
        return None
    shape = (len(unit), states, unit.shape[1])
    moved = np.zeros(shape) if initial_derivatives is None else np.asarray(initial_derivatives, dtype=float)
    if moved.shape != shape:
        raise ValueError(f"initial_derivatives has shape {moved.shape}, not {shape}.")
    moved = moved * unit[:, None, :]
    return np.concatenate([np.asarray(initial_states, dtype=float)[owner], moved[owner, :, lane]], axis=1)


def _times_until(result: Result) -> np.ndarray:
    """(patients, times + 1): the times of each patient that it lived to see, its end, then NaN."""
    patients, asked = result.times.shape
    seen = result.times <= result.end_time[:, None]
    times = np.full((patients, asked + 1), np.nan)
    times[:, :asked][seen] = result.times[seen]
    times[np.arange(patients), seen.sum(axis=1)] = result.end_time
    return times


def _end_times(
    program: Program,
    parameters: np.ndarray,
    result: Result,
    final: np.ndarray,
    schedule: Schedule | None,
    stop: Stop,
    threshold_derivatives: np.ndarray | None,
    start: np.ndarray,
) -> np.ndarray:
    """dt/dp = (d threshold/dp - s) / rate, from y(t(p), p) = threshold(p) for the stopping state y."""
    patients, _, count = final.shape
    moved = np.zeros((patients, count)) if threshold_derivatives is None else np.asarray(threshold_derivatives, float)
    if moved.shape != (patients, count):
        raise ValueError(f"threshold_derivatives has shape {moved.shape}, not {(patients, count)}.")
    schedule = schedule or Schedule.empty(patients)
    place = program.index("state", stop.state)
    where = {"y": program.state_names, "p": program.parameter_names, "u": program.input_names}
    function = to_python([program.states[place].rate], where)
    stopped = [int(i) for i in np.flatnonzero(result.status == int(Status.STOPPED))]
    inputs = np.array([_inputs_before(program, schedule, i, result.end_time[i]) for i in stopped])
    inputs = inputs.reshape(len(stopped), len(program.inputs))
    (rate,) = function(result.final_states[stopped].T, parameters[stopped].T, inputs.T)
    ends = np.full((patients, count), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        ends[stopped] = (moved[stopped] - final[stopped, place]) / np.broadcast_to(rate, len(stopped))[:, None]
    for i in stopped:
        if result.end_time[i] == start[i] or _lifted(schedule, i, result.end_time[i], place):
            ends[i] = 0.0  # the patient was put across the threshold at a time that no parameter sets
    return ends


def _inputs_before(program: Program, schedule: Schedule, patient: int, time: float) -> np.ndarray:
    """The inputs of a patient just before ``time``."""
    inputs = np.array([entry.value for entry in program.inputs])
    rows = np.arange(schedule.offsets[patient], schedule.offsets[patient + 1])
    rows = rows[(schedule.kinds[rows] == EventKind.SET) & (schedule.times[rows] < time)]
    inputs[schedule.targets[rows]] = schedule.values[rows]  # of several for one input the last one stays
    return inputs


def _lifted(schedule: Schedule, patient: int, time: float, state: int) -> bool:
    """Whether a bolus into ``state`` is due at ``time``."""
    rows = slice(schedule.offsets[patient], schedule.offsets[patient + 1])
    due = (schedule.times[rows] == time) & (schedule.kinds[rows] == EventKind.ADD) & (schedule.targets[rows] == state)
    return bool(due.any())
