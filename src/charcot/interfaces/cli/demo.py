"""``charcot demo``: one patient, one trial, one thousand untreated patients, one report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, cast

import typer

from charcot.core.errors import Problem, Problems
from charcot.core.pieces import piece
from charcot.interfaces import given_to_people, runs
from charcot.interfaces.cli import layer_rooms, rooms
from charcot.interfaces.cli.execute import Job, Product, execute, identity
from charcot.interfaces.cli.layer_rooms import Models
from charcot.interfaces.cli.options import (
    LARGEST_SEED,
    AsJson,
    ForceNew,
    Out,
    Settings,
    Workers,
    read_settings,
    worker_count,
)
from charcot.interfaces.cli.talk import Talk
from charcot.interfaces.cli.trial import model_tables, open_of, run_with_progress, summary_of, tables_of
from charcot.interfaces.report.content import say
from charcot.interfaces.report.names import plain_unit, without
from charcot.interfaces.report.views import records

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from charcot.fitting.layers import Open
    from charcot.interfaces.record_shapes import GainCell, HistoryRow
    from charcot.interfaces.report.views import Material
    from charcot.studies.course import TypicalPatient
    from charcot.studies.natural_history import NaturalHistory
    from charcot.trials import Protocol

TRIAL = "mci186_19"
UNTREATED = 1000
ABLATED = 300
MODELS, SHARE = 4, 1 / 3  # plausible models, and the share of the trial's patients: whole trials take minutes each


def demo(
    replicates: Annotated[int, typer.Option("--replicates", min=1, help="How many times to simulate the trial.")] = 24,
    settings: Settings = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Seed of all random draws.")] = 1,
    models: Models = None,
    workers: Workers = 0,
    out: Out = runs.DEFAULT_ROOT,
    force_new: ForceNew = False,
    as_json: AsJson = False,
) -> None:
    """See what Charcot does: a typical patient, a past trial, an untreated cohort, and a report of all three."""
    talk = Talk(as_json)
    workers = worker_count(workers)
    plausible = layer_rooms.plausible(models, MODELS)
    overrides = {**read_settings(settings, seed), "simulate.replicates": replicates}
    protocol = rooms.load_protocol(_trial_file(), overrides)
    with talk.stage("Composing the model"):
        made_of = identity(
            "demo",
            protocol=protocol.resolved(),
            seed=seed,
            untreated=UNTREATED,
            ablated=ABLATED,
            models=plausible.identity(),
        )
    job = Job("demo", made_of, out, force_new, workers)
    execute(talk, job, lambda: _compute(talk, protocol, seed, workers, plausible))


def _trial_file() -> Path:
    known = rooms.published_protocols()
    if TRIAL not in known:
        raise Problems(
            [Problem("no-demo-trial", f"the shipped protocol {TRIAL} is missing", hint="Install Charcot anew.")]
        )
    return known[TRIAL]


def _compute(talk: Talk, protocol: Protocol, seed: int, workers: int, plausible: layer_rooms.Plausible) -> Product:
    with talk.stage("Simulating one typical patient, untreated and treated"):
        typical = piece("typical patients", seed, lambda: rooms.typical_patient(seed, workers))
    outcome = run_with_progress(talk, protocol, workers)
    found = open_of(talk, protocol, plausible, workers, share=SHARE)
    with talk.stage("Simulating what a gene therapy gains"):
        plan, gained = layer_rooms.gene_therapy(seed, workers)
    gains = layer_rooms.open_of_cells(talk, "Gene therapy", plan, gained, plausible, workers)
    words = f"Simulating {UNTREATED:,} untreated patients, then {ABLATED:,} without each mechanism"
    with talk.stage(words, total=UNTREATED + ABLATED * rooms.ablation_count()) as advance:
        history = rooms.natural_history(UNTREATED, seed, workers, advance, ABLATED)
    from charcot.interfaces.report.gather import failure_counts, trial_view
    from charcot.interfaces.report.layers import failed_models, gains_section, gains_sentence
    from charcot.interfaces.report.views import Material

    view = trial_view(outcome, found)

    def material(manifest: Mapping[str, object]) -> Material:
        subtitle = (
            f"One typical patient, the trial {protocol.name} beside its publication, {UNTREATED:,} untreated patients"
        )
        sources = rooms.sources_used()
        return Material(
            "Charcot: a first look",
            subtitle,
            manifest,
            view,
            typical,
            history,
            sources,
            sections=[section] if section else [],
            given=given,
            also=gains_sentence(gained, gains),
        )

    section = gains_section("What the gene therapy gains", gained, gains)
    given = given_to_people.standing([*typical.products, *given_to_people.products_of(protocol)])

    return Product(
        summary=[
            *_history_rows(history.summary),
            *summary_of(view.comparison, f"Trial {protocol.name}"),
            *gain_rows(gained, gains),
            *_ablation_rows(history.ablations),
        ],
        failures={
            **failure_counts(outcome.failures),
            **failed_models(found),
            **failed_models(gains, "gene therapy: "),
            **_failed(history.failures),
        },
        tables={**tables_of(outcome), **model_tables(found), **_course_tables(typical, history)},
        material=material,
        protocol=protocol.resolved(),
        given=given,
    )


def gain_rows(gained: Sequence[GainCell], found: Open) -> list[dict[str, object]]:
    """What patients gain by the gene therapy, for each start, with its three layers."""
    from charcot.interfaces.report.layers import cell_name, gain_layers

    return [
        {
            "group": "Survival gained by a gene therapy that nobody was ever given",
            "quantity": cell_name(cell),
            "unit": "months",
            "simulated": float(cell["benefit"]),
            "lower": float(cell["lower"]),
            "upper": float(cell["upper"]),
            "interval": f"95 % bootstrap interval over {cell['patients']:,} patients",
            "verdict": layers.models.words(),
            "layers": layers.as_json(),
        }
        for number, cell in enumerate(gained)
        for layers in [gain_layers(cell, number, found, "months")]
    ]


def _failed(statuses: Mapping[str, int]) -> dict[str, int]:
    """Of the ways in which the untreated patients ended, those that are failures."""
    from charcot.core.result import failures_among

    return {f"untreated patients: {name}": count for name, count in failures_among(statuses).items()}


def _history_rows(summary: pd.DataFrame) -> list[dict[str, object]]:
    columns = ["quantity", "unit", "simulated", "lower", "upper", "published"]
    rows: list[dict[str, object]] = []
    for row in cast("list[HistoryRow]", records(summary)):
        unit = plain_unit(str(row["unit"]))
        words = _against_range(row, unit)
        kept = {name: value for name, value in row.items() if name in columns}
        interval = f"95 % bootstrap interval over {UNTREATED:,} patients"
        rows.append(
            {"group": f"{UNTREATED:,} untreated patients", **kept, "interval": interval, "unit": unit, "verdict": words}
        )
    return rows


def _against_range(row: HistoryRow, unit: str) -> str:
    """The distance to the published value; a miss where the simulated interval leaves the published range too. What
    was computed in another way is not judged."""
    words = distance(float(row["simulated"]), row.get("published_value", row["published"]), unit)
    if row.get("published_as") != row.get("simulated_as"):
        return f"not computed alike (published: {row['published_as']}; here: {row['simulated_as']}): {words}"
    low, high = row.get("published_lower"), row.get("published_upper")
    if not words or not isinstance(low, float) or low != low or high is None or high != high:
        return words
    apart = float(row["upper"]) < low or float(row["lower"]) > float(high)
    return f"{'MISS' if apart else 'within the published range'}: {words}"


def distance(simulated: float, published: object, unit: str) -> str:
    """How far the model is from the published value, where that is a number."""
    if not isinstance(published, int | float):
        return ""
    from charcot.interfaces.report.gather import verdict

    return verdict(simulated, float("nan"), float("nan"), float(published), unit)


def _ablation_rows(ablations: pd.DataFrame) -> list[dict[str, object]]:
    """How survival and decline move when a mechanism is switched off; the first row is the whole model."""
    rows: list[dict[str, object]] = []
    for number, row in enumerate(records(ablations)):
        what = without(str(row["mechanism"])) if number else str(row["mechanism"])
        decline = float(row["decline_points_per_month"])
        rows.append(
            {
                "group": "One mechanism switched off",
                "quantity": f"Median survival, {what}",
                "unit": "months",
                "simulated": row["median_survival_months"],
                "decline_points_per_month": decline,
                "verdict": f"decline {say(decline)} points/month",
            }
        )
    return rows


def _course_tables(typical: TypicalPatient, history: NaturalHistory) -> dict[str, pd.DataFrame]:
    import pandas as pd

    parts = [
        pd.DataFrame({"course": arm, "readout": readout, "months_since_untreated_onset": times, "value": values})
        for arm, readouts in typical.arms.items()
        for readout, (times, values) in readouts.items()
    ]
    return {
        "typical_patient": pd.concat(parts, ignore_index=True),
        "chain": typical.chain,
        "natural_history": _readable(history.summary),
        "natural_history_survival": history.survival,
        "ablations": history.ablations,
    }


def _readable(summary: pd.DataFrame) -> pd.DataFrame:
    """``published`` may hold numbers and ranges in words: kept as text, because a Parquet column has one type."""
    return summary.assign(published=[str(value) for value in summary["published"]])
