"""Linear conservation laws of a program, found exactly, and a smaller program that makes use of them.

A law is a set of rational numbers c with c . f(y) = 0 for all states, parameters and inputs, so that the total c . y
stays what it was: the enzyme of a Michaelis-Menten scheme, free and bound; the cells of a population that only change
their kind. The rates are written as sums of rational numbers times products (:class:`_Sums`), which makes a matrix of
states by products; its left null space, found in fractions, holds the laws. See Reder, Metabolic control theory: a
structural approach, Journal of Theoretical Biology 135 (1988) 175-201.

The search never invents a law: every one it reports is an identity of the expressions, each constant taken for the
fraction that was meant (:func:`_fraction`), which is the same double. It may miss one, where terms cancel only by a
rule beyond expanding products, such as x / (x + k) + k / (x + k) = 1, or beyond :data:`TERMS`.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from charcot.core.expression import Expression, substitute, symbol, topological
from charcot.core.program import Input, Parameter, Program
from charcot.core.result import Result
from charcot.core.schedule import EventKind, Schedule
from charcot.engine.ensemble import simulate

TERMS = 256  # a product that expands into more terms than this is left as it stands

Product = tuple[tuple[int, int], ...]  # (factor, exponent), by factor; () is 1
Sum = dict[Product, Fraction]


@dataclass(frozen=True)
class Law:
    """A total that stays what it is: the sum of coefficient x state.

    Attributes:
        coefficients: (state, coefficient) in the order of the program; whole numbers without a common divisor, the
            first positive.
        removed: the state that :func:`without_conserved` computes from the total; it is in no other law.
    """

    coefficients: tuple[tuple[str, int], ...]
    removed: str

    @property
    def name(self) -> str:
        """The law as one writes it, such as ``enzyme + complex`` or ``a - 2 b``."""
        text = ""
        for state, factor in self.coefficients:
            sign = "-" if factor < 0 else "+"
            size = "" if abs(factor) == 1 else f"{abs(factor)} "
            text += f" {sign} {size}{state}" if text else f"{'-' if factor < 0 else ''}{size}{state}"
        return text


def conserved(program: Program, keep: Sequence[str] = ()) -> tuple[Law, ...]:
    """The linear conservation laws of ``program``: a basis of them, each with a state of its own to remove.

    States of rate 0 are laws by themselves. States that a trigger assigns are in none. Events at known times that add
    to a member change its total; see :class:`Reduced`.

    Args:
        keep: states that should not be the ones removed; a law of such states alone is left out.

    Raises:
        KeyError: for an unknown state in ``keep``, with the nearest names.
    """
    for name in keep:
        program.index("state", name)
    sums = _Sums([state.rate for state in program.states])
    rows: dict[str, Sum] = {state.name: sums[state.rate] for state in program.states}
    assigned = {assignment.target for trigger in program.triggers for assignment in trigger.assignments}
    vectors = _left_null_space({name: row for name, row in rows.items() if name not in assigned})
    # A large state is the best one to compute as the rest of the total: it cancels least. Ties by order.
    initial = np.nan_to_num(np.abs(program.initial_states(program.parameter_table(1))[0]))
    place = {name: i for i, name in enumerate(program.state_names)}
    choice = sorted(program.state_names, key=lambda name: (name in keep, -initial[place[name]], place[name]))
    laws = []
    for pivot, vector in _reduced(vectors, choice):
        if pivot not in keep:
            laws.append(Law(_whole_numbers(vector, program.state_names), pivot))
    return tuple(sorted(laws, key=lambda law: place[law.coefficients[0][0]]))


@dataclass(frozen=True)
class Reduced:
    """A program with one state less for each law, and the way there and back.

    A removed state is (total + added - sum of the others) / its coefficient. The total is a parameter of the reduced
    program, from each patient's initial values; what events add to members is an input, which the translated schedule
    sets after every such event. Its local error is not controlled for itself: it is that of the sum of the others.

    Attributes:
        original: the program before.
        program: the smaller program; read-outs keep their names and read what they read before.
        laws: one for each state that is gone.
    """

    original: Program
    program: Program
    laws: tuple[Law, ...]

    @property
    def _matrix(self) -> np.ndarray:
        """(laws, states) coefficients."""
        matrix = np.zeros((len(self.laws), len(self.original.states)))
        for row, law in enumerate(self.laws):
            for name, factor in law.coefficients:
                matrix[row, self.original.index("state", name)] = factor
        return matrix

    @property
    def _kept(self) -> np.ndarray:
        """The indices of the states that are left, in their order."""
        return np.array([self.original.index("state", name) for name in self.program.state_names], dtype=np.int64)

    def parameters(self, parameters: np.ndarray, initial_states: np.ndarray | None = None) -> np.ndarray:
        """(patients, parameters of the reduced program) from (patients, parameters) of the original one.

        ``initial_states`` (patients, states) of the original program, where the run does not begin at its own.
        """
        table = np.asarray(parameters, dtype=float)
        first = self.original.initial_states(table) if initial_states is None else np.asarray(initial_states)
        return np.concatenate([table, first @ self._matrix.T], axis=1)

    def schedule(self, schedule: Schedule) -> Schedule:
        """The events of ``schedule``, a schedule of the original program, for the reduced one."""
        matrix, place = self._matrix, {int(state): i for i, state in enumerate(self._kept)}
        inputs, own = len(self.original.inputs), np.flatnonzero(matrix.any(axis=0))
        offsets, rows = [0], []
        for patient in range(schedule.patients):
            added = np.zeros(len(self.laws))
            for row in range(schedule.offsets[patient], schedule.offsets[patient + 1]):
                time, value = schedule.times[row], schedule.values[row]
                target, kind = int(schedule.targets[row]), int(schedule.kinds[row])
                if kind == EventKind.SET:
                    rows.append((time, target, kind, value))
                    continue
                if target in place:
                    rows.append((time, place[target], kind, value))
                if target in own:
                    added += matrix[:, target] * value
                    for law in np.flatnonzero(matrix[:, target]):
                        rows.append((time, inputs + int(law), int(EventKind.SET), added[law]))
            offsets.append(len(rows))
        times, targets, kinds, values = zip(*rows, strict=True) if rows else ((), (), (), ())
        return Schedule(
            np.array(offsets, dtype=np.int64),
            np.array(times, dtype=np.float64),
            np.array(targets, dtype=np.int32),
            np.array(kinds, dtype=np.int32),
            np.array(values, dtype=np.float64),
        )

    def recover(self, result: Result, parameters: np.ndarray, schedule: Schedule | None = None) -> Result:
        """``result`` of the reduced program with the final states of the original one.

        Args:
            parameters: (patients, parameters) of the reduced program, as they were given to the run.
            schedule: that of the reduced program, as it was given to the run.
        """
        patients = len(result.status)
        total = np.array(parameters[:, len(self.original.parameters) :])
        inputs = len(self.original.inputs)
        for i in range(patients if schedule is not None else 0):
            assert schedule is not None
            for row in range(schedule.offsets[i], schedule.offsets[i + 1]):
                law = schedule.targets[row] - inputs
                if schedule.kinds[row] == EventKind.SET and law >= 0 and schedule.times[row] < result.end_time[i]:
                    total[i, law] = parameters[i, len(self.original.parameters) + law] + schedule.values[row]
        matrix, states = self._matrix, np.full((patients, len(self.original.states)), np.nan)
        states[:, self._kept] = result.final_states
        gone = [self.original.index("state", law.removed) for law in self.laws]
        rest = result.final_states @ matrix[:, self._kept].T
        states[:, gone] = (total - rest) / matrix[np.arange(len(gone)), gone]
        return dataclasses.replace(result, final_states=states)

    def simulate(
        self,
        parameters: np.ndarray,
        output_times: np.ndarray,
        *,
        initial_states: np.ndarray | None = None,
        schedule: Schedule | None = None,
        **options: Any,
    ) -> Result:
        """Run the reduced program; arguments and result are those of ``simulate`` for the original program.

        Raises:
            KeyError: when the stopping state is one of those removed; name it in ``keep``.
        """
        stop = options.get("stop")
        if stop is not None and stop.state in {law.removed for law in self.laws}:
            raise KeyError(
                f"the stopping state {stop.state!r} was removed by a conservation law. "
                f"Use without_conserved(program, keep=[{stop.state!r}])."
            )
        table = self.parameters(parameters, initial_states)
        events = None if schedule is None else self.schedule(schedule)
        first = None if initial_states is None else np.asarray(initial_states, dtype=float)[:, self._kept]
        result = simulate(self.program, table, output_times, initial_states=first, schedule=events, **options)
        return self.recover(result, table, events)


def without_conserved(program: Program, keep: Sequence[str] = ()) -> Reduced:
    """``program`` with one state less for each of its conservation laws.

    Args:
        keep: states that must remain, such as the one that stops a run.

    Raises:
        KeyError: for an unknown state in ``keep``, with the nearest names.
        ValueError: for a program with triggers.
    """
    if program.triggers:
        raise ValueError(
            "a program with triggers is not reduced: what a trigger assigns may change a total. Run it as it is."
        )
    laws = conserved(program, keep)
    total, added = "total of {}".format, "added to {}".format
    recovered: dict[str, Expression] = {}
    for law in laws:
        factors = dict(law.coefficients)
        rest = symbol(total(law.name)) + symbol(added(law.name))
        for name, factor in factors.items():
            if name != law.removed:
                rest = rest - factor * symbol(name)
        recovered[law.removed] = rest / factors[law.removed]
    left = [state for state in program.states if state.name not in recovered]
    rates = substitute([state.rate for state in left], recovered)
    readouts = substitute([readout.expression for readout in program.readouts], recovered)
    unit = {state.name: state.unit for state in program.states}
    replace: Callable[..., Any] = dataclasses.replace
    reduced = replace(
        program,
        states=tuple(replace(state, rate=rate) for state, rate in zip(left, rates, strict=True)),
        parameters=(*program.parameters, *(Parameter(total(law.name), unit[law.removed], 0.0) for law in laws)),
        inputs=(*program.inputs, *(Input(added(law.name), unit[law.removed], 0.0) for law in laws)),
        readouts=tuple(replace(r, expression=e) for r, e in zip(program.readouts, readouts, strict=True)),
    )
    return Reduced(program, reduced, laws)


# rates as sums of products ---------------------------------------------------------------------------------------


class _Sums:
    """Expressions as sums of rational numbers times products of factors; equal sums are equal dictionaries.

    A factor is a symbol, or whatever is not a sum or a product: a function, a reciprocal of a sum, known by what it
    is applied to.
    """

    def __init__(self, roots: Sequence[Expression]) -> None:
        self._factors: dict[Any, int] = {}
        self._known: dict[int, Sum] = {}
        for node in topological(roots):
            self._known[node.serial] = self._sum(node)

    def __getitem__(self, expression: Expression) -> Sum:
        return self._known[expression.serial]

    def _factor(self, *key: Any) -> Sum:
        number = self._factors.setdefault(key, len(self._factors))
        return {((number, 1),): Fraction(1)}

    def _sum(self, node: Expression) -> Sum:
        a = [self._known[argument.serial] for argument in node.arguments]
        match node.operation:
            case "constant" if math.isfinite(node.value):
                return {(): _fraction(node.value)} if node.value else {}
            case "symbol":
                return self._factor("symbol", node.name)
            case "add":
                return _added(a[0], a[1], 1)
            case "subtract":
                return _added(a[0], a[1], -1)
            case "multiply" if len(a[0]) * len(a[1]) <= TERMS:
                return _multiplied(a[0], a[1])
            case "divide" if a[1] and len(a[0]) <= TERMS:
                return _multiplied(a[0], self._reciprocal(a[1]))
            case "power" if node.value > 0 and node.value == int(node.value) and len(a[0]) ** node.value <= TERMS:
                product: Sum = {(): Fraction(1)}
                for _ in range(int(node.value)):
                    product = _multiplied(product, a[0])
                return product
        return self._factor(node.operation, node.value, *(frozenset(argument.items()) for argument in a))

    def _reciprocal(self, total: Sum) -> Sum:
        """1 / sum: of one product its inverse; of several one factor, scaled so that multiples share it."""
        first = min(total)
        scale = total[first]
        if len(total) == 1:
            return {tuple((factor, -exponent) for factor, exponent in first): 1 / scale}
        scaled = frozenset((product, number / scale) for product, number in total.items())
        return {product: number / scale for product, number in self._factor("reciprocal", scaled).items()}


def _fraction(value: float) -> Fraction:
    """The number that was meant by a double: 1/3, 0.1 as 1/10; else the shortest decimal that reads as the double."""
    simple = Fraction(value).limit_denominator(10**6)
    return simple if float(simple) == value else Fraction(repr(value))


def _added(a: Sum, b: Sum, sign: int) -> Sum:
    total = dict(a)
    for product, number in b.items():
        new = total.pop(product, Fraction(0)) + sign * number
        if new:
            total[product] = new
    return total


def _multiplied(a: Sum, b: Sum) -> Sum:
    total: Sum = {}
    for first, one in a.items():
        for second, other in b.items():
            exponents = Counter(dict(first))
            for factor, exponent in second:
                exponents[factor] += exponent
            product = tuple(sorted((f, e) for f, e in exponents.items() if e))
            new = total.pop(product, Fraction(0)) + one * other
            if new:
                total[product] = new
    return total


# linear algebra in fractions -------------------------------------------------------------------------------------


def _left_null_space(rows: Mapping[str, Sum]) -> list[dict[str, Fraction]]:
    """Independent vectors c over the names of ``rows`` with sum_name c[name] rows[name] = 0."""
    left = dict(rows)
    while True:  # a product that a single rate has cannot cancel: its state is in no law
        uses = Counter(product for row in left.values() for product in row)
        alone = [name for name, row in left.items() if any(uses[product] == 1 for product in row)]
        if not alone:
            break
        for name in alone:
            del left[name]
    pivots: dict[Product, tuple[Sum, dict[str, Fraction]]] = {}
    found = []
    for name, row in left.items():
        rest, combination = dict(row), {name: Fraction(1)}
        for product, (other, how) in pivots.items():
            if product in rest:
                factor = rest[product] / other[product]
                rest = _added(rest, {p: factor * number for p, number in other.items()}, -1)
                for member, number in how.items():
                    combination[member] = combination.get(member, Fraction(0)) - factor * number
        if rest:
            pivots[min(rest)] = (rest, combination)
        else:
            found.append({member: number for member, number in combination.items() if number})
    return found


def _reduced(vectors: Sequence[Mapping[str, Fraction]], order: Sequence[str]) -> list[tuple[str, dict[str, Fraction]]]:
    """The reduced echelon form of ``vectors``: (pivot, vector), each pivot in one vector, the first in ``order``."""
    left = [dict(vector) for vector in vectors]
    done: list[tuple[str, dict[str, Fraction]]] = []
    for name in order:
        pivot = next((vector for vector in left if name in vector), None)
        if pivot is None:
            continue
        left.remove(pivot)
        for other in [*left, *(vector for _, vector in done)]:
            factor = other.get(name, Fraction(0)) / pivot[name]
            for member, number in pivot.items() if factor else ():
                new = other.pop(member, Fraction(0)) - factor * number
                if new:
                    other[member] = new
        done.append((name, pivot))
    return done


def _whole_numbers(vector: Mapping[str, Fraction], order: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """The vector scaled to whole numbers without a common divisor, its first entry positive."""
    members = [(name, vector[name]) for name in order if name in vector]
    scale = Fraction(math.lcm(*(number.denominator for _, number in members)))
    divisor = math.gcd(*(int(number * scale) for _, number in members))
    sign = 1 if members[0][1] > 0 else -1
    return tuple((name, sign * int(number * scale) // divisor) for name, number in members)
