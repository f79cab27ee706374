"""SciPy: BDF with the exact Jacobian, rates in machine code; restarted at every dose."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp

from peers.machine_code import MachineCode
from peers.problem import Problem

NAME = "SciPy BDF"
INSTALL = "pip install scipy"
METHOD = "BDF"


class Peer:
    method = METHOD

    def __init__(self, problem: Problem) -> None:
        self.problem, self.code = problem, MachineCode(problem)
        self.segments = list(problem.segments())

    def run(self, patient: int, tolerance: float) -> np.ndarray:
        problem, code = self.problem, self.code
        code.choose(patient)
        size = len(problem.states)

        def rates(_: float, y: np.ndarray) -> np.ndarray:
            out = np.empty(size)
            code.rates(np.ascontiguousarray(y), out)
            return out

        def jacobian(_: float, y: np.ndarray) -> np.ndarray:
            out = np.zeros((size, size))
            code.jacobian(np.ascontiguousarray(y), out)
            return out

        y = problem.initial[patient].copy()
        found = np.empty((len(problem.times), size))
        found[0] = y
        for begin, end, outputs in self.segments:
            grid = np.unique([*problem.times[outputs], end])
            solution = solve_ivp(
                rates,
                (begin, end),
                y,
                method=self.method,
                t_eval=grid,
                rtol=tolerance,
                atol=tolerance * 1e-3 * problem.scales,
                jac=jacobian,
            )
            found[outputs] = solution.y.T[: len(outputs)]
            y = solution.y[:, -1].copy()
            if problem.dose_state >= 0:
                y[problem.dose_state] += problem.dose
        return found
