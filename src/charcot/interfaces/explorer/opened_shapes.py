"""What is uncertain of a course, as types: three layers beside each other."""

from __future__ import annotations

from charcot.interfaces.explorer.shapes import Maybe, Shape


class OpenLayer(Shape):
    """One layer of uncertainty, named as in reports."""

    name: str
    title: str
    words: str


class OpenSeries(Shape):
    """The mean of persons in the central model, and three ranges around it, on ``Opened.months``.

    ``arm``: untreated, treated, or what is gained. ``models_low`` to ``models_high``: the middle 95 % of the means
    under plausible models; ``noise``: the Monte-Carlo SD of one model's mean, which is taken off.
    """

    readout: str
    title: str
    unit: str
    arm: str
    mean: list[Maybe]
    patients_low: list[Maybe]
    patients_high: list[Maybe]
    chance_low: list[Maybe]
    chance_high: list[Maybe]
    models_low: list[Maybe]
    models_high: list[Maybe]
    models_middle: list[Maybe]
    noise: list[Maybe]
    models: int


class Opened(Shape):
    """The three layers of a course. ``used``: of the ``models`` that were simulated, how many gave a figure."""

    hash: str
    clock: str
    persons: int
    models: int
    used: int
    months: list[float]
    series: list[OpenSeries]
    layers: list[OpenLayer]
    without: str
    failed: list[str]
    failed_persons: int
