"""Findings of the checks, and what the models of ``protocol.py`` found, in the user's words."""

from __future__ import annotations

import typing
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from charcot.core.form_words import in_words
from charcot.core.identifiers import close_to
from charcot.core.yaml_file import Path_
from charcot.trials.protocol import Protocol

ADD_ARM = "Add an arm without treatments: - {id: placebo, n: 60}"


@dataclass(frozen=True)
class Finding:
    """One problem at one path of the file."""

    path: Path_
    code: str
    message: str
    hint: str = ""


def follows(entry: Any) -> bool:
    """Whether a finding only follows from others: a list is called too short when all that stands in it is wrong."""
    return bool(entry["type"] == "too_short" and entry["input"])


def from_model(entry: Any) -> Finding:
    path: Path_ = tuple(entry["loc"])
    name, kind = dotted(path), entry["type"]
    if kind == "missing":
        return Finding(path, "missing-key", f"'{name}' is missing", f"Add the key '{path[-1]}'.")
    if kind == "extra_forbidden":
        known = _keys_at(path[:-1])
        hint = f"{close_to(str(path[-1]), known)} Known here: {', '.join(known)}."
        return Finding(path, "unknown-key", f"unknown key '{name}'", hint)
    if kind == "value_error":
        return Finding(path, "bad-quantity", f"{name}: {entry['ctx']['error']}")
    if kind == "literal_error":
        known = [word.strip(" '") for word in entry["ctx"]["expected"].replace(" or ", ", ").split(",")]
        hint = f"{close_to(str(entry['input']), known)} Known: {', '.join(known)}."
        return Finding(path, "unknown-word", f"{name}: unknown word {entry['input']!r}", hint)
    if kind == "too_short" and name == "arms":
        return Finding(path, "no-arms", "a trial compares two arms or more, and there are none", ADD_ARM)
    if kind == "less_than_equal":
        most = entry["ctx"]["le"]
        hint = "For very many patients use `charcot population`." if path[-1] == "n" else ""
        return Finding(
            path, "too-many", f"{name}: {entry['input']!r} is above the most that is possible, {most:,}", hint
        )
    if kind == "greater_than_equal" and path[-1] == "n":
        return Finding(path, "empty-arm", f"{name}: an arm of {entry['input']} patients is empty", "Use n: 1 or more.")
    if kind == "string_pattern_mismatch":
        hint = "Use letters, digits, '_', '.' and '-', and begin with a letter or a digit."
        return Finding(path, "bad-name", f"{name}: {entry['input']!r} cannot be a name", hint)
    hint = "0.05, two-sided, is usual." if path[-1:] == ("alpha",) else ""
    return Finding(path, "bad-value", f"{name}: {in_words(entry)}", hint)


def dotted(path: Path_) -> str:
    """The path as ``--set`` takes it: list entries by number, the first is 0."""
    text = ""
    for part in path:
        text += f".{part}"
    return text.lstrip(".")


def _keys_at(path: Path_) -> list[str]:
    """The keys that a protocol may have at ``path``."""
    model: type[BaseModel] = Protocol
    for part in path:
        if not isinstance(part, str):
            continue
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        inner = _model_in(fields[part].annotation) if part in fields else None
        model = inner or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside an annotation such as ``tuple[Arm, ...]`` or ``RunIn | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(argument) for argument in typing.get_args(annotation))
    return next((model for model in inner if model is not None), None)
