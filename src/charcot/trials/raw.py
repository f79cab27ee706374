"""Readers of a raw protocol file that pass over what is not there, for the checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from charcot.trials.findings import Finding
from charcot.trials.protocol import read_visits
from charcot.trials.quantities import Quantity
from charcot.trials.world import World

Check = Callable[[Mapping[str, Any], World], Iterator[Finding]]


def get(data: Any, *path: str | int) -> Any:
    for part in path:
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data


def number_at(data: Any, quantity: Quantity | None, *path: str | int) -> float | None:
    """The value at ``path`` in the house's unit, or None when it is missing or unreadable."""
    value = get(data, *path)
    if quantity is None:
        return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    try:
        return None if value is None else quantity.read(value)
    except ValueError:
        return None


def mappings(data: Any, *path: str | int) -> list[tuple[int, Mapping[str, Any]]]:
    """The entries of a list that are mappings, with their positions."""
    entries = get(data, *path)
    found = enumerate(entries) if isinstance(entries, list) else []
    return [(position, entry) for position, entry in found if isinstance(entry, Mapping)]


def arm_ids(data: Mapping[str, Any]) -> list[str]:
    return [str(arm["id"]) for _, arm in mappings(data, "arms") if "id" in arm]


def last_visit(data: Mapping[str, Any]) -> float | None:
    """The day of the last visit, or None when the plan is missing or unreadable."""
    try:
        return read_visits(get(data, "visits"))[-1]
    except ValueError:
        return None
