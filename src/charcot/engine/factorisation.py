"""``factor`` and ``solve`` of a kernel: the LU of W written out, or in loops where it is too long for that.

The unknowns are the states and the intermediates that their rates share (:mod:`charcot.engine.linearise`): a state's
row is J - I/(gamma h), an intermediate's says that it is the sum of its slopes times what it is made of, so that its
diagonal is -1 and its right side 0.
"""

from __future__ import annotations

from collections.abc import Iterable

from charcot.engine import loops
from charcot.engine.elimination import Elimination
from charcot.engine.vector import Body, Lanes

# The time to compile a function grows faster than its length: these go on in another one after so many lines.
PART = 500

# A pivot on the diagonal is too small to trust when it has lost ten digits to cancellation, or when dividing by an
# earlier one has made it so large that ten digits of its own row are lost. Neither depends on the units of the states.
CANCELLED, GROWN = 1e-10, 1e10


def matrix_size(plan: Elimination) -> int:
    """Vectors of L + U, the flag of a weak pivot and, for a large one, the row at work."""
    return plan.size + 1 + (plan.unknowns if loops.is_large(plan) else 0)


def linear_solver(plan: Elimination, written: set[tuple[int, int]], lanes: Lanes, gamma: float) -> Iterable[str]:
    """``factor`` and ``solve``.

    Args:
        written: the entries (row, column) that are in the matrix before it is factored.
    """
    if not loops.is_large(plan):
        return [_factor(plan, written, lanes, gamma), _solve(plan, lanes)]
    return [
        loops.places_of(plan, written),
        loops.factor(plan, lanes, gamma, CANCELLED, GROWN),
        loops.solve(plan, lanes),
    ]


def _factor(plan: Elimination, written: set[tuple[int, int]], lanes: Lanes, gamma: float) -> str:
    """J - I/(gamma h) = -W = L U in place, row by row; kept are -L, U and the reciprocals of the pivots.

    Behind the matrix stands 1 in the lanes where a pivot was too small to trust, else 0.
    """
    arguments = "ptr noalias %matrix, ptr %step_size"
    whole = Body(lanes)
    parts: list[str] = []
    whole.store(whole.constant(0.0), "%matrix", plan.size)
    rows = list(plan.order)
    while rows:
        body = Body(lanes)
        shift = body.divide(body.constant(-1.0), body.multiply(body.constant(gamma), body.load("%step_size")))
        weak = body.load("%matrix", plan.size)
        while rows and len(body.lines) < PART:
            row = rows.pop(0)
            weak = _factor_row(body, plan, row, written, shift if row < plan.states else body.constant(-1.0), weak)
        body.store(weak, "%matrix", plan.size)
        body.do("ret void")
        whole.do(f"call void @factor_{len(parts)}(ptr %matrix, ptr %step_size)")
        parts.append(body.function(f"internal void @factor_{len(parts)}({arguments})"))
    whole.do("ret void")
    return "\n\n".join([*parts, whole.function(f"internal void @factor({arguments})")])


def _factor_row(body: Body, plan: Elimination, row: int, written: set[tuple[int, int]], shift: str, weak: str) -> str:
    """Eliminate in one row; returns ``weak`` with this row's pivot looked at."""
    least = body.multiply(body.absolute(shift), body.constant(CANCELLED))
    left: dict[int, str] = {}  # the entries of -L in this row
    own = ""
    for column in [*plan.lower[row], row, *plan.upper[row]]:
        total = body.load("%matrix", plan.slot[row, column]) if (row, column) in written else ""
        if column == row:
            own = body.absolute(total) if total else ""
            total = body.add(shift, total) if total else shift
        for middle, multiplier in left.items():
            if (middle, column) in plan.slot and column != middle:
                entry = body.recall("%matrix", plan.slot[middle, column])
                total = body.fma(multiplier, entry, total) if total else body.multiply(multiplier, entry)
        if column in plan.lower[row]:
            pivot = body.recall("%matrix", plan.slot[column, column])
            left[column] = total = body.multiply(body.negate(total), pivot)
        elif column == row:
            pivot = body.absolute(total)
            weak = body.choose("olt", pivot, least, body.constant(1.0), weak)
            if any((middle, row) in plan.slot for middle in left):
                most = body.multiply(body.absolute(shift), body.constant(GROWN))
                most = body.fma(own, body.constant(GROWN), most) if own else most
                weak = body.choose("ogt", pivot, most, body.constant(1.0), weak)
            total = body.divide(body.constant(1.0), total)
        body.store(total, "%matrix", plan.slot[row, column])
    return weak


