"""``charcot fit``: numbers of the model fitted to the calibration experiments, and what these say about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charcot.core.errors import Problem, raise_if_any
from charcot.interfaces import runs
from charcot.interfaces.cli import fitting_rooms, rooms
from charcot.interfaces.cli.execute import Job, Product, execute, identity
from charcot.interfaces.cli.kinds import completing
from charcot.interfaces.cli.options import AsJson, DryRun, ForceNew, Out, Workers, worker_count
from charcot.interfaces.cli.talk import Talk

if TYPE_CHECKING:
    from charcot.interfaces.record_shapes import FittedNumber, StoredFit
    from charcot.interfaces.report.views import Material


def fit(
    number: Annotated[
        list[str] | None,
        typer.Option("--number", metavar="NAME", help="A number to fit, in place of the declared list. Repeatable."),
    ] = None,
    experiment: Annotated[
        list[str] | None,
        typer.Option(
            "--experiment",
            metavar="NAME",
            help="Fit to this one, not to all for calibration. Repeatable.",
            autocompletion=completing("experiments"),
        ),
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Steps that the optimiser may try.")] = 6,
    go_on: Annotated[
        bool, typer.Option("--continue", help="Begin where the stored fit ended, with the same priors.")
    ] = False,
    store: Annotated[
        bool, typer.Option("--store", help="For developers: keep the fit beside the numbers of the model.")
    ] = False,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="For developers: with --store, make its values those of the model.")
    ] = False,
    docs: Annotated[
        Path | None, typer.Option("--docs", help="Write fit.md, a page of the documentation, into this folder.")
    ] = None,
    workers: Workers = 0,
    out: Out = runs.DEFAULT_ROOT,
    force_new: ForceNew = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Fit numbers of the model to published experiments; say which of them the experiments bound.

    The fit is the posterior mode under the priors that the evidence sets. It uses no random search: the same model
    gives the same fit. Validation experiments cannot be fitted to.
    """
    talk = Talk(as_json)
    names = tuple(dict.fromkeys(experiment or fitting_rooms.experiments("calibration")))
    wanted = tuple(dict.fromkeys(number or fitting_rooms.declared()))
    problems = [*fitting_rooms.check_numbers(wanted), *fitting_rooms.check_experiments(names)]
    if go_on and not fitting_rooms.fit_is_stored():
        hint = "Run 'charcot fit --store' first (long), or leave --continue out."
        problems.append(Problem("no-fit", "--continue goes on from a stored fit, and there is none", None, hint))
    if adopt and not store:
        problems.append(Problem("unkept-fit", "--adopt needs --store: values without their fit cannot be traced"))
    if store and (number or experiment):
        hint = "Leave the names out, or leave --store out."
        problems.append(Problem("partial-fit", "--store keeps a fit of all declared numbers to all data", None, hint))
    raise_if_any(problems, "this fit cannot be made")
    free = fitting_rooms.free_numbers(wanted)
    count = fitting_rooms.runs_of(len(free), rounds)
    question = {"numbers": [n.name for n in free], "experiments": list(names), "rounds": rounds, "continue": go_on}
    if dry_run:
        talk.show(f"{len(free)} numbers, {len(names)} experiments: up to {count:,} runs of these experiments.")
        talk.data({"ok": True, "dry_run": True, "runs": count, "protocol": question})
        return
    runs.check_places([docs])
    with talk.stage("Composing the model"):
        made_of = identity("fit", **question)
    # What is to be kept or written is computed, even if an identical run is there.
    job = Job("fit", made_of, out, force_new or store or docs is not None, worker_count(workers))
    command = command_line(
        "fit --continue" if go_on else "fit",
        {"--number": number, "--experiment": experiment},
        {"--rounds": (rounds, 6)},
        {"--store": store, "--adopt": adopt},
    )

    def compute() -> Product:
        with talk.stage(f"Fitting {len(free)} numbers to {len(names)} experiments", total=count) as advance:
            stored = fitting_rooms.fit(free, names, rounds, job.workers, advance, command, go_on)
        if store:
            fitting_rooms.store(stored, adopt)
        if docs is not None:
            write_fit_page(stored, docs)
        return _product(stored, question)

    execute(talk, job, compute)


def command_line(
    verb: str,
    lists: Mapping[str, Sequence[str] | None],
    values: Mapping[str, tuple[object, object]],
    flags: Mapping[str, bool],
) -> str:
    """The command as it would be typed: what stands at its default is left out."""
    words = ["charcot", verb]
    for option, items in lists.items():
        words += [word for item in items or () for word in (option, item)]
    for option, (value, default) in values.items():
        words += [option, str(value)] if value != default else []
    return " ".join([*words, *(flag for flag, given in flags.items() if given)])


def write_fit_page(stored: StoredFit, folder: Path) -> None:
    """``fit.md`` with its picture."""
    from charcot.interfaces.report.markdown import write_page
    from charcot.interfaces.report.sections.fit import fit_key, fit_sections

    key = fit_key(stored)
    lead = [f"Made by `{stored['command']}`; do not edit by hand.", f"{key.answer} {key.interval}"]
    write_page(folder, "fit", "The fit of the free numbers", lead, fit_sections(stored))


def _product(stored: StoredFit, question: Mapping[str, object]) -> Product:
    import pandas as pd

    from charcot.interfaces.report.sections.fit import fit_key, fit_sections
    from charcot.interfaces.report.views import Material

    given = rooms.standing_in_experiments(stored["experiments"])

    def material(manifest: Mapping[str, object]) -> Material:
        return Material(
            "Fit",
            f"Numbers of the model: {len(stored['numbers'])}; fitted to experiments: {len(stored['experiments'])}",
            manifest,
            sources=rooms.sources_used(),
            sections=fit_sections(stored),
            key=fit_key(stored),
            given=given,
        )

    return Product(
        summary=[_row(row) for row in stored["numbers"]],
        failures={},
        given=given,
        tables={"numbers": pd.DataFrame(stored["numbers"]), "figures": pd.DataFrame(stored["figures"])},
        material=material,
        protocol=question,
    )


def _row(row: FittedNumber) -> dict[str, object]:
    verdict = f"{row['verdict']} ({row['side']} end)" if row["side"] else str(row["verdict"])
    return {
        "group": "Fitted numbers",
        "quantity": row["name"],
        "unit": row["unit"],
        "simulated": row["value"],
        "verdict": f"from {row['start']:.3g}; {verdict}",
    }
