"""What a product must declare beside its effects: how much of a rodent's gain people keep, and what immunity pays.

Both are read from the product's file and asked for by its own effects: an effect that only rats and mice have shown
asks for ``human_share``, an effect on the immune system for a hazard of infection.
"""

from __future__ import annotations

from collections.abc import Iterable

from charcot import evidence
from charcot.treatments.reading import Entry

RODENTS = ("mouse", "rat")
HUMAN_SHARE = "human_share"
NO_INFECTION_RISK = "no_infection_risk"
INFECTION = "survival.infection_hazard"
IMMUNE = ("immune", "cytokine", "microglia", "macrophage")


def rests_on_rodents(sources: Iterable[str]) -> bool:
    """Whether all the sources (keys of the library) of an effect, and at least one, are experiments on rats or mice."""
    known = evidence.sources()
    systems = [known[key].system for key in sources if key in known]
    return bool(systems) and all(system in RODENTS for system in systems)


def check_human_share(entry: Entry, on_rodents: Iterable[bool]) -> None:
    """Report a share that is missing, and one that no effect asks for."""
    asked, given = any(on_rodents), HUMAN_SHARE in entry.data
    if asked and not given:
        hint = "Give value, unit, spread, source, grade and title: which part of the effect in rodents people keep."
        entry.report("no-human-share", "an effect rests on rats and mice alone, and human_share is missing", hint=hint)
    if given and not asked:
        hint = "Remove it, or name the rodent studies as the sources of the effect."
        entry.report("idle-human-share", "no effect rests on rats and mice alone", HUMAN_SHARE, hint)


def check_infection_risk(entry: Entry, targets: Iterable[str]) -> None:
    """Report a product that changes immunity without a hazard of infection, and without a reason why there is none."""
    reached = tuple(targets)
    immune = sorted({target for target in reached if target.partition(".")[0] in IMMUNE})
    excused = bool(entry.text(NO_INFECTION_RISK))
    if immune and INFECTION not in reached and not excused:
        hint = f"Add an effect on {INFECTION}, or say in {NO_INFECTION_RISK} why there is none."
        message = f"it acts on {', '.join(immune)}, but no effect says how many infections that costs"
        entry.report("no-infection-risk", message, "effects", hint)
    if excused and (INFECTION in reached or not immune):
        entry.report("idle-excuse", f"{NO_INFECTION_RISK} is given, but nothing asks for it", NO_INFECTION_RISK)
