"""Protocol files: found, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from charcot.core.errors import Problem, raise_if_any
from charcot.core.yaml_file import Document, document_of, read_document, with_overrides
from charcot.trials.checks import find, find_problems
from charcot.trials.findings import Finding
from charcot.trials.protocol import Protocol
from charcot.trials.world import World, real_world

_NO_KEYS = "A protocol is a list of 'key: value' lines; start from a template with charcot init."


def load_protocol(path: str | Path, overrides: Mapping[str, Any] | None = None, world: World | None = None) -> Protocol:
    """Read and check one protocol file.

    Args:
        path: the YAML file.
        overrides: values set from outside by dotted path, such as ``{"arms.placebo.n": 80}``.
        world: where products and cohorts are looked up; the default is Charcot's own.

    Raises:
        Problems: everything that is wrong, with file and line.
    """
    document = with_overrides(read_document(path, hint=_NO_KEYS), overrides or {})
    protocol, problems = find_problems(document, world or real_world())
    raise_if_any(problems, f"{document.file}: {_count(problems)}")
    assert protocol is not None  # without problems there is a protocol
    return protocol


def read_protocol(text: str, name: str, world: World | None = None) -> tuple[Document, Protocol | None, list[Finding]]:
    """A protocol from its text, with all that is wrong with its values: none where it is sound.

    Args:
        name: how messages call the text.

    Raises:
        Problems: it is not YAML, or out of bounds.
    """
    document = document_of(text, name, hint=_NO_KEYS)
    return document, *find(document, world or real_world())


def _count(problems: list[Problem]) -> str:
    return "1 problem" if len(problems) == 1 else f"{len(problems)} problems"


def published_protocols() -> dict[str, Path]:
    """The shipped protocols of past trials, by name."""
    return _shipped("published")


def templates() -> dict[str, Path]:
    """The starting points of ``charcot init``, by name."""
    return _shipped("templates")


def _shipped(folder: str) -> dict[str, Path]:
    return {path.stem: path for path in sorted((Path(__file__).parent / folder).glob("*.yaml"))}