def _solve(plan: Elimination, lanes: Lanes) -> str:
    """-W k = -(rates + sums / h), block by block, forward then backward, in ``%out``."""
    tables = ("%matrix", "%rates", "%sums", "%step_size", "%out")
    arguments = ", ".join(f"ptr {'' if table == '%step_size' else 'noalias '}{table}" for table in tables)
    bodies = [_SolveBody(plan, lanes)]
    for block, forward, backward in zip(plan.blocks, plan.forward, plan.backward, strict=True):
        own = set(block)
        for term in forward:
            if bodies[-1].is_full:
                bodies.append(_SolveBody(plan, lanes))
            bodies[-1].forward(*term, within=term[1] in own)
        for term in backward:
            if bodies[-1].is_full:
                bodies.append(_SolveBody(plan, lanes))
            bodies[-1].backward(*term)
    whole = Body(lanes)
    for number, part in enumerate(bodies):
        part.body.do("ret void")
        whole.do(f"call void @solve_{number}({', '.join(f'ptr {table}' for table in tables)})")
    whole.do("ret void")
    parts = [part.body.function(f"internal void @solve_{number}({arguments})") for number, part in enumerate(bodies)]
    return "\n\n".join([*parts, whole.function(f"internal void @solve({arguments})")])


class _SolveBody:
    """A part of the two substitutions, term by term."""

    def __init__(self, plan: Elimination, lanes: Lanes) -> None:
        self.plan, self.body = plan, Body(lanes)
        self.totals: dict[int, str] = {}  # of the rows at work
        self.per_day = self.body.divide(self.body.constant(-1.0), self.body.load("%step_size"))

    @property
    def is_full(self) -> bool:
        """Whether the next term should stand in another part; never within a row."""
        return not self.totals and len(self.body.lines) > PART

    def forward(self, row: int, column: int, within: bool) -> None:
        """One term of a row of L, or of what it reads of earlier blocks, of which -L is not kept."""
        body = self.body
        if row not in self.totals:
            self.totals[row] = self._right_side(row)
        if column == row:
            total = self.totals.pop(row) or body.constant(0.0)
            body.store(body.remember("%out", row, total), "%out", row)
            return
        multiplier = body.load("%matrix", self.plan.slot[row, column])
        multiplier = multiplier if within else body.negate(multiplier)
        known, total = body.recall("%out", column), self.totals[row]
        self.totals[row] = body.fma(multiplier, known, total) if total else body.multiply(multiplier, known)

    def _right_side(self, row: int) -> str:
        if row >= self.plan.states:
            return ""
        return self.body.fma(
            self.body.load("%sums", row), self.per_day, self.body.negate(self.body.load("%rates", row))
        )

    def backward(self, row: int, column: int) -> None:
        """One term of a row of U, whose diagonal is kept as its reciprocal."""
        body = self.body
        if row not in self.totals:
            self.totals[row] = body.recall("%out", row)
        multiplier = body.load("%matrix", self.plan.slot[row, column])
        if column == row:
            total = body.multiply(self.totals.pop(row), multiplier)
            body.store(body.remember("%out", row, total), "%out", row)
            return
        self.totals[row] = body.fma(body.negate(multiplier), body.recall("%out", column), self.totals[row])
