"""``charcot list``: every name of a kind that other verbs and protocols take."""

from __future__ import annotations

from typing import Annotated

import typer

from charcot.core.errors import Problem, Problems
from charcot.core.identifiers import close_to
from charcot.interfaces.cli.kinds import KINDS
from charcot.interfaces.cli.options import AsJson
from charcot.interfaces.cli.talk import Talk


def names(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help=f"One of: {', '.join(KINDS)}.",
            autocompletion=lambda incomplete: [kind for kind in KINDS if kind.startswith(incomplete)],
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """List every name of a kind; charcot explain says what stands behind most of them."""
    if kind not in KINDS:
        hint = f"{close_to(kind, KINDS)} The kinds are: {', '.join(KINDS)}."
        raise Problems([Problem("unknown-kind", f"no kind of name is called {kind!r}", None, hint)])
    talk = Talk(as_json)
    found = [str(name) for name in KINDS[kind]()]
    talk.show(*found)
    talk.data({"ok": True, "kind": kind, "count": len(found), "names": found})
