"""Port names: dotted lower-case paths such as ``lumbar.nmj.innervation``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

LISTED = 12  # names that a hint has room for
_PORT = re.compile(r"^[a-z][a-z0-9_]*(\.[a-z0-9][a-z0-9_]*)*$")


def is_port_name(text: str) -> bool:
    """Whether ``text`` is a well-formed port path (lower case, digits, underscores, dots)."""
    return bool(_PORT.match(text))


def nearest(name: str, known: Iterable[str], count: int = 3, likeness: float = 0.5) -> list[str]:
    """The known names closest to ``name`` in spelling, best first, each once; empty when nothing is close.

    ``likeness``: of the spelling, 0 to 1, from which a name is close.
    """
    return difflib.get_close_matches(name, sorted(set(known)), n=count, cutoff=likeness)


def close_to(name: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known spellings, or says that there is none: for who lists all names beside it."""
    close = nearest(name, known)
    return f"Did you mean {', '.join(close)}?" if close else "No known name is close to it."


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known spellings; where none is near, the names themselves, of many the first."""
    known = sorted(known) if isinstance(known, set | frozenset) else list(dict.fromkeys(known))
    if not known or nearest(name, known):
        return close_to(name, known)
    more = f" and {len(known) - LISTED:,} more" if len(known) > LISTED else ""
    return f"{close_to(name, known)} Known are: {', '.join(map(str, known[:LISTED]))}{more}."
