"""Rival hypotheses side by side: fitted alike, scored on what was not fitted, told apart by what is feasible."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from charcot import patients
from charcot.core.errors import Problem, Where, raise_if_any
from charcot.core.identifiers import did_you_mean
from charcot.disease import hypotheses
from charcot.experiments.board import Scored
from charcot.experiments.reading import feasible
from charcot.fitting.calibration import Calibration, calibrate, starts
from charcot.fitting.estimation import data_cost
from charcot.fitting.numbers import changed, free_numbers
from charcot.fitting.rivals import drawn_values, numbers_of, tempered
from charcot.fitting.separation import information, weights_of
from charcot.fitting.targets import Laboratory, experiments, residuals
from charcot.patients.assumptions import under_hypothesis

PATIENTS = 250  # of each cohort at most in a rival's fit: five fits share the time of one
UNANSWERED = 0.2  # of the draws: more than that, and nothing is said of a reading
NATURAL_HISTORY = "human_"  # how the experiments that state the untreated course of patients are called


@dataclass(frozen=True)
class Comparison:
    """``rivals``: a row per hypothesis; ``scores``: hypothesis, experiment, group, passed, loss; ``readings``: a row
    per reading and hypothesis; ``ranking``: a row per reading, most informative first; ``pairs``: for each pair of
    hypotheses the reading that separates them best; ``numbers``: fitted numbers; ``failures``: what could not be run.
    """

    rivals: pd.DataFrame
    scores: pd.DataFrame
    readings: pd.DataFrame
    ranking: pd.DataFrame
    pairs: pd.DataFrame
    numbers: pd.DataFrame
    failures: dict[str, int]


def check_names(names: Sequence[str]) -> list[Problem]:
    """Names that are no hypothesis, and fewer than two of them."""
    known = hypotheses.hypotheses()
    problems = [
        Problem("unknown-hypothesis", f"no hypothesis is called {name!r}", Where(f"--hypothesis {name}"),
                did_you_mean(name, known))
        for name in names
        if name not in known
    ]  # fmt: skip
    if len(set(names)) < 2 and not problems:
        problems.append(Problem("one-hypothesis", "a comparison needs two hypotheses", Where("--hypothesis"),
                                f"Known are: {', '.join(known)}."))  # fmt: skip
    return problems


def check_scope(board: Sequence[str], candidates: Sequence[str]) -> list[Problem]:
    """Names that are no experiment of the board or no feasible one, and a board without any to fit to."""
    known = [*experiments("calibration"), *experiments("validation")]
    problems = [
        Problem("unknown-experiment", f"no experiment of the board is called {name!r}", Where(f"--experiment {name}"),
                did_you_mean(name, known))
        for name in board
        if name not in known
    ]  # fmt: skip
    if board and not problems and not set(board) & set(experiments("calibration")):
        hint = "Name one that is for calibration too, or leave --experiment out."
        problems.append(Problem("no-data", "there is no experiment to fit to", Where("--experiment"), hint))
    problems += [
        Problem("unknown-experiment", f"no feasible experiment is called {name!r}", Where(f"--candidate {name}"),
                did_you_mean(name, feasible()))
        for name in candidates
        if name not in feasible()
    ]  # fmt: skip
    return problems


def unfitted(names: Sequence[str]) -> list[Problem]:
    """Hypotheses whose fit is not stored, or is of other numbers or data than they or the others have now."""
    found = []
    hint = "Run 'charcot compare --fit --store' (long)."
    made_of = {}
    for name in names:
        wanted = numbers_of(hypotheses.hypothesis(name))
        stored = hypotheses.stored(name)
        if stored is None or tuple(hypotheses.fitted_values(name)) != wanted:
            message = f"no fit of {name} with its present numbers is stored"
            found.append(Problem("no-fit", message, None, hint))
        else:
            made_of[name] = [stored[key] for key in ("program_hash", "experiments", "patients_at_most", "rounds")]
    if len({str(one) for one in made_of.values()}) > 1:
        message = f"the stored fits of {', '.join(made_of)} are not of the same model and experiments"
        found.append(Problem("stale-fit", message, None, hint))
    return found


def outdated(stored: Mapping[str, Mapping[str, Any]]) -> str:
    """A sentence where stored fits were made with another model than the present one; empty where they were not."""
    now = patients.program().hash
    if all(one["program_hash"] == now for one in stored.values()):
        return ""
    return "The model has changed since these hypotheses were fitted: weights are of the model as it was then."


def fit_rival(
    name: str,
    laboratory: Laboratory,
    rounds: int,
    progress: Callable[[int], None] | None = None,
    board: Sequence[str] = (),
) -> Calibration:
    """Fit one hypothesis on the calibration experiments (of ``board``, where it names any), as every other."""
    one = hypotheses.hypothesis(name)
    # Every hypothesis starts, and has its priors, where the numbers stood before the shipped model was fitted.
    free = free_numbers(numbers_of(one), {**starts(), **one.values})
    base = under_hypothesis(one, {})
    return calibrate(
        free,
        [experiment for experiment in experiments("calibration") if not board or experiment in board],
        lambda values: changed(values, base),
        laboratory,
        rounds,
        progress,
        profiles=False,  # weights and predictions need the curvature alone
    )


def compare(
    stored: Mapping[str, Mapping[str, Any]],
    laboratory: Laboratory,
    draws: int,
    seed: int = 1,
    progress: Callable[[int], None] | None = None,
    board: Sequence[str] = (),
    candidates: Sequence[str] = (),
) -> Comparison:
    """Score and separate hypotheses from their fits.

    Args:
        stored: the record of each hypothesis's fit (``charcot.fitting.calibration.record``), by name.
        draws: draws from the posterior of each hypothesis, for the spread of its predictions.
        seed: of those draws.
        progress: called with the number of boards newly run; ``simulations`` says how many there are.
        board: the experiments that score them; all, unless some are named.
        candidates: the feasible experiments that may tell them apart; all, unless some are named.
    """
    raise_if_any(check_names(tuple(stored)), "these hypotheses cannot be compared")
    raise_if_any(check_scope(board, candidates), "these hypotheses cannot be compared")
    board = board or (*experiments("calibration"), *experiments("validation"))
    scores: list[dict[str, Any]] = []
    failures: dict[str, int] = {}
    rivals_as_fitted = [
        under_hypothesis(hypotheses.hypothesis(name), {row["name"]: row["value"] for row in fitted["numbers"]})
        for name, fitted in stored.items()
    ]
    for name, found in zip(stored, laboratory.run(board, rivals_as_fitted, progress), strict=True):
        scores += [_score(name, scored) for scored in found]
        failed = sum(bool(scored.failure) for scored in found)
        failures |= {f"{name}: experiments that could not be run": failed} if failed else {}
    table = pd.DataFrame(scores)
    rivals = _rivals(stored, table)
    readings = _readings(stored, laboratory, draws, seed, progress, tuple(candidates or feasible()))
    ranking, pairs = _separate(readings, rivals)
    numbers = pd.DataFrame([
        {"hypothesis": name, **row} for name, fitted in stored.items() for row in fitted["numbers"]
    ])  # fmt: skip
    return Comparison(rivals, table, readings, ranking, pairs, numbers, failures)


def simulations(count: int, draws: int) -> int:
    """How many boards :func:`compare` runs for ``count`` hypotheses."""
    return count * (1 + 1 + draws)


def _score(name: str, scored: Scored) -> dict[str, Any]:
    natural = scored.name.startswith(NATURAL_HISTORY)
    return {
        "hypothesis": name,
        "experiment": scored.name,
        "title": scored.content.title,
        "group": scored.group,
        "natural_history": natural,
        "passed": scored.passed,
        "loss": data_cost(residuals(scored)),
    }


def _rivals(stored: Mapping[str, Mapping[str, Any]], scores: pd.DataFrame) -> pd.DataFrame:
    """A row per hypothesis: evidence and weight on what was fitted, loss and hits on what was not."""
    evidence = np.array([float(fitted["log_evidence"]) for fitted in stored.values()])
    weights = weights_of(evidence)
    rows = []
    for (name, fitted), weight in zip(stored.items(), weights, strict=True):
        own = scores[scores["hypothesis"] == name]
        parts = {
            "calibration": own[own["group"] == "calibration"],
            "validation": own[own["group"] == "validation"],
            "natural history": own[own["natural_history"]],
        }
        row: dict[str, Any] = {
            "hypothesis": name,
            "title": hypotheses.hypothesis(name).title,
            "log_evidence": float(fitted["log_evidence"]) - float(evidence.max()),
            "weight": float(weight),
            "cost": fitted["cost"],
            "settled": bool(fitted["settled"]),
        }
        for group, part in parts.items():
            key = group.replace(" ", "_")
            row |= {
                f"{key}_passed": int(part["passed"].sum()),
                f"{key}_total": len(part),
                f"{key}_loss": float(part["loss"].sum()),
            }
        rows.append(row)
    table = pd.DataFrame(rows)
    table["weight_tempered"] = tempered(list(stored.values()))
    return table


def _readings(
    stored: Mapping[str, Mapping[str, Any]],
    laboratory: Laboratory,
    draws: int,
    seed: int,
    progress: Callable[[int], None] | None,
    names: Sequence[str],
) -> pd.DataFrame:
    """What feasible experiments would read under each hypothesis: value at the fit, spread of it, with error."""
    known_as = feasible()
    rows = []
    for name, fitted in stored.items():
        one = hypotheses.hypothesis(name)
        points = [{row["name"]: row["value"] for row in fitted["numbers"]}]
        points += [drawn_values(name, fitted, str(k), seed) for k in range(draws)]
        found = np.array(laboratory.predict(names, [under_hypothesis(one, values) for values in points], progress))
        listed = [(key, known_as[key], reading) for key in names for reading in known_as[key].content.readings]
        for k, (key, entry, reading) in enumerate(listed):
            spread = found[1:, k]
            known = spread[np.isfinite(spread)]
            unanswered = 1 - len(known) / len(spread)
            rows.append(
                {
                    "hypothesis": name,
                    "experiment": key,
                    "title": entry.content.title,
                    "how": entry.content.how,
                    "reading": reading.what,
                    "unit": reading.unit,
                    "value": float(found[0, k]) if unanswered <= UNANSWERED else np.nan,
                    "unanswered": unanswered,
                    "model_deviation": float(np.sqrt(np.mean((known - found[0, k]) ** 2))) if len(known) else np.nan,
                    "error": reading.error,
                }
            )
    table = pd.DataFrame(rows)
    table["deviation"] = np.hypot(table["model_deviation"].fillna(0.0), table["error"])
    return table


def _separate(readings: pd.DataFrame, rivals: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    names = list(rivals["hypothesis"])
    weights = rivals["weight"].to_numpy()
    ranked, pairs = [], []
    for (experiment, reading), own in readings.groupby(["experiment", "reading"], sort=False):
        own = own.set_index("hypothesis").loc[names]
        row = {key: own[key].iloc[0] for key in ("title", "how", "unit", "error")}
        row |= {"experiment": experiment, "reading": reading}
        means, deviations = own["value"].to_numpy(), own["deviation"].to_numpy()
        shown = np.isfinite(means)
        row["bits"] = information(means[shown], deviations[shown]) if shown.all() else np.nan
        row["bits_at_weights"] = information(means, deviations, weights) if shown.all() else np.nan
        ranked.append(row)
        for a, b in itertools.combinations(range(len(names)), 2):
            if shown[a] and shown[b]:
                bits = information(means[[a, b]], deviations[[a, b]])
                pairs.append(
                    {
                        "first": names[a],
                        "second": names[b],
                        "experiment": experiment,
                        "title": row["title"],
                        "reading": reading,
                        "at_first": means[a],
                        "at_second": means[b],
                        "bits": bits,
                    }
                )
    ranking = pd.DataFrame(ranked).sort_values("bits", ascending=False, kind="stable", ignore_index=True)
    columns = ["first", "second", "experiment", "title", "reading", "at_first", "at_second", "bits"]
    best = pd.DataFrame(pairs, columns=columns).sort_values("bits", ascending=False, kind="stable")
    best = best.groupby(["first", "second"], sort=False).head(1)
    order = {pair: k for k, pair in enumerate(itertools.combinations(names, 2))}
    place = [order[pair] for pair in zip(best["first"], best["second"], strict=True)]
    return ranking, best.iloc[np.argsort(place)].reset_index(drop=True)
