"""Files that are there whole or not at all, also after a power cut."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from charcot.core import locks

TEMPORARY = ".partial-"


@contextlib.contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` to write to; at the end its content is on disk and stands under ``path``.

    Two writers of one path do not disturb each other: the last one to finish stays. What a killed writer of this path
    has left is removed.
    """
    _sweep(path)
    temporary = path.with_name(f".{path.name}{TEMPORARY}{secrets.token_hex(6)}")
    lock = None
    try:
        lock, _ = locks.take(temporary)
        yield temporary
        sync(temporary)
        os.replace(temporary, path)
        sync(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    finally:
        if lock is not None:
            os.close(lock)


def _sweep(path: Path) -> None:
    """Remove what writers of ``path`` left that are certainly dead: their lock can be taken."""
    for left in path.parent.glob(f".{glob.escape(path.name)}{TEMPORARY}*"):
        with contextlib.suppress(OSError, locks.Held):
            descriptor, certain = locks.take(left)
            try:
                if certain:
                    left.unlink(missing_ok=True)
            finally:
                os.close(descriptor)


def sync(path: Path) -> None:
    """Wait until the disk holds a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, content: Any) -> None:
    """Write JSON that is there whole or not at all."""
    with appearing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """The content of a JSON file, or None when it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def checksum(path: Path) -> str:
    """The SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
