"""``charcot run`` and ``charcot trial``: a protocol becomes a run folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charcot.interfaces import given_to_people, runs
from charcot.interfaces.cli import laboratory, layer_rooms, rooms
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
from charcot.interfaces.cli.trial_patient import show_patient
from charcot.interfaces.report.views import records

if TYPE_CHECKING:
    import pandas as pd

    from charcot.fitting.layers import Open
    from charcot.interfaces.record_shapes import Counts
    from charcot.interfaces.report.views import Material
    from charcot.patients import Assumed
    from charcot.trials import Protocol, TrialOutcome

SUMMARY_COLUMNS = ("quantity", "unit", "simulated", "lower", "upper", "interval", "published", "verdict")


def trial(
    protocol: ProtocolPath,
    replicates: Annotated[
        int | None, typer.Option("--replicates", min=1, help="How many times to simulate it.")
    ] = None,
    show: Annotated[
        int | None,
        typer.Option(
            "--show",
            metavar="NUMBER",
            help="Show one patient of the first simulated trial, by the order of enrolment, and make no run folder.",
        ),
    ] = None,
    settings: Settings = None,
    seed: Seed = None,
    assume: Assume = None,
    models: Models = None,
    workers: Workers = 0,
    out: Out = runs.DEFAULT_ROOT,
    force_new: ForceNew = False,
    as_json: AsJson = False,
) -> None:
    """Simulate a whole trial, many times: estimates over the replicates, tables and a report."""
    overrides = read_settings(settings, seed)
    if show is not None:
        loaded = rooms.load_protocol(protocol_file(protocol), overrides)
        assumed = laboratory.assume(assume) if assume else None
        show_patient(Talk(as_json), loaded, show, worker_count(workers), assumed)
        return
    if replicates is not None:
        overrides["simulate.replicates"] = replicates
    _simulate(Talk(as_json), "trial", protocol, overrides, worker_count(workers), out, force_new, assume, models)


def run(
    protocol: ProtocolPath,
    settings: Settings = None,
    seed: Seed = None,
    assume: Assume = None,
    models: Models = None,
    workers: Workers = 0,
    out: Out = runs.DEFAULT_ROOT,
    force_new: ForceNew = False,
    as_json: AsJson = False,
) -> None:
    """Simulate the patients of a protocol once: trajectories and a report, no ranges over replicates."""
    overrides = {**read_settings(settings, seed), "simulate.replicates": 1}
    _simulate(Talk(as_json), "run", protocol, overrides, worker_count(workers), out, force_new, assume, models)


def _simulate(
    talk: Talk, verb: str, path: Path, overrides: Mapping[str, object], workers: int, out: Path, force_new: bool,
    assume: Sequence[str] | None = None, models: int | None = None,
) -> None:  # fmt: skip
    plausible = layer_rooms.plausible(models)
    protocol = rooms.load_protocol(protocol_file(path), overrides)
    assumed = laboratory.assume(assume) if assume else None
    resolved = dict(protocol.resolved())
    if assumed is not None:
        resolved["assume"] = sorted(assume or ())
        for line in assumed.lines:
            talk.say(f"Assumed: {line}")
    with talk.stage("Composing the model"):
        made_of = identity(verb, protocol=resolved, seed=protocol.simulate.seed, models=plausible.identity())
    job = Job(f"{verb}-{protocol.name}" if verb == "run" else protocol.name, made_of, out, force_new, workers)
    execute(talk, job, lambda: _compute(talk, verb, protocol, resolved, workers, assumed, plausible))


def _compute(
    talk: Talk,
    verb: str,
    protocol: Protocol,
    resolved: Mapping[str, object],
    workers: int,
    assumed: Assumed | None,
    plausible: layer_rooms.Plausible,
) -> Product:
    outcome = run_with_progress(talk, protocol, workers, assumed)
    found = open_of(talk, protocol, plausible, workers, assumed)
    from charcot.interfaces.report.gather import failure_counts, not_estimable, trial_view
    from charcot.interfaces.report.layers import failed_models
    from charcot.interfaces.report.views import Material

    view = trial_view(outcome, found)
    for sentence in not_estimable(outcome.tables["estimates"], {arm.id: arm.title for arm in protocol.arms}):
        talk.say(sentence)
    kind = "One simulated trial" if verb == "run" else f"{view.replicates:,} simulated trials"

    def material(manifest: Mapping[str, object]) -> Material:
        under = f", under {len(assumed.lines)} assumptions" if assumed is not None else ""
        return Material(
            protocol.title,
            f"{kind} of the protocol {protocol.name}{under}",
            manifest,
            view,
            sources=rooms.sources_used(),
            given=given,
        )

    given = given_to_people.given_in(protocol)
    return Product(
        summary=summary_of(view.comparison, f"Trial {protocol.name}"),
        failures={**failure_counts(outcome.failures), **failed_models(found)},
        tables={**tables_of(outcome), **model_tables(found)},
        material=material,
        protocol=resolved,
        given=given,
    )


def run_with_progress(talk: Talk, protocol: Protocol, workers: int, assumed: Assumed | None = None) -> TrialOutcome:
    """All replicates of a protocol, with a bar, under assumptions if there are any."""
    count = protocol.simulate.replicates
    words = f"Simulating {protocol.name}" + ("" if count == 1 else f", {count:,} times")
    with talk.stage(words, total=count) as advance:
        if assumed is not None:
            return laboratory.run_trial_assuming(protocol, workers, advance, assumed)
        return rooms.run_trial(protocol, workers, advance)


def open_of(
    talk: Talk,
    protocol: Protocol,
    plausible: layer_rooms.Plausible,
    workers: int,
    assumed: Assumed | None = None,
    share: float = 1.0,
) -> Open:
    """What the evidence leaves open of a protocol's estimates, with a bar; without models the reason is said."""
    if not plausible.count:
        talk.say(f"{plausible.note}.")
        return layer_rooms.nothing(plausible.note)
    words = f"Simulating {protocol.name} under {plausible.count} plausible models, {plausible.replicates} times each"
    with talk.stage(words, total=plausible.count) as advance:
        return layer_rooms.open_of_trial(
            protocol, plausible, given_to_people.products_of(protocol), assumed, workers, advance, share
        )


