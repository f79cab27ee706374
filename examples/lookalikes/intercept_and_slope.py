"""Look-alike (a): a random intercept and slope for each patient, and a Weibull event.

Published (sources in Charcot's docs/evidence): slope on trial -1.03 points/month, the mean over placebo arms, with a
between-patient SD of 0.66; residual SD 2.0 (1.6 to 2.3); slope before entry 0.97 (SD 0.82) points/month, and its
correlation of 0.26 with that on trial (0.33 before scores and durations are cut to what is possible); total at entry
38.1 (SD 5.5, AB10015); vital capacity 89.2 % of predicted at entry, falling 2.7 % a month (individual SD 2.9); serum
NfL, of which the logarithm correlates 0.5 with the slope, median 60 pg/mL (interquartile range 39 to 91: SD of the
logarithm 0.63); hazard ratio 2.8 for each point/month of slope; 80 % without event after 12 months; age at entry 57;
25 % bulbar onset.

Invented for the test: that intercept and slope are normal; no correlation of the total at entry with the slope on
trial; the Weibull shape of 1.5; SD of vital capacity at entry 15 and of one reading 4; SD of the logarithm of one NfL
reading 0.15; SD of age 11; and that score, capacity and NfL are recorded at every visit of a living patient.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from writing import EARLY, LATER, MONTH, Rows, main

SLOPE, SLOPE_SD, RESIDUAL_SD = 1.03, 0.66, 2.0
BEFORE, BEFORE_SD, CORRELATION = 0.972, 0.818, 0.33
ENTRY, ENTRY_SD = 38.1, 5.5
CAPACITY, CAPACITY_SD, CAPACITY_FALL, CAPACITY_FALL_SD, CAPACITY_READING = 89.2, 15.0, 2.7, 2.9, 4.0
NFL, NFL_SD, NFL_CORRELATION, NFL_READING = 60.0, 0.63, 0.5, 0.15
HAZARD_RATIO, SHAPE, ALIVE_AT_12 = 2.8, 1.5, 0.80


def generate(patients: int, seed: int) -> Mapping[str, Rows]:
    """Tables ``visits``, ``people``, ``later`` and ``truth`` of a cohort."""
    draw = np.random.default_rng([seed, 1])
    z = draw.multivariate_normal(
        np.zeros(3), [[1, CORRELATION, NFL_CORRELATION], [CORRELATION, 1, 0.2], [NFL_CORRELATION, 0.2, 1]], patients
    )
    slope = SLOPE + SLOPE_SD * z[:, 0]
    spread = np.sqrt(np.log(1 + (BEFORE_SD / BEFORE) ** 2))
    before = BEFORE * np.exp(spread * z[:, 1] - spread**2 / 2)
    nfl = NFL * np.exp(NFL_SD * z[:, 2])
    entry = np.clip(ENTRY + ENTRY_SD * draw.standard_normal(patients), 18, 46.5)
    since = np.clip((48 - entry) / before, 4, 72)  # months since onset
    capacity = np.clip(CAPACITY + CAPACITY_SD * draw.standard_normal(patients), 50, 130)
    fall = CAPACITY_FALL + CAPACITY_FALL_SD * (0.5 * z[:, 0] + np.sqrt(0.75) * draw.standard_normal(patients))
    relative = HAZARD_RATIO ** (slope - SLOPE)
    scale = _scale(relative)
    event = (draw.exponential(size=patients) / (scale * relative)) ** (1 / SHAPE)  # months after entry
    event = np.maximum(event, EARLY[-1] + 0.05)  # those of whom there is something to forecast
    age = np.clip(57 + 11 * draw.standard_normal(patients), 25, 85)
    male, bulbar = draw.random(patients) < 0.6, draw.random(patients) < 0.25
    tables: dict[str, Rows] = {"visits": [], "people": [], "later": [], "truth": []}
    for k in range(patients):
        for month in (*EARLY, *LATER):
            noise = draw.standard_normal(3)
            if month >= event[k]:
                continue
            latent = entry[k] - slope[k] * month
            row = {
                "subject": k + 1,
                "days": round(month * MONTH),
                "total": int(np.clip(np.round(latent + RESIDUAL_SD * noise[0]), 0, 48)),
                "svc": round(float(np.clip(capacity[k] - fall[k] * month + CAPACITY_READING * noise[1], 10, 160)), 1),
                "nfl": round(float(nfl[k] * np.exp(NFL_READING * noise[2])), 1),
            }
            tables["visits" if month in EARLY else "later"].append(row)
        tables["people"].append(
            {
                "subject": k + 1,
                "onset": -round(since[k] * MONTH),
                "age": round(float(age[k]), 1),
                "sex": "M" if male[k] else "F",
                "site": "bulbar" if bulbar[k] else "limb",
            }
        )
        tables["truth"].append(
            {"subject": k + 1, "entry": entry[k], "slope": slope[k], "event_months": event[k], "onset_months": since[k]}
        )
    return tables


def _scale(relative: np.ndarray) -> float:
    """The baseline of the Weibull hazard with which ``ALIVE_AT_12`` are alive after 12 months."""
    low, high = 1e-6, 1.0
    for _ in range(60):
        middle = np.sqrt(low * high)
        alive = np.exp(-middle * relative * 12**SHAPE).mean()
        low, high = (middle, high) if alive > ALIVE_AT_12 else (low, middle)
    return float(low)


if __name__ == "__main__":
    main(generate, __doc__ or "")
