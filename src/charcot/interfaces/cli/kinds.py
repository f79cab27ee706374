"""The kinds of names that verbs and protocols take, and their completion in a shell."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from charcot.interfaces.cli import entries, rooms


def _readouts() -> Iterable[str]:
    from charcot.patients.assemble import program

    return program().readout_names


def _ports() -> Iterable[str]:
    from charcot.patients import definition

    return (port.name for port in definition().ports)


def _numbers() -> Iterable[str]:
    from charcot.patients import definition

    return definition().number_rows


def _contradictions() -> Iterable[str]:
    from charcot.evidence import contradictions

    return contradictions()


KINDS: dict[str, Callable[[], Iterable[str]]] = {
    **{kind: names for kind, (names, _) in entries.KINDS.items()},
    "ports": _ports,
    "numbers": _numbers,
    "readouts": _readouts,
    "populations": rooms.population_names,
    "trials": rooms.published_protocols,
    "templates": rooms.templates,
    "contradictions": _contradictions,
}


def completing(*kinds: str) -> Callable[[str], list[str]]:
    """What a shell offers for a name of these kinds once its beginning is typed."""

    def found(incomplete: str) -> list[str]:
        return [name for kind in kinds for name in map(str, KINDS[kind]()) if name.startswith(incomplete)]

    return found
