"""Assumptions: sides of contradictions, taken by name, as changes of the model (``--assume KEY=side``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from charcot import evidence, treatments
from charcot.core.errors import Problem, Where, raise_if_any
from charcot.core.identifiers import did_you_mean
from charcot.evidence import Alternative, prior
from charcot.model.compose import number_symbols
from charcot.model.ports import Number
from charcot.patients.assemble import definition, program
from charcot.patients.cohort import Cohort
from charcot.patients.courses import Courses, simulate
from charcot.treatments import Regimen

DRAWN = {"tempo.drift_spread": "drift_spread"}  # numbers that a person carries as a column of the cohort


@dataclass(frozen=True)
class Assumed:
    """What the assumptions change: mechanisms ``off``, and ``overrides`` (values by full name) for ``simulate``.

    ``lines`` says each of them in words.
    """

    off: frozenset[str] = frozenset()
    overrides: Mapping[str, float] = field(default_factory=dict)
    lines: tuple[str, ...] = ()

    def people(self, cohort: Cohort) -> Cohort:
        """The cohort under the assumptions: what is drawn with a person, and not computed, changes here."""
        changed = {
            column: np.full(len(cohort), self.overrides[name])
            for name, column in DRAWN.items()
            if name in self.overrides
        }
        return replace(cohort, columns={**cohort.columns, **changed}) if changed else cohort

    def simulate(
        self,
        cohort: Cohort,
        regimens: Sequence[Sequence[Regimen]] | None = None,
        origins: np.ndarray | None = None,
        readouts: Sequence[str] = (),
        workers: int = 1,
        **more: Any,
    ) -> Courses:
        """:func:`charcot.patients.simulate` under the assumptions (give it people from :meth:`people`)."""
        products = sorted({regimen.product for patient in regimens or () for regimen in patient})
        names = set(program(tuple(products), self.off).parameter_names)
        own = {
            name: value
            for name, value in self.overrides.items()
            # A drug that nobody gets has no number to change, and a drawn number has changed the cohort.
            if name in names or not (name in DRAWN or name.startswith("drug."))
        }
        return simulate(cohort, regimens, origins, readouts, workers, off=self.off, overrides=own, **more)


def assume(texts: Iterable[str]) -> Assumed:
    """Read assumptions such as ``microglia_drive=counter_claim``; everything wrong is reported at once."""
    known, given = evidence.contradictions(), evidence.alternatives()
    problems: list[Problem] = []
    rows: list[Alternative] = []
    lines: list[str] = []
    sides: dict[str, str] = {}
    for text in texts:
        key, _, side = (part.strip() for part in text.partition("="))
        where = Where(f"--assume {text}")
        if key not in known:
            hint = f"{did_you_mean(key, known)} 'charcot evidence contradictions' lists them."
            problems.append(Problem("unknown-contradiction", f"no contradiction is called {key!r}", where, hint))
        elif side not in evidence.SIDES:
            hint = f"Write {key}=claim or {key}=counter_claim."
            problems.append(Problem("unknown-side", f"{side!r} is no side of {key}", where, hint))
        elif sides.get(key, side) != side:
            problems.append(Problem("both-sides", f"both sides of {key} are assumed", where, "Take one of them."))
        elif all(row.action in ("absent", "emerges") for row in given[key, side]):
            why = "; ".join(row.note for row in given[key, side] if row.note)
            hint = "'charcot evidence contradictions' shows which can be selected."
            problems.append(Problem("not-selectable", f"{text} cannot be selected: {why}", where, hint))
        else:
            sides[key] = side
            rows += given[key, side]
            statement = known[key].claim if side == "claim" else known[key].counter_claim
            lines.append(f"{key}={side}: {statement}")
    raise_if_any(problems, "these assumptions cannot be made")
    return _assumed(rows, lines)


def _assumed(rows: Iterable[Alternative], lines: list[str]) -> Assumed:
    whole = definition(tuple(sorted(treatments.products())))
    symbols = number_symbols(whole)
    off: set[str] = set()
    overrides: dict[str, float] = {}
    problems: list[Problem] = []
    for row in rows:
        if row.action == "off":
            off.add(row.target)
        elif row.changes:
            for full, number in symbols.items():
                if number.name != row.target:
                    continue
                value = _value(row, number)
                if overrides.get(full, value) != value:
                    message = f"two assumptions give {full} different values"
                    problems.append(Problem("clash", message, row.where, "Drop one of them."))
                overrides[full] = value
    raise_if_any(problems, "these assumptions do not go together")
    return Assumed(frozenset(off), overrides, tuple(lines))


def _value(row: Alternative, number: Number) -> float:
    if row.action == "set":
        return row.value
    step = prior(number).log_spread * (1 if row.action == "raise" else -1)
    return float(number.value * np.exp(step))
