"""The patients that one worker steps in the kernel's own loop (:mod:`charcot.engine.control`), and those who wait.

One pack of patients is on board at a time, so that its tables stay in the processor's cache. Python calls the next ones
up, many at once, and looks at those whose step has become too small; everything else happens in machine code, outside
Python's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from charcot.core.result import Result, Status
from charcot.engine import control
from charcot.engine.compiled import Kernel, aligned, control_of
from charcot.engine.pivoting import PivotedStep
from charcot.engine.request import Request

Array = np.ndarray

WAITING_PACKS = 8  # packs of patients that are called up at once
ROUNDS = 256  # before Python comes in to see whether it is to stop
FIELDS = {name: place for place, name in enumerate(control.Board.__annotations__)}


class Seats:
    """One worker's tables.

    Args:
        kernel: of a program without triggers and without jumps that are watched.
        request, result: what is asked, and what is found.
        seats: the most patients on board at a time; never more than a pack holds.
    """

    def __init__(self, kernel: Kernel, request: Request, result: Result, seats: int) -> None:
        self.kernel, self.request = kernel, request
        sizes = kernel.sizes
        self.width = sizes.width
        self.room = WAITING_PACKS * sizes.width  # for those who wait
        self.tables = {
            **self._kernel_tables(),
            **self._seat_tables(),
            **self._waiting_tables(),
            **_request_tables(request),
            **_result_tables(result),
        }
        stop = request.stop_state
        numbers = {
            "width": sizes.width,
            "seats": min(seats, sizes.width),
            "states_count": sizes.states,
            "derived_count": sizes.derived,
            "modes_count": sizes.modes,
            "inputs_count": sizes.inputs,
            "times_count": result.values.shape[1],
            "chosen_count": result.values.shape[2],
            "largest_count": sizes.states if sizes.follows else 0,
            "stop_state": stop,
            "stop_exact": int(any(stop in block.states for block in sizes.blocks)),
            "more": 1,
        }
        self.board = np.zeros(len(FIELDS), dtype=np.int64)
        for name, number in numbers.items():
            self.board[FIELDS[name]] = number
        for name, table in self.tables.items():
            self.board[FIELDS[name]] = table.ctypes.data
        for name in control.OF_KERNEL:
            self.board[FIELDS[name]] = kernel.addresses[name]
        self.control = control_of(sizes.single)

    def _kernel_tables(self) -> dict[str, Array]:
        sizes, real = self.kernel.sizes, self._real
        vectors = {
            "derived": sizes.derived,
            "modes": sizes.modes,
            "inputs": sizes.inputs,
            "states": sizes.states,
            "next_states": sizes.states,
            "between": sizes.states,
            "dense": 3 * sizes.states,
            "readouts": sizes.readouts,
            "scratch": sizes.scratch,
            "tolerances": 1 + sizes.states,
            "largest": sizes.states if sizes.follows else 0,
            **dict.fromkeys(("step_size", "error", "factor", "theta", "accept", "suggested"), 1),
        }
        tables = {name: aligned((count, sizes.width), real) for name, count in vectors.items()}
        tables["step_size"][:] = 1.0
        selected = self.request.selected
        return tables | {
            "packs": np.zeros(1, dtype=np.int64),
            "wants": np.zeros(1, dtype=np.int64),
            "rows": np.full(sizes.width, -1),
            "selection": np.array([len(selected), *selected], dtype=np.int64),
        }

    def _seat_tables(self) -> dict[str, Array]:
        doubles = ("time", "goal", "arrival", "until")
        integers = ("fresh_event", "next_output", "next_event", "steps", "rejected", "tried_again", "stopping", "stuck")
        return {
            **{name: np.zeros(self.width) for name in doubles},
            **{name: np.zeros(self.width, dtype=np.int64) for name in integers},
            "patient": np.full(self.width, -1),
            "proposed": np.ones(self.width, dtype=self._real),
            "after_event": np.zeros((2, self.width), dtype=self._real),
        }

    def _waiting_tables(self) -> dict[str, Array]:
        sizes = self.kernel.sizes
        vectors = {"derived": sizes.derived, "modes": sizes.modes, "inputs": sizes.inputs, "states": sizes.states}
        vectors["tolerances"] = 1 + sizes.states
        self.parameters = self._waiting(sizes.parameters)
        tables = {f"waiting_{name}": self._waiting(count) for name, count in vectors.items()}
        return tables | {"waiting_patients": np.zeros(self.room, dtype=np.int64)}

    @property
    def _real(self) -> np.dtype[Any]:
        return np.dtype(np.float32 if self.kernel.sizes.single else np.float64)

    def _waiting(self, vectors: int) -> Array:
        return aligned((WAITING_PACKS, vectors, self.width), self._real)

    # running ---------------------------------------------------------------------------------------------------

    def run(self, take: Callable[[int], Array], report: Callable[[int], None]) -> None:
        """Simulate the patients that ``take(n)`` hands out (at most n at a time, none when there are no more)."""
        told = 0
        while True:
            why = self.control.drive(self.board.ctypes.data, ROUNDS)
            if why == control.MORE:
                self._call_up(take(self.room))
            elif why == control.STUCK:
                self._look_at_stuck()
            finished = int(self.board[FIELDS["finished"]])
            if finished > told:
                report(finished - told)
                told = finished
            if why == control.DONE:
                return

    def _call_up(self, patients: Array) -> None:
        """Let ``patients`` wait, with everything that depends on their parameters; nobody: no more will come."""
        board, request, tables = self.board, self.request, self.tables
        board[FIELDS["more"]] = int(len(patients) > 0)
        called = request.usable[patients]
        board[FIELDS["finished"]] += len(patients) - np.count_nonzero(called)
        patients = patients[called]
        board[FIELDS["next_waiting"]], board[FIELDS["waiting"]] = 0, len(patients)
        if not len(patients):
            return
        places = np.arange(len(patients))
        pack, lane = places // self.width, places % self.width
        packs = np.arange(-(-len(patients) // self.width))
        sizes, given, tolerances = self.kernel.sizes, request.parameters.shape[1], request.tolerances[patients]
        tables["waiting_tolerances"][pack, :, lane] = tolerances
        self.parameters[pack, :given, lane] = request.parameters[patients]
        self.parameters[pack, given:, lane] = tolerances[:, sizes.allowances]
        first, derived, states = packs.ctypes.data, tables["waiting_derived"], tables["waiting_states"]
        self.kernel.prologue(len(packs), first, self.parameters.ctypes.data, derived.ctypes.data)
        for block in sizes.blocks:
            rows = slice(block.offset, block.offset + block.size)
            tables["waiting_modes"][pack, rows, lane] = block.modes(derived[pack, :, lane])
        if request.initial is None:
            self.kernel.initial(len(packs), first, self.parameters.ctypes.data, states.ctypes.data)
        else:
            states[pack, :, lane] = request.initial[patients]
        if sizes.clock >= 0:
            states[pack, sizes.clock, lane] = request.start[patients]
        tables["waiting_inputs"][pack, :, lane] = request.inputs
        tables["waiting_patients"][places] = patients

    def _look_at_stuck(self) -> None:
        """Finish those whose step cannot be made smaller: handed over where pivots help, else failed."""
        tables, method = self.tables, PivotedStep(self.kernel)
        for seat in np.flatnonzero(tables["stuck"]):
            states, derived, inputs = (tables[name][:, seat] for name in ("states", "derived", "inputs"))
            error = method(states, derived, inputs, tables["step_size"][0, seat], tables["tolerances"][:, seat])[2]
            status = Status.STEP_TOO_SMALL if tables["stuck"][seat] == 1 else Status.NON_FINITE
            self.control.finish(self.board.ctypes.data, seat, Status.SMALL_PIVOT if error <= 1.0 else status)


def _request_tables(request: Request) -> dict[str, Array]:
    schedule = request.schedule
    kinds = {
        "begin": (request.start, np.float64),
        "end": (request.end, np.float64),
        "thresholds": (request.thresholds, np.float64),
        "longest_step": (request.longest_step, np.float64),
        "max_steps": (request.max_steps, np.int64),
        "output_counts": (request.counts, np.int64),
        "output_times": (request.times, np.float64),
        "event_offsets": (schedule.offsets, np.int64),
        "event_times": (schedule.times, np.float64),
        "event_targets": (schedule.targets, np.int32),
        "event_kinds": (schedule.kinds, np.int32),
        "event_values": (schedule.values, np.float64),
    }
    return {name: np.ascontiguousarray(table, dtype=kind) for name, (table, kind) in kinds.items()}


def _result_tables(result: Result) -> dict[str, Array]:
    return {
        "values": result.values,
        "status": result.status,
        "end_time": result.end_time,
        "steps_taken": result.steps,
        "steps_rejected": result.rejected,
        "final_states": result.final_states,
        "largest_found": result.largest,
    }
