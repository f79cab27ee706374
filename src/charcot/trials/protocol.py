"""One trial protocol: a YAML file as a checked, immutable object in the house's units (days, years, points, %).

Files are read and checked in :mod:`charcot.trials.loading`. The published JSON Schema comes from the same models
(``protocol_schema``), so that an editor and the program agree.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from charcot.trials.estimands import ANALYSES, DEFAULT_ENDPOINTS, ESTIMANDS, KAPLAN_MEIER, endpoint_named
from charcot.trials.quantities import (
    DAYS,
    SHARE,
    Concentration,
    Days,
    Hazard,
    PercentPredicted,
    Points,
    Rate,
    Share,
    Years,
)

SCHEMA_NAME = "charcot/protocol@1"
MOST_VISITS = 500  # more is a typing error ("every 1 hour"), not a trial
MOST_PATIENTS = 100_000  # in an arm; the largest trial in ALS had under a thousand. More is what populations are for
MOST_PEOPLE = 10_000_000  # screened for one replicate
MOST_REPLICATES = 100_000
MOST_ARMS = 50
MOST_PERMUTATIONS = 100_000
LARGEST_LOG_SD = 3.0  # of a delay: its upper 2.5 % then lie at 360 times the median
LARGEST_SEED = 2**63 - 1

Count = Annotated[int, Field(strict=True, ge=1, le=MOST_PATIENTS)]
Name = Annotated[str, Field(strict=True, min_length=1, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Text = Annotated[str, Field(strict=True, min_length=1)]


def _with_unit(value: Any) -> Any:
    """A quantity whose unit depends on something else (a product, a variable) stays text until it is read."""
    if isinstance(value, (int, float)):
        raise ValueError(f"{value} has no unit: write the number with its unit, such as '60 mg'")
    return value


QuantityText = Annotated[Text, BeforeValidator(_with_unit), WithJsonSchema({"type": "string", "examples": ["60 mg"]})]
if TYPE_CHECKING:
    Endpoint = str
    AnalysisName = str
else:  # as many as there are analyses
    Endpoint = Literal[tuple(ESTIMANDS)]
    AnalysisName = Literal[tuple(name for name in ANALYSES if name != KAPLAN_MEIER)]
_PAIR = {"type": "object", "required": ["measure", "analysis"], "additionalProperties": False}
_PAIR["properties"] = {"measure": {"type": "string"}, "analysis": {"enum": [n for n in ANALYSES if n != KAPLAN_MEIER]}}
# An endpoint's name, or a measure with its analysis.
AskedEndpoint = Annotated[
    Endpoint,
    BeforeValidator(endpoint_named),
    WithJsonSchema({"anyOf": [{"enum": list(ESTIMANDS)}, _PAIR]}),
]
Variable = Literal["age", "run_in_decline", "total_score", "involved_regions", "vital_capacity", "onset_region", "sex"]
Mark = Literal["read", "secondary", "derived", "recalled"]

_EVERY = re.compile(r"^\s*every\s+(.+?)\s+until\s+(.+?)\s*$")


class Section(BaseModel):
    """Every part of a protocol: unknown keys are errors, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read_visits(value: Any) -> tuple[float, ...]:
    """Days of the visits from "every 4 weeks until 24 weeks" or a list of quantities; day 0 always comes first."""
    if isinstance(value, str):
        days = _regular(value)
    elif isinstance(value, (list, tuple)) and value:
        if len(value) > MOST_VISITS:
            raise ValueError(f"there are {len(value)} visits; at most {MOST_VISITS} are possible")
        days = [DAYS.read(item) for item in value]
    else:
        raise ValueError(f"{value!r} is not a plan of visits: write 'every 4 weeks until 24 weeks' or a list of times")
    if days[0] < 0:
        raise ValueError(f"the first visit is on day {days[0]:g}: visits count from randomisation (day 0)")
    falls = [(a, b) for a, b in itertools.pairwise(days) if b <= a]
    if falls:
        raise ValueError(f"visits must ascend, but day {falls[0][1]:g} follows day {falls[0][0]:g}")
    if days == [0.0]:
        raise ValueError("there is no visit after randomisation (day 0)")
    return tuple(days if days[0] == 0 else [0.0, *days])


def _regular(text: str) -> list[float]:
    match = _EVERY.match(text)
    if match is None:
        raise ValueError(f"'{text}' is not a plan of visits: write 'every 4 weeks until 24 weeks' or a list of times")
    step, last = DAYS.read(match.group(1)), DAYS.read(match.group(2))
    if step <= 0 or last <= 0:
        raise ValueError(f"'{text}': both times must be above zero")
    count = last / step
    if count > MOST_VISITS:
        raise ValueError(f"'{text}' means {count:.0f} visits; at most {MOST_VISITS} are possible")
    if abs(count - round(count)) > 1e-9:
        raise ValueError(f"'{text}': the last time is not a multiple of the step, so no visit would fall on it")
    return [step * k for k in range(round(count) + 1)]


