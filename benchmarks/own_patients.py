"""Calibration by simulation: where the truth of the model's own patients lies among the draws of their posterior.

    python benchmarks/own_patients.py --docs docs      # the picture of docs/cohort.md

Patients of some plausible models, of another seed than the library's, are seen at four monthly visits with the model's
own ratings (which persist), spirometry and NfL readings, and are fitted as a user's cohort would be. If posterior and
model agree, the ranks of what is recorded three and nine months later are spread evenly. A U is an overconfident
forecast, a hill a timid one, a slope a bias. What is learnt from the cohort is learnt here too.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.stats import chisquare

from charcot.clinic.measurements import measurements
from charcot.clinic.observation import observe_all_items
from charcot.core.units import DAYS_PER_MONTH
from charcot.fitting import layers
from charcot.fitting.own_cohort import forecast, library, posterior
from charcot.fitting.own_cohort.reading import Subject
from charcot.patients.assumptions import Assumed

SEED, MODELS, PEOPLE, BINS = 4711, 12, 30, 10
VISITS, AHEAD = np.arange(4.0), (3.0, 9.0)
STEM = "cohort-ranks"


def recorded(own: library.Library, seed: int) -> tuple[list[Subject], np.ndarray]:
    """Visits of the virtual patients who live through them, and the totals recorded later (NaN after death)."""
    draw = np.random.default_rng(seed)
    wanted = draw.uniform(30, 45, len(own))  # the total at which one comes to be seen
    begin = np.maximum((own.total > wanted[:, None]).sum(axis=1), 2) + draw.random(len(own))
    rows, when = np.arange(len(own))[:, None], begin[:, None] + np.array([*VISITS, *(VISITS[-1] + m for m in AHEAD)])
    frailty = draw.exponential(size=(len(own), 1))
    alive = library.at(own.hazard, rows, when) < frailty
    latent = np.stack([library.at(own.items[:, k], rows, when) for k in range(12)], axis=2)
    items = observe_all_items(latent, seed, rows[:, 0])
    seen = len(VISITS)
    subjects, later = [], []
    for k in np.flatnonzero(alive[:, seen - 1] & (begin < library.MONTHS - 20)):
        svc, nfl = (
            measurements()[name].observe(library.at(course, k, when[k, :seen]), seed, int(k))
            for name, course in (("vital_capacity", own.svc), ("nfl", own.nfl))
        )
        subjects.append(
            Subject(
                f"{own.model[k]}/{k}", VISITS * DAYS_PER_MONTH, items[k, :seen].sum(axis=1), items[k, :seen], svc, nfl,
                onset=-begin[k] * DAYS_PER_MONTH, age=float(own.age[k] + begin[k] / 12),
                site=library.SITES[own.site[k]], riluzole="yes" if own.riluzole[k] else "no",
                end=VISITS[-1] * DAYS_PER_MONTH,
            )
        )  # fmt: skip
        later.append(np.where(alive[k, seen:], items[k, seen:].sum(axis=1), np.nan))
    return subjects, np.array(later)


def ranks(fit: posterior.Fit, later: np.ndarray, seed: int) -> np.ndarray:
    """(patients, ahead) share of draws below what was recorded, ties broken at random; NaN for the dead."""
    random = np.random.default_rng(seed)
    out = np.full(later.shape, np.nan)
    for i, cloud in enumerate(fit.clouds):
        drawn = forecast.draw(fit, cloud, AHEAD)
        for k, value in enumerate(later[i]):
            living = drawn.total[:, k][np.isfinite(drawn.total[:, k])]
            if np.isfinite(value) and len(living):
                out[i, k] = (living < value).mean() + random.random() * (living == value).mean()
    return out


def picture(found: np.ndarray, folder: Path) -> None:
    """Write the rank histograms as an SVG."""
    import altair as alt
    import pandas as pd

    from charcot.interfaces.report.markdown import standalone
    from charcot.interfaces.report.picture import draw
    from charcot.interfaces.report.theme import SOFT, style

    panels = []
    for k, month in enumerate(AHEAD):
        known = found[:, k][np.isfinite(found[:, k])]
        counts = np.histogram(known, BINS, (0, 1))[0]
        frame = pd.DataFrame({"from": np.arange(BINS) / BINS, "to": (np.arange(BINS) + 0.94) / BINS, "n": counts})
        frame["zero"] = 0
        bars = (
            alt.Chart(frame)
            .mark_rect(color=style(0).line, opacity=0.75)
            .encode(
                x=alt.X("from:Q", title="rank of what was recorded", scale=alt.Scale(domain=[0, 1], nice=False)),
                x2="to:Q",
                y=alt.Y("n:Q", title="patients", scale=alt.Scale(zero=True)),
                y2="zero:Q",
            )
        )
        even = alt.Chart(pd.DataFrame({"n": [len(known) / BINS]})).mark_rule(color=SOFT, strokeDash=[4, 3])
        panels.append(
            alt.layer(bars, even.encode(y="n:Q")).properties(
                width=340, height=200, title=f"{month:.0f} months after the last visit"
            )
        )
    label = "Histograms of ranks of recorded totals among draws of the posterior; the dashed line is an even spread."
    svg = draw(alt.hconcat(*panels), STEM, "Ranks of the model's own patients.", label)
    (folder / f"{STEM}.svg").write_text(standalone(svg), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", type=Path, default=None)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--library", type=Path, default=None, help="where pieces of the library are kept")
    asked = parser.parse_args()
    found = library.build(asked.library, workers=asked.workers)
    models = [(0, Assumed()), *((m.number, m.assumed) for m in layers.models(MODELS - 1, SEED))]
    own = library.join(
        [library.of_model(under, PEOPLE, SEED + number, number, asked.workers) for number, under in models]
    )
    subjects, later = recorded(own, SEED)
    fit = posterior.fit(subjects, found, workers=asked.workers)
    placed = ranks(fit, later, SEED)
    if asked.docs:
        picture(placed, asked.docs)
    told = {"patients": len(subjects), "few": fit.few}
    for k, month in enumerate(AHEAD):
        known = placed[:, k][np.isfinite(placed[:, k])]
        counts = np.histogram(known, BINS, (0, 1))[0]
        told[f"month {month:.0f}"] = {
            "living": len(known), "counts": counts.tolist(), "p_even": float(chisquare(counts).pvalue),
            "inside_50": float(np.mean(np.abs(known - 0.5) < 0.25)),
            "inside_90": float(np.mean(np.abs(known - 0.5) < 0.45)),
        }  # fmt: skip
    told["paces"] = {k: float(v) for k, v in vars(fit.paces).items() if not isinstance(v, np.ndarray)}
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
