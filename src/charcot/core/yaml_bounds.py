"""YAML text as plain data, within bounds: no file keeps the program busy, fills its memory or breaks its parser.

YAML lets a small text mean very much: aliases that repeat aliases, values within values without end, numbers of any
length, objects by tag. What Charcot reads needs none of that, so it is refused where it stands, before it is built.
"""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.constructor import ConstructorError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from charcot.core.errors import Problem, Problems, Where, readable

LARGEST_FILE = 200_000  # bytes; the largest shipped file has 4,111
MOST_VALUES = 5_000  # with every alias written out
DEEPEST = 40  # values within values
LONGEST_TEXT = 10_000  # characters
LONGEST_NUMBER = 50  # characters; a number of full precision has 24

_TOO_MANY = f"the file holds more than {MOST_VALUES:,} values"
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class OutOfBounds(MarkedYAMLError):
    """Correct YAML, and more than a file of Charcot needs."""


def parse(text: str, file: str) -> Any:
    """The data of a YAML text with the lines of its keys (``None`` when it is empty).

    Raises:
        Problems: it is not YAML, or out of bounds; with the line in ``file``.
    """
    if len(text) > LARGEST_FILE:
        raise one_problem("too-large", f"the text has more than {LARGEST_FILE:,} characters", Where(file))
    found = _unprintable_lines(text, file)
    if found:
        raise Problems(found)
    yaml = YAML(typ="rt")
    yaml.Composer, yaml.Constructor = _BoundedComposer, _NamingConstructor
    try:
        return yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        known = isinstance(error, OutOfBounds)
        words = str(error.problem) if known else _words(error)
        where = Where(file, mark.line + 1 if mark else 0)
        raise one_problem("out-of-bounds" if known else "not-yaml", words, where) from None
    except YAMLError as error:
        raise one_problem("not-yaml", f"the file is not YAML: {error}", Where(file)) from None
    except (RecursionError, ValueError, TypeError, KeyError, AttributeError, AssertionError) as error:
        # the parser itself gave up on it
        raise one_problem("not-yaml", f"the file is not YAML ({type(error).__name__}: {error})", Where(file)) from None


def one_problem(code: str, message: str, where: Where, hint: str = "") -> Problems:
    """A single finding, to be raised."""
    return Problems([Problem(code, message, where, hint)])


def _unprintable_lines(text: str, file: str) -> list[Problem]:
    lines: dict[int, str] = {}
    for found in _UNPRINTABLE.finditer(text.removeprefix("\ufeff")):
        lines.setdefault(text.count("\n", 0, found.start()) + 1, found.group())
    return [
        Problem("control-character", f"the line holds a control character (code {ord(character)})", Where(file, line),
                "Delete it: it may be invisible in an editor.")
        for line, character in list(lines.items())[:20]
    ]  # fmt: skip


def _words(error: MarkedYAMLError) -> str:
    parts = [str(part).split("\n")[0] for part in (error.context, error.problem) if part]
    return "the file is not YAML: " + (", ".join(parts) or "unreadable")


class _BoundedComposer(Composer):
    """Builds the tree of values; ``_known`` holds the size and the height of each finished part of it."""

    _level = _count = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.parser.peek_event()
        if isinstance(event, AliasEvent):
            node = super().compose_node(parent, index)
            if id(node) not in self._sizes():
                raise OutOfBounds(None, None, f"*{event.anchor} stands inside what it repeats", event.start_mark)
            return node
        if event.ctag is not None and str(event.ctag) != "!":
            raise OutOfBounds(None, None, f"types by name ({event.ctag}) are not read", event.start_mark)
        self._level, self._count = self._level + 1, self._count + 1
        if self._count > MOST_VALUES:  # before they are measured, since each of them takes time
            raise OutOfBounds(None, None, _TOO_MANY, event.start_mark)
        self._check_height(self._level, event.start_mark)
        node = super().compose_node(parent, index)
        self._level -= 1
        self._measure(node)
        return node

    def _sizes(self) -> dict[int, tuple[int, int]]:
        known: dict[int, tuple[int, int]] = self.__dict__.setdefault("_known", {})
        return known

    def _measure(self, node: Any) -> None:
        known, parts = self._sizes(), []
        if isinstance(node, MappingNode):
            _check_keys(node)
            parts = [part for pair in node.value for part in pair]
        elif isinstance(node, SequenceNode):
            parts = node.value
        else:
            _check_scalar(node)
        size = 1 + sum(known[id(part)][0] for part in parts)
        height = 1 + max((known[id(part)][1] for part in parts), default=0)
        if size > MOST_VALUES:
            raise OutOfBounds(None, None, _TOO_MANY, node.start_mark)
        self._check_height(height, node.start_mark)
        known[id(node)] = size, height

    @staticmethod
    def _check_height(height: int, mark: Any) -> None:
        if height > DEEPEST:
            raise OutOfBounds(None, None, f"values stand within values more than {DEEPEST} deep", mark)


def _check_keys(node: Any) -> None:
    for key, _ in node.value:
        if not isinstance(key, ScalarNode) or not str(key.ctag).endswith((":str", ":merge")):
            shown = f"'{readable(key.value)}'" if isinstance(key, ScalarNode) else "this"
            raise OutOfBounds(None, None, f"{shown} names a value, but is no text: put it in quotes", key.start_mark)


def _check_scalar(node: Any) -> None:
    number = str(node.ctag).endswith((":int", ":float"))
    if number and len(node.value) > LONGEST_NUMBER:
        raise OutOfBounds(None, None, f"this number has {len(node.value):,} characters", node.start_mark)
    if len(node.value) > LONGEST_TEXT:
        raise OutOfBounds(None, None, f"this text has more than {LONGEST_TEXT:,} characters", node.start_mark)
    found = _UNPRINTABLE.search(node.value)
    if found and node.style == '"':  # written as an escape; the parser itself marks folded text with such characters
        words = f"this text holds a control character (code {ord(found.group())})"
        raise OutOfBounds(None, None, words, node.start_mark)


class _NamingConstructor(RoundTripConstructor):
    """Says where a value stands that cannot be understood, such as the date 2026-13-45."""

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, TypeError, OverflowError, AttributeError, KeyError) as error:
            words = f"'{readable(str(node.value))}' is no value ({error})"
            raise ConstructorError(None, None, words, node.start_mark) from None
