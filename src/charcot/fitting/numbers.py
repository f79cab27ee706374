"""Which numbers a fit may move, each with the prior that its evidence leaves open."""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from charcot import evidence, patients
from charcot.core.bounds import Bounds
from charcot.core.errors import Problem, Where, raise_if_any
from charcot.core.identifiers import did_you_mean
from charcot.disease.systems import Setting, documents
from charcot.fitting.estimation import FreeNumber
from charcot.model.definition import number_symbols
from charcot.model.ports import Number
from charcot.patients import Assumed
from charcot.patients.assumptions import places_of, within_sums
from charcot.patients.cohort import DRAWN

DECLARED = Path(__file__).parent / "free.csv"
SYSTEM = "/"  # between a system and a number that it has of its own: sod1-g93a/pool.death_constant


@dataclass(frozen=True)
class _OfSystem:
    """A system's own number, as ``evidence.prior`` asks for it."""

    name: str
    value: float
    spread: float
    sources: tuple[str, ...]
    grade: str
    bounds: Bounds


def declared() -> dict[str, str]:
    """The numbers that ``charcot fit`` moves unless told otherwise, each with the reason."""
    with DECLARED.open(newline="", encoding="utf-8") as handle:
        return {row["number"]: row["why"] for row in csv.DictReader(handle)}


def free_numbers(names: Iterable[str], starts: Mapping[str, float] | None = None) -> tuple[FreeNumber, ...]:
    """The named numbers with their priors; every name that cannot be fitted is reported at once.

    A name is that of a row (``pool.death_constant``), of one region or coupling (``lumbar.spread.weight.thoracic``),
    or of a system's own number (``sod1-g93a/pool.death_constant``). ``starts``: where a prior is centred in place of
    the value that the number has.
    """
    found: list[FreeNumber] = []
    problems: list[Problem] = []
    for name in names:
        where = Where(f"--number {name}")
        known = _known()
        if name not in known:
            problems.append(
                Problem("unknown-number", f"no number is called {name!r}", where, did_you_mean(name, known))
            )
            continue
        rows = known[name]
        values = {row.value for row in rows}
        belief = evidence.prior(rows[0])
        unit = rows[0].unit if isinstance(rows[0], Number) else _settings()[name].unit
        if not _moved_by(name):
            hint = "It says who falls ill and when, or how often something is drawn; no fit of courses can move it."
            problems.append(Problem("unread-number", f"{name} is read by no mechanism", where, hint))
        elif len(values) > 1:
            hint = f"Name one of them: {', '.join(_full(name))}."
            problems.append(Problem("many-values", f"the rows of {name} have different values", where, hint))
        elif not (rows[0].value > 0 and belief.log_spread > 0):
            message = f"{name} cannot be fitted: {belief.reason}"
            problems.append(Problem("no-prior", message, where, "Leave it out, or give its row a spread."))
        else:
            start = (starts or {}).get(name, rows[0].value)
            found.append(FreeNumber(name, unit, start, belief.log_spread, belief.bounds.lower, belief.bounds.upper))
    problems += _doubled([number.name for number in found])
    raise_if_any(problems, "these numbers cannot be fitted")
    return tuple(found)


def _doubled(names: list[str]) -> list[Problem]:
    """Names that stand for the same number of the model."""
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    for name in names:
        for full in _full(name) or (name,):
            if full in seen:
                message = f"{name} and {seen[full]} are the same number ({full})"
                problems.append(Problem("doubled", message, Where(f"--number {name}"), "Name it once."))
                break
            seen[full] = name
    return problems


def _moved_by(name: str) -> bool:
    """Whether a fit can move a number at all: a mechanism reads it, or persons are drawn with it."""
    if SYSTEM in name:
        return True
    read = patients.program(constants_free=True).parameter_names
    return all(full in read or full in DRAWN for full in _full(name))


def changed(values: Mapping[str, float], base: Assumed | None = None) -> Assumed:
    """The model with these values, by the names of :func:`free_numbers`, on top of what ``base`` changes.

    Values that together exceed a declared sum are scaled down to it: a search may propose any point.
    """
    under = base or Assumed()
    proposed: dict[str, float] = {}
    systems = {name: dict(own) for name, own in under.systems.items()}
    for name, value in values.items():
        system, _, number = name.rpartition(SYSTEM)
        if system:
            systems.setdefault(system, {})[number] = value
        else:
            proposed |= dict.fromkeys(_full(name), value)
    overrides = {**under.overrides, **within_sums(proposed, under.overrides)}
    return replace(under, overrides=overrides, systems=systems)


_full = functools.cache(places_of)


@functools.cache
def _settings() -> dict[str, Setting]:
    return {
        f"{system}{SYSTEM}{setting.name}": setting
        for system, (own, _) in documents().items()
        for setting in own.settings
    }


@functools.cache
def _known() -> dict[str, list[Number] | list[_OfSystem]]:
    known: dict[str, list[Number] | list[_OfSystem]] = {}
    for full, number in number_symbols(patients.definition()).items():
        known[full] = [number]
    known |= {name: list(rows) for name, rows in patients.definition().number_rows.items()}
    for name, s in _settings().items():
        sources = tuple(key.strip() for key in s.source.split(";"))
        row = next(iter(patients.definition().number_rows.get(s.name, ())), None)
        known[name] = [_OfSystem(name, s.value, s.spread, sources, s.grade, row.bounds if row else Bounds())]
    return known
