"""Plain shapes between the rooms' results and the pictures. Only ``gather`` knows where they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from charcot.interfaces.report.content import KeyMessage, Section


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as plain dictionaries."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


@dataclass(frozen=True)
class FlowArm:
    label: str
    randomised: int
    died: int
    analysed: int
    withdrew: int | None = None
    failed: int | None = None


@dataclass(frozen=True)
class Flow:
    """Counts of one simulated trial."""

    randomised: int
    arms: tuple[FlowArm, ...]
    screened: int | None = None
    excluded: tuple[tuple[str, int], ...] = ()
    drawn: int | None = None
    never_came: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class TrialView:
    """One trial, ready to be drawn. Frames may be empty: the section then says what is missing.

    Attributes:
        baseline: characteristic, unit, one column per arm, published (text or NaN).
        scores: x (weeks since randomisation), y, lower, upper, series, patients.
        deaths: x, y, series: one row per death in the first replicate, at the mean of the arm.
        comparison: quantity (title and who), title, who, arm, reference (empty of one arm), unit, simulated, sd, lower,
            upper, interval (what these two are), power, permutation_power, published, published_lower, published_upper,
            mark, contrast, judged (whether there were enough trials to say so), inside, verdict, layers
            (``charcot.interfaces.report.layers.Layers``).
        stairs, at_risk: Kaplan-Meier steps (x in months, y, lower, upper, series) and x, count, series.
        biomarkers: readout, unit, x, y, lower, upper, series.
        estimands: what each endpoint estimates: variable, treatments, population, death, withdrawal, summary, analysis,
            permutation_twin (empty without one).
        found: what the evidence leaves open of the estimates (``charcot.fitting.layers.Open``).
        closer: the tables of ``charcot.trials.closer`` of the first replicate, whose arms ``labels`` names;
            ``first_endpoint``: title and unit of what its subgroups are of.
    """

    name: str
    title: str
    question: str
    arms: tuple[str, ...]
    flow: Flow | None
    baseline: pd.DataFrame
    scores: pd.DataFrame
    deaths: pd.DataFrame
    comparison: pd.DataFrame
    stairs: pd.DataFrame
    at_risk: pd.DataFrame
    biomarkers: pd.DataFrame
    estimands: pd.DataFrame
    found: Any = None
    closer: Mapping[str, pd.DataFrame] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    first_endpoint: tuple[str, str] = ("", "")
    replicates: int = 1
    influence: str = ""
    consequence: str = ""
    failures: Mapping[str, int] = field(default_factory=dict)
    methods: tuple[str, ...] = ()


class TypicalPatientLike(Protocol):
    """``charcot.studies.course.TypicalPatient``: times are months since the untreated onset."""

    @property
    def arms(self) -> Mapping[str, Mapping[str, tuple[np.ndarray, np.ndarray]]]: ...

    @property
    def events(self) -> Mapping[str, Mapping[str, float]]: ...

    @property
    def chain(self) -> pd.DataFrame: ...

    @property
    def products(self) -> tuple[str, ...]: ...

    @property
    def half_life_years(self) -> float: ...

    @property
    def lasting(self) -> Mapping[str, float]: ...

    @property
    def horizon(self) -> float: ...


class NaturalHistoryLike(Protocol):
    """``charcot.studies.course.NaturalHistory``."""

    @property
    def summary(self) -> pd.DataFrame: ...

    @property
    def survival(self) -> pd.DataFrame: ...

    @property
    def ablations(self) -> pd.DataFrame: ...

    @property
    def failures(self) -> Mapping[str, int]: ...


@dataclass(frozen=True)
class SourceLine:
    """One line of the evidence list."""

    key: str
    citation: str
    identifier: str
    grade: str
    read: str
    note: str = ""


@dataclass(frozen=True)
class Material:
    """Everything that one report is made of; what is None leaves its section out. ``sections`` are built already;
    ``key`` replaces the message that is made from trial and history; ``given`` says of each treatment whether people
    were ever given it; ``also`` follows the intervals of the message."""

    title: str
    subtitle: str
    manifest: Mapping[str, Any]
    trial: TrialView | None = None
    typical: TypicalPatientLike | None = None
    history: NaturalHistoryLike | None = None
    sources: Sequence[SourceLine] = ()
    failures: Mapping[str, int] = field(default_factory=dict)
    sections: Sequence[Section] = ()
    key: KeyMessage | None = None
    given: Sequence[str] = ()
    also: str = ""
