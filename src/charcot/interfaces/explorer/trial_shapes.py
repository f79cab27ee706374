"""The Trial screen's answers, as types: a design and its protocol, one simulated trial, and power."""

from __future__ import annotations

from charcot.interfaces.explorer.shapes import Choice, Maybe, Shape, Wrong


class TrialTemplate(Choice):
    """A protocol to start from; ``values``: of each control of the form, as text, empty where there is no such rule."""

    values: dict[str, str]


class EndpointChoice(Choice):
    measure: str


class TrialLimits(Shape):
    """What is simulated at a click; a larger trial is run by the command line."""

    most_patients: int
    most_people: int
    fewest_people: int
    most_trials: int
    fewest_trials: int


class TrialChoices(Shape):
    """What the form offers."""

    templates: list[TrialTemplate]
    measures: list[Choice]
    endpoints: list[EndpointChoice]
    limits: TrialLimits


class TrialDesign(Shape):
    """A protocol as text, which ``charcot trial`` runs as it is.

    ``values``: of each control (none of a protocol that was given as text). ``problems``: all that is wrong, each with
    its line and control. ``too_much``: what is more than a click simulates. ``given``: what people were ever given of
    what it gives.
    """

    hash: str
    name: str
    own: bool
    yaml: str
    values: dict[str, str]
    problems: list[Wrong]
    too_much: list[Wrong]
    words: str
    given: list[str]


class TrialKey(Shape):
    """The key message, as reports have it."""

    question: str
    answer: str
    interval: str
    model_risk: str
    given: list[str]


class TrialReadout(Shape):
    name: str
    title: str
    unit: str


class TrialSeen(Shape):
    """One read-out of one patient at the visits: what was recorded (none where no visit took place), and the true value
    behind it (none after death)."""

    readout: str
    recorded: list[Maybe]
    true: list[Maybe]


class TrialPatient(Shape):
    """A randomised patient. ``outcome``: completed, died, withdrew or failed; ``end``: months from randomisation to the
    end of observation; ``words`` say both."""

    place: int
    subject: str
    arm: str
    age: float
    sex: str
    genotype: str
    site: str
    background: str
    since_onset: float
    visits: int
    outcome: str
    end: float
    words: str
    seen: list[TrialSeen]


class LeftOut(Shape):
    """A person who was drawn before the trial was full and not randomised; ``came``: to the screening visit."""

    number: int
    age: Maybe
    sex: str
    came: bool
    reason: str


class ArmCount(Shape):
    """What happened to the patients of an arm."""

    name: str
    title: str
    randomised: int
    completed: int
    died: int
    withdrew: int
    failed: int


class TrialRun(Shape):
    """One simulated trial, patient by patient, on the months of its visits."""

    clock: str
    key: TrialKey
    drawn: int
    screened: int
    arms: list[ArmCount]
    months: list[float]
    readouts: list[TrialReadout]
    patients: list[TrialPatient]
    left_out: list[LeftOut]


class PowerLine(Shape):
    """Operating characteristics of one endpoint and contrast, each with its Monte-Carlo standard error; shares of one.

    ``value``: the large-sample effect, in ``unit`` (of a ratio the ratio); ``bias``: of a ratio that of the logarithm.
    """

    endpoint: str
    title: str
    arm: str
    unit: str
    trials: int
    estimated: int
    power: Maybe
    power_error: Maybe
    power_lower: Maybe
    power_upper: Maybe
    type_one: Maybe
    type_one_error: Maybe
    type_one_lower: Maybe
    type_one_upper: Maybe
    value: Maybe
    value_error: Maybe
    bias: Maybe
    bias_error: Maybe
    coverage: Maybe
    coverage_error: Maybe


class TrialPower(Shape):
    """Power and type I error of a protocol, from a small library of twins; ``words``: what bounds them."""

    hash: str
    key: TrialKey
    command: str
    drawn: int
    eligible: int
    lost: int
    patients: int
    trials: int
    lines: list[PowerLine]
    words: list[str]
