"""The page that lists every target of a population, made by ``charcot population check --docs``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from charcot.trials.population_check import LEAST, reason_of

_HEAD = """# Patients beside published figures

Made by `charcot population check --store --docs docs` ({patients:,} incident patients, seed {seed}); do not edit.
A simulated figure is inside where it is within 1.96 times the root of: the squared error of the published figure,
the squared spread between studies, and the squared Monte-Carlo error (in brackets after the figure). Which targets
may be calibrated on is decided by the hash of their names.
Frozen targets `{targets}`, entry rules `{entry_rules}`.
"""


def page(record: Mapping[str, Any]) -> str:
    """The page as Markdown, of the record that the command prints as JSON and stores."""
    parts = [
        _HEAD.format(
            patients=record["patients"],
            seed=record["seed"],
            targets=record["hash"],
            entry_rules=record["entry_rules_hash"],
        )
    ]
    for name, least in LEAST.items():
        count = record[name]
        share = 100 * count["inside"] / count["total"]
        parts.append(
            f"* {name}: {count['inside']} of {count['total']} inside ({share:.0f} %, {100 * least:.0f} % asked for)"
        )
    parts.append(
        f"* c-index of the ENCALS score among incident patients: {record['encals_concordance']:.2f} (published 0.78)"
    )
    found = record["placebo_arms"]
    parts.append(
        f"* decline of {found['trials']} placebo arms, points/month: bias {found['bias']:+.2f}, mean absolute error "
        f"{found['mean_absolute_error']:.2f} (one constant: {found['mean_absolute_error_constant']:.2f}), "
        f"{100 * found['inside']:.0f} % inside the 95 % predictive interval, which includes an SD between trials of "
        f"{found['predicted'][0]['between']:.2f} ({found['between_found']:.2f} found among these); "
        f"mean CRPS {found['crps']:.3f}, of the mean of the other trials {found['crps_others']:.3f}, "
        f"of one constant normal {found['crps_constant']:.3f}"
    )
    for conditional, title in ((False, "All incident patients"), (True, "Patients whom entry rules let in")):
        parts.append(f"\n## {title}\n")
        parts.append("| target | kind | unit | published | simulated | may differ by | verdict | source |")
        parts.append("|---|---|---|--:|--:|--:|---|---|")
        parts += [_line(row) for row in record["targets"] if row["conditional"] is conditional]
    missed = [row for row in record["targets"] if not row["inside"]]
    if missed:
        parts.append("\n## Why figures are missed\n")
        parts.append("What no command shows is a guess and says so.\n")
        parts.append("| target | published | simulated | why | shown by |\n|---|--:|--:|---|---|")
        parts += [_reason(row) for row in missed]
    return "\n".join(parts) + "\n"


def _reason(row: Mapping[str, Any]) -> str:
    name, _, unit, published, simulated, *_ = cells(row)
    reason = reason_of(name)
    shown = f"`{reason.measured_by}`" if reason.measured_by else ""
    return f"| {name} | {published} {unit} | {simulated} | {reason.why} | {shown} |"


def cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """A target in words: name, kind, unit, published, simulated (its standard error), may differ by, verdict."""
    simulated, error, reach = (row[name] for name in ("simulated", "monte_carlo", "may_differ_by"))
    spread = f" ({error:.2g})" if _known(error) else ""
    return (
        row["name"],
        row["kind"],
        row["unit"],
        f"{row['published']:.3g}",
        f"{simulated:.3g}{spread}" if _known(simulated) else "none",
        f"{reach:.2g}" if _known(reach) else "",
        "inside" if row["inside"] else "OUTSIDE",
    )


def _known(value: float | None) -> bool:
    """Whether there is a number; what is stored has nothing where there is none."""
    return value is not None and math.isfinite(value)


def _line(row: Mapping[str, Any]) -> str:
    *words, found = cells(row)
    shown = found if row["inside"] else f"**{found.lower()}**"
    sources = f"{', '.join(row['sources'])} ({row['mark']})"
    return f"| {' | '.join([*words, shown, sources])} |"
