"""``charcot list``: every name of a kind that other verbs and protocols take."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from charcot.core.errors import Problem, Problems
from charcot.core.identifiers import did_you_mean
from charcot.interfaces.cli import entries, rooms
from charcot.interfaces.cli.options import AsJson
from charcot.interfaces.cli.talk import Talk


def _readouts() -> Iterable[str]:
    from charcot.patients.assemble import program

    return program().readout_names


def _ports() -> Iterable[str]:
    from charcot.patients import definition

    return (port.name for port in definition().ports)


def _numbers() -> Iterable[str]:
    from charcot.patients import definition

    return definition().number_rows


def _contradictions() -> Iterable[str]:
    from charcot.evidence import contradictions

    return contradictions()


KINDS: dict[str, Callable[[], Iterable[str]]] = {
    **{kind: names for kind, (names, _) in entries.KINDS.items()},
    "ports": _ports,
    "numbers": _numbers,
    "readouts": _readouts,
    "populations": rooms.population_names,
    "trials": rooms.published_protocols,
    "templates": rooms.templates,
    "contradictions": _contradictions,
}


def names(
    kind: Annotated[
        str,
        typer.Argument(metavar="KIND", help=f"One of: {', '.join(KINDS)}.", autocompletion=lambda: list(KINDS)),
    ],
    as_json: AsJson = False,
) -> None:
    """List every name of a kind; charcot explain says what stands behind most of them."""
    if kind not in KINDS:
        hint = f"{did_you_mean(kind, KINDS)} The kinds are: {', '.join(KINDS)}."
        raise Problems([Problem("unknown-kind", f"no kind of name is called {kind!r}", None, hint)])
    talk = Talk(as_json)
    found = [str(name) for name in KINDS[kind]()]
    talk.show(*found)
    talk.data({"ok": True, "kind": kind, "count": len(found), "names": found})
