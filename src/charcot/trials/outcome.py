"""What a simulated trial gives back: tables, flow, estimates over replicates beside the published values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from charcot.clinic.observation import TOTAL_MAXIMUM
from charcot.trials.analysis import design_of
from charcot.trials.between_patients import between_patients
from charcot.trials.checks import BASELINE_QUANTITIES
from charcot.trials.closer import closer
from charcot.trials.conduct import Conducted
from charcot.trials.estimands import ESTIMANDS, analysis_of, title_of
from charcot.trials.pool import Failure
from charcot.trials.protocol import Protocol

RATIOS = {name for name, estimand in ESTIMANDS.items() if estimand.null == 1.0}
FELL_BACK = "covariance "  # how the note of an analysis begins that took another covariance than asked
BAND = (0.025, 0.975)  # the quantiles over replicates that a summary shows


@dataclass(frozen=True)
class Replicate:
    """One simulated trial: its flow, its estimates, its failures, and what figures need of it."""

    number: int
    flow: dict[str, Any]
    estimates: pd.DataFrame
    failures: list[Failure]
    means: pd.DataFrame
    baseline: pd.DataFrame
    event_times: pd.DataFrame


@dataclass(frozen=True)
class TrialOutcome:
    """All replicates of a trial.

    Attributes:
        flow: {"mean": ..., "first": ...}: CONSORT counts.
        tables: ADSL, ADQS, ADTTE, ADLB of the first replicate; ``estimates`` (all replicates), ``baseline`` (by arm,
            with published values), ``trajectories`` (mean ALSFRS-R by arm and visit with a band), ``event_times``
            (all replicates: what a Kaplan-Meier curve needs); ``estimands`` (what each endpoint estimates);
            ``between_patients`` (how far the patients of the first replicate differ in each).
        summary: one row per estimand and arm or contrast: mean, SD, 2.5 and 97.5 % over replicates, power, and the
            published value where there is one.
        failures: every simulation that failed, with its reason; empty when none did.
    """

    protocol: Protocol
    replicates: list[Replicate]
    published: dict[str, Any] | None
    flow: dict[str, Any]
    tables: dict[str, pd.DataFrame]
    summary: pd.DataFrame
    failures: pd.DataFrame
    notes: list[str] = field(default_factory=list)


def replicate_of(protocol: Protocol, conducted: Conducted, estimates: pd.DataFrame) -> Replicate:
    """Keep of a replicate what the outcome needs; the visits themselves are let go."""
    analysed = ~conducted.subjects["failed"].to_numpy()
    events = pd.DataFrame(
        {
            "replicate": conducted.replicate,
            "arm": conducted.subjects["arm"],
            "time": conducted.followup.end,
            "event": conducted.followup.died,
        }
    )[analysed]
    means = _visit_means(protocol, conducted, analysed)
    baseline = _baseline(protocol, conducted)
    return Replicate(conducted.replicate, conducted.flow, estimates, conducted.failures, means, baseline, events)


def _visit_means(protocol: Protocol, conducted: Conducted, analysed: np.ndarray) -> pd.DataFrame:
    """Mean ALSFRS-R of those seen, by arm and visit."""
    rows = []
    for arm in protocol.arms:
        mine = analysed & (conducted.subjects["arm"] == arm.id).to_numpy()
        total = conducted.followup.total[mine]
        for visit, day in enumerate(protocol.visits):
            seen = total[:, visit][np.isfinite(total[:, visit])]
            error = float(seen.std(ddof=1) / np.sqrt(len(seen))) if len(seen) > 1 else np.nan
            mean = float(seen.mean()) if len(seen) else np.nan
            rows.append((conducted.replicate, arm.id, visit, day, len(seen), mean, error))
    return pd.DataFrame(rows, columns=["replicate", "arm", "visit", "day", "n", "mean", "standard_error"])


# variable -> (column of the subjects, factor to the unit of the published value)
_BASELINE_COLUMNS = {
    "age": "age",
    "total_score": "total_score",
    "time_since_onset": "months_since_onset",
    "run_in_slope": "run_in_slope",
    "vital_capacity": "vital_capacity",
}


def _baseline(protocol: Protocol, conducted: Conducted) -> pd.DataFrame:
    """Characteristics of each arm and of all at baseline, the visit of randomisation: mean, SD and n; shares in
    percent."""
    subjects = conducted.subjects.assign(
        bulbar_share=100.0 * (conducted.subjects["onset_region"] == "bulbar"),
        riluzole_share=100.0 * conducted.subjects["background"].str.split("+").map(lambda taken: "riluzole" in taken),
        nfl=conducted.subjects["baseline_nfl"],
        months_since_diagnosis=conducted.subjects["months_since_diagnosis"],
        pre_slope=(conducted.subjects["total_score"] - TOTAL_MAXIMUM) / conducted.subjects["months_since_onset"],
    )
    variables = {**_BASELINE_COLUMNS, **{name: name for name in ("bulbar_share", "riluzole_share", "nfl", "pre_slope")}}
    rows = []
    for arm in [*(arm.id for arm in protocol.arms), "all"]:
        group = subjects if arm == "all" else subjects[subjects["arm"] == arm]
        for variable, column in variables.items():
            values = group[column].to_numpy(dtype=float)
            values = values[np.isfinite(values)]
            mean, spread = (values.mean(), values.std(ddof=1)) if len(values) > 1 else (np.nan, np.nan)
            rows.append((conducted.replicate, variable, arm, len(values), mean, spread))
    return pd.DataFrame(rows, columns=["replicate", "variable", "arm", "n", "mean", "sd"])


BASELINE_UNITS = {name: quantity.unit for name, quantity in BASELINE_QUANTITIES.items()} | {
    "nfl": "pg/mL",
    "pre_slope": "points/month",
}


def outcome_of(protocol: Protocol, replicates: list[Replicate], first: dict[str, pd.DataFrame]) -> TrialOutcome:
    """Put the replicates together; ``first`` holds the ADaM tables of the first one."""
    estimates = pd.concat([replicate.estimates for replicate in replicates], ignore_index=True)
    tables = {
        **first,
        "estimates": estimates,
        "baseline": baseline_table(protocol, pd.concat([r.baseline for r in replicates], ignore_index=True)),
        "trajectories": trajectories(pd.concat([r.means for r in replicates], ignore_index=True)),
        "event_times": pd.concat([r.event_times for r in replicates], ignore_index=True),
        "estimands": estimands_table(protocol),
        "between_patients": between_patients(protocol, first),
        **closer(protocol, first, design_of(protocol), replicates[0].flow),
    }
    failures = pd.DataFrame(
        [vars(failure) for replicate in replicates for failure in replicate.failures],
        columns=["replicate", "patient", "stage", "reason"],
    )
    published = protocol.published.model_dump(mode="json") if protocol.published else None
    flow = {"mean": mean_counts([r.flow for r in replicates]), "first": replicates[0].flow}
    return TrialOutcome(
        protocol, replicates, published, flow, tables, summarise(protocol, estimates), failures,
        [*_notes(protocol), *_fallen_back(estimates, len(replicates))],
    )  # fmt: skip


def estimands_table(protocol: Protocol) -> pd.DataFrame:
    """The five attributes of each endpoint's estimand (ICH E9(R1)), with its analysis and its permutation twin."""
    titles = {arm.id: arm.title or arm.id for arm in protocol.arms}
    reference = protocol.reference_arm
    others = ", ".join(title for arm, title in titles.items() if arm != reference)
    rows = []
    for name in protocol.endpoints:
        one = ESTIMANDS[name]
        strategies = one.computed_by.strategies
        rows.append(
            {
                "estimand": name,
                "variable": one.title,
                "treatments": f"{others or titles[reference]} against {titles[reference]}, as randomised, whether or "
                "not treatment went on (treatment policy)",
                "population": f"all {protocol.size:,} randomised whose simulation did not fail",
                "death": strategies.death,
                "withdrawal": strategies.withdrawal,
                "summary": strategies.summary,
                "analysis": one.computed_by.title,
                "permutation_twin": one.computed_by.twin if protocol.analysis.permutations else "",
            }
        )
    return pd.DataFrame(rows)


