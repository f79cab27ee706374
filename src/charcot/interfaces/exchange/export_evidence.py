"""What stands behind each quantity of the shipped model, as notes and addresses of sources for an exported file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from charcot.evidence import Source, sources
from charcot.interfaces.exchange.export import Evidence
from charcot.model.definition import Definition, Written, number_symbols, trace
from charcot.model.ports import FREE, Number

_DOI = re.compile(r"\b10\.\d{4,9}/[^\s;,]+")


def evidence_of(definition: Definition) -> dict[str, Evidence]:
    """For every port and number of ``definition`` by full name: title, claim or grade, and its sources.

    A port carries what is known of the mechanism that writes it, or of all that contribute to it; a number the sources
    of its own row.
    """
    known = sources()
    found = {name: _of_number(number, known) for name, number in number_symbols(definition).items()}
    for port in definition.ports:
        if port.kind == "input":
            places = (
                [port.name] if port.scope == "person" else [f"{region}.{port.name}" for region in definition.regions]
            )
            found |= dict.fromkeys(places, Evidence(port.title, ("Set by events.",)))
    for written in trace(definition, []):
        own = _of_written(written, known)
        for name in written.values:
            so_far = found.get(name)
            found[name] = own if so_far is None else _together(so_far, own)
    return found


def _together(a: Evidence, b: Evidence) -> Evidence:
    """What is known of two contributors to one port."""
    return Evidence(a.title, (*a.lines, *b.lines), tuple(dict.fromkeys((*a.resources, *b.resources))))


def addresses(cited: Iterable[str], known: dict[str, Source]) -> tuple[str, ...]:
    """The identifiers.org addresses of those of the cited sources that have a DOI, each once."""
    identifiers = (known[key].identifier for key in cited if key in known)
    dois = (doi.rstrip(".") for text in identifiers for doi in _DOI.findall(text))
    return tuple(dict.fromkeys(f"https://identifiers.org/doi/{doi}" for doi in dois))


def _of_number(number: Number, known: dict[str, Source]) -> Evidence:
    cited = [key for key in number.sources if key != FREE]
    open_ = f"spread {number.spread:g} and between patients {number.between_patients:g} (SD of the natural logarithm)"
    lines = [f"Grade {number.grade}; {open_}."]
    lines += [f"Source: {line}" for line in _citations(cited, known)] or ["No source: a free number."]
    if number.note:
        lines.append(f"Note: {number.note}")
    return Evidence(number.title, tuple(lines), addresses(cited, known))


def _of_written(written: Written, known: dict[str, Source]) -> Evidence:
    mechanism, port = written.mechanism, written.port
    lines = [f"Mechanism {mechanism.name}: {mechanism.claim}"]
    lines += [f"Source: {line}" for line in _citations(mechanism.sources, known)]
    lines += [f"Against: {line}" for line in _citations(mechanism.against, known)]
    return Evidence(port.title or port.name, tuple(lines), addresses(mechanism.sources, known))


def _citations(keys: Sequence[str], known: dict[str, Source]) -> list[str]:
    return [f"{known[key].citation} ({known[key].identifier or 'no identifier'})" for key in keys if key in known]
