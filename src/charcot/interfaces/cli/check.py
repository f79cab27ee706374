"""``charcot check``: is the model sound; is a protocol sound?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from charcot.core.errors import EXIT_BAD_INPUT, EXIT_CHECK_FAILED, Problem, Problems, Severity
from charcot.interfaces.cli import rooms
from charcot.interfaces.cli.guard import as_record
from charcot.interfaces.cli.options import AsJson, Seed, Settings, protocol_file, read_settings
from charcot.interfaces.cli.talk import Talk


def check(
    path: Annotated[
        Path | None, typer.Argument(metavar="[PROTOCOL]", help="A protocol; without it, the model.")
    ] = None,
    settings: Settings = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Check the shipped model, or a protocol, and report everything that is wrong at once."""
    talk = Talk(as_json)
    if path is None:
        _check_model(talk)
    else:
        _check_protocol(talk, protocol_file(path), read_settings(settings, seed))


def _check_model(talk: Talk) -> None:
    with talk.stage("Checking the model"):
        problems = rooms.check_all()
        failed = any(problem.severity is Severity.ERROR for problem in problems)
        counts = {} if failed else rooms.model_counts()
    _report(talk, "The model", counts, problems, EXIT_CHECK_FAILED)


def _check_protocol(talk: Talk, path: Path, overrides: dict[str, Any]) -> None:
    try:
        protocol = rooms.load_protocol(path, overrides)
    except Problems as error:
        _report(talk, str(path), {}, list(error.problems), EXIT_BAD_INPUT)
        return
    counts = {
        "arms": len(protocol.arms),
        "patients": protocol.size,
        "visits": len(protocol.visits),
        "replicates": protocol.simulate.replicates,
    }
    _report(talk, str(path), counts, [], EXIT_BAD_INPUT)


def _report(talk: Talk, subject: str, counts: dict[str, int], problems: list[Problem], code: int) -> None:
    """Print counts and findings; leave with ``code`` when one of them is an error."""
    errors = [p for p in problems if p.severity is Severity.ERROR]
    warnings = [p for p in problems if p.severity is Severity.WARNING]
    if counts:
        talk.show(", ".join(f"{count:,} {name}" for name, count in counts.items()))
    for problem in [*errors, *warnings]:
        word = "" if problem.severity is Severity.ERROR else "warning: "
        talk.show(f"{word}{problem}")
    talk.show(f"{subject}: {_verdict(errors, warnings)}")
    talk.data(
        {
            "ok": not errors,
            "exit_code": code if errors else 0,
            "subject": subject,
            "counts": counts,
            "problems": [as_record(problem) for problem in [*errors, *warnings]],
        }
    )
    if errors:
        raise typer.Exit(code)


def _verdict(errors: list[Problem], warnings: list[Problem]) -> str:
    def count(found: list[Problem], word: str) -> str:
        return f"1 {word}" if len(found) == 1 else f"{len(found)} {word}s"

    if errors:
        return count(errors, "problem") + (f" and {count(warnings, 'warning')}" if warnings else "")
    return f"sound, with {count(warnings, 'warning')}" if warnings else "sound"
