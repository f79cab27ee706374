"""A YAML file as plain data that remembers on which line each key stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from charcot.core.errors import Problem, Problems, Where

Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """The content of a file and where each part of it stands.

    Attributes:
        file: the path as the user wrote it.
        data: the content (mappings, lists, texts, numbers).
        changed: paths that were set from outside the file, with the words that set them.
    """

    file: str
    data: Any
    changed: Mapping[Path_, str] = field(default_factory=dict)

    def where(self, path: Sequence[str | int]) -> Where:
        """The place of ``path``, or of its nearest part that exists in the file."""
        for length in range(len(path), 0, -1):
            if tuple(path[:length]) in self.changed:
                return Where(self.changed[tuple(path[:length])])
        node, line = self.data, 1
        for depth, part in enumerate(path, start=1):
            position = _position(node, part)
            if position is None:
                setters = [words for place, words in self.changed.items() if place[:depth] == tuple(path[:depth])]
                return Where(setters[0]) if setters else Where(self.file, line)
            line, node = position + 1, node[part]
        return Where(self.file, line)


def _position(node: Any, part: str | int) -> int | None:
    """The zero-based line of one key or list entry."""
    if isinstance(node, CommentedMap) and part in node:
        return int(node.lc.key(part)[0]) if part in (node.lc.data or {}) else None
    if isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
        return int(node.lc.item(part)[0])
    return None


def read_document(path: str | Path) -> Document:
    """Read one YAML mapping; raises :class:`Problems` that say what is wrong with the file itself."""
    file = str(path)
    text = _text(Path(path))
    tabs = [
        Problem("tab", "the line is indented with a tab", Where(file, number), "YAML wants spaces: replace the tab.")
        for number, line in enumerate(text.splitlines(), start=1)
        if "\t" in line[: len(line) - len(line.lstrip())] and line.strip()
    ]
    if tabs:
        raise Problems(tabs)
    try:
        data = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _one("not-yaml", _words(error), Where(file, mark.line + 1 if mark else 0)) from error
    except YAMLError as error:
        raise _one("not-yaml", f"the file is not YAML: {error}", Where(file)) from error
    if data is None:
        hint = "Start from a template: charcot init my-study --template aav-mir126"
        raise _one("empty-file", "the file is empty", Where(file), hint)
    if not isinstance(data, CommentedMap):
        hint = "A protocol is a list of 'key: value' lines; start from a template with charcot init."
        raise _one("not-a-mapping", "the file holds no keys", Where(file, 1), hint)
    return Document(file, data)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        near = sorted(p.name for p in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
        hint = f"In that folder: {', '.join(near[:8])}." if near else "Check the path and the name."
        raise _one("no-file", "there is no such file", Where(str(path)), hint) from None
    except IsADirectoryError:
        raise _one("no-file", "this is a folder, not a protocol file", Where(str(path))) from None
    except UnicodeDecodeError:
        raise _one("not-text", "the file is not UTF-8 text", Where(str(path))) from None
    except OSError as error:
        raise _one("unreadable", f"the file cannot be read: {error.strerror}", Where(str(path))) from None


def _words(error: MarkedYAMLError) -> str:
    parts = [str(part).split("\n")[0] for part in (error.context, error.problem) if part]
    return "the file is not YAML: " + (", ".join(parts) or "unreadable")


def _one(code: str, message: str, where: Where, hint: str = "") -> Problems:
    return Problems([Problem(code, message, where, hint)])


def with_overrides(document: Document, overrides: Mapping[str, Any]) -> Document:
    """``document`` with some values set by dotted path, such as ``{"arms.edaravone.n": 100}``.

    A list entry is named by its position or by its ``id``.
    """
    changed: dict[Path_, str] = {}
    problems: list[Problem] = []
    for dotted, value in overrides.items():
        where = Where(f"--set {dotted}")
        try:
            changed[_set(document.data, dotted.split("."), value)] = str(where)
        except (KeyError, IndexError, TypeError) as error:
            problems.append(Problem("bad-override", str(error.args[0]), where))
    if problems:
        raise Problems(problems)
    return Document(document.file, document.data, changed)


def _set(data: Any, parts: list[str], value: Any) -> Path_:
    path: list[str | int] = []
    node: Any = data
    for position, part in enumerate(parts):
        key: Any = _entry(node, part) if isinstance(node, list) else part
        if not isinstance(node, (dict, list)):
            raise TypeError(f"'{'.'.join(parts[:position])}' holds no keys, so '{part}' cannot be set in it")
        path.append(key)
        if position == len(parts) - 1:
            node[key] = value
        elif isinstance(node, dict) and key not in node:
            node[key] = CommentedMap()
        node = node[key]
    return tuple(path)


def _entry(entries: list[Any], part: str) -> int:
    if part.isdigit() and int(part) < len(entries):
        return int(part)
    ids = [entry.get("id") if isinstance(entry, dict) else None for entry in entries]
    if part in ids:
        return ids.index(part)
    known = ", ".join(str(i) for i in ids if i is not None)
    raise KeyError(f"no entry is called '{part}'" + (f"; there are {known}" if known else ""))
