"""Unit definitions of SBML from the unit texts of a program."""

from __future__ import annotations

import re
from typing import Any

import libsbml

from charcot.core.units import DIMENSIONLESS, registry
from charcot.model.units_check import BARE, Unit

# pint's base dimensions in the base units of SBML. A vector genome is counted, so it is an item; SBML has no unit of
# biological activity, so an international unit is counted too.
_BASES = {
    "[length]": libsbml.UNIT_KIND_METRE,
    "[mass]": libsbml.UNIT_KIND_GRAM,
    "[time]": libsbml.UNIT_KIND_SECOND,
    "[substance]": libsbml.UNIT_KIND_MOLE,
    "[current]": libsbml.UNIT_KIND_AMPERE,
    "[temperature]": libsbml.UNIT_KIND_KELVIN,
    "[luminosity]": libsbml.UNIT_KIND_CANDELA,
    "[vector_genome]": libsbml.UNIT_KIND_ITEM,
    "[biological_activity]": libsbml.UNIT_KIND_ITEM,
}


class Units:
    """The unit definitions of one model: one for each different unit, made when it is first asked for."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._known: list[tuple[Unit, str]] = [(BARE, "dimensionless")]

    def named(self, text: str) -> str:
        """The identifier of the unit that ``text`` writes, such as ``pg/mL``."""
        unit = Unit.of(text)
        found = self._find(unit)
        return found or self._define(unit, _identifier(text), _factors(text), text)

    def of(self, unit: Unit) -> str:
        """The identifier of a unit that was computed."""
        found = self._find(unit)
        if found:
            return found
        powers = list(unit.dimension.powers)
        # The whole size goes into a bare factor: a root of it in a base unit would be rounded.
        factors = [(libsbml.UNIT_KIND_DIMENSIONLESS, 1.0, unit.scale)] if abs(unit.scale - 1) > 1e-15 else []
        factors += [(_BASES[base], exponent, 1.0) for base, exponent in powers]
        return self._define(unit, f"unit_{len(self._known)}", factors, str(unit))

    def _find(self, unit: Unit) -> str:
        return next((name for known, name in self._known if known.same(unit)), "")

    def _define(self, unit: Unit, identifier: str, factors: list[tuple[int, float, float]], text: str) -> str:
        taken = {name for _, name in self._known}
        while identifier in taken or libsbml.UnitKind_forName(identifier) != libsbml.UNIT_KIND_INVALID:
            identifier += "_"
        definition = self._model.createUnitDefinition()
        definition.setId(identifier)
        definition.setName(text)
        for kind, exponent, multiplier in factors:
            part = definition.createUnit()
            part.setKind(kind)
            part.setExponent(exponent)
            part.setScale(0)
            part.setMultiplier(multiplier)
        self._known.append((unit, identifier))
        return identifier


def _factors(text: str) -> list[tuple[int, float, float]]:
    """(kind, exponent, multiplier) of each factor: ``pg/mL`` is 1e-12 gram and 1 / (0.01 metre)^3."""
    out: list[tuple[int, float, float]] = []
    for name, exponent in registry().Quantity(1.0, text.replace("%", "percent")).unit_items():
        unit = Unit.of(str(name))
        powers = unit.dimension.powers
        if unit.dimension == DIMENSIONLESS:
            out.append((libsbml.UNIT_KIND_DIMENSIONLESS, float(exponent), unit.scale))
        elif len(powers) == 1:
            base, power = powers[0]
            out.append((_BASES[base], power * float(exponent), unit.scale ** (1 / power)))
        else:  # a unit of several dimensions, such as the newton: its size is a bare factor
            out.append((libsbml.UNIT_KIND_DIMENSIONLESS, float(exponent), unit.scale))
            out += [(_BASES[base], power * float(exponent), 1.0) for base, power in powers]
    return out


def _identifier(text: str) -> str:
    """``pg/mL*day`` as ``pg_per_mL_day``."""
    words = re.sub(r"\W+", "_", text.replace("/", "_per_").replace("1_per", "per"), flags=re.ASCII).strip("_")
    return words if words and not words[0].isdigit() else f"unit_{words}"
