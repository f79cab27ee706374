"""``charcot compare``: rival hypotheses fitted by one procedure, scored, weighed, and what would tell them apart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charcot.core.errors import Problem, raise_if_any
from charcot.interfaces import runs
from charcot.interfaces.cli import fitting_rooms, layer_rooms, rooms
from charcot.interfaces.cli.execute import Job, Product, execute, identity
from charcot.interfaces.cli.fit import command_line
from charcot.interfaces.cli.layer_rooms import Models
from charcot.interfaces.cli.options import LARGEST_SEED, AsJson, DryRun, ForceNew, Out, Workers, worker_count
from charcot.interfaces.cli.talk import Talk
from charcot.interfaces.report.views import records

if TYPE_CHECKING:
    from charcot.fitting.comparison import Comparison
    from charcot.interfaces.cli.layer_rooms import RivalGains
    from charcot.interfaces.record_shapes import StoredFit
    from charcot.interfaces.report.views import Material

TOP = 8  # readings shown on the terminal


def compare(
    hypothesis: Annotated[
        list[str] | None,
        typer.Option("--hypothesis", metavar="NAME", help="A hypothesis to compare; without it, all. Repeatable."),
    ] = None,
    refit: Annotated[
        bool, typer.Option("--fit", help="Fit each hypothesis anew (long), not take the stored fits.")
    ] = False,
    experiment: Annotated[
        list[str] | None,
        typer.Option(
            "--experiment", metavar="NAME", help="With --fit: fit to and score this one, not the board. Repeatable."
        ),
    ] = None,
    candidate: Annotated[
        list[str] | None,
        typer.Option("--candidate", metavar="NAME", help="A feasible experiment to rank, not all. Repeatable."),
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Steps that each fit may try.")] = 3,
    draws: Annotated[
        int,
        typer.Option("--draws", min=2, max=10_000, help="Draws from each posterior, for predictions."),
    ] = 12,
    store: Annotated[
        bool, typer.Option("--store", help="For developers: with --fit, keep the fits beside the hypotheses.")
    ] = False,
    docs: Annotated[
        Path | None, typer.Option("--docs", help="Write hypotheses.md, a page of the documentation, into this folder.")
    ] = None,
    models: Models = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Seed of the draws.")] = 1,
    workers: Workers = 0,
    out: Out = runs.DEFAULT_ROOT,
    force_new: ForceNew = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Compare rival hypotheses of where disease begins; rank the experiments that would tell them apart.

    Weights come from the Bayesian evidence (Laplace) on the calibration experiments. Validation experiments and the
    natural history of patients score what was not fitted. What a gene therapy gains is told under each hypothesis, and
    under all by their weight; --models says from how many draws of each posterior, 1 for the fits alone.
    """
    talk = Talk(as_json)
    names = tuple(dict.fromkeys(hypothesis or fitting_rooms.hypothesis_names()))
    board, candidates = tuple(dict.fromkeys(experiment or ())), tuple(dict.fromkeys(candidate or ()))
    problems = fitting_rooms.check_comparison(names, refit, board, candidates)
    if board and not refit:
        hint = "Add --fit: stored fits are of all experiments."
        problems.append(Problem("partial-board", "--experiment needs --fit", None, hint))
    if store and (hypothesis or experiment or not refit):
        hint = "Fits that are kept must be of the same data: write 'charcot compare --fit --store'."
        problems.append(Problem("partial-fit", "--store keeps the fits of all hypotheses, with --fit", None, hint))
    raise_if_any(problems, "these hypotheses cannot be compared")
    plausible = layer_rooms.of_posteriors(models)
    question = {"hypotheses": list(names), "draws": draws, "fit": refit, "rounds": rounds if refit else None}
    question |= {"experiments": list(board)} if board else {}
    question |= {"candidates": list(candidates)} if candidates else {}
    question |= {"models": plausible.count or 1}
    fits, boards = fitting_rooms.comparison_runs(names, rounds, draws, refit)
    if dry_run:
        talk.show(f"{len(names)} hypotheses: up to {fits:,} runs for fits, {boards} for the comparison.")
        talk.data({"ok": True, "dry_run": True, "fit_runs": fits, "boards": boards, "protocol": question})
        return
    runs.check_places([docs])
    with talk.stage("Composing the model"):
        made_of = identity("compare", **question, seed=seed, fits=fitting_rooms.stored_fits(names))
    job = Job("compare", made_of, out, force_new or store or docs is not None, worker_count(workers))
    named = {"--hypothesis": hypothesis, "--experiment": experiment, "--candidate": candidate}
    command = command_line("compare --fit", named, {"--rounds": (rounds, 3)}, {"--store": store})

    def compute() -> Product:
        if refit:
            with talk.stage(f"Fitting {len(names)} hypotheses", total=fits) as advance:
                stored = fitting_rooms.fit_rivals(names, rounds, job.workers, advance, command, store, board)
        else:
            stored = fitting_rooms.stored_fits(names)
        warning = fitting_rooms.outdated(stored)
        if warning:
            talk.say(f"warning: {warning}")
        with talk.stage("Scoring and telling apart", total=boards) as advance:
            found = fitting_rooms.compare(stored, draws, seed, job.workers, advance, board, candidates)
        if plausible.note:
            talk.say(f"{plausible.note}.")
        weights = {row["hypothesis"]: float(row["weight_tempered"]) for row in records(found.rivals)}
        with talk.stage("What a gene therapy gains under each", total=len(stored) * (1 + plausible.count)) as advance:
            gained = layer_rooms.rival_gains(stored, weights, seed, plausible, job.workers, advance)
        if docs is not None:
            _write_page(found, stored, gained, docs)
        return _product(found, stored, gained, question)

    execute(talk, job, compute)


