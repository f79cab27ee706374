"""In which order to eliminate: a symbolic sparse LU with diagonal pivots, done once per program.

W = I/(gamma h) - J is dominated by its diagonal for small steps, so that pivots stay on the diagonal and the pattern
of the factors is fixed. A patient for whom a pivot becomes too small to trust is run again with pivots
(:mod:`charcot.engine.pivoting`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Elimination:
    """The pattern of L + U.

    Attributes:
        order: the states in the order in which they are eliminated.
        lower: for each state, the states eliminated earlier that its row of L reads, earliest first.
        upper: for each state, the states eliminated later in its row of U, earliest first.
        slot: where the entry (row, column) of L + U is kept; the Jacobian's own entries come first, by row.
        original: the entries of W itself, (row, column); the others are fill-in.
    """

    order: list[int]
    lower: list[list[int]]
    upper: list[list[int]]
    slot: dict[tuple[int, int], int]
    original: frozenset[tuple[int, int]]

    @classmethod
    def plan(cls, states: int, entries: Iterable[tuple[int, int]]) -> Elimination:
        """Order the elimination by Markowitz's rule: least fill-in first, ties by index, so that it is reproducible."""
        original = {(i, i) for i in range(states)} | set(entries)
        rows: list[set[int]] = [set() for _ in range(states)]  # off-diagonal, among states not yet eliminated
        columns: list[set[int]] = [set() for _ in range(states)]
        for row, column in original:
            if row != column:
                rows[row].add(column)
                columns[column].add(row)
        order: list[int] = []
        upper: list[list[int]] = [[] for _ in range(states)]
        lower: list[list[int]] = [[] for _ in range(states)]
        left = set(range(states))
        while left:
            pivot = min(left, key=lambda i: (len(rows[i]) * len(columns[i]), i))
            left.remove(pivot)
            order.append(pivot)
            upper[pivot] = list(rows[pivot])
            _eliminate(pivot, rows, columns, lower)
        rank = {state: position for position, state in enumerate(order)}
        for lists in (lower, upper):
            for neighbours in lists:
                neighbours.sort(key=rank.__getitem__)
        pattern = {(i, j) for i in range(states) for j in (*lower[i], *upper[i])} | original
        slots = [*sorted(original), *sorted(pattern - original)]
        return cls(order, lower, upper, {entry: k for k, entry in enumerate(slots)}, frozenset(original))

    @property
    def size(self) -> int:
        """The number of entries of L + U."""
        return len(self.slot)


def _eliminate(pivot: int, rows: list[set[int]], columns: list[set[int]], lower: list[list[int]]) -> None:
    """Join every row that reads ``pivot`` with the row of ``pivot``, and drop the pivot."""
    for row in columns[pivot]:
        lower[row].append(pivot)
        rows[row].discard(pivot)
        for column in rows[pivot]:
            if column != row:
                rows[row].add(column)
                columns[column].add(row)
    for column in rows[pivot]:
        columns[column].discard(pivot)
