"""What every identifier of a model is worth, as expressions: at any moment, and at the start.

A species is kept as an amount, because reactions change amounts and a compartment that changes its volume leaves them
alone; only where a rate rule speaks of a concentration is the concentration kept.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from charcot.core.expression import (
    ONE,
    ZERO,
    Expression,
    constant,
    jacobian,
    multiply,
    substitute,
    symbol,
    symbols_of,
    topological,
)
from charcot.interfaces.exchange.sbml.elements import Elements, kinetic_law, local_parameters
from charcot.interfaces.exchange.sbml.instants import Clockwork, clockwork_of
from charcot.interfaces.exchange.sbml.mathematics import NOTHING, Comparison, Mathematics, Names
from charcot.interfaces.exchange.sbml.operators import quotient_of
from charcot.interfaces.exchange.sbml.refusals import Unsupported


class Moment(ABC):
    """Values at one kind of moment. Each is made once; a circle of definitions is found and named."""

    def __init__(self, elements: Elements, time: Expression, clockwork: Clockwork | None = None) -> None:
        self.elements = elements
        in_events = None if clockwork is None else self.rate_of_expression
        self.mathematics = Mathematics(elements.functions, self.value, self.rate, time, clockwork, in_events)
        self._known: dict[str, Expression] = {}
        self._open: list[str] = []

    def value(self, name: str) -> Expression:
        """What an identifier stands for in formulas.

        Raises:
            Unsupported: when the value is given nowhere, or depends on itself.
        """
        if name in self.elements.species:
            return self._once(name, lambda: self._species(name))
        if name in self.elements.reactions:
            return self._once(name, lambda: self._reaction(name))
        return self._once(name, lambda: self._plain(name))

    def amount(self, species: str) -> Expression:
        """The amount of a species."""
        value = self.value(species)
        if not self.elements.is_concentration(species):
            return value
        return value * self.volume(species)

    def concentration(self, species: str) -> Expression:
        """The concentration of a species; in a compartment without dimensions, its amount."""
        value = self.value(species)
        compartment = self.elements.compartments[self.elements.species[species].getCompartment()]
        if self.elements.is_concentration(species) or compartment.getSpatialDimensionsAsDouble() == 0:
            return value
        return quotient_of(value, self.volume(species))

    def volume(self, species: str) -> Expression:
        """The size of the compartment of a species."""
        return self.value(self.elements.species[species].getCompartment())

    @abstractmethod
    def rate(self, name: str) -> Expression:
        """How fast the value of an identifier changes."""

    def rate_of_expression(self, expression: Expression) -> Expression:
        """How fast an expression changes; nothing does where time stands still."""
        return ZERO

    def formula(self, element: Any, names: Names = NOTHING) -> Expression:
        """The value of an element's mathematics; what goes wrong is told of that element."""
        try:
            return self.mathematics.value(element.getMath(), names)
        except Unsupported as error:
            error.element = error.element or element
            raise

    def rule(self, name: str) -> Expression:
        """The value that an assignment rule or an algebraic rule gives to ``name``.

        Raises:
            Unsupported: for an algebraic rule that is not linear in it.
        """
        rule = self.elements.assignments[name]
        if name not in self.elements.solved:
            return self.formula(rule)
        unknown = symbol(f"{name} of its rule")
        balance = self.formula(rule, {name: unknown})
        slope = jacobian([balance], [unknown.name])[0].get(unknown.name, ZERO)
        if slope is ZERO or unknown.name in symbols_of([slope, *_breaks(balance)]):
            error = Unsupported("algebraic-rule", f"it is not linear in {name!r}")
            error.element = rule
            raise error
        return quotient_of(-substitute([balance], {unknown.name: ZERO})[0], slope)

    def _once(self, key: str, make: Callable[[], Expression]) -> Expression:
        if key not in self._known:
            if key in self._open:
                raise Unsupported("loop", " -> ".join([*self._open[self._open.index(key) :], key]))
            self._open.append(key)
            try:
                self._known[key] = make()
            finally:
                self._open.pop()
        return self._known[key]

    def _reaction(self, name: str) -> Expression:
        reaction = self.elements.reactions[name]
        law = kinetic_law(reaction)
        if law is None:
            raise Unsupported("missing-value", f"reaction {name!r} has no kinetic law")
        return self.formula(law, local_symbols(name, reaction))

    @abstractmethod
    def _species(self, name: str) -> Expression:
        """What the identifier of a species stands for."""

    @abstractmethod
    def _plain(self, name: str) -> Expression:
        """The value of a compartment, parameter or species reference."""


