"""``charcot sweep``: which treatment, dose and start gains how much, and when is it too late?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, cast

import typer

from charcot.core.errors import Problem, Problems, Severity, Where
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_YEAR, UnitError, parse_quantity
from charcot.interfaces import given_to_people, runs
from charcot.interfaces.cli import laboratory, layer_rooms, rooms
from charcot.interfaces.cli.execute import Job, Product, execute, identity
from charcot.interfaces.cli.kinds import completing
from charcot.interfaces.cli.layer_rooms import Models
from charcot.interfaces.cli.options import LARGEST_SEED, AsJson, DryRun, ForceNew, Out, Workers, worker_count
from charcot.interfaces.cli.talk import Talk
from charcot.interfaces.report.names import plain_unit
from charcot.interfaces.report.views import records

if TYPE_CHECKING:
    import pandas as pd

    from charcot.fitting.layers import Open
    from charcot.interfaces.record_shapes import GainCell
    from charcot.interfaces.report.layers import Layers
    from charcot.interfaces.report.views import Material
    from charcot.studies.window import Endpoint, Plan, Window

Names = Annotated[
    list[str] | None,
    typer.Option(
        "--product",
        "-p",
        metavar="NAME",
        help="A product to sweep. Repeatable; all pairs are made.",
        autocompletion=completing("products"),
    ),
]


def sweep(
    product: Names = None,
    dose: Annotated[
        list[str] | None,
        typer.Option(
            "--dose",
            metavar="LIST",
            help="Multiples of one default dose (0.5,1,2), or doses of one product (tofersen=20 mg,100 mg).",
        ),
    ] = None,
    start: Annotated[
        str, typer.Option("--start", metavar="LIST", help="Starts, years from onset: --start=-2,0,2.")
    ] = "-3,-2,-1,0,1,2,3",
    pairs: Annotated[bool, typer.Option("--pairs/--no-pairs", help="Sweep every pair of products too.")] = True,
    combination: Annotated[
        list[str] | None, typer.Option("--combination", metavar="A+B+C", help="A further combination. Repeatable.")
    ] = None,
    population: Annotated[
        list[str] | None, typer.Option("--population", metavar="NAME", help="Who is treated. Repeatable.")
    ] = None,
    patient: Annotated[
        str, typer.Option("--patient", metavar="REGION", help="One typical patient with this onset, not a cohort.")
    ] = "",
    age: Annotated[
        float | None,
        typer.Option("--age", help="Of one patient: age at onset, years. Without it the seed comes at 58."),
    ] = None,
    person: Annotated[
        int | None, typer.Option("--person", min=0, help="With --age: this drawn person, not the typical one.")
    ] = None,
    while_alive: Annotated[
        bool, typer.Option("--while-alive", help="Read function as it is while a person lives, and no survival.")
    ] = False,
    size: Annotated[int, typer.Option("-n", "--size", help="Patients in a cohort.")] = 30,
    endpoint: Annotated[
        str, typer.Option("--endpoint", help="What is gained: survival, alsfrs, alive or innervation.")
    ] = "survival",
    at: Annotated[str, typer.Option("--at", help="When the other endpoints are read, after onset.")] = "36 months",
    follow_up: Annotated[str, typer.Option("--follow-up", help="Length of follow-up after onset.")] = "10 years",
    seed: Annotated[int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Seed of all random draws.")] = 1,
    models: Models = None,
    workers: Workers = 0,
    out: Out = runs.DEFAULT_ROOT,
    force_new: ForceNew = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Sweep dose, start and combination: heat maps of benefit, pairs beside their parts, the time of no return."""
    talk = Talk(as_json)
    plans = _plans(
        talk, product, dose or [], start, pairs, combination or [], population, patient, age, person, while_alive, size,
        endpoint, at, follow_up, seed,
    )  # fmt: skip
    plausible = layer_rooms.plausible(models)
    resolved = {"seed": seed, "sweeps": [plan.resolved() for plan in plans]}
    if dry_run:
        count = sum(laboratory.sweep_size(plan) for plan in plans)
        talk.show(f"{count:,} patients would be simulated.")
        talk.data({"ok": True, "dry_run": True, "simulations": count, "protocol": resolved})
        return
    with talk.stage("Composing the model"):
        made_of = identity("sweep", protocol=resolved, seed=seed, models=plausible.identity())
    job = Job(f"sweep-{plans[0].endpoint}", made_of, out, force_new, worker_count(workers))
    execute(talk, job, lambda: _compute(talk, plans, resolved, job.workers, plausible))


