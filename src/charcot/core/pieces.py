"""Finished pieces of a long computation, kept until the whole is done: an interrupted one goes on from them.

Whoever computes something long in pieces asks for each through :func:`piece`, with all that tells it from the other
pieces of the same computation. Where pieces are kept (:func:`keeping`), one that is there already is read, and what it
holds is the same to the last bit. Elsewhere it is simply computed. What the whole computation is, which program and
whose data, is told by the folder: the pieces of one folder are all of one run.

Pieces are pickled, and whoever writes a pickle runs code in the process that reads it: they lie in a private folder
(:mod:`charcot.core.private_folder`), and what others may have written is computed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import pickle
from collections import Counter
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

from charcot.core.hashing import hash_json
from charcot.core.private_folder import Untrusted, private_folder

SUFFIX = ".piece"
Value = TypeVar("Value")


class Pieces:
    """The pieces in one folder, which is made when the first one is kept.

    ``trouble`` says why pieces are not kept any more; empty while they are.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.trouble = path, ""

    def find(self, kind: str, inputs: Any) -> tuple[Any] | None:
        """A piece in a tuple of its own; None where it is not there, damaged or not to be trusted."""
        if not self.path.is_dir():
            return None
        try:
            with private_folder(self.path) as folder:
                content = folder.read(_name(kind, inputs))
            digest, rest = content[:32], content[32:]
            return (pickle.loads(rest),) if hashlib.sha256(rest).digest() == digest else None
        except OSError:
            return None
        except Untrusted as error:
            self.trouble = str(error)
            return None
        except Exception:  # a pickle may fail in any way; the piece is computed again
            return None

    def keep(self, kind: str, inputs: Any, value: Any) -> None:
        """Store a finished piece; a disk that refuses ends the keeping, not the computation."""
        if self.trouble:
            return
        rest = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
        try:
            with private_folder(self.path) as folder:
                folder.write(_name(kind, inputs), hashlib.sha256(rest).digest() + rest)
        except (OSError, Untrusted) as error:
            self.trouble = str(error)

    def counts(self) -> dict[str, int]:
        """How many pieces of each kind are there."""
        kinds = Counter(path.name.rpartition("-")[0].replace("_", " ") for path in self.path.glob(f"*{SUFFIX}"))
        return dict(sorted(kinds.items()))


_KEPT: ContextVar[Pieces | None] = ContextVar("pieces that are kept", default=None)


@contextlib.contextmanager
def keeping(pieces: Pieces | None) -> Iterator[None]:
    """Keep the pieces of what is computed within."""
    token = _KEPT.set(pieces)
    try:
        yield
    finally:
        _KEPT.reset(token)


def piece(kind: str, inputs: Any, compute: Callable[[], Value], found: Callable[[], None] | None = None) -> Value:
    """A piece, computed unless it is kept already.

    Args:
        kind: what such pieces are called, in the plural (``replicates``).
        inputs: JSON-able: what tells this piece from the others of its kind.
        found: called when it was there already, to count it as done.
    """
    there = find(kind, inputs)
    if there is not None:
        if found is not None:
            found()
        value: Value = there[0]
        return value
    value = compute()
    keep(kind, inputs, value)
    return value


def find(kind: str, inputs: Any) -> tuple[Any] | None:
    """A kept piece in a tuple of its own, for pieces that are computed several at once."""
    pieces = _KEPT.get()
    return None if pieces is None else pieces.find(kind, inputs)


def keep(kind: str, inputs: Any, value: Any) -> None:
    """Keep a piece that was computed together with others."""
    pieces = _KEPT.get()
    if pieces is not None:
        pieces.keep(kind, inputs, value)


def _name(kind: str, inputs: Any) -> str:
    return f"{kind.replace(' ', '_')}-{hash_json(inputs, 24)}{SUFFIX}"
