"""How rates move with the states, as a sparse linear system that keeps what many of them share as an unknown.

Where many rates read one quantity that is made of many states, such as the mean over all classes of neurons, each of
these rates depends on each of these states: written out, the Jacobian is full of products of one slope with another.
The quantity stays an unknown instead. With z for such intermediates, f'(y) v is F v + G z, where z = M v + N z.

The slope of every operation by every argument is an edge of a graph from the states to the rates. A vertex is
eliminated by multiplying each edge into it with each edge out of it, and adding what runs beside; vertex after vertex,
this is the chain rule in the order that costs least. It ends where taking out a vertex would make more edges than it
saves. Sources: A. Griewank and S. Reese, On the calculation of Jacobian matrices by the Markowitz rule, in: Automatic
Differentiation of Algorithms, SIAM (1991); A. Griewank and A. Walther, Evaluating Derivatives, second edition, SIAM
(2008).
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from charcot.core.expression import ONE, ZERO, Expression, partial_derivatives, select, topological

# An intermediate is kept where its elimination would make more than so many entries beyond those that it saves. Of 0,
# 4, 10 and 20, measured on the disease model, this gives the fewest operations of a step (docs/engine.md).
WORTH_KEEPING = 4

Slopes = dict[int, Expression]


def linearised(roots: Sequence[Expression], names: Sequence[str], sharing: bool = True) -> list[Slopes]:
    """The slopes of ``roots`` by the symbols ``names`` and by the intermediates that are kept.

    Args:
        sharing: whether intermediates are kept; without, the rows are the Jacobian.

    Returns:
        a row for each root, then one for each intermediate: {unknown: slope}, where the unknowns are the places of
        ``names``, followed by the intermediates. An intermediate depends on earlier ones alone.
    """
    graph = _Slopes(roots, names)
    graph.reduce(WORTH_KEEPING if sharing else float("inf"))
    return graph.rows()


class _Slopes:
    """The graph of slopes. Vertices are the places of expressions in topological order; roots come after them."""

    def __init__(self, roots: Sequence[Expression], names: Sequence[str]) -> None:
        order = topological(roots)
        place = {node.serial: number for number, node in enumerate(order)}
        column = {name: number for number, name in enumerate(names)}
        self.into: dict[int, Slopes] = {}  # vertex -> {argument: slope}
        self.out: dict[int, set[int]] = {}
        self.inner: set[int] = set()  # what may be eliminated
        self.unknown: dict[int, int] = {}
        self.count, self.first_root = len(names), len(order)
        self.root_count = len(roots)
        for number, node in enumerate(order):
            if node.operation == "symbol" and node.name in column:
                self.unknown[number] = column[node.name]
                self.into[number], self.out[number] = {}, set()
            elif any(place[a.serial] in self.into for a in node.arguments):
                self._add(number, node, place)
        for row, root in enumerate(roots):
            known = place[root.serial] in self.into
            self._link(self.first_root + row, {place[root.serial]: ONE} if known else {})

    def _add(self, number: int, node: Expression, place: dict[int, int]) -> None:
        slopes: Slopes = {}
        for argument, slope in partial_derivatives(node):
            at = place[argument.serial]
            if at in self.into and slope is not ZERO:
                slopes[at] = slopes[at] + slope if at in slopes else slope
        if slopes:
            self._link(number, slopes)
            self.inner.add(number)

    def _link(self, number: int, slopes: Slopes) -> None:
        self.into[number], self.out[number] = slopes, set()
        for argument in slopes:
            self.out[argument].add(number)

    def reduce(self, worth: float) -> None:
        """Eliminate the cheapest vertex until what is left would make more than ``worth`` entries beyond it saves."""
        costs = {vertex: self._cost(vertex) for vertex in self.inner}
        heap = sorted((cost, vertex) for vertex, cost in costs.items())
        while heap:
            cost, vertex = heapq.heappop(heap)
            if vertex not in self.inner or costs[vertex] != cost:
                continue  # since then it was eliminated, or put on the heap anew
            actual = self._cost(vertex)
            if actual != cost:
                costs[vertex] = actual
                heapq.heappush(heap, (actual, vertex))
                continue
            if cost[0] > worth:
                continue
            for near in self._eliminate(vertex):
                if near in self.inner:
                    costs[near] = self._cost(near)
                    heapq.heappush(heap, (costs[near], near))

    def _cost(self, vertex: int) -> tuple[int, int]:
        """How many entries its elimination makes beyond those that it saves, and how many products it takes."""
        into, out = self.into[vertex], self.out[vertex]
        made = sum(len(into.keys() - self.into[user].keys()) for user in out)
        return made - len(into) - len(out), len(into) * len(out)

    def _eliminate(self, vertex: int) -> list[int]:
        """Take out one vertex; returns its neighbours."""
        self.inner.discard(vertex)
        into, out = self.into.pop(vertex), sorted(self.out.pop(vertex))
        for user in out:
            slopes = self.into[user]
            outer = slopes.pop(vertex)
            for argument, inner in into.items():
                path = _times(outer, inner)
                slopes[argument] = _plus(slopes[argument], path) if argument in slopes else path
                self.out[argument].add(user)
        for argument in into:
            self.out[argument].discard(vertex)
        return [*into, *out]

    def rows(self) -> list[Slopes]:
        kept = sorted(self.inner)
        unknown = self.unknown | {vertex: self.count + number for number, vertex in enumerate(kept)}
        rows = [self.into[self.first_root + row] for row in range(self.root_count)] + [self.into[v] for v in kept]
        return [
            {unknown[a]: slope for a, slope in sorted(row.items(), key=lambda entry: unknown[entry[0]])} for row in rows
        ]


def _times(a: Expression, b: Expression) -> Expression:
    """a b, but 0 in a branch of a ``select`` that is 0: what belongs to the branch not taken may be no number."""
    conditions = []
    while True:
        masked = next((node for node in (a, b) if _is_masked(node)), None)
        if masked is None:
            break
        conditions.append(masked.arguments)
        branch = masked.arguments[3 if masked.arguments[2] is ZERO else 2]
        a, b = (branch, b) if masked is a else (a, branch)
    product = a * b
    for low, high, below, _ in reversed(conditions):
        product = select(low, high, ZERO, product) if below is ZERO else select(low, high, product, ZERO)
    return product


def _is_masked(node: Expression) -> bool:
    return node.operation == "select" and ZERO in node.arguments[2:]


def _plus(a: Expression, b: Expression) -> Expression:
    """a + b, branch by branch where both ask the same."""
    if a.operation == b.operation == "select" and a.arguments[:2] == b.arguments[:2]:
        low, high, below, above = a.arguments
        return select(low, high, below + b.arguments[2], above + b.arguments[3])
    return a + b
