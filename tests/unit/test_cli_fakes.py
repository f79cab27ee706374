# ruff: noqa: E501
"""Stand-ins for the rooms below, in the shapes that ``cli/rooms.py`` expects, and a check of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_report_material import closer, history, typical

from charcot.core.errors import Problem, Problems, Severity, Where
from charcot.interfaces import given_to_people
from charcot.interfaces.cli import layer_rooms, rooms
from charcot.interfaces.report.views import SourceLine


@dataclass(frozen=True)
class FakeProtocol:
    replicates: int = 2
    seed: int = 1
    name: str = "mci186-19"
    title: str = "Edaravone in early ALS"
    question: str = "Does it slow the decline?"
    size: int = 4
    endpoints: tuple[str, ...] = ("alsfrs_r_slope",)
    visits: tuple[float, ...] = (0.0, 28.0, 56.0)
    length: float = 56.0
    arms: tuple[Any, ...] = (
        SimpleNamespace(id="placebo", title="Placebo", treatments=()),
        SimpleNamespace(id="drug", title="", treatments=(SimpleNamespace(product="aav_mir126"),)),
    )
    population: Any = field(default_factory=lambda: SimpleNamespace(background={"riluzole": 80.0}))

    @property
    def reference_arm(self) -> str:
        return "placebo"

    @property
    def simulate(self) -> Any:
        return SimpleNamespace(replicates=self.replicates, seed=self.seed)

    def resolved(self) -> dict[str, Any]:
        return {"schema": "charcot/protocol@1", "simulate": {"replicates": self.replicates, "seed": self.seed}}


def load_protocol(path: Path, overrides: Mapping[str, Any]) -> FakeProtocol:
    if "bad" in path.name:
        raise Problems(
            [
                Problem("unknown-key", "'doze' is no key of a treatment", Where(str(path), 7), "Did you mean dose?"),
                Problem("no-unit", "60 has no unit", Where(str(path), 8), "write for example '60 mg'"),
            ],
            f"{path}: 2 problems",
        )
    return FakeProtocol(overrides.get("simulate.replicates", 2), overrides.get("simulate.seed", 1))


def outcome(protocol: FakeProtocol) -> Any:
    """A :class:`charcot.trials.TrialOutcome` of four patients."""
    count = protocol.replicates
    arms = [arm.id for arm in protocol.arms]
    per_arm = {
        "randomised": 2,
        "simulation_failed": 0,
        "died_or_ventilated": 1,
        "withdrew": 0,
        "completed": 1,
        "analysed": 2,
    }
    excluded = {"vital_capacity": {"sentence": "vital capacity below 80 %", "first": 3, "any": 4, "judged": 9}}
    flow = {
        "drawn": 12, "never_came": {"died_before_screening": 2}, "screened": 10, "excluded": excluded, "eligible": 4,
        "randomised": 4, "arms": {arm: dict(per_arm) for arm in arms},
    }  # fmt: skip
    visits = [(arm, v, day) for arm in arms for v, day in enumerate(protocol.visits)]
    trajectories = pd.DataFrame(
        [(arm, v, day, 2.0, 42 - v, 41 - v, 43 - v) for arm, v, day in visits],
        columns=["arm", "visit", "day", "n", "mean", "lower", "upper"],
    )
    baseline = pd.DataFrame(
        [("age", arm, 2.0, 60.0, 9.0, "years", 60.1 if arm == "all" else np.nan, np.nan, "") for arm in [*arms, "all"]],
        columns=["variable", "arm", "n", "mean", "sd", "unit", "published_mean", "published_sd", "mark"],
    )
    events = pd.DataFrame(
        [(r, arm, time, dead) for r in range(count) for arm in arms for time, dead in ((30.0, True), (56.0, False))],
        columns=["replicate", "arm", "time", "event"],
    )
    ids = [f"p{i}" for i in range(4)]
    adtte = pd.DataFrame(
        {
            "USUBJID": ids,
            "ARMCD": ["placebo", "placebo", "drug", "drug"],
            "AVAL": [30.0, 56, 30, 56],
            "CNSR": [0, 1, 0, 1],
        }
    )
    adlb = pd.DataFrame(
        [(code, arm, day, 70.0 + n) for code in ("SVC", "NFL") for arm, _, day in visits for n in range(2)],
        columns=["PARAMCD", "ARMCD", "VISITDAY", "AVAL"],
    )
    summary = pd.DataFrame(
        [
            _estimate("alsfrs_r_slope", "ALSFRS-R slope", "placebo", "", -1.0, -1.36),
            _estimate("alsfrs_r_slope", "ALSFRS-R slope", "drug", "placebo", 0.4, 0.45),
        ]
    )
    failures = pd.DataFrame(columns=["replicate", "patient", "stage", "reason"])
    tables = {
        "ADSL": pd.DataFrame({"USUBJID": ids}), "ADQS": pd.DataFrame({"USUBJID": ids, "AVAL": 40.0}), "ADTTE": adtte,
        "ADLB": adlb, "estimates": summary.assign(estimate=summary["mean"], note=""), "baseline": baseline, "trajectories": trajectories, "event_times": events,
        "estimands": ESTIMANDS, "between_patients": BETWEEN,
        **{name: table.replace("edaravone", "drug") for name, table in closer().items()},
    }  # fmt: skip
    return SimpleNamespace(
        protocol=protocol, replicates=[None] * count, published=None, flow={"first": flow, "mean": flow}, tables=tables,
        summary=summary, failures=failures, notes=["Background treatment starts at diagnosis."],
    )  # fmt: skip


BETWEEN = pd.DataFrame(
    [("alsfrs_r_slope", 0.6, "points/month", "true slopes")], columns=["estimand", "sd", "unit", "what"]
)
GAINED = {
    "combination": "aav_mir126", "dose": "1e14 vg/kg", "dose_level": 0, "start_years": 0.0, "benefit": 9.0, "lower": 7.0,
    "upper": 11.0, "sd": 8.0, "patients": 60,
}  # fmt: skip
ESTIMANDS = pd.DataFrame(
    {
        "estimand": ["alsfrs_r_slope"], "variable": ["ALSFRS-R slope"], "treatments": ["Edaravone against placebo"],
        "population": ["all 137 randomised"], "death": ["hypothetical"], "withdrawal": ["missing at random"],
        "summary": ["difference in slope"], "analysis": ["a mixed model"], "permutation_twin": ["pull on a slope"],
    }
)  # fmt: skip


def _estimate(estimand: str, title: str, arm: str, reference: str, mean: float, published: float) -> dict[str, Any]:
    return {
        "estimand": estimand, "title": title, "arm": arm, "reference": reference, "unit": "points/month", "replicates": 2,
        "estimated": 2, "converged": 2, "mean": mean, "sd": 0.1, "lower": mean - 0.2, "upper": mean + 0.2,
        "interval": "middle 95 % of 2 simulated trials", "power": 0.8, "permutation_power": 0.7,
        "published": published, "source": "x", "mark": "derived", "published_note": "",
    }  # fmt: skip


@dataclass(frozen=True)
class FakeNumber:
    name: str = "nmj.sprouting_rate"
    title: str = "rate of sprouting"
    value: float = 0.02
    unit: str = "1/day"
    spread: float = 0.4
    between_patients: float = 0.0
    source: str = "henderson2019"
    grade: str = "B"
    citation: str = "henderson2019: Henderson RD et al. 2019, doi:10.1/x"
    note: str = ""
    prior_spread: float = 0.3
    prior_low: float = 0.011
    prior_high: float = 0.036
    prior_reason: str = "grade B, one source (henderson2019)"
    assumed: float | None = None


@dataclass(frozen=True)
class FakeExplanation:
    name: str = "lumbar.nmj.innervation"
    unit: str = "fraction"
    kind: str = "state"
    title: str = "innervated muscle fibres"
    healthy: float = 1.0
    mechanism: str = "nmj"
    row: str = "8"
    claim: str = "Sprouting makes good for lost units until it cannot."
    published_equation: str = "dI/dt = s (1 - I) - d I"
    equation_text: str = "d/dt lumbar.nmj.innervation = nmj.sprouting_rate * (1 - lumbar.nmj.innervation)"
    reads: tuple[tuple[str, str, str], ...] = (("lumbar.pool.motor_units", "fraction", "working motor units"),)
    numbers: tuple[FakeNumber, ...] = field(default_factory=lambda: (FakeNumber(),))
    numbers_behind: tuple[tuple[str, FakeNumber], ...] = ()
    readers: tuple[str, ...] = ("clinic.alsfrs_r.walking",)
    sources_for: tuple[str, ...] = ("henderson2019: Henderson RD et al. 2019",)
    sources_against: tuple[str, ...] = ()
    acted_on_by: tuple[str, ...] = ("aav_mir126",)
    disputes: tuple[Any, ...] = ()
    assumptions: tuple[str, ...] = ()
    switched_off: bool = False
    combine: str = ""
    contributions: tuple[Any, ...] = ()


def explain(port: str) -> FakeExplanation:
    if port != "lumbar.nmj.innervation":
        raise KeyError(f"no port and no number is called {port!r}. Did you mean lumbar.nmj.innervation?")
    return FakeExplanation()


def natural_history(n: int, seed: int, workers: int, progress: Callable[[int], None], ablation_patients: int) -> Any:
    progress(n + ablation_patients)
    return history()


def run_trial(protocol: FakeProtocol, workers: int, progress: Callable[[int], None]) -> Any:
    for _ in range(protocol.replicates):
        progress(1)
    return outcome(protocol)


def export_model(**choices: Any) -> Any:
    finding = SimpleNamespace(number=10533, severity="Warning", message="Units differ.", line=3)
    return SimpleNamespace(
        text=f"<sbml>{choices['genotype']}</sbml>", states=4, parameters=3, readouts=2, events=1, findings=(finding,)
    )


def use_fakes(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Put the stand-ins in place; ``folder`` gets a template and a shipped protocol."""
    template = folder / "aav_mir126.yaml"
    template.write_text("# a comment\nschema: charcot/protocol@1\n", encoding="utf-8")
    fakes: dict[str, Any] = {
        "load_protocol": load_protocol,
        "run_trial": run_trial,
        "published_protocols": lambda: {"mci186_19": folder / "mci186_19.yaml"},
        "templates": lambda: {"aav_mir126": template},
        "typical_patient": lambda seed, workers: typical(),
        "ablation_count": lambda: 4,
        "natural_history": natural_history,
        "check_all": lambda fresh=False: [Problem("unused-source", "x is cited by nothing", severity=Severity.WARNING)],
        "model_counts": lambda: {"states": 120, "parameters": 90, "mechanisms": 30, "sources": 60},
        "explain": explain,
        "export_model": export_model,
        "is_experiment": lambda path: False,
        "check_experiment": lambda path: [],
        "arms_of_cohort": lambda cohort: (),
        "standing_in_experiments": lambda names: ("a sentence.",),
        "sources_used": lambda: [SourceLine("k", "A paper. 2019.", "doi:10.1/x", "B", "number")],
        "program_hash": lambda: "abc",
        "evidence_hash": lambda: "def",
    }
    for name, fake in fakes.items():
        assert hasattr(rooms, name)
        patch.setattr(rooms, name, fake)
    said = {
        "dose_doubts": lambda protocol: [Problem("unstudied-dose", "drug: 9 mg", severity=Severity.WARNING)],
        "standing": lambda products: [f"{name}: a sentence." for name in products],
    }
    for name, fake in said.items():
        patch.setattr(given_to_people, name, fake)
    patch.setattr(layer_rooms, "stored", lambda: 0)
    patch.setattr(layer_rooms, "gene_therapy", lambda seed, workers: (None, [dict(GAINED)]))


# Populations are tested on the real model (tests/contracts/test_cli_population.py): their folders are the point.
OF_POPULATIONS = {
    *("population_names", "population_job", "protocol_population_job", "stored_population_job", "open_campaign"),
    *("begin_campaign", "run_campaign", "resumable_errors", "population_tables", "write_population_tables"),
    *("write_json", "read_json", "quantity"),
}


def test_the_stand_ins_cover_every_door(tmp_path: Path) -> None:
    doors = {name for name, value in vars(rooms).items() if callable(value) and value.__module__ == rooms.__name__}
    doors -= OF_POPULATIONS
    with pytest.MonkeyPatch.context() as patch:
        before = {name: getattr(rooms, name) for name in doors}
        use_fakes(patch, tmp_path)
        assert [name for name in doors if getattr(rooms, name) is before[name]] == []
