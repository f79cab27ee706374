"""Signatures of the interfaces say what they take and give: a type that is anything hides what does not fit."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import charcot.interfaces

PLACE = Path(charcot.interfaces.__file__).parent
FREE = ("exchange", "explorer", "own_model", "report")  # rooms that are not held to it yet


def _annotations(tree: ast.AST) -> list[ast.expr]:
    """Of arguments, of what is returned, and of the fields of classes, which are arguments of their making."""
    found: list[ast.expr | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append(node.returns)
        elif isinstance(node, ast.arg):
            found.append(node.annotation)
        elif isinstance(node, ast.ClassDef):
            found += [one.annotation for one in node.body if isinstance(one, ast.AnnAssign)]
    return [one for one in found if one is not None]


def _vague(text: str) -> list[int]:
    """The lines of annotations in which something may be anything."""
    vague = (one for one in _annotations(ast.parse(text)) if re.search(r"\bAny\b", ast.unparse(one)))
    return sorted(one.lineno for one in vague)


def test_what_is_vague_is_found():
    text = "def f(a: int, *b: str, **c: Any) -> typing.Any: ...\nclass D:\n    e: dict[str, Any]\n    g: 'Any'\n"
    assert _vague(text) == [1, 1, 3, 4]
    assert _vague("def f(a: int, *b: str, **c: object) -> Company: ...\nx: Any = 1\n") == []


def test_no_signature_takes_or_gives_anything():
    looked_at = [path for path in sorted(PLACE.rglob("*.py")) if path.relative_to(PLACE).parts[0] not in FREE]
    assert len(looked_at) > 50
    found = {
        str(path.relative_to(PLACE)): lines for path in looked_at if (lines := _vague(path.read_text(encoding="utf-8")))
    }
    assert not found, "give these a type that says what is meant (object where it truly may be anything)"
