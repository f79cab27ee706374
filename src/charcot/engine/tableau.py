"""Rodas5P as a table: the Rosenbrock method that the engine steps with.

A step of size h from y solves, for stages i = 1..8 with one matrix W = I/(gamma h) - J,

    W k_i = f(y + sum_j a_ij k_j) + sum_j c_ij k_j / h,      y_new = y + sum_j a_8j k_j + k_8,   error = k_8,

where J is the exact Jacobian at y. Between the ends, with s = theta in [0, 1],

    y(t + s h) = (1 - s) y + s (y_new + (1 - s) (d_1 + s (d_2 + s d_3))),      d_m = sum_j dense_mj k_j.

Source: G. Steinebach, Construction of Rosenbrock-Wanner method Rodas5P and numerical benchmarks within the Julia
Differential Equations package, BIT Numerical Mathematics 63:27 (2023).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from charcot.core.hashing import hash_text

ROUND_OFF = 2e-13  # of a condition: ten times what the coefficients below leave
DENSE_ORDER = 4  # with which the values within a step are right

Tree = tuple["Tree", ...]  # a rooted tree is the tuple of the trees on its root; () is a single vertex


@dataclass(frozen=True)
class Tableau:
    """A stiffly accurate Rosenbrock method in the form that needs no product with J.

    Attributes:
        name: what the method is called.
        order, embedded_order: of the solution and of the solution that the error estimate compares it with.
        gamma: the diagonal coefficient.
        stage: (stages, stages) strictly lower triangular, a_ij above.
        coupling: (stages, stages) strictly lower triangular, c_ij above.
        dense: (3, stages), the coefficients of the dense output.
        fingerprint: of ``dense``: its last column multiplies the error estimate, of which no condition up to the order
            of the dense output knows.
    """

    name: str
    order: int
    embedded_order: int
    gamma: float
    stage: np.ndarray
    coupling: np.ndarray
    dense: np.ndarray
    fingerprint: str

    def __post_init__(self) -> None:
        check(self)

    @property
    def stages(self) -> int:
        return len(self.stage)

    @property
    def embedded(self) -> np.ndarray:
        """The weights, in the textbook form, of the solution that the error estimate compares with."""
        weights: np.ndarray = self.stage[-1] @ self.gammas
        return weights

    @property
    def gammas(self) -> np.ndarray:
        """gamma_ij of the textbook form."""
        matrix: np.ndarray = np.linalg.inv(np.eye(self.stages) / self.gamma - self.coupling)
        return matrix

    def weights_within(self, fraction: float) -> np.ndarray:
        """The weights, in the textbook form, of the dense output at a fraction of the step."""
        whole = self.stage[-1] + np.eye(self.stages)[-1]
        inner = self.dense[0] + fraction * (self.dense[1] + fraction * self.dense[2])
        weights: np.ndarray = fraction * (whole + (1 - fraction) * inner) @ self.gammas
        return weights

    def classical(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(alpha, beta, weights) of the textbook form, in which the order conditions are written."""
        gamma_matrix = self.gammas
        alpha = self.stage @ gamma_matrix
        weights = (self.stage[-1] + np.eye(self.stages)[-1]) @ gamma_matrix
        return alpha, alpha + gamma_matrix, weights


def trees(order: int) -> Iterator[Tree]:
    """The rooted trees with ``order`` vertices, one for each order condition."""
    yield from (tuple(branch) for branch in _forests(order - 1, order - 1))


def _forests(vertices: int, largest: int) -> Iterator[list[Tree]]:
    if vertices == 0:
        yield []
    for size in range(min(vertices, largest), 0, -1):
        for tree in trees(size):
            for rest in _forests(vertices - size, size):
                if not rest or (size, tree) >= (_vertices(rest[0]), rest[0]):
                    yield [tree, *rest]


def _vertices(tree: Tree) -> int:
    return 1 + sum(_vertices(branch) for branch in tree)


def _density(tree: Tree) -> int:
    return _vertices(tree) * int(np.prod([_density(branch) for branch in tree], dtype=int))


