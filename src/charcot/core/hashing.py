"""Content hashes: short, stable names for inputs, programs and runs."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Any


def hash_text(text: str, length: int = 12) -> str:
    """The first ``length`` hexadecimal digits of the SHA-256 of ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def hash_json(value: Any, length: int = 12) -> str:
    """The hash of a JSON-able value; the order of mapping keys does not matter."""
    return hash_text(json.dumps(value, sort_keys=True, default=str, separators=(",", ":")), length)


def hash_files(paths: list[Path], length: int = 12) -> str:
    """The joint hash of the contents of files, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:length]


@functools.cache
def code_hash() -> str:
    """The hash of Charcot's own code and tables: another analysis or another table is another run.

    JSON in the package is a record of what some run gave (``interfaces/stored``), which no run reads: storing one makes
    no other run another.
    """
    return _hash_of((".",))


@functools.cache
def rooms_hash(*rooms: str) -> str:
    """The hash of the code and tables of some folders of Charcot (``"engine"``): what is computed by them alone stays
    valid when others change."""
    return _hash_of(rooms)


def _hash_of(rooms: tuple[str, ...]) -> str:
    root = Path(__file__).parents[1]
    found = (p for room in rooms for p in (root / room).rglob("*"))
    return hash_files(sorted(p for p in found if p.suffix in {".py", ".csv", ".yaml", ".j2", ".css"}))
