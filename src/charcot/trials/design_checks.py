"""Checks of how patients are allocated: strata, and arms from outside the trial."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from charcot.core.yaml_file import Path_
from charcot.trials.findings import Finding, dotted
from charcot.trials.quantities import DAYS, PERCENT_PREDICTED, POINTS, SHARE, YEARS, Quantity
from charcot.trials.raw import Check, get, last_visit, mappings, number_at
from charcot.trials.world import World

OLDEST = 120.0  # years: nobody is older, so a larger age is a mistake in the file
LARGEST_VITAL_CAPACITY = 200.0  # % predicted: more is a mistake in the file

STRATUM_QUANTITIES: dict[str, Quantity | None] = {
    "age": YEARS,
    "run_in_decline": POINTS,
    "total_score": POINTS,
    "vital_capacity": PERCENT_PREDICTED,
}


def check_strata(data: Mapping[str, Any], world: World) -> Iterator[Finding]:
    """Numbers are cut where they can be read; categories are not cut; a run-in factor needs a run-in."""
    seen: dict[Any, int] = {}
    for position, entry in mappings(data, "randomisation", "stratify"):
        path: Path_ = ("randomisation", "stratify", position)
        variable, cuts = entry.get("by"), entry.get("cuts") or []
        quantity = STRATUM_QUANTITIES.get(str(variable))
        if quantity is None and cuts:
            yield Finding((*path, "cuts"), "bad-stratum", f"{dotted(path)}: '{variable}' has categories and no cuts")
        if quantity is not None and not cuts:
            hint = f"Write for example: cuts: [{quantity.example}]"
            yield Finding(path, "bad-stratum", f"{dotted(path)}: '{variable}' is a number and needs cuts", hint)
        for number, cut in enumerate(cuts if quantity and isinstance(cuts, list) else []):
            yield from _cut((*path, "cuts", number), str(variable), cut)
        if isinstance(cuts, list) and quantity is not None:
            yield from _overlapping((*path, "cuts"), str(variable), cuts, quantity)
        if not isinstance(variable, str):
            continue  # what cannot be read at all has been told
        if variable in seen:
            text = f"{dotted(path)}: '{variable}' is a factor twice, so that its strata overlap"
            yield Finding((*path, "by"), "overlapping-strata", text, f"Put all cuts into factor {seen[variable]}.")
        seen.setdefault(variable, position)
        if variable == "run_in_decline" and get(data, "screening", "run_in") is None:
            text = f"{dotted(path)}: there is no run-in whose decline could be used"
            yield Finding((*path, "by"), "bad-stratum", text, "Add screening.run_in, or remove this factor.")


_LIMITS_OF_CUTS = {
    "age": (0.0, OLDEST),
    "run_in_decline": (-48.0, 48.0),
    "total_score": (0.0, 48.0),
    "vital_capacity": (0.0, LARGEST_VITAL_CAPACITY),
}


def _cut(path: Path_, variable: str, cut: Any) -> Iterator[Finding]:
    """A cut is readable and lies where the variable can lie."""
    quantity = STRATUM_QUANTITIES[variable]
    assert quantity is not None  # only numbers are cut
    try:
        value = quantity.read(cut)
    except ValueError as error:
        yield Finding(path, "bad-quantity", f"{dotted(path)}: {error}")
        return
    least, most = _LIMITS_OF_CUTS[variable]
    if not least < value < most:
        text = f"{dotted(path)}: {value:g} {quantity.unit} divides nobody"
        yield Finding(path, "impossible-value", text, f"A cut lies between {least:g} and {most:g} {quantity.unit}.")


def _overlapping(path: Path_, variable: str, cuts: list[Any], quantity: Quantity) -> Iterator[Finding]:
    """Cuts are different from each other and ascend."""
    values = []
    for cut in cuts:
        try:
            values.append(quantity.read(cut))
        except ValueError:
            return  # said of that cut
    for number, (before, after) in enumerate(itertools.pairwise(values), 1):
        if after <= before:
            place = (*path, number)
            text = f"{dotted(place)}: {after:g} {quantity.unit} follows {before:g}: the strata of {variable} overlap"
            yield Finding(place, "overlapping-strata", text, "Let the cuts ascend, each of them once.")


def check_minimisation(data: Mapping[str, Any], world: World) -> Iterator[Finding]:
    """Minimisation balances factors, and there is something to balance."""
    if get(data, "randomisation", "method") == "minimisation" and not get(data, "randomisation", "stratify"):
        text = "randomisation.method: minimisation balances the factors of 'stratify', and there are none"
        yield Finding(("randomisation", "method"), "nothing-to-balance", text, "Add factors, or use blocks.")
    share = number_at(data, SHARE, "randomisation", "follows")
    if share is not None and not 0 < share <= 100:
        path: Path_ = ("randomisation", "follows")
        yield Finding(path, "impossible-value", f"{dotted(path)}: {share:g} % is not possible", "80 % is usual.")


def check_interim(data: Mapping[str, Any], world: World) -> Iterator[Finding]:
    """Looks ascend strictly between 0 and 100 %."""
    looks = get(data, "analysis", "interim", "at")
    last = 0.0
    for number in range(len(looks) if isinstance(looks, list) else 0):
        path: Path_ = ("analysis", "interim", "at", number)
        share = number_at(data, SHARE, *path)
        if share is None:
            continue
        if not last < share < 100:
            text = f"{dotted(path)}: a look at {share:g} % after one at {last:g} % is not possible"
            hint = "Shares ascend between 0 and 100 %; the final analysis is not listed."
            yield Finding(path, "bad-look", text, hint)
        last = max(last, share)
    futility = number_at(data, SHARE, "analysis", "interim", "futility")
    if futility is not None and not 0 < futility < 100:
        path = ("analysis", "interim", "futility")
        yield Finding(
            path, "impossible-value", f"{dotted(path)}: {futility:g} % is not possible", "10 to 30 % is usual."
        )


# window of an external control -> the unit of its limits; the protocol's eligibility has the same keys
_WINDOW: dict[str, Quantity] = {
    "age": YEARS,
    "time_since_onset": DAYS,
    "total_score": POINTS,
    "vital_capacity": PERCENT_PREDICTED,
}


def check_external(data: Mapping[str, Any], world: World) -> Iterator[Finding]:
    """An external control stands for patients within its window only: entry rules and visits must lie inside."""
    outside = [(position, arm) for position, arm in mappings(data, "arms") if get(arm, "external") is not None]
    for position, arm in outside:
        path: Path_ = ("arms", position, "external")
        if arm.get("treatments"):
            text = f"{dotted(path)}: patients from a record are not treated by this trial"
            yield Finding(("arms", position, "treatments"), "treated-external", text, "Remove the treatments.")
        if position != outside[0][0]:
            yield Finding(path, "two-externals", f"{dotted(path)}: there is another external arm", "Join the two.")
        yield from _outside_window((*path, "window"), get(arm, "external", "window"), data)


def _outside_window(path: Path_, window: Any, data: Mapping[str, Any]) -> Iterator[Finding]:
    follow_up, end = number_at(window, DAYS, "follow_up"), last_visit(data)
    if follow_up is not None and end is not None and end > follow_up:
        text = f"visits: the last one, on day {end:g}, is outside the window of the external control, followed "
        hint = "End the visits sooner, or take a record that was followed for longer."
        yield Finding(("visits",), "outside-window", f"{text}for {follow_up:g} days", hint)
    for name, quantity in _WINDOW.items():
        for edge, beyond in (("min", -1), ("max", 1)):
            valid = number_at(window, quantity, name, edge)
            if valid is None:
                continue
            asked = number_at(data, quantity, "eligibility", name, edge)
            if asked is None or beyond * (asked - valid) > 0:
                told = "not limited" if asked is None else f"{asked:g} {quantity.unit}"
                text = (
                    f"eligibility.{name}.{edge} is {told}, outside the window of the external control, whose {edge} is "
                )
                hint = "Admit only patients of the kind that the record holds: let the rule lie within the window."
                place: Path_ = (*path, name, edge) if asked is None else ("eligibility", name, edge)
                yield Finding(place, "outside-window", f"{text}{valid:g} {quantity.unit}", hint)


DESIGN_CHECKS: tuple[Check, ...] = (check_strata, check_minimisation, check_interim, check_external)
