"""From ``charcot.trials.TrialOutcome`` to the report's :class:`TrialView`: the one place that knows its tables."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from charcot.clinic.measurements import measurements
from charcot.core.units import DAYS_PER_WEEK
from charcot.interfaces.report.content import say
from charcot.interfaces.report.kaplan_meier import at_risk_table, survival_table
from charcot.interfaces.report.layers import trial_layers
from charcot.interfaces.report.names import plain_unit
from charcot.interfaces.report.views import Flow, FlowArm, TrialView, records
from charcot.trials.estimands import title_of, unit_of

if TYPE_CHECKING:
    import pandas as pd

CLOSER = ("pairs", "changes", "subgroups", "burden", "restricted_means")
_BASELINE_NAMES = {
    "age": "Age",
    "total_score": "ALSFRS-R",
    "time_since_onset": "Time since symptom onset",
    "run_in_slope": "Slope in the run-in",
    "pre_slope": "Slope from onset to randomisation",
    "vital_capacity": "Vital capacity",
    "bulbar_share": "Bulbar onset",
    "riluzole_share": "On riluzole",
    "nfl": "Serum NfL",
}


def trial_view(outcome: Any, found: Any) -> TrialView:
    """Everything that the report draws of a trial; ``found``: what the evidence leaves open of it
    (``charcot.fitting.layers.Open``)."""
    protocol = outcome.protocol
    labels = {arm.id: arm.title or arm.id for arm in protocol.arms}
    replicates = len(outcome.replicates)
    scores = _scores(outcome.tables["trajectories"], labels)
    events = outcome.tables["event_times"].assign(series=lambda t: t["arm"].map(labels))
    return TrialView(
        name=protocol.name,
        title=protocol.title,
        question=protocol.question,
        arms=tuple(labels.values()),
        flow=_flow(outcome.flow["first"], labels),
        baseline=_baseline(outcome.tables["baseline"], labels),
        scores=scores,
        deaths=_deaths(outcome.tables["ADTTE"], scores, labels),
        comparison=_comparison(
            outcome.summary, labels, untried_arms(protocol), outcome.tables["between_patients"], found
        ),
        found=found,
        stairs=survival_table(events, list(labels.values())),
        at_risk=at_risk_table(events, list(labels.values())),
        biomarkers=_biomarkers(outcome.tables["ADLB"], labels),
        estimands=outcome.tables["estimands"],
        closer={name: outcome.tables[name] for name in CLOSER},
        labels=labels,
        first_endpoint=(title_of(protocol.endpoints[0]), unit_of(protocol.endpoints[0])),
        replicates=replicates,
        failures=failure_counts(outcome.failures),
        methods=(*_methods(protocol), *outcome.notes, *not_estimable(outcome.tables["estimates"], labels)),
    )


def failure_counts(failures: pd.DataFrame) -> dict[str, int]:
    """How many simulations failed, by stage and reason."""
    return dict(
        Counter(f"{stage}: {reason}" for stage, reason in zip(failures["stage"], failures["reason"], strict=True))
    )


def _methods(protocol: Any) -> tuple[str, ...]:
    visits, weeks = len(protocol.visits), protocol.length / DAYS_PER_WEEK
    reference = next(arm for arm in protocol.arms if arm.id == protocol.reference_arm)
    return (
        f"The trial {protocol.name} randomises {protocol.size:,} patients to {len(protocol.arms)} arms, with {visits} "
        f"visits in {say(weeks)} weeks, and was simulated {protocol.simulate.replicates:,} times from seed "
        f"{protocol.simulate.seed}. Eligibility is judged on what a screening visit records, noise included.",
        f"Arms are compared with {reference.title or reference.id}.",
    )


def _flow(first: Mapping[str, Any], labels: Mapping[str, str]) -> Flow:
    arms = tuple(
        FlowArm(
            label,
            randomised=round(first["arms"][arm]["randomised"]),
            died=round(first["arms"][arm]["died_or_ventilated"]),
            analysed=round(first["arms"][arm]["analysed"]),
            withdrew=round(first["arms"][arm]["withdrew"]),
            failed=round(first["arms"][arm]["simulation_failed"]),
        )
        for arm, label in labels.items()
    )
    excluded = tuple(
        (str(entry["sentence"]), round(entry["first"])) for entry in first["excluded"].values() if entry["judged"]
    )
    never = tuple((reason.replace("_", " "), round(count)) for reason, count in first["never_came"].items() if count)
    return Flow(round(first["randomised"]), arms, round(first["screened"]), excluded, round(first["drawn"]), never)


def _baseline(table: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """One row per characteristic: mean (SD), shares in per cent, the published value of all patients at the end."""
    import pandas as pd

    rows = []
    for variable, group in table.groupby("variable", sort=False):
        by_arm = group.set_index("arm")
        share = str(variable).endswith("_share")
        row: dict[str, Any] = {
            "characteristic": _BASELINE_NAMES.get(str(variable), str(variable).replace("_", " ")),
            "unit": "%" if share else plain_unit(str(group["unit"].iloc[0])),
        }
        for arm, label in {**labels, "all": "All"}.items():
            row[label] = _mean_sd(by_arm.loc[arm, "mean"], None if share else by_arm.loc[arm, "sd"])
        row["published"] = _mean_sd(by_arm.loc["all", "published_mean"], by_arm.loc["all", "published_sd"])
        rows.append(row)
    return pd.DataFrame(rows)


def _mean_sd(mean: Any, sd: Any) -> str:
    if mean is None or math.isnan(mean):
        return "–"
    return say(float(mean)) if sd is None or math.isnan(sd) else f"{say(float(mean))} ({say(float(sd))})"


def _scores(table: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    frame = table.rename(columns={"mean": "y", "n": "patients"})
    return frame.assign(x=frame["day"] / DAYS_PER_WEEK, series=frame["arm"].map(labels))[
        ["x", "y", "lower", "upper", "series", "patients"]
    ]


def _deaths(adtte: pd.DataFrame, scores: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """Deaths of the first replicate, placed on their arm's mean curve."""
    import numpy as np

    dead = adtte[adtte["CNSR"] == 0]
    frame = dead.assign(x=dead["AVAL"] / DAYS_PER_WEEK, series=dead["ARMCD"].map(labels))[["x", "series"]]
    curves = {arm: part.sort_values("x") for arm, part in scores.groupby("series")}
    y = [
        float(np.interp(x, curves[arm]["x"], curves[arm]["y"]))
        for x, arm in zip(frame["x"], frame["series"], strict=True)
    ]
    return frame.assign(y=y)


