"""One simulated trial looked at closely: pairs, patients, subgroups, and what the design asks of people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from charcot.core.estimates import survival_curve
from charcot.core.units import DAYS_PER_MONTH
from charcot.trials import prospects
from charcot.trials.analysis_form import Design
from charcot.trials.change import last_observed
from charcot.trials.estimands import ESTIMANDS
from charcot.trials.protocol import Protocol
from charcot.trials.statistics import pairs, time_to_event
from charcot.trials.trial_data import TrialData, read_tables

SHORTEST = 3.0  # months; a change over less says little of a pace
FEWEST = 10  # patients of a subgroup of whom an effect is estimated
MIDDLE_AGE = 60.0  # years, between the two subgroups by age
OUTCOMES = ("lived longer", "lost less function", "tie", "lost more function", "died sooner")
Tables = Mapping[str, pd.DataFrame]


def closer(protocol: Protocol, tables: Tables, design: Design, flow: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """The tables ``pairs``, ``changes``, ``subgroups``, ``burden`` and ``restricted_means`` of one trial.

    Args:
        tables: ADaM tables of the trial; ``flow``: its CONSORT counts.
    """
    data = read_tables(tables, design.arms)
    return {
        "pairs": pairs_decided(data, design),
        "changes": changes(data, design),
        "subgroups": subgroups(data, design, protocol, tables),
        "burden": asked_of_people(protocol, data, tables, design, flow),
        "restricted_means": restricted_means(data, design),
    }


def pairs_decided(data: TrialData, design: Design) -> pd.DataFrame:
    """How pairs of a patient of each arm with one of the reference were decided: ``arm``, ``outcome`` (of
    :data:`OUTCOMES`, for the arm's patient), ``pairs``, ``share``."""
    change = data.change("alsfrs_r")[:, 1:]
    whole = pairs.better_by_death_then_function(data.times, data.died, change)
    by_death = pairs.better_by_death_then_function(data.times, data.died, np.full_like(change, np.nan))
    reference = data.arms == 0
    rows = []
    for number, arm in enumerate(design.arms[1:], start=1):
        mine = data.arms == number
        won, lost = (matrix[np.ix_(mine, reference)].sum() for matrix in (whole, whole.T))
        longer, sooner = (matrix[np.ix_(mine, reference)].sum() for matrix in (by_death, by_death.T))
        total = int(mine.sum() * reference.sum())
        counts = (longer, won - longer, total - won - lost, lost - sooner, sooner)
        rows += [(arm, name, int(n), n / max(total, 1)) for name, n in zip(OUTCOMES, counts, strict=True)]
    return pd.DataFrame(rows, columns=["arm", "outcome", "pairs", "share"])


def changes(data: TrialData, design: Design) -> pd.DataFrame:
    """``arm``, ``change`` of the ALSFRS-R in points a month from randomisation to the last visit attended, ``died``:
    a row for each patient whose last visit was :data:`SHORTEST` months after it or later, who lost most first."""
    last, visit = last_observed(data.change("alsfrs_r"))
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = last / (data.days[visit] / DAYS_PER_MONTH)
    frame = pd.DataFrame({"arm": [design.arms[arm] for arm in data.arms], "change": rate, "died": data.died})
    long = np.isfinite(rate) & (data.days[visit] >= SHORTEST * DAYS_PER_MONTH)
    kept: pd.DataFrame = frame[long].sort_values("change", kind="stable", ignore_index=True)
    return kept


def subgroups(data: TrialData, design: Design, protocol: Protocol, tables: Tables) -> pd.DataFrame:
    """The first endpoint of the protocol in parts of the trial: ``estimand``, ``subgroup``, ``arm``, ``patients``,
    ``estimate``, ``lower``, ``upper``, ``note``. Nothing is corrected for the number of looks."""
    endpoint = protocol.endpoints[0]
    people = tables["ADSL"].query("FASFL == 'Y'").reset_index(drop=True)
    score = people["BASETOT"].to_numpy(dtype=float)
    middle = float(np.median(score)) if len(score) else 0.0
    parts = {
        "All": np.ones(len(people), dtype=bool),
        "Bulbar onset": (people["ONSETREG"] == "bulbar").to_numpy(),
        "Other onset": (people["ONSETREG"] != "bulbar").to_numpy(),
        "Women": (people["SEX"] == "F").to_numpy(),
        "Men": (people["SEX"] == "M").to_numpy(),
        f"Under {MIDDLE_AGE:g} years": (people["AGE"] < MIDDLE_AGE).to_numpy(),
        f"{MIDDLE_AGE:g} years and older": (people["AGE"] >= MIDDLE_AGE).to_numpy(),
        f"ALSFRS-R under {middle:g} at baseline": score < middle,
        f"ALSFRS-R {middle:g} and more": score >= middle,
    }
    rows: list[tuple[Any, ...]] = []
    for name, mine in parts.items():
        part = data.take(mine)
        for entry in _contrasts(part, design, endpoint):
            arm = design.arms.index(entry["arm"])
            count = int(np.isin(part.arms, (0, arm)).sum())
            values = [entry[key] if count >= FEWEST else np.nan for key in ("estimate", "lower", "upper")]
            note = str(entry["note"]) if count >= FEWEST else f"fewer than {FEWEST} patients"
            rows.append((endpoint, name, entry["arm"], count, *values, note))
    return pd.DataFrame(rows, columns=["estimand", "subgroup", "arm", "patients", "estimate", "lower", "upper", "note"])


def _contrasts(data: TrialData, design: Design, endpoint: str) -> Iterator[dict[str, Any]]:
    for entry in ESTIMANDS[endpoint].computed_by.rows(data, design, endpoint):
        if entry["reference"]:
            yield entry


def restricted_means(data: TrialData, design: Design) -> pd.DataFrame:
    """``arm``, ``months`` without the event up to ``horizon`` (months: as long as all were followed), ``error``."""
    present = [number for number in range(len(design.arms)) if np.any(data.arms == number)]
    horizon = min(float(data.times[data.arms == number].max()) for number in present) if present else np.nan
    rows = []
    for number in present:
        mine = data.arms == number
        found = time_to_event.restricted_mean(data.times[mine], data.died[mine], horizon)
        error = found.variance**0.5 / DAYS_PER_MONTH
        rows.append((design.arms[number], found.mean / DAYS_PER_MONTH, error, horizon / DAYS_PER_MONTH))
    return pd.DataFrame(rows, columns=["arm", "months", "error", "horizon"])


Asked = list[tuple[str, float, str]]


def asked_of_people(
    protocol: Protocol, data: TrialData, tables: Tables, design: Design, flow: Mapping[str, Any]
) -> pd.DataFrame:
    """What the design asks of people, and what single people can expect: ``what``, ``value``, ``unit``."""
    rows = burden(protocol, data, design, flow) + outlook(protocol, data, tables, design)
    return pd.DataFrame(rows, columns=["what", "value", "unit"])


def outlook(protocol: Protocol, data: TrialData, tables: Tables, design: Design) -> Asked:
    """The eligibility clock and the limits of a trial of one, of the reference arm; nothing where it is treated."""
    reference = next(arm for arm in protocol.arms if arm.id == design.reference)
    if reference.treatments or not np.any(data.arms == 0):
        return []
    clock = prospects.eligibility_clock(protocol, tables, reference.id)
    curve = survival_curve(clock["months"].to_numpy(), clock["out"].to_numpy())
    half = curve.times[curve.survival <= 0.5]
    rows: Asked = [
        ("Months until half of those who may enter no longer may", float(half[0]) if len(half) else np.nan, "months")
    ]
    rules = clock.loc[clock["out"], "rule"].value_counts()
    rows += [(f"First out of the window: {rule}", 100 * count / len(clock), "%") for rule, count in rules.items()]
    mine = data.values["alsfrs_r"][data.arms == 0]
    words = ("by the noise of visits alone", "with people's own changes of pace")
    for months, how in zip(prospects.single_person(data.days, mine), words, strict=True):
        none = f"months: {prospects.LONGEST} are not enough" if np.isinf(months) else "months"
        what = f"Months before and after a start until one person can tell a slowing of 30 %, {how}"
        rows.append((what, np.nan if np.isinf(months) else months, none))
    return rows


def burden(protocol: Protocol, data: TrialData, design: Design, flow: Mapping[str, Any]) -> Asked:
    """Months and deaths of patients while their arm gives them no treatment of the trial; who may enter; visits."""
    starts = {
        arm.id: min((treatment.start for treatment in arm.treatments), default=np.inf)
        for arm in protocol.arms
        if arm.external is None
    }
    begins = np.array([starts.get(design.arms[arm], 0.0) for arm in data.arms])
    without = np.minimum(data.times, begins)
    waiting = begins > 0
    died = data.died & (data.times <= begins)
    screened = float(flow["screened"])
    visits = np.isfinite(data.values["alsfrs_r"]).sum(axis=1)
    months = without[waiting] / DAYS_PER_MONTH
    return [
        ("Patients who wait without the trial's treatment, or get none", 100 * waiting.mean(), "%"),
        ("Months without it, a patient who waits", months.mean() if waiting.any() else 0.0, "months"),
        ("Months without it, all together", months.sum(), "months"),
        ("Deaths without it", float(died.sum()), "patients"),
        ("Screened who may enter", 100 * float(flow["eligible"]) / screened if screened else np.nan, "%"),
        ("Visits planned, each patient", float(len(data.days)), "visits"),
        ("Visits made, each patient", float(visits.mean()) if len(visits) else np.nan, "visits"),
    ]