def _plans(
    talk: Talk, product: Sequence[str] | None, dose: Sequence[str], start: str, pairs: bool,
    combination: Sequence[str], population: Sequence[str] | None, patient: str, age: float | None, person: int | None,
    while_alive: bool, size: int, endpoint: str, at: str, follow_up: str, seed: int,
) -> list[Plan]:  # fmt: skip
    """One plan per population; everything that is wrong is reported at once, warnings are said."""
    from charcot.studies import window

    problems: list[Problem] = []
    multiples, doses = _doses(dose, problems)
    plan = window.Plan(
        products=tuple(product or window.DEFAULT_PRODUCTS),
        pairs=pairs,
        combinations=tuple(tuple(part.strip() for part in text.split("+")) for text in combination),
        multiples=tuple(multiples or window.DEFAULT_MULTIPLES),
        doses=doses,
        starts=tuple(sorted(set(_numbers(start, "--start", problems)))),
        patient=patient,
        age=age,
        person=person,
        while_alive=while_alive,
        n=size,
        seed=seed,
        endpoint=endpoint,
        at_months=_time(at, "--at", problems) / DAYS_PER_MONTH,
        follow_up_years=_time(follow_up, "--follow-up", problems) / DAYS_PER_YEAR,
    )
    fallback = ("sporadic", "SOD1") if patient else window.DEFAULT_POPULATIONS
    plans = [replace(plan, population=name) for name in population or fallback]
    said: list[Problem] = []
    for number, one in enumerate(plans):
        found = window.check_plan(one)
        if not population and not any(problem.severity is Severity.ERROR for problem in found):
            active = tuple(name for name in one.products if not window.inert(name, one.population))
            if active:
                plans[number] = one = replace(one, products=active, combinations=_within(one.combinations, active))
                found = window.check_plan(one)
        said += [problem for problem in found if problem not in said and not _follows(problem, problems)]
    problems += [problem for problem in said if problem.severity is Severity.ERROR]
    if problems:
        raise Problems(problems, "this sweep cannot be run")
    for problem in said:
        talk.say(f"warning: {problem}")
    return plans


def _follows(problem: Problem, unread: Sequence[Problem]) -> bool:
    """Whether a problem of the plan may be that an option could not be read: another value stands in its place."""
    options = {one.where.file for one in unread if one.where and one.code != "double-dose"}
    if "--follow-up" in options:
        options |= {"--start", "--at"}  # which must lie within it
    return problem.where is not None and problem.where.file in options


