"""What is known of a model's course in time beforehand, and how close to each other two times are one instant.

A clock is a state of a running program, whose last bits are not those of the day on which an output is due. So a
comparison of times counts what lies within an instant as equal: ``time <= 2`` still holds at an output on day 2, and
``time > 2`` does not yet. The instant here is a little longer than the engine's own, so that the engine, too, takes
the two sides of such a threshold for two times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import libsbml

from charcot.core.expression import ONE, ZERO, Expression, jacobian, maximum, multiply, symbol
from charcot.engine.triggers import INSTANT
from charcot.interfaces.exchange.sbml.elements import Elements, kinetic_law, local_parameters
from charcot.interfaces.exchange.sbml.operators import absolute

EQUAL_TIMES = 4.0 * INSTANT  # of the time, and of one unit of it: what a comparison takes for equal
REACHED = 3.0 * INSTANT  # the same, for the whole number that a floor has come to: within what compares as equal
STILL, KNOWN, UNKNOWN = range(3)


class Clockwork:
    """Expressions whose course in time is known: of the clock, of quantities of constant rate, and of constants.

    Attributes:
        clock: the time of the model.
        hands: name -> rate of the clock and of every state that moves at a constant rate.
        still: states that nothing but events changes.
        varying: the clock and every state.
        aside: what this object has made of known expressions itself, which says nothing of the model.
    """

    def __init__(self, clock: Expression, states: Iterable[str], hands: Iterable[str], still: Iterable[str]) -> None:
        self.clock = clock
        self._hands, self.still = tuple(hands), frozenset(still)
        self.varying = frozenset({*states, clock.name})
        self.aside: set[Expression] = set()
        self._courses: dict[Expression, int] = {}
        self._unknown = self.varying - self.still - {clock.name, *self._hands}
        self._rate_of: Callable[[str], Expression] = lambda name: ZERO

    def let(self, rate_of: Callable[[str], Expression]) -> None:
        """``rate_of`` tells the rates of states from now on."""
        self._rate_of = rate_of

    @property
    def hands(self) -> Mapping[str, Expression]:
        return {self.clock.name: ONE, **{name: self._rate_of(name) for name in self._hands}}

    def knows(self, expression: Expression) -> bool:
        """Whether the course of ``expression`` is known beforehand, and it has one."""
        return self._course(expression) == KNOWN

    def _course(self, expression: Expression) -> int:
        """STILL, KNOWN or UNKNOWN; each part of an expression is looked at once, however often it is asked for."""
        waiting = [expression]
        while waiting:
            node = waiting[-1]
            if node in self._courses:
                waiting.pop()
            elif node.operation == "symbol":
                self._courses[node] = UNKNOWN if node.name in self._unknown else KNOWN * self.moves({node.name})
            else:
                open_ = [part for part in node.arguments if part not in self._courses]
                waiting += open_
                if not open_:
                    self._courses[node] = max((self._courses[part] for part in node.arguments), default=STILL)
        return self._courses[expression]

    def moves(self, names: set[str]) -> bool:
        """Whether the clock or a quantity of constant rate is among ``names``."""
        return not names.isdisjoint({self.clock.name, *self._hands})

    def rate(self, expression: Expression) -> Expression:
        """How fast a known expression changes; a floor is flat."""
        total, hands = ZERO, self.hands
        for name, slope in jacobian([expression], list(hands))[0].items():
            total = total + multiply(slope, hands[name])
        return total

    def within_an_instant(self, expression: Expression, share: float = EQUAL_TIMES) -> Expression:
        """How much a known expression changes in an instant; zero for one that is not known."""
        return self.within(self.rate(expression), share) if self.knows(expression) else ZERO

    def within(self, rate: Expression, share: float = EQUAL_TIMES) -> Expression:
        """How much something of this rate changes in an instant."""
        size = absolute(rate)
        self.aside.add(size)
        return size * (share * maximum(self.clock, 1.0))


def clockwork_of(elements: Elements, time_name: str) -> Clockwork:
    """The clockwork of a model."""
    states = list(elements.states())
    still = [name for name in states if name not in elements.rates and name not in elements.changes]
    hands = [name for name in states if name not in still and _moves_evenly(elements, name)]
    return Clockwork(symbol(time_name), states, hands, still)


def _moves_evenly(elements: Elements, name: str) -> bool:
    """Whether the rate of a state reads nothing that varies."""
    if name in elements.rates:
        return _is_even(elements, elements.rates[name].getMath(), set())
    for reaction, reference, _ in elements.changes[name]:
        law = kinetic_law(elements.reactions[reaction])
        own = {parameter.getId() for parameter in local_parameters(elements.reactions[reaction])}
        if reference.isSetStoichiometryMath() or (reference.getId() and elements.varies(reference.getId())):
            return False
        if not _is_even(elements, law.getMath(), own):
            return False
    return True


def _is_even(elements: Elements, node: Any, own: set[str]) -> bool:
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if part.getType() in {libsbml.AST_NAME_TIME, libsbml.AST_FUNCTION_RATE_OF, libsbml.AST_FUNCTION_DELAY}:
            return False
        if part.getType() == libsbml.AST_NAME and part.getName() not in own and _may_vary(elements, part.getName()):
            return False
        if part.getType() == libsbml.AST_FUNCTION and part.getName() in elements.functions:
            waiting.append(elements.functions[part.getName()])
        waiting += [part.getChild(index) for index in range(part.getNumChildren())]
    return True


def _may_vary(elements: Elements, name: str) -> bool:
    if name in elements.species:  # a concentration follows its compartment
        return elements.varies(name) or elements.varies(elements.species[name].getCompartment())
    return name in elements.reactions or elements.varies(name)
