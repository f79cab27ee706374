"""``charcot predict``: dated predictions of running trials, sealed before they read out and scored after."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charcot.core.errors import Problem, Problems, Where
from charcot.interfaces import runs
from charcot.interfaces.cli import record_rooms as rooms
from charcot.interfaces.cli.hindcast import number
from charcot.interfaces.cli.options import LARGEST_SEED, AsJson, Workers, worker_count
from charcot.interfaces.cli.talk import Talk

if TYPE_CHECKING:
    from rich.table import Table

    from charcot.interfaces.record_shapes import Distribution, PredictionRecord, ScoresRecord

FEWEST = 100
PREDICTIONS = Path("predictions")
NO_FOLDER = "no folder {} here; run at the project's root or give --folder"
Folder = Annotated[Path, typer.Option("--folder", help="Where sealed predictions are; run it at the project's root.")]


def predict(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A running trial; 'charcot predict list' has them all.")],
    seal: Annotated[bool, typer.Option("--seal", help="Write it to the folder, once and for ever.")] = False,
    patients: Annotated[
        int, typer.Option("--patients", "-n", min=FEWEST, help="People simulated of the trial's population.")
    ] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Seed of all random draws.")] = 11,
    folder: Folder = PREDICTIONS,
    workers: Workers = 0,
    as_json: AsJson = False,
) -> None:
    """Predict a trial that has not read out: its primary endpoint, the effect, and the placebo arm.

    With --seal the prediction is written to a file whose hash stands in SEALS, and is never changed again.
    """
    talk = Talk(as_json)
    trial = rooms.running_trial(name)
    if seal:
        rooms.sealable(folder, name)
        runs.check_places([folder])
    began = time.monotonic()
    with talk.stage(f"Simulating {2 * patients:,} courses", total=2 * patients) as advance:
        store = rooms.simulate_for(trial, patients, seed, worker_count(workers), advance)
    with talk.stage("Screening, and treating twins"):
        found = rooms.forecast(trial, store, seed, worker_count(workers))
    record = rooms.prediction_record(found, seed, patients)
    talk.show(*_lines(record))
    if seal:
        talk.say(f"Sealed as {rooms.seal(folder, record)}")
    talk.say(f"{trial.name} in {time.monotonic() - began:.0f} s")
    talk.data(record)


def list_predictions(folder: Folder = PREDICTIONS, as_json: AsJson = False) -> None:
    """The running trials that can be predicted, and which predictions are sealed."""
    talk = Talk(as_json)
    absent = _absent(folder)
    known = rooms.sealed(folder)
    rows = [
        {
            "name": name,
            "title": content.title,
            "drug": content.drug,
            "registry": content.registry,
            "primary": content.primary,
            "simulated_as": ", ".join(content.products) or "placebo only",
            "expected": content.expected,
            "sealed_on": str(known[name]["sealed_on"]) if name in known else None,
        }
        for name, content in rooms.running_designs().items()
    ]
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("Name", "Drug", "Registry", "Primary", "Simulated as", "Expected", "Sealed on"):
        table.add_column(heading)
    for row in rows:
        table.add_row(
            row["name"], row["drug"], row["registry"], row["primary"], row["simulated_as"], row["expected"],
            row["sealed_on"] or ("?" if absent else "not yet"),
        )  # fmt: skip
    talk.show(table)
    if absent:
        talk.show(f"What is sealed is not known: {absent}.")
    talk.data({"running": rows, "note": absent})


def _absent(folder: Path) -> str | None:
    """What to say where there is no folder of sealed predictions, which is not the same as an empty one."""
    return None if folder.is_dir() else NO_FOLDER.format(folder)


def score(
    folder: Folder = PREDICTIONS,
    docs: Annotated[
        Path | None, typer.Option("--docs", help="Write predictions.md, a page of the documentation, here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Score sealed predictions of trials that have read out (predictions/readouts/NAME.yaml), rivals included."""
    talk = Talk(as_json)
    absent = _absent(folder)
    if absent:
        if docs is not None:
            raise Problems([Problem("no-folder", absent, Where("--docs"), "A page needs predictions.")])
        talk.show(f"What is sealed is not known: {absent}.")
        talk.data({"sealed": None, "seals": None, "read_out": None, "scores": [], "means": [], "note": absent})
        return
    runs.check_places([docs] if docs else [])
    record = rooms.score_record(folder)
    talk.show(_scores(record))
    talk.show(f"{len(record['sealed'])} predictions are sealed, {len(record['read_out'])} of the trials have read out.")
    if docs is not None:
        rooms.write_leaderboard(record, docs)
    talk.data({**record, "note": None})


def _lines(record: PredictionRecord) -> list[str]:
    primary, effect = record["primary"], record["effect"]
    lines = [f"{record['title']}: {record['drug']} ({record['registry']}), {record['people']} simulated people let in"]
    if effect is None:
        lines.append(str(record["simulated_as"]))
    else:
        e = effect["estimate"]
        rivals = ", ".join(f"{name} {value:.2f}" for name, value in primary["chance_rivals"].items())
        lines.append(
            f"Chance that the primary endpoint ({primary['measure']}) is met: {primary['chance_met']:.2f} ({rivals})"
        )
        lines.append(f"Effect as the trial would report it: {_with_intervals(e)}")
        lines.append(f"True effect: {_with_intervals(effect['true'])}")
    lines += [
        f"Placebo: {q['what']}, {_with_intervals(q)}{'' if q['unit'] == '1' else ' ' + q['unit']}"
        for q in record["placebo"].values()
    ]
    return [*lines, "It is contradicted by:", *(f"  {text}" for text in record["contradicted_by"])]


def _with_intervals(content: Distribution) -> str:
    inner, outer = content["interval_80"], content["interval_95"]
    return f"{content['mean']:.3g} (80 %: {inner[0]:.3g} to {inner[1]:.3g}; 95 %: {outer[0]:.3g} to {outer[1]:.3g})"


def _scores(record: ScoresRecord) -> Table:
    from rich.table import Table

    table = Table(title="Scores of predictions", title_justify="left", title_style="bold", box=None, pad_edge=False)
    for heading in ("Trial", "Figure", "Who", "Reported", "Said", "Score", "PIT"):
        table.add_column(heading)
    for s in record["scores"]:
        value = f"Brier {s['brier']:.3f}" if s["brier"] is not None else f"CRPS {s['crps']:.3f}"
        pit = "" if s["pit"] is None else number(s["pit"])
        table.add_row(s["trial"], s["figure"], s["who"], number(s["reported"]), number(s["said"]), value, pit)
    return table
