"""One simulated data set as the analyses read it: arrays by patient and visit, made once from the ADaM tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from charcot.clinic.measurements import measurements

# codes of the parameters in the ADaM tables
TOTAL = "ALSFRSR"
DEATH = "DTHPV"

# measure -> table and parameter
MEASURES = {
    "alsfrs_r": ("ADQS", TOTAL),
    **{name: ("ADLB", one.code) for name, one in measurements().items()},
}


@dataclass(frozen=True)
class TrialData:
    """The randomised patients of one trial whose simulation did not fail, in one order.

    Attributes:
        arms: (patients,) number of the arm, 0 for the reference; ``strata``: (patients,) number of the stratum.
        days: (visits,) days from randomisation to each visit, the first 0.
        values: measure -> (patients, visits), NaN where a visit did not take place.
        times: (patients,) days to death or permanent ventilation, or to the end of observation; ``died``: which.
        forecast: (patients,) points of ALSFRS-R a month that the model foretold at baseline; None where it was not
            asked.
    """

    arms: np.ndarray
    strata: np.ndarray
    days: np.ndarray
    values: Mapping[str, np.ndarray]
    times: np.ndarray
    died: np.ndarray
    forecast: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.arms)

    def take(self, rows: np.ndarray) -> TrialData:
        """The patients of some rows (numbers or a mask)."""
        values = {measure: array[rows] for measure, array in self.values.items()}
        forecast = None if self.forecast is None else self.forecast[rows]
        return replace(
            self, arms=self.arms[rows], strata=self.strata[rows], values=values, times=self.times[rows],
            died=self.died[rows], forecast=forecast,
        )  # fmt: skip

    def change(self, measure: str) -> np.ndarray:
        """(patients, visits) change from the visit of randomisation."""
        values = self.values[measure]
        return np.asarray(values - values[:, :1])


def read_tables(tables: Mapping[str, pd.DataFrame], arms: Sequence[str]) -> TrialData:
    """ADSL, ADQS, ADLB and ADTTE of one trial; ``arms`` with the reference first."""
    subjects = tables["ADSL"]
    subjects = subjects[subjects["FASFL"] == "Y"]
    people = pd.Index(subjects["USUBJID"])
    follow = tables["ADTTE"]
    follow = follow[follow["PARAMCD"] == DEATH].set_index("USUBJID").loc[people]
    visits = tables["ADQS"][tables["ADQS"]["PARAMCD"] == TOTAL].drop_duplicates("AVISITN")
    days = visits.sort_values("AVISITN")["VISITDAY"].to_numpy(dtype=float)
    values = {
        measure: _wide(tables[table], parameter, people, len(days)) for measure, (table, parameter) in MEASURES.items()
    }
    return TrialData(
        arms=np.array([arms.index(arm) for arm in subjects["ARMCD"]], dtype=np.int64),
        strata=pd.factorize(subjects["STRATUM"], sort=True)[0],
        days=days,
        values=values,
        times=follow["AVAL"].to_numpy(dtype=float),
        died=(follow["CNSR"] == 0).to_numpy(),
        forecast=subjects["FORECAST"].to_numpy(dtype=float),
    )


def _wide(table: pd.DataFrame, parameter: str, people: pd.Index, visits: int) -> np.ndarray:
    rows = table[table["PARAMCD"] == parameter]
    out = np.full((len(people), visits), np.nan)
    out[people.get_indexer(pd.Index(rows["USUBJID"])), rows["AVISITN"].to_numpy(dtype=int)] = rows["AVAL"].to_numpy(
        dtype=float
    )
    return out