Visits = Annotated[
    tuple[float, ...],
    BeforeValidator(read_visits),
    PlainSerializer(lambda days: [DAYS.write(day) for day in days], return_type=list[str]),
    WithJsonSchema(
        {
            "oneOf": [
                {"type": "string", "pattern": _EVERY.pattern, "examples": ["every 4 weeks until 24 weeks"]},
                {"type": "array", "minItems": 1, "items": {"type": "string", "examples": ["4 weeks"]}},
            ]
        }
    ),
]


class AgeRange(Section):
    min: Years | None = None
    max: Years | None = None


class DayRange(Section):
    min: Days | None = None
    max: Days | None = None


class ItemFloor(Section):
    min: Points | None = None


class PointRange(Section):
    min: Points | None = None
    max: Points | None = None


class RateRange(Section):
    min: Rate | None = None
    max: Rate | None = None


class PercentRange(Section):
    min: PercentPredicted | None = None
    max: PercentPredicted | None = None


class CountRange(Section):
    min: Annotated[int, Field(strict=True, ge=0)] | None = None
    max: Annotated[int, Field(strict=True, ge=0)] | None = None


class ConcentrationRange(Section):
    min: Concentration | None = None
    max: Concentration | None = None


class NumberRange(Section):
    """Of a score that has no unit."""

    min: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None = None
    max: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None = None


class CategoryFloor(Section):
    min: Literal["possible", "probable_laboratory", "probable", "definite"] | None = None


class Population(Section):
    cohort: Name = "sporadic"
    # Changes to the cohort's own file, in its own words; the patients' room checks them.
    overrides: dict[str, Any] = Field(default_factory=dict)
    # Treatments taken from the day of diagnosis: product -> share of patients who take it.
    background: dict[str, Share] = Field(default_factory=dict)


class Delay(Section):
    """A log-normal time: its median, and the SD of its natural logarithm (a plain number)."""

    median: Days
    log_sd: Annotated[float, Field(strict=True, ge=0, le=LARGEST_LOG_SD, allow_inf_nan=False)] = 0.0


class RunIn(Section):
    duration: Days
    decline: PointRange = Field(default_factory=PointRange)


class Referral(Section):
    """Who comes to be screened: everybody up to an age, and the fewer the older: exp(-falls (age - until))."""

    until: Years
    falls_per_year: Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]


class Screening(Section):
    delay_after_diagnosis: Delay
    referral: Referral | None = None  # left out: everybody comes
    run_in: RunIn | None = None


class Eligibility(Section):
    """Inclusion rules, judged on what the screening visit records (not on true values)."""

    age: AgeRange = Field(default_factory=AgeRange)
    time_since_onset: DayRange = Field(default_factory=DayRange)
    time_since_diagnosis: DayRange = Field(default_factory=DayRange)
    involved_regions: CountRange = Field(default_factory=CountRange)
    el_escorial: CategoryFloor = Field(default_factory=CategoryFloor)
    gold_coast: Literal["als"] | None = None  # the Gold Coast criteria are met
    japan_grade: CountRange = Field(default_factory=CountRange)  # 1 (works) to 5 (ventilated or tube-fed)
    every_item: ItemFloor = Field(default_factory=ItemFloor)
    total_score: PointRange = Field(default_factory=PointRange)
    alsfrs_40: PointRange = Field(default_factory=PointRange)  # the older scale of ten items
    # Points lost a month since the remembered onset: what is missing of 48 at screening over the time since onset.
    slope_since_onset: RateRange = Field(default_factory=RateRange)
    vital_capacity: PercentRange = Field(default_factory=PercentRange)
    supine_vital_capacity: PercentRange = Field(default_factory=PercentRange)
    serum_nfl: ConcentrationRange = Field(default_factory=ConcentrationRange)
    tricals: NumberRange = Field(default_factory=NumberRange)  # the risk profile, such as -6.0 to -2.0
    # The ALSFRS-R at randomisation, after the run-in.
    score_at_randomisation: PointRange = Field(default_factory=PointRange)


class Treatment(Section):
    product: Name
    dose: QuantityText
    start: Days = 0.0  # after randomisation
    stop: Days | None = None
    schedule: Text = "label"  # a schedule of the product, or for example "every 28 days"


class Window(Section):
    """Whom a record of patients outside the trial holds, and for how long they were followed."""

    age: AgeRange = Field(default_factory=AgeRange)
    time_since_onset: DayRange = Field(default_factory=DayRange)
    total_score: PointRange = Field(default_factory=PointRange)
    vital_capacity: PercentRange = Field(default_factory=PercentRange)
    follow_up: Days


class External(Section):
    """An arm that is not randomised but comes from a record, which is valid for patients within its window alone."""

    source: Text
    window: Window


class Arm(Section):
    id: Name
    n: Count
    title: str = ""
    treatments: tuple[Treatment, ...] = ()
    external: External | None = None


class Stratum(Section):
    """A stratification factor; ``cuts`` split a number ("65 years"), categories need none."""

    by: Variable
    cuts: tuple[QuantityText, ...] = ()


class Randomisation(Section):
    stratify: tuple[Stratum, ...] = ()
    method: Literal["blocks", "minimisation"] = "blocks"  # permuted within strata, or balancing each factor by itself
    follows: Share = 80.0  # of minimisation: how often the arm with the least imbalance is taken


