"""``charcot evidence``: what is disputed, and what to measure next."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from charcot.core.errors import Problems
from charcot.interfaces import runs
from charcot.interfaces.cli import laboratory, rooms
from charcot.interfaces.cli.execute import Job, Product, execute, identity
from charcot.interfaces.cli.options import LARGEST_SEED, AsJson, Assume, DryRun, ForceNew, Out, Workers, worker_count
from charcot.interfaces.cli.talk import Talk
from charcot.interfaces.report.names import plain_unit
from charcot.interfaces.report.views import records

if TYPE_CHECKING:
    from rich.console import RenderableType

    from charcot.interfaces.record_shapes import AssumableRow, Contradiction
    from charcot.interfaces.report.views import Material
    from charcot.studies.gaps import Endpoint, Gaps, Question

TOP = 25
STANDS = {
    "ships": "as shipped",
    "emerges": "follows from the whole model: no number carries it",
    "absent": "not in the model: no number yet",
}


def contradictions(
    selectable: Annotated[bool, typer.Option("--selectable", help="Only those with a side to select.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the contradictions of the literature, and which side each number or mechanism of the model takes."""
    talk = Talk(as_json)
    listed = laboratory.contradictions()
    can = [one for one in listed if one["selectable"]]
    shown = can if selectable else listed
    talk.show(*(part for one in shown for part in _dispute(one)))
    talk.show(
        f"{len(listed)} contradictions; {len(can)} have a side that changes the model (--assume KEY=SIDE); "
        f"{sum(_lacks(one) for one in listed)} have a side that no number of the model carries yet."
    )
    talk.data({"ok": True, "contradictions": shown})


def _changes(rows: Sequence[AssumableRow]) -> bool:
    return any(row["action"] not in STANDS for row in rows)


def _lacks(one: Contradiction) -> bool:
    return any(row["action"] == "absent" for rows in one["sides"].values() for row in rows)


def _dispute(one: Contradiction) -> list[RenderableType]:
    from rich.text import Text

    parts: list[RenderableType] = [Text(str(one["key"]), style="bold")]
    cited = {"claim": one["sources_for"], "counter_claim": one["sources_against"]}
    said = {"claim": one["claim"], "counter_claim": one["counter_claim"]}
    for side, rows in one["sides"].items():
        parts.append(Text(f"  {side}: {said[side]} ({', '.join(cited[side])})"))
        if _changes(rows):
            parts.append(Text(f"      --assume {one['key']}={side}: {'; '.join(_does(row) for row in rows)}"))
        else:
            notes = "; ".join(str(row["note"]) for row in rows if row["note"])
            parts.append(Text(f"      {STANDS[str(rows[0]['action'])]} ({notes})"))
    return [*parts, ""]


def _does(row: AssumableRow) -> str:
    target = row["target"]
    if row["action"] == "set":
        return f"{target} = {row['value']:g} {plain_unit(str(row['unit']))}".rstrip()
    if row["action"] == "off":
        return f"{target} is switched off"
    way = "up" if row["action"] == "raise" else "down"
    return f"{target} moves {way} by one width of its prior: only the direction was read"


def gaps(
    endpoint: Annotated[
        str,
        typer.Option("--endpoint", help="What moves: survival, alsfrs, capacity, innervation, nfl or onset."),
    ] = "survival",
    population: Annotated[str, typer.Option("--population", metavar="NAME", help="Whose endpoint.")] = "sporadic",
    size: Annotated[int, typer.Option("-n", "--size", help="Patients in the cohort.")] = 100,
    step: Annotated[float, typer.Option("--step", help="How far ln(value) is moved for the derivative.")] = 0.1,
    assume: Assume = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Seed of all random draws.")] = 1,
    store: Annotated[
        bool, typer.Option("--store", help="Keep the widest gaps in the package: the explorer shows them.")
    ] = False,
    workers: Workers = 0,
    out: Out = runs.DEFAULT_ROOT,
    force_new: ForceNew = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Rank the numbers by sensitivity of an endpoint times the width of their prior: what to measure next."""
    talk = Talk(as_json)
    from charcot.studies import gaps as room

    question = room.Question(population, size, seed, step, endpoint, tuple(sorted(assume or ())))
    problems = room.check_question(question)
    if problems:
        raise Problems(problems, "these gaps cannot be found")
    for line in laboratory.assume(assume).lines if assume else ():
        talk.say(f"Assumed: {line}")
    if dry_run:
        talk.show(f"{room.simulations(question):,} patients would be simulated.")
        talk.data({"ok": True, "dry_run": True, "simulations": room.simulations(question)})
        return
    with talk.stage("Composing the model"):
        made_of = identity("evidence gaps", question=question.resolved(), seed=seed)
    job = Job(f"gaps-{endpoint}", made_of, out, force_new or store, worker_count(workers))
    execute(talk, job, lambda: _compute(talk, question, job.workers, store))


def _compute(talk: Talk, question: Question, workers: int, store: bool = False) -> Product:
    from charcot.studies import gaps as room

    with talk.stage("Moving each number up and down", total=room.simulations(question)) as advance:
        found = room.find_gaps(question, workers, advance)
    if store:
        laboratory.store_gaps(found)
    from charcot.interfaces.report.sections.gaps import gaps_key, gaps_sections
    from charcot.interfaces.report.views import Material

    endpoint = room.ENDPOINTS[question.endpoint]

    def material(manifest: Mapping[str, object]) -> Material:
        return Material(
            "What to measure next",
            f"{endpoint.title}: sensitivity times width of the prior, {found.patients} {question.population} patients",
            manifest,
            sources=rooms.sources_used(),
            sections=gaps_sections(found, endpoint),
            key=gaps_key(found, endpoint),
        )

    return Product(
        summary=_summary(found, endpoint),
        failures=found.failures,
        tables={"gaps": found.table, "not_varied": found.not_varied},
        material=material,
        protocol={"gaps": question.resolved()},
    )


def _summary(found: Gaps, endpoint: Endpoint) -> list[dict[str, object]]:
    own = found.table[found.table["endpoint"] == endpoint.name].head(TOP)
    return [
        {
            "group": f"What to measure next: {endpoint.title}, by how far the prior of a number lets it move",
            "quantity": row["number"],
            "unit": plain_unit(endpoint.unit),
            "simulated": float(row["gap"]),
            "lower": _edge(row["gap"], -row["gap_error"]),
            "upper": _edge(row["gap"], row["gap_error"]),
            "interval": "95 % interval of the sampling error over patients",
            "verdict": f"grade {row['grade']}, prior {row['prior_log_spread']:.2g}: {row['title']}",
            "rank": int(row["rank"]),
            "sensitivity": float(row["sensitivity"]),
        }
        for row in records(own)
    ]


def _edge(gap: float, error: float) -> float:
    return float(gap + 1.96 * error) if math.isfinite(error) else float("nan")
