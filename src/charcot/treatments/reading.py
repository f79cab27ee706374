"""Product files as data with line numbers, and the plain findings about a mapping: missing, unknown, not a number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from charcot.core.errors import Problem, Problems, Where
from charcot.core.identifiers import close_to
from charcot.core.yaml_file import read_document


class Entry:
    """One mapping of a product file. Every question that has no good answer becomes a problem with its line."""

    def __init__(self, data: CommentedMap, file: str, problems: list[Problem], path: str = "", line: int = 1) -> None:
        self.data, self.file, self.problems, self.path, self.line = data, file, problems, path, line

    def line_of(self, key: str) -> int:
        try:
            return int(self.data.lc.key(key)[0]) + 1
        except (KeyError, AttributeError, TypeError):
            return self.line

    def name_of(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def report(self, code: str, message: str, key: str = "", hint: str = "") -> None:
        line = self.line_of(key) if key else self.line
        self.problems.append(Problem(code, message, Where.of(self.file, line), hint))

    def check_keys(self, required: Iterable[str], optional: Iterable[str] = ()) -> None:
        """Unknown keys with the nearest known ones, and required keys that are not there."""
        needed = tuple(required)
        known = (*needed, *optional)
        for key in self.data:
            if key not in known:
                hint = f"{close_to(str(key), known)} Known are: {', '.join(known)}."
                self.report("unknown-key", f"{self.name_of(str(key))} is not a known key", str(key), hint)
        for key in needed:
            if key not in self.data:
                self.report("missing-key", f"{self.name_of(key)} is missing", hint=f"Add the line '{key}: ...'.")

    def text(self, key: str, default: str = "") -> str:
        """A text; empty when it is missing. An empty or nested value is a problem."""
        if key not in self.data:
            return default
        value = self.data[key]
        if isinstance(value, (CommentedMap, CommentedSeq)) or value is None or not str(value).strip():
            self.report("not-a-text", f"{self.name_of(key)} should be a text", key)
            return default
        return " ".join(str(value).split())

    def choice(self, key: str, known: Iterable[str]) -> str:
        """A text out of ``known``; empty when it is missing or none of them."""
        value, options = self.text(key), tuple(known)
        if value and value not in options:
            hint = f"{close_to(value, options)} Known are: {', '.join(options)}."
            self.report("unknown-choice", f"{self.name_of(key)} is {value!r}", key, hint)
            return ""
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A finite number; NaN when there is none."""
        if key not in self.data:
            return math.nan if default is None else default
        value = self.data[key]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            self.report("not-a-number", f"{self.name_of(key)} is {value!r}, not a finite number", key)
            return math.nan
        return float(value)

    def names(self, key: str) -> tuple[str, ...]:
        """A list of texts, or one text with semicolons, as a tuple."""
        value = self.data.get(key)
        if value is None:
            return ()
        items = value if isinstance(value, CommentedSeq) else str(value).split(";")
        return tuple(str(item).strip() for item in items if str(item).strip())

    def entry(self, key: str) -> Entry | None:
        """The mapping under ``key``."""
        return self._entry(self.data.get(key), self.name_of(key), self.line_of(key)) if key in self.data else None

    def entries(self, key: str) -> Iterator[tuple[str, Entry]]:
        """The mappings in the mapping under ``key``, by name."""
        outer = self.entry(key)
        for name in outer.data if outer else ():
            inner = outer.entry(str(name)) if outer else None
            if inner is not None:
                yield str(name), inner

    def items(self, key: str) -> list[Entry]:
        """The mappings in the list under ``key``."""
        value = self.data.get(key)
        if value is None:
            return []
        if not isinstance(value, CommentedSeq):
            self.report("not-a-list", f"{self.name_of(key)} should be a list", key, "Begin each item with '- '.")
            return []
        lines = [int(value.lc.item(i)[0]) + 1 for i in range(len(value))]
        found = [self._entry(item, f"{self.name_of(key)}[{i}]", lines[i]) for i, item in enumerate(value)]
        return [entry for entry in found if entry is not None]

    def _entry(self, value: Any, path: str, line: int) -> Entry | None:
        if not isinstance(value, CommentedMap):
            message, place = f"{path} should hold named values", Where.of(self.file, line)
            self.problems.append(Problem("not-a-mapping", message, place, "Write key: value."))
            return None
        return Entry(value, self.file, self.problems, path, line)


def read_file(path: Path, problems: list[Problem]) -> Entry | None:
    """The mapping that a YAML file holds; None, with a problem, when it holds none."""
    try:
        document = read_document(path, path.name, "A product file holds named values: key: value.")
    except Problems as error:
        problems += error.problems
        return None
    return Entry(document.data, path.name, problems)
