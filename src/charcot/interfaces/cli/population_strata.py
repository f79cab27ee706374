"""``charcot population strata``: patients of rare genotypes under every plausible model, stored as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from charcot.core.errors import Problem, Problems
from charcot.interfaces.cli import population_rooms as rooms
from charcot.interfaces.cli.options import LARGEST_SEED, AsJson, Workers, worker_count
from charcot.interfaces.cli.talk import Talk

if TYPE_CHECKING:
    from rich.console import RenderableType

    from charcot.interfaces.record_shapes import StrataRecord

PATIENTS, SEED = 500, 29


def population_strata(
    make: Annotated[bool, typer.Option("--make", help="Simulate them anew, not show the stored ones.")] = False,
    patients: Annotated[
        int, typer.Option("--patients", "-n", min=1, max=100_000, help="With --make: patients of each stratum.")
    ] = PATIENTS,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="With --make: seed of all random draws.")
    ] = SEED,
    store: Annotated[
        bool, typer.Option("--store", help="For developers: with --make, keep them beside the plausible models.")
    ] = False,
    workers: Workers = 0,
    as_json: AsJson = False,
) -> None:
    """Show patients of rare genotypes (SOD1 by class, C9orf72, FUS, TARDBP) under every plausible model.

    Untreated, as a register records them, in equal numbers from each model: their spread holds what the evidence leaves
    open. --make simulates them, some minutes; killed, the same command goes on where it stood.
    """
    talk = Talk(as_json)
    if make:
        told = _make(talk, patients, seed, store, worker_count(workers))
    else:
        found = rooms.stored_strata()
        if store or found is None:
            message = "--store needs --make" if store else "no patients of rare genotypes are stored"
            problem = Problem("no-strata", message, None, "Write 'charcot population strata --make --store'.")
            raise Problems([problem], "there is nothing to show")
        told = found
        if not rooms.strata_are_current(told):
            talk.say(
                "These are of an earlier model or ensemble: 'charcot population strata --make --store' renews them."
            )
    talk.show(_table(told), f"Made by '{told['command']}': seed {told['seed']}, program {told['program']}, ensemble "
              f"{told['ensemble']}, rows {told['rows']}.")  # fmt: skip
    talk.data(told)


def _make(talk: Talk, patients: int, seed: int, store: bool, workers: int) -> StrataRecord:
    models = rooms.stored_models()
    if not models:
        hint = "'charcot population fit --store' makes one."
        raise Problems([Problem("no-ensemble", "no plausible models are stored", None, hint)], "nothing can be made")
    words = ["charcot population strata --make"]
    words += [f"--patients {patients}"] if patients != PATIENTS else []
    words += [f"--seed {seed}"] if seed != SEED else []
    with talk.stage(f"Patients of rare genotypes under {models} models", total=models) as advance:
        rows, told = rooms.strata(patients, seed, workers, " ".join(words), advance)
    if store:
        rooms.store_strata(rows, told)
    return told


def _table(told: StrataRecord) -> RenderableType:
    from rich.table import Table

    table = Table(title="Rare genotypes: median (middle half)", title_justify="left", title_style="bold", box=None)
    columns = ("Age at onset, years", "Onset to the end, months", "Slope before diagnosis, points/month",
               "NfL at diagnosis, pg/mL")  # fmt: skip
    for heading in ("Stratum", "Patients", *columns):
        table.add_column(heading, justify="left" if heading == "Stratum" else "right")
    for row in told["strata"]:
        spreads = (row["age_at_onset"], row["months_from_onset"], row["slope_before"], row["nfl"])
        cells = [f"{s[1]:.3g} ({s[0]:.3g} to {s[2]:.3g})" if s else "-" for s in spreads]
        table.add_row(row["stratum"], f"{row['patients']:,}", *cells)
    return table
