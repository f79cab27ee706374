"""What the explorer's server answers, as types: the schema that the pages' client is made from."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


def _known(value: Any) -> Any:
    """A number, or nothing where there is none: JSON has no NaN and no infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


Maybe = Annotated[float | None, BeforeValidator(_known)]


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True)


class Wrong(Shape):
    """One thing that is wrong with a question; ``line``: of the text that was given (0: of no line of it); ``control``:
    the form's control whose value it is."""

    code: str
    message: str
    hint: str = ""
    line: int = 0
    control: str = ""


class Trouble(Shape):
    """An answer that is none: what is wrong, all at once."""

    message: str
    problems: list[Wrong] = []


class Choice(Shape):
    """Something that can be chosen."""

    name: str
    title: str


class ProductChoice(Choice):
    dose: str
    dose_unit: str
    given_to_people: bool
    standing: str


class ExposureChoice(Choice):
    odds_ratio: float
    source: str
    grade: str


class Limits(Shape):
    """What may be asked for."""

    youngest: float
    oldest: float
    most_persons: int
    fewest_persons: int
    most_months: int
    most_treatments: int


class MechanismLine(Shape):
    """One mechanism in a list."""

    name: str
    claim: str
    part: str


class PartLine(Shape):
    name: str
    title: str
    sentence: str
    mechanisms: list[MechanismLine]


class Model(Shape):
    """What the model is, and what can be asked of it."""

    version: str
    counts: dict[str, int]
    notice: str
    cannot: list[str]
    endpoints: list[Choice]
    genotypes: list[Choice]
    sites: list[Choice]
    exposures: list[ExposureChoice]
    products: list[ProductChoice]
    parts: list[PartLine]
    limits: Limits


class NumberFact(Shape):
    """A number with its evidence. ``low`` to ``high``: what the evidence leaves open (95 %); none where it is fixed."""

    name: str
    title: str
    value: Maybe
    unit: str
    low: Maybe
    high: Maybe
    width: float
    between_patients: float
    grade: str
    grade_meaning: str
    sources: list[str]
    prior_reason: str
    note: str


class Tie(Shape):
    """An experiment or claim that bears on a mechanism, hit or missed."""

    name: str
    title: str
    use: str
    how: str
    through: list[str]
    verdict: str
    passed: bool
    reason: str


class Dispute(Shape):
    key: str
    claim: str
    counter_claim: str
    sources_for: list[str]
    sources_against: list[str]
    selectable: list[str]


class Mechanism(Shape):
    """All that is known of one mechanism."""

    name: str
    claim: str
    part: str
    row: str
    scope: str
    equation: str
    equations: list[str]
    numbers: list[NumberFact]
    sources_for: list[str]
    sources_against: list[str]
    disputes: list[Dispute]
    experiments: list[Tie]


class Series(Shape):
    """A read-out of one person on the months of its run; none where a person is not yet 16 years old."""

    readout: str
    title: str
    unit: str
    untreated: list[Maybe]
    treated: list[Maybe] | None


class LevelSeries(Series):
    """A level of a part of the drawing, with the ends of its scale."""

    part: str
    healthy: float
    ill: float


class MilestoneMonths(Shape):
    """A milestone in words, and the month in which it is reached; none if not within the months seen."""

    name: str
    words: str
    item: str
    score: int
    untreated: Maybe
    treated: Maybe


class TreatmentGiven(Shape):
    product: str
    title: str
    dose: str
    start: float
    standing: str


class Risk(Shape):
    """How exposures change who falls ill: they change nothing of a course whose age at onset is given."""

    women: float
    men: float
    odds_ratios: dict[str, float]


class Person(Shape):
    """Who was simulated."""

    genotype: str
    age_at_onset: float
    site: str
    exposures: list[str]
    seed: int | None
    typical: bool
    age_at_seed: float
    silent_years: float


class PatientRun(Shape):
    """One person untreated and treated, while alive: nothing here says how long a person lives."""

    hash: str
    clock: str
    person: Person
    treatments: list[TreatmentGiven]
    not_eligible: bool
    risk: Risk
    months: list[float]
    diagnosis: Maybe
    series: list[Series]
    milestones: list[MilestoneMonths]


class NeuronRun(Shape):
    """The levels of the drawing in one person."""

    hash: str
    clock: str
    person: Person
    treatments: list[TreatmentGiven]
    region: str
    months: list[float]
    diagnosis: Maybe
    levels: list[LevelSeries]


class Band(Shape):
    """Quantiles over persons of one read-out and arm, and the interval of their median by chance (Monte Carlo)."""

    readout: str
    title: str
    unit: str
    arm: str
    low: list[Maybe]
    lower: list[Maybe]
    median: list[Maybe]
    upper: list[Maybe]
    high: list[Maybe]
    median_low: list[Maybe]
    median_high: list[Maybe]


class Layer(Shape):
    """One layer of uncertainty: what it is, and whether it was computed."""

    name: str
    title: str
    words: str
    computed: bool


class Ensemble(Shape):
    """Persons who share their traits."""

    hash: str
    clock: str
    persons: int
    never_ill: int
    failed: int
    not_eligible: int
    months: list[float]
    bands: list[Band]
    layers: list[Layer]


class Times(Shape):
    """Months from onset until a share of persons has died or needs permanent ventilation; none: not within ``seen``."""

    arm: str
    median: Maybe
    lower_quartile: Maybe
    upper_quartile: Maybe
    median_low: Maybe
    median_high: Maybe


class Curve(Shape):
    arm: str
    alive: list[float]
    low: list[float]
    high: list[float]


class Prognosis(Shape):
    """How long persons with these traits live, as far as it was asked for (``upto``)."""

    hash: str
    clock: str
    upto: str
    persons: int
    seen: float
    group: str
    group_words: str
    group_source: str
    times: list[Times] | None
    months: list[float] | None
    curves: list[Curve] | None


class OutcomeLine(Shape):
    what: str
    unit: str
    published: str
    expected: str
    kind: str


class BoardLine(Shape):
    """An experiment or claim with the verdict that is stored of it."""

    name: str
    title: str
    group: str
    passed: bool
    verdict: str
    sources: list[str]
    tolerance: str
    reason: str
    claim: str
    claim_id: str
    outcomes: list[OutcomeLine]


class FirstRunLine(Shape):
    """An outcome of the fresh set at its first run."""

    experiment: str
    title: str
    outcome: str
    expected: str
    simulated: str
    hit: bool


class Count(Shape):
    passed: int
    total: int


class Boards(Shape):
    """The stored board, the claims, and the fresh experiments at their first run; hits and misses alike."""

    words: str
    counts: dict[str, Count]
    lines: list[BoardLine]
    first_run: list[FirstRunLine]
    first_run_words: str
    trials: list[Choice]


class Gap(Shape):
    rank: int
    number: str
    title: str
    grade: str
    unit: str
    width: float
    sensitivity: Maybe
    gap: Maybe
    error: Maybe
    reason: str


class Gaps(Shape):
    hash: str
    endpoint: str
    unit: str
    patients: int
    rows: list[Gap]


class Health(Shape):
    """``ready``: the kernel is compiled; until then the first picture takes as long as a compilation."""

    ready: bool
    version: str
    words: str