class Withdrawal(Section):
    """Withdrawal from the trial at a constant hazard, given as such or as the share that has left by a time."""

    hazard: Hazard | None = None
    share: Share | None = None
    at: Days | None = None


class Dropout(Withdrawal):
    arms: dict[str, Withdrawal] = Field(default_factory=dict)


def read_share(value: Any) -> Any:
    """A share as a plain number, also from "5 %"; anything else is left for the type to refuse."""
    if not isinstance(value, str):
        return value
    return SHARE.read(value) / 100  # shares are read in percent


class Interim(Section):
    """Looks at the data before the end; :mod:`charcot.trials.statistics.group_sequential` has the bounds."""

    # Shares of the patients who have made their last visit, ascending; the final analysis at 100 % is not listed.
    at: Annotated[tuple[Share, ...], Field(min_length=1, max_length=9)]
    bounds: Literal["obrien_fleming", "pocock", "lan_demets_obrien_fleming", "lan_demets_pocock"] = (
        "lan_demets_obrien_fleming"
    )
    # Stop for futility where the power to be expected, were the trend to go on, is below this.
    futility: Share | None = None


class Analysis(Section):
    alpha: Annotated[
        float,
        BeforeValidator(read_share),
        Field(strict=True, gt=0, lt=0.5, allow_inf_nan=False),
        WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "examples": ["5 %"]}]}),
    ] = 0.05
    reference_arm: Name | None = None
    degrees_of_freedom: Literal["kenward_roger", "satterthwaite"] = "kenward_roger"  # of an MMRM
    ties: Literal["efron", "breslow"] = "efron"  # deaths on one day in Cox's model
    restricted_to: Days | None = None  # horizon of a restricted mean survival time; left out: the last visit
    # How much longer a time must be for a net benefit of survival to count it as won; left out: by any.
    longer_by: Days | None = None
    # Deals of the permutation twin of each analysis; 0: none.
    permutations: Annotated[int, Field(strict=True, ge=0, le=MOST_PERMUTATIONS)] = 0
    interim: Interim | None = None  # simulated by `charcot power`


class Simulate(Section):
    replicates: Annotated[int, Field(strict=True, ge=1, le=MOST_REPLICATES)] = 1
    seed: Annotated[int, Field(strict=True, ge=0, le=LARGEST_SEED)] = 1
    screened_per_replicate: Annotated[int, Field(strict=True, ge=1, le=MOST_PEOPLE)] = 20_000
    pool: Literal["independent", "shared"] = "independent"


class PublishedValue(Section):
    """A number to compare with; ``arm`` names an arm, or is left out for the contrast to the reference arm.

    ``analysis`` is how the publication computed it, which must be how the estimand is computed.
    """

    name: Name
    estimand: Endpoint
    analysis: AnalysisName
    value: QuantityText
    arm: Name | None = None
    mark: Mark
    note: str = ""


class PublishedBaseline(Section):
    variable: Literal[
        "age", "total_score", "time_since_onset", "run_in_slope", "bulbar_share", "riluzole_share", "vital_capacity"
    ]
    mean: QuantityText
    sd: QuantityText | None = None
    mark: Mark
    note: str = ""


class Published(Section):
    source: Name
    values: tuple[PublishedValue, ...] = ()
    baseline: tuple[PublishedBaseline, ...] = ()


class Protocol(Section):
    """A whole trial; see ``published/mci186_19.yaml`` for a commented example."""

    schema_name: Literal["charcot/protocol@1"] = Field(alias="schema")
    name: Name
    title: Text
    question: str = ""
    population: Population = Field(default_factory=Population)
    screening: Screening
    eligibility: Eligibility = Field(default_factory=Eligibility)
    arms: Annotated[tuple[Arm, ...], Field(min_length=1, max_length=MOST_ARMS)]
    randomisation: Randomisation = Field(default_factory=Randomisation)
    visits: Visits
    endpoints: Annotated[tuple[AskedEndpoint, ...], Field(min_length=1)] = DEFAULT_ENDPOINTS
    dropout: Dropout = Field(default_factory=Dropout)
    analysis: Analysis = Field(default_factory=Analysis)
    simulate: Simulate = Field(default_factory=Simulate)
    published: Published | None = None

    @property
    def reference_arm(self) -> str:
        """The arm that the others are compared with: as named, else the one without treatment (the checks refuse a
        protocol in which neither says which it is; read without them, the first stands)."""
        if self.analysis.reference_arm:
            return self.analysis.reference_arm
        return next((arm.id for arm in self.arms if not arm.treatments), self.arms[0].id)

    @property
    def size(self) -> int:
        """How many patients are randomised."""
        return sum(arm.n for arm in self.arms)

    @property
    def length(self) -> float:
        """Days from randomisation to the last visit."""
        return self.visits[-1]

    def resolved(self) -> dict[str, Any]:
        """The protocol with every default filled in, as it is saved beside a run; it loads again unchanged."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def protocol_schema() -> dict[str, Any]:
    """The JSON Schema of a protocol file, for editors."""
    schema = Protocol.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_NAME, **schema}
