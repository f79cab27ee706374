"""diffrax: Kvaerno5 in JAX, double precision, patients by vmap; doses restart a scan over segments."""

from __future__ import annotations

import itertools
from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

from peers.problem import Problem, arithmetic

NAME = "diffrax Kvaerno5"
INSTALL = "pip install diffrax; then --python diffrax_kvaerno5=<its python>"
jax.config.update("jax_enable_x64", True)


def operations() -> dict[str, Any]:
    return {
        **arithmetic(),
        "exp": jnp.exp,
        "log": jnp.log,
        "softplus": lambda x: jnp.logaddexp(0.0, x),
        "sigmoid": jax.nn.sigmoid,
        "minimum": jnp.minimum,
        "maximum": jnp.maximum,
        "select": lambda a, b, x, y: jnp.where(a < b, x, y),
        # a hair below zero, where a solver's stages go, reads as zero here as it does in Charcot
        "raised": lambda a, b: jnp.maximum(a, 1e-30) ** b,
    }


class Peer:
    """One patient at a time; a vmap of several costs the same per patient on one core."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        edges = np.array([problem.times[0], *problem.dose_times, problem.times[-1]])
        grids = np.array([[begin, 0.5 * (begin + end), end] for begin, end in itertools.pairwise(edges)])
        widest = max(len(outputs) for _, _, outputs in problem.segments())
        wanted = np.repeat(grids[:, 2:], max(widest, 1), axis=1)  # a segment's outputs, filled up with its end
        self.outputs = []
        for row, (_, _, outputs) in zip(wanted, problem.segments(), strict=True):
            row[: len(outputs)] = problem.times[outputs]
            self.outputs.append(outputs)
        self.edges, self.wanted = jnp.array(grids[:, [0, 2]]), jnp.array(wanted)
        self.solve = jax.jit(self._course)
        self.prepared: set[float] = set()
        self.prepare(1e-4)

    def rates(self, _: Any, y: Any, p: Any) -> Any:
        problem = self.problem
        values = {name: y[i] for i, name in enumerate(problem.states)}
        values |= {name: p[i] for i, name in enumerate(problem.parameters)}
        values |= dict(zip(problem.inputs, problem.input_values.tolist(), strict=True))
        return jnp.stack([jnp.asarray(rate, dtype=float) for rate in problem.evaluate(values, operations())])

    def _course(self, y: Any, p: Any, tolerance: Any) -> Any:
        problem = self.problem
        control = diffrax.PIDController(rtol=tolerance, atol=tolerance * 1e-3 * jnp.array(problem.scales))
        dose = jnp.zeros(len(problem.states))
        if problem.dose_state >= 0:
            dose = dose.at[problem.dose_state].set(problem.dose)

        def segment(y: Any, given: Any) -> Any:
            (begin, end), wanted = given
            solution = diffrax.diffeqsolve(
                diffrax.ODETerm(self.rates),
                diffrax.Kvaerno5(),
                begin,
                end,
                None,
                y,
                p,
                saveat=diffrax.SaveAt(ts=wanted, t1=True),
                stepsize_controller=control,
                max_steps=1_000_000,
                adjoint=diffrax.ForwardMode(),
            )
            return solution.ys[-1] + dose, solution.ys[:-1]

        return jax.lax.scan(segment, y, (self.edges, self.wanted))[1]

    def prepare(self, tolerance: float) -> None:
        if not self.prepared:  # the tolerance is an argument of the compiled function
            self.run(0, tolerance)
            self.prepared.add(tolerance)

    def run(self, patient: int, tolerance: float) -> np.ndarray:
        problem = self.problem
        rows = np.asarray(self.solve(problem.initial[patient], problem.table[patient], tolerance))
        found = np.empty((len(problem.times), len(problem.states)))
        found[0] = problem.initial[patient]
        for row, outputs in zip(rows, self.outputs, strict=True):
            found[outputs] = row[: len(outputs)]
        return found
