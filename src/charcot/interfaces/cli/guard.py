"""Every way in which a command can end badly becomes a calm message and an exit code."""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import ParamSpec

import typer

from charcot.core.errors import EXIT_BAD_INPUT, EXIT_CHECK_FAILED, CharcotError, Problem, Problems
from charcot.interfaces.cli import signals

Given = ParamSpec("Given")
_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_PLACE = (errno.EACCES, errno.EPERM, errno.EROFS)
_HOME = Path(__file__).parents[2]  # our own files


def guarded(command: Callable[Given, None]) -> Callable[Given, None]:
    """Wrap a verb so that no traceback reaches a user."""

    @functools.wraps(command)
    def run(*args: Given.args, **options: Given.kwargs) -> None:
        as_json = bool(options.get("as_json"))
        try:
            command(*args, **options)
            sys.stdout.flush()
        except typer.Exit:
            raise
        except KeyboardInterrupt:
            _end(as_json, signals.exit_code(), "Interrupted. Nothing half-written was left behind.")
        except CharcotError as error:
            problems = error.problems if isinstance(error, Problems) else ()
            _end(as_json, error.exit_code, str(error), problems)
        except OSError as error:
            if signals.heard():  # such as a line to a terminal that has gone
                _end(as_json, signals.exit_code(), "Interrupted.")
            _end_of_os_error(error, as_json)
        except Exception as error:
            _end_of_surprise(error, as_json)

    return run


def _end(as_json: bool, code: int, message: str, problems: tuple[Problem, ...] = ()) -> None:
    """End a command. Notes on the exception at hand, such as what is kept, follow the message."""
    message = " ".join([message.rstrip(), *getattr(sys.exception(), "__notes__", ())])
    with contextlib.suppress(OSError):  # nobody may be there to read it
        sys.stderr.write(message + "\n")
    if as_json:
        write_failure(code, message, problems)
    raise typer.Exit(code)


def write_failure(code: int, message: str, problems: tuple[Problem, ...] = ()) -> None:
    """The JSON of a command that ended badly, on stdout."""
    content = {"ok": False, "exit_code": code, "message": message, "problems": [as_record(p) for p in problems]}
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def as_record(problem: Problem) -> dict[str, object]:
    """One problem for tools."""
    return {
        "code": problem.code,
        "severity": problem.severity.value,
        "message": problem.message,
        "file": problem.where.file if problem.where else None,
        "line": (problem.where.line or None) if problem.where else None,
        "hint": problem.hint,
    }


def _end_of_os_error(error: OSError, as_json: bool) -> None:
    if error.errno in _FULL:
        _end(
            as_json,
            EXIT_BAD_INPUT,
            "The disk is full. Nothing half-written was left behind: free some space, or choose another place (--out).",
        )
    place = _place_of_the_user(error)
    if place:
        _end(as_json, EXIT_BAD_INPUT, f"{place} cannot be written or read ({error.strerror}): choose another place.")
    _end_of_surprise(error, as_json)


def _place_of_the_user(error: OSError) -> str:
    """The file that the user named and that is to blame; empty where it is one of ours."""
    if isinstance(error.filename, str | os.PathLike):
        ours = Path(error.filename).absolute().is_relative_to(_HOME)
        return "" if ours else str(error.filename)
    return "the run folder" if error.errno in _NO_PLACE else ""


def _end_of_surprise(error: Exception, as_json: bool) -> None:
    log = write_log(error)
    kept = f" The details are in {log}; please send that file with a report." if log else ""
    _end(
        as_json, EXIT_CHECK_FAILED, f"Something unexpected went wrong ({type(error).__name__}: {_first(error)}).{kept}"
    )


def _first(error: Exception) -> str:
    return (str(error).splitlines() or ["no message"])[0][:200]


def log_folder() -> Path:
    """Where logs go: ``$XDG_STATE_HOME/charcot``, or ``~/.local/state/charcot``."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "charcot"


def write_log(error: Exception) -> Path | None:
    """Keep the traceback in a file; None where nothing can be written."""
    from charcot.interfaces.provenance import versions

    text = "".join(traceback.format_exception(error))
    head = f"charcot {' '.join(sys.argv[1:])}\n{json.dumps(versions())}\n\n"
    name = f"error-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}.log"
    for folder in (log_folder(), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / name
            with path.open("x", encoding="utf-8") as file:  # new: in /tmp another user may have laid a link there
                file.write(head + text)
        except OSError:
            continue
        return path
    return None
