"""``charcot power``: how often a design finds its effect, and how often one that is not there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from charcot.core.errors import Problem, Problems, Where
from charcot.core.identifiers import close_to
from charcot.interfaces import given_to_people, power_asked, runs
from charcot.interfaces.cli import laboratory, layer_rooms, power_rooms, rooms
from charcot.interfaces.cli.execute import Job, Product, execute, identity
from charcot.interfaces.cli.layer_rooms import Models
from charcot.interfaces.cli.options import (
    AsJson,
    Assume,
    ForceNew,
    Out,
    ProtocolPath,
    Seed,
    Settings,
    Workers,
    protocol_file,
    read_settings,
    worker_count,
)
from charcot.interfaces.cli.talk import Talk
from charcot.interfaces.power_asked import Asked, Measured

if TYPE_CHECKING:
    import pandas as pd

    from charcot.fitting.assurance import Assured
    from charcot.interfaces.record_shapes import LookRow, PowerRow, SizeRow
    from charcot.interfaces.report.sections.power import Words
    from charcot.interfaces.report.views import Material
    from charcot.patients import Assumed
    from charcot.trials import Protocol
    from charcot.trials.power.grid import Cell, Grid

DRUG = "drug"  # as an effect: what the arms' treatments do in the model
PEOPLE, REPLICATES = 3_000, 1_000
MODEL_PEOPLE, MODEL_REPLICATES = 600, 200
FEWEST = 20


def power(
    protocol: ProtocolPath,
    n: Annotated[str, typer.Option("--n", metavar="LIST", help="Patients per arm: --n 50,100,200.")] = "",
    months: Annotated[
        str, typer.Option("--months", metavar="LIST", help="Months to the visit of the analysis: --months 12,18.")
    ] = "",
    effect: Annotated[
        str,
        typer.Option(
            "--effect",
            metavar="LIST",
            help="Shares by which disease is slowed in every treated arm (0.2,0.3), in place of what the treatments do "
            f"in the model ({DRUG}, the default).",
        ),
    ] = "",
    entry: Annotated[
        list[str] | None,
        typer.Option(
            "--entry",
            metavar="RULES",
            help="Other entry rules beside those as written: 'tricals.max=-4.5; age.max=70 years'. Repeatable.",
        ),
    ] = None,
    target: Annotated[
        str, typer.Option("--target", metavar="POWER", help="Find the smallest n per arm with this power: 0.9.")
    ] = "",
    endpoint: Annotated[
        str, typer.Option("--endpoint", help="Endpoint whose size is looked for [the protocol's first].")
    ] = "",
    people: Annotated[
        int, typer.Option("--people", min=FEWEST, help="People drawn for the library of twins.")
    ] = PEOPLE,
    replicates: Annotated[
        int,
        typer.Option("--replicates", min=FEWEST, help="Simulated trials of each design, and as many without effect."),
    ] = REPLICATES,
    library: Annotated[
        Path | None,
        typer.Option("--library", metavar="FOLDER", help="Folder of the library [one in --out, by its content]."),
    ] = None,
    settings: Settings = None,
    seed: Seed = None,
    assume: Assume = None,
    models: Models = None,
    model_people: Annotated[
        int, typer.Option("--model-people", min=FEWEST, help="People drawn under each plausible model.")
    ] = MODEL_PEOPLE,
    workers: Workers = 0,
    out: Out = runs.DEFAULT_ROOT,
    force_new: ForceNew = False,
    as_json: AsJson = False,
) -> None:
    """Power, type I error, bias and coverage of a design, each with its Monte-Carlo error, and the size it needs.

    Every eligible person is simulated once untreated and once in each arm, into a library; simulated trials draw from
    it. Type I error is that of the same trials with nobody treated; assurance is power under other plausible models.
    """
    talk = Talk(as_json)
    plausible = layer_rooms.plausible(models)
    overrides = read_settings(settings, seed)
    path = protocol_file(protocol)
    loaded = rooms.load_protocol(path, overrides)
    problems: list[Problem] = []
    sizes, lasting, effects = _sizes(n, problems), _months(months, problems), _effects(effect, problems)
    asked = Asked(
        people, replicates, _endpoint(endpoint, loaded.endpoints, problems), model_people,
        min(replicates, MODEL_REPLICATES), _target(target, problems),
    )  # fmt: skip
    if problems:
        raise Problems(problems, "this design cannot be simulated")
    grid = power_rooms.grid(loaded, sizes, lasting, effects, _entries(path, overrides, entry or []))
    assumed = laboratory.assume(assume) if assume else None
    resolved = dict(loaded.resolved())
    asking = {
        **asdict(asked), "n": list(grid.sizes), "months": list(grid.months), "effects": list(grid.effects),
        "entries": list(grid.entries), "assume": sorted(assume or ()),
    }  # fmt: skip
    with talk.stage("Composing the model"):
        made_of = identity("power", protocol=resolved, asked=asking, models=plausible.identity())
    job = Job(f"power-{loaded.name}", made_of, out, force_new, worker_count(workers))
    place = library or out
    execute(
        talk,
        job,
        lambda: _compute(talk, grid, asked, plausible, assumed, resolved, place, library is None, job.workers),
    )


def _compute(
    talk: Talk, grid: Grid, asked: Asked, plausible: layer_rooms.Plausible, assumed: Assumed | None,
    resolved: Mapping[str, object], place: Path, named: bool, workers: int,
) -> Product:  # fmt: skip
    measured = _measured(talk, grid, asked, plausible, assumed, place, named, workers)
    from charcot.interfaces.report.sections.power import Words, key_of, power_sections
    from charcot.interfaces.report.views import Material

    arms = {arm.id: arm.title or arm.id for arm in grid.protocol.arms}
    words = Words(power_asked.endpoint_titles(grid.protocol.endpoints), arms)
    given = given_to_people.given_in(grid.protocol)
    sections = power_sections(measured, asked, words)

    def material(manifest: Mapping[str, object]) -> Material:
        return Material(
            grid.protocol.title,
            f"Operating characteristics of the protocol {grid.protocol.name}: {asked.replicates:,} simulated trials of "
            "each design, and as many in which nobody is treated",
            manifest,
            sources=rooms.sources_used(),
            sections=sections,
            key=key_of(measured, asked, grid.protocol, words),
            given=given,
        )

    return Product(
        summary=summary_of(measured, asked, words),
        failures={**({"simulation of a twin": measured.lost} if measured.lost else {}), **measured.assured.failed},
        tables=tables_of(measured),
        material=material,
        protocol=resolved,
        given=given,
    )


def _measured(
    talk: Talk, grid: Grid, asked: Asked, plausible: layer_rooms.Plausible, assumed: Assumed | None,
    place: Path, named: bool, workers: int,
) -> Measured:  # fmt: skip
    job = power_rooms.library_job(grid, asked.people, assumed)
    folder = place / power_asked.library_name(job) if named else place
    with talk.stage(f"Building the library of twins, {folder}", total=asked.people) as advance:
        library = power_rooms.build(job, folder, workers, advance)
    talk.say(f"{len(library):,} of {library.drawn:,} people drawn may enter")
    sizes = tried = looks = None
    with power_rooms.bench(grid, library, workers) as bench:
        cells = grid.cells()
        if asked.target is not None:
            with talk.stage(f"Looking for the size with a power of {asked.target:g}") as advance:
                sizes, tried, cells = power_rooms.sizes(bench, asked, advance)
        words = f"Simulating {len(cells):,} designs, {asked.replicates:,} trials each with treatment and without"
        with talk.stage(words, total=2 * asked.replicates * len(cells)) as advance:
            table = power_rooms.characteristics(bench, cells, asked.replicates, advance)
        if grid.protocol.analysis.interim is not None:
            words = "Simulating the same trials with looks before the end"
            with talk.stage(words, total=2 * asked.replicates * len(cells)) as advance:
                looks = power_rooms.looks(bench, cells, asked, advance)
    assured = _assured(talk, grid, cells, plausible, assumed, asked, workers)
    return Measured(table, sizes, tried, looks, assured, len(library), library.drawn, library.lost)


def _assured(
    talk: Talk, grid: Grid, cells: Sequence[Cell], plausible: layer_rooms.Plausible, assumed: Assumed | None,
    asked: Asked, workers: int,
) -> Assured:  # fmt: skip
    if not plausible.count:
        talk.say(f"{plausible.note}.")
        return power_asked.not_assured(plausible.note)
    words = f"Simulating the designs under {plausible.count} plausible models, {asked.model_replicates} trials each"
    with talk.stage(words, total=plausible.count) as advance:
        return power_rooms.assurance(
            grid, cells, plausible, given_to_people.products_of(grid.protocol), assumed, asked, workers, advance
        )


def tables_of(measured: Measured) -> dict[str, pd.DataFrame]:
    found = {
        "characteristics": measured.table, "sizes": measured.sizes, "tried_sizes": measured.tried,
        "looks": measured.looks,
        "assurance": measured.assured.table, "power_by_model": measured.assured.powers,
    }  # fmt: skip
    return {name: table for name, table in found.items() if table is not None and not table.empty}


# the key figures ---------------------------------------------------------------------------------------------------


def summary_of(measured: Measured, asked: Asked, words: Words) -> list[dict[str, object]]:
    """The sizes that were looked for, then the power of each design, the endpoint of interest first; every figure of a
    design stands in its row."""
    from charcot.interfaces.report.views import records

    sizes = records(measured.sizes) if measured.sizes is not None else []
    rows = records(measured.table) if len(measured.table) else []
    rows.sort(key=lambda row: row["estimand"] != asked.endpoint)
    all_looks = records(measured.looks) if measured.looks is not None else []
    looks = [row for row in all_looks if row["look"] == 1]  # what is told here is the same at each
    return [
        *(_size_row(row, asked, words) for row in cast("list[SizeRow]", sizes)),
        *(_power_row(row, measured, words) for row in cast("list[PowerRow]", rows)),
        *(_look_row(row, asked, words) for row in cast("list[LookRow]", looks)),
    ]


def _look_row(row: LookRow, asked: Asked, words: Words) -> dict[str, object]:
    what = "" if row["treated"] else ", nobody treated"
    return {
        "group": f"Significant at any look: {words.titles[asked.endpoint]}",
        "quantity": f"{words.design(row)}{what}",
        "unit": "%",
        "simulated": 100 * row["significant"],
        "verdict": f"± {100 * row['significant_error']:.1f}; {row['patients']:.0f} patients expected",
        "figures": dict(row),
    }


def _size_row(row: SizeRow, asked: Asked, words: Words) -> dict[str, object]:
    power = f"power there {100 * row['power']:.1f} % (± {100 * row['power_error']:.1f})"
    return {
        "group": f"Smallest size with a power of {asked.target:g}: {words.titles[asked.endpoint]}",
        "quantity": words.design(row, sized=False),
        "unit": "patients per arm",
        "simulated": math.nan if row["note"] else float(row["n"]),
        "lower": row["n_lower"],
        "upper": row["n_upper"],
        "interval": "95 % Monte-Carlo interval of the size",
        "verdict": row["note"] or f"{row['patients']:,} in all; {power}",
        "figures": {name: value for name, value in row.items() if name != "note"},
    }


def _power_row(row: PowerRow, measured: Measured, words: Words) -> dict[str, object]:
    from charcot.interfaces.report.sections.power import assured_row

    beside = assured_row(measured.assured, row)
    said = f"± {100 * row['power_error']:.1f}; type I error {100 * row['type_one']:.1f}"
    said += f" (± {100 * row['type_one_error']:.1f})"
    if beside is not None:
        said += f"; assurance {100 * beside['assurance']:.0f}"
        said += f" (± {100 * beside['error']:.0f})" if beside["error"] == beside["error"] else ""
    return {
        "group": f"Power: {words.titles[row['estimand']]}",
        "quantity": words.design(row),
        "unit": "%",
        "simulated": 100 * row["power"],
        "lower": 100 * row["power_lower"],
        "upper": 100 * row["power_upper"],
        "interval": f"95 % Monte-Carlo interval over {row['trials']:,} simulated trials",
        "verdict": said,
        "figures": {**row, "assurance": beside},
    }


# what the command line says ------------------------------------------------------------------------------------------


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _number(part: str, option: str, example: str, problems: list[Problem]) -> float:
    try:
        return float(part[:-1]) / 100 if part.endswith("%") else float(part)
    except ValueError:
        hint = f"Write numbers with commas between them: {option} {example}"
        problems.append(Problem("not-a-number", f"{part!r} is not a number", Where(option), hint))
        return math.nan


def _sizes(text: str, problems: list[Problem]) -> list[int]:
    found = []
    for part in _parts(text):
        if part.isascii() and part.isdigit() and len(part) < 9:
            found.append(int(part))
        else:
            hint = "Write whole numbers with commas between them: --n 50,100"
            problems.append(Problem("not-a-number", f"{part!r} is no number of patients", Where("--n"), hint))
    return sorted(set(found))


def _months(text: str, problems: list[Problem]) -> list[float]:
    return sorted({_number(part, "--months", "12,18", problems) for part in _parts(text)})


def _effects(text: str, problems: list[Problem]) -> list[float | None]:
    return [None if part == DRUG else _number(part, "--effect", "0.2,0.3", problems) for part in _parts(text)]


def _target(text: str, problems: list[Problem]) -> float | None:
    if not text.strip():
        return None
    value = _number(text.strip(), "--target", "0.9", problems)
    if value == value and not 0.1 <= value <= 0.99:
        hint = "Give 0.1 to 0.99; 0.8 and 0.9 are usual."
        problems.append(Problem("bad-target", f"a power of {value:g} is not looked for", Where("--target"), hint))
    return value


def _endpoint(name: str, known: Sequence[str], problems: list[Problem]) -> str:
    if name and name not in known:
        hint = f"{close_to(name, known)} It has: {', '.join(known)}."
        problems.append(
            Problem("unknown-endpoint", f"the protocol has no endpoint {name!r}", Where("--endpoint"), hint)
        )
    return name or known[0]


def _entries(path: Path, overrides: Mapping[str, object], texts: Sequence[str]) -> dict[str, Protocol]:
    """The protocol under other entry rules, by what the rules say."""
    out: dict[str, Protocol] = {}
    for text in texts:
        rules = read_settings([part for part in text.split(";") if part.strip()])
        placed = {
            name if name.startswith("screening.") else f"eligibility.{name}": rule for name, rule in rules.items()
        }
        out["; ".join(part.strip() for part in text.split(";") if part.strip())] = rooms.load_protocol(
            path, {**overrides, **placed}
        )
    return out