def _write_page(found: Comparison, stored: Mapping[str, StoredFit], gained: RivalGains, folder: Path) -> None:
    from charcot.interfaces.report.markdown import write_page
    from charcot.interfaces.report.sections.rivals import rivals_key, rivals_sections

    key = rivals_key(found, gained)
    lead = [
        "Made by `charcot compare --docs docs`; do not edit by hand.",
        f"{key.question} {key.answer} {key.interval}",
    ]
    write_page(
        folder,
        "hypotheses",
        "Rival hypotheses",
        lead,
        rivals_sections(found, fitting_rooms.hypotheses(), stored, gained),
    )


def _product(
    found: Comparison, stored: Mapping[str, StoredFit], gained: RivalGains, question: Mapping[str, object]
) -> Product:
    from charcot.interfaces.report.layers import failed_models
    from charcot.interfaces.report.sections.rivals import rivals_key, rivals_sections
    from charcot.interfaces.report.views import Material

    known = fitting_rooms.hypotheses()
    failures = {
        **found.failures,
        **failed_models(gained.together, "gene therapy: "),
        **{f"gene therapy, {name}: {why}": 1 for name, why in gained.failed.items()},
    }
    given = rooms.standing_in_experiments([*found.scores["experiment"], *found.readings["experiment"]])

    def material(manifest: Mapping[str, object]) -> Material:
        return Material(
            "Rival hypotheses",
            f"{len(found.rivals)} accounts of where ALS begins, side by side",
            manifest,
            sources=rooms.sources_used(),
            failures=failures,
            sections=rivals_sections(found, known, stored, gained),
            key=rivals_key(found, gained),
            given=given,
        )

    return Product(
        summary=_summary(found, gained),
        failures=failures,
        given=given,
        tables={
            "rivals": found.rivals,
            "scores": found.scores,
            "readings": found.readings,
            "ranking": found.ranking,
            "pairs": found.pairs,
            "numbers": found.numbers,
        },
        material=material,
        protocol=question,
    )


def _summary(found: Comparison, gained: RivalGains) -> list[dict[str, object]]:
    from charcot.interfaces.report.layers import rival_layers

    rows = [
        {
            "group": "Rival hypotheses: weight by the evidence of the calibration experiments",
            "quantity": row["title"],
            "unit": "weight",
            "simulated": row["weight"],
            "verdict": _stands(row),
        }
        for row in records(found.rivals)
    ]
    titles = {row["hypothesis"]: row["title"] for row in records(found.rivals)}
    rows += [
        {
            "group": "What a gene therapy gains: three layers",
            "quantity": name,
            "unit": "months",
            "simulated": value,
            "layers": layers.as_json(),
        }
        for name, value, layers in rival_layers(gained, titles)
    ]
    rows += [
        {
            "group": "What would tell them apart: expected information",
            "quantity": f"{row['title']}: {row['reading']}",
            "unit": "bits",
            "simulated": row["bits"],
            "verdict": f"{row['bits_at_weights']:.2f} bits at the present weights",
        }
        for row in records(found.ranking.head(TOP))
    ]
    return rows


def _stands(row: Mapping[str, object]) -> str:
    """How a hypothesis stands, in words."""
    return (
        f"{'' if row['settled'] else 'fit not settled; '}ln evidence {row['log_evidence']:+.1f} to the best; "
        f"validation {row['validation_passed']} of {row['validation_total']}, natural history "
        f"{row['natural_history_passed']} of {row['natural_history_total']}"
    )
