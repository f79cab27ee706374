"""What stands behind a product: whether people were ever given it, at which doses, and how well its effect is known.

All of it is read from the product's file (``people``, the grades of its numbers), so that a report cannot praise what
nobody was given without saying so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from charcot.core.errors import Problem, Severity, Where
from charcot.core.units import parse_quantity
from charcot.treatments.library import products
from charcot.treatments.product import DOSE_SLACK, Product
from charcot.treatments.vector import Vector, redosed

FREE_GRADE = "F"
AGES = (40.0, 70.0)  # years: for which a sentence says who cannot be given a vector
FAR = 10.0  # times below the default dose: beyond this, say so


def never_given(names: Iterable[str]) -> list[str]:
    """The products among ``names`` that no patient was ever given, in their order."""
    return [name for name in dict.fromkeys(names) if not products()[name].people.given]


def standing(names: Iterable[str]) -> tuple[str, ...]:
    """A sentence on each product: given to people or not, at which doses, and the grades of dose and effect."""
    return tuple(_sentence(products()[name]) for name in dict.fromkeys(names))


def standing_of_experiments(names: Iterable[str]) -> tuple[str, ...]:
    """One sentence for reports of experiments, which give many products: which of them no patient was ever given."""
    given = list(dict.fromkeys(names))
    if not given:
        return ("No treatment is given in these experiments.",)
    titles = [products()[name].title for name in never_given(given)]
    never = f"NEVER GIVEN TO PEOPLE: {', '.join(titles)}" if titles else "each of them was given to people"
    return (f"The experiments give {len(given)} product{'s' * (len(given) > 1)}; {never}.",)


def standing_words(names: Iterable[str]) -> str:
    """The sentences of :func:`standing` as one text, and a sentence where nothing is given."""
    return " ".join(standing(names)) or "No treatment is given in this run."


def redosing(names: Sequence[str]) -> list[str]:
    """A sentence for each vector among the products ``names`` of one person that meets the antibodies of another."""
    known = products()
    clashes = redosed((name, known[name].vector) for name in names if name in known)
    return [
        f"{first} makes antibodies against {serotype}, which neutralise {second}: give one of them"
        for first, second, serotype in clashes
        if first != second  # that a product is given once is said of it alone
    ]


def is_beyond(product: Product, dose: str) -> bool:
    """Whether a dose (text with a unit) lies outside what people were given: always so for what nobody was given, and
    where no dose was read."""
    people = product.people
    if not (people.given and people.highest):
        return True
    low, amount, high = (parse_quantity(text, product.dose_unit) for text in (people.lowest, dose, people.highest))
    return not low * (1 - DOSE_SLACK) <= amount <= high * (1 + DOSE_SLACK)


def doubts(product: Product, doses: Sequence[str]) -> list[Problem]:
    """Warnings about doses (text with a unit) that people were not given, or far below the default dose."""
    people, found = product.people, []
    outside = [text for text in doses if is_beyond(product, text)]
    if not people.given:
        message = f"{product.name} was never given to people: each dose of it is hypothetical ({people.note})"
        found.append(_warning("never-given", message, "A gain from it is a question to the model, not a finding."))
    elif not people.highest:
        message = f"{product.name} was given to people, but no dose of it was read: each dose is hypothetical"
        found.append(_warning("unread-dose", message, f"{people.note} ({'; '.join(people.sources)})."))
    elif outside:
        message = f"{product.name}: {', '.join(outside)} outside what people were given ({_range(product)})"
        hint = f"The effect there is extrapolated. Studied: {'; '.join(people.sources)} ({people.note})."
        found.append(_warning("unstudied-dose", message, hint))
    if product.vector is not None:
        found += [_warning("vector-harm", f"{product.name}: {harm_of(product, dose)}", "") for dose in doses]
    default = parse_quantity(product.default_dose, product.dose_unit)
    low = [text for text in doses if parse_quantity(text, product.dose_unit) < default / FAR]
    if low:
        message = f"{product.name}: {', '.join(low)} is more than {FAR:g} times below one dose ({product.default_dose})"
        found.append(_warning("far-dose", message, "Check the unit."))
    return found


def _sentence(product: Product) -> str:
    numbers = [number for effect in product.effects for number in effect.numbers.values()]
    grades = sorted({number.grade for number in numbers})
    if grades == [FREE_GRADE]:
        effect = "how large its effect is was set by hand, not measured (grade F)"
    elif FREE_GRADE in grades:
        effect = f"how large its effect is was set by hand in part (grades {' and '.join(grades)})"
    else:
        effect = f"the size of its effect rests on grades {' and '.join(grades)}"
    share = product.human_share
    if share:
        effect += f"; it rests on rats and mice, and {share.value:.0%} of their effect is taken to hold in people"
    people = product.people
    tail = _of_vector(product, product.vector) if product.vector else ""
    if not people.given:
        return f"{product.title}: NEVER GIVEN TO PEOPLE; its dose is hypothetical, and {effect}.{tail}"
    doses = f"in doses of {_range(product)}" if people.highest else "in doses that were not read"
    return f"{product.title}: given to patients {doses} ({'; '.join(people.sources)}); {effect}.{tail}"


def _of_vector(product: Product, vector: Vector) -> str:
    """Who cannot be given a vector, what harm comes with its dose, and what is left open."""
    shares = " and ".join(f"{100 * float(vector.share_not_eligible(age)):.0f} % at {age:g} years" for age in AGES)
    none = max((n.chance_of_none for e in product.effects for n in e.numbers.values()), default=0.0)
    doubt = f" With a chance of {none:g} it has no effect at all." if none else ""
    harm = f" {harm_of(product, product.default_dose)}" if vector.harms else ""
    return f"{doubt} Not eligible for antibodies against {vector.serotype}: {shares}.{harm}"


def harm_of(product: Product, dose: str) -> str:
    """How often a dose of a vector (text with a unit) is expected to do harm; empty for other products."""
    if product.vector is None or not product.vector.harms:
        return ""
    amount = parse_quantity(dose, product.dose_unit)
    kinds = ", ".join(f"{harm.title} in {100 * harm.share(amount):.0f} %" for harm in product.vector.harms.values())
    return f"Expected after {dose}: {kinds}."


def _range(product: Product) -> str:
    people = product.people
    return people.highest if people.lowest == people.highest else f"{people.lowest} to {people.highest}"


def _warning(code: str, message: str, hint: str) -> Problem:
    return Problem(code, message, Where("--dose"), hint, Severity.WARNING)
