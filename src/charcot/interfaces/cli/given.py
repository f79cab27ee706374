"""What a protocol gives, and what of it was given to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charcot.interfaces.cli import rooms

if TYPE_CHECKING:
    from charcot.trials import Protocol


def given_in(protocol: Protocol) -> list[str]:
    """What was given to people of what a protocol gives: a sentence on each product, and on each dose outside that."""
    outside = [problem.message for problem in rooms.dose_doubts(protocol) if problem.code == "unstudied-dose"]
    return [*rooms.standing(products_of(protocol)), *(f"Outside what people were given: {text}." for text in outside)]


def products_of(protocol: Protocol) -> list[str]:
    """Every product that the arms of a protocol give, and then the background."""
    given = [treatment.product for arm in protocol.arms for treatment in arm.treatments]
    return list(dict.fromkeys([*given, *protocol.population.background]))
