"""``charcot patient``: one person, untreated and treated, as the explorer shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from charcot.interfaces.cli import laboratory
from charcot.interfaces.cli.guard import as_record
from charcot.interfaces.cli.kinds import completing
from charcot.interfaces.cli.options import AsJson
from charcot.interfaces.cli.talk import Talk
from charcot.interfaces.report.content import number_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from charcot.interfaces.explorer.shapes import PatientRun

EVERY = 6  # months between the rows that are printed


def patient(
    genotype: Annotated[
        str,
        typer.Option(
            "--genotype",
            metavar="NAME",
            help="Gene, such as sporadic or C9orf72.",
            autocompletion=completing("genotypes"),
        ),
    ] = ("sporadic"),
    age: Annotated[float, typer.Option("--age", help="Age at onset, years.")] = 62.0,
    site: Annotated[str, typer.Option("--site", metavar="REGION", help="Where disease begins.")] = "lumbar",
    exposures: Annotated[str, typer.Option("--exposures", help="Names, with commas between them.")] = "",
    treat: Annotated[
        list[str] | None,
        typer.Option(
            "--treat", metavar="PRODUCT:DOSE:MONTHS", help="From so many months after diagnosis on. Repeatable."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="A drawn person; without it the typical one.")] = None,
    months: Annotated[int, typer.Option("--months", help="Months after onset that are shown.")] = 60,
    as_json: AsJson = False,
) -> None:
    """Simulate one person by genotype, age and site of onset, with and without treatment, while alive."""
    from charcot.interfaces.explorer.patient import patient as simulate
    from charcot.interfaces.explorer.questions import question

    talk = Talk(as_json)
    asked = question(genotype, age, site, exposures, treat or (), seed, months)
    with talk.stage("Simulating"):
        found = simulate(asked)
    inert = laboratory.inert_here([one.product for one in asked.treatments], asked.traits.genotype)
    for problem in inert:
        talk.say(f"warning: {problem}")
    talk.show(*_page(found))
    talk.data({"ok": True, **found.model_dump(mode="json"), "warnings": [as_record(problem) for problem in inert]})


def _page(found: PatientRun) -> list[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    treated = bool(found.treatments)
    table = Table(title="Function and markers", title_justify="left", box=None, pad_edge=False)
    table.add_column("Month", justify="right")
    shown = found.series[:3]
    for one in shown:
        table.add_column(f"{one.title}, {one.unit}", justify="right")
        if treated:
            table.add_column("treated", justify="right")
    columns = [c for one in shown for c in ((one.untreated, one.treated) if treated else (one.untreated,)) if c]
    for k, month in enumerate(found.months):
        if month >= 0 and month % EVERY == 0:
            table.add_row(f"{month:g}", *(_number(column[k]) for column in columns))
    words = Table(title="Milestones", title_justify="left", box=None, pad_edge=False)
    for heading in ("Milestone", "Month", *(["treated"] if treated else [])):
        words.add_column(heading, justify="left" if heading == "Milestone" else "right")
    for m in found.milestones:
        words.add_row(Text(m.words), *(_month(v) for v in ([m.untreated, m.treated] if treated else [m.untreated])))
    standing = [one.standing for one in found.treatments]
    return [f"Months are {found.clock}; the person is taken to be alive.", table, "", words, "", *standing]


def _number(value: float | None) -> str:
    return "–" if value is None else number_text(value)


def _month(value: float | None) -> str:
    return "later" if value is None else f"{value:.0f}"
