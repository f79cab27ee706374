"""What an experiment file holds. Arms say what is done, measures what is read, outcomes what was published."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from charcot.disease.systems import Content, Happening

MOST_PATIENTS = 20_000  # of a cohort: their courses are held in memory
# How far a bound that is given alone must be passed, in the larger of one and the bound's size. Two runs of the very
# same thing that the solver cuts on other days were seen to differ by 2e-8; what is no larger than that is no effect.
NOISE = 1e-6


class Given(Content):
    """A product, as a trial protocol writes it; ``start`` is a number of days or a text such as '6 months'."""

    product: str
    dose: str | None = None
    schedule: str | None = None
    start: str | float = 0.0


class Arm(Happening):
    """One group: a system and what is done to it. ``like`` takes all of another arm first.

    ``set``, ``multiply``, ``add``, ``scale`` and ``input`` of the arm itself hold from the start; ``changes`` later.
    """

    like: str | None = None
    system: str | None = None
    genotype: str | None = None
    off: tuple[str, ...] = ()
    changes: tuple[Happening, ...] = ()
    given: tuple[Given, ...] = ()
    origin: str | float = 0.0
    end: float | None = None


OneOrMore = Annotated[
    tuple[str, ...], BeforeValidator(lambda given: (given,) if isinstance(given, str) else given)
]  # a name, or a list of names


class Measure(Content):
    """One number read from one arm. ``read`` names a read-out, or several whose sum is meant.

    ``day``: the value of ``read`` then (a number or a formula); ``take``: the highest, lowest or mean value between
    ``since`` and ``until``; ``below`` or ``above``: the first day on which that level is passed, with ``share`` as a
    share of the first value; ``landmark``: a day that the system defines.

    ``statistic``: a summary of a cohort's arm, some of them ``against`` another arm or for a ``read``-out. Months count
    on a ``clock``: from the seed, onset, diagnosis or the entry into the group of the cohort that is named by
    ``among``, which is the clock where there is one. Of each person it takes the ``of``: the value ``months`` on the
    clock, the change or ratio from ``since`` to ``until``, or the slope between them by least squares over visits
    ``every`` so many months; ``recorded`` as visits record it, with noise; ``carried``: the last value of those who
    died. ``pair``: two measures whose persons are compared. ``versus``: the group over which a hazard ratio is taken.
    ``event``: what persons come to in it, or by ``months``.
    """

    arm: str = ""
    read: Annotated[OneOrMore, Field(min_length=1)] | None = None
    day: float | str | None = None
    take: Literal["highest", "lowest", "mean"] | None = None
    since: float | str | None = None
    until: float | str | None = None
    below: float | str | None = None
    above: float | str | None = None
    share: bool = False
    landmark: str | None = None
    statistic: str | None = None
    against: str | None = None
    months: float | None = None
    of: Literal["value", "change", "ratio", "slope"] = "value"
    clock: Literal["seed", "onset", "diagnosis", "entry"] | None = None
    every: float = Field(default=1.0, ge=0.1)
    recorded: bool = False
    carried: bool = False
    quantile: float | None = Field(default=None, gt=0, lt=1)
    among: str | None = None
    versus: str | None = None
    pair: tuple[str, str] | None = None
    event: Literal["onset", "diagnosis", "death"] = "death"

    @property
    def reads(self) -> tuple[str, ...]:
        """The read-outs whose sum is read; none where there is no such."""
        return self.read or ()

    @property
    def given(self) -> frozenset[str]:
        """The keys that the file gives."""
        return frozenset(self.model_fields_set)


class Outcome(Content):
    """A published value or sign beside a formula of measures.

    Exactly one expectation: ``about`` with ``within``, ``between``, ``above`` or ``below``. ``sign`` says that only
    the direction was read in the source, so that the margin is the board's own. ``absent`` says why the model cannot
    show this at all: it counts as a miss. A bound alone, ``above`` or ``below``, must be passed by more than numerical
    noise (``NOISE``), so that no change at all is never one; the ends of a range are within it.
    """

    what: str
    value: str | float | None = None
    unit: str = "1"
    published: str
    sign: bool = False
    about: float | None = None
    within: float | None = Field(default=None, ge=0)
    between: tuple[float, float] | None = None
    above: float | None = None
    below: float | None = None
    absent: str = ""

    @model_validator(mode="after")
    def _one_expectation(self) -> Outcome:
        given = [x for x in (self.about, self.between, self.above, self.below) if x is not None]
        if self.absent:
            return self
        if len(given) != 1 or self.value is None:
            raise ValueError("give a value and one of about (with within), between, above, below; or absent")
        if (self.about is None) != (self.within is None):
            raise ValueError("about and within go together")
        if self.between is not None and not self.between[0] < self.between[1]:
            raise ValueError(f"between {self.between[0]:g} and {self.between[1]:g} lies nothing: give the lower first")
        return self

    @property
    def kind(self) -> str:
        """Whether what was read in the source is a ``size`` or only a ``direction``."""
        return "direction" if self.sign else "size"

    def holds(self, value: float) -> bool:
        """Whether a simulated value meets what was published; a value that is not a number never does."""
        if self.above is not None:
            return value > self.above + NOISE * max(1.0, abs(self.above))
        if self.below is not None:
            return value < self.below - NOISE * max(1.0, abs(self.below))
        low, high = self.bounds
        return low <= value <= high

    @property
    def bounds(self) -> tuple[float, float]:
        """The accepted range."""
        if self.about is not None and self.within is not None:
            return self.about - self.within, self.about + self.within
        if self.between is not None:
            return self.between
        return (
            self.above if self.above is not None else -float("inf"),
            self.below if self.below is not None else float("inf"),
        )


class Bound(Content):
    """What a quantity must be: ``above`` or ``below`` a value, or a quantile of those who are seen at that time."""

    above: float | None = None
    below: float | None = None
    above_quantile: float | None = Field(default=None, ge=0, le=1)
    below_quantile: float | None = Field(default=None, ge=0, le=1)

    @model_validator(mode="after")
    def _something_lies_between(self) -> Bound:
        pairs = ((self.above, self.below), (self.above_quantile, self.below_quantile))
        if all(end is None for pair in pairs for end in pair):
            raise ValueError("give above, below, above_quantile or below_quantile")
        for low, high in pairs:
            if low is not None and high is not None and not low < high:
                raise ValueError(f"nothing lies between {low:g} and {high:g}: give the lower as above")
        return self


class Criteria(Content):
    """A group of a cohort: who lives and meets all of it ``months`` after onset or diagnosis, which is their entry.

    ``where``: bounds of read-outs, of numbers that differ between patients (quantiles only), of 'age', 'months since
    onset' and 'decline since onset' (what is missing of 48 points, by month).
    """

    clock: Literal["onset", "diagnosis"] = "diagnosis"
    months: float = Field(default=0.0, ge=0)
    sex: Literal["F", "M"] | None = None
    genotype: OneOrMore = ()
    onset_region: OneOrMore = ()
    where: dict[str, Bound] = Field(default_factory=dict)


class Cohort(Content):
    """Drawn patients, the same persons with the same draws in every arm; products from the day of diagnosis on.

    ``groups``: some of them, by name.
    """

    population: str = "sporadic"
    patients: int = Field(default=400, ge=1, le=MOST_PATIENTS)
    seed: int = Field(default=77, ge=0)
    arms: dict[str, tuple[Given, ...]] = Field(default_factory=dict)
    set: dict[str, dict[str, float]] = Field(default_factory=dict)
    off: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    groups: dict[str, Criteria] = Field(default_factory=dict)


class Strength(Content):
    """What share of a full block a drug is: a range, and ``why``."""

    low: float = Field(ge=0, le=1)
    middle: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    why: str

    @model_validator(mode="after")
    def _in_order(self) -> Strength:
        if not self.low <= self.middle <= self.high or self.low == self.high:
            raise ValueError(
                f"low {self.low:g}, middle {self.middle:g} and high {self.high:g} are no range in this order"
            )
        return self


class Draw(Content):
    """What the picture shows: one read-out over days in some arms."""

    read: str
    arms: tuple[str, ...] = ()
    since: float | str | None = None
    until: float | str | None = None
    unit: Literal["day", "week", "month", "year"] = "day"


class Conduct(Content):
    """What is done and measured: groups, or drawn patients, and the numbers read from them.

    ``strengths``: ranges by name, which the numbers of arms may be formulas of (:mod:`charcot.experiments.strengths`).
    """

    title: str
    sources: tuple[str, ...] = Field(min_length=1)
    system: str = "human"
    arms: dict[str, Arm] = Field(default_factory=dict)
    cohort: Cohort | None = None
    strengths: dict[str, Strength] = Field(default_factory=dict)
    measures: dict[str, Measure] = Field(default_factory=dict)
    draw: Draw | None = None

    @property
    def products(self) -> tuple[str, ...]:
        """The products that its arms are given, each once."""
        groups = [arm.given for arm in self.arms.values()] + list(self.cohort.arms.values() if self.cohort else ())
        return tuple(dict.fromkeys(one.product for given in groups for one in given))

    def formulas(self) -> list[tuple[str | float, tuple[str | int, ...]]]:
        """Each formula of measures with its place in the file."""
        return []


class Experiment(Conduct):
    """One published experiment, or one claim, as data.

    ``miss`` says why it misses. That is a guess, and is printed as one, unless ``measured`` names the command that
    measured it.
    ``moved``: why it is calibration though it was kept for validation when it was first run. It is never counted as
    validated.
    """

    dossier: str
    use: Literal["calibration", "validation"]
    negative_control: bool = False
    moved: str = ""
    tolerance: str
    miss: str = ""
    measured: str = ""
    outcomes: tuple[Outcome, ...] = Field(min_length=1)

    @property
    def reason(self) -> str:
        """Why it misses, with the command that measured it, or as a guess."""
        if not self.miss:
            return ""
        return f"{self.miss} (Measured: `{self.measured}`.)" if self.measured else f"Guess: {self.miss}"

    def formulas(self) -> list[tuple[str | float, tuple[str | int, ...]]]:
        return [(o.value, ("outcomes", i, "value")) for i, o in enumerate(self.outcomes) if o.value is not None]


class Reading(Content):
    """What an experiment that could be done would read: a formula of measures and the error of reading it.

    ``error`` is one standard deviation of the result, with all that measuring and sampling add, in the unit of the
    reading; ``why`` says where it comes from.
    """

    what: str
    value: str | float
    unit: str = "1"
    error: float = Field(gt=0)
    why: str


class Feasible(Conduct):
    """An experiment that could be done and has, as far as was found, not been: ``how`` it would be done."""

    how: str
    readings: tuple[Reading, ...] = Field(min_length=1)

    def formulas(self) -> list[tuple[str | float, tuple[str | int, ...]]]:
        return [(reading.value, ("readings", i, "value")) for i, reading in enumerate(self.readings)]


class Claim(Experiment):
    """A row of the claims ledger: what is said, what the evidence is, and the check.

    ``standing``: what a passed check makes of it. A claim is never reproduced by assertion: the verdict is computed.
    ``contradicted_by`` says in words which result would contradict it, so that a check that cannot fail shows.
    """

    id: str
    claim: str
    mechanism: str
    evidence: str
    strength: Literal["strong", "moderate", "weak", "contested"]
    contradicted_by: str = Field(min_length=1)
    standing: Literal["reproduced", "hypothesis"] = "reproduced"
    not_testable: str = ""
