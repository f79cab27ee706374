"""What a form (a pydantic model) refuses, in words for the person who wrote the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_KEYS = "keys with their values"
_WANTED = {
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": _KEYS,
    "model_type": _KEYS,
    "model_attributes_type": _KEYS,
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "finite_number": "a finite number",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "{} or more"),
    "greater_than": ("gt", "above {}"),
    "less_than_equal": ("le", "{} or less"),
    "less_than": ("lt", "below {}"),
}
_PERCENT = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*%\s*")
_LONGEST = 60  # characters of a wrong value that are shown


def in_words(entry: Mapping[str, Any]) -> str:
    """One entry of ``ValidationError.errors()`` as the end of a sentence about its place: "must be a list, not 5"."""
    kind, context = entry["type"], entry.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(context["error"])
    if kind == "too_short":
        return f"needs {_entries(context['min_length'])} or more, and has {context['actual_length']}"
    if kind == "too_long":
        return f"takes {_entries(context['max_length'])} at most, and has {context['actual_length']}"
    return f"must {_wanted(kind, context, entry['msg'])}, not {_shown(entry['input'])}"


def hint_for(entry: Mapping[str, Any]) -> str:
    """What to write instead, where that is plain: a number for a percentage; else empty."""
    given = _PERCENT.fullmatch(entry["input"]) if isinstance(entry["input"], str) else None
    wanted = entry["type"] in ("float_type", "float_parsing")
    return f"Write {float(given.group(1)) / 100:g}." if given and wanted else ""


def _wanted(kind: str, context: Mapping[str, Any], message: str) -> str:
    if kind in _WANTED:
        return f"be {_WANTED[kind]}"
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return f"be {words.format(format(context[key], ','))}"
    if kind == "literal_error":
        return f"be {context['expected']}"
    if kind == "string_too_short":
        return "hold some text"
    if kind == "string_pattern_mismatch":
        return f"match the pattern {context['pattern']}"
    return f"be something else ({message})"


def _entries(count: int) -> str:
    return f"{count:,} {'entry' if count == 1 else 'entries'}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
