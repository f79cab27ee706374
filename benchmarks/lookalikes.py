"""Forecasts of cohorts that Charcot did not make: coverage, CRPS against three rivals, calibration by simulation.

    python benchmarks/lookalikes.py            # the figures of docs/cohort.md (seed 2026)
    python benchmarks/lookalikes.py --seed 7   # to look at while numbers are set: never the scoring seed

From the visits of the first three months of each patient the recorded ALSFRS-R total of months 6, 9 and 12 is forecast.
Rivals give the mean by their own method, and a normal predictive distribution about it (cut to 0 to 48) whose SD at
each month is their root mean square error in another cohort of the same generator, whose future they may see: their
residual is honest by construction, and no worse than any that the three months could have told.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.stats import norm

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "examples" / "lookalikes"))

import intercept_and_slope  # noqa: E402
import speed_and_pathway  # noqa: E402
from writing import MONTH, write  # noqa: E402

from charcot.fitting.own_cohort import forecast, library, posterior  # noqa: E402
from charcot.fitting.own_cohort.reading import OwnCohort, read_cohort  # noqa: E402

GENERATORS = {"intercept and slope": intercept_and_slope.generate, "speed and pathway": speed_and_pathway.generate}
SCORING_SEED, AHEAD = 2026, (6.0, 9.0, 12.0)
BOOTSTRAPS = 2000
Future = dict[str, dict[int, float]]


def cohort_of(generate: Callable, patients: int, seed: int, folder: Path) -> tuple[OwnCohort, Future, dict[str, float]]:
    """A cohort as a clinic has it after three months, what is recorded later by day, and the months of events."""
    tables = generate(patients, seed)
    write(folder, tables)
    cohort = read_cohort([folder / "visits.csv", folder / "people.csv"])
    assert not cohort.errors, cohort.errors[:3]
    future: Future = {}
    for row in tables["later"]:
        future.setdefault(str(row["subject"]), {})[row["days"]] = row["total"]
    return cohort, future, {str(row["subject"]): float(row["event_months"]) for row in tables["truth"]}


def sample_crps(draws: np.ndarray, value: float) -> float:
    """The continuous ranked probability score of equal draws (Gneiting and Raftery 2007, equation 21)."""
    x = np.sort(draws)
    n = len(x)
    spread = 2 * float((x * (2 * np.arange(1, n + 1) - n - 1)).sum()) / n**2
    return float(np.abs(x - value).mean()) - spread / 2


def cut_normal(mean: float, sd: float) -> np.ndarray:
    """Equal draws of a normal that is recorded as a whole number between 0 and 48."""
    return np.clip(np.round(mean + sd * norm.ppf((np.arange(400) + 0.5) / 400)), 0, 48)


def own_slope(months: np.ndarray, totals: np.ndarray, since: float, ahead: np.ndarray) -> np.ndarray:
    """The line through the visits so far, by least squares."""
    return np.polyval(np.polyfit(months, totals, 1), ahead)


def d50(months: np.ndarray, totals: np.ndarray, since: float, ahead: np.ndarray) -> np.ndarray:
    """The D50 curve 48 / (1 + exp((t - D50) / dx)), t from onset, by least squares over the visits."""
    half = np.exp(np.linspace(np.log(3), np.log(300), 120))[:, None, None]
    width = half * np.linspace(0.08, 0.5, 22)[None, :, None]
    t = since + months
    error = ((48 / (1 + np.exp(np.clip((t - half) / width, -60, 60))) - totals) ** 2).sum(axis=2)
    i, j = np.unravel_index(error.argmin(), error.shape)
    return 48 / (1 + np.exp(np.clip((since + ahead - half[i, 0, 0]) / width[i, j, 0], -60, 60)))


def hierarchical(seen: list[posterior.Seen], ahead: np.ndarray, anchored: bool) -> np.ndarray:
    """(patients, ahead) a linear model with random intercepts and slopes, by expectation maximisation; ``anchored``:
    each patient has 48 on the day of onset as one more point (the onset anchor of Karanevich and others 2018)."""
    times = [np.append(one.months, -one.since) if anchored else one.months for one in seen]
    values = [np.append(one.total, 48.0) if anchored else one.total for one in seen]
    designs = [np.stack([np.ones(len(t)), t], axis=1) for t in times]
    mean, spread, noise = np.array([38.0, -1.0]), np.diag([30.0, 0.5]), 4.0
    posteriors: list[tuple[np.ndarray, np.ndarray]] = []
    for _ in range(200):
        posteriors = []
        for x, y in zip(designs, values, strict=True):
            variance = np.linalg.inv(np.linalg.inv(spread) + x.T @ x / noise)
            posteriors.append((variance @ (np.linalg.inv(spread) @ mean + x.T @ y / noise), variance))
        means = np.array([m for m, _ in posteriors])
        mean = means.mean(axis=0)
        spread = np.cov(means.T, bias=True) + np.mean([v for _, v in posteriors], axis=0)
        rest = [
            ((y - x @ m) ** 2).sum() + np.trace(x @ v @ x.T)
            for x, y, (m, v) in zip(designs, values, posteriors, strict=True)
        ]
        noise = float(sum(rest)) / sum(len(y) for y in values)
    return np.array([m[0] + m[1] * ahead for m, _ in posteriors])


def rivals(cohort: OwnCohort, ahead: np.ndarray) -> dict[str, np.ndarray]:
    """The mean of each rival, (patients, ahead)."""
    seen = [posterior.see(subject) for subject in cohort.subjects]
    each = {"own slope so far": own_slope, "D50": d50}
    out = {
        name: np.array([method(one.months, one.total, one.since, ahead) for one in seen])
        for name, method in each.items()
    }
    out["onset-anchored line (Karanevich 2018)"] = hierarchical(seen, ahead, anchored=True)
    out["mixed model (no rival asked for)"] = hierarchical(seen, ahead, anchored=False)
    return {name: np.clip(mean, 0, 48) for name, mean in out.items()}


def recorded(cohort: OwnCohort, future: Future) -> np.ndarray:
    """(patients, ahead) totals recorded later, NaN where not seen."""
    days = [round(month * MONTH) for month in AHEAD]
    return np.array([[future.get(s.name, {}).get(day, np.nan) for day in days] for s in cohort.subjects])


def honest_sd(generate: Callable, patients: int, seed: int, folder: Path) -> dict[str, np.ndarray]:
    """Root mean square error of each rival at each month in another cohort."""
    cohort, future, _ = cohort_of(generate, patients, seed, folder)
    truth = recorded(cohort, future)
    return {
        name: np.sqrt(np.nanmean((mean - truth) ** 2, axis=0)) for name, mean in rivals(cohort, np.array(AHEAD)).items()
    }


def score(name: str, patients: int, seed: int, found: library.Library, folder: Path, workers: int) -> dict[str, object]:
    """Coverage, CRPS and rivals on one look-alike."""
    generate = GENERATORS[name]
    cohort, future, events = cohort_of(generate, patients, seed, folder / "scored")
    truth = recorded(cohort, future)
    began = time.monotonic()
    fit = posterior.fit(cohort.subjects, found, workers=workers)
    after_last = np.array(AHEAD) - 3.0
    drawn = [forecast.draw(fit, cloud, after_last) for cloud in fit.clouds]
    took = time.monotonic() - began
    random = np.random.default_rng(seed)
    inside, pit, crps = (np.full(truth.shape, np.nan) for _ in range(3))
    for i, one in enumerate(drawn):
        for k, value in enumerate(truth[i]):
            living = one.total[:, k][np.isfinite(one.total[:, k])]
            if np.isnan(value) or len(living) < 10:
                continue
            ends = forecast.quantiles(living)
            inside[i, k] = ends["low_90"] <= value <= ends["high_90"]
            below, same = float((living < value).mean()), float((living == value).mean())
            pit[i, k] = below + random.random() * same
            crps[i, k] = sample_crps(living, value)
    alive = np.array([[float((one.death > m).mean()) for m in after_last] for one in drawn])
    lived = np.array([[events[s.name] > month for month in AHEAD] for s in cohort.subjects])
    others = rivals(cohort, np.array(AHEAD))
    sds = honest_sd(generate, patients, seed + 1, folder / "other")
    table = []
    for rival, mean in others.items():
        theirs = np.full(truth.shape, np.nan)
        hit = np.full(truth.shape, np.nan)
        for i, k in np.argwhere(np.isfinite(crps)):
            draws = cut_normal(mean[i, k], sds[rival][k])
            theirs[i, k] = sample_crps(draws, truth[i, k])
            hit[i, k] = np.quantile(draws, 0.05) <= truth[i, k] <= np.quantile(draws, 0.95)
        difference = np.nanmean(crps - theirs, axis=1)
        known = difference[np.isfinite(difference)]
        again = known[random.integers(0, len(known), (BOOTSTRAPS, len(known)))].mean(axis=1)
        table.append(
            {
                "rival": rival,
                "crps": float(np.nanmean(theirs)),
                "crps_by_month": np.nanmean(theirs, axis=0).round(3).tolist(),
                "coverage_90": float(np.nanmean(hit)),
                "difference": float(known.mean()),
                "lower": float(np.quantile(again, 0.025)),
                "upper": float(np.quantile(again, 0.975)),
            }
        )
    middle = np.array([[np.nanmedian(one.total[:, k]) for k in range(len(AHEAD))] for one in drawn])
    return {
        "look_alike": name,
        "patients": len(cohort.subjects),
        "seconds": round(took, 1),
        "few": fit.few,
        "refined": sum(cloud.refined for cloud in fit.clouds),
        "effective_median": float(np.median([cloud.effective for cloud in fit.clouds])),
        "coverage_90": float(np.nanmean(inside)),
        "coverage_90_by_month": np.nanmean(inside, axis=0).round(3).tolist(),
        "coverage_90_by_pit": float(np.mean((pit[np.isfinite(pit)] > 0.05) & (pit[np.isfinite(pit)] < 0.95))),
        "coverage_50_by_pit": float(np.mean((pit[np.isfinite(pit)] > 0.25) & (pit[np.isfinite(pit)] < 0.75))),
        "bias": np.nanmean(middle - truth, axis=0).round(2).tolist(),
        "crps": float(np.nanmean(crps)),
        "crps_by_month": np.nanmean(crps, axis=0).round(3).tolist(),
        "rivals": table,
        "alive_forecast": alive.mean(axis=0).round(3).tolist(),
        "alive": lived.mean(axis=0).round(3).tolist(),
        "brier": ((alive - lived) ** 2).mean(axis=0).round(4).tolist(),
        "brier_constant": (lived.mean(axis=0) * (1 - lived.mean(axis=0))).round(4).tolist(),
        "paces": {
            key: round(float(value), 3) for key, value in vars(fit.paces).items() if not isinstance(value, np.ndarray)
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=500)
    parser.add_argument("--seed", type=int, default=SCORING_SEED)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--library", type=Path, default=None, help="where pieces of the library are kept")
    parser.add_argument("--folder", type=Path, default=Path("lookalike-scores"))
    asked = parser.parse_args()
    began = time.monotonic()
    found = library.build(asked.library, workers=asked.workers)
    print(f"library: {len(found):,} virtual patients, {time.monotonic() - began:.0f} s", file=sys.stderr)
    results = [
        score(name, asked.patients, asked.seed, found, asked.folder / name.replace(" ", "-"), asked.workers)
        for name in GENERATORS
    ]
    print(json.dumps({"seed": asked.seed, "results": results}, indent=1))


if __name__ == "__main__":
    main()