def _biomarkers(adlb: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """Means by arm and visit of the first replicate with 95 % bands; skewed markers on the log scale."""
    import numpy as np
    import pandas as pd

    rows = []
    for marker in measurements().values():
        geometric, unit = marker.error == "times", plain_unit(marker.unit)
        name = f"{marker.short}, geometric mean" if geometric else marker.short
        one = adlb[(adlb["PARAMCD"] == marker.code) & (~np.array(geometric) | (adlb["AVAL"] > 0))]
        groups: Any = one.groupby(["ARMCD", "VISITDAY"], sort=False)
        for (arm, day), group in groups:
            values = np.log(group["AVAL"]) if geometric else group["AVAL"]
            mean = float(values.mean())
            width = 1.96 * float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan
            ends = [mean, mean - width, mean + width]
            rows.append(
                (name, unit, day / DAYS_PER_WEEK, *(np.exp(ends) if geometric else ends), labels[arm], len(values))
            )
    columns = ["readout", "unit", "x", "y", "lower", "upper", "series", "patients"]
    return pd.DataFrame(rows, columns=columns).sort_values(["readout", "series", "x"], kind="stable")


# Fewer simulated trials than this show a range, but no verdict: the middle 95 % of a handful says little.
ENOUGH_FOR_A_VERDICT = 20


def not_estimable(estimates: pd.DataFrame, labels: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence for each estimate of an arm or contrast that could not be computed in some trial, with the reason."""
    missing = estimates[estimates["estimate"].isna()].fillna({"reference": ""})
    out = []
    for (estimand, arm, reference, note), rows in missing.groupby(["estimand", "arm", "reference", "note"], sort=False):
        who = labels.get(str(arm), str(arm))
        against = f" against {labels.get(str(reference), str(reference))}" if reference else ""
        out.append(f"Not estimable in {rows['replicate'].nunique():,} trial(s): {estimand}, {who}{against}: {note}.")
    return tuple(out)


def _comparison(
    summary: pd.DataFrame, labels: Mapping[str, str], untried: Mapping[str, str], between: pd.DataFrame, found: Any
) -> pd.DataFrame:
    """One row per estimand and arm or contrast, with the distance to the published value in words.

    ``interval`` names what the range is; ``layers`` are its three layers of uncertainty. ``untried`` has words for the
    arms with a product that nobody was given; they follow the arm's name wherever an estimate of it is shown.
    """
    import pandas as pd

    rows = []
    for row in records(summary):
        if row["mean"] != row["mean"]:
            continue
        arm = labels.get(str(row["arm"]), str(row["arm"])) + untried.get(str(row["arm"]), "")
        contrast = bool(row["reference"])
        reference = labels.get(str(row["reference"]), str(row["reference"])) + untried.get(str(row["reference"]), "")
        who = f"{arm} against {reference}" if contrast else arm
        unit = plain_unit(str(row["unit"]))
        low, high = float(row["lower"]), float(row["upper"])
        judged = int(row["estimated"]) >= ENOUGH_FOR_A_VERDICT
        ends = (low, high) if judged else (math.nan, math.nan)
        rows.append(
            {
                "title": str(row["title"]),
                "who": who,
                "arm": arm,
                "reference": reference,
                "quantity": f"{row['title']}: {who}",
                "unit": unit,
                "simulated": float(row["mean"]),
                "sd": float(row["sd"]),
                "lower": low,
                "upper": high,
                "interval": str(row["interval"]) if low == low or high == high else "",
                "power": float(row["power"]),
                "permutation_power": float(row["permutation_power"]),
                "published": float(row["published"]),
                "published_lower": math.nan,
                "published_upper": math.nan,
                "mark": str(row["mark"]),
                "contrast": contrast,
                "layers": trial_layers(row, between, found),
                "judged": judged,
                "inside": judged and low <= float(row["published"]) <= high,
                "verdict": verdict(float(row["mean"]), *ends, float(row["published"]), unit),
            }
        )
    return pd.DataFrame(rows)


def untried_arms(protocol: Any) -> dict[str, str]:
    """Words for each arm with products that no patient was ever given, empty for the others."""
    from charcot.treatments import never_given

    out = {}
    for arm in protocol.arms:
        names = never_given(treatment.product for treatment in arm.treatments)
        if names:
            out[arm.id] = f" [{' and '.join(names)}: never given to people]"
    return out


def verdict(mean: float, lower: float, upper: float, published: float, unit: str) -> str:
    """The distance between model and publication in words; a miss is named as plainly as a hit."""
    if math.isnan(published):
        return ""
    gap = mean - published
    side = "above" if gap > 0 else "below"
    distance = f"model {say(abs(gap))} {unit}".rstrip() + f" {side}" if abs(gap) > 1e-12 else "model equals published"
    if math.isnan(lower):
        return distance
    return f"{'inside the range' if lower <= published <= upper else 'MISS'}: {distance}"
