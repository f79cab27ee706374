"""What a treatment gains, as types: the window of one product, and pairs beside their parts."""

from __future__ import annotations

from charcot.interfaces.explorer.shapes import Maybe, Shape


class Gained(Shape):
    """What is gained, with the month after onset at which it is read; none for time, which is not read at one."""

    name: str
    title: str
    unit: str
    at: float | None


class DoseLine(Shape):
    """A dose of the window. ``standing``: ``given`` to people, ``outside`` what people were given, or ``never`` given.

    ``words`` say the same; of a dose that people were given they are empty.
    """

    multiple: float
    dose: str
    standing: str
    words: str


class Closing(Shape):
    """When a window closes, years from onset. ``half_lost`` and ``lost`` are none where ``half_words`` and
    ``lost_words`` say why."""

    what: str
    dose: str
    ideal: bool
    best: Maybe
    best_start: Maybe
    half_lost: Maybe
    half_words: str
    lost: Maybe
    lost_words: str


class Window(Shape):
    """One person's gain: ``gains`` by dose, then start; starts are years from onset when untreated."""

    hash: str
    clock: str
    product: str
    title: str
    standing: str
    gained: Gained
    untreated: Maybe
    doses: list[DoseLine]
    starts: list[float]
    gains: list[list[Maybe]]
    finding: str
    helps: bool
    closing: list[Closing]
    closing_words: list[str]
    notes: list[str]


class Pair(Shape):
    """Two treatments together and alone. ``added``: the sum of the parts; ``bliss``: what is expected where each leaves
    a share of the loss; ``beside``: more than, about or less than the sum."""

    first: str
    second: str
    first_dose: str
    second_dose: str
    never_given: str
    gain_first: Maybe
    gain_second: Maybe
    together: Maybe
    added: Maybe
    bliss: Maybe
    beside: str
    finding: str


class Pairs(Shape):
    """Every pair of the chosen treatments, all begun at ``start`` years from onset, at their usual doses."""

    hash: str
    clock: str
    gained: Gained
    start: float
    start_words: str
    untreated: Maybe
    pairs: list[Pair]
    about: str
    notes: list[str]
