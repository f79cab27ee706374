"""What may be asked about treatments, read from the words of an address into the plan of a sweep.

One person is asked about, by gene, age and site as on the Patient screen. Function is read while the person lives; time
has to be asked for by its name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from charcot import __version__, treatments
from charcot.core.errors import Problem, Severity, raise_if_any
from charcot.core.hashing import hash_json
from charcot.interfaces.explorer.treatment_shapes import Gained
from charcot.interfaces.report.gain_words import spoken
from charcot.interfaces.report.names import plain_unit
from charcot.patients import Traits
from charcot.studies import window

USUAL_MULTIPLES = (0.25, 0.5, 1.0, 2.0, 4.0)
USUAL_STARTS = window.DEFAULT_STARTS
USUAL_MONTHS = 36
TIME, FUNCTION = "time", "alsfrs"
MOST_CELLS = 80
FEWEST_PRODUCTS, MOST_PRODUCTS = 2, 4
SHARE = "share"  # the unit of what has none
CLOCK = "years from the onset of the untreated course"


def window_plan(traits: Traits, product: str, doses: str, starts: str, at: int, gained: str) -> window.Plan:
    """One product over doses (multiples of its default dose; empty: the usual ones that are not too large) and starts
    (years from onset; empty: the usual ones).

    Raises :class:`charcot.core.errors.Problems` with all that is wrong.
    """
    problems: list[Problem] = []
    multiples = _numbers(doses, "dose", problems) or _usual_multiples(product)
    begins = _numbers(starts, "start", problems) or USUAL_STARTS
    if len(multiples) * len(begins) > MOST_CELLS:
        hint = f"Ask for {MOST_CELLS} at most; more is a run of its own: charcot sweep."
        message = f"{len(multiples) * len(begins):,} cells cannot be simulated in the explorer"
        problems.append(Problem("too-many", message, None, hint))
    whole = _of_person(traits, at, gained)
    return _checked(replace(whole, products=(product,), pairs=False, multiples=multiples, starts=begins), problems)


def pairs_plan(traits: Traits, products: Sequence[str], start: float, at: int, gained: str) -> window.Plan:
    """Every pair of some products at their usual doses, from one start on.

    Raises :class:`charcot.core.errors.Problems` with all that is wrong.
    """
    problems: list[Problem] = []
    if not FEWEST_PRODUCTS <= len(products) <= MOST_PRODUCTS:
        hint = f"Choose {FEWEST_PRODUCTS} to {MOST_PRODUCTS}."
        problems.append(Problem("bad-number", f"{len(products):,} treatments make no such pairs", None, hint))
    whole = _of_person(traits, at, gained)
    chosen = tuple(products[:MOST_PRODUCTS])
    return _checked(replace(whole, products=chosen, multiples=(1.0,), starts=(start,)), problems)


def notes_of(plan: window.Plan) -> list[str]:
    """What to know of a sound plan: its warnings, with products by their titles."""
    warnings = [problem for problem in window.check_plan(plan) if problem.severity is Severity.WARNING]
    said = [f"{one.message.rstrip('.')}. {one.hint}".strip() for one in warnings]
    for name in plan.products:
        title = treatments.products()[name].title
        said = [title.join(re.split(rf"\b{name}\b", text)) for text in said]
    return [spoken(text) for text in dict.fromkeys(said)]


def too_large(product: str) -> list[str]:
    """The usual doses that are above the largest one that the model takes, in words."""
    taken = _usual_multiples(product)
    whole = window.Plan(products=(product,), multiples=USUAL_MULTIPLES).levels(product)
    return [text for multiple, text in whole if multiple not in taken]


def gained_of(plan: window.Plan) -> Gained:
    """What a plan reads, in words; time is read over the whole follow-up."""
    one = plan.endpoints[plan.endpoint]
    at = plan.at_months if plan.while_alive else None
    return Gained(
        name=plan.endpoint if plan.while_alive else TIME, title=one.title, unit=plain_unit(one.unit) or SHARE, at=at
    )


def mark(plan: window.Plan, answer: str, **more: object) -> str:
    """A name for the answer, which changes with the model."""
    from charcot.patients import laboratory

    return hash_json([answer, plan.resolved(), more, __version__, laboratory(treated=True).hash])


def _of_person(traits: Traits, at: int, gained: str) -> window.Plan:
    """A plan of one person with what is read of it, and nothing given yet."""
    return window.Plan(
        population=traits.genotype,
        patient=traits.site,
        age=traits.age_at_onset,
        person=traits.seed,
        n=1,
        endpoint="survival" if gained == TIME else gained,
        at_months=float(at),
        while_alive=gained != TIME,
    )


def _checked(plan: window.Plan, problems: list[Problem]) -> window.Plan:
    found = [*problems, *(p for p in window.check_plan(plan) if p.severity is Severity.ERROR)]
    raise_if_any(found, "this cannot be simulated")
    return plan


def _usual_multiples(product: str) -> tuple[float, ...]:
    """The usual doses of a product that are not above the largest one that the model takes."""
    known = treatments.products()
    if product not in known:
        return USUAL_MULTIPLES
    levels = window.Plan(products=(product,), multiples=USUAL_MULTIPLES).levels(product)
    return tuple(multiple for multiple, text in levels if _is_taken(known[product], text))


def _is_taken(product: treatments.Product, dose: str) -> bool:
    try:
        treatments.dose_of(product, dose)
    except ValueError:
        return False
    return True


def _numbers(text: str, what: str, problems: list[Problem]) -> tuple[float, ...]:
    found = set()
    for part in text.split(",") if text.strip() else ():
        try:
            found.add(float(part))
        except ValueError:
            hint = "Write numbers with commas between them, such as " + ("0.5,1,2." if what == "dose" else "-1,0,1.")
            problems.append(Problem("not-a-number", f"the {what} {part.strip()!r} is not a number", None, hint))
    return tuple(sorted(found))
