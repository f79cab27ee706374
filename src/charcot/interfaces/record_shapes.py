"""The shapes of rows and records that verbs print as JSON and reports are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict

Counts = Mapping[str, "float | str | Counts"]  # of a CONSORT flow: counts by stage and reason, however deep


class PopulationOptions(TypedDict, total=False):
    """What may be said of a population beyond who and how many: attributes of ``charcot.patients.PopulationJob``."""

    score_days: tuple[float, ...]
    readouts: tuple[str, ...]
    horizon_years: float
    trajectory_months: int


class GainCell(TypedDict):
    """A row of the ``cells`` of ``charcot.studies.window``; ``start_years`` from onset, ``benefit`` in its unit."""

    combination: str
    dose: str
    dose_level: int
    dose_multiple: float
    start_years: float
    endpoint: str
    benefit: float
    lower: float
    upper: float
    sd: float
    patients: int
    never_given: str
    beyond_studied: bool


class StratumRow(TypedDict):
    """Patients of one rare genotype; quartiles of age (years), survival (months), slope (points/month), NfL (pg/mL)."""

    stratum: str
    genotype: str
    patients: int
    died: int
    age_at_onset: list[float]
    months_from_onset: list[float]
    slope_before: list[float]
    nfl: list[float]


class StrataRecord(TypedDict):
    """What made the stored patients of rare genotypes (:mod:`charcot.fitting.strata`)."""

    command: str
    patients: int
    seed: int
    program: str
    ensemble: str
    rows: str
    strata: list[StratumRow]


class HistoryRow(TypedDict):
    """A row of the summary of ``charcot.studies.natural_history``; ``published`` may be a range in words."""

    quantity: str
    unit: str
    simulated: float
    lower: float
    upper: float
    published: object
    published_value: NotRequired[object]
    published_lower: NotRequired[float | None]
    published_upper: NotRequired[float | None]
    published_as: NotRequired[str | None]
    simulated_as: NotRequired[str | None]


class StatusRow(TypedDict):
    """How many simulated patients of an arm ended in which way."""

    arm: str
    status: str
    patients: int


class AssumableRow(TypedDict):
    """What one side of a contradiction does to the model."""

    action: str
    target: str
    source: str
    note: str
    value: float
    unit: str


class Contradiction(TypedDict):
    """A contradiction of the literature, with both sides."""

    key: str
    claim: str
    counter_claim: str
    sources_for: tuple[str, ...]
    sources_against: tuple[str, ...]
    mechanism: str
    note: str
    sides: dict[str, list[AssumableRow]]
    selectable: list[str]


# --- fits -----------------------------------------------------------------------------------------------------------


class FittedNumber(TypedDict):
    """A number of a stored fit; ``side`` is empty where both ends are bounded."""

    name: str
    unit: str
    start: float
    value: float | None
    verdict: str
    side: str


class StoredFit(TypedDict):
    """What is used of ``charcot.fitting.calibration.record``."""

    command: str
    experiments: list[str]
    numbers: list[FittedNumber]
    figures: list[dict[str, object]]


class RoundRecord(TypedDict):
    """A round of the smoother, medians over models."""

    calibration_inside: float
    validation_inside: float
    effective_size: float


class EnsembleRecord(TypedDict):
    """What is used of ``charcot.fitting.plausible.record``."""

    command: str
    targets: str
    program: str
    numbers_hash: str
    width_of_first_draws: float
    rounds: list[RoundRecord]
    median_model: dict[str, str]


# --- operating characteristics --------------------------------------------------------------------------------------


class DesignRow(TypedDict):
    """A design and its contrast; ``effect`` is NaN for that of the treatment."""

    n: int
    months: float
    effect: float
    entry: str
    estimand: str
    arm: str


class LookRow(DesignRow):
    """A row of ``charcot.trials.power.operating.looks_table``."""

    treated: bool
    look: int
    significant: float
    significant_error: float
    patients: float


class SizeRow(DesignRow):
    """The size that was looked for; ``note`` says why there is none."""

    n_lower: float
    n_upper: float
    patients: int
    power: float
    power_error: float
    note: str


class PowerRow(DesignRow):
    """A row of ``charcot.trials.power.operating.characteristics``."""

    trials: int
    power: float
    power_error: float
    power_lower: float
    power_upper: float
    type_one: float
    type_one_error: float


# --- past and running trials ----------------------------------------------------------------------------------------


class FigureRecord(TypedDict):
    """A published figure of a placebo arm and what was predicted of it, in ``unit``; ``main``: the one that counts.

    ``simulated`` is of the model alone; ``predicted`` is set right by how far it missed other trials.
    """

    quantity: str
    unit: str
    months: float
    published: float
    standard_error: float
    between: float
    simulated: float
    predicted: float
    lower: float
    upper: float
    pit: float
    inside: bool
    crps: float
    crps_meta: float
    crps_constant: float
    crps_model_alone: float
    inside_model_alone: bool
    mark: str
    kind: str
    note: str
    main: bool


class EffectRecord(TypedDict):
    """A drug's published effect, active less placebo, and what was predicted of it."""

    measure: str
    published: float
    standard_error: float
    mark: str
    note: str
    simulated: float
    monte_carlo: float
    open_sd: float
    people: int
    predicted_mean: float
    lower: float
    upper: float
    pit: float
    crps: float
    hit: bool


