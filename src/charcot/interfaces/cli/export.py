"""``charcot export``: the model of one typical person in a format that other tools read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from charcot.core.errors import EXIT_BAD_INPUT, Problem, Problems
from charcot.core.identifiers import close_to
from charcot.interfaces.cli import rooms
from charcot.interfaces.cli.kinds import completing
from charcot.interfaces.cli.options import AsJson, Settings, read_settings
from charcot.interfaces.cli.talk import Talk

FORMATS = {"sbml": ".xml"}


def export(
    form: Annotated[str, typer.Option("--format", help="The format: sbml (Level 3 Version 2).")] = "sbml",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to write; it must not exist.")] = None,
    genotype: Annotated[
        str, typer.Option("--genotype", help="The person's genotype.", autocompletion=completing("genotypes"))
    ] = "sporadic",
    region: Annotated[str, typer.Option("--region", help="Where the disease is seeded.")] = "lumbar",
    seed_age: Annotated[float, typer.Option("--seed-age", help="Age in years at which it is seeded.")] = 58.0,
    product: Annotated[
        list[str] | None,
        typer.Option("--product", help="A treatment. Repeatable.", autocompletion=completing("products")),
    ] = None,
    start: Annotated[str, typer.Option("--start", help="When treatment starts, after the seed.")] = "3 years",
    years: Annotated[float, typer.Option("--years", help="For how long after the seed doses are written.")] = 10.0,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Write the model of one typical person to a file for other simulators. Nothing is ever overwritten."""
    talk = Talk(as_json)
    if form not in FORMATS:
        hint = f"{close_to(form, FORMATS)} There is: {', '.join(FORMATS)}."
        raise Problems([Problem("unknown-format", f"no format is called {form!r}", hint=hint)])
    target = output or Path(f"charcot-{genotype.lower()}{FORMATS[form]}")
    if target.exists():
        _refuse(talk, target)
    with talk.stage("Composing and writing the model"):
        made = rooms.export_model(
            genotype=genotype,
            region=region,
            seed_age_years=seed_age,
            products=tuple(product or ()),
            start=start,
            years=years,
            overrides=read_settings(settings),
        )
    if not _write(target, made.text):
        _refuse(talk, target)
    talk.show(str(target))
    words = f"{made.states} states, {made.parameters} parameters, {made.readouts} computed quantities"
    found = len(made.findings)
    checked = "no finding" if not found else f"{found} finding{'s' if found > 1 else ''}, such as:"
    talk.say(f"Wrote {target}: {words}, {made.events} events. libSBML's consistency check, units included: {checked}")
    for finding in made.findings[:3]:
        talk.say(f"  {finding.severity} {finding.number}, line {finding.line}: {finding.message.splitlines()[0]}")
    talk.data(
        {
            "ok": True,
            "file": str(target),
            "format": form,
            "states": made.states,
            "parameters": made.parameters,
            "readouts": made.readouts,
            "events": made.events,
            "findings": [vars(finding) for finding in made.findings],
        }
    )


def _refuse(talk: Talk, target: Path) -> None:
    talk.say(f"{target} is there already and was left as it is. Choose another name with -o.")
    talk.data({"ok": False, "exit_code": EXIT_BAD_INPUT, "message": f"{target} exists"})
    raise typer.Exit(EXIT_BAD_INPUT)


def _write(target: Path, text: str) -> bool:
    """Put ``text`` there whole or not at all; False when something came to stand there meanwhile."""
    try:
        file = target.open("x", encoding="utf-8")
    except FileExistsError:
        return False
    except FileNotFoundError:
        hint = "Make it first, or choose another place with -o."
        raise Problems([Problem("no-folder", f"there is no folder {target.parent}", hint=hint)]) from None
    try:
        with file:
            file.write(text)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return True