def _fallen_back(estimates: pd.DataFrame, replicates: int) -> list[str]:
    """A sentence for each covariance that an analysis fell back to, with how often and why."""
    notes = estimates[estimates["note"].str.startswith(FELL_BACK) & (estimates["reference"] != "")]
    out = []
    for (estimand, note), group in notes.groupby(["estimand", "note"], sort=False):
        count = group["replicate"].nunique()
        out.append(f"{title_of(str(estimand))}: {note}, in {count:,} of {replicates:,} simulated trials.")
    return out


def _notes(protocol: Protocol) -> list[str]:
    """What a reader must know of how this was simulated."""
    notes = ["Background treatment starts on the day of diagnosis.", "Patients are not seen after withdrawal."]
    if protocol.analysis.interim is not None:
        notes.append("Looks before the end are not simulated here; 'charcot power' simulates them.")
    if any(arm.external for arm in protocol.arms):
        notes.append(
            "The external control is simulated as patients of the same population and rules: how the patients of a "
            "record differ in truth is not known to the model."
        )
    if protocol.simulate.pool == "shared":
        notes.append(
            "Replicates share one pool of simulated people: their spread leaves out the spread between such pools."
        )
    return notes


def mean_counts(flows: list[Any]) -> Any:
    """Counts averaged over replicates, in the same shape; a rule that one replicate lacks counts 0 there."""
    if all(isinstance(flow, dict) for flow in flows):
        keys = list(dict.fromkeys(key for flow in flows for key in flow))
        return {key: mean_counts([flow.get(key, _empty(key, flows)) for flow in flows]) for key in keys}
    if all(isinstance(flow, str) for flow in flows):
        return flows[0]
    return float(np.mean(list(flows)))


