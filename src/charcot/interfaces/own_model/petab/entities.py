"""What the identifiers of a model stand for in a PEtab problem, and how a condition may set them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from charcot.interfaces.exchange.sbml.elements import Elements, gather
from charcot.interfaces.exchange.sbml.freeing import free_initial_values
from charcot.interfaces.exchange.sbml.quantities import given_value, is_parameter


@dataclass
class Entities:
    """The identifiers of one model.

    Attributes:
        readouts: identifier -> the read-out that gives what it stands for in formulas.
        settable: identifier -> the parameter of the program that a condition sets.
        defaults: of what has a parameter for its initial value alone, the number that the file gives; None where the
            file has a formula.
        assigned: those that a rule gives, so that nothing can set them.
    """

    readouts: dict[str, str] = field(default_factory=dict)
    settable: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, float | None] = field(default_factory=dict)
    assigned: set[str] = field(default_factory=set)


def finder(wanted: Iterable[str], found: Entities) -> Callable[[Any], None]:
    """A function for ``read_sbml(amend=...)`` that fills ``found``, and frees the initial values that are wanted."""

    def amend(model: Any) -> None:
        elements = gather(model)
        found.assigned = set(elements.assignments)
        for name in (*elements.compartments, *elements.parameters, *elements.references, *elements.reactions):
            found.readouts[name] = name
        for name in elements.species:
            found.readouts[name] = f"[{name}]" if elements.is_concentration(name) else name
        freed = []
        for name in dict.fromkeys(wanted):
            if name in found.assigned or name in elements.references or name in elements.reactions:
                continue
            if is_parameter(elements, name):
                found.settable[name] = name
            elif name in found.readouts:
                found.defaults[name] = None if name in elements.initial else _given(elements, name)
                freed.append(name)
        found.settable |= free_initial_values(model, freed)

    return amend


def _given(elements: Elements, name: str) -> float | None:
    """The number that the file gives for the beginning, as what the identifier stands for."""
    if name not in elements.species:
        return given_value(elements, name)
    species = elements.species[name]
    if species.isSetInitialConcentration():
        given, amount = species.getInitialConcentration(), False
    elif species.isSetInitialAmount():
        given, amount = species.getInitialAmount(), True
    else:
        return None
    if amount is not elements.is_concentration(name):
        return float(given)
    size = (
        given_value(elements, species.getCompartment()) if species.getCompartment() in elements.compartments else None
    )
    if size is None or species.getCompartment() in elements.initial:
        return None
    return float(given / size if amount else given * size)
