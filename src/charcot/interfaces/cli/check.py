"""``charcot check``: is the model sound; is a protocol, or an experiment file, sound?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from charcot.core.errors import EXIT_BAD_INPUT, EXIT_CHECK_FAILED, Problem, Problems, Severity
from charcot.interfaces import given_to_people
from charcot.interfaces.cli import rooms
from charcot.interfaces.cli.guard import as_record
from charcot.interfaces.cli.options import AsJson, Seed, Settings, protocol_file, read_settings
from charcot.interfaces.cli.talk import Talk

_HAS_NO_KEYS = ("empty-file", "not-a-mapping")  # of such a file nobody can tell what it was meant to be
_EITHER = (
    "Write lines of the form 'key: value'. charcot init writes a protocol to start from; an experiment file has keys "
    "such as 'arms', 'measures' and 'outcomes'."
)
_ALIKE = 5  # more warnings of one kind than this are summed up


def check(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="[PROTOCOL]", help="A protocol or an experiment file; without it, the model."),
    ] = None,
    settings: Settings = None,
    seed: Seed = None,
    every: Annotated[bool, typer.Option("--all", help="List every warning, also where many are alike.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Of the model: the fresh experiments too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check the shipped model, a protocol or an experiment file, and report everything that is wrong at once."""
    talk = Talk(as_json)
    if path is None:
        _check_model(talk, every, fresh)
    elif path.is_file() and rooms.is_experiment(path):
        _check_experiment(talk, path)
    else:
        _check_protocol(talk, protocol_file(path), read_settings(settings, seed))


def _check_model(talk: Talk, every: bool, fresh: bool) -> None:
    with talk.stage("Checking the model"):
        problems = _model_problems(fresh)
        failed = any(problem.severity is Severity.ERROR for problem in problems)
        counts = {} if failed else rooms.model_counts()
    _report(talk, "The model", counts, problems, EXIT_CHECK_FAILED, every)


def _model_problems(fresh: bool) -> list[Problem]:
    try:
        return rooms.check_all(fresh)
    except Problems as error:  # tables so wrong that the model cannot be put together
        return list(error.problems)


def _check_experiment(talk: Talk, path: Path) -> None:
    content, problems = rooms.check_experiment(path)
    counts = {} if content is None else {"arms": len(content.arms), "measures": len(content.measures)}
    if content is not None and content.cohort is not None:
        groups = {"groups": len(content.cohort.groups)} if content.cohort.groups else {}
        arms = len(rooms.arms_of_cohort(content.cohort))
        counts |= {"arms": len(content.arms) + arms, "patients in each": content.cohort.patients, **groups}
    _report(talk, str(path), counts, problems, EXIT_BAD_INPUT)


def _check_protocol(talk: Talk, path: Path, overrides: dict[str, object]) -> None:
    try:
        protocol = rooms.load_protocol(path, overrides)
    except Problems as error:
        problems = [replace(one, hint=_EITHER) if one.code in _HAS_NO_KEYS else one for one in error.problems]
        _report(talk, str(path), {}, problems, EXIT_BAD_INPUT)
        return
    counts = {
        "arms": len(protocol.arms),
        "patients": protocol.size,
        "visits": len(protocol.visits),
        "replicates": protocol.simulate.replicates,
    }
    _report(talk, str(path), counts, given_to_people.dose_doubts(protocol), EXIT_BAD_INPUT)


def _report(
    talk: Talk, subject: str, counts: dict[str, int], problems: list[Problem], code: int, every: bool = True
) -> None:
    """Print counts and findings; leave with ``code`` when one of them is an error."""
    errors = [p for p in problems if p.severity is Severity.ERROR]
    warnings = [p for p in problems if p.severity is Severity.WARNING]
    if counts:
        talk.show(", ".join(_count(count, name) for name, count in counts.items()))
    talk.show(*(str(problem) for problem in errors), *_warning_lines(warnings, every))
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


def _warning_lines(warnings: list[Problem], every: bool) -> list[str]:
    """Each warning; where many are alike, the first of them and how many more there are."""
    alike: dict[str, list[Problem]] = {}
    for problem in warnings:
        alike.setdefault(problem.code, []).append(problem)
    lines: list[str] = []
    for code, found in alike.items():
        shown = found if every or len(found) <= _ALIKE else found[:1]
        lines += [f"warning: {problem}" for problem in shown]
        if len(shown) < len(found):
            lines.append(f"    ... and {len(found) - len(shown):,} more of this kind [{code}]; --all lists them.")
    return lines


def _count(number: int, plural: str) -> str:
    return f"1 {plural.removesuffix('s')}" if number == 1 else f"{number:,} {plural}"


def _verdict(errors: list[Problem], warnings: list[Problem]) -> str:
    if errors:
        return _count(len(errors), "problems") + (f" and {_count(len(warnings), 'warnings')}" if warnings else "")
    return f"sound, with {_count(len(warnings), 'warnings')}" if warnings else "sound"