def _elementary_weight(tree: Tree, alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """The stage vector of a tree: beta below a vertex of one branch, alpha below a vertex of several."""
    matrix = beta if len(tree) == 1 else alpha
    vector = np.ones(len(alpha))
    for branch in tree:
        vector = vector * (matrix @ _elementary_weight(branch, alpha, beta))
    return vector


def order_defect(tableau: Tableau, order: int, weights: np.ndarray | None = None, fraction: float = 1.0) -> float:
    """The largest violation of a condition of exactly ``order``; zero up to rounding when the order is reached.

    Args:
        weights: in the textbook form, of a solution at ``fraction`` of the step; by default those of the method.
    """
    alpha, beta, final = tableau.classical()
    weights = final if weights is None else weights
    return max(
        abs(float(weights @ _elementary_weight(tree, alpha, beta)) - fraction**order / _density(tree))
        for tree in trees(order)
    )


def check(tableau: Tableau) -> None:
    """Raise ValueError when the numbers cannot be those of the method: a mistyped digit does not survive import."""
    for matrix in (tableau.stage, tableau.coupling):
        if matrix.shape != (tableau.stages, tableau.stages) or np.any(np.triu(matrix)):
            raise ValueError(f"{tableau.name}: the coefficients are not strictly lower triangular")
    if np.any(tableau.stage[-1, :-1] != [*tableau.stage[-2, :-2], 1.0]):
        raise ValueError(f"{tableau.name}: the last two stages are not those of a stiffly accurate method")
    final = tableau.classical()[2]
    solutions = [("a condition", tableau.order, final, 1.0)]
    solutions += [("a condition of the error estimate", tableau.embedded_order, tableau.embedded, 1.0)]
    inside = [k / 8 for k in range(1, 8)]
    solutions += [("a condition of the dense output", DENSE_ORDER, tableau.weights_within(s), s) for s in inside]
    for what, highest, weights, fraction in solutions:
        for order in range(1, highest + 1):
            defect = order_defect(tableau, order, weights, fraction)
            if not defect < ROUND_OFF:
                raise ValueError(f"{tableau.name}: {what} of order {order} is violated by {defect:.1e}")
    if fingerprint_of(tableau.dense) != tableau.fingerprint:
        raise ValueError(f"{tableau.name}: a condition of the dense output is violated: it is not the published one")
    if order_defect(tableau, tableau.embedded_order + 1, tableau.embedded) < 1e-4:
        raise ValueError(f"{tableau.name}: the error estimate compares the solution with one as good")


def fingerprint_of(coefficients: np.ndarray) -> str:
    """Sixteen hexadecimal digits that change with any digit of ``coefficients``."""
    return hash_text(" ".join(repr(float(value)) for value in coefficients.ravel()), 16)


def _lower(rows: list[list[float]], stages: int) -> np.ndarray:
    matrix = np.zeros((stages, stages))
    for i, row in enumerate(rows):
        matrix[i, : len(row)] = row
    return matrix


_LAST = [-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946]

RODAS5P = Tableau(
    name="Rodas5P",
    order=5,
    embedded_order=4,
    gamma=0.21193756319429014,
    stage=_lower(
        [
            [],
            [3.0],
            [2.849394379747939, 0.45842242204463923],
            [-6.954028509809101, 2.489845061869568, -10.358996098473584],
            [2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641],
            _LAST,
            [*_LAST, 1.0],
            [*_LAST, 1.0, 1.0],
        ],
        8,
    ),
    coupling=_lower(
        [
            [],
            [-14.155112264123755],
            [-17.97296035885952, -2.859693295451294],
            [147.12150275711716, -1.41221402718213, 71.68940251302358],
            [165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306],
            [24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471],
            [
                *(30.91273214028599, -3.1208243349937974, 77.79954646070892),
                *(34.28646028294783, -19.097331116725623, -28.087943162872662),
            ],
            [
                *(37.80277123390563, -3.2571969029072276, 112.26918849496327),
                *(66.9347231244047, -40.06618937091002, -54.66780262877968, -9.48861652309627),
            ],
        ],
        8,
    ),
    dense=np.array(
        [
            [
                *(25.948786856663858, -2.5579724845846235, 10.433815404888879, -2.3679251022685204),
                *(0.524948541321073, 1.1241088310450404, 0.4272876194431874, -0.17202221070155493),
            ],
            [
                *(-9.91568850695171, -0.9689944594115154, 3.0438037242978453, -24.495224566215796),
                *(20.176138334709044, 15.98066361424651, -6.789040303419874, -6.710236069923372),
            ],
            [
                *(11.419903575922262, 2.8879645146136994, 72.92137995996029, 80.12511834622643),
                *(-52.072871366152654, -59.78993625266729, -0.15582684282751913, 4.883087185713722),
            ],
        ]
    ),
    fingerprint="279b5635a8124508",
)
