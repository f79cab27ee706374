"""Disease + clinic + treatments = one :class:`Program`. This is where the rooms of row 3 meet."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import replace

from charcot import clinic, disease, treatments
from charcot.core.errors import Problem
from charcot.core.program import Program
from charcot.model.compose import Definition, compose
from charcot.model.compose import check as check_definition


@functools.cache
def definition(products: tuple[str, ...] = (), off: frozenset[str] = frozenset(), segments: int = 0) -> Definition:
    """The whole model with the named products compiled in and the mechanisms ``off`` switched off.

    ``segments``: axon segments per region; 0 keeps the disease's own number.
    """
    base = disease.definition()
    content = clinic.content()
    whole = base.extended(content.ports, content.numbers, content.mechanisms, ())
    known = treatments.products()
    for name in products:
        part = known[name].content()
        whole = whole.extended(part.ports, part.numbers, part.mechanisms, part.modifiers)
    return replace(whole, off=off, segments=segments or base.segments)


@functools.cache
def program(
    products: tuple[str, ...] = (), off: frozenset[str] = frozenset(), segments: int = 0, constants_free: bool = False
) -> Program:
    """The composed program, kept in memory: same arguments, same object.

    ``constants_free`` makes exponents and counts parameters too, which the shipped program has compiled in.
    """
    whole = definition(tuple(sorted(set(products))), off, segments)
    if constants_free:
        whole = replace(whole, numbers=tuple(replace(number, role="parameter") for number in whole.numbers))
    return compose(whole)


def model_problems(products: Iterable[str] | None = None) -> list[Problem]:
    """Everything that is wrong with the tables and with the composition of the whole model, all products in."""
    names = tuple(sorted(treatments.products() if products is None else products))
    problems = [*disease.content_problems(), *clinic.content().problems]
    return problems + check_definition(definition(names))