def _within(combinations: Sequence[tuple[str, ...]], names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(arm for arm in combinations if set(arm) <= set(names))


def _doses(texts: Sequence[str], problems: list[Problem]) -> tuple[list[float], dict[str, tuple[str, ...]]]:
    """``0.5,1,2`` are multiples; ``tofersen=20 mg,100 mg`` are doses of one product."""
    multiples: list[float] = []
    doses: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, equals, amounts = text.partition("=")
        if not equals:
            multiples += _numbers(text, "--dose", problems)
            continue
        if name.strip() in doses:
            problems.append(Problem("double-dose", f"{name.strip()} is given doses twice", Where(f"--dose {text}"),
                                    "Name all doses of a product in one option."))  # fmt: skip
        doses[name.strip()] = tuple(part.strip() for part in amounts.split(",") if part.strip())
    return multiples, doses


def _numbers(text: str, option: str, problems: list[Problem]) -> list[float]:
    out: list[float] = []
    for part in text.split(","):
        try:
            out.append(float(part.strip().removesuffix("x")))
        except ValueError:
            hint = "Write numbers with commas between them" + (
                ", or doses of one product: --dose 'tofersen=20 mg,100 mg'." if option == "--dose" else ": -2,0,2."
            )
            problems.append(Problem("not-a-number", f"{part.strip()!r} is not a number", Where(option), hint))
    return out


def _time(text: str, option: str, problems: list[Problem]) -> float:
    try:
        return parse_quantity(text, "day")
    except UnitError as error:
        problems.append(Problem("bad-time", str(error), Where(option), "For example: '36 months'."))
        return DAYS_PER_YEAR


def _compute(
    talk: Talk, plans: Sequence[Plan], resolved: Mapping[str, object], workers: int, plausible: layer_rooms.Plausible
) -> Product:
    windows: list[tuple[str, Window]] = []
    for plan in plans:
        which = "typical" if plan.person is None else "drawn"
        who = f"one {which} {plan.population} patient" if plan.patient else f"{plan.n:,} {plan.population} patients"
        words = f"Sweeping {len(plan.cells()):,} cells with {who}"
        with talk.stage(words, total=laboratory.sweep_size(plan)) as advance:
            windows.append((_label(plan), laboratory.sweep(plan, workers, advance)))
    from charcot.interfaces.report.layers import cell_name, failed_models, layers_section
    from charcot.interfaces.report.sections.window import key_of, window_sections
    from charcot.interfaces.report.views import Material

    endpoint = plans[0].endpoints[plans[0].endpoint]
    bests = [_bests(talk, name, one, endpoint, plausible, workers) for name, one in windows]
    sections = []
    for (name, one), best in zip(windows, bests, strict=True):
        effects = [
            (f"{cell_name(cell)}, {plain_unit(endpoint.unit)}", float(cell["benefit"]), layers)
            for cell, layers in best.cells
        ]
        uncertain = layers_section(effects, best.found, f"layers-{name.replace(' ', '-').lower()}")
        sections += [*window_sections(one, endpoint, name), *([uncertain] if uncertain else [])]

    def material(manifest: Mapping[str, object]) -> Material:
        return Material(
            "Therapeutic window",
            f"{endpoint.title}: dose, start and combination of treatments",
            manifest,
            sources=rooms.sources_used(),
            sections=sections,
            key=key_of(windows, endpoint, [best.key() for best in bests]),
            given=given,
        )

    given = given_to_people.standing(list(dict.fromkeys(name for plan in plans for name in plan.products)))

    failures: dict[str, int] = {}
    for name, one in windows:
        failures |= {f"{name}: {reason}": count for reason, count in one.failures.items()}
    for (name, _), best in zip(windows, bests, strict=True):
        failures |= {f"{name}: {reason}": count for reason, count in failed_models(best.found).items()}
    return Product(
        summary=[
            row for (name, one), best in zip(windows, bests, strict=True) for row in _summary(name, one, endpoint, best)
        ],
        failures=failures,
        tables=_tables(windows),
        material=material,
        protocol=resolved,
        given=given,
    )


def _label(plan: Plan) -> str:
    if not plan.patient:
        return laboratory.population_title(plan.population)
    who = "typical" if plan.person is None else f"drawn (number {plan.person})"
    age = "" if plan.age is None else f" at {plan.age:g} years"
    return f"{who} {plan.population} patient, {plan.patient} onset{age}"


def _tables(windows: Sequence[tuple[str, Window]]) -> dict[str, pd.DataFrame]:
    import pandas as pd

    out = {}
    for table in ("cells", "interactions", "rescues", "no_return", "people"):
        parts = [getattr(one, table).assign(population=name) for name, one in windows]
        out[table] = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    return out


@dataclass(frozen=True)
class _Bests:
    """The best cell of each treatment in the central model with its layers, and what the evidence leaves open."""

    cells: Sequence[tuple[GainCell, Layers]]
    found: Open

    def key(self) -> str:
        """The layers of the best cell of all, for the plain-language box."""
        from charcot.interfaces.report.layers import of_effect_without

        _, layers = max(self.cells, key=lambda one: float(one[0]["benefit"]))
        return " ".join(text for text in (layers.sentence(), of_effect_without(self.found)) if text)


def _bests(
    talk: Talk, name: str, window: Window, endpoint: Endpoint, plausible: layer_rooms.Plausible, workers: int
) -> _Bests:
    from charcot.interfaces.report.layers import gain_layers

    unit = plain_unit(endpoint.unit)
    cells = window.cells[window.cells["endpoint"] == endpoint.name]
    first = cells.groupby("combination", sort=False)["benefit"].idxmax()
    best = cast("list[GainCell]", records(cells.loc[first]))
    words = f"{name}: the best of each treatment"
    found = layer_rooms.open_of_cells(talk, words, window.plan, best, plausible, workers)
    return _Bests([(cell, gain_layers(cell, number, found, unit)) for number, cell in enumerate(best)], found)


def _summary(name: str, window: Window, endpoint: Endpoint, bests: _Bests) -> list[dict[str, object]]:
    """The best cell of each treatment, with the start by which half of its best is lost."""
    unit = plain_unit(endpoint.unit)
    rows = []
    for best, layers in bests.cells:
        combination = best["combination"]
        rows.append(
            {
                "group": f"Gain, {endpoint.title}: {name}",
                "quantity": str(combination).replace("_", " "),
                "unit": unit,
                "simulated": float(best["benefit"]),
                "lower": float(best["lower"]),
                "upper": float(best["upper"]),
                "interval": f"95 % bootstrap interval over {best['patients']:,} patients",
                "verdict": f"{best['dose']}, {best['start_years']:+g} years from onset{_untried(best)}",
                "dose_multiple": float(best["dose_multiple"]),
                "start_years": float(best["start_years"]),
                "layers": layers.as_json(),
            }
        )
    for row in records(window.no_return[window.no_return["endpoint"] == endpoint.name]):
        half_closed = float(row["half_closed_years"])
        if row["kind"] == "rescue":
            rows.append(
                {
                    "group": f"Time of no return, {endpoint.title}: {name}",
                    "quantity": f"{row['what']}: half of the best gain is lost at",
                    "unit": "years from onset",
                    "simulated": half_closed if math.isfinite(half_closed) else None,
                    "verdict": f"{_later(half_closed)}best gain {row['best_benefit']:.3g} {unit}".rstrip(),
                }
            )
    return rows


def _untried(cell: GainCell) -> str:
    """What must be said beside a gain that nobody could have seen."""
    if cell["never_given"]:
        return f"; {cell['never_given']}: never given to people"
    return "; outside the doses that people were given" if cell["beyond_studied"] else ""


def _later(years: float) -> str:
    return "later than the last start looked at; " if years == math.inf else ""
