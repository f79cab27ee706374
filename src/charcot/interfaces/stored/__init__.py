"""Figures of runs that take too long for a page, as they were last stored; nothing is simulated here.

A page of the documentation and the explorer are both made of the same stored record, so that they cannot differ. What
stores one is a command with ``--store``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

POPULATION = "population_check"  # charcot population check --store
HINDCAST = "hindcast"  # charcot hindcast --store
GAPS = "gaps"  # charcot evidence gaps --store
GAPS_KEPT = 25  # of each endpoint
FOLDER = Path(__file__).parent
DIGITS = 6  # significant ones that are kept


def store(name: str, record: Mapping[str, object], folder: Path = FOLDER) -> None:
    """Write a record that is there whole or not at all: numbers to six digits, nothing where there is no number."""
    from charcot.interfaces.runs import write_text

    text = json.dumps(_short(record), indent=1, ensure_ascii=False, allow_nan=False)
    write_text(folder / f"{name}.json", text + "\n")


def stored(name: str, folder: Path = FOLDER) -> dict[str, object]:
    """A stored record, with None where there was no number."""
    found: dict[str, object] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return found


def _short(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _short(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_short(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    return value
