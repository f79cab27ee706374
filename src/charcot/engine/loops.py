"""The factorisation of a large matrix as loops over tables of places, instead of line after line.

Written out, the LU of a matrix of a thousand states has millions of lines, which LLVM would compile for an hour. The
loops do the same operations in the same order, so that both give the same bits; each entry costs the look-up of where
it stands besides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from charcot.engine.elimination import Elimination
from charcot.engine.vector import Body, Lanes

LARGE = 60_000  # multiply-adds of a factorisation; beyond, it is done in loops


def is_large(plan: Elimination) -> bool:
    """Whether the factorisation is too long to be written out."""
    return sum(len(plan.upper[middle]) for row in plan.lower for middle in row) > LARGE


class Places:
    """Tables of whole numbers that a function reads, as text of the module."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, name: str, numbers: Iterable[int]) -> None:
        listed = list(numbers) or [0]
        values = ", ".join(f"i32 {number}" for number in listed)
        self.lines.append(f"@{name} = internal constant [{len(listed)} x i32] [{values}]")

    def ragged(self, name: str, rows: list[list[int]]) -> None:
        """Rows of different lengths, one after the other, and where each begins."""
        self.add(name, (number for row in rows for number in row))
        starts = [0]
        for row in rows:
            starts.append(starts[-1] + len(row))
        self.add(f"{name}.starts", starts)


def look_up(body: Body, name: str, index: str) -> str:
    """Entry ``index`` of a table of places."""
    address = body.put(f"getelementptr i32, ptr @{name}, i64 {index}")
    return body.put(f"zext i32 {body.put(f'load i32, ptr {address}, align 4')} to i64")


def loop(body: Body, label: str, first: str, end: str, write: Callable[[str, str], str], start: str = "") -> str:
    """For ``first`` <= index < ``end``: ``total = write(index, total)``; returns the total, which begins as ``start``.

    Without a ``start`` there is no total, and ``write`` returns nothing.
    """
    before, index, total = body.block, f"%{label}.i", f"%{label}.t" if start else ""
    body.do(f"br label %{label}")
    body.lines.append(f"{label}:")
    head = len(body.lines)
    body.do(f"{index}.more = icmp ult i64 {index}, {end}")
    body.do(f"br i1 {index}.more, label %{label}.body, label %{label}.done")
    body.lines.append(f"{label}.body:")
    body.block = f"{label}.body"
    after = write(index, total)
    body.do(f"br label %{label}.next")
    body.lines.append(f"{label}.next:")
    body.do(f"{index}.after = add i64 {index}, 1")
    body.do(f"br label %{label}")
    body.lines.append(f"{label}.done:")
    body.block = f"{label}.done"
    heads = [f"  {index} = phi i64 [ {first}, %{before} ], [ {index}.after, %{label}.next ]"]
    if start:
        heads.append(f"  {total} = phi {body.lanes.real} [ {start}, %{before} ], [ {after}, %{label}.next ]")
    body.lines[head:head] = heads
    return total


def _row(body: Body, label: str, name: str, row: str, write: Callable[[str, str], str], start: str = "") -> str:
    """A loop over row ``row`` of a ragged table."""
    first = look_up(body, f"{name}.starts", row)
    end = look_up(body, f"{name}.starts", body.put(f"add i64 {row}, 1"))
    return loop(body, label, first, end, write, start)


def _of_a_state(body: Body, plan: Elimination, row: str, value: str, otherwise: str) -> str:
    """``value`` where ``row`` is that of a state, ``otherwise`` where it is that of an intermediate."""
    if plan.states == plan.unknowns:
        return value
    known = body.put(f"icmp ult i64 {row}, {plan.states}")
    return body.put(f"select i1 {known}, {body.lanes.real} {value}, {body.lanes.real} {otherwise}")


def _a_state(body: Body, plan: Elimination, row: str) -> str:
    """``row`` itself where it is that of a state; else some other, that can be loaded."""
    if plan.states == plan.unknowns:
        return row
    known = body.put(f"icmp ult i64 {row}, {plan.states}")
    return body.put(f"select i1 {known}, i64 {row}, i64 0")


def places_of(plan: Elimination, written: set[tuple[int, int]]) -> str:
    """The tables that :func:`factor` and :func:`solve` read.

    Args:
        written: the entries that the Jacobian writes; the others are cleared first.
    """
    places, slot = Places(), plan.slot
    unknowns = range(plan.unknowns)
    places.add("order", plan.order)
    places.add("diagonal", (slot[i, i] for i in unknowns))
    for name, lists in (("lower", plan.lower), ("outer", plan.outer), ("upper", plan.upper)):
        places.ragged(f"{name}.column", lists)
        places.add(f"{name}.slot", (slot[i, j] for i in unknowns for j in lists[i]))
    backwards = [list(reversed(row)) for row in plan.upper]
    places.ragged("back.column", backwards)
    places.add("back.slot", (slot[i, j] for i in unknowns for j in backwards[i]))
    empty = [place for entry, place in slot.items() if entry not in written]
    places.add("empty", empty)
    places.add("empty.count", [len(empty)])
    starts = [0]
    for block in plan.blocks:
        starts.append(starts[-1] + len(block))
    places.add("blocks", starts)
    return "\n".join(places.lines)


