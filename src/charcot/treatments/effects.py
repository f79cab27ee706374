"""From exposure to effect: what a product does to a variable or number of the disease.

An effect is computed as the factor or the addition that meets the target: 1 - e for a decrease, 1 + e for an
increase, e for an addition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from charcot.model.algebra import minimum, saturating
from charcot.model.ports import Number


def linear(exposure: Any, slope: Any) -> Any:
    """e = slope C"""
    return slope * exposure


def emax(exposure: Any, maximum: Any, half: Any) -> Any:
    """e = max C / (C50 + C)"""
    return maximum * saturating(exposure, half)


@dataclass(frozen=True)
class EffectForm:
    """``needs``: the unit of each number, from the unit of the ``{effect}`` and of the ``{exposure}``."""

    function: Callable[..., Any]
    needs: Mapping[str, str]


EFFECT_FORMS: dict[str, EffectForm] = {
    "linear": EffectForm(linear, {"slope": "({effect})/({exposure})"}),
    "emax": EffectForm(emax, {"maximum": "{effect}", "half": "{exposure}"}),
}

# direction -> (how it meets the target, its value without the product, the equation that it adds)
DIRECTIONS: dict[str, tuple[str, float, str]] = {
    "decrease": ("multiply", 1.0, "target -> target (1 - e)"),
    "increase": ("multiply", 1.0, "target -> target (1 + e)"),
    "add": ("add", 0.0, "target -> target + e"),
}


@dataclass(frozen=True)
class Effect:
    """One action of a product on one ``target``, with the claim behind it and the evidence for and against.

    ``rests_on_rodents``: all that speaks for it are rats and mice, so that people keep a share of it.
    ``reads``: the exposure, or a state of the product's form (a vector's capsid). ``by_region``: in each region it is
    multiplied by the share of the vector's biodistribution, and the target is one per region.
    """

    target: str
    direction: str
    form: str
    unit: str
    claim: str
    sources: tuple[str, ...]
    against: tuple[str, ...]
    numbers: Mapping[str, Number]  # by local name: maximum, half, slope
    line: int = 0
    rests_on_rodents: bool = False
    reads: str = "exposure"
    by_region: bool = False

    def value(self, exposure: Any, numbers: Mapping[str, Any], human_share: Any = 1) -> Any:
        """What meets the target. A decrease cannot take more than everything, whatever maximum was drawn.

        ``human_share`` multiplies the size of an effect that rests on rodents; others take no notice of it.
        """
        used = dict(numbers)
        if self.direction == "decrease":
            used["maximum"] = minimum(used["maximum"], 1)
        size = EFFECT_FORMS[self.form].function(exposure, **used)
        if self.rests_on_rodents:
            size = human_share * size
        if self.direction == "add":
            return size
        return 1 - size if self.direction == "decrease" else 1 + size
