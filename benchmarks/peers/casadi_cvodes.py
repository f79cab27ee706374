"""CasADi: the equations as SX, CVODES with the exact sparse Jacobian; restarted at every dose."""

from __future__ import annotations

from typing import Any

import casadi as ca
import numpy as np

from peers.problem import Problem, arithmetic

NAME = "CasADi CVODES"
INSTALL = "pip install casadi"


def operations() -> dict[str, Any]:
    return {
        **arithmetic(),
        "exp": ca.exp,
        "log": ca.log,
        "softplus": lambda x: ca.fmax(x, 0) + ca.log1p(ca.exp(-ca.fabs(x))),
        "sigmoid": lambda x: 1 / (1 + ca.exp(-x)),
        "minimum": ca.fmin,
        "maximum": ca.fmax,
        "select": lambda a, b, x, y: ca.if_else(a < b, x, y),
        # a hair below zero, where a solver's stages go, reads as zero here as it does in Charcot
        "raised": lambda a, b: ca.fmax(a, 1e-30) ** b,
    }


class Peer:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        x, p = ca.SX.sym("x", len(problem.states)), ca.SX.sym("p", len(problem.parameters))
        values = dict(zip(problem.states, ca.vertsplit(x), strict=True))
        values |= dict(zip(problem.parameters, ca.vertsplit(p), strict=True))
        values |= dict(zip(problem.inputs, problem.input_values.tolist(), strict=True))
        rates = ca.vertcat(*problem.evaluate(values, operations()))
        self.system = {"x": x, "p": p, "ode": rates}
        self.solvers: dict[Any, Any] = {}
        self.segments = list(problem.segments())
        # The equations do not read the time, so all segments of one length share a solver, whose grid holds every
        # offset at which some segment has an output (interpolation costs next to nothing).
        self.grids: dict[float, list[float]] = {}
        for begin, end, outputs in self.segments:
            grid = self.grids.setdefault(round(end - begin, 9), [])
            grid += [round(t, 9) for t in problem.times[outputs] - begin]
        self.grids = {length: sorted({*grid, length}) for length, grid in self.grids.items()}
        self.prepare(1e-4)

    def prepare(self, tolerance: float) -> None:
        options = {
            "reltol": tolerance,
            "abstol": tolerance * self.problem.absolute,
            "max_num_steps": 10_000_000,
            "newton_scheme": "direct",
        }
        for length, grid in self.grids.items():
            if (tolerance, length) not in self.solvers:
                self.solvers[tolerance, length] = ca.integrator("solve", "cvodes", self.system, 0.0, grid, options)

    def run(self, patient: int, tolerance: float) -> np.ndarray:
        problem = self.problem
        x, p = problem.initial[patient].copy(), problem.table[patient]
        found = np.empty((len(problem.times), len(x)))
        found[0] = x
        for begin, end, outputs in self.segments:
            length = round(end - begin, 9)
            grid = self.grids[length]
            values = self.solvers[tolerance, length](x0=x, p=p)["xf"].full()
            for output in outputs:
                found[output] = values[:, grid.index(round(problem.times[output] - begin, 9))]
            x = values[:, -1].copy()
            if problem.dose_state >= 0:
                x[problem.dose_state] += problem.dose
        return found
