"""The boards as they are stored: experiments, claims, the fresh set at its first run; nothing is simulated here."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from charcot.experiments.board import GROUPS, baseline, expectation, group_of, verdict_of
from charcot.experiments.definition import Claim, Experiment
from charcot.experiments.reading import FRESH_SETS, entries, fresh
from charcot.interfaces.explorer import shapes
from charcot.trials import load_protocol, published_protocols


@cache
def boards() -> shapes.Boards:
    """Every stored verdict: hits and misses alike."""
    passed = baseline()
    lines = [_line(name, entry.content, passed.get(name, False)) for name, entry in entries().items()]
    counts = {
        group: shapes.Count(
            passed=sum(line.passed for line in lines if line.group == group),
            total=sum(line.group == group for line in lines),
        )
        for group in (*GROUPS, "claims")
        if any(line.group == group for line in lines)
    }
    first = list(_first_run())
    by_experiment: dict[str, list[bool]] = {}
    for row in first:
        by_experiment.setdefault(row.experiment, []).append(row.hit)
    hit = sum(all(own) for own in by_experiment.values())
    return shapes.Boards(
        words="A hit means that the simulated value lies in the stated range, no more. Calibration experiments set "
        "numbers; only validation and fresh ones say anything about what the model has not seen.",
        counts=counts,
        lines=lines,
        first_run=first,
        first_run_words=f"{hit} of {len(by_experiment)} fresh experiments of all sets were hit at their first run. "
        "Rules and tolerances were fixed before it, and no number was changed for it.",
        trials=[
            shapes.Choice(name=name, title=load_protocol(path).title) for name, path in published_protocols().items()
        ],
    )


def _line(name: str, content: Experiment, passed: bool) -> shapes.BoardLine:
    claim = content if isinstance(content, Claim) else None
    return shapes.BoardLine(
        name=name,
        title=content.title,
        group=group_of(content),
        passed=passed,
        verdict=verdict_of(content, passed),
        sources=list(content.sources),
        tolerance=content.tolerance,
        reason="" if passed else content.reason,
        claim=claim.claim if claim else "",
        claim_id=claim.id if claim else "",
        outcomes=[
            shapes.OutcomeLine(
                what=one.what, unit=one.unit, published=one.published, expected=expectation(one), kind=one.kind
            )
            for one in content.outcomes
        ],
    )


def _first_run() -> Iterator[shapes.FirstRunLine]:
    titles = {name: entry.content.title for name, entry in fresh().items()}
    fresh_sets = files("charcot.experiments") / "fresh"
    for table in (fresh_sets / name / "first_run.csv" for name in FRESH_SETS):
        if not table.is_file():  # not run yet
            continue
        with table.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                yield shapes.FirstRunLine(
                    experiment=row["experiment"],
                    title=titles[row["experiment"]],
                    outcome=row["outcome"],
                    expected=row["asked"],
                    simulated=row["simulated"],
                    hit=row["verdict"] == "hit",
                )
