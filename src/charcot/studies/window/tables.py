"""The tables of a sweep: benefits, pairs beside their parts, ideal rescues, the time of no return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from charcot import treatments
from charcot.core.random import stream
from charcot.studies import rescue
from charcot.studies.window.bench import Values, gained
from charcot.studies.window.plan import ENDPOINTS, Plan, ceiling

RESAMPLES = 200
KEPT = (0.5, 0.1)  # shares of the best benefit at which a window is called half closed, and closed


def _mean_and_range(differences: np.ndarray, draws: np.ndarray) -> tuple[float, float, float]:
    """Mean over patients with a 95 % bootstrap interval; no interval for one patient."""
    known = np.isfinite(differences)
    if not known.any():
        return np.nan, np.nan, np.nan
    mean = float(differences[known].mean())
    if len(differences) < 2:
        return mean, np.nan, np.nan
    means = np.nanmean(differences[draws], axis=1)
    lower, upper = np.percentile(means, [2.5, 97.5])
    return mean, float(lower), float(upper)


def _draws(plan: Plan, n: int) -> np.ndarray:
    return stream(plan.seed, "therapeutic window", "bootstrap").integers(0, n, (RESAMPLES, n))


def cell_table(plan: Plan, values: Mapping[Any, Values], base: Values) -> pd.DataFrame:
    draws = _draws(plan, len(base["survival"]))
    beyond = {
        (name, level): treatments.is_beyond(treatments.products()[name], text)
        for name in plan.products
        for level, (_, text) in enumerate(plan.levels(name))
    }
    rows = []
    for (arm, level, start), found in values.items():
        doses = [plan.levels(name)[level] for name in arm]
        for endpoint in plan.endpoints:
            gain = gained(found[endpoint], base[endpoint])
            rows.append(
                {
                    "combination": " + ".join(arm),
                    "products": len(arm),
                    "dose_level": level,
                    "dose_multiple": doses[0][0],
                    "dose": " + ".join(text for _, text in doses),
                    "start_years": start,
                    "endpoint": endpoint,
                    "unit": ENDPOINTS[endpoint].unit,
                    "untreated": float(np.nanmean(base[endpoint])),
                    "treated": float(np.nanmean(found[endpoint])),
                    **dict(zip(("benefit", "lower", "upper"), _mean_and_range(gain, draws), strict=True)),
                    "sd": float(np.nanstd(gain, ddof=1)) if np.isfinite(gain).sum() > 1 else np.nan,
                    "beyond_studied": any(beyond[name, level] for name in arm),
                    "never_given": " + ".join(treatments.never_given(arm)),
                    "patients": int(np.isfinite(gain).sum()),
                }
            )
    return pd.DataFrame(rows)


def rescue_table(plan: Plan, values: Mapping[Any, Values], base: Values) -> pd.DataFrame:
    draws = _draws(plan, len(base["survival"]))
    rows = []
    for (layer, start), found in values.items():
        for endpoint in plan.endpoints:
            low_high = _mean_and_range(gained(found[endpoint], base[endpoint]), draws)
            rows.append(
                {
                    "layer": layer,
                    "title": rescue.layer_title(layer),
                    "start_years": start,
                    "endpoint": endpoint,
                    "unit": ENDPOINTS[endpoint].unit,
                    "untreated": float(np.nanmean(base[endpoint])),
                    "treated": float(np.nanmean(found[endpoint])),
                    **dict(zip(("benefit", "lower", "upper"), low_high, strict=True)),
                }
            )
    return pd.DataFrame(rows)


def interaction_table(plan: Plan, values: Mapping[Any, Values], base: Values) -> pd.DataFrame:
    """Pairs beside their parts. Bliss: what is left of the loss is the product of what each part alone leaves.

    The loss is counted from the value of someone who never falls ill. ``excess`` is the benefit above Bliss, with its
    interval over patients; ``added`` is the plain sum of the parts' benefits.
    """
    draws = _draws(plan, len(base["survival"]))
    rows = []
    for (arm, level, start), found in values.items():
        if len(arm) != 2 or any((part,) not in plan.arms for part in arm):
            continue
        parts = [values[(name,), level, start] for name in arm]
        for endpoint in plan.endpoints:
            top = ceiling(plan, endpoint)
            unit = bliss(base[endpoint], parts[0][endpoint], parts[1][endpoint], found[endpoint], top)
            first, second = (part[endpoint][draws].T for part in parts)
            spread = bliss(base[endpoint][draws].T, first, second, found[endpoint][draws].T, top)
            lower, upper = np.nanpercentile(spread["excess"], [2.5, 97.5]) if len(draws[0]) > 1 else (np.nan, np.nan)
            rows.append(
                {
                    "pair": " + ".join(arm),
                    "dose_level": level,
                    "dose_multiple": plan.levels(arm[0])[level][0],
                    "start_years": start,
                    "endpoint": endpoint,
                    "unit": ENDPOINTS[endpoint].unit,
                    "first": float(np.nanmean(gained(parts[0][endpoint], base[endpoint]))),
                    "second": float(np.nanmean(gained(parts[1][endpoint], base[endpoint]))),
                    "both": float(np.nanmean(gained(found[endpoint], base[endpoint]))),
                    "added": float(np.nanmean(parts[0][endpoint] + parts[1][endpoint] - 2 * base[endpoint])),
                    "bliss": float(unit["bliss"]),
                    "excess": float(unit["excess"]),
                    "excess_lower": float(lower),
                    "excess_upper": float(upper),
                    "verdict": _interaction(float(unit["excess"]), float(lower), float(upper)),
                }
            )
    columns = [
        "pair", "dose_level", "dose_multiple", "start_years", "endpoint", "unit", "first", "second", "both", "added",
        "bliss", "excess", "excess_lower", "excess_upper", "verdict",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def bliss(base: np.ndarray, a: np.ndarray, b: np.ndarray, both: np.ndarray, top: float) -> dict[str, np.ndarray]:
    """Expected and excess benefit of a pair from group means: expected loss = loss_a loss_b / loss_untreated."""
    means = [np.nanmean(v, axis=0) for v in (base, a, b, both)]
    lost, lost_a, lost_b, lost_both = (top - m for m in means)
    with np.errstate(invalid="ignore", divide="ignore"):
        left = np.where(lost > 0, lost_a * lost_b / lost, 0.0)
    return {"bliss": lost - left, "excess": left - lost_both}


def _interaction(excess: float, lower: float, upper: float) -> str:
    if not np.isfinite(lower):
        return "more than its parts" if excess > 0 else "less than its parts" if excess < 0 else "as its parts"
    if lower > 0:
        return "more than its parts"
    return "less than its parts" if upper < 0 else "as its parts"


def no_return(plan: Plan, cells: pd.DataFrame, rescues: pd.DataFrame) -> pd.DataFrame:
    """When each window is half closed, and closed: the latest start that keeps a share of the earliest starts' best."""
    return pd.DataFrame([*_closing(plan, _of_rescues(rescues)), *_closing(plan, _of_treatments(cells))])


