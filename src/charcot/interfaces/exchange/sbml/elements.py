"""What a model declares, gathered by identifier: which rule, initial assignment or event speaks of what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import libsbml


@dataclass
class Elements:
    """The parts of one SBML model, by identifier.

    Attributes:
        functions: the lambda of each function definition.
        compartments, species, parameters, references, reactions: the declared elements; of species references those
            that have an id.
        assignments, rates, initial: the rule or initial assignment of an identifier, where it has mathematics.
        solved: of the assignments, those that are algebraic rules, to be solved for the identifier.
        unsolved: algebraic rules of which it is not clear what they give the value of.
        set_by_events: identifiers that some event assigns.
        changes: species -> (reaction, reference, sign) of each reaction that changes its amount.
    """

    model: Any
    functions: dict[str, Any] = field(default_factory=dict)
    compartments: dict[str, Any] = field(default_factory=dict)
    species: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    references: dict[str, Any] = field(default_factory=dict)
    reactions: dict[str, Any] = field(default_factory=dict)
    assignments: dict[str, Any] = field(default_factory=dict)
    rates: dict[str, Any] = field(default_factory=dict)
    initial: dict[str, Any] = field(default_factory=dict)
    solved: set[str] = field(default_factory=set)
    unsolved: list[Any] = field(default_factory=list)
    set_by_events: set[str] = field(default_factory=set)
    changes: dict[str, list[tuple[str, Any, float]]] = field(default_factory=dict)

    def element(self, name: str) -> Any:
        """The declaration of an identifier, or None."""
        for table in (self.compartments, self.species, self.parameters, self.references, self.reactions):
            if name in table:
                return table[name]
        return None

    def is_concentration(self, species: str) -> bool:
        """Whether the identifier of a species stands for its concentration in formulas, rather than its amount."""
        declared = self.species[species]
        compartment = self.compartments[declared.getCompartment()]
        return not declared.getHasOnlySubstanceUnits() and compartment.getSpatialDimensionsAsDouble() != 0

    def is_state(self, name: str) -> bool:
        """Whether an identifier's value is integrated or set by events, rather than given by a formula or for good."""
        if name in self.assignments:
            return False
        return name in self.rates or name in self.set_by_events or name in self.changes

    def varies(self, name: str) -> bool:
        """Whether a value may change in time."""
        return name in self.assignments or self.is_state(name)

    def states(self) -> Iterator[str]:
        """The identifiers that become states, in the order of the file."""
        for table in (self.compartments, self.species, self.parameters, self.references):
            yield from (name for name in table if self.is_state(name))


def gather(model: Any) -> Elements:
    """The elements of ``model``."""
    found = Elements(model)
    for definition in model.getListOfFunctionDefinitions():
        if definition.getMath() is not None:
            found.functions[definition.getId()] = definition.getMath()
    found.compartments = {element.getId(): element for element in model.getListOfCompartments()}
    found.species = {element.getId(): element for element in model.getListOfSpecies()}
    found.parameters = {element.getId(): element for element in model.getListOfParameters()}
    found.reactions = {element.getId(): element for element in model.getListOfReactions()}
    for rule in model.getListOfRules():
        if rule.getMath() is None:
            continue  # Level 3 Version 2 allows a rule without mathematics: it says nothing
        if rule.isAlgebraic():
            found.unsolved.append(rule)
        else:
            table = found.assignments if rule.isAssignment() else found.rates
            table[rule.getVariable()] = rule
    for assignment in model.getListOfInitialAssignments():
        if assignment.getMath() is not None:
            found.initial[assignment.getSymbol()] = assignment
    for event in model.getListOfEvents():
        for assignment in event.getListOfEventAssignments():
            if assignment.getMath() is not None:
                found.set_by_events.add(assignment.getVariable())
    _gather_references(found)
    _match_algebraic_rules(found)
    return found


def _match_algebraic_rules(found: Elements) -> None:
    """Find out which identifier each algebraic rule gives the value of: one that nothing else gives.

    A rule that reads only one such identifier gives that; what it gives is known to the others, and so on.
    """
    free = {name for table in (found.compartments, found.species, found.parameters) for name in table}
    free = {name for name in free if not found.element(name).getConstant() and not found.varies(name)}
    read = [(rule, {name for name in names_in(rule.getMath()) if name in free}) for rule in found.unsolved]
    found.unsolved = []
    while read:
        clear = next((pair for pair in read if len(pair[1]) == 1), None)
        if clear is None:
            found.unsolved = [rule for rule, _ in read]
            return
        rule, (name,) = clear
        found.assignments[name] = rule
        found.solved.add(name)
        read = [(other, names - {name}) for other, names in read if other is not rule]


def names_in(node: Any) -> set[str]:
    """Every identifier that a formula reads."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if part.getType() == libsbml.AST_NAME:
            found.add(part.getName())
        waiting += [part.getChild(index) for index in range(part.getNumChildren())]
    return found


def _gather_references(found: Elements) -> None:
    for name, reaction in found.reactions.items():
        has_law = kinetic_law(reaction) is not None
        for references, sign in ((reaction.getListOfReactants(), -1.0), (reaction.getListOfProducts(), 1.0)):
            for reference in references:
                if reference.getId():
                    found.references[reference.getId()] = reference
                species = found.species[reference.getSpecies()]
                if has_law and not species.getBoundaryCondition() and not species.getConstant():
                    found.changes.setdefault(species.getId(), []).append((name, reference, sign))


def kinetic_law(reaction: Any) -> Any:
    """The kinetic law with its mathematics, or None."""
    law = reaction.getKineticLaw() if reaction.isSetKineticLaw() else None
    return law if law is not None and law.getMath() is not None else None


def local_parameters(reaction: Any) -> list[Any]:
    """The parameters that only the kinetic law of a reaction sees."""
    law = kinetic_law(reaction)
    if law is None:
        return []
    return list(law.getListOfLocalParameters() if law.getLevel() >= 3 else law.getListOfParameters())
