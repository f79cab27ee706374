"""In which order to eliminate: a symbolic sparse LU with diagonal pivots, done once per program.

W = I/(gamma h) - J is dominated by its diagonal for small steps, so that pivots stay on the diagonal and the pattern
of the factors is fixed. A patient for whom a pivot becomes too small to trust is run again with pivots
(:mod:`charcot.engine.pivoting`).

States that read each other, directly or in a circle, form a block; W is block triangular in the order in which blocks
read each other. Only the blocks on the diagonal are factored: what a block reads of those before it goes to its right
side, and causes no fill-in. Source: Duff and Reid, An implementation of Tarjan's algorithm for the block
triangularization of a matrix, ACM Transactions on Mathematical Software 4 (1978) 137-147.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Elimination:
    """The pattern of L + U.

    Attributes:
        blocks: the states in the order in which they are eliminated, block by block.
        outer: for each state, the states of earlier blocks that its row of W reads, earliest first.
        lower: for each state, the states of its block eliminated earlier that its row of L reads, earliest first.
        upper: for each state, the states of its block eliminated later in its row of U, earliest first.
        slot: where the entry (row, column) of L + U is kept.
        original: the entries of W itself, (row, column); the others are fill-in.
    """

    blocks: list[list[int]]
    outer: list[list[int]]
    lower: list[list[int]]
    upper: list[list[int]]
    slot: dict[tuple[int, int], int]
    original: frozenset[tuple[int, int]]

    @classmethod
    def plan(cls, states: int, entries: Iterable[tuple[int, int]]) -> Elimination:
        """Order the elimination by least fill-in, then Markowitz's rule, then index: the order is reproducible."""
        original = {(i, i) for i in range(states)} | set(entries)
        reads: list[list[int]] = [[] for _ in range(states)]
        for row, column in sorted(original):
            reads[row].append(column)
        components = _components(reads)
        home = {state: number for number, block in enumerate(components) for state in block}
        rows: list[set[int]] = [set() for _ in range(states)]  # off-diagonal, of one block, not yet eliminated
        columns: list[set[int]] = [set() for _ in range(states)]
        outer: list[list[int]] = [[] for _ in range(states)]
        for row, column in original:
            if home[row] != home[column]:
                outer[row].append(column)
            elif row != column:
                rows[row].add(column)
                columns[column].add(row)
        blocks: list[list[int]] = []
        upper: list[list[int]] = [[] for _ in range(states)]
        lower: list[list[int]] = [[] for _ in range(states)]
        for component in components:
            left, block = set(component), []
            while left:
                pivot = min(left, key=lambda i: (_fill_in(i, rows, columns), len(rows[i]) * len(columns[i]), i))
                left.remove(pivot)
                block.append(pivot)
                upper[pivot] = list(rows[pivot])
                _eliminate(pivot, rows, columns, lower)
            blocks.append(block)
        rank = {state: position for position, state in enumerate(i for block in blocks for i in block)}
        for lists in (outer, lower, upper):
            for neighbours in lists:
                neighbours.sort(key=rank.__getitem__)
        slots = [entry for block in blocks for entry in _read_in_order(block, outer, lower, upper)]
        return cls(blocks, outer, lower, upper, {entry: k for k, entry in enumerate(slots)}, frozenset(original))

    @property
    def order(self) -> list[int]:
        """The states in the order in which they are eliminated."""
        return [state for block in self.blocks for state in block]

    @property
    def size(self) -> int:
        """The number of entries of L + U."""
        return len(self.slot)


def _read_in_order(
    block: list[int], outer: list[list[int]], lower: list[list[int]], upper: list[list[int]]
) -> Iterator[tuple[int, int]]:
    """The entries of a block's rows as the two substitutions come by them, so that memory is read as a stream."""
    for row in block:
        yield from ((row, column) for column in (*outer[row], *lower[row]))
    for row in reversed(block):
        yield from ((row, column) for column in (*reversed(upper[row]), row))


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


def _components(reads: Sequence[Sequence[int]]) -> list[list[int]]:
    """The strongly connected components, those that are read before those that read them (Tarjan 1972)."""
    found: list[list[int]] = []
    index: dict[int, int] = {}  # when a state was first seen
    low: dict[int, int] = {}  # the earliest state on the stack that it reaches
    stack: list[int] = []
    waiting: set[int] = set()  # what lies on the stack
    for root in range(len(reads)):
        path = [] if root in index else [(root, 0)]
        while path:
            state, next_read = path.pop()
            if next_read == 0:
                index[state] = low[state] = len(index)
                stack.append(state)
                waiting.add(state)
            else:
                low[state] = min(low[state], low[reads[state][next_read - 1]])
            for place in range(next_read, len(reads[state])):
                other = reads[state][place]
                if other not in index:
                    path += [(state, place + 1), (other, 0)]
                    break
                if other in waiting:
                    low[state] = min(low[state], index[other])
            else:
                if low[state] == index[state]:
                    cut = stack.index(state)
                    found.append(sorted(stack[cut:]))
                    waiting.difference_update(stack[cut:])
                    del stack[cut:]
    return found


def _fill_in(pivot: int, rows: list[set[int]], columns: list[set[int]]) -> int:
    """How many new entries eliminating ``pivot`` makes."""
    own = rows[pivot]
    return sum(len(own - rows[row]) - (row in own) for row in columns[pivot])
