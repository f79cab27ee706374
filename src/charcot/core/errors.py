"""Errors in the user's language: what is wrong, where, and what to do next.

Validators never stop at the first finding. They append :class:`Problem` objects to a list and raise
:class:`Problems` once, so that a user mends a file in one pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

EXIT_OK = 0
EXIT_CHECK_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


class Severity(Enum):
    ERROR = "error"
    WARNING = "warning"


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LONGEST = 1_000  # characters of one message
_MOST = 100  # problems that are shown


def readable(text: str, longest: int = 60) -> str:
    """A text that a terminal shows and does not obey: control characters as codes, the end of a long one left out."""
    shown = text if len(text) <= longest else f"{text[:longest]}..."
    return _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", shown)


@dataclass(frozen=True)
class Where:
    """A place in a user's file. ``line`` is one-based; 0 means that the whole file is meant."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    @classmethod
    def of(cls, file: str | Path, line: int = 0) -> Where:
        return cls(str(file), line)


@dataclass(frozen=True)
class Problem:
    """One finding of a validator.

    ``code`` is a stable short name for tests and tools (``unknown-port``), ``message`` says what is wrong,
    ``hint`` says what to do next.
    """

    code: str
    message: str
    where: Where | None = None
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        place = f"{readable(str(self.where), _LONGEST // 5)}: " if self.where else ""
        hint = f"\n    {self.hint}" if self.hint else ""
        return f"{place}{readable(self.message, _LONGEST)} [{self.code}]{readable(hint, _LONGEST)}"


class CharcotError(Exception):
    """Base of every error that Charcot raises on purpose; ``exit_code`` is what the command line returns.

    ``resumable``: the same command may go well next time, so that what was finished is kept for it.
    """

    exit_code = EXIT_BAD_INPUT
    resumable = False


class CharcotWarning(UserWarning):
    """A warning in the user's words; the command line prints its text alone."""


class Problems(CharcotError):
    """Everything that is wrong with an input, at once."""

    def __init__(self, problems: Iterable[Problem], title: str = "") -> None:
        self.problems = tuple(problems)
        self.title = title
        super().__init__(str(self))

    def __str__(self) -> str:
        count = len(self.problems)
        head = self.title or ("1 problem" if count == 1 else f"{count} problems")
        more = [f"  and {count - _MOST:,} more"] if count > _MOST else []
        return "\n".join([head, *(f"  {problem}" for problem in self.problems[:_MOST]), *more])


def raise_if_any(problems: Iterable[Problem], title: str = "") -> None:
    """Raise :class:`Problems` when at least one of ``problems`` is an error."""
    found = tuple(problems)
    if any(problem.severity is Severity.ERROR for problem in found):
        raise Problems(found, title)
