"""Initial values of a model's own quantities as parameters, so that each run may give its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import libsbml


def free_initial_values(model: Any, names: Iterable[str]) -> dict[str, str]:
    """Replace the initial value of each named quantity by a new parameter of the (libSBML) model.

    The quantity is a species, compartment or parameter that no assignment rule gives. What the file itself says of its
    beginning (a number or an initial assignment) is dropped; the new parameter stands for what the identifier stands
    for in formulas, of a species its concentration unless it has only substance units.

    Returns:
        name -> the identifier of the new parameter, whose value is 0 until a run gives one.

    Raises:
        ValueError: libSBML does not take the change, as before Level 2 Version 2.
    """
    made = {}
    for name in names:
        parameter = f"initial_{name}"
        while model.getElementBySId(parameter) is not None:
            parameter += "_"
        model.removeInitialAssignment(name)
        added, assignment = model.createParameter(), model.createInitialAssignment()
        mathematics = libsbml.parseL3Formula(parameter)
        outcomes = [
            added.setId(parameter),
            added.setValue(0.0),
            added.setConstant(True),
            -1 if assignment is None else assignment.setSymbol(name),
            -1 if assignment is None else assignment.setMath(mathematics),
        ]
        if any(outcome != libsbml.LIBSBML_OPERATION_SUCCESS for outcome in outcomes):
            raise ValueError(f"libSBML does not take an initial assignment to {name!r}")
        made[name] = parameter
    return made
