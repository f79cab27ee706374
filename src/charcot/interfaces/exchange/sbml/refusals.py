"""What is not supported, by name. A model that asks for any of it is refused as a whole, never half-run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libsbml

from charcot.core.errors import Problem, Problems, Where

# feature -> what to tell the user about it
FEATURES = {
    "algebraic-rule": "an algebraic rule that is not linear in one unknown asks for the solution of equations",
    "delay": "delay() reads the past of a quantity, which makes a delay equation",
    "fast-reaction": "a fast reaction asks for an equilibrium at every moment",
    "package": "the model needs an SBML package",
    "external-model": "the model takes a part from another file",
    "level": "the model is in SBML Level 1",
    "missing-mathematics": "the mathematics uses a construct that this reader does not know",
    "missing-value": "a value that the mathematics reads is given nowhere in the file",
    "loop": "quantities are defined by each other in a circle",
    "delayed-concentration": "a delayed event sets a concentration by its trigger's values in a changing compartment",
}
HINTS = {
    "algebraic-rule": "Solve it by hand into an assignment rule or a rate rule.",
    "delay": "Replace the delay by a chain of intermediate states.",
    "fast-reaction": "Give the reaction a large rate, or an assignment rule for its equilibrium.",
    "package": "Export the model without the package.",
    "external-model": "Put that file into the folder of the model, under the name that the model gives it.",
    "level": "Convert it to Level 3, for example with libSBML's setLevelAndVersion.",
    "missing-value": "Give the element a value, an initial assignment or a rule.",
    "loop": "Break the circle with a rate rule or a number.",
    "delayed-concentration": "Let the event take values at its execution, or set the amount.",
}


class Refusal(Problems):
    """The model asks for what is not supported; ``features`` holds the names, each once, in the order of the file."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems, "This SBML model is refused: it needs what is not supported")
        self.features = tuple(dict.fromkeys(problem.code.removeprefix("sbml-refused-") for problem in problems))


class Unsupported(Exception):
    """Raised where a feature is met during translation; whoever knows the element of the file adds it."""

    def __init__(self, feature: str, detail: str) -> None:
        super().__init__(detail)
        self.feature, self.detail = feature, detail
        self.element: Any = None


def refused(feature: str, detail: str, element: Any, path: Path) -> Problem:
    """The problem that names ``feature`` and the element that asks for it."""
    return Problem(
        f"sbml-refused-{feature}",
        f"{describe(element)}: {FEATURES[feature]}" + (f" ({detail})" if detail else ""),
        Where.of(path, element.getLine()),
        HINTS.get(feature, ""),
    )


def describe(element: Any) -> str:
    """The element as its author would find it: what it is, and its id where it has one."""
    name = element.getElementName()
    for identifier in (element.getIdAttribute(), *_owners(element)):
        if identifier:
            return f"{name} {identifier!r}"
    parent = element.getParentSBMLObject()
    owner = parent.getParentSBMLObject() if parent is not None else None
    return f"{name} of {describe(owner)}" if owner is not None and name != "model" else f"a {name}"


def _owners(element: Any) -> Iterator[str]:
    for method in ("getVariable", "getSymbol"):
        if hasattr(element, method):
            yield getattr(element, method)()


def find_refusals(document: Any, path: Path) -> list[Problem]:
    """Every unsupported feature that can be seen without translating the model."""
    model, found = document.getModel(), []
    if document.getLevel() == 1:
        found.append(refused("level", f"version {document.getVersion()}", model, path))
    found += [refused("package", name, model, path) for name in required_packages(document)]
    for reaction in model.getListOfReactions():
        if reaction.isSetFast() and reaction.getFast():
            found.append(refused("fast-reaction", "", reaction, path))
    for element in elements_with_mathematics(model):
        if uses(element.getMath(), libsbml.AST_FUNCTION_DELAY):
            found.append(refused("delay", "", element, path))
    return found


def required_packages(document: Any) -> list[str]:
    """The names of the Level 3 packages whose content changes what the model means, and are used in it."""
    names = []
    for index in range(document.getNumPlugins()):
        name = document.getPlugin(index).getPackageName()
        if document.getPackageRequired(name) and name not in TRANSPARENT_PACKAGES:
            names.append(name)
    return names


# Packages that leave the mathematics alone; the last is the name that libSBML gives to operators of Level 3 Version 2.
TRANSPARENT_PACKAGES = {"layout", "render", "groups", "l3v2extendedmath"}


def elements_with_mathematics(model: Any) -> Iterator[Any]:
    """Every element of the model that carries a formula, function definitions first."""
    yield from model.getListOfFunctionDefinitions()
    yield from model.getListOfInitialAssignments()
    yield from model.getListOfRules()
    for reaction in model.getListOfReactions():
        if reaction.isSetKineticLaw():
            yield reaction.getKineticLaw()
        for reference in (*reaction.getListOfReactants(), *reaction.getListOfProducts()):
            if reference.isSetStoichiometryMath():
                yield reference.getStoichiometryMath()
    for event in model.getListOfEvents():
        for part in (event.getTrigger(), event.getDelay(), event.getPriority()):
            if part is not None:
                yield part
        yield from event.getListOfEventAssignments()


def uses(node: Any, kind: int) -> bool:
    """Whether the formula holds a node of this type."""
    waiting = [] if node is None else [node]
    while waiting:
        part = waiting.pop()
        if part.getType() == kind:
            return True
        waiting += [part.getChild(index) for index in range(part.getNumChildren())]
    return False
