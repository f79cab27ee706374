"""A YAML file as plain data that remembers on which line each key stands."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from charcot.core.errors import Problem, Problems, Where
from charcot.core.yaml_bounds import LARGEST_FILE, one_problem, parse

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


_NO_KEYS = "Write lines of the form 'key: value'."


def read_document(path: str | Path, name: str = "", hint: str = "") -> Document:
    """Read one YAML mapping; raises :class:`Problems` that say what is wrong with the file itself.

    Args:
        name: how messages call the file; default its path.
        hint: what to do when the file holds no keys.
    """
    file = name or str(path)
    return document_of(_text(Path(path), file), file, hint)


def document_of(text: str, file: str, hint: str = "") -> Document:
    """One YAML mapping from its text, which need not be a file's; raises :class:`Problems` as :func:`read_document`.

    Args:
        file: how messages call it.
        hint: what to do when it holds no keys.
    """
    tabs = [
        Problem("tab", "the line is indented with a tab", Where(file, number), "YAML wants spaces: replace the tab.")
        for number, line in enumerate(text.split("\n"), start=1)
        if "\t" in line[: len(line) - len(line.lstrip())] and line.strip()
    ]
    if tabs:
        raise Problems(tabs)
    data = parse(text, file)
    if data is None:
        raise one_problem("empty-file", "the file is empty", Where(file), hint or _NO_KEYS)
    if not isinstance(data, CommentedMap):
        raise one_problem("not-a-mapping", "the file holds no keys", Where(file, 1), hint or _NO_KEYS)
    return Document(file, data)


def _text(path: Path, file: str) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)  # no more, whatever it is: a device has no end
    except FileNotFoundError:
        near = sorted(p.name for p in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
        hint = f"In that folder: {', '.join(near[:8])}." if near else "Check the path and the name."
        raise one_problem("no-file", "there is no such file", Where(file), hint) from None
    except IsADirectoryError:
        raise one_problem("no-file", "this is a folder, not a YAML file", Where(file)) from None
    except (OSError, ValueError) as error:  # a ValueError: a name that no file can have
        reason = getattr(error, "strerror", None) or error
        raise one_problem("unreadable", f"the file cannot be read: {reason}", Where(file)) from None
    if len(content) > LARGEST_FILE:
        hint = "Check that it is the right file."
        raise one_problem("too-large", f"the file has more than {LARGEST_FILE:,} bytes", Where(file), hint)
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise one_problem("not-text", "the file is not UTF-8 text", Where(file, line), "Save it as UTF-8.") from None


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
        if not isinstance(node, (dict, list)):
            raise TypeError(f"'{'.'.join(parts[:position])}' holds no keys, so '{part}' cannot be set in it")
        key: Any = _entry(node, part) if isinstance(node, list) else part
        if not part.strip():
            raise KeyError(f"'{'.'.join(parts)}' has an empty part")
        path.append(key)
        if position == len(parts) - 1:
            node[key] = value
        elif isinstance(node, dict) and key not in node:
            node[key] = CommentedMap()
        else:
            node[key] = copy.copy(node[key])  # what an alias repeats stays as it is in the other place
        node = node[key]
    return tuple(path)


def _entry(entries: list[Any], part: str) -> int:
    if part.isascii() and part.isdigit() and len(part) < 10 and int(part) < len(entries):
        return int(part)
    ids = [entry.get("id") if isinstance(entry, dict) else None for entry in entries]
    if part in ids:
        return ids.index(part)
    known = ", ".join(str(i) for i in ids if i is not None)
    raise KeyError(f"no entry is called '{part}'" + (f"; there are {known}" if known else ""))
