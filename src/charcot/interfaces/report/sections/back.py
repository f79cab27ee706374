"""The end matter: methods, evidence, run manifest, failures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from charcot.interfaces.report.content import Prose, Section, Sheet, Table
from charcot.interfaces.report.views import Material, SourceLine

_METHODS = (
    "Charcot computes each simulated patient as a system of differential equations: from messenger RNA in the axon, "
    "through local protein synthesis, energy and TDP-43, to motor units, the ALSFRS-R and survival. Each number of the "
    "model has a unit, a spread, a grade and a source, or is called free: most are free, and were set so that "
    "summaries of cohorts come near published ones. Patients differ by declared spreads between persons. What the "
    "evidence leaves open about a number is carried by plausible models, where some were simulated, as a layer of its "
    "own; every other interval is sampling alone.",
    "Random draws are addressed by seed, patient and purpose: the same person in another arm, in another order or on "
    "another machine has the same draws.",
    "Four clocks are kept apart: symptom onset, diagnosis, screening and randomisation. Each picture and each table "
    "names the one it uses.",
    "A patient whose simulation fails is counted under its reason below; it is never dropped in silence and never "
    "counted as a success.",
)


def back_sections(material: Material) -> list[Section]:
    own = material.trial.methods if material.trial else ()
    failures = {**(material.trial.failures if material.trial else {}), **material.failures}
    return [
        Section("methods", "Methods", (Prose((*_METHODS, *own)),)),
        evidence_section(material.sources),
        failures_section(failures),
        manifest_section(material.manifest),
    ]


def evidence_section(sources: Sequence[SourceLine]) -> Section:
    rows = [(s.key, s.citation, s.identifier or "–", s.grade or "–", s.read or "–") for s in sources]
    table = Table.of(("Source", "Citation", "Identifier", "Grades", "Read"), rows, "Sources used")
    grades = "Grades are those of the numbers that rest on the source, best first."
    note = f"{len(rows)} sources. {grades}" if rows else "No source was listed for this run."
    return Section("evidence", "Evidence", (Sheet("Sources of the numbers", table, note),))


def failures_section(failures: Mapping[str, int]) -> Section:
    total = sum(failures.values())
    rows = [(reason, int(count)) for reason, count in sorted(failures.items())] or [("any reason", 0)]
    title = "No simulation failed" if total == 0 else f"{total:,} simulated patients failed"
    table = Table.of(("Reason", "Patients"), rows, "Failed simulations by reason")
    return Section("failures", "Failures", (Sheet(title, table),))


def manifest_section(manifest: Mapping[str, Any]) -> Section:
    rows = [(name, _text(value)) for name, value in _flat(manifest)]
    table = Table.of(("Item", "Value"), rows, "What made this run")
    note = "The same inputs, seed and versions give the same numbers, whatever the number of workers."
    return Section("manifest", "Run manifest", (Sheet("What made this run", table, note),))


def _flat(mapping: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key, value in mapping.items():
        name = f"{prefix}{str(key).replace('_', ' ')}"
        rows += _flat(value, f"{name}: ") if isinstance(value, Mapping) else [(name, value)]
    return rows


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple) and all(isinstance(v, str | int | float) for v in value):
        return ", ".join(str(v) for v in value)
    return json.dumps(value, default=str)