class CauseRecord(TypedDict):
    """Why a trial failed: power as it was and with all mended, and each factor's share of what was lacking."""

    power: float
    mended: float
    shares: dict[str, float]
    first: str
    people: int


class TrialRecord(TypedDict):
    """A past trial of the board."""

    trial: str
    title: str
    year: int
    drug: str
    products: str
    no_target: str
    stands_for: str
    registry: str
    primary: str
    outcome: str
    people: int
    figures: list[FigureRecord]
    effect: EffectRecord | None
    cause: CauseRecord | None


class AskedRecord(TypedDict):
    least_inside: float
    least_trials: int


class HitRecord(TypedDict):
    hit: int
    total: int


class PlaceboRecord(TypedDict):
    missing: int
    inside: int
    total: int
    crps: float
    crps_meta: float
    crps_constant: float
    crps_model_alone: float
    inside_model_alone: int


class MissRecord(TypedDict):
    """How figures of the model lie to the published ones, as ``charcot.trials.record.discrepancy`` has it."""

    offset: float
    error: float
    between: float
    trials: int
    slope: float
    slope_error: float
    centre: float


class HindcastRecord(TypedDict):
    """The board of past trials for tools; ``placebo`` is last. ``verdict``: whether prediction and model alone beat the
    rivals, in a sentence."""

    ok: bool
    patients: int
    seed: int
    failed: int
    hash: str
    entry_rules_hash: str
    targets_hash: str
    code: str
    asked: AskedRecord
    choices: dict[str, object]
    trials: list[TrialRecord]
    by_quantity: dict[str, dict[str, object]]
    misses: dict[str, MissRecord]
    effects: HitRecord
    verdict: str
    placebo: PlaceboRecord


class Distribution(TypedDict):
    """A predicted distribution, as it is sealed."""

    mean: float
    interval_80: list[float]
    interval_95: list[float]


class PredictedEffect(TypedDict):
    estimate: Distribution
    true: Distribution


class PredictedPrimary(TypedDict):
    measure: str
    chance_met: float
    chance_rivals: dict[str, float]


class PredictedFigure(Distribution):
    """A predicted figure of the placebo arm."""

    what: str
    unit: str


class PredictionRecord(TypedDict):
    """What is used of a prediction's content (``charcot.trials.record.sealing.content_of``)."""

    title: str
    drug: str
    registry: str
    people: int
    simulated_as: object
    primary: PredictedPrimary
    effect: PredictedEffect | None
    placebo: dict[str, PredictedFigure]
    contradicted_by: list[str]


class ScoreRecord(TypedDict):
    """A row of ``charcot.trials.record.scoring.Score``."""

    trial: str
    figure: str
    who: str
    reported: float
    said: float
    brier: float | None
    crps: float | None
    pit: float | None
    inside: bool | None


class ScoresRecord(TypedDict):
    """Sealed predictions, what has read out, and the scores."""

    sealed: list[dict[str, object]]
    seals: dict[str, str]
    read_out: list[str]
    scores: list[ScoreRecord]
    means: list[dict[str, object]]


class TargetRecord(TypedDict):
    """A published figure of patients beside the simulated one; what is stored has None where there is no number."""

    name: str
    kind: str
    conditional: bool
    rules: str
    unit: str
    published: float
    error: float
    between_studies: float
    simulated: float | None
    monte_carlo: float | None
    may_differ_by: float | None
    inside: bool
    patients: int
    mark: str
    sources: list[str]


class InsideCount(TypedDict):
    inside: int
    total: int


class CheckRecord(TypedDict):
    """What ``charcot population check`` found; ``placebo_arms``: scores, and under ``predicted`` each arm."""

    ok: bool
    patients: int
    seed: int
    failed: int
    encals_concordance: float
    placebo_arms: Mapping[str, object]
    targets: list[TargetRecord]
    calibration: InsideCount
    validation: InsideCount
    conditional: InsideCount
    hash: str
    entry_rules_hash: str
