"""The library of the format's authors, ``petab``, an extra that is not always installed."""

from __future__ import annotations

from importlib.util import find_spec

from charcot.core.errors import Problem, Problems


def require() -> None:
    """Raise :class:`Problems` where ``petab`` is not installed, with what to type."""
    if find_spec("petab") is None:
        hint = "Install it: pip install 'charcot[petab]' (or pip install petab)."
        problem = Problem("petab-missing", "reading a PEtab problem needs the package petab", None, hint)
        raise Problems([problem], "This cannot be simulated")