Curves = Iterator[tuple[str, str, pd.DataFrame]]  # what, its kind, its rows by start and endpoint


def _of_rescues(rescues: pd.DataFrame) -> Curves:
    for layer in (rescue.FULL, *rescue.NAMES[:-1]):
        yield rescue.layer_title(layer), "rescue", rescues[rescues["layer"] == layer]


def _of_treatments(cells: pd.DataFrame) -> Curves:
    """Each treatment at the dose nearest to the default one."""
    for combination in () if cells.empty else cells["combination"].unique():
        own = cells[cells["combination"] == combination]
        nearest_to_one = own.loc[(own["dose_multiple"] - 1).abs().idxmin(), "dose_level"]
        yield str(combination), "treatment", own[own["dose_level"] == nearest_to_one]


def _closing(plan: Plan, curves: Curves) -> Iterator[dict[str, Any]]:
    for name, kind, curve in curves:
        for endpoint in plan.endpoints:
            own = curve[curve["endpoint"] == endpoint].sort_values("start_years")
            starts, benefit = own["start_years"].to_numpy(), own["benefit"].to_numpy()
            yield {
                "what": name,
                "kind": kind,
                "endpoint": endpoint,
                "unit": ENDPOINTS[endpoint].unit,
                "dose": str(own["dose"].iloc[0]) if kind == "treatment" else "",
                "best_benefit": float(np.nanmax(benefit)),
                "best_start_years": float(starts[np.nanargmax(benefit)]),
                "half_closed_years": latest(starts, benefit, KEPT[0]),
                "closed_years": latest(starts, benefit, KEPT[1]),
            }


def latest(starts: np.ndarray, benefit: np.ndarray, share: float) -> float:
    """The latest start, by linear interpolation, that keeps ``share`` of the best benefit; infinite when even the
    last start does, NaN when nothing helps."""
    best = np.nanmax(benefit)
    if not best > 0:
        return float("nan")
    wanted = share * best
    enough = np.flatnonzero(benefit >= wanted)
    last = int(enough[-1])
    if last == len(starts) - 1:
        return float("inf")
    fall = benefit[last] - benefit[last + 1]
    return float(starts[last] + (benefit[last] - wanted) / fall * (starts[last + 1] - starts[last]))
