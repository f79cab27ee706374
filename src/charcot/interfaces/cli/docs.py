"""``charcot docs``: the pages of the mechanisms, made from the code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from charcot.core.errors import EXIT_CHECK_FAILED
from charcot.interfaces import runs
from charcot.interfaces.cli.options import AsJson, Workers, worker_count
from charcot.interfaces.cli.talk import Talk

FOLDER = Path("docs") / "mechanisms"


def docs(
    folder: Annotated[Path, typer.Option("--to", help="Where the pages lie.")] = FOLDER,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail when a page is out of date.")] = False,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Switch each mechanism off anew, even if the program is the same.")
    ] = False,
    workers: Workers = 0,
    as_json: AsJson = False,
) -> None:
    """Make a page per mechanism: claim, place, equations, numbers, evidence, and what happens without it."""
    from charcot.interfaces import pages

    talk = Talk(as_json)
    if not check:
        runs.check_places([folder])
    with talk.stage("Composing the model"):
        program = _own_hash()
        stored = pages.read_ablations(folder)
    stale = stored is None or stored.program != program
    if check:
        _check(talk, folder, pages.pages(stored), stale)
        return
    if stale or simulate:
        from charcot.studies.ablation import PATIENTS, ablate, mechanism_names, population_for

        names = mechanism_names()
        total = PATIENTS * (len(names) + len({population_for(name) for name in names}))
        with talk.stage(f"Switching each of {len(names)} mechanisms off", total=total) as advance:
            results, curves = ablate(workers=worker_count(workers), progress=advance)
        for name, text in pages.ablation_tables(results, curves, program).items():
            runs.write_text(folder / name, text)
        stored = pages.read_ablations(folder)
    made = pages.pages(stored)
    with talk.stage("Drawing"):
        made |= pages.pictures(stored) if stored is not None else {}
    for old in folder.iterdir():
        if old.suffix in (".md", ".svg") and old.name not in made:
            old.unlink()
    for name, text in made.items():
        runs.write_text(folder / name, text)
    talk.show(f"{sum(name.endswith('.md') for name in made)} pages in {folder}")
    talk.data({"ok": True, "folder": str(folder), "pages": sorted(made)})


def _own_hash() -> str:
    """The hash of the model without products: what the pages describe."""
    from charcot.patients import program

    return str(program().hash)


def _check(talk: Talk, folder: Path, made: dict[str, str], stale: bool) -> None:
    out_of_date = [
        name for name, text in made.items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]  # fmt: skip
    lines = [f"{folder / name} is out of date" for name in out_of_date]
    if stale:
        lines.append(f"the simulations in {folder} were made with another program")
    talk.show(*lines, "Run 'charcot docs'." if lines else f"{len(made)} pages are up to date.")
    talk.data({"ok": not lines, "exit_code": EXIT_CHECK_FAILED if lines else 0, "out_of_date": out_of_date,
               "stale_simulations": stale})  # fmt: skip
    if lines:
        raise typer.Exit(EXIT_CHECK_FAILED)
