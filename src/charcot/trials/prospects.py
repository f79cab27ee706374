"""Two questions of single people: how long they still could enter a trial, and whether one could tell a slowing by
oneself.

Both are read off the untreated patients of one simulated trial, from what its visits record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from charcot.clinic.criteria import supine_capacity
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from charcot.trials.protocol import Protocol
from charcot.trials.screening import ABOVE, BELOW, RULES
from charcot.trials.trial_data import TOTAL

SLOWING = 0.3  # of a person's own pace, which is to be told from noise
TOLD = 1.96 + 0.8416  # standard errors: two-sided 5 %, power 80 %
LONGEST = 120  # months before and after a start that are looked at
FEWEST_VISITS = 6  # of whom a pace is told
DIED = "died or ventilated"
Tables = Mapping[str, pd.DataFrame]


def eligibility_clock(protocol: Protocol, tables: Tables, arm: str) -> pd.DataFrame:
    """When each patient of an untreated arm leaves the window of the trial's own entry rules.

    Age and times run on by themselves; scores and breathing are judged as each visit records them.

    Returns:
        A row for each patient: ``months`` from randomisation to the first rule that is broken, to death, or to the last
        visit; ``out`` (bool); ``rule``: a sentence, empty of who could still enter at the end.
    """
    people = tables["ADSL"].query("FASFL == 'Y' and ARMCD == @arm").set_index("USUBJID")
    ends = tables["ADTTE"]
    ended = dict(zip(ends["USUBJID"], ends["AVAL"].astype(float), strict=True))
    events = set(ends.loc[ends["CNSR"] == 0, "USUBJID"])
    breaks: dict[str, list[tuple[float, str]]] = {person: [] for person in people.index}
    for person, days, sentence in (*_by_clock(protocol, people), *_by_visits(protocol, people, tables)):
        breaks[person].append((days, sentence))
    rows = []
    for person, found in breaks.items():
        end, died = ended[person], person in events
        when, rule = min([*found, (end, DIED if died else "")])
        rows.append(
            (max(when, 0.0) / DAYS_PER_MONTH, bool(rule), rule) if when <= end else (end / DAYS_PER_MONTH, False, "")
        )
    return pd.DataFrame(rows, columns=["months", "out", "rule"])


def _by_clock(protocol: Protocol, people: pd.DataFrame) -> Iterator[tuple[str, float, str]]:
    """(person, days, sentence) of the bounds that time alone will break."""
    known = {
        "age": people["AGE"] * DAYS_PER_YEAR,
        "time_since_onset": people["ONSETMON"] * DAYS_PER_MONTH,
        "time_since_diagnosis": people["DIAGMON"] * DAYS_PER_MONTH,
    }
    for name, now in known.items():
        most = RULES[name].limits(protocol)[1]
        if most is not None:
            bound = float(most) * (DAYS_PER_YEAR if name == "age" else 1.0)
            for person, value in now.items():
                yield str(person), bound - float(value), RULES[name].reason(protocol, ABOVE)


def _by_visits(protocol: Protocol, people: pd.DataFrame, tables: Tables) -> Iterator[tuple[str, float, str]]:
    """(person, days, sentence) of the first visit that records less than a rule's minimum."""
    rated = tables["ADQS"][tables["ADQS"]["USUBJID"].isin(people.index)]
    items = rated[rated["PARAMCD"] != TOTAL].groupby(["USUBJID", "VISITDAY"])["AVAL"].min()
    breath = tables["ADLB"][tables["ADLB"]["USUBJID"].isin(people.index) & (tables["ADLB"]["PARAMCD"] == "SVC")]
    capacity = breath.set_index(["USUBJID", "VISITDAY"])["AVAL"]
    recorded = {
        "every_item": items,
        "total_score": rated[rated["PARAMCD"] == TOTAL].set_index(["USUBJID", "VISITDAY"])["AVAL"],
        "vital_capacity": capacity,
        "supine_vital_capacity": pd.Series(supine_capacity(capacity.to_numpy(dtype=float)), index=capacity.index),
    }
    for name, values in recorded.items():
        least = RULES[name].limits(protocol)[0]
        if least is not None:
            broken = values[values < least].reset_index().groupby("USUBJID")["VISITDAY"].min()
            for person, day in broken.items():
                yield str(person), float(day), RULES[name].reason(protocol, BELOW)


def single_person(days: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """How many months before and after a start, with a visit each month, one person needs to tell a slowing by
    :data:`SLOWING` from noise (two-sided 5 %, power 80 %), at the median pace: by the noise of visits alone, and with
    the changes of pace that people have untreated. Infinite where :data:`LONGEST` months are not enough.

    The two paces differ by ``SLOWING * pace``; the error of a pace over L months of monthly visits is
    sd * sqrt(12 / (L (L + 1) (L + 2))). What untreated paces of two halves differ by beyond that is the person's own.

    Args:
        days: (visits,); ``scores``: (patients, visits) of untreated patients, NaN where missed.
    """
    months = days / DAYS_PER_MONTH
    rest, freedom, paces, differences, expected = 0.0, 0, [], [], []
    for row in scores:
        seen = np.flatnonzero(np.isfinite(row))
        if len(seen) < FEWEST_VISITS:
            continue
        parts = [_line(months[part], row[part]) for part in np.array_split(seen, 2)]
        rest += sum(part[1] for part in parts)
        freedom += len(seen) - 4
        paces.append(_line(months[seen], row[seen])[0])
        differences.append(parts[1][0] - parts[0][0])
        expected.append(sum(1 / part[2] for part in parts))
    if freedom < 1:
        return np.nan, np.nan
    variance = rest / freedom
    own = max(float(np.var(differences)) - variance * float(np.mean(expected)), 0.0)
    gap = SLOWING * abs(float(np.median(paces)))
    length = np.arange(2, LONGEST + 1)
    noise = 2 * variance * 12 / (length * (length + 1) * (length + 2))
    enough = [gap >= TOLD * np.sqrt(noise + extra) for extra in (0.0, own)]
    return tuple(float(length[np.argmax(one)]) if one.any() else np.inf for one in enough)  # type: ignore[return-value]


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Slope of least squares, its sum of squared residuals, and the spread of x that it rests on."""
    away = x - x.mean()
    spread = float(away @ away)
    slope = float(away @ y) / spread
    left = y - y.mean() - slope * away
    return slope, float(left @ left), spread
