"""Sealed predictions beside what was read out: Brier score, CRPS and PIT, of the model and of its rivals."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, ValidationError

from charcot.core.errors import Problem, raise_if_any
from charcot.core.identifiers import did_you_mean
from charcot.core.yaml_file import read_document
from charcot.trials.record import sealing
from charcot.trials.record.files import Form, form_problems
from charcot.trials.record.predictive import Mixture, brier

READOUTS = "readouts"  # folder beside the sealed files, one file for each trial that has read out
MODEL = "model"


class Readout(Form):
    """What a trial reported: each figure in the unit in which it was predicted, or nothing."""

    name: str
    read_on: datetime.date
    source: str = Field(min_length=1)
    primary_met: bool | None = None
    effect: float | None = None
    placebo: dict[str, float] = Field(default_factory=dict)


@dataclass(frozen=True)
class Score:
    """One figure that was predicted: whoever said what, and how well it did. ``brier`` of a chance, ``crps`` and
    ``pit`` of a distribution."""

    trial: str
    figure: str
    who: str
    reported: float
    said: float
    brier: float | None = None
    crps: float | None = None
    pit: float | None = None
    inside: bool | None = None


def readouts(folder: Path) -> dict[str, Readout]:
    """The reports by trial; raises :class:`Problems` with file and line."""
    known = sealing.sealed(folder)
    found: dict[str, Readout] = {}
    problems: list[Problem] = []
    for path in sorted((folder / READOUTS).glob("*.yaml")):
        document = read_document(path)
        try:
            report = Readout.model_validate(dict(document.data))
        except ValidationError as error:
            problems += form_problems(error, document)
            continue
        if report.name != path.stem or report.name not in known:
            message = f"no prediction of {report.name!r} is sealed, or the file is called otherwise"
            problems.append(
                Problem("unknown-trial", message, document.where(("name",)), did_you_mean(report.name, known))
            )
            continue
        of = known[report.name]
        problems += [
            Problem(
                "unknown-figure",
                f"no {key!r} was predicted",
                document.where(("placebo", key)),
                did_you_mean(key, of["placebo"]),
            )
            for key in report.placebo
            if key not in of["placebo"]
        ]
        if str(report.read_on) < str(of["sealed_on"]):
            message = f"the report is of {report.read_on}, before the prediction was sealed on {of['sealed_on']}"
            problems.append(Problem("too-late", message, document.where(("read_on",)), "It cannot be scored."))
        found[report.name] = report
    raise_if_any(problems, "the reports of trials are not sound")
    return found


def scores(folder: Path) -> list[Score]:
    """Every figure that was sealed and has been reported, of the model and of each rival."""
    known, out = sealing.sealed(folder), []
    for name, report in readouts(folder).items():
        of = known[name]
        primary, effect = of["primary"], of["effect"]
        if report.primary_met is not None and primary["chance_met"] is not None:
            chances = {MODEL: primary["chance_met"], **primary["chance_rivals"]}
            met = report.primary_met
            out += [
                Score(name, "primary endpoint", who, float(met), chance, brier=brier(chance, met))
                for who, chance in chances.items()
            ]
        if report.effect is not None and effect is not None:
            out += _scored(name, "effect", report.effect, {MODEL: effect["estimate"], **effect["rivals"]})
        for key, value in report.placebo.items():
            figure = of["placebo"][key]
            out += _scored(name, f"placebo {key}", value, {MODEL: figure, **figure["rivals"]})
    return out


def _scored(trial: str, figure: str, reported: float, said: Mapping[str, Any]) -> list[Score]:
    models: dict[str, Mixture] = {who: sealing.mixture(content) for who, content in said.items()}
    return [
        Score(
            trial, figure, who, reported, model.mean, crps=model.crps(reported), pit=model.pit(reported),
            inside=model.holds(reported),
        )
        for who, model in models.items()
    ]  # fmt: skip


def means(found: list[Score]) -> list[dict[str, Any]]:
    """For each figure and whoever predicted it: how many, mean Brier score or CRPS, how many inside."""
    keys = dict.fromkeys((score.figure, score.who) for score in found)
    out = []
    for figure, who in keys:
        mine = [score for score in found if (score.figure, score.who) == (figure, who)]
        values = [score.brier if score.brier is not None else score.crps for score in mine]
        out.append(
            {
                "figure": figure,
                "who": who,
                "trials": len(mine),
                "score": "Brier" if mine[0].brier is not None else "CRPS",
                "mean": float(np.mean([value for value in values if value is not None])),
                "inside": sum(bool(score.inside) for score in mine) if mine[0].inside is not None else None,
            }
        )
    return out
