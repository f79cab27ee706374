"""Plausible models: what the published figures leave of each number, and how the models meet the figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from charcot.interfaces.report.charts.spans import before_and_after
from charcot.interfaces.report.content import Figure, Prose, Section, Sheet, Table, number_text
from charcot.interfaces.report.picture import draw

MIDDLE_95 = (2.5, 50.0, 97.5)
STRONGEST = 12


METHOD = (
    "Method: an ensemble smoother with multiple data assimilation (Emerick and Reynolds 2013). Models are drawn from "
    "the priors and moved by the regression of numbers on figures, in steps whose errors are inflated so that together "
    "they count the figures once. On a small problem with a known posterior (three numbers, two figures) it gives that "
    "posterior, and so do importance weights of 200,000 draws of the prior, the second method, of which 10,000 to "
    "40,000 count (`tests/unit/test_smoother.py`). What weights alone would leave here is the effective size below; "
    "therefore models are moved, and none is rejected.",
)


def plausible_sections(found: Any) -> list[Section]:
    """``found``: an ``Ensemble`` of :mod:`charcot.fitting.plausible`."""
    return [_rounds(found), _numbers(found), _figures(found)]


def _rounds(found: Any) -> Section:
    rows = [
        (
            f"drawn at {found.width:.0%} of the priors' width" if k == 0 else f"after step {k}",
            100 * float(np.median(found.shares_inside(k, "calibration")[1:])),
            100 * float(np.median(found.shares_inside(k, "validation")[1:])),
            float(np.median(found.costs(k)[1:])),
            found.effective_size(k),
            found.failed[k],
        )
        for k in range(len(found.rounds))
    ]
    shipped = [100 * float(found.shares_inside(0, kind)[0]) for kind in ("calibration", "validation")]
    columns = (
        "Models", "Calibration inside, %", "Validation inside, %", "Cost", "Effective size",
        "Failed patients",
    )  # fmt: skip
    redrawn = int((found.draws > 1).sum())
    text: tuple[str, ...] = (
        f"{len(found.points)} models; medians over them. The shipped model, with as few patients, is inside "
        f"{shipped[0]:.0f} % and {shipped[1]:.0f} %. Cost: squared misses, nine at most each. Effective size: how many "
        "models of equal weight the round would be worth if its models were weighed by their likelihood and not moved; "
        "it shows why they are moved.",
        f"{redrawn} models had to be drawn more than once ({int(found.draws.max())} times at most): with their first "
        "numbers too few people fell ill for the figures to be read.",
    )
    if found.width < 1:
        text += (
            f"The first draws took {found.width:.0%} of the priors' width around the shipped numbers: models this few "
            "cannot search priors of full width in this many numbers. They say what is open near the shipped numbers; "
            "that models far away would do as well is not excluded.",
        )
    return Section(
        "rounds", "The rounds",
        (Prose((*METHOD, *text)), Sheet("Rounds", Table.of(columns, rows, "Rounds")), _missed(found)),
    )  # fmt: skip


def _missed(found: Any) -> Sheet:
    """For what the models as drawn would be rejected: the calibration targets that cost them most."""
    mine = [k for k, target in enumerate(found.targets) if target.kind == "calibration"]
    ends = [found.rounds[place][1][1:] for place in (0, -1)]
    shares = [
        [100 - 100 * float(np.mean([found.targets[k].holds(x, found.errors[k]) for x in figures[:, k]])) for k in mine]
        for figures in ends
    ]
    order = np.argsort(-np.array(shares[0]), kind="stable")[:STRONGEST]
    rows = [(found.targets[mine[at]].name, shares[0][at], shares[1][at]) for at in order.tolist()]
    columns = ("Target", "Models outside as drawn, %", "After the last step, %")
    return Sheet("Why models are not kept as they were drawn", Table.of(columns, rows, "What drawn models miss"))


def _numbers(found: Any) -> Section:
    z = found.points
    low, middle, high = np.percentile(z, MIDDLE_95, axis=0)
    order = np.argsort(z.std(axis=0))
    frame = pd.DataFrame(
        {
            "row": [found.numbers[k].name for k in order],
            "low": low[order],
            "middle": middle[order],
            "high": high[order],
            "before_low": -1.96,
            "before_high": 1.96,
        }
    )
    first, last = found.numbers[order[0]], found.numbers[order[-1]]
    finding = f"The published figures say most of {first.name} and least of {last.name}."
    rows = [
        (
            found.numbers[k].name,
            found.numbers[k].unit,
            number_text(found.numbers[k].start),
            *(number_text(found.numbers[k].value(at)) for at in (middle[k], low[k], high[k])),
            float(z[:, k].std()),
        )
        for k in order
    ]
    columns = ("Number", "Unit", "Shipped", "Median", "2.5 %", "97.5 %", "Width left (prior = 1)")
    table = Table.of(columns, rows, "Numbers of the plausible models")
    label = "For each number the middle 95 % of its prior, and of the plausible models, in prior standard deviations."
    chart = before_and_after(frame, "Prior standard deviations", "the shipped value")
    figure = Figure("numbers", finding, label, draw(chart, "numbers", finding, label), table)
    return Section("numbers", "What is left of each number", (figure, _correlations(found)))


def _correlations(found: Any) -> Sheet:
    matrix = np.corrcoef(found.points.T)
    upper = np.argwhere(np.triu(np.ones_like(matrix, dtype=bool), 1))
    places = sorted(upper.tolist(), key=lambda at: -abs(matrix[at[0], at[1]]))[:STRONGEST]
    rows = [(found.numbers[a].name, found.numbers[b].name, round(float(matrix[a, b]), 2)) for a, b in places]
    return Sheet("Numbers that only move together", Table.of(("One", "Other", "Correlation"), rows, "Correlations"))


def _figures(found: Any) -> Section:
    figures = found.rounds[-1][1][1:]
    low, middle, high = np.nanpercentile(figures, MIDDLE_95, axis=0)
    reach = np.array([t.reach(e) for t, e in zip(found.targets, found.errors, strict=True)])
    value = np.array([t.value for t in found.targets])
    inside = np.abs(middle - value) <= reach
    scaled = [1.96 * (x - value) / reach for x in (low, middle, high)]
    order = np.argsort(-np.abs(np.nan_to_num(scaled[1], nan=99.0)))
    frame = pd.DataFrame(
        {
            "row": [found.targets[k].name for k in order],
            "low": np.clip(scaled[0][order], -12, 12),
            "middle": np.clip(scaled[1][order], -12, 12),
            "high": np.clip(scaled[2][order], -12, 12),
            "before_low": -1.96,
            "before_high": 1.96,
        }
    ).head(60)
    finding = f"The median model is inside {int(inside.sum())} of {len(inside)} targets; the worst 60 are drawn."
    label = "For each target how far the plausible models lie from the published figure, in its standard errors."
    rows = [
        (found.targets[k].name, found.targets[k].kind, found.targets[k].unit, number_text(value[k]),
         *(number_text(float(x[k])) for x in (middle, low, high)), "inside" if inside[k] else "outside")
        for k in order
    ]  # fmt: skip
    columns = ("Target", "Kind", "Unit", "Published", "Median model", "2.5 %", "97.5 %", "Median model is")
    chart = before_and_after(frame, "Standard errors of the published figure", "as published")
    table = Table.of(columns, rows, "Posterior prediction of every target")
    figure = Figure("figures", finding, label, draw(chart, "figures", finding, label), table)
    return Section("figures", "How the models meet the figures", (figure,))
