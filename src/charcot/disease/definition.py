"""The content of the disease: ports, numbers and mechanisms found in this folder, none listed by hand."""

from __future__ import annotations

import functools
from pathlib import Path

from charcot.core.errors import Problem
from charcot.disease import mechanisms
from charcot.model.definition import Definition
from charcot.model.limits import read_sums
from charcot.model.mechanism import discover
from charcot.model.ports import read_numbers, read_ports

HERE = Path(__file__).parent
REGIONS = ("bulbar", "cervical", "thoracic", "lumbar")
CLASSES = 4


@functools.cache
def _content() -> tuple[Definition, tuple[Problem, ...]]:
    problems: list[Problem] = []
    ports = read_ports(sorted((HERE / "ports").glob("*.csv")), problems)
    numbers = read_numbers(sorted((HERE / "parameters").glob("*.csv")), problems)
    definition = Definition(
        tuple(ports),
        tuple(numbers),
        tuple(discover(mechanisms)),
        REGIONS,
        CLASSES,
        title="Charcot ALS model",
        sums=tuple(read_sums(HERE / "sums.csv")),
    )
    return definition, tuple(problems)


def definition() -> Definition:
    """The disease as a :class:`Definition`: four regions, ``CLASSES`` classes of neurons in each."""
    return _content()[0]


def content_problems() -> list[Problem]:
    """What is wrong with the tables of the disease."""
    return list(_content()[1])