def _breaks(expression: Expression) -> list[Expression]:
    """What decides where an expression has another form: an unknown there makes an equation of several."""
    found: list[Expression] = []
    for node in topological([expression]):
        if node.operation == "select":
            found += node.arguments[:2]
        elif node.operation in ("minimum", "maximum", "floor"):
            found += node.arguments
    return found


def local_symbols(name: str, reaction: Any) -> Names:
    """What the parameters of a kinetic law stand for in it."""
    return {p.getId(): symbol(local_name(name, p.getId())) for p in local_parameters(reaction)}


def local_name(reaction: str, parameter: str) -> str:
    """The name in the program of a parameter of a kinetic law."""
    return f"{reaction}.{parameter}"


class Start(Moment):
    """Values at the start, as expressions of parameters only."""

    def __init__(self, elements: Elements) -> None:
        super().__init__(elements, ZERO)
        self.now: Now | None = None

    def amount(self, species: str) -> Expression:
        declared = self.elements.species[species]
        by_formula = species in self.elements.assignments or species in self.elements.initial
        if declared.isSetInitialAmount() and not by_formula:
            return constant(declared.getInitialAmount())  # needs no volume
        return super().amount(species)

    def rate(self, name: str) -> Expression:
        assert self.now is not None
        rate = self.now.rate(name)
        read = symbols_of([rate])  # and no other: an initial value may be the rate of what does not read it
        states = {state: self.state(state) for state in self.elements.states() if state in read}
        return substitute([rate], {**states, self.now.time_name: ZERO})[0]

    def state(self, name: str) -> Expression:
        """The initial value of a state, in the form in which it is kept."""
        if name in self.elements.species and not keeps_concentration(self.elements, name):
            return self.amount(name)
        return self.value(name)

    def _by_formula(self, name: str) -> Expression | None:
        if name in self.elements.assignments:
            return self.rule(name)
        element = self.elements.initial.get(name)
        return None if element is None else self.formula(element)

    def _species(self, name: str) -> Expression:
        formula = self._by_formula(name)
        if formula is not None:
            return formula
        declared = self.elements.species[name]
        wants_concentration = self.elements.is_concentration(name)
        if declared.isSetInitialConcentration():
            given = constant(declared.getInitialConcentration())
            return given if wants_concentration else given * self.volume(name)
        if declared.isSetInitialAmount():
            given = constant(declared.getInitialAmount())
            return quotient_of(given, self.volume(name)) if wants_concentration else given
        raise Unsupported("missing-value", f"species {name!r} has no initial amount or concentration")

    def _plain(self, name: str) -> Expression:
        formula = self._by_formula(name)
        if formula is not None:
            return formula
        value = given_value(self.elements, name)
        if value is None:
            raise Unsupported("missing-value", f"{name!r} has no value")
        return symbol(name) if is_parameter(self.elements, name) else constant(value)


