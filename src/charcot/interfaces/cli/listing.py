"""``charcot list``: every name of a kind that other verbs and protocols take."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from charcot.core.errors import Problem, Problems
from charcot.core.identifiers import did_you_mean
from charcot.interfaces.cli import rooms
from charcot.interfaces.cli.options import AsJson
from charcot.interfaces.cli.talk import Talk


def _products() -> Iterable[str]:
    from charcot.treatments import products

    return products()


def _genotypes() -> Iterable[str]:
    from charcot.disease import genotypes

    return genotypes()


def _exposures() -> Iterable[str]:
    from charcot.disease import exposures

    return exposures()


def _readouts() -> Iterable[str]:
    from charcot.patients.assemble import program

    return program().readout_names


KINDS: dict[str, Callable[[], Iterable[str]]] = {
    "products": _products,
    "populations": rooms.population_names,
    "genotypes": _genotypes,
    "exposures": _exposures,
    "trials": rooms.published_protocols,
    "templates": rooms.templates,
    "readouts": _readouts,
}


def names(
    kind: Annotated[
        str,
        typer.Argument(metavar="KIND", help=f"One of: {', '.join(KINDS)}.", autocompletion=lambda: list(KINDS)),
    ],
    as_json: AsJson = False,
) -> None:
    """List every name of a kind: products, populations, genotypes, exposures, trials, templates or readouts."""
    if kind not in KINDS:
        hint = f"{did_you_mean(kind, KINDS)} The kinds are: {', '.join(KINDS)}."
        raise Problems([Problem("unknown-kind", f"no kind of name is called {kind!r}", None, hint)])
    talk = Talk(as_json)
    found = [str(name) for name in KINDS[kind]()]
    talk.show(*found)
    talk.data({"ok": True, "kind": kind, "count": len(found), "names": found})
