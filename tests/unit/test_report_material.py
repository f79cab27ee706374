# ruff: noqa: E501
"""Material for the report's tests: invented numbers in the shapes of the contracts, and a check of those shapes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from charcot.interfaces.report.views import Flow, FlowArm, Material, SourceLine, TrialView

ARMS = ("Placebo", "Edaravone")


@dataclass(frozen=True)
class FakeTypical:
    arms: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]]
    events: dict[str, dict[str, float]]
    chain: pd.DataFrame
    products: tuple[str, ...] = ("aav_mir126",)
    half_life_years: float = 8.0
    horizon: float = 300.0
    lasting: dict[str, float] = field(
        default_factory=lambda: {"AAV-miR-126 at month 6": np.inf, "AAV-miR-126 at month 24": 45.0}
    )


@dataclass(frozen=True)
class FakeHistory:
    summary: pd.DataFrame
    survival: pd.DataFrame
    ablations: pd.DataFrame
    failures: dict[str, int]


def typical() -> FakeTypical:
    arms: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]] = {}
    events = {}
    plan = {
        "natural course": (38.0, np.inf, 1.0),
        "AAV-miR-126 at month 6": (61.0, 6.0, 0.3),
        "AAV-miR-126 at month 24": (44.0, 24.0, 0.75),
    }
    for label, (death, start, factor) in plan.items():
        t = np.arange(-12.0, 72.1, 0.5)
        alive = t <= death
        since = np.maximum(t - start, 0.0) if np.isfinite(start) else np.zeros_like(t)
        progress = (t - (1.0 - factor) * since).clip(min=0)
        arms[label] = {
            "clinic.alsfrs_r.total": (t, np.where(alive, np.maximum(48 - 0.95 * progress, 0), np.nan)),
            "clinic.vital_capacity": (t, np.where(alive, 102 - 1.9 * progress, np.nan)),
            "biomarker.nfl_serum": (t, np.where(alive, 12 + 80 / (1 + np.exp(-(progress - 4) / 2)), np.nan)),
            "biomarker.mir126_serum": (t, np.where(alive, 1 - 0.6 / (1 + np.exp(-(t - 2) / 5)), np.nan)),
        }
        events[label] = {"onset": 0.0, "diagnosis": 11.0, "treatment_start": start, "death": death}
    return FakeTypical(arms, events, chain())


def chain() -> pd.DataFrame:
    rows = [
        ("lumbar", "Axonal mRNA", "lumbar.axon.mrna_terminal", "dimensionless", 1.0, 0.71, 0.52, 0.70),
        ("lumbar", "Local translation", "lumbar.axon.translation_terminal", "dimensionless", 1.0, 0.5, 0.31, 0.66),
        ("lumbar", "Energy at the terminal", "lumbar.axon.atp_terminal", "dimensionless", 1.0, 0.62, 0.35, 0.74),
        ("lumbar", "Local TDP-43", "lumbar.axon.tdp43_terminal", "dimensionless", 1.0, 1.9, 2.6, 1.2),
        ("lumbar", "miR-126 in the terminal", "lumbar.terminal.mir126", "dimensionless", 1.0, 0.45, 0.28, 1.7),
        ("lumbar", "Innervation of muscle", "lumbar.nmj.innervation", "fraction", 0.99, 0.61, 0.22, 0.55),
        ("lumbar", "Working motor units", "lumbar.pool.motor_units", "fraction", 0.98, 0.4, 0.11, 0.33),
        ("", "ALSFRS-R", "clinic.alsfrs_r.total", "point", 48.0, 41.0, 25.2, 37.5),
    ]
    columns = ["region", "step", "readout", "unit", "healthy", "before", "untreated", "treated"]
    return pd.DataFrame(rows, columns=columns)


def history() -> FakeHistory:
    summary = pd.DataFrame(
        [
            ("Median survival from onset", "months", 33.1, 31.0, 35.6, "24 to 48", "chio2009"),
            ("ALSFRS-R decline in the year after diagnosis", "points/month", -0.97, -1.02, -0.91, -1.0, "proact2014"),
        ],
        columns=["quantity", "unit", "simulated", "lower", "upper", "published", "source"],
    )
    months = np.arange(0.0, 121.0, 2.0)
    parts = []
    for variant, median in {"full model": 33.0, "without toxic microglia": 52.0, "without miR-126 loss": 80.0}.items():
        alive = 0.5 ** ((months / median) ** 1.6)
        parts.append(
            pd.DataFrame(
                {
                    "months_since_onset": months,
                    "alive": alive,
                    "at_risk": (1000 * alive).astype(int),
                    "variant": variant,
                }
            )
        )
    ablations = pd.DataFrame(
        [
            ("full model", 33.0, -0.97, 1.0, 0, ""),
            ("toxic microglia", 52.0, -0.61, 0.98, 7, "Less harm from glia slows the loss of motor units."),
            ("miR-126 loss", 80.0, -0.42, 0.9, 0, "Local TDP-43 stays low."),
            ("oxidative stress", 38.5, -0.84, 1.0, 0, "One of several harms."),
            ("spread between regions", np.inf, -0.11, 0.97, 0, "The disease stays in one region."),
        ],
        columns=[
            "mechanism",
            "median_survival_months",
            "decline_points_per_month",
            "onset_share",
            "failed",
            "explanation",
        ],
    )
    return FakeHistory(summary, pd.concat(parts, ignore_index=True), ablations, {"stopped": 1000})


def closer() -> dict[str, pd.DataFrame]:
    arm, outcomes = "edaravone", ("lived longer", "lost less function", "tie", "lost more function", "died sooner")
    groups = [("All", 137, 0.41), ("Bulbar onset", 31, 0.2), ("Other onset", 106, 0.5), ("Women", 4, np.nan)]
    return {
        "pairs": pd.DataFrame(
            [(arm, name, n, n / 100) for name, n in zip(outcomes, (10, 45, 5, 34, 6), strict=True)],
            columns=["arm", "outcome", "pairs", "share"],
        ),
        "changes": pd.DataFrame(
            {"arm": ["placebo", arm, arm], "change": [-2.1, -1.0, 0.2], "died": [True, False, False]}
        ),
        "subgroups": pd.DataFrame(
            [("alsfrs_r_slope", name, arm, n, x, x - 0.3, x + 0.3, "fewer than 10 patients") for name, n, x in groups],
            columns=["estimand", "subgroup", "arm", "patients", "estimate", "lower", "upper", "note"],
        ),
        "burden": pd.DataFrame([("Deaths without it", 4.0, "patients")], columns=["what", "value", "unit"]),
        "restricted_means": pd.DataFrame(
            [("placebo", 5.2, 0.1, 5.5), (arm, 5.3, 0.1, 5.5)], columns=["arm", "months", "error", "horizon"]
        ),
    }


def trial_view() -> TrialView:
    weeks = np.arange(0, 25, 4.0)
    scores, markers = [], []
    for arm, slope, nfl in (("Placebo", 0.30, 4.0), ("Edaravone", 0.20, 1.0)):
        mean = 41.8 - slope * weeks
        scores.append(
            pd.DataFrame(
                {"x": weeks, "y": mean, "lower": mean - 0.9, "upper": mean + 0.9, "series": arm, "patients": 69}
            )
        )
        for readout, unit, start, move in (
            ("serum NfL", "pg/mL", 70.0, nfl),
            ("vital capacity", "% of predicted", 100.0, -nfl),
        ):
            y = start + move * weeks / 4
            markers.append(
                pd.DataFrame({"readout": readout, "unit": unit, "x": weeks, "y": y, "lower": y - 3, "upper": y + 3, "series": arm})
            )  # fmt: skip
    months = np.linspace(0, 5.5, 12)
    stairs = pd.concat(
        pd.DataFrame({"x": months, "y": 1 - r * months, "lower": 1 - 2 * r * months, "upper": 1.0, "series": arm})
        for arm, r in (("Placebo", 0.012), ("Edaravone", 0.008))
    )
    risk = pd.DataFrame(
        [(float(m), 69 - int(m), arm) for arm in ARMS for m in range(6)], columns=["x", "count", "series"]
    )
    return TrialView(
        name="mci186-19",
        title="MCI186-19: edaravone in early ALS",
        question="Does the model give the slowing that the trial saw?",
        arms=ARMS,
        flow=Flow(
            137,
            (FlowArm("Placebo", 68, 4, 64, 6, 0), FlowArm("Edaravone", 69, 2, 67, 1, 0)),
            2140,
            (("vital capacity below 80 %", 811), ("more than 24 months since onset", 640),
             ("an ALSFRS-R item below 2", 480), ("decline in the 12-week run-in outside 1 to 4 points", 72)),
            2600,
            (("died before screening", 310), ("never diagnosed", 150)),
        ),
        baseline=pd.DataFrame(
            [("Age", "years", "60.2 (10.1)", "60.4 (9.8)", "60.1 (10)"), ("ALSFRS-R", "points", "41.9 (2.3)", "41.7 (2.2)", "41.8 (2.2)"),
             ("Bulbar onset", "%", "24", "22", "21"), ("Serum NfL", "pg/mL", "71 (33)", "70 (31)", float("nan"))],
            columns=["characteristic", "unit", *ARMS, "published"],
        ),
        scores=pd.concat(scores, ignore_index=True),
        deaths=pd.DataFrame({"x": [9.0, 17.0], "y": [39.1, 38.4], "series": ["Placebo", "Edaravone"]}),
        comparison=pd.DataFrame(
            [
                ("ALSFRS-R slope, difference between arms", "points/month", 0.41, 0.11, 0.70, 0.45, 0.18, 0.72, "published lies inside the simulated range", True, True, True),
                ("ALSFRS-R slope, placebo", "points/month", -1.02, -1.21, -0.86, -1.36, np.nan, np.nan, "published is 0.34 steeper: a miss", False, False, True),
                ("Deaths or ventilation in 24 weeks", "%", 3.1, 0.5, 7.0, np.nan, np.nan, np.nan, "", True, False, False),
            ],
            columns=["quantity", "unit", "simulated", "lower", "upper", "published", "published_lower", "published_upper", "verdict", "inside", "contrast", "judged"],
        ).assign(title="ALSFRS-R slope", who="Edaravone against Placebo", sd=0.1, power=[0.82, np.nan, np.nan], permutation_power=[0.81, np.nan, np.nan], mark="derived",
            interval="middle 95 % of 200 simulated trials"),
        stairs=stairs,
        at_risk=risk,
        biomarkers=pd.concat(markers, ignore_index=True),
        estimands=pd.DataFrame(
            [{"estimand": "win_ratio", "variable": "Win ratio", "treatments": "Edaravone against Placebo, as randomised",
              "population": "all 137 randomised", "death": "composite: who died loses", "withdrawal": "last common visit",
              "summary": "pairs won over pairs lost", "analysis": "win ratio", "permutation_twin": "wins less losses"}]
        ),
        closer=closer(),
        labels={"placebo": "Placebo", "edaravone": "Edaravone"},
        first_endpoint=("ALSFRS-R slope", "points/month"),
        replicates=200,
        failures={"step_too_small": 0},
        methods=("The primary analysis is a mixed model with random intercept and slope.",),
    )  # fmt: skip


def material() -> Material:
    sources = (
        SourceLine("chio2009", "Chiò A et al. Prognostic factors in ALS. ALS 2009;10:310.", "doi:10.3109/17482960802566824", "A, B", "abstract"),
        SourceLine("proact2014", "Atassi N et al. The PRO-ACT database. Neurology 2014;83:1719.", "doi:10.1212/WNL.0000000000000951", "B", "abstract"),
    )  # fmt: skip
    manifest = {
        "command": "charcot demo",
        "seed": 1,
        "versions": {"charcot": "0.1.0", "python": "3.11"},
        "program_hash": "ab12",
    }
    return Material(
        "A first look",
        "Three views",
        manifest,
        trial_view(),
        typical(),
        history(),
        sources,
        given=("Edaravone: given to patients.", "AAV: NEVER GIVEN TO PEOPLE."),
    )


def test_the_material_has_the_shapes_of_the_contracts() -> None:
    whole = material()
    assert whole.trial is not None
    assert whole.history is not None
    assert set(whole.trial.scores.columns) >= {"x", "y", "series"}
    assert whole.history.ablations["mechanism"].iloc[0] == "full model"
