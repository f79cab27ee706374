"""What a protocol gives, and what of it was given to people: said by the command line, reports and the explorer alike.

Rooms are imported where they are needed, so that the command line starts at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from charcot.core.errors import Problem, Where

if TYPE_CHECKING:
    from charcot.trials import Protocol


def given_in(protocol: Protocol) -> list[str]:
    """What was given to people of what a protocol gives: a sentence on each product, and on each dose outside that."""
    outside = [problem.message for problem in dose_doubts(protocol) if problem.code == "unstudied-dose"]
    return [*standing(products_of(protocol)), *(f"Outside what people were given: {text}." for text in outside)]


def standing(products: Sequence[str]) -> tuple[str, ...]:
    """A sentence on each product: whether people were ever given it, and how well its effect is known."""
    from charcot.treatments import standing as say

    return say(products)


def products_of(protocol: Protocol) -> list[str]:
    """Every product that the arms of a protocol give, and then the background."""
    given = [treatment.product for arm in protocol.arms for treatment in arm.treatments]
    return list(dict.fromkeys([*given, *protocol.population.background]))


def dose_doubts(protocol: Protocol) -> list[Problem]:
    """Warnings about doses of a protocol's arms that people were not given, with the arm's place in the file."""
    from charcot.treatments import doubts, products

    return [
        replace(problem, where=Where(f"arms.{arm.id}"))
        for arm in protocol.arms
        for treatment in arm.treatments
        for problem in doubts(products()[treatment.product], [treatment.dose])
    ]
