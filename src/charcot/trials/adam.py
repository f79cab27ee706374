"""The tables of one replicate in CDISC ADaM shape: ADSL, ADQS, ADLB, ADTTE.

Four clocks are named in ADSL: onset, diagnosis, screening and randomisation, each as a day on the patient's own clock
(day 0: the first seed of pathology). Everything after randomisation is in study days: ``ADY`` is 1 on the day of
randomisation and has no day 0, as ADaM wants; ``VISITDAY`` is the plain number of days since randomisation.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from charcot.clinic.measurements import measurements
from charcot.clinic.observation import ITEMS
from charcot.core.units import DAYS_PER_WEEK
from charcot.trials.conduct import Conducted
from charcot.trials.prognosis import forecast
from charcot.trials.protocol import Protocol
from charcot.trials.trial_data import DEATH, TOTAL


def subject_ids(protocol: Protocol, conducted: Conducted) -> np.ndarray:
    """USUBJID of each randomised patient: study, replicate, number."""
    numbers = conducted.subjects["number"]
    return np.array([f"{protocol.name}-{conducted.replicate:04d}-{number:06d}" for number in numbers])


def adsl(protocol: Protocol, conducted: Conducted) -> pd.DataFrame:
    """One row per randomised patient.

    AGE, BASETOT, BASESVC, BASENFL, REGIONS and the stages are of the baseline, which is the visit of randomisation
    (visit 0 of ADQS and ADLB, with ABLFL "Y"); FORECAST is what the model foretells from these, in points of ALSFRS-R a
    month; SCRAGE, SCRTOT and SCRSVC are what the screening visit recorded.
    """
    subjects, seen = conducted.subjects, conducted.followup
    titles = {arm.id: arm.title or arm.id for arm in protocol.arms}
    failed = subjects["failed"].to_numpy()
    status = np.select(
        [failed, seen.died, seen.withdrew],
        ["SIMULATION FAILED", "DIED OR VENTILATED", "WITHDREW"],
        default="COMPLETED",
    )
    frame = pd.DataFrame(
        {
            "STUDYID": protocol.name,
            "USUBJID": subject_ids(protocol, conducted),
            "SUBJID": [f"{number:06d}" for number in subjects["number"]],
            "REPLICATE": conducted.replicate,
            "ARMCD": subjects["arm"],
            "ARM": [titles[arm] for arm in subjects["arm"]],
            "TRT01P": [titles[arm] for arm in subjects["arm"]],
            "AGE": subjects["age"],
            "AGEU": "YEARS",
            "SCRAGE": subjects["screening_age"],
            "SEX": subjects["sex"],
            "GENOTYPE": subjects["genotype"],
            "ONSETREG": subjects["onset_region"],
            "BACKGRND": subjects["background"],
            "STRATUM": subjects["stratum"],
            "ONSETDY": subjects["onset"],
            "ONSRECDY": subjects["recalled_onset"],
            "DIAGDY": subjects["diagnosis"],
            "SCREENDY": subjects["screening"],
            "RANDDY": subjects["randomisation"],
            "ONSETMON": subjects["months_since_onset"],
            "DIAGMON": subjects["months_since_diagnosis"],
            "SCRTOT": subjects["screening_total"],
            "BASETOT": subjects["total_score"],
            "RUNINDEC": subjects["run_in_decline"],
            "RUNINSLP": subjects["run_in_slope"],
            "REGIONS": subjects["involved_regions"],
            "SCRSVC": subjects["screening_vital_capacity"],
            "BASESVC": subjects["vital_capacity"],
            "BASENFL": subjects["baseline_nfl"],
            "FORECAST": forecast(
                subjects["total_score"],
                subjects["vital_capacity"],
                subjects["baseline_nfl"],
                subjects["months_since_onset"],
            ),
            "KINGS": subjects["kings"],
            "MITOS": subjects["mitos"],
        }
    )
    return frame.assign(
        FASFL=np.where(failed, "N", "Y"),
        EOSSTT=status,
        EOSDY=np.floor(seen.end) + 1,
        DTHPVFL=np.where(seen.died & ~failed, "Y", "N"),
    )


def _long(protocol: Protocol, conducted: Conducted, values: np.ndarray, code: str, name: str) -> pd.DataFrame:
    """One parameter, ``values`` (patients, visits), one row per patient and visit that took place."""
    patients, visits = values.shape
    days = np.array(protocol.visits)
    baseline = np.repeat(values[:, 0], visits)
    frame = pd.DataFrame(
        {
            "STUDYID": protocol.name,
            "USUBJID": np.repeat(subject_ids(protocol, conducted), visits),
            "ARMCD": np.repeat(conducted.subjects["arm"].to_numpy(), visits),
            "PARAMCD": code,
            "PARAM": name,
            "AVISITN": np.tile(np.arange(visits), patients),
            "AVISIT": np.tile([_visit_name(day) for day in days], patients),
            "VISITDAY": np.tile(days, patients),
            "ADY": np.tile(np.floor(days).astype(int) + 1, patients),
            "AVAL": values.ravel(),
            "BASE": baseline,
            "CHG": values.ravel() - baseline,
            "ABLFL": np.tile(np.where(np.arange(visits) == 0, "Y", ""), patients),
        }
    )
    analysed = np.repeat(~conducted.subjects["failed"].to_numpy(), visits)
    return frame[frame["AVAL"].notna() & analysed].reset_index(drop=True)


def _visit_name(day: float) -> str:
    if day == 0:
        return "Baseline"
    return f"Week {day / DAYS_PER_WEEK:g}" if float(day / DAYS_PER_WEEK).is_integer() else f"Day {day:g}"


def adqs(protocol: Protocol, conducted: Conducted) -> pd.DataFrame:
    """The ALSFRS-R: twelve items (ALSFRS01 to ALSFRS12) and the total."""
    items = conducted.followup.items
    frames = [
        _long(protocol, conducted, items[:, :, k], f"ALSFRS{k + 1:02d}", f"ALSFRS-R {item.replace('_', ' ')} (points)")
        for k, item in enumerate(ITEMS)
    ]
    total = _long(protocol, conducted, conducted.followup.total, TOTAL, "ALSFRS-R total (points)")
    return pd.concat([*frames, total], ignore_index=True)


def adlb(protocol: Protocol, conducted: Conducted) -> pd.DataFrame:
    """What is measured: vital capacity and serum markers, a parameter for each row of ``clinic/measurements.csv``."""
    seen = conducted.followup.measured
    frames = [_long(protocol, conducted, seen[name], one.code, one.title) for name, one in measurements().items()]
    return pd.concat(frames, ignore_index=True)


def adtte(protocol: Protocol, conducted: Conducted) -> pd.DataFrame:
    """Days from randomisation to death or permanent ventilation; CNSR is 0 for an event."""
    seen = conducted.followup
    frame = pd.DataFrame(
        {
            "STUDYID": protocol.name,
            "USUBJID": subject_ids(protocol, conducted),
            "ARMCD": conducted.subjects["arm"],
            "PARAMCD": DEATH,
            "PARAM": "Time from randomisation to death or permanent ventilation (days)",
            "AVAL": seen.end,
            "CNSR": np.where(seen.died, 0, 1),
            "EVNTDESC": np.select(
                [seen.died, seen.withdrew], ["DEATH OR PERMANENT VENTILATION", "WITHDRAWAL"], default="END OF TRIAL"
            ),
        }
    )
    return frame[~conducted.subjects["failed"].to_numpy()].reset_index(drop=True)


def tables(protocol: Protocol, conducted: Conducted) -> dict[str, pd.DataFrame]:
    """The four tables of one replicate."""
    makers = {"ADSL": adsl, "ADQS": adqs, "ADTTE": adtte, "ADLB": adlb}
    return {name: make(protocol, conducted) for name, make in makers.items()}