def _empty(key: str, flows: list[dict[str, Any]]) -> Any:
    example = next(flow[key] for flow in flows if key in flow)
    return _zeroed(example)


def _zeroed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _zeroed(item) for key, item in value.items()}
    return value if isinstance(value, str) else 0


def trajectories(means: pd.DataFrame) -> pd.DataFrame:
    """Mean ALSFRS-R by arm and visit with a 95 % band: over replicates, or from the one replicate's standard error."""
    rows = []
    for (arm, visit), group in means.groupby(["arm", "visit"], sort=False):
        value = group["mean"].to_numpy(dtype=float)
        if len(group) > 1:
            lower, upper = np.nanquantile(value, BAND) if np.isfinite(value).any() else (np.nan, np.nan)
        else:
            width = 1.96 * float(group["standard_error"].iloc[0])  # 97.5 % point of the normal distribution
            lower, upper = value[0] - width, value[0] + width
        mean = float(np.nanmean(value)) if np.isfinite(value).any() else np.nan
        rows.append((arm, visit, float(group["day"].iloc[0]), float(group["n"].mean()), mean, lower, upper))
    return pd.DataFrame(rows, columns=["arm", "visit", "day", "n", "mean", "lower", "upper"])


def baseline_table(protocol: Protocol, baseline: pd.DataFrame) -> pd.DataFrame:
    """Baseline by arm averaged over replicates, with the published mean and SD beside the rows of all patients."""
    table = baseline.groupby(["variable", "arm"], sort=False)[["n", "mean", "sd"]].mean().reset_index()
    table["unit"] = table["variable"].map(BASELINE_UNITS)
    published = {entry.variable: entry for entry in protocol.published.baseline} if protocol.published else {}
    for column in ("mean", "sd"):
        table[f"published_{column}"] = [
            _published_number(published.get(variable), column, variable) if arm == "all" else np.nan
            for variable, arm in zip(table["variable"], table["arm"], strict=True)
        ]
    marks = {variable: entry.mark for variable, entry in published.items()}
    table["mark"] = table["variable"].map(lambda name: marks.get(name, "")).where(table["arm"] == "all", "")
    return table


