"""What was stored of long runs, as types: past trials, patients beside published figures, what to measure next."""

from __future__ import annotations

from charcot.interfaces.explorer.shapes import Choice, Count, Gaps, Maybe, Shape


class PlaceboFigure(Shape):
    """A published figure of a placebo arm beside the simulated arm of the same entry rules.

    ``lower`` to ``upper``: the 95 % predictive interval. ``main``: the one figure of the trial that the board counts.
    """

    trial: str
    title: str
    year: int
    quantity: str
    unit: str
    published: float
    error: float
    predicted: Maybe
    lower: Maybe
    upper: Maybe
    inside: bool
    main: bool
    kind: str
    note: str


class DrugEffect(Shape):
    """A published effect, active less placebo, beside the simulated one and its 95 % interval."""

    drug: str
    trial: str
    title: str
    year: int
    measure: str
    published: float
    error: float
    simulated: Maybe
    lower: Maybe
    upper: Maybe
    hit: bool
    note: str


class Failure(Shape):
    """What a failed trial lacked: shares of the power that was missing, in the order of ``PastTrials.factors``."""

    trial: str
    title: str
    drug: str
    power: Maybe
    mended: Maybe
    shares: list[Maybe]
    first: str


class PastTrials(Shape):
    """The stored board of past trials; hits and misses alike."""

    words: str
    limits: str
    passed: bool
    trials: int
    quantities: list[Choice]
    measures: list[Choice]
    figures: list[PlaceboFigure]
    effects: list[DrugEffect]
    factors: list[str]
    failures: list[Failure]


class TargetLine(Shape):
    """A published figure of patients beside the simulated one; ``may_differ_by`` holds both errors and the spread
    between studies. ``shown_by``: the command that shows why it is missed; without one the reason is a guess."""

    name: str
    kind: str
    conditional: bool
    unit: str
    published: float
    simulated: Maybe
    monte_carlo: Maybe
    may_differ_by: Maybe
    inside: bool
    sources: list[str]
    mark: str
    why: str
    shown_by: str


class PatientTargets(Shape):
    """The stored check of patients against published figures."""

    words: str
    counts: dict[str, Count]
    asked: dict[str, float]
    lines: list[TargetLine]


class Findings(Shape):
    """What was stored of runs that take too long for a page."""

    past: PastTrials
    patients: PatientTargets
    gaps: dict[str, Gaps]
