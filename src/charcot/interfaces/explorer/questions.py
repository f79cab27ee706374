"""What may be asked, read from the words of an address or of the command line; all that is wrong at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from charcot import __version__
from charcot.core.errors import Problem, raise_if_any
from charcot.core.hashing import hash_json
from charcot.patients.persons import Traits, Treatment, regimens_of, trait_problems

MOST_MONTHS, FEWEST_MONTHS, MONTHS_BEFORE = 120, 6, 12
MOST_PERSONS, FEWEST_PERSONS = 200, 20
MOST_TREATMENTS = 6
LONGEST_WORDS = 200  # characters of one treatment


@dataclass(frozen=True)
class Question:
    """One person, what they are given, and how many months after onset are shown."""

    traits: Traits
    treatments: tuple[Treatment, ...] = ()
    months: int = 60

    def hash(self, **more: Any) -> str:
        """A name for the answer, which changes with the model."""
        from charcot.patients import laboratory

        return hash_json({**asdict(self), **more, "version": __version__, "program": laboratory(treated=True).hash})


def question(
    genotype: str = "sporadic",
    age: float = 62.0,
    site: str = "lumbar",
    exposures: str = "",
    treat: Sequence[str] = (),
    seed: int | None = None,
    months: int = 60,
) -> Question:
    """Read a question: ``exposures`` are names with commas, ``treat`` has ``product:dose:start`` of each treatment, the
    dose empty for the usual one and the start in months after diagnosis.

    Raises :class:`charcot.core.errors.Problems` with all that is wrong.
    """
    names = tuple(sorted({name.strip() for name in exposures.split(",") if name.strip()}))
    traits = Traits(genotype, float(age), site, names, seed)
    problems = trait_problems(traits)
    if not FEWEST_MONTHS <= months <= MOST_MONTHS:
        hint = f"Give {FEWEST_MONTHS} to {MOST_MONTHS}."
        problems.append(Problem("bad-months", f"{months:,} months cannot be shown", None, hint))
    if len(treat) > MOST_TREATMENTS:
        message = f"{len(treat):,} treatments at once are too many"
        problems.append(Problem("too-many", message, None, f"Give {MOST_TREATMENTS} at most."))
    given = [one for text in treat[:MOST_TREATMENTS] if (one := _treatment(text, problems)) is not None]
    problems += regimens_of(given)[1]
    raise_if_any(problems, "this cannot be simulated")
    return Question(traits, tuple(given), months)


def _treatment(text: str, problems: list[Problem]) -> Treatment | None:
    product, _, rest = text.partition(":")
    dose, _, start = rest.partition(":")
    try:
        months = float(start) if start.strip() else 0.0
        if len(text) > LONGEST_WORDS or not product.strip() or not math.isfinite(months):
            raise ValueError
    except ValueError:
        hint = "Write product:dose:months after diagnosis, such as riluzole:50 mg:0; the dose may be empty."
        problems.append(
            Problem("bad-treatment", f"{text[:LONGEST_WORDS]!r} is not a treatment as product:dose:months", None, hint)
        )
        return None
    return Treatment(product.strip(), dose.strip() or None, months)


def checked_persons(persons: int) -> int:
    """How many drawn persons; raises :class:`charcot.core.errors.Problems` where that is too many or too few."""
    if FEWEST_PERSONS <= persons <= MOST_PERSONS:
        return persons
    hint = f"Give {FEWEST_PERSONS} to {MOST_PERSONS} here; a larger population is a run of its own: charcot population."
    raise_if_any([Problem("bad-size", f"{persons:,} persons cannot be simulated in the explorer", None, hint)])
    return persons
