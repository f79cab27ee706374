"""Disease + clinic + treatments = one :class:`Program`. This is where the rooms of row 3 meet."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import replace

from charcot import clinic, disease, treatments
from charcot.core.errors import Problem
from charcot.core.program import Program
from charcot.model.compose import check as check_definition
from charcot.model.compose import compose
from charcot.model.definition import Definition, number_symbols
from charcot.model.ports import Number


@functools.cache
def definition(products: tuple[str, ...] = (), off: frozenset[str] = frozenset(), classes: int = 0) -> Definition:
    """The whole model with the named products compiled in and the mechanisms ``off`` switched off.

    ``classes``: axon classes per region; 0 keeps the disease's own number.
    """
    base = disease.definition()
    content = clinic.content()
    whole = base.extended(content.ports, content.numbers, content.mechanisms, ())
    known = treatments.products()
    for name in products:
        part = known[name].content()
        whole = whole.extended(part.ports, part.numbers, part.mechanisms, part.modifiers)
    return replace(whole, off=off, classes=classes or base.classes)


def program(
    products: tuple[str, ...] = (),
    off: frozenset[str] = frozenset(),
    classes: int = 0,
    constants_free: bool | frozenset[str] = frozenset(),
) -> Program:
    """The composed program, kept in memory: same arguments, same object.

    ``constants_free`` makes exponents and counts parameters too, which the shipped program has compiled in: all of
    them, or those of the names given. Each costs time to compile.
    """
    return _program(products, off, classes, constants_free)


@functools.cache
def _program(
    products: tuple[str, ...], off: frozenset[str], classes: int, constants_free: bool | frozenset[str]
) -> Program:
    whole = definition(tuple(sorted(set(products))), off, classes)
    if constants_free:
        whole = _with_free_constants(whole, constants_free)
    return compose(whole)


def laboratory(treated: bool = False, constants_free: bool | frozenset[str] = frozenset()) -> Program:
    """The model with a switch for each mechanism, and with all products where somebody may be ``treated``.

    Two programs for every question: a step costs more than in a program of just what is asked (docs/benchmarks.md), but
    no mechanism that is switched off and no company of products is compiled anew. ``constants_free`` as in
    :func:`program`.
    """
    return _laboratory(treated, constants_free)


@functools.cache
def _laboratory(treated: bool, constants_free: bool | frozenset[str]) -> Program:
    whole = definition(all_products() if treated else ())
    whole = replace(whole, switches=frozenset(mechanism.name for mechanism in whole.mechanisms))
    if constants_free:
        whole = _with_free_constants(whole, constants_free)
    return compose(whole)


def all_products() -> tuple[str, ...]:
    """The names of all products, as :func:`definition` wants them."""
    return tuple(sorted(treatments.products()))


@functools.cache
def numbers(products: tuple[str, ...] = ()) -> Mapping[str, Number]:
    """Every number of the model with these products by full name (constants too)."""
    return number_symbols(definition(tuple(sorted(set(products)))))


def _with_free_constants(whole: Definition, free: bool | frozenset[str]) -> Definition:
    names = free if isinstance(free, frozenset) else {number.name for number in whole.numbers}
    return replace(whole, numbers=tuple(replace(n, role="parameter") if n.name in names else n for n in whole.numbers))


def model_problems(products: Iterable[str] | None = None) -> list[Problem]:
    """Everything that is wrong with the tables and with the composition of the whole model, all products in."""
    names = all_products() if products is None else tuple(sorted(products))
    problems = [*disease.content_problems(), *clinic.content().problems]
    return problems + check_definition(definition(names))