def _published_number(entry: Any, column: str, variable: str) -> float:
    text = getattr(entry, column, None)
    return np.nan if text is None else BASELINE_QUANTITIES[variable].read(text)


def summarise(protocol: Protocol, estimates: pd.DataFrame) -> pd.DataFrame:
    """One row per estimand and arm or contrast over all replicates, with the published value where there is one.

    ``interval`` says in words what ``lower`` and ``upper`` are: the middle 95 % of the estimates, or, of a single
    estimate, the confidence interval of its own analysis. ``mean`` of a ratio is the geometric mean, and its ``sd``
    that of the logarithm. ``power`` is the share of all replicates with p at most alpha: one whose analysis failed
    found nothing; ``estimated`` says how many gave a number at all. ``permutation_power`` is the twin's.
    """
    rows = []
    for (estimand, arm, reference), group in estimates.groupby(["estimand", "arm", "reference"], sort=False):
        values = group["estimate"].dropna().to_numpy(dtype=float)
        lower, upper, interval = _interval(group, values)
        mean, spread = _mean_and_sd(values, is_ratio=str(estimand) in RATIOS)
        rows.append(
            {
                "estimand": estimand,
                "title": title_of(str(estimand)),
                "arm": arm,
                "reference": reference,
                "unit": group["unit"].iloc[0],
                "replicates": len(group),
                "estimated": len(values),
                "converged": int(group["converged"].sum()),
                "mean": mean,
                "sd": spread,
                "lower": lower,
                "upper": upper,
                "interval": interval,
                "power": _power(group["p_value"], protocol.analysis.alpha) if reference else np.nan,
                "permutation_power": _power(group["permutation_p"], protocol.analysis.alpha) if reference else np.nan,
                **_published(protocol, str(estimand), str(arm), str(reference)),
            }
        )
    return pd.DataFrame(rows)


def _power(p_values: pd.Series[float], alpha: float) -> float:
    """Share of replicates with p at most alpha (a permutation's p is one of few values); NaN where none was tested."""
    return float((p_values <= alpha).mean()) if p_values.notna().any() else np.nan


def _interval(group: pd.DataFrame, values: np.ndarray) -> tuple[float, float, str]:
    """The interval of a summary row and what it is; of one estimate its own, where it has one."""
    if len(values) > 1:
        lower, upper = np.quantile(values, BAND)
        return float(lower), float(upper), f"middle 95 % of {len(values):,} simulated trials"
    own = group[group["estimate"].notna()]
    if len(own) == 0:
        return np.nan, np.nan, ""
    return float(own["lower"].iloc[0]), float(own["upper"].iloc[0]), str(own["interval"].iloc[0])


def _mean_and_sd(values: np.ndarray, is_ratio: bool) -> tuple[float, float]:
    scale = np.log(values) if is_ratio else values
    mean = float(scale.mean()) if len(scale) else np.nan
    spread = float(scale.std(ddof=1)) if len(scale) > 1 else np.nan
    return (float(np.exp(mean)) if is_ratio else mean), spread


def _published(protocol: Protocol, estimand: str, arm: str, reference: str) -> dict[str, Any]:
    """The published value of one row; a value without an arm belongs to the first arm's contrast."""
    first_other = next((entry.id for entry in protocol.arms if entry.id != protocol.reference_arm), "")
    for entry in protocol.published.values if protocol.published else ():
        matches = (arm == entry.arm and not reference) if entry.arm else (bool(reference) and arm == first_other)
        if entry.estimand == estimand and entry.analysis == analysis_of(estimand) and matches:
            value = ESTIMANDS[estimand].quantity.read(entry.value)
            source = protocol.published.source if protocol.published else ""
            return {"published": value, "source": source, "mark": entry.mark, "published_note": entry.note}
    return {"published": np.nan, "source": "", "mark": "", "published_note": ""}
