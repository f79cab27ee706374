"""Look-alike (b): a continuous-time hidden Markov model of the ALSFRS-R items; patients differ by speed and pathway.

A patient follows one of four pathways, each a row of stages that is walked through from health to the last and never
back. The time in each stage is exponential, divided by the patient's speed. In each stage each item has a mean, which
falls from 4 along a curve whose place depends on the pathway; a rating is that mean with its noise, in whole numbers.
In the spirit of DiSPAH (npj Digital Medicine 2026), written anew: neither its code nor its numbers were read.

Published: the spread of speed (SD of the logarithm 0.65, implied by slopes over 12 months with mean 0.89 and SD 0.65
points/month); shares of onset of about 27 % bulbar, 36 % arms, 37 % legs.

Invented for the test: four pathways (one that is respiratory, 4 %, taken from legs), 24 stages, the median time in a
stage (with which the median patient loses 0.75 points/month), the places and widths of the curves, the noise of a
rating (SD 0.45 inside the scale), the hazard by the last stages and by breathing, entry between 4 and 40 months after
onset at a total between 24 and 45, age and sex, which act on nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from writing import EARLY, LATER, MONTH, Rows, main

ITEMS = ("speech", "salivation", "swallowing", "handwriting", "cutting_food", "dressing", "turning_in_bed", "walking",
         "climbing_stairs", "dyspnoea", "orthopnoea", "respiratory_insufficiency")  # fmt: skip
SHARES = {"bulbar": 0.27, "arms": 0.36, "legs": 0.33, "breathing": 0.04}
SITES = {"bulbar": "bulbar", "arms": "cervical", "legs": "lumbar", "breathing": "thoracic"}
# Where along the way (0 to 1) the items of a domain are half lost, by pathway: bulbar, fine, gross motor, breathing.
HALF = {"bulbar": (0.30, 0.62, 0.75, 0.80), "arms": (0.80, 0.32, 0.60, 0.85), "legs": (0.85, 0.60, 0.30, 0.85),
        "breathing": (0.70, 0.60, 0.65, 0.35)}  # fmt: skip
DOMAIN = (0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3)
LATER_IN_DOMAIN = (-0.04, 0.0, 0.05)
WIDTH, STAGES, SPEED_SD, RATING_SD = 0.13, 24, 0.65, 0.45
STAGE_MONTHS = 2.6  # mean time in a stage at the median speed
HAZARD, LAST, BREATHING = 0.12, 0.8, 0.5  # a month at the end of the way; where it begins; by breathing that is lost


def means() -> dict[str, np.ndarray]:
    """(stages, 12) the mean of each item in each stage of each pathway."""
    place = np.linspace(0, 1, STAGES)
    out = {}
    for name, half in HALF.items():
        at = np.array([half[d] + LATER_IN_DOMAIN[k % 3] for k, d in enumerate(DOMAIN)])
        lost = 1 / (1 + np.exp(-(place[:, None] - at) / (WIDTH / 2)))
        first = 1 / (1 + np.exp(at / (WIDTH / 2)))
        out[name] = 4 * (1 - np.clip((lost - first) / (1 - first), 0, 1))
    return out


def generate(patients: int, seed: int) -> Mapping[str, Rows]:
    """Tables ``visits``, ``people``, ``later`` and ``truth`` of a cohort."""
    draw = np.random.default_rng([seed, 2])
    ways = means()
    tables: dict[str, Rows] = {"visits": [], "people": [], "later": [], "truth": []}
    subject = 0
    while subject < patients:
        name = str(draw.choice(list(SHARES), p=list(SHARES.values())))
        speed = float(np.exp(SPEED_SD * draw.standard_normal()))
        ends = np.cumsum(draw.exponential(STAGE_MONTHS / speed, STAGES))  # month since onset at which a stage ends
        way = ways[name]
        death = _death(ends, way, draw)
        entry = float(np.exp(np.log(14) + 0.5 * draw.standard_normal()))
        total = way[_stage(ends, entry)].sum()
        if not (4 <= entry <= 40 and 24 <= total <= 45 and death > entry + EARLY[-1] + 0.05):
            continue
        subject += 1
        for month in (*EARLY, *LATER):
            if entry + month >= death:
                break
            mean = way[_stage(ends, entry + month)]
            inside = np.sqrt(np.clip(mean * (4 - mean), 0, None)) / 2
            rated = np.clip(np.round(mean + RATING_SD * (0.25 + 0.75 * inside) * draw.standard_normal(12)), 0, 4)
            row = {"subject": subject, "days": round(month * MONTH), "total": int(rated.sum())}
            row.update({item: int(score) for item, score in zip(ITEMS, rated, strict=True)})
            tables["visits" if month in EARLY else "later"].append(row)
        tables["people"].append(
            {
                "subject": subject,
                "onset": -round(entry * MONTH),
                "age": round(float(np.clip(62 + 11 * draw.standard_normal(), 25, 85)), 1),
                "sex": "M" if draw.random() < 0.6 else "F",
                "site": SITES[name],
            }
        )
        tables["truth"].append(
            {"subject": subject, "pathway": name, "speed": speed, "event_months": death - entry, "onset_months": entry}
        )
    return tables


def _stage(ends: np.ndarray, month: float) -> int:
    return min(int(np.searchsorted(ends, month, side="right")), STAGES - 1)


def _death(ends: np.ndarray, way: np.ndarray, draw: np.random.Generator) -> float:
    """The month since onset at which the hazard of the stages comes to a draw; the last stage has no end."""
    place = np.linspace(0, 1, STAGES)
    hazard = HAZARD * (
        np.clip((place - LAST) / (1 - LAST), 0, 1) + BREATHING * (1 - way[:, 9:].mean(axis=1) / 4) ** 2 + 0.01
    )
    left, begin = draw.exponential(), 0.0
    for k in range(STAGES):
        end = ends[k] if k < STAGES - 1 else np.inf
        if hazard[k] * (end - begin) >= left:
            return float(begin + left / hazard[k])
        left -= hazard[k] * (end - begin)
        begin = end
    return float(begin)


if __name__ == "__main__":
    main(generate, __doc__ or "")
