"""The page that lists every target of a population, made by ``charcot population check --docs``."""

from __future__ import annotations

import math
from typing import Any

from charcot.trials.population_check import LEAST, hashes, why_missed

_HEAD = """# Patients beside published figures

Made by `charcot population check --docs docs` ({patients:,} incident patients, seed {seed}); do not edit.
A simulated figure is inside where it is within 1.96 times the root of: the squared error of the published figure,
the squared spread between studies, and the squared Monte-Carlo error (in brackets after the figure). Which targets
may be calibrated on is decided by the hash of their names.
Frozen targets `{targets}`, entry rules `{entry_rules}`.
"""


def page(checked: Any) -> str:
    """The page as Markdown."""
    parts = [_HEAD.format(patients=checked.patients, seed=checked.seed, **hashes())]
    for name, count in checked.counts().items():
        share = 100 * count["inside"] / count["total"]
        asked = f"{100 * LEAST[name]:.0f} % asked for"
        parts.append(f"* {name}: {count['inside']} of {count['total']} inside ({share:.0f} %, {asked})")
    parts.append(f"* c-index of the ENCALS score among incident patients: {checked.concordance:.2f} (published 0.78)")
    found = checked.placebo
    parts.append(
        f"* decline of {found.trials} placebo arms, points/month: bias {found.bias:+.2f}, mean absolute error "
        f"{found.mean_absolute_error:.2f} (one constant: {found.mean_absolute_error_constant:.2f}), "
        f"{100 * found.inside:.0f} % inside the 95 % predictive interval, which includes an SD between trials of "
        f"{checked.predictions[0].between:.2f} ({found.between_found:.2f} found among these); "
        f"mean CRPS {found.crps:.3f}, of the mean of the other trials {found.crps_others:.3f}, "
        f"of one constant normal {found.crps_constant:.3f}"
    )
    for conditional, title in ((False, "All incident patients"), (True, "Patients whom entry rules let in")):
        parts.append(f"\n## {title}\n")
        parts.append("| target | kind | unit | published | simulated | may differ by | verdict | source |")
        parts.append("|---|---|---|--:|--:|--:|---|---|")
        parts += [_line(v) for v in checked.verdicts if v.target.conditional is conditional]
    missed = [v for v in checked.verdicts if not v.inside]
    if missed:
        parts.append("\n## Why figures are missed\n")
        parts.append("What no command shows is a guess and says so.\n")
        parts.append("| target | published | simulated | why | shown by |\n|---|--:|--:|---|---|")
        parts += [_reason(v) for v in missed]
    return "\n".join(parts) + "\n"


def _reason(verdict: Any) -> str:
    name, _, unit, published, simulated, *_ = cells(verdict)
    known = why_missed().get(name)
    why = known.why if known else "not looked into yet"
    shown = f"`{known.measured_by}`" if known and known.measured_by else ""
    return f"| {name} | {published} {unit} | {simulated} | {why} | {shown} |"


def cells(verdict: Any) -> tuple[str, ...]:
    """A verdict in words: name, kind, unit, published, simulated (its standard error), may differ by, verdict."""
    target, error = verdict.target, verdict.monte_carlo
    spread = f" ({error:.2g})" if math.isfinite(error) else ""
    reach = target.reach(error)
    return (
        target.name,
        target.kind,
        target.unit,
        f"{target.value:.3g}",
        f"{verdict.simulated:.3g}{spread}" if math.isfinite(verdict.simulated) else "none",
        f"{reach:.2g}" if math.isfinite(reach) else "",
        "inside" if verdict.inside else "OUTSIDE",
    )


def _line(verdict: Any) -> str:
    *words, found = cells(verdict)
    shown = found if verdict.inside else f"**{found.lower()}**"
    sources = f"{', '.join(verdict.target.sources)} ({verdict.target.mark})"
    return f"| {' | '.join([*words, shown, sources])} |"
