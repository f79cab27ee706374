"""The doors to the record of trials: every call of ``charcot hindcast`` and ``charcot predict`` goes through here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING, cast

from charcot.interfaces.cli.rooms import Progress

if TYPE_CHECKING:
    from charcot.interfaces.record_shapes import (
        EffectRecord,
        FigureRecord,
        HindcastRecord,
        MissRecord,
        PredictionRecord,
        ScoreRecord,
        ScoresRecord,
        TrialRecord,
    )
    from charcot.patients.people import Store
    from charcot.trials.record.board import Board, EffectFound, Row
    from charcot.trials.record.files import Figure, Running, Trial
    from charcot.trials.record.forecast import Forecast
    from charcot.trials.record.placebo import Predicted, Totals

LEVEL = 0.95


def wanted(names: Sequence[str]) -> Mapping[str, Trial]:
    from charcot.trials.record.board import wanted as found

    return found(names)


def courses_to_simulate(trials: Mapping[str, Trial], patients: int) -> int:
    from charcot.trials.record.board import sizes

    return 2 * sum(sizes(trials, patients).values())


def simulate(
    trials: Mapping[str, Trial], patients: int, seed: int, workers: int, progress: Progress
) -> dict[str, Store]:
    from charcot.trials.record import board

    return board.simulate(trials, patients, seed, None, workers, progress)


def score(
    trials: Mapping[str, Trial],
    everyone: Mapping[str, Trial],
    stores: Mapping[str, Store],
    seed: int,
    workers: int,
    causes: bool,
    done: Progress,
) -> Board:
    from charcot.trials.record import board

    return board.score(trials, stores, seed, workers, causes, done=done, rivals_of=everyone)


def hindcast_record(board: Board) -> HindcastRecord:
    """The board for tools; ``placebo`` is last."""
    from dataclasses import asdict

    from charcot.core.hashing import code_hash
    from charcot.patients.targets import frozen_hash
    from charcot.trials.entry_rules import rules_hash
    from charcot.trials.record import files

    chosen, found = files.choices(), board.placebo
    main = {(p.trial, p.figure.quantity, p.figure.months) for p in board.main}
    return {
        "ok": board.passed,
        "patients": board.patients,
        "seed": board.seed,
        "failed": board.failed,
        "hash": files.record_hash(),
        "entry_rules_hash": rules_hash(),
        "targets_hash": frozen_hash(),
        "code": code_hash(),
        "asked": {"least_inside": chosen.least_inside, "least_trials": chosen.least_trials},
        "choices": {
            "targets": list(chosen.target_products.values()),
            "dose_factor": chosen.dose_factor,
            "start_after_onset": chosen.start_after_onset,
            "patients_rules": chosen.patients_rules,
            "power_factor": chosen.power_factor,
        },
        "trials": [_row(row, main) for row in board.rows],
        "by_quantity": {name: asdict(part) for name, part in board.by_quantity().items()},
        "misses": {name: cast("MissRecord", asdict(miss)) for name, miss in board.misses.items()},
        "effects": {"hit": sum(e.hit for e in board.effects), "total": len(board.effects)},
        "verdict": _verdict(found),
        "placebo": {
            "missing": found.missing,
            "inside": found.inside,
            "total": found.total,
            "crps": found.crps,
            "crps_meta": found.crps_meta,
            "crps_constant": found.crps_constant,
            "crps_model_alone": found.crps_model_alone,
            "inside_model_alone": found.inside_model_alone,
        },
    }


def _verdict(found: Totals) -> str:
    if found.beats_both and found.alone_beats_both:
        return "The prediction has a smaller error than both rivals, and so has the model alone."
    if found.beats_both:
        return "The prediction has a smaller error than both rivals; the model alone has not."
    if found.alone_beats_both:
        return "The model alone has a smaller error than both rivals; the prediction has not."
    return "Neither the prediction nor the model alone has a smaller error than both rivals."


def _row(row: Row, main: AbstractSet[tuple[str, str, float]]) -> TrialRecord:
    content = row.content
    cause = row.cause
    return {
        "trial": content.name,
        "title": content.title,
        "year": content.year,
        "drug": content.drug,
        "products": ", ".join(content.products),
        "no_target": content.no_target,
        "stands_for": content.stands_for,
        "registry": content.registry,
        "primary": content.primary,
        "outcome": content.outcome,
        "people": row.people,
        "figures": [_figure(p, main) for p in row.figures],
        "effect": None if row.effect is None else _effect(row.effect),
        "cause": None
        if cause is None
        else {
            "power": cause.power,
            "mended": cause.mended,
            "shares": dict(cause.shares),
            "first": cause.first,
            "people": cause.people,
        },
    }


def _figure(p: Predicted, main: AbstractSet[tuple[str, str, float]]) -> FigureRecord:
    """A placebo figure in the unit in which it was published; scores on the scale on which it is scored."""
    from charcot.trials.record.files import UNITS

    low, high = p.model.interval(LEVEL)
    ends = sorted(_as_shown(p.shown, value) for value in (low, high))
    return {
        "quantity": p.figure.quantity,
        "unit": UNITS[p.figure.quantity],
        "months": p.figure.months,
        "published": p.shown.value,
        "standard_error": p.shown.standard_error,
        "between": p.shown.between,
        "simulated": _as_shown(p.shown, p.simulated),
        "predicted": _as_shown(p.shown, p.model.mean),
        "lower": ends[0],
        "upper": ends[1],
        "pit": p.model.pit(p.figure.value),
        "inside": p.inside,
        "crps": p.score(p.model),
        "crps_meta": p.score(p.meta),
        "crps_constant": p.score(p.constant),
        "crps_model_alone": p.score(p.alone),
        "inside_model_alone": p.inside_alone,
        "mark": p.shown.mark,
        "kind": p.shown.kind,
        "note": p.shown.note,
        "main": (p.trial, p.figure.quantity, p.figure.months) in main,
    }


def _as_shown(figure: Figure, value: float) -> float:
    """A scored value as it was published: a logarithm of a hazard as a share alive."""
    return 100 * math.exp(-math.exp(value) * figure.months) if figure.quantity == "alive" else value


def _effect(e: EffectFound) -> EffectRecord:
    low, high = e.model.interval(LEVEL)
    return {
        "measure": e.published.measure,
        "published": e.published.value,
        "standard_error": e.published.error,
        "mark": e.published.mark,
        "note": e.published.note,
        "simulated": e.simulated,
        "monte_carlo": e.monte_carlo,
        "open_sd": e.open_sd,
        "people": e.people,
        "predicted_mean": e.model.mean,
        "lower": low,
        "upper": high,
        "pit": e.model.pit(e.published.value),
        "crps": e.model.crps(e.published.value),
        "hit": e.hit,
    }


def write_hindcast(record: HindcastRecord, folder: Path) -> None:
    from charcot.interfaces.report.record_pages import write_hindcast as write

    write(record, folder)


def store_hindcast(record: HindcastRecord, board: Board) -> None:
    """Keep what the board found where the explorer reads it, and how far the model missed where predictions read it."""
    from charcot.interfaces.stored import HINDCAST, store
    from charcot.trials.record import discrepancy

    store(HINDCAST, record)
    discrepancy.write(board.misses)


# --- predictions ------------------------------------------------------------------------------------------------------


def running() -> Mapping[str, Trial]:
    """The running trials by name."""
    from charcot.trials.record.files import running as found

    return found()


def running_designs() -> dict[str, Running]:
    """What is known of each of them."""
    from charcot.trials.record.files import Running

    return {name: trial.content for name, trial in running().items() if isinstance(trial.content, Running)}


def running_trial(name: str) -> Trial:
    """One of them; raises :class:`charcot.core.errors.Problems` for an unknown one."""
    from charcot.core.errors import Problem, Problems
    from charcot.core.identifiers import close_to

    known = running()
    if name not in known:
        hint = f"{close_to(name, known)} 'charcot predict list' has them all."
        raise Problems([Problem("unknown-trial", f"no running trial is called {name!r}", None, hint)])
    return known[name]


def simulate_for(trial: Trial, patients: int, seed: int, workers: int, progress: Progress) -> Store:
    from charcot.trials.record import forecast

    return forecast.simulate(trial, patients, seed, None, workers, progress)


def forecast(trial: Trial, store: Store, seed: int, workers: int) -> Forecast:
    """The prediction; raises :class:`charcot.core.errors.Problems` where too few people are let in."""
    from charcot.core.errors import Problem, Problems
    from charcot.trials.record import forecast as room

    found = room.forecast(trial, store, seed, workers)
    if found is None:
        message = f"fewer than {room.FEWEST} simulated people are let into {trial.name}"
        where = trial.document.where(("rules",))
        raise Problems([Problem("too-few-people", message, where, "Simulate more with --patients.")])
    return found


def prediction_record(found: Forecast, seed: int, patients: int) -> PredictionRecord:
    """A prediction as it is sealed, of today."""
    import sys
    from datetime import UTC, datetime

    from charcot import __version__
    from charcot.core.hashing import code_hash
    from charcot.patients.assemble import laboratory
    from charcot.patients.targets import frozen_hash
    from charcot.trials.entry_rules import rules_hash
    from charcot.trials.record import files, sealing

    made = {
        "sealed_on": datetime.now(UTC).date().isoformat(),
        "command": " ".join(["charcot", *sys.argv[1:]]),
        "seed": seed,
        "simulated_patients": patients,
        "hashes": {
            "charcot": __version__,
            "code": code_hash(),
            "model": laboratory(True).hash,
            "record": files.record_hash(),
            "entry_rules": rules_hash(),
            "targets": frozen_hash(),
        },
    }
    return cast("PredictionRecord", sealing.content_of(found, made))


def seal(folder: Path, content: PredictionRecord) -> Path:
    from charcot.trials.record import sealing

    return sealing.seal(folder, content)


def sealable(folder: Path, name: str) -> None:
    """Make sure, before anything is simulated, that a prediction of this name can be sealed."""
    from charcot.core.errors import Problem, Problems, Where, raise_if_any
    from charcot.trials.record import sealing

    raise_if_any(sealing.broken(folder), "nothing is sealed beside a broken seal")
    if f"{name}.yaml" in sealing.seals(folder):
        hint = "A sealed prediction is never written over."
        where = Where(str(folder / f"{name}.yaml"))
        raise Problems([Problem("sealed", "this prediction is sealed already", where, hint)])


def sealed(folder: Path) -> dict[str, dict[str, object]]:
    from charcot.trials.record import sealing

    return sealing.sealed(folder)


def seals(folder: Path) -> dict[str, str]:
    from charcot.trials.record import sealing

    return sealing.seals(folder)


def score_record(folder: Path) -> ScoresRecord:
    """Sealed predictions, what has read out, and the scores, for tools."""
    from dataclasses import asdict

    from charcot.trials.record import scoring

    found = scoring.scores(folder)
    return {
        "sealed": list(sealed(folder).values()),
        "seals": seals(folder),
        "read_out": sorted(scoring.readouts(folder)),
        "scores": cast("list[ScoreRecord]", [asdict(score) for score in found]),
        "means": scoring.means(found),
    }


def write_leaderboard(record: ScoresRecord, folder: Path) -> None:
    from charcot.interfaces.report.leaderboard import write_leaderboard as write

    write(record, folder)
