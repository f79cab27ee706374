"""What the engine reads differently from what is written, by no more than an error that it allows anyway.

Three kinds of expression are harder on a solver than on paper, and each is mended where the states stand within the
error that is allowed of them:

* **A power whose exponent may not be whole** is not a number for a base below zero, and the stages of a method step a
  hair below zero where a state begins there. A base that lies below zero by no more than its allowed error is read as
  zero. A base that is truly below zero stays not a number, and the run says so.
* **Its slope** is infinite at zero where the exponent is below one; an infinite or huge entry of the Jacobian would
  freeze the state. In the Jacobian alone a base nearer to zero than its allowed error is read as that error.
* **A comparison in a rate** on whose threshold the solution stays (dry friction, a relay, a tank that is full) makes a
  solver jump to and fro. A patient in whom this is noticed (``SLIDING`` is then 1) gets a ramp as wide as the allowed
  error in place of each jump: in its limit, the sliding motion of Filippov. It can come to that only where a state in
  the comparison has the jump in its own rate. The threshold is watched as a trigger's condition is, and so are the ends
  of the ramp: what the Jacobian says on it is true of nothing beyond.

The allowed errors are parameters of the kernel behind those of the program, since they are the patient's own.
Source of the third: A. F. Filippov, Differential Equations with Discontinuous Righthand Sides, Kluwer (1988).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from charcot.core.expression import (
    ONE,
    ZERO,
    Expression,
    is_constant,
    jacobian,
    maximum,
    multiply,
    raised,
    rewritten,
    select,
    substitute,
    symbol,
    symbols_of,
    topological,
)
from charcot.core.program import Program

RELATIVE = " relative error"  # a blank begins no name of a program
SLIDING = " sliding"
MONOMIALS = {"symbol", "constant", "multiply", "divide", "power", "raised"}
SHORTEST = 1e-12  # days: what changes faster has changed at once
RAMP = 0.5  # of the allowed error of a margin: how wide the ramp is that takes the place of a jump


def allowed_error(state: str) -> str:
    """The symbol of the absolute error that a patient's state may have."""
    return f" allowed error of {state}"


