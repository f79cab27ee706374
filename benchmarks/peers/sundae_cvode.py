"""scikit-sundae: SUNDIALS CVODE with a dense exact Jacobian, rates in machine code; restarted at every dose."""

from __future__ import annotations

import numpy as np
from sksundae.cvode import CVODE

from peers.machine_code import MachineCode
from peers.problem import Problem

NAME = "scikit-sundae CVODE"
INSTALL = "pip install scikit-sundae"


class Peer:
    def __init__(self, problem: Problem) -> None:
        self.problem, self.code = problem, MachineCode(problem)
        self.segments = list(problem.segments())

    def run(self, patient: int, tolerance: float) -> np.ndarray:
        problem, code = self.problem, self.code
        code.choose(patient)

        def rates(_: float, y: np.ndarray, out: np.ndarray) -> None:
            code.rates(y, out)

        def jacobian(_: float, y: np.ndarray, __: np.ndarray, out: np.ndarray) -> None:
            code.jacobian(y, out)

        absolute = tolerance * 1e-3 * problem.scales
        solver = CVODE(rates, rtol=tolerance, atol=absolute, jacfn=jacobian, max_num_steps=10**7)
        y = problem.initial[patient].copy()
        found = np.empty((len(problem.times), len(y)))
        found[0] = y
        for begin, end, outputs in self.segments:
            # with two times alone the solver would report its own steps
            inner = problem.times[outputs] if len(outputs) else np.array([0.5 * (begin + end)])
            grid = np.unique([begin, *inner, end])
            grid = grid if len(grid) > 2 else np.array([begin, 0.5 * (begin + end), end])
            solution = solver.solve(grid, y)
            found[outputs] = solution.y[np.searchsorted(solution.t, problem.times[outputs])]
            y = solution.y[-1].copy()
            if problem.dose_state >= 0:
                y[problem.dose_state] += problem.dose
        return found
