"""Locks that a process gives up by dying, whatever way it dies."""

from __future__ import annotations

import os
from pathlib import Path


class Held(Exception):
    """Another process holds the lock."""


def take(path: Path) -> tuple[int, bool]:
    """Lock the file at ``path``, made where it is missing.

    Returns a descriptor, which holds the lock until it is closed, and whether the file system knows locks at all: where
    it does not, nobody is kept out.

    Raises:
        Held: another process holds it.
        OSError: the file cannot be opened.
    """
    try:
        import fcntl
    except ImportError:  # not on this platform
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644), False
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise Held from None
        except OSError:
            return descriptor, False
        if _same_file(descriptor, path):
            return descriptor, True
        os.close(descriptor)  # who held it has just removed the file: a lock on that keeps nobody out


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
