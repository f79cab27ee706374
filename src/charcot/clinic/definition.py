"""The clinic's part of the model: ALSFRS-R items, vital capacity and survival as mechanisms and numbers."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from charcot.clinic import mechanisms
from charcot.core.errors import Problem
from charcot.model.mechanism import Mechanism, discover
from charcot.model.ports import Number, Port, read_numbers, read_ports

HERE = Path(__file__).parent


@dataclass(frozen=True)
class ClinicContent:
    """Ports, numbers and mechanisms that extend a disease definition, with what is wrong in their tables."""

    ports: tuple[Port, ...]
    numbers: tuple[Number, ...]
    mechanisms: tuple[Mechanism, ...]
    problems: tuple[Problem, ...]


@functools.cache
def content() -> ClinicContent:
    """Read the clinic's tables and find its mechanisms."""
    problems: list[Problem] = []
    ports = read_ports([HERE / "ports.csv"], problems)
    numbers = read_numbers([HERE / "parameters.csv"], problems)
    return ClinicContent(tuple(ports), tuple(numbers), tuple(discover(mechanisms)), tuple(problems))
