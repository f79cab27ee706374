"""In which order to eliminate: a symbolic sparse LU with diagonal pivots, done once per program.

W = I/(gamma h) - J is dominated by its diagonal for small steps, so that pivots stay on the diagonal and the pattern
of the factors is fixed. A patient for whom a pivot becomes too small to trust is run again with pivots
(:mod:`charcot.engine.pivoting`).

The unknowns are the states and the intermediates that their rates share (:mod:`charcot.engine.linearise`). Those that
read each other, directly or in a circle, form a block; W is block triangular in the order in which blocks read each
other. Only the blocks on the diagonal are factored: what a block reads of those before it goes to its right side, and
causes no fill-in. Source: Duff and Reid, An implementation of Tarjan's algorithm for the block
triangularization of a matrix, ACM Transactions on Mathematical Software 4 (1978) 137-147.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

COUNTED = 400  # unknowns of a block; in a larger one fill-in is not counted, which would take longer than it saves

TOGETHER = 4  # rows of a substitution that are worked on at a time


@dataclass(frozen=True)
class Elimination:
    """The pattern of L + U.

    Attributes:
        states: how many of the unknowns are states; those that follow are intermediates.
        blocks: the unknowns in the order in which they are eliminated, block by block.
        outer: for each unknown, those of earlier blocks that its row of W reads, earliest first.
        lower: for each unknown, those of its block eliminated earlier that its row of L reads, earliest first.
        upper: for each unknown, those of its block eliminated later in its row of U, earliest first.
        forward, backward: for each block, the terms of the two substitutions in the order in which they are worked off:
            some rows together, so that a value that they all read is loaded once.
        slot: where the entry (row, column) of L + U is kept: as the substitutions come by, so that memory is a stream.
        original: the entries of W itself, (row, column); the others are fill-in.
    """

    states: int
    blocks: list[list[int]]
    outer: list[list[int]]
    lower: list[list[int]]
    upper: list[list[int]]
    forward: list[list[tuple[int, int]]]
    backward: list[list[tuple[int, int]]]
    slot: dict[tuple[int, int], int]
    original: frozenset[tuple[int, int]]

    @classmethod
    def plan(cls, states: int, entries: Iterable[tuple[int, int]], intermediates: int = 0) -> Elimination:
        """Order the elimination by least fill-in, then Markowitz's rule, then index: the order is reproducible."""
        unknowns = states + intermediates
        original = {(i, i) for i in range(unknowns)} | set(entries)
        reads: list[list[int]] = [[] for _ in range(unknowns)]
        for row, column in sorted(original):
            reads[row].append(column)
        components = _components(reads)
        home = {state: number for number, block in enumerate(components) for state in block}
        rows: list[set[int]] = [set() for _ in range(unknowns)]  # off-diagonal, of one block, not yet eliminated
        columns: list[set[int]] = [set() for _ in range(unknowns)]
        outer: list[list[int]] = [[] for _ in range(unknowns)]
        for row, column in original:
            if home[row] != home[column]:
                outer[row].append(column)
            elif row != column:
                rows[row].add(column)
                columns[column].add(row)
        blocks: list[list[int]] = []
        upper: list[list[int]] = [[] for _ in range(unknowns)]
        lower: list[list[int]] = [[] for _ in range(unknowns)]
        for component in components:
            left, block = set(component), []
            counted = len(component) <= COUNTED
            while left:
                pivot = min(left, key=partial(_cost, rows=rows, columns=columns, counted=counted))
                left.remove(pivot)
                block.append(pivot)
                upper[pivot] = list(rows[pivot])
                _eliminate(pivot, rows, columns, lower)
            blocks.append(block)
        rank = {state: position for position, state in enumerate(i for block in blocks for i in block)}
        for lists in (outer, lower, upper):
            for neighbours in lists:
                neighbours.sort(key=rank.__getitem__)
        forward, backward = [], []
        for block in blocks:
            forward.append(_together(block, [[*outer[row], *lower[row]] for row in block], rank))
            reverse = block[::-1]
            falling = {state: -place for state, place in rank.items()}
            backward.append(_together(reverse, [upper[row][::-1] for row in reverse], falling))
        slot: dict[tuple[int, int], int] = {}
        for ahead, back in zip(forward, backward, strict=True):
            for row, column in [*((row, column) for row, column in ahead if row != column), *back]:
                slot[row, column] = len(slot)
        return cls(states, blocks, outer, lower, upper, forward, backward, slot, frozenset(original))

    @property
    def unknowns(self) -> int:
        """States and intermediates."""
        return len(self.lower)

    @property
    def order(self) -> list[int]:
        """The unknowns in the order in which they are eliminated."""
        return [unknown for block in self.blocks for unknown in block]

    @property
    def size(self) -> int:
        """The number of entries of L + U."""
        return len(self.slot)


def _together(rows: Sequence[int], reads: Sequence[Sequence[int]], place: Mapping[int, int]) -> list[tuple[int, int]]:
    """The terms (row, column) of a substitution, some rows at a time; (row, row) where a row is complete.

    Args:
        rows: in the order in which they are completed.
        reads: the columns that each row reads, by rising ``place``.
    """
    terms: list[tuple[int, int]] = []
    for first in range(0, len(rows), TOGETHER):
        group = rows[first : first + TOGETHER]
        read = dict(zip(group, reads[first : first + TOGETHER], strict=True))
        before = {column for columns in read.values() for column in columns} - set(group)
        for column in sorted(before, key=place.__getitem__):
            terms += [(row, column) for row in group if column in read[row]]
        for row in group:
            terms += [(row, column) for column in read[row] if column in read]
            terms.append((row, row))
    return terms


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


def _cost(pivot: int, rows: list[set[int]], columns: list[set[int]], counted: bool) -> tuple[int, int, int]:
    return _fill_in(pivot, rows, columns) if counted else 0, len(rows[pivot]) * len(columns[pivot]), pivot


def _fill_in(pivot: int, rows: list[set[int]], columns: list[set[int]]) -> int:
    """How many new entries eliminating ``pivot`` makes."""
    own = rows[pivot]
    return sum(len(own - rows[row]) - (row in own) for row in columns[pivot])
