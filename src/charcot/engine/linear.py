"""The part of a program that needs no step size: linear equations with coefficients that stay put between events.

Drug compartments, clocks and sampled paths obey x' = A x + b, with A from parameters and b from parameters and inputs,
and read nothing else. Between events their solution is known: with A = V diag(l) V^-1,

    x(t + s) = V [exp(l s) z + phi(l, s) g],    z = V^-1 x(t),  g = V^-1 b,  phi(l, s) = (exp(l s) - 1) / l.

Inside a step the stages carry these states as they carry all others, so that a transient much shorter than the step is
damped as the method damps it; at the end of the step, and wherever an output is due, their exact values take the place
of the method's, and they have no say in the size of the step (docs/engine.md says what that costs and saves). A patient
whose A has no well-conditioned real eigenvectors (two equal rates in a chain) keeps the method's values, under the
error control.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from charcot.core.expression import ZERO, Expression, is_constant, jacobian, substitute, topological
from charcot.core.program import Program

WORST_CONDITION = 1e6  # of V: beyond, round-off in z would exceed 1e-10 of the largest compartment


@dataclass(frozen=True)
class Block:
    """States that are linear in each other, and in nothing else.

    Attributes:
        states: their indices in the program.
        coefficients: (row, column, place, value) of each entry of A that is not zero, rows and columns counted within
            the block; the entry is ``derived[place]``, or ``value`` where place is -1.
        forced: the rows whose b is not identically zero.
        offset: where its numbers begin in the table ``modes``: for one state l; for more a flag (1: solved exactly),
            l, V and V^-1, row by row.
    """

    states: list[int]
    coefficients: list[tuple[int, int, int, float]]
    forced: list[int]
    offset: int

    @property
    def size(self) -> int:
        """Vectors that the block takes in the table ``modes``."""
        count = len(self.states)
        return 1 if count == 1 else 1 + count + 2 * count * count

    def modes(self, derived: np.ndarray) -> np.ndarray:
        """The block's part of the table ``modes``, (patients, size), from ``derived`` (patients, derived)."""
        patients, count = len(derived), len(self.states)
        matrix = np.zeros((patients, count, count))
        for row, column, place, value in self.coefficients:
            matrix[:, row, column] = value if place < 0 else derived[:, place]
        if count == 1:
            return matrix[:, 0, :]
        sound = np.isfinite(matrix).all(axis=(1, 2))
        matrix[~sound] = np.eye(count)
        rates, vectors = np.linalg.eig(matrix)
        sound &= (np.abs(rates.imag) == 0.0).all(axis=1)
        condition = np.linalg.cond(vectors)
        sound &= condition < WORST_CONDITION
        real = np.where(sound[:, None, None], vectors.real, np.eye(count))
        parts = [sound[:, None].astype(float), rates.real, real.reshape(patients, -1)]
        return np.concatenate([*parts, np.linalg.inv(real).reshape(patients, -1)], axis=1)


@dataclass(frozen=True)
class LinearPart:
    """States that are linear in each other only: x' = A x + b.

    Attributes:
        states: their sorted indices in the program.
        matrix: (row, column, entry) of each entry of A that is not zero, rows and columns counted within the part.
        forcing: b, the rate of each state where every state is zero.
    """

    states: list[int]
    matrix: list[tuple[int, int, Expression]]
    forcing: list[Expression]


def linear_parts(program: Program) -> list[LinearPart]:
    """The parts of a program that can be solved exactly."""
    names = program.state_names
    index = {name: i for i, name in enumerate(names)}
    affine = _affine(program)
    slopes = dict(zip(affine, jacobian([program.states[i].rate for i in affine], names), strict=True))
    reads = {i: [index[name] for name in row] for i, row in slopes.items()}
    left = set(affine)
    while True:
        kept = {i for i in left if all(j in left for j in reads[i])}
        if kept == left:
            break
        left = kept
    parts: list[LinearPart] = []
    while left:
        part, edge = set(), {min(left)}
        while edge:
            part |= edge
            near = {j for i in edge for j in reads[i]} | {i for i in left if edge & set(reads[i])}
            edge = near - part
        states = sorted(part)
        within = {state: k for k, state in enumerate(states)}
        matrix = [(within[i], within[index[name]], entry) for i in states for name, entry in slopes[i].items()]
        parts.append(LinearPart(states, sorted(matrix, key=lambda entry: entry[:2]), _forcing(program, states)))
        left = left - part
    return parts


FIXED, GIVEN, AFFINE, OTHER = range(4)  # what reads parameters only, inputs too, states as A x + b, or anything else


def _affine(program: Program) -> list[int]:
    """The states whose rates are A x + b, with A of parameters, b of parameters and inputs."""
    rates = [state.rate for state in program.states]
    leaves = dict.fromkeys(program.state_names, AFFINE) | dict.fromkeys(program.input_names, GIVEN)
    kinds: dict[int, int] = {}
    for node in topological(rates):
        a = [kinds[argument.serial] for argument in node.arguments]
        worst = max(a, default=FIXED)
        match node.operation:
            case "symbol":
                worst = leaves.get(node.name, FIXED)
            case "add" | "subtract":
                pass
            case "multiply" if FIXED in a:
                pass
            case "divide" if a[1] == FIXED:
                pass
            case "select" if a[0] == a[1] == FIXED:
                pass
            case _ if worst >= AFFINE:
                worst = OTHER
        kinds[node.serial] = worst
    return [i for i, rate in enumerate(rates) if kinds[rate.serial] <= AFFINE]


def _forcing(program: Program, states: Sequence[int]) -> list[Expression]:
    """b of each of ``states``: its rate where every state is zero."""
    nothing: dict[str, Expression] = dict.fromkeys(program.state_names, ZERO)
    return substitute([program.states[i].rate for i in states], nothing)


def is_nothing(expression: Expression) -> bool:
    """Whether an expression is zero whatever the parameters."""
    return is_constant(expression) and expression.value == 0.0
