"""Mistakes, accidents and malice: changes of a YAML file and of the words of a command."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML

NUMBERS = [0, -1, 1, 5, -3.5, 1e-300, 1e300, 10**12, 10**40, float("nan"), float("inf"), float("-inf"), 149, 0.5]
TEXTS = [
    "",
    " ",
    "0",
    "-1",
    "nan",
    "inf",
    "1e400",
    "null",
    "~",
    "true",
    "60 mg",
    "60",
    "-60 mg",
    "1e30 mg",
    "60 furlong",
    "5 %",
    "120 %",
    "24 weeks",
    "-24 weeks",
    "every 4 weeks until 24 weeks",
    "every 0 weeks until 5 weeks",
    "nan weeks",
    "inf days",
    "every nan weeks until inf weeks",
    "lumbar.nmj.innervation",
    "no.such.port",
    "../../etc/passwd",
    "/dev/zero",
    "%s%n{0}{x}",
    "x" * 3000,
    "9" * 400,
    "ä\u00f6\u4e2d\U0001f600",
    "\u202eabc",
    "a\x07b",
    "[bold]x[/bold]",
    "$(id)",
    "'",
    '"',
    "a: b",
    "- a",
    "{",
    "[",
    "*x",
    "&x",
    "!!x y",
    "lognormal(0, 1)",
    "1/0",
    "__import__('os')",
    "((((1))))",
    "2 ** 9 ** 9 ** 9",
    "\u00b2",
    "٣",
    "60 mg/",
    "1 mg ** 99999",
    "mg",
    "1e5000 weeks",
    "survival",
    "riluzole",
    "sporadic",
    "4 weeks to 3 weeks",
    "2026-13-45",
]
NESTED = [[], {}, [[]], [{}], {"a": {"b": {"c": 1}}}, [1, "a", None], [[[[[1]]]]], {"min": "5 years"}, [None] * 30]
CHARACTERS = [*"\t\n:-[]{}#&*!|>'\"%@`?,é\x00\x1b\x85\u2028\ufeff\ud800", "  "]
LINES = [
    "\t- x",
    "a: [",
    "*nope",
    "- - -",
    "? x",
    "%YAML 9",
    "a: !!python/object:x y",
    '"',
    "---",
    "...",
    "x: \x07",
    "<<: 5",
]


def value(draw: random.Random) -> Any:
    """Something that stands where something else should."""
    kind = draw.random()
    if kind < 0.35:
        return draw.choice(NUMBERS)
    if kind < 0.8:
        return draw.choice(TEXTS)
    return draw.choice([None, True, False, *NESTED])


def changed(text: str, draw: random.Random) -> str:
    """A YAML file with one to three things wrong, in what it says or in how it is written."""
    if draw.random() < 0.25:
        return _misspelt(text, draw)
    data = YAML(typ="safe", pure=True).load(text)
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        _change(data, draw)
    if draw.random() < 0.05:
        data["deep"] = _deep(draw.choice([10, 39, 60, 300]))
    yaml, out = YAML(typ="safe", pure=True), io.StringIO()
    yaml.default_flow_style = draw.random() < 0.1
    try:
        yaml.dump(data, out)
    except Exception:  # what cannot be written cannot be in a file
        return _misspelt(text, draw)
    return out.getvalue()


def _deep(levels: int) -> Any:
    inner: Any = 1
    for level in range(levels):
        inner = [inner] if level % 2 else {"a": inner}
    return inner


def _places(data: Any, levels: int = 12) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a document, which may have come to stand inside itself."""
    if not levels:
        return
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, inner in list(entries):
        yield data, key
        yield from _places(inner, levels - 1)


def _change(data: Any, draw: random.Random) -> None:
    places = list(_places(data))
    if not places:
        return
    container, key = draw.choice(places)
    way = draw.random()
    if way < 0.2:
        del container[key]
    elif way < 0.7:
        container[key] = value(draw)
    elif way < 0.8 and isinstance(container, dict):
        container[draw.choice([*TEXTS, str(key) + "s", str(key).upper(), 5, None, True])] = container.pop(key)
    elif way < 0.85:
        other, from_there = draw.choice(places)
        if from_there in other if isinstance(other, dict) else from_there < len(other):
            container[key] = other[from_there]  # dumped as an alias where it is a container
    elif way < 0.92 and isinstance(container, list):
        container.extend(container[:] * draw.choice([1, 1, 40]))
    elif isinstance(container[key], int | float):
        container[key] = container[key] * draw.choice([-1, 0, 1e-9, 1e9, 1e300])
    elif isinstance(container[key], str):
        container[key] = _misspelt(container[key], draw)


def _misspelt(text: str, draw: random.Random) -> str:
    """A text with a character or a line too much or too few."""
    lines, way = text.split("\n"), draw.random()
    at, where = draw.randrange(len(text) + 1), draw.randrange(len(lines))
    if way < 0.3:
        return text[:at] + draw.choice(CHARACTERS) + text[at:]
    if way < 0.5:
        return text[:at] + text[at + draw.choice([1, 1, 5, 100]) :]
    if way < 0.65:
        lines[where] = "  " + lines[where]
    elif way < 0.75:
        lines.insert(where, draw.choice(LINES))
    elif way < 0.85:
        lines.insert(where, lines[draw.randrange(len(lines))])
    elif way < 0.95:
        del lines[where]
    else:
        lines = lines[:where]
    return "\n".join(lines)
