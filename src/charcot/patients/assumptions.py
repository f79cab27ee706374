"""Assumptions: sides of contradictions, taken by name, as changes of the model (``--assume KEY=side``)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from charcot import evidence
from charcot.core.errors import Problem, Where, raise_if_any
from charcot.core.identifiers import close_to, did_you_mean
from charcot.core.program import Program
from charcot.disease import hypotheses
from charcot.evidence import Alternative, prior
from charcot.model.limits import hold, value_problems
from charcot.model.ports import Number
from charcot.patients.assemble import all_products, definition, laboratory, numbers
from charcot.patients.cohort import DRAWN, TDP43_SEED, UPPER_SEED, Cohort, value
from charcot.patients.courses import Courses, simulate
from charcot.treatments import Regimen

HYPOTHESIS = "hypothesis"  # the key under which a rival hypothesis is assumed


@dataclass(frozen=True)
class Assumed:
    """The model with something in it changed. Persons and genotypes differ from the changed values as from the shipped.

    Values that a number cannot have, alone or together, raise :class:`charcot.core.errors.Problems`.

    Attributes:
        off: mechanisms switched off.
        overrides: values of numbers by full name.
        lines: each assumption in words.
        seeds: where the last step to disease plants its seed, by the port that it would take as shipped.
        systems: values of the numbers that a system (a mouse, a culture) has of its own, by system and name.
    """

    off: frozenset[str] = frozenset()
    overrides: Mapping[str, float] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    seeds: Mapping[str, str] = field(default_factory=dict)
    systems: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = value_problems(numbers(all_products()), definition().sums, self.overrides)
        raise_if_any(problems, "the model cannot be changed like this")

    @cached_property
    def key(self) -> str:
        """A text that is the same for the same changes, and for them only."""
        systems = {name: dict(values) for name, values in self.systems.items()}
        return json.dumps([sorted(self.off), dict(self.overrides), dict(self.seeds), systems], sort_keys=True)

    def __hash__(self) -> int:
        return hash(self.key)

    def people(self, cohort: Cohort) -> Cohort:
        """The cohort under the assumptions: what is drawn with a person, and not computed, changes here."""
        for name, change in DRAWN.items():
            if name in self.overrides:
                cohort = change(cohort, np.full(len(cohort), self.overrides[name] / value(name)))
        if self.seeds:
            # A seed of TDP-43 in upper neurons goes where those in the cord go.
            moved = {UPPER_SEED: self.seeds.get(TDP43_SEED, UPPER_SEED), **self.seeds}
            ports = [moved.get(port, port) for port in cohort.columns["seed_port"]]
            cohort = replace(cohort, columns={**cohort.columns, "seed_port": np.array(ports, dtype=object)})
        return cohort

    def program(self, products: Iterable[str] | None = None) -> Program:
        """The laboratory's program; of the exponents, those that change are parameters in it.

        ``products``: None where nobody can be treated; an empty one still means all products, so that no last bit
        depends on who else is treated. Mechanisms are switched off by parameters
        (``charcot.patients.courses.parameters_of``).
        """
        treated, products = products is not None, tuple(products or ())
        return laboratory(treated, constants_free=self.constants_of(laboratory(treated), products))

    def constants_of(self, model: Program, products: Iterable[str] = ()) -> frozenset[str]:
        """The numbers changed here that ``model`` has compiled in (exponents and counts)."""
        names = numbers(tuple(sorted(set(products))))
        return frozenset(names[name].name for name in self._computed(products) if name not in model.parameter_names)

    def shared(self, products: Iterable[str] = ()) -> dict[str, float]:
        """Values for ``parameters_of``: those of the numbers that a program with these products has."""
        return {name: self.overrides[name] for name in self._computed(products)}

    def _computed(self, products: Iterable[str]) -> list[str]:
        # A drug that nobody gets has no number to change, and a drawn number changes the cohort.
        names = numbers(tuple(sorted(set(products))))
        return [name for name in self.overrides if name in names and name not in DRAWN]

    def simulate(
        self,
        cohort: Cohort,
        regimens: Sequence[Sequence[Regimen]] | None = None,
        origins: np.ndarray | None = None,
        readouts: Sequence[str] = (),
        workers: int = 1,
        *,
        off: frozenset[str] = frozenset(),
        **more: Any,
    ) -> Courses:
        """:func:`charcot.patients.simulate` under the assumptions (give it people from :meth:`people`)."""
        products = sorted({regimen.product for patient in regimens or () for regimen in patient})
        more.setdefault("model", self.program(None if regimens is None else products))
        more["off"] = self.off | off
        return simulate(cohort, regimens, origins, readouts, workers, shared=self.shared(products), **more)


def assume(texts: Iterable[str]) -> Assumed:
    """Read assumptions such as ``microglia_drive=counter_claim`` or ``hypothesis=immune_attack_first``.

    Everything wrong is reported at once.
    """
    known, given = evidence.contradictions(), evidence.alternatives()
    problems: list[Problem] = []
    rows: list[Alternative] = []
    lines: list[str] = []
    sides: dict[str, str] = {}
    named: list[str] = []
    for text in texts:
        key, _, side = (part.strip() for part in text.partition("="))
        where = Where(f"--assume {text}")
        if key == HYPOTHESIS:
            named.append(side)
            if side not in hypotheses.hypotheses():
                hint = did_you_mean(side, hypotheses.hypotheses())
                problems.append(Problem("unknown-hypothesis", f"no hypothesis is called {side!r}", where, hint))
            elif len(set(named)) > 1:
                problems.append(Problem("two-hypotheses", "two hypotheses are assumed", where, "Take one of them."))
        elif key not in known:
            hint = f"{close_to(key, known)} 'charcot evidence contradictions' lists them."
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
    assumed = _assumed(rows, lines)
    return _under(hypotheses.hypothesis(named[0]), assumed) if named else assumed


def within_sums(values: Mapping[str, float], fixed: Mapping[str, float] | None = None) -> dict[str, float]:
    """Values by full name, scaled down together where they exceed a declared sum with the numbers that are not given.

    For values that were drawn or proposed by a search; what a user sets is refused instead. ``fixed`` are set beside
    them and keep their values.
    """
    sums, known = definition().sums, numbers()
    names = [name for one in sums for name in one.numbers]
    given = {**(fixed or {}), **values}
    row = np.array([[given.get(name, known[name].value) for name in names]])
    held = hold(known, sums, row, names, fixed=[name for name in names if name not in values])[0]
    return {**values, **{name: float(new) for name, new in zip(names, held, strict=True) if name in values}}


def places_of(name: str) -> tuple[str, ...]:
    """The full names of a number of the model: in every region and coupling that its rows are for, or itself."""
    symbols = numbers()
    return tuple(full for full, number in symbols.items() if name in (full, number.name))


def under_hypothesis(one: hypotheses.Hypothesis, values: Mapping[str, float]) -> Assumed:
    """The model under a rival hypothesis, its numbers at ``values`` (by the names of its fit)."""
    overrides = {full: value for name, value in {**one.values, **values}.items() for full in places_of(name)}
    return Assumed(overrides=overrides, seeds=one.seeds, lines=(f"hypothesis={one.name}: {one.claim}",))


def _under(one: hypotheses.Hypothesis, assumed: Assumed) -> Assumed:
    """A hypothesis, at its fitted values, with sides of contradictions on top: what was asked for by name counts."""
    values = hypotheses.fitted_values(one.name)
    rival = under_hypothesis(one, values)
    if not values:
        rival = replace(rival, lines=(f"{rival.lines[0]} (not fitted: all other numbers as shipped)",))
    return replace(
        assumed,
        overrides={**rival.overrides, **assumed.overrides},
        seeds=rival.seeds,
        lines=(*rival.lines, *assumed.lines),
    )


def _assumed(rows: Iterable[Alternative], lines: list[str]) -> Assumed:
    symbols = numbers(all_products())
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
