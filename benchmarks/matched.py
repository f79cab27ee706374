"""Work and precision: what each engine gives at which error, and how two engines compare at the same error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

USEFUL = 1e-3  # the error of the headline: one part in a thousand of every state


@dataclass(frozen=True)
class Match:
    """Ours against a peer at one of its points: ``ratio`` of speeds, with our error at or below the peer's."""

    ratio: float
    peer: dict[str, Any]
    ours: dict[str, Any]


def front(points: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The points that no other beats in both speed and error, most exact first."""
    sound = sorted((p for p in points if p["error"] < float("inf")), key=lambda p: (p["error"], -p["patients_per_s"]))
    best: list[dict[str, Any]] = []
    for point in sound:
        if not best or point["patients_per_s"] > best[-1]["patients_per_s"]:
            best.append(point)
    return best


def match(ours: Sequence[dict[str, Any]], peer: dict[str, Any]) -> Match | None:
    """Our fastest point whose error is no worse than that of the peer's point; None when there is none."""
    fit = [point for point in ours if point["error"] <= peer["error"]]
    if not fit:
        return None
    best = max(fit, key=lambda point: point["patients_per_s"])
    return Match(best["patients_per_s"] / peer["patients_per_s"], peer, best)


def headline(ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]]) -> Match | None:
    """The comparison at the peer's fastest point with an error of at most ``USEFUL``, else at its most exact point."""
    points = front(theirs)
    if not points:
        return None
    useful = [point for point in points if point["error"] <= USEFUL]
    return match(ours, useful[-1] if useful else points[0])


def smallest(ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]]) -> Match | None:
    """The comparison that is least in our favour, over all points of the peer that it would itself choose."""
    matches = [found for point in front(theirs) if (found := match(ours, point)) is not None]
    return min(matches, key=lambda found: found.ratio, default=None)