def model_tables(found: Open) -> dict[str, pd.DataFrame]:
    """What each plausible model gave, where some were simulated."""
    return {} if found.effects.empty else {"models": found.table, "estimates_by_model": found.effects}


def summary_of(comparison: pd.DataFrame, group: str) -> list[dict[str, object]]:
    """The key figures: contrasts first, then the arms; each with its three layers of uncertainty."""
    if comparison.empty:
        return []
    ordered = comparison.sort_values("contrast", ascending=False, kind="stable")
    return [
        {"group": group, **{name: row[name] for name in SUMMARY_COLUMNS}, "layers": row["layers"].as_json()}
        for row in records(ordered)
    ]


def tables_of(outcome: TrialOutcome) -> dict[str, pd.DataFrame]:
    """The tables to keep: ADaM, estimates, flow, and what the pictures were drawn from."""
    return {
        **outcome.tables,
        "summary": outcome.summary,
        "failures": outcome.failures,
        "flow": flow_table(outcome.flow),
    }


def flow_table(flow: Mapping[str, Counts]) -> pd.DataFrame:
    """CONSORT counts as a table: stage, reason, count in the first replicate and its mean over all."""
    import pandas as pd

    first, mean = dict(_leaves(flow["first"])), dict(_leaves(flow["mean"]))
    rows = [(stage, count, float(mean.get(stage, float("nan")))) for stage, count in first.items()]
    return pd.DataFrame(rows, columns=["stage", "first_replicate", "mean"])


def _leaves(counts: Counts, prefix: str = "") -> list[tuple[str, float]]:
    rows: list[tuple[str, float]] = []
    for key, value in counts.items():
        if isinstance(value, Mapping):
            rows += _leaves(value, f"{prefix}{key}.")
        elif not isinstance(value, str):
            rows.append((f"{prefix}{key}", float(value)))
    return rows
