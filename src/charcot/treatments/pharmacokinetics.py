"""From doses to exposure: the pharmacokinetic forms that a product may choose from.

A form is a pure function of local names: its states, the dosing ``rate`` and its numbers. It returns the rate of each
state and the ``exposure`` that effects read. Time is in days. Whatever bioavailability was drawn, no more than the
dose is absorbed. Adding a form is adding a row to ``FORMS``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from charcot.model.algebra import log, maximum, minimum, saturating

Equations = Callable[..., dict[str, Any]]


def one_compartment(amount: Any, rate: Any, half_life: Any, volume: Any, bioavailability: Any) -> dict[str, Any]:
    """The body is one well-stirred volume that loses a fixed share of the drug per day.

    Equation: dA/dt = rate - ln2 / t_half A; exposure = F A / V
    """
    return {
        "d/dt amount": rate - log(2) / half_life * amount,
        "exposure": minimum(bioavailability, 1) * amount / volume,
    }


def one_compartment_depot(
    depot: Any, amount: Any, rate: Any, absorption_half_life: Any, half_life: Any, volume: Any, bioavailability: Any
) -> dict[str, Any]:
    """A dose waits where it was given, is absorbed into one well-stirred volume and leaves it again.

    Equation: dD/dt = rate - ln2 / t_abs D; dA/dt = ln2 / t_abs D - ln2 / t_half A; exposure = F A / V
    """
    absorbed = log(2) / absorption_half_life * depot
    return {
        "d/dt depot": rate - absorbed,
        "d/dt amount": absorbed - log(2) / half_life * amount,
        "exposure": minimum(bioavailability, 1) * amount / volume,
    }


def effect_site(amount: Any, site: Any, rate: Any, uptake_half_life: Any, half_life: Any) -> dict[str, Any]:
    """A dose given into the cerebrospinal fluid is taken up by tissue, where it stays for weeks.

    Equation: dA/dt = rate - ln2 / t_up A; dS/dt = ln2 / t_up A - ln2 / t_half S; exposure = S, an amount: a volume
    would only rescale the dose that has half of the effect.
    """
    taken_up = log(2) / uptake_half_life * amount
    return {
        "d/dt amount": rate - taken_up,
        "d/dt site": taken_up - log(2) / half_life * site,
        "exposure": site,
    }


def expression(
    capsid: Any,
    vector: Any,
    expression: Any,
    capsid_half_life: Any,
    half_dose: Any,
    rise_time: Any,
    half_life: Any,
    receptivity: Any,
) -> dict[str, Any]:
    """Capsids are unpacked within weeks and leave their vector in a saturable share of the cells; what it encodes rises
    over weeks and fades over years.

    Equation: dK/dt = -ln2 / t_K K; dV/dt = ln2 / t_K K - ln2 / t_half V; dX/dt = [r V / (V50 + V) - X] / tau;
    exposure = X (1 = every cell in reach). K, what is left of the capsids, is what liver and immune system meet.
    """
    unpacked = log(2) / capsid_half_life * capsid
    return {
        "d/dt capsid": -unpacked,
        "d/dt vector": unpacked - log(2) / half_life * vector,
        "d/dt expression": (minimum(receptivity, 1) * saturating(vector, half_dose) - expression) / rise_time,
        "exposure": expression,
    }


def device(rate: Any, adherence: Any) -> dict[str, Any]:
    """A device acts while it is used and leaves nothing behind.

    Equation: exposure = adherence * use per day
    """
    return {"exposure": minimum(adherence, 1) * rate}


def implant(settled: Any, rate: Any, adherence: Any, settling_time: Any) -> dict[str, Any]:
    """A device that is put in by an operation acts while it is used; the operation's risk fades as the body settles.

    Equation: exposure U = adherence * use per day; dS/dt = (U - S) / tau; fresh = max(U - S, 0)
    """
    used = minimum(adherence, 1) * rate
    return {"d/dt settled": (used - settled) / settling_time, "exposure": used, "fresh": maximum(used - settled, 0)}


@dataclass(frozen=True)
class Form:
    """A pharmacokinetic form. ``needs`` gives the unit of each number, in which ``{dose}`` stands for the unit of the
    dose; an empty unit is free to choose. The first of ``states`` receives a bolus. ``variables`` are computed beside
    the exposure, with their unit."""

    equations: Equations
    states: Mapping[str, str]  # local name -> unit
    needs: Mapping[str, str]
    exposure_unit: str
    dosing: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def arguments(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.equations).parameters)

    @property
    def text(self) -> str:
        return inspect.getdoc(self.equations) or ""


FORMS: dict[str, Form] = {
    "one_compartment": Form(
        one_compartment,
        {"amount": "{dose}"},
        {"half_life": "day", "volume": "", "bioavailability": "1"},
        "({dose})/({volume})",
        ("continuous", "bolus"),
    ),
    "one_compartment_depot": Form(
        one_compartment_depot,
        {"depot": "{dose}", "amount": "{dose}"},
        {"absorption_half_life": "day", "half_life": "day", "volume": "", "bioavailability": "1"},
        "({dose})/({volume})",
        ("continuous", "bolus"),
    ),
    "effect_site": Form(
        effect_site,
        {"amount": "{dose}", "site": "{dose}"},
        {"uptake_half_life": "day", "half_life": "day"},
        "{dose}",
        ("continuous", "bolus"),
    ),
    "expression": Form(
        expression,
        {"capsid": "{dose}", "vector": "{dose}", "expression": "1"},
        {
            "capsid_half_life": "day",
            "half_dose": "{dose}",
            "rise_time": "day",
            "half_life": "day",
            "receptivity": "1",
        },
        "1",
        ("bolus",),
    ),
    "device": Form(device, {}, {"adherence": "1"}, "({dose})/day", ("continuous",)),
    "implant": Form(
        implant,
        {"settled": "({dose})/day"},
        {"adherence": "1", "settling_time": "day"},
        "({dose})/day",
        ("continuous",),
        {"fresh": "({dose})/day"},
    ),
}
