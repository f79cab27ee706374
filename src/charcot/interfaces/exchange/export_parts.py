"""A program as a list of named quantities, each a small formula of others: the graph cut where parts are shared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from charcot.core import expression as algebra
from charcot.core.expression import Expression, power, symbol, topological
from charcot.core.program import Program

TALLEST = 100  # nesting beyond which a part gets a name of its own, so that no reader runs out of stack
_TWICE = ("minimum", "maximum", "softplus")  # their arguments are written twice
_CHEAP = ("add", "subtract", "multiply")


class Names:
    """Identifiers of SBML (letters, digits, underscores) for names of any kind; each is given once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, name: str) -> str:
        """The identifier nearest to ``name`` that is still free: ``lumbar.axon.energy.4`` as underscores."""
        base = re.sub(r"\W", "_", name, flags=re.ASCII) or "_"
        base = f"_{base}" if base[0].isdigit() else base
        found, number = base, 2
        while found in self._taken:
            found, number = f"{base}_{number}", number + 1
        self._taken.add(found)
        return found


@dataclass(frozen=True)
class Part:
    """A quantity computed from others. ``name`` is the program's own (a read-out), or empty for a shared term."""

    identifier: str
    name: str
    formula: Expression


@dataclass(frozen=True)
class Parts:
    """A program in identifiers.

    Attributes:
        identifiers: the identifier of each state, parameter and input.
        computed: read-outs and shared terms, each after all that it reads.
        formulas: the other expressions that were asked for, in their order.
    """

    identifiers: Mapping[str, str]
    computed: tuple[Part, ...]
    formulas: tuple[Expression, ...]


def cut(program: Program, roots: Sequence[Expression], names: Names) -> Parts:
    """Write ``roots`` and the read-outs of ``program`` as small formulas that share named parts.

    A term that is used more than once becomes a part, under the name of the read-out that reports it if there is one.
    A read-out that only repeats a state or an input of its own name needs no part.
    """
    own = (*program.state_names, *program.parameter_names, *program.input_names)
    identifiers = {name: names.take(name) for name in own}
    readouts = [r for r in program.readouts if not (r.expression is symbol(r.name) and r.name in identifiers)]
    targets = [names.take(readout.name) for readout in readouts]
    called: dict[int, tuple[str, str]] = {}
    for readout, target in zip(readouts, targets, strict=True):
        if readout.expression.arguments:
            called.setdefault(readout.expression.serial, (target, readout.name))
    everything = [*roots, *(readout.expression for readout in readouts)]
    shared = _shared(everything)
    made: dict[int, Expression] = {}
    height: dict[int, int] = {}
    computed: list[Part] = []
    for node in topological(everything):
        formula = _rebuilt(node, [made[a.serial] for a in node.arguments], identifiers)
        tall = 1 + max((height[a.serial] for a in node.arguments), default=-1)
        if node.serial in called or node.serial in shared or tall >= TALLEST:
            target, name = called.get(node.serial) or (names.take(f"shared_{len(computed) + 1}"), "")
            computed.append(Part(target, name, formula))
            formula, tall = symbol(target), 0
        made[node.serial], height[node.serial] = formula, tall
    for readout, target in zip(readouts, targets, strict=True):
        if called.get(readout.expression.serial, ("",))[0] != target:  # a leaf, or a second name of one term
            computed.append(Part(target, readout.name, made[readout.expression.serial]))
    return Parts(identifiers, tuple(computed), tuple(made[root.serial] for root in roots))


def _shared(roots: Iterable[Expression]) -> set[int]:
    """The terms worth a name of their own: used or written more than once, and more than a sum of two leaves."""
    uses: Counter[int] = Counter(root.serial for root in roots)
    nodes = topological(roots)
    for node in nodes:
        for argument in node.arguments:
            uses[argument.serial] += 2 if node.operation in _TWICE else 1
    return {node.serial for node in nodes if uses[node.serial] > 1 and node.arguments and not _plain(node)}


def _plain(node: Expression) -> bool:
    return node.operation in _CHEAP and not any(argument.arguments for argument in node.arguments)


def _rebuilt(node: Expression, arguments: list[Expression], identifiers: Mapping[str, str]) -> Expression:
    match node.operation:
        case "symbol":
            return symbol(identifiers[node.name])
        case "constant":
            return node
        case "power":
            return power(arguments[0], node.value)
    made: Expression = getattr(algebra, node.operation)(*arguments)
    return made
