"""``charcot init``: a protocol folder to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from charcot.core.errors import EXIT_BAD_INPUT, Problem, Problems
from charcot.core.identifiers import close_to
from charcot.interfaces import runs
from charcot.interfaces.cli import rooms
from charcot.interfaces.cli.kinds import completing
from charcot.interfaces.cli.options import AsJson
from charcot.interfaces.cli.talk import Talk

_README = """# {name}

A Charcot protocol, made from the template `{template}`.

    charcot check {name}      # is the protocol sound?
    charcot run {name}        # each patient once, with pictures
    charcot trial {name}      # the whole trial, many times

`protocol.yaml` is commented; each quantity is a number with a unit. Results go to `runs/`, one folder per run, and are
never written over.

Charcot is a research tool. It is no medical device and gives no medical advice.
"""


def init(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The folder to make.")],
    template: Annotated[
        str, typer.Option("--template", help="Which protocol to start from.", autocompletion=completing("templates"))
    ] = "aav-mir126",
    as_json: AsJson = False,
) -> None:
    """Write a commented protocol folder to start from. Nothing is ever overwritten."""
    talk = Talk(as_json)
    known = rooms.templates()
    chosen = known.get(template) or known.get(template.replace("-", "_"))
    if chosen is None:
        names = ", ".join(sorted(known)) or "none"
        hint = f"{close_to(template, known)} There are: {names}."
        raise Problems([Problem("unknown-template", f"no template is called {template!r}", hint=hint)])
    target = Path(name)
    if target.exists():
        talk.say(f"{target} is there already and was left as it is. Choose another name.")
        talk.data({"ok": False, "exit_code": EXIT_BAD_INPUT, "message": f"{target} exists"})
        raise typer.Exit(EXIT_BAD_INPUT)
    with runs.writing(target) as folder:
        (folder / "protocol.yaml").write_text(chosen.read_text(encoding="utf-8"), encoding="utf-8")
        (folder / "README.md").write_text(_README.format(name=name, template=template), encoding="utf-8")
    protocol = target / "protocol.yaml"
    talk.show(str(protocol))
    talk.say(f"Made {protocol}. Next: charcot check {name}")
    talk.data({"ok": True, "folder": str(target), "protocol": str(protocol), "template": template})