@dataclass
class Softening:
    """Rewrites the expressions of one program.

    Attributes:
        jumps: whether jumps are watched and can become ramps.
        margins: what is compared in the jumps of :meth:`rates`: (the distance to the threshold, half the ramp).
    """

    program: Program
    jumps: bool = True
    margins: dict[Expression, Expression] = field(default_factory=dict)
    _least: dict[int, Expression] = field(default_factory=dict)  # a base that was softened -> as it was
    _jumps: set[int] = field(default_factory=set)
    _rates: dict[str, Expression] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._states = frozenset(self.program.state_names)
        for state in self.program.states if self.jumps else ():
            for node in topological([state.rate]):
                if node.operation == "select" and state.name in symbols_of(node.arguments[:2]) - {self.program.clock}:
                    self._jumps |= set() if _is_continuous(node) else {node.serial}

    @property
    def slides(self) -> bool:
        """Whether a rate of :meth:`rates` jumps where the solution may stay."""
        return bool(self.margins)

    @property
    def allowances(self) -> dict[str, int]:
        """Each symbol of an allowed error, with its column in the table of tolerances."""
        places = {allowed_error(name): place for place, name in enumerate(self.program.state_names, start=1)}
        return {RELATIVE: 0} | places

    def rates(self, roots: Sequence[Expression]) -> list[Expression]:
        """Rates, with jumps that can become ramps and powers that forgive round-off."""
        made = self.values(rewritten(roots, self._ramp))
        self._rates = dict(zip(self.program.state_names, made, strict=True))
        return made

    def conditions(self) -> list[Expression]:
        """Where the jumps of :meth:`rates` are met, or for those who slide their ramps are left and come upon."""
        found: list[Expression] = []
        for margin, half in self.margins.items():
            edge = select(0.5, symbol(SLIDING), half, ZERO)
            inside = edge - maximum(margin, -margin)
            found += [select(margin, edge, ZERO, ONE), select(-edge, margin, ZERO, ONE), inside]
        return found

    def values(self, roots: Sequence[Expression]) -> list[Expression]:
        """Expressions of the states in which powers forgive round-off below zero."""
        return rewritten(roots, self._forgiving)

    def slopes(self, roots: Sequence[Expression]) -> list[Expression]:
        """Slopes of what :meth:`rates` gave, those of powers bounded near zero.

        Nearer to zero than a state goes in the shortest step, slopes say nothing either.
        """
        return rewritten(roots, self._bounded)

    def _forgiving(self, _: Expression, node: Expression) -> Expression:
        if node.operation != "raised" or not self._reads_states(node.arguments[0]):
            return node
        base, exponent = node.arguments
        if is_constant(exponent) and exponent.value.is_integer():
            return node
        names = symbols_of([base]) & self._states
        soft = substitute([base], {name: _lifted(symbol(name), symbol(allowed_error(name))) for name in names})[0]
        if any(part.operation not in MONOMIALS for part in topological([base])):
            soft = _lifted(soft, self._error_of(base))  # a difference, which may be below zero with states that are not
        self._least[soft.serial] = base
        return raised(soft, exponent)

    def _bounded(self, _: Expression, node: Expression) -> Expression:
        base = node.arguments[0] if node.arguments else node
        if node.operation == "raised" and base.serial in self._least:
            if is_constant(node.arguments[1]) and node.arguments[1].value >= 0:
                return node
            least = self._error_of(self._least[base.serial], moving=True)
            return raised(select(base, least, select(base, ZERO, base, least), base), node.arguments[1])
        if node.operation == "power" and -1.0 < node.value < 0.0 and self._reads_states(base):
            return maximum(base, self._error_of(base, moving=True)) ** node.value
        return node

    def _ramp(self, written: Expression, node: Expression) -> Expression:
        if written.serial not in self._jumps:
            return node
        low, high, below, above = node.arguments
        margin = written.arguments[1] - written.arguments[0]
        error = self._error_of(margin)
        if error is not ZERO:
            half = 0.5 * RAMP * error
            share = 0.5 + 0.5 * (high - low) / half
            if -margin not in self.margins:
                self.margins[margin] = half
        elif low is ZERO:
            share = high  # a condition made of comparisons, which have their own ramps
        else:
            return node
        mixed = select(ONE, share, below, above + share * (below - above))
        return select(0.5, symbol(SLIDING), select(ZERO, share, mixed, above), node)

    def _reads_states(self, node: Expression) -> bool:
        return bool(symbols_of([node]) & self._states)

    def _error_of(self, node: Expression, moving: bool = False) -> Expression:
        """The error of ``node`` when each state has the error allowed of it, to first order.

        Args:
            moving: add how far ``node`` goes in the shortest step.
        """
        total = ZERO
        for name, slope in jacobian([node], [*self.program.state_names])[0].items():
            if name == self.program.clock:
                continue
            state = symbol(name)
            error = symbol(allowed_error(name)) + symbol(RELATIVE) * maximum(state, -state)
            if moving:
                rate = self._rates[name]
                error = error + SHORTEST * maximum(rate, -rate)
            total = total + multiply(maximum(slope, -slope), error)
        return total


def _lifted(base: Expression, least: Expression) -> Expression:
    """``base``, but zero where it lies below zero by less than ``least``."""
    return select(base, ZERO, select(-least, base, ZERO, base), base)


def _is_continuous(node: Expression) -> bool:
    """Whether the branches of a ``select`` are seen to meet at its threshold, as those of |x| do."""
    low, high, *branches = node.arguments
    for one, other in ((low, high), (high, low)):
        if one.operation == "symbol" and one.name not in symbols_of([other]):
            below, above = substitute(branches, {one.name: other})
            return below is above
    return False
