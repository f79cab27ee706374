"""The tables of the patients that one worker steps together, and which lane is where in them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from charcot.core.result import Result
from charcot.engine.compiled import Kernel, aligned
from charcot.engine.request import Request

Array = np.ndarray


class Tables:
    """A lane is a place for one patient; lane ``k`` is place ``k % width`` of pack ``k // width``. Tables read by the
    kernel have shape (packs, vectors, width).
    """

    def __init__(self, kernel: Kernel, request: Request, result: Result, lanes: int) -> None:
        sizes = kernel.sizes
        self.real = np.dtype(np.float32 if sizes.single else np.float64)  # of the kernel's tables; time is a double
        self.kernel, self.request, self.result = kernel, request, result
        self.width, self.seats = sizes.width, lanes
        self.packs = -(-lanes // sizes.width)
        self.parameters = self._zeros(sizes.parameters)
        self.derived = self._zeros(sizes.derived)
        self.modes = self._zeros(sizes.modes)
        self.inputs = self._zeros(sizes.inputs)
        self.states = self._zeros(sizes.states)
        self.next_states = self._zeros(sizes.states)
        self.between = self._zeros(sizes.states)
        self.dense = self._zeros(3 * sizes.states)
        self.readouts = self._zeros(sizes.readouts)
        self.scratch = aligned((sizes.scratch, sizes.width), self.real)
        self.tolerances = self._zeros(1 + sizes.states)
        self.largest = self._zeros(sizes.states if sizes.follows else 0)
        self.wants = np.zeros((self.packs, sizes.width * self.real.itemsize // 8), dtype=np.int64)  # first of each pack
        count = self.packs * sizes.width
        columns = aligned((7, count), self.real)
        self.step_size, self.error, self.factor, self.theta, self.accept, self.suggested, self.proposed = columns
        self.patient = np.full(count, -1)  # -1: nobody
        self.time, self.goal, self.arrival = np.zeros((3, count))
        self.after_event = np.zeros((3, count))  # the step that suited last time, after events of each kind
        self.values = result.values  # (patients, times, read-outs), written by the kernel
        self.selection = np.array([len(request.selected), *request.selected], dtype=np.int64)
        self.rows = np.full(count, -1)  # where in ``values`` a lane's next row begins; -1: nowhere
        self.fresh_event = np.full(count, -1)  # the row of after_event to learn from the next accepted step
        self.next_output, self.next_event, self.steps, self.rejected = np.zeros((4, count), dtype=np.int64)
        self.tried_again = np.zeros(count, dtype=bool)
        self.pace_since = np.zeros(count)  # the time of the last look at how fast a lane gets on
        self._addresses: dict[int, int] = {}  # of each table that the kernel was given, by its identity

    def _zeros(self, vectors: int) -> Array:
        return aligned((self.packs, vectors, self.width), self.real)

    def sliding(self, lanes: Array) -> Array:
        """Which of ``lanes`` slide."""
        if not self.kernel.sizes.slides:
            return np.zeros(len(lanes), dtype=bool)
        pack, place = self.where(lanes)
        slides: Array = self.inputs[pack, -1, place] > 0.0
        return slides

    def slide(self, lanes: Array) -> None:
        """From now on a jump in the rates of these patients is a ramp (:mod:`charcot.engine.soften`)."""
        pack, place = self.where(lanes)
        self.inputs[pack, -1, place] = 1.0

    def on_board(self, lanes: Array) -> Array:
        """Those of ``lanes`` whose patient has not been finished."""
        left: Array = lanes[self.patient[lanes] >= 0]
        return left

    def where(self, lanes: Array) -> tuple[Array, Array]:
        """The pack of each lane, and its place there."""
        return lanes // self.width, lanes % self.width

    def call(self, function: Callable[..., None], packs: Array, *tables: Array) -> None:
        """Call ``function`` of the kernel for some packs; each table lives as long as this object."""
        function(len(packs), packs.ctypes.data, *[self._address(table) for table in tables])

    def _address(self, table: Array) -> int:
        known = self._addresses.get(id(table))
        if known is None:
            known = self._addresses[id(table)] = table.ctypes.data
        return known

    def packs_of(self, lanes: Array) -> Array:
        """The packs in which ``lanes`` lie, each once."""
        return np.flatnonzero(np.bincount(lanes // self.width))
