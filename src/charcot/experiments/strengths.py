"""Strengths: how much of a full block a drug is, known as a range only, written as a name in the numbers of an arm.

``strengths: {inhibition: {low: 0.3, middle: 0.5, high: 0.8, why: ...}}`` and then ``multiply: {nox2.activity: 1 -
inhibition}``. The outcome is judged at the middle; what comes out at both ends is printed beside it.
"""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Iterator, Mapping
from typing import Any

from charcot.core.errors import Problem, raise_if_any
from charcot.core.identifiers import did_you_mean
from charcot.core.yaml_file import Document, Path_
from charcot.experiments.formula import FormulaError, can_be_named, evaluate, names

MIDDLE, ENDS = "middle", ("low", "high")
_OF_MEASURES = ("day", "origin", "since", "until", "below", "above", "value")  # keys whose formulas take measures
_NAMES = "Take letters, digits and underscores, a letter first, and no word of formulas or of Python."
_UNREAD = "Write it in a number under set, multiply, add, scale or input of an arm, such as '1 - ' and its name."
_DONE = ("set", "multiply", "add", "scale", "input")  # what an arm does with numbers


def resolved(document: Document, level: str = MIDDLE) -> Any:
    """The data of a file with each formula of strengths as a number, at one level: low, middle or high.

    Raises :class:`charcot.core.errors.Problems` for a formula that is none, a name that is no strength, and a strength
    that no arm uses. A file without strengths is left as it is.
    """
    given = document.data.get("strengths")
    if not isinstance(given, Mapping):
        return document.data
    levels = {name: _level(one.get(level) if isinstance(one, Mapping) else None) for name, one in given.items()}
    # What is wrong with a strength is told with the form of the file; until then it stands for some number.
    broken = {name for name, value in levels.items() if not math.isfinite(value)}
    data, used = copy.deepcopy(document.data), set(_elsewhere(document.data))
    problems = [
        Problem("bad-name", f"no formula can name the strength {name!r}", document.where(("strengths", name)), _NAMES)
        for name in levels
        if not can_be_named(name)
    ]
    used |= {name for name in levels if not can_be_named(name)}
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
        if not unknown and asked & broken:
            holder[key] = 1.0
        elif not unknown:
            value = evaluate(text, lambda name: levels[name])
            if not math.isfinite(value):
                problems.append(Problem("bad-formula", f"{text!r} is no number with {level} strengths", where))
            holder[key] = value
    for name in sorted(set(levels) - used):
        where = document.where(("strengths", name))
        problems.append(Problem("unread-strength", f"no arm uses the strength {name!r}", where, _UNREAD))
    if not broken:
        raise_if_any(problems)
    return data


def _level(value: Any) -> float:
    """A level as the form of the file reads it, a number in quotation marks too; NaN where it is none."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _elsewhere(node: Any) -> Iterator[str]:
    """Names in formulas of measures, such as days: a strength there is told where it stands, and not as unused."""
    for key, value in node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list) else ():
        if key in _OF_MEASURES and isinstance(value, str):
            with contextlib.suppress(FormulaError):  # told where it stands
                yield from names(value)
        yield from _elsewhere(value)


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
