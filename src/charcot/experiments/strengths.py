"""Strengths: how much of a full block a drug is, known as a range only, written as a name in the numbers of an arm.

``strengths: {inhibition: {low: 0.3, middle: 0.5, high: 0.8, why: ...}}`` and then ``multiply: {nox2.activity: 1 -
inhibition}``. The outcome is judged at the middle; what comes out at both ends is printed beside it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from typing import Any

from charcot.core.errors import Problem, raise_if_any
from charcot.core.identifiers import did_you_mean
from charcot.core.yaml_file import Document, Path_
from charcot.experiments.formula import FormulaError, evaluate, names

MIDDLE, ENDS = "middle", ("low", "high")
_DONE = ("set", "multiply", "add", "scale", "input")  # what an arm does with numbers


def resolved(document: Document, level: str = MIDDLE) -> Any:
    """The data of a file with each formula of strengths as a number, at one level: low, middle or high.

    Raises :class:`charcot.core.errors.Problems` for a formula that is none, a name that is no strength, and a strength
    that no arm uses. A file without strengths is left as it is.
    """
    given = document.data.get("strengths")
    if not isinstance(given, Mapping) or not all(isinstance(one, Mapping) for one in given.values()):
        return document.data
    levels = {name: one.get(level) for name, one in given.items()}
    if not all(isinstance(value, int | float) for value in levels.values()):
        return document.data  # what is missing is told with the form of the file
    data, used = copy.deepcopy(document.data), set()
    problems: list[Problem] = []
    for place, holder, key in _numbers(data):
        text = holder[key]
        if not isinstance(text, str):
            continue
        where = document.where((*place, key))
        try:
            asked = names(text)
        except FormulaError as error:
            problems.append(Problem("bad-formula", str(error), where))
            continue
        unknown = sorted(asked - set(levels))
        hints = [did_you_mean(name, levels) for name in unknown]
        messages = [f"no strength is called {name!r}" for name in unknown]
        problems += [Problem("unknown-strength", m, where, h) for m, h in zip(messages, hints, strict=True)]
        used |= asked
        if not unknown:
            value = evaluate(text, lambda name: float(levels[name]))
            if not math.isfinite(value):
                problems.append(Problem("bad-formula", f"{text!r} is no number with {level} strengths", where))
            holder[key] = value
    for name in sorted(set(levels) - used):
        where = document.where(("strengths", name))
        problems.append(
            Problem("unread-strength", f"no arm uses the strength {name!r}", where, did_you_mean(name, used))
        )
    raise_if_any(problems)
    return data


def _numbers(data: Any) -> Iterator[tuple[Path_, Any, str]]:
    """Each number that is set in the arms and in the cohort: the place of its holder, the holder and its key."""
    arms = data.get("arms") if isinstance(data.get("arms"), Mapping) else {}
    done: list[tuple[Path_, Any]] = []
    for label, arm in arms.items():
        if isinstance(arm, Mapping):
            done.append((("arms", label), arm))
            changes = arm.get("changes")
            done += [(("arms", label, "changes", i), one) for i, one in enumerate(changes or ())
                     if isinstance(changes, list) and isinstance(one, Mapping)]  # fmt: skip
    holders = [((*place, kind), what.get(kind)) for place, what in done for kind in _DONE]
    cohort = data.get("cohort")
    sets = cohort.get("set") if isinstance(cohort, Mapping) else None
    if isinstance(sets, Mapping):
        holders += [(("cohort", "set", label), values) for label, values in sets.items()]
    for place, holder in holders:
        if isinstance(holder, Mapping):
            yield from ((place, holder, key) for key in holder)
