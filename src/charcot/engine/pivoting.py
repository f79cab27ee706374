"""The same method with a linear solver that pivots: slow, for the few patients whose equations need it.

The kernel eliminates in a fixed order, with pivots on the diagonal, for all patients at once. Where a strong coupling
meets a weak diagonal, such a pivot is small, and what is divided by it loses its digits. Here one patient takes the
step of :mod:`charcot.engine.tableau` with the kernel's own rates and Jacobian, and LAPACK chooses the pivots.
"""

from __future__ import annotations

import warnings

import numpy as np
from scipy.linalg import LinAlgWarning, lu_factor, lu_solve

from charcot.engine.codegen import GROW, SAFETY, SHRINK
from charcot.engine.compiled import Kernel
from charcot.engine.tableau import RODAS5P

Array = np.ndarray


class PivotedStep:
    """A step of one patient; holds tables for one pack, in which every lane is that patient."""

    def __init__(self, kernel: Kernel) -> None:
        sizes = kernel.sizes
        self._kernel = kernel
        vectors = (sizes.states, sizes.derived, sizes.inputs, sizes.states, sizes.matrix)
        real = np.float32 if sizes.single else np.float64  # of the kernel's tables; the algebra here is in double
        self._tables = [np.zeros((count, sizes.width), dtype=real) for count in vectors]
        entries = np.array(sizes.entries, dtype=np.int64).reshape(-1, 3)
        self._rows, self._columns, self._places = entries.T
        self._pack = np.zeros(1, dtype=np.int64)

    def __call__(
        self, states: Array, derived: Array, inputs: Array, size: float, tolerances: Array
    ) -> tuple[Array, Array, float, float]:
        """One step of ``size`` days.

        Args:
            states, derived, inputs: one patient's columns of the kernel's tables.
            tolerances: (1 + states,): the relative tolerance, then each state's absolute tolerance.

        Returns:
            the states after it, the coefficients of its dense output (3, states), the error norm (NaN when a value is
            not finite), and the factor by which the next step may be longer.
        """
        method, count = RODAS5P, len(states)
        self._tables[1][:], self._tables[2][:] = derived[:, None], inputs[:, None]
        failed = states.copy(), np.zeros((3, count)), np.nan, SHRINK
        rates = self._slopes(states)
        unknowns = count + self._kernel.sizes.intermediates
        matrix = np.zeros((unknowns, unknowns))
        matrix[self._rows, self._columns] = -self._tables[4][self._places, 0]
        matrix[np.diag_indices(unknowns)] += np.where(np.arange(unknowns) < count, 1.0 / (method.gamma * size), 1.0)
        if not np.isfinite(matrix).all():
            return failed
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LinAlgWarning)  # a singular matrix gives infinities, and they are seen
            factors = lu_factor(matrix, check_finite=False)
        stages, right = np.zeros((method.stages, count)), np.zeros(unknowns)
        point = states
        for stage in range(method.stages):
            if stage:
                point = states + _combine(method.stage[stage, :stage], stages)
                rates = self._slopes(point)
            right[:count] = rates + _combine(method.coupling[stage, :stage], stages) / size
            stages[stage] = lu_solve(factors, right, check_finite=False)[:count]
        after, last = point + stages[-1], np.abs(stages[-1])
        if not np.isfinite(after).all():
            return failed
        error = float(np.max(last / (tolerances[0] * np.maximum(np.abs(states), np.abs(after)) + tolerances[1:])))
        factor = SAFETY * max(error, 1e-10) ** (-1.0 / (method.embedded_order + 1))
        dense = np.array([_combine(weights, stages) for weights in method.dense])
        return after, dense, error, min(max(factor, SHRINK), GROW)

    def _slopes(self, states: Array) -> Array:
        """The rates at ``states``; the slopes are left in the last table."""
        self._tables[0][:] = states[:, None]
        self._kernel.slopes(1, self._pack.ctypes.data, *(table.ctypes.data for table in self._tables))
        return self._tables[3][:, 0].astype(float)


def _combine(weights: Array, stages: Array) -> Array:
    """sum_j weights_j stages_j, added one after the other so that it is the same on every machine."""
    total = np.zeros(stages.shape[1])
    for weight, stage in zip(weights, stages, strict=False):
        total += weight * stage
    return total