class Now(Moment):
    """Values at any moment, as expressions of states, parameters and the clock."""

    def __init__(self, elements: Elements, start: Start, time_name: str) -> None:
        self.clockwork = clockwork_of(elements, time_name)
        self.clockwork.let(self.state_rate)
        super().__init__(elements, symbol(time_name), self.clockwork)
        self.time_name = time_name
        self._start = start
        self._rates: dict[str, Expression] = {}
        start.now = self

    def amount(self, species: str) -> Expression:
        elements = self.elements
        if species in elements.assignments or keeps_concentration(elements, species):
            return super().amount(species)
        return symbol(species) if elements.is_state(species) else self._start.amount(species)

    def rate(self, name: str) -> Expression:
        if self.elements.element(name) is None:
            return ZERO  # a parameter of a kinetic law
        if self.elements.is_state(name) and not self._is_divided(name):
            return self.state_rate(name)
        return self._once(f"rateOf({name})", lambda: self.rate_of_expression(self.value(name)))

    def comparisons(self) -> list[Comparison]:
        """All comparisons in rules and kinetic laws: where a rate may jump."""
        elements, found = self.elements, []
        for rule in (*elements.assignments.values(), *elements.rates.values()):
            found += self.mathematics.comparisons(rule.getMath())
        for name, reaction in elements.reactions.items():
            law = kinetic_law(reaction)
            if law is not None:
                found += self.mathematics.comparisons(law.getMath(), local_symbols(name, reaction))
        moving = {*elements.states(), self.time_name}
        return [part for part in found if symbols_of([part.low, part.high]) & moving]

    def state_rate(self, name: str) -> Expression:
        """The rate of a state, in the form in which it is kept."""
        return self._once(f"rate of {name}", lambda: self._state_rate(name))

    def _state_rate(self, name: str) -> Expression:
        if name in self.elements.rates:
            return self.formula(self.elements.rates[name])
        total = ZERO
        for reaction, reference, sign in self.elements.changes.get(name, []):
            total = total + sign * (self._stoichiometry(reference) * self.value(reaction))
        factor = self._conversion_factor(name)
        return total * factor if name in self.elements.species else total

    def rate_of_expression(self, expression: Expression) -> Expression:
        """How fast an expression changes with its states and the clock."""
        names = [*self.elements.states(), self.time_name]
        total = ZERO
        for name, slope in jacobian([expression], names)[0].items():
            total = total + multiply(slope, ONE if name == self.time_name else self.state_rate(name))
        return total

    def _is_divided(self, name: str) -> bool:
        """Whether formulas see an amount that is kept divided by the volume."""
        elements = self.elements
        is_species = name in elements.species
        return is_species and elements.is_concentration(name) and not keeps_concentration(elements, name)

    def _conversion_factor(self, name: str) -> Expression:
        if name not in self.elements.species:
            return ONE
        own = self.elements.species[name].getConversionFactor()
        factor = own or self.elements.model.getConversionFactor()
        return self.value(factor) if factor else ONE

    def _stoichiometry(self, reference: Any) -> Expression:
        if reference.isSetStoichiometryMath() and reference.getStoichiometryMath().getMath() is not None:
            return self.formula(reference.getStoichiometryMath())
        if reference.getId():
            return self.value(reference.getId())
        if reference.getLevel() >= 3 and not reference.isSetStoichiometry():
            error = Unsupported("missing-value", f"the stoichiometry of {reference.getSpecies()!r}")
            error.element = reference
            raise error
        return constant(reference.getStoichiometry())

    def _species(self, name: str) -> Expression:
        if name in self.elements.assignments:
            return self.rule(name)
        if keeps_concentration(self.elements, name):
            return symbol(name)
        amount = self.amount(name)
        return quotient_of(amount, self.volume(name)) if self.elements.is_concentration(name) else amount

    def _plain(self, name: str) -> Expression:
        if name in self.elements.assignments:
            return self.rule(name)
        return symbol(name) if self.elements.is_state(name) else self._start.value(name)


def keeps_concentration(elements: Elements, name: str) -> bool:
    """Whether the state of a species is its concentration: where a rate rule gives the rate of that."""
    return name in elements.species and name in elements.rates and elements.is_concentration(name)


def is_parameter(elements: Elements, name: str) -> bool:
    """Whether an identifier becomes a parameter of the program: a finite number that holds for a whole run."""
    if name not in elements.parameters and name not in elements.compartments:
        return False
    if elements.varies(name) or name in elements.initial:
        return False
    value = given_value(elements, name)
    return value is not None and math.isfinite(value)


def given_value(elements: Elements, name: str) -> float | None:
    """The number that the file gives to a compartment, parameter or species reference."""
    if name in elements.compartments:
        compartment = elements.compartments[name]
        return compartment.getSize() if compartment.isSetSize() else None
    if name in elements.parameters:
        parameter = elements.parameters[name]
        return parameter.getValue() if parameter.isSetValue() else None
    if name in elements.references:
        reference = elements.references[name]
        given = reference.isSetStoichiometry() or reference.getLevel() < 3
        return reference.getStoichiometry() if given else None
    return None