def factor(plan: Elimination, lanes: Lanes, gamma: float, cancelled: float, grown: float) -> str:
    """As the function of this name that is written out (:mod:`charcot.engine.factorisation`).

    Behind the matrix and its flag lies one vector an unknown: the row at work.
    """
    body = Body(lanes)
    work = body.address("%matrix", plan.size + 1)
    per_step = body.divide(body.constant(-1.0), body.multiply(body.constant(gamma), body.load("%step_size")))

    def clear(index: str, _: str) -> str:
        body.store(body.constant(0.0), "%matrix", look_up(body, "empty", index))
        return ""

    loop(body, "clear", "0", look_up(body, "empty.count", "0"), clear)

    def one_row(position: str, weak: str) -> str:
        row = look_up(body, "order", position)
        shift = _of_a_state(body, plan, row, per_step, body.constant(-1.0))
        size = body.absolute(shift)
        least, most = body.multiply(size, body.constant(cancelled)), body.multiply(size, body.constant(grown))

        def spread(name: str) -> None:
            def take(index: str, _: str) -> str:
                value = body.load("%matrix", look_up(body, f"{name}.slot", index))
                body.store(value, work, look_up(body, f"{name}.column", index))
                return ""

            _row(body, f"spread.{name}", f"{name}.column", row, take)

        spread("lower")
        spread("upper")
        diagonal = look_up(body, "diagonal", row)
        own = body.load("%matrix", diagonal)
        body.store(body.add(shift, own), work, row)

        def eliminate(index: str, _: str) -> str:
            middle = look_up(body, "lower.column", index)
            pivot = body.load("%matrix", look_up(body, "diagonal", middle))
            multiplier = body.multiply(body.negate(body.load(work, middle)), pivot)
            body.store(multiplier, "%matrix", look_up(body, "lower.slot", index))

            def subtract(place: str, _: str) -> str:
                column = look_up(body, "upper.column", place)
                entry = body.load("%matrix", look_up(body, "upper.slot", place))
                body.store(body.fma(multiplier, entry, body.load(work, column)), work, column)
                return ""

            _row(body, "subtract", "upper.column", middle, subtract)
            return ""

        _row(body, "eliminate", "lower.column", row, eliminate)

        def gather(index: str, _: str) -> str:
            value = body.load(work, look_up(body, "upper.column", index))
            body.store(value, "%matrix", look_up(body, "upper.slot", index))
            return ""

        _row(body, "gather", "upper.column", row, gather)
        total = body.load(work, row)
        pivot = body.absolute(total)
        weak = body.choose("olt", pivot, least, body.constant(1.0), weak)
        beyond = body.fma(body.absolute(own), body.constant(grown), most)
        weak = body.choose("ogt", pivot, beyond, body.constant(1.0), weak)
        body.store(body.divide(body.constant(1.0), total), "%matrix", diagonal)
        return weak

    weak = loop(body, "rows", "0", str(plan.unknowns), one_row, body.constant(0.0))
    body.store(weak, "%matrix", plan.size)
    body.do("ret void")
    return body.function("internal void @factor(ptr noalias %matrix, ptr %step_size)")


def solve(plan: Elimination, lanes: Lanes) -> str:
    """As the function of this name that is written out (:mod:`charcot.engine.factorisation`)."""
    body = Body(lanes)
    per_day = body.divide(body.constant(-1.0), body.load("%step_size"))

    def summed(label: str, name: str, row: str, total: str, negated: bool) -> str:
        def term(index: str, total: str) -> str:
            entry = body.load("%matrix", look_up(body, f"{name}.slot", index))
            known = body.load("%out", look_up(body, f"{name}.column", index))
            return body.fma(body.negate(entry) if negated else entry, known, total)

        return _row(body, label, f"{name}.column", row, term, total)

    def one_block(block: str, _: str) -> str:
        first = look_up(body, "blocks", block)
        end = look_up(body, "blocks", body.put(f"add i64 {block}, 1"))

        def forward(position: str, _: str) -> str:
            row = look_up(body, "order", position)
            state = _a_state(body, plan, row)
            total = body.fma(body.load("%sums", state), per_day, body.negate(body.load("%rates", state)))
            total = _of_a_state(body, plan, row, total, body.constant(0.0))
            total = summed("outer", "outer", row, total, negated=True)
            body.store(summed("lower", "lower", row, total, negated=False), "%out", row)
            return ""

        loop(body, "forward", first, end, forward)
        last = body.put(f"sub i64 {end}, 1")

        def backward(position: str, _: str) -> str:
            back = body.put(f"sub i64 {last}, {body.put(f'sub i64 {position}, {first}')}")
            row = look_up(body, "order", back)
            total = summed("back", "back", row, body.load("%out", row), negated=True)
            body.store(body.multiply(total, body.load("%matrix", look_up(body, "diagonal", row))), "%out", row)
            return ""

        loop(body, "backward", first, end, backward)
        return ""

    loop(body, "block", "0", str(len(plan.blocks)), one_block)
    body.do("ret void")
    tables = "ptr noalias %matrix, ptr noalias %rates, ptr noalias %sums, ptr %step_size, ptr noalias %out"
    return body.function(f"internal void @solve({tables})")
