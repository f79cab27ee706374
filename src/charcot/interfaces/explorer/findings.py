"""Past trials, patients beside published figures, and the ranking of gaps, as they are stored; nothing is simulated."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from charcot.interfaces.explorer import finding_shapes as made
from charcot.interfaces.explorer import shapes
from charcot.interfaces.explorer.gaps import SHOWN, ranking
from charcot.interfaces.report.record_pages import MEASURES, NOT_IN_IT, QUANTITIES
from charcot.interfaces.stored import GAPS, HINDCAST, POPULATION, stored
from charcot.trials.population_check import LEAST, Reason, reason_of


@cache
def findings() -> made.Findings:
    """Every stored verdict: hits and misses alike."""
    return made.Findings(past=_past(stored(HINDCAST)), patients=_patients(stored(POPULATION)), gaps=_gaps(stored(GAPS)))


def _past(record: Mapping[str, Any]) -> made.PastTrials:
    rows = record["trials"]
    failures = [row for row in rows if row["cause"] is not None]
    factors = list(failures[0]["cause"]["shares"]) if failures else []
    known = {figure["quantity"] for row in rows for figure in row["figures"]}
    measured = {row["effect"]["measure"] for row in rows if row["effect"] is not None}
    found = record["placebo"]
    return made.PastTrials(
        words=f"{len(rows)} past trials were simulated by their own entry rules ({record['patients']:,} people). "
        f"The board {'passes' if record['ok'] else 'does not pass'}: of one placebo figure for each trial "
        f"{found['inside']} of {found['total']} lie inside the interval predicted "
        f"({100 * record['asked']['least_inside']:.0f} % asked for), and the error of the prediction (CRPS "
        f"{found['crps']:.3f}) should be smaller than that of the mean of the other trials ({found['crps_meta']:.3f}) "
        f"and of one constant ({found['crps_constant']:.3f}). The model alone, without how far it missed the other "
        f"trials: {found['inside_model_alone']} of {found['total']} inside, an error of "
        f"{found['crps_model_alone']:.3f}. {record['verdict']}",
        limits=NOT_IN_IT,
        passed=record["ok"],
        trials=len(rows),
        quantities=[shapes.Choice(name=name, title=QUANTITIES[name]) for name in QUANTITIES if name in known],
        measures=[shapes.Choice(name=name, title=MEASURES[name]) for name in MEASURES if name in measured],
        figures=[_figure(row, figure) for row in rows for figure in row["figures"]],
        effects=[_effect(row) for row in rows if row["effect"] is not None],
        factors=factors,
        failures=[_failure(row, factors) for row in failures],
    )


def _figure(row: Mapping[str, Any], figure: Mapping[str, Any]) -> made.PlaceboFigure:
    same = ("quantity", "unit", "published", "predicted", "lower", "upper", "inside", "main", "kind", "note")
    return made.PlaceboFigure(
        trial=row["trial"],
        title=row["title"],
        year=row["year"],
        error=figure["standard_error"],
        **{name: figure[name] for name in same},
    )


def _effect(row: Mapping[str, Any]) -> made.DrugEffect:
    effect = row["effect"]
    same = ("measure", "published", "simulated", "lower", "upper", "hit", "note")
    return made.DrugEffect(
        drug=row["drug"],
        trial=row["trial"],
        title=row["title"],
        year=row["year"],
        error=effect["standard_error"],
        **{name: effect[name] for name in same},
    )


def _failure(row: Mapping[str, Any], factors: list[str]) -> made.Failure:
    cause = row["cause"]
    return made.Failure(
        trial=row["trial"],
        title=row["title"],
        drug=row["drug"],
        power=cause["power"],
        mended=cause["mended"],
        shares=[cause["shares"][name] for name in factors],
        first=cause["first"] or "",
    )


def _patients(record: Mapping[str, Any]) -> made.PatientTargets:
    same = ("name", "kind", "conditional", "unit", "published", "simulated", "monte_carlo", "may_differ_by", "inside")
    return made.PatientTargets(
        words=f"{record['patients']:,} virtual patients beside figures of registers and trials. A figure is inside "
        "where it differs by no more than the errors of both and the spread between studies allow. Which figures "
        "may set numbers (calibration) and which may not (validation) is decided by the hash of their names; "
        "conditional ones are of people whom the entry rules of a trial let in.",
        counts={name: shapes.Count(passed=record[name]["inside"], total=record[name]["total"]) for name in LEAST},
        asked=dict(LEAST),
        lines=[
            made.TargetLine(
                **{name: row[name] for name in same},
                sources=row["sources"],
                mark=row["mark"],
                why=reason.why,
                shown_by=reason.measured_by,
            )
            for row in record["targets"]
            for reason in [Reason("", "") if row["inside"] else reason_of(row["name"])]
        ],
    )


def _gaps(record: Mapping[str, Any]) -> dict[str, shapes.Gaps]:
    return {
        name: ranking(name, record["hash"], record["patients"], rows[:SHOWN])
        for name, rows in record["endpoints"].items()
    }
