"""Options that several verbs share, and the reading of ``--set``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from charcot.core.errors import Problem, Problems, Where, readable

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
LARGEST_SEED = 2**63 - 1
Seed = Annotated[int | None, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Seed of all random draws.")]
Workers = Annotated[int, typer.Option("--workers", min=0, help="Threads to use; 0 means all cores.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change one value of the protocol. Repeatable.")
]
Out = Annotated[Path, typer.Option("--out", help="Folder in which the run folder is made.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check and say what would be done, without doing it.")]
Assume = Annotated[
    list[str] | None,
    typer.Option(
        "--assume",
        metavar="KEY=SIDE",
        help="Take a side of a contradiction (claim or counter_claim; 'charcot evidence contradictions' lists them), "
        "or a rival hypothesis: hypothesis=NAME ('charcot compare' lists them).",
    ),
]
ForceNew = Annotated[bool, typer.Option("--force-new", help="Run again even if an identical run is there.")]
ProtocolPath = Annotated[Path, typer.Argument(metavar="PROTOCOL", help="A protocol file, or a folder that holds one.")]


def worker_count(asked: int) -> int:
    """How many threads: as asked, or as many as this process may use."""
    if asked:
        return asked
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def read_settings(settings: Sequence[str] | None, seed: int | None = None) -> dict[str, object]:
    """``["arms.0.n=80"]`` as ``{"arms.0.n": 80}``; values are read as YAML. All mistakes are reported at once."""
    from charcot.core.yaml_bounds import parse

    values: dict[str, object] = {}
    problems: list[Problem] = []
    for text in settings or ():
        path, equals, value = text.partition("=")
        where = Where(f"--set {text}")
        if not equals or not path.strip():
            problems.append(Problem("bad-setting", "this is not PATH=VALUE", where, "For example: --set arms.0.n=80"))
            continue
        try:
            values[path.strip()] = parse(value, where.file) if value.strip() else None
        except Problems as error:
            reason = error.problems[0].message.removeprefix("the file is not YAML: ")
            message = f"'{readable(value)}' is not a YAML value ({reason})"
            problems.append(Problem("bad-setting", message, where, "Put text in quotes."))
    if problems:
        raise Problems(problems)
    if seed is not None:
        values["simulate.seed"] = seed
    return values


def protocol_file(path: Path) -> Path:
    """A protocol folder stands for the ``protocol.yaml`` in it."""
    return path / "protocol.yaml" if path.is_dir() else path
